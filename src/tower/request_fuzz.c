/* Fuzz target: a target that is read has a sound path and plain parameters, whatever it was; patterns can be tried on it. */
#include <stdlib.h>
#include <string.h>

#include "record/text.h"
#include "tower/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static const char *const patterns[] = {
		"/api/v1/incidents/{id}/history", "/api/v1/ledger/tile/{path*}", "/{a}/{b}", "/{a*}", "/"};
	static const char *const words[] = {"all", "open", NULL};
	static struct request request;
	struct request_values values;
	uint64_t number;
	char *target = malloc(size_bytes + 1);
	ASSERT(target != NULL);
	memcpy(target, data, size_bytes);
	target[size_bytes] = '\0';
	if (request_parse(target, &request) == OK) {
		ASSERT(request.path[0] == '/' && strstr(request.path, "//") == NULL && strstr(request.path, "/../") == NULL);
		ASSERT(text_is_plain(request.path, strlen(request.path)));
		for (size_t i = 0; i < request.param_count; i++) {
			const struct request_param *param = &request.params[i];
			ASSERT(request_param(&request, param->name) == param->value && text_is_plain(param->value, strlen(param->value)));
			(void)request_choice(&request, param->name, words);
			ASSERT(request_number(&request, param->name, 0, 9, &number) != OK || number <= 9);
		}
		for (size_t i = 0; i < ARRAY_LEN(patterns); i++)
			ASSERT(!request_match(patterns[i], request.path, &values) || values.text[0][REQUEST_VALUE_BYTES - 1] == '\0');
	}
	free(target);
	return 0;
}
