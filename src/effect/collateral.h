/*
 * How much legitimate traffic rules lose: an estimate, from headers of peers
 * that our hosts talk with. Pure; the time is handed over. Memory is fixed,
 * and everything in it is forgotten within minutes.
 *
 * A peer is known when our side has taken part in a conversation with it: a
 * TCP segment of ours to it that only an open connection has, or a UDP packet
 * of ours to it from before the attack. Of known peers the last headers are
 * kept, a few for each, and rules are tried on them (rules/evaluate.h).
 *
 * What it cannot tell: legitimate peers that are new since the attack began,
 * and cannot get through; and bots that held a true connection before they
 * flooded, which count as known. It counts each peer little, so that few
 * busy ones do not decide.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "record/rule.h"
#include "rules/packet.h"
#include "rules/source_set.h"
#include "rules/space.h"

#define COLLATERAL_PEERS 16384 /* known at once, a power of two; the one not heard of longest makes room within its bucket */
#define COLLATERAL_HEADERS 4096 /* kept at once, the last ones */
#define COLLATERAL_PEER_HEADERS 4 /* of one peer in ten seconds */
#define COLLATERAL_REMEMBERED_NS (120 * NS_PER_S) /* a header; a peer twice as long */
#define COLLATERAL_EVIDENCE 50 /* headers to the order's destinations, below which nothing is concluded */

struct collateral; /* opaque */

/** Packets that were looked at. */
struct collateral_counters {
	uint64_t outgoing, incoming;
	uint64_t kept; /* headers of known peers */
	uint64_t peers; /* that became known */
	uint64_t evicted; /* of these, for want of room */
};

/** @return OK or E_NOMEM */
MUST_USE int collateral_new(struct collateral **ret_collateral);

/** NULL is fine. */
void collateral_free(struct collateral *collateral);

/**
 * Sees one packet, before rules are asked where that is possible.
 *
 * @param collateral changed
 * @param facts of it
 * @param is_outgoing sent by our side
 * @param now_ns of any clock, never back
 */
void collateral_see(struct collateral *collateral, const struct packet_facts *facts, bool is_outgoing, int64_t now_ns);

/** Rules whose cost is asked for. */
struct collateral_question {
	const struct rule_list *rules;
	struct source_set *const *sets; /* one for each rule, NULL where it has none */
	const uint16_t *dropped_permille; /* of what each rule matches, as it was counted: for limits */
	const struct space *space; /* sources that rules spare */
	int64_t since_ns; /* the rules are in force since then: UDP peers must be older */
};

struct collateral_answer {
	uint64_t seen; /* headers of known peers to destinations of the rules */
	uint16_t lost_permille; /* of them; 0 where seen is below COLLATERAL_EVIDENCE */
};

/**
 * Estimates what rules lose.
 *
 * @param collateral asked
 * @param question read
 * @param now_ns as for collateral_see()
 * @return the estimate
 */
struct collateral_answer collateral_ask(const struct collateral *collateral, const struct collateral_question *question,
	int64_t now_ns);

const struct collateral_counters *collateral_counters_of(const struct collateral *collateral);
