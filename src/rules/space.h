/*
 * Whose addresses are whose: our networks, which rules may be about, and
 * protected space (name servers, monitoring, partners, shared ranges), which
 * no rule may name and no rule may cut off.
 *
 * A rule is refused that is not about a network of ours, or whose
 * destination, sources or source set touch protected space. What a rule for
 * all sources would do to protected ones is settled where it is enforced:
 * there it matches nothing from protected space. An order with approvals of
 * its own may say otherwise (touches_protected): it is checked with a space in
 * which nothing is protected, and its rules spare nobody.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/ip.h"
#include "record/rule.h"
#include "rules/source_set.h"

#define SPACE_PREFIXES_MAX 4096 /* of each kind; what XDP and nftables hold of protected space */

struct space; /* opaque, read-only once made */

struct space_config {
	const struct ip_prefix *networks; /* ours; borrowed until space_new() returns */
	size_t network_count;
	const struct ip_prefix *protected; /* likewise */
	size_t protected_count;
};

/**
 * @param config read, not kept
 * @param ret_space owned by the caller
 * @return OK, E_NOMEM, or E_LIMIT: SPACE_PREFIXES_MAX
 */
MUST_USE int space_new(const struct space_config *config, struct space **ret_space);
void space_free(struct space *space);

/** Whether an address is in protected space. Fast. */
bool space_is_protected(const struct space *space, const struct ip_addr *addr);

/** The protected prefixes, as they were given; borrowed. */
const struct ip_prefix *space_protected(const struct space *space, size_t *ret_count);

/**
 * Refuses a rule that is not about ours or touches what is protected.
 *
 * @param space of the member
 * @param rule one that rule_check() takes
 * @param set the rule's source set, NULL where it has none
 * @param ret_complaint where it is refused, one line: "FIELD: what is wrong"
 * @return OK, E_DENIED, or E_STATE: the set is missing, or is not the rule's
 */
MUST_USE int space_check(const struct space *space, const struct rule *rule, const struct source_set *set,
	char ret_complaint[static RULE_COMPLAINT_BYTES]);
