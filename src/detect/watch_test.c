/*
 * Proves of findings that are open: a vector that joins is told within half a
 * second, however long the finding has been open, where it passes the host's
 * threshold by itself or is a twentieth of the attack; so is one that comes
 * back; less is not told at once; and however fast vectors change, changes do
 * not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/random.h"
#include "detect/detect.h"
#include "detect/scene_test.h"

#define HOST_PPS 2000
#define CHANGES_MAX 512

struct scene {
	struct intel *intel;
	struct detect *detect;
	struct random rng;
	unsigned begun, ended, changed;
	int64_t changes_ms[CHANGES_MAX];
	struct finding last;
};

static void note(void *arg, const struct finding *finding)
{
	struct scene *scene = arg;
	scene->begun += finding->phase == FINDING_BEGIN;
	scene->ended += finding->phase == FINDING_END;
	if (finding->phase == FINDING_CHANGE && scene->changed < CHANGES_MAX)
		scene->changes_ms[scene->changed++] = finding->told_ms - SCENE_START_NS / NS_PER_MS;
	scene->last = *finding;
}

static void scene_begin(struct scene *scene)
{
	struct intel_config none = {0};
	struct detect_config config = detect_config_default();
	memset(scene, 0, sizeof(*scene));
	assert_int_equal(intel_new(&none, &scene->intel), OK);
	config.seed = 5;
	config.defaults = (struct detect_threshold){.host_pps = HOST_PPS};
	assert_int_equal(detect_new(&config, scene->intel, note, scene, &scene->detect), OK);
	random_init(&scene->rng, 9);
}

static void scene_end(struct scene *scene)
{
	detect_free(scene->detect);
	intel_free(scene->intel);
}

enum what { SYN = 0, UDP, DNS, SYNACK, ACK, ICMP, WHAT_COUNT };
static const char *const names[WHAT_COUNT] = {"syn_flood", "udp_flood", "dns_reflection", "tcp_synack_reflection", "ack_flood",
	"icmp_echo_flood"};

static void attack(struct scene *scene, enum what what, int64_t at)
{
	uint32_t src = (uint32_t)random_next(&scene->rng) | UINT32_C(0x20000000);
	uint16_t port = (uint16_t)(1024 + random_below(&scene->rng, 60000)), length = (uint16_t)(100 + random_below(&scene->rng, 900));
	struct observation obs = {0};
	switch (what) {
	case SYN:
		obs = scene_tcp(at, src, port, SCENE_VICTIM, 443, TCP_SYN);
		break;
	case UDP:
		obs = scene_udp(at, src, port, SCENE_VICTIM, (uint16_t)(port ^ 77), length);
		break;
	case DNS:
		obs = scene_udp(at, UINT32_C(0x33000000) + src % 2000 * 7919, 53, SCENE_VICTIM, port, 1400);
		break;
	case SYNACK:
		obs = scene_tcp(at, UINT32_C(0x33000000) + src % 2000 * 7919, 443, SCENE_VICTIM, port, TCP_SYN | TCP_ACK);
		break;
	case ACK:
		obs = scene_tcp(at, src, port, SCENE_VICTIM, 443, TCP_ACK);
		break;
	case ICMP:
		obs = scene_packet(at, src, SCENE_VICTIM, PROTOCOL_ICMP);
		obs.icmp_type = 8;
		break;
	case WHAT_COUNT:
		break;
	}
	detect_observe(scene->detect, &obs, 1);
}

/** Two attacks beside each other, either of which may rest. */
static void play(struct scene *scene, int64_t from_ms, int64_t until_ms, enum what one, int64_t one_pps, enum what other,
	int64_t other_pps)
{
	int64_t next[2] = {from_ms * NS_PER_MS, from_ms * NS_PER_MS}, until = until_ms * NS_PER_MS;
	int64_t gap[2] = {one_pps > 0 ? NS_PER_S / one_pps : INT64_MAX, other_pps > 0 ? NS_PER_S / other_pps : INT64_MAX};
	for (int i = 0; i < 2; i++)
		next[i] = gap[i] == INT64_MAX ? until : next[i];
	while (next[0] < until || next[1] < until) {
		int which = next[1] < next[0];
		attack(scene, which ? other : one, next[which]);
		next[which] += gap[which];
	}
	detect_advance(scene->detect, SCENE_START_NS + until);
}

static bool is_named(const struct finding *finding, const char *name)
{
	for (size_t i = 0; i < finding->vector_count; i++) {
		if (strcmp(finding->vectors[i].name, name) == 0)
			return true;
	}
	return false;
}

static void a_vector_that_joins_is_told_within_half_a_second(void **state)
{
	(void)state;
	static const int64_t open_ms[] = {3000, 40000}, others_pps[] = {550, HOST_PPS * 11 / 10, 8800};
	for (size_t i = 0; i < ARRAY_LEN(open_ms); i++) {
		for (size_t j = 0; j < ARRAY_LEN(others_pps); j++) {
			for (enum what what = UDP; what < WHAT_COUNT; what++) {
				struct scene scene;
				scene_begin(&scene);
				play(&scene, 0, open_ms[i], SYN, 10000, UDP, 0);
				assert_int_equal(scene.changed, 0);
				play(&scene, open_ms[i], open_ms[i] + 1500, SYN, 10000, what, others_pps[j]);
				assert_int_equal(scene.changed, 1);
				assert_true(is_named(&scene.last, names[what]));
				assert_in_range(scene.changes_ms[0] - open_ms[i], 100, 500);
				scene_end(&scene);
			}
		}
	}
}

/** A flood from random ports looks like every reflection now and then: what joins late has its own name all the same. */
static void what_joins_a_flood_from_random_ports_has_its_own_name(void **state)
{
	(void)state;
	struct scene scene;
	scene_begin(&scene);
	play(&scene, 0, 40000, UDP, 10000, UDP, 0);
	play(&scene, 40000, 41500, UDP, 10000, SYNACK, 2500);
	assert_int_equal(scene.changed, 1);
	assert_int_equal(scene.last.vector_count, 2);
	assert_string_equal(scene.last.vectors[0].name, "udp_flood");
	assert_string_equal(scene.last.vectors[1].name, "tcp_synack_reflection");
	scene_end(&scene);
}

/** 500 pages a second beside a flood and another that may join it. */
static void pages(struct scene *scene, int64_t from_ms, int64_t until_ms, int64_t syn_pps)
{
	static const unsigned flags[] = {TCP_SYN, TCP_ACK, TCP_PSH | TCP_ACK, TCP_ACK, TCP_ACK, TCP_FIN | TCP_ACK};
	for (int64_t at_ms = from_ms; at_ms < until_ms; at_ms += 2) {
		uint32_t src = UINT32_C(0x50000000) + (uint32_t)random_below(&scene->rng, 900);
		uint16_t port = (uint16_t)(1024 + random_below(&scene->rng, 60000));
		for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
			struct observation to = scene_tcp(at_ms * NS_PER_MS, src, port, SCENE_VICTIM, 443, flags[i]);
			struct observation from = scene_tcp(at_ms * NS_PER_MS, SCENE_VICTIM, 443, src, port, TCP_ACK | (i == 0 ? TCP_SYN : 0));
			detect_observe(scene->detect, &to, 1);
			detect_observe(scene->detect, &from, 1);
		}
		play(scene, at_ms, at_ms + 2, UDP, 10000, SYN, syn_pps);
	}
}

/** The honest connections of half a minute do not hide the SYNs that come now. */
static void a_syn_flood_joins_beside_many_clients(void **state)
{
	(void)state;
	struct scene scene;
	scene_begin(&scene);
	pages(&scene, 0, 30000, 0);
	unsigned before = scene.changed;
	pages(&scene, 30000, 31500, 2500);
	assert_true(scene.changed > before);
	assert_true(is_named(&scene.last, "syn_flood"));
	assert_in_range(scene.changes_ms[before] - 30000, 100, 500);
	scene_end(&scene);
}

static void a_small_part_is_not_told_at_once_and_a_crowd_of_clients_not_at_all(void **state)
{
	(void)state;
	struct scene scene;
	scene_begin(&scene);
	play(&scene, 0, 10000, SYN, 10000, UDP, 0);
	play(&scene, 10000, 14000, SYN, 10000, UDP, 150);
	assert_int_equal(scene.changed, 0);
	scene_end(&scene);

	scene_begin(&scene);
	play(&scene, 0, 10000, UDP, 10000, SYN, 0);
	pages(&scene, 10000, 14000, 0);
	assert_int_equal(scene.changed, 0);
	scene_end(&scene);
}

/** What was done against a vector ends when it is away; one that is back after five seconds is told, after two it is not. */
static void a_vector_that_comes_back_is_told_again(void **state)
{
	(void)state;
	for (int64_t away_ms = 2000; away_ms <= 5000; away_ms += 3000) {
		struct scene scene;
		scene_begin(&scene);
		play(&scene, 0, 3000, SYN, 10000, DNS, 5000);
		unsigned before = scene.changed;
		play(&scene, 3000, 3000 + away_ms, SYN, 10000, DNS, 0);
		play(&scene, 3000 + away_ms, 5000 + away_ms, SYN, 10000, DNS, 5000);
		assert_int_equal(scene.changed - before, away_ms == 5000);
		if (away_ms == 5000)
			assert_in_range(scene.changes_ms[before] - 3000 - away_ms, 100, 500);
		scene_end(&scene);
	}
}

static void changes_are_bounded_however_fast_vectors_change(void **state)
{
	(void)state;
	static const int64_t each_ms[] = {60, 120, 300, 700};
	for (size_t i = 0; i < ARRAY_LEN(each_ms); i++) {
		struct scene scene;
		enum what what = SYN;
		scene_begin(&scene);
		for (int64_t at_ms = 0; at_ms < 30000; at_ms += each_ms[i]) {
			play(&scene, at_ms, at_ms + each_ms[i], what, 10000, SYN, 0);
			what = (what + 1) % WHAT_COUNT;
		}
		assert_int_equal(scene.begun, 1);
		for (unsigned j = 1; j < scene.changed; j++)
			assert_true(scene.changes_ms[j] - scene.changes_ms[j - 1] >= 250);
		assert_true(scene.changed <= 2 * WHAT_COUNT + 30); /* six vectors; one that is away for four seconds may come back */
		scene_end(&scene);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vector_that_joins_is_told_within_half_a_second),
		cmocka_unit_test(what_joins_a_flood_from_random_ports_has_its_own_name),
		cmocka_unit_test(a_syn_flood_joins_beside_many_clients),
		cmocka_unit_test(a_small_part_is_not_told_at_once_and_a_crowd_of_clients_not_at_all),
		cmocka_unit_test(a_vector_that_comes_back_is_told_again),
		cmocka_unit_test(changes_are_bounded_however_fast_vectors_change),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
