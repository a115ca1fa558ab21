/*
 * Fuzzes capture_next(), once with the file whole and once in pieces: both ways must give the same packets, whatever
 * the bytes are. And format_of_bytes(), which every file meets first.
 */
#include "decode/capture.h"
#include "decode/format.h"

enum { FIRST_PIECE_BYTES = 40, PIECE_BYTES = 24 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

struct tally {
	unsigned packets;
	int64_t wall_ns; /* sum, wrapping */
	int end; /* what the last capture_next() said */
};

/** Reads with the given number of bytes at hand, then with more whenever more are asked for. */
static struct tally read_all(const uint8_t *bytes, size_t length_bytes, size_t at_hand_bytes, struct capture *capture)
{
	struct tally tally = {0};
	struct capture_packet packet;
	struct cursor cur = cursor_over(bytes, at_hand_bytes < length_bytes ? at_hand_bytes : length_bytes);
	const uint8_t *end = bytes + length_bytes;
	for (;;) {
		tally.end = capture_next(capture, &cur, &packet);
		if ((tally.end == E_AGAIN || tally.end == E_END) && cur.end < end) {
			cur.end = (size_t)(end - cur.end) > PIECE_BYTES ? cur.end + PIECE_BYTES : end;
			continue;
		}
		if (tally.end != OK)
			return tally;
		ASSERT(packet.captured_bytes <= packet.wire_bytes);
		ASSERT(packet.bytes >= bytes && packet.captured_bytes <= (size_t)(end - packet.bytes));
		tally.packets++;
		tally.wall_ns = (int64_t)((uint64_t)tally.wall_ns + (uint64_t)packet.wall_ns);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
	static struct capture capture, again;
	struct cursor cur = cursor_over(bytes, length_bytes);
	(void)format_of_bytes((const char *)bytes, length_bytes);
	if (capture_init(&capture, &cur) != OK)
		return 0;
	again = capture;
	size_t left = cursor_left(&cur);
	struct tally whole = read_all(cur.at, left, left, &capture);
	struct tally pieces = read_all(cur.at, left, FIRST_PIECE_BYTES, &again);
	ASSERT(whole.packets == pieces.packets && whole.wall_ns == pieces.wall_ns && whole.end == pieces.end);
	return 0;
}
