/*
 * A tower for an exercise: hinomi-tower with a store of its own, fed by the
 * exercise's sensor and authority, and its page on the machine's loopback,
 * outside of the exercise's networks, for whoever wants to look on while it
 * happens and for some time after. Before the exercise begins it may stand
 * alone, so that somebody can sign in there and join (exercise/guest.h).
 *
 * Browsers find it as localhost: a page that comes from an address has no
 * passkeys (W3C Web Authentication, section 5.1.2).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "core/err.h"

#define TOWER_TEXT_BYTES 128

struct exercise_tower {
	pid_t pid; /* 0: it does not run */
	const char *mail_findings; /* a file of hinomi-mail that is followed too; NULL: none. Borrowed while it runs */
	bool has_page; /* it was built; else there is the interface alone */
	unsigned port;
	char address[TOWER_TEXT_BYTES]; /* of both: "http://localhost:8047/" */
	char token[TOWER_TEXT_BYTES]; /* with which a browser begins a session */
};

/** Where the exercise's sensor and authority tell the tower of health: a file of the exercise's directory. */
#define TOWER_SOCKET "tower.sock"
/** Where the tower asks how the exercise goes, likewise. */
#define TOWER_OFFICE "exercise.sock"
/** The account that a browser signs in with; the policy's person of the same name, where somebody has joined. */
#define TOWER_GUEST "guest"

/** The page's address as passkeys are bound to it, without the slash at its end; the domain is "localhost". */
const char *exercise_tower_origin(unsigned port, char ret_origin[static TOWER_TEXT_BYTES]);

/**
 * Makes the account; nothing is started.
 *
 * @param directory of the exercise
 * @param port wished for on 127.0.0.1; another one where it is taken
 * @param why room for one line
 * @param ret_tower filled on OK
 * @return OK; E_UNSUPPORTED: the program is not there; E_STATE: no account can be made; E_SYS
 */
MUST_USE int exercise_tower_prepare(const char *directory, unsigned port, char why[static 160], struct exercise_tower *ret_tower);

/**
 * Starts the tower and waits until it serves; one that runs is ended first, as late as can be, so that its port stays its own.
 *
 * @param directory of the exercise
 * @param is_whole its policy, findings, ledger and the authority's socket are there; else it stands alone
 * @param why room for one line
 * @param tower prepared; its port and address are filled at the first start
 * @return OK; E_STATE: it does not start; E_SYS
 */
MUST_USE int exercise_tower_start(const char *directory, bool is_whole, char why[static 160], struct exercise_tower *tower);

/** Stops it; also where it does not run. It may be started again. */
void exercise_tower_close(struct exercise_tower *tower);
