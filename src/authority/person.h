/*
 * What people do with the authority from a terminal. These run as the
 * person, with the person's own key file; the authority's process is asked
 * over its socket and believed in nothing that is signed.
 *
 * Each takes its own arguments (argv[0] is its name) and returns the exit
 * code: 0 done, 1 refused or failed, 2 the command line is wrong.
 */
#pragma once

int person_key(int argc, char **argv);
int person_orders(int argc, char **argv);
int person_propose(int argc, char **argv);
int person_bundle(int argc, char **argv);
int person_receipt(int argc, char **argv);
/** approve, refuse, ratify, withdraw, by argv[0]. */
int person_say(int argc, char **argv);
