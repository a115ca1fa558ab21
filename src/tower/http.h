/*
 * HTTP by libmicrohttpd, for a proxy of ours or for clients of this machine:
 * takes requests, finds out who asks and whether they may, hands visits to
 * handlers and sends their replies. Bounded in connections, sizes and times.
 *
 * Does not speak TLS, and is not to be reached from elsewhere.
 */
#pragma once

#include "tower/tower.h"
#include "tower/visit.h"

struct http; /* opaque */

struct http_counters {
	uint64_t requests, bodies_refused, cut_off; /* cut_off: connections that took too long to ask */
	uint64_t connections; /* now */
	uint64_t by_status[6]; /* replies by the first digit of their status */
};

/**
 * Opens the place to listen at, and readers of the store; nothing is answered yet.
 *
 * @param tower borrowed
 * @param ret_http the caller's
 * @param ret_why after an error one line
 * @return OK, E_STATE (another process answers there), E_NOMEM or E_SYS
 */
MUST_USE int http_new(struct tower *tower, struct http **ret_http, char ret_why[static WHY_BYTES]);

/** Starts the threads. To be called inside of the sandbox. @return OK or E_SYS */
MUST_USE int http_start(struct http *http);

/** Cuts off connections that take too long to ask. To be called every second. */
void http_tick(struct http *http);

/** Gives a visit back to the thread that waits to send its reply; from any thread. */
void http_resume(struct visit *visit);

/** Ends threads and connections; visits at desks must have been given back, or be so by then. */
void http_free(struct http *http);

void http_count(struct http *http, struct http_counters *ret_counters);
