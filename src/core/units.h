/*
 * Quantities with their units as people write them in configuration and on
 * command lines: "30s", "64MiB", "10kpps", "1Gbps", "1:1000". A unit is
 * required: a bare number is refused, so nobody wonders whether 30 was
 * seconds.
 *
 * Decimal prefixes (k M G T) are powers of 1000, binary ones (Ki Mi Gi Ti)
 * powers of 1024. Does not read signs, exponents or spaces.
 */
#pragma once

#include <stdint.h>

#include "core/err.h"

#define UNITS_TEXT_BYTES 32

enum unit_kind {
	UNIT_NONE = 0, /* a plain count: the only kind without a unit */
	UNIT_MS, /* a time, in milliseconds: ms s min h d */
	UNIT_BYTES, /* B kB MB GB TB KiB MiB GiB TiB */
	UNIT_PPS, /* packets per second: pps kpps Mpps Gpps */
	UNIT_BPS, /* bits per second: bps kbps Mbps Gbps Tbps */
	UNIT_SAMPLING, /* one in n: "1:n" */
};

/**
 * Reads a quantity. "1.5Gbps" is fine, as long as the result is whole.
 *
 * @param kind what is expected
 * @param text NUL-terminated
 * @param ret_value in the base unit of the kind
 * @return OK; E_MALFORMED: no number, no or a foreign unit, not whole; E_LIMIT: does not fit into 63 bits
 */
MUST_USE int units_parse(enum unit_kind kind, const char *text, uint64_t *ret_value);

/** Writes a quantity exactly, in the largest unit that divides it; returns ret_text. */
const char *units_write(enum unit_kind kind, uint64_t value, char ret_text[static UNITS_TEXT_BYTES]);

/** What a value of a kind looks like, for error messages: "a time with its unit, as in 30s". Static text. */
const char *units_example(enum unit_kind kind);
