/*
 * A receipt: what an effector did about an order, and what it measured
 * (schema/receipt.json). Counters are sums since the order came into force.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "record/document.h"
#include "record/order.h"

enum receipt_state {
	RECEIPT_UNKNOWN = 0,
	RECEIPT_APPLIED, /* in force, read back from where it is enforced */
	RECEIPT_REFUSED, /* not carried out; why tells the reason */
	RECEIPT_PROGRESS, /* still in force */
	RECEIPT_ENDED, /* no longer in force; why tells the reason */
	RECEIPT_STATE_COUNT
};

struct receipt_count {
	uint64_t packets;
	uint64_t bytes;
};

struct receipt {
	struct document_digest order;
	char effector[DOCUMENT_NAME_BYTES]; /* key name */
	enum receipt_state state;
	char why[ORDER_TEXT_BYTES];
	int64_t at_ms;
	struct receipt_count stopped; /* dropped by a rule */
	struct receipt_count limited; /* dropped above a limit */
	struct receipt_count passed; /* matched and let pass */
	uint16_t collateral_permille; /* estimated share of legitimate traffic lost */
};

extern const struct document_kind receipt_kind;

/** document_write() of a receipt. */
MUST_USE static inline int receipt_write(const struct receipt *receipt, char **ret_text,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	return document_write(&receipt_kind, receipt, ret_text, ret_complaint);
}

/** document_parse() of a receipt. */
MUST_USE static inline int receipt_parse(const char *text, size_t length_bytes, struct receipt *ret_receipt,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	return document_parse(&receipt_kind, text, length_bytes, ret_receipt, ret_complaint);
}
