/*
 * Known peers are in a table of buckets of eight, keyed with a secret; their
 * headers in one ring. A UDP peer that was answered after an attack began
 * proves nothing, since a spoofed question is answered too: so a peer's first
 * answer must be older than the rules that are asked about by a margin.
 * A TCP segment with ACK and without SYN and RST is sent by an open
 * connection alone (RFC 9293 section 3.10.7: what is not expected gets a RST
 * or a SYN with ACK), and so does not depend on its time.
 */
#include "effect/collateral.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/hash.h"
#include "core/ip.h"
#include "core/random.h"
#include "rules/evaluate.h"

#define BUCKET_PEERS 8
#define ROUND_NS (10 * NS_PER_S) /* in which a peer may have COLLATERAL_PEER_HEADERS */
#define MARGIN_NS (5 * NS_PER_S) /* an attack is under way for at most so long before its rules are */
#define PEER_REMEMBERED_NS (2 * COLLATERAL_REMEMBERED_NS)
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

struct peer {
	uint32_t addr_be[4];
	int64_t first_ns, last_ns; /* answers of ours; last_ns 0: free */
	int64_t round_ns;
	uint8_t round_count;
	bool has_connection;
};

struct header {
	struct packet_facts facts;
	int64_t at_ns, peer_since_ns;
	bool has_connection;
};

struct collateral {
	struct hash_key key;
	struct peer *peers; /* COLLATERAL_PEERS, by bucket */
	struct header *headers; /* COLLATERAL_HEADERS */
	size_t next, count; /* of headers */
	struct collateral_counters counters;
};

int collateral_new(struct collateral **ret_collateral)
{
	struct collateral *collateral = calloc(1, sizeof(*collateral));
	if (collateral == NULL)
		return E_NOMEM;
	random_bytes(&collateral->key, sizeof(collateral->key));
	collateral->peers = calloc(COLLATERAL_PEERS, sizeof(*collateral->peers));
	collateral->headers = calloc(COLLATERAL_HEADERS, sizeof(*collateral->headers));
	if (collateral->peers == NULL || collateral->headers == NULL) {
		collateral_free(collateral);
		return E_NOMEM;
	}
	*ret_collateral = collateral;
	return OK;
}

void collateral_free(struct collateral *collateral)
{
	if (collateral == NULL)
		return;
	free(collateral->peers);
	free(collateral->headers);
	free(collateral);
}

static struct peer *bucket_of(const struct collateral *collateral, const uint32_t *addr_be)
{
	uint64_t words[2];
	memcpy(words, addr_be, sizeof(words));
	uint64_t hash = hash_pair(&collateral->key, words[0], words[1]);
	return collateral->peers + hash % (COLLATERAL_PEERS / BUCKET_PEERS) * BUCKET_PEERS;
}

/** The peer of an address that is remembered; NULL: none. */
static struct peer *peer_find(const struct collateral *collateral, const uint32_t *addr_be, int64_t now_ns)
{
	struct peer *bucket = bucket_of(collateral, addr_be);
	for (size_t i = 0; i < BUCKET_PEERS; i++) {
		if (bucket[i].last_ns != 0 && now_ns - bucket[i].last_ns < PEER_REMEMBERED_NS &&
			memcmp(bucket[i].addr_be, addr_be, sizeof(bucket[i].addr_be)) == 0)
			return &bucket[i];
	}
	return NULL;
}

static void outgoing_see(struct collateral *collateral, const struct packet_facts *facts, int64_t now_ns)
{
	bool is_open_tcp = facts->protocol == 6 && (facts->has & PACKET_HAS_FLAGS) != 0 &&
		(facts->tcp_flags & (TCP_SYN | TCP_RST | TCP_ACK)) == TCP_ACK;
	if (!is_open_tcp && facts->protocol != 17)
		return;
	struct peer *peer = peer_find(collateral, facts->dst_be, now_ns);
	if (peer == NULL) {
		struct peer *bucket = bucket_of(collateral, facts->dst_be);
		peer = bucket;
		for (size_t i = 1; i < BUCKET_PEERS; i++) {
			if (bucket[i].last_ns < peer->last_ns)
				peer = &bucket[i];
		}
		collateral->counters.peers++;
		collateral->counters.evicted += peer->last_ns != 0 && now_ns - peer->last_ns < PEER_REMEMBERED_NS;
		*peer = (struct peer){.first_ns = now_ns};
		memcpy(peer->addr_be, facts->dst_be, sizeof(peer->addr_be));
	}
	peer->last_ns = now_ns;
	peer->has_connection |= is_open_tcp;
}

static void incoming_see(struct collateral *collateral, const struct packet_facts *facts, int64_t now_ns)
{
	struct peer *peer = peer_find(collateral, facts->src_be, now_ns);
	if (peer == NULL)
		return;
	if (now_ns - peer->round_ns >= ROUND_NS) {
		peer->round_ns = now_ns;
		peer->round_count = 0;
	}
	if (peer->round_count == COLLATERAL_PEER_HEADERS)
		return;
	peer->round_count++;
	collateral->headers[collateral->next] = (struct header){*facts, now_ns, peer->first_ns, peer->has_connection};
	collateral->next = (collateral->next + 1) % COLLATERAL_HEADERS;
	collateral->count += collateral->count < COLLATERAL_HEADERS;
	collateral->counters.kept++;
}

void collateral_see(struct collateral *collateral, const struct packet_facts *facts, bool is_outgoing, int64_t now_ns)
{
	if (is_outgoing) {
		collateral->counters.outgoing++;
		outgoing_see(collateral, facts, now_ns);
	} else {
		collateral->counters.incoming++;
		incoming_see(collateral, facts, now_ns);
	}
}

/** Whether a packet goes to a destination of any of the rules. */
static bool is_concerned(const struct rule_list *rules, const struct packet_facts *facts)
{
	struct ip_addr addr;
	memcpy(&addr, facts->dst_be, sizeof(addr));
	for (size_t i = 0; i < rules->count; i++) {
		if (ip_prefix_covers(&rules->rules[i].destination, &addr))
			return true;
	}
	return false;
}

/** How much of a packet is lost, in permille: the first rule that matches decides. */
static uint16_t loss_of(const struct collateral_question *question, const struct packet_facts *facts)
{
	for (size_t i = 0; i < question->rules->count; i++) {
		const struct rule *rule = &question->rules->rules[i];
		if (!rule_matches(rule, question->sets[i], question->space, facts))
			continue;
		return rule->action == RULE_DROP ? 1000 : rule->action == RULE_LIMIT ? question->dropped_permille[i] : 0;
	}
	return 0;
}

struct collateral_answer collateral_ask(const struct collateral *collateral, const struct collateral_question *question,
	int64_t now_ns)
{
	struct collateral_answer answer = {0};
	uint64_t lost_permille = 0;
	for (size_t i = 0; i < collateral->count; i++) {
		const struct header *header = &collateral->headers[i];
		bool is_believed = header->has_connection || header->peer_since_ns < question->since_ns - MARGIN_NS;
		if (!is_believed || now_ns - header->at_ns >= COLLATERAL_REMEMBERED_NS || !is_concerned(question->rules, &header->facts))
			continue;
		answer.seen++;
		lost_permille += loss_of(question, &header->facts);
	}
	if (answer.seen >= COLLATERAL_EVIDENCE)
		answer.lost_permille = (uint16_t)(lost_permille / answer.seen);
	return answer;
}

const struct collateral_counters *collateral_counters_of(const struct collateral *collateral)
{
	return &collateral->counters;
}
