/*
 * Tells the tower of a process's health (record/health.h) over its Unix
 * socket, when it is time, and never makes the process wait: without a tower
 * the lines are lost, which is counted and told when it is back.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "record/health.h"
#include "record/line_link.h"

struct health_link; /* opaque */

/**
 * @param path of the tower's socket
 * @param every_ms how often it is told
 * @param ret_link owned by the caller
 * @return OK or E_NOMEM
 */
MUST_USE int health_link_new(const char *path, uint64_t every_ms, struct health_link **ret_link);

/** NULL is fine. */
void health_link_free(struct health_link *link);

/** Whether it is time to tell; then the next time is every_ms from now. */
bool health_link_is_due(struct health_link *link, int64_t now_mono_ns);

/** Tells. @param health whole; what cannot be written is logged, and not told */
void health_link_tell(struct health_link *link, const struct health *health);

/** Looks after the connection; some times a second. */
void health_link_turn(struct health_link *link, int64_t now_mono_ns);

struct line_link_counters health_link_counters_of(const struct health_link *link);
