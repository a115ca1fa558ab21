/* The table of addresses; see targets.h. */
#include "detect/targets.h"

#include <stddef.h>

#include "detect/engine.h"

_Static_assert(TARGETS_WAYS * sizeof(struct target) == 64, "a set is a cache line");

bool targets_init(struct targets *targets, const struct hash_key *key, uint64_t memory_bytes)
{
	targets->set_count = 64;
	while (targets->set_count * 2 * TARGETS_WAYS * sizeof(struct target) <= memory_bytes)
		targets->set_count *= 2;
	targets->evicted = 0;
	targets->key = *key;
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

/** A place for a new address: an empty one, the longest silent one, then the smallest, of those that are not watched. */
static struct target *place_for(struct targets *targets, struct target_key key, uint32_t second)
{
	struct target *best = NULL;
	for (unsigned i = 0; i < TARGETS_WAYS; i++) {
		struct target *at = &key.set[i];
		if (target_is_watched(at))
			continue;
		if (best == NULL || at->state < best->state || (at->state == best->state && at->packets < best->packets))
			best = at;
	}
	if (best == NULL)
		return NULL;
	if (best->state != 0 && best->state + 1 >= second)
		targets->evicted++;
	*best = (struct target){.tag = key.tag, .state = second};
	return best;
}

struct target *targets_add(struct targets *targets, struct target_key key, uint32_t second, uint32_t keep_seconds,
	uint64_t packets, uint64_t bytes)
{
	struct target *target = targets_find(key);
	if (target == NULL)
		target = place_for(targets, key, second);
	if (target == NULL || target_is_watched(target))
		return target;
	if (second > target->state && second - target->state >= keep_seconds) {
		target->state = second;
		target->packets = 0;
		target->bytes_128 = 0;
	}
	target->packets = add_capped(target->packets, packets);
	target->bytes_128 = add_capped(target->bytes_128, (bytes + 127) / 128);
	return target;
}
