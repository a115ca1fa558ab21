/*
 * A fast keyed hash of 16 bytes for tables whose keys an attacker chooses
 * (source addresses). Two 64x64 multiplications folded, after wyhash (Wang
 * Yi); the key is drawn at start-up, and every table that uses it has a fixed
 * number of places per bucket, so a collision costs an eviction, never a walk.
 *
 * Not a MAC and not for anything that leaves the process.
 */
#pragma once

#include <stdint.h>

struct hash_key {
	uint64_t word[2];
};

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/** Hash of two words under a key. */
static inline uint64_t hash_pair(const struct hash_key *key, uint64_t a, uint64_t b)
{
	uint64_t first = hash_mix(a ^ key->word[0], b ^ key->word[1] ^ UINT64_C(0xa0761d6478bd642f));
	return hash_mix(first ^ UINT64_C(0xe7037ed1a0b428db), key->word[0] ^ UINT64_C(0x8ebc6af09c88c6e3));
}
