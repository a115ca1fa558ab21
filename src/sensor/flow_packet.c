/*
 * Flow exports inside packets. An observation tells the length of the UDP
 * payload and not its place, so the place is found from the end: the payload
 * ends where the packet does, or some bytes before (a frame check sequence,
 * padding), and the eight bytes in front of it must be its UDP header.
 */
#include "sensor/flow_packet.h"

#include "core/cursor.h"
#include "decode/flow.h"

#define UDP_HEADER_BYTES 8
#define TRAILER_BYTES_MAX 8 /* behind the IP packet: a frame check sequence, a switch's tag */
#define SHORTEST_EXPORT_BYTES 20 /* a v9 or IPFIX header with one set of no records */

/** Ports that exporters send to by default: of nfdump, pmacct, ntop, Cisco, Juniper, IANA's ipfix and sflow. */
static bool is_flow_port(uint16_t port)
{
	static const uint16_t ports[] = {2055, 2056, 4432, 4729, 4739, 6343, 9555, 9995, 9996};
	for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
		if (ports[i] == port)
			return true;
	}
	return false;
}

/** RFC 3954 and RFC 7011 sets: each says its length, and together they fill the datagram. */
static bool sets_fit(struct cursor *cur)
{
	while (cursor_left(cur) > 0 && cur->error == OK) {
		cursor_skip(cur, 2);
		uint16_t length = cursor_be16(cur);
		if (length < 4)
			return false;
		cursor_skip(cur, length - 4u);
	}
	return cur->error == OK;
}

/** Whether the lengths and fixed fields inside agree with the length of the whole. */
static bool is_plausible(enum flow_format format, const uint8_t *bytes, size_t length)
{
	struct cursor cur = cursor_over(bytes, length);
	cursor_skip(&cur, 2);
	uint16_t second = cursor_be16(&cur);
	switch (format) {
	case FLOW_UNKNOWN:
	case FLOW_FORMAT_COUNT:
		return false;
	case FLOW_NETFLOW5: /* header of 24 bytes, records of 48 */
		return second >= 1 && second <= 30 && length == 24 + 48 * (size_t)second;
	case FLOW_NETFLOW9: /* RFC 3954 section 5.1: header of 20 bytes */
		cursor_skip(&cur, 16);
		return second >= 1 && sets_fit(&cur);
	case FLOW_IPFIX: /* RFC 7011 section 3.1: header of 16 bytes with the length of all */
		cursor_skip(&cur, 12);
		return second == length && sets_fit(&cur);
	case FLOW_SFLOW5: { /* agent address of type 1 (IPv4) or 2 (IPv6), then 12 bytes and the number of samples */
		uint32_t type = cursor_be32(&cur);
		cursor_skip(&cur, type == 2 ? 28 : 16);
		uint32_t samples = cursor_be32(&cur);
		return (type == 1 || type == 2) && samples >= 1 && samples <= cursor_left(&cur) / 8;
	}
	}
	return false;
}

/** The UDP payload from the packet's end; NULL where the headers do not agree or bytes were not captured. */
static const uint8_t *payload_find(const struct capture_packet *packet, const struct observation *obs)
{
	size_t needed = (size_t)obs->payload_bytes + UDP_HEADER_BYTES;
	for (size_t trailer = 0; trailer <= TRAILER_BYTES_MAX && needed + trailer <= packet->captured_bytes; trailer++) {
		const uint8_t *header = packet->bytes + (packet->captured_bytes - trailer - needed);
		struct cursor cur = cursor_over(header, UDP_HEADER_BYTES);
		if (cursor_be16(&cur) == obs->src_port && cursor_be16(&cur) == obs->dst_port && cursor_be16(&cur) == needed)
			return header + UDP_HEADER_BYTES;
	}
	return NULL;
}

bool flow_packet_find(const struct capture_packet *packet, const struct observation *obs, struct flow_packet *ret_payload)
{
	if (obs->protocol != PROTOCOL_UDP || obs->payload_bytes < SHORTEST_EXPORT_BYTES ||
	    packet->captured_bytes != packet->wire_bytes || (obs->traits & (TRAIT_FRAGMENT_FIRST | TRAIT_FRAGMENT_LATER)) != 0)
		return false;
	const uint8_t *payload = payload_find(packet, obs);
	if (payload == NULL)
		return false;
	enum flow_format format = flow_format_of(payload, obs->payload_bytes);
	if (format == FLOW_UNKNOWN)
		return false;
	if (!is_flow_port(obs->dst_port) && !is_plausible(format, payload, obs->payload_bytes))
		return false;
	*ret_payload = (struct flow_packet){.bytes = payload, .length_bytes = obs->payload_bytes};
	return true;
}
