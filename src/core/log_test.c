/* Proves that peer text cannot break a line, that lines are cut, and that the bucket counts what it holds back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"

static void peer_text_is_escaped_and_cut(void **state)
{
	(void)state;
	char text[LOG_PEER_TEXT_BYTES];
	assert_string_equal(log_peer_text("plain-text_1", 12, text), "plain-text_1");
	assert_string_equal(log_peer_text("a b\n\"\\\x80", 7, text), "a b\\x0a\\x22\\x5c\\x80");
	assert_string_equal(log_peer_text("", 0, text), "");
	char hostile[LIMIT_LOG_PEER_TEXT_BYTES + 1];
	memset(hostile, 0, sizeof(hostile));
	log_peer_text(hostile, LIMIT_LOG_PEER_TEXT_BYTES, text);
	assert_int_equal(strlen(text), LIMIT_LOG_PEER_TEXT_BYTES * 4);
	log_peer_text(hostile, sizeof(hostile), text);
	assert_int_equal(strlen(text), LIMIT_LOG_PEER_TEXT_BYTES * 4 + 3);
	assert_string_equal(text + LIMIT_LOG_PEER_TEXT_BYTES * 4, "...");
}

/** What log_line() writes, read back through a pipe. */
static size_t line_of(const char *text, char *ret_line, size_t room_bytes)
{
	int ends[2], saved = dup(STDERR_FILENO);
	assert_int_equal(pipe(ends), 0);
	assert_return_code(dup2(ends[1], STDERR_FILENO), 0);
	log_line(LOG_LEVEL_WARNING, "%s", text);
	assert_return_code(dup2(saved, STDERR_FILENO), 0);
	ssize_t got = read(ends[0], ret_line, room_bytes - 1);
	assert_true(got > 0);
	ret_line[got] = '\0';
	close(ends[0]);
	close(ends[1]);
	close(saved);
	return (size_t)got;
}

static void an_event_is_one_line(void **state)
{
	(void)state;
	char line[LIMIT_LOG_LINE_BYTES * 2], long_text[LIMIT_LOG_LINE_BYTES + 10];
	line_of("event key=1", line, sizeof(line));
	assert_string_equal(line, "<4>event key=1\n");
	line_of("event key=1\n<0>forged", line, sizeof(line));
	assert_string_equal(line, "<4>event key=1?<0>forged\n");
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	assert_int_equal(line_of(long_text, line, sizeof(line)), LIMIT_LOG_LINE_BYTES);
	assert_string_equal(line + LIMIT_LOG_LINE_BYTES - 5, "x...\n");
}

static void the_bucket_counts_what_it_holds_back(void **state)
{
	(void)state;
	struct log_bucket bucket = {0};
	int64_t now_mono_ns = 1000 * NS_PER_S;
	uint64_t held_back = 99;
	for (int i = 0; i < LIMIT_LOG_BURST; i++)
		assert_true(log_allowed(&bucket, now_mono_ns, &held_back));
	assert_int_equal(held_back, 0);
	for (int i = 0; i < 7; i++)
		assert_false(log_allowed(&bucket, now_mono_ns + NS_PER_S / 2, &held_back));
	assert_true(log_allowed(&bucket, now_mono_ns + NS_PER_S, &held_back));
	assert_int_equal(held_back, 7);
	assert_false(log_allowed(&bucket, now_mono_ns + NS_PER_S, &held_back));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peer_text_is_escaped_and_cut),
		cmocka_unit_test(an_event_is_one_line),
		cmocka_unit_test(the_bucket_counts_what_it_holds_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
