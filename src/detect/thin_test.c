/*
 * Proves what passing over promises: little traffic is all looked at, of much
 * the weights add up, what is large and what is compared with a low threshold
 * is never passed over, and the rates, flow classes and numbers of sources of
 * a watched host stay exact.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/clock.h"
#include "core/random.h"
#include "detect/detect.h"
#include "detect/scene_test.h"
#include "detect/thin.h"

static const struct hash_key key = {{1, 2}};

static void little_is_all_looked_at(void **state)
{
	(void)state;
	struct thin thin;
	struct observation obs = scene_tcp(0, 1, 1, SCENE_VICTIM, 443, TCP_SYN);
	thin_init(&thin, &key, 512, 20000);
	for (unsigned i = 0; i < 512; i++)
		assert_int_equal(thin_weight(&thin, &obs), 1);
	assert_true(thin_is_on(&thin, 1));
	thin.seen = 0;
	assert_false(thin_is_on(&thin, 512));
}

static void weights_add_up_and_gaps_differ(void **state)
{
	(void)state;
	struct thin thin;
	struct observation obs = scene_tcp(0, 1, 1, SCENE_VICTIM, 443, TCP_SYN);
	thin_init(&thin, &key, 512, 20000);
	uint64_t sum = 0, looked_at = 0;
	unsigned gap = 0, gaps[64] = {0};
	for (unsigned tick = 0; tick < 100; tick++) {
		thin.seen = 0;
		for (unsigned i = 0; i < 50000; i++) {
			unsigned weight = thin_weight(&thin, &obs);
			sum += weight;
			looked_at += weight > 0;
			gap = weight > 0 ? 0 : gap + 1;
			gaps[gap]++;
		}
	}
	assert_in_range(sum, 4950000, 5050000);
	assert_in_range(looked_at, 200000, 240000); /* 512, 192 and 1,498 of each 50,000 */
	assert_true(gaps[62] > 0 && gaps[63] == 0);
}

static void what_is_large_and_low_thresholds_are_never_passed_over(void **state)
{
	(void)state;
	struct thin thin;
	struct observation large = scene_tcp(0, 1, 1, SCENE_VICTIM, 443, TCP_SYN), small = large;
	large.packets = THIN_LARGE_PACKETS + 1;
	thin_init(&thin, &key, 512, 20000);
	unsigned passed_over = 0;
	for (unsigned i = 0; i < 5000; i++) {
		assert_int_equal(thin_weight(&thin, &large), 1);
		passed_over += thin_weight(&thin, &small) == 0;
	}
	assert_true(passed_over > 1000);
	thin_init(&thin, &key, 512, 900);
	for (unsigned i = 0; i < 5000; i++)
		assert_int_equal(thin_weight(&thin, &small), 1);
}

static void a_place_is_not_taken_while_it_is_held(void **state)
{
	(void)state;
	static struct profile first, second;
	struct thin thin;
	struct ip_addr addr = ip_from_v4(1), other = addr;
	struct mark mark = {.weight = 8};
	thin_init(&thin, &key, 512, 20000);
	for (other.be32[3]++; thin_place(&other) != thin_place(&addr); other.be32[3]++)
		continue;
	thin_note(&thin, &addr, &first, 0);
	assert_null(thin_find(&thin, &addr)); /* not within the same batch */
	thin_begin(&thin, 0);
	thin_note(&thin, &other, &second, THIN_WHOLE_NS - 1);
	thin_begin(&thin, THIN_WHOLE_NS - 1);
	assert_ptr_equal(thin_find(&thin, &addr), &first);
	assert_null(thin_find(&thin, &other));
	assert_true(profile_is_whole(&first, &mark) && !profile_is_whole(&second, &mark));
	thin_note(&thin, &other, &second, THIN_WHOLE_NS);
	thin_begin(&thin, THIN_WHOLE_NS);
	assert_ptr_equal(thin_find(&thin, &other), &second);
	thin_forget(&thin);
	assert_null(thin_find(&thin, &other));
	assert_false(profile_is_whole(&second, &mark));
}

static void keep_last(void *arg, const struct finding *finding)
{
	struct finding *last = arg;
	if (finding->kind == FINDING_FLOOD && finding->phase == FINDING_END)
		*last = *finding;
}

/** 200,000 packets a second to one host for two seconds, a quarter of them short NTP and the rest long DNS answers. */
static void a_watched_host_is_told_everything(void **state)
{
	(void)state;
	enum { PACKETS = 400000 };
	struct finding last = {0};
	struct intel_config intel_config = {0};
	struct intel *intel;
	struct detect *detect;
	struct random rng;
	struct detect_config config = detect_config_default();
	config.seed = 7;
	assert_int_equal(intel_new(&intel_config, &intel), OK);
	assert_int_equal(detect_new(&config, intel, keep_last, &last, &detect), OK);
	random_init(&rng, 3);
	for (unsigned i = 0; i < PACKETS; i++) {
		bool is_ntp = random_next(&rng) % 4 == 0;
		uint32_t src = UINT32_C(0x0b000000) + (uint32_t)(random_next(&rng) % 20000);
		struct observation obs = scene_udp(i * NS_PER_S / 200000, src, is_ntp ? 123 : 53, SCENE_VICTIM, 4444, is_ntp ? 468 : 1400);
		obs.signature = is_ntp ? SIGNATURE_NTP_PRIVATE : SIGNATURE_DNS_RESPONSE;
		detect_observe(detect, &obs, 1);
	}
	struct detect_counters counters = *detect_counters_of(detect);
	detect_finish(detect);
	assert_int_equal(counters.packets, PACKETS);
	assert_in_range(last.peak_pps, 199000, 201000);
	uint64_t in_classes = 0;
	for (size_t i = 0; i < FLOW_CLASS_COUNT; i++)
		in_classes += last.class_packets[i];
	assert_in_range(in_classes, PACKETS * 98 / 100, PACKETS * 102 / 100);
	assert_in_range(last.packets, PACKETS * 97 / 100, PACKETS * 103 / 100);
	assert_in_range(last.source_count, 20000 * 88 / 100, 20000 * 112 / 100);
	assert_int_equal(last.vector_count, 2);
	assert_string_equal(last.vectors[0].name, "dns_reflection");
	assert_in_range(last.vectors[0].packets_permille, 720, 780);
	assert_in_range(last.vectors[0].bytes_permille, 880, 920); /* 3 x 1400 of 3 x 1400 + 468 */
	detect_free(detect);
	intel_free(intel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(little_is_all_looked_at),
		cmocka_unit_test(weights_add_up_and_gaps_differ),
		cmocka_unit_test(what_is_large_and_low_thresholds_are_never_passed_over),
		cmocka_unit_test(a_place_is_not_taken_while_it_is_held),
		cmocka_unit_test(a_watched_host_is_told_everything),
	};
	return cmocka_run_group_tests_name("thin", tests, NULL, NULL);
}
