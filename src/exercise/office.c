/* A service of one line in and one line out, and documents in both. */
#include "exercise/office.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/local.h"
#include "sensor/loop.h"
#include "sensor/service.h"

#define BACKLOG 8
#define PATH_BYTES 108 /* as sun_path of unix(7) */
#define EVENTS 16

struct office {
	struct office_hooks hooks;
	struct service *service;
	int epoll_fd;
	uid_t user;
	char path[PATH_BYTES];
};

struct exercise_reply office_reply(enum exercise_answer answer, const char *why)
{
	struct exercise_reply reply = {.answer = answer};
	(void)snprintf(reply.why, sizeof(reply.why), "%s", why);
	return reply;
}

static struct exercise_reply request_do(const struct office_hooks *hooks, const struct exercise_request *request)
{
	if (request->ask == EXERCISE_ASK_START && hooks->start != NULL)
		return hooks->start(hooks->context, request->scenario);
	if (request->ask == EXERCISE_ASK_STOP && hooks->stop != NULL)
		return hooks->stop(hooks->context);
	if (request->ask == EXERCISE_ASK_JOIN && hooks->join != NULL)
		return hooks->join(hooks->context, request->passkey);
	return office_reply(EXERCISE_CLOSED, "this exercise was started on a terminal, and is ended there");
}

static int request_take(void *arg, const char *text, size_t length_bytes, char **ret_reply, size_t *ret_reply_bytes)
{
	const struct office *office = arg;
	struct exercise_request request;
	struct exercise_reply reply;
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
	int err = document_parse(&exercise_request_kind, text, length_bytes, &request, complaint);
	if (err == OK && request.ask == EXERCISE_ASK_STATE) {
		err = document_write(&exercise_state_kind, office->hooks.state(office->hooks.context), &line, complaint);
	} else {
		reply = err == OK ? request_do(&office->hooks, &request) : office_reply(EXERCISE_BROKEN, "that cannot be read");
		err = document_write(&exercise_reply_kind, &reply, &line, complaint);
	}
	if (err != OK)
		return err;
	*ret_reply = line;
	*ret_reply_bytes = strlen(line);
	return OK;
}

/* The socket is the account's group's to connect to. */
static int account_find(const char *name, struct office *office, gid_t *ret_group)
{
	const struct passwd *account = name != NULL ? getpwnam(name) : getpwuid(getuid());
	if (account == NULL)
		return E_CONFIG;
	office->user = account->pw_uid;
	*ret_group = account->pw_gid;
	return OK;
}

int office_open(const char *path, const char *account, const struct office_hooks *hooks, char ret_why[static WHY_BYTES],
	struct office **ret_office)
{
	struct office *office = calloc(1, sizeof(*office));
	int listen_fd = -1;
	gid_t group = 0;
	if (office == NULL)
		return why_refuse(ret_why, E_NOMEM, path, "no memory");
	office->hooks = *hooks;
	office->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	int err = account_find(account, office, &group);
	if (err != OK)
		(void)why_refuse(ret_why, err, account != NULL ? account : "who starts this", "is no account on this machine");
	else if (office->epoll_fd < 0 || (err = local_listen(path, BACKLOG, &listen_fd)) != OK)
		err = err == E_STATE ? why_refuse(ret_why, err, path, "another process answers there")
			: why_refuse_errno(ret_why, path, "cannot be listened at");
	else
		(void)snprintf(office->path, sizeof(office->path), "%s", path);
	if (err == OK && chown(path, (uid_t)-1, group) != 0)
		err = why_refuse_errno(ret_why, path, "cannot be given to the account's group");
	const struct service_config service = {.listen_fd = listen_fd, .epoll_fd = office->epoll_fd, .request_end = "\n",
		.handler = request_take, .arg = office, .user = &office->user};
	if (err == OK && (err = service_new(&service, &office->service)) != OK)
		(void)why_refuse(ret_why, err, path, "cannot be served");
	if (err == OK) {
		*ret_office = office;
		return OK;
	}
	if (listen_fd >= 0)
		(void)close(listen_fd);
	office_close(office);
	return err;
}

void office_turn(struct office *office, int also_fd, int wait_ms)
{
	struct pollfd ready[2] = {{.fd = office != NULL ? office->epoll_fd : -1, .events = POLLIN}, {.fd = also_fd, .events = POLLIN}};
	struct epoll_event events[EVENTS];
	if (wait_ms > 0 && poll(ready, 2, wait_ms) <= 0 && office == NULL)
		return;
	int count = office != NULL ? epoll_wait(office->epoll_fd, events, EVENTS, 0) : 0;
	for (int i = 0; i < count; i++) {
		const struct loop_watch *watch = events[i].data.ptr;
		watch->ready(watch->arg, events[i].events);
	}
	if (office != NULL)
		service_expire(office->service, clock_mono_ns());
}

void office_close(struct office *office)
{
	if (office == NULL)
		return;
	service_free(office->service);
	if (office->epoll_fd >= 0)
		(void)close(office->epoll_fd);
	if (office->path[0] != '\0')
		(void)unlink(office->path);
	free(office);
}
