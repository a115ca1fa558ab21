/*
 * What the flow decoders share: the state kept between datagrams, the rules
 * for sampling, sequence numbers and clocks, and the batch on its way to the
 * sink. Used inside decode/ only; others include flow.h.
 *
 * Does not know the wire formats.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/limits.h"
#include "decode/flow.h"
#include "decode/flow_table.h"
#include "decode/template.h"

#define FLOW_BATCH_MAX 32 /* observations handed to the sink at once; a full NetFlow v5 datagram has 30 */
#define FLOW_AGE_MAX_NS (86400 * NS_PER_S) /* a flow that began longer ago than a day is not believed */
#define FLOW_SKEW_MAX_NS (5 * NS_PER_S) /* an exporter's clock may be off by this much before arrival is used instead */

/** What a note of an exporter is about. */
enum flow_note_kind {
	NOTE_NONE = 0,
	NOTE_SELECTOR, /* sampling rate of a sampler or selector; id is FLOW_SAMPLER_ID or selectorId */
	NOTE_INTERFACE, /* sampling rate of an interface; id is its index */
	NOTE_DROPS, /* sFlow: drops last reported by a data source; not saved */
	NOTE_KIND_COUNT
};

/** One number an exporter told about one of its parts. */
struct flow_note {
	uint64_t id;
	uint32_t value;
	enum flow_note_kind kind;
};

/** One exporter address and domain, as one format speaks of it. */
struct flow_exporter {
	struct ip_addr addr;
	enum flow_format format;
	uint32_t domain; /* source id, observation domain, engine, sub-agent */
	uint64_t epoch[TEMPLATE_KIND_COUNT]; /* templates of another epoch are withdrawn */
	uint32_t live[TEMPLATE_KIND_COUNT]; /* templates of this epoch */
	uint64_t boot_wall_ms; /* systemInitTimeMilliseconds, 0: never said */
	uint32_t sampling; /* for all of the domain, 0: never said */
	uint32_t selector_least; /* smallest rate among the selectors, 0: none */
	uint32_t sequence_next;
	bool sequence_known;
	uint8_t note_count;
	struct flow_note notes[LIMIT_FLOW_NOTES];
};

struct flow_state {
	struct flow_config config;
	struct flow_counters counters[FLOW_FORMAT_COUNT];
	uint64_t epoch_last; /* epochs are never used twice */
	struct flow_table exporter_table;
	struct flow_exporter *exporters; /* by place in exporter_table */
	struct flow_table template_table;
	struct template *templates; /* by place in template_table */
};

/** One datagram on its way through. */
struct flow_context {
	struct flow_state *state;
	struct flow_counters *counters; /* of its format */
	const struct ip_addr *sender;
	int64_t arrived_wall_ns;
	uint32_t exporter_index;
	uint32_t batch_count;
	flow_sink *sink;
	void *arg;
	struct observation batch[FLOW_BATCH_MAX];
};

/** What a datagram's header says about time, and what is made of it. */
struct flow_clock {
	int64_t export_wall_ns; /* by the exporter's clock */
	int64_t shift_ns; /* added to its times: 0, or what brings an unbelievable clock to the arrival */
	uint32_t uptime_ms; /* SysUptime, where the format has one */
};

/** The exporter, made known if it is not; the least recently heard makes room. Borrowed until the datagram's end. */
struct flow_exporter *flow_exporter_heard(struct flow_context *ctx, enum flow_format format, const struct ip_addr *addr,
	uint32_t domain);

/** Another domain of the same address and format, NULL if it was never heard. */
const struct flow_exporter *flow_exporter_find(const struct flow_state *state, enum flow_format format,
	const struct ip_addr *addr, uint32_t domain);

/** Forgets all exporters and templates; counters stay. */
void flow_state_clear(struct flow_state *state);

/** A note of an exporter, NULL if there is none. */
const struct flow_note *flow_note_find(const struct flow_exporter *exporter, enum flow_note_kind kind, uint64_t id);

/**
 * Notes a number, over the older one of the same kind and id.
 *
 * @return OK, or E_LIMIT: LIMIT_FLOW_NOTES are there
 */
MUST_USE int flow_note_set(struct flow_exporter *exporter, enum flow_note_kind kind, uint64_t id, uint32_t value);

/** Whether a sampling rate is believed; one that is not is counted. */
bool flow_sampling_sound(struct flow_context *ctx, uint64_t sampling);

/** The rate for records of a domain that name no sampler; never 0. */
uint32_t flow_sampling_default(const struct flow_state *state, const struct flow_exporter *exporter);

/**
 * Takes a sequence number and counts what was lost before it. A number a little behind is a reordered datagram, one
 * far from what was expected is a restarted exporter: neither is a loss.
 *
 * @param sequence number of the first unit in this datagram
 * @param units units in this datagram: v5 flows, IPFIX data records, otherwise 1
 * @param units_max most units one datagram can hold, the scale for "a little"
 */
void flow_sequence_take(struct flow_context *ctx, struct flow_exporter *exporter, uint32_t sequence, uint32_t units,
	uint32_t units_max);

/** Judges a header's time against the arrival. */
struct flow_clock flow_clock_judge(struct flow_context *ctx, int64_t export_wall_ns, uint32_t uptime_ms);

/** Sets the observation's times, or the datagram's own for a pair outside sense. Times are those of the exporter's clock. */
static inline void flow_times_set(struct flow_context *ctx, const struct flow_clock *clock, int64_t start_ns, int64_t end_ns,
	struct observation *obs)
{
	if (start_ns > end_ns || end_ns > clock->export_wall_ns + FLOW_SKEW_MAX_NS ||
		start_ns < clock->export_wall_ns - FLOW_AGE_MAX_NS) {
		ctx->counters->clock_refused++;
		start_ns = clock->export_wall_ns;
		end_ns = clock->export_wall_ns;
	}
	obs->start_ns = start_ns + clock->shift_ns;
	obs->end_ns = end_ns + clock->shift_ns;
}

/** Whether a protocol's header begins with a source and a destination port. */
static inline bool protocol_has_ports(uint8_t protocol)
{
	return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP || protocol == PROTOCOL_SCTP ||
		protocol == PROTOCOL_UDPLITE || protocol == 33 /* DCCP */;
}

/** Bytes a packet, 0 for no packets; 32-bit division where it will do, for it is several times as fast. */
static inline uint64_t mean_bytes(uint64_t bytes, uint64_t packets)
{
	if (packets <= 1)
		return packets == 1 ? bytes : 0;
	return (bytes | packets) >> 32 == 0 ? (uint32_t)bytes / (uint32_t)packets : bytes / packets;
}

/**
 * Settles what all flow records share once addresses, protocol, ports, flags and counts are in: members that the
 * protocol does not have are cleared, means are computed. Of payloads only that of UDP is known, for its headers have
 * one length; dst_port of ICMP is type and code, as every exporter sends it (and icmp_type stays if it was set).
 */
static inline void flow_record_settle(struct observation *obs)
{
	uint64_t length_bytes = mean_bytes(obs->bytes, obs->packets);
	obs->length_bytes = length_bytes > UINT16_MAX ? UINT16_MAX : (uint16_t)length_bytes;
	obs->traits |= TRAIT_FLOW;
	if (obs->protocol == PROTOCOL_TCP && (obs->traits & TRAIT_FRAGMENT_LATER) == 0)
		return;
	if (obs->protocol == PROTOCOL_UDP && (obs->traits & TRAIT_FRAGMENT_LATER) == 0) {
		unsigned headers_bytes = ip_is_v4(&obs->src) ? 28 : 48;
		obs->payload_bytes = obs->length_bytes > headers_bytes ? (uint16_t)(obs->length_bytes - headers_bytes) : 0;
	}
	if (obs->protocol != PROTOCOL_TCP)
		obs->tcp_flags = 0;
	if ((obs->protocol == PROTOCOL_ICMP || obs->protocol == PROTOCOL_ICMPV6) && (obs->icmp_type | obs->icmp_code) == 0) {
		obs->icmp_type = (uint8_t)(obs->dst_port >> 8);
		obs->icmp_code = (uint8_t)obs->dst_port;
	}
	if (!protocol_has_ports(obs->protocol) || (obs->traits & TRAIT_FRAGMENT_LATER) != 0) {
		obs->src_port = 0;
		obs->dst_port = 0;
	}
}

/** The next free observation of the batch, to be filled; it counts once flow_batch_keep() is called. */
static inline struct observation *flow_batch_next(struct flow_context *ctx)
{
	return &ctx->batch[ctx->batch_count];
}

/** Hands what is in the batch to the sink. */
void flow_batch_flush(struct flow_context *ctx);

/** Keeps the observation that was last got from flow_batch_next(). */
static inline void flow_batch_keep(struct flow_context *ctx)
{
	if (++ctx->batch_count == FLOW_BATCH_MAX)
		flow_batch_flush(ctx);
}
