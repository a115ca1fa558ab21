/*
 * What rules mean: the reference that every place of enforcement is tested
 * against, and that predicts what a rule will do. Has no clock: the caller
 * says what time it is.
 *
 * Expects rules that rule_check() takes. Knows nothing of expiry: whoever
 * enforces rules ends them.
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

#define EVALUATOR_SOURCES_MAX 65536 /* meters of sources, a power of two; at the cap the one that was not used longest goes */

/** What a limit costs and allows, as all meters count it. */
struct meter_terms {
	uint64_t cost_per_unit; /* of a packet or of a byte, in ticks of 2^-20 */
	uint64_t burst_ticks; /* 100 ms of the rate, and at least one packet */
};

/** The terms of a limit; zeros for a rule that has none. */
struct meter_terms meter_terms_of(const struct rule *rule);

/**
 * Whether a rule matches a packet.
 *
 * @param rule to be asked
 * @param set its source set, NULL where it has none
 * @param space protected sources are matched by no rule; NULL: there are none
 * @param facts of the packet
 */
bool rule_matches(const struct rule *rule, const struct source_set *set, const struct space *space,
	const struct packet_facts *facts);

/** Whether a packet's first bytes of payload have a signature; any packet has RULE_SIGNATURE_NONE. */
bool rule_signature_matches(enum rule_signature signature, const struct packet_facts *facts);

/** Replaces the first bytes of payload by the names of their signatures, for whoever keeps facts. */
void rule_facts_name(struct packet_facts *facts);

struct evaluator; /* opaque: a list with the state of its limits */

/**
 * @param list copied
 * @param sets one for each rule of the list, NULL where it has none; borrowed as long as the evaluator lives
 * @param space borrowed likewise; NULL: nothing is protected
 * @param ret_evaluator owned by the caller
 * @return OK or E_NOMEM
 */
MUST_USE int evaluator_new(const struct rule_list *list, const struct source_set *const *sets, const struct space *space,
	struct evaluator **ret_evaluator);
void evaluator_free(struct evaluator *evaluator);

struct evaluation {
	int rule; /* place in the list of the rule that matched, -1: none */
	bool is_dropped;
};

/**
 * Judges one packet.
 *
 * @param evaluator its limits are charged
 * @param facts of the packet
 * @param now_ns time on any clock, never back
 * @return the rule and what becomes of the packet
 */
struct evaluation evaluator_judge(struct evaluator *evaluator, const struct packet_facts *facts, int64_t now_ns);
