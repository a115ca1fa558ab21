/* Proves that the sketches err by no more than they say, and that random keys do not wash out a frequent one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/err.h"
#include "core/random.h"
#include "detect/sketch.h"

static void assert_near(uint64_t got, uint64_t expected, unsigned percent)
{
	assert_in_range(got, expected - expected * percent / 100, expected + expected * percent / 100);
}

/** Three standard errors of 3 %, and of 9 %. */
static void distinct_counts_are_near(void **state)
{
	(void)state;
	static const uint64_t amounts[] = {50, 1000, 50000, 1000000};
	for (size_t i = 0; i < ARRAY_LEN(amounts); i++) {
		struct random rng;
		uint8_t large[DISTINCT_LARGE] = {0}, small[DISTINCT_SMALL] = {0};
		random_init(&rng, i);
		for (uint64_t k = 0; k < amounts[i]; k++) {
			uint64_t hash = random_next(&rng);
			for (int again = 0; again < 2; again++) {
				distinct_add(large, DISTINCT_LARGE, hash);
				distinct_add(small, DISTINCT_SMALL, hash);
			}
		}
		assert_near(distinct_estimate(large, DISTINCT_LARGE), amounts[i], 10);
		assert_near(distinct_estimate(small, DISTINCT_SMALL), amounts[i], 28);
	}
}

/** Same sets, halves and strangers: what handshakes and answers are told by. */
static void common_keys_are_told(void **state)
{
	(void)state;
	static const unsigned shared_permille[] = {1000, 500, 0};
	for (size_t i = 0; i < ARRAY_LEN(shared_permille); i++) {
		struct random rng;
		uint8_t a[DISTINCT_SMALL] = {0}, b[DISTINCT_SMALL] = {0};
		random_init(&rng, 9);
		for (unsigned k = 0; k < 10000; k++) {
			uint64_t hash = random_next(&rng), other = random_next(&rng);
			distinct_add(a, DISTINCT_SMALL, hash);
			distinct_add(b, DISTINCT_SMALL, k % 1000 < shared_permille[i] ? hash : other);
		}
		uint64_t keys = distinct_estimate(a, DISTINCT_SMALL), common = distinct_common(a, b, DISTINCT_SMALL);
		uint64_t expected = keys * shared_permille[i] / 1000;
		assert_in_range(common + keys / 5, expected, expected + keys * 2 / 5);
	}
	uint8_t empty[DISTINCT_SMALL] = {0};
	assert_int_equal(distinct_common(empty, empty, DISTINCT_SMALL), 0);
}

static void a_frequent_value_survives_random_ones(void **state)
{
	(void)state;
	struct random rng;
	struct top top = {0};
	uint32_t first = 0;
	random_init(&rng, 3);
	for (int i = 0; i < 100000; i++) {
		bool is_frequent = random_below(&rng, 10) < 3;
		top_add(&top, is_frequent ? 4711 : (uint32_t)random_next(&rng), 1, (uint32_t)random_next(&rng));
	}
	assert_in_range(top_first_permille(&top, &first), 290, 310);
	assert_int_equal(first, 4711);
	top_sort(&top);
	assert_int_equal(top.values[0], 4711);
	assert_true(top.counts[1] < top.total / 50);
}

static void nothing_noted_is_nothing_told(void **state)
{
	(void)state;
	struct top top = {0};
	uint32_t value = 1;
	assert_int_equal(top_first_permille(&top, &value), 0);
	assert_int_equal(value, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distinct_counts_are_near),
		cmocka_unit_test(common_keys_are_told),
		cmocka_unit_test(a_frequent_value_survives_random_ones),
		cmocka_unit_test(nothing_noted_is_nothing_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
