/*
 * Plays a scenario into a file, as fast as it goes; time is the scenario's
 * own, and begins with the minute in which the floods of 26 December 2024
 * were first seen (07:24 in Tokyo), so that two runs give the same bytes.
 */
#include "exercise/generate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "exercise/labels.h"
#include "exercise/options.h"
#include "exercise/output.h"
#include "exercise/traffic.h"

#define START_WALL_NS (INT64_C(1735165440) * NS_PER_S) /* 2024-12-25 22:24 UTC */

static int play(const struct options *options, const struct scenario *scenario, struct traffic *traffic,
	struct output *output)
{
	struct packet packet;
	int error = OK;
	while (error == OK && traffic_next(traffic, &packet) == OK)
		error = output_add(output, &packet);
	int finished = output_finish(output, (int64_t)scenario->duration_ms * NS_PER_MS);
	if (error != OK || finished != OK) {
		fprintf(stderr, "hinomi-exercise: %s: %s\n", options->output_path, strerror(errno));
		return E_SYS;
	}
	if (options->labels_path == NULL)
		return OK;
	error = labels_write(options->labels_path, scenario, traffic, options->start_wall_ns,
		options_format_name(options->format), (uint32_t)options->sampling, output_written(output));
	if (error != OK)
		fprintf(stderr, "hinomi-exercise: %s: cannot write\n", options->labels_path);
	return error;
}

static int open_and_play(const struct options *options, const struct scenario *scenario)
{
	struct output_config config = {.path = options->output_path, .format = options->format, .is_v4 = scenario->is_v4,
		.sampling = (uint32_t)options->sampling, .active_ms = options->active_ms, .inactive_ms = options->inactive_ms,
		.seed = scenario->seed, .start_wall_ns = options->start_wall_ns};
	struct traffic *traffic = NULL;
	struct output *output = NULL;

	int error = traffic_new(scenario, &traffic);
	if (error == OK)
		error = output_new(&config, &output);
	if (error != OK)
		fprintf(stderr, "hinomi-exercise: %s: %s\n", options->output_path, strerror(errno));
	else
		error = play(options, scenario, traffic, output);
	output_free(output);
	traffic_free(traffic);
	return error == OK ? 0 : 1;
}

int generate_main(int argc, char **argv)
{
	struct options options = {.scenario = {.is_v4 = true, .seed = 1, .pps = 10000, .clients_pps = 1000},
		.sampling = 1, .active_ms = 60000, .inactive_ms = 15000, .start_wall_ns = START_WALL_NS};
	struct scenario scenario;

	if (options_parse(argc, argv, &options) != OK)
		return 2;
	if (options.output_path == NULL || (options.vector == NULL && options.scenario_name == NULL)) {
		fprintf(stderr, "hinomi-exercise: generate needs --vector or --scenario, and -o FILE\n");
		return 2;
	}
	if (options.format == EXPORTER_NETFLOW5 && !options.scenario.is_v4) {
		fprintf(stderr, "hinomi-exercise: NetFlow v5 knows only IPv4\n");
		return 2;
	}
	if (options_scenario(&options, &scenario) != OK)
		return 2;
	return open_and_play(&options, &scenario);
}
