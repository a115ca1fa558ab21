/*
 * A clause: one thing that a rule can ask for beside its destination. Rules
 * are made by adding clauses that packets of an attack suggest; the choice
 * among them is made in rules/synthesis.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/rule.h"
#include "rules/sample.h"
#include "rules/source_set.h"

#define CLAUSES_MAX 96

/** What a clause asks for. The order is that of preference, among clauses that separate equally well. */
enum clause_kind {
	CLAUSE_NONE = 0,
	CLAUSE_SIGNATURE,
	CLAUSE_SOURCE_PORTS,
	CLAUSE_ICMP,
	CLAUSE_FLAGS,
	CLAUSE_FRAGMENTS,
	CLAUSE_PROTOCOL,
	CLAUSE_DESTINATION_PORTS,
	CLAUSE_LENGTH,
	CLAUSE_SOURCES, /* the addresses that really send */
	CLAUSE_KIND_COUNT
};

struct clause {
	enum clause_kind kind;
	uint16_t protocol; /* asked along with what needs one; RULE_ANY: not asked */
	struct rule_range range; /* ports, length; ICMP type and code */
	uint8_t mask; /* TCP flags looked at; kinds of fragments */
	uint8_t flags;
	enum rule_signature signature;
};

struct clauses {
	size_t count;
	struct clause items[CLAUSES_MAX];
};

/** Some of the packets of a view. */
struct part {
	double per_s; /* packets */
	size_t count;
	const struct sampled *packets[SAMPLE_VIEW_MAX];
};

/**
 * Collects what packets of the attack have in common, and where those from before leave room.
 *
 * @param attack packets during the attack
 * @param before packets from before it
 * @param is_v4 family of the destination
 * @param ret_clauses filled; without CLAUSE_SOURCES
 */
void clauses_collect(const struct part *attack, const struct part *before, bool is_v4, struct clauses *ret_clauses);

/**
 * Whether a packet is what a clause asks for.
 *
 * @param clause to be asked
 * @param sources for CLAUSE_SOURCES, else NULL
 * @param facts of the packet
 */
bool clause_matches(const struct clause *clause, const struct source_set *sources, const struct packet_facts *facts);

/** Adds a clause to a rule (but for sources, which only the caller knows); false: the rule asks for it already, or cannot. */
bool clause_apply(const struct clause *clause, struct rule *rule);

/** How much of the world's traffic a clause may match, 0..1: a guess, for where hardly any packet says better. */
double clause_breadth(const struct clause *clause);
