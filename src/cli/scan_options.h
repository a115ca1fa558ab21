/* The command line of "hinomi scan", and the one of the sensor process that it starts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

enum scan_output {
	SCAN_TABLE = 0,
	SCAN_JSON,
	SCAN_FINGERPRINT,
};

struct scan_options {
	enum scan_output output;
	bool no_progress;
	bool is_help; /* help was asked for: nothing else counts */
	char **sensor_argv; /* owned array of borrowed texts, ended by NULL; [0] is left for the program's path */
	size_t file_count;
};

/**
 * Reads the command line. Values are handed on as they are: the sensor judges them.
 *
 * @param argc as for main(), argv[0] is "scan"
 * @param argv texts are borrowed by ret_options
 * @param ret_options filled on OK; free with scan_options_done()
 * @param ret_complaint set otherwise: what is wrong, in a few words; static text
 * @return OK, E_CONFIG, E_NOMEM
 */
MUST_USE int scan_options_parse(int argc, char **argv, struct scan_options *ret_options, const char **ret_complaint);
void scan_options_done(struct scan_options *options);
