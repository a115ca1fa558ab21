/* The command line of `ledger`: one set of options, of which each verb uses some. */
#pragma once

#include <stdbool.h>

#include "core/limits.h"
#include "record/proof.h"

#define LEDGER_ARGUMENTS_MAX 3

struct ledger_options {
	const char *arguments[LEDGER_ARGUMENTS_MAX]; /* what is no option, in order; NULL: not given */
	const char *key; /* --key: the log's verifier key, or the file of a private key */
	struct proof_trust trust; /* --key or --policy, --witness, --quorum; only as ledger_trust_read() fills it */
	const char *witnesses[PROOF_WITNESSES_MAX];
	size_t witness_count;
	const char *logs[LIMIT_WITNESS_LOGS]; /* --log */
	size_t log_count;
	const char *quorum; /* --quorum */
	const char *policy; /* --policy: a policy's file, which names log and witnesses */
	const char *older; /* --older: a checkpoint's file */
	const char *out; /* --out: where to write */
	const char *state; /* --state: directory of a witness */
	const char *socket; /* --socket: where a witness listens */
	const char *authority; /* --authority: where the authority listens */
	const char *every; /* --every: how often */
	bool is_json; /* --json */
	bool is_help; /* --help */
};

/**
 * Reads a command line.
 *
 * @param argc of argv
 * @param argv of the verb: argv[0] is its name
 * @param ret_options filled on OK, with pointers into argv
 * @param ret_complaint else one line: static text
 * @return OK or E_CONFIG
 */
MUST_USE int ledger_options_read(int argc, char **argv, struct ledger_options *ret_options, const char **ret_complaint);

/**
 * Fills options->trust from --policy, or from --key, --witness and --quorum.
 *
 * @param options whose trust is filled
 * @return OK, or E_CONFIG: one line was written to standard error
 */
MUST_USE int ledger_trust_read(struct ledger_options *options);
