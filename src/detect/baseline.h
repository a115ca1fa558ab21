/*
 * What is normal: learned rates of protected hosts and of the sites around
 * them, for each hour of the day, by protocol, direction and service. Beside
 * the absolute thresholds, not instead of them.
 *
 * Learns the highest second of each minute, as a high quantile that moves in
 * small steps: an hour of attack traffic moves one hour of the day by a few
 * steps and no more, minutes with an open finding are not learned, and what
 * is far above the norm counts for little until it has come again for days.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/hash.h"
#include "core/ip.h"
#include "decode/observation.h"

enum baseline_metric {
	BASELINE_PPS = 0, /* packets in */
	BASELINE_BPS, /* bits in */
	BASELINE_TCP_PPS,
	BASELINE_UDP_PPS,
	BASELINE_ICMP_PPS,
	BASELINE_SYN_PPS,
	BASELINE_DNS_PPS, /* queries to UDP port 53 */
	BASELINE_QUIC_PPS, /* to UDP port 443 */
	BASELINE_NTP_PPS,
	BASELINE_VPN_PPS,
	BASELINE_OUT_PPS, /* packets out */
	BASELINE_OUT_BPS,
	BASELINE_METRICS
};

#define BASELINE_FLOOR_PPS 1000 /* no learned threshold is lower */
#define BASELINE_FLOOR_BPS 10000000

struct baseline; /* opaque */

/** The name that findings give a learned threshold: "learned_udp_pps". Static text. */
const char *baseline_metric_name(enum baseline_metric metric);

/** @return NULL: no memory */
struct baseline *baseline_new(const struct hash_key *key, uint64_t memory_bytes);
void baseline_free(struct baseline *baseline);

/**
 * Counts an observation for the host and its site.
 *
 * @param host the protected end
 * @param site the site it belongs to, masked
 * @param obs the observation
 * @param is_out sent by the host
 * @param packets corrected for sampling
 * @param bytes corrected for sampling
 */
void baseline_count(struct baseline *baseline, const struct ip_addr *host, const struct ip_addr *site,
	const struct observation *obs, bool is_out, uint64_t packets, uint64_t bytes);

/** Closes seconds and minutes that have passed. Cheap when none has. */
void baseline_advance(struct baseline *baseline, int64_t now_ns);

/** Keeps the present minute of an end from being learned: a finding is open there. */
void baseline_distrust(struct baseline *baseline, const struct ip_addr *end);

/**
 * The learned threshold of an end at a time of day.
 *
 * @param ret_limit per second, filled on true
 * @return false while less than an hour has been learned around this hour
 */
bool baseline_limit(const struct baseline *baseline, const struct ip_addr *end, enum baseline_metric metric,
	int64_t now_ns, uint64_t *ret_limit);

uint64_t baseline_memory_bytes(const struct baseline *baseline);

/** What was learned, as bytes; see the top of baseline.c. The caller frees. */
MUST_USE int baseline_save(const struct baseline *baseline, uint8_t **ret_bytes, size_t *ret_length_bytes);

/** Takes in what baseline_save() wrote. @return OK, E_TRUNCATED, E_MALFORMED, E_UNSUPPORTED (another version) */
MUST_USE int baseline_load(struct baseline *baseline, const uint8_t *bytes, size_t length_bytes);
