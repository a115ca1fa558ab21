/*
 * Any bytes as a saved state. The length and the checksum are put right
 * first, since no fuzzer would ever find them and a hostile file has them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decode/flow.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes);

static const struct flow_config config = {
	.exporters_max = 4,
	.templates_max = 8,
	.sampling_max = 1000000,
	.default_sampling = 1,
};

static void put_le(uint8_t *at, uint64_t value, size_t length_bytes)
{
	for (size_t i = 0; i < length_bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

/** The file as it would be if its writer had known the format. */
static uint8_t *completed(const uint8_t *bytes, size_t length_bytes)
{
	uint8_t *file = malloc(length_bytes + 8);
	ASSERT(file != NULL);
	memcpy(file, bytes, length_bytes);
	put_le(file + 20, length_bytes + 8, 4);
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < length_bytes; i++)
		hash = (hash ^ file[i]) * UINT64_C(0x100000001b3);
	put_le(file + length_bytes, hash, 8);
	return file;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length_bytes)
{
	if (length_bytes < 24)
		return 0;
	uint8_t *file = completed(bytes, length_bytes);
	struct flow_state *state = flow_state_new(&config);
	ASSERT(state != NULL);
	int err = flow_state_load(state, file, length_bytes + 8);
	uint8_t *saved;
	size_t saved_bytes;
	ASSERT(flow_state_save(state, &saved, &saved_bytes) == OK);
	ASSERT(err == OK || saved_bytes == 32); /* refused: empty */
	ASSERT(err != OK || saved_bytes <= length_bytes + 8);
	free(saved);
	flow_state_free(state);
	free(file);
	return 0;
}
