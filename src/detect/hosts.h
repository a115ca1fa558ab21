/*
 * What other parts of the engine ask the detectors of floods on single
 * addresses, of carpets and of scans; state is what their create() returned.
 */
#pragma once

#include "detect/engine.h"

/** The busiest watched addresses of the last second, largest packet rate first; returns how many. */
size_t hosts_top(const void *state, int64_t now_ns, struct detect_talker *ret_talkers, size_t max);

/** Those who attack a watched address over connections, as detect_senders(). */
size_t hosts_senders(const void *state, const struct ip_addr *addr, struct ip_addr *ret_addrs, size_t max);

/** Whether a carpet is told of the site around a host that is too small a part of it to be told beside it. */
bool carpet_covers(const void *state, const struct profile *host);

/** Asks the processor to bring what is known of the addresses of a row: worth it some hundred nanoseconds before one is counted. */
void hosts_prefetch(const void *state, uint64_t row);

/** The profile of a watched address, NULL if it is not watched. */
const struct profile *hosts_profile(const void *state, const struct ip_addr *addr, uint64_t hash);

/** Whether an address scans, by what it sent in the last minute; state is that of detector_sweep. */
bool sweep_is_scanner(const void *state, const struct ip_addr *addr);
