/*
 * A ZIP has two lists of what is inside: a header before each file and a directory at the end (PKWARE APPNOTE 6.3,
 * sections 4.3.7, 4.3.12, 4.3.16). Programs read one or the other, so an archive whose lists differ shows a scanner one
 * thing and a person another. This file compares them; listing is libarchive's (payload_archive.c).
 *
 * Honest: the end record is there, the directory has as many entries as it says, and each has a header that tells
 * the same name, method and encryption, and the same sizes unless they follow the data (bit 3 of the flags); and all
 * files together have room before the directory.
 */
#include <string.h>

#include "core/cursor.h"
#include "core/limits.h"
#include "mail/payload_walk.h"

#define END_BYTES 22
#define COMMENT_BYTES_MAX 65535
#define FLAG_ENCRYPTED 0x0001u
#define FLAG_SIZES_FOLLOW 0x0008u
#define FLAG_NAMES_MASKED 0x2000u

/** What both lists tell of one file. */
struct entry {
	uint16_t flags, method, name_bytes;
	uint32_t packed_bytes, plain_bytes;
	const uint8_t *name;
};

/** The end record nearest to the end; NULL: none. */
static const uint8_t *end_find(const uint8_t *bytes, size_t length_bytes)
{
	size_t back_bytes = END_BYTES;
	while (back_bytes <= length_bytes && back_bytes <= END_BYTES + COMMENT_BYTES_MAX) {
		const uint8_t *at = bytes + length_bytes - back_bytes;
		if (memcmp(at, "PK\x05\x06", 4) == 0)
			return at;
		back_bytes++;
	}
	return NULL;
}

/** Reads from the flags on to the sizes, which both records have in the same order. */
static void entry_read(struct cursor *cur, struct entry *ret_entry)
{
	ret_entry->flags = cursor_le16(cur);
	ret_entry->method = cursor_le16(cur);
	cursor_skip(cur, 8); /* time, date, CRC */
	ret_entry->packed_bytes = cursor_le32(cur);
	ret_entry->plain_bytes = cursor_le32(cur);
	ret_entry->name_bytes = cursor_le16(cur);
}

/** The header before a file; its error is in the cursor. */
static void local_read(struct cursor *cur, struct entry *ret_entry)
{
	if (cursor_le32(cur) != 0x04034b50)
		cursor_fail(cur, E_MALFORMED);
	cursor_skip(cur, 2);
	entry_read(cur, ret_entry);
	cursor_skip(cur, 2);
	ret_entry->name = cursor_take(cur, ret_entry->name_bytes);
}

static bool entries_agree(const struct entry *central, const struct entry *local)
{
	if (((central->flags | local->flags) & FLAG_NAMES_MASKED) != 0)
		return true; /* central directory encryption masks what stands in the headers */
	if (((central->flags ^ local->flags) & FLAG_ENCRYPTED) != 0 || central->method != local->method ||
	    central->name_bytes != local->name_bytes || memcmp(central->name, local->name, central->name_bytes) != 0)
		return false;
	bool are_sizes_there = (local->flags & FLAG_SIZES_FOLLOW) == 0 && local->packed_bytes != UINT32_MAX &&
		central->packed_bytes != UINT32_MAX && local->plain_bytes != UINT32_MAX && central->plain_bytes != UINT32_MAX;
	return !are_sizes_there || (central->packed_bytes == local->packed_bytes && central->plain_bytes == local->plain_bytes);
}

/** One entry of the directory and the header it points to. @param used_bytes what it takes is added */
static bool central_is_honest(struct cursor *cur, const uint8_t *bytes, size_t length_bytes, size_t before_bytes,
	uint64_t *used_bytes)
{
	struct entry central = {0}, local = {0};
	if (cursor_le32(cur) != 0x02014b50)
		cursor_fail(cur, E_MALFORMED);
	cursor_skip(cur, 4);
	entry_read(cur, &central);
	uint16_t extra_bytes = cursor_le16(cur), comment_bytes = cursor_le16(cur);
	cursor_skip(cur, 8); /* disk, attributes */
	uint32_t offset = cursor_le32(cur);
	central.name = cursor_take(cur, central.name_bytes);
	cursor_skip(cur, (size_t)extra_bytes + comment_bytes);
	if (cur->error != OK)
		return false;
	*used_bytes += 30u + central.name_bytes + (central.packed_bytes != UINT32_MAX ? central.packed_bytes : 0u);
	if (offset == UINT32_MAX)
		return true; /* ZIP64 keeps it elsewhere; libarchive reads that */
	if (before_bytes + offset >= length_bytes)
		return false;
	struct cursor at = cursor_over(bytes + before_bytes + offset, length_bytes - before_bytes - offset);
	local_read(&at, &local);
	return at.error == OK && entries_agree(&central, &local);
}

bool payload_zip_is_honest(const uint8_t *bytes, size_t length_bytes)
{
	const uint8_t *end = end_find(bytes, length_bytes);
	if (end == NULL)
		return false;
	struct cursor cur = cursor_over(end + 10, END_BYTES - 10);
	uint16_t entry_count = cursor_le16(&cur);
	uint32_t directory_bytes = cursor_le32(&cur), directory_at = cursor_le32(&cur);
	if (entry_count == UINT16_MAX || directory_at == UINT32_MAX)
		return true; /* ZIP64 */
	size_t end_at = (size_t)(end - bytes);
	if ((uint64_t)directory_at + directory_bytes > end_at)
		return false;
	/* What stands before the archive (a self-extracting program) moves all offsets. */
	size_t before_bytes = end_at - directory_bytes - directory_at;
	cur = cursor_over(bytes + before_bytes + directory_at, directory_bytes);
	bool is_honest = true;
	size_t seen = 0;
	uint64_t used_bytes = 0;
	while (is_honest && cursor_left(&cur) > 0 && seen < LIMIT_MAIL_PAYLOAD_ENTRIES) {
		is_honest = central_is_honest(&cur, bytes, length_bytes, before_bytes, &used_bytes);
		seen++;
	}
	/* Files that take more room than there is lie on top of each other: one of them is not what it seems. */
	is_honest = is_honest && used_bytes <= directory_at;
	return is_honest && (seen == entry_count || seen == LIMIT_MAIL_PAYLOAD_ENTRIES);
}
