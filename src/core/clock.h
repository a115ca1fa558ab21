/*
 * The only source of time. Durations are measured on the monotonic clock,
 * points in time are told on the wall clock; neither is called by a library
 * that decodes or detects: those are handed the time, so whole scenarios run
 * in virtual time.
 */
#pragma once

#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/** Monotonic time in nanoseconds; only differences mean anything. */
int64_t clock_mono_ns(void);

/** Monotonic time in nanoseconds that goes on while the machine sleeps: what the kernel's rules expire by. */
int64_t clock_boot_ns(void);

/** Wall-clock time in nanoseconds since 1970-01-01 UTC. */
int64_t clock_wall_ns(void);

/** When a year of UTC begins, in milliseconds since 1970. @param year 1 to 9999, of the Gregorian calendar */
int64_t clock_year_begin_ms(int64_t year);

/** The year of UTC of a point in time. @param at_ms milliseconds since 1970, from there to the end of 9998 */
int64_t clock_year(int64_t at_ms);

/** CPU time used by this process, all threads, user and system, in nanoseconds. */
int64_t clock_cpu_ns(void);
