/*
 * How requests reach a witness that runs by itself: one on standard input, or
 * any number on a Unix socket, one for each connection, which the client ends
 * by shutting down its side. The answer is the status on a line and the body.
 * And who carries checkpoints from the authority's process, which may not
 * connect to anything, to a witness and back.
 */
#pragma once

#include "authority/ledger_options.h"
#include "authority/witness.h"

/**
 * Runs `ledger witness`; with a socket it does not return unless it fails.
 *
 * @param options key, state, logs, socket
 * @return an exit status of enum ledger_exit; on standard input LEDGER_OK if it was cosigned
 */
int witness_service_run(struct ledger_options *options);

/**
 * Runs `ledger cosign`: takes the authority's newest checkpoint to a witness, and what that has signed back. With `every` it
 * does so again and again, and does not return unless its output is gone.
 *
 * @param options authority, socket, one witness, and every
 * @return an exit status of enum ledger_exit
 */
int witness_service_cosign(struct ledger_options *options);

/**
 * Asks a witness on a Unix socket and puts its lines behind a checkpoint.
 *
 * @param socket_path of the witness
 * @param witness_key its key
 * @param request what to ask; its checkpoint is note
 * @param note the checkpoint; grows by the witness's lines on OK
 * @param room_bytes of note
 * @param note_bytes its length, changed on OK
 * @param ret_last_entries filled on E_STATE: the size that the witness cosigned last
 * @return OK; E_STATE (409: ask again from that size); E_DENIED (it refused, or its signature is wrong); E_MALFORMED, E_LIMIT;
 * E_SYS (it cannot be reached, or is too slow: LIMIT_WITNESS_TIME_MS)
 */
MUST_USE int witness_service_ask(const char *socket_path, const struct note_key *witness_key, const struct witness_request *request,
	char *note, size_t room_bytes, size_t *note_bytes, uint64_t *ret_last_entries);
