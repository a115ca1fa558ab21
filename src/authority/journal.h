/*
 * The journal of a log: batches of entries, one after the other, each with a
 * digest, so that what was cut off at the end is known for what it is.
 *
 * Does not know the tree. Not for readers of the log: authority/log.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct journal {
	int fd; /* -1: not open */
	uint64_t length_bytes; /* of whole batches */
	bool is_broken; /* what stands after them is not known */
};

/** Takes one entry of a journal. @return OK, or an error that ends the reading */
typedef int journal_visitor(void *context, uint64_t index, const uint8_t *entry, size_t entry_bytes);

/**
 * Opens a journal and keeps others out.
 *
 * @param directory descriptor of the log's
 * @param is_new makes it; it must not be there
 * @param ret_journal filled on OK
 * @return OK, E_STATE (another process has it open, or it is there already), or E_SYS
 */
MUST_USE int journal_open(int directory, bool is_new, struct journal *ret_journal);

/** Closes a journal; one that is not open is fine. */
void journal_close(struct journal *journal);

/**
 * Hands over all whole batches, cuts off what stands after them, and has the rest on disk.
 *
 * @param journal just opened
 * @param visit gets each entry, in order
 * @param context for visit
 * @param ret_dropped_bytes that were cut off
 * @return OK; E_MALFORMED: a batch that is not the last one is damaged; what visit returned; E_NOMEM or E_SYS. Nothing is cut
 * off then
 */
MUST_USE int journal_replay(struct journal *journal, journal_visitor *visit, void *context, uint64_t *ret_dropped_bytes);

/**
 * Writes a batch and has it on disk; if that fails, the journal is as it was, or broken.
 *
 * @param journal that was replayed
 * @param first index of the first entry
 * @param count of entries
 * @param payload the entries, each with its length before it in two bytes
 * @param payload_bytes of payload, at most LIMIT_LEDGER_BATCH_BYTES
 * @return OK, E_SYS, or E_STATE: broken
 */
MUST_USE int journal_append(struct journal *journal, uint64_t first, uint32_t count, const uint8_t *payload, size_t payload_bytes);

/**
 * Forgets all batches; their entries are published.
 *
 * @param journal to be emptied
 * @return OK or E_SYS: they are still there, which does no harm
 */
MUST_USE int journal_clear(struct journal *journal);
