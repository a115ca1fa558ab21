/*
 * What `generate`, `live` and `run` are asked for on the command line.
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
	uint64_t threshold_pps; /* live, run: the sensor's host_pps; 0: the scenario's */
	const char *sensor_path; /* live, NULL: found beside this program */
	bool is_plain; /* live: one line per event */
	bool is_json; /* live, run: machine-readable results at the end */
	const char *effector; /* run: "xdp" or "nft" */
	const char *keep; /* run: a directory that is made, gets all files, and stays; NULL: a temporary one */
	bool has_mailbox; /* run: with a day of mail */
	bool is_alone; /* run: not a second time without Hinomi */
	uint64_t page_port; /* run: where the tower's page is, on 127.0.0.1; 0: no tower */
	uint64_t guest_ms; /* run: how long to wait for somebody who joins at the page; 0: not at all */
	bool is_progress; /* run: the record of the run on standard output, a line a second, and nothing for people */
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

/** The sensor's threshold: of the command line, else of the scenario, else the default given. */
uint64_t options_threshold_pps(const struct options *options, const struct scenario *scenario, uint64_t default_pps);

/** The name of an output format. Static text. */
const char *options_format_name(enum exporter_format format);
