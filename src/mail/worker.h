/*
 * Workers: processes that read mails, and can do nothing else. A worker has no user's rights, no file, no socket but the
 * one to us, bounded memory, and a deadline for each mail; whatever a mail does to it, the mail is still here, and the
 * next one gets a fresh worker.
 *
 * worker_pool_new() forks a keeper, which forks the workers, buries those that die and forks others; so the process
 * that asks may have threads. Workers share what the asking process had in memory when it made the pool.
 *
 * Does not judge facts: mail_facts_check() is called on them here, since a worker that was taken over may send anything.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/why.h"
#include "mail/engine.h"

struct worker_pool;

/**
 * Reads a mail; called in a worker.
 *
 * @param context of the settings
 * @param mail borrowed
 * @param length_bytes of it
 * @param envelope borrowed
 * @param ret_facts zeroed before
 * @param ret_sender zeroed before: From's address, if whoever made the pool wants it
 */
typedef void worker_reader(const void *context, const void *mail, size_t length_bytes, const struct mail_envelope *envelope,
	struct mail_facts *ret_facts, char ret_sender[static MAIL_ADDRESS_BYTES]);

struct worker_settings {
	worker_reader *read;
	const void *context; /* of read, borrowed while the pool lives */
	const char *user; /* account of the workers where the process is root, borrowed for the call */
	uint32_t workers; /* 1 to LIMIT_MAIL_WORKERS */
	uint64_t deadline_ms; /* of one mail, from being asked to the facts, the wait for a worker included */
	uint64_t memory_bytes; /* address space of a worker; 0: not bounded, for builds with a sanitizer */
	uint32_t mails; /* after so many a worker is replaced, so that nothing builds up; 0: never */
	bool keeps_errors; /* workers keep standard error; else nothing that a library prints leaves them */
};

/** What became of mails and workers, since the start. */
struct worker_counts {
	uint64_t read; /* facts came back */
	uint64_t busy; /* no worker was free in time */
	uint64_t late; /* no facts in time: the worker was ended */
	uint64_t died; /* the worker died, twice where there was time for a second */
	uint64_t malformed; /* what came back were no facts: the worker was ended */
	uint64_t started; /* workers, all of them */
};

/**
 * Forks the keeper and through it the workers. Call it before any thread is made and any socket opened that workers
 * should not know of.
 *
 * @param settings borrowed for the call, but for context
 * @param ret_pool owned by the caller; worker_pool_free()
 * @param ret_why on an error one line
 * @return OK, E_NOMEM or E_SYS
 */
MUST_USE int worker_pool_new(const struct worker_settings *settings, struct worker_pool **ret_pool, char ret_why[static WHY_BYTES]);

/** Ends keeper and workers; nobody may be asking. NULL is fine. */
void worker_pool_free(struct worker_pool *pool);

/**
 * Has a mail read. Any thread may ask.
 *
 * @param pool to ask
 * @param mail borrowed; of more than LIMIT_MAIL_BYTES the beginning is read
 * @param length_bytes of it
 * @param envelope borrowed
 * @param ret_facts filled on OK
 * @param ret_sender MAIL_ADDRESS_BYTES, filled on OK with what the reader said, ended and no more: a worker may say anything.
 * NULL: not wanted
 * @return OK; E_AGAIN: no worker was free in time; E_LIMIT: not read in time; E_STATE: the worker died; E_MALFORMED: it
 * sent something else
 */
MUST_USE int worker_read(struct worker_pool *pool, const void *mail, size_t length_bytes, const struct mail_envelope *envelope,
	struct mail_facts *ret_facts, char *ret_sender);

/** Whether the keeper is alive. Without it dead workers are not replaced: end the process, to be started anew. */
bool worker_pool_is_alive(struct worker_pool *pool);

/** The counts so far. */
struct worker_counts worker_pool_counts(struct worker_pool *pool);

/** What facts say of a mail that worker_read() failed on: enum mail_unread, UNREAD_TIME or UNREAD_WORKER. */
uint32_t worker_failure_unread(int error);

/** Why worker_read() failed, in words that follow "could not read, because ". Static text. */
const char *worker_failure_words(int error);
