/* Fuzz target: what source_set_parse() takes makes the same set again from its addresses, each of which is found in it. */
#include <stdlib.h>
#include <string.h>

#include "rules/source_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct source_set *set = NULL, *again = NULL;
	if (source_set_parse(data, size_bytes, &set) != OK)
		return 0;
	const struct rule_source_set *name = source_set_name(set);
	struct ip_addr *addrs = calloc(name->count, sizeof(*addrs));
	ASSERT(name->count > 0 && source_set_v4_count(set) <= name->count);
	for (size_t i = 0; addrs != NULL && i < name->count; i++) {
		addrs[name->count - 1 - i] = source_set_at(set, i);
		ASSERT(source_set_has(set, &addrs[name->count - 1 - i]));
	}
	if (addrs != NULL && source_set_new(addrs, name->count, &again) == OK)
		ASSERT(memcmp(source_set_name(again), name, sizeof(*name)) == 0);
	source_set_free(again);
	source_set_free(set);
	free(addrs);
	return 0;
}
