/*
 * An effector's health (record/health.h), told a second apart to the
 * authority, which hands it on to its tower: how many rules are in force, how
 * much they stop, what was refused, failed or lost, and for how long the
 * clock, the journal or the place kept it from its work.
 *
 * Has no clock and no channel: the time is handed over, and who asks tells.
 * It is no receipt: what cannot be told at once is old by the time it could.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "effect/carry.h"
#include "effect/channel.h"
#include "record/health.h"

struct pulse; /* opaque */

/**
 * @param effector own key name in the policy, which is the process that the tower shows
 * @param member that it serves
 * @param now when the process began
 * @param ret_pulse owned by the caller
 * @return OK or E_NOMEM
 */
MUST_USE int pulse_new(const char *effector, const char *member, const struct book_time *now, struct pulse **ret_pulse);

/** NULL is fine. */
void pulse_free(struct pulse *pulse);

/**
 * Lets time pass; to be called some times a second.
 *
 * @param pulse of the process
 * @param carry asked for what keeps it from its work
 * @param now the time
 * @return whether it is time to tell
 */
bool pulse_turn(struct pulse *pulse, const struct carry *carry, const struct book_time *now);

/**
 * What there is to tell now.
 *
 * @param pulse of the process
 * @param carry whose orders and counters it tells
 * @param channel whose counters it tells
 * @param now the time
 * @return borrowed until the next call
 */
const struct health *pulse_take(struct pulse *pulse, const struct carry *carry, const struct channel_counters *channel,
	const struct book_time *now);
