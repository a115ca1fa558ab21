/*
 * Lines to another process over its Unix socket: the authority
 * (authority/serve.h) or the tower (tower/writer.h). Never makes its process
 * wait: what cannot be sent now waits in a queue of bounded size, what does
 * not fit there is lost and counted, and a connection that is gone is made
 * anew. A line that was on its way when the connection broke is sent again,
 * so the other side may see it twice.
 */
#pragma once

#include <stdint.h>

#include "core/err.h"

struct line_link; /* opaque */

/** Exact: put = sent + lost + waiting. */
struct line_link_counters {
	uint64_t put; /* lines handed in */
	uint64_t sent; /* wholly handed to the socket */
	uint64_t lost; /* the queue was full */
	uint64_t waiting; /* in the queue now */
	uint64_t replies; /* lines that came back */
	uint64_t connects; /* connections that were made */
};

/**
 * @param peer who is spoken to, for the log; static text
 * @param path of the socket; nobody needs to listen yet
 * @param expected how replies begin that are not logged; NULL: all are; static text
 * @param ret_link owned by the caller
 * @return OK or E_NOMEM
 */
MUST_USE int line_link_new(const char *peer, const char *path, const char *expected, struct line_link **ret_link);

/** Closes; what still waits is lost. NULL is fine. */
void line_link_free(struct line_link *link);

/**
 * Hands in one line and tries to send it.
 *
 * @param link connected or not
 * @param line NUL-terminated, without its newline; copied
 */
void line_link_put(struct line_link *link, const char *line);

/** Connects where there is something to send, sends, reads what came back and logs it; some times a second. */
void line_link_turn(struct line_link *link, int64_t now_mono_ns);

struct line_link_counters line_link_counters_of(const struct line_link *link);
