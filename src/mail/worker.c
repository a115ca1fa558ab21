/*
 * The pool: sockets to workers, handed out to whoever asks, one mail at a time. Slots are filled by a thread of ours that
 * hears from the keeper; it is started by the first who asks for anything, and so after the process has entered its sandbox.
 *
 * A worker that is late or sends nonsense is dropped at once: its socket is closed and the keeper ends it. One that died
 * is dropped, and the mail goes to another, once: so whoever kills a worker delays a mail, and nothing else.
 *
 * One mutex guards the slots. Asking threads hold no lock while they talk to their worker.
 */
#include "mail/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/limits.h"
#include "mail/worker_wire.h"

#define NO_SOCKET (-1)

struct slot {
	int fd; /* NO_SOCKET: no worker here now */
	uint32_t generation;
	bool is_busy;
};

struct worker_pool {
	struct worker_settings settings;
	pid_t keeper;
	int control;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t is_free; /* a slot became free */
	pthread_t listener;
	bool is_listening, is_alive;
	struct slot slots[LIMIT_MAIL_WORKERS];
	struct worker_counts counts;
};

const char *worker_failure_words(int error)
{
	switch (error) {
	case E_AGAIN:
		return "no worker was free in time";
	case E_LIMIT:
		return "it was not read in time";
	case E_STATE:
		return "the worker died of it";
	case E_MALFORMED:
		return "the worker sent something else";
	default:
		return "memory or the system failed";
	}
}

uint32_t worker_failure_unread(int error)
{
	return error == E_LIMIT ? UNREAD_TIME : UNREAD_WORKER;
}

/** Receives a notice, and a socket if one comes with it. @return false: the keeper is gone */
static bool notice_receive(int control, struct worker_notice *ret_notice, int *ret_fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} room;
	struct iovec part = {.iov_base = ret_notice, .iov_len = sizeof(*ret_notice)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof(room.bytes)};
	ssize_t got;
	do {
		got = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	const struct cmsghdr *rights = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (got != (ssize_t)sizeof(*ret_notice) || rights == NULL || rights->cmsg_type != SCM_RIGHTS)
		return false;
	memcpy(ret_fd, CMSG_DATA(rights), sizeof(*ret_fd));
	return true;
}

/** Puts a new worker into its slot. A busy slot is dropped by whoever uses it, who sees that the generation is another. */
static void worker_put(struct worker_pool *pool, const struct worker_notice *notice, int fd)
{
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	pthread_mutex_lock(&pool->lock);
	struct slot *slot = &pool->slots[notice->slot];
	if (slot->fd != NO_SOCKET && !slot->is_busy)
		close(slot->fd); /* the worker before, which died while it was idle */
	slot->fd = fd;
	slot->generation = notice->generation;
	slot->is_busy = false;
	pool->counts.started++;
	pthread_cond_signal(&pool->is_free);
	pthread_mutex_unlock(&pool->lock);
}

static void *listen_to_keeper(void *arg)
{
	struct worker_pool *pool = arg;
	struct worker_notice notice;
	int fd;
	while (notice_receive(pool->control, &notice, &fd)) {
		if (notice.slot < pool->settings.workers)
			worker_put(pool, &notice, fd);
		else
			close(fd);
	}
	pthread_mutex_lock(&pool->lock);
	pool->is_alive = false;
	pthread_cond_broadcast(&pool->is_free);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/** A worker on loan. */
struct loan {
	uint32_t slot, generation;
	int fd;
};

/** Starts the listener, with no signal of the process, which belong to others. */
static void listener_start(struct worker_pool *pool)
{
	if (pool->is_listening)
		return;
	sigset_t all, before;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	pool->is_listening = pthread_create(&pool->listener, NULL, listen_to_keeper, pool) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/** Waits for a free worker. @return false: none in time */
static bool loan_take(struct worker_pool *pool, int64_t until_mono_ns, struct loan *ret_loan)
{
	struct timespec until = {.tv_sec = until_mono_ns / NS_PER_S, .tv_nsec = until_mono_ns % NS_PER_S};
	bool is_found = false;
	int waited = 0;
	pthread_mutex_lock(&pool->lock);
	listener_start(pool);
	while (!is_found && waited == 0) {
		for (uint32_t i = 0; i < pool->settings.workers && !is_found; i++) {
			struct slot *slot = &pool->slots[i];
			if (slot->fd == NO_SOCKET || slot->is_busy)
				continue;
			slot->is_busy = is_found = true;
			*ret_loan = (struct loan){.slot = i, .generation = slot->generation, .fd = slot->fd};
		}
		if (!is_found)
			waited = pool->is_alive ? pthread_cond_timedwait(&pool->is_free, &pool->lock, &until) : ETIMEDOUT;
	}
	pthread_mutex_unlock(&pool->lock);
	return is_found;
}

/** Gives a worker back, or drops it; the keeper then ends it if it lives. */
static void loan_end(struct worker_pool *pool, const struct loan *loan, bool is_dropped)
{
	pthread_mutex_lock(&pool->lock);
	struct slot *slot = &pool->slots[loan->slot];
	bool is_current = slot->generation == loan->generation;
	if (is_current)
		slot->is_busy = false;
	if (is_current && is_dropped)
		slot->fd = NO_SOCKET;
	if (is_dropped || !is_current) {
		struct worker_notice notice = {.slot = loan->slot, .generation = loan->generation};
		close(loan->fd);
		(void)send(pool->control, &notice, sizeof(notice), MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	pthread_cond_signal(&pool->is_free);
	pthread_mutex_unlock(&pool->lock);
}

/** Waits until a socket is ready. @return OK, E_LIMIT: time is up */
static int ready_wait(int fd, short events, int64_t until_mono_ns)
{
	int64_t left_ns = until_mono_ns - clock_mono_ns();
	struct pollfd ready = {.fd = fd, .events = events};
	int left_ms = left_ns > 0 ? (int)(left_ns / NS_PER_MS) + 1 : 0;
	return left_ms > 0 && (poll(&ready, 1, left_ms) > 0 || errno == EINTR) ? OK : E_LIMIT;
}

/** Sends all bytes. @return OK, E_LIMIT, E_STATE: the worker is gone */
static int bytes_send(int fd, const void *bytes, size_t length_bytes, int64_t until_mono_ns)
{
	for (size_t put_bytes = 0; put_bytes < length_bytes;) {
		ssize_t put = send(fd, (const char *)bytes + put_bytes, length_bytes - put_bytes, MSG_NOSIGNAL);
		if (put < 0 && errno != EAGAIN && errno != EINTR)
			return E_STATE;
		int err = put < 0 ? ready_wait(fd, POLLOUT, until_mono_ns) : OK;
		if (err != OK)
			return err;
		put_bytes += put > 0 ? (size_t)put : 0;
	}
	return OK;
}

static int bytes_receive(int fd, void *bytes, size_t length_bytes, int64_t until_mono_ns)
{
	for (size_t got_bytes = 0; got_bytes < length_bytes;) {
		ssize_t got = recv(fd, (char *)bytes + got_bytes, length_bytes - got_bytes, 0);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return E_STATE;
		int err = got < 0 ? ready_wait(fd, POLLIN, until_mono_ns) : OK;
		if (err != OK)
			return err;
		got_bytes += got > 0 ? (size_t)got : 0;
	}
	return OK;
}

struct question {
	struct worker_request request;
	char texts[LIMIT_MAIL_ENVELOPE_BYTES];
	struct worker_reply reply;
};

/** Asks one worker. @return as worker_read() */
static int worker_ask(struct worker_pool *pool, struct question *question, const void *mail, int64_t until_mono_ns)
{
	struct loan loan;
	if (!loan_take(pool, until_mono_ns, &loan))
		return E_AGAIN;
	int err = bytes_send(loan.fd, &question->request, sizeof(question->request), until_mono_ns);
	if (err == OK)
		err = bytes_send(loan.fd, question->texts, question->request.texts_bytes, until_mono_ns);
	if (err == OK)
		err = bytes_send(loan.fd, mail, question->request.mail_bytes, until_mono_ns);
	if (err == OK)
		err = bytes_receive(loan.fd, &question->reply, sizeof(question->reply), until_mono_ns);
	/* A bool that is neither true nor false would be undefined, so its byte is looked at. */
	uint8_t last = 0;
	memcpy(&last, &question->reply.is_last, 1);
	if (err == OK && (question->reply.magic != WORKER_MAGIC || last > 1 || mail_facts_check(&question->reply.facts) != OK ||
		memchr(question->reply.sender, '\0', sizeof(question->reply.sender)) == NULL))
		err = E_MALFORMED;
	loan_end(pool, &loan, err != OK || last != 0);
	return err;
}

static void outcome_count(struct worker_pool *pool, int err)
{
	pthread_mutex_lock(&pool->lock);
	struct worker_counts *counts = &pool->counts;
	uint64_t *count = err == OK ? &counts->read
		: err == E_AGAIN    ? &counts->busy
		: err == E_LIMIT    ? &counts->late
		: err == E_STATE    ? &counts->died
				    : &counts->malformed;
	++*count;
	pthread_mutex_unlock(&pool->lock);
}

int worker_read(struct worker_pool *pool, const void *mail, size_t length_bytes, const struct mail_envelope *envelope,
	struct mail_facts *ret_facts, char *ret_sender)
{
	int64_t until_mono_ns = clock_mono_ns() + (int64_t)pool->settings.deadline_ms * NS_PER_MS;
	struct question *question = malloc(sizeof(*question));
	if (question == NULL)
		return E_NOMEM;
	worker_request_write(envelope, length_bytes, question->texts, &question->request);
	int err = worker_ask(pool, question, mail, until_mono_ns);
	if (err == E_STATE)
		err = worker_ask(pool, question, mail, until_mono_ns);
	if (err == OK)
		*ret_facts = question->reply.facts;
	if (err == OK && ret_sender != NULL)
		memcpy(ret_sender, question->reply.sender, sizeof(question->reply.sender));
	explicit_bzero(question->reply.sender, sizeof(question->reply.sender));
	free(question);
	outcome_count(pool, err);
	return err;
}

int worker_pool_new(const struct worker_settings *settings, struct worker_pool **ret_pool, char ret_why[static WHY_BYTES])
{
	int pair[2] = {NO_SOCKET, NO_SOCKET};
	struct worker_pool *pool = calloc(1, sizeof(*pool));
	if (pool == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		free(pool);
		return why_refuse_errno(ret_why, "workers", "cannot make a socket");
	}
	pool->settings = *settings;
	pthread_condattr_t attributes;
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&pool->is_free, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	(void)pthread_mutex_init(&pool->lock, NULL);
	for (uint32_t i = 0; i < LIMIT_MAIL_WORKERS; i++)
		pool->slots[i].fd = NO_SOCKET;
	pool->keeper = fork();
	if (pool->keeper == 0) {
		close(pair[0]);
		worker_keeper_run(settings, pair[1]);
	}
	close(pair[1]);
	if (pool->keeper < 0) {
		int err = why_refuse_errno(ret_why, "workers", "cannot fork");
		close(pair[0]);
		free(pool);
		return err;
	}
	pool->control = pair[0];
	pool->is_alive = true;
	*ret_pool = pool;
	return OK;
}

void worker_pool_free(struct worker_pool *pool)
{
	if (pool == NULL)
		return;
	(void)shutdown(pool->control, SHUT_RDWR); /* the keeper ends, and our listener */
	if (pool->is_listening)
		(void)pthread_join(pool->listener, NULL);
	while (waitpid(pool->keeper, NULL, 0) < 0 && errno == EINTR)
		;
	for (uint32_t i = 0; i < LIMIT_MAIL_WORKERS; i++) {
		if (pool->slots[i].fd != NO_SOCKET)
			close(pool->slots[i].fd);
	}
	close(pool->control);
	(void)pthread_cond_destroy(&pool->is_free);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool);
}

bool worker_pool_is_alive(struct worker_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	listener_start(pool);
	bool is_alive = pool->is_alive;
	pthread_mutex_unlock(&pool->lock);
	return is_alive;
}

struct worker_counts worker_pool_counts(struct worker_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	struct worker_counts counts = pool->counts;
	pthread_mutex_unlock(&pool->lock);
	return counts;
}
