/*
 * Pacing: a unit is due when the clock has passed its place in the schedule,
 * so a late wake-up is followed by a burst and the mean rate holds; the burst
 * is bounded by the caller. SIGTERM ends the load early; what was sent is
 * told all the same.
 */
#include "load.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/clock.h"
#include "core/ip.h"

uint64_t load_number(const char *option, const char *text, uint64_t low, uint64_t high)
{
	uint64_t value = 0;
	const char *at = text;
	while (*at >= '0' && *at <= '9' && value <= high / 10)
		value = value * 10 + (uint64_t)(*at++ - '0');
	if (at != text && *at == '\0' && value >= low && value <= high)
		return value;
	(void)fprintf(stderr, "%s: %s is not a number in %" PRIu64 "..%" PRIu64 "\n", option, text, low, high);
	exit(2);
}

uint32_t load_ipv4(const char *option, const char *text)
{
	struct ip_addr addr;
	if (ip_parse(text, &addr) == OK && ip_is_v4(&addr))
		return ip_to_v4(&addr);
	(void)fprintf(stderr, "%s: %s is not an IPv4 address\n", option, text);
	exit(2);
}

#define NAP_NS (10 * NS_PER_MS) /* so that an end by time or signal is noticed */

static volatile sig_atomic_t is_stopped;

static void stop(int number)
{
	(void)number;
	is_stopped = 1;
}

void pace_start(struct pace *pace)
{
	struct sigaction action = {.sa_handler = stop};
	(void)sigaction(SIGTERM, &action, NULL);
	pace->sent = 0;
	pace->start_mono_ns = clock_mono_ns();
	pace->start_wall_ns = clock_wall_ns();
}

uint64_t pace_due(struct pace *pace, uint64_t burst)
{
	for (;;) {
		int64_t passed_ns = clock_mono_ns() - pace->start_mono_ns;
		if (is_stopped != 0 || (pace->total != 0 && pace->sent >= pace->total))
			return 0;
		if (pace->total == 0 && passed_ns >= pace->duration_ns)
			return 0;
		uint64_t left = pace->total == 0 ? burst : pace->total - pace->sent;
		uint64_t most = left < burst ? left : burst;
		if (pace->per_s == 0)
			return most;
		uint64_t due = (uint64_t)((unsigned __int128)passed_ns * pace->per_s / (uint64_t)NS_PER_S) + 1;
		if (due > pace->sent)
			return due - pace->sent < most ? due - pace->sent : most;
		int64_t wait_ns = (int64_t)((unsigned __int128)pace->sent * (uint64_t)NS_PER_S / pace->per_s) - passed_ns;
		struct timespec nap = {.tv_nsec = wait_ns < NAP_NS ? wait_ns : NAP_NS};
		(void)nanosleep(&nap, NULL);
	}
}

void pace_report(const struct pace *pace, const char *unit, uint64_t refused)
{
	(void)printf("%s=%" PRIu64 " refused=%" PRIu64 " elapsed_ns=%" PRId64 " cpu_ns=%" PRId64 " first_wall_ns=%" PRId64 "\n",
		unit, pace->sent, refused, clock_mono_ns() - pace->start_mono_ns, clock_cpu_ns(), pace->start_wall_ns);
}
