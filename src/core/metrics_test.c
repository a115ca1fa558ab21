/* Proves the exposition format's lines and escapes, and that the cap leaves out whole lines and tells so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "core/metrics.h"

static void lines_are_as_the_format_demands(void **state)
{
	(void)state;
	struct metrics metrics;
	assert_int_equal(metrics_init(&metrics), OK);
	metrics_family(&metrics, METRICS_COUNTER, "doors_total", "Doors opened.");
	metrics_sample(&metrics, 3, NULL);
	metrics_sample(&metrics, UINT64_MAX, (const char *const[]){"room", "a\"b\\c\nd", "floor", "1", NULL});
	metrics_family(&metrics, METRICS_GAUGE, "heat", "Now.");
	assert_string_equal(metrics_text(&metrics), "# HELP doors_total Doors opened.\n# TYPE doors_total counter\n"
		"doors_total 3\ndoors_total{room=\"a\\\"b\\\\c\\nd\",floor=\"1\"} 18446744073709551615\n"
		"# HELP heat Now.\n# TYPE heat gauge\n");
	metrics_done(&metrics);
}

static void the_cap_leaves_out_whole_lines(void **state)
{
	(void)state;
	struct metrics metrics;
	char value[2000];
	memset(value, '\n', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	assert_int_equal(metrics_init(&metrics), OK);
	metrics_family(&metrics, METRICS_COUNTER, "x", "y");
	for (size_t i = 0; i < LIMIT_METRICS_BYTES / 500; i++)
		metrics_sample(&metrics, 1, (const char *const[]){"a", value, "b", value, NULL});
	const char *text = metrics_text(&metrics);
	assert_true(metrics.left_out > 0);
	assert_true(strlen(text) < LIMIT_METRICS_BYTES);
	assert_non_null(strstr(text, " lines left out\n"));
	metrics_done(&metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_as_the_format_demands),
		cmocka_unit_test(the_cap_leaves_out_whole_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
