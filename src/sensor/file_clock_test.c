/* Proves that a file's time runs on through gaps, that strays move nothing, and that a way back is seen once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/err.h"
#include "sensor/file_clock.h"

#define START_S INT64_C(1700000000)
#define YEAR_S INT64_C(31536000)

/** Packets in a row, each a second after the other. */
struct stretch {
	int64_t from_s; /* after START_S; seconds since 1970 where it is negative beyond that */
	unsigned packets;
};

static const struct {
	const char *name;
	struct stretch stretches[4];
	uint64_t strays, turns;
	int64_t latest_s; /* at the end */
} cases[] = {
	{"in order", {{0, 100}}, 0, 0, 99},
	{"a minute of disorder", {{100, 10}, {50, 10}, {105, 10}}, 0, 0, 114},
	{"a quiet night", {{0, 10}, {40000, 10}}, 0, 0, 40009},
	{"years ahead", {{0, 10}, {3 * YEAR_S, 10}}, 0, 0, 3 * YEAR_S + 9},
	{"one from the future", {{0, 10}, {50 * YEAR_S, 1}, {10, 10}}, 1, 0, 19},
	{"it ends with one from the future", {{0, 10}, {50 * YEAR_S, 1}}, 1, 0, 9},
	{"one from 1970", {{0, 10}, {-START_S, 1}, {10, 10}}, 1, 0, 19},
	{"it begins with one from 1970", {{-START_S, 1}, {0, 10}}, 0, 0, 9},
	{"some that are too old", {{0, 10}, {-YEAR_S, FILE_CLOCK_BACK_RUN - 1}, {10, 10}}, FILE_CLOCK_BACK_RUN - 1, 0, 19},
	{"a year back", {{0, 10}, {-YEAR_S, 100}}, 0, 1, -YEAR_S + 99},
	{"back, and ahead again", {{0, 10}, {-YEAR_S, 100}, {1, 10}}, 0, 1, 10},
	{"back twice", {{0, 10}, {-YEAR_S, 100}, {-2 * YEAR_S, 100}}, 0, 2, -2 * YEAR_S + 99},
};

static void files_are_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct file_clock clock = {0};
		uint64_t turns = 0;
		for (size_t k = 0; k < ARRAY_LEN(cases[i].stretches); k++) {
			for (unsigned n = 0; n < cases[i].stretches[k].packets; n++) {
				int64_t given_ns = (START_S + cases[i].stretches[k].from_s + n) * NS_PER_S, settled_ns = given_ns;
				turns += file_clock_settle(&clock, &settled_ns);
				assert_true(settled_ns == given_ns || settled_ns == clock.latest_ns);
			}
		}
		if (clock.strays != cases[i].strays || clock.turns != cases[i].turns || turns != clock.turns ||
			clock.latest_ns != (START_S + cases[i].latest_s) * NS_PER_S)
			fail_msg("%s: %d strays, %d turns, ends %d s after the start", cases[i].name, (int)clock.strays, (int)clock.turns,
				(int)(clock.latest_ns / NS_PER_S - START_S));
	}
}

static void any_time_is_settled(void **state)
{
	(void)state;
	static const int64_t times_ns[] = {INT64_MIN, INT64_MAX, -1, 0, 1, INT64_MAX - 1};
	struct file_clock clock = {0};
	for (size_t i = 0; i < 100000; i++) {
		int64_t time_ns = times_ns[i * 7 / 3 % ARRAY_LEN(times_ns)];
		(void)file_clock_settle(&clock, &time_ns);
		assert_true(time_ns >= 0);
	}
}

/** Files that go back over and over cost a bounded number of engines. */
static void turns_are_bounded(void **state)
{
	(void)state;
	struct file_clock clock = {0};
	const int64_t packets = 4 * FILE_CLOCK_TURNS_MAX * FILE_CLOCK_BACK_RUN;
	for (int64_t i = 0; i < packets; i++) {
		int64_t time_ns = START_S * NS_PER_S - i / FILE_CLOCK_BACK_RUN * 200 * NS_PER_S;
		(void)file_clock_settle(&clock, &time_ns);
	}
	assert_int_equal(clock.turns, FILE_CLOCK_TURNS_MAX);
	assert_in_range(clock.strays, packets / 2, packets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_told_apart),
		cmocka_unit_test(any_time_is_settled),
		cmocka_unit_test(turns_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
