/*
 * Rules as the flat tables of the XDP program: what is to be written into its
 * maps (rules/xdp_rule.h). Pure: makes tables in memory, and touches no map.
 *
 * Of the rules in force for one destination the list is the same whatever
 * prefix found it: each prefix that is a destination of some rule gets the
 * rules of all prefixes that cover it, in their order, so one look-up of the
 * longest match is enough.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "record/rule.h"
#include "rules/source_set.h"
#include "rules/space.h"
#include "rules/xdp_rule.h"

/** A rule that is to be in force. */
struct xdp_entry {
	const struct rule *rule; /* borrowed */
	const struct source_set *set; /* borrowed; NULL where it has none */
	uint64_t expires_boot_ns; /* CLOCK_BOOTTIME */
	bool touches_protected; /* it spares no source */
};

/** A destination and its rules. */
struct xdp_target {
	struct xdp_prefix_key key;
	struct xdp_list list;
};

struct xdp_tables {
	size_t rule_count;
	struct xdp_rule *rules; /* rules[i] is entries[i] */
	struct xdp_sources *sources; /* likewise */
	size_t target_count;
	struct xdp_target *targets; /* one for each destination prefix */
	size_t bucket_count;
	struct xdp_bucket *buckets;
	union xdp_row *rows; /* XDP_ROWS; NULL: no set is packed */
	size_t protected_count;
	struct xdp_prefix_key *protected;
};

/**
 * Makes the tables for all rules in force.
 *
 * @param entries in the order in which they are asked
 * @param count of entries, at most XDP_RULES_MAX
 * @param space what rules spare; NULL: nothing
 * @param ret_tables filled on OK; xdp_tables_done() frees what it holds
 * @return OK; E_LIMIT: too many rules, or more than XDP_LIST_RULES_MAX for one destination; E_NOMEM; E_STATE: a set is missing
 */
MUST_USE int xdp_tables_make(const struct xdp_entry *entries, size_t count, const struct space *space,
	struct xdp_tables *ret_tables);
void xdp_tables_done(struct xdp_tables *tables);
