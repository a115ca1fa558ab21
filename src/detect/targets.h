/*
 * Every address that is hit (or that sends), counted in 32 bytes each: how
 * many packets and bytes within the present second. Those that pass a bar are
 * promoted to a profile. Sets of four; an address that is new takes the place
 * of the one that has been silent longest, never of one with a profile.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/ip.h"

#define TARGETS_WAYS 4
#define TARGET_UNWATCHED 0

struct target {
	struct ip_addr addr;
	uint32_t second; /* present second of this entry; 0: empty */
	uint32_t packets; /* within it */
	uint32_t bytes_128; /* within it, in units of 128 bytes */
	uint32_t watch; /* index of its watch + 1, TARGET_UNWATCHED */
};

struct targets {
	struct target *places;
	uint64_t set_count; /* a power of two */
	uint64_t evicted; /* of the present or last second */
};

/** Makes a table of at most so many bytes; false: no memory. */
bool targets_init(struct targets *targets, uint64_t memory_bytes);
void targets_done(struct targets *targets);

/** Asks the processor to bring a set. */
static inline void targets_prefetch(const struct targets *targets, uint64_t hash)
{
	const struct target *set = &targets->places[(hash & (targets->set_count - 1)) * TARGETS_WAYS];
	__builtin_prefetch(set, 1);
	__builtin_prefetch(set + 2, 1);
}

/**
 * Counts for an address.
 *
 * @param addr the address
 * @param hash of it
 * @param second present second, not 0
 * @param keep_seconds counts of earlier seconds are kept this long before they start anew
 * @param packets within this second
 * @param bytes within this second
 * @return its entry; NULL: all places of its set are watched by others
 */
struct target *targets_add(struct targets *targets, const struct ip_addr *addr, uint64_t hash, uint32_t second,
	uint32_t keep_seconds, uint64_t packets, uint64_t bytes);

/** The entry of an address, NULL if it is not held. */
struct target *targets_find(struct targets *targets, const struct ip_addr *addr, uint64_t hash);

static inline uint64_t targets_memory_bytes(const struct targets *targets)
{
	return targets->set_count * TARGETS_WAYS * sizeof(struct target);
}
