/*
 * The socket at which the authority hands over bundles and withdrawals and
 * takes receipts, one document a line each way. One connection at a time: a
 * new one takes the place of the old, so an authority that was started anew
 * need not wait. Who connects is asked of the kernel (SO_PEERCRED), and is
 * taken for hostile nonetheless.
 *
 * Receipts that nobody takes wait, up to LIMIT_EFFECT_RECEIPTS_BYTES. What is
 * of the present alone goes at once or not at all. Does not know what lines
 * mean.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/err.h"
#include "core/why.h"

struct channel; /* opaque */

struct channel_counters {
	uint64_t connections;
	uint64_t strangers; /* turned away: another user */
	uint64_t too_long; /* lines beyond BUNDLE_LINE_BYTES_MAX; the connection was closed */
	uint64_t receipts, receipts_lost;
	uint64_t passing_lost; /* lines of channel_mention() that did not go */
};

/** Takes a line, without its newline; borrowed. */
typedef void channel_taker(void *arg, const char *line, size_t length_bytes);

/**
 * Listens.
 *
 * @param path of the socket, mode 0660; one on which nobody answers is replaced
 * @param uid who may connect, beside root
 * @param ret_channel owned by the caller
 * @param ret_why after an error one line
 * @return OK, E_STATE: somebody answers there; E_NOMEM or E_SYS
 */
MUST_USE int channel_open(const char *path, uid_t uid, struct channel **ret_channel, char ret_why[static WHY_BYTES]);

/** NULL is fine. The socket's file stays; the next start replaces it. */
void channel_close(struct channel *channel);

/** The descriptors to wait for with poll(2). @return how many of two are filled */
size_t channel_fds(const struct channel *channel, struct pollfd ret_fds[static 2]);

/**
 * Takes connections and whole lines, some at a time, and sends what waits. Never blocks.
 *
 * @param channel open
 * @param take gets each line
 * @param arg for take
 * @return whether there is more to be taken at once
 */
bool channel_turn(struct channel *channel, channel_taker *take, void *arg);

/** Hands over a receipt. */
void channel_tell(struct channel *channel, const char *line);

/** Hands over a line of the present, if somebody is connected and nothing waits; else it is lost, and counted. */
void channel_mention(struct channel *channel, const char *line);

const struct channel_counters *channel_counters_of(const struct channel *channel);
