/*
 * The writer answers lines in their order, so the places behind lines that
 * wait for an answer stand in a queue. After "again" the rest of the answers
 * is waited for, and the file is followed anew from the last place that is
 * sure; the store knows what it has had already.
 */
#include "tower/feeder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"

#define WINDOW 1024 /* lines of a file that wait for their answers */
#define TURN_LINES 256 /* of a file before the next one has its turn */
#define TURN_MS 500
#define ANSWER_BYTES 4096 /* of one answer that are looked at */
#define SAVE_NS NS_PER_S
#define AGAIN_NS (NS_PER_S / 2) /* from "again" to the next try */
#define PATH_BYTES 512

struct feed {
	char path[PATH_BYTES];
	struct follow *follow;
	int fd; /* to the writer; -1: it is gone */
	struct follow_place sure; /* all before it is answered */
	struct follow_place places[WINDOW]; /* behind the lines that wait */
	size_t first, count; /* of places */
	bool is_again; /* follow anew once nothing waits */
	int64_t again_mono_ns; /* when that was said last */
	size_t line_bytes, sent_bytes; /* of line */
	char line[FOLLOW_LINE_BYTES_MAX + 1]; /* being sent, with its newline */
	size_t answer_bytes;
	char answer[ANSWER_BYTES]; /* its beginning */
};

struct feeder {
	char places_path[PATH_BYTES];
	int end_fd;
	size_t feed_count;
	struct feed *feeds[FEEDER_FILES_MAX];
	bool is_changed; /* places are not saved yet */
	int64_t saved_mono_ns;
	pthread_mutex_t lock; /* of the counters */
	struct feeder_counters counters;
};

int feeder_new(const char *places_path, struct feeder **ret_feeder)
{
	struct feeder *feeder = calloc(1, sizeof(*feeder));
	if (feeder == NULL)
		return E_NOMEM;
	snprintf(feeder->places_path, sizeof(feeder->places_path), "%s", places_path);
	feeder->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (feeder->end_fd < 0) {
		free(feeder);
		return E_NOMEM;
	}
	pthread_mutex_init(&feeder->lock, NULL);
	*ret_feeder = feeder;
	return OK;
}

static void feed_free(struct feed *feed)
{
	follow_free(feed->follow);
	if (feed->fd >= 0)
		close(feed->fd);
	free(feed);
}

void feeder_free(struct feeder *feeder)
{
	if (feeder == NULL)
		return;
	for (size_t i = 0; i < feeder->feed_count; i++)
		feed_free(feeder->feeds[i]);
	close(feeder->end_fd);
	pthread_mutex_destroy(&feeder->lock);
	free(feeder);
}

/* Places on disk: a line for each file, "DEVICE INODE OFFSET PATH". */

static void place_load(const struct feeder *feeder, struct feed *feed)
{
	char line[PATH_BYTES + 80];
	FILE *file = fopen(feeder->places_path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		struct follow_place place;
		int at = 0;
		line[strcspn(line, "\n")] = '\0';
		/* NOLINTNEXTLINE(cert-err34-c): our own file; a number that cannot be is a place that is not found */
		if (sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %n", &place.device, &place.inode, &place.offset_bytes, &at) == 3 &&
			at > 0 && strcmp(line + at, feed->path) == 0)
			feed->sure = place;
	}
	if (file != NULL)
		(void)fclose(file);
}

static bool places_write(const struct feeder *feeder, const char *fresh)
{
	FILE *file = fopen(fresh, "we");
	if (file == NULL)
		return false;
	for (size_t i = 0; i < feeder->feed_count; i++) {
		const struct follow_place *sure = &feeder->feeds[i]->sure;
		fprintf(file, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n", sure->device, sure->inode, sure->offset_bytes,
			feeder->feeds[i]->path);
	}
	bool is_written = fflush(file) == 0 && fdatasync(fileno(file)) == 0;
	return fclose(file) == 0 && is_written;
}

/** Saves what is sure; what cannot be saved is read again after a restart, and known already. */
static void places_save(struct feeder *feeder)
{
	char fresh[PATH_BYTES + 4];
	if (!feeder->is_changed)
		return;
	snprintf(fresh, sizeof(fresh), "%s.new", feeder->places_path);
	feeder->saved_mono_ns = clock_mono_ns();
	if (places_write(feeder, fresh) && rename(fresh, feeder->places_path) == 0)
		feeder->is_changed = false;
	else
		feeder->counters.saves_failed++;
}

int feeder_add(struct feeder *feeder, const char *path, int *ret_fd)
{
	int pair[2];
	if (feeder->feed_count == FEEDER_FILES_MAX || strlen(path) >= PATH_BYTES)
		return E_LIMIT;
	struct feed *feed = calloc(1, sizeof(*feed));
	if (feed == NULL)
		return E_NOMEM;
	feed->fd = -1;
	snprintf(feed->path, sizeof(feed->path), "%s", path);
	place_load(feeder, feed);
	int err = follow_new(path, &feed->sure, &feed->follow);
	if (err == OK && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
		err = E_SYS;
	if (err != OK) {
		int reason = errno;
		feed_free(feed);
		errno = reason;
		return err;
	}
	feed->fd = pair[0];
	*ret_fd = pair[1];
	feeder->feeds[feeder->feed_count++] = feed;
	return OK;
}

/* Lines out. */

static void feed_flush(struct feed *feed)
{
	while (feed->fd >= 0 && feed->sent_bytes < feed->line_bytes) {
		ssize_t sent = send(feed->fd, feed->line + feed->sent_bytes, feed->line_bytes - feed->sent_bytes, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN)
			return;
		if (sent <= 0) {
			close(feed->fd);
			feed->fd = -1;
			return;
		}
		feed->sent_bytes += (size_t)sent;
	}
	feed->line_bytes = feed->sent_bytes = 0;
}

static bool has_room(const struct feed *feed)
{
	return feed->fd >= 0 && feed->line_bytes == 0 && feed->count < WINDOW && !feed->is_again;
}

/** Takes one line on its way; a follow_take. */
static bool line_take(void *arg, const char *line, size_t line_bytes, const struct follow_place *behind)
{
	struct feed *feed = arg;
	if (!has_room(feed))
		return false;
	memcpy(feed->line, line, line_bytes);
	feed->line[line_bytes] = '\n';
	feed->line_bytes = line_bytes + 1;
	feed->places[(feed->first + feed->count++) % WINDOW] = *behind;
	feed_flush(feed);
	return true;
}

/* Answers in. */

static void answer_take(struct feeder *feeder, struct feed *feed)
{
	static const char again[] = "{\"again\":true";
	bool is_again = strncmp(feed->answer, again, strlen(again)) == 0;
	feed->answer_bytes = 0;
	if (feed->count == 0)
		return; /* an answer to nothing */
	if (is_again)
		feed->again_mono_ns = clock_mono_ns();
	feed->is_again = feed->is_again || is_again;
	if (!feed->is_again) {
		feed->sure = feed->places[feed->first];
		feeder->is_changed = true;
	}
	feed->first = (feed->first + 1) % WINDOW;
	feed->count--;
	if (is_again)
		feeder->counters.again++;
	else if (strncmp(feed->answer, "{\"ack\":", 7) == 0)
		feeder->counters.acknowledged++;
	else
		feeder->counters.refused++;
}

static void answers_read(struct feeder *feeder, struct feed *feed)
{
	char bytes[16384];
	ssize_t got;
	while (feed->fd >= 0 && (got = recv(feed->fd, bytes, sizeof(bytes), 0)) != 0) {
		if (got < 0)
			return;
		for (ssize_t i = 0; i < got; i++) {
			if (bytes[i] == '\n') {
				feed->answer[feed->answer_bytes] = '\0';
				answer_take(feeder, feed);
			} else if (feed->answer_bytes < ANSWER_BYTES - 1) {
				feed->answer[feed->answer_bytes++] = bytes[i];
			}
		}
	}
	if (feed->fd >= 0)
		close(feed->fd);
	feed->fd = -1;
}

/** Begins anew at what is sure, once all answers are there and the store had some time to recover. */
static void feed_rewind(struct feed *feed)
{
	if (!feed->is_again || feed->count > 0 || feed->line_bytes > 0 || clock_mono_ns() - feed->again_mono_ns < AGAIN_NS)
		return;
	follow_go(feed->follow, &feed->sure);
	feed->is_again = false;
}

/** One turn of a file. @return whether there is more to do at once */
static bool feed_turn(struct feeder *feeder, struct feed *feed)
{
	bool has_more = false;
	answers_read(feeder, feed);
	feed_flush(feed);
	feed_rewind(feed);
	if (has_room(feed) && follow_read(feed->follow, TURN_LINES, line_take, feed, &has_more) != OK)
		return false; /* tried again in the next turn */
	return has_more && has_room(feed);
}

static void counters_sum(struct feeder *feeder)
{
	struct follow_counters sum = {0};
	for (size_t i = 0; i < feeder->feed_count; i++) {
		struct follow_counters now = follow_counters_of(feeder->feeds[i]->follow);
		sum.lines += now.lines;
		sum.too_long += now.too_long;
		sum.files += now.files;
		sum.gaps += now.gaps;
	}
	feeder->counters.follow = sum;
}

void *feeder_run(void *arg)
{
	struct feeder *feeder = arg;
	struct pollfd ready[1 + 2 * FEEDER_FILES_MAX];
	bool has_more = true;
	for (;;) {
		size_t count = 0;
		ready[count++] = (struct pollfd){.fd = feeder->end_fd, .events = POLLIN};
		for (size_t i = 0; i < feeder->feed_count; i++) {
			const struct feed *feed = feeder->feeds[i];
			ready[count++] = (struct pollfd){.fd = feed->fd, .events = (short)(POLLIN | (feed->line_bytes > 0 ? POLLOUT : 0))};
			ready[count++] = (struct pollfd){.fd = has_room(feed) ? follow_fd(feed->follow) : -1, .events = POLLIN};
		}
		(void)poll(ready, count, has_more ? 0 : TURN_MS);
		if ((ready[0].revents & POLLIN) != 0)
			break;
		pthread_mutex_lock(&feeder->lock);
		has_more = false;
		for (size_t i = 0; i < feeder->feed_count; i++)
			has_more = feed_turn(feeder, feeder->feeds[i]) || has_more;
		counters_sum(feeder);
		if (clock_mono_ns() - feeder->saved_mono_ns >= SAVE_NS)
			places_save(feeder);
		pthread_mutex_unlock(&feeder->lock);
	}
	places_save(feeder);
	return NULL;
}

void feeder_end(struct feeder *feeder)
{
	const uint64_t one = 1;
	(void)!write(feeder->end_fd, &one, sizeof(one)); /* a counter that stands at one already says the same */
}

void feeder_count(struct feeder *feeder, struct feeder_counters *ret_counters)
{
	pthread_mutex_lock(&feeder->lock);
	*ret_counters = feeder->counters;
	pthread_mutex_unlock(&feeder->lock);
}
