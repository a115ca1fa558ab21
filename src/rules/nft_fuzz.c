/* Fuzz target: whatever a listing says, it is read into bounded states in ascending order, or refused. */
#include <stdlib.h>

#include "rules/nft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static struct nft_state states[NFT_ENTRIES_MAX];
	size_t count = 0;
	if (nft_read_table((const char *)data, size_bytes, states, &count) != OK)
		return 0;
	ASSERT(count <= NFT_ENTRIES_MAX);
	for (size_t i = 1; i < count; i++)
		ASSERT(states[i - 1].id < states[i].id);
	return 0;
}
