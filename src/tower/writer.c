/*
 * One loop over poll(2): senders, the desk of visits, and time. A turn takes
 * a bounded part of what each sender has brought and all visits that wait,
 * commits once, and answers.
 */
#include "tower/writer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/limits.h"
#include "core/local.h"
#include "core/log.h"
#include "record/text.h"
#include "tower/desk.h"
#include "tower/feeder.h"
#include "tower/http.h"
#include "tower/news.h"

#define READ_BYTES 65536
#define TURN_MS 200 /* how often time is let pass */
#define PLACES (LIMIT_TOWER_SENDERS + 1 + FEEDER_FILES_MAX) /* the last ones for the relay and the feeder */
#define WAKE_NS (40 * NS_PER_MS) /* watchers are woken no more often: what comes meanwhile is told together */
#define BEAT_NS (15 * NS_PER_S)
#define RETAIN_NS (600 * NS_PER_S)
#define DAY_MS UINT64_C(86400000)

struct sender {
	int fd; /* -1: the place is free */
	char member[DOCUMENT_NAME_BYTES];
	bool is_cut; /* to be closed: gone, or over a limit */
	char *in; /* owned */
	size_t in_bytes, in_room_bytes;
	char *out; /* owned */
	size_t out_bytes, out_room_bytes;
	size_t true_bytes; /* of out: answers that are durable, to be sent */
	size_t unsure; /* lines that were answered behind those */
};

struct writer {
	struct tower *tower;
	struct store *store;
	struct news *news;
	int listen_fd;
	struct sender senders[PLACES];
	struct visit *visits; /* handled in this turn, replied to after the commit */
	size_t lines; /* of this batch */
	bool has_batch; /* there is something to commit */
	int64_t wake_mono_ns, beat_mono_ns, second_mono_ns, retain_mono_ns; /* when each was done last */
	bool has_news; /* watchers are to be woken */
	struct log_bucket refused_bucket, sender_bucket;
	pthread_mutex_t lock; /* of the counters */
	struct store_counters store_counters;
	struct writer_counters counters;
};

static int64_t now_wall_ms(void)
{
	return clock_wall_ns() / NS_PER_MS;
}

int writer_new(struct tower *tower, struct store *store, struct writer **ret_writer, char ret_why[static WHY_BYTES])
{
	struct writer *writer = calloc(1, sizeof(*writer));
	if (writer == NULL)
		return why_refuse(ret_why, E_NOMEM, tower->config->socket, "no memory");
	*writer = (struct writer){.tower = tower, .store = store, .listen_fd = -1, .news = news_new(tower, store)};
	for (size_t i = 0; i < PLACES; i++)
		writer->senders[i].fd = -1;
	pthread_mutex_init(&writer->lock, NULL);
	int err = writer->news != NULL ? local_listen(tower->config->socket, LIMIT_TOWER_SENDERS, &writer->listen_fd) : E_NOMEM;
	if (err == E_STATE)
		(void)why_refuse(ret_why, err, tower->config->socket, "another process answers there");
	else if (err != OK)
		(void)why_refuse_errno(ret_why, tower->config->socket, "cannot be listened at");
	if (err != OK) {
		writer_free(writer);
		return err;
	}
	*ret_writer = writer;
	return OK;
}

static void sender_close(struct sender *sender)
{
	close(sender->fd);
	free(sender->in);
	free(sender->out);
	*sender = (struct sender){.fd = -1};
}

void writer_free(struct writer *writer)
{
	if (writer == NULL)
		return;
	for (size_t i = 0; i < PLACES; i++) {
		if (writer->senders[i].fd >= 0)
			sender_close(&writer->senders[i]);
	}
	if (writer->listen_fd >= 0)
		close(writer->listen_fd);
	news_free(writer->news);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}

void writer_attach(struct writer *writer, int fd, const char *member)
{
	struct sender *sender = &writer->senders[LIMIT_TOWER_SENDERS];
	while (sender < writer->senders + PLACES - 1 && sender->fd >= 0)
		sender++;
	*sender = (struct sender){.fd = fd};
	snprintf(sender->member, sizeof(sender->member), "%s", member);
}

/* Lines. */

static char *answer_write(int err, const struct store_answer *answer)
{
	bool is_known = answer->id[0] != '\0';
	json_t *value = err == OK ? json_pack("{s:s}", "ack", answer->id)
		: json_pack("{s:o, s:s}", "refused", is_known ? json_string(answer->id) : json_null(), "why",
			answer->why[0] != '\0' ? answer->why : err_name(err));
	char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	json_decref(value);
	return text;
}

char *writer_take(struct writer *writer, const char *member, const char *line, size_t length_bytes)
{
	struct store_answer answer = {0};
	uint64_t held_back = 0;
	int err = store_take(writer->store, member, line, length_bytes, now_wall_ms(), &answer);
	writer->lines++;
	writer->has_batch = true;
	if (err == OK) {
		news_note(writer->news, &answer, line, length_bytes);
	} else if (log_allowed(&writer->refused_bucket, clock_mono_ns(), &held_back)) {
		char plain[LOG_PEER_TEXT_BYTES];
		log_line(LOG_LEVEL_NOTICE, "document_refused member=%s why=%s held_back=%llu", member[0] != '\0' ? member : "own",
			log_peer_text(answer.why, strlen(answer.why), plain), (unsigned long long)held_back);
	}
	return answer_write(err, &answer);
}

static bool out_add(struct sender *sender, const char *line)
{
	size_t length_bytes = strlen(line), needed_bytes = sender->out_bytes + length_bytes + 1;
	if (needed_bytes > sender->out_room_bytes) {
		char *out = realloc(sender->out, 2 * needed_bytes);
		if (out == NULL)
			return false;
		sender->out = out;
		sender->out_room_bytes = 2 * needed_bytes;
	}
	memcpy(sender->out + sender->out_bytes, line, length_bytes);
	sender->out[sender->out_bytes + length_bytes] = '\n';
	sender->out_bytes = needed_bytes;
	return true;
}

/** Takes whole lines out of what was read, no more than one turn's. */
static void sender_lines(struct writer *writer, struct sender *sender)
{
	char *at = sender->in, *end = sender->in + sender->in_bytes, *newline;
	size_t count = 0;
	while (count < LIMIT_TOWER_TURN_LINES && sender->out_bytes < LIMIT_TOWER_ANSWERS_BYTES && !sender->is_cut &&
		(newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		char *answer = writer_take(writer, sender->member, at, (size_t)(newline - at));
		sender->is_cut = answer == NULL || !out_add(sender, answer);
		sender->unsure++;
		count++;
		free(answer);
		at = newline + 1;
	}
	sender->in_bytes = (size_t)(end - at);
	memmove(sender->in, at, sender->in_bytes);
	bool is_too_long = sender->in_bytes > STORE_LINE_BYTES_MAX && memchr(sender->in, '\n', sender->in_bytes) == NULL;
	sender->is_cut = sender->is_cut || is_too_long;
}

static bool has_line(const struct sender *sender)
{
	return sender->fd >= 0 && sender->in_bytes > 0 && sender->out_bytes < LIMIT_TOWER_ANSWERS_BYTES &&
		memchr(sender->in, '\n', sender->in_bytes) != NULL;
}

static void sender_read(struct sender *sender)
{
	if (sender->in_bytes > STORE_LINE_BYTES_MAX)
		return; /* lines wait for their turn */
	if (sender->in_bytes + READ_BYTES > sender->in_room_bytes) {
		char *in = realloc(sender->in, sender->in_bytes + 2 * READ_BYTES);
		if (in == NULL) {
			sender->is_cut = true;
			return;
		}
		sender->in = in;
		sender->in_room_bytes = sender->in_bytes + 2 * READ_BYTES;
	}
	ssize_t got = recv(sender->fd, sender->in + sender->in_bytes, READ_BYTES, MSG_DONTWAIT);
	if (got > 0)
		sender->in_bytes += (size_t)got;
	else if (got == 0 || (errno != EAGAIN && errno != EINTR))
		sender->is_cut = true;
}

static void sender_flush(struct sender *sender)
{
	while (sender->true_bytes > 0 && !sender->is_cut) {
		ssize_t sent = send(sender->fd, sender->out, sender->true_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (sent <= 0) {
			sender->is_cut = true;
			return;
		}
		sender->true_bytes -= (size_t)sent;
		sender->out_bytes -= (size_t)sent;
		memmove(sender->out, sender->out + sent, sender->out_bytes);
	}
}

static void sender_accept(struct writer *writer)
{
	struct ucred peer;
	socklen_t peer_bytes = sizeof(peer);
	struct sender *sender = writer->senders;
	uint64_t held_back = 0;
	int fd = accept4(writer->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	while (sender < writer->senders + LIMIT_TOWER_SENDERS && sender->fd >= 0)
		sender++;
	bool is_room = sender < writer->senders + LIMIT_TOWER_SENDERS &&
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_bytes) == 0;
	const struct config_sender *who = is_room ? config_sender_find(writer->tower->config, peer.uid) : NULL;
	if (who == NULL) {
		pthread_mutex_lock(&writer->lock);
		writer->counters.senders_refused++;
		pthread_mutex_unlock(&writer->lock);
		if (log_allowed(&writer->sender_bucket, clock_mono_ns(), &held_back))
			log_line(LOG_LEVEL_WARNING, "sender_refused why=\"%s\" held_back=%llu", is_room ? "in no list" : "too many connections",
				(unsigned long long)held_back);
		close(fd);
		return;
	}
	*sender = (struct sender){.fd = fd};
	snprintf(sender->member, sizeof(sender->member), "%s", who->member);
}

/* The batch. */

static void visit_finish(struct writer *writer, struct visit *visit, int err)
{
	if (err != OK) {
		visit->set_cookie[0] = '\0';
		visit_error(visit, 503, "the store failed: nothing was changed");
	} else if (visit->after != NULL) {
		visit->store = writer->store;
		visit->after(visit);
	}
	visit->store = NULL;
	http_resume(visit);
}

static void sender_finish(struct sender *sender, int err)
{
	static const char again[] = "{\"again\":true,\"refused\":null,\"why\":\"the store failed: send it again\"}";
	if (err != OK) {
		sender->out_bytes = sender->true_bytes;
		for (size_t i = 0; i < sender->unsure && !sender->is_cut; i++)
			sender->is_cut = !out_add(sender, again);
	}
	sender->unsure = 0;
	sender->true_bytes = sender->out_bytes;
	sender_flush(sender);
}

static void counters_publish(struct writer *writer)
{
	struct store_counters counters;
	uint64_t senders = 0, refused = desk_refused(writer->tower->writing);
	store_count(writer->store, &counters);
	for (size_t i = 0; i < LIMIT_TOWER_SENDERS; i++)
		senders += writer->senders[i].fd >= 0;
	pthread_mutex_lock(&writer->lock);
	writer->store_counters = counters;
	writer->counters.senders = senders;
	writer->counters.visits_refused = refused;
	pthread_mutex_unlock(&writer->lock);
}

/** Makes the batch durable and answers; what was answered before this is now true, or told to be sent again. */
static void batch_end(struct writer *writer)
{
	if (!writer->has_batch)
		return;
	int err = store_commit(writer->store);
	struct visit *visit = writer->visits, *next;
	if (err != OK) {
		log_line(LOG_LEVEL_ERROR, "commit_failed lines=%zu why=\"%s\" next=\"senders are told to send again\"", writer->lines,
			store_why(writer->store));
		news_forget(writer->news);
	}
	counters_publish(writer); /* so that whoever has an answer finds it counted */
	writer->visits = NULL;
	writer->lines = 0;
	writer->has_batch = false;
	for (size_t i = 0; i < PLACES; i++) {
		if (writer->senders[i].fd >= 0)
			sender_finish(&writer->senders[i], err);
	}
	for (; visit != NULL; visit = next) {
		next = visit->next; /* the visit is gone once it is resumed */
		visit_finish(writer, visit, err);
	}
	writer->has_news = news_tell(writer->news) || writer->has_news;
}

static void room_make(struct writer *writer)
{
	if (writer->lines + LIMIT_TOWER_LINES > STORE_BATCH_MAX)
		batch_end(writer);
}

static void visit_take(struct writer *writer, struct visit *visit)
{
	visit->store = writer->store;
	visit->is_writing = true;
	if (visit->status == 0)
		visit->route->handle(visit);
	else if (visit_audit(visit, visit->act, visit->subject, visit->status < 300) != OK)
		log_line(LOG_LEVEL_ERROR, "audit_failed why=\"%s\"", store_why(writer->store)); /* the ledger has a decision all the same */
	writer->has_batch = true;
	visit->next = writer->visits;
	writer->visits = visit;
}

static void visits_take(struct writer *writer)
{
	struct visit *visit;
	while ((visit = desk_take(writer->tower->writing)) != NULL) {
		room_make(writer);
		visit_take(writer, visit);
	}
}

/* Time. */

static void incidents_pass(struct writer *writer)
{
	uint64_t ended[STORE_PAGE_MAX];
	size_t count = 0;
	if (store_tick(writer->store, now_wall_ms(), ended, &count) != OK)
		return;
	writer->has_batch = writer->has_batch || count > 0;
	for (size_t i = 0; i < count; i++)
		news_incident(writer->news, ended[i]);
}

static void retain(struct writer *writer)
{
	struct store_retention retention = {0};
	bool is_done = true;
	for (size_t i = 0; i < STORE_CLASS_COUNT; i++)
		retention.days[i] = (uint32_t)(writer->tower->config->keep_ms[i] / DAY_MS);
	if (store_commit(writer->store) != OK || store_retain(writer->store, &retention, now_wall_ms(), &is_done) != OK)
		log_line(LOG_LEVEL_ERROR, "retention_failed why=\"%s\" next=\"again in 10 minutes\"", store_why(writer->store));
	else if (!is_done)
		writer->retain_mono_ns -= RETAIN_NS - NS_PER_S; /* the next part in a second */
}

static void time_pass(struct writer *writer)
{
	int64_t now_mono_ns = clock_mono_ns();
	if (now_mono_ns - writer->second_mono_ns >= NS_PER_S) {
		writer->second_mono_ns = now_mono_ns;
		incidents_pass(writer);
		batch_end(writer);
		news_traffic(writer->news, now_wall_ms());
		counters_publish(writer);
		http_tick(writer->tower->http);
		writer->has_news = true;
	}
	if (now_mono_ns - writer->retain_mono_ns >= RETAIN_NS) {
		writer->retain_mono_ns = now_mono_ns;
		batch_end(writer); /* a deletion is no part of it */
		retain(writer);
	}
	bool is_beat = now_mono_ns - writer->beat_mono_ns >= BEAT_NS;
	if (is_beat || (writer->has_news && now_mono_ns - writer->wake_mono_ns >= WAKE_NS)) {
		events_wake(writer->tower->events, is_beat);
		writer->has_news = false;
		writer->wake_mono_ns = now_mono_ns;
		writer->beat_mono_ns = is_beat ? now_mono_ns : writer->beat_mono_ns;
	}
}

/** One turn: everybody who is ready, then one commit. */
static int turn(struct writer *writer)
{
	struct pollfd ready[PLACES + 2];
	bool is_pending = writer->has_news;
	for (size_t i = 0; i < PLACES; i++) {
		const struct sender *sender = &writer->senders[i];
		bool may_read = sender->out_bytes < LIMIT_TOWER_ANSWERS_BYTES;
		ready[i] = (struct pollfd){.fd = sender->fd,
			.events = (short)((may_read ? POLLIN : 0) | (sender->true_bytes > 0 ? POLLOUT : 0))};
		is_pending = is_pending || has_line(sender);
	}
	ready[PLACES] = (struct pollfd){.fd = writer->listen_fd, .events = POLLIN};
	ready[PLACES + 1] = (struct pollfd){.fd = desk_fd(writer->tower->writing), .events = POLLIN};
	bool has_lines = false;
	for (size_t i = 0; i < PLACES; i++)
		has_lines = has_lines || has_line(&writer->senders[i]);
	if (poll(ready, PLACES + 2, has_lines ? 0 : is_pending ? (int)(WAKE_NS / NS_PER_MS) : TURN_MS) < 0 && errno != EINTR)
		return E_SYS;
	for (size_t i = 0; i < PLACES; i++) {
		struct sender *sender = &writer->senders[i];
		if (sender->fd < 0 || sender->fd != ready[i].fd)
			continue;
		if ((ready[i].revents & POLLOUT) != 0)
			sender_flush(sender);
		if ((ready[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
			sender_read(sender);
		if (has_line(sender)) {
			room_make(writer);
			sender_lines(writer, sender);
		}
	}
	if ((ready[PLACES].revents & POLLIN) != 0)
		sender_accept(writer);
	visits_take(writer);
	batch_end(writer);
	for (size_t i = 0; i < PLACES; i++) {
		if (writer->senders[i].fd >= 0 && writer->senders[i].is_cut && !has_line(&writer->senders[i]))
			sender_close(&writer->senders[i]);
	}
	return OK;
}

int writer_run(struct writer *writer, const volatile int *should_end)
{
	int err = OK;
	writer->beat_mono_ns = clock_mono_ns();
	while (*should_end == 0 && err == OK) {
		time_pass(writer);
		err = turn(writer);
	}
	return err;
}

void writer_end(struct writer *writer)
{
	desk_close(writer->tower->writing);
	visits_take(writer);
	batch_end(writer);
}

void writer_count(struct writer *writer, struct store_counters *ret_counters)
{
	pthread_mutex_lock(&writer->lock);
	*ret_counters = writer->store_counters;
	pthread_mutex_unlock(&writer->lock);
}

void writer_count_own(struct writer *writer, struct writer_counters *ret_counters)
{
	pthread_mutex_lock(&writer->lock);
	*ret_counters = writer->counters;
	pthread_mutex_unlock(&writer->lock);
}
