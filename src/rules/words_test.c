/* Proves that a rule's words say all that it asks: each member has its part, and a long list of sources is cut and says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/words.h"

#define TO "\"destination\":\"192.0.2.10\""

static const struct {
	const char *rule;
	const char *words;
} rows[] = {
	{"{\"action\":\"drop\"," TO "}", "drop everything to 192.0.2.10"},
	{"{\"action\":\"count\"," TO ",\"protocol\":47}", "count GRE to 192.0.2.10"},
	{"{\"action\":\"count\"," TO ",\"protocol\":99}", "count IP protocol 99 to 192.0.2.10"},
	{"{\"action\":\"drop\",\"destination\":\"2001:db8::/48\",\"protocol\":44}",
		"drop packets with IPv6 extension header 44 to 2001:db8::/48"},
	{"{\"action\":\"drop\"," TO ",\"length_bytes\":[401,65535],\"protocol\":17,\"source_ports\":[123,123]}",
		"drop UDP from port 123 to 192.0.2.10 longer than 400 bytes"},
	{"{\"action\":\"drop\"," TO ",\"destination_ports\":[1,1023],\"length_bytes\":[0,60],\"protocol\":17}",
		"drop UDP to 192.0.2.10 ports 1 to 1023 up to 60 bytes long"},
	{"{\"action\":\"drop\"," TO ",\"length_bytes\":[60,60]}", "drop everything to 192.0.2.10 of 60 bytes"},
	{"{\"action\":\"drop\"," TO ",\"length_bytes\":[60,70]}", "drop everything to 192.0.2.10 of 60 to 70 bytes"},
	{"{\"action\":\"limit\"," TO ",\"limit\":{\"per\":\"source\",\"pps\":20},\"protocol\":6,\"tcp_flags\":{\"mask\":"
		"[\"syn\",\"ack\"],\"set\":[\"syn\"]}}", "limit to 20pps for each source: TCP with flags syn and not ack to 192.0.2.10"},
	{"{\"action\":\"drop\"," TO ",\"protocol\":6,\"tcp_flags\":{\"mask\":[\"syn\",\"rst\",\"ack\"],\"set\":[\"syn\",\"ack\"]}}",
		"drop TCP with flags syn+ack and not rst to 192.0.2.10"},
	{"{\"action\":\"drop\"," TO ",\"protocol\":6,\"tcp_flags\":{\"mask\":[\"syn\",\"ack\"],\"set\":[]}}",
		"drop TCP without flags syn, ack to 192.0.2.10"},
	{"{\"action\":\"limit\"," TO ",\"limit\":{\"bps\":8000000,\"per\":\"whole\"}}", "limit to 8Mbps: everything to 192.0.2.10"},
	{"{\"action\":\"drop\"," TO ",\"icmp_code\":3,\"icmp_type\":3,\"protocol\":1}", "drop ICMP of type 3 code 3 to 192.0.2.10"},
	{"{\"action\":\"drop\"," TO ",\"protocol\":17,\"signature\":\"ssdp\"}", "drop UDP that looks like ssdp to 192.0.2.10"},
	{"{\"action\":\"drop\"," TO ",\"fragments\":[\"first\",\"later\"],\"protocol\":17}", "drop UDP to 192.0.2.10, only fragments"},
	{"{\"action\":\"drop\"," TO ",\"fragments\":[\"later\"]}", "drop everything to 192.0.2.10, only later fragments"},
	{"{\"action\":\"drop\"," TO ",\"protocol\":17,\"source_ports\":[53,53],\"sources\":[\"198.51.100.1\",\"198.51.100.8/29\"]}",
		"drop UDP from 198.51.100.1, 198.51.100.8/29 port 53 to 192.0.2.10"},
	{"{\"action\":\"drop\"," TO ",\"sources\":[\"198.51.100.1\",\"198.51.100.2\",\"198.51.100.3\",\"198.51.100.4\","
		"\"198.51.100.5\",\"198.51.100.6\"]}",
		"drop everything from 198.51.100.1, 198.51.100.2, 198.51.100.3, 198.51.100.4 and 2 more prefixes to 192.0.2.10"},
	{"{\"action\":\"drop\"," TO ",\"source_set\":{\"count\":1000000,\"digest\":"
		"\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}}",
		"drop everything from 1000000 listed addresses (set 00112233) to 192.0.2.10"},
};

static void words_say_all_that_a_rule_asks(void **state)
{
	(void)state;
	static struct rule_list list;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[1024], complaint[RULE_COMPLAINT_BYTES] = "", words[RULE_WORDS_BYTES];
		int length = snprintf(text, sizeof(text), "[%s]", rows[i].rule);
		if (rule_list_parse(text, (size_t)length, &list, complaint) != OK)
			fail_msg("%s: %s", rows[i].rule, complaint);
		assert_string_equal(rule_words(&list.rules[0], words), rows[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_say_all_that_a_rule_asks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
