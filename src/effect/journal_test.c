/*
 * Proves that what was acknowledged is there and what was not is not: a torn end at every byte, a damaged middle, a full
 * disk, another process, and the journal that is written anew. The full disk is a file-size limit, under which write(2)
 * fails or is short as it is on a full one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/limits.h"
#include "effect/journal.h"

#define SEEN_MAX 64

static char directory[64], path[96];
static struct journal *journal;

/** What a reading found. */
static struct seen {
	size_t count;
	struct journal_record records[SEEN_MAX];
	char bundles[SEEN_MAX][64];
	struct order_counters counters;
	int answer;
} seen;

static int see(void *context, const struct journal_record *record)
{
	struct seen *into = context;
	assert_true(into->count < SEEN_MAX);
	into->records[into->count] = *record;
	if (record->bundle != NULL)
		snprintf(into->bundles[into->count], sizeof(into->bundles[0]), "%.*s", (int)record->bundle_bytes, record->bundle);
	if (record->counters != NULL)
		into->counters = *record->counters;
	into->count++;
	return into->answer;
}

static int reopen(uint64_t *ret_torn_bytes)
{
	journal_close(journal);
	journal = NULL;
	memset(&seen, 0, sizeof(seen));
	return journal_open(directory, see, &seen, &journal, ret_torn_bytes);
}

static int setup(void **state)
{
	uint64_t torn = 0;
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/hinomi-journal-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/journal", directory);
	return reopen(&torn);
}

static int teardown(void **state)
{
	(void)state;
	journal_close(journal);
	journal = NULL;
	(void)unlink(path);
	return rmdir(directory);
}

static struct journal_record accepted(uint32_t seq, const char *bundle)
{
	return (struct journal_record){.kind = JOURNAL_ACCEPTED, .wall_ms = 1000 + seq, .boot_ns = 2000 + seq, .boot_id = {1, 2, 3},
		.seq = seq, .counter = 70 + seq, .until_boot_ns = 9000, .bundle = bundle, .bundle_bytes = strlen(bundle)};
}

static void append_three(void)
{
	struct journal_record first = accepted(1, "{\"a\":1}"), second = accepted(2, "{\"b\":2}");
	struct journal_record ended = {.kind = JOURNAL_ENDED, .wall_ms = 5, .boot_ns = 6, .seq = 1};
	assert_int_equal(journal_append(journal, &first), OK);
	assert_int_equal(journal_append(journal, &second), OK);
	assert_int_equal(journal_append(journal, &ended), OK);
}

static void what_was_written_is_read(void **state)
{
	(void)state;
	uint64_t torn = 1;
	append_three();
	struct journal_record withdrawn = {.kind = JOURNAL_WITHDRAWN, .digest = {{9, 8, 7}}};
	struct journal_record noted = {.kind = JOURNAL_TIME, .wall_ms = 77};
	assert_int_equal(journal_append(journal, &withdrawn), OK);
	assert_int_equal(journal_append(journal, &noted), OK);
	assert_int_equal(reopen(&torn), OK);
	assert_int_equal(torn, 0);
	assert_int_equal(seen.count, 5);
	assert_int_equal(seen.records[1].kind, JOURNAL_ACCEPTED);
	assert_int_equal(seen.records[1].seq, 2);
	assert_int_equal(seen.records[1].counter, 72);
	assert_int_equal(seen.records[1].wall_ms, 1002);
	assert_int_equal(seen.records[1].boot_ns, 2002);
	assert_int_equal(seen.records[1].until_boot_ns, 9000);
	assert_int_equal(seen.records[1].boot_id[2], 3);
	assert_string_equal(seen.bundles[1], "{\"b\":2}");
	assert_int_equal(seen.records[2].kind, JOURNAL_ENDED);
	assert_int_equal(seen.records[3].digest.bytes[2], 7);
	assert_int_equal(seen.records[4].wall_ms, 77);
}

static off_t file_bytes(void)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/** Cut anywhere: what was whole before the cut is there, the rest is cut off, and writing goes on behind it. */
static void a_torn_end_costs_the_last_record_alone(void **state)
{
	(void)state;
	uint64_t torn = 0;
	append_three();
	off_t whole = file_bytes();
	for (off_t cut = whole - 1; cut >= 0; cut--) {
		assert_int_equal(truncate(path, cut), 0);
		assert_int_equal(reopen(&torn), OK);
		assert_int_equal((off_t)torn + file_bytes(), cut);
		size_t had = seen.count;
		assert_true(had < 3);
		struct journal_record next = accepted(3, "{}");
		assert_int_equal(journal_append(journal, &next), OK);
		assert_int_equal(reopen(&torn), OK);
		assert_int_equal(torn, 0);
		assert_int_equal(seen.count, had + 1);
		assert_int_equal(seen.records[had].seq, 3);
		assert_int_equal(truncate(path, 0), 0);
		assert_int_equal(reopen(&torn), OK);
		append_three();
	}
}

/** One bit anywhere: the journal is refused and left as it is, but for the last record, which may be torn. */
static void a_damaged_middle_is_refused(void **state)
{
	(void)state;
	uint64_t torn = 0;
	append_three();
	off_t whole = file_bytes(), last = whole - (44 + 37); /* head, and what a record of an end has */
	int fd = open(path, O_RDWR | O_CLOEXEC);
	for (off_t at = 0; at < whole; at++) {
		uint8_t byte;
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		int err = reopen(&torn);
		byte ^= 0x10;
		if (at < last) {
			assert_int_equal(err, E_MALFORMED);
			assert_int_equal(file_bytes(), whole);
			assert_int_equal(pwrite(fd, &byte, 1, at), 1);
			continue;
		}
		assert_int_equal(err, OK);
		assert_int_equal(seen.count, 2);
		assert_int_equal(torn, whole - last);
		struct journal_record ended = {.kind = JOURNAL_ENDED, .wall_ms = 5, .boot_ns = 6, .seq = 1};
		assert_int_equal(journal_append(journal, &ended), OK);
	}
	close(fd);
}

static void one_process_alone_has_it(void **state)
{
	(void)state;
	uint64_t torn = 0;
	struct journal *other = NULL;
	assert_int_equal(journal_open(directory, see, &seen, &other, &torn), E_STATE);
	assert_int_equal(journal_open("/nonexistent", see, &seen, &other, &torn), E_SYS);
	assert_null(other);
}

static void who_reads_may_refuse(void **state)
{
	(void)state;
	uint64_t torn = 0;
	append_three();
	journal_close(journal);
	journal = NULL;
	seen = (struct seen){.answer = E_NOMEM};
	assert_int_equal(journal_open(directory, see, &seen, &journal, &torn), E_NOMEM);
	assert_int_equal(seen.count, 1);
	assert_null(journal);
}

static void limit_file(rlim_t bytes)
{
	const struct rlimit limit = {bytes, RLIM_INFINITY};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/** No room at all, and room for a part: the record is not there, and the next one fits behind what was. */
static void a_full_disk_refuses_and_does_no_harm(void **state)
{
	(void)state;
	uint64_t torn = 0;
	append_three();
	off_t whole = file_bytes();
	for (rlim_t room = 0; room < 60; room += 7) {
		struct journal_record next = accepted(3, "{\"c\":3}");
		limit_file((rlim_t)whole + room);
		assert_int_equal(journal_append(journal, &next), E_SYS);
		limit_file(RLIM_INFINITY);
		assert_int_equal(file_bytes(), whole);
	}
	struct journal_record next = accepted(4, "{\"d\":4}");
	assert_int_equal(journal_append(journal, &next), OK);
	assert_int_equal(reopen(&torn), OK);
	assert_int_equal(torn, 0);
	assert_int_equal(seen.count, 4);
	assert_int_equal(seen.records[3].seq, 4);
}

static struct order_counters counters = {.floor = 7, .count = 3, .used = {9, 11, UINT64_MAX}};

static bool next_of_two(void *context, struct journal_record *ret_record)
{
	unsigned *step = context;
	const struct journal_record first = {.kind = JOURNAL_COUNTERS, .seq = 5, .counters = &counters};
	*ret_record = *step == 0 ? first : accepted(2, "{\"b\":2}");
	return (*step)++ < 2;
}

static void written_anew_it_is_short_and_goes_on(void **state)
{
	(void)state;
	uint64_t torn = 0;
	unsigned step = 0;
	append_three();
	limit_file(20);
	assert_int_equal(journal_rewrite(journal, next_of_two, &step), E_SYS); /* no room: the old one stands */
	limit_file(RLIM_INFINITY);
	assert_int_equal(reopen(&torn), OK);
	assert_int_equal(seen.count, 3);
	step = 0;
	assert_int_equal(journal_rewrite(journal, next_of_two, &step), OK);
	struct journal_record next = accepted(6, "{}");
	assert_int_equal(journal_append(journal, &next), OK);
	assert_int_equal(reopen(&torn), OK);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.records[0].kind, JOURNAL_COUNTERS);
	assert_int_equal(seen.records[0].seq, 5);
	assert_memory_equal(&seen.counters, &counters, sizeof(counters));
	assert_int_equal(seen.records[2].seq, 6);
}

static void a_long_one_says_so(void **state)
{
	(void)state;
	char *bundle = malloc(1 << 20);
	memset(bundle, 'x', 1 << 20);
	struct journal_record record = accepted(1, "");
	record.bundle = bundle;
	record.bundle_bytes = 1 << 20;
	unsigned step = 0, appended = 0;
	for (; !journal_is_long(journal); appended++)
		assert_int_equal(journal_append(journal, &record), OK);
	assert_int_equal(appended, LIMIT_EFFECT_COMPACT_BYTES >> 20);
	assert_int_equal(journal_rewrite(journal, next_of_two, &step), OK);
	assert_false(journal_is_long(journal));
	free(bundle);
}

int main(void)
{
	signal(SIGXFSZ, SIG_IGN); /* so that the limit fails with EFBIG */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_written_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(a_torn_end_costs_the_last_record_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(a_damaged_middle_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(one_process_alone_has_it, setup, teardown),
		cmocka_unit_test_setup_teardown(who_reads_may_refuse, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_disk_refuses_and_does_no_harm, setup, teardown),
		cmocka_unit_test_setup_teardown(written_anew_it_is_short_and_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(a_long_one_says_so, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
