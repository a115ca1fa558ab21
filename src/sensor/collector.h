/*
 * Receives flow exports on UDP sockets and decodes them. Datagrams are taken
 * in batches (recvmmsg(2)) from sockets with large buffers; with several
 * sockets (SO_REUSEPORT) the kernel keeps each exporter on one of them.
 *
 * Exact accounting, in datagrams:
 *   received = used + not_allowed + not_flow + malformed + dropped_kernel
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "decode/flow.h"
#include "sensor/config.h"
#include "sensor/exporters.h"
#include "sensor/input.h"

#define COLLECTOR_EXPORTER_BASE 1024 /* observation.exporter: this plus the place in struct exporters */

struct collector; /* opaque */

struct collector_counters {
	uint64_t received; /* sent to the socket, whatever became of it */
	uint64_t used; /* decoded to the end */
	uint64_t not_allowed; /* the sender is not in exporters = {...} */
	uint64_t not_flow; /* no NetFlow, IPFIX or sFlow */
	uint64_t malformed; /* refused or cut short inside; what came before the fault was used */
	uint64_t dropped_kernel; /* the socket's buffer was full */
	uint64_t bytes; /* of the datagrams that were read */
	uint64_t records; /* observations handed on */
};

/**
 * @param config borrowed for the life of the collector
 * @param flow templates and sampling, shared by all collectors; borrowed
 * @param exporters counters, shared by all collectors; borrowed
 * @param ret_collector owned by the caller
 * @param ret_why filled on failure: one line
 * @return OK, E_NOMEM or E_SYS
 */
MUST_USE int collector_open(const struct config_collector *config, struct flow_state *flow, struct exporters *exporters,
	struct collector **ret_collector, char ret_why[static INPUT_WHY_BYTES]);
void collector_free(struct collector *collector);

/** Its sockets, for the loop. @return how many were filled */
size_t collector_fds(const struct collector *collector, int ret_fds[static CONFIG_SOCKETS_MAX]);

/** Bytes of receive buffer that each socket really got. */
uint64_t collector_buffer_bytes(const struct collector *collector);

/**
 * Reads one batch of datagrams from one of the sockets and decodes it.
 *
 * @param fd one of collector_fds()
 * @param now_wall_ns taken as the time of arrival
 * @param sink called with batches of observations
 * @param arg handed to sink
 * @return OK: a full batch, there may be more; E_AGAIN: all was read
 */
MUST_USE int collector_read(struct collector *collector, int fd, int64_t now_wall_ns, observation_sink *sink, void *arg);

/** Counts until now, drops in the kernel included. */
struct collector_counters collector_counters_of(struct collector *collector);
