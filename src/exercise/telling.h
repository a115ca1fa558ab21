/*
 * Tells how an exercise goes to whoever looks on: at an office that its own
 * tower asks, or as a line a second on standard output, for `serve`. And lets
 * somebody at the page join before it begins.
 */
#pragma once

#include <stdbool.h>

#include "core/err.h"
#include "exercise/conductor.h"
#include "exercise/options.h"

/**
 * Begins: with a page, prepares its tower and the office that it asks, and waits for a guest where the options say so.
 *
 * @param conductor its scenario and out are filled, and nothing is started
 * @param options read
 * @param directory for all files, borrowed until the end
 * @param stop_signal set when the whole is to end
 * @param why room for one line
 * @return OK; E_STATE: stopped while it waited, or the tower does not start; E_UNSUPPORTED, E_NOMEM, E_SYS
 */
MUST_USE int telling_open(struct conductor *conductor, const struct options *options, const char *directory,
	const volatile int *stop_signal, char why[static 160]);

/** Tells where to look on, once; the tower runs. */
void telling_address(struct conductor *conductor);

/** The exercise begins now. */
void telling_begin(struct conductor *conductor);

/** The record of the run; never NULL. */
struct exercise_run *telling_run(struct conductor *conductor);

/** A second is complete: noted and told. */
void telling_second(struct conductor *conductor);

/** Answers at the office. @param wait_ms for somebody to ask */
void telling_turn(struct conductor *conductor, int wait_ms);

/** It has ended: the score is told. @param why it did not come to its end; NULL: it did */
void telling_end(struct conductor *conductor, bool is_proven, const char *why);

/** Closes what telling_open() opened; also where it did not. */
void telling_close(struct conductor *conductor);
