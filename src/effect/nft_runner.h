/*
 * Runs the nft command for a process that may not: a child, started before
 * the sandbox is entered, that knows a few fixed commands and nothing else,
 * and keeps CAP_NET_ADMIN alone. It ends when its parent does.
 *
 * Does not look into what it is given to run: nft parses it, and the kernel
 * takes all of it or nothing.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define NFT_RUNNER_WHY_BYTES 200
#define NFT_RUNNER_INPUT_BYTES_MAX 1073741824 /* a set of ten million addresses */

/** The commands, with fixed arguments. */
enum nft_command {
	NFT_COMMAND_NONE = 0,
	NFT_COMMAND_PROBE, /* nft -j list tables: whether it works here at all */
	NFT_COMMAND_LOAD, /* nft -j -f -, with the text on its standard input */
	NFT_COMMAND_LIST, /* nft -j list table inet hinomi */
	NFT_COMMAND_COUNTERS, /* nft -j list counters table inet hinomi */
	NFT_COMMAND_COUNT
};

struct nft_runner; /* opaque */

/**
 * Starts the child.
 *
 * @param ret_runner owned by the caller
 * @return OK, E_NOMEM or E_SYS
 */
MUST_USE int nft_runner_new(struct nft_runner **ret_runner);

/** Lets the child end. NULL is fine. */
void nft_runner_free(struct nft_runner *runner);

/**
 * Runs a command and waits for it, at most LIMIT_EFFECT_RUN_MS.
 *
 * @param runner with its child
 * @param command which
 * @param input for NFT_COMMAND_LOAD, NUL-terminated; else NULL
 * @param ret_output malloc'ed standard output, NUL-terminated, where the command succeeded; the caller frees it
 * @param ret_output_bytes of it
 * @param ret_why after an error one line
 * @return OK; E_STATE: nft ended with an error; E_LIMIT: too long an input or output; E_NOMEM; E_SYS: it cannot be run, took too
 * long, or the child is gone
 */
MUST_USE int nft_runner_run(struct nft_runner *runner, enum nft_command command, const char *input, char **ret_output,
	size_t *ret_output_bytes, char ret_why[static NFT_RUNNER_WHY_BYTES]);
