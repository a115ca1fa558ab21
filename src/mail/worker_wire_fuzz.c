/*
 * Fuzz target: any bytes as a request to a worker: what is taken for one points into the bytes and ends there; and as what was
 * in a box of an address, since whoever has the public half can close one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/cursor.h"
#include "core/limits.h"
#include "mail/sealed_box.h"
#include "mail/worker_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

/** As it is, and with the pseudonym that its address should have: then it is an address that can be shown, or none. */
static void box_try(const uint8_t *data)
{
	static const struct pseudonym_key key;
	uint8_t plain[SEALED_PLAIN_BYTES];
	struct sealed_name name;
	char address[MAIL_ADDRESS_BYTES];
	memcpy(plain, data, sizeof(plain));
	const char *text = (const char *)plain + 9 + SEALED_FINDING_BYTES;
	memcpy(name.finding, plain + 9, sizeof(name.finding));
	name.pseudonym = pseudonym_make(&key, PSEUDONYM_ADDRESS, text, strnlen(text, MAIL_ADDRESS_BYTES));
	int as_it_is = sealed_box_read(plain, &name, &key, address);
	for (size_t i = 0; i < 8; i++)
		plain[1 + i] = (uint8_t)(name.pseudonym >> 8 * i);
	int err = sealed_box_read(plain, &name, &key, address);
	ASSERT(err == OK || err == E_MALFORMED);
	ASSERT(as_it_is == err || as_it_is == E_DENIED);
	ASSERT(err != OK || (strlen(address) < sizeof(address) && strchr(address, '@') != NULL && strchr(address, '\n') == NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct worker_request request;
	static const char *recipients[LIMIT_MAIL_RECIPIENTS];
	struct mail_envelope envelope;
	if (size_bytes >= SEALED_PLAIN_BYTES)
		box_try(data);
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
