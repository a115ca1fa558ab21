/*
 * The verb "reveal" of hinomi-mail: carries out orders of re-identification. What is asked, by whom, and whether enough
 * people have agreed is judged here, offline (record/order_verify.h); what is shown is on standard output alone.
 */
#pragma once

/**
 * Reads options, policy, keys and bundles, and carries each order out, or says in one line why not.
 *
 * @param argc words from the verb on
 * @param argv the words
 * @return exit code: 0 all are carried out; 1 one was refused, or something failed; 2 options or configuration are wrong
 */
int reveal_command(int argc, char **argv);
