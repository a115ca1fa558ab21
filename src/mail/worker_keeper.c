/*
 * Keeper and worker processes. The keeper is one thread that waits for children and for its pool: a child that died is
 * replaced, and its successor's socket goes to the pool; a child that the pool is tired of is ended. It reads no mail.
 * When the pool's end of the socket closes, the keeper ends, and the kernel ends its children (PR_SET_PDEATHSIG).
 *
 * A worker opens nothing: it closes every descriptor but its socket, gives up the user, bounds itself (setrlimit(2)),
 * and enters the sandbox without any path. What libraries load while they work (character sets) has been loaded by then:
 * the keeper reads a mail of ours once, and keeps the converters of the character sets that mails use.
 */
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/limits.h"
#include "core/sandbox.h"
#include "core/sanitizer.h"
#include "mail/worker_wire.h"

#define WORKER_FILES 8 /* descriptors that a worker may have */
#define RETRY_NS (50 * NS_PER_MS) /* a worker that died sooner than this makes its successor wait as long */

struct child {
	pid_t pid; /* 0: none */
	uint32_t generation;
	int64_t forked_mono_ns;
};

struct keeper {
	const struct worker_settings *settings;
	int control, signals;
	sigset_t mask_before;
	struct child children[LIMIT_MAIL_WORKERS];
};

/* Character sets of mails beyond those that the C library has built in. */
static const char *const charsets[] = {"ISO-2022-JP", "ISO-2022-JP-2", "ISO-2022-JP-3", "SHIFT_JIS", "CP932", "EUC-JP", "CP51932",
	"ISO-8859-1", "ISO-8859-2", "ISO-8859-3", "ISO-8859-4", "ISO-8859-5", "ISO-8859-6", "ISO-8859-7", "ISO-8859-8", "ISO-8859-9",
	"ISO-8859-10", "ISO-8859-13", "ISO-8859-14", "ISO-8859-15", "ISO-8859-16", "WINDOWS-1250", "WINDOWS-1251", "WINDOWS-1252",
	"WINDOWS-1253", "WINDOWS-1254", "WINDOWS-1255", "WINDOWS-1256", "WINDOWS-1257", "WINDOWS-1258", "KOI8-R", "KOI8-U",
	"GB2312", "GBK",
	"GB18030", "HZ", "BIG5", "BIG5-HKSCS", "EUC-KR", "ISO-2022-KR", "CP949", "TIS-620", "UTF-7", "UTF-16", "UTF-16LE", "UTF-16BE",
	"UTF-32", "MACINTOSH", "CP437", "CP850", "CP866"};

static const char warm_mail[] =
	"From: =?ISO-2022-JP?B?GyRCRnxLXBsoQg==?= <a@example.org>\r\nTo: =?Shift_JIS?B?k/qWew==?= <b@example.org>\r\n"
	"Subject: =?EUC-JP?B?xvzL3A==?=\r\nDate: Thu, 01 Jan 2026 00:00:00 +0900\r\nMessage-ID: <1@example.org>\r\n"
	"MIME-Version: 1.0\r\n"
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=iso-2022-jp\r\n\r\n"
	"<p><a href=\"https://www.example.org/\">a</a></p>\r\n--b\r\nContent-Type: application/zip; name=a.zip\r\n"
	"Content-Transfer-Encoding: base64\r\n\r\nUEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==\r\n--b--\r\n";

/** Has all that is loaded late loaded now, and once for all workers. */
static void libraries_warm(const struct worker_settings *settings)
{
	for (size_t i = 0; i < ARRAY_LEN(charsets); i++)
		(void)iconv_open("UTF-8", charsets[i]); /* stays open, so its module stays loaded */
	const char *recipients[] = {"b@example.org"};
	struct mail_envelope envelope = {
		.sender = "a@example.org", .helo = "example.org", .client_address = "192.0.2.1", .recipients = recipients,
		.recipient_count = 1};
	struct mail_facts *facts = calloc(1, sizeof(*facts));
	char sender[MAIL_ADDRESS_BYTES] = "";
	if (facts != NULL)
		settings->read(settings->context, warm_mail, sizeof(warm_mail) - 1, &envelope, facts, sender);
	free(facts);
}

/** Reads exactly so many bytes. @return false: the other end is closed */
static bool read_whole(int fd, void *bytes, size_t length_bytes)
{
	for (size_t got_bytes = 0; got_bytes < length_bytes;) {
		ssize_t got = read(fd, (char *)bytes + got_bytes, length_bytes - got_bytes);
		if (got <= 0 && !(got < 0 && errno == EINTR))
			return false;
		got_bytes += got > 0 ? (size_t)got : 0;
	}
	return true;
}

static bool write_whole(int fd, const void *bytes, size_t length_bytes)
{
	for (size_t put_bytes = 0; put_bytes < length_bytes;) {
		ssize_t put = write(fd, (const char *)bytes + put_bytes, length_bytes - put_bytes);
		if (put <= 0 && !(put < 0 && errno == EINTR))
			return false;
		put_bytes += put > 0 ? (size_t)put : 0;
	}
	return true;
}

/** Takes one mail from the socket and answers. @return false: there is none to come, or it cannot be held */
static bool mail_serve(const struct worker_settings *settings, int fd, bool is_last)
{
	struct worker_request request;
	if (!read_whole(fd, &request, sizeof(request)) || worker_request_check(&request) != OK)
		return false;
	char *texts = malloc((size_t)request.texts_bytes + 1), *mail = malloc((size_t)request.mail_bytes + 1);
	const char **recipients = calloc((size_t)request.recipient_count + 1, sizeof(*recipients));
	struct worker_reply *reply = calloc(1, sizeof(*reply));
	struct mail_envelope envelope;
	bool is_served = texts != NULL && mail != NULL && recipients != NULL && reply != NULL &&
		read_whole(fd, texts, request.texts_bytes) && read_whole(fd, mail, request.mail_bytes) &&
		worker_request_read(&request, texts, recipients, &envelope) == OK;
	if (is_served) {
		settings->read(settings->context, mail, request.mail_bytes, &envelope, &reply->facts, reply->sender);
		reply->magic = WORKER_MAGIC;
		reply->is_last = is_last;
		is_served = write_whole(fd, reply, sizeof(*reply));
	}
	free(texts);
	free(mail);
	free(recipients);
	free(reply);
	return is_served;
}

static bool limits_set(const struct worker_settings *settings)
{
	struct rlimit none = {0}, files = {WORKER_FILES, WORKER_FILES}, memory = {settings->memory_bytes, settings->memory_bytes};
	return setrlimit(RLIMIT_CORE, &none) == 0 && setrlimit(RLIMIT_FSIZE, &none) == 0 && setrlimit(RLIMIT_NOFILE, &files) == 0 &&
		(settings->memory_bytes == 0 || HAS_SANITIZER || setrlimit(RLIMIT_AS, &memory) == 0);
}

/** Leaves descriptor 3, the socket, and the standard ones, which lead nowhere. */
static bool descriptors_close(const struct worker_settings *settings, int fd)
{
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	bool is_done = nowhere >= 0 && dup2(nowhere, 0) == 0 && dup2(nowhere, 1) == 1;
	is_done = is_done && (settings->keeps_errors || dup2(nowhere, 2) == 2);
	is_done = is_done && (fd == 3 || dup3(fd, 3, O_CLOEXEC) == 3);
	return is_done && close_range(4, ~0u, 0) == 0;
}

_Noreturn static void worker_run(const struct keeper *keeper, int fd)
{
	const struct worker_settings *settings = keeper->settings;
	static const struct sandbox_config config = {.kind = SANDBOX_READER, .verdict = SANDBOX_ERRNO};
	struct sandbox_report report;
	bool is_ready = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && sigprocmask(SIG_SETMASK, &keeper->mask_before, NULL) == 0 &&
		descriptors_close(settings, fd) && sandbox_drop(settings->user, 0) == OK && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
		prctl(PR_SET_DUMPABLE, 0) == 0 && limits_set(settings) && sandbox_enter(&config, &report) == OK;
	if (!is_ready)
		_exit(EXIT_FAILURE);
	bool goes_on = true;
	for (uint32_t served = 1; goes_on; served++) {
		bool is_last = settings->mails != 0 && served >= settings->mails;
		goes_on = mail_serve(settings, 3, is_last) && !is_last;
	}
	_exit(EXIT_SUCCESS);
}

/** Tells the pool of a new worker and hands over its socket. */
static bool socket_send(int control, const struct worker_notice *notice, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} room = {0};
	struct iovec part = {.iov_base = (void *)(uintptr_t)notice, .iov_len = sizeof(*notice)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof(room.bytes)};
	struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
	return sendmsg(control, &message, MSG_NOSIGNAL) == (ssize_t)sizeof(*notice);
}

/** @return false: no process or socket can be had, or the pool is gone */
static bool child_fork(struct keeper *keeper, uint32_t slot)
{
	struct child *child = &keeper->children[slot];
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return false;
	pid_t pid = fork();
	if (pid == 0)
		worker_run(keeper, pair[1]);
	close(pair[1]);
	bool is_told = false;
	if (pid > 0) {
		*child = (struct child){.pid = pid, .generation = child->generation + 1, .forked_mono_ns = clock_mono_ns()};
		struct worker_notice notice = {.slot = slot, .generation = child->generation};
		is_told = socket_send(keeper->control, &notice, pair[0]);
	}
	close(pair[0]);
	return is_told;
}

/** Buries children that died, and forks their successors. */
static bool children_bury(struct keeper *keeper)
{
	bool is_well = true;
	pid_t pid;
	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		for (uint32_t slot = 0; slot < keeper->settings->workers; slot++) {
			struct child *child = &keeper->children[slot];
			if (child->pid != pid)
				continue;
			child->pid = 0;
			if (clock_mono_ns() - child->forked_mono_ns < RETRY_NS)
				nanosleep(&(struct timespec){.tv_nsec = RETRY_NS}, NULL);
			is_well = child_fork(keeper, slot) && is_well;
		}
	}
	return is_well;
}

/** Takes one word of the pool. @return false: the pool is gone */
static bool notice_take(struct keeper *keeper)
{
	struct worker_notice notice;
	ssize_t got = recv(keeper->control, &notice, sizeof(notice), 0);
	if (got != (ssize_t)sizeof(notice) || notice.slot >= keeper->settings->workers)
		return false;
	const struct child *child = &keeper->children[notice.slot];
	if (child->pid > 0 && child->generation == notice.generation)
		(void)kill(child->pid, SIGKILL);
	return true;
}

void worker_keeper_run(const struct worker_settings *settings, int control)
{
	static struct keeper keeper; /* zeroed */
	keeper.settings = settings;
	keeper.control = control;
	sigset_t mask;
	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGCHLD);
	/* The process that asks ends in its own time, and with it the keeper: a signal to all of them must not be faster. */
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);
	(void)sigprocmask(SIG_BLOCK, &mask, &keeper.mask_before);
	keeper.signals = signalfd(-1, &mask, SFD_CLOEXEC);
	libraries_warm(settings);
	bool goes_on = keeper.signals >= 0;
	for (uint32_t slot = 0; slot < settings->workers && goes_on; slot++)
		goes_on = child_fork(&keeper, slot);
	while (goes_on) {
		struct pollfd ready[] = {{.fd = control, .events = POLLIN}, {.fd = keeper.signals, .events = POLLIN}};
		struct signalfd_siginfo signal_read;
		if (poll(ready, ARRAY_LEN(ready), -1) < 0)
			continue;
		if (ready[1].revents != 0 && read(keeper.signals, &signal_read, sizeof(signal_read)) > 0)
			goes_on = children_bury(&keeper);
		if (goes_on && ready[0].revents != 0)
			goes_on = notice_take(&keeper);
	}
	_exit(EXIT_SUCCESS);
}
