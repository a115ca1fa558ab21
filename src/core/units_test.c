/* Proves that quantities need their unit, are exact, and read back as what was written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/units.h"

static void quantities_are_read_exactly(void **state)
{
	(void)state;
	static const struct {
		enum unit_kind kind;
		const char *text;
		uint64_t value;
	} cases[] = {
		{UNIT_MS, "30s", 30000},
		{UNIT_MS, "250ms", 250},
		{UNIT_MS, "1.5s", 1500},
		{UNIT_MS, "7d", 604800000},
		{UNIT_MS, "0s", 0},
		{UNIT_BYTES, "64MiB", UINT64_C(67108864)},
		{UNIT_BYTES, "1.5KiB", 1536},
		{UNIT_BYTES, "1GB", 1000000000},
		{UNIT_PPS, "10kpps", 10000},
		{UNIT_PPS, "0.5kpps", 500},
		{UNIT_BPS, "1Gbps", 1000000000},
		{UNIT_BPS, "1Tbps", UINT64_C(1000000000000)},
		{UNIT_SAMPLING, "1:1000", 1000},
		{UNIT_SAMPLING, "1:1", 1},
		{UNIT_NONE, "4", 4},
		{UNIT_NONE, "9223372036854775807", INT64_MAX},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t value = 99;
		assert_int_equal(units_parse(cases[i].kind, cases[i].text, &value), OK);
		assert_int_equal(value, cases[i].value);
	}
}

static void what_is_no_quantity_is_refused(void **state)
{
	(void)state;
	static const struct {
		enum unit_kind kind;
		const char *text;
		int err;
	} cases[] = {
		{UNIT_MS, "30", E_MALFORMED},
		{UNIT_MS, "s", E_MALFORMED},
		{UNIT_MS, "", E_MALFORMED},
		{UNIT_MS, "-1s", E_MALFORMED},
		{UNIT_MS, "30 s", E_MALFORMED},
		{UNIT_MS, "30S", E_MALFORMED},
		{UNIT_MS, "1.s", E_MALFORMED},
		{UNIT_MS, ".5s", E_MALFORMED},
		{UNIT_MS, "1.2.3s", E_MALFORMED},
		{UNIT_MS, "0.5ms", E_MALFORMED},
		{UNIT_BYTES, "10kpps", E_MALFORMED},
		{UNIT_PPS, "10Gbps", E_MALFORMED},
		{UNIT_BPS, "1e9bps", E_MALFORMED},
		{UNIT_SAMPLING, "1000", E_MALFORMED},
		{UNIT_SAMPLING, "1:0", E_MALFORMED},
		{UNIT_SAMPLING, "2:1000", E_MALFORMED},
		{UNIT_NONE, "4s", E_MALFORMED},
		{UNIT_NONE, "1.0", E_MALFORMED},
		{UNIT_NONE, "9223372036854775808", E_LIMIT},
		{UNIT_NONE, "99999999999999999999999", E_LIMIT},
		{UNIT_BYTES, "9999999999TiB", E_LIMIT},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t value = 99;
		assert_int_equal(units_parse(cases[i].kind, cases[i].text, &value), cases[i].err);
		assert_int_equal(value, 99);
	}
}

static void what_is_written_reads_back(void **state)
{
	(void)state;
	static const struct {
		enum unit_kind kind;
		uint64_t value;
		const char *text;
	} cases[] = {
		{UNIT_MS, 90000, "90s"},
		{UNIT_MS, 0, "0ms"},
		{UNIT_BYTES, UINT64_C(1) << 30, "1GiB"},
		{UNIT_BYTES, 1001, "1001B"},
		{UNIT_PPS, 12345, "12345pps"},
		{UNIT_BPS, 2500000000, "2500Mbps"},
		{UNIT_SAMPLING, 1000, "1:1000"},
		{UNIT_NONE, 7, "7"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[UNITS_TEXT_BYTES];
		uint64_t value;
		assert_string_equal(units_write(cases[i].kind, cases[i].value, text), cases[i].text);
		assert_int_equal(units_parse(cases[i].kind, text, &value), OK);
		assert_int_equal(value, cases[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quantities_are_read_exactly),
		cmocka_unit_test(what_is_no_quantity_is_refused),
		cmocka_unit_test(what_is_written_reads_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
