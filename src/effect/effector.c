/* The table of places. */
#include "effect/effector.h"

#include <string.h>

static const struct effector *const effectors[] = {&effector_xdp, &effector_nft};

const struct effector *effector_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(effectors); i++) {
		if (strcmp(effectors[i]->name, name) == 0)
			return effectors[i];
	}
	return NULL;
}
