/*
 * Proves that every whole line of a followed file is taken once and in order:
 * as it comes, after a restart, over renames with and without somebody
 * following; and that what cannot be taken is counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tower/follow.h"

#define TAKEN_BYTES 4096

static char directory[64], path[96], rotated[96];
static struct {
	char text[TAKEN_BYTES]; /* the lines, each with a bar behind it */
	size_t room; /* lines that are taken before there is no room */
} taken;

static bool take(void *arg, const char *line, size_t line_bytes, const struct follow_place *behind)
{
	(void)arg;
	assert_true(behind->offset_bytes > line_bytes);
	if (taken.room == 0)
		return false;
	taken.room--;
	size_t at = strlen(taken.text);
	assert_true(at + line_bytes + 2 < sizeof(taken.text));
	snprintf(taken.text + at, sizeof(taken.text) - at, "%.*s|", (int)line_bytes, line);
	return true;
}

static void append_to(const char *file, const char *text, size_t bytes)
{
	int fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, bytes), bytes);
	close(fd);
}

static void append(const char *text)
{
	append_to(path, text, strlen(text));
}

/** Reads all there is; the lines that came. */
static const char *read_all(struct follow *follow)
{
	bool has_more = true;
	taken.text[0] = '\0';
	taken.room = 1000;
	while (has_more)
		assert_int_equal(follow_read(follow, 3, take, NULL, &has_more), OK);
	return taken.text;
}

static bool is_woken(const struct follow *follow)
{
	struct pollfd ready = {.fd = follow_fd(follow), .events = POLLIN};
	return poll(&ready, 1, 2000) == 1;
}

static struct follow *follow_from(const struct follow_place *from)
{
	struct follow *follow = NULL;
	assert_int_equal(follow_new(path, from, &follow), OK);
	return follow;
}

static void lines_are_taken_as_they_come(void **state)
{
	(void)state;
	struct follow *follow = follow_from(NULL);
	assert_string_equal(read_all(follow), ""); /* there is no file yet */
	append("one\ntwo\nthr");
	assert_true(is_woken(follow));
	assert_string_equal(read_all(follow), "one|two|");
	assert_int_equal(follow_place_of(follow).offset_bytes, 8);
	append("ee\n\nfour\nfive\nsix\n");
	assert_true(is_woken(follow));
	assert_string_equal(read_all(follow), "three||four|five|six|");
	assert_int_equal(follow_counters_of(follow).lines, 7);
	follow_free(follow);
}

static void a_line_without_room_is_given_again(void **state)
{
	(void)state;
	bool has_more = true;
	struct follow *follow = follow_from(NULL);
	append("one\ntwo\nthree\n");
	taken.text[0] = '\0';
	taken.room = 2;
	assert_int_equal(follow_read(follow, 10, take, NULL, &has_more), OK);
	assert_false(has_more); /* until there is room */
	assert_string_equal(taken.text, "one|two|");
	assert_int_equal(follow_place_of(follow).offset_bytes, 8);
	assert_string_equal(read_all(follow), "three|");
	follow_free(follow);
}

static void a_restart_goes_on_where_it_was_left(void **state)
{
	(void)state;
	append("one\ntwo\nthree\n");
	struct follow *follow = follow_from(NULL);
	bool has_more = false;
	taken.text[0] = '\0';
	taken.room = 1000;
	assert_int_equal(follow_read(follow, 2, take, NULL, &has_more), OK);
	assert_string_equal(taken.text, "one|two|");
	assert_true(has_more);
	struct follow_place left = follow_place_of(follow);
	follow_free(follow);
	append("four\n");
	follow = follow_from(&left);
	assert_string_equal(read_all(follow), "three|four|");
	assert_int_equal(follow_counters_of(follow).gaps, 0);
	follow_free(follow);
}

static void a_rename_loses_nothing(void **state)
{
	(void)state;
	struct follow *follow = follow_from(NULL);
	append("one\n");
	assert_string_equal(read_all(follow), "one|");
	assert_int_equal(rename(path, rotated), 0);
	append_to(rotated, "two\n", 4); /* the writer does not know yet */
	assert_string_equal(read_all(follow), "two|");
	append(""); /* made for him by who renamed */
	append_to(rotated, "three\n", 6);
	assert_string_equal(read_all(follow), "three|");
	append_to(rotated, "four\n", 5);
	append("five\n"); /* now he does */
	assert_string_equal(read_all(follow), "four|five|");
	assert_int_equal(follow_counters_of(follow).files, 2);
	assert_int_equal(follow_counters_of(follow).gaps, 0);
	follow_free(follow);
}

static void a_rename_while_nobody_followed_loses_nothing(void **state)
{
	(void)state;
	append("one\ntwo\n");
	struct follow *follow = follow_from(NULL);
	bool has_more = false;
	taken.room = 1000;
	assert_int_equal(follow_read(follow, 1, take, NULL, &has_more), OK);
	struct follow_place left = follow_place_of(follow);
	follow_free(follow);
	assert_int_equal(rename(path, rotated), 0);
	append("three\n");
	follow = follow_from(&left);
	assert_string_equal(read_all(follow), "two|three|");
	follow_free(follow);
}

static void what_may_be_lost_is_counted(void **state)
{
	(void)state;
	static char line[FOLLOW_LINE_BYTES_MAX + 8];
	append("one\ntwo\n");
	struct follow *follow = follow_from(NULL);
	assert_string_equal(read_all(follow), "one|two|");
	assert_int_equal(truncate(path, 0), 0);
	append("3\n");
	assert_string_equal(read_all(follow), "3|");
	assert_int_equal(follow_counters_of(follow).gaps, 1);
	memset(line, 'x', sizeof(line));
	append_to(path, line, sizeof(line));
	assert_string_equal(read_all(follow), "");
	append_to(path, line, sizeof(line));
	append("\nfour\n");
	assert_string_equal(read_all(follow), "four|");
	assert_int_equal(follow_counters_of(follow).too_long, 1);
	struct follow_place left = follow_place_of(follow);
	follow_free(follow);
	assert_int_equal(unlink(path), 0);
	append("five\n");
	left.inode += 1000003; /* another file: the system may give a number again */
	follow = follow_from(&left);
	assert_string_equal(read_all(follow), "five|");
	assert_int_equal(follow_counters_of(follow).gaps, 1);
	follow_free(follow);
}

static void what_is_no_file_is_refused(void **state)
{
	(void)state;
	struct follow *follow = NULL;
	bool has_more = false;
	assert_int_equal(follow_new("/nonexistent/findings.jsonl", NULL, &follow), E_SYS);
	follow = follow_from(NULL);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(follow_read(follow, 1, take, NULL, &has_more), E_SYS);
	follow_free(follow);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/hinomi-follow-XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/findings.jsonl", directory);
	snprintf(rotated, sizeof(rotated), "%s/findings.jsonl.1", directory);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(rotated);
	return rmdir(directory);
}

#define FOLLOW_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOLLOW_TEST(lines_are_taken_as_they_come),
		FOLLOW_TEST(a_line_without_room_is_given_again),
		FOLLOW_TEST(a_restart_goes_on_where_it_was_left),
		FOLLOW_TEST(a_rename_loses_nothing),
		FOLLOW_TEST(a_rename_while_nobody_followed_loses_nothing),
		FOLLOW_TEST(what_may_be_lost_is_counted),
		FOLLOW_TEST(what_is_no_file_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
