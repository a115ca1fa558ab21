/*
 * The quick way from a line of canonical JSON into its struct: the members of
 * an object can only come in one order, so each step knows which bytes must
 * be next, and compares. Whatever does not fit ends it; then record/document.c
 * reads the whole again and says what is wrong, so being quick decides nothing.
 *
 * The fuzz target of findings proves that both readers say the same.
 */
#include "record/canonical.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/cursor.h"
#include "core/ip.h"
#include "record/document.h"
#include "record/text.h"

#define ID_DIGITS 32
#define DEPTH_MAX 8 /* of tables */

/* Making the rows: members sorted by name, as json_dumps() with JSON_SORT_KEYS writes them. */

static size_t rows_take(struct canonical *canonical, size_t count)
{
	size_t first = canonical->row_count;
	ASSERT(first + count <= CANONICAL_ROWS_MAX);
	canonical->row_count += count;
	return first;
}

static void rows_sort(struct canonical_row *rows, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct canonical_row row = rows[i];
		size_t at = i;
		for (; at > 0 && strcmp(rows[at - 1].field->name, row.field->name) > 0; at--)
			rows[at] = rows[at - 1];
		rows[at] = row;
	}
}

static void rows_make(struct canonical *canonical, size_t at, unsigned depth) /* NOLINT(misc-no-recursion): as deep as the table */
{
	const struct field *field = canonical->rows[at].field;
	ASSERT(depth < DEPTH_MAX);
	if (field->type != FIELD_OBJECT && field->type != FIELD_LIST)
		return;
	size_t first = rows_take(canonical, field->member_count);
	for (size_t i = 0; i < field->member_count; i++) {
		struct canonical_row *row = &canonical->rows[first + i];
		row->field = &field->members[i];
		canonical->has_optional |= row->field->flag_bytes > 0;
		char label[sizeof(row->label) + 1];
		int length = snprintf(label, sizeof(label), "\"%s\":", row->field->name);
		ASSERT(length > 0 && (size_t)length <= sizeof(row->label));
		row->label_bytes = (size_t)length;
		memcpy(row->label, label, row->label_bytes);
		memset(row->mask, 0xff, row->label_bytes);
	}
	rows_sort(&canonical->rows[first], field->member_count);
	canonical->rows[at].first_member = first;
	canonical->rows[at].member_count = field->member_count;
	for (size_t i = 0; i < field->member_count; i++)
		rows_make(canonical, first + i, depth + 1);
}

void canonical_init(const struct field *root, struct canonical *ret_canonical)
{
	*ret_canonical = (struct canonical){.row_count = 1};
	ret_canonical->rows[0].field = root;
	rows_make(ret_canonical, 0, 0);
}

/** field_store() of those sizes that most fields have. */
static inline void store(void *at, size_t size_bytes, uint64_t value)
{
	const uint32_t u32 = (uint32_t)value;
	const uint16_t u16 = (uint16_t)value;
	if (size_bytes == 8)
		memcpy(at, &value, 8);
	else if (size_bytes == 4)
		memcpy(at, &u32, 4);
	else if (size_bytes == 2)
		memcpy(at, &u16, 2);
	else
		field_store(at, size_bytes, value);
}

/* Reading. A cursor that has failed reads nothing more; the reader asks it at the end. */

static void give_up(struct cursor *cur)
{
	cursor_fail(cur, E_UNSUPPORTED);
}

/** Whether the next byte is this one; then steps over it. */
static bool next_is(struct cursor *cur, char byte)
{
	bool is_it = cur->at < cur->end && *cur->at == (uint8_t)byte;
	cur->at += is_it;
	return is_it;
}

static void expect(struct cursor *cur, const char *text, size_t length_bytes)
{
	const uint8_t *bytes = cursor_take(cur, length_bytes);
	if (bytes == NULL || memcmp(bytes, text, length_bytes) != 0)
		give_up(cur);
}

/** Steps over a member's name and its colon. */
static inline void label_expect(struct cursor *cur, const struct canonical_row *row)
{
	uint64_t words[4];
	if (cursor_left(cur) < sizeof(words)) { /* near the end of the text */
		expect(cur, (const char *)row->label, row->label_bytes);
		return;
	}
	memcpy(words, cur->at, sizeof(words));
	uint64_t differs = 0;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		differs |= (words[i] ^ row->label[i]) & row->mask[i];
	if (differs != 0)
		give_up(cur);
	else
		cur->at += row->label_bytes;
}

static inline void byte_expect(struct cursor *cur, char byte)
{
	if (!next_is(cur, byte))
		give_up(cur);
}

/** A whole number up to 2^63 - 1 without a sign, a leading zero, a fraction or an exponent. */
static inline uint64_t number_read(struct cursor *cur)
{
	uint64_t value = 0;
	const uint8_t *begin = cur->at;
	for (; cur->at < cur->end && *cur->at >= '0' && *cur->at <= '9' && cur->at - begin < 18; cur->at++)
		value = value * 10 + (uint64_t)(*cur->at - '0');
	ptrdiff_t digits = cur->at - begin;
	bool goes_on =
		cur->at < cur->end && ((*cur->at >= '0' && *cur->at <= '9') || *cur->at == '.' || *cur->at == 'e' || *cur->at == 'E');
	if (digits == 0 || goes_on || (digits > 1 && *begin == '0'))
		give_up(cur); /* longer ones too: jansson reads them */
	return value;
}

/** The bytes of a text without escapes, borrowed; NULL if it is none. */
static const char *text_take(struct cursor *cur, size_t *ret_length_bytes)
{
	if (!next_is(cur, '"')) {
		give_up(cur);
		return NULL;
	}
	const uint8_t *begin = cur->at, *end = memchr(begin, '"', cursor_left(cur));
	if (end == NULL || memchr(begin, '\\', (size_t)(end - begin)) != NULL) {
		give_up(cur);
		return NULL;
	}
	cur->at = end + 1;
	*ret_length_bytes = (size_t)(end - begin);
	return (const char *)begin;
}

static void text_read(struct cursor *cur, const struct field *field, char *at)
{
	size_t length = 0;
	const char *text = text_take(cur, &length);
	if (text == NULL || length < field->min || length >= field->size_bytes || !text_is_plain(text, length)) {
		give_up(cur);
		return;
	}
	memcpy(at, text, length);
	at[length] = '\0';
}

static bool all_within(const char *text, size_t length, const char *allowed)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\0' || strchr(allowed, text[i]) == NULL)
			return false;
	}
	return true;
}

static void id_read(struct cursor *cur, char *at)
{
	size_t length = 0;
	const char *text = text_take(cur, &length);
	if (text == NULL || length != ID_DIGITS || !all_within(text, length, "0123456789abcdef")) {
		give_up(cur);
		return;
	}
	memcpy(at, text, ID_DIGITS);
	at[ID_DIGITS] = '\0';
}

static void country_read(struct cursor *cur, char *at)
{
	size_t length = 0;
	const char *text = text_take(cur, &length);
	if (text == NULL || (length != 0 && length != 2) || !all_within(text, length, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
		give_up(cur);
		return;
	}
	memcpy(at, text, length);
	at[length] = '\0';
}

/** The index of the next text among names; count if it is none of them. */
static size_t name_take(struct cursor *cur, const char *const *names, size_t count)
{
	size_t length = 0, i = 0;
	const char *text = text_take(cur, &length);
	while (text != NULL && i < count && (strlen(names[i]) != length || memcmp(names[i], text, length) != 0)) /* it may hold a NUL */
		i++;
	if (text == NULL || i == count)
		give_up(cur);
	return i;
}

static void flags_read(struct cursor *cur, const struct field *field, char *at)
{
	uint64_t flags = 0;
	byte_expect(cur, '[');
	while (cur->error == OK && !next_is(cur, ']')) {
		if (flags != 0)
			byte_expect(cur, ',');
		size_t bit = name_take(cur, field->names, (size_t)field->max);
		if (cur->error == OK && (flags >> bit & 1) != 0)
			give_up(cur);
		flags |= cur->error == OK ? UINT64_C(1) << bit : 0;
	}
	store(at, field->size_bytes, flags);
}

/** The next text with a NUL behind it; empty if it is too long for an address. */
static void address_text(struct cursor *cur, char ret_text[static IP_PREFIX_TEXT_BYTES])
{
	size_t length = 0;
	const char *text = text_take(cur, &length);
	ret_text[0] = '\0';
	if (text == NULL || length >= IP_PREFIX_TEXT_BYTES || memchr(text, '\0', length) != NULL) {
		give_up(cur);
		return;
	}
	memcpy(ret_text, text, length);
	ret_text[length] = '\0';
}

/* Apart, as prefix_read(): what has a buffer is guarded, and the rest is not to pay for it. */
__attribute__((noinline)) static void addr_read(struct cursor *cur, char *at)
{
	char text[IP_PREFIX_TEXT_BYTES];
	struct ip_addr addr;
	address_text(cur, text);
	if (ip_parse(text, &addr) != OK) {
		give_up(cur);
		return;
	}
	memcpy(at, &addr, sizeof(addr));
}

__attribute__((noinline)) static void prefix_read(struct cursor *cur, char *at)
{
	char text[IP_PREFIX_TEXT_BYTES];
	struct ip_prefix prefix;
	address_text(cur, text);
	if (ip_prefix_parse(text, &prefix) != OK) {
		give_up(cur);
		return;
	}
	memcpy(at + offsetof(struct ip_prefix, addr), &prefix.addr, sizeof(prefix.addr));
	memcpy(at + offsetof(struct ip_prefix, bits), &prefix.bits, sizeof(prefix.bits));
}

static inline void uint_read(struct cursor *cur, const struct field *field, char *at)
{
	uint64_t value = number_read(cur);
	if (value < field->min || value > field->max)
		give_up(cur);
	else
		store(at, field->size_bytes, value);
}

static void value_read(const struct canonical *canonical, size_t index, struct cursor *cur, char *base);

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the table */
static void object_read(const struct canonical *canonical, const struct canonical_row *row, struct cursor *cur, char *at)
{
	byte_expect(cur, '{');
	for (size_t i = 0; i < row->member_count && cur->error == OK; i++) {
		const struct canonical_row *member = &canonical->rows[row->first_member + i];
		if (i > 0)
			byte_expect(cur, ',');
		label_expect(cur, member);
		if (member->field->type == FIELD_UINT) /* most are */
			uint_read(cur, member->field, at + member->field->offset);
		else
			value_read(canonical, row->first_member + i, cur, at);
	}
	byte_expect(cur, '}');
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the table */
static void list_read(const struct canonical *canonical, const struct canonical_row *row, struct cursor *cur, char *base)
{
	const struct field *field = row->field;
	size_t count = 0;
	byte_expect(cur, '[');
	while (cur->error == OK && !next_is(cur, ']')) {
		if (count == field->max)
			give_up(cur);
		if (count > 0)
			byte_expect(cur, ',');
		if (cur->error == OK)
			value_read(canonical, row->first_member, cur, base + field->offset + count++ * field->size_bytes);
	}
	if (count < field->min)
		give_up(cur);
	store(base + field->count_offset, field->count_size_bytes, count);
}

static void form_read(struct cursor *cur, const struct field *field)
{
	if (field->names != NULL)
		(void)name_take(cur, field->names, 1);
	else if (number_read(cur) != field->max)
		give_up(cur);
}

static void bool_read(struct cursor *cur, char *at)
{
	bool is_true = cur->at < cur->end && *cur->at == 't';
	expect(cur, is_true ? "true" : "false", is_true ? 4 : 5);
	store(at, sizeof(bool), is_true);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the table */
static void value_read(const struct canonical *canonical, size_t index, struct cursor *cur, char *base)
{
	const struct canonical_row *row = &canonical->rows[index];
	const struct field *field = row->field;
	char *at = base + field->offset;
	switch (field->type) {
	case FIELD_UINT:
	case FIELD_TIME:
		uint_read(cur, field, at);
		return;
	case FIELD_BOOL:
		bool_read(cur, at);
		return;
	case FIELD_TEXT:
		text_read(cur, field, at);
		return;
	case FIELD_ID:
		id_read(cur, at);
		return;
	case FIELD_COUNTRY:
		country_read(cur, at);
		return;
	case FIELD_NAME:
		store(at, field->size_bytes, name_take(cur, field->names, (size_t)field->max + 1));
		return;
	case FIELD_FLAGS:
		flags_read(cur, field, at);
		return;
	case FIELD_ADDR:
		addr_read(cur, at);
		return;
	case FIELD_PREFIX:
		prefix_read(cur, at);
		return;
	case FIELD_OBJECT:
		object_read(canonical, row, cur, at);
		return;
	case FIELD_LIST:
		list_read(canonical, row, cur, base);
		return;
	case FIELD_FORM:
		form_read(cur, field);
		return;
	case FIELD_HEX:
	case FIELD_RULES:
	case FIELD_NOTE:
		give_up(cur);
		return;
	}
	give_up(cur);
}

int canonical_read(const struct canonical *canonical, const char *text, size_t length_bytes, void *into)
{
	struct cursor cur = cursor_over(text, length_bytes);
	if (canonical->has_optional)
		return E_UNSUPPORTED;
	value_read(canonical, 0, &cur, into);
	return cur.error == OK && cursor_left(&cur) == 0 ? OK : E_UNSUPPORTED;
}
