/*
 * The orders that are in force, and so which rules are, in the order in which
 * they were accepted. Pure: the time is handed over, and who may do what has
 * been judged before (record/order_verify.h).
 *
 * An order in force has two ends, and the first counts: by the wall clock, as
 * the order says, and on CLOCK_BOOTTIME, as was computed when it was accepted.
 * So no setting of the wall clock prolongs it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/limits.h"
#include "effect/effector.h"
#include "record/order_verify.h"
#include "record/receipt.h"

#define BOOK_SEQ_MAX (UINT32_MAX / RULE_LIST_MAX) /* so that each rule of each order has an id of 32 bits */

/** Why an order is no longer in force. */
enum book_end {
	BOOK_NOT_ENDED = 0,
	BOOK_EXPIRED,
	BOOK_NOT_RATIFIED, /* its deadline came first */
	BOOK_WITHDRAWN,
	BOOK_REPLACED, /* by a later order of the same finding */
	BOOK_COLLATERAL, /* measured, above its limit */
	BOOK_OVER, /* nothing was stopped any more */
	BOOK_UNVERIFIED, /* after a restart it does not stand up any more */
	BOOK_UNENFORCED, /* the place does not hold it */
	BOOK_END_COUNT
};

/** A short name, as in receipts; static text. */
const char *book_end_name(enum book_end end);

/** One line of words; static text. */
const char *book_end_words(enum book_end end);

/** Wall clock and CLOCK_BOOTTIME at one moment. */
struct book_time {
	int64_t wall_ms;
	int64_t boot_ns;
};

struct book_order {
	uint32_t seq; /* rising, of its acceptance; 1..BOOK_SEQ_MAX */
	struct document_digest digest;
	char *bundle; /* owned: the line it came in, for the journal */
	struct order order;
	int64_t until_wall_ms, until_boot_ns;
	bool is_ratified, is_standing;
	char standing_requester[DOCUMENT_NAME_BYTES]; /* "" where it rests on no standing order */
	bool is_acting; /* a rule drops or limits */
	struct source_set *sets[RULE_LIST_MAX]; /* owned; NULL where a rule has none */
	struct effect_counts before[RULE_LIST_MAX]; /* sums of the place's counters that a restart of the place has lost */
	struct effect_counts last[RULE_LIST_MAX]; /* as read last */
	struct receipt_count stopped, limited, passed;
	int64_t since_boot_ns; /* when it came into force here */
	int64_t dropped_boot_ns; /* when it was seen to drop something last, or since_boot_ns */
	int64_t told_boot_ns; /* when its last receipt was made */
	uint16_t collateral_permille; /* as estimated last */
};

/** Exact: accepted = in force + ended. */
struct book_counters {
	uint64_t accepted;
	uint64_t refused_orders, refused_rules; /* LIMIT_EFFECT_ORDERS, LIMIT_EFFECT_RULES */
	uint64_t ended[BOOK_END_COUNT];
};

struct order_book; /* opaque */

/** @return a book without orders, NULL when memory is out */
struct order_book *order_book_new(void);
void order_book_free(struct order_book *book);

/** Makes room for an order, or counts that there is none. @return OK, E_NOMEM or E_LIMIT */
MUST_USE int order_book_room(struct order_book *book, const struct order *order);

/** What makes an order of the book out of a judgement. */
struct book_terms {
	uint32_t seq;
	char *bundle; /* malloc'ed, taken */
	struct source_set **sets; /* one for each rule; what they point at is taken */
	struct book_time now;
	int64_t until_boot_ns; /* 0: as long as the wall clock says now */
};

/**
 * Takes an order that was accepted. One that is there already (an urgent one that is now ratified) keeps its seq, counters and
 * place, and gets the new end.
 *
 * @param book order_book_room() has made room, unless it is there already
 * @param judgement accepted
 * @param terms read
 * @return the order, borrowed as long as it is in force
 */
struct book_order *order_book_take(struct order_book *book, const struct order_judgement *judgement,
	const struct book_terms *terms);

/** Ends an order: it is out of the book and freed. */
void order_book_end(struct order_book *book, struct book_order *order, enum book_end end);

/** The order of a digest that is in force; NULL: none. Borrowed. */
struct book_order *order_book_find(const struct order_book *book, const struct document_digest *digest);

/** The orders in force, first accepted first. Borrowed until one is taken or ended. */
struct book_order *const *order_book_list(const struct order_book *book, size_t *ret_count);

/** An order whose time is over, and why; NULL: none is due. */
struct book_order *order_book_due(const struct order_book *book, const struct book_time *now, enum book_end *ret_end);

/** The order that a new one takes the place of: of the same finding, under the same standing order. NULL: none. */
struct book_order *order_book_replaced(const struct order_book *book, const struct order_judgement *judgement);

/**
 * The rules in force, in order.
 *
 * @param book borrowed, as are the rules and sets
 * @param without an order that is left out, because it is about to end; NULL: none
 * @param ret_entries filled
 * @return how many
 */
size_t order_book_entries(const struct order_book *book, const struct book_order *without,
	struct effect_entry ret_entries[static LIMIT_EFFECT_RULES]);

/**
 * Takes what the place has counted.
 *
 * @param book whose order_book_entries() these are
 * @param counts of each entry
 * @param now an order that has dropped more than before was seen to act at this time
 */
void order_book_count(struct order_book *book, const struct effect_counts *counts, const struct book_time *now);

const struct book_counters *order_book_counters(const struct order_book *book);
