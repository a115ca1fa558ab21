/* Time, from clock_gettime(2). */
#include "core/clock.h"

#include <time.h>

static int64_t read_clock_ns(clockid_t id)
{
	struct timespec ts;
	(void)clock_gettime(id, &ts); /* cannot fail for these clocks */
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t clock_mono_ns(void)
{
	return read_clock_ns(CLOCK_MONOTONIC);
}

int64_t clock_boot_ns(void)
{
	return read_clock_ns(CLOCK_BOOTTIME);
}

int64_t clock_wall_ns(void)
{
	return read_clock_ns(CLOCK_REALTIME);
}

int64_t clock_cpu_ns(void)
{
	return read_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}
