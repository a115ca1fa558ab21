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
#define TARGET_SECOND (UINT32_C(1) << 31) /* bit of target.state: the rest is the second of its counts */

struct target {
	uint32_t tag; /* bits of the address's hash */
	uint32_t state; /* 0: empty; with TARGET_SECOND its present second; else index of its watch + 1 */
	uint32_t packets; /* within the second */
	uint32_t bytes_128; /* within the second, in units of 128 bytes */
};

struct targets {
	struct target *places;
	uint64_t set_count; /* a power of two */
	uint64_t evicted; /* of the present or last second */
	struct hash_key key;
};

/** How an address is looked up: made once, used for finding and adding. */
struct target_key {
	struct target *set;
	uint32_t tag;
};

/** Makes a table of at most so many bytes; false: no memory. */
bool targets_init(struct targets *targets, const struct hash_key *key, uint64_t memory_bytes);
void targets_done(struct targets *targets);

/** Where an address lies, given its hash under the engine's key. */
static inline struct target_key targets_key(const struct targets *targets, const struct ip_addr *addr, uint64_t hash)
{
	uint64_t prefix = addr->be64[1] & __builtin_bswap64(~UINT64_C(0xff));
	uint64_t set = hash_mix(addr->be64[0] ^ targets->key.word[0], prefix ^ targets->key.word[1]) + addr->bytes[15] / TARGETS_WAYS;
	return (struct target_key){&targets->places[(set & (targets->set_count - 1)) * TARGETS_WAYS], (uint32_t)(hash >> 32)};
}

static inline bool target_is_watched(const struct target *target)
{
	return target->state != 0 && !(target->state & TARGET_SECOND);
}

/**
 * Counts for an address.
 *
 * @param targets changed
 * @param key of the address
 * @param second present second, with TARGET_SECOND
 * @param keep_seconds counts of earlier seconds are kept this long before they start anew
 * @param packets within this second
 * @param bytes within this second
 * @return its entry; NULL: all places of its set are watched by others
 */
struct target *targets_add(struct targets *targets, struct target_key key, uint32_t second, uint32_t keep_seconds,
	uint64_t packets, uint64_t bytes);

/** The entry of an address, NULL if it is not held. Without branches up to the last: which place it is cannot be guessed. */
static inline struct target *targets_find(struct target_key key)
{
	unsigned found = 0;
	for (unsigned i = 0; i < TARGETS_WAYS; i++)
		found |= (unsigned)(key.set[i].tag == key.tag && key.set[i].state != 0) << i;
	return found != 0 ? &key.set[__builtin_ctz(found)] : NULL;
}

static inline uint64_t targets_memory_bytes(const struct targets *targets)
{
	return targets->set_count * TARGETS_WAYS * sizeof(struct target);
}
