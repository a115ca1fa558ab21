/*
 * Disk images without a reader of file systems: files begin at sectors whatever the file system, in VHD and VHDX too,
 * and so their first bytes are seen at multiples of 512. What is so small that NTFS keeps it in its table is seen by its
 * name: the FILE_NAME attributes of the table's records, which begin with "FILE" at a sector.
 *
 * Finds deleted files too, and none that is compressed. That is enough to say what an image is for.
 */
#include <string.h>

#include "core/cursor.h"
#include "core/limits.h"
#include "mail/payload_type.h"
#include "mail/payload_walk.h"

#define SECTOR_BYTES 512
#define RECORD_BYTES 1024
#define ATTRIBUTE_NAME 0x30
#define ATTRIBUTE_END UINT32_MAX
#define NAME_CHARS_MAX 255

/** First bytes of the types below: most sectors need no longer look. */
static bool may_tell(uint8_t first)
{
	return first == 0x4c || first == 0xd0 || first == 0xe4 || (first < 0x80 && strchr("MPR7I%", first) != NULL && first != 0);
}

/** Types whose bytes at a sector's beginning are no accident. */
static bool is_telling(enum payload_type type)
{
	return type == PAYLOAD_LNK || type == PAYLOAD_PROGRAM || type == PAYLOAD_OLE || type == PAYLOAD_ZIP || type == PAYLOAD_RAR ||
		type == PAYLOAD_7Z || type == PAYLOAD_CAB || type == PAYLOAD_HELP || type == PAYLOAD_ONENOTE || type == PAYLOAD_PDF;
}

/** A FILE_NAME attribute's content: 64 bytes of numbers, length in characters, name space, UTF-16LE. */
static void name_look(struct payload_walk *walk, struct cursor content)
{
	char name[NAME_CHARS_MAX];
	cursor_skip(&content, 64);
	size_t chars = cursor_u8(&content);
	cursor_skip(&content, 1);
	for (size_t i = 0; i < chars; i++) {
		uint16_t unit = cursor_le16(&content);
		name[i] = unit < 0x80 ? (char)unit : '_';
	}
	if (content.error != OK || chars == 0 || name[0] == '$')
		return;
	if (walk->budget->entries == 0) {
		walk->facts->unread |= PAYLOAD_UNREAD_ENTRIES;
		return;
	}
	walk->budget->entries--;
	walk->facts->entries++;
	payload_inner(walk, NULL, 0, name, chars);
}

/** A record of NTFS's table: attributes of type, length, residence; only resident names. */
static void record_look(struct payload_walk *walk, const uint8_t *bytes, size_t length_bytes)
{
	struct cursor cur = cursor_over(bytes, length_bytes < RECORD_BYTES ? length_bytes : RECORD_BYTES);
	cursor_skip(&cur, 20);
	uint16_t first = cursor_le16(&cur);
	if (first < 22)
		return;
	cursor_skip(&cur, first - 22u);
	while (cursor_left(&cur) >= 24) {
		struct cursor attribute = cur;
		uint32_t kind = cursor_le32(&attribute), attribute_bytes = cursor_le32(&attribute);
		if (kind == ATTRIBUTE_END || attribute_bytes < 24)
			return;
		bool is_resident = cursor_u8(&attribute) == 0;
		cursor_skip(&attribute, 7);
		uint32_t content_bytes = cursor_le32(&attribute);
		uint16_t content_at = cursor_le16(&attribute);
		if (kind == ATTRIBUTE_NAME && is_resident && content_at >= 22) {
			cursor_skip(&attribute, content_at - 22u);
			name_look(walk, cursor_slice(&attribute, content_bytes));
		}
		cursor_skip(&cur, attribute_bytes);
	}
}

void payload_disk_look(struct payload_walk *walk, const uint8_t *bytes, size_t length_bytes)
{
	if (walk->depth >= LIMIT_MAIL_PAYLOAD_DEPTH) {
		walk->facts->unread |= PAYLOAD_UNREAD_DEPTH;
		return;
	}
	for (size_t at = SECTOR_BYTES; at + 16 <= length_bytes; at += SECTOR_BYTES) {
		if (memcmp(bytes + at, "FILE", 4) == 0) {
			record_look(walk, bytes + at, length_bytes - at);
			continue;
		}
		if (!may_tell(bytes[at]))
			continue;
		/* One sector is all that a type at its front takes, and nested containers are told by their type alone. */
		size_t sector_bytes = length_bytes - at < SECTOR_BYTES ? length_bytes - at : SECTOR_BYTES;
		enum payload_type type = payload_type_of_bytes(bytes + at, sector_bytes);
		if (!is_telling(type))
			continue;
		walk->facts->inside |= payload_type_traits(type) | (payload_type_is_archive(type) ? (uint32_t)PAYLOAD_NESTED : 0u);
		walk->facts->types_inside |= UINT64_C(1) << type;
		if (walk->facts->depth <= walk->depth)
			walk->facts->depth = walk->depth + 1;
	}
}
