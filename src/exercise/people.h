/*
 * The people of an exercise and what they have agreed on: keys made for this
 * one time, the policy, the authority's configuration, its ledger, and the
 * draft of a standing order. Everything is a file in one directory.
 *
 *     hana    duty, may ask for things          jiro    duty
 *     kyoko   commission                        edge    the effector
 *     guest   duty, with a passkey: who has joined at the page, if anybody has
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/beside.h"
#include "core/err.h"
#include "exercise/guest.h"
#include "exercise/program.h"
#include "exercise/scenario.h"

#define PEOPLE_ASKS "hana"
#define PEOPLE_DUTY "jiro"
#define PEOPLE_COMMISSION "kyoko"
#define PEOPLE_EFFECTOR "edge"
#define PEOPLE_MEMBER "member"
#define PEOPLE_PATH_BYTES 256

struct people {
	char authority[BESIDE_PATH_BYTES]; /* hinomi-authority */
	char directory[PEOPLE_PATH_BYTES / 2];
	const struct guest *guest; /* who has joined; NULL: nobody. Borrowed */
	bool tells_tower; /* there is one, which the authority tells of its health and the effector's */
};

/** Path of a file in the directory; returns ret_path. */
const char *people_path(const struct people *people, const char *name, char ret_path[static PEOPLE_PATH_BYTES]);

/**
 * Makes keys ("NAME.key"), "policy", "authority.conf" and "ledger".
 *
 * @param people with its paths
 * @param scenario whose member is defended
 * @param ratify_ms how long urgent orders may act without their quorum
 * @param why room for one line
 * @return OK; E_STATE: a verb failed; E_SYS
 */
MUST_USE int people_settle(const struct people *people, const struct scenario *scenario, uint64_t ratify_ms, char why[static 160]);

/**
 * Has a standing order asked for and approved, which covers the attacks of the scenario that are decided so. The authority runs.
 *
 * @return OK, also where the scenario needs none; E_STATE: a verb failed; E_SYS
 */
MUST_USE int people_stand(const struct people *people, const struct scenario *scenario, char why[static 160]);

/**
 * Begins to have a person say something about an order; hinomi-authority VERB.
 *
 * @param people with its paths
 * @param verb "approve", "refuse", "ratify" or "withdraw"
 * @param order its id
 * @param person whose key
 * @param reason in a few words
 * @param ret_pid the verb's process
 * @return OK or E_SYS
 */
MUST_USE int people_say(const struct people *people, const char *verb, const char *order, const char *person, const char *reason,
	pid_t *ret_pid);
