/* The table of addresses; see targets.h. */
#include "detect/targets.h"

#include <stddef.h>

#include "detect/engine.h"

bool targets_init(struct targets *targets, uint64_t memory_bytes)
{
	targets->set_count = 64;
	while (targets->set_count * 2 * TARGETS_WAYS * sizeof(struct target) <= memory_bytes)
		targets->set_count *= 2;
	targets->evicted = 0;
	targets->places = engine_reserve(targets_memory_bytes(targets));
	return targets->places != NULL;
}

void targets_done(struct targets *targets)
{
	engine_release(targets->places, targets_memory_bytes(targets));
}

static uint32_t add_capped(uint32_t a, uint64_t b)
{
	return b > UINT32_MAX - a ? UINT32_MAX : a + (uint32_t)b;
}

struct target *targets_find(struct targets *targets, const struct ip_addr *addr, uint64_t hash)
{
	struct target *set = &targets->places[(hash & (targets->set_count - 1)) * TARGETS_WAYS];
	for (unsigned i = 0; i < TARGETS_WAYS; i++) {
		if (set[i].second != 0 && ip_equal(&set[i].addr, addr))
			return &set[i];
	}
	return NULL;
}

/** A place for a new address: the longest silent one, then the smallest, of those that are not watched. */
static struct target *place_for(struct targets *targets, const struct ip_addr *addr, uint64_t hash, uint32_t second)
{
	struct target *set = &targets->places[(hash & (targets->set_count - 1)) * TARGETS_WAYS];
	struct target *best = NULL;
	for (unsigned i = 0; i < TARGETS_WAYS; i++) {
		struct target *at = &set[i];
		if (at->watch != TARGET_UNWATCHED)
			continue;
		if (best == NULL || at->second < best->second || (at->second == best->second && at->packets < best->packets))
			best = at;
	}
	if (best == NULL)
		return NULL;
	if (best->second + 1 >= second)
		targets->evicted++;
	*best = (struct target){.addr = *addr, .second = second};
	return best;
}

struct target *targets_add(struct targets *targets, const struct ip_addr *addr, uint64_t hash, uint32_t second,
	uint32_t keep_seconds, uint64_t packets, uint64_t bytes)
{
	struct target *target = targets_find(targets, addr, hash);
	if (target == NULL)
		target = place_for(targets, addr, hash, second);
	if (target == NULL)
		return NULL;
	if (target->watch != TARGET_UNWATCHED)
		return target;
	if (second > target->second && second - target->second >= keep_seconds) {
		target->second = second;
		target->packets = 0;
		target->bytes_128 = 0;
	}
	target->packets = add_capped(target->packets, packets);
	target->bytes_128 = add_capped(target->bytes_128, (bytes + 127) / 128);
	return target;
}
