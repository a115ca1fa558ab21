/*
 * NetFlow v9 (RFC 3954) and IPFIX (RFC 7011) messages: headers, sets and
 * template records.
 *
 * Does not check who sent it.
 */
#pragma once

#include "decode/flow_state.h"

/** Decodes one NetFlow v9 datagram; see flow_parse() for what it returns. */
MUST_USE int netflow9_parse(struct flow_context *ctx, const uint8_t *bytes, size_t length_bytes);

/** Decodes one IPFIX message; see flow_parse() for what it returns. */
MUST_USE int ipfix_parse(struct flow_context *ctx, const uint8_t *bytes, size_t length_bytes);
