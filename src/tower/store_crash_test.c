/*
 * Proves that what the store has acknowledged is there whoever dies, that it
 * is kept once, and that batches and writers are bounded.
 */
#include "tower/store_test.h"

static void a_second_writer_is_refused(void **state)
{
	(void)state;
	struct store *second = NULL;
	char why[WHY_BYTES] = "";
	assert_int_equal(store_open(example.place, &second, why), E_STATE);
	assert_non_null(strstr(why, "another process writes there"));
	assert_int_equal(store_open("mysql:somewhere", &second, why), E_CONFIG);
	assert_int_equal(store_open("sqlite:", &second, why), E_CONFIG);
}

static void a_batch_is_bounded(void **state)
{
	(void)state;
	unsigned taken = 0;
	for (; taken < STORE_BATCH_MAX + 10; taken++) {
		make(0, 1);
		finding.sequence = taken;
		if (take("member-0", &finding, NOW) != OK)
			break;
	}
	assert_int_equal(taken, STORE_BATCH_MAX);
	assert_int_equal(take("member-0", &finding, NOW), E_AGAIN);
	assert_int_equal(commit(), OK);
	assert_int_equal(take("member-0", &finding, NOW), OK);
	assert_int_equal(commit(), OK);
	assert_int_equal(store_incident(reader, 1, &incidents[0]), OK);
	assert_int_equal(incidents[0].document_count, STORE_BATCH_MAX + 1);
}

/* A sudden end. */

/** Stores findings for ever, and tells after each batch how many are acknowledged. Each document has a number: its sequence. */
static _Noreturn void store_for_ever(int told, uint64_t from, uint64_t seed)
{
	struct random rng;
	char why[WHY_BYTES];
	random_init(&rng, seed);
	if (store_open(example.place, &writer, why) != OK)
		_exit(2);
	for (uint64_t next = from;;) {
		size_t count = 1 + (size_t)random_below(&rng, random_below(&rng, 8) == 0 ? 300 : 5);
		for (size_t i = 0; i < count; i++, next++) {
			char *line = NULL;
			make(0, 1 + (unsigned)(next % 7));
			finding.sequence = (uint32_t)next;
			if (finding_write(&finding, &line) != OK ||
				store_take(writer, "member-0", line, strlen(line), NOW + (int64_t)next, &answer) != OK)
				_exit(3);
			free(line);
		}
		if (store_commit(writer) != OK || write(told, &next, sizeof(next)) != sizeof(next))
			_exit(4);
	}
}

/** Documents of all seven incidents, by their sequence; each may be there once. */
static uint64_t stored_count(uint64_t acknowledged)
{
	static struct store_finding rows[STORE_PAGE_MAX];
	static uint8_t seen[1000000];
	struct store_page page;
	uint64_t total = 0;
	memset(seen, 0, sizeof(seen));
	for (uint64_t number = 1; number <= 7; number++) {
		struct store_cursor cursor = begin;
		uint64_t of_incident = 0;
		do {
			assert_int_equal(store_findings(reader, number, &cursor, rows, ARRAY_LEN(rows), &page), OK);
			for (size_t i = 0; i < page.count; i++) {
				assert_true(rows[i].sequence < sizeof(seen));
				assert_int_equal(seen[rows[i].sequence]++, 0);
			}
			of_incident += page.count;
			cursor = page.next;
		} while (page.has_more);
		total += of_incident;
		int err = store_incident(reader, number, &incidents[0]);
		assert_int_equal(err == OK ? incidents[0].document_count : 0, of_incident); /* what is counted is what is there */
	}
	for (uint64_t i = 0; i < acknowledged; i++)
		assert_int_equal(seen[i], 1);
	return total;
}

static void processes_may_be_killed_at_any_instant(void **state)
{
	(void)state;
	const char *asked = getenv("HINOMI_CRASHES");
	unsigned crashes = 16;
	struct random rng;
	uint64_t seed = (uint64_t)clock_mono_ns(), acknowledged = 0, next = 0;
	random_init(&rng, seed);
	if (asked != NULL)
		assert_int_equal(sscanf(asked, "%u", &crashes), 1); /* NOLINT(cert-err34-c) */
	for (unsigned i = 0; i < crashes; i++) {
		int told[2], status = 0;
		close_both();
		assert_int_equal(pipe(told), 0);
		pid_t child = fork();
		if (child == 0) {
			close(told[0]);
			store_for_ever(told[1], next, seed + i);
		}
		close(told[1]);
		const struct timespec pause = {.tv_nsec = 20000000 + (long)random_below(&rng, 200000000)};
		if (i % 2 == 1 && read(told[0], &next, sizeof(next)) == sizeof(next))
			acknowledged = next; /* every other one gets at least one batch done */
		(void)nanosleep(&pause, NULL);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		while (read(told[0], &next, sizeof(next)) == sizeof(next))
			acknowledged = next;
		close(told[0]);
		for (unsigned step = 0;; step++) { /* the server may take a moment to see that a writer is gone */
			char why[WHY_BYTES] = "";
			const struct timespec moment = {.tv_nsec = 20000000};
			int err = store_open(example.place, &writer, why);
			if (err == OK)
				break;
			if (err != E_STATE || step > 500)
				fail_msg("%s", why);
			(void)nanosleep(&moment, NULL);
		}
		char why[WHY_BYTES];
		assert_int_equal(store_open_reader(example.place, &reader, why), OK);
		next = stored_count(acknowledged);
		assert_true(next >= acknowledged);
	}
	print_message("%u ends, %llu findings acknowledged\n", crashes, (unsigned long long)acknowledged);
	assert_true(acknowledged > 0);
}

static void a_server_that_ends_loses_nothing_acknowledged(void **state)
{
	(void)state;
	make(0, 1);
	assert_int_equal(take("member-0", &finding, NOW), OK);
	assert_int_equal(commit(), OK);
	make(1, 1);
	assert_int_equal(take("member-0", &finding, NOW), OK);
	assert_int_equal(store_example_restart(&example), OK);
	assert_int_equal(store_commit(writer), E_SYS); /* what was not acknowledged is refused */
	assert_int_equal(take("member-0", &finding, NOW), OK); /* and taken when it comes again, on a new connection */
	assert_false(answer.is_repeat);
	assert_int_equal(commit(), OK);
	assert_int_equal(store_incident(reader, 1, &incidents[0]), OK);
	assert_int_equal(incidents[0].document_count, 2);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(a_second_writer_is_refused),
		STORE_TEST(a_batch_is_bounded),
		STORE_TEST(processes_may_be_killed_at_any_instant),
	};
	const struct CMUnitTest server_tests[] = {
		STORE_TEST(a_server_that_ends_loses_nothing_acknowledged),
	};
	int begun = place_begin(argc, argv);
	if (begun != 0)
		return begun;
	int failures = cmocka_run_group_tests(tests, NULL, NULL);
	if (example.server != 0)
		failures += cmocka_run_group_tests(server_tests, NULL, NULL);
	store_example_end(&example);
	return failures;
}
