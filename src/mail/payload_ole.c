/*
 * Compound files ([MS-CFB]): the names of their streams tell whether there are macros, embedded objects or encryption.
 * Reads the header, follows the chain of directory sectors through the allocation table, and looks at each directory
 * entry's name. Of a workbook's stream the first sectors are read for macro sheets of Excel 4 and for a password
 * ([MS-XLS] 2.4.28 BoundSheet8, 2.4.117 FilePass).
 *
 * Valid: signature, sector size of 512 or 4096, all sectors within the bytes. A chain that leaves the file or is longer
 * than the file has sectors ends the look, and PAYLOAD_UNREAD_BROKEN says so.
 */
#include <string.h>

#include "core/cursor.h"
#include "core/limits.h"
#include "mail/payload_walk.h"

#define HEADER_BYTES 512
#define HEADER_TABLE_SECTORS 109 /* locations of the allocation table that the header holds */
#define ENTRY_BYTES 128
#define NAME_BYTES 64 /* UTF-16LE, with its NUL */
#define SECTOR_LAST 0xfffffffa /* sector numbers above it mean free, end and the like */
#define BOOK_BYTES 8192 /* of a workbook's stream: its list of sheets */

struct compound {
	const uint8_t *bytes;
	size_t length_bytes;
	size_t sector_bytes;
	uint32_t sector_count;
};

/** A sector's bytes; NULL: not there. */
static const uint8_t *sector_find(const struct compound *file, uint32_t sector)
{
	return sector < file->sector_count ? file->bytes + ((size_t)sector + 1) * file->sector_bytes : NULL;
}

static uint32_t number_at(const uint8_t *bytes, size_t offset)
{
	struct cursor cur = cursor_over(bytes + offset, 4);
	return cursor_le32(&cur);
}

/** The sector after one in its chain; UINT32_MAX: none. Tables beyond the header's own 109 (7 MB) are not followed. */
static uint32_t chain_next(const struct compound *file, uint32_t sector)
{
	size_t per_sector = file->sector_bytes / 4;
	size_t table = sector / per_sector;
	if (table >= HEADER_TABLE_SECTORS)
		return sector + 1; /* writers lay streams out in a row; a wrong guess is bounded by the file's end */
	const uint8_t *at = sector_find(file, number_at(file->bytes, 76 + 4 * table));
	uint32_t next = at != NULL ? number_at(at, 4 * (sector % per_sector)) : UINT32_MAX;
	return next < SECTOR_LAST ? next : UINT32_MAX;
}

/** Whether an entry's UTF-16LE name begins with ASCII text; whole: and ends there. */
static bool name_is(const uint8_t *entry, const char *text, bool is_whole)
{
	size_t i = 0;
	for (; text[i] != '\0'; i++) {
		if (2 * i + 1 >= NAME_BYTES || entry[2 * i] != (uint8_t)text[i] || entry[2 * i + 1] != 0)
			return false;
	}
	return !is_whole || 2 * i + 1 >= NAME_BYTES || (entry[2 * i] == 0 && entry[2 * i + 1] == 0);
}

/** A workbook's records until its list of sheets ends: macro sheets, and a password. */
static void book_look(struct payload_walk *walk, const struct compound *file, uint32_t sector)
{
	uint8_t book[BOOK_BYTES];
	size_t used_bytes = 0;
	while (used_bytes + file->sector_bytes <= sizeof(book)) {
		const uint8_t *at = sector_find(file, sector);
		if (at == NULL)
			break;
		memcpy(book + used_bytes, at, file->sector_bytes);
		used_bytes += file->sector_bytes;
		sector = chain_next(file, sector);
	}
	struct cursor cur = cursor_over(book, used_bytes);
	while (cursor_left(&cur) >= 4) {
		uint16_t kind = cursor_le16(&cur), record_bytes = cursor_le16(&cur);
		struct cursor record = cursor_slice(&cur, record_bytes);
		if (kind == 0x002f)
			*walk->traits |= PAYLOAD_ENCRYPTED;
		cursor_skip(&record, 5);
		if (kind == 0x0085 && cursor_u8(&record) == 1 && record.error == OK)
			*walk->traits |= PAYLOAD_HAS_MACRO;
		if (kind == 0x000a) /* end of the list */
			break;
	}
}

/** One directory entry, [MS-CFB] 2.6.1. */
static void entry_look(struct payload_walk *walk, const struct compound *file, const uint8_t *entry)
{
	if (name_is(entry, "_VBA_PROJECT", true) || name_is(entry, "VBA", true) || name_is(entry, "Macros", true))
		*walk->traits |= PAYLOAD_HAS_MACRO;
	if (name_is(entry, "\001Ole10Native", true) || name_is(entry, "ObjectPool", true) || name_is(entry, "MBD", false) ||
	    name_is(entry, "Package", true))
		*walk->traits |= PAYLOAD_HAS_OBJECT;
	if (name_is(entry, "EncryptedPackage", true)) {
		*walk->traits |= PAYLOAD_ENCRYPTED;
		walk->facts->unread |= PAYLOAD_UNREAD_LOCKED;
	}
	if (name_is(entry, "Workbook", true) || name_is(entry, "Book", true))
		book_look(walk, file, number_at(entry, 116));
}

void payload_ole_look(struct payload_walk *walk, const uint8_t *bytes, size_t length_bytes)
{
	struct cursor cur = cursor_over(bytes, length_bytes);
	cursor_skip(&cur, 30);
	unsigned shift = cursor_le16(&cur);
	if (length_bytes < HEADER_BYTES || (shift != 9 && shift != 12)) {
		walk->facts->unread |= PAYLOAD_UNREAD_BROKEN;
		return;
	}
	struct compound file = {.bytes = bytes, .length_bytes = length_bytes, .sector_bytes = (size_t)1 << shift};
	size_t sectors = length_bytes / file.sector_bytes;
	file.sector_count = sectors > 1 ? (uint32_t)(sectors - 1) : 0;
	uint32_t sector = number_at(bytes, 48);
	size_t entries = 0;
	while (sector != UINT32_MAX && entries < LIMIT_MAIL_OLE_ENTRIES) {
		const uint8_t *at = sector_find(&file, sector);
		if (at == NULL) {
			walk->facts->unread |= PAYLOAD_UNREAD_BROKEN;
			return;
		}
		for (size_t offset = 0; offset < file.sector_bytes; offset += ENTRY_BYTES, entries++)
			entry_look(walk, &file, at + offset);
		sector = chain_next(&file, sector);
	}
}
