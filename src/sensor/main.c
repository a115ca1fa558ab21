/*
 * hinomi-sensor: watches interfaces and flow exports, or scans files, and
 * tells findings. main() reads the options and starts one of three things:
 * check a configuration, scan files, run live.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/sandbox.h"
#include "core/units.h"
#include "sensor/config.h"
#include "sensor/live.h"
#include "sensor/scan.h"

#define EXIT_USAGE 2
#define DATABASE_PATH "/var/lib/location/database.db" /* of libloc-database */
#define CAPABILITY_DAC_READ_SEARCH 2 /* capabilities(7): root goes on reading other users' files when it scans */

static const char usage[] =
	"usage: hinomi-sensor --config FILE\n"
	"       hinomi-sensor --check FILE\n"
	"       hinomi-sensor --scan [--config FILE] [--network PREFIX]... [--host-pps N] [--min-packets N]\n"
	"                     [--progress-fd N] FILE...\n"
	"       hinomi-sensor --version\n";

enum option_code {
	OPTION_CONFIG = 256,
	OPTION_CHECK,
	OPTION_SCAN,
	OPTION_NETWORK,
	OPTION_HOST_PPS,
	OPTION_MIN_PACKETS,
	OPTION_PROGRESS_FD,
	OPTION_VERSION,
	OPTION_HELP,
};

static const struct option option_table[] = {
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"check", required_argument, NULL, OPTION_CHECK},
	{"scan", no_argument, NULL, OPTION_SCAN},
	{"network", required_argument, NULL, OPTION_NETWORK},
	{"host-pps", required_argument, NULL, OPTION_HOST_PPS},
	{"min-packets", required_argument, NULL, OPTION_MIN_PACKETS},
	{"progress-fd", required_argument, NULL, OPTION_PROGRESS_FD},
	{"version", no_argument, NULL, OPTION_VERSION},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

struct options {
	const char *config_path; /* NULL: none given */
	bool is_check, is_scan;
	struct config_prefixes networks;
	uint64_t host_pps, min_packets; /* 0: not given */
	int progress_fd; /* -1: none */
	char *const *files;
	size_t file_count;
};

static int usage_complain(const char *what, const char *value)
{
	fprintf(stderr, "hinomi-sensor: %s%s; see hinomi-sensor --help\n", what, value);
	return EXIT_USAGE;
}

/** A whole number of an option; 0 is refused, since no option has a use for it. */
static bool number_take(const char *text, uint64_t *ret_number)
{
	return units_parse(UNIT_NONE, text, ret_number) == OK && *ret_number > 0;
}

/** Takes one option. @return 0, or an exit code */
static int option_take(struct options *options, int code)
{
	uint64_t number = 0;
	const char *wrong = NULL;
	switch (code) {
	case OPTION_CONFIG:
		options->config_path = optarg;
		return 0;
	case OPTION_CHECK:
		options->config_path = optarg;
		options->is_check = true;
		return 0;
	case OPTION_SCAN:
		options->is_scan = true;
		return 0;
	case OPTION_NETWORK:
		wrong = config_prefix_add(&options->networks, optarg);
		return wrong == NULL ? 0 : usage_complain("--network: ", wrong);
	case OPTION_HOST_PPS:
		return number_take(optarg, &options->host_pps) ? 0 : usage_complain("--host-pps: not a number: ", optarg);
	case OPTION_MIN_PACKETS:
		return number_take(optarg, &options->min_packets) ? 0 : usage_complain("--min-packets: not a number: ", optarg);
	case OPTION_PROGRESS_FD:
		if (!number_take(optarg, &number) || number > 1023)
			return usage_complain("--progress-fd: not a descriptor: ", optarg);
		options->progress_fd = (int)number;
		return 0;
	default: /* getopt_long() has said what is wrong */
		return EXIT_USAGE;
	}
}

static int options_read(int argc, char **argv, struct options *options)
{
	int code, exit_code = 0;
	while (exit_code == 0 && (code = getopt_long(argc, argv, "", option_table, NULL)) != -1) {
		if (code == OPTION_VERSION || code == OPTION_HELP) {
			fputs(code == OPTION_VERSION ? "hinomi-sensor " HINOMI_VERSION "\n" : usage, stdout);
			exit(EXIT_SUCCESS);
		}
		exit_code = option_take(options, code);
	}
	options->files = argv + optind;
	options->file_count = (size_t)(argc - optind);
	if (exit_code != 0)
		return exit_code;
	if (options->is_scan && options->file_count == 0)
		return usage_complain("--scan: no file given", "");
	if (!options->is_scan && options->file_count > 0)
		return usage_complain("files are for --scan: ", argv[optind]);
	if (!options->is_scan && options->config_path == NULL)
		return usage_complain("--config, --check or --scan is missing", "");
	return 0;
}

/** A scan for which no database is configured uses the one of Debian's package, where that is installed. */
static void database_default(struct config *config)
{
	if (config->database[0] == '\0' && access(DATABASE_PATH, R_OK) == 0)
		snprintf(config->database, sizeof(config->database), "%s", DATABASE_PATH);
}

/** The configuration file, and over it what the options say. */
static bool config_read(const struct options *options, struct config *config)
{
	char complaint[CONF_COMPLAINT_BYTES];
	config_init(config);
	if (options->config_path != NULL && config_load(config, options->config_path, complaint) != OK) {
		fprintf(stderr, "hinomi-sensor: %s\n", complaint);
		return false;
	}
	for (size_t i = 0; i < options->networks.count; i++) {
		char text[IP_PREFIX_TEXT_BYTES];
		(void)config_prefix_add(&config->networks, ip_prefix_write(&options->networks.items[i], text));
	}
	if (options->host_pps > 0)
		config->detect.defaults.host_pps = options->host_pps;
	if (options->min_packets > 0)
		config->detect.offline_packets = options->min_packets;
	if (options->is_scan)
		database_default(config);
	return true;
}

/** What a live sensor spares beside its own configuration; a scan proposes nothing. */
static bool policy_read(struct config *config)
{
	char complaint[CONF_COMPLAINT_BYTES];
	if (config_policy_read(config, complaint) == OK)
		return true;
	fprintf(stderr, "hinomi-sensor: %s\n", complaint);
	return false;
}

static bool intel_open(const struct config *config, struct intel **ret_intel)
{
	const struct intel_config intel = config_intel(config);
	int err = intel_new(&intel, ret_intel);
	if (err != OK)
		fprintf(stderr, "hinomi-sensor: %s: %s\n", config->database[0] != '\0' ? config->database : "networks",
			err == E_SYS ? strerror(errno) : err == E_UNSUPPORTED || err == E_MALFORMED ?
			"is not a libloc database, or is damaged" : err_name(err));
	return err == OK;
}

/** A scan sees hostile files only, so it may do nothing but read them and write what it has open. */
static bool scan_sandbox(const struct options *options)
{
	struct sandbox_path *paths = calloc(options->file_count, sizeof(*paths));
	struct sandbox_report report;
	if (paths == NULL)
		return false;
	for (size_t i = 0; i < options->file_count; i++)
		paths[i] = (struct sandbox_path){options->files[i], SANDBOX_READ};
	const struct sandbox_config sandbox = {.kind = SANDBOX_READER, .paths = paths, .path_count = options->file_count};
	int err = sandbox_drop(NULL, UINT64_C(1) << CAPABILITY_DAC_READ_SEARCH);
	if (err == OK)
		err = sandbox_enter(&sandbox, &report);
	free(paths);
	if (err != OK)
		fprintf(stderr, "hinomi-sensor: cannot enter the sandbox: %s\n", err == E_SYS ? strerror(errno) : err_name(err));
	return err == OK;
}

static int scan(const struct options *options, const struct config *config, const struct intel *intel)
{
	const struct scan_options scan_options = {
		.config = config,
		.intel = intel,
		.files = options->files,
		.file_count = options->file_count,
		.progress_fd = options->progress_fd,
		.findings_fd = STDOUT_FILENO,
	};
	signal(SIGPIPE, SIG_IGN);
	if (!scan_sandbox(options))
		return EXIT_FAILURE;
	int err = scan_run(&scan_options);
	if (err == E_CONFIG)
		fprintf(stderr, "hinomi-sensor: detection: memory is below the least that the engine works with\n");
	else if (err != OK && err != E_MALFORMED)
		fprintf(stderr, "hinomi-sensor: the scan ended early: %s\n", err == E_SYS ? strerror(errno) : err_name(err));
	return err == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void finding_ignore(void *arg, const struct finding *finding)
{
	(void)arg;
	(void)finding;
}

/** What only the engine knows to be wrong, and a line for what is sound. */
static int check(const struct options *options, const struct config *config, const struct intel *intel)
{
	struct detect *engine = NULL;
	const struct detect_config detect = config_engine(config);
	int err = detect_new(&detect, intel, finding_ignore, NULL, &engine);
	detect_free(engine);
	if (err == E_CONFIG) {
		fprintf(stderr, "hinomi-sensor: %s: detection: memory is below the least that the engine works with\n",
			options->config_path);
		return EXIT_USAGE;
	}
	if (err != OK)
		fprintf(stderr, "hinomi-sensor: %s: detection: %s\n", options->config_path, err_name(err));
	else if (config->capture_count + config->collector_count == 0)
		printf("%s: sound, but it watches nothing: no capture, no collector\n", options->config_path);
	else
		printf("%s: sound (captures %zu, collectors %zu, networks %zu)\n", options->config_path, config->capture_count,
			config->collector_count, config->networks.count);
	return err == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct options options = {.progress_fd = -1};
	struct config config = {0};
	struct intel *intel = NULL;
	int exit_code = options_read(argc, argv, &options);
	if (exit_code == 0 && !config_read(&options, &config))
		exit_code = EXIT_USAGE;
	if (exit_code == 0 && !options.is_scan && !policy_read(&config))
		exit_code = EXIT_USAGE;
	if (exit_code == 0 && !intel_open(&config, &intel))
		exit_code = EXIT_FAILURE;
	if (exit_code == 0 && options.is_scan)
		exit_code = scan(&options, &config, intel);
	else if (exit_code == 0 && options.is_check)
		exit_code = check(&options, &config, intel);
	else if (exit_code == 0)
		exit_code = live_run(&config, intel) == OK ? EXIT_SUCCESS : EXIT_FAILURE;
	intel_free(intel);
	config_done(&config);
	free(options.networks.items);
	return exit_code;
}
