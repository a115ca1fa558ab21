/*
 * One thread over epoll. A connection reads until the empty line that ends a
 * request's head (RFC 9112 section 2.1), writes head and body, says that it
 * will write no more, and waits for the client to close. What is no such
 * request, is too long or takes too long is closed without an answer.
 */
#include "exercise/server.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/units.h"

#define CONNECTIONS_MAX 512 /* more wait in the kernel's backlog */
#define BACKLOG 128
#define REQUEST_BYTES_MAX 512
#define HEAD_BYTES 160
#define TIME_MAX_NS (10 * NS_PER_S)
#define TURN_MS 500 /* connections that take too long are looked for this often */

struct connection {
	int fd; /* -1: the place is free */
	int64_t since_ns;
	size_t in_bytes;
	size_t out_bytes; /* of head and body together, 0: no request yet */
	size_t sent_bytes;
	size_t head_bytes;
	char in[REQUEST_BYTES_MAX + 1];
	char head[HEAD_BYTES];
};

struct server {
	int epoll_fd;
	int listen_fd;
	size_t open_count;
	bool is_listening; /* not while all places are taken */
	struct connection connections[CONNECTIONS_MAX];
};

static const char body[SERVER_ANSWER_BYTES_MAX];

static void watch(const struct server *server, int operation, int fd, uint32_t events, struct connection *connection)
{
	struct epoll_event event = {.events = events, .data.ptr = connection};
	(void)epoll_ctl(server->epoll_fd, operation, fd, &event);
}

static void listen_turn(struct server *server, bool is_on)
{
	if (is_on == server->is_listening)
		return;
	server->is_listening = is_on;
	watch(server, EPOLL_CTL_MOD, server->listen_fd, is_on ? EPOLLIN : 0, NULL);
}

static void connection_end(struct server *server, struct connection *connection)
{
	(void)close(connection->fd);
	connection->fd = -1;
	server->open_count--;
	listen_turn(server, true);
}

/* "GET /N HTTP/1.1": fills the head of the answer. Returns false: it is something else. */
static bool request_read(struct connection *connection)
{
	char digits[8];
	uint64_t bytes;
	const char *space = strncmp(connection->in, "GET /", 5) == 0 ? strchr(connection->in + 5, ' ') : NULL;
	if (space == NULL || strncmp(space, " HTTP/1.1\r\n", 11) != 0)
		return false;
	size_t length = (size_t)(space - connection->in) - 5;
	if (length == 0 || length >= sizeof(digits))
		return false;
	memcpy(digits, connection->in + 5, length);
	digits[length] = '\0';
	if (units_parse(UNIT_NONE, digits, &bytes) != OK || bytes > SERVER_ANSWER_BYTES_MAX)
		return false;
	int written = snprintf(connection->head, sizeof(connection->head),
		"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %llu\r\nConnection: close\r\n\r\n",
		(unsigned long long)bytes);
	connection->head_bytes = (size_t)written;
	connection->out_bytes = connection->head_bytes + bytes;
	return true;
}

static void answer_send(struct server *server, struct connection *connection)
{
	while (connection->sent_bytes < connection->out_bytes) {
		bool is_head = connection->sent_bytes < connection->head_bytes;
		const char *from = is_head ? connection->head + connection->sent_bytes : body;
		size_t left = (is_head ? connection->head_bytes : connection->out_bytes) - connection->sent_bytes;
		bool has_more = is_head && connection->out_bytes > connection->head_bytes;
		ssize_t sent = send(connection->fd, from, left, MSG_NOSIGNAL | MSG_DONTWAIT | (has_more ? MSG_MORE : 0));
		if (sent <= 0) {
			watch(server, EPOLL_CTL_MOD, connection->fd, EPOLLIN | EPOLLOUT, connection);
			return;
		}
		connection->sent_bytes += (size_t)sent;
	}
	(void)shutdown(connection->fd, SHUT_WR);
	watch(server, EPOLL_CTL_MOD, connection->fd, EPOLLIN, connection);
}

static void connection_turn(struct server *server, struct connection *connection, uint32_t events)
{
	if (connection->out_bytes > 0 && events & EPOLLOUT) {
		answer_send(server, connection);
		return;
	}
	size_t room = REQUEST_BYTES_MAX - connection->in_bytes;
	ssize_t got = room > 0 ? recv(connection->fd, connection->in + connection->in_bytes, room, MSG_DONTWAIT) : -1;
	if (got <= 0) { /* the client has closed, or says more than it may */
		connection_end(server, connection);
		return;
	}
	connection->in_bytes += (size_t)got;
	connection->in[connection->in_bytes] = '\0';
	if (connection->out_bytes > 0 || strstr(connection->in, "\r\n\r\n") == NULL)
		return;
	if (request_read(connection))
		answer_send(server, connection);
	else
		connection_end(server, connection);
}

static void connection_begin(struct server *server)
{
	size_t at = 0;
	int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	while (server->connections[at].fd >= 0)
		at++;
	server->connections[at].fd = fd;
	server->connections[at].since_ns = clock_mono_ns();
	server->connections[at].in_bytes = server->connections[at].out_bytes = server->connections[at].sent_bytes = 0;
	watch(server, EPOLL_CTL_ADD, fd, EPOLLIN, &server->connections[at]);
	server->open_count++;
	listen_turn(server, server->open_count < CONNECTIONS_MAX);
}

static void late_end(struct server *server)
{
	int64_t now_ns = clock_mono_ns();
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (server->connections[i].fd >= 0 && now_ns - server->connections[i].since_ns > TIME_MAX_NS)
			connection_end(server, &server->connections[i]);
	}
}

static bool port_open(struct server *server)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(SERVER_PORT)};
	int no = 0;
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	server->listen_fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server->epoll_fd < 0 || server->listen_fd < 0 ||
		setsockopt(server->listen_fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)) != 0 ||
		bind(server->listen_fd, (struct sockaddr *)&any, sizeof(any)) != 0 || listen(server->listen_fd, BACKLOG) != 0)
		return false;
	server->is_listening = true;
	watch(server, EPOLL_CTL_ADD, server->listen_fd, EPOLLIN, NULL);
	return true;
}

int server_run(void *context)
{
	static struct server server;
	struct epoll_event events[64];
	int64_t looked_ns = clock_mono_ns();

	(void)context;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		server.connections[i].fd = -1;
	if (!port_open(&server)) {
		perror("exercise: the hosts' port 80");
		return 1;
	}
	for (;;) {
		int count = epoll_wait(server.epoll_fd, events, ARRAY_LEN(events), TURN_MS);
		for (int i = 0; i < count; i++) {
			struct connection *connection = events[i].data.ptr;
			if (connection == NULL)
				connection_begin(&server);
			else if (connection->fd >= 0)
				connection_turn(&server, connection, events[i].events);
		}
		if (clock_mono_ns() - looked_ns > TURN_MS * NS_PER_MS) {
			late_end(&server);
			looked_ns = clock_mono_ns();
		}
	}
}
