/* Proves how numbers are shown, at the edges where a prefix begins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/amount.h"
#include "core/err.h"

static void amounts_have_three_digits(void **state)
{
	(void)state;
	static const struct {
		uint64_t value;
		const char *unit, *text;
	} cases[] = {
		{0, "pps", "0 pps"},
		{999, "", "999"},
		{1000, "", "1.00 k"},
		{1239, "pps", "1.23 kpps"},
		{12345, "bps", "12.3 kbps"},
		{999999, "B", "999 kB"},
		{1000000, "B", "1.00 MB"},
		{UINT64_MAX, "bps", "18.4 Ebps"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[AMOUNT_BYTES];
		assert_string_equal(amount_write(cases[i].value, cases[i].unit, text), cases[i].text);
	}
}

static void exact_amounts_are_grouped(void **state)
{
	(void)state;
	char text[AMOUNT_BYTES];
	assert_string_equal(amount_write_exact(0, text), "0");
	assert_string_equal(amount_write_exact(999, text), "999");
	assert_string_equal(amount_write_exact(1000, text), "1,000");
	assert_string_equal(amount_write_exact(UINT64_MAX, text), "18,446,744,073,709,551,615");
}

static void durations_have_two_units(void **state)
{
	(void)state;
	char text[AMOUNT_BYTES];
	assert_string_equal(amount_write_duration(0, text), "0 ms");
	assert_string_equal(amount_write_duration(99, text), "99 ms");
	assert_string_equal(amount_write_duration(100, text), "0.1 s");
	assert_string_equal(amount_write_duration(9999, text), "9.9 s");
	assert_string_equal(amount_write_duration(10000, text), "10 s");
	assert_string_equal(amount_write_duration(59999, text), "59 s");
	assert_string_equal(amount_write_duration(200000, text), "3 min 20 s");
	assert_string_equal(amount_write_duration(7500000, text), "2 h 5 min");
	assert_string_equal(amount_write_duration(UINT64_MAX, text), "5124095576030 h 25 min");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amounts_have_three_digits),
		cmocka_unit_test(exact_amounts_are_grouped),
		cmocka_unit_test(durations_have_two_units),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
