/*
 * A tower for an exercise: hinomi-tower with a store of its own, fed by the
 * exercise's sensor and authority, and its page on the machine's loopback,
 * outside of the exercise's networks, for whoever wants to look on while it
 * happens and for some time after.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "core/err.h"

#define TOWER_TEXT_BYTES 128

struct exercise_tower {
	pid_t pid; /* 0: it does not run */
	bool has_page; /* it was built; else there is the interface alone */
	char address[TOWER_TEXT_BYTES]; /* of both: "http://127.0.0.1:8047/" */
	char token[TOWER_TEXT_BYTES]; /* with which a browser begins a session */
};

/** Where the exercise's sensor tells the tower of its health: a file of the exercise's directory. */
#define TOWER_SOCKET "tower.sock"

/**
 * Starts the tower and waits until it answers.
 *
 * @param directory of the exercise: its policy, findings, ledger and the authority's socket are there
 * @param mail_findings where hinomi-mail writes what it finds; NULL: nowhere
 * @param port wished for on 127.0.0.1; another one where it is taken
 * @param why room for one line
 * @param ret_tower filled on OK
 * @return OK; E_UNSUPPORTED: the program is not there; E_STATE: it does not start; E_SYS
 */
MUST_USE int exercise_tower_open(const char *directory, const char *mail_findings, unsigned port, char why[static 160],
	struct exercise_tower *ret_tower);

/** Stops it; also where it does not run. */
void exercise_tower_close(struct exercise_tower *tower);
