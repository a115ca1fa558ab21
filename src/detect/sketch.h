/*
 * Small summaries of streams whose keys an attacker chooses, in fixed memory:
 * how many different keys there were (HyperLogLog, Flajolet et al. 2007) and
 * which were the most frequent (randomised admission, Ben-Basat et al., "RAP",
 * INFOCOM 2017: a key that is not held replaces the smallest with probability
 * 1/(its count + 1), so a flood of random keys does not wash out the frequent ones).
 *
 * Both are estimates: the header of each function gives the error.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISTINCT_SMALL 128 /* registers: standard error 9 % */
#define DISTINCT_LARGE 1024 /* registers: standard error 3 % */
#define TOP_KEYS 16 /* keys held; FINDING_TOP_MAX of them are told */

#define DISTINCT_RANK_MAX 44 /* of a register: one more than leading zeros before the bit that distinct_add() sets */

/** Notes a key by its 64-bit hash; registers is a power of two. */
static inline void distinct_add(uint8_t *registers, unsigned count, uint64_t hash)
{
	unsigned index = (unsigned)hash & (count - 1);
	uint8_t rank = (uint8_t)(1 + __builtin_clzll(hash | UINT64_C(1) << (64 - DISTINCT_RANK_MAX)));
	if (registers[index] < rank)
		registers[index] = rank;
}

/** How many different keys were noted, standard error 1.04 / sqrt(count). */
uint64_t distinct_estimate(const uint8_t *registers, unsigned count);

/** Joins two sets of the same size. */
void distinct_merge(uint8_t *into, const uint8_t *from, unsigned count);

/**
 * How many keys two sets have in common. Better than the difference of estimates: registers of the same keys are the
 * same, so the share of registers in which a set attains the maximum of both is its share of the union.
 */
uint64_t distinct_common(const uint8_t *a, const uint8_t *b, unsigned count);

/** Most frequent values of a 32-bit field. All zero is empty. */
struct top {
	uint32_t values[TOP_KEYS];
	uint32_t counts[TOP_KEYS];
	uint64_t total; /* weight of everything noted */
	uint32_t used; /* keys held */
};

/**
 * Notes a value with a weight.
 *
 * @param top the summary
 * @param value the field
 * @param weight how many packets it stands for
 * @param chance uniformly random 32 bits, for the admission
 */
void top_add(struct top *top, uint32_t value, uint32_t weight, uint32_t chance);

/** Orders the keys, most frequent first; counts stay what they are. */
void top_sort(struct top *top);

/** Share in permille of the most frequent value (0 when nothing was noted) and which it is. */
unsigned top_first_permille(const struct top *top, uint32_t *ret_value);
