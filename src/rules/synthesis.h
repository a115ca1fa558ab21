/*
 * From a finding to rules: the fewest that stop the asked share of an attack
 * at no more than the allowed collateral, tried on samples of the packets
 * before and during it. Pure: no clock, no file.
 *
 * Does not know who may order what, nor what is protected from being a
 * destination: that is asked of the order that these rules become.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "record/finding.h"
#include "record/rule.h"
#include "rules/predict.h"

#define SYNTHESIS_WHY_BYTES 192
#define SYNTHESIS_DESTINATIONS_MAX FINDING_PREFIXES_MAX

enum synthesis_state {
	SYNTHESIS_UNKNOWN = 0,
	SYNTHESIS_SUFFICIENT, /* stops what was asked */
	SYNTHESIS_PARTIAL, /* stops less: what is left cannot be told from good packets, or the budget is used */
	SYNTHESIS_COUNT_ONLY, /* nothing stops a part of it within the collateral: the rules count */
	SYNTHESIS_STATE_COUNT
};

struct synthesis_request {
	const struct finding *finding; /* vectors, destinations, sources with their verdicts */
	const struct sample_view *before; /* packets to synthesis_destinations() from before the attack */
	const struct sample_view *during; /* and during it; its source_count is the finding's */
	/*
	 * All addresses that really send, where more are known than the finding lists; none of them protected, nor forged.
	 * NULL: those that the finding lists with such a verdict.
	 */
	const struct source_set *senders;
	const struct space *space; /* protected space, which rules spare; NULL: none */
	uint16_t stopped_permille; /* asked share of the attack */
	uint16_t collateral_permille; /* allowed share of what came before it, and of each service */
	uint32_t rules_max; /* budget, 1..RULE_LIST_MAX */
};

struct synthesis {
	enum synthesis_state state;
	struct rule_list rules;
	struct source_set *sources; /* owned; the finding's; NULL: no rule names it */
	const struct source_set *sets[RULE_LIST_MAX]; /* one for each rule: sources, the request's senders, or NULL */
	struct prediction predicted; /* of all rules together */
	char why[RULE_LIST_MAX][SYNTHESIS_WHY_BYTES]; /* one line for each rule, which a person can check */
};

/**
 * The destinations that rules for a finding have: its prefixes, or its target where there are none, or more than rules.
 *
 * @param finding to be answered
 * @param rules_max budget
 * @param ret_prefixes filled
 * @return how many, at least 1
 */
size_t synthesis_destinations(const struct finding *finding, uint32_t rules_max,
	struct ip_prefix ret_prefixes[static SYNTHESIS_DESTINATIONS_MAX]);

/**
 * Makes rules.
 *
 * @param request read, not kept
 * @param ret_synthesis filled on OK; synthesis_done() frees what it holds
 * @return OK; E_NOMEM; E_LIMIT: the budget; E_STATE: a view covers no time, nothing more came during than before, the
 *         destination is none that a rule can have, or the finding is neither a flood nor a carpet
 */
MUST_USE int synthesis_make(const struct synthesis_request *request, struct synthesis *ret_synthesis);
void synthesis_done(struct synthesis *synthesis);

/** The name of a state: "sufficient", "partial", "count_only". */
const char *synthesis_state_name(enum synthesis_state state);
