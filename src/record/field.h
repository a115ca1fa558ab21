/*
 * How a document is tied to a struct: one table row for each member, with its
 * name in the document, its place in the struct, its range and its privacy
 * class. record/document.h writes and reads by these tables, so a member that
 * has no row cannot be written, and none is read unchecked.
 *
 * Two macros make a row: type and place come from the struct itself, so that
 * a row cannot disagree with it. Rows are in the order of the struct;
 * documents are written with sorted keys.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum privacy {
	PRIVACY_UNKNOWN = 0, /* in no table: goes nowhere */
	PRIVACY_PUBLIC, /* form of the document; tells nothing of anybody */
	PRIVACY_SECTOR, /* how the attack looks: for towers and other members */
	PRIVACY_MEMBER, /* who is attacked and how it is watched: the member and its own tower */
	PRIVACY_CLASSED, /* one end of somebody's communications: leaves the member only in the flow classes allowed */
	PRIVACY_COUNT
};

enum field_type {
	FIELD_UINT = 0, /* unsigned of 1, 2, 4 or 8 bytes, min..max */
	FIELD_TIME, /* int64_t milliseconds since 1970, 0..max */
	FIELD_BOOL,
	FIELD_TEXT, /* char[size_bytes]: plain text (record/text.h), at least min bytes */
	FIELD_ID, /* char[33]: 32 lower-case hex digits */
	FIELD_COUNTRY, /* char[3]: two upper-case letters or empty */
	FIELD_HEX, /* uint8_t[size_bytes], as lower-case hex digits */
	FIELD_NAME, /* enum, written by its name in names */
	FIELD_FLAGS, /* or-ed bits, written as a list of names */
	FIELD_ADDR, /* struct ip_addr */
	FIELD_PREFIX, /* struct ip_prefix */
	FIELD_RULES, /* struct rule_list (record/rule.h) */
	FIELD_NOTE, /* char *, owned: at most max bytes of text in lines, without other control characters */
	FIELD_OBJECT, /* members, of the struct at offset; optional where flag_bytes is not 0 */
	FIELD_LIST, /* a list of what members[0] tells, max at most, each size_bytes after the other */
	FIELD_FORM, /* not in the struct: the text names[0], or the number max where there is none */
};

struct field {
	const char *name;
	enum field_type type;
	enum privacy privacy;
	size_t offset; /* in the struct around it */
	size_t size_bytes; /* of the value; of one entry of a list */
	uint64_t min;
	uint64_t max;
	const char *const *names; /* FIELD_NAME: max + 1 of them; FIELD_FLAGS: max, by bit; FIELD_FORM */
	const struct field *members; /* FIELD_OBJECT, FIELD_LIST */
	size_t member_count;
	size_t count_offset; /* FIELD_LIST: where the number of entries is kept */
	size_t count_size_bytes;
	size_t flag_offset; /* of an optional member: the bool that says whether it is there */
	size_t flag_bytes; /* sizeof(bool); 0: the member is always there */
	unsigned classed_kinds; /* 1 << enum finding_kind: in findings of these kinds it is PRIVACY_CLASSED */
};

#define FIELD_TIME_MAX_MS UINT64_C(253402300799999) /* end of the year 9999: what a date can show */
#define FIELD_NUMBER_MAX ((uint64_t)INT64_MAX) /* what JSON readers in C take as an integer */

#define FIELD_PLACE(owner, member) .offset = offsetof(owner, member), .size_bytes = sizeof(((owner *)NULL)->member)
#define FIELD_ROW(kind, owner, member, class) .type = (kind), .privacy = (class), FIELD_PLACE(owner, member)
#define FIELD_FLAG(owner, member) .flag_offset = offsetof(owner, member), .flag_bytes = sizeof(((owner *)NULL)->member)
#define ROW_UINT(owner, member, class, least, most) \
	{.name = #member, FIELD_ROW(FIELD_UINT, owner, member, class), .min = (least), .max = (most)}
#define ROW_TIME(text, owner, member, class) \
	{.name = (text), FIELD_ROW(FIELD_TIME, owner, member, class), .max = FIELD_TIME_MAX_MS}
#define ROW_TEXT(text, owner, member, class, least) {.name = (text), FIELD_ROW(FIELD_TEXT, owner, member, class), .min = (least)}
#define ROW_NAME(owner, member, class, list) \
	{.name = #member, FIELD_ROW(FIELD_NAME, owner, member, class), .max = ARRAY_LEN(list) - 1, .names = (list)}
#define ROW_OBJECT(text, class, owner, at, list) \
	{.name = (text), .type = FIELD_OBJECT, .privacy = (class), .offset = (at), .size_bytes = sizeof(owner), \
		.members = (list), .member_count = ARRAY_LEN(list)}
#define ROW_LIST(text, class, owner, member, counter, entry) \
	{.name = (text), .type = FIELD_LIST, .privacy = (class), .offset = offsetof(owner, member), \
		.size_bytes = sizeof(((owner *)NULL)->member[0]), .max = ARRAY_LEN(((owner *)NULL)->member), .members = (entry), \
		.member_count = 1, .count_offset = offsetof(owner, counter), .count_size_bytes = sizeof(((owner *)NULL)->counter)}
#define ROW_FORM(text, list) {.name = (text), .type = FIELD_FORM, .privacy = PRIVACY_PUBLIC, .names = (list)}
#define ROW_VERSION(number) {.name = "version", .type = FIELD_FORM, .privacy = PRIVACY_PUBLIC, .max = (number)}

/** Reads an unsigned number of the struct, 1, 2, 4 or 8 bytes. */
uint64_t field_load(const void *at, size_t size_bytes);

/** Writes what field_load() reads. */
void field_store(void *at, size_t size_bytes, uint64_t value);

/** The number of entries a list has, never above its cap. */
size_t field_list_count(const struct field *list, const void *base);
