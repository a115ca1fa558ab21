/*
 * What every decoder produces, from a packet on the wire and from a flow
 * record alike: one mechanical fact, without content. Detectors read this
 * and nothing else.
 *
 * There is no member that could carry payload; the first bytes of a UDP
 * payload may give a signature, which is a name (see signature.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/ip.h"
#include "decode/signature.h"

/** IP protocol numbers that are named somewhere (IANA protocol-numbers). */
enum ip_protocol {
	PROTOCOL_HOPOPT = 0,
	PROTOCOL_ICMP = 1,
	PROTOCOL_IGMP = 2,
	PROTOCOL_IPV4 = 4,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_IPV6 = 41,
	PROTOCOL_IPV6_ROUTE = 43,
	PROTOCOL_IPV6_FRAG = 44,
	PROTOCOL_GRE = 47,
	PROTOCOL_ESP = 50,
	PROTOCOL_AH = 51,
	PROTOCOL_ICMPV6 = 58,
	PROTOCOL_IPV6_NONXT = 59,
	PROTOCOL_IPV6_OPTS = 60,
	PROTOCOL_ETHERIP = 97,
	PROTOCOL_SCTP = 132,
	PROTOCOL_UDPLITE = 136,
	PROTOCOL_MPLS = 137,
};

/** TCP flags, RFC 9293 section 3.1, as in the header's byte 13. */
enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
};

/** Facts about one observation, or-ed into observation.traits. */
enum observation_trait {
	TRAIT_FRAGMENT_FIRST = 1 << 0, /* offset 0, more follow */
	TRAIT_FRAGMENT_LATER = 1 << 1, /* offset not 0: no ports */
	TRAIT_FRAGMENT_ATOMIC = 1 << 2, /* IPv6 fragment header that fragments nothing (RFC 6946) */
	TRAIT_IPV6_EXTENSIONS = 1 << 3, /* hop-by-hop, routing or destination options header seen */
	TRAIT_IP_OPTIONS = 1 << 4, /* IPv4 header longer than 20 bytes */
	TRAIT_TUNNELLED = 1 << 5, /* addresses are those of an inner header, outer_* tell of the outermost one */
	TRAIT_TCP_OPTIONS = 1 << 6, /* TCP header longer than 20 bytes */
	TRAIT_TCP_SEQ_IS_DST = 1 << 7, /* TCP sequence number equals the IPv4 destination: Mirai's scanner */
	TRAIT_FLOW = 1 << 8, /* from a flow record: counts are sums, lengths are means */
	TRAIT_SHORT = 1 << 9, /* the transport header was cut off, or its flags not exported: ports or flags are unknown */
	TRAIT_TTL_KNOWN = 1 << 10, /* ttl holds a value (flow records seldom have one) */
	TRAIT_ROUTER_ALERT = 1 << 11, /* a hop-by-hop or IPv4 router alert option */
	TRAIT_ICMP_QUOTE = 1 << 12, /* ICMP error: quoted_* describe the packet it answers */
	TRAIT_EGRESS = 1 << 13, /* capture or exporter says: leaving through the watched interface */
	TRAIT_AH = 1 << 14, /* an authentication header was stepped over; protocol is what it carries */
};

struct observation {
	int64_t start_ns; /* wall clock; first packet */
	int64_t end_ns; /* wall clock; last packet; equal to start_ns for a packet */
	struct ip_addr src;
	struct ip_addr dst;
	uint64_t packets; /* as reported, before correction for sampling; 1 for a packet */
	uint64_t bytes; /* IP bytes (header and payload), before correction for sampling */
	uint32_t sampling; /* one packet in this many was looked at; 1: all; never 0 */
	uint32_t exporter; /* index given by the caller: interface, file or flow exporter */
	uint32_t traits; /* enum observation_trait */
	uint16_t src_port; /* 0 where the protocol has none or it is not known */
	uint16_t dst_port;
	uint16_t length_bytes; /* IP length of the packet, mean for a flow; capped at 65535 */
	uint16_t payload_bytes; /* transport payload by the headers' own lengths, mean for a flow; 0 where not known */
	uint16_t tcp_window; /* as sent, 0 where not known */
	uint16_t vlan; /* outermost VLAN id, 0: none */
	uint8_t protocol; /* enum ip_protocol or any other number: the upper-layer protocol */
	uint8_t tcp_flags; /* enum tcp_flag; all flags seen, for a flow */
	uint8_t ttl; /* TTL or hop limit, see TRAIT_TTL_KNOWN */
	uint8_t icmp_type; /* ICMP and ICMPv6 */
	uint8_t icmp_code;
	uint8_t signature; /* enum signature */
	uint8_t quoted_protocol; /* with TRAIT_ICMP_QUOTE: protocol of the quoted packet */
	uint8_t outer_protocol; /* with TRAIT_TUNNELLED: protocol of the outermost IP header: GRE, IPV4, IPV6, UDP ... */
	uint16_t quoted_src_port; /* with TRAIT_ICMP_QUOTE */
	uint16_t quoted_dst_port;
	uint16_t outer_dst_port; /* with TRAIT_TUNNELLED over UDP: 4789, 6081 ...; else 0 */
	uint16_t outer_length_bytes; /* with TRAIT_TUNNELLED: IP length of the outermost packet */
	struct ip_addr outer_src; /* with TRAIT_TUNNELLED: addresses of the outermost IP header */
	struct ip_addr outer_dst;
};

/** Packets after correction for sampling. */
static inline uint64_t observation_packets(const struct observation *obs)
{
	return obs->packets * obs->sampling;
}

/** IP bytes after correction for sampling. */
static inline uint64_t observation_bytes(const struct observation *obs)
{
	return obs->bytes * obs->sampling;
}

/**
 * The packet as its outermost IP header shows it, for a target that is flooded with tunnel packets but ends no
 * tunnel (Mirai's GRE flood carries a sound inner IP packet with invented addresses).
 *
 * @param obs with TRAIT_TUNNELLED
 * @return an observation of its own, of outer_protocol between the outer addresses
 */
static inline struct observation observation_outer(const struct observation *obs)
{
	return (struct observation){
		.start_ns = obs->start_ns,
		.end_ns = obs->end_ns,
		.src = obs->outer_src,
		.dst = obs->outer_dst,
		.packets = obs->packets,
		.bytes = obs->packets * obs->outer_length_bytes,
		.sampling = obs->sampling,
		.exporter = obs->exporter,
		.traits = obs->traits & (TRAIT_EGRESS | TRAIT_FLOW),
		.dst_port = obs->outer_dst_port,
		.length_bytes = obs->outer_length_bytes,
		.vlan = obs->vlan,
		.protocol = obs->outer_protocol,
	};
}
