/*
 * Feeds the writer with files of findings that sensors of this machine append
 * to: each file is followed (tower/follow.h), its lines go to the writer as a
 * sender's do, and a place is kept once the writer has acknowledged all before
 * it. So a finding that reached its file reaches the store, whichever of the
 * two processes dies in between. A thread of its own.
 *
 * A line that the writer refuses is done with: it has counted it.
 */
#pragma once

#include <stdint.h>

#include "core/err.h"
#include "tower/follow.h"

#define FEEDER_FILES_MAX 16

struct feeder; /* opaque */

/** Sums over all files. */
struct feeder_counters {
	struct follow_counters follow;
	uint64_t acknowledged, refused, again; /* answers */
	uint64_t saves_failed; /* places that could not be written; tried again */
};

/**
 * @param places_path file in which places are kept; copied
 * @param ret_feeder the caller's
 * @return OK, or E_NOMEM
 */
MUST_USE int feeder_new(const char *places_path, struct feeder **ret_feeder);
/** After feeder_end() and the end of its thread. NULL is fine. */
void feeder_free(struct feeder *feeder);

/**
 * Adds a file, before the thread runs.
 *
 * @param path of the file; copied
 * @param ret_fd the writer's end: the caller's, for writer_attach()
 * @return OK, E_LIMIT (FEEDER_FILES_MAX), E_NOMEM, or E_SYS: its directory cannot be watched
 */
MUST_USE int feeder_add(struct feeder *feeder, const char *path, int *ret_fd);

/** What the thread does until feeder_end(). */
void *feeder_run(void *arg);
void feeder_end(struct feeder *feeder);

/** From any thread. */
void feeder_count(struct feeder *feeder, struct feeder_counters *ret_counters);
