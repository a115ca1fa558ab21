/*
 * What other parts of the engine ask the detector of floods on single
 * addresses; state is what its create() returned.
 */
#pragma once

#include "detect/engine.h"

/** The busiest watched addresses of the last second, largest packet rate first; returns how many. */
size_t hosts_top(const void *state, int64_t now_ns, struct detect_talker *ret_talkers, size_t max);

/** The profile of a watched address, NULL if it is not watched. */
const struct profile *hosts_profile(const void *state, const struct ip_addr *addr, uint64_t hash);
