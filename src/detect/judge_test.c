/*
 * Proves the judge's rules, each from both sides: what honest traffic
 * explains is innocent, the same without the explanation is attack and has
 * its name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/err.h"
#include "detect/classify.h"
#include "detect/judge.h"
#include "detect/scene_test.h"

#define SOURCE UINT32_C(0x0b000000)
#define NETWORK (SCENE_VICTIM & ~UINT32_C(255))

struct bench {
	struct profile profile;
	struct judge_context context;
	struct verdict verdict;
};

static struct bench bench;

static uint64_t hash_of(const struct ip_addr *addr)
{
	return hash_mix(addr->be64[1] ^ UINT64_C(0x5bd1e995), addr->be64[0] ^ UINT64_C(0x9e3779b97f4a7c15));
}

static void begin(uint8_t bits, uint64_t peak_pps)
{
	struct ip_prefix end = {.addr = ip_from_v4(SCENE_VICTIM), .bits = bits};
	profile_init(&bench.profile, &end, hash_of(&end.addr), SCENE_START_NS);
	bench.context = (struct judge_context){.age_ns = 2 * NS_PER_S, .peak_pps = peak_pps};
}

static struct mark mark_of(const struct observation *obs)
{
	return (struct mark){.weight = 1, .packets = observation_packets(obs), .bytes = observation_bytes(obs),
		.dst_hash = hash_of(&obs->dst), .src_hash = hash_of(&obs->src),
		.vector = (uint8_t)classify(obs), .start_ns = obs->start_ns, .end_ns = obs->end_ns};
}

static void comes(struct observation obs)
{
	struct mark mark = mark_of(&obs);
	profile_add(&bench.profile, &obs, &mark, false);
	distinct_add(bench.profile.all_hosts, DISTINCT_SMALL, mark.dst_hash);
}

static void goes(struct observation obs)
{
	struct mark mark = mark_of(&obs);
	profile_add_reverse(&bench.profile, &obs, &mark, true);
}

static struct observation record(struct observation obs, uint64_t packets, uint16_t mean_bytes)
{
	obs.traits = TRAIT_FLOW;
	obs.packets = packets;
	obs.length_bytes = mean_bytes;
	obs.bytes = packets * mean_bytes;
	if (obs.protocol == PROTOCOL_UDP)
		obs.payload_bytes = (uint16_t)(mean_bytes - 28);
	return obs;
}

/** Share of the packets that is attack, in permille; the largest vector is verdict.vectors[0]. */
static unsigned judged_permille(void)
{
	judge(&bench.profile, &bench.context, &bench.verdict);
	return bench.verdict.packets > 0 ? (unsigned)(bench.verdict.attack_packets * 1000 / bench.verdict.packets) : 0;
}

static int64_t at_ms(uint32_t i)
{
	return i * NS_PER_MS;
}

static void syns_are_explained_by_their_own_handshakes(void **state)
{
	(void)state;
	for (int honest = 0; honest < 2; honest++) {
		begin(128, 1000);
		for (uint32_t i = 0; i < 400; i++) {
			uint16_t port = (uint16_t)(20000 + i);
			comes(scene_tcp(at_ms(i), SOURCE + i % 100, port, SCENE_VICTIM, 443, TCP_SYN));
			goes(scene_tcp(at_ms(i), SCENE_VICTIM, 443, SOURCE + i % 100, port, TCP_SYN | TCP_ACK));
			if (!honest)
				continue;
			comes(scene_tcp(at_ms(i), SOURCE + i % 100, port, SCENE_VICTIM, 443, TCP_ACK));
			comes(scene_tcp(at_ms(i), SOURCE + i % 100, port, SCENE_VICTIM, 443, TCP_PSH | TCP_ACK));
		}
		if (honest)
			assert_int_equal(judged_permille(), 0);
		else
			assert_in_range(judged_permille(), 900, 1000);
	}
}

static void handshakes_that_nothing_follows_are_a_connection_flood(void **state)
{
	(void)state;
	begin(128, 1000);
	for (uint32_t i = 0; i < 600; i++) {
		uint16_t port = (uint16_t)(20000 + i);
		comes(scene_tcp(at_ms(i), SOURCE + i % 50, port, SCENE_VICTIM, 443, TCP_SYN));
		goes(scene_tcp(at_ms(i), SCENE_VICTIM, 443, SOURCE + i % 50, port, TCP_SYN | TCP_ACK));
		comes(scene_tcp(at_ms(i), SOURCE + i % 50, port, SCENE_VICTIM, 443, TCP_ACK));
	}
	assert_in_range(judged_permille(), 900, 1000);
	assert_int_equal(bench.verdict.vectors[0].vector, VECTOR_CONNECTION_FLOOD);
	assert_int_equal(bench.verdict.count, 1);
}

/** One bare handshake for each connection that lives is a client that changed its mind. */
static void records_of_bare_handshakes_are_weighed_against_living_connections(void **state)
{
	(void)state;
	for (int honest = 0; honest < 2; honest++) {
		begin(128, 1000);
		for (uint32_t i = 0; i < 300; i++) {
			uint16_t port = (uint16_t)(20000 + i);
			comes(record(scene_tcp(at_ms(i), SOURCE + i % 90, port, SCENE_VICTIM, 443, TCP_SYN | TCP_ACK), 2, 56));
			for (uint16_t j = 0; honest && j < 2; j++)
				comes(record(scene_tcp(at_ms(i), SOURCE + 500 + i, (uint16_t)(port + j * 400), SCENE_VICTIM, 443,
					TCP_SYN | TCP_ACK | TCP_PSH), 30, (uint16_t)(200 + i * 3)));
		}
		unsigned permille = judged_permille();
		assert_in_range(permille, honest ? 0 : 900, honest ? 0 : 1000);
		if (!honest)
			assert_int_equal(bench.verdict.vectors[0].vector, VECTOR_CONNECTION_FLOOD);
	}
}

/** Records of long connections, payload of one length: to a service STOMP, from one a download, answered a conversation. */
static void stomp_goes_to_a_service_and_gets_no_data_back(void **state)
{
	(void)state;
	enum { STOMP, DOWNLOAD, CONVERSATION };
	for (int kind = STOMP; kind <= CONVERSATION; kind++) {
		begin(128, 5000);
		for (uint32_t i = 0; i < 60; i++) {
			uint16_t client = (uint16_t)(40000 + i), from = kind == DOWNLOAD ? 443 : client, to = kind == DOWNLOAD ? client : 443;
			/* SYN and ACK of 60 and 52 bytes, then data of 552: a mean a little lower. */
			struct observation obs = scene_tcp(at_ms(i), SOURCE + i, from, SCENE_VICTIM, to, TCP_SYN | TCP_ACK | TCP_PSH);
			uint64_t data = 40 + i % 20;
			obs = record(obs, data + 2, (uint16_t)((data * 552 + 112) / (data + 2)));
			obs.bytes = data * 552 + 112;
			comes(obs);
			goes(record(scene_tcp(at_ms(i), SCENE_VICTIM, to, SOURCE + i, from, TCP_SYN | TCP_ACK | TCP_PSH),
				kind == CONVERSATION ? data * 2 : data / 2, kind == CONVERSATION ? 900 : 52));
		}
		assert_in_range(judged_permille(), kind == STOMP ? 900 : 0, kind == STOMP ? 1000 : 0);
		if (kind == STOMP)
			assert_int_equal(bench.verdict.vectors[0].vector, VECTOR_STOMP_FLOOD);
	}
}

/** Data of one length in connections that are older than what was seen: these go on, or are answered other than by RST. */
static void stomp_is_known_by_connections_that_go_on(void **state)
{
	(void)state;
	enum { GOES_ON = 0, PORTS_DRAWN, ANSWERED, REFUSED };
	for (int kind = GOES_ON; kind <= REFUSED; kind++) {
		begin(128, 5000);
		for (uint32_t i = 0; i < 3000; i++) {
			uint32_t src = SOURCE + i % 60;
			uint32_t fixed = 20000 + i % 60 + (kind == GOES_ON ? 0 : i / 600 * 100);
			uint16_t port = (uint16_t)(kind == PORTS_DRAWN ? 1024 + i * 17 : fixed);
			struct observation obs = scene_tcp(at_ms(i), src, port, SCENE_VICTIM, 443, TCP_PSH | TCP_ACK);
			obs.payload_bytes = 768;
			obs.length_bytes = 820;
			obs.bytes = 820;
			comes(obs);
			if (kind == ANSWERED && i % 2 == 0)
				goes(scene_tcp(at_ms(i), SCENE_VICTIM, 443, src, port, TCP_ACK));
			if (kind == REFUSED && i % 2 == 0)
				goes(scene_tcp(at_ms(i), SCENE_VICTIM, 443, src, port, TCP_RST));
		}
		assert_in_range(judged_permille(), 900, 1000);
		bool is_stomp = kind == GOES_ON || kind == ANSWERED;
		assert_int_equal(bench.verdict.vectors[0].vector, is_stomp ? VECTOR_STOMP_FLOOD : VECTOR_PSH_ACK_FLOOD);
	}
}

/** Records of TCP without flags: answered or long flows are conversations, others are not. */
static void tcp_without_flags_is_judged_by_its_answers(void **state)
{
	(void)state;
	enum { FLOOD = 0, LONG, ANSWERED, REFUSED };
	for (int kind = FLOOD; kind <= REFUSED; kind++) {
		begin(128, 2000);
		for (uint32_t i = 0; i < 400; i++) {
			struct observation obs = scene_tcp(at_ms(i), SOURCE + i, (uint16_t)(20000 + i), SCENE_VICTIM, 443, 0);
			obs = record(obs, kind == LONG ? 12 : 1, 60);
			obs.traits |= TRAIT_SHORT;
			comes(obs);
			if (kind == ANSWERED)
				goes(record(scene_tcp(at_ms(i), SCENE_VICTIM, 443, SOURCE + i, (uint16_t)(20000 + i), 0), 3, 400));
			if (kind == REFUSED && i % 20 == 0)
				goes(record(scene_tcp(at_ms(i), SCENE_VICTIM, 443, SOURCE + 9000, 80, 0), 1, 40));
		}
		bool is_attack = kind == FLOOD || kind == REFUSED;
		assert_in_range(judged_permille(), is_attack ? 900 : 0, is_attack ? 1000 : 0);
		if (is_attack)
			assert_int_equal(bench.verdict.vectors[0].vector, VECTOR_TCP_FLOOD);
	}
}

/** One-sided view: clients' questions are few packets each, and opened; the same without their SYNs are not. */
static void questions_that_were_opened_are_no_flood_where_answers_are_not_seen(void **state)
{
	(void)state;
	for (int opened = 0; opened < 2; opened++) {
		begin(128, 2000);
		for (uint32_t i = 0; i < 400; i++) {
			uint16_t port = (uint16_t)(20000 + i);
			if (opened)
				comes(scene_tcp(at_ms(i), SOURCE + i, port, SCENE_VICTIM, 443, TCP_SYN));
			comes(scene_tcp(at_ms(i), SOURCE + i, port, SCENE_VICTIM, 443, TCP_ACK));
			comes(scene_tcp(at_ms(i), SOURCE + i, port, SCENE_VICTIM, 443, TCP_PSH | TCP_ACK));
		}
		assert_in_range(judged_permille(), opened ? 0 : 900, opened ? 0 : 1000);
	}
}

/** SYN-ACKs beside a SYN flood, of which answers are not seen: more than the conversations beside them bring is reflection. */
static void a_syn_flood_does_not_hide_syn_acks(void **state)
{
	(void)state;
	for (int reflected = 0; reflected < 2; reflected++) {
		begin(128, 5000);
		for (uint32_t i = 0; i < 4000; i++) {
			comes(scene_tcp(at_ms(i), SOURCE + i * 77, (uint16_t)i, SCENE_VICTIM, 443, TCP_SYN));
			if (i % 10 == 0)
				comes(scene_tcp(at_ms(i), SOURCE + i % 200, 443, SCENE_VICTIM, (uint16_t)(1024 + i), TCP_SYN | TCP_ACK));
			for (int j = 0; !reflected && i % 10 == 0 && j < 4; j++)
				comes(scene_tcp(at_ms(i), SOURCE + i % 200, 443, SCENE_VICTIM, (uint16_t)(1024 + i), TCP_PSH | TCP_ACK));
		}
		(void)judged_permille();
		bool is_named = false;
		for (unsigned i = 0; i < bench.verdict.count; i++)
			is_named = is_named || bench.verdict.vectors[i].vector == VECTOR_SYNACK_REFLECTION;
		assert_int_equal(is_named, reflected);
	}
}

static void fragments_belong_to_the_long_answers_of_their_sources(void **state)
{
	(void)state;
	for (int same = 0; same < 2; same++) {
		begin(128, 3000);
		for (uint32_t i = 0; i < 600; i++) {
			uint32_t src = SOURCE + i % 200;
			struct observation first = scene_udp(at_ms(i), src, 53, SCENE_VICTIM, 40000, 1500);
			first.traits |= TRAIT_FRAGMENT_FIRST;
			comes(first);
			struct observation later = scene_packet(at_ms(i), same ? src : SOURCE + 90000 + i % 200, SCENE_VICTIM, PROTOCOL_UDP);
			later.traits |= TRAIT_FRAGMENT_LATER;
			comes(later);
			comes(later);
		}
		assert_in_range(judged_permille(), 990, 1000);
		assert_int_equal(bench.verdict.count, same ? 1 : 2);
		assert_int_equal(bench.verdict.vectors[0].vector, same ? VECTOR_DNS_REFLECTION : VECTOR_FRAGMENT_FLOOD);
	}
}

/** Each port once and not too fast is a scan, which is told of its source; over and over, or in thousands, is a flood. */
static void one_who_tries_every_port_once_scans(void **state)
{
	(void)state;
	static const struct {
		uint64_t pps;
		unsigned ports;
		bool is_flood;
	} cases[] = {{5000, 2000, false}, {9999, 2000, false}, {10000, 2000, true}, {5000, 100, true}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		begin(128, cases[i].pps);
		for (uint32_t j = 0; j < 2000; j++)
			comes(scene_tcp(at_ms(j), SOURCE, 40004, SCENE_VICTIM, (uint16_t)(1 + j % cases[i].ports), TCP_SYN));
		assert_in_range(judged_permille(), cases[i].is_flood ? 900 : 0, cases[i].is_flood ? 1000 : 0);
	}
}

static bool everyone_scans(const void *scanners, const struct ip_addr *addr)
{
	(void)addr;
	return scanners != NULL;
}

static void whom_the_sweep_detector_knows_is_no_carpet(void **state)
{
	(void)state;
	for (int known = 0; known < 2; known++) {
		begin(112, 3000);
		bench.context.is_scanner = everyone_scans;
		bench.context.scanners = known ? &bench : NULL;
		for (uint32_t i = 0; i < 4000; i++) /* 20 sources, 250 addresses, 16 ports: each once */
			comes(scene_tcp(at_ms(i), SOURCE + i % 20, 40004, NETWORK + i % 250, (uint16_t)(20 + i / 250), TCP_SYN));
		assert_in_range(judged_permille(), known ? 0 : 900, known ? 0 : 1000);
	}
}

static void few_who_answer_many_of_ours_are_backscatter(void **state)
{
	(void)state;
	for (uint32_t sources = 4; sources <= 400; sources += 396) {
		begin(112, 3000);
		for (uint32_t i = 0; i < 3000; i++)
			comes(scene_tcp(at_ms(i), SOURCE + i % sources, 80, NETWORK + i % 256, (uint16_t)(1024 + i), TCP_SYN | TCP_ACK));
		assert_in_range(judged_permille(), sources == 4 ? 0 : 900, sources == 4 ? 0 : 1000);
	}
}

static void of_few_records_only_what_is_never_honest_is_attack(void **state)
{
	(void)state;
	begin(128, 5000);
	struct observation quic = record(scene_udp(0, SOURCE, 443, SCENE_VICTIM, 40000, 1200), 100000, 1200);
	comes(quic); /* its requests may be in a record that is still to come */
	assert_int_equal(judged_permille(), 0);
	begin(128, 5000);
	comes(record(scene_tcp(0, SCENE_VICTIM, 139, SCENE_VICTIM, 139, TCP_SYN), 100000, 40));
	assert_int_equal(judged_permille(), 1000);
	assert_int_equal(bench.verdict.vectors[0].vector, VECTOR_LAND_ATTACK);
}

/** A RST or FIN flood beside as many honest connections: ends of flows in which nothing else was seen. */
static void ends_without_connections_are_told_beside_connections(void **state)
{
	(void)state;
	for (int flood = 0; flood < 2; flood++) {
		begin(128, 2000);
		for (uint32_t i = 0; i < 500; i++) {
			uint16_t port = (uint16_t)(20000 + i);
			static const unsigned flags[] = {TCP_SYN, TCP_ACK, TCP_PSH | TCP_ACK, TCP_FIN | TCP_ACK};
			for (unsigned j = 0; j < ARRAY_LEN(flags); j++)
				comes(scene_tcp(at_ms(i), SOURCE + i, port, SCENE_VICTIM, 443, flags[j]));
			goes(scene_tcp(at_ms(i), SCENE_VICTIM, 443, SOURCE + i, port, TCP_SYN | TCP_ACK));
			goes(scene_tcp(at_ms(i), SCENE_VICTIM, 443, SOURCE + i, port, TCP_FIN | TCP_ACK));
			for (uint32_t j = 0; flood && j < 3; j++)
				comes(scene_tcp(at_ms(i), SOURCE + 5000 + i * 3 + j, port, SCENE_VICTIM, 443, TCP_RST));
		}
		unsigned permille = judged_permille();
		assert_in_range(permille, flood ? 300 : 0, flood ? 500 : 0);
		if (flood)
			assert_int_equal(bench.verdict.vectors[0].vector, VECTOR_RST_FLOOD);
	}
}

static void sources_are_what_their_packets_prove(void **state)
{
	(void)state;
	static const struct {
		uint8_t traits;
		bool is_bogon;
		enum source_verdict verdict;
	} cases[] = {
		{PEER_DIRECT, true, SOURCE_SPOOFED},
		{PEER_REFLECTOR, false, SOURCE_AMPLIFIER},
		{PEER_REFLECTOR | PEER_DIRECT | PEER_AFTER_SYN, false, SOURCE_BOT},
		{PEER_MIRAI, false, SOURCE_BOT},
		{PEER_DIRECT, false, SOURCE_UNKNOWN},
	};
	char why[96];
	begin(128, 1000);
	for (uint32_t i = 0; i < 400; i++) /* ten each, so that addresses are not drawn at random */
		comes(scene_udp(at_ms(i), SOURCE + i % 40, 1000, SCENE_VICTIM, 9000, 100));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct peer peer = {.packets = 10, .traits = cases[i].traits};
		assert_int_equal(judge_peer(&bench.profile, &peer, cases[i].is_bogon, why), cases[i].verdict);
		assert_true(why[0] != '\0');
	}
}

static int fill_tables(void **state)
{
	(void)state;
	classify_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syns_are_explained_by_their_own_handshakes),
		cmocka_unit_test(handshakes_that_nothing_follows_are_a_connection_flood),
		cmocka_unit_test(records_of_bare_handshakes_are_weighed_against_living_connections),
		cmocka_unit_test(stomp_goes_to_a_service_and_gets_no_data_back),
		cmocka_unit_test(fragments_belong_to_the_long_answers_of_their_sources),
		cmocka_unit_test(one_who_tries_every_port_once_scans),
		cmocka_unit_test(whom_the_sweep_detector_knows_is_no_carpet),
		cmocka_unit_test(few_who_answer_many_of_ours_are_backscatter),
		cmocka_unit_test(of_few_records_only_what_is_never_honest_is_attack),
		cmocka_unit_test(ends_without_connections_are_told_beside_connections),
		cmocka_unit_test(sources_are_what_their_packets_prove),
		cmocka_unit_test(stomp_is_known_by_connections_that_go_on),
		cmocka_unit_test(tcp_without_flags_is_judged_by_its_answers),
		cmocka_unit_test(questions_that_were_opened_are_no_flood_where_answers_are_not_seen),
		cmocka_unit_test(a_syn_flood_does_not_hide_syn_acks),
	};
	return cmocka_run_group_tests(tests, fill_tables, NULL);
}
