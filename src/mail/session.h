/*
 * An engine with workers, and mails of files through it: what the verbs share.
 * Bytes of a mail are parsed in a worker alone.
 */
#pragma once

#include "mail/command.h"
#include "mail/engine.h"
#include "mail/mail_files.h"
#include "mail/worker.h"

struct session {
	struct mail_engine *engine;
	struct worker_pool *pool;
	struct mail_files_counts counts;
	uint64_t unread[MAIL_UNREAD_COUNT]; /* mails, by enum mail_unread */
	uint64_t failed; /* of these, mails of which nothing is known: the worker failed, or its time was over */
};

/**
 * Opens engine and workers.
 *
 * @param command whose configuration it is
 * @param ret_session session_close()
 * @param ret_why on an error one line
 * @return OK, E_CONFIG, E_NOMEM, E_SYS
 */
MUST_USE int session_open(const struct command *command, struct session *ret_session, char ret_why[static WHY_BYTES]);
void session_close(struct session *session);

/**
 * Has a mail read, and counts what could not be.
 *
 * @param session open
 * @param mail borrowed
 * @param length_bytes of it
 * @param ret_facts filled; with UNREAD_WORKER or UNREAD_TIME alone where the worker failed
 */
void session_read(struct session *session, const char *mail, size_t length_bytes, struct mail_facts *ret_facts);
