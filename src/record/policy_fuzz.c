/* Fuzz target: any text is read as a policy or refused in one line. */
#include <string.h>

#include "record/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static struct policy policy;
	char complaint[CONF_COMPLAINT_BYTES] = "";
	int err = policy_parse("fuzz", (const char *)data, size_bytes, &policy, complaint);
	ASSERT((err == OK) == (complaint[0] == '\0') && strchr(complaint, '\n') == NULL);
	return 0;
}
