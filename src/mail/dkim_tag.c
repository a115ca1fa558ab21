/* One pass over the list, which stays where it is; a tag is five pointers and lengths into it. */
#include "mail/dkim_tag.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/** Takes white space away from both ends. */
static void trim(const char **text, size_t *length_bytes)
{
	while (*length_bytes > 0 && is_space(**text)) {
		++*text;
		--*length_bytes;
	}
	while (*length_bytes > 0 && is_space((*text)[*length_bytes - 1]))
		--*length_bytes;
}

/** RFC 6376 section 3.2: a letter, then letters, digits and underscores. */
static bool is_name(const char *name, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		bool is_letter = (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z');
		if (!is_letter && (i == 0 || ((name[i] < '0' || name[i] > '9') && name[i] != '_')))
			return false;
	}
	return bytes > 0;
}

static int tag_take(struct dkim_tags *tags, const char *text, size_t length_bytes)
{
	const char *equals = memchr(text, '=', length_bytes);
	struct dkim_tag tag = {.name = text};
	if (equals == NULL || tags->count == DKIM_TAGS_MAX)
		return E_MALFORMED;
	tag.name_bytes = (size_t)(equals - text);
	tag.raw = tag.value = equals + 1;
	tag.raw_bytes = tag.value_bytes = length_bytes - tag.name_bytes - 1;
	trim(&tag.name, &tag.name_bytes);
	trim(&tag.value, &tag.value_bytes);
	bool is_twice = false;
	for (size_t i = 0; i < tags->count; i++)
		is_twice = is_twice || (tags->tags[i].name_bytes == tag.name_bytes &&
			memcmp(tags->tags[i].name, tag.name, tag.name_bytes) == 0);
	if (!is_name(tag.name, tag.name_bytes) || is_twice)
		return E_MALFORMED;
	tags->tags[tags->count++] = tag;
	return OK;
}

int dkim_tags_parse(const char *text, size_t length_bytes, struct dkim_tags *ret_tags)
{
	struct dkim_tags tags = {.count = 0};
	const char *end = text + length_bytes;
	int err = OK;
	while (err == OK && text < end) {
		const char *semicolon = memchr(text, ';', (size_t)(end - text));
		const char *stop = semicolon == NULL ? end : semicolon, *word = text;
		size_t word_bytes = (size_t)(stop - text);
		trim(&word, &word_bytes);
		if (word_bytes > 0)
			err = tag_take(&tags, text, (size_t)(stop - text));
		else if (semicolon != NULL)
			err = E_MALFORMED; /* an empty tag within the list */
		text = semicolon == NULL ? end : semicolon + 1;
	}
	if (err == OK)
		*ret_tags = tags;
	return err;
}

const struct dkim_tag *dkim_tag_find(const struct dkim_tags *tags, const char *name)
{
	size_t name_bytes = strlen(name);
	for (size_t i = 0; i < tags->count; i++) {
		if (tags->tags[i].name_bytes == name_bytes && memcmp(tags->tags[i].name, name, name_bytes) == 0)
			return &tags->tags[i];
	}
	return NULL;
}

bool dkim_tag_is(const struct dkim_tag *tag, const char *word)
{
	return tag->value_bytes == strlen(word) && strncasecmp(tag->value, word, tag->value_bytes) == 0;
}

bool dkim_word_next(const char **at, const char *end, const char **ret_word, size_t *ret_bytes)
{
	if (*at == NULL)
		return false;
	const char *colon = memchr(*at, ':', (size_t)(end - *at));
	*ret_word = *at;
	*ret_bytes = (size_t)((colon == NULL ? end : colon) - *at);
	trim(ret_word, ret_bytes);
	*at = colon == NULL ? NULL : colon + 1;
	return true;
}

bool dkim_words_have(const struct dkim_tag *tag, const char *word)
{
	const char *at = tag->value, *found;
	size_t found_bytes = 0;
	while (dkim_word_next(&at, tag->value + tag->value_bytes, &found, &found_bytes)) {
		if (found_bytes == strlen(word) && strncasecmp(found, word, found_bytes) == 0)
			return true;
	}
	return false;
}

int dkim_tag_base64(const struct dkim_tag *tag, size_t room_bytes, uint8_t *ret_bytes, size_t *ret_count)
{
	size_t count = 0;
	if (sodium_base642bin(ret_bytes, room_bytes, tag->value, tag->value_bytes, " \t\r\n", &count, NULL,
		sodium_base64_VARIANT_ORIGINAL) != 0)
		return E_MALFORMED;
	*ret_count = count;
	return OK;
}

int dkim_tag_number(const struct dkim_tag *tag, int64_t *ret_number)
{
	int64_t number = 0;
	if (tag->value_bytes == 0 || tag->value_bytes > 12)
		return E_MALFORMED;
	for (size_t i = 0; i < tag->value_bytes; i++) {
		if (tag->value[i] < '0' || tag->value[i] > '9')
			return E_MALFORMED;
		number = number * 10 + (tag->value[i] - '0');
	}
	*ret_number = number;
	return OK;
}

int dkim_domain(const char *value, size_t length_bytes, size_t room_bytes, char *ret_domain)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	if (length_bytes == 0 || length_bytes >= room_bytes || value[0] == '.')
		return E_MALFORMED;
	for (size_t i = 0; i < length_bytes; i++) {
		if (value[i] == '\0' || strchr(allowed, value[i]) == NULL)
			return E_MALFORMED;
	}
	for (size_t i = 0; i < length_bytes; i++)
		ret_domain[i] = value[i] >= 'A' && value[i] <= 'Z' ? (char)(value[i] + 32) : value[i];
	ret_domain[length_bytes] = '\0';
	return OK;
}
