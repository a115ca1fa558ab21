/*
 * Fuzz target: the facts of a packet contradict neither each other nor what is there, whatever is there; and of a packet
 * whose end is not at hand nothing is found that the whole one does not have.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "rules/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void facts_check(const struct packet_facts *facts)
{
	uint8_t has = facts->has;
	ASSERT(facts->fragment == PACKET_FRAGMENT_FIRST || facts->fragment == PACKET_FRAGMENT_LATER ||
		facts->fragment == PACKET_FRAGMENT_WHOLE);
	ASSERT(has == 0 || facts->fragment != PACKET_FRAGMENT_LATER);
	ASSERT((has & PACKET_HAS_PORTS) == 0 || facts->protocol == 6 || facts->protocol == 17 || facts->protocol == 132);
	ASSERT((has & PACKET_HAS_FLAGS) == 0 || (facts->protocol == 6 && (has & PACKET_HAS_PORTS) != 0));
	ASSERT((has & PACKET_HAS_ICMP) == 0 || facts->protocol == 1 || facts->protocol == 58);
	ASSERT(facts->look_count <= PACKET_LOOK_BYTES && (facts->look_count == 0 || facts->protocol == 17));
	for (size_t i = facts->look_count; i < PACKET_LOOK_BYTES; i++)
		ASSERT(facts->look[i] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct packet_facts whole = {0};
	if (packet_facts_parse(&whole, data, data + size_bytes) == 0)
		return 0;
	facts_check(&whole);
	for (size_t cut_bytes = 0; cut_bytes < size_bytes && cut_bytes < 128; cut_bytes++) {
		uint8_t *copy = malloc(cut_bytes + 1); /* ends where the packet ends: a byte more is seen */
		struct packet_facts cut = {0};
		if (copy == NULL)
			break;
		memcpy(copy + 1, data, cut_bytes);
		if (packet_facts_parse(&cut, copy + 1, copy + 1 + cut_bytes) != 0) {
			facts_check(&cut);
			ASSERT((cut.has & ~whole.has) == 0 && (cut.extensions & ~whole.extensions) == 0);
			ASSERT(cut.look_count <= whole.look_count && memcmp(cut.look, whole.look, cut.look_count) == 0);
		}
		free(copy);
	}
	return 0;
}
