/*
 * Capture files, pcap (both byte orders, micro- and nanoseconds, and the
 * classic layout only) and pcapng (IETF draft
 * draft-ietf-opsawg-pcapng), read from bytes that the caller has mapped or
 * filled piece by piece.
 *
 * Does not open files and does not decode packets. A damaged block ends the
 * file with E_MALFORMED or E_TRUNCATED; what came before stays read.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "decode/packet.h"

#define CAPTURE_INTERFACES_MAX 256 /* interfaces of one pcapng section that are remembered; more is E_LIMIT */

enum capture_format {
	CAPTURE_UNKNOWN = 0,
	CAPTURE_PCAP,
	CAPTURE_PCAPNG,
};

struct capture_interface {
	enum link_type link;
	uint32_t snap_bytes; /* 0: no limit */
	int64_t offset_s; /* if_tsoffset */
	uint8_t tsresol; /* if_tsresol as written, 6 by default */
};

/** A reader's state. In place; nothing is allocated. */
struct capture {
	enum capture_format format;
	bool big_endian;
	bool nanoseconds; /* pcap only */
	uint32_t interface_count;
	struct capture_interface interfaces[CAPTURE_INTERFACES_MAX];
};

/** One packet of a capture file. */
struct capture_packet {
	const uint8_t *bytes; /* borrowed from the input */
	uint32_t captured_bytes;
	uint32_t wire_bytes;
	uint32_t interface; /* 0 for pcap */
	enum link_type link;
	int64_t wall_ns;
};

/** Tells a format from a file's first bytes (4 are enough). */
enum capture_format capture_format_of(const uint8_t *bytes, size_t length_bytes);

/**
 * Starts reading: takes the file header off the cursor.
 *
 * @param capture filled
 * @param bytes the file's first bytes; *bytes is advanced
 * @return OK, E_TRUNCATED, E_MALFORMED, or E_UNSUPPORTED for another format
 */
MUST_USE int capture_init(struct capture *capture, const uint8_t **bytes, const uint8_t *end);

/**
 * Reads the next packet, stepping over blocks that hold none.
 *
 * @param capture the reader
 * @param bytes next unread byte; advanced only on OK
 * @param end one past the bytes at hand
 * @param ret_packet filled on OK; its bytes are borrowed from the input
 * @return OK; E_AGAIN: more bytes are needed than are at hand (at the end of a file: it was cut);
 *         E_END: exactly at the end; E_MALFORMED; E_LIMIT
 */
MUST_USE int capture_next(struct capture *capture, const uint8_t **bytes, const uint8_t *end,
	struct capture_packet *ret_packet);
