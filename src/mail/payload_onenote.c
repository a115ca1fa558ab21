/*
 * OneNote sections ([MS-ONESTORE]): files that were put on a page lie in FileDataStoreObjects (2.6.13), each behind a
 * GUID with its length. They are found by that GUID, wherever the lists of the section place them, so a section that is
 * made to confuse readers hides nothing here.
 *
 * An object: GUID (16 bytes), length (8, little-endian), unused (4), reserved (8), the file.
 */
#include <string.h>

#include "core/cursor.h"
#include "mail/payload_type.h"
#include "mail/payload_walk.h"

static const uint8_t object_guid[16] = {0xe7, 0x16, 0xe3, 0xbd, 0x65, 0x26, 0x11, 0x45, 0xa4, 0xc4, 0x8d, 0x4d, 0x0b, 0x7a,
	0x9e, 0xac};

void payload_onenote_look(struct payload_walk *walk, const uint8_t *bytes, size_t length_bytes)
{
	struct cursor cur = cursor_over(bytes, length_bytes);
	while (walk->budget->entries > 0) {
		const uint8_t *at = memmem(cur.at, cursor_left(&cur), object_guid, sizeof(object_guid));
		if (at == NULL)
			return;
		cur.at = at + sizeof(object_guid);
		struct cursor object = cur;
		uint64_t file_bytes = cursor_le32(&object) | (uint64_t)cursor_le32(&object) << 32;
		cursor_skip(&object, 12);
		if (object.error != OK)
			return;
		walk->budget->entries--;
		walk->facts->entries++;
		size_t there_bytes = cursor_left(&object) < file_bytes ? cursor_left(&object) : (size_t)file_bytes;
		enum payload_type type = payload_type_of_bytes(object.at, there_bytes);
		bool is_picture = type >= PAYLOAD_PNG && type <= PAYLOAD_MEDIA; /* pictures on a page are what they are for */
		if (!is_picture && type != PAYLOAD_EMPTY)
			*walk->traits |= PAYLOAD_HAS_OBJECT;
		/* Scripts have no magic: text that was put on a page as a file runs by a double click. */
		if (type == PAYLOAD_TEXT || type == PAYLOAD_HTML)
			walk->facts->inside |= PAYLOAD_RUNS;
		else if (!payload_type_is_archive(type) && type != PAYLOAD_ONENOTE)
			payload_inner(walk, object.at, there_bytes, NULL, 0);
		else
			walk->facts->types_inside |= UINT64_C(1) << type;
	}
	walk->facts->unread |= PAYLOAD_UNREAD_ENTRIES;
}
