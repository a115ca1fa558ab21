/*
 * One connection for each question, within LIMIT_TOWER_PLAYER_MS. What is told
 * is read into a struct by its table and written anew from there, so nothing
 * that the table does not know goes further.
 */
#include "tower/exercise.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "tower/desk.h"
#include "tower/http.h"

#define ASK_EVERY_MS 500
#define LINE_BYTES (EXERCISE_STATE_BYTES_MAX + 2)

struct exercise {
	struct tower *tower;
	_Atomic bool should_end;
	bool has_told; /* that it does not answer */
	size_t line_bytes;
	char line[LINE_BYTES];
	struct exercise_state state; /* read into, by the thread alone */
	pthread_mutex_t lock; /* of what follows */
	bool answers;
	json_t *told; /* owned; NULL: nothing yet */
};

struct exercise *exercise_new(struct tower *tower)
{
	struct exercise *exercise = calloc(1, sizeof(*exercise));
	if (exercise == NULL)
		return NULL;
	exercise->tower = tower;
	pthread_mutex_init(&exercise->lock, NULL);
	return exercise;
}

void exercise_free(struct exercise *exercise)
{
	if (exercise == NULL)
		return;
	json_decref(exercise->told);
	pthread_mutex_destroy(&exercise->lock);
	free(exercise);
}

void exercise_end(struct exercise *exercise)
{
	exercise->should_end = true;
}

/* Asking. */

static bool ready_wait(int fd, short events, int64_t until_mono_ns)
{
	struct pollfd ready = {.fd = fd, .events = events};
	int64_t left_ns = until_mono_ns - clock_mono_ns();
	return left_ns > 0 && poll(&ready, 1, (int)(left_ns / NS_PER_MS) + 1) > 0;
}

static int player_connect(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/** Reads to the end of the answer. @return whether it came, and is not too long */
static bool answer_read(struct exercise *exercise, int fd, int64_t until_mono_ns)
{
	exercise->line_bytes = 0;
	while (ready_wait(fd, POLLIN, until_mono_ns)) {
		ssize_t got = recv(fd, exercise->line + exercise->line_bytes, LINE_BYTES - exercise->line_bytes, 0);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got == 0)
			return exercise->line_bytes > 0;
		if (got < 0)
			return false;
		exercise->line_bytes += (size_t)got;
		if (exercise->line_bytes == LINE_BYTES)
			return false;
	}
	return false;
}

/** One question and its answer, which stays in exercise->line. */
static bool asked(struct exercise *exercise, const struct exercise_request *request)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES], *text = NULL;
	int64_t until_mono_ns = clock_mono_ns() + LIMIT_TOWER_PLAYER_MS * NS_PER_MS;
	int fd = document_write(&exercise_request_kind, request, &text, complaint) == OK
		? player_connect(exercise->tower->config->exercise) : -1;
	bool is_answered = fd >= 0 && send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text) &&
		send(fd, "\n", 1, MSG_NOSIGNAL) == 1 && answer_read(exercise, fd, until_mono_ns);
	if (fd >= 0)
		close(fd);
	free(text);
	return is_answered;
}

int exercise_ask(struct exercise *exercise, const struct exercise_request *request, struct exercise_reply *ret_reply)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	bool is_answered = asked(exercise, request) &&
		document_parse(&exercise_reply_kind, exercise->line, exercise->line_bytes, ret_reply, complaint) == OK;
	return is_answered ? OK : E_AGAIN;
}

/* Following. */

/** What watchers are told: that something has changed, and of which run. */
static void change_tell(struct exercise *exercise)
{
	const struct exercise_state *state = &exercise->state;
	events_publish(exercise->tower->events, "exercise", json_pack("{s:I, s:I}", "number",
		state->run_count > 0 ? (json_int_t)state->runs[0].number : 0, "seconds",
		state->run_count > 0 ? (json_int_t)state->runs[0].second_count : 0));
}

/** The state as it is shown: what is of the document alone is taken away. */
static json_t *state_show(const struct exercise_state *state)
{
	bool is_altered = false;
	json_t *value = document_make(&exercise_state_root, state, &is_altered);
	(void)json_object_del(value, "document");
	(void)json_object_del(value, "version");
	(void)json_object_set_new(value, "player", json_string("answers"));
	return value;
}

static void told_set(struct exercise *exercise, bool answers, json_t *told)
{
	pthread_mutex_lock(&exercise->lock);
	bool has_changed = answers != exercise->answers || (told != NULL && !json_equal(told, exercise->told));
	exercise->answers = answers;
	if (told != NULL) {
		json_decref(exercise->told);
		exercise->told = told;
	}
	pthread_mutex_unlock(&exercise->lock);
	if (has_changed)
		change_tell(exercise);
}

static void follow(struct exercise *exercise)
{
	static const struct exercise_request request = {.ask = EXERCISE_ASK_STATE};
	char complaint[DOCUMENT_COMPLAINT_BYTES] = "does not answer";
	bool answers = asked(exercise, &request) &&
		document_parse(&exercise_state_kind, exercise->line, exercise->line_bytes, &exercise->state, complaint) == OK;
	told_set(exercise, answers, answers ? state_show(&exercise->state) : NULL);
	if (exercise->has_told == !answers)
		return;
	exercise->has_told = !answers;
	if (answers)
		log_line(LOG_LEVEL_INFO, "exercise player=answers");
	else
		log_line(LOG_LEVEL_NOTICE, "exercise player=silent why=\"%.100s\" next=\"asked again\"", complaint);
}

static void visits_take(struct exercise *exercise)
{
	struct visit *visit;
	while ((visit = desk_take(exercise->tower->exercising)) != NULL) {
		visit->route->handle(visit);
		if (!desk_put(exercise->tower->writing, visit)) /* to be noted in the audit */
			http_resume(visit);
	}
}

void *exercise_run(void *context)
{
	struct exercise *exercise = context;
	while (!exercise->should_end) {
		struct pollfd ready = {.fd = desk_fd(exercise->tower->exercising), .events = POLLIN};
		(void)poll(&ready, 1, ASK_EVERY_MS);
		visits_take(exercise);
		follow(exercise);
	}
	desk_close(exercise->tower->exercising);
	visits_take(exercise);
	return NULL;
}

/* Looking, from any thread. */

static json_t *nothing_show(const char *player)
{
	return json_pack("{s:s, s:b, s:b, s:[], s:[]}", "player", player, "may_start", 0, "is_own", 0, "scenarios", "runs");
}

json_t *exercise_show(struct exercise *exercise)
{
	if (exercise == NULL)
		return nothing_show("none");
	pthread_mutex_lock(&exercise->lock);
	json_t *shown = exercise->told != NULL ? json_deep_copy(exercise->told)
		: nothing_show("silent");
	if (!exercise->answers) {
		(void)json_object_set_new(shown, "player", json_string("silent"));
		(void)json_object_set_new(shown, "may_start", json_false());
		(void)json_object_del(shown, "begins_ms");
	}
	pthread_mutex_unlock(&exercise->lock);
	return shown;
}
