/*
 * Proves that a botnet of thousands is named by what it does and not by who
 * is busy: nearly all bots, and no client, known or new; that where the
 * host's answers are seen they must bear a sender out; and that forged
 * addresses do not wash out true ones. Each refusal is shown from both sides.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/random.h"
#include "detect/classify.h"
#include "detect/detect.h"
#include "detect/scene_test.h"
#include "detect/senders.h"

#define BOTS 5000
#define CLIENTS 500
#define BOT UINT32_C(0x2d000000) /* 45.0.0.0 and on, every 251st address */
#define CLIENT UINT32_C(0x55000000)
#define ADDRS_MAX 8192

static struct ip_addr addrs[ADDRS_MAX];

/* Through the engine. */

enum kind { STOMP = 0, PSH_ACK, CONNECT, REQUEST };

struct scene {
	enum kind kind;
	bool is_answered; /* the host's packets are seen */
	bool is_forged_beside; /* for each packet of a bot one from an address that nobody has */
	bool is_of_many_ttls; /* each bot's packets come from many places */
	struct intel *intel;
	struct detect *detect;
	struct random rng;
	unsigned found; /* findings */
};

static void note(void *arg, const struct finding *finding)
{
	struct scene *scene = arg;
	scene->found += finding->phase == FINDING_BEGIN && finding->kind == FINDING_FLOOD;
}

static void scene_begin(struct scene *scene, enum kind kind, bool is_answered, uint32_t senders_max)
{
	struct intel_config none = {0};
	struct detect_config config = detect_config_default();
	*scene = (struct scene){.kind = kind, .is_answered = is_answered};
	assert_int_equal(intel_new(&none, &scene->intel), OK);
	config.seed = 11;
	config.defaults = (struct detect_threshold){.host_pps = 5000};
	config.senders_max = senders_max;
	assert_int_equal(detect_new(&config, scene->intel, note, scene, &scene->detect), OK);
	random_init(&scene->rng, 3);
}

static void scene_end(struct scene *scene)
{
	detect_free(scene->detect);
	intel_free(scene->intel);
}

static void comes(struct scene *scene, int64_t at, uint32_t src, uint16_t port, unsigned flags, uint16_t payload_bytes)
{
	struct observation obs = scene_tcp(at, src, port, SCENE_VICTIM, 443, flags);
	obs.payload_bytes = payload_bytes;
	obs.length_bytes = (uint16_t)(52 + payload_bytes);
	obs.bytes = obs.length_bytes;
	obs.ttl = (uint8_t)(40 + (scene->is_of_many_ttls ? random_below(&scene->rng, 20) : src % 20));
	detect_observe(scene->detect, &obs, 1);
}

static void goes(struct scene *scene, int64_t at, uint32_t dst, uint16_t port, unsigned flags, uint16_t payload_bytes)
{
	struct observation obs = scene_tcp(at, SCENE_VICTIM, 443, dst, port, flags);
	obs.payload_bytes = payload_bytes;
	obs.length_bytes = (uint16_t)(52 + payload_bytes);
	obs.bytes = obs.length_bytes;
	if (scene->is_answered)
		detect_observe(scene->detect, &obs, 1);
}

static void handshake(struct scene *scene, int64_t at, uint32_t src, uint16_t port)
{
	comes(scene, at, src, port, TCP_SYN, 0);
	goes(scene, at, src, port, TCP_SYN | TCP_ACK, 0);
	comes(scene, at, src, port, TCP_ACK, 0);
}

/** One page: a question, an answer in three segments, and the end. */
static void page(struct scene *scene, int64_t at, uint32_t src)
{
	uint16_t port = (uint16_t)(1024 + random_below(&scene->rng, 60000));
	handshake(scene, at, src, port);
	comes(scene, at, src, port, TCP_PSH | TCP_ACK, (uint16_t)(300 + random_below(&scene->rng, 400)));
	for (int i = 0; i < 3; i++)
		goes(scene, at, src, port, TCP_ACK, 1448);
	comes(scene, at, src, port, TCP_ACK, 0);
	comes(scene, at, src, port, TCP_ACK, 0);
	comes(scene, at, src, port, TCP_FIN | TCP_ACK, 0);
	goes(scene, at, src, port, TCP_FIN | TCP_ACK, 0);
}

static void bot(struct scene *scene, int64_t at, uint32_t src, uint32_t turn)
{
	uint16_t port = (uint16_t)(2000 + turn * 7 + src % 5000);
	switch (scene->kind) {
	case STOMP:
		port = (uint16_t)(1024 + src % 60000);
		if (turn == 0)
			handshake(scene, at, src, port);
		comes(scene, at, src, port, TCP_PSH | TCP_ACK, 768);
		if (turn % 2 == 1)
			goes(scene, at, src, port, TCP_ACK, 0);
		break;
	case PSH_ACK: /* without a connection: the host refuses */
		comes(scene, at, src, port, TCP_PSH | TCP_ACK, (uint16_t)(200 + random_below(&scene->rng, 700)));
		goes(scene, at, src, port, TCP_RST, 0);
		break;
	case CONNECT:
		handshake(scene, at, src, port);
		break;
	case REQUEST:
		page(scene, at, src);
		break;
	}
}

/** So many turns of every bot, one each tenth of a second, and a page of each client a second. */
static void play(struct scene *scene, uint32_t turns)
{
	const int64_t gap = 100 * NS_PER_MS / BOTS;
	const uint32_t step = scene->kind == REQUEST ? 20 : 1; /* a page is many packets */
	for (uint32_t turn = 0; turn < turns; turn++) {
		for (uint32_t i = 0; i < BOTS; i++) {
			int64_t at = NS_PER_S + turn * 100 * NS_PER_MS + i * gap;
			if (scene->is_forged_beside)
				comes(scene, at, UINT32_C(0x80000000) | (uint32_t)random_next(&scene->rng) >> 2, 4444, TCP_PSH | TCP_ACK, 768);
			if (i % step == 0 && (step == 1 || turn % 2 == i / step % 2))
				bot(scene, at, BOT + i * 251, turn);
			if (i % (10 * BOTS / CLIENTS) == turn % 10)
				page(scene, at, CLIENT + (i / (10 * BOTS / CLIENTS) * 10 + turn % 10) * 131);
		}
	}
}

static size_t named(const struct scene *scene, size_t *ret_clients)
{
	const struct ip_prefix target = {ip_from_v4(SCENE_VICTIM), 128};
	size_t count = detect_senders(scene->detect, &target, addrs, ADDRS_MAX), bots = 0;
	for (size_t i = 0; i < count; i++)
		bots += ip_to_v4(&addrs[i]) - BOT < BOTS * 251 && (ip_to_v4(&addrs[i]) - BOT) % 251 == 0;
	*ret_clients = count - bots;
	return bots;
}

static void a_botnet_of_thousands_is_named_and_no_client(void **state)
{
	(void)state;
	static const struct {
		enum kind kind;
		bool is_answered;
		uint32_t turns;
		bool is_named;
	} cases[] = {
		{STOMP, true, 40, true},
		{STOMP, false, 40, true},
		{PSH_ACK, false, 40, true},
		{PSH_ACK, true, 40, false}, /* the host says that there are no connections: the addresses may be forged */
		{CONNECT, true, 60, true},
		{CONNECT, false, 60, true},
		{REQUEST, true, 60, true}, /* of each twentieth, five pages a second */
		{REQUEST, false, 60, true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene scene;
		size_t clients = 0;
		scene_begin(&scene, cases[i].kind, cases[i].is_answered, 65536);
		play(&scene, cases[i].turns);
		assert_true(scene.found >= 1);
		size_t bots = named(&scene, &clients);
		size_t all = cases[i].kind == REQUEST ? BOTS / 20 : BOTS;
		assert_in_range(bots, cases[i].is_named ? all * 95 / 100 : 0, cases[i].is_named ? all : 0);
		assert_int_equal(clients, 0);
		scene_end(&scene);
	}
}

static void forged_addresses_are_not_named_and_push_nobody_out(void **state)
{
	(void)state;
	struct scene scene;
	size_t others = 0;
	scene_begin(&scene, STOMP, false, 16384);
	scene.is_forged_beside = true;
	play(&scene, 60);
	assert_in_range(named(&scene, &others), BOTS * 95 / 100, BOTS);
	assert_int_equal(others, 0);
	scene_end(&scene);
	/* Without a handshake, packets of one name from many places are forged; from one place they are not. */
	for (int many = 0; many < 2; many++) {
		scene_begin(&scene, PSH_ACK, false, 16384);
		scene.is_of_many_ttls = many;
		play(&scene, 40);
		size_t bots = named(&scene, &others);
		assert_in_range(bots, many ? 0 : BOTS * 95 / 100, many ? 0 : BOTS);
		assert_int_equal(others, 0);
		scene_end(&scene);
	}
}

static void only_who_sends_now_to_an_attacked_host_is_named(void **state)
{
	(void)state;
	struct scene scene;
	const struct ip_prefix target = {ip_from_v4(SCENE_VICTIM), 128}, network = {ip_from_v4(SCENE_VICTIM & ~UINT32_C(255)), 120},
		neighbour = {ip_from_v4(SCENE_VICTIM + 1), 128};
	scene_begin(&scene, STOMP, true, 65536);
	play(&scene, 30);
	assert_true(detect_senders(scene.detect, &target, addrs, ADDRS_MAX) > BOTS / 2);
	assert_int_equal(detect_senders(scene.detect, &target, addrs, 7), 7); /* never more than there is room for */
	assert_int_equal(detect_senders(scene.detect, &network, addrs, ADDRS_MAX), 0);
	assert_int_equal(detect_senders(scene.detect, &neighbour, addrs, ADDRS_MAX), 0);
	detect_advance(scene.detect, SCENE_START_NS + 60 * NS_PER_S); /* it is over */
	assert_int_equal(detect_senders(scene.detect, &target, addrs, ADDRS_MAX), 0);
	scene_end(&scene);
	scene_begin(&scene, STOMP, true, 0); /* kept by nobody */
	play(&scene, 30);
	assert_int_equal(detect_senders(scene.detect, &target, addrs, ADDRS_MAX), 0);
	scene_end(&scene);
}

static void the_memory_is_what_was_asked_for(void **state)
{
	(void)state;
	struct scene with, without;
	scene_begin(&with, STOMP, true, 4096);
	scene_begin(&without, STOMP, true, 0);
	assert_in_range(senders_memory_bytes(4096), 4096 * 32, 4096 * 72);
	assert_true(detect_memory_bytes(with.detect) <= detect_config_default().memory_bytes);
	scene_end(&with);
	scene_begin(&with, STOMP, true, UINT32_MAX); /* as much as a quarter of the memory holds */
	assert_true(detect_memory_bytes(with.detect) <= detect_config_default().memory_bytes);
	scene_end(&with);
	scene_end(&without);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_botnet_of_thousands_is_named_and_no_client),
		cmocka_unit_test(forged_addresses_are_not_named_and_push_nobody_out),
		cmocka_unit_test(only_who_sends_now_to_an_attacked_host_is_named),
		cmocka_unit_test(the_memory_is_what_was_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
