/*
 * Canonical forms are made byte by byte into a small buffer, and hashed from
 * there: 1 kB of memory, however long the mail is.
 *
 * Relaxed header (3.4.2): name in small letters, no white space around the
 * colon, lines joined, each run of white space one space, none at the end.
 * Simple body (3.4.3): no empty lines at the end, but one line end. Relaxed
 * body (3.4.4): also each run of white space one space, none at a line's end;
 * an empty body is nothing.
 */
#include "mail/dkim_hash.h"

#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void field_add(struct dkim_fields *fields, const char *at, size_t bytes)
{
	const char *colon = memchr(at, ':', bytes);
	if (colon == NULL || fields->count == LIMIT_MAIL_HEADERS)
		return;
	struct dkim_field field = {.at = at, .bytes = bytes, .name_bytes = (size_t)(colon - at)};
	field.value_at = field.name_bytes + 1;
	while (field.name_bytes > 0 && is_blank(at[field.name_bytes - 1]))
		field.name_bytes--;
	if (field.name_bytes > 0)
		fields->fields[fields->count++] = field;
}

void dkim_fields_cut(const char *mail, size_t length_bytes, struct dkim_fields *ret_fields)
{
	const char *at = mail, *end = mail + length_bytes, *field = mail;
	ret_fields->count = 0;
	while (at < end) {
		bool is_empty = *at == '\n' || (*at == '\r' && at + 1 < end && at[1] == '\n');
		if (at != field && (is_empty || !is_blank(*at))) {
			field_add(ret_fields, field, (size_t)(at - field));
			field = at;
		}
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		at = newline == NULL ? end : newline + 1;
		if (is_empty) {
			ret_fields->body_at = (size_t)(at - mail);
			return;
		}
	}
	field_add(ret_fields, field, (size_t)(end - field));
	ret_fields->body_at = length_bytes;
}

bool dkim_field_is(const struct dkim_field *field, const char *name, size_t name_bytes)
{
	return field->name_bytes == name_bytes && strncasecmp(field->at, name, name_bytes) == 0;
}

void dkim_hash_init(struct dkim_hash *hash, uint64_t most_bytes)
{
	hash->buffered = 0;
	hash->hashed_bytes = 0;
	hash->most_bytes = most_bytes;
	(void)crypto_hash_sha256_init(&hash->state);
}

static void hash_flush(struct dkim_hash *hash)
{
	(void)crypto_hash_sha256_update(&hash->state, hash->buffer, hash->buffered);
	hash->buffered = 0;
}

static void put(struct dkim_hash *hash, char c)
{
	if (hash->hashed_bytes++ >= hash->most_bytes)
		return;
	if (hash->buffered == sizeof(hash->buffer))
		hash_flush(hash);
	hash->buffer[hash->buffered++] = (uint8_t)c;
}

static void put_end(struct dkim_hash *hash)
{
	put(hash, '\r');
	put(hash, '\n');
}

/** Bytes of a line without its end. */
static size_t line_bytes(const char *line, const char *end, const char **ret_next)
{
	const char *newline = memchr(line, '\n', (size_t)(end - line));
	size_t bytes = (size_t)((newline == NULL ? end : newline) - line);
	*ret_next = newline == NULL ? end : newline + 1;
	return bytes > 0 && newline != NULL && line[bytes - 1] == '\r' ? bytes - 1 : bytes;
}

/** Bytes from one place to another, runs of white space as one space; a run at the end waits in *has_blank. */
static void put_relaxed(struct dkim_hash *hash, const char *from, const char *to, bool is_begun, bool *has_blank)
{
	for (; from < to; from++) {
		if (is_blank(*from)) {
			*has_blank = true;
			continue;
		}
		if (*has_blank && is_begun)
			put(hash, ' ');
		*has_blank = false;
		is_begun = true;
		put(hash, *from);
	}
}

static bool is_within(const char *at, const char *range, size_t range_bytes)
{
	return range_bytes > 0 && at >= range && (size_t)(at - range) < range_bytes;
}

/** The field's value, in both forms: line by line, with the range left out. */
static void put_value(struct dkim_hash *hash, const char *at, const char *end, bool is_relaxed, const char *without,
	size_t without_bytes)
{
	bool has_blank = false, is_begun = false, is_first = true;
	while (at < end) {
		const char *next, *line = at;
		size_t bytes = line_bytes(line, end, &next);
		if (!is_relaxed && !is_first && !is_within(line - 1, without, without_bytes)) /* the line feed before it */
			put_end(hash);
		for (size_t i = 0; i < bytes; i++) {
			if (is_within(line + i, without, without_bytes))
				continue;
			if (!is_relaxed) {
				put(hash, line[i]);
				continue;
			}
			put_relaxed(hash, line + i, line + i + 1, is_begun, &has_blank);
			is_begun = is_begun || !is_blank(line[i]);
		}
		is_first = false;
		at = next;
	}
}

void dkim_hash_field(struct dkim_hash *hash, const struct dkim_field *field, bool is_relaxed, const char *without,
	size_t without_bytes, bool has_end)
{
	if (is_relaxed) {
		for (size_t i = 0; i < field->name_bytes; i++)
			put(hash, field->at[i] >= 'A' && field->at[i] <= 'Z' ? (char)(field->at[i] + 32) : field->at[i]);
		put(hash, ':');
	}
	put_value(hash, is_relaxed ? field->at + field->value_at : field->at, field->at + field->bytes, is_relaxed, without,
		without_bytes);
	if (has_end)
		put_end(hash);
}

void dkim_hash_body(struct dkim_hash *hash, const char *body, size_t length_bytes, bool is_relaxed)
{
	const char *at = body, *end = body + length_bytes;
	uint64_t empty_lines = 0;
	bool has_text = false;
	while (at < end) {
		const char *next, *line = at;
		size_t bytes = line_bytes(line, end, &next);
		at = next;
		while (is_relaxed && bytes > 0 && is_blank(line[bytes - 1]))
			bytes--;
		if (bytes == 0) {
			empty_lines++;
			continue;
		}
		for (; empty_lines > 0; empty_lines--)
			put_end(hash);
		bool has_blank = false;
		if (is_relaxed)
			put_relaxed(hash, line, line + bytes, true, &has_blank);
		for (size_t i = 0; !is_relaxed && i < bytes; i++)
			put(hash, line[i]);
		put_end(hash);
		has_text = true;
	}
	if (!has_text && !is_relaxed)
		put_end(hash);
}

uint64_t dkim_hash_done(struct dkim_hash *hash, uint8_t ret_digest[static DKIM_HASH_BYTES])
{
	hash_flush(hash);
	(void)crypto_hash_sha256_final(&hash->state, ret_digest);
	return hash->hashed_bytes;
}
