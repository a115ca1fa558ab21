/* Fuzz target: what proof_parse() takes, proof_write() writes back to the byte; and only one document is proven. */
#include <string.h>

#include "record/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static const char log_key[] = "ledger.example/log+7cc83a9d+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
	static struct proof proof;
	static struct proof_trust trust;
	static char text[PROOF_BYTES_MAX];
	struct checkpoint checkpoint;
	const char *why = NULL;
	size_t text_bytes = 0;
	if (proof_parse((const char *)data, size_bytes, &proof) != OK)
		return 0;
	ASSERT(proof_write(&proof, text, sizeof(text), &text_bytes) == OK);
	ASSERT(text_bytes == size_bytes && memcmp(text, data, size_bytes) == 0);
	ASSERT(note_key_parse(log_key, strlen(log_key), &trust.log_key) == OK);
	ASSERT(proof_verify(&proof, "second\n", strlen("second\n"), &trust, &checkpoint, &why) != OK && why != NULL);
	return 0;
}
