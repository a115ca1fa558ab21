/*
 * The channel: one buffer in, one queue out. A receipt stays at the front of
 * the queue until its last byte is sent; a new connection gets it from its
 * start, so that no reader begins in the middle of a line.
 */
#include "effect/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/limits.h"
#include "core/local.h"
#include "record/bundle.h"

#define LINES_MAX 32 /* taken in one turn */
#define BACKLOG 4

struct channel {
	int listen_fd, fd; /* fd -1: nobody is connected */
	uid_t uid;
	size_t in_bytes;
	size_t out_bytes, sent_bytes; /* sent_bytes: of the first line */
	struct channel_counters counters;
	char in[BUNDLE_LINE_BYTES_MAX + 1];
	char out[LIMIT_EFFECT_RECEIPTS_BYTES];
};

int channel_open(const char *path, uid_t uid, struct channel **ret_channel, char ret_why[static WHY_BYTES])
{
	struct channel *channel = calloc(1, sizeof(*channel));
	if (channel == NULL)
		return why_refuse(ret_why, E_NOMEM, path, "no memory");
	channel->listen_fd = channel->fd = -1;
	channel->uid = uid;
	int err = local_listen(path, BACKLOG, &channel->listen_fd);
	if (err == OK) {
		*ret_channel = channel;
		return OK;
	}
	err = err == E_STATE ? why_refuse(ret_why, err, path, "another process answers there")
		: why_refuse_errno(ret_why, path, "socket");
	channel_close(channel);
	return err;
}

static void client_close(struct channel *channel)
{
	if (channel->fd >= 0)
		close(channel->fd);
	channel->fd = -1;
	channel->in_bytes = 0; /* a line that was cut off was not said */
	channel->sent_bytes = 0;
}

void channel_close(struct channel *channel)
{
	if (channel == NULL)
		return;
	client_close(channel);
	if (channel->listen_fd >= 0)
		close(channel->listen_fd);
	free(channel);
}

size_t channel_fds(const struct channel *channel, struct pollfd ret_fds[static 2])
{
	ret_fds[0] = (struct pollfd){.fd = channel->listen_fd, .events = POLLIN};
	if (channel->fd < 0)
		return 1;
	ret_fds[1] = (struct pollfd){.fd = channel->fd, .events = POLLIN | (channel->out_bytes > 0 ? POLLOUT : 0)};
	return 2;
}

static void client_take(struct channel *channel)
{
	struct ucred peer;
	socklen_t peer_bytes = sizeof(peer);
	int fd = accept4(channel->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_bytes) != 0 || (peer.uid != channel->uid && peer.uid != 0)) {
		channel->counters.strangers++;
		close(fd);
		return;
	}
	client_close(channel);
	channel->counters.connections++;
	channel->fd = fd;
}

static void out_send(struct channel *channel)
{
	while (channel->fd >= 0 && channel->sent_bytes < channel->out_bytes) {
		ssize_t sent = send(channel->fd, channel->out + channel->sent_bytes, channel->out_bytes - channel->sent_bytes,
			MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (sent <= 0) {
			client_close(channel);
			return;
		}
		channel->sent_bytes += (size_t)sent;
	}
	const char *end = channel->sent_bytes > 0 ? memrchr(channel->out, '\n', channel->sent_bytes) : NULL;
	if (end == NULL)
		return;
	size_t done = (size_t)(end - channel->out) + 1;
	memmove(channel->out, channel->out + done, channel->out_bytes - done);
	channel->out_bytes -= done;
	channel->sent_bytes -= done;
}

/** Hands over whole lines. @return whether more of them are there */
static bool lines_take(struct channel *channel, channel_taker *take, void *arg)
{
	size_t used = 0, taken = 0;
	const char *end;
	while (taken < LINES_MAX && (end = memchr(channel->in + used, '\n', channel->in_bytes - used)) != NULL) {
		take(arg, channel->in + used, (size_t)(end - channel->in) - used);
		used = (size_t)(end - channel->in) + 1;
		taken++;
	}
	memmove(channel->in, channel->in + used, channel->in_bytes - used);
	channel->in_bytes -= used;
	return taken == LINES_MAX;
}

static void in_read(struct channel *channel)
{
	if (channel->fd < 0)
		return;
	ssize_t got = recv(channel->fd, channel->in + channel->in_bytes, sizeof(channel->in) - channel->in_bytes, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		client_close(channel);
		return;
	}
	channel->in_bytes += (size_t)got;
}

bool channel_turn(struct channel *channel, channel_taker *take, void *arg)
{
	client_take(channel);
	if (channel->in_bytes < sizeof(channel->in))
		in_read(channel);
	bool has_more = lines_take(channel, take, arg);
	if (channel->in_bytes == sizeof(channel->in) && memchr(channel->in, '\n', channel->in_bytes) == NULL) {
		channel->counters.too_long++;
		client_close(channel);
	}
	out_send(channel);
	return has_more;
}

/** Queues a line and sends what can be sent. @return whether there was room */
static bool line_put(struct channel *channel, const char *line)
{
	size_t length = strlen(line);
	if (length + 1 > sizeof(channel->out) - channel->out_bytes)
		return false;
	memcpy(channel->out + channel->out_bytes, line, length);
	channel->out[channel->out_bytes + length] = '\n';
	channel->out_bytes += length + 1;
	out_send(channel);
	return true;
}

void channel_tell(struct channel *channel, const char *line)
{
	channel->counters.receipts++;
	channel->counters.receipts_lost += !line_put(channel, line);
}

void channel_mention(struct channel *channel, const char *line)
{
	bool goes = channel->fd >= 0 && channel->out_bytes == 0;
	channel->counters.passing_lost += !goes || !line_put(channel, line);
}

const struct channel_counters *channel_counters_of(const struct channel *channel)
{
	return &channel->counters;
}
