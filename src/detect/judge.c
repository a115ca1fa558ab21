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

#include "core/clock.h"
#include "core/err.h"
#include "detect/classify.h"

/** Numbers that several rules need, worked out once. */
struct scene {
	const struct profile *profile;
	const struct judge_context *context;
	const struct reverse *reverse;
	bool visible; /* what the end sends is seen */
	bool is_prefix; /* the end is more than one address */
	uint64_t packets; /* all */
	uint64_t tcp; /* TCP packets */
	uint64_t syn; /* SYN of any kind */
	uint64_t ack;
	uint64_t psh;
	uint64_t connections; /* living connections */
	uint64_t completed; /* flows whose SYN was followed by an ACK or data */
	bool connects; /* SYNs become connections that carry nothing */
	bool requests; /* requests without end from the same sources: all of their connections is part of it */
	bool middlebox; /* block pages that nobody asked for */
};

/** One slot with its derived numbers. */
struct facts {
	const struct slot *slot;
	uint64_t peers;
	uint64_t flows;
	uint64_t ports;
	uint64_t pps; /* peak */
	uint32_t length; /* most frequent length */
	unsigned length_permille;
	uint64_t mean_bytes;
};

/** What a rule says of a slot. */
struct opinion {
	unsigned attack_permille; /* of the slot's packets */
	unsigned sure; /* 0..100 */
};

typedef struct opinion rule_fn(const struct scene *scene, const struct facts *facts);

static const struct opinion innocent = {0, 0};

/** What is left of the packets when an explained number is taken away, in permille. */
static unsigned unexplained_permille(uint64_t packets, uint64_t explained)
{
	if (packets == 0 || explained >= packets)
		return 0;
	return (unsigned)((packets - explained) * 1000 / packets);
}

static const struct slot *slot_of(const struct profile *profile, enum vector vector)
{
	unsigned index = profile->slot_of[vector];
	return index != 0 ? &profile->slots[index - 1] : NULL;
}

static uint64_t packets_of(const struct profile *profile, enum vector vector)
{
	const struct slot *slot = slot_of(profile, vector);
	return slot != NULL ? slot->packets : 0;
}

/** Packets per flow of a slot; 0 where it is empty. */
static uint64_t packets_per_flow(const struct slot *slot)
{
	uint64_t flows = distinct_estimate(slot->flows, DISTINCT_SMALL);
	return flows > 0 ? slot->seen / flows : 0;
}

/** Connections that live: flows with several packets of data or acknowledgements, at most what the end answered. */
static uint64_t living_connections(const struct profile *profile, bool visible)
{
	static const enum vector carriers[] = {VECTOR_PSH_ACK_FLOOD, VECTOR_ACK_FLOOD, VECTOR_CONNECTION_FLOOD};
	uint64_t most = 0;
	for (unsigned i = 0; i < ARRAY_LEN(carriers); i++) {
		const struct slot *slot = slot_of(profile, carriers[i]);
		if (slot == NULL || slot->packets == 0 || packets_per_flow(slot) < 2)
			continue;
		uint64_t flows = distinct_estimate(slot->flows, DISTINCT_SMALL);
		if (flows > most)
			most = flows;
	}
	return visible && most > profile->reverse.tcp ? profile->reverse.tcp : most;
}

/** Flows that opened and went on: those that SYNs and ACKs or data have in common. */
static uint64_t completed_handshakes(const struct profile *profile)
{
	const struct slot *syn = slot_of(profile, VECTOR_SYN_FLOOD);
	const struct slot *ack = slot_of(profile, VECTOR_ACK_FLOOD);
	const struct slot *psh = slot_of(profile, VECTOR_PSH_ACK_FLOOD);
	if (syn == NULL || (ack == NULL && psh == NULL))
		return 0;
	uint8_t after[DISTINCT_SMALL] = {0};
	if (ack != NULL)
		distinct_merge(after, ack->flows, DISTINCT_SMALL);
	if (psh != NULL)
		distinct_merge(after, psh->flows, DISTINCT_SMALL);
	return distinct_common(syn->flows, after, DISTINCT_SMALL);
}

/** Whether SYNs and ACKs belong to the same flows and nearly nothing follows: connections opened to be kept idle. */
static bool connections_carry_nothing(const struct scene *scene)
{
	const struct slot *syn = slot_of(scene->profile, VECTOR_SYN_FLOOD);
	const struct slot *ack = slot_of(scene->profile, VECTOR_ACK_FLOOD);
	/* Honest clients open a few connections each, and are seen between their SYN and their request. */
	if (syn == NULL || ack == NULL || syn->packets < 50 ||
		distinct_estimate(syn->flows, DISTINCT_SMALL) < 3 * distinct_estimate(syn->peers, DISTINCT_SMALL) ||
		scene->psh * 10 > scene->syn * 3)
		return false;
	if (ack->packets * 2 < syn->packets || ack->packets > syn->packets * 3)
		return false;
	if (scene->visible && scene->reverse->tcp * 2 < scene->syn)
		return false;
	return distinct_common(syn->flows, ack->flows, DISTINCT_SMALL) * 10 >= distinct_estimate(syn->flows, DISTINCT_SMALL) * 6;
}

/** Packets of the few other ends that sent most of a slot; at most four are asked for. */
static uint64_t packets_of_heaviest(const struct scene *scene, const struct slot *slot, unsigned count)
{
	uint64_t heaviest[4] = {0}, sum = 0;
	const struct peer *peers = &scene->profile->peers[0][0];
	for (unsigned i = 0; i < PROFILE_PEER_SETS * PROFILE_PEER_WAYS; i++) {
		uint64_t packets = peers[i].vector == slot->vector ? peers[i].packets : 0;
		for (unsigned at = 0; at < count && packets > 0; at++) {
			if (packets <= heaviest[at])
				continue;
			uint64_t smaller = heaviest[at];
			heaviest[at] = packets;
			packets = smaller;
		}
	}
	for (unsigned at = 0; at < count; at++)
		sum += heaviest[at];
	return sum;
}

/** A few sources that try port after port or address after address: the sweep detector's business, unless as fast as a flood. */
static bool is_scan(const struct scene *scene, const struct facts *facts)
{
	if (facts->pps >= 5000)
		return false;
	if (scene->is_prefix)
		return packets_of_heaviest(scene, facts->slot, 4) * 10 >= facts->slot->packets * 8;
	return facts->ports * 2 >= facts->slot->seen &&
		packets_of_heaviest(scene, facts->slot, 1) * 10 >= facts->slot->packets * 8;
}

static struct opinion rule_syn(const struct scene *scene, const struct facts *facts)
{
	if (scene->connects)
		return (struct opinion){1000, 80};
	if (is_scan(scene, facts))
		return innocent;
	if (scene->requests)
		return (struct opinion){1000, 70};
	/*
	 * A SYN is explained by a connection that lives, or by its own handshake, however often it was sent. Of a sampled
	 * flood the flows that were not seen are taken to be answered as the others are.
	 */
	uint64_t tries = facts->flows > 0 ? facts->slot->packets / facts->flows + 1 : 1;
	uint64_t explained = scene->connections * 2 > scene->completed * tries ? scene->connections * 2 : scene->completed * tries;
	unsigned permille = unexplained_permille(facts->slot->packets, explained);
	/* The sketches err by a tenth: what is nearly explained is. */
	if (permille < 200)
		return innocent;
	return (struct opinion){permille, scene->visible ? 95 : 88};
}

/**
 * Packets that answers explain. Where flows are many and every packet is seen, flow by flow: those that the end
 * answered. Else by counts: so many packets for each that the end sent.
 */
static unsigned unanswered_permille(const struct scene *scene, const struct facts *facts, uint64_t answers, uint64_t each)
{
	unsigned by_count = unexplained_permille(facts->slot->packets, answers * each);
	if (facts->flows < 30 || scene->profile->sampling > 1)
		return by_count;
	uint64_t answered = distinct_common(facts->slot->flows, scene->reverse->flows, DISTINCT_SMALL);
	unsigned by_flow = unexplained_permille(facts->flows, answered);
	bool is_newborn = scene->context->age_ns < 500 * NS_PER_MS, is_young = scene->context->age_ns < NS_PER_S;
	if (is_newborn || (is_young && by_flow < 800))
		return by_flow < by_count ? by_flow : by_count;
	return by_flow < 200 ? 0 : by_flow; /* the sketches err by a tenth */
}

/** Length of one kind below what a full segment has: machines made these, not transfers. */
static bool is_fixed_small(const struct facts *facts, unsigned permille)
{
	return facts->length_permille >= permille && facts->length < 1400;
}

/** Whether the sources of these packets opened connections first (Mirai's "STOMP": ACKs after a handshake). */
static bool follows_handshake(const struct scene *scene, const struct facts *facts)
{
	const struct slot *syn = slot_of(scene->profile, VECTOR_SYN_FLOOD);
	if (syn == NULL || facts->peers < 3)
		return false;
	uint8_t openers[DISTINCT_SMALL];
	memcpy(openers, syn->peers, sizeof(openers));
	distinct_merge(openers, syn->peers_before, DISTINCT_SMALL);
	return distinct_common(openers, facts->slot->peers, DISTINCT_SMALL) * 2 >= facts->peers;
}

static bool is_stomp(const struct scene *scene, const struct facts *facts)
{
	return facts->slot->seen / (facts->flows + 1) >= 8 && is_fixed_small(facts, 700) && facts->mean_bytes > 60 &&
		follows_handshake(scene, facts);
}

/** Requests without end on one server port, answered: one length over and over, or connection after connection. */
static bool is_request_flood(const struct scene *scene, const struct facts *facts)
{
	uint32_t port = 0;
	unsigned port_permille = top_first_permille(&facts->slot->dst_ports, &port);
	bool is_served = !scene->visible || scene->reverse->tcp * 5 >= facts->slot->packets;
	if (port_permille < 800 || port >= 32768 || !is_served || facts->mean_bytes <= 100 || facts->mean_bytes >= 1400)
		return false;
	uint64_t requests = facts->slot->seen, peers = facts->peers + 1;
	bool is_one_request = is_fixed_small(facts, 600) && requests >= peers * 50 && facts->pps >= peers * 25;
	bool is_reconnecting = facts->peers >= 20 && scene->completed >= peers * 3 && requests >= peers * 4;
	return is_one_request || is_reconnecting;
}

/** Web pages that nobody asked for: boxes on the way that answer forged requests with a block page. */
static bool is_middlebox(const struct scene *scene, const struct facts *facts)
{
	uint32_t port = 0;
	unsigned permille = top_first_permille(&facts->slot->src_ports, &port);
	uint64_t answered = distinct_common(facts->slot->flows, scene->reverse->flows, DISTINCT_SMALL);
	bool is_web = (port == 80 || port == 443) && permille >= 600 && facts->peers >= 10 && facts->mean_bytes >= 100;
	return is_web && !scene->context->is_sender && scene->reverse->syn * 10 < facts->flows && answered * 2 < facts->flows &&
		(scene->visible || facts->flows * 5 >= facts->slot->seen);
}

/** ACKs and data without the other half of a conversation. */
static struct opinion rule_conversation(const struct scene *scene, const struct facts *facts)
{
	if (scene->connects)
		return (struct opinion){1000, 80};
	if (is_stomp(scene, facts))
		return (struct opinion){1000, 85};
	if (scene->requests)
		return (struct opinion){1000, 70};
	if (is_middlebox(scene, facts))
		return (struct opinion){1000, 85};
	if (scene->reverse->packets > 0) {
		/* Data is acknowledged at least every 45 segments (64 KiB offloaded); an ACK answers a segment. */
		uint64_t each = facts->mean_bytes > 100 ? 45 : 3;
		return (struct opinion){unanswered_permille(scene, facts, scene->reverse->tcp, each), 90};
	}
	bool is_scattered = facts->flows >= 30 && facts->slot->seen < facts->flows * 3;
	if (is_scattered)
		return (struct opinion){1000, 85};
	/* Machines' payload, or acknowledgements of nothing. */
	bool is_bare = facts->mean_bytes <= 60 && scene->visible && scene->psh * 50 < scene->ack;
	if (facts->peers >= 5 && is_fixed_small(facts, 900) && (facts->mean_bytes > 60 || is_bare))
		return (struct opinion){1000, 70};
	return innocent;
}

/** Few who answer many of ours, or one who answers slowly: somebody forged our addresses. The sweep detector's business. */
static bool is_backscatter(const struct scene *scene, const struct facts *facts)
{
	if (!scene->is_prefix)
		return facts->peers <= 2 && facts->pps < 50;
	return facts->peers * 8 <= distinct_estimate(scene->profile->all_hosts, DISTINCT_SMALL);
}

static struct opinion rule_end(const struct scene *scene, const struct facts *facts)
{
	if (scene->requests)
		return (struct opinion){1000, 70};
	uint64_t connections = scene->connections > scene->completed ? scene->connections : scene->completed;
	uint64_t explained = connections * 3 + scene->reverse->syn * 2;
	if (scene->connects)
		explained += scene->syn * 2;
	if (is_backscatter(scene, facts))
		return innocent;
	unsigned permille = unexplained_permille(facts->slot->packets, explained);
	if (!scene->visible && facts->slot->packets * 2 < scene->tcp)
		return innocent;
	return (struct opinion){permille, scene->visible ? 92 : 80};
}

static struct opinion rule_always(const struct scene *scene, const struct facts *facts)
{
	(void)scene;
	return (struct opinion){1000, facts->slot->packets >= 20 ? 97 : 60};
}

/** Flow records of whole connections: an attack only where few sources open very many short ones. */
static struct opinion rule_connections(const struct scene *scene, const struct facts *facts)
{
	(void)scene;
	bool are_short = packets_per_flow(facts->slot) <= 8;
	return are_short && facts->flows >= facts->peers * 30 && facts->flows >= 100 ? (struct opinion){1000, 70} : innocent;
}

static struct opinion rule_synack(const struct scene *scene, const struct facts *facts)
{
	uint64_t explained = scene->reverse->syn + scene->reverse->syn / 2;
	if (is_backscatter(scene, facts))
		return innocent;
	if (!scene->visible && facts->slot->packets * 10 < scene->tcp * 3)
		return innocent;
	return (struct opinion){unexplained_permille(facts->slot->packets, explained), scene->visible ? 95 : 85};
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
	if (!scene->visible && facts->slot->packets * 10 < scene->packets * 3)
		return innocent;
	return (struct opinion){unexplained_permille(facts->slot->packets, scene->reverse->packets / 2), 85};
}

static struct opinion rule_fragment(const struct scene *scene, const struct facts *facts)
{
	if (facts->pps < 100)
		return innocent;
	uint64_t explained = scene->reverse->packets > facts->slot->packets / 10 ? facts->slot->packets : 0;
	return (struct opinion){unexplained_permille(facts->slot->packets, explained), facts->peers >= 10 ? 92 : 80};
}

static struct opinion rule_tunnel(const struct scene *scene, const struct facts *facts)
{
	if (facts->peers < 5 && facts->pps < 10000)
		return innocent; /* a tunnel, or a mirror port sent through one */
	return (struct opinion){unexplained_permille(facts->slot->packets, scene->reverse->other * 20), 88};
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
	[VECTOR_CONNECTION_FLOOD] = rule_connections,
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

static void facts_of(const struct scene *scene, const struct slot *slot, struct facts *ret_facts)
{
	*ret_facts = (struct facts){
		.slot = slot,
		.peers = distinct_estimate(slot->peers, DISTINCT_SMALL),
		.flows = distinct_estimate(slot->flows, DISTINCT_SMALL),
		.ports = distinct_estimate(slot->ports, DISTINCT_SMALL),
		.pps = scene->packets > 0 ? scene->context->peak_pps * slot->packets / scene->packets : 0,
		.mean_bytes = slot->packets > 0 ? slot->bytes / slot->packets : 0,
	};
	ret_facts->length_permille = top_first_permille(&slot->lengths, &ret_facts->length);
}

/** The name of a TCP slot that was found to be attack. */
static enum vector name_tcp(const struct scene *scene, const struct facts *facts, enum vector hint)
{
	uint32_t port = 0;
	if (scene->requests)
		return VECTOR_REQUEST_FLOOD;
	switch ((unsigned)hint) {
	case VECTOR_SYN_FLOOD:
		return scene->connects ? VECTOR_CONNECTION_FLOOD : hint;
	case VECTOR_RST_FLOOD:
	case VECTOR_FIN_FLOOD: /* middleboxes also tear the connection down that never was */
		if (!scene->middlebox || top_first_permille(&facts->slot->src_ports, &port) < 600 || (port != 80 && port != 443))
			return hint;
		return VECTOR_MIDDLEBOX_REFLECTION;
	case VECTOR_ACK_FLOOD:
	case VECTOR_PSH_ACK_FLOOD:
	case VECTOR_URG_FLOOD:
		if (scene->connects)
			return VECTOR_CONNECTION_FLOOD;
		if (is_stomp(scene, facts))
			return VECTOR_STOMP_FLOOD;
		return is_middlebox(scene, facts) ? VECTOR_MIDDLEBOX_REFLECTION : hint;
	default:
		return hint;
	}
}

static enum vector name_other(const struct facts *facts, enum vector hint)
{
	uint32_t value = 0;
	if (hint == VECTOR_OTHER_PROTOCOL_FLOOD && facts->slot->details.used >= 6 &&
		top_first_permille(&facts->slot->details, &value) < 500)
		return VECTOR_RANDOM_PROTOCOL_FLOOD;
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
	struct opinion opinion = rule(scene, &facts);
	if (opinion.attack_permille == 0)
		return;
	unsigned left = opinion.attack_permille;
	if (hint == VECTOR_UDP_FLOOD || hint == VECTOR_QUIC_FLOOD)
		left = take_reflectors(&facts, index, opinion, verdict);
	enum vector name = slot->protocol == PROTOCOL_TCP ? name_tcp(scene, &facts, hint) : name_other(&facts, hint);
	verdict_add(verdict, slot, (struct judged){.slot = (uint8_t)index, .vector = (uint8_t)name, .sure = (uint8_t)opinion.sure},
		left);
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

/** Later fragments carry no ports: those beside a reflection of long answers are its own. */
static void fold_fragments(const struct profile *profile, struct verdict *verdict)
{
	struct judged *fragments = NULL, *reflection = NULL;
	for (unsigned i = 0; i < verdict->count; i++) {
		struct judged *judged = &verdict->vectors[i];
		const struct slot *slot = &profile->slots[judged->slot];
		bool is_long = slot->first_fragments * 10 >= slot->packets;
		if (judged->vector == VECTOR_FRAGMENT_FLOOD)
			fragments = judged;
		else if (slot->protocol == PROTOCOL_UDP && is_long && (reflection == NULL || reflection->packets < judged->packets))
			reflection = judged;
	}
	if (fragments == NULL || reflection == NULL)
		return;
	judged_join(reflection, fragments);
	*fragments = verdict->vectors[--verdict->count];
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

/** Drops what is too small to be told, and the echo of an attack: errors that name its own packets. */
static void verdict_trim(struct verdict *verdict)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < verdict->count; i++) {
		const struct judged *judged = &verdict->vectors[i];
		bool is_small = judged->packets * 1000 < verdict->attack_packets * JUDGE_SHARE_PERMILLE &&
			judged->bytes * 1000 < verdict->attack_bytes * JUDGE_SHARE_PERMILLE;
		bool is_echo = (judged->vector == VECTOR_ICMP_UNREACHABLE_FLOOD || judged->vector == VECTOR_ICMP_TIME_EXCEEDED_FLOOD) &&
			judged->packets * 20 < verdict->attack_packets;
		if (!is_small && !is_echo)
			verdict->vectors[kept++] = *judged;
	}
	verdict->count = kept;
}

void judge(const struct profile *profile, const struct judge_context *context, struct verdict *ret_verdict)
{
	struct scene scene = {
		.profile = profile,
		.context = context,
		.reverse = &profile->reverse,
		.is_prefix = profile->end.bits < 128,
		.visible = context->sees_answers || profile->reverse.packets > 0,
		.ack = packets_of(profile, VECTOR_ACK_FLOOD),
		.psh = packets_of(profile, VECTOR_PSH_ACK_FLOOD),
		.syn = packets_of(profile, VECTOR_SYN_FLOOD) + packets_of(profile, VECTOR_SYN_ECE_CWR_FLOOD) +
			packets_of(profile, VECTOR_SYN_PAYLOAD_FLOOD),
	};
	struct verdict verdict = {0};
	for (unsigned i = 0; i < profile->slot_count; i++) {
		scene.packets += profile->slots[i].packets;
		verdict.bytes += profile->slots[i].bytes;
		if (profile->slots[i].protocol == PROTOCOL_TCP)
			scene.tcp += profile->slots[i].packets;
	}
	scene.connections = living_connections(profile, scene.visible);
	scene.completed = completed_handshakes(profile);
	scene.connects = connections_carry_nothing(&scene);
	const struct slot *data = slot_of(profile, VECTOR_PSH_ACK_FLOOD);
	if (data != NULL && data->packets > 0) {
		struct facts facts;
		facts_of(&scene, data, &facts);
		scene.requests = is_request_flood(&scene, &facts);
		scene.middlebox = is_middlebox(&scene, &facts);
	}
	verdict.packets = scene.packets;
	verdict.connections = scene.connections;
	for (unsigned i = 0; i < profile->slot_count; i++)
		judge_slot(&scene, i, &verdict);
	fold_fragments(profile, &verdict);
	fold_dtls(&verdict);
	verdict_tidy(&verdict);
	verdict_sum(profile, &verdict);
	verdict_trim(&verdict);
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
