/*
 * A mail as the mail server hands it over piece by piece, put together again: envelope, header and body, for the
 * worker. Bounded: of a mail beyond LIMIT_MAIL_BYTES the beginning is kept, and all mails together stay within the
 * memory that the configuration gives.
 *
 * Also counts, by name, which header fields the milter will have to take away.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/limits.h"
#include "mail/engine.h"

/** What all copies together may take; shared by all threads. */
struct copy_memory {
	_Atomic uint64_t used_bytes;
	uint64_t most_bytes;
};

#define COPY_FIELDS_MAX 64 /* fields of one name that are told apart; nobody honest writes as many, and those beyond go */

/** Fields of one name: how many there are, and which of them go (bit n: the n-th, from 0). */
struct copy_fields {
	uint32_t count;
	uint64_t doomed;
};

struct mail_copy {
	struct copy_memory *memory;
	char *bytes; /* owned; header and body as they would be in a file */
	size_t length_bytes, room_bytes;
	bool is_cut; /* longer than the limit: the beginning is here */
	bool is_lost; /* no memory: nothing is here */
	char texts[3][LIMIT_MAIL_ADDRESS_BYTES + 1]; /* sender, helo, client */
	bool has_text[3];
	char *recipients[LIMIT_MAIL_RECIPIENTS]; /* owned */
	size_t recipient_count;
	struct authres authres; /* to tell own fields from forged ones */
	struct copy_fields results; /* Authentication-Results; forged ones are doomed */
	struct copy_fields marks, reasons; /* X-Hinomi and X-Hinomi-Reason that came with the mail: all of them */
};

enum copy_text {
	COPY_SENDER = 0,
	COPY_HELO,
	COPY_CLIENT,
};

/** Begins a mail; what is known of the connection (helo, client) stays. */
void copy_begin(struct mail_copy *copy);

/** Gives all memory back; the copy may be begun again. */
void copy_done(struct mail_copy *copy);

/** Notes a text of the envelope; the brackets of an address are taken off. */
void copy_text(struct mail_copy *copy, enum copy_text which, const char *text);

/** Notes a recipient; beyond LIMIT_MAIL_RECIPIENTS it is left out. */
void copy_recipient(struct mail_copy *copy, const char *address);

/**
 * Adds a header field.
 *
 * @param copy of the mail
 * @param trust whose Authentication-Results are believed
 * @param name of the field
 * @param before what stands between the colon and the value
 * @param value lines broken by LF or CRLF
 */
void copy_header(struct mail_copy *copy, const struct authres_trust *trust, const char *name, const char *before,
	const char *value);

/** Adds bytes of the body, or the empty line before it. */
void copy_bytes(struct mail_copy *copy, const void *bytes, size_t length_bytes);

/** Whether the n-th field of a name, from 0, has to go. */
bool copy_is_doomed(const struct copy_fields *fields, uint32_t nth);

/** The envelope; points into the copy. */
struct mail_envelope copy_envelope(const struct mail_copy *copy, int64_t received_wall_ms);
