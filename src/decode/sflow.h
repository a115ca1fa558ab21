/*
 * sFlow version 5 datagrams (sflow.org/sflow_version_5.txt): flow samples,
 * expanded ones too, by their raw header or sampled IPv4 or IPv6 record.
 *
 * Does not check who sent it.
 */
#pragma once

#include "decode/flow_state.h"

/** Decodes one datagram; see flow_parse() for what it returns. */
MUST_USE int sflow_parse(struct flow_context *ctx, const uint8_t *bytes, size_t length_bytes);
