/*
 * The queue is one buffer of whole lines. Of its first line sent_bytes are on
 * their way; when the connection breaks they are forgotten and the line is
 * sent from its start. Replies are for people: they are logged, cut and
 * escaped, and change nothing.
 */
#include "record/line_link.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/limits.h"
#include "core/log.h"
#include "record/text.h"

#define RETRY_NS NS_PER_S
#define COMPLAIN_NS (60 * NS_PER_S) /* between lines that say that nobody is there */
#define REPLY_BYTES 512 /* of a reply that are kept */

struct line_link {
	const char *peer, *expected; /* static text; expected may be NULL */
	struct sockaddr_un addr;
	int fd; /* -1: not connected */
	int64_t retry_mono_ns, complain_mono_ns; /* not before */
	char *queue; /* owned, LIMIT_LINK_QUEUE_BYTES */
	size_t queued_bytes;
	size_t sent_bytes; /* of the first line */
	char reply[REPLY_BYTES];
	size_t reply_bytes;
	struct line_link_counters counters;
	struct log_bucket reply_bucket;
};

int line_link_new(const char *peer, const char *path, const char *expected, struct line_link **ret_link)
{
	struct line_link *link = calloc(1, sizeof(*link));
	char *queue = malloc(LIMIT_LINK_QUEUE_BYTES);
	if (link == NULL || queue == NULL) {
		free(link);
		free(queue);
		return E_NOMEM;
	}
	link->peer = peer;
	link->expected = expected;
	link->addr.sun_family = AF_UNIX;
	snprintf(link->addr.sun_path, sizeof(link->addr.sun_path), "%s", path);
	link->fd = -1;
	link->retry_mono_ns = link->complain_mono_ns = INT64_MIN;
	link->queue = queue;
	*ret_link = link;
	return OK;
}

void line_link_free(struct line_link *link)
{
	if (link == NULL)
		return;
	if (link->fd >= 0)
		close(link->fd);
	free(link->queue);
	free(link);
}

static void disconnect(struct line_link *link)
{
	close(link->fd);
	link->fd = -1;
	link->sent_bytes = link->reply_bytes = 0;
}

/** Takes the lines off the queue whose last byte is sent. */
static void lines_drop(struct line_link *link)
{
	size_t dropped = 0;
	for (const char *end; (end = memchr(link->queue + dropped, '\n', link->sent_bytes - dropped)) != NULL;) {
		dropped = (size_t)(end - link->queue) + 1;
		link->counters.sent++;
		link->counters.waiting--;
	}
	memmove(link->queue, link->queue + dropped, link->queued_bytes - dropped);
	link->queued_bytes -= dropped;
	link->sent_bytes -= dropped;
}

static void flush(struct line_link *link)
{
	while (link->fd >= 0 && link->sent_bytes < link->queued_bytes) {
		ssize_t sent = send(link->fd, link->queue + link->sent_bytes, link->queued_bytes - link->sent_bytes,
			MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0) {
			if (errno != EAGAIN && errno != EINTR)
				disconnect(link);
			break;
		}
		link->sent_bytes += (size_t)sent;
	}
	lines_drop(link);
}

void line_link_put(struct line_link *link, const char *line)
{
	size_t length = strlen(line);
	link->counters.put++;
	if (length + 1 > LIMIT_LINK_QUEUE_BYTES - link->queued_bytes) {
		link->counters.lost++;
		return;
	}
	memcpy(link->queue + link->queued_bytes, line, length);
	link->queue[link->queued_bytes + length] = '\n';
	link->queued_bytes += length + 1;
	link->counters.waiting++;
	flush(link);
}

static void connect_anew(struct line_link *link, int64_t now_mono_ns)
{
	if (now_mono_ns < link->retry_mono_ns)
		return;
	link->retry_mono_ns = now_mono_ns + RETRY_NS;
	link->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (link->fd >= 0 && connect(link->fd, (const struct sockaddr *)&link->addr, sizeof(link->addr)) == 0) {
		link->counters.connects++;
		link->complain_mono_ns = INT64_MIN;
		return;
	}
	int saved_errno = errno;
	if (link->fd >= 0)
		disconnect(link);
	if (now_mono_ns < link->complain_mono_ns)
		return;
	link->complain_mono_ns = now_mono_ns + COMPLAIN_NS;
	log_line(LOG_LEVEL_WARNING, "peer_unreachable peer=%s reason=\"%s\" waiting=%" PRIu64 ": tried again each second", link->peer,
		strerror(saved_errno), link->counters.waiting);
}

static void reply_tell(struct line_link *link, int64_t now_mono_ns)
{
	char text[REPLY_BYTES];
	uint64_t held_back;
	link->reply[link->reply_bytes < REPLY_BYTES ? link->reply_bytes : REPLY_BYTES - 1] = '\0';
	link->reply_bytes = 0;
	link->counters.replies++;
	if (link->expected != NULL && strncmp(link->reply, link->expected, strlen(link->expected)) == 0)
		return;
	text_plain_copy(link->reply, text, sizeof(text));
	if (log_allowed(&link->reply_bucket, now_mono_ns, &held_back))
		log_line(LOG_LEVEL_NOTICE, "peer_said peer=%s held_back=%" PRIu64 " line=%s", link->peer, held_back, text);
}

static void replies_read(struct line_link *link, int64_t now_mono_ns)
{
	char bytes[4096];
	ssize_t got = recv(link->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
		disconnect(link);
		return;
	}
	for (ssize_t i = 0; i < got; i++) {
		if (bytes[i] == '\n')
			reply_tell(link, now_mono_ns);
		else if (link->reply_bytes < REPLY_BYTES - 1)
			link->reply[link->reply_bytes++] = bytes[i];
	}
}

void line_link_turn(struct line_link *link, int64_t now_mono_ns)
{
	if (link->fd >= 0)
		replies_read(link, now_mono_ns);
	if (link->fd < 0 && link->queued_bytes > 0)
		connect_anew(link, now_mono_ns);
	flush(link);
}

struct line_link_counters line_link_counters_of(const struct line_link *link)
{
	return link->counters;
}
