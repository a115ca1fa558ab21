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

/** A rule by its place (array), or NULL. */
const struct xdp_rule *xdp_rule_at(__u32 index);

/** A bucket by its place (array of all source sets, one behind the other), or NULL. */
const struct xdp_bucket *xdp_bucket_at(__u32 index);

/** Whether a source is in protected space (longest matching prefix); `table` is the rule's spares_protected. */
int xdp_is_protected(__u32 table, const __u32 *src_be);

/** The meter of all packets of a rule (array), or NULL. */
__u64 *xdp_meter_at(__u32 index);

/** The meter of a source under a rule (hash, where the least recently used makes room), or NULL. */
__u64 *xdp_meter_of(__u32 index, const __u32 *src_be);

/** What a rule has counted (array per CPU), or NULL. */
struct xdp_counts *xdp_counts_at(__u32 index);

enum xdp_verdict {
	XDP_VERDICT_PASS = 0,
	XDP_VERDICT_DROP = 1,
};

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

/** A bucket that was looked up before it was asked for: where the set begins at `set_first`, the first that may have the source. */
struct xdp_touched {
	const struct xdp_bucket *bucket; /* NULL: none was */
	__u32 set_first;
};

/** A source on its way through the set or the prefixes of a rule. */
struct xdp_search {
	const struct xdp_rule *rule;
	const __u32 *src_be;
	__u32 place; /* the bucket that is looked into next */
	int is_found;
};

/** Looks into one bucket of the set; 1: found, or not in the set. */
PACKET_INLINE long xdp_set_look(struct xdp_search *search, const struct xdp_bucket *bucket)
{
	if (!bucket)
		return 1;
	search->is_found = xdp_bucket_has(bucket, search->src_be, search->rule->is_v4);
	return search->is_found || !xdp_bucket_is_full(bucket, search->rule->is_v4);
}

static inline long xdp_set_step(__u32 probe, void *context)
{
	struct xdp_search *search = (struct xdp_search *)context;
	const struct xdp_rule *rule = search->rule;
	return xdp_set_look(search, xdp_bucket_at(rule->set_first + ((search->place + probe) & rule->set_mask)));
}

/** The first bucket is looked into at once: few addresses are in another. */
PACKET_INLINE int xdp_set_has(const struct xdp_rule *rule, const struct xdp_touched *touched, const __u32 *src_be)
{
	struct xdp_search search = {.rule = rule, .src_be = src_be};
	if ((rule->is_v4 ? src_be[3] : src_be[0] | src_be[1] | src_be[2] | src_be[3]) == 0)
		return 0;
	const struct xdp_bucket *bucket = touched->bucket;
	if (!bucket || touched->set_first != rule->set_first)
		bucket = xdp_bucket_at(rule->set_first + (xdp_set_hash(rule->set_seed, src_be) & rule->set_mask));
	if (!xdp_set_look(&search, bucket)) {
		search.place = xdp_set_hash(rule->set_seed, src_be) + 1;
		packet_each(XDP_PROBES_MAX - 1, xdp_set_step, &search);
	}
	return search.is_found;
}

/** Compares with one prefix of the rule; 1: found, or there are no more. */
static inline long xdp_source_step(__u32 place, void *context)
{
	struct xdp_search *search = (struct xdp_search *)context;
	const __u32 *src_be = search->src_be;
	if (place >= search->rule->source_count || place >= XDP_SOURCES_MAX)
		return 1;
	const struct xdp_source *source = &search->rule->sources[place];
	search->is_found = (((src_be[0] ^ source->addr_be[0]) & source->mask_be[0]) |
		((src_be[1] ^ source->addr_be[1]) & source->mask_be[1]) | ((src_be[2] ^ source->addr_be[2]) & source->mask_be[2]) |
		((src_be[3] ^ source->addr_be[3]) & source->mask_be[3])) == 0;
	return search->is_found;
}

PACKET_INLINE int xdp_sources_have(const struct xdp_rule *rule, const __u32 *src_be)
{
	struct xdp_search search = {.rule = rule, .src_be = src_be};
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

PACKET_INLINE int xdp_rule_matches(const struct xdp_rule *rule, const struct packet_facts *facts,
	const struct xdp_touched *touched, __u64 boot_ns)
{
	if (boot_ns >= rule->expires_boot_ns)
		return 0;
	if (rule->protocol != PACKET_PROTOCOL_UNKNOWN && facts->protocol != rule->protocol)
		return 0;
	if (rule->extension != 0 && (facts->extensions & rule->extension) == 0)
		return 0;
	if (rule->fragments != 0 && (facts->fragment & rule->fragments) == 0)
		return 0;
	if (facts->length_bytes < rule->length_min_bytes || facts->length_bytes > rule->length_max_bytes)
		return 0;
	if (rule->asks_transport && !xdp_transport_matches(rule, facts))
		return 0;
	if (rule->source_count != 0 && !xdp_sources_have(rule, facts->src_be))
		return 0;
	if (rule->has_set && !xdp_set_has(rule, touched, facts->src_be))
		return 0;
	return !rule->spares_protected || !xdp_is_protected(rule->spares_protected, facts->src_be);
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

PACKET_INLINE int xdp_rule_limits(const struct xdp_rule *rule, __u32 index, const struct packet_facts *facts, __u64 boot_ns)
{
	__u64 *meter = rule->limits_sources ? xdp_meter_of(index, facts->src_be) : xdp_meter_at(index);
	__u64 units = rule->limits_bytes ? facts->length_bytes : 1;
	/* Without a meter (memory is out) nobody can tell who is over the limit: the packet passes. */
	return meter && !xdp_meter_take(meter, boot_ns * XDP_TICKS_PER_NS, units * rule->cost_per_unit >> 20, rule->burst_ticks);
}

/** A packet on its way through the rules of its destination. */
struct xdp_walk {
	const struct packet_facts *facts;
	const struct xdp_touched *touched;
	const struct xdp_list *list;
	__u64 boot_ns;
	enum xdp_verdict verdict;
};

/** Asks the rule at a place of the list; 1: it matched, and decided, or there are no more. */
PACKET_INLINE long xdp_walk_look(struct xdp_walk *walk, __u32 place)
{
	if (place >= walk->list->count || place >= XDP_LIST_RULES_MAX)
		return 1;
	const struct packet_facts *facts = walk->facts;
	__u32 index = walk->list->rules[place];
	const struct xdp_rule *rule = xdp_rule_at(index);
	if (!rule || !xdp_rule_matches(rule, facts, walk->touched, walk->boot_ns))
		return 0;
	int drops = rule->action == XDP_RULE_DROP ||
		(rule->action == XDP_RULE_LIMIT && xdp_rule_limits(rule, index, facts, walk->boot_ns));
	struct xdp_counts *counts = xdp_counts_at(index);
	if (counts) {
		counts->matched_packets++;
		counts->matched_bytes += facts->length_bytes;
		counts->dropped_packets += (__u64)drops;
		counts->dropped_bytes += drops ? facts->length_bytes : 0;
	}
	walk->verdict = drops ? XDP_VERDICT_DROP : XDP_VERDICT_PASS;
	return 1;
}

static inline long xdp_walk_step(__u32 index, void *context)
{
	return xdp_walk_look((struct xdp_walk *)context, index + 1);
}

/**
 * What becomes of a packet. The first rule of its destination that matches decides; it counts the packet. The first rule
 * of all is asked without the loop around it, which costs as much as the rule: most lists have one.
 */
PACKET_INLINE enum xdp_verdict xdp_verdict(const struct packet_facts *facts, const struct xdp_touched *touched,
	const struct xdp_list *list, __u64 boot_ns)
{
	struct xdp_walk walk = {.facts = facts, .touched = touched, .list = list, .boot_ns = boot_ns, .verdict = XDP_VERDICT_PASS};
	if (!xdp_walk_look(&walk, 0))
		packet_each(XDP_LIST_RULES_MAX - 1, xdp_walk_step, &walk);
	return walk.verdict;
}
