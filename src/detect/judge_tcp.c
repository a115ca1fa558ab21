/*
 * TCP. A SYN is explained by a connection that lives, an answer by a
 * question, an ACK by data that went the other way; what is left is attack.
 * Packets show which belong to the same connection, flow records show whole
 * connections at once with the union of their flags, so that some vectors
 * have two rules.
 */
#include <string.h>

#include "core/clock.h"
#include "core/err.h"
#include "detect/judge_scene.h"

#define SCAN_TRIES 3 /* probes for one address and port: the first, and two more where no answer came */

#define BARE_BYTES_MAX 100 /* mean length up to which packets are acknowledgements without data */
#define LONG_REQUEST_BYTES 700 /* requests are seldom as long */
#define UNFOLLOWED_PERMILLE 600 /* of the SYNs of a moment: more than bare handshakes would show */
#define REQUEST_PACKETS 4 /* of a connection, of which one asks, at least */
#define ON_AND_ON 20 /* packets of a flow that no SYN was seen of */
#define STOMP_PACKETS 5 /* of data for each handshake */

static const struct opinion innocent = {0, 0};

/** Packets per flow of a slot; 0 where it is empty. */
static uint64_t packets_per_flow(const struct slot *slot)
{
	uint64_t flows = distinct_estimate(slot->flows, DISTINCT_SMALL);
	return flows > 0 ? slot->seen / flows : 0;
}

/**
 * Connections that live: flows with several packets of data or acknowledgements, at most what the end answered. Where
 * packets are passed over seldom two of a flow are seen: then each has data twice, and at least two packets come back.
 */
static uint64_t living_connections(const struct scene *scene)
{
	static const enum vector carriers[] = {VECTOR_PSH_ACK_FLOOD, VECTOR_ACK_FLOOD, VECTOR_REQUEST_FLOOD};
	const struct slot *data = slot_of(scene->profile, VECTOR_PSH_ACK_FLOOD);
	bool is_guess = data != NULL && is_thinned(scene, data) && packets_per_flow(data) < 2;
	uint64_t most = is_guess ? scene->psh / 2 : 0;
	for (unsigned i = 0; i < ARRAY_LEN(carriers); i++) {
		const struct slot *slot = slot_of(scene->profile, carriers[i]);
		if (slot == NULL || slot->packets == 0 || packets_per_flow(slot) < 2)
			continue;
		uint64_t flows = distinct_estimate(slot->flows, DISTINCT_SMALL);
		if (flows > most)
			most = flows;
	}
	uint64_t answered = is_guess ? scene->reverse->tcp / 2 : scene->reverse->tcp;
	return scene->visible && most > answered ? answered : most;
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

/** Whether two slots are of the same flows; of sampled ones, of which few are seen twice, whether other ends are the same. */
static bool are_of_the_same(const struct scene *scene, const struct slot *one, const struct slot *other)
{
	if (is_thinned(scene, one))
		return distinct_common(one->peers, other->peers, DISTINCT_SMALL) * 5 >= distinct_estimate(one->peers, DISTINCT_SMALL);
	return distinct_common(one->flows, other->flows, DISTINCT_SMALL) * 10 >= distinct_estimate(one->flows, DISTINCT_SMALL) * 6;
}

/** Whether SYNs and ACKs belong to the same flows and nearly nothing follows: connections opened to be kept idle. */
static bool connections_carry_nothing(const struct scene *scene)
{
	const struct slot *syn = slot_of(scene->profile, VECTOR_SYN_FLOOD);
	const struct slot *ack = slot_of(scene->profile, VECTOR_ACK_FLOOD);
	if (syn == NULL || ack == NULL || syn->packets < 50 || scene->psh * 10 > scene->syn * 3)
		return false;
	/* Honest clients are seen between their SYN and their request: of few, and for a moment. */
	bool is_steady = scene->context->age_ns >= NS_PER_S && syn->packets >= 200;
	if (!is_steady && distinct_estimate(syn->flows, DISTINCT_SMALL) < 3 * distinct_estimate(syn->peers, DISTINCT_SMALL))
		return false;
	if (ack->packets * 2 < syn->packets || ack->packets > syn->packets * 3)
		return false;
	if (scene->visible && scene->reverse->tcp * 2 < scene->syn)
		return false;
	return are_of_the_same(scene, syn, ack);
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

/** Share of a slot's packets that came from sources which the sweep detector takes for scanners, of those that are listed. */
static unsigned scanners_permille(const struct scene *scene, const struct slot *slot)
{
	const struct judge_context *context = scene->context;
	const struct peer *peers = &scene->profile->peers[0][0];
	uint64_t all = 0, scanners = 0;
	if (context->is_scanner == NULL || context->is_sender)
		return 0;
	for (unsigned i = 0; i < PROFILE_PEER_SETS * PROFILE_PEER_WAYS; i++) {
		if (peers[i].packets == 0 || peers[i].vector != slot->vector)
			continue;
		all += peers[i].packets;
		if (context->is_scanner(context->scanners, &peers[i].addr))
			scanners += peers[i].packets;
	}
	/* Of sources that are drawn at random few are listed: those prove nothing. */
	return all * 2 >= slot->packets ? (unsigned)(scanners * 1000 / all) : 0;
}

/** Port after port or address after address, each once: the sweep detector's business, unless as fast as a flood. */
static bool is_scan(const struct scene *scene, const struct facts *facts)
{
	if (facts->pps >= JUDGE_SCAN_PPS_MAX * (scene->is_prefix ? 2 : 1))
		return false;
	/* So few for each address are probes, whoever sends them. */
	if (scene->is_prefix && facts->slot->packets <= scene->hosts * SCAN_TRIES)
		return true;
	uint64_t places = (scene->is_prefix ? scene->hosts : 1) * facts->ports;
	if (facts->slot->seen > places * SCAN_TRIES)
		return false;
	return packets_of_heaviest(scene, facts->slot, scene->is_prefix ? 4 : 1) * 10 >= facts->slot->packets * 8 ||
		scanners_permille(scene, facts->slot) >= 800;
}

/** Flow records: half-open connections beside many that were opened for nothing are those that were not done. */
static bool is_half_done(const struct scene *scene, const struct facts *facts)
{
	const struct slot *bare = slot_of(scene->profile, VECTOR_CONNECTION_FLOOD);
	return bare != NULL && facts->flows * 2 <= distinct_estimate(bare->flows, DISTINCT_SMALL);
}

/**
 * Of the SYNs of just now, those that cannot have been followed, in permille: each connection brings data, or an
 * acknowledgement at the least. So a flood that joins is not hidden by all the honest ones since the begin. 0: there is no window.
 */
static unsigned unfollowed_now_permille(const struct scene *scene, const struct facts *facts)
{
	uint64_t syn = slot_fresh_pps(scene, facts->slot);
	uint64_t acks = slot_fresh_pps(scene, slot_of(scene->profile, VECTOR_ACK_FLOOD));
	uint64_t data = slot_fresh_pps(scene, slot_of(scene->profile, VECTOR_PSH_ACK_FLOOD));
	return unexplained_permille(syn, data > acks / 2 ? data : acks / 2);
}

struct opinion rule_syn(const struct scene *scene, const struct facts *facts)
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
	unsigned permille = unexplained_permille(facts->slot->packets, explained), now = unfollowed_now_permille(scene, facts);
	/* The sketches err by a tenth: what is nearly explained is. */
	if (permille < 200 && now < UNFOLLOWED_PERMILLE)
		return innocent;
	return (struct opinion){permille > 0 ? permille : 1, scene->visible ? 95 : 88, now};
}

/** Length of one kind below what a full segment has: machines made these, not transfers. */
static bool is_fixed_small(const struct facts *facts, unsigned permille)
{
	return facts->length_permille >= permille && facts->length < 1400;
}

/** Whether the sources of these packets opened connections first (Mirai's "STOMP": ACKs after a handshake). */
static bool follows_handshake(const struct scene *scene, const struct facts *facts)
{
	static const enum vector opening[] = {VECTOR_SYN_FLOOD, VECTOR_REQUEST_FLOOD};
	uint8_t openers[DISTINCT_SMALL] = {0};
	for (unsigned i = 0; i < ARRAY_LEN(opening); i++) {
		const struct slot *slot = slot_of(scene->profile, opening[i]);
		if (slot == NULL)
			continue;
		distinct_merge(openers, slot->peers, DISTINCT_SMALL);
		distinct_merge(openers, slot->peers_before, DISTINCT_SMALL);
	}
	return facts->peers >= 3 && distinct_common(openers, facts->slot->peers, DISTINCT_SMALL) * 2 >= facts->peers;
}

/** Whether nearly all goes to one port of a service: what clients are sent goes to the ports they drew. */
static bool is_to_service(const struct facts *facts)
{
	uint32_t port = 0;
	return top_first_permille(&facts->slot->dst_ports, &port) >= 800 && port < 32768;
}

/** Whether more than acknowledgements comes back: a request is answered by data. */
static bool is_answered_with_data(const struct scene *scene, const struct facts *facts)
{
	const struct reverse *reverse = scene->reverse;
	return reverse->tcp * 10 > facts->slot->packets * 8 && reverse->tcp_bytes > reverse->tcp * BARE_BYTES_MAX;
}

/** Payload of one length to one service without end, which nothing but acknowledgements answers: a machine made it. */
static bool is_endless_payload(const struct scene *scene, const struct facts *facts)
{
	return is_fixed_small(facts, 700) && facts->mean_bytes > BARE_BYTES_MAX && is_to_service(facts) &&
		(facts->length >= LONG_REQUEST_BYTES || !is_answered_with_data(scene, facts));
}

/**
 * Whether packets belong to connections that are older than what was seen: the end answers them other than with RST, or
 * each goes on and on. Who makes packets up draws their ports.
 */
static bool are_of_old_connections(const struct scene *scene, const struct facts *facts)
{
	uint64_t answered = distinct_common(facts->slot->flows, scene->reverse->flows, DISTINCT_SMALL);
	bool is_enough = facts->slot->vector == VECTOR_PSH_ACK_FLOOD && facts->peers >= 5 && facts->pps >= 1000;
	return is_enough && (answered * 2 >= facts->flows || (!scene->visible && packets_per_flow(facts->slot) >= ON_AND_ON));
}

static bool is_stomp(const struct scene *scene, const struct facts *facts)
{
	bool is_record = facts->slot->vector == VECTOR_REQUEST_FLOOD;
	bool is_known = is_record ? facts->peers >= 3 && facts->pps >= 100
		: follows_handshake(scene, facts) || are_of_old_connections(scene, facts);
	return is_known && facts->slot->seen / (facts->flows + 1) >= STOMP_PACKETS && is_endless_payload(scene, facts);
}

/** The same where the handshakes were not seen: the connections are old, or packets are sampled. */
static bool is_old_stomp(const struct scene *scene, const struct facts *facts)
{
	bool is_fast = facts->slot->vector == VECTOR_PSH_ACK_FLOOD && facts->peers >= 5 && facts->pps >= 1000;
	return is_fast && facts->length_permille >= 900 && scene->psh >= scene->ack * 10 && is_endless_payload(scene, facts);
}

/** Connections for each other end and second, in tenths; what lasts less than a second is taken for one. */
static uint64_t connections_per_peer_ds(const struct facts *facts, uint64_t connections)
{
	int64_t lasted_ms = (facts->slot->end_ns - facts->slot->start_ns) / NS_PER_MS;
	uint64_t peers_ms = (facts->peers + 1) * (uint64_t)(lasted_ms > 1000 ? lasted_ms : 1000);
	return connections * 10000 / peers_ms;
}

/**
 * Many other ends that each open connection after connection. Browsers open six at once for a page, and are done: who
 * does so hundreds of times a second, or was here before and goes on, is no browser.
 */
static bool is_reconnecting(const struct facts *facts, uint64_t connections)
{
	uint64_t peers = facts->peers + 1, each_ds = connections_per_peer_ds(facts, connections);
	uint64_t returned = distinct_common(facts->slot->peers, facts->slot->peers_before, DISTINCT_SMALL);
	if (facts->peers < 20)
		return false;
	if (returned * 10 >= facts->peers * 8)
		return connections >= peers * 2 && each_ds >= 5;
	return connections >= peers * 3 && each_ds >= 10 && each_ds * peers >= 2000;
}

/** Whether requests, with the packets of their connections, are as fast as a flood may be, since the begin or just now. */
static bool is_more_than_a_crowd(const struct scene *scene)
{
	unsigned __int128 since = scene->packets > 0 ? (unsigned __int128)scene->context->peak_pps * scene->psh / scene->packets : 0;
	uint64_t now = slot_fresh_pps(scene, slot_of(scene->profile, VECTOR_PSH_ACK_FLOOD));
	return (since > now ? (uint64_t)since : now) * REQUEST_PACKETS >= scene->context->crowd_pps;
}

/** Requests without end on one server port, answered: one length over and over, or connection after connection. */
static bool is_request_flood(const struct scene *scene, const struct facts *facts)
{
	bool is_served = !scene->visible || scene->reverse->tcp * 5 >= facts->slot->packets;
	bool is_question = facts->mean_bytes > BARE_BYTES_MAX && facts->mean_bytes < 1400;
	if (!is_to_service(facts) || !is_served || !is_more_than_a_crowd(scene) || !is_question)
		return false;
	uint64_t requests = facts->slot->seen, peers = facts->peers + 1;
	bool is_one_request = is_fixed_small(facts, 600) && requests >= peers * 50 && facts->pps >= peers * 25;
	return is_one_request || (requests >= peers * 2 && is_reconnecting(facts, scene->completed));
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

/** Of flows of few packets each, those that no SYN opened, in permille: a question and its acknowledgements are few as well. */
static unsigned unopened_permille(const struct scene *scene, const struct facts *facts)
{
	const struct slot *syn = slot_of(scene->profile, VECTOR_SYN_FLOOD);
	if (syn == NULL || is_thinned(scene, facts->slot))
		return 1000;
	unsigned permille = unexplained_permille(facts->flows, distinct_common(facts->slot->flows, syn->flows, DISTINCT_SMALL));
	return permille < 200 ? 0 : permille; /* the sketches err by a tenth */
}

/** ACKs and data without the other half of a conversation. */
struct opinion rule_conversation(const struct scene *scene, const struct facts *facts)
{
	if (scene->connects)
		return (struct opinion){1000, 80};
	if (is_stomp(scene, facts))
		return (struct opinion){1000, 85};
	if (is_old_stomp(scene, facts))
		return (struct opinion){1000, 75};
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
		return (struct opinion){unopened_permille(scene, facts), 85};
	/* Machines' payload, or acknowledgements of nothing. */
	bool is_bare = facts->mean_bytes <= 60 && scene->visible && scene->psh * 50 < scene->ack;
	if (facts->peers >= 5 && is_fixed_small(facts, 900) && (facts->mean_bytes > 60 || is_bare))
		return (struct opinion){1000, 70};
	return innocent;
}

/** TCP of which no flags are known: honest where it is answered, or where flows have many packets each. */
struct opinion rule_flagless(const struct scene *scene, const struct facts *facts)
{
	if (scene->reverse->packets > 0)
		return (struct opinion){unanswered_permille(scene, facts, scene->reverse->tcp, 45), 80};
	bool is_scattered = facts->flows >= 30 && facts->slot->seen < facts->flows * 3;
	return is_scattered && facts->pps >= 100 ? (struct opinion){1000, 75} : innocent;
}

/** Of ends of connections, those of flows in which nothing else was seen, in permille. */
static unsigned lone_permille(const struct scene *scene, const struct facts *facts)
{
	static const enum vector others[] = {VECTOR_SYN_FLOOD, VECTOR_ACK_FLOOD, VECTOR_PSH_ACK_FLOOD};
	uint8_t seen[DISTINCT_SMALL];
	if (facts->flows < 30 || is_thinned(scene, facts->slot))
		return 0;
	memcpy(seen, scene->reverse->flows, sizeof(seen));
	for (unsigned i = 0; i < ARRAY_LEN(others); i++) {
		const struct slot *slot = slot_of(scene->profile, others[i]);
		if (slot != NULL)
			distinct_merge(seen, slot->flows, DISTINCT_SMALL);
	}
	return unexplained_permille(facts->flows, distinct_common(facts->slot->flows, seen, DISTINCT_SMALL));
}

struct opinion rule_end(const struct scene *scene, const struct facts *facts)
{
	if (scene->requests)
		return (struct opinion){1000, 70};
	uint64_t connections = scene->connections > scene->completed ? scene->connections : scene->completed;
	uint64_t explained = connections * 3 + scene->reverse->syn * 2;
	if (scene->connects)
		explained += scene->syn * 2;
	if (is_backscatter(scene, facts))
		return innocent;
	unsigned permille = unexplained_permille(facts->slot->packets, explained), lone = lone_permille(scene, facts);
	if (!scene->visible && facts->slot->packets * 2 < scene->tcp)
		return innocent;
	return (struct opinion){lone >= 700 && lone > permille ? lone : permille, scene->visible ? 92 : 80};
}

/** Flow records of handshakes that nothing followed. Honest ones are rare beside connections that live. */
struct opinion rule_connections(const struct scene *scene, const struct facts *facts)
{
	const struct slot *living = slot_of(scene->profile, VECTOR_REQUEST_FLOOD);
	uint64_t explained = living != NULL ? distinct_estimate(living->flows, DISTINCT_SMALL) : 0;
	/* Of sampled connections a handshake may be all that was seen: then data of others stands for theirs. */
	bool is_unseen = is_thinned(scene, facts->slot) && scene->psh * 10 > facts->slot->packets * 3;
	if (facts->flows < 50 || facts->pps < 50 || is_unseen)
		return innocent;
	return (struct opinion){unexplained_permille(facts->flows, explained), 85};
}

/** Flow records of whole connections: an attack where the same sources open short ones over and over. */
struct opinion rule_requests(const struct scene *scene, const struct facts *facts)
{
	if (is_stomp(scene, facts))
		return (struct opinion){1000, 85};
	bool is_one_source = facts->flows >= (facts->peers + 1) * 30 && facts->flows >= 100;
	bool is_short = is_to_service(facts) && packets_per_flow(facts->slot) <= 20;
	return is_short && (is_one_source || is_reconnecting(facts, facts->flows)) ? (struct opinion){1000, 75} : innocent;
}

/**
 * Whether SYN-ACKs are more than conversations bring along, which go on with data: since the begin, or just now. SYNs of
 * others, a flood of them above all, say nothing of what ours asked for.
 */
static bool is_beyond_conversations(const struct scene *scene, const struct facts *facts)
{
	static const enum vector kinds[] = {VECTOR_ACK_FLOOD, VECTOR_PSH_ACK_FLOOD, VECTOR_FIN_FLOOD, VECTOR_RST_FLOOD};
	uint64_t others = scene->tcp > scene->syn ? scene->tcp - scene->syn : 0;
	uint64_t now = slot_fresh_pps(scene, facts->slot), others_now = now;
	for (unsigned i = 0; i < ARRAY_LEN(kinds); i++)
		others_now += slot_fresh_pps(scene, slot_of(scene->profile, kinds[i]));
	return facts->slot->packets * 10 >= others * 3 || (now > 0 && now * 10 >= others_now * 3);
}

struct opinion rule_synack(const struct scene *scene, const struct facts *facts)
{
	uint64_t explained = scene->reverse->syn + scene->reverse->syn / 2;
	if (is_backscatter(scene, facts))
		return innocent;
	if (!scene->visible && !is_beyond_conversations(scene, facts))
		return innocent;
	return (struct opinion){unexplained_permille(facts->slot->packets, explained), scene->visible ? 95 : 85};
}

/** Whether packets are no part of the connections of a request flood: SYNs or ends that most often stand alone. */
static bool is_beside_requests(const struct scene *scene, const struct facts *facts, enum vector hint)
{
	if (hint == VECTOR_SYN_FLOOD)
		return !is_thinned(scene, facts->slot) && scene->completed * 10 < facts->flows * 3;
	return (hint == VECTOR_RST_FLOOD || hint == VECTOR_FIN_FLOOD) && lone_permille(scene, facts) >= 700;
}

/** The name of a TCP slot that was found to be attack. */
enum vector name_tcp(const struct scene *scene, const struct facts *facts, enum vector hint)
{
	uint32_t port = 0;
	if (scene->requests && !is_beside_requests(scene, facts, hint))
		return VECTOR_REQUEST_FLOOD;
	switch ((unsigned)hint) {
	case VECTOR_SYN_FLOOD:
		return scene->connects || is_half_done(scene, facts) ? VECTOR_CONNECTION_FLOOD : hint;
	case VECTOR_RST_FLOOD:
	case VECTOR_FIN_FLOOD: /* middleboxes also tear the connection down that never was */
		if (!scene->middlebox || top_first_permille(&facts->slot->src_ports, &port) < 600 || (port != 80 && port != 443))
			return hint;
		return VECTOR_MIDDLEBOX_REFLECTION;
	case VECTOR_REQUEST_FLOOD:
		return is_stomp(scene, facts) ? VECTOR_STOMP_FLOOD : hint;
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

void scene_add_tcp(struct scene *scene)
{
	scene->connections = living_connections(scene);
	scene->completed = completed_handshakes(scene->profile);
	scene->connects = connections_carry_nothing(scene);
	const struct slot *data = slot_of(scene->profile, VECTOR_PSH_ACK_FLOOD);
	if (data == NULL || data->packets == 0)
		return;
	struct facts facts;
	facts_of(scene, data, &facts);
	scene->requests = is_request_flood(scene, &facts) && !is_stomp(scene, &facts) && !is_old_stomp(scene, &facts);
	scene->middlebox = is_middlebox(scene, &facts);
}
