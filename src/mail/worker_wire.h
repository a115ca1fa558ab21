/*
 * What passes between the pool, its keeper and its workers: fixed structs over local sockets of one program, so there is
 * no version but the program's own. Lengths are checked by whoever receives.
 *
 * A request: struct worker_request, its texts (each with its NUL: sender, helo, client, recipients), the mail.
 * A reply: struct worker_reply.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "mail/engine.h"
#include "mail/worker.h"

#define WORKER_MAGIC 0x48694d77u

struct worker_request {
	uint32_t magic;
	uint32_t texts_bytes; /* at most LIMIT_MAIL_ENVELOPE_BYTES */
	uint32_t recipient_count; /* at most LIMIT_MAIL_RECIPIENTS */
	uint32_t mail_bytes; /* at most LIMIT_MAIL_BYTES */
	int64_t received_wall_ms;
};

struct worker_reply {
	uint32_t magic;
	bool is_last; /* the worker ends in good order */
	struct mail_facts facts;
	char sender[MAIL_ADDRESS_BYTES]; /* From's address; "": none, or not wanted */
};

/** Pool and keeper tell each other about the worker in a slot; from the keeper with its socket: it is new. */
struct worker_notice {
	uint32_t slot;
	uint32_t generation; /* of the worker in this slot; from the pool: end it */
};

/**
 * Writes the texts of an envelope, and fills the request.
 *
 * @param envelope borrowed
 * @param mail_bytes of the mail
 * @param ret_texts filled with at most LIMIT_MAIL_ENVELOPE_BYTES; recipients that do not fit are left out
 * @param ret_request filled
 */
void worker_request_write(const struct mail_envelope *envelope, size_t mail_bytes, char *ret_texts,
	struct worker_request *ret_request);

/**
 * Reads the texts back.
 *
 * @param request whose numbers are within their limits (worker_request_check())
 * @param texts borrowed, request->texts_bytes
 * @param recipients room for request->recipient_count
 * @param ret_envelope points into texts and recipients
 * @return OK or E_MALFORMED
 */
MUST_USE int worker_request_read(const struct worker_request *request, const char *texts, const char **recipients,
	struct mail_envelope *ret_envelope);

/** @return OK; E_MALFORMED: not a request, or a number beyond its limit */
MUST_USE int worker_request_check(const struct worker_request *request);

/**
 * The keeper's whole life, in its own process.
 *
 * @param settings of the pool
 * @param control socket to it
 */
_Noreturn void worker_keeper_run(const struct worker_settings *settings, int control);
