/* Requests to workers: an envelope as a row of texts, each with its NUL, in a fixed order. Pure. */
#include "mail/worker_wire.h"

#include <string.h>

#include "core/limits.h"

/** Adds a text with its NUL. @return whether it fitted */
static bool text_add(char *texts, uint32_t *used_bytes, const char *text)
{
	size_t length_bytes = strlen(text) + 1;
	if (length_bytes > LIMIT_MAIL_ENVELOPE_BYTES - *used_bytes)
		return false;
	memcpy(texts + *used_bytes, text, length_bytes);
	*used_bytes += (uint32_t)length_bytes;
	return true;
}

void worker_request_write(const struct mail_envelope *envelope, size_t mail_bytes, char *ret_texts,
	struct worker_request *ret_request)
{
	struct worker_request request = {.magic = WORKER_MAGIC, .received_wall_ms = envelope->received_wall_ms};
	request.mail_bytes = mail_bytes < LIMIT_MAIL_BYTES ? (uint32_t)mail_bytes : LIMIT_MAIL_BYTES;
	const char *firsts[] = {envelope->sender, envelope->helo, envelope->client_address};
	for (size_t i = 0; i < ARRAY_LEN(firsts); i++) {
		/* "\1" stands for what is not known, since an empty sender is a bounce; a text beyond the limit is not known. */
		if (firsts[i] == NULL || strlen(firsts[i]) > LIMIT_MAIL_ADDRESS_BYTES || !text_add(ret_texts, &request.texts_bytes,
			firsts[i]))
			(void)text_add(ret_texts, &request.texts_bytes, "\1");
	}
	for (size_t i = 0; i < envelope->recipient_count && request.recipient_count < LIMIT_MAIL_RECIPIENTS; i++)
		request.recipient_count += text_add(ret_texts, &request.texts_bytes, envelope->recipients[i]) ? 1 : 0;
	*ret_request = request;
}

int worker_request_check(const struct worker_request *request)
{
	bool is_sound = request->magic == WORKER_MAGIC && request->texts_bytes <= LIMIT_MAIL_ENVELOPE_BYTES &&
		request->recipient_count <= LIMIT_MAIL_RECIPIENTS && request->mail_bytes <= LIMIT_MAIL_BYTES;
	return is_sound ? OK : E_MALFORMED;
}

/** Steps over one text. @return it, or NULL: it does not end within the bytes */
static const char *text_take(const char **at, const char *end)
{
	const char *text = *at, *nul = *at < end ? memchr(*at, '\0', (size_t)(end - *at)) : NULL;
	if (nul == NULL)
		return NULL;
	*at = nul + 1;
	return text;
}

int worker_request_read(const struct worker_request *request, const char *texts, const char **recipients,
	struct mail_envelope *ret_envelope)
{
	const char *at = texts, *end = texts + request->texts_bytes, *firsts[3];
	for (size_t i = 0; i < ARRAY_LEN(firsts); i++) {
		firsts[i] = text_take(&at, end);
		if (firsts[i] == NULL)
			return E_MALFORMED;
		firsts[i] = strcmp(firsts[i], "\1") == 0 ? NULL : firsts[i];
	}
	for (uint32_t i = 0; i < request->recipient_count; i++) {
		recipients[i] = text_take(&at, end);
		if (recipients[i] == NULL)
			return E_MALFORMED;
	}
	if (at != end)
		return E_MALFORMED;
	*ret_envelope = (struct mail_envelope){
		.sender = firsts[0],
		.helo = firsts[1],
		.client_address = firsts[2],
		.recipients = recipients,
		.recipient_count = request->recipient_count,
		.received_wall_ms = request->received_wall_ms,
	};
	return OK;
}
