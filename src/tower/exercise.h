/*
 * Asks whoever plays exercises (src/exercise/office.h), on a Unix socket of
 * this machine, what there is and how it goes, and hands on who wants to start,
 * stop or join one. A thread of its own: a player that is slow or gone holds
 * up nothing else.
 *
 * This process has no right to play anything, and what the player tells is
 * read as strictly as what a member tells.
 */
#pragma once

#include <jansson.h>

#include "core/limits.h"
#include "record/exercise.h"
#include "tower/tower.h"

struct exercise; /* opaque */

/** @param tower borrowed; the exercise's socket is configured @return NULL: memory is out */
struct exercise *exercise_new(struct tower *tower);
void exercise_free(struct exercise *exercise);

/** What the thread does until exercise_end(). @param context the exercise @return NULL */
void *exercise_run(void *context);
void exercise_end(struct exercise *exercise);

/**
 * What was told last (Exercise of schema/api.json); from any thread.
 *
 * @param exercise or NULL: none is configured
 * @return a new reference; NULL: memory is out
 */
json_t *exercise_show(struct exercise *exercise);

/** Asks the player; for the exercise's own thread. @return OK or E_AGAIN: it does not answer */
MUST_USE int exercise_ask(struct exercise *exercise, const struct exercise_request *request, struct exercise_reply *ret_reply);
