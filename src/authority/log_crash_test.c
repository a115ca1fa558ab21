/*
 * Proves that a sudden end loses nothing that was acknowledged and leaves
 * nothing half: the journal cut at every byte, the files of a publishing that
 * stopped between any two steps, processes killed at random instants, writes
 * that come out short, and a full disk. After each the log opens, verifies,
 * and goes on.
 *
 * HINOMI_CRASHES is how many processes are killed (200).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "authority/log_example.h"
#include "core/clock.h"
#include "core/random.h"

static struct log_example example;

static struct log *open_log(void)
{
	struct log_recovery recovery;
	return log_example_open(&example, &recovery);
}

static char *path_of(const char *name)
{
	static char path[LOG_EXAMPLE_PATH_BYTES];
	snprintf(path, sizeof(path), "%s/%s", example.directory, name);
	return path;
}

static off_t journal_bytes(void)
{
	struct stat state;
	assert_int_equal(stat(path_of("journal"), &state), 0);
	return state.st_size;
}

/** Opens, publishes and verifies the log as it stands; returns its entries, and that it can go on. */
static uint64_t recover(struct log_recovery *ret_recovery)
{
	struct checkpoint checkpoint;
	struct log *log = log_example_open(&example, ret_recovery);
	uint64_t entries = log_entries(log);
	assert_int_equal(log_publish(log), OK);
	assert_int_equal(log_example_verify(&example, NULL, &checkpoint), entries);
	assert_int_equal(log_example_append(log, 3), OK);
	assert_int_equal(log_publish(log), OK);
	assert_int_equal(log_example_verify(&example, &checkpoint, &checkpoint), entries + 3);
	log_close(log);
	return entries;
}

static void journal_put(const void *bytes, size_t length)
{
	int fd = open(path_of("journal"), O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_int_equal(write(fd, bytes, length), length);
	close(fd);
}

/** A power cut while a batch is written: what is on disk ends anywhere in it, and then may be zeros up to its length. */
static void the_journal_may_end_at_any_byte(void **state)
{
	(void)state;
	static const size_t batches[] = {3, 1, 5};
	static char whole_journal[16384];
	off_t ends[ARRAY_LEN(batches)];
	uint64_t totals[ARRAY_LEN(batches)];
	struct log *log = open_log();
	assert_int_equal(log_example_append(log, 20), OK);
	assert_int_equal(log_settle(log), OK);
	for (size_t i = 0; i < ARRAY_LEN(batches); i++) {
		assert_int_equal(log_example_append(log, batches[i]), OK);
		ends[i] = journal_bytes();
		totals[i] = log_entries(log);
	}
	log_close(log);
	log_example_shell("cp -a %s %s.kept", example.directory, example.directory);
	int fd = open(path_of("journal"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, whole_journal, sizeof(whole_journal)), ends[2]);
	close(fd);
	for (off_t cut = 0; cut < ends[2]; cut++) {
		struct log_recovery recovery;
		uint64_t expected = cut < ends[0] ? 20 : cut < ends[1] ? totals[0] : totals[1];
		off_t whole = cut < ends[0] ? 0 : cut < ends[1] ? ends[0] : ends[1];
		journal_put(whole_journal, (size_t)cut);
		if (cut % 2 == 1)
			assert_int_equal(truncate(path_of("journal"), cut < ends[0] ? ends[0] : cut < ends[1] ? ends[1] : ends[2]), 0);
		off_t length = journal_bytes();
		log = log_example_open(&example, &recovery);
		assert_int_equal(log_entries(log), expected);
		assert_int_equal(recovery.dropped_bytes, length - whole);
		log_close(log);
		log = log_example_open(&example, &recovery);
		assert_int_equal(recovery.dropped_bytes, 0);
		log_close(log);
		if (cut % 97 == 0) {
			assert_int_equal(recover(&recovery), expected);
			log_example_shell("rm -r %s && cp -a %s.kept %s", example.directory, example.directory);
		}
	}
	struct log_recovery recovery;
	journal_put(whole_journal, (size_t)ends[2]);
	assert_int_equal(recover(&recovery), totals[2]);
}

/** What was whole once and is not any more is no cut: a person has to look, and nothing is changed. */
static void a_damaged_journal_is_refused(void **state)
{
	(void)state;
	struct log *log = open_log(), *second = NULL;
	struct log_recovery recovery;
	const char *why = NULL;
	assert_int_equal(log_example_append(log, 4), OK);
	off_t first = journal_bytes();
	assert_int_equal(log_example_append(log, 4), OK);
	off_t length = journal_bytes();
	log_close(log);
	int fd = open(path_of("journal"), O_RDWR | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "?", 1, first - 1), 1);
	assert_int_equal(log_open(example.directory, example.key, &second, &recovery, &why), E_MALFORMED);
	assert_string_equal(why, "its journal is damaged");
	assert_int_equal(journal_bytes(), length);
	close(fd);
}

#define FROM(state) "rm -rf %s && cp -a %s." state " %s && cd %s && "
#define LOST "for f in $(find . -type f); do [ -e %s.settled1/$f ] || : >$f; done"

/**
 * Publishing writes tiles, then the checkpoint; settling syncs them, writes `settled`, and then empties the journal. From the
 * files before and after each, the states between are put together, and what a loss of power may make of them: files that were
 * not synced are gone, or empty. 200 entries are settled, 700 acknowledged.
 */
static void publishing_and_settling_may_end_anywhere(void **state)
{
	(void)state;
	static const struct {
		const char *command;
		uint64_t published;
	} ends[] = {
		{FROM("acknowledged") "true", 200},
		{FROM("acknowledged") "cp -a %s.published/tile/entries tile/", 200},
		{FROM("acknowledged") "cp -a %s.published/tile/0 tile/ && echo torn >tile/0/002.p/188.new", 200},
		{FROM("acknowledged") "cp -a %s.published/tile . && cp %s.published/checkpoint checkpoint.new", 200},
		{FROM("published") "true", 700},
		{FROM("published") "cp %s.settled2/settled settled.new", 700},
		{FROM("published") "cp %s.settled2/settled .", 700},
		{FROM("published") "rm -r tile && cp -a %s.settled1/tile .", 700},
		{FROM("published") LOST, 700},
		{FROM("published") LOST " && : >checkpoint", 200},
		{FROM("published") LOST " && rm checkpoint && : >settled.new", 200},
		{FROM("published") LOST " && cp %s.settled1/checkpoint .", 200},
		{FROM("settled2") "true", 700},
		{FROM("settled2") "cp %s.published/journal . && mkdir -p tile/0/000.p && : >tile/0/000.p/200", 700},
	};
	struct log *log = open_log();
	assert_int_equal(log_example_append(log, 200), OK);
	assert_int_equal(log_settle(log), OK);
	log_example_shell("cp -a %s %s.settled1", example.directory, example.directory);
	assert_int_equal(log_example_append(log, 500), OK);
	log_example_shell("cp -a %s %s.acknowledged", example.directory, example.directory);
	assert_int_equal(log_publish(log), OK);
	log_example_shell("cp -a %s %s.published", example.directory, example.directory);
	assert_int_equal(log_settle(log), OK);
	log_example_shell("cp -a %s %s.settled2", example.directory, example.directory);
	log_close(log);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct log_recovery recovery;
		log_example_shell(ends[i].command, example.directory, example.directory);
		assert_int_equal(recover(&recovery), 700);
		assert_int_equal(recovery.published, ends[i].published);
	}
}

/** Somebody has seen more than the log has: going on would be another history, so it does not. */
static void a_log_that_lost_what_it_published_is_refused(void **state)
{
	(void)state;
	struct log *log = open_log();
	struct log_recovery recovery;
	const char *why = NULL;
	assert_int_equal(log_example_append(log, 10), OK);
	assert_int_equal(log_publish(log), OK);
	log_close(log);
	log_example_shell(": >%s/journal", example.directory, "");
	assert_int_equal(log_open(example.directory, example.key, &log, &recovery, &why), E_MALFORMED);
	assert_string_equal(why, "it published entries that it does not have");
}

/** Appends, publishes and settles for ever, and tells each number of entries that was acknowledged. */
static _Noreturn void append_for_ever(int told, uint64_t seed)
{
	struct random rng;
	struct log *log = open_log();
	random_init(&rng, seed);
	for (;;) {
		int err = log_example_append(log, 1 + (size_t)random_below(&rng, random_below(&rng, 8) == 0 ? 600 : 9));
		uint64_t entries = log_entries(log);
		if (err != OK || write(told, &entries, sizeof(entries)) != sizeof(entries) ||
			(random_below(&rng, 4) == 0 && log_publish(log) != OK) || (random_below(&rng, 16) == 0 && log_settle(log) != OK))
			_exit(1);
	}
}

static uint64_t last_told(int fd)
{
	uint64_t entries = 0, told = 0;
	while (read(fd, &entries, sizeof(entries)) == sizeof(entries))
		told = entries;
	return told;
}

static void processes_may_be_killed_at_any_instant(void **state)
{
	(void)state;
	const char *asked = getenv("HINOMI_CRASHES");
	unsigned crashes = 200;
	struct random rng;
	struct checkpoint older = {.entries = 0};
	uint64_t seed = (uint64_t)clock_mono_ns();
	random_init(&rng, seed);
	if (asked != NULL)
		assert_int_equal(sscanf(asked, "%u", &crashes), 1); /* NOLINT(cert-err34-c) */
	for (unsigned i = 0; i < crashes; i++) {
		int told[2], status = 0;
		struct log_recovery recovery;
		assert_int_equal(pipe(told), 0);
		pid_t child = fork();
		if (child == 0) {
			close(told[0]);
			append_for_ever(told[1], seed + i);
		}
		close(told[1]);
		const struct timespec pause = {.tv_nsec = (long)random_below(&rng, 20000000)};
		(void)nanosleep(&pause, NULL);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		uint64_t acknowledged = last_told(told[0]);
		close(told[0]);
		struct log *log = log_example_open(&example, &recovery);
		assert_true(log_entries(log) >= acknowledged && log_entries(log) >= older.entries);
		assert_true(i % 2 == 0 || log_publish(log) == OK);
		log_close(log);
		if (i % 8 == 0 || i + 1 == crashes)
			log_example_verify(&example, &older, &older);
		if (older.entries > 50000) {
			log_example_shell("rm -rf %s", example.directory, "");
			assert_int_equal(log_create(example.directory, example.key), OK);
			older = (struct checkpoint){.entries = 0};
		}
	}
}

static void file_limit(rlim_t bytes)
{
	const struct rlimit limit = {bytes, RLIM_INFINITY};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/** A write that comes out short: the append is refused and nothing of it stays. */
static void short_writes_leave_nothing(void **state)
{
	(void)state;
	struct log_recovery recovery;
	struct log *log = open_log();
	struct sigaction ignored = {.sa_handler = SIG_IGN};
	assert_int_equal(sigaction(SIGXFSZ, &ignored, NULL), 0);
	for (rlim_t room = 0; room < 140; room += 3) {
		assert_int_equal(log_example_append(log, 2), OK);
		uint64_t entries = log_entries(log);
		off_t length = journal_bytes();
		file_limit((rlim_t)length + room);
		assert_int_equal(log_example_append(log, 8), E_SYS); /* it has 64 bytes, and 10 and more for each entry */
		file_limit(RLIM_INFINITY);
		assert_int_equal(journal_bytes(), length);
		assert_int_equal(log_entries(log), entries);
		assert_int_equal(log_example_append(log, 8), OK); /* there is room again */
		log_close(log);
		log = log_example_open(&example, &recovery);
		assert_int_equal(recovery.dropped_bytes, 0);
		assert_int_equal(log_entries(log), entries + 8);
	}
	log_close(log);
	recover(&recovery);
}

/** The journal takes the batch and the tile that becomes full cannot be written: acknowledged, and nothing more is taken. */
static void a_tile_that_cannot_be_written_stops_the_log(void **state)
{
	(void)state;
	struct log_recovery recovery;
	struct log *log = open_log(), *second = NULL;
	struct log_entry entry = {"12345678", 8};
	const char *why = NULL;
	char text[PROOF_BYTES_MAX];
	uint64_t first = 0;
	size_t bytes = 0;
	struct sigaction ignored = {.sa_handler = SIG_IGN};
	assert_int_equal(sigaction(SIGXFSZ, &ignored, NULL), 0);
	for (size_t i = 0; i < 255; i++)
		assert_int_equal(log_append(log, &entry, 1, &first), OK);
	assert_int_equal(log_settle(log), OK);
	file_limit(8000); /* a full tile has 8,192 bytes */
	assert_int_equal(log_append(log, &entry, 1, &first), OK);
	assert_int_equal(first, 255);
	assert_int_equal(log_append(log, &entry, 1, &first), E_STATE);
	assert_int_equal(log_publish(log), E_STATE);
	assert_int_equal(log_prove(log, 255, text, sizeof(text), &bytes), E_STATE);
	log_close(log);
	assert_int_equal(log_open(example.directory, example.key, &second, &recovery, &why), E_SYS);
	assert_string_equal(why, "its journal cannot be recovered");
	file_limit(RLIM_INFINITY);
	log = log_example_open(&example, &recovery);
	assert_int_equal(log_entries(log), 256);
	assert_int_equal(log_append(log, &entry, 1, &first), OK);
	assert_int_equal(first, 256);
	assert_int_equal(log_publish(log), OK);
	log_close(log);
}

/** A checkpoint that cannot be written: the old one stands, appends go on, and the next publishing tells it all. */
static void publishing_may_fail_and_be_asked_again(void **state)
{
	(void)state;
	struct checkpoint before, after;
	struct log *log = open_log();
	struct sigaction ignored = {.sa_handler = SIG_IGN};
	assert_int_equal(sigaction(SIGXFSZ, &ignored, NULL), 0);
	assert_int_equal(log_example_append(log, 10), OK);
	assert_int_equal(log_publish(log), OK);
	log_example_verify(&example, NULL, &before);
	for (rlim_t room = 0; room < 340; room += 20) {
		assert_int_equal(log_example_append(log, 1), OK);
		file_limit(room); /* bundle and tile are 352 bytes and more, the checkpoint 180 */
		assert_int_equal(log_publish(log), E_SYS);
		file_limit(RLIM_INFINITY);
		log_example_verify(&example, NULL, &after);
		assert_int_equal(after.entries, 10);
	}
	assert_int_equal(log_publish(log), OK);
	assert_int_equal(log_example_verify(&example, &before, &after), log_entries(log));
	log_close(log);
}

/** In a mount namespace of its own: a disk of 1 MiB that is filled to the end by the log itself. */
static void fill_a_small_disk(void)
{
	struct log_recovery recovery;
	struct checkpoint checkpoint;
	assert_int_equal(mount("tmpfs", example.root, "tmpfs", 0, "size=1m"), 0);
	char ballast_path[LOG_EXAMPLE_PATH_BYTES];
	snprintf(ballast_path, sizeof(ballast_path), "%s/ballast", example.root);
	int ballast = open(ballast_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(posix_fallocate(ballast, 0, 300000), 0);
	close(ballast);
	assert_int_equal(log_create(example.directory, example.key), OK);
	struct log *log = open_log();
	uint64_t acknowledged = 0;
	unsigned refused = 0;
	while (refused < 10) {
		int err = log_example_append(log, 20);
		if (err == OK)
			acknowledged = log_entries(log);
		else
			refused++;
		if (acknowledged % 3 == 0 && log_publish(log) != OK)
			refused++;
	}
	log_close(log);
	assert_true(acknowledged > 1000);
	/* Still full: what was published verifies; then there is room again, and all that was acknowledged is there. */
	log_example_verify(&example, NULL, &checkpoint);
	assert_int_equal(unlink(ballast_path), 0);
	log = log_example_open(&example, &recovery);
	assert_int_equal(log_entries(log), acknowledged);
	assert_int_equal(log_example_append(log, 20), OK);
	assert_int_equal(log_publish(log), OK);
	assert_int_equal(log_example_verify(&example, &checkpoint, &checkpoint), acknowledged + 20);
	log_close(log);
}

static void a_full_disk_refuses_and_loses_nothing(void **state)
{
	(void)state;
	int status = 0;
	if (geteuid() != 0) {
		print_message("needs root, to mount a small disk\n");
		skip();
	}
	pid_t child = fork();
	if (child == 0) {
		if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
			_exit(2);
		fill_a_small_disk(); /* a failed assertion ends the child with the parent's tests, which then report it */
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int set_up(void **state)
{
	(void)state;
	log_example_begin(&example);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	file_limit(RLIM_INFINITY);
	log_example_end(&example);
	return 0;
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOG_TEST(the_journal_may_end_at_any_byte),
		LOG_TEST(a_damaged_journal_is_refused),
		LOG_TEST(publishing_and_settling_may_end_anywhere),
		LOG_TEST(a_log_that_lost_what_it_published_is_refused),
		LOG_TEST(processes_may_be_killed_at_any_instant),
		LOG_TEST(short_writes_leave_nothing),
		LOG_TEST(a_tile_that_cannot_be_written_stops_the_log),
		LOG_TEST(publishing_may_fail_and_be_asked_again),
		LOG_TEST(a_full_disk_refuses_and_loses_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
