/*
 * The rules. Each looks at the packets of one hint (struct slot) and says how
 * many of them honest traffic explains, given what the end itself sent: a SYN
 * is explained by a connection that lives, an answer by a question, an ACK by
 * data that went the other way. What is left is attack, and the rule says how
 * sure it is of that. All counts are since the profile's epoch.
 *
 * Where a sensor never sees what the watched ends send (mirror of one
 * direction, ingress-only flow export), rules fall back on how the packets
 * are spread: real connections have many packets each, forged ones have one.
 */
#include "detect/judge.h"

#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "detect/classify.h"
#include "detect/judge_scene.h"

#define FRAGMENTS_OF_ANSWER 4 /* of an honest one, in the mean */
#define TUNNEL_BACK 200 /* packets into a tunnel for each that comes out of it: so many at most between two ends that use it */
#define FRAGMENTED_BYTES_MIN 1000 /* mean length of a vector from which on its packets may be first fragments */

static const struct opinion innocent = {0, 0};

static struct opinion rule_always(const struct scene *scene, const struct facts *facts)
{
	(void)scene;
	return (struct opinion){1000, facts->slot->packets >= 20 ? 97 : 60};
}

/** How many packets one question honestly brings. */
static uint64_t answers_per_question(enum vector vector)
{
	switch ((unsigned)vector) {
	case VECTOR_QUIC_REFLECTION:
		return 60;
	case VECTOR_DNS_REFLECTION:
	case VECTOR_NTP_REFLECTION:
		return 4;
	default:
		return 20;
	}
}

static struct opinion rule_reflection(const struct scene *scene, const struct facts *facts)
{
	enum vector vector = (enum vector)facts->slot->vector;
	if (scene->context->is_group)
		return innocent; /* discovery protocols talk to groups by design */
	uint64_t explained = scene->reverse->questions[vector] * answers_per_question(vector);
	unsigned permille = unexplained_permille(facts->slot->packets, explained);
	if (scene->visible)
		return (struct opinion){facts->peers >= 2 || facts->pps >= 100 ? permille : 0, facts->peers >= 10 ? 96 : 75};
	uint64_t peers_needed = vector == VECTOR_QUIC_REFLECTION ? 50 : 10;
	return facts->peers >= peers_needed ? (struct opinion){permille, 90} : innocent;
}

static struct opinion rule_udp(const struct scene *scene, const struct facts *facts)
{
	if (scene->context->is_group && facts->pps < 1000)
		return innocent;
	unsigned permille = unanswered_permille(scene, facts, scene->reverse->udp, 20);
	bool is_spread = facts->peers >= 10 || facts->flows >= 50 || facts->ports >= 50;
	if (is_spread)
		return (struct opinion){permille, scene->visible ? 92 : 80};
	/* One stream of one source: a flood only if it is fast. */
	return facts->pps >= 2000 ? (struct opinion){permille, 65} : innocent;
}

/** Requests to a service: honest while they are answered or slow. */
static struct opinion rule_service(const struct scene *scene, const struct facts *facts)
{
	uint64_t explained = scene->visible ? scene->reverse->udp * 3 / 2 : 0;
	unsigned permille = unexplained_permille(facts->slot->packets, explained);
	if (facts->pps < 200)
		return innocent;
	return (struct opinion){permille, facts->peers >= 10 ? 85 : 70};
}

/** Packets that are honest only when they are rare. */
static struct opinion rule_rate(const struct scene *scene, const struct facts *facts)
{
	(void)scene;
	return facts->pps >= 100 ? (struct opinion){1000, facts->pps >= 1000 ? 92 : 80} : innocent;
}

static struct opinion rule_echo_reply(const struct scene *scene, const struct facts *facts)
{
	return (struct opinion){unexplained_permille(facts->slot->packets, scene->reverse->icmp_echo * 2), 92};
}

static struct opinion rule_icmp_error(const struct scene *scene, const struct facts *facts)
{
	if (scene->is_prefix && is_backscatter(scene, facts))
		return innocent;
	if (!scene->visible && facts->slot->packets * 10 < scene->packets * 3)
		return innocent;
	return (struct opinion){unexplained_permille(facts->slot->packets, scene->reverse->packets / 2), 85};
}

static struct opinion rule_fragment(const struct scene *scene, const struct facts *facts)
{
	if (facts->pps < 100)
		return innocent;
	/* Large datagrams are fragmented, TCP is not: up to 64 kB are answers to one question, or a tunnel's other half. */
	uint64_t asked = scene->reverse->udp + scene->reverse->other + scene->reverse->icmp_echo;
	return (struct opinion){unexplained_permille(facts->slot->packets, asked * FRAGMENTS_OF_ANSWER), facts->peers >= 10 ? 92 : 80};
}

static struct opinion rule_tunnel(const struct scene *scene, const struct facts *facts)
{
	uint64_t back = facts->slot->protocol == PROTOCOL_UDP ? scene->reverse->udp : scene->reverse->other;
	/* A tunnel, or a mirror port sent through one. What floods its inside is told of who is there. */
	bool is_in_use = back * TUNNEL_BACK >= facts->slot->packets;
	if (facts->peers < 5 && (facts->pps < 10000 || is_in_use))
		return innocent;
	return (struct opinion){unexplained_permille(facts->slot->packets, back * 20), 88};
}

/** The rule of each vector that classify() hints at; reflections without an entry share rule_reflection(). */
static rule_fn *const rules[VECTOR_COUNT] = {
	[VECTOR_SYN_FLOOD] = rule_syn,
	[VECTOR_SYN_PAYLOAD_FLOOD] = rule_syn,
	[VECTOR_SYN_ECE_CWR_FLOOD] = rule_syn,
	[VECTOR_ACK_FLOOD] = rule_conversation,
	[VECTOR_PSH_ACK_FLOOD] = rule_conversation,
	[VECTOR_RST_FLOOD] = rule_end,
	[VECTOR_FIN_FLOOD] = rule_end,
	[VECTOR_NULL_FLOOD] = rule_always,
	[VECTOR_XMAS_FLOOD] = rule_always,
	[VECTOR_TCP_ALL_FLAGS_FLOOD] = rule_always,
	[VECTOR_TCP_BAD_FLAGS_FLOOD] = rule_always,
	[VECTOR_URG_FLOOD] = rule_conversation,
	[VECTOR_TCP_FLOOD] = rule_flagless,
	[VECTOR_CONNECTION_FLOOD] = rule_connections,
	[VECTOR_REQUEST_FLOOD] = rule_requests,
	[VECTOR_LAND_ATTACK] = rule_always,
	[VECTOR_SYNACK_REFLECTION] = rule_synack,
	[VECTOR_UDP_FLOOD] = rule_udp,
	[VECTOR_UDP_EMPTY_FLOOD] = rule_rate,
	[VECTOR_DNS_QUERY_FLOOD] = rule_service,
	[VECTOR_VSE_FLOOD] = rule_rate,
	[VECTOR_RAKNET_FLOOD] = rule_service,
	[VECTOR_SIP_FLOOD] = rule_service,
	[VECTOR_QUIC_FLOOD] = rule_udp,
	[VECTOR_DTLS_FLOOD] = rule_udp,
	[VECTOR_RADIUS_FLOOD] = rule_service,
	[VECTOR_NTP_FLOOD] = rule_service,
	[VECTOR_DHCP_FLOOD] = rule_rate,
	[VECTOR_VPN_FLOOD] = rule_udp,
	[VECTOR_FRAGMENT_FLOOD] = rule_fragment,
	[VECTOR_ICMP_ECHO_FLOOD] = rule_rate,
	[VECTOR_ICMP_ECHO_REPLY_FLOOD] = rule_echo_reply,
	[VECTOR_ICMP_UNREACHABLE_FLOOD] = rule_icmp_error,
	[VECTOR_ICMP_TIME_EXCEEDED_FLOOD] = rule_icmp_error,
	[VECTOR_ICMP_FLOOD] = rule_rate,
	[VECTOR_ICMPV6_NEIGHBOR_FLOOD] = rule_rate,
	[VECTOR_ICMPV6_ROUTER_ADVERTISEMENT_FLOOD] = rule_rate,
	[VECTOR_GRE_FLOOD] = rule_tunnel,
	[VECTOR_ESP_FLOOD] = rule_tunnel,
	[VECTOR_AH_FLOOD] = rule_tunnel,
	[VECTOR_IGMP_FLOOD] = rule_rate,
	[VECTOR_SCTP_FLOOD] = rule_tunnel,
	[VECTOR_IP_IN_IP_FLOOD] = rule_tunnel,
	[VECTOR_OTHER_PROTOCOL_FLOOD] = rule_tunnel,
	[VECTOR_IPV6_EXTENSION_FLOOD] = rule_rate,
};

static enum vector name_other(const struct facts *facts, enum vector hint)
{
	uint32_t value = 0;
	if (hint == VECTOR_OTHER_PROTOCOL_FLOOD && facts->slot->details.used >= 6 &&
		top_first_permille(&facts->slot->details, &value) < 500)
		return VECTOR_RANDOM_PROTOCOL_FLOOD;
	if (hint == VECTOR_IP_IN_IP_FLOOD && facts->slot->protocol == PROTOCOL_UDP)
		return VECTOR_UDP_FLOOD; /* the shape of VXLAN or Geneve, and more of it than a tunnel has */
	if (hint == VECTOR_UDP_FLOOD && facts->length_permille >= 950)
		return VECTOR_UDP_FIXED_LENGTH_FLOOD;
	return hint;
}

/** Permille of a count that days of a flood, or one absurd flow record, may have made too large to multiply. */
static uint64_t part_of(uint64_t count, unsigned permille)
{
	return count / 1000 * permille + count % 1000 * permille / 1000;
}

static void verdict_add(struct verdict *verdict, const struct slot *slot, struct judged judged, unsigned permille)
{
	judged.packets = part_of(slot->packets, permille);
	judged.bytes = part_of(slot->bytes, permille);
	judged.recent_packets = part_of(slot->recent_packets, permille);
	judged.fresh_permille = judged.fresh_permille > permille ? judged.fresh_permille : (uint16_t)permille;
	if (judged.packets > 0 && verdict->count < ARRAY_LEN(verdict->vectors))
		verdict->vectors[verdict->count++] = judged;
}

/**
 * Takes unknown reflectors out of UDP that has no better name: source ports that many sources share.
 * Adds one vector for each and returns the share of the slot that is left, in permille of the slot.
 */
static unsigned take_reflectors(const struct facts *facts, unsigned index, struct opinion opinion, struct verdict *verdict)
{
	const struct top *ports = &facts->slot->src_ports;
	unsigned left = opinion.attack_permille;
	if (facts->peers < 10 || ports->total == 0)
		return left;
	for (unsigned i = 0; i < ports->used && left > 0; i++) {
		uint64_t permille = (uint64_t)ports->counts[i] * 1000 / ports->total;
		if (permille < 100 || ports->values[i] == 0)
			continue;
		permille = permille * opinion.attack_permille / 1000;
		permille = permille > left ? left : permille;
		/* What the sketch cannot tell apart of a single port is that port. */
		if (left - permille <= 30)
			permille = left;
		struct judged judged = {.slot = (uint8_t)index, .vector = VECTOR_UDP_REFLECTION,
			.port = (uint16_t)ports->values[i], .sure = (uint8_t)opinion.sure};
		verdict_add(verdict, facts->slot, judged, (unsigned)permille);
		left -= (unsigned)permille;
	}
	return left;
}

static void judge_slot(const struct scene *scene, unsigned index, struct verdict *verdict)
{
	const struct slot *slot = &scene->profile->slots[index];
	enum vector hint = (enum vector)slot->vector;
	if (slot->packets == 0)
		return;
	struct facts facts;
	facts_of(scene, slot, &facts);
	rule_fn *rule = rules[hint];
	if (rule == NULL)
		rule = classify_is_reflection(hint) ? rule_reflection : rule_rate;
	if (scene->profile->observations < JUDGE_OBSERVATIONS_MIN && rule != rule_always && rule != rule_rate)
		return;
	struct opinion opinion = rule(scene, &facts);
	if (opinion.attack_permille == 0)
		return;
	unsigned left = opinion.attack_permille;
	if (hint == VECTOR_UDP_FLOOD || hint == VECTOR_QUIC_FLOOD)
		left = take_reflectors(&facts, index, opinion, verdict);
	enum vector name = slot->protocol == PROTOCOL_TCP ? name_tcp(scene, &facts, hint) : name_other(&facts, hint);
	verdict_add(verdict, slot, (struct judged){.slot = (uint8_t)index, .vector = (uint8_t)name, .sure = (uint8_t)opinion.sure,
		.fresh_permille = (uint16_t)opinion.fresh_permille}, left);
}

/** The vector of a name and port, NULL if the verdict has none. */
static struct judged *verdict_find(struct verdict *verdict, const struct judged *like)
{
	for (unsigned i = 0; i < verdict->count; i++) {
		if (verdict->vectors[i].vector == like->vector && verdict->vectors[i].port == like->port)
			return &verdict->vectors[i];
	}
	return NULL;
}

static void judged_join(struct judged *into, const struct judged *from)
{
	into->packets += from->packets;
	into->bytes += from->bytes;
	into->recent_packets += from->recent_packets;
}

/** How much the later fragments beside a vector are its own: by sources in common, where its answers are long; 0: not at all. */
static uint64_t fragments_weight(const struct profile *profile, const struct judged *judged, const struct slot *fragments)
{
	const struct slot *slot = &profile->slots[judged->slot];
	bool is_long = slot->first_fragments * 10 >= slot->packets ||
		(slot->is_flow && slot->bytes >= slot->packets * FRAGMENTED_BYTES_MIN);
	if (slot->protocol != PROTOCOL_UDP || !is_long || !classify_is_reflection((enum vector)judged->vector))
		return 0;
	uint64_t peers = distinct_estimate(fragments->peers, DISTINCT_SMALL);
	uint64_t common = distinct_common(slot->peers, fragments->peers, DISTINCT_SMALL);
	/* Of sampled sources few are seen twice. */
	return common * 5 >= peers || profile->sampling > 1 ? common + 1 : 0;
}

/**
 * Later fragments carry no ports: those of the sources that send long answers are parts of these answers, and are shared
 * out among them. Others are a flood of their own, or honest, which its rule says.
 */
static void judge_fragments(const struct scene *scene, unsigned index, struct verdict *verdict)
{
	const struct slot *slot = &scene->profile->slots[index];
	unsigned count = verdict->count;
	uint64_t weights = 0;
	for (unsigned i = 0; i < count; i++)
		weights += fragments_weight(scene->profile, &verdict->vectors[i], slot);
	if (weights == 0) {
		judge_slot(scene, index, verdict);
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		struct judged *judged = &verdict->vectors[i];
		unsigned permille = (unsigned)(fragments_weight(scene->profile, judged, slot) * 1000 / weights);
		judged->packets += part_of(slot->packets, permille);
		judged->bytes += part_of(slot->bytes, permille);
		judged->recent_packets += part_of(slot->recent_packets, permille);
	}
}

/** Few DTLS answers show their first bytes; beside them, what else comes from port 443 is taken for DTLS too. */
static void fold_dtls(struct verdict *verdict)
{
	struct judged *dtls = NULL, *quic = NULL;
	for (unsigned i = 0; i < verdict->count; i++) {
		if (verdict->vectors[i].vector == VECTOR_DTLS_REFLECTION)
			dtls = &verdict->vectors[i];
		else if (verdict->vectors[i].vector == VECTOR_QUIC_REFLECTION)
			quic = &verdict->vectors[i];
	}
	if (dtls != NULL && quic != NULL && dtls->packets * 10 >= quic->packets)
		quic->vector = VECTOR_DTLS_REFLECTION;
}

/** Joins vectors of one name and orders them, largest first. */
static void verdict_tidy(struct verdict *verdict)
{
	unsigned count = verdict->count;
	verdict->count = 0;
	for (unsigned i = 0; i < count; i++) {
		struct judged next = verdict->vectors[i];
		struct judged *same = verdict_find(verdict, &next);
		if (same != NULL)
			judged_join(same, &next);
		else
			verdict->vectors[verdict->count++] = next;
	}
	for (unsigned i = 1; i < verdict->count; i++) {
		struct judged moved = verdict->vectors[i];
		unsigned j = i;
		for (; j > 0 && verdict->vectors[j - 1].packets < moved.packets; j--)
			verdict->vectors[j] = verdict->vectors[j - 1];
		verdict->vectors[j] = moved;
	}
}

static void verdict_sum(const struct profile *profile, struct verdict *verdict)
{
	uint64_t sure = 0, recent_attack = 0, recent = 0;
	for (unsigned i = 0; i < verdict->count; i++) {
		const struct judged *judged = &verdict->vectors[i];
		verdict->attack_packets += judged->packets;
		verdict->attack_bytes += judged->bytes;
		recent_attack += judged->recent_packets;
		sure += judged->packets * judged->sure;
	}
	for (unsigned i = 0; i < profile->slot_count; i++)
		recent += profile->slots[i].recent_packets;
	if (verdict->attack_packets > 0)
		verdict->sure = (unsigned)(sure / verdict->attack_packets);
	if (recent > 0)
		verdict->attack_permille = (unsigned)(recent_attack * 1000 / recent);
}

/** Whether a small vector is told all the same: it has been told of, or is just beginning to be large. */
static bool is_kept(const struct judge_context *context, const struct judged *judged)
{
	bool is_told = context->told != NULL && context->told[judged->vector / 64] >> judged->vector % 64 & 1;
	return is_told || (context->fresh != NULL && fresh_is_large(context->fresh, judged->slot, judged->fresh_permille, 0));
}

/** Drops what is too small to be told, and the echo of an attack: errors that name its own packets. */
static void verdict_trim(const struct judge_context *context, struct verdict *verdict)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < verdict->count; i++) {
		const struct judged *judged = &verdict->vectors[i];
		bool is_small = judged->packets * 1000 < verdict->attack_packets * JUDGE_SHARE_PERMILLE &&
			judged->bytes * 1000 < verdict->attack_bytes * JUDGE_SHARE_PERMILLE;
		bool is_echo = (judged->vector == VECTOR_ICMP_UNREACHABLE_FLOOD || judged->vector == VECTOR_ICMP_TIME_EXCEEDED_FLOOD) &&
			judged->packets * 20 < verdict->attack_packets;
		if ((!is_small || is_kept(context, judged)) && !is_echo)
			verdict->vectors[kept++] = *judged;
	}
	verdict->count = kept;
}

void judge(const struct profile *profile, const struct judge_context *context, struct verdict *ret_verdict)
{
	struct scene scene;
	struct verdict verdict = {0};
	scene_of(profile, context, &scene);
	verdict.packets = scene.packets;
	verdict.connections = scene.connections;
	for (unsigned i = 0; i < profile->slot_count; i++)
		verdict.bytes += profile->slots[i].bytes;
	unsigned fragments = profile->slot_of[VECTOR_FRAGMENT_FLOOD];
	for (unsigned i = 0; i < profile->slot_count; i++) {
		if (i + 1 != fragments)
			judge_slot(&scene, i, &verdict);
	}
	if (fragments != 0)
		judge_fragments(&scene, fragments - 1, &verdict);
	fold_dtls(&verdict);
	verdict_tidy(&verdict);
	verdict_sum(profile, &verdict);
	verdict_trim(context, &verdict);
	*ret_verdict = verdict;
}

/** Observations for each other end; below a handful no address can be trusted to be real. */
static uint64_t packets_per_source(const struct profile *profile)
{
	uint64_t sources = distinct_estimate(profile->all_peers, DISTINCT_LARGE);
	return sources > 0 ? profile->observations / sources : 0;
}

enum source_verdict judge_peer(const struct profile *profile, const struct peer *peer,
	bool is_bogon, char ret_why[static 96])
{
	if (is_bogon) {
		snprintf(ret_why, 96, "the address is reserved and cannot be on the Internet");
		return SOURCE_SPOOFED;
	}
	if (peer->traits & PEER_REFLECTOR && !(peer->traits & PEER_DIRECT)) {
		snprintf(ret_why, 96, "answers from port %u that nobody asked for", peer->port);
		return SOURCE_AMPLIFIER;
	}
	if (peer->traits & PEER_MIRAI) {
		snprintf(ret_why, 96, "TCP sequence numbers equal the destination, as Mirai sends them");
		return SOURCE_BOT;
	}
	if (peer->traits & PEER_AFTER_SYN) {
		snprintf(ret_why, 96, "completed a TCP handshake, so the address is real");
		return SOURCE_BOT;
	}
	bool is_stable = peer->traits & PEER_TTL_KNOWN && peer->ttl_max - peer->ttl_min <= 1;
	bool is_unstable = peer->traits & PEER_TTL_KNOWN && peer->ttl_max - peer->ttl_min > 4;
	uint64_t each = packets_per_source(profile);
	if (is_unstable && peer->packets >= 8) {
		snprintf(ret_why, 96, "its packets come with TTLs from %u to %u", peer->ttl_min, peer->ttl_max);
		return SOURCE_SPOOFED;
	}
	if (each < 4) {
		snprintf(ret_why, 96, "%s", "sources send fewer than 4 packets each: addresses are drawn at random");
		return SOURCE_SPOOFED;
	}
	if (is_stable && peer->packets >= 20) {
		snprintf(ret_why, 96, "%llu packets, all with TTL %u", (unsigned long long)peer->packets, peer->ttl_max);
		return SOURCE_BOT;
	}
	snprintf(ret_why, 96, "%llu packets, nothing that proves or disproves the address", (unsigned long long)peer->packets);
	return SOURCE_UNKNOWN;
}
