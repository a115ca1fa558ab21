/*
 * Where a tower asks whoever plays exercises: a Unix socket, one request and
 * one reply for each connection, both documents of record/exercise.h. One
 * account of this machine may ask, by the kernel's word, and root. Requests
 * are taken for hostile; number, bytes and time of clients are bounded
 * (sensor/service.h).
 *
 * Knows how to ask, not what there is to play: hooks answer.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "core/err.h"
#include "core/why.h"
#include "record/exercise.h"

struct office; /* opaque */

/** What becomes of requests; each NULL: not possible here. */
struct office_hooks {
	const struct exercise_state *(*state)(void *context); /* never NULL */
	struct exercise_reply (*start)(void *context, const char *scenario);
	struct exercise_reply (*stop)(void *context);
	struct exercise_reply (*join)(void *context, const uint8_t passkey[static EXERCISE_POINT_BYTES]);
	void *context;
};

/**
 * Opens the socket.
 *
 * @param path of it; closed to all but its owner and the account's group
 * @param account by name, which may ask; NULL: the one that this process runs as
 * @param hooks copied
 * @param ret_why after an error one line
 * @param ret_office the caller's
 * @return OK, E_CONFIG (no such account), E_STATE (another process answers there), E_NOMEM or E_SYS
 */
MUST_USE int office_open(const char *path, const char *account, const struct office_hooks *hooks, char ret_why[static WHY_BYTES],
	struct office **ret_office);

/**
 * Answers what has come, and waits for more.
 *
 * @param office or NULL: then it only waits
 * @param also_fd that ends the wait as well when it is readable; -1: none
 * @param wait_ms at most; 0: does not wait
 */
void office_turn(struct office *office, int also_fd, int wait_ms);

/** Removes the socket too; NULL is fine. */
void office_close(struct office *office);

/** A reply. @param why one line, "" where it is accepted */
struct exercise_reply office_reply(enum exercise_answer answer, const char *why);
