/*
 * A file (or standard output) that takes whole lines and never makes its
 * writer wait: what cannot be written now waits in a queue of bounded size
 * and is tried again; what does not fit there is counted as lost.
 *
 * Does not rotate: rename the file and call line_file_reopen() (SIGHUP).
 */
#pragma once

#include <stdint.h>

#include "core/err.h"

struct line_file; /* opaque */

/** Exact: put = written + lost + waiting. */
struct line_file_counters {
	uint64_t put; /* lines handed in */
	uint64_t written; /* wholly */
	uint64_t lost; /* the queue was full */
	uint64_t waiting; /* in the queue now */
	uint64_t failed_writes; /* attempts the system refused; each was tried again later */
	int last_errno; /* of the last of them, 0: none since the last success */
};

/**
 * @param path to append to, "-": standard output
 * @param ret_file owned by the caller
 * @return OK, E_NOMEM, or E_SYS: errno tells why the file cannot be opened
 */
MUST_USE int line_file_open(const char *path, struct line_file **ret_file);

/** Closes; what still waits is lost. NULL is fine. */
void line_file_free(struct line_file *file);

/**
 * Hands in one line and tries to write; a line that is lost is counted.
 *
 * @param line NUL-terminated, without its newline; copied
 */
void line_file_put(struct line_file *file, const char *line);

/** Tries again to write what waits. */
void line_file_flush(struct line_file *file);

/** The same at the end, when there is no other time: waits for a slow reader, but no longer than wait_ms. */
void line_file_drain(struct line_file *file, int wait_ms);

/**
 * Opens the path anew; the old file stays in use where that fails.
 *
 * @return OK or E_SYS
 */
MUST_USE int line_file_reopen(struct line_file *file);

struct line_file_counters line_file_counters_of(const struct line_file *file);
