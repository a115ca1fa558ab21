/*
 * Whether the wall clock jumped: it went another way than the monotonic one. Pure: both are the caller's.
 *
 * Does not know which of two times is the true one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_WATCH_JUMP_MS INT64_C(3600000) /* what is less is corrected every day, and moves no day */

struct clock_watch {
	bool is_begun;
	int64_t wall_ms, mono_ns; /* looked at last */
};

/**
 * Compares both clocks with how they were before.
 *
 * @param watch zeroed at first
 * @param wall_ms milliseconds since 1970
 * @param mono_ns of clock_boot_ns(), so that a machine that slept has not jumped
 * @return how far the wall clock jumped, milliseconds, negative: back; 0: it did not
 */
int64_t clock_watch_look(struct clock_watch *watch, int64_t wall_ms, int64_t mono_ns);
