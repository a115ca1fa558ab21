/*
 * Lines to the authority over its Unix socket (authority/serve.h). Never makes
 * the sensor wait: what cannot be sent now waits in a queue of bounded size,
 * what does not fit there is lost and counted, and a connection that is gone
 * is made anew. A line that was on its way when the connection broke is sent
 * again, so the authority may see it twice.
 */
#pragma once

#include <stdint.h>

#include "core/err.h"

struct authority_link; /* opaque */

/** Exact: put = sent + lost + waiting. */
struct authority_link_counters {
	uint64_t put; /* lines handed in */
	uint64_t sent; /* wholly handed to the socket */
	uint64_t lost; /* the queue was full */
	uint64_t waiting; /* in the queue now */
	uint64_t replies; /* lines that came back */
	uint64_t connects; /* connections that were made */
};

/**
 * @param path of the socket, borrowed; nobody needs to listen yet
 * @param ret_link owned by the caller
 * @return OK or E_NOMEM
 */
MUST_USE int authority_link_new(const char *path, struct authority_link **ret_link);

/** Closes; what still waits is lost. NULL is fine. */
void authority_link_free(struct authority_link *link);

/**
 * Hands in one line and tries to send it.
 *
 * @param link connected or not
 * @param line NUL-terminated, without its newline; copied
 */
void authority_link_put(struct authority_link *link, const char *line);

/** Connects where there is something to send, sends, reads what came back and logs it; some times a second. */
void authority_link_turn(struct authority_link *link, int64_t now_mono_ns);

struct authority_link_counters authority_link_counters_of(const struct authority_link *link);
