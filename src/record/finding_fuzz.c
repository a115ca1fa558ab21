/* Fuzz target: what finding_parse() takes, finding_write() writes back to the same document, and has a fingerprint or not. */
#include <stdlib.h>
#include <string.h>

#include "record/finding.h"
#include "record/fingerprint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static struct finding finding, back, other;
	char *text = NULL, *again = NULL, *fingerprint = NULL;
	if (finding_parse((const char *)data, size_bytes, &finding) != OK)
		return 0;
	if (finding_write(&finding, &text) != OK)
		return 0;
	ASSERT(finding_parse(text, strlen(text), &back) == OK);
	char *spaced = malloc(strlen(text) + 2); /* blanks in front: it is read as a tree, and must say the same */
	if (spaced == NULL)
		abort();
	spaced[0] = ' ';
	memcpy(spaced + 1, text, strlen(text) + 1);
	ASSERT(finding_parse(spaced, strlen(spaced), &other) == OK && memcmp(&other, &back, sizeof(other)) == 0);
	free(spaced);
	ASSERT(finding_write(&back, &again) == OK);
	ASSERT(strcmp(text, again) == 0);
	if (fingerprint_write(&finding, &fingerprint) == OK)
		free(fingerprint);
	free(text);
	free(again);
	return 0;
}
