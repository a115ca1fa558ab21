/* What carry.c and carry_restore.c share: the inside of struct carry. Nobody else includes it. */
#pragma once

#include "effect/carry.h"

#define CARRY_WHY_BYTES 256

/** A bundle of the journal that should be in force. */
struct carry_pending {
	uint32_t seq;
	int64_t until_boot_ns; /* 0: of another start of the kernel */
	char *bundle; /* owned */
};

struct carry {
	struct carry_config config;
	struct order_book *book;
	struct journal *journal;
	struct order_counters used;
	struct order_memory memory;
	struct order_judgement judgement; /* of the line at hand */
	uint32_t last_seq;
	int64_t floor_wall_ms; /* the latest time that is known */
	size_t withdrawn_count;
	struct document_digest withdrawn[LIMIT_EFFECT_WITHDRAWN]; /* the longest known first */
	size_t pending_count;
	struct carry_pending pending[LIMIT_EFFECT_ORDERS];
	bool is_waiting; /* pending orders wait for the clock */
	bool must_enforce; /* the place may not hold what the book says */
	bool must_rewrite; /* the journal does not have an end that happened */
	int64_t counted_boot_ns, noted_boot_ns, tried_boot_ns;
	size_t untold_count;
	char *untold[LIMIT_EFFECT_ORDERS]; /* receipts of ends that the place has not heard of yet; owned */
	struct effect_entry entries[LIMIT_EFFECT_RULES];
	struct effect_counts counts[LIMIT_EFFECT_RULES];
	struct carry_counters counters;
	char why[CARRY_WHY_BYTES]; /* one line about the last refusal or failure, "" where there is none */
};

/** Whether the clock is where it can be believed, by what the journal knows. */
bool carry_clock_is_behind(const struct carry *carry, const struct book_time *now);

/**
 * Judges a bundle, as new or as one that is restored.
 *
 * @param line of the bundle
 * @param is_restored its counter was used by itself
 * @param ret_sets one for each rule of carry->judgement.order; owned by the caller on CARRY_NOT_REFUSED
 * @return CARRY_NOT_REFUSED or why not; carry->why tells more
 */
enum carry_refusal carry_judge(struct carry *carry, const char *line, size_t length_bytes, bool is_restored,
	const struct book_time *now, struct source_set *ret_sets[static RULE_LIST_MAX]);

/** Has the place enforce the book, without one order where one is given, and reads back. @return why not */
enum carry_refusal carry_enforce(struct carry *carry, const struct book_order *without);

/** Ends an order: journal, receipt, book; the place hears of it, and then the receipt is told, by carry_settle(). */
void carry_end(struct carry *carry, struct book_order *order, enum book_end end, const char *detail, const struct book_time *now);

/** Has the place enforce the book if it does not, and tells what has waited for that. */
void carry_settle(struct carry *carry);

/** Makes a receipt of an order in force, or of a digest alone, and tells it. */
void carry_tell(struct carry *carry, const struct book_order *order, const struct document_digest *digest,
	enum receipt_state state, const char *why, const struct book_time *now);

/** Fills what every record has. */
struct journal_record carry_record(const struct carry *carry, enum journal_kind kind, uint32_t seq, const struct book_time *now);

/** Appends, or counts a failure and logs it. */
MUST_USE int carry_journal(struct carry *carry, const struct journal_record *record);

/** Remembers that a document was withdrawn. */
void carry_withdrawn_add(struct carry *carry, const struct document_digest *digest);

/** Puts in force what waits, if the clock can be believed (carry_restore.c). */
void carry_restore(struct carry *carry, const struct book_time *now);

/** Writes the journal anew with what is in force. */
void carry_rewrite(struct carry *carry, const struct book_time *now);
