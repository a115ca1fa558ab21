/*
 * Proves whom the estimate of collateral takes for legitimate and whom not, what counts as lost, and that little evidence,
 * busy peers and old headers decide nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/clock.h"
#include "core/ip.h"
#include "effect/collateral.h"

#define NOW_NS (1000 * NS_PER_S)
#define SYN 0x02
#define RST 0x04
#define ACK 0x10

static struct collateral *collateral;
static struct rule_list rules;
static struct source_set *sets[RULE_LIST_MAX];
static uint16_t dropped_permille[RULE_LIST_MAX];

static int setup(void **state)
{
	struct ip_prefix target = {ip_from_v4(0xc000020a), 128};
	(void)state;
	rules = (struct rule_list){.count = 1};
	rules.rules[0] = rule_to(&target);
	rules.rules[0].protocol = 17;
	rules.rules[0].action = RULE_DROP;
	return collateral_new(&collateral);
}

static int teardown(void **state)
{
	(void)state;
	collateral_free(collateral);
	return 0;
}

static struct packet_facts facts_of(uint32_t src, uint32_t dst, uint16_t protocol, uint8_t tcp_flags)
{
	struct packet_facts facts = {.protocol = protocol, .length_bytes = 100, .has = PACKET_HAS_PORTS,
		.fragment = PACKET_FRAGMENT_WHOLE};
	const struct ip_addr from = ip_from_v4(src), to = ip_from_v4(dst);
	facts.tcp_flags = tcp_flags;
	facts.has |= protocol == 6 ? PACKET_HAS_FLAGS : 0;
	memcpy(facts.src_be, &from, sizeof(facts.src_be));
	memcpy(facts.dst_be, &to, sizeof(facts.dst_be));
	return facts;
}

/** Peers whom we send one packet of a kind. */
static void answer(unsigned peers, uint16_t protocol, uint8_t tcp_flags, int64_t at_ns)
{
	for (unsigned i = 0; i < peers; i++) {
		const struct packet_facts out = facts_of(0xc000020a, 0xcb007100 + i, protocol, tcp_flags);
		collateral_see(collateral, &out, true, at_ns);
	}
}

/** Packets of each of these peers to a host of ours. */
static void hear(unsigned peers, unsigned each, uint32_t dst, uint16_t protocol, int64_t at_ns)
{
	for (unsigned i = 0; i < peers * each; i++) {
		const struct packet_facts in = facts_of(0xcb007100 + i % peers, dst, protocol, ACK);
		collateral_see(collateral, &in, false, at_ns);
	}
}

static struct collateral_answer ask(int64_t now_ns)
{
	const struct collateral_question question = {&rules, sets, dropped_permille, NULL, NOW_NS};
	return collateral_ask(collateral, &question, now_ns);
}

static void a_connection_makes_a_peer_known(void **state)
{
	(void)state;
	answer(100, 6, ACK, NOW_NS);
	hear(100, 1, 0xc000020a, 17, NOW_NS);
	struct collateral_answer answer_now = ask(NOW_NS);
	assert_int_equal(answer_now.seen, 100);
	assert_int_equal(answer_now.lost_permille, 1000);
	hear(100, 1, 0xc000020a, 6, NOW_NS); /* what the rule does not match is not lost */
	assert_int_equal(ask(NOW_NS).lost_permille, 500);
	hear(100, 1, 0xc000020b, 17, NOW_NS); /* another host is not concerned */
	assert_int_equal(ask(NOW_NS).seen, 200);
}

/** A spoofed source is answered with SYN and ACK, or with RST: that makes nobody known. */
static void answers_that_anyone_gets_prove_nothing(void **state)
{
	(void)state;
	answer(100, 6, SYN | ACK, NOW_NS);
	answer(100, 6, RST | ACK, NOW_NS);
	answer(100, 1, 0, NOW_NS);
	hear(100, 1, 0xc000020a, 17, NOW_NS);
	assert_int_equal(ask(NOW_NS).seen, 0);
	assert_int_equal(collateral_counters_of(collateral)->peers, 0);
	assert_int_equal(collateral_counters_of(collateral)->outgoing, 300);
}

/** Over UDP a question is answered whoever asks, so only answers from before the attack count. */
static void a_udp_peer_must_be_older_than_the_attack(void **state)
{
	(void)state;
	answer(100, 17, 0, NOW_NS - NS_PER_S);
	hear(100, 1, 0xc000020a, 17, NOW_NS);
	assert_int_equal(ask(NOW_NS).seen, 0);
	teardown(NULL);
	setup(NULL);
	answer(100, 17, 0, NOW_NS - 10 * NS_PER_S);
	answer(100, 17, 0, NOW_NS);
	hear(100, 1, 0xc000020a, 17, NOW_NS);
	assert_int_equal(ask(NOW_NS).seen, 100);
}

static void limits_lose_what_they_drop(void **state)
{
	(void)state;
	answer(100, 6, ACK, NOW_NS);
	hear(100, 1, 0xc000020a, 17, NOW_NS);
	rules.rules[0].action = RULE_LIMIT;
	dropped_permille[0] = 250;
	assert_int_equal(ask(NOW_NS).lost_permille, 250);
	rules.rules[0].action = RULE_COUNT;
	assert_int_equal(ask(NOW_NS).lost_permille, 0);
}

static void little_evidence_decides_nothing(void **state)
{
	(void)state;
	answer(COLLATERAL_EVIDENCE - 1, 6, ACK, NOW_NS);
	hear(COLLATERAL_EVIDENCE - 1, 1, 0xc000020a, 17, NOW_NS);
	assert_int_equal(ask(NOW_NS).seen, COLLATERAL_EVIDENCE - 1);
	assert_int_equal(ask(NOW_NS).lost_permille, 0);
	hear(1, 1, 0xc000020a, 17, NOW_NS);
	assert_int_equal(ask(NOW_NS).lost_permille, 1000);
}

static void a_busy_peer_counts_little(void **state)
{
	(void)state;
	answer(100, 6, ACK, NOW_NS);
	hear(1, 10000, 0xc000020a, 17, NOW_NS); /* one peer is flooding */
	hear(100, 1, 0xc000020a, 6, NOW_NS);
	struct collateral_answer now = ask(NOW_NS);
	assert_int_equal(now.seen, COLLATERAL_PEER_HEADERS + 99); /* its four, and one of each other */
	assert_int_equal(now.lost_permille, COLLATERAL_PEER_HEADERS * 1000 / (COLLATERAL_PEER_HEADERS + 99));
}

static void everything_is_forgotten(void **state)
{
	(void)state;
	answer(100, 6, ACK, NOW_NS);
	hear(100, 1, 0xc000020a, 17, NOW_NS);
	assert_int_equal(ask(NOW_NS + COLLATERAL_REMEMBERED_NS - 1).seen, 100);
	assert_int_equal(ask(NOW_NS + COLLATERAL_REMEMBERED_NS).seen, 0);
	hear(100, 1, 0xc000020a, 17, NOW_NS + 2 * COLLATERAL_REMEMBERED_NS);
	assert_int_equal(ask(NOW_NS + 2 * COLLATERAL_REMEMBERED_NS).seen, 0); /* the peers too */
}

static void memory_is_fixed(void **state)
{
	(void)state;
	answer(4 * COLLATERAL_PEERS, 6, ACK, NOW_NS);
	hear(4 * COLLATERAL_PEERS, 1, 0xc000020a, 17, NOW_NS);
	const struct collateral_counters *counters = collateral_counters_of(collateral);
	assert_int_equal(counters->peers, 4 * COLLATERAL_PEERS);
	assert_int_equal(counters->peers - counters->evicted, counters->kept); /* those who are known have been heard once */
	assert_true(counters->kept <= COLLATERAL_PEERS);
	assert_int_equal(ask(NOW_NS).seen, COLLATERAL_HEADERS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_connection_makes_a_peer_known),
		TEST(answers_that_anyone_gets_prove_nothing),
		TEST(a_udp_peer_must_be_older_than_the_attack),
		TEST(limits_lose_what_they_drop),
		TEST(little_evidence_decides_nothing),
		TEST(a_busy_peer_counts_little),
		TEST(everything_is_forgotten),
		TEST(memory_is_fixed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
