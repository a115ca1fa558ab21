/*
 * One packet into one observation. The way down is link.c (to an ethertype),
 * network_parse() (addresses, lengths, extension headers, fragments),
 * transport_parse() (ports, flags, types), and tunnel.c from there back to
 * an ethertype, at most PACKET_TUNNELS_MAX times.
 *
 *   IPv4                  RFC 791; router alert RFC 2113
 *   IPv6 and extensions   RFC 8200; router alert RFC 2711; atomic fragments RFC 6946
 *   AH, ESP               RFC 4302, 4303
 *   TCP, UDP, UDP-Lite    RFC 9293, 768, 3828
 *   SCTP                  RFC 9260
 *   ICMP, ICMPv6          RFC 792, 4443
 *
 * A length that claims more than was on the wire is cut to the wire, so that
 * nobody inflates a rate by lying. A transport header that is cut before its
 * ports, or TCP's flags, gives an observation with TRAIT_SHORT, not an error:
 * a flood of stumps is a flood.
 * An inner packet must be sound and whole, otherwise its carrier is what
 * counts: a flood of GRE with random payload is a flood of GRE.
 */
#include "decode/packet.h"

#include <string.h>

#include "decode/link.h"
#include "decode/tunnel.h"
#include "decode/view.h"

#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

enum {
	ETHERNET_BYTES = 14,
	IPV4_BYTES = 20,
	IPV6_BYTES = 40,
	TCP_BYTES = 20,
	UDP_BYTES = 8,
	ICMP_BYTES = 8,
	SCTP_BYTES = 12,
	OPTION_ROUTER_ALERT_V4 = 148,
	OPTION_ROUTER_ALERT_V6 = 5,
};

static int network_parse(struct view *view, uint16_t ethertype, unsigned depth, struct observation *obs);

/** Zeroes what is not the caller's; addresses are written by whoever comes next. */
static inline void observation_clear(struct observation *obs)
{
	size_t start = offsetof(struct observation, packets);
	uint32_t sampling = obs->sampling, exporter = obs->exporter;
	memset((uint8_t *)obs + start, 0, sizeof(*obs) - start);
	obs->sampling = sampling;
	obs->exporter = exporter;
	obs->packets = 1;
}

static inline void lengths_set(struct observation *obs, size_t bytes)
{
	obs->bytes = bytes;
	obs->length_bytes = (uint16_t)(bytes < UINT16_MAX ? bytes : UINT16_MAX);
}

static inline void payload_set(struct observation *obs, size_t bytes)
{
	obs->payload_bytes = (uint16_t)(bytes < UINT16_MAX ? bytes : UINT16_MAX);
}

/** The inner packet, if there is a sound one, takes the place of the packet that carries it. */
static __attribute__((noinline)) void tunnel_follow(const struct view *view, unsigned depth, struct observation *obs)
{
	struct view inside = *view;
	struct observation inner = *obs;
	uint16_t vlan_ignored = 0;
	if (depth >= PACKET_TUNNELS_MAX || (obs->traits & TRAIT_FRAGMENT_FIRST) != 0)
		return;
	uint16_t ethertype = tunnel_open(obs->protocol, obs->dst_port, &inside);
	if (inside.cur.error != OK || link_descend(&inside, ethertype, &vlan_ignored, &ethertype) != OK)
		return;
	observation_clear(&inner);
	if (network_parse(&inside, ethertype, depth + 1, &inner) != OK)
		return;
	inner.traits |= TRAIT_TUNNELLED | (obs->traits & TRAIT_EGRESS);
	inner.vlan = obs->vlan;
	inner.outer_protocol = obs->protocol;
	inner.outer_dst_port = obs->dst_port;
	inner.outer_length_bytes = obs->length_bytes;
	inner.outer_src = obs->src;
	inner.outer_dst = obs->dst;
	*obs = inner;
}

/** Ports are the first thing in their headers, and are told wherever they are left. */
static __attribute__((noinline)) void short_ports_parse(const struct view *view, struct observation *obs)
{
	obs->traits |= TRAIT_SHORT;
	if (cursor_left(&view->cur) < 4)
		return;
	obs->src_port = be16_at(view->cur.at);
	obs->dst_port = be16_at(view->cur.at + 2);
}

/** A UDP header cut off by the capture still tells all that counts once its ports are there. */
static __attribute__((noinline)) void short_udp_parse(const struct view *view, struct observation *obs)
{
	short_ports_parse(view, obs);
	if (cursor_left(&view->cur) < 4 || view_wire_bytes(view) < UDP_BYTES)
		return;
	obs->traits &= ~(uint32_t)TRAIT_SHORT;
	payload_set(obs, view_wire_bytes(view) - UDP_BYTES);
}

/** The same of TCP, with its flags: captures of 68 bytes, which were usual, end behind them where IP is version 6. */
static __attribute__((noinline)) void short_tcp_parse(const struct view *view, struct observation *obs)
{
	const uint8_t *at = view->cur.at;
	size_t left = cursor_left(&view->cur), wire_bytes = view_wire_bytes(view);
	short_ports_parse(view, obs);
	if (left < 14)
		return;
	obs->tcp_flags = at[13];
	if (left >= 16)
		obs->tcp_window = be16_at(at + 14);
	if (wire_bytes < TCP_BYTES)
		return;
	size_t header_bytes = (size_t)(at[12] >> 4) * 4;
	obs->traits &= ~(uint32_t)TRAIT_SHORT;
	if (header_bytes > TCP_BYTES)
		obs->traits |= TRAIT_TCP_OPTIONS;
	if (header_bytes >= TCP_BYTES && header_bytes < wire_bytes)
		payload_set(obs, wire_bytes - header_bytes);
}

static inline __attribute__((always_inline)) void tcp_parse(struct view *view, struct observation *obs)
{
	size_t wire_bytes = view_wire_bytes(view);
	if (UNLIKELY(cursor_left(&view->cur) < TCP_BYTES)) {
		short_tcp_parse(view, obs);
		return;
	}
	const uint8_t *header = view->cur.at;
	size_t header_bytes = (size_t)(header[12] >> 4) * 4;
	uint32_t sequence_be;
	memcpy(&sequence_be, header + 4, sizeof(sequence_be));
	obs->src_port = be16_at(header);
	obs->dst_port = be16_at(header + 2);
	obs->tcp_flags = header[13];
	obs->tcp_window = be16_at(header + 14);
	if (header_bytes > TCP_BYTES)
		obs->traits |= TRAIT_TCP_OPTIONS;
	if (UNLIKELY(sequence_be == obs->dst.be32[3]) && ip_is_v4(&obs->dst))
		obs->traits |= TRAIT_TCP_SEQ_IS_DST;
	if (header_bytes >= TCP_BYTES && header_bytes < wire_bytes)
		payload_set(obs, wire_bytes - header_bytes);
}

static inline void udp_parse(struct view *view, unsigned depth, struct observation *obs)
{
	if (UNLIKELY(cursor_left(&view->cur) < UDP_BYTES)) {
		short_udp_parse(view, obs);
		return;
	}
	const uint8_t *header = view->cur.at;
	view->cur.at += UDP_BYTES;
	obs->src_port = be16_at(header);
	obs->dst_port = be16_at(header + 2);
	size_t udp_bytes = be16_at(header + 4);
	if (udp_bytes >= UDP_BYTES) /* else a lie, or too long for its field: what IP says counts */
		view_narrow(view, udp_bytes - UDP_BYTES);
	payload_set(obs, view_wire_bytes(view));
	obs->signature = (uint8_t)signature_of(view->cur.at, cursor_left(&view->cur), obs->payload_bytes, obs->src_port,
		obs->dst_port);
	if (UNLIKELY(tunnel_is_port(obs->dst_port)))
		tunnel_follow(view, depth, obs);
}

/** UDP-Lite and SCTP: ports where UDP has them, and headers of their own length. */
static void ports_parse(struct view *view, size_t header_bytes, struct observation *obs)
{
	if (cursor_left(&view->cur) < header_bytes) {
		short_ports_parse(view, obs);
		return;
	}
	const uint8_t *header = view->cur.at;
	view->cur.at += header_bytes;
	obs->src_port = be16_at(header);
	obs->dst_port = be16_at(header + 2);
	payload_set(obs, view_wire_bytes(view));
}

/** Hop-by-hop and destination options, or IPv4's: type, length, value; padding has no length. */
static bool options_have(const uint8_t *at, size_t length_bytes, bool is_v6, uint8_t wanted)
{
	size_t i = 0;
	while (i < length_bytes) {
		uint8_t type = at[i];
		if (type == wanted)
			return true;
		if (!is_v6 && type == 0) /* end of the list */
			return false;
		bool is_single = is_v6 ? type == 0 : type == 1;
		if (!is_single && i + 1 >= length_bytes)
			return false;
		size_t step_bytes = is_single ? 1 : is_v6 ? at[i + 1] + 2u : at[i + 1];
		if (step_bytes == 0)
			return false;
		i += step_bytes;
	}
	return false;
}

/** Steps over an authentication header, if it is sound and something follows it; else it is the protocol. */
static bool ah_step(struct view *view, uint8_t *ret_protocol)
{
	const uint8_t *at = view->cur.at;
	size_t left = cursor_left(&view->cur);
	if (left < 12 || be16_at(at + 2) != 0) /* RFC 4302 section 2.3: reserved, must be zero */
		return false;
	size_t header_bytes = (at[1] + 2u) * 4u;
	if (header_bytes < 12 || header_bytes > left || header_bytes == view_wire_bytes(view) || at[0] == PROTOCOL_IPV6_NONXT)
		return false;
	*ret_protocol = at[0];
	view->cur.at += header_bytes;
	return true;
}

/** Steps over one IPv6 fragment header. */
static bool fragment_step(struct view *view, struct observation *obs)
{
	const uint8_t *header = cursor_take(&view->cur, 8);
	if (header == NULL) {
		obs->traits |= TRAIT_SHORT;
		return false;
	}
	bool more = (header[3] & 1) != 0;
	obs->protocol = header[0];
	if ((be16_at(header + 2) & 0xfff8) != 0) {
		obs->traits |= TRAIT_FRAGMENT_LATER;
		return false; /* what follows is the middle of something */
	}
	obs->traits |= more ? TRAIT_FRAGMENT_FIRST : TRAIT_FRAGMENT_ATOMIC;
	return true;
}

/** Steps over one hop-by-hop, routing or destination options header. */
static bool options_step(struct view *view, struct observation *obs)
{
	obs->traits |= TRAIT_IPV6_EXTENSIONS;
	size_t left = cursor_left(&view->cur);
	size_t header_bytes = left >= 2 ? (view->cur.at[1] + 1u) * 8u : 8;
	const uint8_t *header = cursor_take(&view->cur, header_bytes);
	if (header == NULL) {
		obs->traits |= TRAIT_SHORT;
		return false;
	}
	if (obs->protocol == PROTOCOL_HOPOPT && options_have(header + 2, header_bytes - 2, true, OPTION_ROUTER_ALERT_V6))
		obs->traits |= TRAIT_ROUTER_ALERT;
	obs->protocol = header[0];
	return true;
}

/** Walks IPv6 extension headers; leaves the upper-layer protocol, or the header where the walk had to end. */
static __attribute__((noinline)) void extensions_walk(struct view *view, struct observation *obs)
{
	bool goes_on = true;
	while (goes_on) {
		switch (obs->protocol) {
		case PROTOCOL_HOPOPT:
		case PROTOCOL_IPV6_ROUTE:
		case PROTOCOL_IPV6_OPTS:
			goes_on = options_step(view, obs);
			break;
		case PROTOCOL_IPV6_FRAG:
			goes_on = fragment_step(view, obs);
			break;
		case PROTOCOL_AH:
			goes_on = ah_step(view, &obs->protocol);
			obs->traits |= goes_on ? TRAIT_AH : 0;
			break;
		default:
			goes_on = false;
		}
	}
}

static bool has_ports(uint8_t protocol)
{
	return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP || protocol == PROTOCOL_UDPLITE || protocol == PROTOCOL_SCTP;
}

/** The packet that an ICMP error answers: RFC 792 quotes header and 8 bytes, RFC 4443 as much as fits. */
static void quote_parse(struct view quote, struct observation *obs)
{
	struct observation quoted = {0};
	const uint8_t *header = quote.cur.at;
	size_t left = cursor_left(&quote.cur);
	if (left >= IPV4_BYTES && header[0] >> 4 == 4 && (header[0] & 0x0f) >= 5) {
		quoted.protocol = header[9];
		quoted.traits = (be16_at(header + 6) & 0x1fff) != 0 ? TRAIT_FRAGMENT_LATER : 0;
		cursor_skip(&quote.cur, (header[0] & 0x0fu) * 4u);
	} else if (left >= IPV6_BYTES && header[0] >> 4 == 6) {
		quoted.protocol = header[6];
		cursor_skip(&quote.cur, IPV6_BYTES);
		extensions_walk(&quote, &quoted);
	} else {
		return;
	}
	obs->traits |= TRAIT_ICMP_QUOTE;
	obs->quoted_protocol = quoted.protocol;
	if (has_ports(quoted.protocol) && (quoted.traits & TRAIT_FRAGMENT_LATER) == 0 && cursor_left(&quote.cur) >= 4) {
		obs->quoted_src_port = be16_at(quote.cur.at);
		obs->quoted_dst_port = be16_at(quote.cur.at + 2);
	}
}

static bool icmp_is_error(uint8_t protocol, uint8_t type)
{
	if (protocol == PROTOCOL_ICMPV6)
		return type >= 1 && type <= 4;
	return (type >= 3 && type <= 5) || type == 11 || type == 12;
}

static void icmp_parse(struct view *view, struct observation *obs)
{
	if (cursor_left(&view->cur) < 2) {
		obs->traits |= TRAIT_SHORT;
		return;
	}
	obs->icmp_type = view->cur.at[0];
	obs->icmp_code = view->cur.at[1];
	if (cursor_take(&view->cur, ICMP_BYTES) == NULL)
		return;
	payload_set(obs, view_wire_bytes(view));
	if (icmp_is_error(obs->protocol, obs->icmp_type))
		quote_parse(*view, obs);
}

/** What is behind the IP headers. */
static inline __attribute__((always_inline)) void transport_parse(struct view *view, unsigned depth, struct observation *obs)
{
	if (UNLIKELY((obs->traits & TRAIT_FRAGMENT_LATER) != 0)) {
		payload_set(obs, view_wire_bytes(view));
		return;
	}
	if (obs->protocol == PROTOCOL_TCP) { /* most packets, so before all others */
		tcp_parse(view, obs);
		return;
	}
	switch (obs->protocol) {
	case PROTOCOL_UDP:
		udp_parse(view, depth, obs);
		break;
	case PROTOCOL_UDPLITE:
		ports_parse(view, UDP_BYTES, obs);
		break;
	case PROTOCOL_SCTP:
		ports_parse(view, SCTP_BYTES, obs);
		break;
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		icmp_parse(view, obs);
		break;
	case PROTOCOL_IPV4:
	case PROTOCOL_IPV6:
	case PROTOCOL_GRE:
	case PROTOCOL_ETHERIP:
	case PROTOCOL_MPLS:
		payload_set(obs, view_wire_bytes(view));
		tunnel_follow(view, depth, obs);
		break;
	default:
		payload_set(obs, view_wire_bytes(view));
	}
}

static __attribute__((noinline)) void ipv4_options_parse(struct view *view, size_t options_bytes, struct observation *obs)
{
	obs->traits |= TRAIT_IP_OPTIONS;
	const uint8_t *options = cursor_take(&view->cur, options_bytes);
	if (options != NULL && options_have(options, options_bytes, false, OPTION_ROUTER_ALERT_V4))
		obs->traits |= TRAIT_ROUTER_ALERT;
}

static inline __attribute__((always_inline)) int ipv4_parse(struct view *view, unsigned depth, struct observation *obs)
{
	size_t wire_bytes = view_wire_bytes(view);
	const uint8_t *header = cursor_take(&view->cur, IPV4_BYTES);
	if (UNLIKELY(header == NULL))
		return E_TRUNCATED;
	size_t header_bytes = (header[0] & 0x0fu) * 4u;
	size_t total_bytes = be16_at(header + 2);
	if (UNLIKELY(total_bytes == 0 && depth == 0)) /* left to the network card to fill in (segmentation offload) */
		total_bytes = wire_bytes;
	if (UNLIKELY(header[0] >> 4 != 4 || header_bytes < IPV4_BYTES || total_bytes < header_bytes))
		return E_MALFORMED;
	if (UNLIKELY(total_bytes > wire_bytes)) {
		if (depth > 0)
			return E_MALFORMED;
		total_bytes = wire_bytes;
	}
	view_narrow(view, total_bytes - IPV4_BYTES);
	lengths_set(obs, total_bytes);
	obs->src = ip_from_v4(be32_at(header + 12));
	obs->dst = ip_from_v4(be32_at(header + 16));
	obs->ttl = header[8];
	obs->traits |= TRAIT_TTL_KNOWN;
	obs->protocol = header[9];
	uint16_t fragment = be16_at(header + 6) & 0x3fff;
	if (UNLIKELY(fragment != 0))
		obs->traits |= (fragment & 0x1fff) != 0 ? TRAIT_FRAGMENT_LATER : TRAIT_FRAGMENT_FIRST;
	if (UNLIKELY(header_bytes > IPV4_BYTES))
		ipv4_options_parse(view, header_bytes - IPV4_BYTES, obs);
	while (UNLIKELY(obs->protocol == PROTOCOL_AH) && (obs->traits & TRAIT_FRAGMENT_LATER) == 0 &&
		ah_step(view, &obs->protocol))
		obs->traits |= TRAIT_AH;
	transport_parse(view, depth, obs);
	return OK;
}

static inline int ipv6_parse(struct view *view, unsigned depth, struct observation *obs)
{
	static const uint64_t extensions = UINT64_C(1) << PROTOCOL_HOPOPT | UINT64_C(1) << PROTOCOL_IPV6_ROUTE |
		UINT64_C(1) << PROTOCOL_IPV6_FRAG | UINT64_C(1) << PROTOCOL_AH | UINT64_C(1) << PROTOCOL_IPV6_OPTS;
	size_t wire_bytes = view_wire_bytes(view);
	const uint8_t *header = cursor_take(&view->cur, IPV6_BYTES);
	if (UNLIKELY(header == NULL))
		return E_TRUNCATED;
	size_t total_bytes = IPV6_BYTES + (size_t)be16_at(header + 4);
	obs->protocol = header[6];
	if (UNLIKELY(header[0] >> 4 != 6))
		return E_MALFORMED;
	/* Length 0: a jumbogram (RFC 2675) or segmentation offload, unless nothing is announced to follow. */
	if (UNLIKELY(total_bytes == IPV6_BYTES && obs->protocol != PROTOCOL_IPV6_NONXT && depth == 0))
		total_bytes = wire_bytes;
	if (UNLIKELY(total_bytes > wire_bytes)) {
		if (depth > 0)
			return E_MALFORMED;
		total_bytes = wire_bytes;
	}
	view_narrow(view, total_bytes - IPV6_BYTES);
	lengths_set(obs, total_bytes);
	memcpy(obs->src.bytes, header + 8, sizeof(obs->src.bytes));
	memcpy(obs->dst.bytes, header + 24, sizeof(obs->dst.bytes));
	obs->ttl = header[7];
	obs->traits |= TRAIT_TTL_KNOWN;
	if (obs->protocol < 64 && (extensions >> obs->protocol & 1) != 0)
		extensions_walk(view, obs);
	transport_parse(view, depth, obs);
	return OK;
}

static __attribute__((noinline)) int network_parse(struct view *view, uint16_t ethertype, unsigned depth, struct observation *obs)
{
	return ethertype == ETHERTYPE_IPV4 ? ipv4_parse(view, depth, obs) : ipv6_parse(view, depth, obs);
}

bool packet_link_is_read(enum link_type link)
{
	static const uint8_t zeros[64];
	struct view view = {.cur = cursor_over(zeros, sizeof(zeros))};
	uint32_t traits = 0;
	uint16_t ethertype;
	return link_open(link, &view, &traits, &ethertype) != E_UNSUPPORTED;
}

int packet_parse(enum link_type link, const uint8_t *bytes, size_t captured_bytes, size_t wire_bytes,
	struct observation *ret_obs)
{
	struct view view = {
		.cur = cursor_over(bytes, captured_bytes),
		.cut_bytes = wire_bytes > captured_bytes ? wire_bytes - captured_bytes : 0,
	};
	uint16_t ethertype;
	observation_clear(ret_obs);
	if (LIKELY(link == LINK_ETHERNET && captured_bytes >= ETHERNET_BYTES + IPV4_BYTES &&
			be16_at(bytes + 12) == ETHERTYPE_IPV4)) {
		view.cur.at += ETHERNET_BYTES;
		return ipv4_parse(&view, 0, ret_obs);
	}
	int err = link_open(link, &view, &ret_obs->traits, &ethertype);
	if (err == OK)
		err = link_descend(&view, ethertype, &ret_obs->vlan, &ethertype);
	if (err == OK)
		err = network_parse(&view, ethertype, 0, ret_obs);
	return err;
}
