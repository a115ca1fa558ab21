/* The datagram of sd_notify(3): a path, or "@" and a name in the abstract namespace of unix(7). */
#include "core/ready.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/log.h"

int ready_tell(void)
{
	static const char message[] = "READY=1";
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	if (path == NULL)
		return OK;
	size_t path_bytes = strlen(path);
	if ((path[0] != '/' && path[0] != '@') || path_bytes < 2 || path_bytes >= sizeof(addr.sun_path))
		return E_CONFIG;
	memcpy(addr.sun_path, path, path_bytes);
	if (path[0] == '@')
		addr.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return E_SYS;
	socklen_t addr_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_bytes);
	ssize_t sent = sendto(fd, message, sizeof(message) - 1, MSG_NOSIGNAL, (const struct sockaddr *)&addr, addr_bytes);
	int saved_errno = errno;
	close(fd);
	errno = saved_errno;
	return sent == (ssize_t)sizeof(message) - 1 ? OK : E_SYS;
}

void ready_tell_or_log(void)
{
	int err = ready_tell();
	if (err != OK)
		log_line(LOG_LEVEL_ERROR, "ready_untold error=\"%s\": NOTIFY_SOCKET", err == E_SYS ? strerror(errno) : err_name(err));
}
