/*
 * Documents and rows in few bytes, for stores: by the same tables as their
 * JSON (record/document.h), in the order of the table, without names. A fifth
 * of the JSON, and written and read without allocation. Not for signing and
 * not for others: it means nothing without the table.
 *
 *     byte      version of this form, 1
 *     value     UINT, TIME, NAME, FLAGS: LEB128. BOOL: a byte. TEXT, COUNTRY: length as LEB128, bytes.
 *               ID: 16 bytes. HEX: its bytes. ADDR: 4 and 4 bytes, or 6 and 16 bytes. PREFIX: the same and its length, a byte.
 *               OBJECT: its members, an optional one behind a byte that says whether it is there. LIST: count as LEB128, entries.
 *
 * A table that changes makes another form: then the version of the store's
 * rows changes with it (tower/migration.c).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "record/field.h"

/** Which members of the document's object are packed; within them all is. */
enum pack_part {
	PACK_WHOLE = 0,
	PACK_OPEN, /* those that are not PRIVACY_CLASSED, with kind in mind (field.classed_kinds) */
	PACK_CLASSED, /* the others */
};

/**
 * Packs a struct that a reader of documents has filled.
 *
 * @param root of the document: an object
 * @param part of it
 * @param kind of the finding, for rows that are classed in some kinds alone; 0 for other documents
 * @param from the struct
 * @param ret_bytes filled, wholly on OK alone
 * @param room_bytes of ret_bytes
 * @param ret_length_bytes filled on OK
 * @return OK, E_LIMIT (no room) or E_UNSUPPORTED (rules and notes)
 */
MUST_USE int pack_write(const struct field *root, enum pack_part part, unsigned kind, const void *from, uint8_t *ret_bytes,
	size_t room_bytes, size_t *ret_length_bytes);

/**
 * Reads what pack_write() wrote; members that are not of this part stay as they are.
 *
 * @param root of the document
 * @param part that was packed
 * @param kind likewise
 * @param bytes packed; a damaged file is refused
 * @param length_bytes of bytes
 * @param into the struct; after an error partly filled
 * @return OK or E_MALFORMED
 */
MUST_USE int pack_read(const struct field *root, enum pack_part part, unsigned kind, const uint8_t *bytes, size_t length_bytes,
	void *into);
