/*
 * What `generate` and `live` are asked for on the command line.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "exercise/exporter.h"
#include "exercise/scenario.h"

struct options {
	struct scenario_options scenario;
	const char *scenario_name; /* NULL: vector */
	const char *vector;
	const char *output_path; /* generate */
	const char *labels_path; /* generate, NULL: none */
	enum exporter_format format; /* generate, EXPORTER_UNKNOWN: pcap */
	uint64_t sampling;
	uint64_t active_ms;
	uint64_t inactive_ms;
	int64_t start_wall_ns;
	uint64_t threshold_pps; /* live: the sensor's host_pps */
	const char *sensor_path; /* live, NULL: found beside this program */
	bool is_plain; /* live: one line per event */
	bool is_json; /* live: machine-readable results at the end */
};

/**
 * Reads the command line.
 *
 * @param argc count of arguments, the subcommand's name first
 * @param argv arguments
 * @param options defaults, changed
 * @return OK, or E_CONFIG: one line has been written to standard error
 */
MUST_USE int options_parse(int argc, char **argv, struct options *options);

/** Makes the scenario that the options ask for; on an error one line has been written to standard error. */
MUST_USE int options_scenario(const struct options *options, struct scenario *ret_scenario);

/** The name of an output format. Static text. */
const char *options_format_name(enum exporter_format format);
