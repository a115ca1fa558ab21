/*
 * Whether an order may be carried out: judged by the effector itself, offline,
 * from a bundle, its copy of the policy and what it remembers. Pure: the time
 * and the last counter are handed over.
 *
 * Whoever holds the authority's key can make bundles at will, and none of them
 * passes without the approvals that the policy asks of people.
 *
 * Does not look into protected space: that is for rules/, told by
 * order.touches_protected, which is true only where the quorum for it is there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "record/approval.h"
#include "record/bundle.h"
#include "record/order.h"
#include "record/policy.h"
#include "record/standing_order.h"

/** Accepted, or the first reason why not. */
enum order_verdict {
	ORDER_UNJUDGED = 0,
	ORDER_ACCEPTED,
	ORDER_BAD_DOCUMENT, /* cannot be read, or contradicts itself */
	ORDER_OUT_OF_MEMORY, /* could not be judged now */
	ORDER_BAD_SIGNATURE, /* not signed by its requester, or the signature is wrong */
	ORDER_UNKNOWN_REQUESTER,
	ORDER_OTHER_EFFECTOR, /* for another effector, or one that may not do this class of act for this member */
	ORDER_OTHER_POLICY,
	ORDER_CLASS_NOT_ALLOWED,
	ORDER_NOT_YET_VALID,
	ORDER_EXPIRED,
	ORDER_TOO_LONG,
	ORDER_COUNTER_NOT_NEW, /* replayed, or overtaken by too many */
	ORDER_OUTSIDE_MEMBER, /* scope is not within the member's networks */
	ORDER_TOO_WIDE,
	ORDER_TOO_MANY_RULES,
	ORDER_TOO_COSTLY, /* collateral limit */
	ORDER_BAD_APPROVAL, /* cannot be read, is about another order, or its signature is wrong */
	ORDER_UNKNOWN_APPROVER,
	ORDER_WRONG_ROLE,
	ORDER_SELF_APPROVED, /* requester, approver and executor are not three parties */
	ORDER_UNDER_SIGNED, /* quorum is not there */
	ORDER_PROTECTED_UNSIGNED, /* quorum for protected space is not there */
	ORDER_STANDING_NOT_ALLOWED,
	ORDER_STANDING_MISSING, /* rests on a standing order that the bundle does not have, or has another */
	ORDER_STANDING_BAD, /* the standing order does not stand up by itself; detail tells */
	ORDER_STANDING_MISFIT, /* goes beyond the standing order */
	ORDER_URGENT_NOT_ALLOWED,
	ORDER_RATIFY_TOO_LATE, /* its deadline for ratification is later than the policy allows */
	ORDER_NOT_RATIFIED, /* the deadline has passed */
	ORDER_NOTHING_NEW, /* in force already, and this does not ratify it */
	ORDER_UNLOGGED, /* not proven to be in the ledger, or too few witnesses have seen it */
	ORDER_VERDICT_COUNT
};

#define ORDER_COUNTERS_MAX 1024 /* orders that one which waits for people may be overtaken by */
#define ORDER_DETAIL_BYTES DOCUMENT_COMPLAINT_BYTES

/**
 * The standing order that was verified last, with its approvals and proof: the next order that rests on the same need not
 * have all of that verified again. Zeroed: none.
 */
struct order_memory {
	bool is_set;
	struct document_digest of; /* SHA-256 of the policy's digest and of all parts */
	struct standing_order standing;
};

/**
 * The counters that an effector has accepted: all up to a floor, and those listed above it. Orders that wait for people come
 * in after later ones that did not, so the highest alone would not do. Belongs into the effector's journal. Zeroed: none.
 */
struct order_counters {
	uint64_t floor; /* this one and all below are used or lost */
	size_t count;
	uint64_t used[ORDER_COUNTERS_MAX]; /* rising */
};

/** Whether a counter cannot be accepted any more. */
bool order_counters_has(const struct order_counters *counters, uint64_t counter);

/** Notes that an order was accepted; where there is no room, the lowest becomes the floor. */
void order_counters_take(struct order_counters *counters, uint64_t counter);

/** What the effector knows. */
struct order_situation {
	const char *effector; /* own key name, borrowed */
	int64_t now_wall_ms;
	const struct order_counters *counters; /* borrowed; NULL: none was accepted */
	const struct document_digest *in_force; /* of an order that is in force and may be ratified; NULL: none */
	struct order_memory *memory; /* borrowed, changed; NULL: none */
};

struct order_judgement {
	enum order_verdict verdict;
	char detail[ORDER_DETAIL_BYTES]; /* one line more, "" where there is none */
	/* Where it was accepted: */
	struct order order;
	struct document_digest digest; /* of the order */
	int64_t until_ms; /* when it ends: at its expiry, or at its deadline while it is not ratified */
	bool is_ratified; /* an urgent order's quorum is there */
	bool is_standing; /* rests on a standing order */
	/* Room for reading; of no meaning after. */
	struct standing_order standing;
};

/** One line of words for people and logs; static text. */
const char *order_verdict_words(enum order_verdict verdict);

/** A short name for receipts, counters and tests: "counter_not_new"; static text. */
const char *order_verdict_name(enum order_verdict verdict);

/**
 * Judges what the policy bounds of every order, whoever approves it: authority/ asks before it signs.
 *
 * @param policy of the caller
 * @param order to be judged
 * @param digest of it
 * @param situation of the effector, as far as the caller knows it
 * @return ORDER_ACCEPTED or what is wrong
 */
enum order_verdict order_verify_bounds(const struct policy *policy, const struct order *order,
	const struct document_digest *digest, const struct order_situation *situation);

/**
 * Judges an order.
 *
 * @param policy of this effector
 * @param bundle as it was read
 * @param situation what the effector knows
 * @param ret_judgement filled; some 70 kB, so better not on a stack
 * @return its verdict
 */
enum order_verdict order_verify(const struct policy *policy, const struct bundle *bundle, const struct order_situation *situation,
	struct order_judgement *ret_judgement);

/**
 * Judges a standing order by itself: authority/ asks before it lets one stand. It must not have ended, but may begin later.
 *
 * @param policy of the caller
 * @param part of a bundle
 * @param now_wall_ms present time
 * @param ret_standing filled where it is accepted; else undefined
 * @param ret_detail one line more
 * @return ORDER_ACCEPTED or what is wrong with it
 */
enum order_verdict order_verify_standing(const struct policy *policy, const struct bundle_standing *part, int64_t now_wall_ms,
	struct standing_order *ret_standing, char ret_detail[static ORDER_DETAIL_BYTES]);

/** Judges what the policy bounds of every standing order, whoever approves it. @return ORDER_ACCEPTED or what is wrong */
enum order_verdict order_verify_standing_bounds(const struct policy *policy, const struct standing_order *standing,
	int64_t now_wall_ms);

/** Whether a note is signed by who asks, and he may ask. @return ORDER_ACCEPTED, ORDER_UNKNOWN_REQUESTER or ORDER_BAD_SIGNATURE */
enum order_verdict order_verify_requester(const struct policy *policy, const struct note *note, const char *requester);

/** Who said something about an order, once that is verified. */
struct order_statement {
	struct approval approval;
	const struct policy_person *person; /* borrowed from the policy; NULL: the authority, which may only withdraw */
};

/**
 * Verifies the signature of an approval, refusal, ratification or withdrawal, and that who signed has the role.
 *
 * @param policy of the caller
 * @param text signed note, or a line with a passkey's assertion; NUL-terminated
 * @param ret_statement filled on ORDER_ACCEPTED; else undefined
 * @param ret_detail one line more
 * @return ORDER_ACCEPTED, ORDER_BAD_APPROVAL, ORDER_UNKNOWN_APPROVER, ORDER_WRONG_ROLE or ORDER_OUT_OF_MEMORY
 */
enum order_verdict order_verify_statement(const struct policy *policy, const char *text, struct order_statement *ret_statement,
	char ret_detail[static ORDER_DETAIL_BYTES]);

/**
 * Whether a verified withdrawal ends an order: the authority, the requester, and whoever has a role in the class may.
 *
 * @param policy of the caller
 * @param statement verified
 * @param class of the order or standing order
 * @param requester of it
 * @param digest of it
 * @return whether it does
 */
bool order_withdrawal_counts(const struct policy *policy, const struct order_statement *statement, enum order_class class,
	const char *requester, const struct document_digest *digest);

/**
 * Reads the one line that a signed note of ours has as its text.
 *
 * @param text NUL-terminated note
 * @param ret_note for its signatures, borrowed from text
 * @param ret_line_bytes length of the line at the start of text, without its newline
 * @return OK, E_MALFORMED or E_LIMIT
 */
MUST_USE int order_note_open(const char *text, struct note *ret_note, size_t *ret_line_bytes);
