/*
 * The place where an exercise is played: two network namespaces that have no
 * name and no way out, a veth pair between them, and a sensor in the inner
 * one. Everything goes away with the processes that use it; the temporary
 * directory goes with range_close().
 *
 * Touches nothing that it has not made itself.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/err.h"
#include "exercise/wire.h"

struct range; /* opaque */

struct range_config {
	const char *sensor_path;
	uint64_t threshold_pps; /* packets to one address; a prefix may get twice as much */
	uint64_t end_quiet_ms; /* a finding ends after this long below its threshold */
};

/** What the sensor itself has counted. */
struct range_account {
	uint64_t received;
	uint64_t dropped;
	uint64_t memory_bytes;
	int64_t cpu_ns; /* of the whole process; only range_stop() knows */
};

/**
 * Makes the place and starts the sensor; returns when it watches.
 *
 * @param config read, not kept
 * @param why room for one line that tells what is wrong
 * @param ret_range owned by the caller, close with range_close()
 * @return OK; E_DENIED: this machine gives no namespaces; E_SYS; E_STATE: the sensor does not start
 */
MUST_USE int range_open(const struct range_config *config, char why[static 160], struct range **ret_range);

/** Stops what still runs, by its process id, and removes the temporary directory; NULL is fine. */
void range_close(struct range *range);

/** The outer end, where packets are sent; stays the range's. */
struct wire *range_wire(struct range *range);

/**
 * The next finding that the sensor has written, one line of JSON.
 *
 * @param ret_length_bytes its length
 * @return borrowed until the next call; NULL: none yet
 */
const char *range_finding(struct range *range, size_t *ret_length_bytes);

/** Asks the sensor for its counters. Returns OK or E_AGAIN. */
MUST_USE int range_ask(struct range *range, struct range_account *ret_account);

/** Whether the sensor is still there. */
bool range_is_alive(struct range *range);

/** Tells the sensor to end, waits for it (2 s, then it is killed), and tells the CPU time it took. */
void range_stop(struct range *range, int64_t *ret_cpu_ns);
