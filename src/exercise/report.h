/* What is said at the end of an exercise: to people, and as JSON to programs. */
#pragma once

#include "core/err.h"
#include "exercise/conductor.h"
#include "record/exercise.h"

/** Requests of the seconds in which all attacks were met by a rule, with and without Hinomi. */
struct clients_sum report_defended(const struct conductor *conductor, enum conductor_side side);

/**
 * Judges, fills the conductor's tally, and writes the course of each attack, the clients' success, and the line
 * "N passed, N failed, N skipped".
 *
 * @param is_proven the ledger was verified
 * @return whether nothing failed
 */
bool report_show(struct conductor *conductor, bool is_proven, bool is_cut);

/** The same as a record has it; to be called after report_show(). */
void report_fill(const struct conductor *conductor, bool is_proven, struct exercise_score *ret_score);

/** Writes one JSON document to standard output. Returns OK, E_NOMEM or E_SYS. */
MUST_USE int report_write(const struct conductor *conductor, bool is_proven);
