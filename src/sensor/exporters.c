/* Counters by exporter: an open table that never shrinks and is never more than a quarter full. */
#include "sensor/exporters.h"

#include "core/random.h"

void exporters_init(struct exporters *exporters)
{
	*exporters = (struct exporters){.count = 1};
	random_bytes(&exporters->key, sizeof(exporters->key));
}

uint32_t exporters_place(struct exporters *exporters, const struct ip_addr *addr)
{
	uint64_t slot = hash_pair(&exporters->key, addr->be64[0], addr->be64[1]);
	for (;; slot++) {
		uint16_t *place = &exporters->slots[slot % EXPORTERS_SLOTS];
		if (*place != 0 && !ip_equal(&exporters->entries[*place].addr, addr))
			continue;
		if (*place == 0 && exporters->count <= LIMIT_EXPORTERS_COUNTED) {
			*place = (uint16_t)exporters->count++;
			exporters->entries[*place].addr = *addr;
		}
		return *place;
	}
}
