/*
 * The verbs of `ledger`: begin a log, verify it offline, show and count what
 * is in it, prove an entry, be its witness. All but create and witness need
 * nothing but the log's files and public keys.
 */
#pragma once

/** What a verb ends with. */
enum ledger_exit {
	LEDGER_OK = 0,
	LEDGER_FAILED = 1, /* a file cannot be read, or the log is not in order: one line on standard error says why */
	LEDGER_USAGE = 2, /* the command line is wrong */
};

/**
 * Runs `ledger VERB ...`; writes to standard output, complaints to standard error.
 *
 * @param argc of argv
 * @param argv argv[0] is "ledger"; ends with NULL, and may be changed
 * @return an exit status of enum ledger_exit
 */
int ledger_command(int argc, char **argv);
