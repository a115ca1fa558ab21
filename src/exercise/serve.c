/*
 * One loop: the office's requests, and the lines of the run that goes. A name
 * that is asked for is compared with those that are built in, and the constant
 * is what is handed on; nothing of a request reaches a command line.
 *
 * A run ends by itself, by its scenario. One that does not is asked to after
 * OVERDUE_MS, and killed after END_MS more; everything that it made dies with it.
 */
#include "exercise/serve.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/beside.h"
#include "core/clock.h"
#include "core/log.h"
#include "exercise/office.h"
#include "exercise/past.h"
#include "exercise/program.h"
#include "exercise/scenario.h"
#include "exercise/watch.h"
#include "record/text.h"

#define DEFAULT_SOCKET "/run/hinomi-exercise/exercise.sock"
#define TURN_MS 500
#define OVERDUE_MS 180000 /* beyond the scenario's length: for setting up, the rules' end and the ledger */
#define END_MS 30000 /* for a run to take everything down again */

struct serve {
	struct exercise_state state;
	struct exercise_run fresh; /* read into */
	char program[BESIDE_PATH_BYTES];
	const char *past; /* directory in which scores are kept; NULL: they are forgotten at the end */
	pid_t pid; /* of the run; 0: none */
	int fd; /* its lines; -1: none */
	int64_t started_mono_ns, asked_mono_ns; /* when it was asked to end; 0: not */
	size_t line_bytes;
	char line[EXERCISE_RUN_BYTES_MAX + 1];
};

static volatile sig_atomic_t should_end;

static void end_ask(int signal_number)
{
	(void)signal_number;
	should_end = 1;
}

static const struct exercise_scenario *scenario_find(const struct exercise_state *state, const char *name)
{
	for (size_t i = 0; i < state->scenario_count; i++) {
		if (strcmp(state->scenarios[i].name, name) == 0)
			return &state->scenarios[i];
	}
	return NULL;
}

/* A disk that is full costs the memory of a score, and no exercise. */
static void past_keep(const struct serve *serve)
{
	char why[WHY_BYTES];
	if (serve->past != NULL && past_save(serve->past, &serve->state, why) != OK)
		log_line(LOG_LEVEL_WARNING, "scores_unkept why=\"%s\"", why);
}

/* Makes room at the front; what is older keeps its score alone. */
static void run_push(struct exercise_state *state, const struct exercise_scenario *scenario)
{
	uint64_t number = state->run_count > 0 ? state->runs[0].number + 1 : 1;
	size_t kept = state->run_count < EXERCISE_RUNS_MAX ? state->run_count : EXERCISE_RUNS_MAX - 1;
	if (state->run_count > 0)
		state->runs[0].event_count = state->runs[0].second_count = 0;
	memmove(&state->runs[1], &state->runs[0], kept * sizeof(state->runs[0]));
	state->run_count = kept + 1;
	state->runs[0] = (struct exercise_run){.number = number, .stage = EXERCISE_WAITING, .duration_ms = scenario->duration_ms,
		.started_ms = clock_wall_ns() / NS_PER_MS};
	(void)text_plain_copy(scenario->name, state->runs[0].scenario, sizeof(state->runs[0].scenario));
}

static const struct exercise_state *state_hook(void *context)
{
	struct serve *serve = context;
	serve->state.may_start = serve->pid == 0;
	return &serve->state;
}

static struct exercise_reply start_hook(void *context, const char *name)
{
	struct serve *serve = context;
	const struct exercise_scenario *scenario = scenario_find(&serve->state, name);
	const struct program_place here = {.net_fd = -1};
	if (scenario == NULL)
		return office_reply(EXERCISE_UNKNOWN, "there is no such scenario");
	if (serve->pid != 0)
		return office_reply(EXERCISE_BUSY, "an exercise is under way; one at a time");
	const char *const argv[] = {serve->program, "run", scenario->name, "--progress", "--mailbox", NULL};
	if (program_start_read(&here, argv, &serve->pid, &serve->fd) != OK) {
		serve->pid = 0;
		return office_reply(EXERCISE_BROKEN, "it cannot be started");
	}
	run_push(&serve->state, scenario);
	past_keep(serve);
	serve->line_bytes = 0;
	serve->started_mono_ns = clock_mono_ns();
	serve->asked_mono_ns = 0;
	log_line(LOG_LEVEL_NOTICE, "exercise_started scenario=%s number=%llu", scenario->name,
		(unsigned long long)serve->state.runs[0].number);
	return office_reply(EXERCISE_ACCEPTED, "");
}

/* Asks the run to take everything down and end. */
static void run_ask_end(struct serve *serve)
{
	if (serve->asked_mono_ns != 0)
		return;
	serve->asked_mono_ns = clock_mono_ns();
	(void)kill(serve->pid, SIGTERM);
}

static struct exercise_reply stop_hook(void *context)
{
	struct serve *serve = context;
	if (serve->pid == 0 || serve->state.runs[0].has_ended)
		return office_reply(EXERCISE_CLOSED, "no exercise is under way");
	run_ask_end(serve);
	return office_reply(EXERCISE_ACCEPTED, "");
}

/* A line of the run: its record, or a complaint, which is kept as the reason should it fail. */
static void line_take(struct serve *serve, const char *line, size_t length_bytes)
{
	struct exercise_run *run = &serve->state.runs[0];
	char complaint[DOCUMENT_COMPLAINT_BYTES], text[EXERCISE_WORDS_BYTES];
	if (document_parse(&exercise_run_kind, line, length_bytes, &serve->fresh, complaint) == OK) {
		serve->fresh.number = run->number;
		*run = serve->fresh;
		return;
	}
	(void)snprintf(text, sizeof(text), "%.*s", (int)(length_bytes < sizeof(text) ? length_bytes : sizeof(text) - 1), line);
	(void)text_plain_copy(text, run->why, sizeof(run->why));
}

/* @return whether more may come */
static bool lines_read(struct serve *serve)
{
	ssize_t got = read(serve->fd, serve->line + serve->line_bytes, sizeof(serve->line) - serve->line_bytes);
	if (got <= 0)
		return got < 0 && (errno == EAGAIN || errno == EINTR);
	serve->line_bytes += (size_t)got;
	char *at = serve->line, *end = serve->line + serve->line_bytes, *newline;
	while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		line_take(serve, at, (size_t)(newline - at));
		at = newline + 1;
	}
	serve->line_bytes = (size_t)(end - at);
	memmove(serve->line, at, serve->line_bytes);
	if (serve->line_bytes == sizeof(serve->line))
		serve->line_bytes = 0; /* longer than any record is */
	return true;
}

static void run_end(struct serve *serve)
{
	struct exercise_run *run = &serve->state.runs[0];
	char why[EXERCISE_WORDS_BYTES];
	int status = program_end(&serve->pid);
	(void)close(serve->fd);
	serve->fd = -1;
	if (!run->has_ended) {
		(void)snprintf(why, sizeof(why), "%s", run->why[0] != '\0' ? run->why : "it ended before its time");
		watch_end(run, clock_wall_ns() / NS_PER_MS, why);
	}
	past_keep(serve);
	log_line(LOG_LEVEL_NOTICE, "exercise_ended scenario=%s number=%llu exit=%d", run->scenario,
		(unsigned long long)run->number, status);
}

static void run_look_after(struct serve *serve)
{
	struct pollfd ready = {.fd = serve->fd, .events = POLLIN};
	int64_t now_ns = clock_mono_ns(), length_ms = (int64_t)serve->state.runs[0].duration_ms;
	bool goes_on = true;
	while (goes_on && poll(&ready, 1, 0) == 1)
		goes_on = lines_read(serve);
	if (!goes_on || !program_is_alive(serve->pid)) {
		while (lines_read(serve) && poll(&ready, 1, 0) == 1)
			;
		run_end(serve);
		return;
	}
	if (now_ns - serve->started_mono_ns > (length_ms + OVERDUE_MS) * NS_PER_MS)
		run_ask_end(serve);
	if (serve->asked_mono_ns != 0 && now_ns - serve->asked_mono_ns > END_MS * NS_PER_MS)
		(void)kill(serve->pid, SIGKILL);
}

/* @return whether it may serve: a file that cannot be read is no reason not to, a directory is */
static bool past_begin(struct serve *serve)
{
	char why[WHY_BYTES];
	int err = serve->past != NULL ? past_load(serve->past, clock_wall_ns() / NS_PER_MS, &serve->state, why) : OK;
	if (err == E_MALFORMED)
		log_line(LOG_LEVEL_WARNING, "scores_broken why=\"%s\": put aside as " PAST_FILE ".broken, and begun anew", why);
	else if (err != OK)
		fprintf(stderr, "hinomi-exercise: %s\n", why);
	return err == OK || err == E_MALFORMED;
}

static int serve_run(struct serve *serve, const char *path, const char *account)
{
	char why[WHY_BYTES];
	struct office *office = NULL;
	const struct office_hooks hooks = {.state = state_hook, .start = start_hook, .stop = stop_hook, .context = serve};
	const struct sigaction ending = {.sa_handler = end_ask};
	if (office_open(path, account, &hooks, why, &office) != OK) {
		fprintf(stderr, "hinomi-exercise: %s\n", why);
		return EXIT_FAILURE;
	}
	(void)sigaction(SIGTERM, &ending, NULL);
	(void)sigaction(SIGINT, &ending, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	log_line(LOG_LEVEL_INFO, "serving socket=%s scenarios=%zu", path, serve->state.scenario_count);
	while (should_end == 0) {
		office_turn(office, serve->fd, TURN_MS);
		if (serve->pid != 0)
			run_look_after(serve);
	}
	office_close(office);
	while (serve->pid != 0) { /* leaves nothing behind */
		run_ask_end(serve);
		office_turn(NULL, serve->fd, TURN_MS);
		run_look_after(serve);
	}
	return EXIT_SUCCESS;
}

int serve_main(int argc, char **argv)
{
	static const struct option table[] = {
		{"socket", required_argument, NULL, 's'}, {"user", required_argument, NULL, 'u'},
		{"state", required_argument, NULL, 't'}, {NULL, 0, NULL, 0}};
	const char *path = DEFAULT_SOCKET, *account = NULL, *past = NULL;
	int code;
	while ((code = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (code == '?')
			return 2;
		*(code == 's' ? &path : code == 'u' ? &account : &past) = optarg;
	}
	if (optind != argc) {
		fprintf(stderr, "hinomi-exercise: serve takes options alone: --socket PATH, --user ACCOUNT, --state DIRECTORY\n");
		return 2;
	}
	struct serve *serve = calloc(1, sizeof(*serve));
	if (serve == NULL)
		return EXIT_FAILURE;
	serve->fd = -1;
	serve->past = past;
	watch_scenarios(&serve->state);
	if (beside_program("hinomi-exercise", serve->program)) {
		code = past_begin(serve) ? serve_run(serve, path, account) : EXIT_FAILURE;
	} else {
		fprintf(stderr, "hinomi-exercise: this program is not found where it lies\n");
		code = EXIT_FAILURE;
	}
	free(serve);
	return code;
}
