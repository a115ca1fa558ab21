/*
 * What the authority tells the tower of itself (record/health.h): that it is
 * there, how many orders are in force, and what it turned away. Never makes
 * it wait, and moves nothing.
 */
#pragma once

#include "authority/book.h"
#include "authority/config.h"

struct pulse; /* opaque */

/** What did not get through, since the process began. */
struct pulse_counters {
	uint64_t clients_refused; /* connections: of other accounts, or too many */
	uint64_t clients_cut; /* closed with a line or an answer on its way */
	uint64_t lines_refused; /* documents and questions */
	uint64_t effectors_gone; /* connections to effectors that ended */
};

/**
 * @param config names a tower; borrowed for the call
 * @param now_wall_ms when the process began
 * @param ret_pulse owned by the caller
 * @return OK or E_NOMEM
 */
MUST_USE int pulse_new(const struct config *config, int64_t now_wall_ms, struct pulse **ret_pulse);

/** NULL is fine. */
void pulse_free(struct pulse *pulse);

/** Tells when it is time, and looks after the connection; some times a second. */
void pulse_turn(struct pulse *pulse, const struct book *book, const struct pulse_counters *counters, int64_t now_wall_ms,
	int64_t now_mono_ns);
