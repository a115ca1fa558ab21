/*
 * A small local service: one request, one reply, goodbye. Clients are taken
 * for hostile: their number, bytes and time are bounded (core/limits.h), and
 * none of them makes the loop wait.
 *
 * Knows where a request ends, not what it means: a handler makes the reply.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/err.h"

struct service; /* opaque */

/**
 * Makes the reply to a request.
 *
 * @param arg as given
 * @param request its bytes, without what ends it; borrowed, NUL-terminated, may hold other NULs
 * @param length_bytes of it
 * @param ret_reply set to malloc'ed bytes that the service frees
 * @param ret_reply_bytes how many
 * @return OK, or another code: the connection is closed without a reply
 */
typedef int service_handler(void *arg, const char *request, size_t length_bytes, char **ret_reply, size_t *ret_reply_bytes);

struct service_config {
	int listen_fd; /* listening, non-blocking; taken over on OK */
	int epoll_fd; /* of the loop */
	const char *request_end; /* "\n" or "\r\n\r\n"; static text */
	service_handler *handler;
	void *arg;
	const uid_t *user; /* who alone may ask, beside root; NULL: whom the socket's mode lets. Borrowed */
};

/** Exact: accepted = answered + refused + expired + gone + open. */
struct service_counters {
	uint64_t accepted;
	uint64_t answered; /* the whole reply was written */
	uint64_t refused; /* the request was too long, the handler made no reply, or nobody who may ask */
	uint64_t expired; /* LIMIT_SERVICE_TIME_MS passed */
	uint64_t gone; /* the client closed first */
	uint64_t open; /* now */
};

/** @return OK, E_NOMEM or E_SYS */
MUST_USE int service_new(const struct service_config *config, struct service **ret_service);

/** Closes everything; NULL is fine. */
void service_free(struct service *service);

/** Ends connections that take too long; to be called some times a second. */
void service_expire(struct service *service, int64_t now_mono_ns);

struct service_counters service_counters_of(const struct service *service);
