/*
 * Flow exports: one UDP payload of NetFlow v5, v9, IPFIX or sFlow v5 into
 * observations. The version is found by looking. State that the formats
 * keep between datagrams (templates, sampling, sequence numbers) lives in a
 * struct flow_state owned by the caller, bounded by its own configuration.
 *
 * NetFlow v5: Cisco's published format; v9: RFC 3954; IPFIX: RFC 7011-7012;
 * sFlow v5: sflow.org/sflow_version_5.txt.
 *
 * Does no I/O; does not check who may send (the socket's owner does).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/ip.h"
#include "decode/observation.h"

enum flow_format {
	FLOW_UNKNOWN = 0,
	FLOW_NETFLOW5,
	FLOW_NETFLOW9,
	FLOW_IPFIX,
	FLOW_SFLOW5,
	FLOW_FORMAT_COUNT
};

const char *flow_format_name(enum flow_format format);

/** Tells a format from a datagram's first bytes; FLOW_UNKNOWN for anything else. */
enum flow_format flow_format_of(const uint8_t *bytes, size_t length_bytes);

/** What happened, exactly; in = used + the rest. Never reset. */
struct flow_counters {
	uint64_t datagrams;
	uint64_t datagrams_malformed; /* refused at the header, or cut short inside */
	uint64_t records; /* observations handed out */
	uint64_t records_no_ip; /* data records without an IP address pair (options, layer 2 only, counters, discards) */
	uint64_t records_empty; /* data records of no packets and no bytes (events such as address translation) */
	uint64_t records_malformed; /* contradictory record: skipped */
	uint64_t sets_unknown_template; /* data sets skipped: template not (yet) known */
	uint64_t templates_learned;
	uint64_t templates_withdrawn;
	uint64_t templates_changed; /* same id, other layout */
	uint64_t templates_refused; /* our cap, or a template that describes nothing */
	uint64_t templates_evicted; /* room made at the cap: the least recently heard went */
	uint64_t exporters_evicted; /* the same for exporter + domain pairs */
	uint64_t sampling_refused; /* absurd sampling rate (0 or above the cap), or a sampler above the cap: the last good one stays */
	uint64_t sequence_gaps; /* records or datagrams the exporter sent and we never saw */
	uint64_t exporter_drops; /* samples that an sFlow agent says it lost itself */
	uint64_t clock_refused; /* start or end outside sense: the datagram's own time is used; also once per datagram
				 * whose own time is outside sense: its arrival is used */
};

struct flow_state; /* opaque: templates and sampling per exporter and domain */

struct flow_config {
	uint32_t exporters_max; /* exporter address + domain pairs remembered; the oldest makes room */
	uint32_t templates_max; /* templates over all exporters */
	uint32_t sampling_max; /* largest believable sampling rate, 1:this */
	uint32_t default_sampling; /* for exporters that never say; 1 */
};

/** Defaults from core/limits.h. */
struct flow_config flow_config_default(void);

/**
 * @param config copied
 * @return owned by the caller, free with flow_state_free(); NULL: no memory
 */
struct flow_state *flow_state_new(const struct flow_config *config);
void flow_state_free(struct flow_state *state);

/** Called for each batch of observations of one datagram. */
typedef void flow_sink(void *arg, const struct observation *batch, size_t count);

/**
 * Decodes one datagram.
 *
 * @param state templates and sampling, changed
 * @param exporter the sender's address (key of the templates together with the domain id)
 * @param exporter_index copied into each observation
 * @param arrived_wall_ns when the datagram came: the reference for records without sound times
 * @param bytes the UDP payload, borrowed
 * @param length_bytes its length
 * @param sink called with observations, zero or more times, before the return
 * @param arg handed to sink
 * @return OK; E_UNSUPPORTED not a flow export; E_TRUNCATED or E_MALFORMED: what came before the fault was delivered
 */
MUST_USE int flow_parse(struct flow_state *state, const struct ip_addr *exporter, uint32_t exporter_index,
	int64_t arrived_wall_ns, const uint8_t *bytes, size_t length_bytes, flow_sink *sink, void *arg);

/** What happened since the start; borrowed. */
const struct flow_counters *flow_counters_of(const struct flow_state *state, enum flow_format format);

/**
 * Writes templates and sampling, so that a restarted collector understands the next datagram.
 * Versioned, checksummed; see flow_saved.c for the bytes.
 *
 * @param state to be saved
 * @param ret_bytes set to a malloc'ed buffer the caller frees
 * @param ret_length_bytes its length
 * @return OK or E_NOMEM
 */
MUST_USE int flow_state_save(const struct flow_state *state, uint8_t **ret_bytes, size_t *ret_length_bytes);

/**
 * Reads what flow_state_save() wrote, into an empty state. The file is treated as hostile.
 *
 * @return OK, E_MALFORMED, E_TRUNCATED, E_UNSUPPORTED (another version), E_LIMIT, E_STATE (not empty); after a failure the
 *         state is as empty as it was
 */
MUST_USE int flow_state_load(struct flow_state *state, const uint8_t *bytes, size_t length_bytes);
