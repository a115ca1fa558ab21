/*
 * A countermeasure: the rules that a sensor proposes against one finding, with
 * what it foretells of them and what it was asked for (schema/countermeasure.json).
 * It has no authority of its own: authority/ makes an order of it, or does not.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "record/document.h"
#include "record/finding.h"
#include "record/order.h"
#include "record/rule.h"

/** What rules/ was asked for when it looked for the smallest rules. */
struct countermeasure_asked {
	uint16_t stopped_permille; /* at least this share of the attack */
	uint16_t collateral_permille; /* at most this share of legitimate traffic */
	uint32_t rules_most;
};

struct countermeasure {
	char finding[FINDING_ID_BYTES];
	char sensor[FINDING_SENSOR_BYTES]; /* who proposes it */
	enum finding_kind kind; /* of the finding */
	size_t vector_count;
	struct order_vector vectors[FINDING_VECTORS_MAX];
	char why[FINDING_WHY_BYTES]; /* one line a person can check */
	enum order_class class; /* where the packets are to be stopped */
	struct ip_prefix target; /* what is attacked; every rule's destination is within it */
	struct rule_list rules;
	struct order_effect predicted;
	struct countermeasure_asked asked;
	int64_t at_ms; /* when it was made, wall clock */
	uint32_t duration_s; /* how long it is wished for */
	bool is_urgent; /* the target does not bear waiting for approvals */
};

extern const struct document_kind countermeasure_kind;

/** document_write() of a countermeasure. */
MUST_USE static inline int countermeasure_write(const struct countermeasure *countermeasure, char **ret_text,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	return document_write(&countermeasure_kind, countermeasure, ret_text, ret_complaint);
}

/** document_parse() of a countermeasure. */
MUST_USE static inline int countermeasure_parse(const char *text, size_t length_bytes, struct countermeasure *ret_countermeasure,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	return document_parse(&countermeasure_kind, text, length_bytes, ret_countermeasure, ret_complaint);
}
