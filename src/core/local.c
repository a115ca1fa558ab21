/* Local sockets to listen on. */
#include "core/local.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/** Removes a socket on which nobody answers. */
static int stale_remove(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return E_SYS;
	bool answers = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 || errno == EAGAIN;
	bool is_stale = !answers && errno == ECONNREFUSED;
	close(fd);
	if (answers)
		return E_STATE;
	return !is_stale || unlink(addr->sun_path) == 0 ? OK : E_SYS;
}

static void directory_make(const struct sockaddr_un *addr)
{
	char directory[sizeof(addr->sun_path)];
	snprintf(directory, sizeof(directory), "%s", addr->sun_path);
	char *slash = strrchr(directory, '/');
	if (slash != NULL && slash != directory) {
		*slash = '\0';
		(void)mkdir(directory, 0755); /* bind() tells what is wrong */
	}
}

int local_listen(const char *path, int backlog, int *ret_fd)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return E_SYS;
	}
	memcpy(addr.sun_path, path, strlen(path));
	directory_make(&addr);
	int err = stale_remove(&addr);
	if (err != OK)
		return err;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return E_SYS;
	mode_t old_mask = umask(0117); /* bind() makes the socket with mode 0660 at once */
	bool is_open = bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0;
	umask(old_mask);
	if (is_open && listen(fd, backlog) == 0) {
		*ret_fd = fd;
		return OK;
	}
	int saved_errno = errno;
	close(fd);
	errno = saved_errno;
	return E_SYS;
}
