/*
 * NetFlow version 5: a header of 24 bytes and up to 30 records of 48 (Cisco,
 * "NetFlow Export Datagram Format", tables B-3 and B-4).
 *
 * Does not check who sent it.
 */
#pragma once

#include "decode/flow_state.h"

/** Decodes one datagram; see flow_parse() for what it returns. */
MUST_USE int netflow5_parse(struct flow_context *ctx, const uint8_t *bytes, size_t length_bytes);
