/* Fuzz target: what is told and asked of exercises. What is taken is written back to the same text. */
#include <stdlib.h>
#include <string.h>

#include "record/exercise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static union {
		struct exercise_state state;
		struct exercise_run run;
		struct exercise_request request;
		struct exercise_reply reply;
	} into;
	static const struct document_kind *const kinds[] = {
		&exercise_state_kind, &exercise_run_kind, &exercise_request_kind, &exercise_reply_kind};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		char complaint[DOCUMENT_COMPLAINT_BYTES] = "", *text = NULL;
		int err = document_parse(kinds[i], (const char *)data, size_bytes, &into, complaint);
		if (err == OK) {
			ASSERT(document_write(kinds[i], &into, &text, complaint) == OK);
			ASSERT(strlen(text) == size_bytes && memcmp(text, data, size_bytes) == 0);
			free(text);
		} else {
			ASSERT(complaint[0] != '\0' && strchr(complaint, '\n') == NULL);
		}
	}
	return 0;
}
