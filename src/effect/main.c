/*
 * hinomi-effect: carries out orders at one place of enforcement, after it has
 * verified them itself. main() reads the options, and checks a configuration
 * or runs.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "effect/config.h"
#include "effect/live.h"
#include "record/policy.h"

#define EXIT_USAGE 2

static const char usage[] =
	"usage: hinomi-effect --config FILE [--clock-is-right]\n"
	"       hinomi-effect --check FILE\n"
	"       hinomi-effect --version\n";

enum option_code {
	OPTION_CONFIG = 256,
	OPTION_CHECK,
	OPTION_CLOCK_IS_RIGHT,
	OPTION_VERSION,
	OPTION_HELP,
};

static const struct option option_table[] = {
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"check", required_argument, NULL, OPTION_CHECK},
	{"clock-is-right", no_argument, NULL, OPTION_CLOCK_IS_RIGHT},
	{"version", no_argument, NULL, OPTION_VERSION},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

struct options {
	const char *config_path; /* NULL: none given */
	bool is_check, is_clock_right;
};

/** Takes one option. @return 0, or an exit code */
static int option_take(struct options *options, int code)
{
	switch (code) {
	case OPTION_CONFIG:
	case OPTION_CHECK:
		options->config_path = optarg;
		options->is_check = code == OPTION_CHECK;
		return 0;
	case OPTION_CLOCK_IS_RIGHT:
		options->is_clock_right = true;
		return 0;
	case OPTION_VERSION:
	case OPTION_HELP:
		fputs(code == OPTION_VERSION ? "hinomi-effect " HINOMI_VERSION "\n" : usage, stdout);
		exit(EXIT_SUCCESS);
	default: /* getopt_long() has said what is wrong */
		return EXIT_USAGE;
	}
}

static int options_read(int argc, char **argv, struct options *options)
{
	int code, exit_code = 0;
	while (exit_code == 0 && (code = getopt_long(argc, argv, "", option_table, NULL)) != -1)
		exit_code = option_take(options, code);
	if (exit_code == 0 && (options->config_path == NULL || optind < argc))
		exit_code = EXIT_USAGE;
	if (exit_code != 0)
		fputs(usage, stderr);
	return exit_code;
}

/** Says whether the configuration and the policy it names are sound. */
static int check(const struct config *config, const char *path)
{
	char complaint[CONF_COMPLAINT_BYTES];
	static struct policy policy;
	int err = policy_load(config->policy, &policy, complaint);
	if (err == OK && policy_traffic_effector_find(&policy, config->effector) == NULL) {
		snprintf(complaint, sizeof(complaint), "%s: knows no effector of traffic %s", config->policy, config->effector);
		err = E_CONFIG;
	}
	if (err == OK)
		printf("%s: sound (effector %s, place %s)\n", path, config->effector, config->place);
	else
		fprintf(stderr, "hinomi-effect: %s\n", complaint);
	return err == OK ? EXIT_SUCCESS : EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	static struct config config;
	char complaint[CONF_COMPLAINT_BYTES];
	int exit_code = options_read(argc, argv, &options);
	if (exit_code == 0 && config_load(options.config_path, &config, complaint) != OK) {
		fprintf(stderr, "hinomi-effect: %s\n", complaint);
		exit_code = EXIT_USAGE;
	}
	if (exit_code == 0 && options.is_check)
		exit_code = check(&config, options.config_path);
	else if (exit_code == 0)
		exit_code = live_run(&config, options.is_clock_right) == OK ? EXIT_SUCCESS : EXIT_FAILURE;
	return exit_code;
}
