/* Proves that years begin when gmtime(3) says so, leap years of all three rules among them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <time.h>

#include "core/clock.h"

static void a_year_begins_at_its_first_millisecond(void **state)
{
	(void)state;
	for (int64_t year = 1970; year < 9999; year++) {
		int64_t begin_ms = clock_year_begin_ms(year);
		time_t begin_s = (time_t)(begin_ms / 1000);
		struct tm tm;
		assert_non_null(gmtime_r(&begin_s, &tm));
		assert_int_equal(tm.tm_year + 1900, year);
		assert_int_equal(tm.tm_yday + tm.tm_hour + tm.tm_min + tm.tm_sec + begin_ms % 1000, 0);
		assert_int_equal(clock_year(begin_ms), year);
		assert_int_equal(clock_year(clock_year_begin_ms(year + 1) - 1), year);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_year_begins_at_its_first_millisecond)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
