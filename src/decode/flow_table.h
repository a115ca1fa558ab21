/*
 * A table of fixed size from a key of three words to a place 0..places-1,
 * in which the least recently touched key makes room for a new one. The
 * values live in an array of the caller's, indexed by place.
 *
 * Keys come from peers, so the hash is keyed. Does not allocate after init.
 */
#pragma once

#include <stdint.h>

#include "core/err.h"
#include "core/hash.h"

#define FLOW_TABLE_NONE UINT32_MAX /* no place */

struct flow_table_key {
	uint64_t word[3];
};

struct flow_table_place {
	struct flow_table_key key;
	uint32_t chain; /* next place of the same bucket, or next unused place */
	uint32_t older; /* towards the least recently touched */
	uint32_t newer;
};

struct flow_table {
	struct hash_key hash;
	struct flow_table_place *places; /* owned */
	uint32_t *buckets; /* owned */
	uint32_t bucket_mask;
	uint32_t places_max;
	uint32_t unused; /* first unused place */
	uint32_t oldest;
	uint32_t newest;
};

/**
 * @param table filled; flow_table_done() also after a failure
 * @param places_max 1..2^30
 * @return OK or E_NOMEM
 */
MUST_USE int flow_table_init(struct flow_table *table, uint32_t places_max);
void flow_table_done(struct flow_table *table);

/** Forgets all keys. */
void flow_table_clear(struct flow_table *table);

/** The place of a key, FLOW_TABLE_NONE if it is not there. Does not touch it. */
uint32_t flow_table_find(const struct flow_table *table, const struct flow_table_key *key);

/** Makes a place the most recently touched one. */
void flow_table_touch(struct flow_table *table, uint32_t place);

/** Whether the next flow_table_add() will evict table->oldest. */
static inline int flow_table_is_full(const struct flow_table *table)
{
	return table->unused == FLOW_TABLE_NONE;
}

/** A place for a key that is not there; the least recently touched one if the table is full. */
uint32_t flow_table_add(struct flow_table *table, const struct flow_table_key *key);

/** Gives a place back. */
void flow_table_remove(struct flow_table *table, uint32_t place);
