/*
 * Proves that predictions are what packets later show: by views written out, whose shares are counted by hand, and for
 * limits against the evaluator, which meets every packet of the same traffic in its order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "rules/evaluate.h"
#include "rules/predict.h"
#include "rules/traffic_test.h"

static struct sample_view before, during;
static struct rule_list list;
static const struct source_set *const no_sets[RULE_LIST_MAX];
static const struct prediction_rules rules = {&list, no_sets, NULL};

static struct rule rule_drop(uint16_t protocol)
{
	struct ip_prefix target = {ip_from_v4(TRAFFIC_TARGET_V4), 128};
	struct rule rule = rule_to(&target);
	rule.action = RULE_DROP;
	rule.protocol = protocol;
	return rule;
}

/** A hundred good packets of which the first `udp` are UDP to port 53, in ten seconds. */
static void before_fill(size_t udp)
{
	struct random rng;
	random_init(&rng, 1);
	before = (struct sample_view){.span_s = 10, .count = 100};
	for (size_t i = 0; i < 100; i++) {
		struct packet_facts *facts = &before.packets[i].facts;
		traffic_good(&rng, facts);
		facts->tcp_flags = 0x10;
		if (i < udp)
			traffic_ports(facts, 17, 40000, 53, 80);
		traffic_v4(facts->dst_be, TRAFFIC_TARGET_V4);
		before.packets[i].packets = 1;
	}
}

/** The same packets in ten seconds, and of an attack 540 by UDP and 360 by TCP. */
static void during_fill(void)
{
	struct random rng;
	random_init(&rng, 2);
	during = before;
	for (size_t i = 0; i < 900; i++) {
		struct packet_facts *facts = &during.packets[during.count].facts;
		*facts = (struct packet_facts){0};
		(i < 540 ? traffic_udp : traffic_syn_flood)(&rng, facts);
		traffic_v4(facts->dst_be, TRAFFIC_TARGET_V4);
		during.packets[during.count++].packets = 1;
	}
}

static void shares_are_those_of_packets(void **state)
{
	(void)state;
	static const struct {
		size_t udp; /* of a hundred good packets */
		uint16_t protocol;
		struct prediction expected;
	} rows[] = {
		{0, 17, {600, 0, 0}},
		{4, 17, {600, 40, 0}}, /* too few to be a service */
		{20, 17, {600, 200, 950}}, /* all of a service, one stray packet aside */
		{20, 6, {400, 800, 986}}, /* all that TCP brought but a packet for each port; the larger has more */
		{20, 47, {0, 0, 0}},
		{20, RULE_ANY, {1000, 1000, 986}},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct prediction prediction;
		before_fill(rows[i].udp);
		during_fill();
		list.count = 1;
		list.rules[0] = rule_drop(rows[i].protocol);
		assert_int_equal(rules_predict(&rules, &before, &during, &prediction), OK);
		assert_int_equal(prediction.stopped_permille, rows[i].expected.stopped_permille);
		assert_int_equal(prediction.collateral_permille, rows[i].expected.collateral_permille);
		uint16_t service_permille = rows[i].expected.service_permille;
		assert_in_range(prediction.service_permille + 20, service_permille, service_permille + 40);
	}
}

/** What the first rule passes, no later one drops. */
static void the_first_rule_decides(void **state)
{
	(void)state;
	struct prediction prediction;
	before_fill(20);
	during_fill();
	list.count = 2;
	list.rules[0] = rule_drop(17);
	list.rules[0].action = RULE_COUNT;
	list.rules[1] = rule_drop(RULE_ANY);
	assert_int_equal(rules_predict(&rules, &before, &during, &prediction), OK);
	assert_int_equal(prediction.stopped_permille, 400);
	assert_int_equal(prediction.collateral_permille, 800);
}

/** Openings of connections are few packets, and losing them is losing the service. */
static void openings_are_a_service(void **state)
{
	(void)state;
	struct prediction prediction;
	before_fill(0);
	for (size_t i = 0; i < 10; i++)
		before.packets[i].facts.tcp_flags = 0x02;
	during_fill();
	list.count = 1;
	list.rules[0] = rule_drop(6);
	list.rules[0].tcp_mask = 0x12;
	list.rules[0].tcp_flags = 0x02;
	assert_int_equal(rules_predict(&rules, &before, &during, &prediction), OK);
	assert_int_equal(prediction.collateral_permille, 100);
	assert_in_range(prediction.service_permille, 800, 1000);
}

/** Two seconds of good traffic and of bots, packet by packet through the evaluator, beside what a thin sample predicts. */
static void limits_do_what_is_predicted(void **state)
{
	(void)state;
	enum { GOOD = 2000, BAD = 40000, SECONDS = 2 };
	static const struct rule_limit limits[] = {
		{RULE_UNIT_PPS, RULE_SCOPE_SOURCE, 200}, {RULE_UNIT_PPS, RULE_SCOPE_SOURCE, 50}, {RULE_UNIT_PPS, RULE_SCOPE_WHOLE, 10000},
		{RULE_UNIT_BPS, RULE_SCOPE_WHOLE, 2000000},
	};
	static const struct traffic mix[] = {{traffic_good, GOOD}, {traffic_ack_flood, BAD}};
	for (size_t row = 0; row < ARRAY_LEN(limits); row++) {
		struct random rng;
		struct evaluator *evaluator = NULL;
		struct prediction prediction;
		unsigned slack = limits[row].unit == RULE_UNIT_BPS ? 0 : 50; /* of 10 points that are allowed */
		uint64_t good_lost = 0, bad_lost = 0, good = 0, bad = 0;
		random_init(&rng, 30 + row);
		list.count = 1;
		list.rules[0] = rule_drop(6);
		list.rules[0].action = RULE_LIMIT;
		list.rules[0].limit = limits[row];
		traffic_view(&rng, mix, 1, 60, 1000, &before);
		traffic_view(&rng, mix, 2, 1, 1000, &during);
		during.source_count = 25 + 40;
		assert_int_equal(rules_predict(&rules, &before, &during, &prediction), OK);
		assert_int_equal(evaluator_new(&list, no_sets, NULL, &evaluator), OK);
		for (uint32_t i = 0; i < (GOOD + BAD) * SECONDS; i++) {
			struct packet_facts facts = {0};
			bool is_good = random_below(&rng, GOOD + BAD) < GOOD;
			(is_good ? traffic_good : traffic_ack_flood)(&rng, &facts);
			traffic_v4(facts.dst_be, TRAFFIC_TARGET_V4);
			bool is_lost = evaluator_judge(evaluator, &facts, 1 + (int64_t)i * 1000000000 / (GOOD + BAD)).is_dropped;
			*(is_good ? &good : &bad) += 1;
			*(is_good ? &good_lost : &bad_lost) += is_lost;
		}
		print_message("stopped: predicted %u, measured %lu; lost: predicted %u, measured %lu\n", prediction.stopped_permille,
			bad_lost * 1000 / bad, prediction.collateral_permille, good_lost * 1000 / good);
		unsigned least = prediction.stopped_permille + slack, least_lost = prediction.collateral_permille + slack;
		assert_in_range(bad_lost * 1000 / bad + 100, least, least + 200 - 2 * slack);
		assert_in_range(good_lost * 1000 / good + 100, least_lost, least_lost + 200 - 2 * slack);
		evaluator_free(evaluator);
	}
}

/** Where each sampled packet has another source, a limit per source is not taken to stop anything, unless they were counted. */
static void forged_sources_pass_a_limit_per_source(void **state)
{
	(void)state;
	static const struct traffic mix[] = {{traffic_good, 400}, {traffic_syn_flood, 40000}};
	struct prediction prediction;
	struct random rng;
	random_init(&rng, 5);
	traffic_view(&rng, mix, 1, 60, 1000, &before);
	traffic_view(&rng, mix, 2, 1, 600, &during);
	list.count = 1;
	list.rules[0] = rule_drop(6);
	list.rules[0].action = RULE_LIMIT;
	list.rules[0].limit = (struct rule_limit){RULE_UNIT_PPS, RULE_SCOPE_SOURCE, 50};
	assert_int_equal(rules_predict(&rules, &before, &during, &prediction), OK);
	assert_int_equal(prediction.stopped_permille, 0);
	during.source_count = 650;
	assert_int_equal(rules_predict(&rules, &before, &during, &prediction), OK);
	assert_in_range(prediction.stopped_permille, 150, 250);
}

static void without_time_or_attack_nothing_is_said(void **state)
{
	(void)state;
	struct prediction prediction = {.stopped_permille = 7};
	before_fill(0);
	during_fill();
	list.count = 1;
	list.rules[0] = rule_drop(6);
	assert_int_equal(rules_predict(&rules, &before, &before, &prediction), E_STATE);
	before.span_s = 0;
	assert_int_equal(rules_predict(&rules, &before, &during, &prediction), E_STATE);
	assert_int_equal(prediction.stopped_permille, 7);
	before.span_s = 10;
	before.count = 0; /* known: nothing came before */
	assert_int_equal(rules_predict(&rules, &before, &during, &prediction), OK);
	assert_int_equal(prediction.collateral_permille, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_are_those_of_packets),
		cmocka_unit_test(the_first_rule_decides),
		cmocka_unit_test(openings_are_a_service),
		cmocka_unit_test(limits_do_what_is_predicted),
		cmocka_unit_test(forged_sources_pass_a_limit_per_source),
		cmocka_unit_test(without_time_or_attack_nothing_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
