/*
 * A small local service. Every client has a slot; while all are taken the
 * listening socket is not watched, so more clients wait in the backlog and
 * cost nothing.
 */
#include "sensor/service.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/limits.h"
#include "sensor/loop.h"

struct client {
	struct service *service;
	struct loop_watch watch;
	int fd; /* -1: the slot is free */
	int64_t deadline_mono_ns;
	size_t request_bytes;
	char *reply; /* owned; NULL while the request is coming */
	size_t reply_bytes, sent_bytes;
	char request[LIMIT_SERVICE_REQUEST_BYTES + 1];
};

struct service {
	struct service_config config;
	struct loop_watch watch;
	struct service_counters counters;
	struct client clients[LIMIT_SERVICE_CLIENTS];
};

/** Whether new clients are welcome: a readable backlog must not wake the loop while there is no slot. */
static void accept_watch(struct service *service, bool is_welcome)
{
	int err = loop_change(service->config.epoll_fd, service->config.listen_fd, is_welcome ? EPOLLIN : 0, &service->watch);
	ASSERT(err == OK);
}

static void client_close(struct client *client, uint64_t *ret_counter)
{
	struct service *service = client->service;
	(*ret_counter)++;
	close(client->fd);
	free(client->reply);
	client->fd = -1;
	client->reply = NULL;
	if (service->counters.open == LIMIT_SERVICE_CLIENTS)
		accept_watch(service, true);
	service->counters.open--;
}

static void reply_send(struct client *client)
{
	struct service *service = client->service;
	while (client->sent_bytes < client->reply_bytes) {
		ssize_t sent = send(client->fd, client->reply + client->sent_bytes, client->reply_bytes - client->sent_bytes,
			MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (sent < 0) {
			client_close(client, &service->counters.gone);
			return;
		}
		client->sent_bytes += (size_t)sent;
	}
	client_close(client, &service->counters.answered);
}

/** The request is whole: its reply is made and begins to leave. */
static void request_take(struct client *client, size_t length_bytes)
{
	struct service *service = client->service;
	client->request[length_bytes] = '\0';
	int err = service->config.handler(service->config.arg, client->request, length_bytes, &client->reply, &client->reply_bytes);
	if (err == OK)
		err = loop_change(service->config.epoll_fd, client->fd, EPOLLOUT, &client->watch);
	if (err == OK)
		reply_send(client);
	else
		client_close(client, &service->counters.refused);
}

static void request_read(struct client *client)
{
	struct service *service = client->service;
	ssize_t got = recv(client->fd, client->request + client->request_bytes,
		LIMIT_SERVICE_REQUEST_BYTES - client->request_bytes, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		client_close(client, &service->counters.gone);
		return;
	}
	client->request_bytes += (size_t)got;
	client->request[client->request_bytes] = '\0';
	const char *end = memmem(client->request, client->request_bytes, service->config.request_end,
		strlen(service->config.request_end));
	if (end != NULL)
		request_take(client, (size_t)(end - client->request));
	else if (client->request_bytes == LIMIT_SERVICE_REQUEST_BYTES)
		client_close(client, &service->counters.refused);
}

static void client_ready(void *arg, uint32_t events)
{
	struct client *client = arg;
	(void)events; /* reading or writing finds out what happened */
	if (client->fd < 0)
		return; /* closed earlier in this turn of the loop */
	if (client->reply == NULL)
		request_read(client);
	else
		reply_send(client);
}

static bool may_ask(const struct service *service, int fd)
{
	struct ucred peer;
	socklen_t peer_bytes = sizeof(peer);
	return service->config.user == NULL || (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_bytes) == 0 &&
		(peer.uid == *service->config.user || peer.uid == 0));
}

static void accept_ready(void *arg, uint32_t events)
{
	struct service *service = arg;
	(void)events;
	struct client *client = service->clients;
	while (client < service->clients + LIMIT_SERVICE_CLIENTS && client->fd >= 0)
		client++;
	if (client == service->clients + LIMIT_SERVICE_CLIENTS)
		return;
	int fd = accept4(service->config.listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return; /* gone before it was accepted, or out of descriptors: the next turn tries again */
	client->fd = fd;
	client->deadline_mono_ns = clock_mono_ns() + LIMIT_SERVICE_TIME_MS * NS_PER_MS;
	client->request_bytes = 0;
	client->reply_bytes = 0;
	client->sent_bytes = 0;
	service->counters.accepted++;
	service->counters.open++;
	if (!may_ask(service, fd) || loop_add(service->config.epoll_fd, fd, EPOLLIN, &client->watch) != OK)
		client_close(client, &service->counters.refused);
	else if (service->counters.open == LIMIT_SERVICE_CLIENTS)
		accept_watch(service, false);
}

int service_new(const struct service_config *config, struct service **ret_service)
{
	struct service *service = calloc(1, sizeof(*service));
	if (service == NULL)
		return E_NOMEM;
	service->config = *config;
	service->watch = (struct loop_watch){accept_ready, service};
	for (size_t i = 0; i < LIMIT_SERVICE_CLIENTS; i++) {
		struct client *client = &service->clients[i];
		client->fd = -1;
		client->service = service;
		client->watch = (struct loop_watch){client_ready, client};
	}
	int err = loop_add(config->epoll_fd, config->listen_fd, EPOLLIN, &service->watch);
	if (err != OK) {
		free(service);
		return err;
	}
	*ret_service = service;
	return OK;
}

void service_free(struct service *service)
{
	if (service == NULL)
		return;
	for (size_t i = 0; i < LIMIT_SERVICE_CLIENTS; i++) {
		if (service->clients[i].fd >= 0)
			client_close(&service->clients[i], &service->counters.gone);
	}
	close(service->config.listen_fd);
	free(service);
}

void service_expire(struct service *service, int64_t now_mono_ns)
{
	for (size_t i = 0; i < LIMIT_SERVICE_CLIENTS; i++) {
		struct client *client = &service->clients[i];
		if (client->fd >= 0 && now_mono_ns >= client->deadline_mono_ns)
			client_close(client, &service->counters.expired);
	}
}

struct service_counters service_counters_of(const struct service *service)
{
	return service->counters;
}
