/*
 * What people do with the authority from a terminal. These run as the
 * person, with the person's own key file; the authority's process is asked
 * over its socket and believed in nothing that is signed.
 *
 * Each takes its own arguments (argv[0] is its name) and returns the exit
 * code: 0 done, 1 refused or failed, 2 the command line is wrong.
 */
#pragma once

#include <jansson.h>

int person_key(int argc, char **argv);
int person_orders(int argc, char **argv);
int person_propose(int argc, char **argv);
/** approve, refuse, ratify, withdraw, by argv[0]. */
int person_say(int argc, char **argv);
/** Carries checkpoints to witnesses and their cosignatures back (authority/carry.c). */
int person_carry(int argc, char **argv);

/**
 * Asks the authority; says on standard error why there is no good answer.
 *
 * @param socket_path of the authority
 * @param request taken over
 * @return a new reference; NULL: refused, or there is no answer
 */
json_t *person_ask(const char *socket_path, json_t *request);
