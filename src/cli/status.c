/*
 * hinomi status: asks a running sensor over its Unix socket, one line there
 * and one line back, and draws the answer. The answer is bounded in size and
 * in time.
 */
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/lines.h"
#include "cli/picture.h"
#include "cli/table.h"
#include "core/clock.h"
#include "core/err.h"

#define SOCKET_PATH "/run/hinomi/sensor.sock"
#define ANSWER_BYTES_MAX (16u << 20)
#define ANSWER_WITHIN_MS 5000
#define WATCH_EVERY_MS 1000

struct status_options {
	const char *socket_path;
	bool is_json;
	bool is_watch;
	bool is_help;
};

/** Reads the command line. @return NULL or what is wrong */
static const char *options_parse(char **argv, struct status_options *ret_options)
{
	*ret_options = (struct status_options){.socket_path = SOCKET_PATH};
	for (int at = 1; argv[at] != NULL; at++) {
		if (strcmp(argv[at], "--json") == 0)
			ret_options->is_json = true;
		else if (strcmp(argv[at], "--watch") == 0)
			ret_options->is_watch = true;
		else if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0)
			ret_options->is_help = true;
		else if (strcmp(argv[at], "--socket") == 0 && argv[at + 1] != NULL)
			ret_options->socket_path = argv[++at];
		else if (strncmp(argv[at], "--socket=", 9) == 0)
			ret_options->socket_path = argv[at] + 9;
		else
			return strcmp(argv[at], "--socket") == 0 ? "--socket needs a path" : "there is no such option";
	}
	return NULL;
}

/** Connects. @return the socket, -1: errno tells */
static int sensor_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval wait = {.tv_sec = ANSWER_WITHIN_MS / 1000};
	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) == 0 &&
		connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	int reason = errno;
	(void)close(fd);
	errno = reason;
	return -1;
}

/** Why there is no connection, for somebody who wants to do something about it. */
static const char *refusal_explain(int reason)
{
	switch (reason) {
	case ENOENT: return "no sensor runs there: there is no such socket";
	case ECONNREFUSED: return "no sensor answers there";
	case EAGAIN: return "the sensor does not answer";
	case EACCES: return "no permission: ask as root or as a member of the sensor's group";
	default: return strerror(reason);
	}
}

static void answer_take(void *arg, char *line, size_t length)
{
	json_t **answer = arg;
	if (*answer == NULL)
		*answer = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
}

/** Reads one line. @return NULL and the answer, or what went wrong */
static const char *answer_read(int fd, json_t **ret_answer)
{
	static char piece[65536];
	struct lines lines = lines_over(ANSWER_BYTES_MAX);
	int64_t deadline_mono_ns = clock_mono_ns() + ANSWER_WITHIN_MS * NS_PER_MS;
	const char *complaint = NULL;
	json_t *answer = NULL;
	while (answer == NULL && complaint == NULL) {
		struct pollfd poller = {.fd = fd, .events = POLLIN};
		int64_t left_ms = (deadline_mono_ns - clock_mono_ns()) / NS_PER_MS;
		if (left_ms <= 0 || poll(&poller, 1, (int)left_ms) == 0) {
			complaint = "the sensor does not answer";
			break;
		}
		ssize_t got = read(fd, piece, sizeof(piece));
		if (got <= 0)
			complaint = got == 0 ? "the sensor closed the connection" : strerror(errno);
		else if (lines_add(&lines, piece, (size_t)got, answer_take, &answer) != OK)
			complaint = "not enough memory";
		else if (answer == NULL && (lines.is_skipping || lines.dropped > 0 || memchr(piece, '\n', (size_t)got) != NULL))
			complaint = "the sensor's answer cannot be read";
	}
	lines_done(&lines);
	if (complaint == NULL && (!json_is_object(answer) || json_integer_value(json_object_get(answer, "version")) != 1))
		complaint = "the sensor's answer is of another version";
	if (complaint == NULL)
		*ret_answer = answer;
	else
		json_decref(answer);
	return complaint;
}

/** One question, one answer. @return NULL and the answer, or what went wrong */
static const char *sensor_ask(const char *path, json_t **ret_answer)
{
	static const char question[] = "{\"command\":\"status\"}\n";
	int fd = sensor_connect(path);
	if (fd < 0)
		return refusal_explain(errno);
	const char *complaint;
	if (send(fd, question, sizeof(question) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(question) - 1)
		complaint = strerror(errno);
	else
		complaint = answer_read(fd, ret_answer);
	(void)close(fd);
	return complaint;
}

/** Writes the answer in the form that was asked for. */
static void answer_write(const struct status_options *options, const json_t *answer)
{
	if (!options->is_json) {
		picture_show(stdout, answer, table_width(stdout), table_is_coloured(stdout));
		return;
	}
	char *text = json_dumps(answer, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII); /* anew: plain ASCII, whatever came */
	if (text != NULL)
		puts(text);
	free(text);
}

static int answer_show(const struct status_options *options)
{
	json_t *answer = NULL;
	const char *complaint = sensor_ask(options->socket_path, &answer);
	if (options->is_watch && !options->is_json && isatty(STDOUT_FILENO) == 1)
		fputs("\033[H\033[2J", stdout);
	if (complaint == NULL)
		answer_write(options, answer);
	int exit_code = fflush(stdout) == 0 && complaint == NULL ? EXIT_OK : EXIT_UNREAD;
	if (complaint != NULL)
		fprintf(stderr, "hinomi status: %s: %s\n", options->socket_path, complaint);
	json_decref(answer);
	return exit_code;
}

/** Asks again and again, through restarts of the sensor, until interrupted or nobody reads. */
static int answers_watch(const struct status_options *options)
{
	static char screen[1 << 16];
	(void)setvbuf(stdout, screen, _IOFBF, sizeof(screen)); /* a picture at once, or it flickers */
	int exit_code = answer_show(options);
	if (exit_code != EXIT_OK)
		return exit_code;
	while (ferror(stdout) == 0) {
		(void)poll(NULL, 0, WATCH_EVERY_MS);
		(void)answer_show(options); /* it has said what is wrong */
	}
	return EXIT_UNREAD;
}

int status_command(int argc, char **argv)
{
	struct status_options options;
	(void)argc;
	const char *complaint = options_parse(argv, &options);
	if (complaint != NULL) {
		fprintf(stderr, "hinomi status: %s; see hinomi status --help\n", complaint);
		return EXIT_USAGE;
	}
	if (options.is_help) {
		fputs("usage: hinomi status [--socket PATH] [--json] [--watch]\n"
			"\n"
			"What a running sensor sees now: rates, inputs and their losses, the busiest\n"
			"destinations, open findings. --watch repeats it every second.\n"
			"Default socket: " SOCKET_PATH "\n"
			"\n"
			"Exit status: 0 answered; 1 no sensor answers there; 2 usage.\n", stdout);
		return EXIT_OK;
	}
	return options.is_watch ? answers_watch(&options) : answer_show(&options);
}
