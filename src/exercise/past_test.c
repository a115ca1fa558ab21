/*
 * Proves that scores are kept as they were, without what is of the newest run
 * alone; that a kill at any instant leaves a whole file; that what cannot be
 * read is put aside and said in one line; and that a full disk keeps the old.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exercise/past.h"

#define NOW_MS INT64_C(1796000000000)

static char directory[64], why[WHY_BYTES];
static struct exercise_state state, kept;

static const char *path_of(const char *name)
{
	static char path[128];
	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static int setup(void **unused)
{
	(void)unused;
	(void)snprintf(directory, sizeof(directory), "/tmp/hinomi-past-XXXXXX");
	why[0] = '\0';
	memset(&state, 0, sizeof(state));
	return mkdtemp(directory) != NULL ? 0 : -1;
}

static int teardown(void **unused)
{
	static const char *const names[] = {"runs", "runs.new", "runs.broken", "other"};
	(void)unused;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		(void)unlink(path_of(names[i]));
	(void)rmdir(path_of("runs.broken"));
	return rmdir(directory);
}

/** The newest first, each with a score that has its number. */
static void runs_fill(size_t count, uint64_t newest)
{
	state.run_count = count;
	for (size_t i = 0; i < count; i++)
		state.runs[i] = (struct exercise_run){.number = newest - i, .scenario = "one-flood", .stage = EXERCISE_DONE,
			.has_ended = true, .started_ms = NOW_MS - 1000, .ended_ms = NOW_MS, .event_count = 1,
			.events = {{.attack = "service"}}, .second_count = 1,
			.has_score = true, .score = {.passed = newest - i, .has_mail = true, .mail = {.mails = 53}}};
}

static void text_put(const char *text, size_t bytes)
{
	FILE *file = fopen(path_of("runs"), "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, bytes, file), bytes);
	assert_int_equal(fclose(file), 0);
}

static void scores_are_kept_and_their_details_are_not(void **unused)
{
	(void)unused;
	assert_int_equal(past_load(directory, NOW_MS, &kept, why), OK); /* nothing yet */
	assert_int_equal(kept.run_count, 0);
	runs_fill(EXERCISE_RUNS_MAX, 20);
	assert_int_equal(past_save(directory, &state, why), OK);
	assert_int_equal(past_load(directory, NOW_MS, &kept, why), OK);
	assert_int_equal(kept.run_count, EXERCISE_RUNS_MAX);
	for (size_t i = 0; i < EXERCISE_RUNS_MAX; i++) {
		assert_int_equal(kept.runs[i].number, 20 - i);
		assert_int_equal(kept.runs[i].score.passed, 20 - i);
		assert_int_equal(kept.runs[i].score.mail.mails, 53);
		assert_int_equal(kept.runs[i].event_count + kept.runs[i].second_count, 0);
	}
	assert_int_equal(access(path_of("runs.new"), F_OK), -1);
}

static void what_was_cut_off_is_said_to_be(void **unused)
{
	(void)unused;
	runs_fill(2, 2);
	state.runs[0].has_ended = state.runs[0].has_score = false;
	state.runs[0].stage = EXERCISE_WAITING;
	assert_int_equal(past_save(directory, &state, why), OK);
	assert_int_equal(past_load(directory, NOW_MS + 5, &kept, why), OK);
	assert_int_equal(kept.runs[0].stage, EXERCISE_FAILED);
	assert_int_equal(kept.runs[0].ended_ms, NOW_MS + 5);
	assert_string_equal(kept.runs[0].why, "whoever played it was ended");
	assert_int_equal(kept.runs[1].stage, EXERCISE_DONE);
}

/** Whatever was there is put aside, the state is empty, and the next save works. */
static void assert_put_aside(const char *words)
{
	runs_fill(1, 7);
	kept = state; /* so that it shows that nothing is left of it */
	assert_int_equal(past_load(directory, NOW_MS, &kept, why), E_MALFORMED);
	if (strstr(why, words) == NULL || strchr(why, '\n') != NULL)
		fail_msg("said \"%s\", expected \"%s\"", why, words);
	assert_int_equal(kept.run_count, 0);
	struct stat about;
	assert_int_equal(lstat(path_of("runs.broken"), &about), 0);
	assert_int_equal(past_save(directory, &state, why), OK);
	assert_int_equal(past_load(directory, NOW_MS, &kept, why), OK);
	assert_int_equal(kept.run_count, 1);
}

static void what_is_not_ours_is_put_aside(void **unused)
{
	char line[65536], twice[2 * sizeof(line)];
	(void)unused;
	runs_fill(1, 1);
	assert_int_equal(past_save(directory, &state, why), OK);
	FILE *file = fopen(path_of("runs"), "r");
	assert_non_null(file);
	size_t bytes = fread(line, 1, sizeof(line), file);
	assert_int_equal(fclose(file), 0);
	text_put(line, bytes - 1);
	assert_put_aside("is no whole line");
	memcpy(twice, line, bytes);
	memcpy(twice + bytes, line, bytes);
	text_put(twice, 2 * bytes); /* a number that does not fall */
	assert_put_aside("is no run that we keep");
	text_put("[[[[[[[[\n", 9);
	assert_put_aside("line: ");
	text_put("\0\xff\n", 3);
	assert_put_aside("line: ");
	static char huge[EXERCISE_STATE_BYTES_MAX + 1];
	text_put(huge, sizeof(huge));
	assert_put_aside("is no file of ours");
	text_put("", 0);
	assert_int_equal(past_load(directory, NOW_MS, &kept, why), OK); /* no runs are no fault */
	assert_int_equal(kept.run_count, 0);
	assert_int_equal(unlink(path_of("runs")), 0);
	assert_int_equal(symlink("/etc/passwd", path_of("runs")), 0);
	assert_put_aside("is no file of ours");
	assert_int_equal(unlink(path_of("runs.broken")), 0);
	assert_int_equal(unlink(path_of("runs")), 0);
	assert_int_equal(mkdir(path_of("runs"), 0700), 0);
	assert_put_aside("is no file of ours");
}

static void nine_runs_are_too_many(void **unused)
{
	char all[65536];
	size_t bytes = 0;
	(void)unused;
	for (uint64_t number = 9; number > 0; number--) {
		runs_fill(1, number);
		assert_int_equal(past_save(directory, &state, why), OK);
		FILE *file = fopen(path_of("runs"), "r");
		assert_non_null(file);
		bytes += fread(all + bytes, 1, sizeof(all) - bytes, file);
		assert_int_equal(fclose(file), 0);
	}
	text_put(all, bytes);
	assert_put_aside("is one run too many");
}

static void a_full_disk_keeps_the_old(void **unused)
{
	const struct rlimit little = {10, RLIM_INFINITY}, all = {RLIM_INFINITY, RLIM_INFINITY};
	(void)unused;
	runs_fill(1, 1);
	assert_int_equal(past_save(directory, &state, why), OK);
	runs_fill(2, 2);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	int err = past_save(directory, &state, why);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
	assert_int_equal(err, E_SYS);
	assert_non_null(strstr(why, "scores are not kept"));
	assert_int_equal(past_load(directory, NOW_MS, &kept, why), OK);
	assert_int_equal(kept.run_count, 1);
	assert_int_equal(past_load("/nowhere", NOW_MS, &kept, why), E_SYS);
}

/** A child saves without end and is killed; the file is always one that it wrote whole. */
static void a_kill_leaves_a_whole_file(void **unused)
{
	(void)unused;
	runs_fill(1, 1);
	assert_int_equal(past_save(directory, &state, why), OK);
	for (unsigned round = 0; round < 20; round++) {
		int begun[2];
		char byte;
		assert_int_equal(pipe2(begun, O_CLOEXEC), 0);
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			for (uint64_t number = 8;; number++) {
				runs_fill(EXERCISE_RUNS_MAX, number);
				if (past_save(directory, &state, why) != OK || write(begun[1], "x", 1) != 1)
					_exit(1);
			}
		}
		for (unsigned saves = 0; saves <= round % 3; saves++)
			assert_int_equal(read(begun[0], &byte, 1), 1);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, NULL, 0), child);
		assert_int_equal(close(begun[0]) | close(begun[1]), 0);
		assert_int_equal(past_load(directory, NOW_MS, &kept, why), OK);
		assert_int_equal(kept.run_count, EXERCISE_RUNS_MAX);
		assert_int_equal(kept.runs[0].number - kept.runs[7].number, 7);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(scores_are_kept_and_their_details_are_not),
		TEST(what_was_cut_off_is_said_to_be),
		TEST(what_is_not_ours_is_put_aside),
		TEST(nine_runs_are_too_many),
		TEST(a_full_disk_keeps_the_old),
		TEST(a_kill_leaves_a_whole_file),
	};
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
