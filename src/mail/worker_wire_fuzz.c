/* Fuzz target: any bytes as a request to a worker: what is taken for one points into the bytes and ends there. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/cursor.h"
#include "core/limits.h"
#include "mail/worker_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct worker_request request;
	static const char *recipients[LIMIT_MAIL_RECIPIENTS];
	struct mail_envelope envelope;
	if (size_bytes < sizeof(request))
		return 0;
	memcpy(&request, data, sizeof(request));
	size_t texts_bytes = size_bytes - sizeof(request);
	if (worker_request_check(&request) != OK || request.texts_bytes > texts_bytes)
		return 0;
	char *texts = malloc(texts_bytes + 1);
	if (texts == NULL)
		return 0;
	memcpy(texts, data + sizeof(request), texts_bytes);
	if (worker_request_read(&request, texts, recipients, &envelope) == OK) {
		ASSERT(envelope.recipient_count == request.recipient_count);
		for (size_t i = 0; i < envelope.recipient_count; i++)
			ASSERT(envelope.recipients[i] + strlen(envelope.recipients[i]) < texts + request.texts_bytes);
		ASSERT(envelope.sender == NULL || envelope.sender + strlen(envelope.sender) < texts + request.texts_bytes);
	}
	free(texts);
	return 0;
}
