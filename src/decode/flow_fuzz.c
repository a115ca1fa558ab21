/*
 * Any datagrams, in sequence, through one state: the input is cut by lengths
 * of two bytes, so that templates change under data. The state is small, so
 * that things make room for each other.
 *
 * Beyond "does not crash": an observation is what observation.h promises,
 * the counters add up, and what is saved loads again to the same bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/cursor.h"
#include "decode/flow.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

static const struct flow_config config = {
	.exporters_max = 4,
	.templates_max = 8,
	.sampling_max = 1000000,
	.default_sampling = 1,
};

static void check_batch(void *arg, const struct observation *batch, size_t count)
{
	uint64_t *records = arg;
	*records += count;
	for (size_t i = 0; i < count; i++) {
		ASSERT(batch[i].sampling >= 1 && batch[i].sampling <= config.sampling_max);
		ASSERT(batch[i].packets >= 1);
		ASSERT(batch[i].start_ns <= batch[i].end_ns);
		ASSERT(batch[i].exporter == 3);
	}
}

static void check_saved(struct flow_state *state)
{
	uint8_t *saved, *again;
	size_t saved_bytes, again_bytes;
	struct flow_state *other = flow_state_new(&config);
	ASSERT(other != NULL && flow_state_save(state, &saved, &saved_bytes) == OK);
	ASSERT(flow_state_load(other, saved, saved_bytes) == OK);
	ASSERT(flow_state_save(other, &again, &again_bytes) == OK);
	ASSERT(saved_bytes == again_bytes && memcmp(saved, again, saved_bytes) == 0);
	free(saved);
	free(again);
	flow_state_free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
	struct flow_state *state = flow_state_new(&config);
	ASSERT(state != NULL);
	struct cursor cur = cursor_over(bytes, length_bytes);
	uint64_t records = 0;
	uint64_t datagrams = 0;
	while (cursor_left(&cur) > 2) {
		size_t want_bytes = cursor_be16(&cur);
		struct cursor datagram = cursor_slice(&cur, want_bytes < cursor_left(&cur) ? want_bytes : cursor_left(&cur));
		struct ip_addr exporter = ip_from_v4(0xc0000200u + (want_bytes & 1));
		/* A copy of its own, so that a read beyond it is seen. */
		size_t datagram_bytes = cursor_left(&datagram);
		uint8_t *copy = malloc(datagram_bytes + (datagram_bytes == 0));
		ASSERT(copy != NULL);
		memcpy(copy, datagram.at, datagram_bytes);
		int err = flow_parse(state, &exporter, 3, INT64_C(1700000000000000000), copy, datagram_bytes, check_batch, &records);
		ASSERT(err <= OK);
		free(copy);
		datagrams++;
	}
	for (enum flow_format format = FLOW_UNKNOWN; format < FLOW_FORMAT_COUNT; format++) {
		records -= flow_counters_of(state, format)->records;
		datagrams -= flow_counters_of(state, format)->datagrams;
	}
	ASSERT(records == 0 && datagrams == 0);
	check_saved(state);
	flow_state_free(state);
	return 0;
}
