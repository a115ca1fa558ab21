/*
 * Runs of exercises and their scores, kept over the end of whoever plays them:
 * a file of one line a run (record/exercise.h), the newest first, as many as a
 * state remembers. It is written beside the old one, synced, and put in its
 * place, so that a kill at any instant leaves one of the two whole.
 *
 * What it says is read as if somebody else had written it. A file that cannot
 * be read is put aside, under the same name with ".broken" behind it.
 */
#pragma once

#include "core/err.h"
#include "core/why.h"
#include "record/exercise.h"

#define PAST_FILE "runs"

/**
 * Reads what was kept. A run that had not ended is one that was cut off, and is said to be.
 *
 * @param directory that exists
 * @param now_ms when what was cut off counts as ended; wall clock
 * @param ret_state its runs are filled; where nothing was kept, or it cannot be read, there are none
 * @param ret_why after an error one line
 * @return OK, also where there is no file yet; E_MALFORMED: it is put aside; E_SYS: the directory or the file cannot be read
 */
MUST_USE int past_load(const char *directory, int64_t now_ms, struct exercise_state *ret_state, char ret_why[static WHY_BYTES]);

/**
 * Keeps the runs of a state, without events and seconds.
 *
 * @param directory that exists
 * @param state read
 * @param ret_why after an error one line
 * @return OK, E_NOMEM or E_SYS: what was kept before still is
 */
MUST_USE int past_save(const char *directory, const struct exercise_state *state, char ret_why[static WHY_BYTES]);
