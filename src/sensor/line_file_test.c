/* Proves that lines are whole, wait where they cannot be written, and are counted where they are lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/limits.h"
#include "sensor/line_file.h"

static char directory[] = "/tmp/line_file_test.XXXXXX";
static char path[64], moved[64];

static size_t content(const char *of, char *ret_text, size_t room_bytes)
{
	FILE *file = fopen(of, "r");
	assert_non_null(file);
	size_t got = fread(ret_text, 1, room_bytes - 1, file);
	ret_text[got] = '\0';
	fclose(file);
	return got;
}

static void lines_are_appended_and_survive_a_reopen(void **state)
{
	(void)state;
	struct line_file *file;
	char text[64];
	assert_int_equal(line_file_open(path, &file), OK);
	line_file_put(file, "one");
	assert_int_equal(rename(path, moved), 0);
	line_file_put(file, "two");
	assert_int_equal(line_file_reopen(file), OK);
	line_file_put(file, "three");
	content(moved, text, sizeof(text));
	assert_string_equal(text, "one\ntwo\n");
	content(path, text, sizeof(text));
	assert_string_equal(text, "three\n");
	struct line_file_counters counters = line_file_counters_of(file);
	assert_int_equal(counters.put, 3);
	assert_int_equal(counters.written, 3);
	line_file_free(file);
}

static void a_full_disk_makes_lines_wait_and_then_counts_them(void **state)
{
	(void)state;
	struct line_file *file;
	static char line[1 << 20];
	memset(line, 'x', sizeof(line) - 1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/dev/full", path), 0);
	assert_int_equal(line_file_open(path, &file), OK);
	for (int i = 0; i < 10; i++)
		line_file_put(file, line);
	struct line_file_counters counters = line_file_counters_of(file);
	assert_int_equal(counters.put, 10);
	assert_int_equal(counters.written, 0);
	assert_int_equal(counters.waiting, LIMIT_FINDINGS_QUEUE_BYTES / sizeof(line));
	assert_int_equal(counters.lost, 10 - LIMIT_FINDINGS_QUEUE_BYTES / sizeof(line));
	assert_int_equal(counters.last_errno, ENOSPC);

	assert_int_equal(unlink(path), 0); /* room is made */
	assert_int_equal(line_file_reopen(file), OK);
	counters = line_file_counters_of(file);
	assert_int_equal(counters.waiting, 0);
	assert_int_equal(counters.put, counters.written + counters.lost);
	assert_int_equal(counters.last_errno, 0);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, counters.written * sizeof(line));
	line_file_free(file);
}

/** A reader that is slower than the findings: nothing blocks, the line's rest comes later and whole. */
static void a_slow_reader_makes_nobody_wait(void **state)
{
	(void)state;
	struct line_file *file;
	static char line[1 << 17], got[1 << 18];
	memset(line, 'y', sizeof(line) - 1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(line_file_open(path, &file), OK);
	line_file_put(file, line);
	assert_int_equal(line_file_counters_of(file).waiting, 1); /* a pipe holds 64 KiB */
	size_t total = 0;
	for (int i = 0; i < 8; i++) {
		ssize_t length = read(reader, got + total, sizeof(got) - total);
		total += length > 0 ? (size_t)length : 0;
		line_file_flush(file);
	}
	assert_int_equal(total, sizeof(line));
	assert_int_equal(got[total - 1], '\n');
	assert_int_equal(line_file_counters_of(file).written, 1);
	close(reader);
	line_file_free(file);
}

/** Reads slowly from a pipe to its end, in a process of its own. */
static void reader_run(int fd, int result_fd)
{
	char bytes[4096];
	uint64_t lines = 0;
	for (ssize_t got; (got = read(fd, bytes, sizeof(bytes))) > 0;) {
		for (ssize_t i = 0; i < got; i++)
			lines += bytes[i] == '\n';
	}
	_exit(write(result_fd, &lines, sizeof(lines)) == (ssize_t)sizeof(lines) ? 0 : 1);
}

/** At the end a reader that is behind gets every line; one that reads nothing holds nobody up for long. */
static void the_end_waits_for_a_slow_reader(void **state)
{
	(void)state;
	int lines_pipe[2], result_pipe[2], old_stdout = dup(STDOUT_FILENO);
	struct line_file *file = NULL;
	static char line[5000];
	memset(line, 'x', sizeof(line) - 1);
	assert_int_equal(pipe(lines_pipe) | pipe(result_pipe), 0);
	(void)fflush(stdout);
	assert_true(dup2(lines_pipe[1], STDOUT_FILENO) >= 0);
	assert_int_equal(line_file_open("-", &file), OK);
	for (int i = 0; i < 100; i++) /* more than a pipe holds */
		line_file_put(file, line);
	uint64_t waiting = line_file_counters_of(file).waiting;
	line_file_drain(file, 20);
	uint64_t still_waiting = line_file_counters_of(file).waiting;
	pid_t reader = fork();
	if (reader == 0) {
		close(STDOUT_FILENO);
		close(lines_pipe[1]);
		reader_run(lines_pipe[0], result_pipe[1]);
	}
	line_file_drain(file, 10000);
	struct line_file_counters counters = line_file_counters_of(file);
	assert_true(dup2(old_stdout, STDOUT_FILENO) >= 0);
	close(old_stdout);
	close(lines_pipe[1]);
	uint64_t lines = 0;
	assert_int_equal(read(result_pipe[0], &lines, sizeof(lines)), sizeof(lines));
	assert_int_equal(waitpid(reader, NULL, 0), reader);
	assert_true(waiting > 50 && still_waiting > 50);
	assert_int_equal(counters.waiting, 0);
	assert_int_equal(lines, 100);
	line_file_free(file);
	close(lines_pipe[0]);
	close(result_pipe[0]);
	close(result_pipe[1]);
}

static void a_path_that_cannot_be_opened_is_told(void **state)
{
	(void)state;
	struct line_file *file = NULL;
	assert_int_equal(line_file_open("/nonexistent/x", &file), E_SYS);
	assert_int_equal(errno, ENOENT);
	assert_null(file);
}

static int set_up(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/lines", directory);
	snprintf(moved, sizeof(moved), "%s/moved", directory);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path) | unlink(moved) | rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_appended_and_survive_a_reopen),
		cmocka_unit_test(a_full_disk_makes_lines_wait_and_then_counts_them),
		cmocka_unit_test(a_slow_reader_makes_nobody_wait),
		cmocka_unit_test(the_end_waits_for_a_slow_reader),
		cmocka_unit_test(a_path_that_cannot_be_opened_is_told),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
