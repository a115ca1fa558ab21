/* Fuzz target: what any kind of document takes, it writes back to the same text. */
#include <stdlib.h>
#include <string.h>

#include "record/document_example.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	for (size_t i = 0; i < DOCUMENT_EXAMPLES_COUNT; i++) {
		const struct document_example *example = &document_examples[i];
		char complaint[DOCUMENT_COMPLAINT_BYTES] = "", *text = NULL;
		int err = document_parse(example->kind, (const char *)data, size_bytes, example->room, complaint);
		if (err == OK) {
			ASSERT(document_write(example->kind, example->room, &text, complaint) == OK);
			ASSERT(strlen(text) == size_bytes && memcmp(text, data, size_bytes) == 0);
			free(text);
		} else {
			ASSERT(complaint[0] != '\0' && strchr(complaint, '\n') == NULL);
		}
		document_example_done(example);
	}
	return 0;
}
