/*
 * Who sends flow exports: counters for each exporter address, bounded in
 * number. Later ones share the entry at place 0, which says "other".
 */
#pragma once

#include <stdint.h>

#include "core/hash.h"
#include "core/ip.h"
#include "core/limits.h"

#define EXPORTERS_SLOTS 4096 /* of the hash table: four for each counted exporter */

struct exporter {
	struct ip_addr addr;
	uint64_t datagrams;
	uint64_t bytes;
	uint64_t records;
};

struct exporters {
	struct hash_key key;
	uint32_t count; /* entries used, with the entry 0 */
	uint16_t slots[EXPORTERS_SLOTS]; /* place of an entry, 0: free */
	struct exporter entries[LIMIT_EXPORTERS_COUNTED + 1];
};

void exporters_init(struct exporters *exporters);

/** The place of an exporter's entry, made if there is room; 0: it shares the entry "other". */
uint32_t exporters_place(struct exporters *exporters, const struct ip_addr *addr);
