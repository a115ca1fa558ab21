/*
 * Proves that a day's mails are well-formed and tell the date that they are
 * sent at, and that a machine hands each of its own over once, as it is,
 * whatever the server does before: refuses for now, hangs up, says nothing of
 * use, or says it in many lines; and that a refusal is taken for one.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "exercise/mail_sender.h"
#include "exercise/program.h"

#define NOON_MS INT64_C(1767268800000) /* 2026-01-01 12:00 UTC, a Thursday */

static void test_mails_are_well_formed(void **state)
{
	size_t count, aimed = 0;
	(void)state;
	const struct mailbox_mail *day = mailbox_day(&count);
	assert_in_range(count, 40, 80);
	for (size_t i = 0; i < count; i++) {
		const struct mailbox_mail *mail = &day[i];
		char id[128];
		(void)snprintf(id, sizeof(id), "Message-ID: <%s>\r\n", mail->id);
		assert_true(strstr(mail->head, id) != NULL || strstr(mail->rest, id) != NULL);
		assert_true(mail->host < MAILBOX_HOSTS_MAX && !mail->is_sent && mail->days_before == 0);
		assert_string_equal(strchr(mail->to, '@'), "@" MAILBOX_DOMAIN);
		assert_string_equal(mail->head + strlen(mail->head) - 6, "Date: ");
		assert_memory_equal(mail->rest, "\r\n", 2);
		assert_string_equal(mail->rest + strlen(mail->rest) - 2, "\r\n");
		assert_null(strstr(mail->rest, "\n."));
		assert_null(strstr(mail->rest, "\nFrom "));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(mail->id, day[k].id);
		aimed += mail->is_aimed;
	}
	assert_in_range(aimed, 3, count / 8);
}

static void test_dates_are_those_of_the_sender(void **state)
{
	char date[MAILBOX_DATE_BYTES];
	const struct mailbox_mail tokyo = {.zone_minutes = 540}, boston = {.zone_minutes = -300, .days_before = 1};
	(void)state;
	mailbox_date(&tokyo, NOON_MS, date);
	assert_string_equal(date, "Thu, 01 Jan 2026 21:00:00 +0900");
	mailbox_date(&boston, NOON_MS, date);
	assert_string_equal(date, "Wed, 31 Dec 2025 07:00:00 -0500");
}

static void test_the_past_is_an_mbox_of_each_direction(void **state)
{
	(void)state;
	for (int is_sent = 0; is_sent < 2; is_sent++) {
		char *text = NULL;
		size_t text_bytes = 0, froms = 0;
		FILE *file = open_memstream(&text, &text_bytes);
		assert_non_null(file);
		assert_int_equal(mailbox_past_write(file, is_sent == 1, NOON_MS), OK);
		assert_int_equal(fclose(file), 0);
		for (const char *at = text; (at = strstr(at, "From ")) != NULL; at++) {
			assert_true(at == text || at[-1] == '\n');
			const char *end = strchr(at, ' ') + 1;
			assert_int_equal(strncmp(strchr(end, '@'), "@" MAILBOX_DOMAIN " ", sizeof("@" MAILBOX_DOMAIN)) == 0, is_sent == 1);
			froms++;
		}
		assert_in_range(froms, 20, 200);
		free(text);
	}
}

/* How a server of the tests answers its connections, one after the other; the last way for all that come after. */
enum way { WAY_HANGS_UP = 0, WAY_BABBLES, WAY_NOT_NOW, WAY_TAKES, WAY_REFUSES };

struct server {
	int fd;
	int box_fd; /* what it took, one after the other */
	const enum way *ways;
	size_t way_count;
};

static void say(int fd, const char *text)
{
	(void)send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Reads until a text has come; what came goes to the box, if there is one. Returns false: the other side is gone. */
static bool hear(int fd, const char *until, int box_fd)
{
	static char heard[1 << 20];
	size_t used = 0;
	while (used < strlen(until) || memcmp(heard + used - strlen(until), until, strlen(until)) != 0) {
		ssize_t got = used < sizeof(heard) ? recv(fd, heard + used, 1, 0) : 0;
		if (got <= 0)
			return false;
		used += (size_t)got;
	}
	return box_fd < 0 || write(box_fd, heard, used) == (ssize_t)used;
}

static void connection_serve(const struct server *server, int fd, enum way way)
{
	char babble[2000];
	memset(babble, '2', sizeof(babble));
	babble[sizeof(babble) - 1] = '\0';
	if (way == WAY_HANGS_UP)
		return;
	say(fd, way == WAY_BABBLES ? babble : "220-so\r\n220 it goes\r\n");
	if (way == WAY_BABBLES || !hear(fd, "\r\n", -1))
		return;
	say(fd, "250-one\r\n250");
	say(fd, "-two\r\n250 three\r\n");
	if (!hear(fd, "\r\n", -1))
		return;
	say(fd, "250 yes\r\n");
	if (!hear(fd, "\r\n", -1))
		return;
	say(fd, way == WAY_NOT_NOW ? "451 later\r\n" : way == WAY_REFUSES ? "550 no\r\n" : "250 yes\r\n");
	if (way != WAY_TAKES || !hear(fd, "DATA\r\n", -1))
		return;
	say(fd, "354 go on\r\n");
	if (hear(fd, "\r\n.\r\n", server->box_fd))
		say(fd, "250 taken\r\n");
}

static int server_run(void *context)
{
	const struct server *server = context;
	for (size_t i = 0;; i++) {
		int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			return 1;
		connection_serve(server, fd, server->ways[i < server->way_count ? i : server->way_count - 1]);
		(void)close(fd);
	}
}

/* Has the machine of the day's first mail send against such a server. Returns what the server took; the caller's. */
static char *play(const enum way *ways, size_t way_count, struct mail_tally *tally)
{
	struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	socklen_t at_bytes = sizeof(at);
	size_t count;
	FILE *box = tmpfile();
	struct server server = {.fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), .ways = ways, .way_count = way_count};
	assert_non_null(box);
	server.box_fd = fileno(box);
	assert_int_equal(bind(server.fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(server.fd, 8), 0);
	assert_int_equal(getsockname(server.fd, (struct sockaddr *)&at, &at_bytes), 0);
	struct mail_sender_plan plan = {.host = mailbox_day(&count)->host, .port = ntohs(at.sin6_port),
		.start_mono_ns = clock_mono_ns(), .end_ms = 60000, .tally = tally};
	memcpy(plan.to.bytes, &in6addr_loopback, sizeof(in6addr_loopback));
	memcpy(plan.from.bytes, &in6addr_loopback, sizeof(in6addr_loopback));
	const struct program_place here = {.net_fd = -1};
	pid_t pid;
	assert_int_equal(program_fork(&here, server_run, &server, &pid), OK);
	assert_int_equal(mail_sender_run(&plan), 0);
	(void)program_stop(&pid);
	(void)close(server.fd);
	long box_bytes = (fseek(box, 0, SEEK_END), ftell(box));
	char *text = calloc(1, (size_t)box_bytes + 1);
	assert_non_null(text);
	rewind(box);
	assert_int_equal(fread(text, 1, (size_t)box_bytes, box), box_bytes);
	assert_int_equal(fclose(box), 0);
	return text;
}

static void test_each_is_handed_over_once_as_it_is(void **state)
{
	static const enum way ways[] = {WAY_HANGS_UP, WAY_BABBLES, WAY_NOT_NOW, WAY_TAKES};
	struct mail_tally *tally = mail_tally_new();
	size_t count;
	(void)state;
	const struct mailbox_mail *day = mailbox_day(&count);
	char *box = play(ways, ARRAY_LEN(ways), tally);
	const char *at = box;
	for (size_t i = 0; i < count; i++) {
		bool is_its = day[i].host == day[0].host;
		assert_int_equal(tally->mails[i], is_its ? MAIL_SENT_ACCEPTED : MAIL_SENT_WAITING);
		if (!is_its)
			continue;
		assert_memory_equal(at, day[i].head, strlen(day[i].head));
		at = strstr(at + strlen(day[i].head), "\r\n"); /* behind the date */
		assert_non_null(at);
		assert_memory_equal(at, day[i].rest, strlen(day[i].rest));
		at += strlen(day[i].rest);
		assert_memory_equal(at, ".\r\n", 3);
		at += 3;
	}
	assert_string_equal(at, "");
	free(box);
	mail_tally_free(tally);
}

static void test_a_refusal_is_not_tried_again(void **state)
{
	static const enum way ways[] = {WAY_REFUSES};
	struct mail_tally *tally = mail_tally_new();
	(void)state;
	char *box = play(ways, ARRAY_LEN(ways), tally);
	assert_string_equal(box, "");
	assert_int_equal(tally->mails[0], MAIL_SENT_REFUSED);
	free(box);
	mail_tally_free(tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mails_are_well_formed),
		cmocka_unit_test(test_dates_are_those_of_the_sender),
		cmocka_unit_test(test_the_past_is_an_mbox_of_each_direction),
		cmocka_unit_test(test_each_is_handed_over_once_as_it_is),
		cmocka_unit_test(test_a_refusal_is_not_tried_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
