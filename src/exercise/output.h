/*
 * Where generated packets go: a capture of themselves, or a capture of what
 * a router would tell about them (flow records or samples in UDP datagrams
 * to a collector).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "exercise/exporter.h"
#include "exercise/frame.h"

struct output_config {
	const char *path; /* "-": standard output */
	enum exporter_format format; /* EXPORTER_UNKNOWN: the packets themselves */
	bool is_v4;
	uint32_t sampling; /* one packet in this many is looked at; 1: all */
	uint64_t active_ms; /* of the flow cache */
	uint64_t inactive_ms;
	uint64_t seed; /* of the sampling */
	int64_t start_wall_ns; /* wall-clock time of time_ns 0 */
};

struct output; /* opaque */

/**
 * @param config copied
 * @param ret_output owned by the caller
 * @return OK, E_SYS: the file cannot be written, E_NOMEM
 */
MUST_USE int output_new(const struct output_config *config, struct output **ret_output);
void output_free(struct output *output);

/** Takes the next packet. Returns OK or E_SYS. */
MUST_USE int output_add(struct output *output, const struct packet *packet);

/** Writes what waits, at the end of the exercise. Returns OK or E_SYS. */
MUST_USE int output_finish(struct output *output, int64_t now_ns);

/** Packets written to the file so far: packets, or datagrams of an exporter. */
uint64_t output_written(const struct output *output);

/** Packets that were looked at: all of them, or those that the sampling took. */
uint64_t output_looked_at(const struct output *output);
