/*
 * A standing order: approval given in advance for a narrow class of
 * countermeasures, each of them short (schema/standing_order.json). Orders
 * rest on it by its digest, and it is approved as an order is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "record/document.h"
#include "record/finding.h"
#include "record/order.h"

/** What a rule under a standing order may do, or-ed into standing_order.actions. */
enum standing_action {
	STANDING_COUNT = 1 << 0,
	STANDING_DROP = 1 << 1,
	STANDING_LIMIT = 1 << 2,
	STANDING_ACTION_BITS = 3 /* bits in use */
};

struct standing_effector {
	char name[DOCUMENT_NAME_BYTES];
};

struct standing_order {
	char id[ORDER_ID_BYTES]; /* random */
	enum order_class class;
	char member[DOCUMENT_NAME_BYTES];
	size_t effector_count;
	struct standing_effector effectors[ORDER_SCOPE_MAX]; /* key names of who may carry out what rests on it */
	char requester[DOCUMENT_NAME_BYTES]; /* key name of who asks, and signs this document */
	char why[FINDING_WHY_BYTES];
	char basis[ORDER_TEXT_BYTES];
	size_t scope_count;
	struct ip_prefix scope[ORDER_SCOPE_MAX];
	uint32_t kinds; /* 1 << enum finding_kind, of findings that it is for */
	size_t vector_count; /* 0: any vector */
	struct order_vector vectors[FINDING_VECTORS_MAX]; /* each vector of the finding is one of these */
	uint32_t actions; /* enum standing_action */
	uint32_t rules_most;
	uint32_t longest_s; /* of one order under it */
	uint16_t stopped_least_permille; /* predicted */
	uint16_t collateral_most_permille; /* predicted, and the limit of each order under it */
	int64_t not_before_ms;
	int64_t expires_ms;
	struct document_digest policy;
};

extern const struct document_kind standing_order_kind;

/** document_write() of a standing order. */
MUST_USE static inline int standing_order_write(const struct standing_order *standing_order, char **ret_text,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	return document_write(&standing_order_kind, standing_order, ret_text, ret_complaint);
}

/** document_parse() of a standing order. */
MUST_USE static inline int standing_order_parse(const char *text, size_t length_bytes, struct standing_order *ret_standing_order,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	return document_parse(&standing_order_kind, text, length_bytes, ret_standing_order, ret_complaint);
}

/**
 * Whether an order fits a standing order: nothing in it goes beyond what was approved in advance.
 *
 * @param standing order that was approved
 * @param order that would rest on it
 * @return NULL: it fits; else what does not, static text
 */
const char *standing_order_misfit(const struct standing_order *standing, const struct order *order);
