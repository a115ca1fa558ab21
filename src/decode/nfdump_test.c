/* Proves what is read of nfdump's files of layout 2 (nffileV2.h and nfxV3.h of nfdump 1.7), and both sides of each refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "core/clock.h"
#include "decode/nfdump.h"

/** Bytes being written by hand, in little-endian. */
struct script {
	uint8_t bytes[4096];
	size_t count;
};

static void put(struct script *script, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++, value >>= 8)
		script->bytes[script->count++] = (uint8_t)value;
}

static void put_file(struct script *script, uint16_t layout, uint8_t packing, uint8_t encryption, uint64_t end_bytes)
{
	put(script, 0xa50c, 2);
	put(script, layout, 2);
	put(script, 0x01070100, 4);
	put(script, 1700000000, 8);
	put(script, packing, 1);
	put(script, encryption, 1);
	put(script, 1, 2);
	put(script, 1, 4);
	put(script, end_bytes, 8);
	put(script, 0, 4);
	put(script, 1, 4);
}

struct flow {
	uint64_t first_ms, last_ms, packets, bytes;
	uint16_t src_port, dst_port;
	uint8_t protocol, tcp_flags;
};

static const struct flow syn = {1700000000123, 1700000001456, 3, 120, 1234, 443, 6, 2};

/** Begins a record; its length and number of elements are set by put_end(). */
static size_t put_begin(struct script *script)
{
	size_t at = script->count;
	put(script, 11, 2);
	put(script, 0, 4);
	put(script, 0, 6);
	return at;
}

static void put_end(struct script *script, size_t at, uint16_t elements)
{
	size_t length = script->count - at;
	script->bytes[at + 2] = (uint8_t)length;
	script->bytes[at + 3] = (uint8_t)(length >> 8);
	script->bytes[at + 4] = (uint8_t)elements;
}

static void put_flow(struct script *script, const struct flow *flow)
{
	put(script, 1, 2);
	put(script, 52, 2);
	put(script, flow->first_ms, 8);
	put(script, flow->last_ms, 8);
	put(script, flow->last_ms + 1000, 8);
	put(script, flow->packets, 8);
	put(script, flow->bytes, 8);
	put(script, flow->src_port, 2);
	put(script, flow->dst_port, 2);
	put(script, flow->protocol, 1);
	put(script, flow->tcp_flags, 1);
	put(script, 0, 2);
}

static void put_ipv4(struct script *script, uint32_t src, uint32_t dst)
{
	put(script, 2, 2);
	put(script, 12, 2);
	put(script, src, 4);
	put(script, dst, 4);
}

static void put_syn(struct script *script, const struct flow *flow)
{
	size_t at = put_begin(script);
	put_flow(script, flow);
	put_ipv4(script, 0xc6336407, 0xcb007105);
	put_end(script, at, 2);
}

static struct observation read_one(const struct script *script, int expected)
{
	struct observation obs = {0};
	struct cursor cur = cursor_over(script->bytes, script->count);
	assert_int_equal(nfdump_record_next(&cur, &obs), expected);
	assert_int_equal(cursor_left(&cur), 0);
	return obs;
}

static void a_file_header_is_read_or_refused(void **state)
{
	(void)state;
	struct nfdump_file file;
	const struct {
		uint16_t layout;
		uint8_t packing, encryption;
		int expected;
	} cases[] = {{2, 0, 0, OK}, {2, 4, 0, OK}, {2, 5, 0, E_MALFORMED}, {2, 0, 1, E_DENIED}, {1, 0, 0, E_UNSUPPORTED},
		{3, 0, 0, E_UNSUPPORTED}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct script script = {0};
		put_file(&script, cases[i].layout, cases[i].packing, cases[i].encryption, 0x123456789a);
		struct cursor cur = cursor_over(script.bytes, script.count);
		assert_true(nfdump_is(script.bytes, script.count));
		assert_int_equal(nfdump_file_parse(&cur, &file), cases[i].expected);
		assert_int_equal(cursor_left(&cur), cases[i].expected == OK ? 0 : NFDUMP_FILE_HEADER_BYTES);
		if (cases[i].expected == OK) {
			assert_int_equal(file.packing, cases[i].packing);
			assert_int_equal(file.end_bytes, 0x123456789a);
			cur = cursor_over(script.bytes, script.count - 1);
			assert_int_equal(nfdump_file_parse(&cur, &file), E_AGAIN);
		}
	}
	struct cursor other_order = cursor_over("\xa5\x0c\x00\x02", 4);
	assert_true(nfdump_is(other_order.at, 4));
	assert_int_equal(nfdump_file_parse(&other_order, &file), E_UNSUPPORTED);
	assert_false(nfdump_is((const uint8_t *)"\xd4\xc3", 2));
	assert_false(nfdump_is((const uint8_t *)"\x0c", 1));
}

static void a_block_header_is_read_or_refused(void **state)
{
	(void)state;
	struct nfdump_block block;
	const struct {
		uint32_t bytes;
		uint16_t type, flags;
		int expected;
	} cases[] = {{100, 3, 0, OK}, {NFDUMP_BLOCK_BYTES_MAX, 4, 1, OK}, {NFDUMP_BLOCK_BYTES_MAX + 1, 3, 0, E_MALFORMED}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct script script = {0};
		put(&script, 7, 4);
		put(&script, cases[i].bytes, 4);
		put(&script, cases[i].type, 2);
		put(&script, cases[i].flags, 2);
		struct cursor cur = cursor_over(script.bytes, script.count);
		assert_int_equal(nfdump_block_parse(&cur, &block), cases[i].expected);
		if (cases[i].expected != OK)
			continue;
		assert_int_equal(block.stored_bytes, cases[i].bytes);
		assert_int_equal(block.has_records, cases[i].type == 3);
		assert_int_equal(block.is_plain, cases[i].flags == 1);
		assert_int_equal(nfdump_block_parse(&cur, &block), E_END);
		cur = cursor_over(script.bytes, script.count - 1);
		assert_int_equal(nfdump_block_parse(&cur, &block), E_AGAIN);
	}
}

static void a_flow_is_read_field_by_field(void **state)
{
	(void)state;
	struct script script = {0};
	size_t at = put_begin(&script);
	put_flow(&script, &syn);
	put_ipv4(&script, 0xc6336407, 0xcb007105);
	put(&script, 4, 2); /* misc: egress */
	put(&script, 24, 2);
	put(&script, 0, 10);
	put(&script, 1, 1);
	put(&script, 0, 9);
	put(&script, 6, 2); /* VLANs */
	put(&script, 12, 2);
	put(&script, 0xf064, 4);
	put(&script, 9, 4);
	put(&script, 42, 2); /* IP: TTLs */
	put(&script, 8, 2);
	put(&script, 0x00400000 | 64u << 24, 4);
	put(&script, 4711, 2); /* of a kind that is not known */
	put(&script, 7, 2);
	put(&script, 0, 3);
	put_end(&script, at, 6);
	struct observation obs = read_one(&script, OK);
	assert_int_equal(ip_to_v4(&obs.src), 0xc6336407);
	assert_int_equal(ip_to_v4(&obs.dst), 0xcb007105);
	assert_int_equal(obs.start_ns, 1700000000123 * NS_PER_MS);
	assert_int_equal(obs.end_ns, 1700000001456 * NS_PER_MS);
	assert_int_equal(obs.packets, 3);
	assert_int_equal(obs.bytes, 120);
	assert_int_equal(obs.sampling, 1);
	assert_int_equal(obs.length_bytes, 40);
	assert_int_equal(obs.src_port, 1234);
	assert_int_equal(obs.dst_port, 443);
	assert_int_equal(obs.protocol, PROTOCOL_TCP);
	assert_int_equal(obs.tcp_flags, TCP_SYN);
	assert_int_equal(obs.vlan, 0x64);
	assert_int_equal(obs.ttl, 64);
	assert_int_equal(obs.traits, TRAIT_FLOW | TRAIT_EGRESS | TRAIT_TTL_KNOWN);
}

static void ipv6_and_icmp_are_read(void **state)
{
	(void)state;
	struct script script = {0};
	const struct flow echo = {1700000000000, 1700000000000, 1, 60, 0, 128 << 8, 58, 0};
	size_t at = put_begin(&script);
	put_flow(&script, &echo);
	put(&script, 3, 2);
	put(&script, 36, 2);
	put(&script, 0x20010db800000000, 8);
	put(&script, 1, 8);
	put(&script, 0x20010db800050000, 8);
	put(&script, 5, 8);
	put_end(&script, at, 2);
	struct observation obs = read_one(&script, OK);
	char text[IP_TEXT_BYTES];
	assert_string_equal(ip_write(&obs.src, text), "2001:db8::1");
	assert_string_equal(ip_write(&obs.dst, text), "2001:db8:5::5");
	assert_int_equal(obs.icmp_type, 128);
	assert_int_equal(obs.icmp_code, 0);
	assert_int_equal(obs.dst_port, 0);
}

/** What an exporter counts only on its way out stands in another element. */
static void counts_out_are_taken_where_nothing_came_in(void **state)
{
	(void)state;
	for (uint64_t in = 0; in <= 2; in += 2) {
		struct script script = {0};
		struct flow flow = syn;
		flow.packets = in;
		flow.bytes = in * 50;
		size_t at = put_begin(&script);
		put_flow(&script, &flow);
		put_ipv4(&script, 0xc6336407, 0xcb007105);
		put(&script, 5, 2);
		put(&script, 28, 2);
		put(&script, 1, 8);
		put(&script, 9, 8);
		put(&script, 900, 8);
		put_end(&script, at, 3);
		struct observation obs = read_one(&script, OK);
		assert_int_equal(obs.packets, in == 0 ? 9 : 2);
		assert_int_equal(obs.bytes, in == 0 ? 900 : 100);
	}
}

static void times_out_of_sense_are_mended(void **state)
{
	(void)state;
	const struct {
		uint64_t first_ms, last_ms;
		int64_t start_ms, end_ms;
	} cases[] = {
		{1700000000000, 1700000000000 + 86400000, 1700000000000, 1700000000000 + 86400000},
		{1700000000000, 1700000000000 + 86400001, 1700000000000 + 86400001, 1700000000000 + 86400001},
		{1700000000001, 1700000000000, 1700000000000, 1700000000000}, /* ends before it begins */
		{1700000000000, 0, 1700000000000, 1700000000000},
		{1700000000000, UINT64_MAX - 1000, 1700000000000, 1700000000000},
		{0, 1700000000000, 1700000000000, 1700000000000},
		{UINT64_MAX, UINT64_MAX - 1000, 0, 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct script script = {0};
		struct flow flow = syn;
		flow.first_ms = cases[i].first_ms;
		flow.last_ms = cases[i].last_ms;
		put_syn(&script, &flow);
		struct observation obs = read_one(&script, OK);
		assert_int_equal(obs.start_ns, cases[i].start_ms * NS_PER_MS);
		assert_int_equal(obs.end_ns, cases[i].end_ms * NS_PER_MS);
	}
}

static void counts_that_cannot_be_are_refused(void **state)
{
	(void)state;
	const struct {
		uint64_t packets, bytes;
		int expected;
	} cases[] = {{1, 65535, OK}, {1, 65536, E_MALFORMED}, {0, 0, E_UNSUPPORTED}, {0, 1, E_MALFORMED}, {1, 0, OK},
		{UINT64_C(1) << 60, 40, OK}, {(UINT64_C(1) << 60) + 1, 40, E_MALFORMED}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct script script = {0};
		struct flow flow = syn;
		flow.packets = cases[i].packets;
		flow.bytes = cases[i].bytes;
		put_syn(&script, &flow);
		(void)read_one(&script, cases[i].expected);
	}
}

static void what_is_no_flow_is_stepped_over(void **state)
{
	(void)state;
	struct script script = {0};
	struct observation obs;
	put(&script, 7, 2); /* about an exporter */
	put(&script, 8, 2);
	put(&script, 0, 4);
	put_syn(&script, &syn);
	size_t at = put_begin(&script);
	put_flow(&script, &syn);
	put_end(&script, at, 1); /* no addresses */
	put(&script, 7, 2);
	put(&script, 4, 2);
	struct cursor cur = cursor_over(script.bytes, script.count);
	assert_int_equal(nfdump_record_next(&cur, &obs), OK);
	assert_int_equal(nfdump_record_next(&cur, &obs), E_UNSUPPORTED);
	assert_int_equal(nfdump_record_next(&cur, &obs), E_END);
}

static void a_record_that_does_not_hold_its_elements_is_refused_alone(void **state)
{
	(void)state;
	struct observation obs;
	for (int fault = 0; fault < 3; fault++) {
		struct script script = {0};
		put_syn(&script, &syn);
		script.bytes[fault == 0 ? 4 : 14] = fault == 0 ? 3 : fault == 1 ? 3 : 51; /* more elements; too short to be; cut short */
		put_syn(&script, &syn);
		struct cursor cur = cursor_over(script.bytes, script.count);
		assert_int_equal(nfdump_record_next(&cur, &obs), E_MALFORMED);
		assert_int_equal(nfdump_record_next(&cur, &obs), OK);
		assert_int_equal(nfdump_record_next(&cur, &obs), E_END);
	}
}

static void a_block_that_ends_inside_of_a_record_is_given_up(void **state)
{
	(void)state;
	struct script script = {0};
	struct observation obs;
	put_syn(&script, &syn);
	for (size_t length = 1; length < script.count; length++) {
		struct cursor cur = cursor_over(script.bytes, length);
		assert_int_equal(nfdump_record_next(&cur, &obs), E_TRUNCATED);
	}
	script.bytes[2] = 3; /* shorter than its own header */
	struct cursor cur = cursor_over(script.bytes, script.count);
	assert_int_equal(nfdump_record_next(&cur, &obs), E_TRUNCATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_header_is_read_or_refused),
		cmocka_unit_test(a_block_header_is_read_or_refused),
		cmocka_unit_test(a_flow_is_read_field_by_field),
		cmocka_unit_test(ipv6_and_icmp_are_read),
		cmocka_unit_test(counts_out_are_taken_where_nothing_came_in),
		cmocka_unit_test(times_out_of_sense_are_mended),
		cmocka_unit_test(counts_that_cannot_be_are_refused),
		cmocka_unit_test(what_is_no_flow_is_stepped_over),
		cmocka_unit_test(a_record_that_does_not_hold_its_elements_is_refused_alone),
		cmocka_unit_test(a_block_that_ends_inside_of_a_record_is_given_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
