/*
 * One descriptor of the file, one of inotify on its directory: a write, a new
 * file and a rename wake alike. What is read stands in one buffer, of which
 * whole lines are given away; the place moves with them, never before.
 */
#include "tower/follow.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES (2 * FOLLOW_LINE_BYTES_MAX)

struct follow {
	char *path; /* owned */
	int fd; /* of the file, -1: none is open */
	int watch_fd;
	struct follow_place place;
	struct follow_counters counters;
	bool is_skipping; /* in a line that is too long */
	size_t held_bytes; /* in buffer, from place.offset_bytes on */
	char buffer[BUFFER_BYTES];
};

/** Begins with an open file at an offset. */
static void begin(struct follow *follow, int fd, const struct stat *file, uint64_t offset_bytes)
{
	follow->fd = fd;
	follow->place = (struct follow_place){file->st_dev, file->st_ino, offset_bytes};
	follow->held_bytes = 0;
	follow->is_skipping = false;
	follow->counters.files++;
}

/** Opens a file in a directory if it is the one that was left and as long as it was; -1: no. */
static int open_left(int directory_fd, const char *name, const struct follow_place *left, struct stat *ret_file)
{
	int fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd >= 0 && fstat(fd, ret_file) == 0 && S_ISREG(ret_file->st_mode) && ret_file->st_dev == left->device &&
		ret_file->st_ino == left->inode && (uint64_t)ret_file->st_size >= left->offset_bytes)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/** Looks for the file that was left, under whatever name it has now. */
static bool find_left(struct follow *follow)
{
	const struct follow_place left = follow->place;
	char *path = strdup(follow->path);
	DIR *directory = path != NULL ? opendir(dirname(path)) : NULL;
	struct dirent *entry;
	struct stat file;
	int fd = -1;
	while (directory != NULL && fd < 0 && (entry = readdir(directory)) != NULL) {
		if (entry->d_ino == left.inode)
			fd = open_left(dirfd(directory), entry->d_name, &left, &file);
	}
	if (fd >= 0)
		begin(follow, fd, &file, left.offset_bytes);
	if (directory != NULL)
		closedir(directory);
	free(path);
	return fd >= 0;
}

/** Opens the path from its beginning. @return OK, also where there is nothing yet; E_SYS */
static int open_path(struct follow *follow)
{
	struct stat file;
	int fd = open(follow->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? OK : E_SYS;
	if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode)) {
		close(fd);
		errno = EINVAL;
		return E_SYS;
	}
	begin(follow, fd, &file, 0);
	return OK;
}

void follow_go(struct follow *follow, const struct follow_place *from)
{
	if (follow->fd >= 0)
		close(follow->fd);
	follow->fd = -1;
	follow->place = *from;
	follow->held_bytes = 0;
	follow->is_skipping = false;
	if (from->inode != 0 && !find_left(follow))
		follow->counters.gaps++;
}

int follow_new(const char *path, const struct follow_place *from, struct follow **ret_follow)
{
	struct follow *follow = calloc(1, sizeof(*follow));
	char *copy = strdup(path);
	if (follow != NULL)
		follow->path = strdup(path);
	if (follow == NULL || copy == NULL || follow->path == NULL) {
		free(copy);
		if (follow != NULL)
			free(follow->path);
		free(follow);
		return E_NOMEM;
	}
	follow->fd = -1;
	follow->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int watch = follow->watch_fd >= 0
		? inotify_add_watch(follow->watch_fd, dirname(copy), IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) : -1;
	free(copy);
	if (watch < 0) {
		int reason = errno;
		follow_free(follow);
		errno = reason;
		return E_SYS;
	}
	follow_go(follow, from != NULL ? from : &(struct follow_place){0});
	*ret_follow = follow;
	return OK;
}

void follow_free(struct follow *follow)
{
	if (follow == NULL)
		return;
	if (follow->fd >= 0)
		close(follow->fd);
	if (follow->watch_fd >= 0)
		close(follow->watch_fd);
	free(follow->path);
	free(follow);
}

int follow_fd(const struct follow *follow)
{
	return follow->watch_fd;
}

/** Whether the path names another file than the one that is open, and the writer is there: an empty one may only wait for him. */
static bool is_renamed(const struct follow *follow)
{
	struct stat file;
	return stat(follow->path, &file) == 0 && file.st_size > 0 &&
		(file.st_dev != follow->place.device || file.st_ino != follow->place.inode);
}

/** Fills the buffer from the file. @return OK or E_SYS; ret_has_more: something was read */
static int fill(struct follow *follow, bool *ret_has_more)
{
	struct stat file;
	uint64_t from_bytes = follow->place.offset_bytes + follow->held_bytes;
	*ret_has_more = false;
	if (fstat(follow->fd, &file) != 0)
		return E_SYS;
	if ((uint64_t)file.st_size < from_bytes) { /* truncated: what comes now is new */
		follow->counters.gaps++;
		follow->place.offset_bytes = 0;
		follow->held_bytes = 0;
		follow->is_skipping = false;
		from_bytes = 0;
	}
	ssize_t got = pread(follow->fd, follow->buffer + follow->held_bytes, BUFFER_BYTES - follow->held_bytes, (off_t)from_bytes);
	if (got < 0)
		return errno == EINTR ? OK : E_SYS;
	follow->held_bytes += (size_t)got;
	*ret_has_more = got > 0;
	return OK;
}

/** Gives away the lines in the buffer. @return how many were dealt with; ret_is_held: the taker has no room */
static size_t give(struct follow *follow, size_t most_lines, follow_take *take, void *arg, bool *ret_is_held)
{
	size_t at = 0, count = 0;
	*ret_is_held = false;
	while (count < most_lines) {
		const char *line = follow->buffer + at, *end = memchr(line, '\n', follow->held_bytes - at);
		size_t line_bytes = end != NULL ? (size_t)(end - line) : follow->held_bytes - at;
		bool is_long = follow->is_skipping || line_bytes > FOLLOW_LINE_BYTES_MAX;
		if (end == NULL && !is_long)
			break;
		struct follow_place behind = follow->place;
		behind.offset_bytes += at + line_bytes + 1;
		if (!is_long && !take(arg, line, line_bytes, &behind)) {
			*ret_is_held = true;
			break;
		}
		if (is_long && !follow->is_skipping)
			follow->counters.too_long++;
		follow->counters.lines += is_long ? 0 : 1;
		follow->is_skipping = is_long && end == NULL;
		at += line_bytes + (end != NULL ? 1 : 0);
		count++;
		if (follow->is_skipping)
			break;
	}
	follow->place.offset_bytes += at;
	follow->held_bytes -= at;
	memmove(follow->buffer, follow->buffer + at, follow->held_bytes);
	return count;
}

int follow_read(struct follow *follow, size_t most_lines, follow_take *take, void *arg, bool *ret_more)
{
	char events[4096];
	bool has_read = true, is_held = false;
	*ret_more = false;
	while (read(follow->watch_fd, events, sizeof(events)) > 0)
		; /* what they say is looked at anyway */
	for (size_t count = 0; count < most_lines && has_read && !is_held;) {
		int err = follow->fd < 0 ? open_path(follow) : OK;
		if (err != OK || follow->fd < 0)
			return err;
		bool was_renamed = is_renamed(follow); /* asked before the read, which then is of all that the old file will have */
		err = fill(follow, &has_read);
		if (err != OK)
			return err;
		count += give(follow, most_lines - count, take, arg, &is_held);
		if (!has_read && !is_held && was_renamed && memchr(follow->buffer, '\n', follow->held_bytes) == NULL) {
			close(follow->fd);
			follow->fd = -1;
			has_read = true;
		}
	}
	*ret_more = has_read && !is_held;
	return OK;
}

struct follow_place follow_place_of(const struct follow *follow)
{
	return follow->place;
}

struct follow_counters follow_counters_of(const struct follow *follow)
{
	return follow->counters;
}
