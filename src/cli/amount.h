/* Numbers as people read them: three digits and a prefix ("331 Mbps"). Powers of 1000. */
#pragma once

#include <stdint.h>

#define AMOUNT_BYTES 32

/** Writes a number with its unit, such as "999", "1.20 k", "331 Mbps"; returns ret_text. */
const char *amount_write(uint64_t value, const char *unit, char ret_text[static AMOUNT_BYTES]);

/** Writes a number exactly, in groups of three digits: "1,234,567"; returns ret_text. */
const char *amount_write_exact(uint64_t value, char ret_text[static AMOUNT_BYTES]);

/** Writes a duration: "0.4 s", "12 s", "3 min 20 s", "2 h 5 min"; returns ret_text. */
const char *amount_write_duration(uint64_t duration_ms, char ret_text[static AMOUNT_BYTES]);
