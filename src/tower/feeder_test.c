/*
 * Proves that each line of a followed file comes to the writer in order, and
 * that its place is kept only once the writer has answered: after a restart
 * and after a store that failed, what was not acknowledged comes again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tower/feeder.h"

#define WAIT_MS 5000
#define ACK "{\"ack\":\"x\"}\n"
#define REFUSED "{\"refused\":null,\"why\":\"x\"}\n"
#define AGAIN "{\"again\":true,\"refused\":null,\"why\":\"x\"}\n"

static char directory[64], path[96], places[96];
static struct feeder *feeder;
static pthread_t thread;
static int writer_fd;
static char buffer[65536];
static size_t buffered_bytes;

static void append(const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void begin(void)
{
	assert_int_equal(feeder_new(places, &feeder), OK);
	assert_int_equal(feeder_add(feeder, path, &writer_fd), OK);
	assert_int_equal(fcntl(writer_fd, F_SETFL, 0), 0); /* this end may wait */
	assert_int_equal(pthread_create(&thread, NULL, feeder_run, feeder), 0);
	buffered_bytes = 0;
}

static void end(void)
{
	feeder_end(feeder);
	assert_int_equal(pthread_join(thread, NULL), 0);
	feeder_free(feeder);
	close(writer_fd);
}

/** The next line that comes to the writer; NULL: none within the time. */
static const char *next(int wait_ms)
{
	static char line[4096];
	char *newline;
	while ((newline = memchr(buffer, '\n', buffered_bytes)) == NULL) {
		struct pollfd ready = {.fd = writer_fd, .events = POLLIN};
		if (poll(&ready, 1, wait_ms) != 1)
			return NULL;
		ssize_t got = recv(writer_fd, buffer + buffered_bytes, sizeof(buffer) - buffered_bytes, 0);
		assert_true(got > 0);
		buffered_bytes += (size_t)got;
	}
	size_t line_bytes = (size_t)(newline - buffer);
	assert_true(line_bytes < sizeof(line));
	memcpy(line, buffer, line_bytes);
	line[line_bytes] = '\0';
	buffered_bytes -= line_bytes + 1;
	memmove(buffer, newline + 1, buffered_bytes);
	return line;
}

static void expect(const char *wanted)
{
	const char *line = next(WAIT_MS);
	assert_non_null(line);
	assert_string_equal(line, wanted);
}

static void answer(const char *text)
{
	assert_int_equal(send(writer_fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/** Waits until so many answers were taken. */
static struct feeder_counters counters_at(uint64_t answers)
{
	struct feeder_counters counters = {0};
	for (int i = 0; i < WAIT_MS / 10; i++) {
		feeder_count(feeder, &counters);
		if (counters.acknowledged + counters.refused + counters.again >= answers)
			break;
		(void)poll(NULL, 0, 10);
	}
	assert_int_equal(counters.acknowledged + counters.refused + counters.again, answers);
	return counters;
}

static void what_is_not_acknowledged_comes_again_after_a_restart(void **state)
{
	(void)state;
	append("one\ntwo\nthree\n");
	begin();
	expect("one");
	expect("two");
	expect("three");
	answer(ACK REFUSED); /* a refused one is done with */
	struct feeder_counters counters = counters_at(2);
	assert_int_equal(counters.refused, 1);
	assert_int_equal(counters.follow.lines, 3);
	end();
	append("four\n");
	begin();
	expect("three");
	expect("four");
	answer(ACK ACK);
	(void)counters_at(2);
	end();
	begin();
	assert_null(next(100));
	append("five\n");
	expect("five");
	end();
}

static void a_store_that_failed_gets_the_lines_again(void **state)
{
	(void)state;
	append("one\ntwo\nthree\n");
	begin();
	expect("one");
	expect("two");
	expect("three");
	answer(ACK AGAIN ACK); /* the third was answered before it came again: the store knows */
	expect("two");
	expect("three");
	answer(ACK ACK);
	struct feeder_counters counters = counters_at(5);
	assert_int_equal(counters.again, 1);
	assert_int_equal(counters.acknowledged, 4);
	append("four\n");
	expect("four");
	end();
}

static void many_lines_come_once_and_in_order(void **state)
{
	(void)state;
	char line[32];
	begin();
	for (int i = 0; i < 5000; i++) {
		snprintf(line, sizeof(line), "line %d\n", i);
		append(line);
	}
	for (int i = 0; i < 5000; i++) {
		snprintf(line, sizeof(line), "line %d", i);
		expect(line);
		answer(ACK);
	}
	(void)counters_at(5000);
	assert_null(next(50));
	end();
}

static void a_writer_that_is_gone_stops_nothing(void **state)
{
	(void)state;
	append("one\n");
	begin();
	expect("one");
	close(writer_fd);
	append("two\n");
	(void)poll(NULL, 0, 50);
	feeder_end(feeder);
	assert_int_equal(pthread_join(thread, NULL), 0);
	feeder_free(feeder);
	begin();
	expect("one");
	expect("two");
	end();
}

static void what_cannot_be_followed_is_refused(void **state)
{
	(void)state;
	int fd = -1;
	assert_int_equal(feeder_new(places, &feeder), OK);
	assert_int_equal(feeder_add(feeder, "/nonexistent/findings.jsonl", &fd), E_SYS);
	for (int i = 0; i < FEEDER_FILES_MAX; i++) {
		assert_int_equal(feeder_add(feeder, path, &fd), OK);
		close(fd);
	}
	assert_int_equal(feeder_add(feeder, path, &fd), E_LIMIT);
	feeder_free(feeder);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/hinomi-feeder-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/findings.jsonl", directory);
	snprintf(places, sizeof(places), "%s/places", directory);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(places);
	return rmdir(directory);
}

#define FEEDER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FEEDER_TEST(what_is_not_acknowledged_comes_again_after_a_restart),
		FEEDER_TEST(a_store_that_failed_gets_the_lines_again),
		FEEDER_TEST(many_lines_come_once_and_in_order),
		FEEDER_TEST(a_writer_that_is_gone_stops_nothing),
		FEEDER_TEST(what_cannot_be_followed_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
