/*
 * Filling profiles. Up to PROFILE_FULL_PACKETS observations of a fine slot are
 * added one by one. Beyond, one in PROFILE_SKIP_STEP (then one in its square)
 * is added with the packets and bytes of those before it: totals and flow classes stay exact, the split
 * by vector becomes a sample, because the shares of a million packets are
 * those of ten thousand of them. Frequent values and other ends are sampled
 * from PROFILE_DETAIL_PACKETS on.
 */
#include "detect/profile.h"

#include <stddef.h>
#include <string.h>

#include "core/clock.h"
#include "detect/classify.h"

#define SPARE_SLOT_SHARE 256 /* one part in so many of a profile's packets is next to nothing */

void profile_init(struct profile *profile, const struct ip_prefix *end, uint64_t host_hash, int64_t now_ns)
{
	memset(profile, 0, offsetof(struct profile, slots));
	profile->end = *end;
	profile->host_hash = host_hash;
	profile->last_ns = now_ns;
	profile->epoch_ns = now_ns;
	profile->decayed_ns = now_ns;
	profile->random = (uint32_t)(host_hash >> 32) | 1;
	profile->sampling = 1;
	rates_init(&profile->rates);
}

void profile_new_epoch(struct profile *profile, int64_t now_ns)
{
	for (unsigned i = 0; i < profile->slot_count; i++) {
		struct slot *slot = &profile->slots[i];
		struct slot fresh = {
			.vector = slot->vector,
			.protocol = slot->protocol,
			.is_v6 = slot->is_v6,
			.is_flow = slot->is_flow,
			.recent_packets = slot->recent_packets,
			.recent_bytes = slot->recent_bytes,
			.start_ns = now_ns,
			.end_ns = now_ns,
		};
		memcpy(fresh.peers_before, slot->peers, sizeof(fresh.peers_before));
		*slot = fresh;
	}
	struct peer *peers = &profile->peers[0][0];
	for (unsigned i = 0; i < PROFILE_PEER_SETS * PROFILE_PEER_WAYS; i++) {
		peers[i].packets = peers[i].packets != 0; /* known, without weight */
		peers[i].bytes = 0;
	}
	memset(&profile->reverse, 0, sizeof(profile->reverse));
	memset(profile->all_peers, 0, sizeof(profile->all_peers));
	memset(profile->all_hosts, 0, sizeof(profile->all_hosts));
	memset(profile->class_packets, 0, sizeof(profile->class_packets));
	profile->observations = 0;
	profile->sampling = 1;
	profile->epoch_ns = now_ns;
}

static uint32_t next_random(struct profile *profile)
{
	uint32_t x = profile->random;
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return profile->random = x;
}

/**
 * A slot that may be given to another vector, for it holds next to nothing: a flood from random ports now and then looks
 * like each reflection there is. Returns its index + 1; 0: all hold their part.
 */
static unsigned slot_spare(const struct profile *profile)
{
	uint64_t all = 0;
	unsigned smallest = 0;
	for (unsigned i = 0; i < PROFILE_SLOTS; i++) {
		all += profile->slots[i].packets;
		if (profile->slots[i].packets < profile->slots[smallest].packets)
			smallest = i;
	}
	return profile->slots[smallest].packets * SPARE_SLOT_SHARE <= all ? smallest + 1 : 0;
}

/** The slot of a vector; when all are taken one that holds next to nothing, or the last one, which then tells of several. */
static struct slot *slot_find(struct profile *profile, const struct observation *obs, const struct mark *mark)
{
	unsigned index = profile->slot_of[mark->vector];
	if (index != 0)
		return &profile->slots[index - 1];
	if (profile->slot_count < PROFILE_SLOTS) {
		index = ++profile->slot_count;
	} else {
		index = slot_spare(profile);
		for (unsigned i = 0; index != 0 && i < VECTOR_COUNT; i++)
			profile->slot_of[i] = profile->slot_of[i] == index ? 0 : profile->slot_of[i];
	}
	if (index == 0) {
		profile->slot_of[mark->vector] = PROFILE_SLOTS;
		return &profile->slots[PROFILE_SLOTS - 1];
	}
	struct slot *slot = &profile->slots[index - 1];
	profile->slot_of[mark->vector] = (uint8_t)index;
	*slot = (struct slot){
		.vector = mark->vector,
		.protocol = obs->protocol,
		.is_v6 = !ip_is_v4(&obs->dst),
		.is_flow = obs->traits & TRAIT_FLOW,
		.start_ns = mark->start_ns,
	};
	return slot;
}

static uint8_t peer_traits_of(const struct observation *obs, enum vector vector)
{
	uint8_t traits = classify_is_reflection(vector) ? PEER_REFLECTOR : PEER_DIRECT;
	if (obs->protocol == PROTOCOL_TCP) {
		if (obs->tcp_flags & TCP_SYN && !(obs->tcp_flags & TCP_ACK))
			traits |= PEER_SYN;
		if (obs->tcp_flags & TCP_ACK && !(obs->tcp_flags & (TCP_SYN | TCP_RST)))
			traits |= PEER_DATA;
		if (obs->traits & TRAIT_FLOW && (obs->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
			traits |= PEER_AFTER_SYN;
	}
	if (obs->traits & TRAIT_TCP_SEQ_IS_DST)
		traits |= PEER_MIRAI;
	return traits;
}

/** The place of an address; a new one replaces the smallest of its set with probability weight / (count + weight). */
static struct peer *peer_place(struct profile *profile, const struct ip_addr *addr, uint64_t hash, uint64_t weight)
{
	struct peer *set = profile->peers[(hash >> 40) % PROFILE_PEER_SETS];
	struct peer *smallest = &set[0];
	for (unsigned i = 0; i < PROFILE_PEER_WAYS; i++) {
		if (set[i].packets != 0 && ip_equal(&set[i].addr, addr))
			return &set[i];
		if (set[i].packets < smallest->packets)
			smallest = &set[i];
	}
	uint64_t chance = next_random(profile);
	if (smallest->packets != 0 && chance * (smallest->packets + weight) >= weight << 32)
		return NULL;
	uint64_t inherited = smallest->packets;
	*smallest = (struct peer){.addr = *addr, .ttl_min = 255};
	smallest->packets = inherited > 0 ? 1 : 0;
	return smallest;
}

static void peer_add(struct profile *profile, const struct observation *obs, const struct mark *mark, bool peer_is_dst,
	uint32_t factor)
{
	const struct ip_addr *addr = peer_is_dst ? &obs->dst : &obs->src;
	uint64_t weight = mark->packets * factor;
	if (weight > UINT32_MAX)
		weight = UINT32_MAX;
	struct peer *peer = peer_place(profile, addr, peer_is_dst ? mark->dst_hash : mark->src_hash, weight);
	if (peer == NULL)
		return;
	uint8_t traits = peer_traits_of(obs, (enum vector)mark->vector);
	if (peer->traits & PEER_SYN && traits & PEER_DATA)
		traits |= PEER_AFTER_SYN;
	peer->packets += weight;
	peer->bytes += mark->bytes * factor;
	peer->traits |= traits;
	peer->vector = mark->vector;
	peer->port = peer_is_dst ? obs->dst_port : obs->src_port;
	peer->flow_class = mark->flow_class;
	if (obs->traits & TRAIT_TTL_KNOWN) {
		peer->traits |= PEER_TTL_KNOWN;
		if (obs->ttl < peer->ttl_min)
			peer->ttl_min = obs->ttl;
		if (obs->ttl > peer->ttl_max)
			peer->ttl_max = obs->ttl;
	}
}

static uint32_t detail_of(const struct observation *obs)
{
	if (obs->protocol == PROTOCOL_TCP)
		return obs->tcp_flags;
	if (obs->protocol == PROTOCOL_ICMP || obs->protocol == PROTOCOL_ICMPV6)
		return (uint32_t)obs->icmp_type << 8 | obs->icmp_code;
	return obs->protocol;
}

/** For how many of those added this one stands in the details: 1, PROFILE_DETAIL_STEP, or 0 for "pass over". */
static uint32_t detail_factor(struct profile *profile)
{
	uint32_t number = profile->added++;
	if (number < PROFILE_DETAIL_PACKETS)
		return 1;
	return number % PROFILE_DETAIL_STEP == 0 ? PROFILE_DETAIL_STEP : 0;
}

/** The length of a packet. Of the record of a TCP connection: what its packets after the handshake have as their mean. */
static uint32_t length_of(const struct observation *obs)
{
	uint64_t handshake_bytes = ip_is_v4(&obs->dst) ? 60 + 52 : 80 + 72; /* SYN and ACK with the usual options */
	bool is_connection = obs->traits & TRAIT_FLOW && obs->protocol == PROTOCOL_TCP &&
		(obs->tcp_flags & (TCP_SYN | TCP_PSH)) == (TCP_SYN | TCP_PSH) && obs->packets > 2;
	if (!is_connection || obs->bytes <= handshake_bytes)
		return obs->length_bytes;
	uint64_t mean_bytes = (obs->bytes - handshake_bytes) / (obs->packets - 2);
	return mean_bytes > UINT16_MAX ? UINT16_MAX : (uint32_t)mean_bytes;
}

static void slot_add_details(struct profile *profile, struct slot *slot, const struct observation *obs, uint32_t weight)
{
	if (!(obs->traits & TRAIT_FRAGMENT_LATER)) {
		top_add(&slot->src_ports, obs->src_port, weight, next_random(profile));
		top_add(&slot->dst_ports, obs->dst_port, weight, next_random(profile));
	}
	top_add(&slot->lengths, length_of(obs), weight, next_random(profile));
	top_add(&slot->details, detail_of(obs), weight, next_random(profile));
	if (obs->traits & TRAIT_TTL_KNOWN)
		top_add(&slot->ttls, obs->ttl, weight, next_random(profile));
}

/** The same for both directions of a flow: the other end, its port, the port of the profiled end. */
static uint64_t flow_hash(uint64_t peer_hash, uint16_t peer_port, uint16_t own_port)
{
	return hash_mix(peer_hash ^ ((uint64_t)peer_port << 16 | own_port), UINT64_C(0x9e3779b97f4a7c15));
}

static void add(struct profile *profile, const struct observation *obs, const struct mark *mark, bool peer_is_dst)
{
	struct slot *slot = slot_find(profile, obs, mark);
	uint64_t peer_hash = peer_is_dst ? mark->dst_hash : mark->src_hash;
	uint16_t peer_port = peer_is_dst ? obs->dst_port : obs->src_port, own_port = peer_is_dst ? obs->src_port : obs->dst_port;

	slot->packets += mark->packets;
	slot->bytes += mark->bytes;
	slot->seen += obs->packets;
	slot->recent_packets += mark->packets;
	slot->recent_bytes += mark->bytes;
	if (obs->traits & TRAIT_FRAGMENT_FIRST)
		slot->first_fragments += mark->packets;
	if (mark->start_ns < slot->start_ns)
		slot->start_ns = mark->start_ns;
	if (mark->end_ns > slot->end_ns)
		slot->end_ns = mark->end_ns;
	distinct_add(slot->peers, DISTINCT_SMALL, peer_hash);
	distinct_add(slot->flows, DISTINCT_SMALL, flow_hash(peer_hash, peer_port, own_port));
	distinct_add(slot->ports, DISTINCT_SMALL,
		hash_mix(obs->dst_port + 1u, UINT64_C(0xd1b54a32d192ed03)) * UINT64_C(0x2545f4914f6cdd1d));

	if (obs->sampling > profile->sampling)
		profile->sampling = obs->sampling;
	if (mark->end_ns > profile->last_ns)
		profile->last_ns = mark->end_ns;

	uint32_t factor = detail_factor(profile);
	if (factor == 0)
		return;
	/* Not with the packets of others: else one of a few would look like a share. */
	slot_add_details(profile, slot, obs, obs->packets > UINT32_MAX ? UINT32_MAX : (uint32_t)obs->packets);
	peer_add(profile, obs, mark, peer_is_dst, factor);
}

/** How many observations are counted as one, after so many within a fine slot. */
static uint32_t step_after(const struct profile *profile, uint32_t used)
{
	uint32_t full = profile->end.bits == 128 ? PROFILE_FULL_PACKETS : PROFILE_FULL_PACKETS_PREFIX;
	if (used < full)
		return 1;
	return used < full * PROFILE_SKIP_STEP ? PROFILE_SKIP_STEP : PROFILE_SKIP_STEP * PROFILE_SKIP_STEP;
}

/** How many observations one stands for: those that were passed over, where they are not told one by one. */
static inline uint64_t weight_of(const struct profile *profile, const struct mark *mark)
{
	return profile_is_whole(profile, mark) ? 1 : mark->weight;
}

/**
 * Whether an observation is counted with the next one that is added: beyond what a fine slot needs, most are.
 * Packets, bytes and classes stay exact in sum, other ends are all counted; the split by vector is that of those added.
 */
static inline bool is_skipped(struct profile *profile, const struct mark *mark)
{
	if (mark->end_ns >= profile->detail_until_ns) {
		profile->detail_until_ns = (mark->end_ns / RATES_FINE_NS + 1) * RATES_FINE_NS;
		profile->detail_used = profile->added = 0;
		return false;
	}
	bool is_long = mark->end_ns - mark->start_ns > RATES_FINE_NS; /* spread over its own time */
	if (is_long || ++profile->skipped >= step_after(profile, profile->detail_used++))
		return false;
	profile->skipped_packets += mark->packets * mark->weight;
	profile->skipped_bytes += mark->bytes * mark->weight;
	profile->uncounted_packets += mark->packets * weight_of(profile, mark);
	profile->uncounted_bytes += mark->bytes * weight_of(profile, mark);
	return true;
}

/** Adds an observation together with those that were skipped before it. Apart, so that skipping is short. */
static __attribute__((noinline)) void add_heavy(struct profile *profile, const struct observation *obs, const struct mark *mark,
	bool peer_is_dst)
{
	struct mark heavy = *mark;
	uint64_t weight = weight_of(profile, mark);
	rates_add(&profile->rates, mark->start_ns, mark->end_ns, mark->packets * weight + profile->uncounted_packets,
		mark->bytes * weight + profile->uncounted_bytes);
	heavy.packets = mark->packets * mark->weight + profile->skipped_packets;
	heavy.bytes = mark->bytes * mark->weight + profile->skipped_bytes;
	profile->skipped = 0;
	profile->skipped_packets = profile->skipped_bytes = 0;
	profile->uncounted_packets = profile->uncounted_bytes = 0;
	add(profile, obs, &heavy, peer_is_dst);
}

void profile_add(struct profile *profile, const struct observation *obs, const struct mark *mark, bool peer_is_dst)
{
	distinct_add(profile->all_peers, DISTINCT_LARGE, peer_is_dst ? mark->dst_hash : mark->src_hash);
	profile->class_packets[mark->flow_class] += mark->packets * weight_of(profile, mark);
	profile->observations++;
	if (!is_skipped(profile, mark))
		add_heavy(profile, obs, mark, peer_is_dst);
}

void profile_settle(struct profile *profile)
{
	if (profile->uncounted_packets == 0)
		return;
	rates_add(&profile->rates, profile->last_ns, profile->last_ns, profile->uncounted_packets, profile->uncounted_bytes);
	profile->uncounted_packets = profile->uncounted_bytes = 0;
}

void profile_add_reverse(struct profile *profile, const struct observation *obs, const struct mark *mark, bool peer_is_dst)
{
	struct reverse *reverse = &profile->reverse;
	uint64_t packets = mark->packets * weight_of(profile, mark);
	reverse->packets += packets;
	bool is_refusal = obs->protocol == PROTOCOL_TCP && obs->tcp_flags & TCP_RST && !(obs->tcp_flags & (TCP_PSH | TCP_SYN));
	if (!is_refusal && !(obs->traits & TRAIT_FRAGMENT_LATER)) {
		uint64_t hash = peer_is_dst ? flow_hash(mark->dst_hash, obs->dst_port, obs->src_port)
					    : flow_hash(mark->src_hash, obs->src_port, obs->dst_port);
		distinct_add(reverse->flows, DISTINCT_SMALL, hash);
	}
	if (obs->protocol == PROTOCOL_TCP) {
		bool is_flow = obs->traits & TRAIT_FLOW;
		if (obs->tcp_flags & TCP_SYN && (is_flow || !(obs->tcp_flags & TCP_ACK)))
			reverse->syn += is_flow ? 1 : packets;
		if (!(obs->tcp_flags & TCP_RST) || (is_flow && obs->tcp_flags & (TCP_PSH | TCP_SYN))) {
			reverse->tcp += packets;
			reverse->tcp_bytes += mark->bytes * weight_of(profile, mark);
		}
		return;
	}
	if (obs->protocol == PROTOCOL_UDP) {
		reverse->udp += packets;
		reverse->questions[classify_question(obs)] += packets;
		return;
	}
	if (obs->protocol != PROTOCOL_ICMP && obs->protocol != PROTOCOL_ICMPV6)
		reverse->other += packets;
	else if (obs->icmp_type == 8 || obs->icmp_type == 128)
		reverse->icmp_echo += packets;
}

void profile_decay(struct profile *profile, int64_t now_ns)
{
	for (int seconds = 0; now_ns - profile->decayed_ns >= NS_PER_S; seconds++) {
		if (seconds == 40) { /* everything is zero by now: catch up in one step */
			profile->decayed_ns = now_ns;
			return;
		}
		for (unsigned i = 0; i < profile->slot_count; i++) {
			profile->slots[i].recent_packets /= 2;
			profile->slots[i].recent_bytes /= 2;
		}
		profile->decayed_ns += NS_PER_S;
	}
}
