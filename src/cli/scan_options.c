/* Options of scan: one table says what each is and whether the sensor gets it too. */
#include "cli/scan_options.h"

#include <stdlib.h>
#include <string.h>

enum option_effect {
	EFFECT_PASS = 0, /* to the sensor, with its value */
	EFFECT_JSON,
	EFFECT_FINGERPRINT,
	EFFECT_NO_PROGRESS,
	EFFECT_HELP,
};

static const struct {
	const char *name;
	enum option_effect effect;
} options_table[] = {
	{"--json", EFFECT_JSON},
	{"--fingerprint", EFFECT_FINGERPRINT},
	{"--no-progress", EFFECT_NO_PROGRESS},
	{"--help", EFFECT_HELP},
	{"-h", EFFECT_HELP},
	{"--config", EFFECT_PASS},
	{"--network", EFFECT_PASS},
	{"--host-pps", EFFECT_PASS},
	{"--min-packets", EFFECT_PASS},
};

/** Arguments that are put before those of the user: the path's place, --scan, --progress-fd 3. */
#define FIXED_ARGUMENTS 4

struct reading {
	struct scan_options options;
	size_t sensor_argc;
	const char *complaint;
};

static void argument_add(struct reading *reading, char *text)
{
	reading->options.sensor_argv[reading->sensor_argc++] = text;
}

static void output_set(struct reading *reading, enum scan_output output)
{
	if (reading->options.output != SCAN_TABLE && reading->options.output != output)
		reading->complaint = "--json and --fingerprint exclude each other";
	reading->options.output = output;
}

/**
 * Reads one option; a value may follow after "=" or as the next argument.
 *
 * @return how many arguments it took
 */
static int option_read(struct reading *reading, char **argv)
{
	char *equals = strchr(argv[0], '=');
	size_t length = equals != NULL ? (size_t)(equals - argv[0]) : strlen(argv[0]), i = 0;
	while (i < ARRAY_LEN(options_table) &&
		(strlen(options_table[i].name) != length || memcmp(options_table[i].name, argv[0], length) != 0))
		i++;
	if (i == ARRAY_LEN(options_table)) {
		reading->complaint = "there is no such option";
		return 1;
	}
	if (options_table[i].effect != EFFECT_PASS && equals != NULL) {
		reading->complaint = "this option takes no value";
		return 1;
	}
	switch (options_table[i].effect) {
	case EFFECT_JSON:
		output_set(reading, SCAN_JSON);
		return 1;
	case EFFECT_FINGERPRINT:
		output_set(reading, SCAN_FINGERPRINT);
		return 1;
	case EFFECT_NO_PROGRESS:
		reading->options.no_progress = true;
		return 1;
	case EFFECT_HELP:
		reading->options.is_help = true;
		return 1;
	case EFFECT_PASS:
		break;
	}
	if (equals == NULL && argv[1] == NULL) {
		reading->complaint = "this option needs a value";
		return 1;
	}
	argument_add(reading, (char *)options_table[i].name);
	argument_add(reading, equals != NULL ? equals + 1 : argv[1]);
	return equals != NULL ? 1 : 2;
}

/** Options and files in any order; after "--" all are files, so a file may be called as it likes. */
static void arguments_read(struct reading *reading, char **argv)
{
	bool only_files = false;
	size_t file_count = 0;
	for (int at = 1; argv[at] != NULL && reading->complaint == NULL;) {
		if (!only_files && strcmp(argv[at], "--") == 0) {
			only_files = true;
			at++;
		} else if (!only_files && argv[at][0] == '-' && argv[at][1] != '\0') {
			at += option_read(reading, argv + at);
		} else {
			bool is_input = !only_files && strcmp(argv[at], "-") == 0;
			argv[file_count++] = is_input ? (char *)"/dev/stdin" : argv[at]; /* never overtakes what is still to be read */
			at++;
		}
	}
	if (file_count == 0 && !reading->options.is_help && reading->complaint == NULL)
		reading->complaint = "no file is given";
	argument_add(reading, (char *)"--");
	for (size_t i = 0; i < file_count; i++)
		argument_add(reading, argv[i]);
	reading->options.file_count = file_count;
}

int scan_options_parse(int argc, char **argv, struct scan_options *ret_options, const char **ret_complaint)
{
	struct reading reading = {0};
	/* A value after "=" becomes an argument of its own: at most twice as many, the fixed ones, "--" and the end. */
	reading.options.sensor_argv = calloc(2 * (size_t)argc + FIXED_ARGUMENTS + 2, sizeof(char *));
	if (reading.options.sensor_argv == NULL)
		return E_NOMEM;
	static const char *const fixed[FIXED_ARGUMENTS] = {"hinomi-sensor", "--scan", "--progress-fd", "3"};
	for (size_t i = 0; i < FIXED_ARGUMENTS; i++)
		argument_add(&reading, (char *)fixed[i]);
	arguments_read(&reading, argv);
	if (reading.complaint != NULL) {
		free(reading.options.sensor_argv);
		*ret_complaint = reading.complaint;
		return E_CONFIG;
	}
	*ret_options = reading.options;
	return OK;
}

void scan_options_done(struct scan_options *options)
{
	free(options->sensor_argv);
	*options = (struct scan_options){0};
}
