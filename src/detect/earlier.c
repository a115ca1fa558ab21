/* A ring that is searched from end to end: only when an end begins to be watched, and only of files. */
#include "detect/earlier.h"

#include <stdlib.h>

struct earlier {
	unsigned count; /* of all records that were noted */
	struct {
		struct observation obs;
		struct mark mark;
	} records[EARLIER_RECORDS];
};

struct earlier *earlier_new(void)
{
	return calloc(1, sizeof(struct earlier));
}

void earlier_free(struct earlier *earlier)
{
	free(earlier);
}

uint64_t earlier_memory_bytes(void)
{
	return sizeof(struct earlier);
}

void earlier_note(struct earlier *earlier, const struct observation *obs, const struct mark *mark)
{
	if (!(obs->traits & TRAIT_FLOW) || obs->packets < 2)
		return;
	unsigned at = earlier->count++ % EARLIER_RECORDS;
	earlier->records[at].obs = *obs;
	earlier->records[at].mark = *mark;
}

void earlier_tell(const struct earlier *earlier, struct profile *profile)
{
	unsigned held = earlier->count < EARLIER_RECORDS ? earlier->count : EARLIER_RECORDS;
	for (unsigned i = 0; i < held; i++) {
		if (ip_equal(&earlier->records[i].obs.src, &profile->end.addr))
			profile_add_reverse(profile, &earlier->records[i].obs, &earlier->records[i].mark, true);
	}
}
