/*
 * Address space that is not of the public Internet: the special-purpose
 * registries of IANA (RFC 6890, as updated) that are not globally reachable,
 * multicast (RFC 5771, RFC 4291) and, for IPv6, everything outside of the
 * global unicast space that IANA gives out (2000::/3).
 *
 * Does not know which of the rest is announced today.
 */
#pragma once

#include "core/err.h"
#include "core/ip.h"

/** Called with each prefix that is not public; not OK ends it. */
typedef int bogon_visit(void *arg, const struct ip_prefix *prefix);

/**
 * Tells all prefixes that are not public and lie in public space (0.0.0.0/0 and 2000::/3).
 *
 * @param visit called for each
 * @param arg handed to visit
 * @return OK or what visit returned
 */
MUST_USE int bogon_walk(bogon_visit *visit, void *arg);
