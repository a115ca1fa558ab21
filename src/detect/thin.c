/*
 * The ends that are told everything: a table without chains. A place that
 * another end holds is not taken from it before its time is over, for it has
 * not counted what was passed over otherwise.
 */
#include "detect/thin.h"

#include <string.h>

void thin_init(struct thin *thin, const struct hash_key *key, uint32_t full, uint64_t lowest_pps)
{
	memset(thin, 0, sizeof(*thin));
	thin->full = full;
	thin->random = key->word[1] | 1;
	thin->step = thin->weight = 1;
	while (thin->step < THIN_STEP_MAX && lowest_pps / (thin->step * 2) >= THIN_SAMPLES_PPS)
		thin->step *= 2;
}

void thin_note(struct thin *thin, const struct ip_addr *addr, struct profile *profile, int64_t now_ns)
{
	if (thin->noted_count == THIN_NOTED || profile->whole_until_ns > now_ns + THIN_WHOLE_NS / 2)
		return;
	if (thin->noted_count == 0 || thin->noted[thin->noted_count - 1].profile != profile)
		thin->noted[thin->noted_count++] = (struct thin_end){*addr, profile};
}

void thin_begin(struct thin *thin, int64_t now_ns)
{
	for (size_t i = 0; i < thin->noted_count; i++) {
		struct profile *profile = thin->noted[i].profile;
		struct thin_end *end = &thin->ends[thin_place(&thin->noted[i].addr)];
		if (end->profile != profile && end->profile != NULL && end->profile->whole_until_ns > now_ns)
			continue;
		*end = thin->noted[i];
		profile->whole_until_ns = now_ns + THIN_WHOLE_NS;
	}
	thin->noted_count = 0;
}

void thin_forget(struct thin *thin)
{
	for (size_t i = 0; i < THIN_ENDS; i++) {
		if (thin->ends[i].profile != NULL)
			thin->ends[i].profile->whole_until_ns = 0;
	}
	memset(thin->ends, 0, sizeof(thin->ends));
	thin->noted_count = 0;
}
