/* Fuzz target: what finding_parse() takes, finding_write() writes back to the same document, and has a fingerprint or not. */
#include <stdlib.h>
#include <string.h>

#include "record/finding.h"
#include "record/fingerprint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static struct finding finding, back;
	char *text = NULL, *again = NULL, *fingerprint = NULL;
	if (finding_parse((const char *)data, size_bytes, &finding) != OK)
		return 0;
	if (finding_write(&finding, &text) != OK)
		return 0;
	ASSERT(finding_parse(text, strlen(text), &back) == OK);
	ASSERT(finding_write(&back, &again) == OK);
	ASSERT(strcmp(text, again) == 0);
	if (fingerprint_write(&finding, &fingerprint) == OK)
		free(fingerprint);
	free(text);
	free(again);
	return 0;
}
