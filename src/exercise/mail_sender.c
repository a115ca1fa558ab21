/*
 * One mail a connection, one command at a time (RFC 5321). The connection is
 * ours and blocks, with a limit on each read and write, so that a flood that
 * takes the line makes a mail late and not lost. An answer that never comes
 * after the last dot means a second try, and maybe a second copy (RFC 1047).
 */
#include "exercise/mail_sender.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"

#define PATIENCE_S 10 /* of each read and write */
#define AGAIN_AFTER_NS (500 * NS_PER_MS)
#define ANSWER_BYTES 1024
#define LOST 0 /* instead of a code: no answer */

struct mail_tally *mail_tally_new(void)
{
	void *tally = mmap(NULL, sizeof(struct mail_tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return tally != MAP_FAILED ? tally : NULL;
}

void mail_tally_free(struct mail_tally *tally)
{
	if (tally != NULL)
		(void)munmap(tally, sizeof(*tally));
}

static void wait_until(int64_t at_mono_ns)
{
	for (int64_t left_ns; (left_ns = at_mono_ns - clock_mono_ns()) > 0;) {
		const struct timespec pause = {.tv_sec = left_ns / NS_PER_S, .tv_nsec = left_ns % NS_PER_S};
		(void)nanosleep(&pause, NULL);
	}
}

static int server_connect(const struct mail_sender_plan *plan)
{
	struct sockaddr_in6 from = {.sin6_family = AF_INET6}, to = {.sin6_family = AF_INET6, .sin6_port = htons(plan->port)};
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	const int yes = 1;
	memcpy(&from.sin6_addr, plan->from.bytes, sizeof(plan->from.bytes));
	memcpy(&to.sin6_addr, plan->to.bytes, sizeof(plan->to.bytes));
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes));
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &yes, sizeof(yes)); /* a local route is no address to IPv6 */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
		bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static bool text_send(int fd, const char *text)
{
	for (size_t left = strlen(text); left > 0;) {
		ssize_t sent = send(fd, text, left, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		text += sent;
		left -= (size_t)sent;
	}
	return true;
}

/** Whether the last line of an answer has come whole: a code, a space, and the line's end. */
static bool answer_is_whole(const char *answer, size_t used_bytes)
{
	if (used_bytes == 0 || answer[used_bytes - 1] != '\n')
		return false;
	size_t line = used_bytes - 1;
	while (line > 0 && answer[line - 1] != '\n')
		line--;
	return used_bytes - line > 4 && answer[line + 3] == ' ';
}

/** The code of an answer; LOST: none came. */
static int answer_read(int fd)
{
	char answer[ANSWER_BYTES] = "";
	size_t used_bytes = 0;
	while (!answer_is_whole(answer, used_bytes)) {
		ssize_t got = recv(fd, answer + used_bytes, sizeof(answer) - used_bytes, 0); /* 0 too where there is no room */
		if (got <= 0)
			return LOST;
		used_bytes += (size_t)got;
	}
	int code = 0;
	for (size_t i = 0; i < 3; i++)
		code = code * 10 + (answer[i] >= '0' && answer[i] <= '9' ? answer[i] - '0' : 0);
	return code;
}

/** Says something, and returns the code of the answer. */
__attribute__((format(printf, 2, 3))) static int say(int fd, const char *format, ...)
{
	char line[512];
	va_list args;
	va_start(args, format);
	int length = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return length > 0 && length < (int)sizeof(line) && text_send(fd, line) ? answer_read(fd) : LOST;
}

static bool content_send(int fd, const struct mailbox_mail *mail)
{
	char date[MAILBOX_DATE_BYTES];
	mailbox_date(mail, clock_wall_ns() / NS_PER_MS, date);
	return text_send(fd, mail->head) && text_send(fd, date) && text_send(fd, mail->rest) && text_send(fd, ".\r\n");
}

/** One try. Returns the last answer's code: 250 if the server has taken the mail. */
static int mail_hand(int fd, const struct mailbox_mail *mail)
{
	int code = answer_read(fd);
	if (code == 220)
		code = say(fd, "EHLO %s\r\n", strchr(mail->from, '@') + 1);
	if (code == 250)
		code = say(fd, "MAIL FROM:<%s>\r\n", mail->from);
	if (code == 250)
		code = say(fd, "RCPT TO:<%s>\r\n", mail->to);
	if (code == 250)
		code = say(fd, "DATA\r\n");
	if (code == 354)
		code = content_send(fd, mail) ? answer_read(fd) : LOST;
	if (code == 250)
		(void)text_send(fd, "QUIT\r\n");
	return code;
}

static enum mail_sent mail_send(const struct mail_sender_plan *plan, const struct mailbox_mail *mail)
{
	int fd = server_connect(plan);
	if (fd < 0)
		return MAIL_SENT_WAITING;
	int code = mail_hand(fd, mail);
	(void)close(fd);
	return code == 250 ? MAIL_SENT_ACCEPTED : code >= 500 ? MAIL_SENT_REFUSED : MAIL_SENT_WAITING;
}

int mail_sender_run(void *context)
{
	const struct mail_sender_plan *plan = context;
	size_t count;
	const struct mailbox_mail *day = mailbox_day(&count);
	int64_t end_ns = plan->start_mono_ns + (int64_t)plan->end_ms * NS_PER_MS;
	int code = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t due_ms = plan->first_ms + (plan->last_ms - plan->first_ms) * i / count;
		if (day[i].host != plan->host)
			continue;
		wait_until(plan->start_mono_ns + (int64_t)due_ms * NS_PER_MS);
		enum mail_sent sent = mail_send(plan, &day[i]);
		while (sent == MAIL_SENT_WAITING && clock_mono_ns() < end_ns) {
			wait_until(clock_mono_ns() + AGAIN_AFTER_NS);
			sent = mail_send(plan, &day[i]);
		}
		atomic_store_explicit(&plan->tally->mails[i], (uint32_t)sent, memory_order_relaxed);
		code = sent != MAIL_SENT_WAITING ? code : 1;
	}
	return code;
}
