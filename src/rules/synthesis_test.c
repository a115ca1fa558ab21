/*
 * Proves of the making of rules: each vector of the exercise is stopped at the asked share, with hardly any good packet
 * lost, by no more rules than it needs; forged sources never become a list; what cannot be told apart is counted and
 * not stopped; and a budget is kept. What is predicted is measured on other packets of the same traffic.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/synthesis.h"
#include "rules/traffic_test.h"
#include "rules/words.h"

#define GOOD_PPS 400
#define BEFORE_S 120
#define MIX_MAX 4

struct scene {
	const char *name;
	struct traffic attack[MIX_MAX];
	struct traffic beside; /* good traffic beside the clients */
	bool has_bots; /* the finding lists them */
	uint32_t source_count;
	size_t rules_most;
	enum synthesis_state state;
	const char *words; /* of the first rule */
};

static const struct scene scenes[] = {
	{"syn flood", {{traffic_syn_flood, 20000}}, .rules_most = 1, .state = SYNTHESIS_SUFFICIENT,
		.words = "drop TCP with flags syn and not fin, rst, psh, ack, urg to 192.0.2.20 port 443 of 40 bytes"},
	{"syn-ack reflection", {{traffic_synack, 20000}}, .rules_most = 1, .state = SYNTHESIS_SUFFICIENT,
		.words = "drop TCP with flags syn+ack and not fin, rst, psh, urg from port 443 to 192.0.2.20"},
	{"dns reflection", {{traffic_dns, 20000}}, .rules_most = 1, .state = SYNTHESIS_SUFFICIENT,
		.words = "drop UDP to 192.0.2.20, only fragments"},
	{"dns reflection beside a resolver", {{traffic_dns, 20000}}, {traffic_own_dns, 10}, .rules_most = 2,
		.state = SYNTHESIS_SUFFICIENT, .words = "drop UDP to 192.0.2.20, only fragments"},
	{"ntp reflection", {{traffic_ntp, 20000}}, .rules_most = 1, .state = SYNTHESIS_SUFFICIENT,
		.words = "drop UDP that looks like ntp_private from port 123 to 192.0.2.20"},
	{"ack flood", {{traffic_ack_flood, 20000}}, .rules_most = 1, .state = SYNTHESIS_SUFFICIENT,
		.words = "drop TCP with flags ack and not fin, syn, rst, psh, urg to 192.0.2.20 port 443 of 40 bytes"},
	{"stomp", {{traffic_stomp, 20000}}, .rules_most = 1, .state = SYNTHESIS_SUFFICIENT,
		.words = "drop TCP with flags psh+ack and not fin, syn, rst, urg to 192.0.2.20 port 443 of 808 bytes"},
	{"udp flood", {{traffic_udp, 20000}}, .rules_most = 1, .state = SYNTHESIS_SUFFICIENT, .words = "drop UDP to 192.0.2.20"},
	{"vse flood", {{traffic_vse, 20000}}, .rules_most = 1, .state = SYNTHESIS_SUFFICIENT,
		.words = "drop UDP that looks like vse to 192.0.2.20 port 27015"},
	/* Made as two, and merged. */
	{"two ports beside a third", {{traffic_two_ports, 20000}}, {traffic_own_quic, 40}, .rules_most = 1,
		.state = SYNTHESIS_SUFFICIENT, .words = "drop UDP from ports 111 to 137 to 192.0.2.20"},
	{"clients who are busy", {{traffic_ntp, 3000}, {traffic_busy_known, 400}, {traffic_busy_new, 400}}, .rules_most = 1,
		.state = SYNTHESIS_PARTIAL, .words = "drop UDP that looks like ntp_private from port 123 to 192.0.2.20"},
	{"three vectors", {{traffic_ntp, 20000}, {traffic_syn_flood, 12000}, {traffic_stomp, 6000}}, .rules_most = 3,
		.state = SYNTHESIS_SUFFICIENT, .words = "drop UDP that looks like ntp_private from port 123 to 192.0.2.20"},
	{"bots that are known", {{traffic_syn_of_bots, 20000}}, .has_bots = true, .rules_most = 1, .state = SYNTHESIS_SUFFICIENT,
		.words = "drop TCP with flags syn and not fin, rst, psh, ack, urg from 203.0.113.1, 203.0.113.2, 203.0.113.3, 203.0.113.4 "
			"and 21 more prefixes to 192.0.2.20 port 443"},
	{"bots that are not known", {{traffic_syn_of_bots, 20000}}, .source_count = 25, .rules_most = 1, .state = SYNTHESIS_PARTIAL,
		.words = "limit to 50pps for each source: TCP with flags syn and not fin, rst, psh, ack, urg to 192.0.2.20 port 443"},
	{"nothing tells it apart", {{traffic_syn_alike, 20000}}, .source_count = 1000000, .rules_most = 1,
		.state = SYNTHESIS_COUNT_ONLY, .words = "count TCP with flags syn and not fin, rst, psh, ack, urg to 192.0.2.20 port 443"},
};

static struct finding finding;
static struct sample_view before, during, before_too, during_too;
static struct synthesis synthesis;

static void finding_fill(const struct scene *scene)
{
	finding = (struct finding){.kind = FINDING_FLOOD, .target = {ip_from_v4(TRAFFIC_TARGET_V4), 128}};
	for (uint32_t i = 0; scene->has_bots && i < 25; i++)
		finding.sources[finding.listed_count++] = (struct finding_source){ip_from_v4(0xcb007101 + i), .verdict = SOURCE_BOT};
}

static void views_fill(struct random *rng, const struct scene *scene, struct sample_view *ret_before,
	struct sample_view *ret_during)
{
	struct traffic mix[MIX_MAX + 2] = {{traffic_good, GOOD_PPS}};
	size_t count = 1;
	if (scene->beside.make != NULL)
		mix[count++] = scene->beside;
	traffic_view(rng, mix, count, BEFORE_S, 1000, ret_before);
	for (size_t i = 0; i < MIX_MAX && scene->attack[i].make != NULL; i++)
		mix[count++] = scene->attack[i];
	traffic_view(rng, mix, count, 0.2, 600, ret_during);
	ret_during->source_count = scene->source_count;
}

static struct synthesis_request request_of(void)
{
	return (struct synthesis_request){&finding, &before, &during, NULL, NULL, 980, 10, 8};
}

static void each_vector_has_its_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(scenes); i++) {
		const struct scene *scene = &scenes[i];
		struct random rng;
		char words[RULE_WORDS_BYTES], complaint[RULE_COMPLAINT_BYTES];
		struct prediction measured = {0};
		random_init(&rng, 100 + i);
		finding_fill(scene);
		views_fill(&rng, scene, &before, &during);
		struct synthesis_request request = request_of();
		assert_int_equal(synthesis_make(&request, &synthesis), OK);
		for (size_t j = 0; j < synthesis.rules.count; j++) {
			print_message("%s: %s; %s\n", scene->name, rule_words(&synthesis.rules.rules[j], words), synthesis.why[j]);
			assert_int_equal(rule_check(&synthesis.rules.rules[j], complaint), OK);
		}
		assert_string_equal(rule_words(&synthesis.rules.rules[0], words), scene->words);
		assert_int_equal(synthesis.state, scene->state);
		assert_in_range(synthesis.rules.count, 1, scene->rules_most);
		assert_true(synthesis.predicted.collateral_permille <= 10 && synthesis.predicted.service_permille <= 10);
		/* The same traffic once more. */
		views_fill(&rng, scene, &before_too, &during_too);
		struct prediction_rules rules = {&synthesis.rules, synthesis.sets, NULL};
		assert_int_equal(rules_predict(&rules, &before_too, &during_too, &measured), OK);
		print_message("%s: predicted %u and %u, measured %u and %u\n", synthesis_state_name(synthesis.state),
			synthesis.predicted.stopped_permille, synthesis.predicted.collateral_permille, measured.stopped_permille,
			measured.collateral_permille);
		unsigned predicted_permille = synthesis.predicted.stopped_permille;
		assert_in_range(measured.stopped_permille + 20, predicted_permille, predicted_permille + 40);
		assert_in_range(measured.collateral_permille, 0, 10);
		synthesis_done(&synthesis);
	}
}

static const struct scene *scene_find(const char *name)
{
	size_t i = 0;
	while (strcmp(scenes[i].name, name) != 0)
		i++;
	return &scenes[i];
}

/** Prepares finding and views of a scene. */
static void scene_set(const char *name)
{
	struct random rng;
	random_init(&rng, 7);
	finding_fill(scene_find(name));
	views_fill(&rng, scene_find(name), &before, &during);
}

/** Only addresses that really send are listed, none that is protected, and more than a rule holds as a set. */
static void sources_are_listed_by_verdict(void **state)
{
	(void)state;
	static const enum source_verdict verdicts[] = {SOURCE_UNKNOWN, SOURCE_SPOOFED};
	struct ip_prefix protected = {ip_from_v4(0xcb007101), 128};
	struct space_config config = {.protected = &protected, .protected_count = 1};
	struct synthesis_request request = request_of();
	struct space *space = NULL;
	for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
		scene_set("bots that are known");
		for (size_t j = 0; j < finding.listed_count; j++)
			finding.sources[j].verdict = verdicts[i];
		assert_int_equal(synthesis_make(&request, &synthesis), OK);
		for (size_t j = 0; j < synthesis.rules.count; j++)
			assert_true(synthesis.rules.rules[j].source_count == 0 && synthesis.rules.rules[j].source_set.count == 0);
		synthesis_done(&synthesis);
	}
	scene_set("bots that are known");
	assert_int_equal(space_new(&config, &space), OK);
	request.space = space;
	assert_int_equal(synthesis_make(&request, &synthesis), OK);
	assert_int_equal(synthesis.rules.rules[0].source_count, 24);
	assert_null(synthesis.sources);
	synthesis_done(&synthesis);
	space_free(space);
	request.space = NULL;
	for (uint32_t i = 25; i < 40; i++)
		finding.sources[finding.listed_count++] = (struct finding_source){ip_from_v4(0xcb007101 + i), .verdict = SOURCE_AMPLIFIER};
	assert_int_equal(synthesis_make(&request, &synthesis), OK);
	assert_int_equal(synthesis.rules.rules[0].source_set.count, 40);
	assert_true(synthesis.sources != NULL && synthesis.sets[0] == synthesis.sources);
	assert_int_equal(synthesis.state, SYNTHESIS_SUFFICIENT);
	synthesis_done(&synthesis);
	/* More are known than the finding lists: the set is the caller's. */
	struct ip_addr known[50];
	struct source_set *senders = NULL;
	for (uint32_t i = 0; i < ARRAY_LEN(known); i++)
		known[i] = ip_from_v4(0xcb007101 + i);
	assert_int_equal(source_set_new(known, ARRAY_LEN(known), &senders), OK);
	request.senders = senders;
	assert_int_equal(synthesis_make(&request, &synthesis), OK);
	assert_int_equal(synthesis.rules.rules[0].source_set.count, 50);
	assert_true(synthesis.sources == NULL && synthesis.sets[0] == senders);
	synthesis_done(&synthesis);
	source_set_free(senders);
}

/** A carpet has a rule for each prefix, or one for the target where the budget is smaller. */
static void a_carpet_has_its_prefixes(void **state)
{
	(void)state;
	struct random rng;
	struct synthesis_request request = request_of();
	random_init(&rng, 9);
	scene_set("ntp reflection");
	finding.kind = FINDING_CARPET_BOMBING;
	finding.target = (struct ip_prefix){ip_from_v4(0xc0000200), 120};
	finding.prefixes[0] = (struct ip_prefix){ip_from_v4(0xc0000200), 123};
	finding.prefixes[1] = (struct ip_prefix){ip_from_v4(0xc0000280), 123};
	finding.prefix_count = 2;
	for (size_t i = 0; i < during.count; i++)
		traffic_v4(during.packets[i].facts.dst_be, 0xc0000200 + 0x80 * traffic_between(&rng, 0, 1) + traffic_between(&rng, 0, 31));
	assert_int_equal(synthesis_make(&request, &synthesis), OK);
	assert_int_equal(synthesis.state, SYNTHESIS_SUFFICIENT);
	assert_int_equal(synthesis.rules.count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_memory_equal(&synthesis.rules.rules[i].destination, &finding.prefixes[i], sizeof(struct ip_prefix));
	synthesis_done(&synthesis);
	request.rules_max = 1;
	assert_int_equal(synthesis_make(&request, &synthesis), OK);
	assert_int_equal(synthesis.state, SYNTHESIS_SUFFICIENT);
	assert_int_equal(synthesis.rules.count, 1);
	assert_memory_equal(&synthesis.rules.rules[0].destination, &finding.target, sizeof(struct ip_prefix));
	synthesis_done(&synthesis);
}

static void the_budget_is_kept(void **state)
{
	(void)state;
	struct synthesis_request request = request_of();
	scene_set("three vectors");
	for (uint32_t most = 1; most <= 3; most++) {
		request.rules_max = most;
		assert_int_equal(synthesis_make(&request, &synthesis), OK);
		assert_int_equal(synthesis.rules.count, most);
		assert_int_equal(synthesis.state, most == 3 ? SYNTHESIS_SUFFICIENT : SYNTHESIS_PARTIAL);
		synthesis_done(&synthesis);
	}
	request.stopped_permille = 500; /* the largest alone does it */
	assert_int_equal(synthesis_make(&request, &synthesis), OK);
	assert_int_equal(synthesis.rules.count, 1);
	assert_int_equal(synthesis.state, SYNTHESIS_SUFFICIENT);
	synthesis_done(&synthesis);
}

/** IPv6 packets, among them fragments of a flood by extension header. */
static void ipv6_has_rules_of_its_own(void **state)
{
	(void)state;
	struct synthesis_request request = request_of();
	char words[RULE_WORDS_BYTES];
	scene_set("udp flood");
	finding.target = (struct ip_prefix){{.bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = 0x14}}, 128};
	struct sample_view *views[] = {&before, &during};
	for (size_t i = 0; i < ARRAY_LEN(views); i++) {
		for (size_t j = 0; j < views[i]->count; j++) {
			struct packet_facts *facts = &views[i]->packets[j].facts;
			memcpy(facts->dst_be, finding.target.addr.bytes, sizeof(facts->dst_be));
			facts->src_be[0] = 0xb80d0120;
			facts->src_be[2] = 0;
			facts->length_bytes += 20;
			if (facts->protocol == 17 && j % 2 == 0) {
				facts->extensions = 4;
				facts->has = 0;
				facts->fragment = PACKET_FRAGMENT_LATER;
			}
		}
	}
	assert_int_equal(synthesis_make(&request, &synthesis), OK);
	assert_string_equal(rule_words(&synthesis.rules.rules[0], words), "drop UDP to 2001:db8::14");
	assert_int_equal(synthesis.state, SYNTHESIS_SUFFICIENT);
	synthesis_done(&synthesis);
}

static void what_cannot_be_answered_is_refused(void **state)
{
	(void)state;
	struct synthesis_request request = request_of();
	scene_set("udp flood");
	request.rules_max = 0;
	assert_int_equal(synthesis_make(&request, &synthesis), E_LIMIT);
	request.rules_max = RULE_LIST_MAX + 1;
	assert_int_equal(synthesis_make(&request, &synthesis), E_LIMIT);
	request.rules_max = 8;
	finding.target = (struct ip_prefix){.bits = 0}; /* taken out of what left a member */
	assert_int_equal(synthesis_make(&request, &synthesis), E_STATE);
	static const enum finding_kind kinds[] = {FINDING_UNKNOWN, FINDING_OUTBOUND_ATTACK, FINDING_SCAN, FINDING_BACKSCATTER,
		FINDING_FLASH_CROWD};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		scene_set("udp flood");
		finding.kind = kinds[i];
		assert_int_equal(synthesis_make(&request, &synthesis), E_STATE);
	}
	scene_set("udp flood");
	before.span_s = 0; /* nothing is known of before: nothing may be stopped */
	assert_int_equal(synthesis_make(&request, &synthesis), E_STATE);
	scene_set("udp flood");
	request.during = &before; /* no more than before */
	assert_int_equal(synthesis_make(&request, &synthesis), E_STATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_vector_has_its_rule),
		cmocka_unit_test(sources_are_listed_by_verdict),
		cmocka_unit_test(a_carpet_has_its_prefixes),
		cmocka_unit_test(the_budget_is_kept),
		cmocka_unit_test(ipv6_has_rules_of_its_own),
		cmocka_unit_test(what_cannot_be_answered_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
