/*
 * Random rules and packets for the tests of rules/: drawn from few values, so
 * that they meet often, and repeatable from a seed.
 */
#pragma once

#include "core/random.h"
#include "record/rule.h"

#define SCENE_PACKET_BYTES_MAX 400

static const uint32_t scene_lengths[] = {0, 1, 8, 17, 30, 100, 200};
static const uint16_t scene_ports[] = {53, 80, 123, 443, 1024, 40000};
static const uint8_t scene_flags[] = {0x02, 0x10, 0x12, 0x18, 0x04, 0xff, 0x00};

static inline uint32_t scene_pick(struct random *rng, uint32_t count)
{
	return (uint32_t)random_below(rng, count);
}

#define SCENE_ONE_OF(rng, list) ((list)[scene_pick(rng, ARRAY_LEN(list))])

/** 192.0.2.0-7 or 2001:db8::0-7. */
static inline struct ip_addr scene_target(struct random *rng, bool is_v4)
{
	struct ip_addr addr = ip_from_v4(0xc0000200 + scene_pick(rng, 8));
	if (!is_v4)
		addr = (struct ip_addr){.bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = (uint8_t)scene_pick(rng, 8)}};
	return addr;
}

/** 198.51.0-3.0-15 or 2001:db8:1::0-3:0-15. */
static inline struct ip_addr scene_source(struct random *rng, bool is_v4)
{
	struct ip_addr addr = ip_from_v4(0xc6330000 + (scene_pick(rng, 4) << 8) + scene_pick(rng, 16));
	if (!is_v4)
		addr = (struct ip_addr){.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 1, [13] = (uint8_t)scene_pick(rng, 4),
			[15] = (uint8_t)scene_pick(rng, 16)}};
	return addr;
}

static inline struct ip_prefix scene_prefix(struct random *rng, struct ip_addr addr, uint8_t least_bits)
{
	uint8_t bits = (uint8_t)(scene_pick(rng, 4) == 0 ? 128 : least_bits + scene_pick(rng, 129u - least_bits));
	return (struct ip_prefix){ip_masked(&addr, bits), bits};
}

static inline struct rule_range scene_ports_range(struct random *rng)
{
	static const struct rule_range ranges[] = {{0, 65535}, {0, 65535}, {53, 53}, {123, 123}, {1024, 65535}, {0, 1023}, {80, 443}};
	return SCENE_ONE_OF(rng, ranges);
}

static inline void scene_rule_transport(struct random *rng, struct rule *rule)
{
	bool is_v4 = rule_prefix_is_v4(&rule->destination);
	static const uint16_t v4_protocols[] = {RULE_ANY, 1, 6, 6, 17, 17, 17, 47, 132};
	static const uint16_t v6_protocols[] = {RULE_ANY, 58, 6, 6, 17, 17, 17, 47, 132, 0, 43, 44, 60};
	rule->protocol = is_v4 ? SCENE_ONE_OF(rng, v4_protocols) : SCENE_ONE_OF(rng, v6_protocols);
	if (rule->protocol == 6 || rule->protocol == 17 || rule->protocol == 132) {
		rule->source_ports = scene_ports_range(rng);
		rule->destination_ports = scene_ports_range(rng);
	}
	if (rule->protocol == 6 && scene_pick(rng, 2) == 0) {
		rule->tcp_mask = SCENE_ONE_OF(rng, scene_flags);
		rule->tcp_flags = rule->tcp_mask & SCENE_ONE_OF(rng, scene_flags);
	}
	if (rule->protocol == 17 && scene_pick(rng, 2) == 0)
		rule->signature = (enum rule_signature)scene_pick(rng, RULE_SIGNATURE_COUNT);
	if ((rule->protocol == 1 || rule->protocol == 58) && scene_pick(rng, 2) == 0) {
		rule->icmp_type = (uint16_t)scene_pick(rng, 3);
		rule->icmp_code = scene_pick(rng, 2) == 0 ? RULE_ANY : (uint16_t)scene_pick(rng, 3);
	}
}

/** A rule that rule_check() takes, to drop or to count, without a source set. */
static inline struct rule scene_rule(struct random *rng)
{
	static const struct rule_range ranges[] = {{0, 65535}, {0, 65535}, {0, 60}, {61, 65535}, {100, 200}, {48, 48}};
	char complaint[RULE_COMPLAINT_BYTES];
	struct rule rule;
	do {
		bool is_v4 = scene_pick(rng, 2) == 0;
		struct ip_prefix destination = scene_prefix(rng, scene_target(rng, is_v4), is_v4 ? 120 : 112);
		rule = rule_to(&destination);
		if (scene_pick(rng, 3) == 0) {
			rule.sources[0] = scene_prefix(rng, scene_source(rng, is_v4), is_v4 ? 116 : 104);
			rule.source_count = 1;
		}
		scene_rule_transport(rng, &rule);
		rule.length_bytes = SCENE_ONE_OF(rng, ranges);
		if (scene_pick(rng, 4) == 0)
			rule.fragments = (uint8_t)(1 + scene_pick(rng, 6));
		rule.action = scene_pick(rng, 2) == 0 ? RULE_DROP : RULE_COUNT;
	} while (rule_check(&rule, complaint) != OK);
	return rule;
}

static inline void scene_be16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/** Bytes behind the ports: a signature's, or others. */
static inline void scene_payload(struct random *rng, uint8_t *at, size_t length_bytes)
{
	const struct rule_pattern *pattern = &rule_signatures[scene_pick(rng, RULE_SIGNATURE_COUNT)];
	for (size_t i = 0; i < length_bytes; i++) {
		uint8_t noise = (uint8_t)random_next(rng);
		at[i] = i < RULE_LOOK_BYTES ? (uint8_t)(pattern->value[i] | (noise & ~pattern->mask[i])) : noise;
	}
}

/** Writes a transport header with its payload; returns how long it is. */
static inline size_t scene_transport(struct random *rng, uint8_t *at, uint8_t protocol)
{
	size_t payload_bytes = SCENE_ONE_OF(rng, scene_lengths);
	size_t header_bytes = protocol == 6 ? 20 : protocol == 132 ? 12 : 8;
	if (protocol == 1 || protocol == 58) {
		at[0] = (uint8_t)scene_pick(rng, 3);
		at[1] = (uint8_t)scene_pick(rng, 3);
	} else {
		scene_be16(at, SCENE_ONE_OF(rng, scene_ports));
		scene_be16(at + 2, SCENE_ONE_OF(rng, scene_ports));
	}
	if (protocol == 6) {
		at[12] = 5 << 4;
		at[13] = SCENE_ONE_OF(rng, scene_flags);
	}
	if (protocol == 17)
		scene_be16(at + 4, (uint32_t)(header_bytes + payload_bytes));
	scene_payload(rng, at + header_bytes, payload_bytes);
	return header_bytes + payload_bytes;
}

/** Later, first, or whole: the 16 bits of IPv4's flags and fragment offset, or of IPv6's fragment header. */
static inline uint32_t scene_fragment(struct random *rng, uint32_t more, uint32_t later)
{
	uint32_t kind = scene_pick(rng, 8);
	return kind == 0 ? more : kind == 1 ? later : kind == 2 ? later | more : 0;
}

static inline size_t scene_packet_v4(struct random *rng, uint8_t *at)
{
	static const uint8_t protocols[] = {1, 6, 6, 17, 17, 17, 47, 132};
	struct ip_addr src = scene_source(rng, true), dst = scene_target(rng, true);
	size_t header_bytes = scene_pick(rng, 5) == 0 ? 24 : 20;
	at[0] = (uint8_t)(0x40 | header_bytes / 4);
	at[8] = 64;
	at[9] = SCENE_ONE_OF(rng, protocols);
	scene_be16(at + 6, scene_fragment(rng, 0x2000, 100));
	memcpy(at + 12, src.bytes + 12, 4);
	memcpy(at + 16, dst.bytes + 12, 4);
	if (header_bytes > 20)
		memset(at + 20, 1, 4); /* no-operation options */
	size_t length_bytes = header_bytes + scene_transport(rng, at + header_bytes, at[9]);
	scene_be16(at + 2, (uint32_t)length_bytes);
	uint32_t sum = 0;
	for (size_t i = 0; i < header_bytes; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	scene_be16(at + 10, ~sum & 0xffff);
	return length_bytes;
}

static inline size_t scene_packet_v6(struct random *rng, uint8_t *at)
{
	static const uint8_t protocols[] = {58, 6, 6, 17, 17, 17, 47, 132};
	static const uint8_t orders[][3] = {{0}, {60}, {43}, {44}, {51}, {0, 60}, {60, 44}, {43, 44, 60}, {44, 51}};
	struct ip_addr src = scene_source(rng, false), dst = scene_target(rng, false);
	uint8_t *next = at + 6, *end = at + 40;
	at[0] = 0x60;
	at[7] = 64;
	memcpy(at + 8, src.bytes, 16);
	memcpy(at + 24, dst.bytes, 16);
	const uint8_t *order = SCENE_ONE_OF(rng, orders);
	for (size_t i = 0; scene_pick(rng, 2) == 0 && i < 3 && (i == 0 || order[i] != 0); i++) {
		*next = order[i];
		next = end;
		if (order[i] == 44)
			scene_be16(end + 2, scene_fragment(rng, 1, 100 << 3));
		else
			end[2] = order[i] == 43 ? 4 : order[i] == 51 ? 0 : 1; /* routing type 4, no segments left; padding of six bytes */
		end[3] = order[i] == 43 || order[i] == 51 ? 0 : order[i] == 44 ? end[3] : 4;
		end += 8;
	}
	*next = SCENE_ONE_OF(rng, protocols);
	end += scene_transport(rng, end, *next);
	scene_be16(at + 4, (uint32_t)(end - at - 40));
	return (size_t)(end - at);
}

/** Writes a packet; returns how long it is. */
static inline size_t scene_packet(struct random *rng, uint8_t ret_bytes[static SCENE_PACKET_BYTES_MAX])
{
	memset(ret_bytes, 0, SCENE_PACKET_BYTES_MAX);
	return scene_pick(rng, 2) == 0 ? scene_packet_v4(rng, ret_bytes) : scene_packet_v6(rng, ret_bytes);
}
