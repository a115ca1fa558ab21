/*
 * The header sample: what packets looked like during the last minutes, so
 * that a rule can be tried on the traffic before an attack and on the attack.
 * It lives in memory alone, in a size that is given, and forgets.
 *
 * Holds facts that rules can ask for; of a payload the names of its
 * signatures, and no byte. It is never written anywhere, and nothing reads it
 * but the making of rules. Has no clock: time comes with the packets.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/ip.h"
#include "rules/packet.h"

#define SAMPLE_PACKETS_MIN 64 /* of a slice */
#define SAMPLE_PACKETS_MAX 65536
#define SAMPLE_SLICES_MAX 3600
#define SAMPLE_VIEW_MAX 1024 /* packets of a view: one of them is a permille */

/** A packet and how many it stands for. */
struct sampled {
	struct packet_facts facts; /* with names (rule_facts_name()) */
	double packets;
};

/** The packets to some prefixes during some time, thinned to what a view holds; their weights add up to all. */
struct sample_view {
	double span_s; /* time that is covered; 0: nothing is known of it */
	uint32_t source_count; /* distinct sources, good ones among them, where they were counted; 0: they were not */
	size_t count;
	struct sampled packets[SAMPLE_VIEW_MAX];
};

struct sample; /* opaque */

struct sample_config {
	int64_t slice_ns; /* at least 1 ms */
	uint32_t slice_count; /* slices that are kept: older ones are forgotten */
	uint32_t slice_packets; /* of each, SAMPLE_PACKETS_MIN..MAX; the latest two keep sixteen times as many */
	uint64_t seed; /* of what is kept by chance; 0: drawn */
};

/**
 * @param config read, not kept
 * @param ret_sample owned by the caller
 * @return OK, E_LIMIT (a number of the configuration) or E_NOMEM
 */
MUST_USE int sample_new(const struct sample_config *config, struct sample **ret_sample);

/** Wipes and frees. */
void sample_free(struct sample *sample);

/** Memory that a sample of this configuration takes, bytes. */
size_t sample_bytes(const struct sample_config *config);

/**
 * Adds a packet. Of each slice a fair part is kept: of each sixteenth of all destinations equally many, so that a flood
 * at one of them does not push out the rest.
 *
 * @param sample takes a copy, without payload
 * @param facts of the packet
 * @param packets how many it stands for (sampling), above 0
 * @param now_ns on any clock; a time of before the latest two slices is refused, and counted
 */
void sample_add(struct sample *sample, const struct packet_facts *facts, double packets, int64_t now_ns);

/** Forgets what is too old by now, for times without packets. */
void sample_forget(struct sample *sample, int64_t now_ns);

/**
 * Forgets what went to some prefixes during some time: an attack that is over is no sample of good traffic for the next.
 * The time stays counted, so that rates of a view over it are a little low; shares of it are right.
 *
 * @param sample loses the packets
 * @param prefixes destinations
 * @param prefix_count of prefixes
 * @param from_ns begin, included
 * @param to_ns end, not included
 */
void sample_erase(struct sample *sample, const struct ip_prefix *prefixes, size_t prefix_count, int64_t from_ns, int64_t to_ns);

/**
 * Takes those out of a list of addresses that were clients: who spoke over TCP, beyond a handshake, to some prefixes during
 * some time.
 *
 * @param sample to be looked at
 * @param prefixes destinations
 * @param prefix_count of prefixes
 * @param from_ns begin, included
 * @param to_ns end, not included
 * @param addrs sorted, and those that are left moved to the front
 * @param count of addrs, changed
 * @return OK or E_NOMEM
 */
MUST_USE int sample_spare(const struct sample *sample, const struct ip_prefix *prefixes, size_t prefix_count, int64_t from_ns,
	int64_t to_ns, struct ip_addr *addrs, size_t *count);

/** Packets that came too late for their slice. */
uint64_t sample_late(const struct sample *sample);

/**
 * Takes a view.
 *
 * @param sample to be looked at; what is kept by chance from a view that is too large is drawn from its sequence
 * @param prefixes destinations
 * @param prefix_count of prefixes
 * @param from_ns begin, included; nothing is known of before the first packet and of what is forgotten
 * @param to_ns end, not included
 * @param ret_view filled
 */
void sample_take(struct sample *sample, const struct ip_prefix *prefixes, size_t prefix_count, int64_t from_ns, int64_t to_ns,
	struct sample_view *ret_view);
