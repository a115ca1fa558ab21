/*
 * Proves that a norm is learned, that an hour of attack does not move it far, and that what was saved comes back whole
 * or not at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "detect/baseline.h"
#include "detect/scene_test.h"

#define MEMORY_BYTES (UINT64_C(1) << 20)

static const struct hash_key key = {{1, 2}};
static const struct ip_addr nobody;

/** One second of so many packets to the victim. */
static void live(struct baseline *baseline, int64_t second, uint64_t pps)
{
	struct observation obs = scene_udp(second * NS_PER_S, 0x0b000001, 1000, SCENE_VICTIM, 53, 100);
	baseline_advance(baseline, obs.start_ns);
	baseline_count(baseline, &obs.dst, &nobody, &obs, false, pps, pps * 100);
}

static uint64_t limit_at(const struct baseline *baseline, int64_t second)
{
	struct ip_addr victim = ip_from_v4(SCENE_VICTIM);
	uint64_t limit = 0;
	return baseline_limit(baseline, &victim, BASELINE_UDP_PPS, SCENE_START_NS + second * NS_PER_S, &limit) ? limit : 0;
}

static struct baseline *learned(void)
{
	struct baseline *baseline = baseline_new(&key, MEMORY_BYTES);
	assert_non_null(baseline);
	for (int64_t second = 0; second <= 2 * 3600; second++) /* and the first second after: it closes the last minute */
		live(baseline, second, 1000);
	return baseline;
}

static void nothing_is_said_before_an_hour_is_learned(void **state)
{
	(void)state;
	struct baseline *baseline = baseline_new(&key, MEMORY_BYTES);
	for (int64_t second = 0; second < 1800; second++)
		live(baseline, second, 1000);
	assert_int_equal(limit_at(baseline, 1800), 0);
	baseline_free(baseline);
}

static void the_limit_is_four_times_the_norm(void **state)
{
	(void)state;
	struct baseline *baseline = learned();
	assert_in_range(limit_at(baseline, 7200), 3500, 4800);
	baseline_free(baseline);
}

/** An hour of twenty times the norm may not make itself normal, and what is distrusted is not learned at all. */
static void an_hour_of_attack_does_not_poison(void **state)
{
	(void)state;
	for (int distrusted = 0; distrusted < 2; distrusted++) {
		struct baseline *baseline = learned();
		struct ip_addr victim = ip_from_v4(SCENE_VICTIM);
		uint64_t before = limit_at(baseline, 3600);
		for (int64_t second = 24 * 3600; second < 25 * 3600; second++) {
			live(baseline, second, 20000);
			if (distrusted)
				baseline_distrust(baseline, &victim);
		}
		uint64_t after = limit_at(baseline, 25 * 3600);
		if (distrusted)
			assert_int_equal(after, before);
		else
			assert_in_range(after, before, before * 2);
		baseline_free(baseline);
	}
}

static void what_was_saved_comes_back(void **state)
{
	(void)state;
	struct baseline *baseline = learned(), *again = baseline_new(&key, MEMORY_BYTES);
	uint8_t *bytes = NULL;
	size_t length = 0;
	assert_int_equal(baseline_save(baseline, &bytes, &length), OK);
	assert_int_equal(baseline_load(again, bytes, length), OK);
	assert_int_equal(limit_at(again, 7200), limit_at(baseline, 7200));
	live(again, 7200, 1000); /* the first second after a start forgets nothing */
	assert_int_equal(limit_at(again, 7200), limit_at(baseline, 7200));
	free(bytes);
	baseline_free(again);
	baseline_free(baseline);
}

static void damaged_files_are_refused_whole(void **state)
{
	(void)state;
	struct baseline *baseline = learned(), *again = baseline_new(&key, MEMORY_BYTES);
	uint8_t *bytes = NULL;
	size_t length = 0;
	assert_int_equal(baseline_save(baseline, &bytes, &length), OK);
	for (size_t cut = 0; cut < length; cut += 7)
		assert_int_not_equal(baseline_load(again, bytes, cut), OK);
	for (size_t at = 0; at < length; at += 11) {
		bytes[at] ^= 0x20;
		assert_int_not_equal(baseline_load(again, bytes, length), OK);
		bytes[at] ^= 0x20;
	}
	assert_int_equal(limit_at(again, 7200), 0);
	free(bytes);
	baseline_free(again);
	baseline_free(baseline);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_said_before_an_hour_is_learned),
		cmocka_unit_test(the_limit_is_four_times_the_norm),
		cmocka_unit_test(an_hour_of_attack_does_not_poison),
		cmocka_unit_test(what_was_saved_comes_back),
		cmocka_unit_test(damaged_files_are_refused_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
