/* One pass over the header; a word is decoded into a buffer of its own size at most, and looked at by its bytes alone. */
#include "mail/charset_repair.h"

#include <ctype.h>
#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LABEL_BYTES 24 /* longest name of a charset that is looked at */
#define WORD_BYTES 1024 /* of a word's text; RFC 2047 has 75, mailers more; longer ones stay as they are */
#define LABEL_GROWTH 16 /* what a name takes more at most */

/** An encoded word: =?label?B?text?= */
struct word {
	const char *label, *text;
	size_t label_bytes, text_bytes;
	bool is_base64;
};

/** Reads what begins at an offset. @return whether it is a word */
static bool word_read(const char *at, const char *end, struct word *ret_word)
{
	const char *label = at + 2, *mark = memchr(label, '?', (size_t)(end - label));
	if (mark == NULL || end - mark < 4 || mark[2] != '?' || mark - label >= LABEL_BYTES)
		return false;
	int encoding = toupper((unsigned char)mark[1]);
	const char *text = mark + 3, *last = memchr(text, '?', (size_t)(end - text));
	if ((encoding != 'B' && encoding != 'Q') || last == NULL || last + 1 >= end || last[1] != '=' || last - text > WORD_BYTES)
		return false;
	*ret_word = (struct word){.label = label, .label_bytes = (size_t)(mark - label), .text = text,
		.text_bytes = (size_t)(last - text), .is_base64 = encoding == 'B'};
	return true;
}

static size_t word_decode(const struct word *word, char ret_bytes[static WORD_BYTES])
{
	size_t used = 0;
	if (word->is_base64) {
		gint state = 0;
		guint save = 0;
		return g_base64_decode_step(word->text, word->text_bytes, (guchar *)ret_bytes, &state, &save);
	}
	for (size_t i = 0; i < word->text_bytes; i++) {
		int high = i + 2 < word->text_bytes ? g_ascii_xdigit_value(word->text[i + 1]) : -1;
		int low = high >= 0 ? g_ascii_xdigit_value(word->text[i + 2]) : -1;
		bool is_coded = word->text[i] == '=' && high >= 0 && low >= 0;
		ret_bytes[used++] = is_coded ? (char)(high << 4 | low) : word->text[i];
		i += is_coded ? 2 : 0;
	}
	return used;
}

static bool label_is(const struct word *word, const char *name)
{
	return word->label_bytes == strlen(name) && strncasecmp(word->label, name, word->label_bytes) == 0;
}

/** What a word should say. NULL: what it says. */
static const char *label_choose(const struct word *word)
{
	static const char *const kanji[] = {"shift_jis", "shift-jis", "x-sjis", "sjis", "ms_kanji"};
	char bytes[WORD_BYTES];
	size_t length = word_decode(word, bytes);
	bool has_escape = memmem(bytes, length, "\033$", 2) != NULL, has_high = false;
	for (size_t i = 0; i < length; i++)
		has_high = has_high || (unsigned char)bytes[i] >= 0x80;
	if (has_escape && !has_high)
		return label_is(word, "iso-2022-jp") ? NULL : "ISO-2022-JP";
	for (size_t i = 0; i < G_N_ELEMENTS(kanji); i++) {
		if (label_is(word, kanji[i]))
			return "CP932";
	}
	if (!has_high || !label_is(word, "iso-2022-jp"))
		return NULL;
	return g_utf8_validate(bytes, (gssize)length, NULL) ? "UTF-8" : "CP932";
}

/** The next word that should say something else. @return whether there is one */
static bool word_find(const char *at, const char *end, struct word *ret_word, const char **ret_label)
{
	while ((at = memmem(at, (size_t)(end - at), "=?", 2)) != NULL) {
		*ret_label = word_read(at, end, ret_word) ? label_choose(ret_word) : NULL;
		if (*ret_label != NULL)
			return true;
		at += 2;
	}
	return false;
}

int charset_repair(const char *mail, size_t length_bytes, size_t header_bytes, char **ret_mail, size_t *ret_length_bytes)
{
	const char *end = mail + header_bytes, *label = NULL, *from = mail;
	struct word word;
	size_t words = 0, used = 0;
	*ret_mail = NULL;
	while (word_find(from, end, &word, &label)) {
		from = word.text + word.text_bytes;
		words++;
	}
	from = mail;
	if (words == 0)
		return OK;
	char *made = malloc(length_bytes + words * LABEL_GROWTH);
	if (made == NULL)
		return E_NOMEM;
	while (word_find(from, end, &word, &label)) {
		size_t before = (size_t)(word.label - from);
		memcpy(made + used, from, before);
		memcpy(made + used + before, label, strlen(label));
		used += before + strlen(label);
		from = word.label + word.label_bytes;
		size_t rest = (size_t)(word.text + word.text_bytes - from);
		memcpy(made + used, from, rest);
		used += rest;
		from += rest;
	}
	memcpy(made + used, from, length_bytes - (size_t)(from - mail));
	*ret_length_bytes = used + length_bytes - (size_t)(from - mail);
	*ret_mail = made;
	return OK;
}
