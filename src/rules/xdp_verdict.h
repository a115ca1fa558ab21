// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The verdict of the XDP program over a packet. The kernel and user space
 * compile the same code, so what a test of user space proves, holds there.
 *
 * How its maps are read is what differs: whoever calls xdp_verdict() defines
 * the functions below (the kernel with PACKET_READER before them).
 * The list of rules for a packet comes from a map of destinations by longest
 * matching prefix.
 */
#pragma once

#include "rules/xdp_rule.h"

/** The half of the tables that is in force, by which the functions below find them. */
struct xdp_half {
	__u32 number;
	void *tables;
	void *tallies; /* of this CPU */
};

/** A rule by its place, or NULL. */
const struct xdp_rule *xdp_rule_at(const struct xdp_half *half, __u32 index);

/** The source prefixes of a rule, or NULL. */
const struct xdp_sources *xdp_sources_at(const struct xdp_half *half, __u32 index);

/** A bucket by its place (of all source sets, one behind the other), or NULL. */
const struct xdp_bucket *xdp_bucket_at(const struct xdp_half *half, __u32 index);

/** A row of the packed set, 0..XDP_ROWS - 1, or NULL. */
const union xdp_row *xdp_row_at(const struct xdp_half *half, __u32 index);

/** Whether a source is in protected space (longest matching prefix). */
int xdp_is_protected(const struct xdp_half *half, const __u32 *src_be);

/** The meter of all packets of a rule, or NULL. */
__u64 *xdp_meter_at(const struct xdp_half *half, __u32 index);

/** The meter of a source under a rule (hash, where the least recently used makes room), or NULL. */
__u64 *xdp_meter_of(const struct xdp_half *half, __u32 index, const __u32 *src_be);

/** What a rule has counted on this CPU, or NULL. */
struct xdp_tally *xdp_tally_at(const struct xdp_half *half, __u32 index);

/** Whether an address is in a bucket. Has no branches: a difference of 0, less 1, is what sets the highest bit. */
PACKET_INLINE int xdp_bucket_has(const struct xdp_bucket *bucket, const __u32 *addr_be, int is_v4)
{
	__u64 found = 0;
	if (is_v4) {
		for (int i = 0; i < XDP_BUCKET_WORDS; i++)
			found |= (__u64)(bucket->words_be[i] ^ addr_be[3]) - 1;
		return (int)(found >> 63);
	}
	for (int i = 0; i < XDP_BUCKET_WORDS; i += 4) {
		__u32 differs = (bucket->words_be[i] ^ addr_be[0]) | (bucket->words_be[i + 1] ^ addr_be[1]) |
			(bucket->words_be[i + 2] ^ addr_be[2]) | (bucket->words_be[i + 3] ^ addr_be[3]);
		found |= (__u64)differs - 1;
	}
	return (int)(found >> 63);
}

/** Whether a bucket has no room: then the next one may hold an address that belongs here. */
PACKET_INLINE int xdp_bucket_is_full(const struct xdp_bucket *bucket, int is_v4)
{
	if (is_v4)
		return bucket->words_be[XDP_BUCKET_WORDS - 1] != 0;
	return (bucket->words_be[XDP_BUCKET_WORDS - 4] | bucket->words_be[XDP_BUCKET_WORDS - 3] |
		bucket->words_be[XDP_BUCKET_WORDS - 2] | bucket->words_be[XDP_BUCKET_WORDS - 1]) != 0;
}

/** Whether a row of a packed set has a half, which is not 0: a lane of 16 bits is 0 if one borrows from its highest bit. */
PACKET_INLINE int xdp_row_has(const union xdp_row *row, __u16 half)
{
	const __u64 ones = 0x0001000100010001ULL;
	__u64 wanted = half * ones, found = 0;
	for (int i = 0; i < XDP_ROW_SLOTS / 4; i++) {
		__u64 differs = row->lanes[i] ^ wanted;
		found |= (differs - ones) & ~differs;
	}
	return (found & ones << 15) != 0;
}

/** The row of a packed set that may have the source, looked up before it was asked for. */
struct xdp_touched {
	const union xdp_row *row; /* NULL: none was */
	__u32 mixed; /* xdp_set_mix() */
};

/** A source on its way through the buckets of a set, or through the prefixes of a rule. */
struct xdp_search {
	const struct xdp_half *half;
	const struct xdp_rule *rule;
	const struct xdp_sources *sources;
	const __u32 *src_be;
	__u32 place; /* the bucket that is looked into next */
	int is_found;
};

/** Looks into one bucket of the set; 1: found, 0: not in the set, -1: it may be in the next one. */
PACKET_INLINE int xdp_set_look(const struct xdp_half *half, const struct xdp_rule *rule, const __u32 *src_be, __u32 place)
{
	const struct xdp_bucket *bucket = xdp_bucket_at(half, rule->set_first + (place & rule->set_mask));
	if (!bucket)
		return 0;
	if (xdp_bucket_has(bucket, src_be, rule->is_v4))
		return 1;
	return xdp_bucket_is_full(bucket, rule->is_v4) ? -1 : 0;
}

static inline long xdp_set_step(__u32 probe, void *context)
{
	struct xdp_search *search = (struct xdp_search *)context;
	search->is_found = xdp_set_look(search->half, search->rule, search->src_be, search->place + probe);
	return search->is_found >= 0;
}

/** The first bucket is looked into at once: few addresses are in another. */
PACKET_INLINE int xdp_whole_has(const struct xdp_half *half, const struct xdp_rule *rule, const __u32 *src_be)
{
	__u32 place = xdp_set_place(rule->set_seed, src_be, rule->is_v4);
	int is_found = xdp_set_look(half, rule, src_be, place);
	if (is_found >= 0)
		return is_found;
	struct xdp_search search = {.half = half, .rule = rule, .src_be = src_be, .place = place + 1};
	packet_each(XDP_PROBES_MAX - 1, xdp_set_step, &search);
	return search.is_found > 0;
}

PACKET_INLINE int xdp_set_has(const struct xdp_half *half, const struct xdp_rule *rule, const struct xdp_touched *touched,
	const __u32 *src_be)
{
	if ((rule->is_v4 ? src_be[3] : src_be[0] | src_be[1] | src_be[2] | src_be[3]) == 0)
		return 0;
	if (rule->set_kind == XDP_SET_PACKED) {
		__u32 mixed = touched->row ? touched->mixed : xdp_set_mix(rule->set_seed, src_be[3]);
		const union xdp_row *row = touched->row ? touched->row : xdp_row_at(half, mixed % XDP_ROWS);
		__u16 upper = (__u16)(mixed >> 16);
		if (upper != 0 && row && xdp_row_has(row, upper))
			return 1;
		if (upper != 0 && (!row || row->halves[XDP_ROW_SLOTS - 1] == 0))
			return 0;
	}
	return xdp_whole_has(half, rule, src_be);
}

/** Compares with one prefix of the rule; 1: found, or there are no more. */
static inline long xdp_source_step(__u32 place, void *context)
{
	struct xdp_search *search = (struct xdp_search *)context;
	const __u32 *src_be = search->src_be;
	if (place >= search->rule->source_count || place >= XDP_SOURCES_MAX)
		return 1;
	const struct xdp_source *source = &search->sources->prefixes[place];
	search->is_found = (((src_be[0] ^ source->addr_be[0]) & source->mask_be[0]) |
		((src_be[1] ^ source->addr_be[1]) & source->mask_be[1]) | ((src_be[2] ^ source->addr_be[2]) & source->mask_be[2]) |
		((src_be[3] ^ source->addr_be[3]) & source->mask_be[3])) == 0;
	return search->is_found;
}

PACKET_INLINE int xdp_sources_have(const struct xdp_half *half, const struct xdp_rule *rule, __u32 index, const __u32 *src_be)
{
	struct xdp_search search = {.rule = rule, .sources = xdp_sources_at(half, index), .src_be = src_be};
	if (search.sources)
		packet_each(XDP_SOURCES_MAX, xdp_source_step, &search);
	return search.is_found;
}

/** Whether ports, flags, type and first bytes are as asked. */
PACKET_INLINE int xdp_transport_matches(const struct xdp_rule *rule, const struct packet_facts *facts)
{
	if ((rule->src_port_min != 0 || rule->src_port_max != 65535) &&
		(!(facts->has & PACKET_HAS_PORTS) || facts->src_port < rule->src_port_min || facts->src_port > rule->src_port_max))
		return 0;
	if ((rule->dst_port_min != 0 || rule->dst_port_max != 65535) &&
		(!(facts->has & PACKET_HAS_PORTS) || facts->dst_port < rule->dst_port_min || facts->dst_port > rule->dst_port_max))
		return 0;
	if (rule->tcp_mask != 0 &&
		(!(facts->has & PACKET_HAS_FLAGS) || (facts->tcp_flags & rule->tcp_mask) != rule->tcp_flags))
		return 0;
	if (rule->icmp_type != 256 && (!(facts->has & PACKET_HAS_ICMP) || facts->icmp_type != rule->icmp_type))
		return 0;
	if (rule->icmp_code != 256 && facts->icmp_code != rule->icmp_code)
		return 0;
	if (rule->look_count == 0)
		return 1;
	const __u64 *look = (const __u64 *)(const void *)facts->look;
	return facts->look_count >= rule->look_count && (look[0] & rule->look_mask[0]) == rule->look_value[0] &&
		(look[1] & rule->look_mask[1]) == rule->look_value[1];
}

/** A packet on its way through the rules of its destination. */
struct xdp_walk {
	const struct xdp_half *half;
	const struct packet_facts *facts;
	const struct xdp_touched *touched;
	const struct xdp_list *list;
	__u64 boot_ns;
	enum xdp_verdict verdict;
};

/** Whether what a rule asks for beyond time, protocol and a source set is as asked. */
PACKET_INLINE int xdp_more_matches(const struct xdp_walk *walk, const struct xdp_rule *rule, __u32 index)
{
	const struct packet_facts *facts = walk->facts;
	if (rule->extension != 0 && (facts->extensions & rule->extension) == 0)
		return 0;
	if (rule->fragments != 0 && (facts->fragment & rule->fragments) == 0)
		return 0;
	if (facts->length_bytes < rule->length_min_bytes || facts->length_bytes > rule->length_max_bytes)
		return 0;
	if ((rule->asks & XDP_ASKS_TRANSPORT) && !xdp_transport_matches(rule, facts))
		return 0;
	if ((rule->asks & XDP_ASKS_SOURCES) && !xdp_sources_have(walk->half, rule, index, facts->src_be))
		return 0;
	return !(rule->asks & XDP_ASKS_PROTECTED) || !xdp_is_protected(walk->half, facts->src_be);
}

PACKET_INLINE int xdp_rule_matches(const struct xdp_walk *walk, const struct xdp_rule *rule, __u32 index)
{
	if (walk->boot_ns >= rule->expires_boot_ns)
		return 0;
	if (rule->protocol != PACKET_PROTOCOL_UNKNOWN && walk->facts->protocol != rule->protocol)
		return 0;
	if (rule->asks && !xdp_more_matches(walk, rule, index))
		return 0;
	return rule->set_kind == XDP_SET_NONE || xdp_set_has(walk->half, rule, walk->touched, walk->facts->src_be);
}

/**
 * Takes a packet's cost from a meter: a virtual schedule that holds when the next packet would be due (the generic cell
 * rate algorithm, ITU-T I.371 annex A). One word, so that CPUs share it without a lock.
 *
 * @return 1: within the limit
 */
PACKET_INLINE int xdp_meter_take(__u64 *meter, __u64 now_ticks, __u64 cost_ticks, __u64 burst_ticks)
{
	for (int i = 0; i < XDP_METER_TRIES_MAX; i++) {
		__u64 due_ticks = *(volatile __u64 *)meter;
		__u64 from_ticks = due_ticks > now_ticks ? due_ticks : now_ticks;
		if (from_ticks + cost_ticks > now_ticks + burst_ticks)
			return 0;
		if (__sync_val_compare_and_swap(meter, due_ticks, from_ticks + cost_ticks) == due_ticks)
			return 1;
	}
	return 0;
}

PACKET_INLINE int xdp_rule_limits(const struct xdp_walk *walk, const struct xdp_rule *rule, __u32 index)
{
	const struct packet_facts *facts = walk->facts;
	__u64 *meter = rule->limits_sources ? xdp_meter_of(walk->half, index, facts->src_be) : xdp_meter_at(walk->half, index);
	__u64 units = rule->limits_bytes ? facts->length_bytes : 1, now_ticks = walk->boot_ns * XDP_TICKS_PER_NS;
	/* Without a meter (memory is out) nobody can tell who is over the limit: the packet passes. */
	return meter && !xdp_meter_take(meter, now_ticks, units * rule->cost_per_unit >> 20, rule->burst_ticks);
}

PACKET_INLINE void xdp_rule_count(const struct xdp_half *half, __u32 index, enum xdp_verdict verdict, __u32 length_bytes)
{
	struct xdp_tally *tally = xdp_tally_at(half, index);
	if (tally) {
		tally->of[verdict].packets++;
		tally->of[verdict].bytes += length_bytes;
	}
}

/** Asks a rule; 1: it matched, and decided. */
PACKET_INLINE long xdp_walk_ask(struct xdp_walk *walk, __u32 index)
{
	const struct xdp_rule *rule = xdp_rule_at(walk->half, index);
	if (!rule || !xdp_rule_matches(walk, rule, index))
		return 0;
	if (rule->action == XDP_RULE_DROP || (rule->action == XDP_RULE_LIMIT && xdp_rule_limits(walk, rule, index)))
		walk->verdict = XDP_VERDICT_DROP;
	xdp_rule_count(walk->half, index, walk->verdict, walk->facts->length_bytes);
	return 1;
}

/** Asks the rules of the list behind the first one. */
static inline long xdp_walk_step(__u32 step, void *context)
{
	struct xdp_walk *walk = (struct xdp_walk *)context;
	__u32 place = step + 1;
	return place >= walk->list->count || place >= XDP_LIST_RULES_MAX || xdp_walk_ask(walk, walk->list->rules[place]);
}

/**
 * What becomes of a packet. The first rule of its destination that matches decides; it counts the packet. The first rule
 * of all is asked without the loop around it, which costs as much as the rule, and without the list: most lists have one.
 *
 * @param half where the rules are
 * @param facts of the transport header too, where a rule of the list asks for them
 * @param touched row of a packed set
 * @param list for its destination
 * @param first the first rule of the list, which has at least one
 * @param boot_ns CLOCK_BOOTTIME
 */
PACKET_INLINE enum xdp_verdict xdp_verdict(const struct xdp_half *half, const struct packet_facts *facts,
	const struct xdp_touched *touched, const struct xdp_list *list, __u32 first, __u64 boot_ns)
{
	struct xdp_walk walk = {.half = half, .facts = facts, .touched = touched, .list = list, .boot_ns = boot_ns};
	if (xdp_walk_ask(&walk, first) || list->count < 2)
		return walk.verdict;
	packet_each(XDP_LIST_RULES_MAX - 1, xdp_walk_step, &walk);
	return walk.verdict;
}

/**
 * What xdp_verdict() tells of a packet that the first rule of its destination drops, if that rule is simple
 * (xdp_rule_is_simple()) and finds the source in its row, in fewer instructions.
 *
 * @param half where the rules are
 * @param facts of the IP header, IPv4
 * @param touched row of the packed set
 * @param first the first rule of the list
 * @param boot_ns CLOCK_BOOTTIME
 * @return 1: dropped, and counted; 0: nothing is told, and xdp_verdict() is to be asked
 */
PACKET_INLINE int xdp_simple_drops(const struct xdp_half *half, const struct packet_facts *facts,
	const struct xdp_touched *touched, __u32 first, __u64 boot_ns)
{
	const struct xdp_rule *rule = xdp_rule_at(half, first);
	__u16 upper = (__u16)(touched->mixed >> 16);
	if (!rule || boot_ns >= rule->expires_boot_ns ||
	    (rule->protocol != PACKET_PROTOCOL_UNKNOWN && rule->protocol != facts->protocol))
		return 0;
	if (rule->set_kind != XDP_SET_NONE && (!touched->row || upper == 0 || !xdp_row_has(touched->row, upper)))
		return 0;
	xdp_rule_count(half, first, XDP_VERDICT_DROP, facts->length_bytes);
	return 1;
}
