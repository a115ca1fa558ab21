/*
 * Whole lines to a file. The queue is one buffer; a line stays at its front
 * until its last byte is written, so after a reopen it is written again from
 * its start and no file begins in the middle of a line.
 *
 * Standard output may be a pipe that others share, so it is not made
 * non-blocking: poll(2) is asked first, and what it grants (PIPE_BUF bytes,
 * pipe(7)) is the most that is written at once.
 */
#include "sensor/line_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/limits.h"

struct line_file {
	char *path; /* owned; NULL: standard output */
	int fd;
	bool is_regular;
	char *queue; /* owned, LIMIT_FINDINGS_QUEUE_BYTES */
	size_t queued_bytes;
	size_t sent_bytes; /* of the queue's first line */
	struct line_file_counters counters;
};

static int fd_open(const char *path, int *ret_fd, bool *ret_is_regular)
{
	int fd = STDOUT_FILENO;
	struct stat st;
	if (path != NULL)
		fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
	if (fd < 0 || fstat(fd, &st) != 0)
		return E_SYS;
	*ret_fd = fd;
	*ret_is_regular = S_ISREG(st.st_mode);
	return OK;
}

int line_file_open(const char *path, struct line_file **ret_file)
{
	struct line_file *file = calloc(1, sizeof(*file));
	if (file == NULL)
		return E_NOMEM;
	bool is_stdout = strcmp(path, "-") == 0;
	file->fd = -1;
	file->path = is_stdout ? NULL : strdup(path);
	file->queue = malloc(LIMIT_FINDINGS_QUEUE_BYTES);
	int err = file->queue != NULL && (is_stdout || file->path != NULL) ? OK : E_NOMEM;
	if (err == OK)
		err = fd_open(file->path, &file->fd, &file->is_regular);
	if (err != OK) {
		int saved_errno = errno;
		line_file_free(file);
		errno = saved_errno;
		return err;
	}
	*ret_file = file;
	return OK;
}

void line_file_free(struct line_file *file)
{
	if (file == NULL)
		return;
	if (file->path != NULL && file->fd >= 0)
		close(file->fd);
	free(file->path);
	free(file->queue);
	free(file);
}

/** One write of the queue's front. @return bytes written, 0: not now */
static size_t front_write(struct line_file *file)
{
	size_t wanted = file->queued_bytes - file->sent_bytes;
	struct pollfd ready = {.fd = file->fd, .events = POLLOUT};
	if (!file->is_regular && poll(&ready, 1, 0) != 1)
		return 0;
	if (!file->is_regular && wanted > PIPE_BUF)
		wanted = PIPE_BUF;
	ssize_t written = write(file->fd, file->queue + file->sent_bytes, wanted);
	if (written >= 0) {
		file->counters.last_errno = 0;
		return (size_t)written;
	}
	if (errno != EAGAIN && errno != EINTR) {
		file->counters.failed_writes++;
		file->counters.last_errno = errno;
	}
	return 0;
}

/** Takes the lines off the queue whose last byte is written. */
static void lines_drop(struct line_file *file)
{
	size_t dropped = 0;
	for (;;) {
		const char *end = memchr(file->queue + dropped, '\n', file->sent_bytes - dropped);
		if (end == NULL)
			break;
		dropped = (size_t)(end - file->queue) + 1;
		file->counters.written++;
		file->counters.waiting--;
	}
	memmove(file->queue, file->queue + dropped, file->queued_bytes - dropped);
	file->queued_bytes -= dropped;
	file->sent_bytes -= dropped;
}

void line_file_flush(struct line_file *file)
{
	size_t written = 1;
	while (written > 0 && file->sent_bytes < file->queued_bytes) {
		written = front_write(file);
		file->sent_bytes += written;
	}
	lines_drop(file);
}

void line_file_drain(struct line_file *file, int wait_ms)
{
	int64_t until_mono_ns = clock_mono_ns() + wait_ms * NS_PER_MS;
	line_file_flush(file);
	for (int64_t left_ns; file->queued_bytes > 0 && (left_ns = until_mono_ns - clock_mono_ns()) > 0;) {
		struct pollfd ready = {.fd = file->fd, .events = POLLOUT};
		if (file->is_regular || poll(&ready, 1, (int)(left_ns / NS_PER_MS) + 1) < 0 || (ready.revents & (POLLERR | POLLHUP)))
			return; /* a full disk, or nobody reads any more */
		line_file_flush(file);
	}
}

void line_file_put(struct line_file *file, const char *line)
{
	size_t length = strlen(line);
	file->counters.put++;
	if (length + 1 > LIMIT_FINDINGS_QUEUE_BYTES - file->queued_bytes)
		line_file_flush(file);
	if (length + 1 > LIMIT_FINDINGS_QUEUE_BYTES - file->queued_bytes) {
		file->counters.lost++;
		return;
	}
	memcpy(file->queue + file->queued_bytes, line, length);
	file->queue[file->queued_bytes + length] = '\n';
	file->queued_bytes += length + 1;
	file->counters.waiting++;
	line_file_flush(file);
}

int line_file_reopen(struct line_file *file)
{
	if (file->path == NULL)
		return OK;
	int fd;
	bool is_regular;
	if (fd_open(file->path, &fd, &is_regular) != OK)
		return E_SYS;
	close(file->fd);
	file->fd = fd;
	file->is_regular = is_regular;
	file->sent_bytes = 0;
	line_file_flush(file);
	return OK;
}

struct line_file_counters line_file_counters_of(const struct line_file *file)
{
	return file->counters;
}
