/* Windows one after the other: what is in a slot at their ends, less what was there at their begin. See fresh.h. */
#include "detect/fresh.h"

#include <string.h>

static void counts_copy(struct fresh *fresh, const struct profile *profile)
{
	for (unsigned i = 0; i < profile->slot_count; i++) {
		fresh->before[i] = profile->slots[i].packets;
		fresh->before_seen[i] = profile->slots[i].seen;
		fresh->vectors[i] = profile->slots[i].vector;
	}
}

void fresh_begin(struct fresh *fresh, const struct profile *profile, int64_t now_ns)
{
	memset(fresh, 0, sizeof(*fresh));
	fresh->since_ns = now_ns;
	counts_copy(fresh, profile);
	for (unsigned i = 0; i < profile->slot_count; i++)
		fresh->active_ns[i] = now_ns;
}

bool fresh_turn(struct fresh *fresh, const struct profile *profile, int64_t now_ns)
{
	if (now_ns - fresh->since_ns < FRESH_NS)
		return false;
	fresh->span_ns = now_ns - fresh->since_ns;
	fresh->since_ns = now_ns;
	fresh->all = 0;
	for (unsigned i = 0; i < profile->slot_count; i++) {
		const struct slot *slot = &profile->slots[i];
		bool is_other = fresh->vectors[i] != slot->vector; /* it was given to another vector */
		uint64_t packets = slot->packets - (is_other ? 0 : fresh->before[i]);
		fresh->all += packets;
		fresh->packets[i] = slot->seen - (is_other ? 0 : fresh->before_seen[i]) >= FRESH_SEEN_MIN ? packets : 0;
		fresh->active_ns[i] = is_other ? 0 : fresh->active_ns[i];
	}
	counts_copy(fresh, profile);
	return true;
}
