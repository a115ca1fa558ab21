/*
 * A real mail server of an exercise: Postfix with hinomi-mail before it, as
 * an administrator would set it up, in a directory of its own and in one
 * network namespace, where it alone listens. It delivers what it gets for
 * MAILBOX_DOMAIN into one Maildir and sends nothing anywhere.
 *
 * Postfix is that of the machine, else one that was unpacked beside this
 * program (tools/unpack-packages) and never installed. It wants accounts of
 * its own; where the machine has none of that name, it gets old ones of
 * Debian that own nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/beside.h"
#include "core/err.h"

#define MAIL_SERVER_PORT 25
#define MAIL_SERVER_PATH_BYTES 128

struct mail_server {
	char place[MAIL_SERVER_PATH_BYTES / 2]; /* its directory, as its own accounts may reach it; "": none */
	char unpacked[BESIDE_PATH_BYTES]; /* below which Postfix lies; "": it is installed */
	pid_t milter; /* 0: does not run */
	pid_t postfix;
};

struct mail_server_config {
	int net_fd; /* network namespace in which it listens on every address */
	bool is_v4; /* family */
	const char *directory; /* exists, only root may enter; all files go to its mail/. Borrowed for the call */
	int64_t now_wall_ms; /* the past is told from here */
};

/** Whether there is a Postfix to start. */
bool mail_server_has_postfix(void);

/**
 * Teaches hinomi-mail the past, and starts both. This process must have a mount namespace of its own.
 *
 * @param config read, not kept
 * @param why room for one line
 * @param ret_server filled; after an error too mail_server_close() is right
 * @return OK; E_UNSUPPORTED: Postfix or hinomi-mail is not there; E_STATE: one does not start; E_SYS
 */
MUST_USE int mail_server_open(const struct mail_server_config *config, char why[static 160], struct mail_server *ret_server);

/** NULL, or which of the two has ended. */
const char *mail_server_gone(const struct mail_server *server);

/** The path of one of its files, while it is open. @return ret_path */
const char *mail_server_path(
	const struct mail_server *server, const char *name, char ret_path[static MAIL_SERVER_PATH_BYTES]);

#define MAIL_SERVER_FINDINGS "milter/findings.jsonl" /* what hinomi-mail has found */
#define MAIL_SERVER_BOX "boxes/inbox/new" /* what was delivered, a file for each mail */

/** Stops both; files stay. */
void mail_server_stop(struct mail_server *server);

/** Stops what runs, and gives the directory up. */
void mail_server_close(struct mail_server *server);
