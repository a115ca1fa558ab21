/*
 * What the load makers share: numbers from the command line, pacing by the
 * monotonic clock, and the one line they print for the script that started
 * them. Load goes to loopback or to an interface of the caller's own
 * namespace; nothing here checks that.
 */
#pragma once

#include <stdint.h>

/** Sends so many units a second, in small bursts, for so long or so many. */
struct pace {
	uint64_t per_s; /* 0: as fast as it goes */
	uint64_t total; /* 0: until the duration is over */
	int64_t duration_ns;
	int64_t start_mono_ns;
	int64_t start_wall_ns;
	uint64_t sent;
};

/** An option's value as a number in low..high; ends the program with one line otherwise. */
uint64_t load_number(const char *option, const char *text, uint64_t low, uint64_t high);

/** An IPv4 address in host order; ends the program with one line otherwise. */
uint32_t load_ipv4(const char *option, const char *text);

/** Starts the clock. */
void pace_start(struct pace *pace);

/**
 * How many units may be sent now; sleeps until there is at least one.
 *
 * @param pace its sent must be kept by the caller
 * @param burst the most to return
 * @return 1..burst, or 0 when it is over
 */
uint64_t pace_due(struct pace *pace, uint64_t burst);

/** Prints what was sent, for how long and at what CPU time, as one line of NAME=NUMBER. */
void pace_report(const struct pace *pace, const char *unit, uint64_t refused);
