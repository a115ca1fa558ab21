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

int64_t clock_year_begin_ms(int64_t year)
{
	int64_t before = year - 1, days = before * 365 + before / 4 - before / 100 + before / 400 - 719162;
	return days * 86400 * 1000;
}

int64_t clock_year(int64_t at_ms)
{
	int64_t year = 1970 + at_ms / (INT64_C(366) * 86400 * 1000); /* never later than the right one */
	while (clock_year_begin_ms(year + 1) <= at_ms)
		year++;
	return year;
}

int64_t clock_cpu_ns(void)
{
	return read_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}
