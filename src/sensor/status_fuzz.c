/* Any bytes as a request to the status socket and to the metrics page: a reply of one line, or of HTTP. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "sensor/metrics_page.h"
#include "sensor/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static struct config config;
	static struct sensor sensor = {.config = &config};
	char request[LIMIT_SERVICE_REQUEST_BYTES + 1], *reply = NULL;
	size_t length = size_bytes < LIMIT_SERVICE_REQUEST_BYTES ? size_bytes : LIMIT_SERVICE_REQUEST_BYTES, reply_bytes = 0;
	memcpy(request, data, length);
	request[length] = '\0';
	if (status_reply(&sensor, request, length, &reply, &reply_bytes) == OK) {
		ASSERT(reply_bytes > 0 && memchr(reply, '\n', reply_bytes) == reply + reply_bytes - 1);
		free(reply);
	}
	reply = NULL;
	if (metrics_page_reply(&sensor, request, length, &reply, &reply_bytes) == OK) {
		ASSERT(reply_bytes > 12 && memcmp(reply, "HTTP/1.0 ", 9) == 0);
		free(reply);
	}
	return 0;
}
