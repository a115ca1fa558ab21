/*
 * The layout is that of nfdump 1.7 (nffileV2.h and nfxV3.h of its sources),
 * in the byte order of the machine that wrote the file; the one we read is
 * little-endian.
 *
 *   file    0xa50c, layout 2 (16 bits each), nfdump's version (32), time (64), packing, encryption (8 each),
 *           blocks behind the flows (16), creator (32), offset of those blocks (64), block size, block count (32 each)
 *   block   records, bytes that follow (32 each), type (16; 3: records of all kinds), flags (16; 1: not packed)
 *   record  type (16; 11: a flow), bytes with this header (16); of a flow: elements (16), engine (2 x 8),
 *           exporter (16), flags, version (8 each), elements
 *   element type (16), bytes with this header (16), then by its type:
 *      1 flow      first, last, received in ms (64 each), packets, bytes (64 each), source and destination port (16
 *                  each; of ICMP the latter is type and code), protocol, TCP flags, forwarding, ToS (8 each)
 *      2, 3        source and destination address: 2 x 32 bits, or 2 x 2 x 64 bits
 *      4 misc      interfaces (2 x 32), masks (2 x 8), direction (8; 1: egress), ...
 *      5 counters  flows, packets and bytes out (64 each)
 *      6 VLANs     source, destination (32 each)
 *     42 IP        -, fragment flags, least and greatest TTL (8 each)
 *
 * Counts "out" are those after the router, or those of the answers: which, a
 * file does not tell, so they count only where nothing came in.
 */
#include "decode/nfdump.h"

#include "core/clock.h"
#include "decode/flow_state.h"

#define MAGIC 0xa50c
#define LAYOUT 2
#define BLOCK_RECORDS 3
#define BLOCK_IS_PLAIN 0x1
#define RECORD_FLOW 11
#define RECORD_HEADER_BYTES 4
#define FLOW_HEADER_BYTES 12
#define MS_MAX (UINT64_C(1000) * UINT32_MAX) /* the year 2106; a later time is not believed */
#define COUNT_MAX (UINT64_C(1) << 60) /* packets or bytes of one record */

enum element {
	ELEMENT_NONE = 0,
	ELEMENT_FLOW = 1,
	ELEMENT_IPV4 = 2,
	ELEMENT_IPV6 = 3,
	ELEMENT_MISC = 4,
	ELEMENT_COUNTERS = 5,
	ELEMENT_VLAN = 6,
	ELEMENT_IP = 42,
};

/** What a record says, before it is judged. */
struct record {
	uint64_t first_ms, last_ms, received_ms;
	uint64_t packets, bytes, packets_out, bytes_out;
	bool has_flow, has_addresses;
	struct observation obs;
};

static uint64_t le64(struct cursor *cur)
{
	uint64_t low = cursor_le32(cur);
	return (uint64_t)cursor_le32(cur) << 32 | low;
}

bool nfdump_is(const uint8_t *bytes, size_t length_bytes)
{
	return length_bytes >= 2 && ((bytes[0] == 0x0c && bytes[1] == 0xa5) || (bytes[0] == 0xa5 && bytes[1] == 0x0c));
}

int nfdump_file_parse(struct cursor *cur, struct nfdump_file *ret_file)
{
	struct cursor header = *cur;
	if (cursor_left(&header) >= 4 && (cursor_le16(&header) != MAGIC || cursor_le16(&header) != LAYOUT))
		return E_UNSUPPORTED;
	if (cursor_left(cur) < NFDUMP_FILE_HEADER_BYTES)
		return E_AGAIN;
	cursor_skip(&header, 12);
	uint8_t packing = cursor_u8(&header), encryption = cursor_u8(&header);
	cursor_skip(&header, 6);
	uint64_t end_bytes = le64(&header);
	if (encryption != 0)
		return E_DENIED;
	if (packing > NFDUMP_ZSTD)
		return E_MALFORMED;
	*ret_file = (struct nfdump_file){.packing = (enum nfdump_packing)packing, .end_bytes = end_bytes};
	cursor_skip(cur, NFDUMP_FILE_HEADER_BYTES);
	return OK;
}

int nfdump_block_parse(struct cursor *cur, struct nfdump_block *ret_block)
{
	struct cursor header = *cur;
	if (cursor_left(cur) < NFDUMP_BLOCK_HEADER_BYTES)
		return cursor_left(cur) == 0 ? E_END : E_AGAIN;
	cursor_skip(&header, 4);
	uint32_t stored_bytes = cursor_le32(&header);
	uint16_t type = cursor_le16(&header), flags = cursor_le16(&header);
	if (stored_bytes > NFDUMP_BLOCK_BYTES_MAX)
		return E_MALFORMED;
	*ret_block = (struct nfdump_block){
		.stored_bytes = stored_bytes,
		.is_plain = (flags & BLOCK_IS_PLAIN) != 0,
		.has_records = type == BLOCK_RECORDS,
	};
	cursor_skip(cur, NFDUMP_BLOCK_HEADER_BYTES);
	return OK;
}

static void flow_read(struct cursor *cur, struct record *record)
{
	record->first_ms = le64(cur);
	record->last_ms = le64(cur);
	record->received_ms = le64(cur);
	record->packets = le64(cur);
	record->bytes = le64(cur);
	record->obs.src_port = cursor_le16(cur);
	record->obs.dst_port = cursor_le16(cur);
	record->obs.protocol = cursor_u8(cur);
	record->obs.tcp_flags = cursor_u8(cur);
	record->has_flow = cur->error == OK;
}

/** Addresses are numbers: their bytes are turned, of IPv6 in two halves. */
static void addresses_read(struct cursor *cur, enum element type, struct record *record)
{
	if (type == ELEMENT_IPV4) {
		record->obs.src = ip_from_v4(cursor_le32(cur));
		record->obs.dst = ip_from_v4(cursor_le32(cur));
	} else {
		for (int i = 0; i < 2; i++)
			record->obs.src.be64[i] = __builtin_bswap64(le64(cur));
		for (int i = 0; i < 2; i++)
			record->obs.dst.be64[i] = __builtin_bswap64(le64(cur));
	}
	record->has_addresses = cur->error == OK;
}

static void ip_read(struct cursor *cur, struct record *record)
{
	cursor_skip(cur, 1);
	if ((cursor_u8(cur) & 0x20) != 0) /* more fragments; which of them this is, is not told */
		record->obs.traits |= TRAIT_FRAGMENT_FIRST;
	uint8_t least = cursor_u8(cur), greatest = cursor_u8(cur);
	record->obs.ttl = least != 0 ? least : greatest;
	if (record->obs.ttl != 0)
		record->obs.traits |= TRAIT_TTL_KNOWN;
}

static void element_read(struct cursor *cur, uint16_t type, struct record *record)
{
	switch (type) {
	case ELEMENT_FLOW:
		flow_read(cur, record);
		break;
	case ELEMENT_IPV4:
	case ELEMENT_IPV6:
		addresses_read(cur, (enum element)type, record);
		break;
	case ELEMENT_MISC:
		cursor_skip(cur, 10);
		if (cursor_u8(cur) == 1)
			record->obs.traits |= TRAIT_EGRESS;
		break;
	case ELEMENT_COUNTERS:
		cursor_skip(cur, 8);
		record->packets_out = le64(cur);
		record->bytes_out = le64(cur);
		break;
	case ELEMENT_VLAN:
		record->obs.vlan = cursor_le32(cur) & 0x0fffu;
		break;
	case ELEMENT_IP:
		ip_read(cur, record);
		break;
	default: /* names, labels, next hops: nothing of ours */
		break;
	}
}

/** Times in sense; a flow of which one end is not believed was at its other end, or when it came. */
static void times_settle(struct record *record)
{
	uint64_t first_ms = record->first_ms, last_ms = record->last_ms;
	const uint64_t longest_ms = FLOW_AGE_MAX_NS / NS_PER_MS;
	if (last_ms == 0 || last_ms > MS_MAX)
		last_ms = first_ms != 0 && first_ms <= MS_MAX ? first_ms : record->received_ms <= MS_MAX ? record->received_ms : 0;
	if (first_ms > last_ms || last_ms - first_ms > longest_ms)
		first_ms = last_ms;
	record->obs.start_ns = (int64_t)first_ms * NS_PER_MS;
	record->obs.end_ns = (int64_t)last_ms * NS_PER_MS;
}

static int record_settle(struct record *record, struct observation *ret_obs)
{
	bool came_in = (record->packets | record->bytes) != 0;
	uint64_t packets = came_in ? record->packets : record->packets_out;
	uint64_t bytes = came_in ? record->bytes : record->bytes_out;
	if (!record->has_flow || !record->has_addresses || (packets | bytes) == 0)
		return E_UNSUPPORTED;
	if (packets == 0 || packets > COUNT_MAX || bytes > COUNT_MAX || bytes / packets > UINT16_MAX)
		return E_MALFORMED;
	record->obs.packets = packets;
	record->obs.bytes = bytes;
	record->obs.sampling = 1;
	times_settle(record);
	flow_record_settle(&record->obs);
	*ret_obs = record->obs;
	return OK;
}

static int elements_parse(struct cursor *body, struct observation *ret_obs)
{
	struct record record = {0};
	uint16_t count = cursor_le16(body);
	cursor_skip(body, FLOW_HEADER_BYTES - RECORD_HEADER_BYTES - 2);
	for (uint16_t i = 0; i < count && body->error == OK; i++) {
		uint16_t type = cursor_le16(body), length_bytes = cursor_le16(body);
		if (length_bytes < RECORD_HEADER_BYTES)
			return E_MALFORMED;
		struct cursor element = cursor_slice(body, length_bytes - RECORD_HEADER_BYTES);
		element_read(&element, type, &record);
		if (element.error != OK)
			return E_MALFORMED;
	}
	return body->error == OK ? record_settle(&record, ret_obs) : E_MALFORMED;
}

int nfdump_record_next(struct cursor *cur, struct observation *ret_obs)
{
	while (cursor_left(cur) > 0) {
		uint16_t type = cursor_le16(cur), length_bytes = cursor_le16(cur);
		if (cur->error != OK || length_bytes < RECORD_HEADER_BYTES) {
			cursor_fail(cur, E_TRUNCATED);
			return E_TRUNCATED;
		}
		struct cursor body = cursor_slice(cur, length_bytes - RECORD_HEADER_BYTES);
		if (body.error != OK)
			return E_TRUNCATED;
		if (type == RECORD_FLOW)
			return elements_parse(&body, ret_obs);
	}
	return E_END;
}
