/*
 * A flow exporter: flow records (NetFlow v5, v9: RFC 3954, IPFIX: RFC 7011)
 * or sampled headers (sFlow v5) into datagrams.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "exercise/flow_cache.h"
#include "exercise/frame.h"

#define EXPORTER_DATAGRAM_BYTES 1472 /* UDP payload of an Ethernet frame */

enum exporter_format {
	EXPORTER_UNKNOWN = 0,
	EXPORTER_NETFLOW5,
	EXPORTER_NETFLOW9,
	EXPORTER_IPFIX,
	EXPORTER_SFLOW,
};

/** Takes a finished datagram, borrowed for the call. Returns OK or E_SYS. */
typedef int exporter_sink(void *arg, const uint8_t *bytes, size_t length_bytes, int64_t time_ns);

struct exporter {
	enum exporter_format format;
	bool is_v4; /* which template the records need */
	uint32_t sampling; /* 1:n, as told in the datagrams */
	int64_t start_wall_ns; /* wall-clock time of time_ns 0 */
	exporter_sink *sink;
	void *arg;
	uint32_t datagrams;
	uint32_t records; /* flow records, or samples */
	uint16_t pending; /* records in the datagram */
	int64_t opened_ns; /* time of the first of them */
	size_t set_at; /* where the data set of the datagram begins */
	size_t used_bytes;
	uint8_t datagram[EXPORTER_DATAGRAM_BYTES];
};

/** Adds a flow record; not for sFlow. Returns OK or the sink's error. */
MUST_USE int exporter_add_flow(struct exporter *exporter, const struct flow_record *record, int64_t now_ns);

/** Adds a sampled packet; sFlow only. Returns OK or the sink's error. */
MUST_USE int exporter_add_sample(struct exporter *exporter, const struct packet *packet);

/** Sends what waits. Returns OK or the sink's error. */
MUST_USE int exporter_flush(struct exporter *exporter, int64_t now_ns);

/** The UDP port where collectors listen for a format. */
uint16_t exporter_port(enum exporter_format format);
