/*
 * What rules will do: tried on a sample of packets from before an attack and
 * on one taken during it, both to the same destinations.
 *
 * What came before goes on during an attack; so what the attack sends is what
 * there is now less what there was before.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "record/rule.h"
#include "rules/sample.h"
#include "rules/source_set.h"
#include "rules/space.h"

/** What rules will do, in permille. */
struct prediction {
	uint16_t stopped_permille; /* of the attack's packets */
	uint16_t collateral_permille; /* of the packets from before the attack */
	/*
	 * Of the packets of that service which loses most, one stray packet aside. A service is a protocol and the lower of
	 * the ports; openings of TCP connections count by themselves, for who cannot connect has lost all.
	 */
	uint16_t service_permille;
};

/** Rules that are to be tried. */
struct prediction_rules {
	const struct rule_list *list;
	const struct source_set *const *sets; /* one for each rule, NULL where it has none */
	const struct space *space; /* NULL: nothing is protected */
};

/**
 * Tries rules on samples.
 *
 * @param rules as an evaluator takes them
 * @param before the packets from before the attack
 * @param during those during it; its source_count tells how many sources a limit per source meets
 * @param ret_prediction filled
 * @return OK, E_NOMEM, or E_STATE: a view covers no time, or nothing more came during than before
 */
MUST_USE int rules_predict(const struct prediction_rules *rules, const struct sample_view *before,
	const struct sample_view *during, struct prediction *ret_prediction);
