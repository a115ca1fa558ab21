/*
 * The detection engine: observations in, findings out. Owns all state of all
 * detectors, in memory whose size is fixed when it is made. Knows no clock:
 * time is that of the observations, and of detect_advance().
 *
 * One engine belongs to one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/ip.h"
#include "decode/observation.h"
#include "intel/intel.h"
#include "record/finding.h"

#define DETECT_BATCH_MAX 256 /* observations that detect_observe() takes at once */

/** Where a flood begins, for one network. 0 means: not watched by this. Rates are per second, corrected for sampling. */
struct detect_threshold {
	struct ip_prefix network; /* applies to addresses in here, the longest match wins */
	uint64_t host_pps; /* packets to one address */
	uint64_t host_bps; /* bits to one address */
	uint64_t host_tcp_pps;
	uint64_t host_udp_pps;
	uint64_t host_icmp_pps;
	uint64_t host_syn_pps;
	uint64_t prefix_pps; /* packets to a covering prefix (carpet bombing) */
	uint64_t prefix_bps;
	uint64_t outbound_pps; /* packets from one of our addresses */
};

struct detect_config {
	char sensor[FINDING_SENSOR_BYTES]; /* named in findings */
	struct detect_threshold defaults; /* its network is ignored */
	const struct detect_threshold *networks; /* borrowed until detect_new() returns */
	size_t network_count;
	bool offline; /* a file: volume alone is judged on the file's own scale, down to offline_packets */
	uint64_t offline_packets; /* smallest flood worth naming in a file, packets */
	bool learn; /* learned baselines beside the thresholds */
	uint64_t memory_bytes; /* cap on all state of the engine */
	uint32_t senders_max; /* addresses that detect_senders() can name; 0: none are kept. In a quarter of the memory at most */
	int64_t end_quiet_ms; /* below the threshold for this long: the finding ends */
	uint64_t seed; /* of the hash keys; 0: from the kernel */
};

/** Exact counts. in = used + ignored. */
struct detect_counters {
	uint64_t observations;
	uint64_t packets; /* corrected for sampling */
	uint64_t bytes;
	uint64_t class_packets[FLOW_CLASS_COUNT];
	uint64_t late; /* observations older than the memory of rates: counted in totals, not in rates */
	uint64_t early; /* from the future beyond belief: time clamped */
	uint64_t targets_evicted; /* an address made room for a busier one */
	uint64_t watched_refused; /* all profiles were in use */
	uint64_t sources_evicted;
	uint64_t findings_begun;
	uint64_t findings_ended;
	uint64_t findings_refused; /* cap on open findings */
};

struct detect; /* opaque */

/** Called for each finding; the struct is borrowed for the call. */
typedef void detect_sink(void *arg, const struct finding *finding);

/** Defaults that fit a 10 Gbit/s member. */
struct detect_config detect_config_default(void);

/**
 * @param config copied
 * @param intel borrowed for the life of the engine
 * @param sink called from within observe, advance and finish
 * @param arg handed to sink
 * @param ret_detect owned by the caller
 * @return OK, E_NOMEM, or E_CONFIG: memory_bytes is below the least the engine can work with
 */
MUST_USE int detect_new(const struct detect_config *config, const struct intel *intel, detect_sink *sink, void *arg,
	struct detect **ret_detect);
void detect_free(struct detect *detect);

/**
 * Takes observations in. Also advances time to the newest of them, for captures and files.
 *
 * @param batch up to DETECT_BATCH_MAX, in any order
 * @param count how many
 */
void detect_observe(struct detect *detect, const struct observation *batch, size_t count);

/** Tells that time has come to now, so that silence is noticed; call at least every 50 ms when live. */
void detect_advance(struct detect *detect, int64_t now_wall_ns);

/** No more observations will come: judges what is open and ends it. */
void detect_finish(struct detect *detect);

const struct detect_counters *detect_counters_of(const struct detect *detect);

/** One address and its present rates, for the status page. */
struct detect_talker {
	struct ip_addr addr;
	uint64_t pps;
	uint64_t bps;
	bool is_attacked;
};

/**
 * The busiest destinations of the last second.
 *
 * @param ret_talkers filled, largest packet rate first
 * @param max room in it
 * @return how many
 */
size_t detect_top(const struct detect *detect, struct detect_talker *ret_talkers, size_t max);

/**
 * Findings that are open now.
 *
 * @param sink called for each
 * @param arg handed to sink
 */
void detect_open(struct detect *detect, detect_sink *sink, void *arg);

/**
 * The addresses that attack one host over true TCP connections, those that a finding has no room for among them: bots by
 * the same verdict as there. Who was a client of the host before the attack is not known to the engine.
 *
 * @param target of an open flood; others have none
 * @param ret_addrs filled, in no order
 * @param max room in it
 * @return how many
 */
size_t detect_senders(const struct detect *detect, const struct ip_prefix *target, struct ip_addr *ret_addrs, size_t max);

/** Memory in use by the engine, bytes; never above config.memory_bytes. */
uint64_t detect_memory_bytes(const struct detect *detect);

/** Learned baselines as bytes, to survive a restart; the caller frees. E_STATE where config.learn is off. */
MUST_USE int detect_save(const struct detect *detect, uint8_t **ret_bytes, size_t *ret_length_bytes);

/** Reads what detect_save() wrote; hostile bytes are refused whole. */
MUST_USE int detect_load(struct detect *detect, const uint8_t *bytes, size_t length_bytes);
