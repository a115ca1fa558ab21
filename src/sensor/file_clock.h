/*
 * The time of a capture file, packet by packet, as the engine is to see it:
 * it runs forward, and one packet with an absurd time moves nothing. Beside
 * wall.h, which does this for the live sensor.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"

#define FILE_CLOCK_BACK_NS (120 * NS_PER_S) /* what is older than this, against the latest, is of no use to rates */
#define FILE_CLOCK_AHEAD_NS (3600 * NS_PER_S) /* a gap longer than this must be confirmed */
#define FILE_CLOCK_AHEAD_RUN 2 /* so many in a row are beyond a gap: it is one */
#define FILE_CLOCK_BACK_RUN 16 /* so many in a row go back: the file's time does */
#define FILE_CLOCK_TURNS_MAX 1000 /* of one file: each costs a new engine; later ones are strays */

/** Zeroed is ready. */
struct file_clock {
	int64_t latest_ns; /* believed */
	bool is_set;
	unsigned ahead_run, back_run; /* packets in a row that are too far ahead, or back */
	uint64_t strays; /* packets whose time is not that of their neighbours */
	uint64_t turns; /* times that the file's time went back */
};

/** What file_clock_settle() does with a time that is not near the latest. */
bool file_clock_judge(struct file_clock *clock, int64_t *time_ns);

/**
 * Settles the time of the next packet. Fast: for each packet.
 *
 * @param time_ns its time; set to the latest before it where it is a stray
 * @return whether the file's time went back: what comes from here on is to be judged anew
 */
static inline bool file_clock_settle(struct file_clock *clock, int64_t *time_ns)
{
	*time_ns = *time_ns > 0 ? *time_ns : 0; /* nothing was captured before 1970 */
	int64_t ahead_ns = *time_ns - clock->latest_ns;
	bool is_near = ahead_ns <= FILE_CLOCK_AHEAD_NS && ahead_ns >= -FILE_CLOCK_BACK_NS;
	if (__builtin_expect(!is_near || (clock->ahead_run | clock->back_run) != 0 || !clock->is_set, 0))
		return file_clock_judge(clock, time_ns);
	if (ahead_ns > 0)
		clock->latest_ns = *time_ns;
	return false;
}
