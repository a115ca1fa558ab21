/*
 * The only source of randomness: secrets from the kernel, and a seeded,
 * repeatable generator (xoshiro256**, Blackman and Vigna 2018) for sampling
 * and for scenarios that must replay to the bit.
 *
 * The seeded generator is NOT for keys.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t state[4];
};

/** Fills with bytes from the kernel; ends the process if it has none to give. */
void random_bytes(void *ret_bytes, size_t length_bytes);

/** Starts a repeatable sequence from a seed (expanded by splitmix64). */
void random_init(struct random *rng, uint64_t seed);

/** The next 64 bits of the sequence. */
uint64_t random_next(struct random *rng);

/** A number in 0..limit-1, unbiased (Lemire 2019); 0 where limit is 0. */
uint64_t random_below(struct random *rng, uint64_t limit);
