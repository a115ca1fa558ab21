/*
 * Proves that a rule and its document say the same, that the document of a rule is one text, and that each rule which
 * contradicts itself is refused in one line that names the field. The schema has its own test (rule_schema_test.py),
 * for which "--documents" prints rules, one a line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "record/rule.h"

#define TO "\"action\":\"drop\",\"destination\":\"192.0.2.10\""
#define TO6 "\"action\":\"drop\",\"destination\":\"2001:db8::1\""
#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* Canonical texts of rules, each of which is read, written and read again. */
static const char *const good[] = {
	"{" TO "}",
	"{" TO6 "}",
	"{\"action\":\"count\",\"destination\":\"10.0.0.0/8\"}",
	"{\"action\":\"count\",\"destination\":\"2001::/16\"}",
	"{" TO ",\"protocol\":0}",
	"{" TO ",\"length_bytes\":[400,65535],\"protocol\":17,\"source_ports\":[123,123]}",
	"{" TO ",\"destination_ports\":[0,1023],\"protocol\":132}",
	"{" TO ",\"protocol\":6,\"tcp_flags\":{\"mask\":[\"fin\",\"syn\",\"rst\",\"psh\",\"ack\",\"urg\",\"ece\",\"cwr\"],\"set\":[]}}",
	"{" TO ",\"protocol\":6,\"tcp_flags\":{\"mask\":[\"syn\",\"ack\"],\"set\":[\"syn\"]}}",
	"{" TO ",\"icmp_code\":3,\"icmp_type\":3,\"protocol\":1}",
	"{" TO6 ",\"icmp_type\":0,\"protocol\":58}",
	"{" TO ",\"fragments\":[\"first\",\"later\"]}",
	"{" TO6 ",\"fragments\":[\"whole\"],\"protocol\":44}",
	"{" TO ",\"protocol\":17,\"signature\":\"dns_response\"}",
	"{" TO ",\"sources\":[\"198.51.100.0/25\",\"198.51.100.128\",\"203.0.113.0/24\"]}",
	"{" TO6 ",\"sources\":[\"2001:db8:1::/48\",\"2001:db8:2::/64\"]}",
	"{" TO ",\"source_set\":{\"count\":10000000,\"digest\":\"" DIGEST "\"}}",
	"{\"action\":\"limit\",\"destination\":\"192.0.2.10\",\"limit\":{\"per\":\"source\",\"pps\":1}}",
	"{\"action\":\"limit\",\"destination\":\"192.0.2.10\",\"limit\":{\"bps\":10000000000000,\"per\":\"whole\"}}",
};

/* What is refused, and the field that the complaint begins with. */
static const struct {
	const char *text;
	const char *field;
} bad[] = {
	{"{\"action\":\"drop\"}", "destination"},
	{"{\"destination\":\"192.0.2.10\"}", "action"},
	{"{\"action\":\"unknown\",\"destination\":\"192.0.2.10\"}", "action"},
	{"[]", "action"},
	{"{" TO ",\"ports\":[1,2]}", "members"},
	{"{\"action\":\"drop\",\"destination\":\"0.0.0.0/0\"}", "destination"},
	{"{\"action\":\"drop\",\"destination\":\"0.0.0.0/7\"}", "destination"},
	{"{\"action\":\"drop\",\"destination\":\"::/0\"}", "destination"},
	{"{\"action\":\"drop\",\"destination\":\"2000::/15\"}", "destination"},
	{"{\"action\":\"drop\",\"destination\":\"192.0.2.1/24\"}", "destination"},
	{"{\"action\":\"drop\",\"destination\":\"192.0.2.1/32\"}", "destination"}, /* not the usual form */
	{"{\"action\":\"drop\",\"destination\":\"2001:DB8::1\"}", "destination"},
	{"{" TO ",\"sources\":[\"2001:db8::/32\"]}", "sources"},
	{"{" TO6 ",\"sources\":[\"198.51.100.0/24\"]}", "sources"},
	{"{" TO ",\"sources\":[\"0.0.0.0/0\"]}", "sources"},
	{"{" TO6 ",\"sources\":[\"::/0\"]}", "sources"},
	{"{" TO ",\"sources\":[]}", "sources"},
	{"{" TO ",\"sources\":[\"203.0.113.0/24\",\"198.51.100.0/25\"]}", "sources"},
	{"{" TO ",\"sources\":[\"198.51.100.0/24\",\"198.51.100.7\"]}", "sources"},
	{"{" TO ",\"sources\":[\"198.51.100.7\",\"198.51.100.7\"]}", "sources"},
	{"{" TO ",\"source_set\":{\"count\":1,\"digest\":\"" DIGEST "\"},\"sources\":[\"198.51.100.7\"]}", "source_set"},
	{"{" TO ",\"source_set\":{\"count\":0,\"digest\":\"" DIGEST "\"}}", "source_set"},
	{"{" TO ",\"source_set\":{\"count\":10000001,\"digest\":\"" DIGEST "\"}}", "source_set"},
	{"{" TO ",\"source_set\":{\"count\":1,\"digest\":\"0011\"}}", "source_set"},
	{"{" TO ",\"source_set\":{\"count\":1,\"digest\":\"A" "0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}}",
		"source_set"},
	{"{" TO ",\"protocol\":256}", "protocol"},
	{"{" TO ",\"protocol\":17.0}", "protocol"},
	{"{" TO ",\"protocol\":-1}", "protocol"},
	{"{" TO ",\"protocol\":1,\"source_ports\":[53,53]}", "source_ports"},
	{"{" TO ",\"destination_ports\":[53,53]}", "destination_ports"},
	{"{" TO ",\"protocol\":17,\"source_ports\":[54,53]}", "source_ports"},
	{"{" TO ",\"protocol\":17,\"source_ports\":[0,65535]}", "source_ports"},
	{"{" TO ",\"protocol\":17,\"source_ports\":[0,65536]}", "source_ports"},
	{"{" TO ",\"protocol\":17,\"source_ports\":[53]}", "source_ports"},
	{"{" TO ",\"length_bytes\":[0,19]}", "length_bytes"},
	{"{" TO6 ",\"length_bytes\":[0,39]}", "length_bytes"},
	{"{" TO ",\"length_bytes\":[500,400]}", "length_bytes"},
	{"{" TO ",\"protocol\":17,\"tcp_flags\":{\"mask\":[\"syn\"],\"set\":[\"syn\"]}}", "tcp_flags"},
	{"{" TO ",\"protocol\":6,\"tcp_flags\":{\"mask\":[\"syn\"],\"set\":[\"ack\"]}}", "tcp_flags"},
	{"{" TO ",\"protocol\":6,\"tcp_flags\":{\"mask\":[\"ack\",\"syn\"],\"set\":[]}}", "tcp_flags"},
	{"{" TO ",\"protocol\":6,\"tcp_flags\":{\"mask\":[],\"set\":[]}}", "tcp_flags"},
	{"{" TO ",\"protocol\":6,\"tcp_flags\":{\"mask\":[\"syn\",\"syn\"],\"set\":[]}}", "tcp_flags"},
	{"{" TO ",\"icmp_type\":8,\"protocol\":58}", "icmp_type"},
	{"{" TO6 ",\"icmp_type\":128,\"protocol\":1}", "icmp_type"},
	{"{" TO ",\"icmp_code\":8,\"protocol\":1}", "icmp_code"},
	{"{" TO ",\"fragments\":[\"first\",\"later\",\"whole\"]}", "fragments"},
	{"{" TO ",\"fragments\":[]}", "fragments"},
	{"{" TO ",\"fragments\":[\"later\"],\"protocol\":17,\"source_ports\":[53,53]}", "fragments"},
	{"{" TO ",\"protocol\":6,\"signature\":\"dns_query\"}", "signature"},
	{"{" TO ",\"protocol\":17,\"signature\":\"none\"}", "signature"},
	{"{\"action\":\"limit\",\"destination\":\"192.0.2.10\"}", "limit"},
	{"{" TO ",\"limit\":{\"per\":\"whole\",\"pps\":5}}", "limit"},
	{"{\"action\":\"limit\",\"destination\":\"192.0.2.10\",\"limit\":{\"per\":\"port\",\"pps\":5}}", "limit"},
	{"{\"action\":\"limit\",\"destination\":\"192.0.2.10\",\"limit\":{\"per\":\"whole\",\"pps\":0}}", "limit"},
	{"{\"action\":\"limit\",\"destination\":\"192.0.2.10\",\"limit\":{\"bps\":7999,\"per\":\"whole\"}}", "limit"},
	{"{\"action\":\"limit\",\"destination\":\"192.0.2.10\",\"limit\":{\"bps\":9000,\"pps\":7}}", "limit"},
};

static struct rule_list list, back;

static int read_one(const char *rule, char ret_complaint[static RULE_COMPLAINT_BYTES])
{
	char text[1024];
	int length = snprintf(text, sizeof(text), "[%s]", rule);
	return rule_list_parse(text, (size_t)length, &list, ret_complaint);
}

static void rule_and_document_say_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		char complaint[RULE_COMPLAINT_BYTES] = "", expected[1024], *text = NULL;
		if (read_one(good[i], complaint) != OK)
			fail_msg("%s: %s", good[i], complaint);
		assert_int_equal(rule_list_write(&list, &text), OK);
		snprintf(expected, sizeof(expected), "[%s]", good[i]);
		assert_string_equal(text, expected);
		free(text);
	}
}

static void members_arrive_where_they_belong(void **state)
{
	(void)state;
	char complaint[RULE_COMPLAINT_BYTES];
	assert_int_equal(read_one("{\"action\":\"limit\",\"destination\":\"192.0.2.0/24\",\"destination_ports\":[3,4],\"fragments\":"
		"[\"first\",\"whole\"],\"length_bytes\":[5,600],\"limit\":{\"bps\":8001,\"per\":\"source\"},\"protocol\":17,\"signature\":"
		"\"vse\",\"source_ports\":[1,2],\"source_set\":{\"count\":9,\"digest\":\"" DIGEST "\"}}", complaint), OK);
	const struct rule *rule = &list.rules[0];
	assert_int_equal(rule->destination.bits, 120);
	assert_int_equal(ip_to_v4(&rule->destination.addr), 0xc0000200);
	assert_true(rule->source_ports.min == 1 && rule->source_ports.max == 2);
	assert_true(rule->destination_ports.min == 3 && rule->destination_ports.max == 4);
	assert_true(rule->length_bytes.min == 5 && rule->length_bytes.max == 600);
	assert_int_equal(rule->fragments, RULE_FRAGMENT_FIRST | RULE_FRAGMENT_WHOLE);
	assert_int_equal(rule->signature, RULE_SIGNATURE_VSE);
	assert_true(rule->protocol == 17 && rule->icmp_type == RULE_ANY && rule->icmp_code == RULE_ANY);
	assert_true(rule->source_set.count == 9 && rule->source_set.digest[1] == 0x11);
	assert_int_equal(rule->action, RULE_LIMIT);
	assert_true(rule->limit.unit == RULE_UNIT_BPS && rule->limit.scope == RULE_SCOPE_SOURCE && rule->limit.per_s == 8001);
	assert_int_equal(read_one(good[8], complaint), OK);
	assert_true(rule->tcp_mask == 0x12 && rule->tcp_flags == 0x02);
	assert_int_equal(read_one(good[9], complaint), OK);
	assert_true(rule->icmp_type == 3 && rule->icmp_code == 3 && rule->protocol == 1);
}

static void contradictions_are_refused_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char complaint[RULE_COMPLAINT_BYTES] = "", expected[64];
		snprintf(expected, sizeof(expected), "rules[0].%s: ", bad[i].field);
		if (read_one(bad[i].text, complaint) != E_MALFORMED || strncmp(complaint, expected, strlen(expected)) != 0)
			fail_msg("%s: '%s', and not '%s...'", bad[i].text, complaint, expected);
	}
}

/** The longest list of the longest rules is written, fits, and comes back. */
static void the_fullest_list_comes_back(void **state)
{
	(void)state;
	char complaint[RULE_COMPLAINT_BYTES] = "", *text = NULL, *longer = NULL;
	static const char rule[] = "{\"action\":\"limit\",\"destination\":\"2001:db8:1111:2222:3333:4444:5555:6666\","
		"\"destination_ports\":[10000,20000],\"fragments\":[\"first\",\"whole\"],\"length_bytes\":[10000,20000],"
		"\"limit\":{\"bps\":10000000000000,\"per\":\"source\"},\"protocol\":17,\"signature\":\"dvr_dhcpdiscover\","
		"\"source_ports\":[10000,20000]}";
	assert_int_equal(read_one(rule, complaint), OK);
	for (unsigned i = 0; i < RULE_SOURCES_MAX; i++) {
		list.rules[0].sources[i] = list.rules[0].destination;
		list.rules[0].sources[i].addr.be32[0] = __builtin_bswap32(0x20010db8 + i);
	}
	list.rules[0].source_count = RULE_SOURCES_MAX;
	list.count = RULE_LIST_MAX;
	for (unsigned i = 1; i < RULE_LIST_MAX; i++)
		list.rules[i] = list.rules[0];
	assert_int_equal(rule_list_write(&list, &text), OK);
	assert_int_equal(rule_list_parse(text, strlen(text), &back, complaint), OK);
	assert_int_equal(back.count, RULE_LIST_MAX);
	assert_int_equal(rule_list_write(&back, &longer), OK);
	assert_string_equal(text, longer);
	free(longer);
	/* One rule more than fits. */
	assert_true(asprintf(&longer, "[%s,%s", rule, text + 1) > 0);
	assert_int_equal(rule_list_parse(longer, strlen(longer), &back, complaint), E_LIMIT);
	assert_string_equal(complaint, "rules: a list of 1 to 64 rules is expected");
	free(longer);
	free(text);
	/* Not a list, nothing in it, no JSON, too long, the same member twice. */
	assert_int_equal(rule_list_parse("[]", 2, &back, complaint), E_MALFORMED);
	assert_int_equal(rule_list_parse("{}", 2, &back, complaint), E_MALFORMED);
	assert_int_equal(rule_list_parse("[", 1, &back, complaint), E_MALFORMED);
	assert_int_equal(rule_list_parse("[]", RULE_DOCUMENT_BYTES_MAX + 1, &back, complaint), E_LIMIT);
	assert_int_equal(read_one("{" TO ",\"protocol\":6,\"protocol\":6}", complaint), E_MALFORMED);
	assert_string_equal(complaint, "rules: no JSON");
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--documents") == 0) {
		for (size_t i = 0; i < ARRAY_LEN(good); i++)
			puts(good[i]);
		return 0;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rule_and_document_say_the_same),
		cmocka_unit_test(members_arrive_where_they_belong),
		cmocka_unit_test(contradictions_are_refused_by_name),
		cmocka_unit_test(the_fullest_list_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
