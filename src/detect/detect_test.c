/*
 * Proves the engine's promises: floods are named and timed, what honest
 * traffic explains is not, findings live once, memory holds, hostile numbers
 * do no harm. Every scene runs in virtual time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "detect/detect.h"
#include "detect/scene_test.h"

struct told {
	unsigned begun, changed, ended;
	struct finding first; /* the first begin */
	struct finding last; /* the last of all */
};

static void note(void *arg, const struct finding *finding)
{
	struct told *told = arg;
	if (finding->phase == FINDING_BEGIN && told->begun++ == 0)
		told->first = *finding;
	told->changed += finding->phase == FINDING_CHANGE;
	told->ended += finding->phase == FINDING_END;
	told->last = *finding;
}

struct scene {
	struct intel *intel;
	struct detect *detect;
	struct told told;
	struct random rng;
};

static void scene_init(struct scene *scene, const char *network, bool learn)
{
	memset(scene, 0, sizeof(*scene));
	struct ip_prefix prefix;
	struct intel_config intel_config = {0};
	if (network != NULL) {
		assert_int_equal(ip_prefix_parse(network, &prefix), OK);
		intel_config.networks = &prefix;
		intel_config.network_count = 1;
	}
	assert_int_equal(intel_new(&intel_config, &scene->intel), OK);
	struct detect_config config = detect_config_default();
	config.seed = 7;
	config.learn = learn;
	config.defaults = (struct detect_threshold){.host_pps = 2000, .prefix_pps = 4000, .outbound_pps = 1000};
	config.end_quiet_ms = 3000;
	config.memory_bytes = UINT64_C(32) << 20;
	assert_int_equal(detect_new(&config, scene->intel, note, &scene->told, &scene->detect), OK);
	random_init(&scene->rng, 1);
}

static void scene_done(struct scene *scene)
{
	detect_free(scene->detect);
	intel_free(scene->intel);
}

static void send(struct scene *scene, struct observation obs)
{
	detect_observe(scene->detect, &obs, 1);
}

/** SYNs from random addresses at a steady rate. */
static void send_syns(struct scene *scene, int64_t from_ns, int64_t until_ns, int64_t pps, uint32_t victim)
{
	for (int64_t at = from_ns; at < until_ns; at += NS_PER_S / pps) {
		uint32_t src = (uint32_t)random_next(&scene->rng) | UINT32_C(0x0b000000);
		send(scene, scene_tcp(at, src, (uint16_t)random_next(&scene->rng), victim, 443, TCP_SYN));
	}
}

static void a_flood_is_named_and_ends(void **state)
{
	(void)state;
	struct scene scene;
	scene_init(&scene, NULL, false);
	send_syns(&scene, 0, 3 * NS_PER_S, 11000, SCENE_VICTIM);
	assert_int_equal(scene.told.begun, 1);
	assert_string_equal(scene.told.first.vectors[0].name, "syn_flood");
	assert_int_equal(scene.told.first.kind, FINDING_FLOOD);
	assert_true(scene.told.first.told_ms - scene.told.first.window_start_ms <= 300);
	detect_advance(scene.detect, SCENE_START_NS + 20 * NS_PER_S);
	detect_advance(scene.detect, SCENE_START_NS + 21 * NS_PER_S);
	assert_int_equal(scene.told.ended, 1);
	assert_string_equal(scene.told.first.id, scene.told.last.id);
	assert_int_equal(scene.told.last.listed_count > 0 ? scene.told.last.sources[0].verdict : SOURCE_SPOOFED, SOURCE_SPOOFED);
	scene_done(&scene);
}

static void a_flood_just_over_the_threshold_is_found_and_one_below_is_not(void **state)
{
	(void)state;
	struct scene scene;
	scene_init(&scene, NULL, false);
	send_syns(&scene, 0, 3 * NS_PER_S, 2200, SCENE_VICTIM);
	assert_int_equal(scene.told.begun, 1);
	assert_true(scene.told.first.told_ms - scene.told.first.window_start_ms <= 1500);
	scene_done(&scene);
	scene_init(&scene, NULL, false);
	send_syns(&scene, 0, 3 * NS_PER_S, 1800, SCENE_VICTIM);
	assert_int_equal(scene.told.begun, 0);
	scene_done(&scene);
}

/** A download at five times the threshold: data in, ACKs out. FastNetMon bans this (#619, #1026). */
static void a_download_is_no_flood(void **state)
{
	(void)state;
	struct scene scene;
	scene_init(&scene, NULL, false);
	for (int64_t i = 0; i < 30000; i++) {
		int64_t at = i * 100 * NS_PER_US;
		struct observation data = scene_tcp(at, 0x08080808, 443, SCENE_VICTIM, 50123, TCP_ACK);
		data.length_bytes = 1500;
		data.bytes = 1500;
		data.payload_bytes = 1448;
		send(&scene, data);
		if (i % 4 == 0)
			send(&scene, scene_tcp(at + 1000, SCENE_VICTIM, 50123, 0x08080808, 443, TCP_ACK));
	}
	assert_int_equal(scene.told.begun, 0);
	scene_done(&scene);
}

static void answers_to_questions_are_no_reflection_and_others_are(void **state)
{
	(void)state;
	for (int asked = 0; asked < 2; asked++) {
		struct scene scene;
		scene_init(&scene, NULL, false);
		for (int64_t i = 0; i < 20000; i++) {
			int64_t at = i * 100 * NS_PER_US;
			uint32_t server = 0x0b000000 + (uint32_t)(i % 500);
			if (asked)
				send(&scene, scene_udp(at, SCENE_VICTIM, 40000, server, 123, 76));
			send(&scene, scene_udp(at + 1000, server, 123, SCENE_VICTIM, 40000, 468));
		}
		assert_int_equal(scene.told.begun, asked ? 0 : 1);
		if (!asked)
			assert_string_equal(scene.told.first.vectors[0].name, "ntp_reflection");
		scene_done(&scene);
	}
}

static void an_unknown_reflector_port_is_learned(void **state)
{
	(void)state;
	struct scene scene;
	scene_init(&scene, NULL, false);
	for (int64_t i = 0; i < 20000; i++)
		send(&scene, scene_udp(i * 100 * NS_PER_US, 0x0b000000 + (uint32_t)random_below(&scene.rng, 900), 9876, SCENE_VICTIM,
			(uint16_t)random_next(&scene.rng), (uint16_t)(400 + random_below(&scene.rng, 300))));
	assert_int_equal(scene.told.begun, 1);
	assert_string_equal(scene.told.first.vectors[0].name, "udp_reflection_9876");
	scene_done(&scene);
}

static void a_change_of_vector_is_told_once(void **state)
{
	(void)state;
	struct scene scene;
	scene_init(&scene, NULL, false);
	send_syns(&scene, 0, 2 * NS_PER_S, 5000, SCENE_VICTIM);
	for (int64_t at = 2 * NS_PER_S; at < 5 * NS_PER_S; at += NS_PER_S / 5000)
		send(&scene, scene_udp(at, (uint32_t)random_next(&scene.rng) | 0x0b000000, (uint16_t)random_next(&scene.rng), SCENE_VICTIM,
			(uint16_t)random_next(&scene.rng), (uint16_t)(60 + random_below(&scene.rng, 1000))));
	assert_int_equal(scene.told.begun, 1);
	assert_int_equal(scene.told.changed, 1);
	assert_true(scene.told.last.shapes & SHAPE_MULTI_VECTOR);
	scene_done(&scene);
}

/** Each address at a quarter of the host threshold, as in FastNetMon #688. */
static void a_carpet_is_told_with_its_prefix(void **state)
{
	(void)state;
	static const struct {
		uint32_t base, size;
		const char *prefix;
	} cases[] = {{0xcb007100, 256, "203.0.113.0/24"}, {0xcb007140, 64, "203.0.113.64/26"}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct scene scene;
		scene_init(&scene, "203.0.0.0/16", false);
		int64_t pps = (int64_t)cases[i].size * 500;
		for (int64_t at = 0; at < 2 * NS_PER_S; at += NS_PER_S / pps)
			send(&scene, scene_udp(at, (uint32_t)random_next(&scene.rng) | 0x0b000000, 1234,
				cases[i].base + (uint32_t)random_below(&scene.rng, cases[i].size), (uint16_t)random_next(&scene.rng), 200));
		assert_int_equal(scene.told.begun, 1);
		assert_int_equal(scene.told.first.kind, FINDING_CARPET_BOMBING);
		detect_finish(scene.detect);
		char text[IP_PREFIX_TEXT_BYTES];
		assert_string_equal(ip_prefix_write(&scene.told.last.target, text), cases[i].prefix);
		scene_done(&scene);
	}
}

/** One that hits its /24 in order, so slowly that it is found before it has got far, says how far it has got. */
static void a_carpet_that_grows_says_so(void **state)
{
	(void)state;
	struct scene scene;
	char text[IP_PREFIX_TEXT_BYTES];
	scene_init(&scene, "203.0.0.0/16", false);
	for (int64_t at = 0; at < 2 * NS_PER_S; at += NS_PER_S / 64000) {
		uint32_t reached = at < NS_PER_S / 2 ? 64 : 256, src = (uint32_t)random_next(&scene.rng) | 0x0b000000;
		send(&scene, scene_udp(at, src, 1234, UINT32_C(0xcb007100) + (uint32_t)random_below(&scene.rng, reached), 80, 200));
		if (scene.told.begun == 1 && at < NS_PER_S / 2)
			assert_string_equal(ip_prefix_write(&scene.told.first.target, text), "203.0.113.0/26");
	}
	assert_int_equal(scene.told.begun, 1);
	assert_int_equal(scene.told.changed, 1);
	assert_string_equal(ip_prefix_write(&scene.told.last.target, text), "203.0.113.0/24");
	scene_done(&scene);
}

/** A carpet over a /24 that goes on to another /24 of the same /16, and back: one finding, one change for each new place. */
static void a_carpet_that_moves_says_so(void **state)
{
	(void)state;
	struct scene scene;
	char text[IP_PREFIX_TEXT_BYTES];
	scene_init(&scene, "203.0.0.0/16", false);
	for (int64_t at = 0; at < 12 * NS_PER_S; at += NS_PER_S / 8000) {
		uint32_t base = at / (4 * NS_PER_S) == 1 ? UINT32_C(0xcb004d00) : UINT32_C(0xcb007100);
		uint32_t src = (uint32_t)random_next(&scene.rng) | 0x0b000000, dst = base + (uint32_t)random_below(&scene.rng, 256);
		send(&scene, scene_udp(at, src, 1234, dst, (uint16_t)random_next(&scene.rng), 200));
		if (at / (NS_PER_S / 8000) == 8000 * 4 - 1)
			assert_int_equal(scene.told.changed, 0);
		if (at / (NS_PER_S / 8000) == 8000 * 8 - 1) {
			assert_int_equal(scene.told.changed, 1);
			assert_string_equal(ip_prefix_write(&scene.told.last.target, text), "203.0.77.0/24");
		}
	}
	assert_int_equal(scene.told.begun, 1);
	assert_int_equal(scene.told.changed, 1);
	detect_finish(scene.detect);
	assert_int_equal(scene.told.last.prefix_count, 2);
	scene_done(&scene);
}

/** A download whose acknowledgements go another way is no flood, although the answers of others are seen. */
static void answers_of_others_prove_nothing(void **state)
{
	(void)state;
	struct scene scene;
	scene_init(&scene, NULL, false);
	for (int64_t i = 0; i < 60000; i++) {
		int64_t at = i * 50 * NS_PER_US;
		uint32_t seen = SCENE_VICTIM + 256, unseen = SCENE_VICTIM;
		struct observation data = scene_tcp(at, 0x08080808, 443, i % 2 == 0 ? seen : unseen, 50123, TCP_ACK);
		data.length_bytes = 1500;
		data.bytes = 1500;
		data.payload_bytes = 1448;
		send(&scene, data);
		struct observation quic = scene_udp(at, 0x08080404, 443, unseen, 50124, 1200);
		if (i % 4 == 0)
			send(&scene, quic);
		if (i % 8 == 0)
			send(&scene, scene_tcp(at + 1000, seen, 50123, 0x08080808, 443, TCP_ACK));
	}
	assert_int_equal(scene.told.begun, 0);
	scene_done(&scene);
}

static void one_of_ours_that_attacks_is_told(void **state)
{
	(void)state;
	struct scene scene;
	scene_init(&scene, "203.0.113.0/24", false);
	for (int64_t at = 0; at < 2 * NS_PER_S; at += NS_PER_S / 3000)
		send(&scene, scene_udp(at, SCENE_VICTIM, (uint16_t)random_next(&scene.rng), 0x0b010101,
			(uint16_t)random_next(&scene.rng), 540));
	assert_int_equal(scene.told.begun, 1);
	assert_int_equal(scene.told.first.kind, FINDING_OUTBOUND_ATTACK);
	scene_done(&scene);
}

static void a_scan_is_told_and_a_browser_is_not(void **state)
{
	(void)state;
	struct scene scene;
	scene_init(&scene, NULL, false);
	for (uint32_t i = 0; i < 200; i++)
		send(&scene, scene_tcp(i * 50 * NS_PER_MS, 0x0b010101, 40000, 0xcb007100 + i, 23, TCP_SYN));
	detect_finish(scene.detect);
	assert_int_equal(scene.told.begun, 1);
	assert_int_equal(scene.told.first.kind, FINDING_SCAN);
	scene_done(&scene);
	scene_init(&scene, NULL, false);
	for (uint32_t i = 0; i < 200; i++) {
		send(&scene, scene_tcp(i * 50 * NS_PER_MS, 0x0b010101, 40000, 0xcb007100 + i, 443, TCP_SYN));
		send(&scene, scene_tcp(i * 50 * NS_PER_MS + 1000, 0xcb007100 + i, 443, 0x0b010101, 40000, TCP_SYN | TCP_ACK));
	}
	detect_finish(scene.detect);
	assert_int_equal(scene.told.begun, 0);
	scene_done(&scene);
}

/** A record of a minute tells of a rate a sixtieth of its count (FastNetMon #635, #456). */
static void a_flow_record_is_spread_over_its_time(void **state)
{
	(void)state;
	for (int is_short = 0; is_short < 2; is_short++) {
		struct scene scene;
		scene_init(&scene, NULL, false);
		for (uint32_t i = 0; i < 30; i++) {
			struct observation obs = scene_udp(60 * NS_PER_S + i, 0x0b000000 + i, (uint16_t)(1000 + i), SCENE_VICTIM, 80, 200);
			obs.traits = TRAIT_FLOW;
			obs.packets = 1000;
			obs.bytes = 200000;
			obs.start_ns = obs.end_ns - (is_short ? NS_PER_S / 2 : 60 * NS_PER_S);
			send(&scene, obs);
		}
		detect_advance(scene.detect, SCENE_START_NS + 60 * NS_PER_S + 100 * NS_PER_MS);
		assert_int_equal(scene.told.begun, is_short);
		scene_done(&scene);
	}
}

static void sampling_is_corrected(void **state)
{
	(void)state;
	struct scene scene;
	scene_init(&scene, NULL, false);
	for (int64_t i = 0; i < 120; i++) {
		struct observation obs = scene_tcp(i * 25 * NS_PER_MS, (uint32_t)random_next(&scene.rng) | 0x0b000000, 1,
			SCENE_VICTIM, 80, TCP_SYN);
		obs.sampling = 100;
		send(&scene, obs);
	}
	assert_int_equal(scene.told.begun, 1);
	assert_int_equal(scene.told.first.sampling, 100);
	assert_int_equal(detect_counters_of(scene.detect)->packets, 12000);
	scene_done(&scene);
}

static void absurd_numbers_do_no_harm(void **state)
{
	(void)state;
	struct scene scene;
	scene_init(&scene, NULL, false);
	struct observation obs = scene_udp(0, 1, 1, SCENE_VICTIM, 1, 100);
	obs.packets = UINT64_MAX;
	obs.bytes = UINT64_MAX;
	obs.sampling = UINT32_MAX;
	obs.start_ns = INT64_MIN;
	obs.end_ns = INT64_MAX;
	send(&scene, obs);
	obs.start_ns = INT64_MAX;
	obs.end_ns = INT64_MIN;
	send(&scene, obs);
	send_syns(&scene, 0, NS_PER_S, 1000, SCENE_VICTIM);
	detect_finish(scene.detect);
	assert_int_equal(detect_counters_of(scene.detect)->observations, 1002);
	scene_done(&scene);
}

/** A file whose clock is at the end of time: the address is watched, so that its rates are reached (UBSan sees them). */
static void the_end_of_time_does_no_harm(void **state)
{
	(void)state;
	struct scene scene;
	scene_init(&scene, NULL, false);
	for (int i = 0; i < 4000; i++) {
		struct observation obs = scene_tcp(0, (uint32_t)random_next(&scene.rng) | 0x0b000000, 1, SCENE_VICTIM, 80, TCP_SYN);
		obs.start_ns = i % 2 == 0 ? INT64_MAX : 0;
		obs.end_ns = INT64_MAX;
		send(&scene, obs);
	}
	detect_finish(scene.detect);
	assert_int_equal(detect_counters_of(scene.detect)->observations, 4000);
	scene_done(&scene);
}

/** Mirai's GRE flood carries a sound inner packet with invented addresses: the victim is in the outer header. */
static void a_flood_of_tunnel_packets_hits_the_outer_address(void **state)
{
	(void)state;
	struct scene scene;
	scene_init(&scene, NULL, false);
	for (int64_t at = 0; at < 2 * NS_PER_S; at += NS_PER_S / 5000) {
		struct observation obs = scene_udp(at, (uint32_t)random_next(&scene.rng), 1, (uint32_t)random_next(&scene.rng), 2, 540);
		obs.traits |= TRAIT_TUNNELLED;
		obs.outer_protocol = PROTOCOL_GRE;
		obs.outer_src = ip_from_v4(0x0b000000 + (uint32_t)random_below(&scene.rng, 400));
		obs.outer_dst = ip_from_v4(SCENE_VICTIM);
		obs.outer_length_bytes = 564;
		send(&scene, obs);
	}
	assert_int_equal(scene.told.begun, 1);
	assert_string_equal(scene.told.first.vectors[0].name, "gre_flood");
	assert_int_equal(ip_to_v4(&scene.told.first.target.addr), SCENE_VICTIM);
	/* Counted once: the outer header is another look at the same packet. */
	assert_int_equal(detect_counters_of(scene.detect)->packets, 10000);
	scene_done(&scene);
}

/** A flood inside of a tunnel between two ends is told of who is hit, once; many who send the same are a flood of the end. */
static void a_flood_inside_of_a_tunnel_is_told_once(void **state)
{
	(void)state;
	static const struct {
		enum ip_protocol protocol;
		uint16_t port;
		const char *name;
	} tunnels[] = {{PROTOCOL_UDP, 4789, "udp_flood"}, {PROTOCOL_UDP, 6081, "udp_flood"}, {PROTOCOL_GRE, 0, "gre_flood"}};
	for (size_t i = 0; i < ARRAY_LEN(tunnels); i++) {
		for (uint32_t ends = 1; ends <= 400; ends += 399) {
			struct scene scene;
			scene_init(&scene, NULL, false);
			for (int64_t number = 0; number < 60000; number++) { /* 20,000 a second, a hundredth of it back */
				int64_t at = number * 50 * NS_PER_US;
				bool is_back = ends == 1 && number % 100 == 99;
				uint32_t here = UINT32_C(0xc0000205), there = UINT32_C(0x0b000000) + (uint32_t)random_below(&scene.rng, ends);
				struct observation obs = scene_tcp(at, (uint32_t)random_next(&scene.rng) | 0x0b000000, 1,
					ends > 1 ? (uint32_t)random_next(&scene.rng) : SCENE_VICTIM, 443, TCP_SYN);
				if (is_back)
					obs = scene_tcp(at, SCENE_VICTIM, 443, UINT32_C(0x0b000007), 5, TCP_SYN | TCP_ACK);
				obs.traits |= TRAIT_TUNNELLED;
				obs.outer_protocol = (uint8_t)tunnels[i].protocol;
				obs.outer_dst_port = tunnels[i].port;
				obs.outer_src = ip_from_v4(is_back ? here : there);
				obs.outer_dst = ip_from_v4(is_back ? there : here);
				obs.outer_length_bytes = 110;
				send(&scene, obs);
			}
			assert_int_equal(scene.told.begun, 1);
			assert_string_equal(scene.told.first.vectors[0].name, ends == 1 ? "syn_flood" : tunnels[i].name);
			assert_int_equal(ip_to_v4(&scene.told.first.target.addr), ends == 1 ? SCENE_VICTIM : UINT32_C(0xc0000205));
			scene_done(&scene);
		}
	}
}

/** Beyond what 50 ms need, observations are counted with others: the totals hardly show it. */
static void a_fast_flood_is_counted_whole(void **state)
{
	(void)state;
	struct scene scene;
	scene_init(&scene, NULL, false);
	send_syns(&scene, 0, NS_PER_S, 200000, SCENE_VICTIM);
	detect_finish(scene.detect);
	assert_int_equal(scene.told.ended, 1);
	assert_in_range(scene.told.last.packets, 198000, 202000);
	assert_in_range(scene.told.last.peak_pps, 199000, 201000);
	assert_in_range(scene.told.last.source_count, 150000, 220000);
	scene_done(&scene);
}

/** Flow records begin before they are counted: a vector must not begin before the finding that it is of. */
static void vectors_are_within_their_findings_window(void **state)
{
	(void)state;
	struct scene scene;
	struct detect_config config = detect_config_default();
	scene_init(&scene, NULL, false);
	detect_free(scene.detect);
	config.offline = true;
	assert_int_equal(detect_new(&config, scene.intel, note, &scene.told, &scene.detect), OK);
	for (int64_t at = 0; at < 2 * NS_PER_S; at += NS_PER_S / 5000) {
		struct observation obs = scene_tcp(at, (uint32_t)random_next(&scene.rng) | 0x0b000000, 1, SCENE_VICTIM, 80, TCP_SYN);
		obs.start_ns -= 700 * NS_PER_MS;
		obs.traits |= TRAIT_FLOW;
		send(&scene, obs);
	}
	detect_finish(scene.detect);
	assert_int_equal(scene.told.ended, 1);
	for (size_t i = 0; i < scene.told.last.vector_count; i++) {
		assert_true(scene.told.last.vectors[i].start_ms >= scene.told.last.window_start_ms);
		assert_true(scene.told.last.vectors[i].end_ms >= scene.told.last.vectors[i].start_ms);
	}
	scene_done(&scene);
}

/** A clock that jumps ahead by years, once, must not blind the sensor that is told the time. */
static void the_future_is_clamped_when_the_time_is_known(void **state)
{
	(void)state;
	struct scene scene;
	scene_init(&scene, NULL, false);
	detect_advance(scene.detect, SCENE_START_NS);
	send(&scene, scene_udp(INT64_C(100000000) * NS_PER_S, 1, 1, SCENE_VICTIM, 1, 100));
	assert_int_equal(detect_counters_of(scene.detect)->early, 1);
	for (int64_t tenth = 0; tenth < 20; tenth++) {
		send_syns(&scene, tenth * 100 * NS_PER_MS, (tenth + 1) * 100 * NS_PER_MS, 5000, SCENE_VICTIM);
		detect_advance(scene.detect, SCENE_START_NS + (tenth + 1) * 100 * NS_PER_MS);
	}
	assert_int_equal(scene.told.begun, 1);
	scene_done(&scene);
}

static void memory_is_what_was_configured(void **state)
{
	(void)state;
	struct scene scene;
	scene_init(&scene, NULL, true);
	assert_true(detect_memory_bytes(scene.detect) <= UINT64_C(32) << 20);
	for (int64_t i = 0; i < 300000; i++)
		send(&scene, scene_udp(i * NS_PER_US, (uint32_t)random_next(&scene.rng), 1, (uint32_t)random_next(&scene.rng), 1, 60));
	assert_true(detect_memory_bytes(scene.detect) <= UINT64_C(32) << 20);
	scene_done(&scene);
	struct detect_config config = detect_config_default();
	struct detect *detect = NULL;
	config.memory_bytes = 1;
	assert_int_equal(detect_new(&config, NULL, note, NULL, &detect), E_CONFIG);
}

static void a_pulse_wave_is_one_finding(void **state)
{
	(void)state;
	struct scene scene;
	scene_init(&scene, NULL, false);
	for (int64_t pulse = 0; pulse < 5; pulse++) {
		int64_t from = pulse * 3 * NS_PER_S;
		send_syns(&scene, from, from + NS_PER_S, 8000, SCENE_VICTIM);
		for (int64_t at = from; at < from + 3 * NS_PER_S; at += 50 * NS_PER_MS)
			detect_advance(scene.detect, SCENE_START_NS + at);
	}
	detect_finish(scene.detect);
	assert_int_equal(scene.told.begun, 1);
	assert_true(scene.told.last.shapes & SHAPE_PULSE);
	assert_in_range(scene.told.last.pulse_period_ms, 2500, 3500);
	scene_done(&scene);
}

/** 300 requests a second to a name server are a hundred times its normal, far below the absolute threshold. */
static void a_learned_norm_is_exceeded(void **state)
{
	(void)state;
	for (int learn = 0; learn < 2; learn++) {
		struct scene scene;
		scene_init(&scene, "203.0.113.0/24", learn);
		for (int64_t at = 0; at < 2 * 3600 * NS_PER_S; at += NS_PER_S / 4)
			send(&scene, scene_udp(at, 0x0b000001, 1000, SCENE_VICTIM, 9000, 100));
		for (int64_t at = 7200 * NS_PER_S; at < 7203 * NS_PER_S; at += NS_PER_S / 1500)
			send(&scene, scene_udp(at, (uint32_t)random_next(&scene.rng) | 0x0b000000, (uint16_t)random_next(&scene.rng),
				SCENE_VICTIM, 9000, (uint16_t)(60 + random_below(&scene.rng, 900))));
		assert_int_equal(scene.told.begun, learn);
		if (learn)
			assert_memory_equal(scene.told.first.threshold, "learned", 7);
		scene_done(&scene);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_is_named_and_ends),
		cmocka_unit_test(a_flood_just_over_the_threshold_is_found_and_one_below_is_not),
		cmocka_unit_test(a_download_is_no_flood),
		cmocka_unit_test(answers_to_questions_are_no_reflection_and_others_are),
		cmocka_unit_test(an_unknown_reflector_port_is_learned),
		cmocka_unit_test(a_change_of_vector_is_told_once),
		cmocka_unit_test(a_carpet_is_told_with_its_prefix),
		cmocka_unit_test(a_carpet_that_grows_says_so),
		cmocka_unit_test(a_carpet_that_moves_says_so),
		cmocka_unit_test(answers_of_others_prove_nothing),
		cmocka_unit_test(one_of_ours_that_attacks_is_told),
		cmocka_unit_test(a_scan_is_told_and_a_browser_is_not),
		cmocka_unit_test(a_flow_record_is_spread_over_its_time),
		cmocka_unit_test(sampling_is_corrected),
		cmocka_unit_test(absurd_numbers_do_no_harm),
		cmocka_unit_test(the_end_of_time_does_no_harm),
		cmocka_unit_test(a_flood_of_tunnel_packets_hits_the_outer_address),
		cmocka_unit_test(a_flood_inside_of_a_tunnel_is_told_once),
		cmocka_unit_test(a_fast_flood_is_counted_whole),
		cmocka_unit_test(vectors_are_within_their_findings_window),
		cmocka_unit_test(the_future_is_clamped_when_the_time_is_known),
		cmocka_unit_test(memory_is_what_was_configured),
		cmocka_unit_test(a_pulse_wave_is_one_finding),
		cmocka_unit_test(a_learned_norm_is_exceeded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
