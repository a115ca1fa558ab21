/*
 * Capture files: pcap (both byte orders; micro- and nanoseconds; the longer
 * record headers of Kuznetzov's variant) and pcapng (IETF draft
 * draft-ietf-opsawg-pcapng), read from bytes that the caller has mapped or
 * filled piece by piece.
 *
 * Does not open files and does not decode packets. A damaged block ends the
 * file with E_MALFORMED; what came before stays read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cursor.h"
#include "core/err.h"
#include "decode/packet.h"

#define CAPTURE_INTERFACES_MAX 256 /* interfaces of one pcapng section that are remembered; more is E_LIMIT */
#define CAPTURE_PACKET_BYTES_MAX 262144 /* longest packet, as in libpcap; a length above is damage: E_MALFORMED */
#define CAPTURE_BLOCK_BYTES_MAX 16777216 /* longest pcapng block that is stepped over; more is E_MALFORMED */

enum capture_format {
	CAPTURE_UNKNOWN = 0,
	CAPTURE_PCAP,
	CAPTURE_PCAPNG,
};

/** What one interface's packets need to be read. Timestamps become ns as (units * multiplier >> shift) / divisor. */
struct capture_interface {
	enum link_type link; /* as numbered in the file, which may be a number that is not in the enum */
	uint32_t snap_bytes; /* 0: no limit */
	int64_t offset_s; /* if_tsoffset */
	uint64_t multiplier;
	uint64_t divisor;
	uint8_t shift;
};

/** A reader's state. In place; nothing is allocated. */
struct capture {
	enum capture_format format;
	bool is_big_endian;
	uint8_t record_header_bytes; /* pcap only: 16, or 24 in Kuznetzov's variant */
	uint32_t interface_count; /* pcap has one */
	int64_t last_wall_ns; /* of the packet before: pcapng's simple packets have no time of their own */
	struct capture_interface interfaces[CAPTURE_INTERFACES_MAX];
};

/** One packet of a capture file. */
struct capture_packet {
	const uint8_t *bytes; /* borrowed from the input */
	uint32_t captured_bytes;
	uint32_t wire_bytes; /* never below captured_bytes */
	uint32_t interface; /* 0 for pcap */
	enum link_type link; /* as numbered in the file, which may be a number that is not in the enum */
	int64_t wall_ns;
};

/** Tells a format from a file's first bytes (4 are enough). */
enum capture_format capture_format_of(const uint8_t *bytes, size_t length_bytes);

/**
 * Starts reading: takes the file header of pcap, or checks the first section header of pcapng and leaves it there.
 *
 * @param capture filled on OK
 * @param cur over the file's first bytes (24 are enough); moved on OK only, its error is neither read nor set
 * @return OK; E_AGAIN: more bytes are needed than are at hand (at the end of a file: it was cut);
 *         E_UNSUPPORTED for another format or version
 */
MUST_USE int capture_init(struct capture *capture, struct cursor *cur);

/**
 * Reads the next packet, stepping over blocks that hold none.
 *
 * @param capture the reader
 * @param cur over the bytes at hand; moved over whole blocks and records, also those stepped over before E_AGAIN;
 *        its error is neither read nor set
 * @param ret_packet filled on OK; its bytes are borrowed from the input
 * @return OK; E_AGAIN: more bytes are needed than are at hand (at the end of a file: it was cut), at most
 *         CAPTURE_BLOCK_BYTES_MAX; E_END: exactly at the end; E_MALFORMED; E_UNSUPPORTED: a section of another
 *         version, or a clock resolution beyond belief; E_LIMIT
 */
MUST_USE int capture_next(struct capture *capture, struct cursor *cur, struct capture_packet *ret_packet);
