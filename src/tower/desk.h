/*
 * A desk: where HTTP threads leave visits for another thread, which waits for
 * its descriptor with poll(2) beside its other work. Bounded.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tower/visit.h"

/** A desk, or NULL: memory or descriptors are out. */
struct desk *desk_new(void);
void desk_free(struct desk *desk);

/** Readable while visits wait. */
int desk_fd(const struct desk *desk);

/** Leaves a visit, first in first out. @return false: closed, or LIMIT_TOWER_JOBS wait already, which is counted */
bool desk_put(struct desk *desk, struct visit *visit);

/** Takes the next visit; NULL: none waits. */
struct visit *desk_take(struct desk *desk);

/** Takes no more visits; those that wait are to be taken. */
void desk_close(struct desk *desk);

/** Visits that found the desk full. */
uint64_t desk_refused(struct desk *desk);
