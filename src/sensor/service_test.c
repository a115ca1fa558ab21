/*
 * Proves that one request gets one reply in whatever pieces it comes and goes, that silent, endless and vanished clients
 * cost a slot for a bounded time, and that every client is accounted for:
 *   accepted = answered + refused + expired + gone + open
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/limits.h"
#include "sensor/loop.h"
#include "sensor/service.h"

#define LONG_REPLY_BYTES ((size_t)4 << 20) /* more than a socket holds */

static int epoll_fd;
static struct sockaddr_un addr = {.sun_family = AF_UNIX};
static socklen_t addr_bytes = sizeof(addr.sun_family) + 16;
static struct service *service;

/** "long" asks for a reply of LONG_REPLY_BYTES, "refuse" for none, anything else for itself. */
static int echo(void *arg, const char *request, size_t length_bytes, char **ret_reply, size_t *ret_reply_bytes)
{
	(void)arg;
	if (strcmp(request, "refuse") == 0)
		return E_MALFORMED;
	size_t reply_bytes = strcmp(request, "long") == 0 ? LONG_REPLY_BYTES : length_bytes;
	char *reply = calloc(1, reply_bytes + 1);
	assert_non_null(reply);
	memcpy(reply, request, length_bytes);
	*ret_reply = reply;
	*ret_reply_bytes = reply_bytes;
	return OK;
}

/** Lets the service do what there is to do. */
static void turn(void)
{
	struct epoll_event events[16];
	int count;
	unsigned turns = 0;
	while ((count = epoll_wait(epoll_fd, events, 16, 0)) > 0) {
		assert_true(++turns < 10000); /* it must not wake for what it cannot do */
		for (int i = 0; i < count; i++) {
			const struct loop_watch *watch = events[i].data.ptr;
			watch->ready(watch->arg, events[i].events);
		}
	}
	assert_int_equal(count, 0);
}

static int client_connect(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_return_code(connect(fd, (struct sockaddr *)&addr, addr_bytes), errno);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	turn();
}

/** Reads to the end of the connection; -1: it is open still, or was cut off. */
static ssize_t hear(int fd, char *ret_text, size_t room_bytes)
{
	size_t heard = 0;
	ssize_t got;
	while ((got = recv(fd, ret_text + heard, room_bytes - heard, 0)) > 0) {
		heard += (size_t)got;
		turn();
	}
	return got == 0 ? (ssize_t)heard : -1;
}

static void check_counters(struct service_counters expected)
{
	struct service_counters counters = service_counters_of(service);
	assert_memory_equal(&counters, &expected, sizeof(expected));
	assert_int_equal(counters.accepted,
		counters.answered + counters.refused + counters.expired + counters.gone + counters.open);
}

static int set_up(void **state)
{
	(void)state;
	int listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	addr_bytes = sizeof(addr.sun_family); /* the kernel picks an abstract name */
	assert_return_code(bind(listen_fd, (struct sockaddr *)&addr, addr_bytes), errno);
	addr_bytes = sizeof(addr);
	assert_return_code(getsockname(listen_fd, (struct sockaddr *)&addr, &addr_bytes), errno);
	assert_return_code(listen(listen_fd, 4 * LIMIT_SERVICE_CLIENTS), errno);
	const struct service_config config = {listen_fd, epoll_fd, "\n", echo, NULL};
	return service_new(&config, &service);
}

static int tear_down(void **state)
{
	(void)state;
	service_free(service);
	close(epoll_fd);
	return 0;
}

static void requests_come_in_any_pieces(void **state)
{
	(void)state;
	char text[64];
	const char *const pieces[][4] = {{"whole\n"}, {"in ", "three ", "pieces\n"}, {"\n"}, {"more\nthan one\n"}, {"a", "\n"}};
	const char *const replies[] = {"whole", "in three pieces", "", "more", "a"};
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		int fd = client_connect();
		turn();
		for (size_t k = 0; k < ARRAY_LEN(pieces[i]) && pieces[i][k] != NULL; k++)
			say(fd, pieces[i][k]);
		ssize_t heard = recv(fd, text, sizeof(text), 0); /* what came behind the request may cut the connection off, later */
		assert_int_equal(heard, strlen(replies[i]));
		assert_memory_equal(text, replies[i], strlen(replies[i]));
		close(fd);
	}
	check_counters((struct service_counters){.accepted = ARRAY_LEN(pieces), .answered = ARRAY_LEN(pieces)});
}

static void long_replies_wait_for_their_reader(void **state)
{
	(void)state;
	char *text = malloc(LONG_REPLY_BYTES + 1);
	int fd = client_connect(), other = client_connect(), vanishing = client_connect();
	say(fd, "long\n");
	say(vanishing, "long\n");
	say(other, "short\n"); /* nobody waits for the slow ones */
	assert_int_equal(hear(other, text, LONG_REPLY_BYTES), 5);
	close(vanishing);
	turn();
	check_counters((struct service_counters){.accepted = 3, .answered = 1, .gone = 1, .open = 1});
	assert_int_equal(hear(fd, text, LONG_REPLY_BYTES + 1), LONG_REPLY_BYTES);
	assert_memory_equal(text, "long", 4);
	check_counters((struct service_counters){.accepted = 3, .answered = 2, .gone = 1});
	close(fd);
	close(other);
	free(text);
}

static void what_is_no_request_ends(void **state)
{
	(void)state;
	char text[LIMIT_SERVICE_REQUEST_BYTES + 1];
	int refused = client_connect(), endless = client_connect(), gone = client_connect(), half = client_connect();
	turn();
	say(refused, "refuse\n");
	assert_int_equal(hear(refused, text, sizeof(text)), 0);
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	say(endless, text);
	assert_int_equal(hear(endless, text, sizeof(text)), 0);
	close(gone);
	say(half, "no end");
	assert_int_equal(shutdown(half, SHUT_WR), 0);
	turn();
	assert_int_equal(hear(half, text, sizeof(text)), 0);
	check_counters((struct service_counters){.accepted = 4, .refused = 2, .gone = 2});
	close(refused);
	close(endless);
	close(half);
}

static void silent_clients_make_room_in_time(void **state)
{
	(void)state;
	char text[16];
	int silent[LIMIT_SERVICE_CLIENTS];
	for (size_t i = 0; i < ARRAY_LEN(silent); i++) {
		silent[i] = client_connect();
		turn();
	}
	int waiting = client_connect();
	say(waiting, "late\n");
	assert_int_equal(hear(waiting, text, sizeof(text)), -1); /* no slot, and the loop does not spin: turn() ended */
	check_counters((struct service_counters){.accepted = LIMIT_SERVICE_CLIENTS, .open = LIMIT_SERVICE_CLIENTS});
	service_expire(service, clock_mono_ns());
	assert_int_equal(service_counters_of(service).expired, 0);
	service_expire(service, clock_mono_ns() + LIMIT_SERVICE_TIME_MS * NS_PER_MS);
	check_counters((struct service_counters){.accepted = LIMIT_SERVICE_CLIENTS, .expired = LIMIT_SERVICE_CLIENTS});
	turn();
	assert_int_equal(hear(waiting, text, sizeof(text)), 4);
	check_counters((struct service_counters){
		.accepted = LIMIT_SERVICE_CLIENTS + 1, .expired = LIMIT_SERVICE_CLIENTS, .answered = 1});
	for (size_t i = 0; i < ARRAY_LEN(silent); i++) {
		assert_int_equal(hear(silent[i], text, sizeof(text)), 0);
		close(silent[i]);
	}
	close(waiting);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(requests_come_in_any_pieces, set_up, tear_down),
		cmocka_unit_test_setup_teardown(long_replies_wait_for_their_reader, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_request_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(silent_clients_make_room_in_time, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
