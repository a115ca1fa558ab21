/*
 * Capture files.
 *
 * pcap (https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html): 24 bytes of file header, in the byte order
 * that its magic number shows: magic, version 2.4, 8 unused, snap length, link type in the lower 16 bits. Then per
 * packet: seconds, fraction, captured and original length, the bytes. Kuznetzov's variant adds 8 bytes to that.
 *
 * pcapng (draft-ietf-opsawg-pcapng): blocks of type, total length, body, total length again, padded to 4 bytes. A
 * section header sets the byte order and forgets all interfaces; interface descriptions are numbered from 0.
 */
#include "decode/capture.h"

#include <string.h>

#include "core/clock.h"

enum {
	PCAP_HEADER_BYTES = 24,
	PCAP_RECORD_BYTES = 16,
	PCAP_LONG_RECORD_BYTES = 24,
	BLOCK_BYTES_MIN = 12,
	SECTION_BYTES_MIN = 28,
};

static const uint32_t magic_us = 0xa1b2c3d4, magic_ns = 0xa1b23c4d, magic_long = 0xa1b2cd34, magic_order = 0x1a2b3c4d;

enum block {
	BLOCK_NONE = 0,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 2, /* obsolete */
	BLOCK_SIMPLE = 3,
	BLOCK_ENHANCED = 6,
	BLOCK_SECTION = 0x0a0d0d0a,
};

enum option {
	OPTION_END = 0,
	OPTION_TSRESOL = 9,
	OPTION_TSOFFSET = 14,
};

static inline uint32_t read_u32(const struct capture *capture, const uint8_t *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof(value));
	return capture->is_big_endian == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) ? value : __builtin_bswap32(value);
}

static inline uint16_t read_u16(const struct capture *capture, const uint8_t *at)
{
	uint16_t value;
	memcpy(&value, at, sizeof(value));
	return capture->is_big_endian == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) ? value : __builtin_bswap16(value);
}

/** OpenBSD and others number raw IP in their own way (https://www.tcpdump.org/linktypes.html, LINKTYPE_RAW). */
static enum link_type link_of(uint32_t number)
{
	return number == 12 || number == 14 ? LINK_RAW : (enum link_type)number;
}

/** The byte order in which the file begins with a pcap magic number. */
static bool pcap_magic(const uint8_t *bytes, uint32_t *ret_magic, bool *ret_is_big_endian)
{
	for (int big = 0; big <= 1; big++) {
		struct capture order = {.is_big_endian = big};
		uint32_t magic = read_u32(&order, bytes);
		if (magic == magic_us || magic == magic_ns || magic == magic_long) {
			*ret_magic = magic;
			*ret_is_big_endian = big;
			return true;
		}
	}
	return false;
}

enum capture_format capture_format_of(const uint8_t *bytes, size_t length_bytes)
{
	static const uint8_t section[4] = {0x0a, 0x0d, 0x0d, 0x0a};
	uint32_t magic;
	bool is_big_endian;
	if (length_bytes < 4)
		return CAPTURE_UNKNOWN;
	if (memcmp(bytes, section, sizeof(section)) == 0)
		return CAPTURE_PCAPNG;
	return pcap_magic(bytes, &magic, &is_big_endian) ? CAPTURE_PCAP : CAPTURE_UNKNOWN;
}

static void pcap_start(struct capture *capture, const uint8_t *header)
{
	uint32_t magic = 0;
	(void)pcap_magic(header, &magic, &capture->is_big_endian);
	capture->record_header_bytes = magic == magic_long ? PCAP_LONG_RECORD_BYTES : PCAP_RECORD_BYTES;
	capture->interface_count = 1;
	capture->interfaces[0] = (struct capture_interface){
		.link = link_of(read_u32(capture, header + 20) & 0xffff),
		.snap_bytes = read_u32(capture, header + 16),
		.multiplier = magic == magic_ns ? 1 : NS_PER_US,
		.divisor = 1,
	};
}

int capture_init(struct capture *capture, struct cursor *cur)
{
	enum capture_format format = capture_format_of(cur->at, cursor_left(cur));
	if (cursor_left(cur) < 4)
		return E_AGAIN;
	if (format == CAPTURE_UNKNOWN)
		return E_UNSUPPORTED;
	if (cursor_left(cur) < PCAP_HEADER_BYTES)
		return E_AGAIN;
	*capture = (struct capture){.format = format};
	if (format == CAPTURE_PCAPNG)
		return OK;
	pcap_start(capture, cur->at);
	if (read_u16(capture, cur->at + 4) != 2)
		return E_UNSUPPORTED;
	cur->at += PCAP_HEADER_BYTES;
	return OK;
}

static inline int pcap_next(struct capture *capture, struct cursor *cur, struct capture_packet *ret_packet)
{
	const uint8_t *record = cur->at;
	size_t left = cursor_left(cur), header_bytes = capture->record_header_bytes;
	if (left < header_bytes)
		return left == 0 ? E_END : E_AGAIN;
	uint32_t captured_bytes = read_u32(capture, record + 8), wire_bytes = read_u32(capture, record + 12);
	if (captured_bytes > CAPTURE_PACKET_BYTES_MAX)
		return E_MALFORMED;
	if (left - header_bytes < captured_bytes)
		return E_AGAIN;
	cur->at += header_bytes + captured_bytes;
	capture->last_wall_ns = read_u32(capture, record) * NS_PER_S +
		read_u32(capture, record + 4) * (int64_t)capture->interfaces[0].multiplier;
	*ret_packet = (struct capture_packet){
		.bytes = record + header_bytes,
		.captured_bytes = captured_bytes,
		.wire_bytes = wire_bytes > captured_bytes ? wire_bytes : captured_bytes,
		.link = capture->interfaces[0].link,
		.wall_ns = capture->last_wall_ns,
	};
	return OK;
}

/** A timestamp in the interface's units; what does not fit is held at the end of time. */
static inline int64_t wall_ns_of(const struct capture_interface *interface, uint64_t units)
{
	__int128 ns = (__int128)units * (__int128)interface->multiplier >> interface->shift;
	if (interface->divisor != 1)
		ns /= (__int128)interface->divisor;
	ns += (__int128)interface->offset_s * NS_PER_S;
	if (ns > INT64_MAX)
		return INT64_MAX;
	return ns < INT64_MIN ? INT64_MIN : (int64_t)ns;
}

static uint64_t power_of_ten(unsigned exponent)
{
	uint64_t value = 1;
	while (exponent-- > 0)
		value *= 10;
	return value;
}

/** if_tsresol: units per second as a power of ten, or of two where the first bit is set. */
static int tsresol_set(struct capture_interface *interface, uint8_t tsresol)
{
	unsigned exponent = tsresol & 0x7f;
	if ((tsresol & 0x80) != 0 ? exponent > 63 : exponent > 18)
		return E_UNSUPPORTED; /* finer than any clock, and no longer in 64 bits */
	bool is_binary = (tsresol & 0x80) != 0, is_finer = exponent > 9;
	interface->shift = is_binary ? (uint8_t)exponent : 0;
	interface->multiplier = is_binary ? (uint64_t)NS_PER_S : is_finer ? 1 : power_of_ten(9 - exponent);
	interface->divisor = !is_binary && is_finer ? power_of_ten(exponent - 9) : 1;
	return OK;
}

static int interface_options_read(const struct capture *capture, struct cursor *options, struct capture_interface *interface)
{
	while (cursor_left(options) >= 4) {
		uint16_t code = read_u16(capture, options->at), length_bytes = read_u16(capture, options->at + 2);
		cursor_skip(options, 4);
		const uint8_t *value = cursor_take(options, (length_bytes + 3u) & ~3u);
		if (value == NULL)
			return E_MALFORMED;
		if (code == OPTION_END)
			return OK;
		if (code == OPTION_TSRESOL && length_bytes >= 1) {
			int err = tsresol_set(interface, value[0]);
			if (err != OK)
				return err;
		}
		if (code == OPTION_TSOFFSET && length_bytes == 8) {
			uint64_t first = read_u32(capture, value), second = read_u32(capture, value + 4);
			interface->offset_s = (int64_t)(capture->is_big_endian ? first << 32 | second : second << 32 | first);
		}
	}
	return OK;
}

static int interface_add(struct capture *capture, struct cursor *body)
{
	const uint8_t *fixed = cursor_take(body, 8);
	if (fixed == NULL)
		return E_MALFORMED;
	if (capture->interface_count == CAPTURE_INTERFACES_MAX)
		return E_LIMIT;
	struct capture_interface *interface = &capture->interfaces[capture->interface_count];
	*interface = (struct capture_interface){
		.link = link_of(read_u16(capture, fixed)),
		.snap_bytes = read_u32(capture, fixed + 4),
		.multiplier = NS_PER_US, /* if_tsresol is 6 where it is absent */
		.divisor = 1,
	};
	int err = interface_options_read(capture, body, interface);
	if (err == OK)
		capture->interface_count++;
	return err;
}

/** Enhanced packets, and the obsolete kind that has a drop count beside a shorter interface number. */
static int packet_read(struct capture *capture, uint32_t type, struct cursor *body, struct capture_packet *ret_packet)
{
	const uint8_t *fixed = cursor_take(body, 20);
	if (fixed == NULL)
		return E_MALFORMED;
	uint32_t number = type == BLOCK_ENHANCED ? read_u32(capture, fixed) : read_u16(capture, fixed);
	uint64_t units = (uint64_t)read_u32(capture, fixed + 4) << 32 | read_u32(capture, fixed + 8);
	uint32_t captured_bytes = read_u32(capture, fixed + 12), wire_bytes = read_u32(capture, fixed + 16);
	const uint8_t *bytes = cursor_take(body, captured_bytes);
	if (bytes == NULL || captured_bytes > CAPTURE_PACKET_BYTES_MAX || number >= capture->interface_count)
		return E_MALFORMED;
	capture->last_wall_ns = wall_ns_of(&capture->interfaces[number], units);
	*ret_packet = (struct capture_packet){
		.bytes = bytes,
		.captured_bytes = captured_bytes,
		.wire_bytes = wire_bytes > captured_bytes ? wire_bytes : captured_bytes,
		.interface = number,
		.link = capture->interfaces[number].link,
		.wall_ns = capture->last_wall_ns,
	};
	return OK;
}

/** Simple packets are of interface 0, without a time; how much was captured follows from the snap length. */
static int simple_packet_read(struct capture *capture, struct cursor *body, struct capture_packet *ret_packet)
{
	const uint8_t *fixed = cursor_take(body, 4);
	if (fixed == NULL || capture->interface_count == 0)
		return E_MALFORMED;
	uint32_t wire_bytes = read_u32(capture, fixed), snap_bytes = capture->interfaces[0].snap_bytes;
	uint32_t captured_bytes = snap_bytes != 0 && snap_bytes < wire_bytes ? snap_bytes : wire_bytes;
	const uint8_t *bytes = cursor_take(body, captured_bytes);
	if (bytes == NULL || captured_bytes > CAPTURE_PACKET_BYTES_MAX)
		return E_MALFORMED;
	*ret_packet = (struct capture_packet){
		.bytes = bytes,
		.captured_bytes = captured_bytes,
		.wire_bytes = wire_bytes,
		.link = capture->interfaces[0].link,
		.wall_ns = capture->last_wall_ns,
	};
	return OK;
}

/** A section header turns the byte order to its own; its length is only readable after that. */
static int section_start(struct capture *capture, const uint8_t *block, size_t left)
{
	if (left < SECTION_BYTES_MIN)
		return E_AGAIN;
	struct capture big = {.is_big_endian = true}, little = {.is_big_endian = false};
	bool is_big_endian = read_u32(&big, block + 8) == magic_order;
	if (!is_big_endian && read_u32(&little, block + 8) != magic_order)
		return E_MALFORMED;
	if (read_u16(is_big_endian ? &big : &little, block + 12) != 1)
		return E_UNSUPPORTED;
	capture->is_big_endian = is_big_endian;
	capture->interface_count = 0;
	return OK;
}

/** The whole block at the cursor: its type, and a cursor over its body. The cursor itself is not moved. */
static inline int block_open(struct capture *capture, const struct cursor *cur, uint32_t *ret_type, struct cursor *ret_body,
	size_t *ret_block_bytes)
{
	const uint8_t *block = cur->at;
	size_t left = cursor_left(cur);
	if (left < BLOCK_BYTES_MIN)
		return left == 0 ? E_END : E_AGAIN;
	uint32_t type = read_u32(capture, block); /* a section's type reads the same in both orders */
	if (type == BLOCK_SECTION) {
		int err = section_start(capture, block, left);
		if (err != OK)
			return err;
	}
	uint32_t block_bytes = read_u32(capture, block + 4);
	if (block_bytes < BLOCK_BYTES_MIN || block_bytes % 4 != 0 || block_bytes > CAPTURE_BLOCK_BYTES_MAX)
		return E_MALFORMED;
	if (left < block_bytes)
		return E_AGAIN;
	if (read_u32(capture, block + block_bytes - 4) != block_bytes)
		return E_MALFORMED;
	*ret_type = type;
	*ret_body = cursor_over(block + 8, block_bytes - BLOCK_BYTES_MIN);
	*ret_block_bytes = block_bytes;
	return OK;
}

static int pcapng_next(struct capture *capture, struct cursor *cur, struct capture_packet *ret_packet)
{
	for (;;) {
		uint32_t type;
		struct cursor body;
		size_t block_bytes;
		bool is_packet = true;
		int err = block_open(capture, cur, &type, &body, &block_bytes);
		if (err != OK)
			return err;
		switch (type) {
		case BLOCK_ENHANCED:
		case BLOCK_PACKET:
			err = packet_read(capture, type, &body, ret_packet);
			break;
		case BLOCK_SIMPLE:
			err = simple_packet_read(capture, &body, ret_packet);
			break;
		case BLOCK_INTERFACE:
			err = interface_add(capture, &body);
			is_packet = false;
			break;
		default: /* section headers are done, other blocks hold no packets */
			is_packet = false;
		}
		if (err != OK)
			return err;
		cur->at += block_bytes;
		if (is_packet)
			return OK;
	}
}

int capture_next(struct capture *capture, struct cursor *cur, struct capture_packet *ret_packet)
{
	if (capture->format == CAPTURE_PCAP)
		return pcap_next(capture, cur, ret_packet);
	return pcapng_next(capture, cur, ret_packet);
}
