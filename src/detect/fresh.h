/*
 * What the slots of a profile have been given of late: a window of a tenth of
 * a second. Shares since a finding began tell what the attack is made of;
 * these tell that it changes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"
#include "detect/profile.h"

#define FRESH_NS (100 * NS_PER_MS) /* the least length of a window */
#define FRESH_SEEN_MIN 4 /* packets that were looked at: fewer say nothing of a share */
#define FRESH_PERMILLE 35 /* of all: a part that is worth a change. A twentieth that is sampled seldom looks like less */

struct fresh {
	int64_t since_ns; /* begin of the window that is being filled */
	int64_t span_ns; /* length of the last one; 0: there is none yet */
	uint64_t all; /* packets within the last one */
	uint64_t packets[PROFILE_SLOTS]; /* of it; 0 where too few were looked at */
	uint64_t before[PROFILE_SLOTS], before_seen[PROFILE_SLOTS]; /* the slots' counts at since_ns */
	uint8_t vectors[PROFILE_SLOTS]; /* whose counts these were, enum vector */
	int64_t active_ns[PROFILE_SLOTS]; /* end of the last window of which a slot had its part; 0: none */
};

/** Begins the first window with what the slots have now, all of which counts as active. */
void fresh_begin(struct fresh *fresh, const struct profile *profile, int64_t now_ns);

/**
 * Ends the window, if it is long enough.
 *
 * @param fresh changed
 * @param profile the same as ever, in the same epoch
 * @param now_ns present time
 * @return whether a window ended
 */
bool fresh_turn(struct fresh *fresh, const struct profile *profile, int64_t now_ns);

/** Packets a second of a slot within the last window. */
static inline uint64_t fresh_pps(const struct fresh *fresh, unsigned slot)
{
	return fresh->span_ns > 0 ? fresh->packets[slot] * NS_PER_S / (uint64_t)fresh->span_ns : 0;
}

/** Whether a part of a slot's packets is worth a change: of all of the window, or by its own rate. */
static inline bool fresh_is_large(const struct fresh *fresh, unsigned slot, unsigned permille_of_slot, uint64_t enough_pps)
{
	uint64_t part = fresh->packets[slot] / 1000 * permille_of_slot + fresh->packets[slot] % 1000 * permille_of_slot / 1000;
	bool is_fast = enough_pps > 0 && fresh->span_ns > 0 && part * NS_PER_S / (uint64_t)fresh->span_ns >= enough_pps;
	return part > 0 && (is_fast || part * 1000 >= fresh->all * FRESH_PERMILLE);
}
