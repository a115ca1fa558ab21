/*
 * hinomi-tower: the one place where members' findings, orders and receipts
 * meet, with its store, its interface and its page. main() reads the
 * configuration, opens what is to be served, gives up the rest, and serves.
 */
#include <errno.h>
#include <libgen.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/sandbox.h"
#include "tower/account_command.h"
#include "tower/desk.h"
#include "tower/exercise.h"
#include "tower/feeder.h"
#include "tower/http.h"
#include "tower/relay.h"
#include "tower/writer.h"

#define EXIT_USAGE 2
#define SQLITE_PREFIX "sqlite:"

static const char usage[] =
	"usage: hinomi-tower --config FILE\n"
	"       hinomi-tower --check FILE\n"
	"       hinomi-tower account NAME --config FILE --roles ROLES [--member NAME] [--token] [--off]\n"
	"       hinomi-tower --version\n";

static volatile int should_end;

static void end_ask(int signal_number)
{
	(void)signal_number;
	should_end = 1;
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "hinomi-tower: %s%s%s\n", what, why[0] != '\0' ? ": " : "", why);
	return EXIT_FAILURE;
}

static const char *system_words(int err)
{
	return err == E_SYS ? strerror(errno) : err_name(err);
}

/** The policy, where one is configured. */
static int policy_read(const struct config *config, const struct policy **ret_policy)
{
	static struct policy policy;
	char complaint[CONF_COMPLAINT_BYTES];
	if (config->policy[0] == '\0')
		return OK;
	int err = policy_load(config->policy, &policy, complaint);
	if (err != OK)
		(void)fail(complaint, "");
	else
		*ret_policy = &policy;
	return err;
}

static int check(const struct config *config)
{
	const struct policy *policy = NULL;
	if (policy_read(config, &policy) != OK)
		return EXIT_FAILURE;
	printf("%s: sound (store %s, listens at %s, senders %zu, people %zu)\n", config->name, config->store, config->listen,
		config->sender_count, policy != NULL ? policy->person_count : 0);
	return EXIT_SUCCESS;
}

/** What this process has: made in the order of its members, freed the other way round. */
struct parts {
	struct tower tower;
	struct store *store;
	struct feeder *feeder; /* NULL: no file is followed */
	pthread_t relay_thread, feeder_thread, exercise_thread;
	bool has_relay_thread, has_feeder_thread, has_exercise_thread;
};

static int relay_open(struct parts *parts)
{
	int pair[2];
	if (parts->tower.config->authority[0] == '\0')
		return OK;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return E_SYS;
	parts->tower.relay = relay_new(&parts->tower, pair[0]);
	writer_attach(parts->tower.writer, pair[1], "");
	return parts->tower.relay != NULL ? OK : E_NOMEM;
}

static int feeder_open(struct parts *parts, char why[static WHY_BYTES])
{
	const struct config *config = parts->tower.config;
	int err = config->follow_count > 0 ? feeder_new(config->places, &parts->feeder) : OK;
	for (size_t i = 0; i < config->follow_count && err == OK; i++) {
		int fd = -1;
		err = feeder_add(parts->feeder, config->follows[i].path, &fd);
		if (err == OK)
			writer_attach(parts->tower.writer, fd, config->follows[i].member);
		else
			(void)why_refuse(why, err, config->follows[i].path, "cannot be followed");
	}
	return err;
}

static int parts_open(const struct config *config, const struct policy *policy, struct parts *parts, char why[static WHY_BYTES])
{
	struct tower *tower = &parts->tower;
	*tower = (struct tower){.config = config, .policy = policy, .started_ms = clock_wall_ns() / NS_PER_MS,
		.access = access_new(policy, (int64_t)config->session_ms), .events = events_new(), .writing = desk_new(),
		.relaying = desk_new(), .exercising = desk_new()};
	if (tower->access == NULL || tower->events == NULL || tower->writing == NULL || tower->relaying == NULL ||
		tower->exercising == NULL)
		return why_refuse(why, E_NOMEM, config->name, "no memory");
	int err = store_open(config->store, &parts->store, why);
	if (err == OK)
		err = writer_new(tower, parts->store, &tower->writer, why);
	if (err == OK)
		err = http_new(tower, &tower->http, why);
	if (err == OK && (err = relay_open(parts)) != OK)
		(void)why_refuse(why, err, config->authority, "cannot be followed");
	if (err == OK && config->exercise[0] != '\0' && (tower->exercise = exercise_new(tower)) == NULL)
		err = why_refuse(why, E_NOMEM, config->exercise, "no memory");
	return err == OK ? feeder_open(parts, why) : err;
}

static void parts_close(struct parts *parts)
{
	struct tower *tower = &parts->tower;
	if (tower->relay != NULL)
		relay_end(tower->relay);
	if (parts->feeder != NULL)
		feeder_end(parts->feeder);
	if (tower->exercise != NULL)
		exercise_end(tower->exercise);
	if (parts->has_relay_thread)
		pthread_join(parts->relay_thread, NULL);
	if (parts->has_feeder_thread)
		pthread_join(parts->feeder_thread, NULL);
	if (parts->has_exercise_thread)
		pthread_join(parts->exercise_thread, NULL);
	if (tower->writer != NULL)
		writer_end(tower->writer);
	http_free(tower->http);
	relay_free(tower->relay);
	exercise_free(tower->exercise);
	feeder_free(parts->feeder);
	writer_free(tower->writer);
	store_close(parts->store);
	desk_free(tower->exercising);
	desk_free(tower->relaying);
	desk_free(tower->writing);
	events_free(tower->events);
	access_free(tower->access);
}

/** From here on: the store is written, page and ledger are read, the sockets there are served, and nothing else. */
static int sandbox(const struct config *config)
{
	static char folders[FEEDER_FILES_MAX + 1][CONFIG_PATH_BYTES]; /* dirname() changes what it gets */
	struct sandbox_path paths[4 + ARRAY_LEN(folders)];
	struct sandbox_report report;
	size_t count = 0;
	if (strncmp(config->store, SQLITE_PREFIX, strlen(SQLITE_PREFIX)) == 0)
		paths[count++] = (struct sandbox_path){config->store + strlen(SQLITE_PREFIX), SANDBOX_WRITE};
	if (config->page[0] != '\0')
		paths[count++] = (struct sandbox_path){config->page, SANDBOX_READ};
	if (config->ledger[0] != '\0')
		paths[count++] = (struct sandbox_path){config->ledger, SANDBOX_READ};
	for (size_t i = 0; i < config->follow_count; i++) {
		snprintf(folders[i], sizeof(folders[i]), "%s", config->follows[i].path);
		paths[count++] = (struct sandbox_path){dirname(folders[i]), SANDBOX_READ};
	}
	if (config->follow_count > 0) {
		snprintf(folders[FEEDER_FILES_MAX], sizeof(folders[0]), "%s", config->places);
		paths[count++] = (struct sandbox_path){dirname(folders[FEEDER_FILES_MAX]), SANDBOX_WRITE};
	}
	const struct sandbox_config sandbox = {
		.kind = SANDBOX_SERVER, .connects = true, .has_threads = true, .has_database = true, .paths = paths,
		.path_count = count};
	int err = sandbox_enter(&sandbox, &report);
	if (err == OK)
		log_line(LOG_LEVEL_INFO, "sandbox landlock_abi=%d seccomp=%d", report.landlock_abi, report.has_seccomp);
	return err;
}

static int thread_start(void *(*run)(void *context), void *context, pthread_t *ret_thread, bool *ret_has)
{
	*ret_has = context != NULL && pthread_create(ret_thread, NULL, run, context) == 0;
	return context == NULL || *ret_has ? OK : E_SYS;
}

static int threads_start(struct parts *parts)
{
	int err = thread_start(relay_run, parts->tower.relay, &parts->relay_thread, &parts->has_relay_thread);
	if (err == OK)
		err = thread_start(feeder_run, parts->feeder, &parts->feeder_thread, &parts->has_feeder_thread);
	if (err == OK)
		err = thread_start(exercise_run, parts->tower.exercise, &parts->exercise_thread, &parts->has_exercise_thread);
	return err;
}

static int serve(const struct config *config)
{
	static struct parts parts;
	const struct sigaction ending = {.sa_handler = end_ask};
	const struct policy *policy = NULL;
	char why[WHY_BYTES] = "";
	sigaction(SIGTERM, &ending, NULL);
	sigaction(SIGINT, &ending, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (policy_read(config, &policy) != OK)
		return EXIT_FAILURE;
	int err = sandbox_drop(config->user[0] != '\0' ? config->user : NULL, 0);
	if (err != OK)
		return fail("cannot give up rights", system_words(err));
	err = parts_open(config, policy, &parts, why);
	if (err == OK && (err = sandbox(config)) != OK)
		snprintf(why, sizeof(why), "cannot enter the sandbox: %s", system_words(err));
	if (err == OK && (err = http_start(parts.tower.http)) != OK)
		snprintf(why, sizeof(why), "cannot start to answer: %s", system_words(err));
	if (err == OK)
		err = threads_start(&parts);
	if (err == OK) {
		log_line(LOG_LEVEL_INFO, "serving listen=%s socket=%s", config->listen, config->socket);
		err = writer_run(parts.tower.writer, &should_end);
		snprintf(why, sizeof(why), "cannot go on: %s", system_words(err));
	}
	parts_close(&parts);
	return err == OK ? EXIT_SUCCESS : fail(why, "");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *option;
		int (*run)(const struct config *config);
	} modes[] = {{"--config", serve}, {"--check", check}};
	static struct config config;
	char complaint[CONF_COMPLAINT_BYTES];
	if (sodium_init() < 0)
		return fail("libsodium cannot begin", "");
	if (argc > 1 && strcmp(argv[1], "account") == 0)
		return account_command(argc - 1, argv + 1);
	if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "--help") == 0)) {
		fputs(strcmp(argv[1], "--help") == 0 ? usage : "hinomi-tower " HINOMI_VERSION "\n", stdout);
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
