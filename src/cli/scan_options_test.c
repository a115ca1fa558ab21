/* Proves which command lines of scan are taken, what the sensor is then started with, and which are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "cli/scan_options.h"

#define WORDS_MAX 16

/** Splits a line at its spaces into an argv. */
static int words_split(char *line, char **ret_argv)
{
	int argc = 0;
	for (char *rest = NULL, *word = strtok_r(line, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
		assert_true(argc < WORDS_MAX - 1);
		ret_argv[argc++] = word;
	}
	ret_argv[argc] = NULL;
	return argc;
}

static void good_command_lines_reach_the_sensor(void **state)
{
	(void)state;
	static const struct {
		const char *line, *sensor;
		enum scan_output output;
		bool no_progress;
	} cases[] = {
		{"scan a.pcap", "--scan --progress-fd 3 -- a.pcap", SCAN_TABLE, false},
		{"scan a.pcap --json b.pcap", "--scan --progress-fd 3 -- a.pcap b.pcap", SCAN_JSON, false},
		{"scan --fingerprint --no-progress a", "--scan --progress-fd 3 -- a", SCAN_FINGERPRINT, true},
		{"scan --network 192.0.2.0/24 --network=2001:db8::/32 a",
			"--scan --progress-fd 3 --network 192.0.2.0/24 --network 2001:db8::/32 -- a", SCAN_TABLE, false},
		{"scan a --host-pps 20000 --min-packets 9 --config c",
			"--scan --progress-fd 3 --host-pps 20000 --min-packets 9 --config c -- a", SCAN_TABLE, false},
		{"scan - a", "--scan --progress-fd 3 -- /dev/stdin a", SCAN_TABLE, false},
		{"scan -- --json -", "--scan --progress-fd 3 -- --json -", SCAN_TABLE, false},
		{"scan --network= a", "--scan --progress-fd 3 --network  -- a", SCAN_TABLE, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char line[256], sensor[256] = "", *argv[WORDS_MAX];
		struct scan_options options;
		const char *complaint = NULL;
		snprintf(line, sizeof(line), "%s", cases[i].line);
		int argc = words_split(line, argv);
		assert_int_equal(scan_options_parse(argc, argv, &options, &complaint), OK);
		for (size_t k = 1; options.sensor_argv[k] != NULL; k++) {
			size_t used = strlen(sensor);
			snprintf(sensor + used, sizeof(sensor) - used, "%s%s", k > 1 ? " " : "", options.sensor_argv[k]);
		}
		assert_string_equal(sensor, cases[i].sensor);
		assert_int_equal(options.output, cases[i].output);
		assert_int_equal(options.no_progress, cases[i].no_progress);
		scan_options_done(&options);
	}
}

static void bad_command_lines_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *line, *complaint;
	} cases[] = {
		{"scan", "no file is given"},
		{"scan --json", "no file is given"},
		{"scan --", "no file is given"},
		{"scan --jso a", "there is no such option"},
		{"scan --jsonx a", "there is no such option"},
		{"scan -x a", "there is no such option"},
		{"scan a --network", "this option needs a value"},
		{"scan --json=1 a", "this option takes no value"},
		{"scan --json --fingerprint a", "--json and --fingerprint exclude each other"},
		{"scan --fingerprint a --json", "--json and --fingerprint exclude each other"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char line[256], *argv[WORDS_MAX];
		struct scan_options options;
		const char *complaint = NULL;
		snprintf(line, sizeof(line), "%s", cases[i].line);
		int argc = words_split(line, argv);
		assert_int_equal(scan_options_parse(argc, argv, &options, &complaint), E_CONFIG);
		assert_string_equal(complaint, cases[i].complaint);
	}
}

static void help_needs_no_file(void **state)
{
	(void)state;
	char scan[] = "scan", help[] = "--help", *argv[] = {scan, help, NULL};
	struct scan_options options;
	const char *complaint = NULL;
	assert_int_equal(scan_options_parse(2, argv, &options, &complaint), OK);
	assert_true(options.is_help);
	scan_options_done(&options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_command_lines_reach_the_sensor),
		cmocka_unit_test(bad_command_lines_are_refused),
		cmocka_unit_test(help_needs_no_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
