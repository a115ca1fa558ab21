/* The verb "milter": options, configuration, then milter_run(). */
#include "mail/milter_command.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/units.h"
#include "mail/config.h"
#include "mail/milter.h"

#define EXIT_USAGE 2

static const char usage[] = "usage: hinomi-mail milter --config FILE | --check FILE\n";

static const struct option option_table[] = {
	{"config", required_argument, NULL, 'c'},
	{"check", required_argument, NULL, 'k'},
	{NULL, 0, NULL, 0},
};

int milter_command(int argc, char **argv)
{
	static struct config config;
	char complaint[CONF_COMPLAINT_BYTES];
	const char *path = NULL;
	int code;
	bool is_check = false, is_wrong = false;
	while ((code = getopt_long(argc, argv, "", option_table, NULL)) != -1) {
		is_wrong = is_wrong || (code != 'c' && code != 'k');
		is_check = code == 'k';
		path = optarg;
	}
	if (is_wrong || path == NULL || optind < argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (config_load(path, &config, complaint) != OK) {
		fprintf(stderr, "hinomi-mail: %s\n", complaint);
		return EXIT_USAGE;
	}
	if (is_check) {
		char amount[UNITS_TEXT_BYTES];
		printf("%s: sound (socket %s)\n", path, config.socket);
		if (config_has_reveal(&config))
			printf("addresses behind findings: kept for %s, sealed for %s\n", units_write(UNIT_MS, config.reveal_keep_ms, amount),
				config.reveal_key.name);
		else
			printf("addresses behind findings: not kept, so nobody can be re-identified (reveal_key is not set)\n");
		return EXIT_SUCCESS;
	}
	return milter_run(&config) == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
