/* Fuzz target: what rule_list_parse() takes, rule_list_write() writes back, and reading that gives the same text again. */
#include <stdlib.h>
#include <string.h>

#include "record/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static struct rule_list list, back;
	char complaint[RULE_COMPLAINT_BYTES] = "", *text = NULL, *again = NULL;
	if (rule_list_parse((const char *)data, size_bytes, &list, complaint) != OK) {
		ASSERT(complaint[0] != '\0' && strchr(complaint, '\n') == NULL);
		return 0;
	}
	if (rule_list_write(&list, &text) != OK)
		return 0;
	ASSERT(rule_list_parse(text, strlen(text), &back, complaint) == OK);
	ASSERT(rule_list_write(&back, &again) == OK);
	ASSERT(strcmp(text, again) == 0);
	free(text);
	free(again);
	return 0;
}
