/*
 * What entries say of themselves. An entry is a signed note whose text is a
 * document's line, or that line alone where a passkey has signed within it,
 * or the line of proof_entry() for what is too long.
 */
#include "authority/ledger_entry.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "record/note.h"
#include "record/text.h"

static void word_copy(const json_t *value, char ret_word[static LEDGER_WORD_BYTES])
{
	if (json_is_string(value))
		text_plain_copy(json_string_value(value), ret_word, LEDGER_WORD_BYTES);
}

static bool digest_copy(const json_t *value, struct document_digest *ret_digest)
{
	struct document_digest digest;
	size_t count = 0;
	const char *hex = json_string_value(value), *end = NULL;
	if (hex == NULL || sodium_hex2bin(digest.bytes, sizeof(digest.bytes), hex, strlen(hex), NULL, &count, &end) != 0 ||
		count != sizeof(digest.bytes) || *end != '\0')
		return false;
	*ret_digest = digest;
	return true;
}

/** Fills what the document's own members tell. */
static void members_read(const json_t *document, struct ledger_entry *entry)
{
	static const char *const times[] = {"at_ms", "not_before_ms"}, *const subjects[] = {"subject", "order"};
	word_copy(json_object_get(document, "document"), entry->document);
	word_copy(json_object_get(document, "class"), entry->class);
	for (size_t i = 0; i < ARRAY_LEN(times) && entry->at_ms < 0; i++) {
		const json_t *at = json_object_get(document, times[i]);
		if (json_is_integer(at) && json_integer_value(at) >= 0)
			entry->at_ms = json_integer_value(at);
	}
	for (size_t i = 0; i < ARRAY_LEN(subjects) && !entry->has_subject; i++)
		entry->has_subject = digest_copy(json_object_get(document, subjects[i]), &entry->subject);
}

static void signers_read(const struct note *note, struct ledger_entry *entry)
{
	size_t at = 0;
	for (size_t i = 0; i < note->signature_count; i++) {
		const struct note_signature *signature = &note->signatures[i];
		size_t needed = signature->name_bytes + (at > 0 ? 1 : 0);
		if (at + needed + 5 > sizeof(entry->signers)) {
			snprintf(entry->signers + at, sizeof(entry->signers) - at, " ...");
			return;
		}
		at += (size_t)snprintf(entry->signers + at, sizeof(entry->signers) - at, "%s%.*s", at > 0 ? " " : "",
			(int)signature->name_bytes, signature->name);
	}
}

void ledger_entry_read(const uint8_t *bytes, size_t length_bytes, struct ledger_entry *ret_entry)
{
	struct note note;
	struct cursor cur = cursor_over(bytes, length_bytes);
	size_t line_bytes = length_bytes;
	const char *line = text_line(&cur, &line_bytes);
	*ret_entry = (struct ledger_entry){.document = "other", .at_ms = -1};
	if (note_parse((const char *)bytes, length_bytes, &note) == OK)
		signers_read(&note, ret_entry);
	if (line == NULL)
		return;
	if (line_bytes > 7 && memcmp(line, "sha256 ", 7) == 0)
		snprintf(ret_entry->document, sizeof(ret_entry->document), "long document");
	ret_entry->digest = document_digest_of(line, line_bytes);
	json_t *document = json_loadb(line, line_bytes, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(document))
		members_read(document, ret_entry);
	json_decref(document);
}
