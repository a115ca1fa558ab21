/*
 * From an address to the number that its prefix was painted with. Built once,
 * then only read, by any number of threads. Painting overwrites all that the
 * prefix covers: prefixes painted from the shortest to the longest give the
 * longest match.
 *
 * Layout (after DIR-24-8, Gupta, Lin and McKeown, INFOCOM 1998): IPv4 is one
 * slot per /16, blocks of 256 slots per /24 and per address below; IPv6 one
 * slot per /16 and blocks of 16 slots below. A slot holds a value or leads to
 * a block, so a lookup is one to three reads for IPv4.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/ip.h"

#define PREFIX_TABLE_VALUE_MAX INT32_MAX
#define PREFIX_TABLE_SLOTS_MAX (16u << 20) /* 64 MiB; all of a country of today needs 2 % of it; above: E_LIMIT */

struct prefix_table; /* opaque */

/**
 * A table in which every address has the value 0.
 *
 * @param ret_table owned by the caller
 * @return OK or E_NOMEM
 */
MUST_USE int prefix_table_new(struct prefix_table **ret_table);
void prefix_table_free(struct prefix_table *table);

/**
 * Gives all addresses of a prefix a value. A prefix that covers all of the mapped range covers IPv4 too.
 *
 * @param prefix its host bits are zero
 * @param value 0..PREFIX_TABLE_VALUE_MAX
 * @return OK, E_NOMEM, or E_LIMIT: PREFIX_TABLE_SLOTS_MAX; addresses may then have the value in part
 */
MUST_USE int prefix_table_paint(struct prefix_table *table, const struct ip_prefix *prefix, uint32_t value);

/** The value of an address. Fast: for each packet. */
uint32_t prefix_table_find(const struct prefix_table *table, const struct ip_addr *addr);

/** The value of all addresses of an IPv4 /16, given by its first 16 bits; false: they do not all have one. */
bool prefix_table_whole_v4(const struct prefix_table *table, uint32_t first16, uint32_t *ret_value);

/** Memory in use, bytes. */
size_t prefix_table_bytes(const struct prefix_table *table);
