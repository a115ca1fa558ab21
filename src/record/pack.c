/*
 * The packed form: two descents over the rows of a table, as in
 * record/document.c. Reading checks each range again, since a file can be
 * damaged; whoever can write our files well can write anything.
 */
#include "record/pack.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "core/cursor.h"
#include "core/ip.h"
#include "record/text.h"

#define FORM_VERSION 1
#define ID_BYTES 16

struct room {
	uint8_t *at, *end;
	int error;
};

static bool is_part(const struct field *member, enum pack_part part, unsigned kind)
{
	bool is_classed = member->privacy == PRIVACY_CLASSED || (member->classed_kinds & 1u << kind) != 0;
	return part == PACK_WHOLE || is_classed == (part == PACK_CLASSED);
}

/* Writing. */

static void put(struct room *room, const void *bytes, size_t length_bytes)
{
	if ((size_t)(room->end - room->at) < length_bytes) {
		room->error = E_LIMIT;
		room->end = room->at;
		return;
	}
	memcpy(room->at, bytes, length_bytes);
	room->at += length_bytes;
}

static void byte_put(struct room *room, uint8_t byte)
{
	put(room, &byte, 1);
}

static inline void number_put(struct room *room, uint64_t value)
{
	if (value < 0x80 && room->at < room->end) { /* most are small */
		*room->at++ = (uint8_t)value;
		return;
	}
	uint8_t bytes[10];
	size_t length = 0;
	for (; value >= 0x80; value >>= 7)
		bytes[length++] = (uint8_t)(value | 0x80);
	bytes[length++] = (uint8_t)value;
	put(room, bytes, length);
}

static void text_put(struct room *room, const char *text, size_t room_bytes)
{
	size_t length = strnlen(text, room_bytes);
	number_put(room, length);
	put(room, text, length);
}

static void id_put(struct room *room, const char *at)
{
	uint8_t id[ID_BYTES];
	for (size_t i = 0; i < ID_BYTES; i++) {
		unsigned high = (unsigned char)at[2 * i], low = (unsigned char)at[2 * i + 1];
		id[i] = (uint8_t)(((high & 0xf) + (high >= 'a' ? 9 : 0)) << 4 | ((low & 0xf) + (low >= 'a' ? 9 : 0)));
	}
	put(room, id, sizeof(id));
}

static void addr_put(struct room *room, const char *at)
{
	struct ip_addr addr;
	memcpy(&addr, at, sizeof(addr));
	bool is_v4 = ip_is_v4(&addr);
	byte_put(room, is_v4 ? 4 : 6);
	put(room, is_v4 ? addr.bytes + 12 : addr.bytes, is_v4 ? 4 : 16);
}

static void value_put(struct room *room, const struct field *field, const char *base);

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the table */
static void object_put(struct room *room, const struct field *field, enum pack_part part, unsigned kind, const char *at)
{
	for (size_t i = 0; i < field->member_count && room->error == OK; i++) {
		const struct field *member = &field->members[i];
		if (!is_part(member, part, kind))
			continue;
		bool is_there = member->flag_bytes == 0 || field_load(at + member->flag_offset, member->flag_bytes) != 0;
		if (member->flag_bytes > 0)
			byte_put(room, is_there);
		if (is_there)
			value_put(room, member, at);
	}
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the table */
static void list_put(struct room *room, const struct field *field, const char *base)
{
	size_t count = field_list_count(field, base);
	number_put(room, count);
	for (size_t i = 0; i < count && room->error == OK; i++)
		value_put(room, field->members, base + field->offset + i * field->size_bytes);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the table */
static void value_put(struct room *room, const struct field *field, const char *base)
{
	const char *at = base + field->offset;
	switch (field->type) {
	case FIELD_UINT:
	case FIELD_TIME:
	case FIELD_NAME:
	case FIELD_FLAGS:
		number_put(room, field_load(at, field->size_bytes));
		return;
	case FIELD_BOOL:
		byte_put(room, field_load(at, field->size_bytes) != 0);
		return;
	case FIELD_TEXT:
	case FIELD_COUNTRY:
		text_put(room, at, field->size_bytes - 1);
		return;
	case FIELD_ID:
		id_put(room, at);
		return;
	case FIELD_HEX:
		put(room, at, field->size_bytes);
		return;
	case FIELD_ADDR:
		addr_put(room, at);
		return;
	case FIELD_PREFIX:
		addr_put(room, at + offsetof(struct ip_prefix, addr));
		byte_put(room, (uint8_t)at[offsetof(struct ip_prefix, bits)]);
		return;
	case FIELD_OBJECT:
		object_put(room, field, PACK_WHOLE, 0, at);
		return;
	case FIELD_LIST:
		list_put(room, field, base);
		return;
	case FIELD_FORM:
		return;
	case FIELD_RULES:
	case FIELD_NOTE:
		room->error = E_UNSUPPORTED;
		return;
	}
}

int pack_write(const struct field *root, enum pack_part part, unsigned kind, const void *from, uint8_t *ret_bytes,
	size_t room_bytes, size_t *ret_length_bytes)
{
	struct room room = {.at = ret_bytes, .end = ret_bytes + room_bytes, .error = OK};
	byte_put(&room, FORM_VERSION);
	object_put(&room, root, part, kind, (const char *)from + root->offset);
	if (room.error == OK)
		*ret_length_bytes = (size_t)(room.at - ret_bytes);
	return room.error;
}

/* Reading. */

static uint64_t number_get(struct cursor *cur)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = cursor_u8(cur);
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			if ((byte == 0 && shift > 0) || (shift == 63 && byte > 1))
				cursor_fail(cur, E_MALFORMED); /* there is one form of each number */
			return value;
		}
	}
	cursor_fail(cur, E_MALFORMED);
	return 0;
}

static void uint_get(struct cursor *cur, const struct field *field, char *at)
{
	uint64_t value = number_get(cur), most = field->max;
	if (field->type == FIELD_FLAGS)
		most = field->max < 64 ? (UINT64_C(1) << field->max) - 1 : UINT64_MAX;
	if (value > most || value < field->min)
		cursor_fail(cur, E_MALFORMED);
	else
		field_store(at, field->size_bytes, value);
}

static void bool_get(struct cursor *cur, char *at)
{
	uint8_t byte = cursor_u8(cur);
	if (byte > 1)
		cursor_fail(cur, E_MALFORMED);
	field_store(at, sizeof(bool), byte == 1);
}

static void text_get(struct cursor *cur, const struct field *field, char *at)
{
	uint64_t length = number_get(cur);
	const uint8_t *bytes = length < field->size_bytes ? cursor_take(cur, (size_t)length) : NULL;
	if (bytes == NULL || length < field->min || !text_is_plain((const char *)bytes, (size_t)length)) {
		cursor_fail(cur, E_MALFORMED);
		return;
	}
	memcpy(at, bytes, (size_t)length);
	at[length] = '\0';
}

static void id_get(struct cursor *cur, char *at)
{
	const uint8_t *bytes = cursor_take(cur, ID_BYTES);
	if (bytes != NULL)
		sodium_bin2hex(at, 2 * ID_BYTES + 1, bytes, ID_BYTES);
}

static void addr_get(struct cursor *cur, char *at)
{
	struct ip_addr addr = {0};
	uint8_t family = cursor_u8(cur);
	if (family == 4)
		addr = ip_from_v4(cursor_be32(cur));
	else if (family == 6)
		cursor_copy(cur, addr.bytes, sizeof(addr.bytes));
	else
		cursor_fail(cur, E_MALFORMED);
	memcpy(at, &addr, sizeof(addr));
}

static void prefix_get(struct cursor *cur, char *at)
{
	struct ip_prefix prefix;
	addr_get(cur, (char *)&prefix.addr);
	prefix.bits = cursor_u8(cur);
	struct ip_addr masked = ip_masked(&prefix.addr, prefix.bits > 128 ? 128 : prefix.bits);
	if (prefix.bits > 128 || !ip_equal(&masked, &prefix.addr))
		cursor_fail(cur, E_MALFORMED);
	memcpy(at + offsetof(struct ip_prefix, addr), &prefix.addr, sizeof(prefix.addr));
	memcpy(at + offsetof(struct ip_prefix, bits), &prefix.bits, sizeof(prefix.bits));
}

static void value_get(struct cursor *cur, const struct field *field, char *base);

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the table */
static void object_get(struct cursor *cur, const struct field *field, enum pack_part part, unsigned kind, char *at)
{
	for (size_t i = 0; i < field->member_count && cur->error == OK; i++) {
		const struct field *member = &field->members[i];
		bool is_there = true;
		if (!is_part(member, part, kind))
			continue;
		if (member->flag_bytes > 0) {
			bool_get(cur, at + member->flag_offset);
			is_there = field_load(at + member->flag_offset, member->flag_bytes) != 0;
		}
		if (is_there)
			value_get(cur, member, at);
	}
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the table */
static void list_get(struct cursor *cur, const struct field *field, char *base)
{
	uint64_t count = number_get(cur);
	if (count > field->max || count < field->min) {
		cursor_fail(cur, E_MALFORMED);
		return;
	}
	for (size_t i = 0; i < count && cur->error == OK; i++)
		value_get(cur, field->members, base + field->offset + i * field->size_bytes);
	field_store(base + field->count_offset, field->count_size_bytes, cur->error == OK ? count : 0);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the table */
static void value_get(struct cursor *cur, const struct field *field, char *base)
{
	char *at = base + field->offset;
	switch (field->type) {
	case FIELD_UINT:
	case FIELD_TIME:
	case FIELD_NAME:
	case FIELD_FLAGS:
		uint_get(cur, field, at);
		return;
	case FIELD_BOOL:
		bool_get(cur, at);
		return;
	case FIELD_TEXT:
	case FIELD_COUNTRY:
		text_get(cur, field, at);
		return;
	case FIELD_ID:
		id_get(cur, at);
		return;
	case FIELD_HEX:
		cursor_copy(cur, at, field->size_bytes);
		return;
	case FIELD_ADDR:
		addr_get(cur, at);
		return;
	case FIELD_PREFIX:
		prefix_get(cur, at);
		return;
	case FIELD_OBJECT:
		object_get(cur, field, PACK_WHOLE, 0, at);
		return;
	case FIELD_LIST:
		list_get(cur, field, base);
		return;
	case FIELD_FORM:
		return;
	case FIELD_RULES:
	case FIELD_NOTE:
		cursor_fail(cur, E_MALFORMED);
		return;
	}
}

int pack_read(const struct field *root, enum pack_part part, unsigned kind, const uint8_t *bytes, size_t length_bytes, void *into)
{
	struct cursor cur = cursor_over(bytes, length_bytes);
	if (cursor_u8(&cur) != FORM_VERSION)
		cursor_fail(&cur, E_MALFORMED);
	object_get(&cur, root, part, kind, (char *)into + root->offset);
	return cur.error == OK && cursor_left(&cur) == 0 ? OK : E_MALFORMED;
}
