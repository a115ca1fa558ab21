/*
 * An order: a countermeasure with its scope, its legal basis, its beginning
 * and its end, for one effector (schema/order.json). Approvers sign its exact
 * bytes; the effector checks all of it again (record/order_verify.h).
 *
 * One class touches no traffic: ORDER_REIDENTIFY asks a mail host to say which
 * addresses stand behind pseudonyms of a mail finding. Such an order has no
 * scope, rules, vectors or effects, and no other class has pseudonyms.
 *
 * order_parse() refuses an order that contradicts itself. Whether it may be
 * carried out is not its business.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/ip.h"
#include "record/document.h"
#include "record/finding.h"
#include "record/rule.h"

#define ORDER_SCOPE_MAX 16 /* prefixes of one scope: a person must be able to read it */
#define ORDER_TEXT_BYTES 201 /* basis, reasons: 200 bytes and NUL */
#define ORDER_ID_BYTES 33 /* 32 hex digits */
#define ORDER_PSEUDONYMS_MAX 4 /* of one order: those of one mail, which people can look at one by one */
#define ORDER_PSEUDONYM_BYTES 8

/** What kind of act it is: each has its own quorum and bounds in the policy. */
enum order_class {
	ORDER_CLASS_UNKNOWN = 0,
	ORDER_OWN_EDGE, /* packets at the member's own edge */
	ORDER_UPSTREAM, /* packets at a cooperating upstream: FlowSpec, blackholing */
	ORDER_NAMES, /* names in resolvers that subscribe */
	ORDER_THIRD_PARTY, /* a request to someone else who can lawfully act */
	ORDER_REIDENTIFY, /* addresses behind pseudonyms of one mail finding; no traffic */
	ORDER_CLASS_COUNT
};

extern const char *const order_class_names[ORDER_CLASS_COUNT];

/** What a countermeasure does, in permille of the attack and of legitimate traffic. */
struct order_effect {
	uint16_t stopped_permille;
	uint16_t collateral_permille;
};

/* Rows that other documents have as well. */
extern const struct field order_effect_fields[2]; /* of struct order_effect */
extern const struct field order_vector_entry; /* of struct order_vector */
extern const struct field order_prefix_entry; /* of struct ip_prefix */

/** The name of an attack's vector, as findings name it. */
struct order_vector {
	char name[FINDING_NAME_BYTES];
};

/** Whom a mail finding speaks of, as its 16 hex digits; the site's key makes them (mail/pseudonym.h). */
struct order_pseudonym {
	uint8_t bytes[ORDER_PSEUDONYM_BYTES];
};

struct order {
	char id[ORDER_ID_BYTES]; /* random */
	enum order_class class;
	char member[DOCUMENT_NAME_BYTES]; /* whose networks are defended */
	char effector[DOCUMENT_NAME_BYTES]; /* key name of who carries it out */
	char requester[DOCUMENT_NAME_BYTES]; /* key name of who asks, and signs this document */
	char finding[FINDING_ID_BYTES]; /* zeros: none */
	enum finding_kind kind; /* of the finding */
	size_t vector_count;
	struct order_vector vectors[FINDING_VECTORS_MAX]; /* of the finding; a standing order is bound to some */
	char why[FINDING_WHY_BYTES]; /* one line a person can check */
	char basis[ORDER_TEXT_BYTES]; /* the law, contract or standing order it rests on, in the member's words */
	struct rule_list rules;
	size_t scope_count;
	struct ip_prefix scope[ORDER_SCOPE_MAX]; /* nothing outside of these is touched; networks of the member */
	bool touches_protected; /* may name protected space, and needs the approvals for that */
	struct order_effect predicted;
	uint16_t collateral_limit_permille; /* beyond it the effector withdraws the rules by itself */
	int64_t not_before_ms;
	int64_t expires_ms;
	uint64_t counter; /* of this effector, each order's larger than those of all orders made before */
	struct document_digest policy; /* of the policy file (record/policy.h) */
	bool has_standing;
	struct document_digest standing; /* the standing order it rests on */
	bool is_urgent; /* acts before its quorum is there */
	int64_t ratify_by_ms; /* it ends then, unless it is ratified */
	bool has_pseudonyms; /* with ORDER_REIDENTIFY alone; finding is the mail's then */
	size_t pseudonym_count;
	struct order_pseudonym pseudonyms[ORDER_PSEUDONYMS_MAX];
};

extern const struct document_kind order_kind;

/** document_write() of an order. */
MUST_USE static inline int order_write(const struct order *order, char **ret_text,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	return document_write(&order_kind, order, ret_text, ret_complaint);
}

/** document_parse() of an order. */
MUST_USE static inline int order_parse(const char *text, size_t length_bytes, struct order *ret_order,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	return document_parse(&order_kind, text, length_bytes, ret_order, ret_complaint);
}

/** Whether a scope has a prefix that covers all of another. */
bool order_scope_covers(const struct ip_prefix *scope, size_t scope_count, const struct ip_prefix *prefix);
