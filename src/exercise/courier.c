/*
 * One thread over poll(2) and blocking writes: either end reads what it is
 * sent. The authority's answers to receipts stop here; a withdrawal gets the
 * form in which effectors take it (record/withdrawal.h).
 */
#include "exercise/courier.h"

#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/err.h"
#include "record/bundle.h"
#include "record/withdrawal.h"

struct line_end {
	int fd;
	size_t used_bytes;
	char bytes[BUNDLE_LINE_BYTES_MAX + 1];
};

static int end_connect(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static bool all_send(int fd, const char *bytes, size_t length_bytes)
{
	while (length_bytes > 0) {
		ssize_t sent = send(fd, bytes, length_bytes, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		bytes += sent;
		length_bytes -= (size_t)sent;
	}
	return true;
}

static bool withdrawal_send(int fd, const char *statement)
{
	struct withdrawal withdrawal = {.statement = strdup(statement)};
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
	bool is_sent = withdrawal.statement != NULL && withdrawal_write(&withdrawal, &line, complaint) == OK &&
		all_send(fd, line, strlen(line));
	free(line);
	withdrawal_done(&withdrawal);
	return is_sent;
}

/* One line of the authority, with its newline. */
static bool authority_line(int effector_fd, const char *line, size_t length_bytes)
{
	json_t *root = json_loadb(line, length_bytes, 0, NULL);
	const char *withdraw = json_string_value(json_object_get(root, "withdraw"));
	bool is_right = true;
	if (json_object_get(root, "document") != NULL)
		is_right = all_send(effector_fd, line, length_bytes);
	else if (withdraw != NULL)
		is_right = withdrawal_send(effector_fd, withdraw);
	json_decref(root);
	return is_right;
}

/* Reads what is there and hands on its whole lines. Returns false: an end is gone. */
static bool end_turn(struct line_end *from, int to_fd, bool is_authority)
{
	ssize_t got = recv(from->fd, from->bytes + from->used_bytes, sizeof(from->bytes) - from->used_bytes, 0);
	if (got <= 0)
		return false;
	from->used_bytes += (size_t)got;
	char *at = from->bytes, *end = from->bytes + from->used_bytes, *newline;
	while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		size_t length_bytes = (size_t)(newline - at) + 1;
		if (!(is_authority ? authority_line(to_fd, at, length_bytes) : all_send(to_fd, at, length_bytes)))
			return false;
		at = newline + 1;
	}
	from->used_bytes = (size_t)(end - at);
	memmove(from->bytes, at, from->used_bytes);
	return from->used_bytes < sizeof(from->bytes);
}

int courier_run(void *context)
{
	static struct line_end authority, effector;
	const struct courier *courier = context;
	char attach[160];
	int length = snprintf(attach, sizeof(attach), "{\"attach\":\"%s\"}\n", courier->name);

	authority.fd = end_connect(courier->authority);
	effector.fd = end_connect(courier->effector);
	bool is_right = authority.fd >= 0 && effector.fd >= 0 && all_send(authority.fd, attach, (size_t)length);
	while (is_right) {
		struct pollfd ready[2] = {{.fd = authority.fd, .events = POLLIN}, {.fd = effector.fd, .events = POLLIN}};
		if (poll(ready, 2, -1) < 0)
			continue;
		if (ready[0].revents != 0)
			is_right = end_turn(&authority, effector.fd, true);
		if (is_right && ready[1].revents != 0)
			is_right = end_turn(&effector, authority.fd, false);
	}
	fputs("an end is gone\n", stderr);
	return 1;
}
