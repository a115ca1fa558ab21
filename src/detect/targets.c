/* The table of addresses; see targets.h. */
#include "detect/targets.h"

#include <stddef.h>

#include "detect/engine.h"

_Static_assert(sizeof(struct target_set) == 64, "a set is a cache line");
_Static_assert(TARGETS_WAYS == 4, "targets_find() looks at four");

bool targets_init(struct targets *targets, uint64_t memory_bytes)
{
	targets->set_count = 64;
	while (targets->set_count * 2 * sizeof(struct target_set) <= memory_bytes)
		targets->set_count *= 2;
	targets->evicted = 0;
	targets->sets = engine_reserve(targets_memory_bytes(targets));
	return targets->sets != NULL;
}

void targets_done(struct targets *targets)
{
	engine_release(targets->sets, targets_memory_bytes(targets));
}

/** A place for a new address: an empty one, the longest silent one, then the smallest, of those that are not watched. */
static struct target place_for(struct targets *targets, struct target_key key, uint32_t second)
{
	struct target_set *set = key.set;
	struct target best = {.set = NULL};
	for (unsigned i = 0; i < TARGETS_WAYS; i++) {
		bool is_empty = set->tags[i] == 0;
		if (!is_empty && target_is_watched((struct target){set, i}))
			continue;
		if (best.set == NULL || set->states[i] < set->states[best.way] ||
			(set->states[i] == set->states[best.way] && set->packets[i] < set->packets[best.way]))
			best = (struct target){set, i};
	}
	if (best.set == NULL)
		return best;
	if (set->states[best.way] != 0 && set->states[best.way] + 1 >= second)
		targets->evicted++;
	set->tags[best.way] = key.tag;
	set->states[best.way] = second;
	set->packets[best.way] = set->bytes_128[best.way] = 0;
	return best;
}

struct target targets_add_first(struct targets *targets, struct target_key key, uint32_t second, uint32_t keep_seconds,
	uint64_t packets, uint64_t bytes)
{
	struct target target = targets_find(key);
	if (target.set == NULL)
		target = place_for(targets, key, second);
	if (target.set == NULL)
		return target;
	uint32_t *state = &target.set->states[target.way];
	if (second > *state && second - *state >= keep_seconds) {
		*state = second;
		target.set->packets[target.way] = target.set->bytes_128[target.way] = 0;
	}
	target_count(target, packets, bytes);
	return target;
}
