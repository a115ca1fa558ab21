/*
 * Whether a RAR is encrypted, which libarchive does not tell for all of them: it stops at such an archive with an error
 * like any other. Reads the blocks' headers of RAR 4 and RAR 5 (technote.txt and rarlab.com/technote.htm): an
 * encryption block or a flag of the main header hides all names, a record or flag of a file hides its contents.
 *
 * Does not list names: libarchive does (payload_archive.c).
 */
#include <string.h>

#include "core/cursor.h"
#include "core/limits.h"
#include "mail/payload_walk.h"

#define RAR4_MAIN 0x73
#define RAR4_FILE 0x74
#define RAR4_MAIN_NAMES_ENCRYPTED 0x0080u
#define RAR4_FILE_ENCRYPTED 0x0004u
#define RAR4_HAS_DATA 0x8000u
#define RAR5_FILE 2
#define RAR5_ENCRYPTION 4
#define RAR5_EXTRA_ENCRYPTION 1

/** A RAR 5 number: seven bits a byte, low ones first. */
static uint64_t number_read(struct cursor *cur)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 63; shift += 7) {
		uint8_t byte = cursor_u8(cur);
		value |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return value;
	}
	cursor_fail(cur, E_MALFORMED);
	return 0;
}

static uint32_t rar4_locks(struct cursor cur)
{
	uint32_t locks = 0;
	for (size_t i = 0; i < LIMIT_MAIL_PAYLOAD_ENTRIES && cursor_left(&cur) >= 7; i++) {
		cursor_skip(&cur, 2);
		uint8_t type = cursor_u8(&cur);
		uint16_t flags = cursor_le16(&cur), header_bytes = cursor_le16(&cur);
		if (header_bytes < 7)
			break;
		struct cursor rest = cursor_slice(&cur, header_bytes - 7u);
		uint32_t data_bytes = (flags & RAR4_HAS_DATA) != 0 ? cursor_le32(&rest) : 0;
		if (type == RAR4_MAIN && (flags & RAR4_MAIN_NAMES_ENCRYPTED) != 0)
			return PAYLOAD_ENCRYPTED | PAYLOAD_NAMES_ENCRYPTED;
		if (type == RAR4_FILE && (flags & RAR4_FILE_ENCRYPTED) != 0)
			locks |= PAYLOAD_ENCRYPTED;
		cursor_skip(&cur, data_bytes);
	}
	return locks;
}

/** The extra area at a file header's end: records of size, type, data. */
static bool extra_is_encrypted(struct cursor extra)
{
	bool is_encrypted = false;
	while (cursor_left(&extra) > 0) {
		uint64_t record_bytes = number_read(&extra);
		struct cursor record = cursor_slice(&extra, (size_t)record_bytes);
		is_encrypted = is_encrypted || (record_bytes > 0 && number_read(&record) == RAR5_EXTRA_ENCRYPTION && record.error == OK);
	}
	return is_encrypted;
}

static uint32_t rar5_locks(struct cursor cur)
{
	uint32_t locks = 0;
	for (size_t i = 0; i < LIMIT_MAIL_PAYLOAD_ENTRIES && cursor_left(&cur) > 0; i++) {
		cursor_skip(&cur, 4);
		uint64_t header_bytes = number_read(&cur);
		struct cursor header = cursor_slice(&cur, (size_t)header_bytes);
		uint64_t type = number_read(&header), flags = number_read(&header);
		uint64_t extra_bytes = (flags & 1) != 0 ? number_read(&header) : 0;
		uint64_t data_bytes = (flags & 2) != 0 ? number_read(&header) : 0;
		if (header.error != OK || cur.error != OK)
			break;
		if (type == RAR5_ENCRYPTION)
			return PAYLOAD_ENCRYPTED | PAYLOAD_NAMES_ENCRYPTED;
		if (type == RAR5_FILE && extra_bytes <= cursor_left(&header)) {
			cursor_skip(&header, cursor_left(&header) - (size_t)extra_bytes);
			locks |= extra_is_encrypted(header) ? PAYLOAD_ENCRYPTED : 0u;
		}
		cursor_skip(&cur, (size_t)data_bytes);
	}
	return locks;
}

uint32_t payload_rar_locks(const uint8_t *bytes, size_t length_bytes)
{
	if (length_bytes >= 8 && memcmp(bytes, "Rar!\x1a\x07\x01\x00", 8) == 0)
		return rar5_locks(cursor_over(bytes + 8, length_bytes - 8));
	if (length_bytes >= 7 && memcmp(bytes, "Rar!\x1a\x07\x00", 7) == 0)
		return rar4_locks(cursor_over(bytes + 7, length_bytes - 7));
	return 0;
}
