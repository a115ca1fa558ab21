/*
 * Writes packets. Nothing is allocated, and the order is always the same:
 * Ethernet, IP header, extension headers, transport header, payload. A
 * datagram that is cut into fragments is first written whole beside the
 * frame, because its checksum covers all of it, and then a slice is copied.
 *
 * Checksums are the Internet checksum of RFC 1071: a sum of 16-bit words
 * that does not care about byte order, so words are added as the machine
 * loads them.
 */
#include "exercise/frame.h"

#include <string.h>

#include "core/err.h"
#include "decode/observation.h"

#define ETHERNET_BYTES 14
#define ETHERNET_PAYLOAD_MIN_BYTES 46 /* shorter packets are padded; 60 bytes, 64 with the check sequence */
#define EXTENSION_BYTES 8 /* each extension header that we write */

static const uint8_t mac_router[6] = {0x02, 0x48, 0x49, 0x4e, 0x4f, 0x01};
static const uint8_t mac_member[6] = {0x02, 0x48, 0x49, 0x4e, 0x4f, 0x02};

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, (uint16_t)(value >> 16));
	put16(at + 2, (uint16_t)value);
}

static uint64_t sum_bytes(uint64_t sum, const uint8_t *bytes, size_t length_bytes)
{
	for (; length_bytes >= 4; bytes += 4, length_bytes -= 4) {
		uint32_t word;
		memcpy(&word, bytes, sizeof(word));
		sum += word;
	}
	uint32_t last = 0;
	memcpy(&last, bytes, length_bytes);
	return sum + last;
}

static void sum_store(uint8_t *at, uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	uint16_t checksum = (uint16_t)~sum;
	memcpy(at, &checksum, sizeof(checksum));
}

/* RFC 9293 section 3.1 and RFC 8200 section 8.1. */
static uint64_t sum_pseudo(const struct packet *packet, size_t datagram_bytes)
{
	uint8_t tail[4] = {0, packet->protocol, (uint8_t)(datagram_bytes >> 8), (uint8_t)datagram_bytes};
	uint64_t sum = sum_bytes(0, tail, sizeof(tail));
	if (ip_is_v4(&packet->src))
		return sum + packet->src.be32[3] + packet->dst.be32[3];
	sum = sum_bytes(sum, packet->src.bytes, sizeof(packet->src.bytes));
	return sum_bytes(sum, packet->dst.bytes, sizeof(packet->dst.bytes));
}

static size_t tcp_option_bytes(const struct packet *packet)
{
	switch ((enum tcp_option_set)packet->tcp_options) {
	case TCP_OPTION_SET_NONE:
		return 0;
	case TCP_OPTION_SET_MSS:
		return 4;
	case TCP_OPTION_SET_SYN:
		return 20;
	case TCP_OPTION_SET_TIMESTAMP:
		return 12;
	}
	return 0;
}

static size_t transport_header_bytes(const struct packet *packet)
{
	if (packet->is_bare)
		return 0;
	switch (packet->protocol) {
	case PROTOCOL_TCP:
		return 20 + tcp_option_bytes(packet);
	case PROTOCOL_UDP:
		return 8;
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		return 4;
	default:
		return 0;
	}
}

size_t frame_datagram_bytes(const struct packet *packet)
{
	return transport_header_bytes(packet) + packet->payload_bytes;
}

static unsigned extension_count(const struct packet *packet)
{
	switch ((enum frame_extension)packet->extension) {
	case FRAME_EXTENSION_NONE:
		return 0;
	case FRAME_EXTENSION_HOP_BY_HOP:
	case FRAME_EXTENSION_ROUTING:
	case FRAME_EXTENSION_DESTINATION:
		return 1;
	case FRAME_EXTENSION_ALL:
		return 3;
	}
	return 0;
}

static size_t sent_bytes(const struct packet *packet)
{
	return packet->fragment_bytes != 0 ? packet->fragment_bytes : frame_datagram_bytes(packet);
}

size_t frame_ip_bytes(const struct packet *packet)
{
	if (ip_is_v4(&packet->dst))
		return 20 + sent_bytes(packet);
	size_t fragment_bytes = packet->fragment_bytes != 0 ? EXTENSION_BYTES : 0;
	return 40 + extension_count(packet) * EXTENSION_BYTES + fragment_bytes + sent_bytes(packet);
}

static void tcp_options_write(const struct packet *packet, uint8_t *at)
{
	static const uint8_t syn[20] = {2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 7};
	static const uint8_t open[12] = {1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0};
	uint32_t clock_ms = (uint32_t)(packet->time_ns / 1000000) + packet->src.be32[3];

	switch ((enum tcp_option_set)packet->tcp_options) {
	case TCP_OPTION_SET_NONE:
		break;
	case TCP_OPTION_SET_MSS:
		memcpy(at, syn, 4);
		break;
	case TCP_OPTION_SET_SYN:
		memcpy(at, syn, sizeof(syn));
		put32(at + 8, clock_ms);
		break;
	case TCP_OPTION_SET_TIMESTAMP:
		memcpy(at, open, sizeof(open));
		put32(at + 4, clock_ms);
		put32(at + 8, clock_ms - 20);
		break;
	}
}

static void payload_write(const struct packet *packet, uint8_t *at)
{
	size_t prefix_bytes = packet->prefix_bytes < packet->payload_bytes ? packet->prefix_bytes : packet->payload_bytes;
	memcpy(at, packet->prefix, prefix_bytes);
	if (packet->payload_bytes > prefix_bytes)
		memcpy(at + prefix_bytes, packet->fill, packet->payload_bytes - prefix_bytes);
}

static void tcp_write(const struct packet *packet, uint8_t *at)
{
	put16(at, packet->src_port);
	put16(at + 2, packet->dst_port);
	put32(at + 4, packet->tcp_seq);
	put32(at + 8, packet->tcp_ack);
	at[12] = (uint8_t)((20 + tcp_option_bytes(packet)) / 4 << 4);
	at[13] = packet->tcp_flags;
	put16(at + 14, packet->tcp_window);
	put16(at + 16, 0);
	put16(at + 18, packet->tcp_urgent);
	tcp_options_write(packet, at + 20);
}

/* Writes the whole datagram: transport header with its checksum, and payload. */
static void datagram_write(const struct packet *packet, uint8_t *at)
{
	size_t header_bytes = transport_header_bytes(packet);
	size_t datagram_bytes = header_bytes + packet->payload_bytes;

	payload_write(packet, at + header_bytes);
	if (packet->is_bare)
		return;
	switch (packet->protocol) {
	case PROTOCOL_TCP:
		tcp_write(packet, at);
		sum_store(at + 16, sum_bytes(sum_pseudo(packet, datagram_bytes), at, datagram_bytes));
		break;
	case PROTOCOL_UDP:
		put16(at, packet->src_port);
		put16(at + 2, packet->dst_port);
		put16(at + 4, (uint16_t)datagram_bytes);
		put16(at + 6, 0);
		sum_store(at + 6, sum_bytes(sum_pseudo(packet, datagram_bytes), at, datagram_bytes));
		if (at[6] == 0 && at[7] == 0) /* RFC 768: zero says that there is no checksum */
			put16(at + 6, 0xffff);
		break;
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		at[0] = packet->icmp_type;
		at[1] = packet->icmp_code;
		put16(at + 2, 0);
		sum_store(at + 2, sum_bytes(packet->protocol == PROTOCOL_ICMPV6 ? sum_pseudo(packet, datagram_bytes) : 0,
			at, datagram_bytes));
		break;
	default:
		break;
	}
}

static uint8_t *ipv4_write(const struct packet *packet, uint8_t *at)
{
	at[0] = 0x45;
	at[1] = 0;
	put16(at + 2, (uint16_t)frame_ip_bytes(packet));
	put16(at + 4, packet->ip_id);
	uint16_t fragment = (uint16_t)(packet->fragment_offset_bytes / 8 | (packet->fragment_more ? 0x2000 : 0));
	if (packet->fragment_bytes == 0 && packet->protocol == PROTOCOL_TCP)
		fragment = 0x4000; /* don't fragment: path MTU discovery, as everyone's TCP does */
	put16(at + 6, fragment);
	at[8] = packet->ttl;
	at[9] = packet->protocol;
	put16(at + 10, 0);
	memcpy(at + 12, &packet->src.be32[3], 4);
	memcpy(at + 16, &packet->dst.be32[3], 4);
	sum_store(at + 10, sum_bytes(0, at, 20));
	return at + 20;
}

/*
 * One extension header of 8 bytes: padding options (RFC 8200 section 4.2), or a routing header of the type for
 * experiments (RFC 4727).
 */
static uint8_t *extension_write(uint8_t *at, uint8_t next_header, bool is_routing)
{
	static const uint8_t padding[EXTENSION_BYTES] = {0, 0, 1, 4, 0, 0, 0, 0};
	static const uint8_t routing[EXTENSION_BYTES] = {0, 0, 253, 0, 0, 0, 0, 0};
	memcpy(at, is_routing ? routing : padding, EXTENSION_BYTES);
	at[0] = next_header;
	return at + EXTENSION_BYTES;
}

static uint8_t *ipv6_write(const struct packet *packet, uint8_t *at)
{
	static const uint8_t chain[3] = {PROTOCOL_HOPOPT, PROTOCOL_IPV6_ROUTE, PROTOCOL_IPV6_OPTS};
	unsigned count = extension_count(packet);
	unsigned first = packet->extension == FRAME_EXTENSION_ALL ? 0 : packet->extension - FRAME_EXTENSION_HOP_BY_HOP;
	uint8_t behind = packet->fragment_bytes != 0 ? (uint8_t)PROTOCOL_IPV6_FRAG : packet->protocol;

	put32(at, 0x60000000);
	put16(at + 4, (uint16_t)(frame_ip_bytes(packet) - 40));
	at[6] = count > 0 ? chain[first] : behind;
	at[7] = packet->ttl;
	memcpy(at + 8, packet->src.bytes, 16);
	memcpy(at + 24, packet->dst.bytes, 16);
	at += 40;
	for (unsigned i = 0; i < count; i++)
		at = extension_write(at, i + 1 < count ? chain[first + i + 1] : behind,
			chain[first + i] == PROTOCOL_IPV6_ROUTE);
	if (packet->fragment_bytes == 0)
		return at;
	at[0] = packet->protocol;
	at[1] = 0;
	put16(at + 2, (uint16_t)(packet->fragment_offset_bytes | (packet->fragment_more ? 1 : 0)));
	put32(at + 4, packet->ip_id);
	return at + EXTENSION_BYTES;
}

size_t frame_quote_write(const struct packet *packet, uint8_t ret_bytes[static 48])
{
	uint8_t *at = ip_is_v4(&packet->dst) ? ipv4_write(packet, ret_bytes) : ipv6_write(packet, ret_bytes);
	put16(at, packet->src_port);
	put16(at + 2, packet->dst_port);
	put32(at + 4, packet->protocol == PROTOCOL_UDP ? (uint32_t)frame_datagram_bytes(packet) << 16 : packet->tcp_seq);
	return (size_t)(at + 8 - ret_bytes);
}

size_t frame_write(const struct packet *packet, uint8_t ret_frame[static FRAME_BYTES_MAX])
{
	bool is_v4 = ip_is_v4(&packet->dst);
	size_t ip_bytes = frame_ip_bytes(packet);
	ASSERT(ip_bytes <= FRAME_MTU_BYTES);

	memcpy(ret_frame, packet->is_outbound ? mac_router : mac_member, 6);
	memcpy(ret_frame + 6, packet->is_outbound ? mac_member : mac_router, 6);
	put16(ret_frame + 12, is_v4 ? 0x0800 : 0x86dd);
	uint8_t *at = ret_frame + ETHERNET_BYTES;
	at = is_v4 ? ipv4_write(packet, at) : ipv6_write(packet, at);

	if (packet->fragment_bytes == 0) {
		datagram_write(packet, at);
	} else if (packet->is_bare) {
		memcpy(at, packet->fill, packet->fragment_bytes);
	} else {
		uint8_t datagram[FRAME_DATAGRAM_BYTES_MAX];
		ASSERT(frame_datagram_bytes(packet) <= sizeof(datagram));
		ASSERT((size_t)packet->fragment_offset_bytes + packet->fragment_bytes <= frame_datagram_bytes(packet));
		datagram_write(packet, datagram);
		memcpy(at, datagram + packet->fragment_offset_bytes, packet->fragment_bytes);
	}
	if (ip_bytes < ETHERNET_PAYLOAD_MIN_BYTES) {
		memset(ret_frame + ETHERNET_BYTES + ip_bytes, 0, ETHERNET_PAYLOAD_MIN_BYTES - ip_bytes);
		ip_bytes = ETHERNET_PAYLOAD_MIN_BYTES;
	}
	return ETHERNET_BYTES + ip_bytes;
}
