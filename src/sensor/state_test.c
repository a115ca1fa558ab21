/*
 * Proves that a saved file is whole or the one before, whatever fails (no room, no directory, a kill at any instant),
 * and that what is not a file of ours is refused without waiting.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/limits.h"
#include "core/random.h"
#include "sensor/state.h"

#define BIG_BYTES ((size_t)1 << 20)

static char directory[] = "/tmp/state_test.XXXXXX";
static uint8_t big[2][BIG_BYTES]; /* all 'a', all 'b' */

static const char *path_of(const char *name)
{
	static char path[128];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

/** Checks what a name loads; NULL: there is none. */
static void check_load(const char *name, const void *expected, size_t expected_bytes)
{
	uint8_t *bytes = NULL;
	size_t length_bytes = 0;
	assert_int_equal(state_load(directory, name, &bytes, &length_bytes), expected != NULL ? OK : E_END);
	assert_int_equal(length_bytes, expected_bytes);
	if (expected != NULL)
		assert_memory_equal(bytes, expected, expected_bytes);
	free(bytes);
}

static void what_is_saved_is_loaded(void **state)
{
	(void)state;
	static const size_t lengths[] = {0, 1, 4096, BIG_BYTES, 3};
	struct stat st;
	check_load("file", NULL, 0);
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		assert_int_equal(state_save(directory, "file", big[i % 2], lengths[i]), OK);
		check_load("file", big[i % 2], lengths[i]);
	}
	assert_int_equal(stat(path_of("file"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(access(path_of("file.new"), F_OK), -1);
	assert_int_equal(unlink(path_of("file")), 0);
}

/** The limit of a file's length stands in for a disk without room: the write is short, the next one fails. */
static void without_room_the_old_stays(void **state)
{
	(void)state;
	struct rlimit before, small;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(state_save(directory, "file", (const uint8_t *)"old", 3), OK);
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	small = before;
	small.rlim_cur = 5000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int err = state_save(directory, "file", big[0], BIG_BYTES);
	int reason = errno;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(err, E_SYS);
	assert_int_equal(reason, EFBIG);
	check_load("file", "old", 3);
	assert_int_equal(access(path_of("file.new"), F_OK), -1); /* what there was of it takes no room */
	assert_int_equal(state_save(directory, "file", big[0], BIG_BYTES), OK);
	check_load("file", big[0], BIG_BYTES);
	assert_int_equal(unlink(path_of("file")), 0);
}

static void without_a_place_it_is_told(void **state)
{
	(void)state;
	char long_name[300];
	memset(long_name, 'x', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(mkdir(path_of("taken.new"), 0700), 0);
	const struct {
		const char *directory, *name;
		int reason;
	} cases[] = {
		{"/nonexistent", "file", ENOENT}, {"/dev/null", "file", ENOTDIR}, {directory, long_name, ENAMETOOLONG},
		{directory, "taken", EISDIR}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(state_save(cases[i].directory, cases[i].name, big[0], 1), E_SYS);
		assert_int_equal(errno, cases[i].reason);
	}
	assert_int_equal(rmdir(path_of("taken.new")), 0);
}

/** What a kill left behind is not read, and is no hindrance. */
static void a_torn_file_is_passed_over(void **state)
{
	(void)state;
	assert_int_equal(state_save(directory, "file", (const uint8_t *)"whole", 5), OK);
	FILE *torn = fopen(path_of("file.new"), "we");
	assert_non_null(torn);
	fputs("a longer one that is to", torn);
	fclose(torn);
	check_load("file", "whole", 5);
	assert_int_equal(state_save(directory, "file", (const uint8_t *)"new", 3), OK);
	check_load("file", "new", 3);
	assert_int_equal(unlink(path_of("file")), 0);
}

static void a_kill_leaves_one_or_the_other(void **state)
{
	(void)state;
	struct random rng;
	random_init(&rng, 1);
	assert_int_equal(state_save(directory, "file", big[0], BIG_BYTES), OK);
	for (int round = 0; round < 25; round++) {
		uint8_t *bytes = NULL;
		size_t length_bytes = 0;
		pid_t pid = fork();
		if (pid == 0) {
			for (unsigned i = 1; state_save(directory, "file", big[i % 2], BIG_BYTES) == OK; i++)
				continue;
			_exit(1);
		}
		(void)poll(NULL, 0, (int)(random_next(&rng) % 12));
		assert_int_equal(kill(pid, SIGKILL), 0);
		int status = 0;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(state_load(directory, "file", &bytes, &length_bytes), OK);
		assert_int_equal(length_bytes, BIG_BYTES);
		assert_memory_equal(bytes, big[bytes[0] == 'b'], BIG_BYTES);
		free(bytes);
	}
	(void)unlink(path_of("file.new"));
	assert_int_equal(unlink(path_of("file")), 0);
}

static void what_is_no_file_of_ours_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int err;
	} cases[] = {{"folder", E_LIMIT}, {"pipe", E_LIMIT}, {"link", E_SYS}, {"huge", E_LIMIT}};
	assert_int_equal(mkdir(path_of("folder"), 0700), 0);
	assert_int_equal(mkfifo(path_of("pipe"), 0600), 0); /* nobody writes: opening it must not wait */
	assert_int_equal(symlink("/etc/passwd", path_of("link")), 0);
	FILE *huge = fopen(path_of("huge"), "we");
	assert_non_null(huge);
	assert_int_equal(ftruncate(fileno(huge), LIMIT_STATE_BYTES + 1), 0);
	fclose(huge);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t *bytes = NULL;
		size_t length_bytes = 0;
		assert_int_equal(state_load(directory, cases[i].name, &bytes, &length_bytes), cases[i].err);
		assert_null(bytes);
		assert_int_equal(remove(path_of(cases[i].name)), 0);
	}
}

static int set_up(void **state)
{
	(void)state;
	memset(big[0], 'a', BIG_BYTES);
	memset(big[1], 'b', BIG_BYTES);
	return mkdtemp(directory) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_saved_is_loaded),
		cmocka_unit_test(without_room_the_old_stays),
		cmocka_unit_test(without_a_place_it_is_told),
		cmocka_unit_test(a_torn_file_is_passed_over),
		cmocka_unit_test(a_kill_leaves_one_or_the_other),
		cmocka_unit_test(what_is_no_file_of_ours_is_refused),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
