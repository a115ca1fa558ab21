/*
 * Every address that is hit (or that sends), counted in 16 bytes each: how
 * many packets and bytes within the present second. Those that pass a bar are
 * promoted to a profile. Sets of four, one cache line each; an address that is
 * new takes the place of the one that has been silent longest, never of one
 * with a profile.
 *
 * An entry knows its address by 32 bits of a keyed hash. Two addresses of one
 * set that share them are counted as one: of ten million addresses, one pair
 * in a hundred runs. Whoever has a profile is compared in full by the caller.
 *
 * The 256 addresses of a /24 (/120) lie in 64 sets in a row, from a place that
 * the keyed hash of their prefix gives: a carpet over a whole site then walks
 * through some hundred pages and not through every page of the table, which
 * on a virtual machine costs more than all the rest of counting.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/hash.h"
#include "core/ip.h"

#define TARGETS_WAYS 4
#define TARGET_SECOND (UINT32_C(1) << 31) /* bit of target_set.states: the rest is the second of its counts */

/** A cache line. */
struct target_set {
	uint32_t tags[TARGETS_WAYS]; /* bits of the address's hash, never 0; 0: empty */
	uint32_t states[TARGETS_WAYS]; /* with TARGET_SECOND the present second; else index of its watch + 1 */
	uint32_t packets[TARGETS_WAYS]; /* within the second */
	uint32_t bytes_128[TARGETS_WAYS]; /* within the second, in units of 128 bytes */
};

struct targets {
	struct target_set *sets;
	uint64_t set_count; /* a power of two */
	uint64_t evicted; /* of the present or last second */
};

/** How an address is looked up: made once, used for finding and adding. */
struct target_key {
	struct target_set *set;
	uint32_t tag;
};

/** The place of an address in the table. */
struct target {
	struct target_set *set; /* NULL: none */
	unsigned way;
};

/** Makes a table of at most so many bytes; false: no memory. */
bool targets_init(struct targets *targets, uint64_t memory_bytes);
void targets_done(struct targets *targets);

/** The row of sets in which an address lies, whatever the length of the table. */
static inline uint64_t targets_row(const struct hash_key *key, const struct ip_addr *addr)
{
	uint64_t prefix = addr->be64[1] & __builtin_bswap64(~UINT64_C(0xff));
	return hash_mix(addr->be64[0] ^ key->word[0], prefix ^ key->word[1]) + addr->bytes[15] / TARGETS_WAYS;
}

/** Where an address lies, given its row and its hash under a key. */
static inline struct target_key targets_key(const struct targets *targets, uint64_t row, uint64_t hash)
{
	return (struct target_key){&targets->sets[row & (targets->set_count - 1)], (uint32_t)(hash >> 32) | 1};
}

static inline bool target_is_watched(struct target target)
{
	return !(target.set->states[target.way] & TARGET_SECOND);
}

/** The place of an address. Without branches up to the last: which way it is cannot be guessed. */
static inline struct target targets_find(struct target_key key)
{
	const uint32_t *tags = key.set->tags;
	unsigned way = (tags[1] == key.tag) + 2u * (tags[2] == key.tag) + 3u * (tags[3] == key.tag);
	return (struct target){tags[way] == key.tag ? key.set : NULL, way};
}

/** What targets_add() does for an address that is new, or counted in another second. */
struct target targets_add_first(struct targets *targets, struct target_key key, uint32_t second, uint32_t keep_seconds,
	uint64_t packets, uint64_t bytes);

static inline uint32_t target_sum(uint32_t count, uint64_t more)
{
	uint64_t sum = count + (more < UINT32_MAX ? more : UINT32_MAX);
	return sum < UINT32_MAX ? (uint32_t)sum : UINT32_MAX;
}

/** Adds to the counts of a place, up to their largest value. */
static inline void target_count(struct target target, uint64_t packets, uint64_t bytes)
{
	uint32_t *packet_count = &target.set->packets[target.way], *byte_count = &target.set->bytes_128[target.way];
	*packet_count = target_sum(*packet_count, packets);
	*byte_count = target_sum(*byte_count, bytes / 128 + (bytes % 128 != 0));
}

/**
 * Counts for an address, unless it is watched.
 *
 * @param targets changed
 * @param key of the address
 * @param second present second, with TARGET_SECOND
 * @param keep_seconds counts of earlier seconds are kept this long before they start anew
 * @param packets within this second
 * @param bytes within this second
 * @return its place; none: all places of its set are watched by others
 */
static inline struct target targets_add(struct targets *targets, struct target_key key, uint32_t second,
	uint32_t keep_seconds, uint64_t packets, uint64_t bytes)
{
	struct target target = targets_find(key);
	if (target.set != NULL && target_is_watched(target))
		return target;
	if (target.set == NULL || target.set->states[target.way] != second)
		return targets_add_first(targets, key, second, keep_seconds, packets, bytes);
	target_count(target, packets, bytes);
	return target;
}

/** Makes the place free. */
static inline void target_clear(struct target target)
{
	target.set->tags[target.way] = target.set->states[target.way] = 0;
}

static inline uint64_t targets_memory_bytes(const struct targets *targets)
{
	return targets->set_count * sizeof(struct target_set);
}
