/* Proves that small corrections are followed, that a jump must stand to be believed, and that time never waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/clock.h"
#include "core/err.h"
#include "sensor/wall.h"

#define START_NS (INT64_C(1700000000) * NS_PER_S)

static int64_t now_at(struct wall *wall, int64_t mono_s, int64_t wall_error_ns, int64_t *ret_jump_ns)
{
	return wall_now_ns(wall, mono_s * NS_PER_S, START_NS + mono_s * NS_PER_S + wall_error_ns, ret_jump_ns) - START_NS;
}

static void small_corrections_are_followed(void **state)
{
	(void)state;
	struct wall wall;
	int64_t jump_ns;
	wall_init(&wall, 0, START_NS);
	assert_int_equal(now_at(&wall, 1, 0, &jump_ns), NS_PER_S);
	assert_int_equal(now_at(&wall, 2, 3 * NS_PER_MS, &jump_ns), 2 * NS_PER_S + 3 * NS_PER_MS);
	assert_int_equal(jump_ns, 0);
}

static void one_bad_reading_changes_nothing(void **state)
{
	(void)state;
	struct wall wall;
	int64_t jump_ns;
	wall_init(&wall, 0, START_NS);
	assert_int_equal(now_at(&wall, 1, -3600 * NS_PER_S, &jump_ns), NS_PER_S);
	assert_int_equal(now_at(&wall, 2, 7200 * NS_PER_S, &jump_ns), 2 * NS_PER_S);
	assert_int_equal(now_at(&wall, 3, -3600 * NS_PER_S, &jump_ns), 3 * NS_PER_S);
	assert_int_equal(now_at(&wall, 4, 0, &jump_ns), 4 * NS_PER_S);
	assert_int_equal(now_at(&wall, 5, -3600 * NS_PER_S, &jump_ns), 5 * NS_PER_S);
	assert_int_equal(jump_ns, 0);
}

static void a_jump_that_stands_is_believed_once(void **state)
{
	(void)state;
	struct wall wall;
	int64_t jump_ns;
	wall_init(&wall, 0, START_NS);
	(void)now_at(&wall, 1, 3600 * NS_PER_S, &jump_ns);
	(void)now_at(&wall, 2, 3600 * NS_PER_S, &jump_ns);
	assert_int_equal(jump_ns, 0);
	assert_int_equal(now_at(&wall, 3, 3600 * NS_PER_S, &jump_ns), 3603 * NS_PER_S);
	assert_int_equal(jump_ns, 3600 * NS_PER_S);
	assert_int_equal(now_at(&wall, 4, 3600 * NS_PER_S, &jump_ns), 3604 * NS_PER_S);
	assert_int_equal(jump_ns, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_corrections_are_followed),
		cmocka_unit_test(one_bad_reading_changes_nothing),
		cmocka_unit_test(a_jump_that_stands_is_believed_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
