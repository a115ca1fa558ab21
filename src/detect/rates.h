/*
 * Packets and bytes per time of one target: fine slots of 50 ms over the last
 * 1.6 s, so that a flood is seen within fractions of a second, and coarse
 * slots of 1 s over the last two minutes, so that a flow record which arrives
 * late is spread over the time it tells of.
 *
 * All numbers are corrected for sampling by the caller.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RATES_FINE_NS INT64_C(50000000)
#define RATES_FINE_SLOTS 32 /* 1.6 s: the sliding second and room for disorder */
#define RATES_COARSE_NS INT64_C(1000000000)
#define RATES_COARSE_SLOTS 128 /* active timeouts of exporters are 60 s, at most 120 s */
#define RATES_WINDOW_SLOTS 20 /* fine slots in the sliding second */

struct rate_slot {
	int64_t number; /* which slot of all time this is; a place with another number is empty */
	uint64_t packets;
	uint64_t bytes;
};

struct rates {
	struct rate_slot fine[RATES_FINE_SLOTS];
	struct rate_slot coarse[RATES_COARSE_SLOTS];
	int64_t changed_from; /* oldest coarse slot number changed since rates_highest() last looked; INT64_MAX none */
};

struct rate {
	uint64_t pps;
	uint64_t bps; /* bits per second */
};

void rates_init(struct rates *rates);

/**
 * Adds what an observation tells, spread evenly over start..end.
 *
 * @param rates changed
 * @param start_ns first packet
 * @param end_ns last packet, from start_ns to LIMIT_DETECT_TIME_NS; what is older than the coarse slots is left out
 * @param packets corrected for sampling
 * @param bytes corrected for sampling
 */
void rates_add(struct rates *rates, int64_t start_ns, int64_t end_ns, uint64_t packets, uint64_t bytes);

/** The rate over the second that ends with the fine slot of now_ns. */
struct rate rates_second(const struct rates *rates, int64_t now_ns);

/** Whether anything was added since rates_highest_changed() was last called. */
static inline bool rates_have_changed(const struct rates *rates)
{
	return rates->changed_from != INT64_MAX;
}

/** The highest coarse second among those changed since the last call, by packets and by bits apart. */
struct rate rates_highest_changed(struct rates *rates, int64_t now_ns);

/**
 * Where the present rise began.
 *
 * @param now_ns present
 * @param floor_pps a slot below this rate is before the rise
 * @return start of the earliest fine slot of the last second from which on all were at least floor_pps
 */
int64_t rates_rise_ns(const struct rates *rates, int64_t now_ns, uint64_t floor_pps);
