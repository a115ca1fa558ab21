/* Kernel randomness, and xoshiro256** for everything that must be repeatable. */
#include "core/random.h"

#include <sys/random.h>

#include "core/err.h"

void random_bytes(void *ret_bytes, size_t length_bytes)
{
	uint8_t *at = ret_bytes;
	while (length_bytes > 0) {
		ssize_t got = getrandom(at, length_bytes, 0);
		ASSERT(got > 0);
		at += got;
		length_bytes -= (size_t)got;
	}
}

void random_init(struct random *rng, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));
		z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
		rng->state[i] = z ^ (z >> 31);
	}
}

static uint64_t rotate_left(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

uint64_t random_next(struct random *rng)
{
	uint64_t *s = rng->state;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate_left(s[3], 45);
	return result;
}

uint64_t random_below(struct random *rng, uint64_t limit)
{
	if (limit == 0)
		return 0;
	unsigned __int128 product = (unsigned __int128)random_next(rng) * limit;
	uint64_t low = (uint64_t)product;
	if (low < limit) {
		uint64_t floor = -limit % limit;
		while (low < floor) {
			product = (unsigned __int128)random_next(rng) * limit;
			low = (uint64_t)product;
		}
	}
	return (uint64_t)(product >> 64);
}
