/*
 * The one thread that writes to the store: takes documents from senders on
 * this machine and from visits, and changes from visits; makes what waits
 * durable together; only then answers, and tells watchers.
 *
 * The socket: JSON Lines in, one line out for each, in their order:
 *     {"ack":ID}                      it is on disk (a finding: id-sequence; else the digest)
 *     {"refused":ID,"why":TEXT}       it is not; ID is null where it could not be read
 *     {"refused":null,"again":true,"why":TEXT}   the store failed: send it again
 * A sender that does not read its answers is not read from.
 */
#pragma once

#include "tower/tower.h"
#include "tower/visit.h"

struct writer; /* opaque */

struct writer_counters {
	uint64_t senders; /* now */
	uint64_t senders_refused; /* in no list, or too many */
	uint64_t visits_refused; /* desk was full */
};

/**
 * Opens the socket.
 *
 * @param tower borrowed; writing and events are there
 * @param store the writer's handle, borrowed
 * @param ret_writer the caller's
 * @param ret_why after an error one line
 * @return OK, E_STATE (another process answers there), E_NOMEM or E_SYS
 */
MUST_USE int writer_new(struct tower *tower, struct store *store, struct writer **ret_writer, char ret_why[static WHY_BYTES]);
void writer_free(struct writer *writer);

/**
 * Takes a connected descriptor of this process as a sender, before the writer runs: the relay's, or one of the feeder's.
 *
 * @param fd taken
 * @param member it speaks for; "": the tower's own site
 */
void writer_attach(struct writer *writer, int fd, const char *member);

/**
 * Works until asked to end.
 *
 * @param should_end set by a signal
 * @return OK, or E_SYS: the loop cannot go on
 */
MUST_USE int writer_run(struct writer *writer, const volatile int *should_end);

/** Closes the desk, and answers the visits that wait there. */
void writer_end(struct writer *writer);

/**
 * Takes one line into the batch. For handlers in this thread.
 *
 * @param member who says it
 * @param line hostile
 * @param length_bytes of line
 * @return the answer that is true after the next commit; NULL: memory is out
 */
char *writer_take(struct writer *writer, const char *member, const char *line, size_t length_bytes);

/** The store's sums, as of the last turn; from any thread. */
void writer_count(struct writer *writer, struct store_counters *ret_counters);
void writer_count_own(struct writer *writer, struct writer_counters *ret_counters);
