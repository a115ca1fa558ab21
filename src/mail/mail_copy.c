/*
 * Mails put together from the pieces of the milter protocol. Memory is taken from the common account before it is
 * allocated; a copy that gets none is lost, which is told in the mark, and the mail itself goes on as it is.
 */
#include "mail/mail_copy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mail/mark.h"

#define ROOM_BYTES_MIN 16384

void copy_begin(struct mail_copy *copy)
{
	copy_done(copy);
	copy->has_text[COPY_SENDER] = false;
	copy->is_cut = copy->is_lost = false;
	copy->authres = (struct authres){0};
	copy->results = copy->marks = copy->reasons = (struct copy_fields){0};
}

void copy_done(struct mail_copy *copy)
{
	free(copy->bytes);
	atomic_fetch_sub(&copy->memory->used_bytes, copy->room_bytes);
	copy->bytes = NULL;
	copy->length_bytes = copy->room_bytes = 0;
	for (size_t i = 0; i < copy->recipient_count; i++)
		free(copy->recipients[i]);
	copy->recipient_count = 0;
}

/** The address without its brackets. */
static size_t address_trim(const char **address)
{
	size_t length_bytes = strlen(*address);
	if (length_bytes >= 2 && (*address)[0] == '<' && (*address)[length_bytes - 1] == '>') {
		++*address;
		length_bytes -= 2;
	}
	return length_bytes;
}

void copy_text(struct mail_copy *copy, enum copy_text which, const char *text)
{
	size_t length_bytes = address_trim(&text);
	copy->has_text[which] = length_bytes <= LIMIT_MAIL_ADDRESS_BYTES;
	if (!copy->has_text[which])
		return;
	memcpy(copy->texts[which], text, length_bytes);
	copy->texts[which][length_bytes] = '\0';
}

void copy_recipient(struct mail_copy *copy, const char *address)
{
	size_t length_bytes = address_trim(&address);
	if (copy->recipient_count == LIMIT_MAIL_RECIPIENTS || length_bytes > LIMIT_MAIL_ADDRESS_BYTES)
		return;
	char *kept = strndup(address, length_bytes);
	if (kept != NULL)
		copy->recipients[copy->recipient_count++] = kept;
}

/** Has room for more bytes. @return false: there is none, and the copy is lost */
static bool room_make(struct mail_copy *copy, size_t more_bytes)
{
	if (copy->is_lost)
		return false;
	size_t wanted_bytes = copy->length_bytes + more_bytes;
	if (wanted_bytes <= copy->room_bytes)
		return true;
	size_t room_bytes = copy->room_bytes < ROOM_BYTES_MIN ? ROOM_BYTES_MIN : copy->room_bytes;
	while (room_bytes < wanted_bytes)
		room_bytes *= 2;
	size_t grown_bytes = room_bytes - copy->room_bytes;
	uint64_t used_bytes = atomic_fetch_add(&copy->memory->used_bytes, grown_bytes);
	char *bytes = used_bytes + grown_bytes <= copy->memory->most_bytes ? realloc(copy->bytes, room_bytes) : NULL;
	if (bytes == NULL) {
		atomic_fetch_sub(&copy->memory->used_bytes, grown_bytes + copy->room_bytes);
		free(copy->bytes);
		copy->bytes = NULL;
		copy->length_bytes = copy->room_bytes = 0;
		copy->is_lost = true;
		return false;
	}
	copy->bytes = bytes;
	copy->room_bytes = room_bytes;
	return true;
}

void copy_bytes(struct mail_copy *copy, const void *bytes, size_t length_bytes)
{
	size_t left_bytes = LIMIT_MAIL_BYTES - copy->length_bytes;
	if (length_bytes > left_bytes) {
		copy->is_cut = true;
		length_bytes = left_bytes;
	}
	if (length_bytes == 0 || !room_make(copy, length_bytes))
		return;
	memcpy(copy->bytes + copy->length_bytes, bytes, length_bytes);
	copy->length_bytes += length_bytes;
}

static void field_note(struct copy_fields *fields, bool is_doomed)
{
	if (fields->count < COPY_FIELDS_MAX && is_doomed)
		fields->doomed |= UINT64_C(1) << fields->count;
	fields->count++;
}

bool copy_is_doomed(const struct copy_fields *fields, uint32_t nth)
{
	return nth >= COPY_FIELDS_MAX || (fields->doomed >> nth & 1) != 0;
}

void copy_header(struct mail_copy *copy, const struct authres_trust *trust, const char *name, const char *before,
	const char *value)
{
	size_t value_bytes = strlen(value);
	if (strcasecmp(name, "Authentication-Results") == 0)
		field_note(&copy->results, authres_take(&copy->authres, trust, value, value_bytes) == AUTHRES_FORGED);
	else if (strcasecmp(name, MARK_NAME) == 0)
		field_note(&copy->marks, true);
	else if (strcasecmp(name, MARK_REASON_NAME) == 0)
		field_note(&copy->reasons, true);
	copy_bytes(copy, name, strlen(name));
	copy_bytes(copy, ":", 1);
	copy_bytes(copy, before, strlen(before));
	for (size_t at = 0; at < value_bytes;) {
		size_t line_bytes = strcspn(value + at, "\r\n");
		copy_bytes(copy, value + at, line_bytes);
		copy_bytes(copy, "\r\n", 2);
		at += line_bytes;
		at += value[at] == '\r' ? 1 : 0;
		at += value[at] == '\n' ? 1 : 0;
	}
	if (value_bytes == 0)
		copy_bytes(copy, "\r\n", 2);
}

struct mail_envelope copy_envelope(const struct mail_copy *copy, int64_t received_wall_ms)
{
	return (struct mail_envelope){
		.sender = copy->has_text[COPY_SENDER] ? copy->texts[COPY_SENDER] : NULL,
		.helo = copy->has_text[COPY_HELO] ? copy->texts[COPY_HELO] : NULL,
		.client_address = copy->has_text[COPY_CLIENT] ? copy->texts[COPY_CLIENT] : NULL,
		.recipients = (const char *const *)copy->recipients,
		.recipient_count = copy->recipient_count,
		.received_wall_ms = received_wall_ms,
	};
}
