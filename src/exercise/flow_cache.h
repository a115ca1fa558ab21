/*
 * A router's flow cache: packets in, flow records out after their active or
 * inactive timeout, or when the cache is full. A fixed number of places.
 */
#pragma once

#include <stdint.h>

#include "core/err.h"
#include "core/ip.h"
#include "exercise/frame.h"

/** What the cache tells of one flow. */
struct flow_record {
	struct ip_addr src;
	struct ip_addr dst;
	uint16_t src_port;
	uint16_t dst_port; /* ICMP: type * 256 + code, as NetFlow v5 does */
	uint8_t protocol;
	uint8_t tcp_flags; /* of all packets */
	uint8_t ttl_min;
	uint64_t packets;
	uint64_t bytes;
	int64_t first_ns; /* since the exercise began */
	int64_t last_ns;
};

struct flow_cache; /* opaque */

/** Takes a finished flow; the record is borrowed. Returns OK or E_SYS. */
typedef int flow_cache_sink(void *arg, const struct flow_record *record, int64_t now_ns);

/**
 * @param active_ms a flow that goes on is told after this long
 * @param inactive_ms a flow is over after this long without a packet
 * @param places how many flows at once, a power of two
 * @param sink called for each finished flow
 * @param arg handed to sink
 * @param ret_cache owned by the caller
 * @return OK or E_NOMEM
 */
MUST_USE int flow_cache_new(uint64_t active_ms, uint64_t inactive_ms, uint32_t places, flow_cache_sink *sink, void *arg,
	struct flow_cache **ret_cache);
void flow_cache_free(struct flow_cache *cache);

/** Counts one packet, and tells of all flows that ended meanwhile. Returns OK or the sink's error. */
MUST_USE int flow_cache_add(struct flow_cache *cache, const struct packet *packet);

/** Tells of all flows that are left. Returns OK or the sink's error. */
MUST_USE int flow_cache_flush(struct flow_cache *cache, int64_t now_ns);
