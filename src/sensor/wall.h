/*
 * The wall clock as the live sensor tells time to its engine: monotonic time
 * plus an offset that is looked at once a second. Small corrections are
 * followed; a jump is believed when it has stood for some seconds, so one
 * bad reading or a clock that is set back and forth does not age everything.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct wall {
	int64_t offset_ns; /* wall minus monotonic */
	int64_t looked_mono_ns;
	int64_t jump_ns; /* of the readings that disagreed last */
	unsigned jump_readings; /* how many in a row said about the same */
};

/** Starts with the present readings. */
void wall_init(struct wall *wall, int64_t mono_ns, int64_t clock_wall_ns);

/**
 * The time to tell.
 *
 * @param mono_ns present monotonic time
 * @param clock_wall_ns present wall clock, however wrong
 * @param ret_jump_ns set where a jump was taken over in this call: by how much, else 0
 * @return wall time, ns
 */
int64_t wall_now_ns(struct wall *wall, int64_t mono_ns, int64_t clock_wall_ns, int64_t *ret_jump_ns);
