/* Options are rows of one table: name, what kind of value, and where it goes. */
#include "exercise/options.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/units.h"

enum option_kind {
	OPTION_TEXT = 0,
	OPTION_FLAG,
	OPTION_NUMBER, /* a plain count within 1..max */
	OPTION_PPS, /* a number of packets per second, with or without its unit, within 0..max */
	OPTION_SECONDS, /* a number of seconds, or a time with its unit; stored in ms */
	OPTION_FORMAT,
	OPTION_IP,
};

static const struct option_row {
	const char *name;
	enum option_kind kind;
	size_t offset;
	uint64_t max;
} rows[] = {
	{"--vector", OPTION_TEXT, offsetof(struct options, vector), 0},
	{"--scenario", OPTION_TEXT, offsetof(struct options, scenario_name), 0},
	{"--target", OPTION_TEXT, offsetof(struct options, scenario.target), 0},
	{"-o", OPTION_TEXT, offsetof(struct options, output_path), 0},
	{"--labels", OPTION_TEXT, offsetof(struct options, labels_path), 0},
	{"--sensor", OPTION_TEXT, offsetof(struct options, sensor_path), 0},
	{"--format", OPTION_FORMAT, 0, 0},
	{"--ip", OPTION_IP, 0, 0},
	{"--pps", OPTION_PPS, offsetof(struct options, scenario.pps), SCENARIO_PPS_MAX},
	{"--clients-pps", OPTION_PPS, offsetof(struct options, scenario.clients_pps), SCENARIO_PPS_MAX},
	{"--threshold-pps", OPTION_PPS, offsetof(struct options, threshold_pps), SCENARIO_PPS_MAX},
	{"--seconds", OPTION_SECONDS, offsetof(struct options, scenario.duration_ms), SCENARIO_SECONDS_MAX * UINT64_C(1000)},
	{"--active", OPTION_SECONDS, offsetof(struct options, active_ms), SCENARIO_SECONDS_MAX * UINT64_C(1000)},
	{"--inactive", OPTION_SECONDS, offsetof(struct options, inactive_ms), SCENARIO_SECONDS_MAX * UINT64_C(1000)},
	{"--sources", OPTION_NUMBER, offsetof(struct options, scenario.sources), UINT64_C(1) << 40},
	{"--seed", OPTION_NUMBER, offsetof(struct options, scenario.seed), UINT64_C(1) << 53},
	{"--sampling", OPTION_NUMBER, offsetof(struct options, sampling), 16383}, /* NetFlow v5 has 14 bits for it */
	{"--effector", OPTION_TEXT, offsetof(struct options, effector), 0},
	{"--keep", OPTION_TEXT, offsetof(struct options, keep), 0},
	{"--guest", OPTION_SECONDS, offsetof(struct options, guest_ms), 3600 * UINT64_C(1000)},
	{"--page", OPTION_NUMBER, offsetof(struct options, page_port), 65535},
	{"--mailbox", OPTION_FLAG, offsetof(struct options, has_mailbox), 0},
	{"--alone", OPTION_FLAG, offsetof(struct options, is_alone), 0},
	{"--plain", OPTION_FLAG, offsetof(struct options, is_plain), 0},
	{"--progress", OPTION_FLAG, offsetof(struct options, is_progress), 0},
	{"--json", OPTION_FLAG, offsetof(struct options, is_json), 0},
};

static const char *const format_names[] = {"pcap", "netflow5", "netflow9", "ipfix", "sflow"};

const char *options_format_name(enum exporter_format format)
{
	return format_names[format];
}

static const struct option_row *row_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	}
	return NULL;
}

static int number_set(const struct option_row *row, enum unit_kind unit, uint64_t scale, uint64_t min, const char *text,
	struct options *options)
{
	uint64_t value;
	if (units_parse(UNIT_NONE, text, &value) == OK)
		value = value <= row->max ? value * scale : UINT64_MAX;
	else if (unit == UNIT_NONE || units_parse(unit, text, &value) != OK)
		return E_CONFIG;
	if (value < min || value > row->max)
		return E_CONFIG;
	memcpy((char *)options + row->offset, &value, sizeof(value));
	return OK;
}

static int format_set(const char *text, struct options *options)
{
	for (size_t i = 0; i < ARRAY_LEN(format_names); i++) {
		if (strcmp(format_names[i], text) == 0) {
			options->format = (enum exporter_format)i;
			return OK;
		}
	}
	return E_CONFIG;
}

static int value_set(const struct option_row *row, const char *text, struct options *options)
{
	switch (row->kind) {
	case OPTION_TEXT:
		memcpy((char *)options + row->offset, &text, sizeof(text));
		return text[0] != '\0' ? OK : E_CONFIG;
	case OPTION_NUMBER:
		return number_set(row, UNIT_NONE, 1, 1, text, options);
	case OPTION_PPS:
		return number_set(row, UNIT_PPS, 1, 0, text, options);
	case OPTION_SECONDS:
		return number_set(row, UNIT_MS, 1000, 1, text, options);
	case OPTION_FORMAT:
		return format_set(text, options);
	case OPTION_IP:
		options->scenario.is_v4 = strcmp(text, "4") == 0;
		return options->scenario.is_v4 || strcmp(text, "6") == 0 ? OK : E_CONFIG;
	case OPTION_FLAG:
		return OK;
	}
	return E_CONFIG;
}

int options_parse(int argc, char **argv, struct options *options)
{
	for (int i = 1; i < argc; i++) {
		const struct option_row *row = row_find(argv[i]);
		if (row == NULL) {
			fprintf(stderr, "hinomi-exercise: unknown option '%s'\n", argv[i]);
			return E_CONFIG;
		}
		if (row->kind == OPTION_FLAG) {
			*((bool *)((char *)options + row->offset)) = true;
			continue;
		}
		if (i + 1 == argc) {
			fprintf(stderr, "hinomi-exercise: %s needs a value\n", row->name);
			return E_CONFIG;
		}
		if (value_set(row, argv[++i], options) != OK) {
			fprintf(stderr, "hinomi-exercise: %s cannot be '%s'\n", row->name, argv[i]);
			return E_CONFIG;
		}
	}
	return OK;
}

int options_scenario(const struct options *options, struct scenario *ret_scenario)
{
	char why[160] = "";
	if (options->vector != NULL && options->scenario_name != NULL) {
		fprintf(stderr, "hinomi-exercise: --vector or --scenario, not both\n");
		return E_CONFIG;
	}
	int error = options->vector != NULL
		? scenario_of_vector(options->vector, &options->scenario, why, ret_scenario)
		: scenario_read(options->scenario_name, &options->scenario, why, ret_scenario);
	if (error != OK)
		fprintf(stderr, "hinomi-exercise: %s\n", why);
	return error;
}

uint64_t options_threshold_pps(const struct options *options, const struct scenario *scenario, uint64_t default_pps)
{
	if (options->threshold_pps != 0)
		return options->threshold_pps;
	return scenario->threshold_pps != 0 ? scenario->threshold_pps : default_pps;
}
