/* Proves that packets are counted in their second, that records are spread without loss, and that old time is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/clock.h"
#include "core/limits.h"
#include "detect/rates.h"

#define NOW (INT64_C(1735171200) * NS_PER_S)

static void a_second_holds_what_came_in_it(void **state)
{
	(void)state;
	struct rates rates;
	rates_init(&rates);
	for (int i = 0; i < 40; i++) { /* two seconds */
		int64_t at = NOW + i * RATES_FINE_NS;
		rates_add(&rates, at, at, 100, 6000);
	}
	struct rate rate = rates_second(&rates, NOW + 39 * RATES_FINE_NS);
	assert_int_equal(rate.pps, 2000);
	assert_int_equal(rate.bps, 20 * 6000 * 8);
	assert_int_equal(rates_second(&rates, NOW + 10 * NS_PER_S).pps, 0);
}

/** A record of 60 s is 1/60 of its count a second, and nothing of it is lost. */
static void a_record_is_spread_exactly(void **state)
{
	(void)state;
	struct rates rates;
	uint64_t sum = 0;
	rates_init(&rates);
	rates_add(&rates, NOW - 60 * NS_PER_S, NOW - 1, 60007, 60007 * 100);
	for (unsigned i = 0; i < RATES_COARSE_SLOTS; i++) {
		if (rates.coarse[i].number >= 0) {
			sum += rates.coarse[i].packets;
			assert_in_range(rates.coarse[i].packets, 1000, 1001);
		}
	}
	assert_int_equal(sum, 60007);
	struct rate highest = rates_highest_changed(&rates, NOW);
	assert_in_range(highest.pps, 1000, 1001);
	assert_int_equal(rates_highest_changed(&rates, NOW).pps, 0);
}

/** What is older than the slots keeps its share, so that the rest is not inflated. */
static void the_part_before_memory_is_left_out(void **state)
{
	(void)state;
	struct rates rates;
	rates_init(&rates);
	rates_add(&rates, NOW - 1280 * NS_PER_S, NOW - 1, 1280000, 0);
	assert_in_range(rates_highest_changed(&rates, NOW).pps, 999, 1001);
}

static void time_does_not_run_backwards_in_a_slot(void **state)
{
	(void)state;
	struct rates rates;
	rates_init(&rates);
	rates_add(&rates, NOW, NOW, 10, 0);
	rates_add(&rates, NOW - RATES_FINE_SLOTS * RATES_FINE_NS, NOW - RATES_FINE_SLOTS * RATES_FINE_NS, 99, 0);
	assert_int_equal(rates_second(&rates, NOW).pps, 10);
}

/** The widest record that the engine lets through must not overflow (UBSan sees it). */
static void the_widest_record_is_harmless(void **state)
{
	(void)state;
	struct rates rates;
	rates_init(&rates);
	rates_add(&rates, 0, LIMIT_DETECT_TIME_NS, LIMIT_DETECT_PACKETS, LIMIT_DETECT_BYTES);
	assert_true(rates_highest_changed(&rates, LIMIT_DETECT_TIME_NS).pps < LIMIT_DETECT_PACKETS);
}

static void the_rise_is_where_it_began(void **state)
{
	(void)state;
	struct rates rates;
	rates_init(&rates);
	for (int i = 0; i < 20; i++) {
		int64_t at = NOW + i * RATES_FINE_NS;
		rates_add(&rates, at, at, i < 14 ? 1 : 1000, 0);
	}
	assert_int_equal(rates_rise_ns(&rates, NOW + 19 * RATES_FINE_NS, 5000), NOW + 14 * RATES_FINE_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_holds_what_came_in_it),
		cmocka_unit_test(a_record_is_spread_exactly),
		cmocka_unit_test(the_part_before_memory_is_left_out),
		cmocka_unit_test(time_does_not_run_backwards_in_a_slot),
		cmocka_unit_test(the_widest_record_is_harmless),
		cmocka_unit_test(the_rise_is_where_it_began),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
