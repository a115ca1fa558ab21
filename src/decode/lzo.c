/*
 * LZO1X has no specification; the stream is described in Linux's
 * Documentation/staging/lzo.rst. It is a row of instructions. Each copies
 * bytes from what is already unpacked, given a distance and a length, and
 * then 0 to 3 literals that stand behind it. How many those were (4: a run of
 * literals by itself) is the state, by which the smallest opcodes are read:
 *
 *   0..15     state 0: a run of 3 or more literals; state 1..3: 2 bytes from
 *             within 1 kB; state 4: 3 bytes from within 3 kB
 *   16..31    2 or more bytes from 16 to 48 kB back; a distance of 16 kB
 *             exactly is the end
 *   32..63    2 or more bytes from within 16 kB
 *   64..255   3 to 8 bytes from within 2 kB
 *
 * The first byte of all, if above 17, is a run of literals 17 shorter.
 * Lengths that do not fit the opcode go on in zeros that stand for 255 each.
 */
#include "decode/lzo.h"

#include <string.h>

#include "core/cursor.h"

enum {
	FIRST_RUN = 17, /* a first byte above: so many fewer literals */
	LITERALS_ALONE = 4, /* the state after a run */
	END_DISTANCE = 16384,
};

struct unpacking {
	struct cursor in;
	uint8_t *plain;
	size_t room_bytes;
	size_t done_bytes;
};

/** A length that did not fit its opcode: the most that does, 255 for each zero, and the first byte that is not zero. */
static size_t length_read(struct cursor *in, size_t most)
{
	size_t length = most;
	uint8_t byte;
	while ((byte = cursor_u8(in)) == 0 && in->error == OK)
		length += 255;
	return length + byte;
}

static void literals_copy(struct unpacking *to, size_t length)
{
	if (length > to->room_bytes - to->done_bytes) {
		cursor_fail(&to->in, E_LIMIT);
		return;
	}
	const uint8_t *bytes = cursor_take(&to->in, length);
	if (bytes == NULL)
		return;
	memcpy(to->plain + to->done_bytes, bytes, length);
	to->done_bytes += length;
}

/** What is copied may overlap with where it goes: a short distance repeats. */
static void match_copy(struct unpacking *to, size_t distance, size_t length)
{
	if (to->in.error != OK)
		return;
	if (distance > to->done_bytes) {
		cursor_fail(&to->in, E_MALFORMED);
		return;
	}
	if (length > to->room_bytes - to->done_bytes) {
		cursor_fail(&to->in, E_LIMIT);
		return;
	}
	uint8_t *at = to->plain + to->done_bytes;
	for (size_t i = 0; i < length; i++)
		at[i] = *(at + i - distance);
	to->done_bytes += length;
}

/** One instruction. @return the new state */
static unsigned instruction_run(struct unpacking *to, uint8_t opcode, unsigned state, bool *ret_is_end)
{
	struct cursor *in = &to->in;
	size_t distance, length;
	unsigned literals = opcode & 3u;
	if (opcode >= 64) {
		length = opcode >= 128 ? 5 + (opcode >> 5 & 3u) : 3 + (opcode >> 5 & 1u);
		distance = ((size_t)cursor_u8(in) << 3) + (opcode >> 2 & 7u) + 1;
	} else if (opcode >= 16) {
		unsigned most = opcode >= 32 ? 31 : 7;
		length = 2 + ((opcode & most) != 0 ? opcode & most : length_read(in, most));
		uint16_t operand = cursor_le16(in);
		literals = operand & 3u;
		distance = (operand >> 2) + (opcode >= 32 ? 1u : END_DISTANCE + ((opcode & 8u) << 11));
		*ret_is_end = opcode < 32 && distance == END_DISTANCE && in->error == OK;
		if (*ret_is_end)
			return state;
	} else if (state == 0) {
		literals_copy(to, 3 + (opcode != 0 ? opcode : length_read(in, 15)));
		return LITERALS_ALONE;
	} else {
		length = state == LITERALS_ALONE ? 3 : 2;
		distance = ((size_t)cursor_u8(in) << 2) + (opcode >> 2) + (state == LITERALS_ALONE ? 2049u : 1u);
	}
	match_copy(to, distance, length);
	literals_copy(to, literals);
	return literals;
}

int lzo_unpack(const uint8_t *packed, size_t packed_bytes, uint8_t *plain, size_t room_bytes, size_t *ret_plain_bytes)
{
	struct unpacking to = {.in = cursor_over(packed, packed_bytes), .plain = plain, .room_bytes = room_bytes};
	unsigned state = 0;
	bool is_end = false;
	if (packed_bytes > 0 && packed[0] > FIRST_RUN) {
		size_t length = cursor_u8(&to.in) - (size_t)FIRST_RUN;
		literals_copy(&to, length);
		state = length < LITERALS_ALONE ? (unsigned)length : LITERALS_ALONE;
	}
	while (!is_end && to.in.error == OK)
		state = instruction_run(&to, cursor_u8(&to.in), state, &is_end);
	if (to.in.error != OK)
		return to.in.error;
	if (cursor_left(&to.in) > 0)
		return E_MALFORMED;
	*ret_plain_bytes = to.done_bytes;
	return OK;
}
