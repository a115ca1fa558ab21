/* Any bytes as a directory: never a crash, and every text ends within its room. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "mail/people_file.h"

static int take(void *context, const struct person *person)
{
	(void)context;
	ASSERT(strnlen(person->name, PERSON_TEXT_BYTES) < PERSON_TEXT_BYTES && person->address_count <= PERSON_ADDRESSES_MAX);
	return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length_bytes)
{
	size_t line = 0;
	(void)people_file_parse((const char *)data, length_bytes, take, NULL, &line);
	return 0;
}
