/*
 * Proves what rules mean, by rules and packets written out: each member narrows a rule to what it says and no further,
 * the first rule that matches decides, limits let through what they say; and that the parser reads what is in the
 * packet and no byte more. That XDP means the same is proven by xdp_tables_test.c, of nftables by nft_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "rules/evaluate.h"
#include "rules/scene_test.h"

#define V4(last) {0, 0, 0xffff0000, (uint32_t)(last) << 24 | 0x000200c0} /* 192.0.2.last */
#define V6(last) {0xb80d0120, 0, 0, (uint32_t)(last) << 24} /* 2001:db8::last */
#define UDP_FACTS .protocol = 17, .has = PACKET_HAS_PORTS, .src_port = 123, .dst_port = 5000, .length_bytes = 468, \
	.fragment = PACKET_FRAGMENT_WHOLE
#define TO_V4 .destination = {{.be32 = V4(7)}, 128}
#define TO_V6 .destination = {{.be32 = V6(7)}, 128}

/* What a rule for 192.0.2.7 or 2001:db8::7 asks, beside that, and whether it matches. */
struct row {
	const char *name;
	bool is_match;
	struct rule asks; /* members that are zero here and ask for something at zero are set by row_rule() */
	struct packet_facts facts;
};

static const struct row meanings[] = {
	{"destination", true, {TO_V4}, {.dst_be = V4(7)}},
	{"another destination", false, {TO_V4}, {.dst_be = V4(8)}},
	{"the other family", false, {TO_V4}, {.dst_be = V6(7)}},
	{"source within a prefix", true, {TO_V4, .source_count = 1, .sources = {{{.be32 = V4(128)}, 121}}},
		{.dst_be = V4(7), .src_be = V4(255)}},
	{"source beside it", false, {TO_V4, .source_count = 1, .sources = {{{.be32 = V4(128)}, 121}}},
		{.dst_be = V4(7), .src_be = V4(127)}},
	{"protocol", true, {TO_V4, .protocol = 17}, {.dst_be = V4(7), UDP_FACTS}},
	{"another protocol", false, {TO_V4, .protocol = 6}, {.dst_be = V4(7), UDP_FACTS}},
	{"source port", true, {TO_V4, .protocol = 17, .source_ports = {123, 123}}, {.dst_be = V4(7), UDP_FACTS}},
	{"source port above", false, {TO_V4, .protocol = 17, .source_ports = {0, 122}}, {.dst_be = V4(7), UDP_FACTS}},
	{"source port below", false, {TO_V4, .protocol = 17, .source_ports = {124, 65535}}, {.dst_be = V4(7), UDP_FACTS}},
	{"destination port", true, {TO_V4, .protocol = 17, .destination_ports = {5000, 5001}}, {.dst_be = V4(7), UDP_FACTS}},
	{"another destination port", false, {TO_V4, .protocol = 17, .destination_ports = {5001, 5002}}, {.dst_be = V4(7), UDP_FACTS}},
	{"ports of a later fragment", false, {TO_V4, .protocol = 17, .destination_ports = {0, 5001}},
		{.dst_be = V4(7), .protocol = 17, .fragment = PACKET_FRAGMENT_LATER}},
	{"protocol of a later fragment", true, {TO_V4, .protocol = 17},
		{.dst_be = V4(7), .protocol = 17, .fragment = PACKET_FRAGMENT_LATER}},
	{"length", true, {TO_V4, .length_bytes = {468, 468}}, {.dst_be = V4(7), UDP_FACTS}},
	{"shorter", false, {TO_V4, .length_bytes = {469, 65535}}, {.dst_be = V4(7), UDP_FACTS}},
	{"longer", false, {TO_V4, .length_bytes = {0, 467}}, {.dst_be = V4(7), UDP_FACTS}},
	{"flags under a mask", true, {TO_V4, .protocol = 6, .tcp_mask = 0x12, .tcp_flags = 0x02},
		{.dst_be = V4(7), .protocol = 6, .has = PACKET_HAS_PORTS | PACKET_HAS_FLAGS, .tcp_flags = 0xc2}},
	{"flags that must not be", false, {TO_V4, .protocol = 6, .tcp_mask = 0x12, .tcp_flags = 0x02},
		{.dst_be = V4(7), .protocol = 6, .has = PACKET_HAS_PORTS | PACKET_HAS_FLAGS, .tcp_flags = 0x12}},
	{"no flags", true, {TO_V4, .protocol = 6, .tcp_mask = 0xff},
		{.dst_be = V4(7), .protocol = 6, .has = PACKET_HAS_PORTS | PACKET_HAS_FLAGS}},
	{"flags cut off", false, {TO_V4, .protocol = 6, .tcp_mask = 0xff}, {.dst_be = V4(7), .protocol = 6, .has = PACKET_HAS_PORTS}},
	{"one kind of two", true, {TO_V4, .fragments = RULE_FRAGMENT_FIRST | RULE_FRAGMENT_LATER},
		{.dst_be = V4(7), .fragment = PACKET_FRAGMENT_LATER}},
	{"neither kind", false, {TO_V4, .fragments = RULE_FRAGMENT_FIRST | RULE_FRAGMENT_LATER},
		{.dst_be = V4(7), .fragment = PACKET_FRAGMENT_WHOLE}},
	{"type and code", true, {TO_V4, .protocol = 1, .icmp_type = 3, .icmp_code = 3},
		{.dst_be = V4(7), .protocol = 1, .has = PACKET_HAS_ICMP, .icmp_type = 3, .icmp_code = 3}},
	{"another code", false, {TO_V4, .protocol = 1, .icmp_type = 3, .icmp_code = 3},
		{.dst_be = V4(7), .protocol = 1, .has = PACKET_HAS_ICMP, .icmp_type = 3, .icmp_code = 1}},
	{"type cut off", false, {TO_V4, .protocol = 1, .icmp_type = 8, .icmp_code = RULE_ANY}, {.dst_be = V4(7), .protocol = 1}},
	{"signature", true, {TO_V4, .protocol = 17, .signature = RULE_SIGNATURE_GAME},
		{.dst_be = V4(7), UDP_FACTS, .look_count = 4, .look = {0xff, 0xff, 0xff, 0xff}}},
	{"signature cut off", false, {TO_V4, .protocol = 17, .signature = RULE_SIGNATURE_MEMCACHED},
		{.dst_be = V4(7), UDP_FACTS, .look_count = 7}},
	{"signature of zeros", true, {TO_V4, .protocol = 17, .signature = RULE_SIGNATURE_MEMCACHED},
		{.dst_be = V4(7), UDP_FACTS, .look_count = 8}},
	{"another payload", false, {TO_V4, .protocol = 17, .signature = RULE_SIGNATURE_GAME},
		{.dst_be = V4(7), UDP_FACTS, .look_count = 4, .look = {0xff, 0xff, 0xff, 0xfe}}},
	{"extension header", true, {TO_V6, .protocol = 44}, {.dst_be = V6(7), .protocol = 17, .extensions = 4}},
	{"no extension header", false, {TO_V6, .protocol = 44}, {.dst_be = V6(7), .protocol = 17, .extensions = 1}},
	{"44 is a protocol in IPv4", true, {TO_V4, .protocol = 44}, {.dst_be = V4(7), .protocol = 44}},
};

static struct rule row_rule(const struct row *row)
{
	struct rule rule = row->asks, all = rule_to(&row->asks.destination);
	bool has_ports = rule.protocol == 6 || rule.protocol == 17;
	rule.action = RULE_DROP;
	rule.protocol = rule.protocol != 0 ? rule.protocol : all.protocol;
	rule.source_ports = has_ports && rule.source_ports.max != 0 ? rule.source_ports : all.source_ports;
	rule.destination_ports = has_ports && rule.destination_ports.max != 0 ? rule.destination_ports : all.destination_ports;
	rule.length_bytes = rule.length_bytes.max != 0 ? rule.length_bytes : all.length_bytes;
	rule.icmp_type = rule.protocol == 1 ? rule.icmp_type : all.icmp_type;
	rule.icmp_code = rule.protocol == 1 ? rule.icmp_code : all.icmp_code;
	return rule;
}

static void each_member_narrows_a_rule(void **state)
{
	(void)state;
	char complaint[RULE_COMPLAINT_BYTES] = "";
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
		struct rule rule = row_rule(&meanings[i]);
		if (rule_check(&rule, complaint) != OK || rule_matches(&rule, NULL, NULL, &meanings[i].facts) != meanings[i].is_match)
			fail_msg("%s: %s", meanings[i].name, complaint);
	}
}

/** The first rule that matches decides; protected sources are matched by no rule for all sources. */
static void the_first_rule_decides(void **state)
{
	(void)state;
	static struct rule_list list;
	static const struct ip_prefix protected = {{.be32 = V4(200)}, 128};
	struct space_config config = {.protected = &protected, .protected_count = 1};
	struct ip_prefix one = {{.be32 = V4(7)}, 128}, all = {{.be32 = V4(0)}, 120};
	const struct source_set *sets[2] = {NULL};
	struct space *space = NULL;
	struct evaluator *evaluator = NULL;
	list.count = 2;
	list.rules[0] = rule_to(&one);
	list.rules[0].action = RULE_COUNT;
	list.rules[1] = rule_to(&all);
	list.rules[1].action = RULE_DROP;
	assert_int_equal(space_new(&config, &space), OK);
	assert_int_equal(evaluator_new(&list, sets, space, &evaluator), OK);
	struct packet_facts counted = {.dst_be = V4(7)}, dropped = {.dst_be = V4(8)}, spared = {.dst_be = V4(8), .src_be = V4(200)};
	struct evaluation evaluation = evaluator_judge(evaluator, &counted, 1);
	assert_true(evaluation.rule == 0 && !evaluation.is_dropped);
	evaluation = evaluator_judge(evaluator, &dropped, 1);
	assert_true(evaluation.rule == 1 && evaluation.is_dropped);
	evaluation = evaluator_judge(evaluator, &spared, 1);
	assert_true(evaluation.rule == -1 && !evaluation.is_dropped);
	evaluator_free(evaluator);
	space_free(space);
}

/** A limit lets through its rate and 100 ms of burst, each source its own where it says so. */
static void limits_let_through_what_they_say(void **state)
{
	(void)state;
	static const struct {
		struct rule_limit limit;
		uint32_t sources;
		uint64_t passed; /* of 10,000 packets of 100 bytes each, 10 us apart */
	} rows[] = {
		{{RULE_UNIT_PPS, RULE_SCOPE_WHOLE, 1000}, 4, 200}, /* 100 at once, then one each ms for 100 ms */
		{{RULE_UNIT_PPS, RULE_SCOPE_SOURCE, 1000}, 4, 800},
		{{RULE_UNIT_BPS, RULE_SCOPE_WHOLE, 8000000}, 4, 2000}, /* 100 kB at once, then 1 MB/s for 0.1 s */
		{{RULE_UNIT_BPS, RULE_SCOPE_WHOLE, 800000}, 4, 755}, /* the longest packet at once, then 100 kB/s */
		{{RULE_UNIT_PPS, RULE_SCOPE_WHOLE, 1}, 1, 1}, /* the slowest limit passes a packet */
		{{RULE_UNIT_PPS, RULE_SCOPE_WHOLE, 200000}, 1, 10000}, /* twice as fast as they come */
	};
	for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
		static struct rule_list list;
		const struct source_set *sets[1] = {NULL};
		struct ip_prefix destination = {ip_from_v4(0xc0000201), 128};
		struct evaluator *evaluator = NULL;
		uint64_t passed = 0;
		list.count = 1;
		list.rules[0] = rule_to(&destination);
		list.rules[0].action = RULE_LIMIT;
		list.rules[0].limit = rows[row].limit;
		assert_int_equal(evaluator_new(&list, sets, NULL, &evaluator), OK);
		for (uint32_t i = 0; i < 10000; i++) {
			struct packet_facts facts = {.dst_be = {0, 0, 0xffff0000, 0x010200c0}, .length_bytes = 100,
				.fragment = PACKET_FRAGMENT_WHOLE, .src_be = {0, 0, 0xffff0000, i % rows[row].sources}};
			passed += !evaluator_judge(evaluator, &facts, 1000000 + (int64_t)i * 10000).is_dropped;
		}
		assert_in_range(passed, rows[row].passed - rows[row].sources, rows[row].passed + rows[row].sources);
		evaluator_free(evaluator);
	}
}

/** Parses a packet of which the last bytes are not at hand, from memory that ends there (ASan sees a byte more). */
static void the_parser_never_reads_beyond(void **state)
{
	(void)state;
	struct random rng;
	random_init(&rng, 5);
	for (int i = 0; i < 3000; i++) {
		uint8_t bytes[SCENE_PACKET_BYTES_MAX];
		size_t length_bytes = scene_packet(&rng, bytes), cut_bytes = random_below(&rng, length_bytes + 1);
		uint8_t *copy = malloc(cut_bytes);
		struct packet_facts whole = {0}, cut = {0};
		memcpy(copy, bytes, cut_bytes);
		assert_true(packet_facts_parse(&whole, bytes, bytes + length_bytes));
		bool is_ip = packet_facts_parse(&cut, copy, copy + cut_bytes);
		assert_int_equal(is_ip, cut_bytes >= (bytes[0] >> 4 == 4 ? 20u : 40u));
		assert_int_equal(cut.has & ~whole.has, 0);
		assert_true(cut.look_count <= whole.look_count);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_member_narrows_a_rule),
		cmocka_unit_test(the_first_rule_decides),
		cmocka_unit_test(limits_let_through_what_they_say),
		cmocka_unit_test(the_parser_never_reads_beyond),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
