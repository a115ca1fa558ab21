/*
 * Traffic for the tests of prediction and synthesis: good clients of a web
 * server and attacks on it, as packet facts, repeatable from a seed. The
 * shapes are those of the exercise.
 */
#pragma once

#include "core/random.h"
#include "rules/predict.h"

#define TRAFFIC_TARGET_V4 UINT32_C(0xc0000214) /* 192.0.2.20 */

/** Makes one packet to the target. */
typedef void traffic_function(struct random *rng, struct packet_facts *facts);

static inline uint32_t traffic_between(struct random *rng, uint32_t min, uint32_t max)
{
	return min + (uint32_t)random_below(rng, (uint64_t)max - min + 1);
}

static inline void traffic_v4(uint32_t *at_be, uint32_t host_order)
{
	struct ip_addr addr = ip_from_v4(host_order);
	memcpy(at_be, &addr, sizeof(addr));
}

static inline void traffic_ports(struct packet_facts *facts, uint16_t protocol, uint32_t src, uint32_t dst, uint32_t length)
{
	facts->protocol = protocol;
	facts->src_port = (uint16_t)src;
	facts->dst_port = (uint16_t)dst;
	facts->length_bytes = (uint16_t)length;
	facts->fragment = PACKET_FRAGMENT_WHOLE;
	facts->has = protocol == 6 ? PACKET_HAS_PORTS | PACKET_HAS_FLAGS : PACKET_HAS_PORTS;
}

/** Forty web clients: one packet in ten opens a connection, the rest are requests and acknowledgements. */
static inline void traffic_good(struct random *rng, struct packet_facts *facts)
{
	uint32_t kind = traffic_between(rng, 0, 9);
	traffic_v4(facts->src_be, 0xc6336400 + traffic_between(rng, 1, 40));
	traffic_ports(facts, 6, traffic_between(rng, 32768, 60999), kind % 3 == 2 ? 80 : 443, 52);
	facts->tcp_flags = 0x10;
	if (kind == 0) {
		facts->tcp_flags = 0x02;
		facts->length_bytes = 60;
	} else if (kind < 4) {
		facts->tcp_flags = 0x18;
		facts->length_bytes = (uint16_t)traffic_between(rng, 120, 1400);
	} else if (kind == 4) {
		facts->tcp_flags = 0x11;
	}
}

static inline void traffic_spoofed(struct random *rng, struct packet_facts *facts)
{
	traffic_v4(facts->src_be, traffic_between(rng, 0x0b000000, 0xdf000000));
}

/** Twenty-five bots. */
static inline void traffic_bot(struct random *rng, struct packet_facts *facts)
{
	traffic_v4(facts->src_be, 0xcb007100 + traffic_between(rng, 1, 25));
}

static inline void traffic_reflector(struct random *rng, struct packet_facts *facts)
{
	traffic_v4(facts->src_be, 0x33000000 + traffic_between(rng, 1, 2000) * 7919);
}

/** Forged sources, no options: shorter than any client's. */
static inline void traffic_syn_flood(struct random *rng, struct packet_facts *facts)
{
	traffic_spoofed(rng, facts);
	traffic_ports(facts, 6, traffic_between(rng, 1024, 65535), 443, 40);
	facts->tcp_flags = 0x02;
}

/** Bots whose SYN is like any client's. */
static inline void traffic_syn_of_bots(struct random *rng, struct packet_facts *facts)
{
	traffic_bot(rng, facts);
	traffic_ports(facts, 6, traffic_between(rng, 32768, 60999), 443, 60);
	facts->tcp_flags = 0x02;
}

/** Forged sources, and a SYN like any client's: nothing tells it apart. */
static inline void traffic_syn_alike(struct random *rng, struct packet_facts *facts)
{
	traffic_syn_of_bots(rng, facts);
	traffic_spoofed(rng, facts);
}

static inline void traffic_synack(struct random *rng, struct packet_facts *facts)
{
	traffic_reflector(rng, facts);
	traffic_ports(facts, 6, 443, traffic_between(rng, 1024, 65535), 44);
	facts->tcp_flags = 0x12;
}

/** DNS answers of 3,000 bytes: a first fragment, and one later. */
static inline void traffic_dns(struct random *rng, struct packet_facts *facts)
{
	static const uint8_t look[] = {0x12, 0x34, 0x81, 0x80, 0, 1, 0, 9, 0, 0, 0, 1, 3, 'a', 'b', 'c'};
	traffic_reflector(rng, facts);
	traffic_ports(facts, 17, 53, traffic_between(rng, 1024, 65535), 1500);
	facts->fragment = PACKET_FRAGMENT_FIRST;
	memcpy(facts->look, look, sizeof(look));
	facts->look_count = sizeof(look);
	if (traffic_between(rng, 0, 1) == 1) {
		*facts = (struct packet_facts){.protocol = 17, .fragment = PACKET_FRAGMENT_LATER, .length_bytes = 1500};
		traffic_reflector(rng, facts);
	}
}

static inline void traffic_ntp(struct random *rng, struct packet_facts *facts)
{
	traffic_reflector(rng, facts);
	traffic_ports(facts, 17, 123, traffic_between(rng, 1024, 65535), 468);
	facts->look[0] = 0x97;
	facts->look_count = PACKET_LOOK_BYTES;
}

static inline void traffic_ack_flood(struct random *rng, struct packet_facts *facts)
{
	traffic_bot(rng, facts);
	traffic_ports(facts, 6, traffic_between(rng, 1024, 65535), 443, 40);
	facts->tcp_flags = 0x10;
}

static inline void traffic_stomp(struct random *rng, struct packet_facts *facts)
{
	traffic_bot(rng, facts);
	traffic_ports(facts, 6, traffic_between(rng, 1024, 65535), 443, 808);
	facts->tcp_flags = 0x18;
}

static inline void traffic_udp(struct random *rng, struct packet_facts *facts)
{
	traffic_bot(rng, facts);
	traffic_ports(facts, 17, traffic_between(rng, 1024, 65535), traffic_between(rng, 1, 65535), traffic_between(rng, 68, 1428));
}

/** Valve's question, to a port of the game. */
static inline void traffic_vse(struct random *rng, struct packet_facts *facts)
{
	static const uint8_t look[] = {0xff, 0xff, 0xff, 0xff, 'T', 'S', 'o', 'u', 'r', 'c', 'e', ' ', 'E', 'n', 'g', 'i'};
	traffic_bot(rng, facts);
	traffic_ports(facts, 17, traffic_between(rng, 1024, 65535), 27015, 53);
	memcpy(facts->look, look, sizeof(look));
	facts->look_count = sizeof(look);
}

/** A client who was there before, and one who was not, and who fetch something large. */
static inline void traffic_busy_known(struct random *rng, struct packet_facts *facts)
{
	(void)rng;
	traffic_v4(facts->src_be, 0xc6336407);
	traffic_ports(facts, 6, 51994, 443, 52);
	facts->tcp_flags = 0x10;
}

static inline void traffic_busy_new(struct random *rng, struct packet_facts *facts)
{
	traffic_busy_known(rng, facts);
	traffic_v4(facts->src_be, 0xc6336499);
	facts->src_port = 58846;
}

/** Answers of web servers over QUIC to the target's own questions. */
static inline void traffic_own_quic(struct random *rng, struct packet_facts *facts)
{
	traffic_v4(facts->src_be, 0xc6336450 + traffic_between(rng, 0, 9));
	traffic_ports(facts, 17, 443, traffic_between(rng, 32768, 60999), traffic_between(rng, 60, 1300));
}

/** Answers from two ports, of lengths that web servers send too. */
static inline void traffic_two_ports(struct random *rng, struct packet_facts *facts)
{
	traffic_reflector(rng, facts);
	traffic_ports(facts, 17, traffic_between(rng, 0, 1) == 0 ? 111 : 137, traffic_between(rng, 1024, 65535),
		traffic_between(rng, 100, 1000));
}

/** A resolver's answers to the server's own questions, which look like a reflection. */
static inline void traffic_own_dns(struct random *rng, struct packet_facts *facts)
{
	traffic_dns(rng, facts);
	traffic_v4(facts->src_be, 0xc6336435);
	traffic_ports(facts, 17, 53, traffic_between(rng, 32768, 60999), traffic_between(rng, 80, 300));
}

/** One kind of traffic in a mix. */
struct traffic {
	traffic_function *make;
	double pps;
};

/** Fills a view with what a mix sends in a time, thinned to the given number of packets. */
static inline void traffic_view(struct random *rng, const struct traffic *mix, size_t mix_count, double span_s, size_t packets,
	struct sample_view *ret_view)
{
	double pps = 0;
	for (size_t i = 0; i < mix_count; i++)
		pps += mix[i].pps;
	*ret_view = (struct sample_view){.span_s = span_s, .count = packets};
	for (size_t i = 0; i < packets; i++) {
		struct sampled *sampled = &ret_view->packets[i];
		double at = (double)(random_next(rng) >> 11) * 0x1p-53 * pps;
		size_t which = 0;
		for (; which + 1 < mix_count && at >= mix[which].pps; which++)
			at -= mix[which].pps;
		mix[which].make(rng, &sampled->facts);
		traffic_v4(sampled->facts.dst_be, TRAFFIC_TARGET_V4);
		sampled->packets = pps * span_s / (double)packets;
	}
}
