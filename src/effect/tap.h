/*
 * Headers of what passes on interfaces, in and out, for the estimate of
 * collateral: packet sockets that see a packet before nftables does, and
 * after XDP did. Payload is cut off in the kernel, but for what a rule's
 * signature looks at.
 *
 * It looks at as many packets as it has room for ten times a second, and at
 * no more; the kernel drops the rest of them here, and nowhere else.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/why.h"
#include "effect/collateral.h"

struct tap; /* opaque */

/**
 * Opens a socket on each interface; needs CAP_NET_RAW.
 *
 * @param interfaces names, borrowed as long as the tap is open
 * @param count of them
 * @param ret_tap owned by the caller
 * @param ret_why after an error one line
 * @return OK, E_LIMIT, E_NOMEM, E_DENIED or E_SYS
 */
MUST_USE int tap_open(const char *const *interfaces, size_t count, struct tap **ret_tap, char ret_why[static WHY_BYTES]);

/** NULL is fine. */
void tap_close(struct tap *tap);

/** Hands over what waits. An interface that was removed is read again when it is back. */
void tap_read(struct tap *tap, struct collateral *collateral, int64_t now_ns);
