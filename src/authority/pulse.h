/*
 * What the authority tells the tower (record/health.h): of itself, that it is
 * there, how many orders are in force, and what it turned away; and what its
 * effectors say of theirs. Never makes it wait, and moves nothing.
 *
 * An effector speaks of itself alone: as the process that its key is named
 * after, of the member that it serves by the policy. Whether what it says is
 * true nobody can tell here.
 */
#pragma once

#include "authority/book.h"
#include "authority/config.h"
#include "record/policy.h"

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

/**
 * Hands on what an effector says of its health, at most twice in the time between two words of our own: of what comes
 * sooner the next has the sums.
 *
 * @param pulse NULL: no tower is told, and the line is judged alone
 * @param effector as the policy knows it
 * @param place of the effector in the configuration
 * @param line of the document, hostile
 * @param ret_detail after an error one line
 * @return OK; E_MALFORMED; E_DENIED: it speaks of another process or member
 */
MUST_USE int pulse_relay(struct pulse *pulse, const struct policy_effector *effector, size_t place, const char *line,
	size_t line_bytes, int64_t now_mono_ns, char ret_detail[static DOCUMENT_COMPLAINT_BYTES]);

/** Tells when it is time, and looks after the connection; some times a second. */
void pulse_turn(struct pulse *pulse, const struct book *book, const struct pulse_counters *counters, int64_t now_wall_ms,
	int64_t now_mono_ns);
