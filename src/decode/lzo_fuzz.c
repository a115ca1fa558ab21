/* Any bytes into a buffer of a length that the first two of them choose: nothing is written beyond it. */
#include <stdint.h>
#include <stdlib.h>

#include "core/cursor.h"
#include "decode/lzo.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
	struct cursor cur = cursor_over(bytes, length_bytes);
	size_t room_bytes = cursor_be16(&cur), plain_bytes = 0;
	uint8_t *plain = malloc(room_bytes + 1);
	ASSERT(plain != NULL);
	if (lzo_unpack(cur.at, cursor_left(&cur), plain, room_bytes, &plain_bytes) == OK)
		ASSERT(plain_bytes <= room_bytes);
	free(plain);
	return 0;
}
