/*
 * The one table of the fields of a finding: name in the document, place in the
 * struct, range, and privacy class. finding_write(), finding_parse() and
 * finding_restrict() are computed from it, so a field that is not in the table
 * cannot be written, and what may leave is decided in one place.
 *
 * Privacy classes say how far a field may travel; they do not encrypt it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

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
	FIELD_NAME, /* enum, written by its name in names */
	FIELD_FLAGS, /* or-ed bits, written as a list of names */
	FIELD_ADDR, /* struct ip_addr */
	FIELD_PREFIX, /* struct ip_prefix */
	FIELD_OBJECT, /* members, of the struct at offset */
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
	unsigned classed_kinds; /* 1 << enum finding_kind: in findings of these kinds it is PRIVACY_CLASSED */
};

/** The document: a FIELD_OBJECT over struct finding. */
extern const struct field finding_document;

/** Reads an unsigned number of the struct, 1, 2, 4 or 8 bytes. */
uint64_t field_load(const void *at, size_t size_bytes);

/** Writes what field_load() reads. */
void field_store(void *at, size_t size_bytes, uint64_t value);

/** The number of entries a list has, never above its cap. */
size_t field_list_count(const struct field *list, const void *base);

/**
 * The privacy class of a member of the document.
 *
 * @param path names joined by '.', lists without an index: "vectors.src_ports.entries.value"
 * @return PRIVACY_UNKNOWN for what is not in the table
 */
enum privacy finding_privacy(const char *path);
