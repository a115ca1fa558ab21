/* Distinct counts and frequent values; see sketch.h for the algorithms and their errors. */
#include "detect/sketch.h"

#include <math.h>

uint64_t distinct_estimate(const uint8_t *registers, unsigned count)
{
	uint64_t sum = 0; /* of 2^-rank, in units of 2^-DISTINCT_RANK_MAX */
	unsigned empty = 0;
	for (unsigned i = 0; i < count; i++) {
		sum += UINT64_C(1) << (DISTINCT_RANK_MAX - registers[i]);
		empty += registers[i] == 0;
	}
	double m = count;
	double estimate = 0.7213 / (1.0 + 1.079 / m) * m * m / ldexp((double)sum, -DISTINCT_RANK_MAX);
	/* Linear counting for small sets, as in the original paper. */
	if (estimate <= 2.5 * m && empty > 0)
		estimate = m * log(m / empty);
	return (uint64_t)(estimate + 0.5);
}

void distinct_merge(uint8_t *into, const uint8_t *from, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (into[i] < from[i])
			into[i] = from[i];
	}
}

uint64_t distinct_common(const uint8_t *a, const uint8_t *b, unsigned count)
{
	double size_a = (double)distinct_estimate(a, count), size_b = (double)distinct_estimate(b, count);
	if (size_a < 1 || size_b < 1)
		return 0;
	double smaller = size_a < size_b ? size_a : size_b, larger = size_a < size_b ? size_b : size_a;
	unsigned from_a = 0, from_b = 0, used = 0;
	for (unsigned i = 0; i < count; i++) {
		uint8_t highest = a[i] > b[i] ? a[i] : b[i];
		if (highest == 0)
			continue;
		used++;
		from_a += a[i] == highest;
		from_b += b[i] == highest;
	}
	/* Sets of one size that share nothing still agree by chance in 28 of 100 registers. */
	double chance = 0.28 * smaller / larger;
	double agree = (double)(from_a + from_b) / used - 1;
	double share = (agree - chance) / (1 - chance);
	double both = share * (size_a + size_b) / (1 + share);
	if (share <= 0)
		return 0;
	return (uint64_t)((both < smaller ? both : smaller) + 0.5);
}

/** Index of a held value, TOP_KEYS if it is not held. Branch-free over all places, so that it vectorises. */
static unsigned top_index(const struct top *top, uint32_t value)
{
	uint32_t found = 0;
	for (unsigned i = 0; i < TOP_KEYS; i++)
		found |= (uint32_t)(top->values[i] == value) << i;
	found &= (UINT32_C(1) << top->used) - 1;
	return found != 0 ? (unsigned)__builtin_ctz(found) : TOP_KEYS;
}

static unsigned top_smallest(const struct top *top)
{
	unsigned smallest = 0;
	for (unsigned i = 1; i < TOP_KEYS; i++) {
		if (top->counts[i] < top->counts[smallest])
			smallest = i;
	}
	return smallest;
}

/** Adds without wrapping: counts stop at their largest value. */
static uint32_t add_capped(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

void top_add(struct top *top, uint32_t value, uint32_t weight, uint32_t chance)
{
	top->total += weight;
	unsigned at = top_index(top, value);
	if (at == TOP_KEYS && top->used < TOP_KEYS) {
		at = top->used++;
		top->values[at] = value;
		top->counts[at] = 0;
	}
	if (at == TOP_KEYS) {
		at = top_smallest(top);
		uint64_t ceiling = (uint64_t)weight << 32;
		if ((uint64_t)chance * ((uint64_t)top->counts[at] + weight) >= ceiling)
			return;
		top->values[at] = value;
	}
	top->counts[at] = add_capped(top->counts[at], weight);
}

void top_sort(struct top *top)
{
	for (unsigned i = 1; i < top->used; i++) {
		uint32_t value = top->values[i], count = top->counts[i];
		unsigned j = i;
		for (; j > 0 && top->counts[j - 1] < count; j--) {
			top->values[j] = top->values[j - 1];
			top->counts[j] = top->counts[j - 1];
		}
		top->values[j] = value;
		top->counts[j] = count;
	}
}

unsigned top_first_permille(const struct top *top, uint32_t *ret_value)
{
	unsigned largest = 0;
	for (unsigned i = 1; i < top->used; i++) {
		if (top->counts[i] > top->counts[largest])
			largest = i;
	}
	*ret_value = top->used > 0 ? top->values[largest] : 0;
	if (top->total == 0)
		return 0;
	uint64_t permille = (uint64_t)top->counts[largest] * 1000 / top->total;
	return permille > 1000 ? 1000 : (unsigned)permille;
}
