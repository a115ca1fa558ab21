/*
 * Times of a file that are not near those before them. A gap is believed when
 * the next packet is beyond it too; a way back when a run of packets goes it.
 * Until then a packet takes the time of those before it, and is a stray unless
 * it turns out to be the first of those that are believed.
 */
#include "sensor/file_clock.h"

/** Believes a time, and with it the packets of the run that led there, which were taken for strays. */
static void believe(struct file_clock *clock, int64_t time_ns, unsigned run)
{
	clock->strays -= run - 1;
	clock->ahead_run = clock->back_run = 0;
	clock->latest_ns = time_ns;
}

bool file_clock_judge(struct file_clock *clock, int64_t *time_ns)
{
	if (!clock->is_set) {
		*clock = (struct file_clock){.latest_ns = *time_ns, .is_set = true};
		return false;
	}
	int64_t ahead_ns = *time_ns - clock->latest_ns;
	clock->ahead_run = ahead_ns > FILE_CLOCK_AHEAD_NS ? clock->ahead_run + 1 : 0;
	clock->back_run = ahead_ns < -FILE_CLOCK_BACK_NS ? clock->back_run + 1 : 0;
	if (clock->ahead_run == FILE_CLOCK_AHEAD_RUN) {
		believe(clock, *time_ns, FILE_CLOCK_AHEAD_RUN);
	} else if (clock->back_run >= FILE_CLOCK_BACK_RUN && clock->turns < FILE_CLOCK_TURNS_MAX) {
		believe(clock, *time_ns, clock->back_run);
		clock->turns++;
		return true;
	} else if (clock->ahead_run + clock->back_run > 0) {
		clock->strays++;
		*time_ns = clock->latest_ns;
	} else if (ahead_ns > 0) {
		clock->latest_ns = *time_ns;
	}
	return false;
}
