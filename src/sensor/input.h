/*
 * What every input of the sensor has in common: how it hands over what it
 * saw, and how it accounts for it, exactly:
 *
 *   received = used + not_ip + truncated + malformed + unsupported
 *              + dropped_kernel + dropped_ring + errors
 *
 * at every moment between two reads. What was never asked for (the packets
 * that a sampler leaves out) is not received; seen_* count that, where the
 * input can tell.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/why.h"
#include "decode/observation.h"
#include "detect/detect.h"

#define INPUT_WHY_BYTES WHY_BYTES
#define INPUT_POLL_MS 10 /* wait no longer than this in poll(): a sampler wakes nobody for a few packets */
#define INPUT_HEADER_BYTES 192 /* most bytes of one packet that enter the process; see ring.c, filter/filter.bpf.c */

/** Exact counts since the input was opened; packets (datagrams for a collector) unless the name says else. */
struct input_counters {
	uint64_t received; /* handed to this input, whatever became of it: the sum of the next eight */
	uint64_t used; /* became observations */
	uint64_t not_ip; /* ARP, LLDP ...: nothing to decode */
	uint64_t truncated; /* ended before its addresses */
	uint64_t malformed; /* contradicts its specification */
	uint64_t unsupported; /* of a kind that is not read */
	uint64_t dropped_kernel; /* AF_PACKET ring or socket buffer full: this process was too slow */
	uint64_t dropped_ring; /* sampler's ring buffer full: this process was too slow */
	uint64_t errors; /* a record that our own kernel side should never write */
	uint64_t seen_packets; /* exact count on the interface, sampled or not; 0: cannot tell */
	uint64_t seen_bytes; /* frame bytes of those, with the link header */
	uint64_t seen_stopped; /* of seen_packets, stopped by rules in force */
	uint64_t kernel_freezes; /* AF_PACKET: times that the ring was full and the queue stood still */
};

/**
 * Takes a batch of observations; they are borrowed for the call.
 *
 * @param arg as handed to the read
 * @param batch in the order of arrival
 * @param count 1..DETECT_BATCH_MAX
 */
typedef void observation_sink(void *arg, const struct observation *batch, size_t count);

/** A frame as it was captured: payload is cut off already. */
struct input_frame {
	const uint8_t *bytes; /* borrowed for the call */
	size_t captured_bytes;
	bool is_ethernet; /* else it begins with the IP header */
	uint32_t sampling; /* packets that it stands for */
	int64_t wall_ns;
};

/** Sees each frame that became an observation. */
typedef void input_tap(void *arg, const struct input_frame *frame);

/**
 * Counts what became of one packet handed to packet_parse().
 *
 * @param counters received and one other member go up by one
 * @param error what packet_parse() returned
 */
static inline void input_count(struct input_counters *counters, int error)
{
	counters->received++;
	if (error == OK)
		counters->used++;
	else if (error == E_UNSUPPORTED)
		counters->not_ip++;
	else if (error == E_TRUNCATED)
		counters->truncated++;
	else
		counters->malformed++;
}
