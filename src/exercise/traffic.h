/*
 * A scenario as a stream of packets in the order of their times, and the
 * exact truth about what was sent. Holds one packet per stream, so a long
 * exercise needs no more memory than a short one.
 *
 * The same scenario (with its seed) gives the same packets, always.
 */
#pragma once

#include <stdint.h>

#include "core/err.h"
#include "exercise/frame.h"
#include "exercise/scenario.h"

#define TRAFFIC_STREAMS_MAX (SCENARIO_ATTACKS_MAX * SCENARIO_STREAMS_MAX)

/** What one attack stream has sent so far. */
struct traffic_truth {
	const struct scenario_attack *attack;
	const struct scenario_stream *stream;
	uint64_t packets;
	uint64_t bytes; /* IP bytes */
	uint64_t responses; /* packets of the attacked host because of it */
	int64_t first_ns; /* since the exercise began; meaningless while packets is 0 */
	int64_t last_ns;
};

struct traffic; /* opaque */

/**
 * @param scenario copied
 * @param ret_traffic owned by the caller, free with traffic_free()
 * @return OK or E_NOMEM
 */
MUST_USE int traffic_new(const struct scenario *scenario, struct traffic **ret_traffic);
void traffic_free(struct traffic *traffic);

/** When the next packet is due, since the exercise began; INT64_MAX: there is none. */
int64_t traffic_due_ns(const struct traffic *traffic);

/**
 * Makes the next packet.
 *
 * @param ret_packet filled; its fill is borrowed until traffic_free()
 * @return OK, or E_END: the exercise is over
 */
MUST_USE int traffic_next(struct traffic *traffic, struct packet *ret_packet);

/** How many attack streams there are; packet.origin is below this or PACKET_ORIGIN_CLIENT. */
size_t traffic_stream_count(const struct traffic *traffic);

/** The truth about one stream, borrowed. */
const struct traffic_truth *traffic_truth_of(const struct traffic *traffic, size_t index);

/** Packets of legitimate clients so far. */
uint64_t traffic_client_packets(const struct traffic *traffic);
