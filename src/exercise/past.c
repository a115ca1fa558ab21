/* A few lines, written as a whole. */
#include "exercise/past.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exercise/watch.h"

#define FRESH_FILE PAST_FILE ".new"
#define BROKEN_FILE PAST_FILE ".broken"
#define FILE_BYTES_MAX EXERCISE_STATE_BYTES_MAX /* all runs without their events: the state's line is longer */

static int directory_open(const char *directory, int *ret_fd, char why[static WHY_BYTES])
{
	*ret_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd >= 0 ? OK : why_refuse_errno(why, directory, "scores");
}

/** The whole file. @return OK; E_STATE: there is none; E_MALFORMED: no file, or a longer one than we write; E_SYS, E_NOMEM */
static int file_read(int directory_fd, char **ret_text, size_t *ret_bytes)
{
	struct stat about;
	int fd = openat(directory_fd, PAST_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), err = E_MALFORMED;
	if (fd < 0)
		return errno == ENOENT ? E_STATE : errno == ELOOP ? E_MALFORMED : E_SYS;
	char *text = malloc(FILE_BYTES_MAX + 1);
	ssize_t got = 0, used = 0;
	if (text == NULL)
		err = E_NOMEM;
	else if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_size <= FILE_BYTES_MAX) {
		while ((got = read(fd, text + used, (size_t)(FILE_BYTES_MAX - used))) > 0)
			used += got;
		err = got == 0 ? OK : E_SYS;
	}
	(void)close(fd);
	if (err != OK) {
		free(text);
		return err;
	}
	text[used] = '\0';
	*ret_text = text;
	*ret_bytes = (size_t)used;
	return OK;
}

/** Whether a run may stand where it does: numbers fall, and only a run that is over has neither events nor seconds. */
static bool is_fitting(const struct exercise_state *state, const struct exercise_run *run)
{
	bool is_next = state->run_count == 0 || run->number < state->runs[state->run_count - 1].number;
	return is_next && run->number > 0 && run->event_count == 0 && run->second_count == 0;
}

static int lines_parse(const char *text, size_t bytes, struct exercise_state *state, char why[static WHY_BYTES])
{
	struct exercise_run *run = calloc(1, sizeof(*run));
	char complaint[DOCUMENT_COMPLAINT_BYTES] = "";
	int err = run != NULL ? OK : E_NOMEM;
	while (err == OK && bytes > 0) {
		const char *end = memchr(text, '\n', bytes);
		size_t length = end != NULL ? (size_t)(end - text) : bytes;
		const char *wrong = end == NULL ? "is no whole line" : state->run_count == EXERCISE_RUNS_MAX ? "is one run too many" : NULL;
		if (wrong == NULL && document_parse(&exercise_run_kind, text, length, run, complaint) != OK)
			wrong = complaint;
		if (wrong == NULL && !is_fitting(state, run))
			wrong = "is no run that we keep";
		if (wrong != NULL) {
			err = why_refuse(why, E_MALFORMED, "line", wrong);
			break;
		}
		state->runs[state->run_count++] = *run;
		text += length + 1;
		bytes -= length + 1;
	}
	free(run);
	return err;
}

int past_load(const char *directory, int64_t now_ms, struct exercise_state *ret_state, char ret_why[static WHY_BYTES])
{
	char *text = NULL;
	size_t bytes = 0;
	int directory_fd = -1, err = directory_open(directory, &directory_fd, ret_why);
	ret_state->run_count = 0;
	if (err != OK)
		return err;
	err = file_read(directory_fd, &text, &bytes);
	if (err == E_STATE) {
		(void)close(directory_fd);
		return OK;
	}
	(void)why_refuse(ret_why, err, directory, err == E_SYS ? strerror(errno) : "its " PAST_FILE " is no file of ours");
	if (err == OK)
		err = lines_parse(text, bytes, ret_state, ret_why);
	free(text);
	if (err == E_MALFORMED) {
		ret_state->run_count = 0;
		if (renameat(directory_fd, PAST_FILE, directory_fd, BROKEN_FILE) != 0)
			err = why_refuse_errno(ret_why, directory, "the broken " PAST_FILE);
	}
	(void)close(directory_fd);
	for (size_t i = 0; i < ret_state->run_count; i++) {
		struct exercise_run *run = &ret_state->runs[i];
		if (!run->has_ended)
			watch_end(run, now_ms > run->started_ms ? now_ms : run->started_ms, "whoever played it was ended");
	}
	return err;
}

static bool lines_write(FILE *file, const struct exercise_state *state, struct exercise_run *run)
{
	bool is_written = true;
	for (size_t i = 0; i < state->run_count && is_written; i++) {
		char complaint[DOCUMENT_COMPLAINT_BYTES], *text = NULL;
		*run = state->runs[i];
		run->event_count = run->second_count = 0;
		is_written = document_write(&exercise_run_kind, run, &text, complaint) == OK && fputs(text, file) >= 0 &&
			fputc('\n', file) >= 0;
		free(text);
	}
	return is_written && fflush(file) == 0 && fsync(fileno(file)) == 0;
}

int past_save(const char *directory, const struct exercise_state *state, char ret_why[static WHY_BYTES])
{
	int directory_fd = -1, err = directory_open(directory, &directory_fd, ret_why);
	if (err != OK)
		return err;
	struct exercise_run *run = malloc(sizeof(*run));
	(void)unlinkat(directory_fd, FRESH_FILE, 0); /* of a save that was cut off */
	int fd = openat(directory_fd, FRESH_FILE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	FILE *file = fd >= 0 && run != NULL ? fdopen(fd, "we") : NULL;
	bool is_written = file != NULL && lines_write(file, state, run);
	if (file != NULL)
		is_written = fclose(file) == 0 && is_written;
	else if (fd >= 0)
		(void)close(fd);
	if (!is_written || renameat(directory_fd, FRESH_FILE, directory_fd, PAST_FILE) != 0 || fsync(directory_fd) != 0)
		err = why_refuse_errno(ret_why, directory, "scores are not kept");
	free(run);
	(void)close(directory_fd);
	return err;
}
