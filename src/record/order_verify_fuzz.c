/*
 * Fuzz target: any bundle is judged, and accepted only where all that people must sign was signed: of bytes that the
 * fuzzer makes, none but the seed's own texts can be.
 */
#include <stdlib.h>
#include <string.h>

#include "record/order_example.h"
#include "record/order_verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static struct order_world world;
	static struct order_judgement judgement;
	struct bundle bundle;
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	if (world.policy.person_count == 0)
		order_world_init(&world);
	if (bundle_parse((const char *)data, size_bytes, &bundle, complaint) == OK) {
		const struct order_situation situation = {.effector = "edge-1", .now_wall_ms = EXAMPLE_NOW_MS + 1000};
		enum order_verdict verdict = order_verify(&world.policy, &bundle, &situation, &judgement);
		ASSERT(verdict != ORDER_UNJUDGED && order_verdict_words(verdict) != NULL && strchr(judgement.detail, '\n') == NULL);
		ASSERT(verdict != ORDER_ACCEPTED || bundle.has_standing || bundle.approval_count > 0);
	}
	bundle_done(&bundle);
	return 0;
}
