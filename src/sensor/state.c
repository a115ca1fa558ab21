/* Atomic files of the state directory. */
#include "sensor/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/limits.h"

static int fd_write_all(int fd, const uint8_t *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return E_SYS;
		bytes += written;
		length -= (size_t)written;
	}
	return fsync(fd) == 0 ? OK : E_SYS;
}

/** The rename reaches the disk with its directory. */
static int directory_sync(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return E_SYS;
	int err = fsync(fd) == 0 ? OK : E_SYS;
	close(fd);
	return err;
}

int state_save(const char *directory, const char *name, const uint8_t *bytes, size_t length_bytes)
{
	char path[PATH_MAX], beside[PATH_MAX];
	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path) ||
	    snprintf(beside, sizeof(beside), "%s/%s.new", directory, name) >= (int)sizeof(beside)) {
		errno = ENAMETOOLONG;
		return E_SYS;
	}
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return E_SYS;
	int err = fd_write_all(fd, bytes, length_bytes);
	close(fd);
	if (err == OK && rename(beside, path) == 0)
		return directory_sync(directory);
	int reason = errno;
	(void)unlink(beside); /* where the disk is full, it would keep it so */
	errno = reason;
	return E_SYS;
}

static int fd_read_all(int fd, uint8_t *bytes, size_t length)
{
	while (length > 0) {
		ssize_t got = read(fd, bytes, length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return E_SYS;
		bytes += got;
		length -= (size_t)got;
	}
	return OK;
}

int state_load(const char *directory, const char *name, uint8_t **ret_bytes, size_t *ret_length_bytes)
{
	char path[PATH_MAX];
	struct stat st;
	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return E_SYS;
	}
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? E_END : E_SYS;
	int err = fstat(fd, &st) == 0 ? OK : E_SYS;
	if (err == OK && (!S_ISREG(st.st_mode) || st.st_size > LIMIT_STATE_BYTES))
		err = E_LIMIT;
	size_t length = err == OK ? (size_t)st.st_size : 0;
	uint8_t *bytes = err == OK ? malloc(length + 1) : NULL;
	if (err == OK)
		err = bytes != NULL ? fd_read_all(fd, bytes, length) : E_NOMEM;
	close(fd);
	if (err != OK) {
		free(bytes);
		return err;
	}
	*ret_bytes = bytes;
	*ret_length_bytes = length;
	return OK;
}
