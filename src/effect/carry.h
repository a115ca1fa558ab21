/*
 * Carries orders out: judges each bundle by itself, journals it, has the
 * place enforce it, reads back, counts, and ends it. Trusts nobody: what the
 * authority hands over is verified as if the authority were the attacker.
 *
 * Has no clock and no loop of its own: the time is handed over. What happens
 * is told in receipts (record/receipt.h), one line each.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "effect/collateral.h"
#include "effect/effector.h"
#include "effect/journal.h"
#include "effect/order_book.h"
#include "record/policy.h"
#include "rules/space.h"

/** Why a line was not carried out, beyond what order_verify() says. */
enum carry_refusal {
	CARRY_NOT_REFUSED = 0,
	CARRY_VERDICT, /* what order_verify() said */
	CARRY_UNREADABLE, /* no document that an effector takes */
	CARRY_CLOCK_BEHIND, /* the clock is before a time that was known already */
	CARRY_WITHDRAWN, /* it, or the standing order it rests on, was withdrawn before */
	CARRY_SET_MISSING, /* a source set is not at hand, or is another one */
	CARRY_PROTECTED_SPACE, /* names protected space without the approvals for that */
	CARRY_UNENFORCEABLE, /* the place cannot do what it asks for */
	CARRY_FULL, /* LIMIT_EFFECT_ORDERS, LIMIT_EFFECT_RULES */
	CARRY_JOURNAL, /* cannot be journalled */
	CARRY_PLACE, /* the kernel did not take it */
	CARRY_MISMATCH, /* the kernel holds something else */
	CARRY_NOT_IN_FORCE, /* withdrawal of what is not in force */
	CARRY_MAY_NOT_WITHDRAW, /* withdrawal by one who may not */
	CARRY_REFUSAL_COUNT
};

/** A short name, as in receipts; static text. */
const char *carry_refusal_name(enum carry_refusal refusal);

/** Takes a receipt's line, without its newline; borrowed. */
typedef void carry_teller(void *arg, const char *line);

struct carry_config {
	const char *effector; /* own key name in the policy; borrowed, as is all of this */
	const struct policy *policy;
	const struct effector *hooks;
	void *place; /* of hooks, open */
	int sets_fd; /* directory of source sets, -1: there is none */
	const struct space *guarded; /* the member's networks and protected space */
	const struct space *open; /* the same without protected space */
	struct collateral *collateral; /* NULL: not estimated */
	uint8_t boot_id[JOURNAL_BOOT_ID_BYTES];
	uint64_t end_quiet_ms; /* an order under a standing order ends when nothing was dropped for so long; 0: never */
	uint64_t progress_ms; /* between receipts of an order in force */
	carry_teller *tell;
	void *tell_arg;
};

/** Exact: lines = accepted + ratified + withdrawals + refused. */
struct carry_counters {
	uint64_t lines;
	uint64_t accepted, ratified, withdrawals;
	uint64_t refused[CARRY_REFUSAL_COUNT];
	uint64_t verdicts[ORDER_VERDICT_COUNT]; /* of refused[CARRY_VERDICT] */
	uint64_t withdrawn_forgotten; /* LIMIT_EFFECT_WITHDRAWN */
	uint64_t journal_failures, place_failures, place_losses; /* losses: rules that were not there any more, and were put back */
};

struct carry; /* opaque */

/**
 * @param config copied; what it points at is borrowed
 * @param ret_carry owned by the caller
 * @return OK, E_NOMEM, or E_STATE: the policy has no such effector
 */
MUST_USE int carry_new(const struct carry_config *config, struct carry **ret_carry);

/** What is in force stays in the place. NULL is fine. */
void carry_free(struct carry *carry);

/** A journal_visitor, for journal_open(): context is the struct carry. */
journal_visitor carry_remember;

/**
 * Begins, with the journal whose records carry_remember() has seen: verifies anew what should be in force, and enforces it.
 * While the clock is behind the journal this waits for carry_tick().
 *
 * @param carry new
 * @param journal borrowed until carry_free()
 * @param is_clock_right somebody has said that the clock is right, whatever the journal says
 * @param now the time
 */
void carry_begin(struct carry *carry, struct journal *journal, bool is_clock_right, const struct book_time *now);

/**
 * Takes one line: a bundle or a withdrawal.
 *
 * @param carry begun
 * @param line without its newline
 * @param length_bytes of line
 * @param now the time
 * @return CARRY_NOT_REFUSED, or why it was not carried out
 */
enum carry_refusal carry_line(struct carry *carry, const char *line, size_t length_bytes, const struct book_time *now);

/** Lets time pass: ends what is due, counts, tells. To be called ten times a second. */
void carry_tick(struct carry *carry, const struct book_time *now);

/** Whether orders wait for the clock to reach the time that the journal knows. */
bool carry_is_waiting(const struct carry *carry);

/** Whether the journal does not have what happened: no order begins until it is written anew. */
bool carry_owes_journal(const struct carry *carry);

/** Whether the place may not hold what should be in force: it is tried again. */
bool carry_owes_place(const struct carry *carry);

const struct carry_counters *carry_counters_of(const struct carry *carry);
const struct order_book *carry_book(const struct carry *carry);
