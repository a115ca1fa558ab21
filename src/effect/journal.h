/*
 * What an effector must not forget: each bundle that it accepted, before the
 * kernel hears of it; what has ended; which counters are used; and the latest
 * time it knew, so that a clock set back is seen.
 *
 * What is read back is only what was written: whether an order still stands
 * is judged anew by whoever reads (effect/carry.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "record/order_verify.h"

#define JOURNAL_BOOT_ID_BYTES 16

struct cursor;

enum journal_kind {
	JOURNAL_UNKNOWN = 0,
	JOURNAL_ACCEPTED, /* an order, or its ratification under the same seq */
	JOURNAL_ENDED,
	JOURNAL_WITHDRAWN, /* somebody took back what is not in force: a standing order, or an order that did not come yet */
	JOURNAL_TIME, /* nothing but that this moment was reached */
	JOURNAL_COUNTERS, /* the first record of a journal that was written anew */
	JOURNAL_KIND_COUNT
};

struct journal_record {
	enum journal_kind kind;
	int64_t wall_ms, boot_ns; /* when it was written */
	uint8_t boot_id[JOURNAL_BOOT_ID_BYTES]; /* of the kernel's start to which boot_ns belongs */
	uint32_t seq; /* ACCEPTED, ENDED; COUNTERS: the highest that was used */
	/* ACCEPTED: */
	uint64_t counter; /* of the order */
	int64_t until_boot_ns;
	const char *bundle; /* borrowed; the line without its newline, not NUL-terminated */
	size_t bundle_bytes;
	/* WITHDRAWN: */
	struct document_digest digest;
	/* COUNTERS: */
	const struct order_counters *counters; /* borrowed */
};

/** Takes one record. @return OK, or an error that ends the reading */
typedef int journal_visitor(void *context, const struct journal_record *record);

/**
 * Reads the next record of a journal's bytes. Pure.
 *
 * @param cur over the bytes, moved behind the record on OK
 * @param counters room for those of JOURNAL_COUNTERS
 * @param ret_record filled on OK, borrowed from the bytes
 * @return OK; E_END: no byte is left; E_TRUNCATED: the last record is not whole; E_MALFORMED: a record before the last is damaged
 */
MUST_USE int journal_next(struct cursor *cur, struct order_counters *counters, struct journal_record *ret_record);

struct journal; /* opaque */

/**
 * Opens the journal of a directory, makes it where there is none, keeps others out, and hands over what stands in it.
 *
 * @param directory path, of this process alone
 * @param visit gets each record, in order
 * @param context for visit
 * @param ret_journal owned by the caller
 * @param ret_torn_bytes that were cut off at the end: a record that was never acknowledged
 * @return OK; E_STATE: another process has it open; E_MALFORMED: damaged, and nothing is changed; E_LIMIT: longer than
 * LIMIT_EFFECT_JOURNAL_BYTES; what visit returned; E_NOMEM or E_SYS
 */
MUST_USE int journal_open(const char *directory, journal_visitor *visit, void *context, struct journal **ret_journal,
	uint64_t *ret_torn_bytes);

/** NULL is fine. */
void journal_close(struct journal *journal);

/**
 * Appends a record and has it on disk.
 *
 * @param journal open
 * @param record all that its kind has
 * @return OK, E_NOMEM, or E_SYS: it is not there, and errno tells why
 */
MUST_USE int journal_append(struct journal *journal, const struct journal_record *record);

/** Whether the journal has grown so much that it should be written anew. */
bool journal_is_long(const struct journal *journal);

/** Hands over the records of a new journal, one after the other. @return false: there is none left */
typedef bool journal_source(void *context, struct journal_record *ret_record);

/**
 * Writes the journal anew, with nothing but these records; it is the old or the new one at any instant.
 *
 * @param journal open
 * @param next gives the records
 * @param context for next
 * @return OK, E_NOMEM, or E_SYS: the old one stands
 */
MUST_USE int journal_rewrite(struct journal *journal, journal_source *next, void *context);
