/*
 * hinomi-authority: the process that turns countermeasures into orders, and
 * the verbs by which people speak with it. main() looks for a verb; without
 * one it reads the configuration and serves.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authority/authority.h"
#include "authority/config.h"
#include "authority/ledger_command.h"
#include "authority/person.h"
#include "authority/serve.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/ready.h"
#include "core/sandbox.h"

#define EXIT_USAGE 2

static const char usage[] =
	"usage: hinomi-authority --config FILE\n"
	"       hinomi-authority --check FILE\n"
	"       hinomi-authority orders|approve|refuse|ratify|withdraw|propose|bundle|receipt|key|ledger ...\n"
	"       hinomi-authority --version\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} verbs[] = {
	{"orders", person_orders},
	{"approve", person_say},
	{"refuse", person_say},
	{"ratify", person_say},
	{"withdraw", person_say},
	{"propose", person_propose},
	{"bundle", person_bundle},
	{"receipt", person_receipt},
	{"key", person_key},
	{"ledger", ledger_command},
};

static volatile int should_end;

static void end_ask(int signal_number)
{
	(void)signal_number;
	should_end = 1;
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "hinomi-authority: %s%s%s\n", what, why[0] != '\0' ? ": " : "", why);
	return EXIT_FAILURE;
}

static const char *system_words(int err)
{
	return err == E_SYS ? strerror(errno) : err_name(err);
}

static int check(const struct config *config)
{
	static struct policy policy;
	char complaint[CONF_COMPLAINT_BYTES];
	if (policy_load(config->policy, &policy, complaint) != OK)
		return fail(complaint, "");
	printf("%s: sound (people %zu, effectors %zu, members %zu, witnesses %zu)\n", config->policy, policy.person_count,
		policy.effector_count, policy.member_count, policy.ledger.witness_count);
	return EXIT_SUCCESS;
}

/** From here on: the ledger is written, the sockets there are served, and nothing else. */
static int sandbox(const struct config *config)
{
	const struct sandbox_path paths[] = {{config->ledger, SANDBOX_WRITE}};
	const struct sandbox_config sandbox = {
		.kind = SANDBOX_SERVER, .connects = true, .paths = paths, .path_count = ARRAY_LEN(paths)};
	struct sandbox_report report;
	int err = sandbox_enter(&sandbox, &report);
	if (err == OK)
		log_line(LOG_LEVEL_INFO, "sandbox landlock_abi=%d seccomp=%d", report.landlock_abi, report.has_seccomp);
	return err;
}

static int serve(const struct config *config)
{
	struct authority *authority = NULL;
	struct serve *service = NULL;
	const struct authority_config authority_config = {
		.policy = config->policy, .key = config->key, .log_key = config->log_key, .ledger = config->ledger, .basis = config->basis};
	const struct sigaction ending = {.sa_handler = end_ask};
	char complaint[CONF_COMPLAINT_BYTES] = "";
	sigaction(SIGTERM, &ending, NULL);
	sigaction(SIGINT, &ending, NULL);
	int err = sandbox_drop(config->user[0] != '\0' ? config->user : NULL, 0);
	if (err != OK)
		return fail("cannot give up rights", system_words(err));
	err = serve_new(config, &service);
	if (err != OK)
		return fail(config->socket, system_words(err));
	err = authority_open(&authority_config, serve_send, service, clock_wall_ns() / NS_PER_MS, &authority, complaint);
	if (err == OK) {
		ready_tell_or_log();
		err = sandbox(config);
		snprintf(complaint, sizeof(complaint), "cannot enter the sandbox: %s", system_words(err));
	}
	if (err == OK) {
		err = serve_run(service, authority, &should_end);
		snprintf(complaint, sizeof(complaint), "cannot go on: %s", system_words(err));
	}
	authority_close(authority);
	serve_free(service);
	return err == OK ? EXIT_SUCCESS : fail(complaint, "");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *option;
		int (*run)(const struct config *config);
	} modes[] = {{"--config", serve}, {"--check", check}};
	static struct config config;
	char complaint[CONF_COMPLAINT_BYTES];
	signal(SIGPIPE, SIG_IGN); /* who is not listened to says so itself */
	for (size_t i = 0; argc > 1 && i < ARRAY_LEN(verbs); i++) {
		if (strcmp(verbs[i].name, argv[1]) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	}
	if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "--help") == 0)) {
		fputs(strcmp(argv[1], "--help") == 0 ? usage : "hinomi-authority " HINOMI_VERSION "\n", stdout);
		return EXIT_SUCCESS;
	}
	for (size_t i = 0; argc == 3 && i < ARRAY_LEN(modes); i++) {
		if (strcmp(modes[i].option, argv[1]) != 0)
			continue;
		if (config_load(argv[2], &config, complaint) == OK)
			return modes[i].run(&config);
		(void)fail(complaint, "");
		return EXIT_USAGE;
	}
	fputs(usage, stderr);
	return EXIT_USAGE;
}
