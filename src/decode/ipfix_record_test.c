/* Proves what becomes of the fields of one IPFIX record: numbers, times, addresses, counts, packets within. */
#include "decode/ipfix_test.h"

/* RFC 7011 section 6.2: numbers may be sent shortened, or longer than they need to be. */
static void numbers_have_1_to_8_bytes(void **state)
{
	struct test_flow *flow = *state;
	for (uint16_t length = 1; length <= 9; length++) {
		const struct field fields[] = {{8, 4, 0}, {12, 4, 0}, {2, length, 0}, {1, length, 0}};
		size_t set;
		struct test_bytes out = data_begin(fields, ARRAY_LEN(fields), &set);
		put_be32(&out, 1);
		put_be32(&out, 2);
		for (int i = 0; i < 2; i++) {
			for (uint16_t n = 1; n < length; n++)
				put_be(&out, 0, 1);
			put_be(&out, i == 0 ? 2 : 200, 1);
		}
		assert_int_equal(data_end(flow, &out, set), OK);
		assert_int_equal(flow->count, length <= 8); /* nine bytes are no number: a record without counts */
		if (flow->count == 1)
			assert_int_equal(flow->got[0].bytes, 200);
	}
	assert_int_equal(counters_of(flow)->records_empty, 1);
}

static void all_members_arrive(void **state)
{
	struct test_flow *flow = *state;
	static const struct field fields[] = {{27, 16, 0}, {28, 16, 0}, {7, 2, 0}, {11, 2, 0}, {4, 1, 0}, {6, 2, 0}, {1, 8, 0},
		{2, 8, 0}, {152, 8, 0}, {153, 8, 0}, {192, 1, 0}, {243, 2, 0}, {61, 1, 0}, {34, 4, 0}, {5, 1, 0}};
	size_t set;
	struct test_bytes out = data_begin(fields, ARRAY_LEN(fields), &set);
	put_be(&out, 0x20010db8, 8);
	put_be(&out, 1, 8);
	put_be(&out, 0x20010db8, 8);
	put_be(&out, 2, 8);
	put_be16(&out, 1000);
	put_be16(&out, 443);
	put_be(&out, PROTOCOL_TCP, 1);
	put_be16(&out, 0x0112); /* NS, and ACK and SYN: RFC 7125 */
	put_be(&out, 6000, 8);
	put_be(&out, 100, 8);
	put_be(&out, TEST_EXPORT_S * UINT64_C(1000) - 1500, 8);
	put_be(&out, TEST_EXPORT_S * UINT64_C(1000) - 250, 8);
	put_be(&out, 61, 1);
	put_be16(&out, 0xe00c); /* priority bits are not the id */
	put_be(&out, 1, 1);
	put_be32(&out, 64);
	put_be(&out, 0xff, 1);
	assert_int_equal(data_end(flow, &out, set), OK);
	assert_int_equal(flow->count, 1);
	const struct observation *obs = &flow->got[0];
	assert_int_equal(obs->src.bytes[7], 0xb8);
	assert_int_equal(obs->src.bytes[15], 1);
	assert_int_equal(obs->dst.bytes[15], 2);
	assert_int_equal(obs->src_port, 1000);
	assert_int_equal(obs->dst_port, 443);
	assert_int_equal(obs->tcp_flags, TCP_SYN | TCP_ACK);
	assert_int_equal(obs->bytes, 6000);
	assert_int_equal(obs->packets, 100);
	assert_int_equal(obs->length_bytes, 60);
	assert_int_equal(obs->start_ns, TEST_EXPORT_NS - 1500 * NS_PER_MS);
	assert_int_equal(obs->end_ns, TEST_EXPORT_NS - 250 * NS_PER_MS);
	assert_int_equal(obs->ttl, 61);
	assert_int_equal(obs->vlan, 12);
	assert_int_equal(obs->sampling, 64);
	assert_int_equal(obs->traits, TRAIT_FLOW | TRAIT_EGRESS | TRAIT_TTL_KNOWN);
}

/** The four members of a data record in a template of addresses, counts, and two times. */
static int times_send(struct test_flow *flow, uint16_t start_id, uint64_t start, uint16_t end_id, uint64_t end)
{
	const struct field fields[] = {{8, 4, 0}, {12, 4, 0}, {2, 4, 0}, {1, 4, 0}, {start_id, 8, 0}, {end_id, 8, 0}};
	size_t set;
	struct test_bytes out = data_begin(fields, ARRAY_LEN(fields), &set);
	plain_put(&out, 1);
	put_be(&out, start, 8);
	put_be(&out, end, 8);
	int err = data_end(flow, &out, set);
	assert_int_equal(flow->count, 1);
	return err;
}

/* RFC 7011 sections 6.1.7 to 6.1.10, and IANA's elements 150 to 162. */
static void times_have_many_forms(void **state)
{
	struct test_flow *flow = *state;
	const uint64_t s = TEST_EXPORT_S;
	const uint64_t ntp = (s + UINT64_C(2208988800)) << 32;
	const struct {
		uint16_t start_id, end_id;
		uint64_t start, end;
		int64_t start_ago_ns, end_ago_ns;
	} cases[] = {
		{150, 151, s - 3, s - 1, 3 * NS_PER_S, NS_PER_S},
		{152, 153, s * 1000 - 30, s * 1000 - 10, 30 * NS_PER_MS, 10 * NS_PER_MS},
		{154, 155, ntp - (UINT64_C(3) << 31), ntp - (UINT64_C(1) << 31), 1500 * NS_PER_MS, 500 * NS_PER_MS},
		{156, 157, ntp - (UINT64_C(3) << 30), ntp, 750 * NS_PER_MS, 0},
		{158, 159, 900, 100, 900 * NS_PER_US, 100 * NS_PER_US},
		{152, 161, s * 1000 - 30, 20, 30 * NS_PER_MS, 10 * NS_PER_MS}, /* start and duration */
		{162, 153, 20000, s * 1000 - 10, 30 * NS_PER_MS, 10 * NS_PER_MS}, /* duration in us, and end */
		{161, 1000, 40, 0, 40 * NS_PER_MS, 0}, /* duration alone: until the export */
		{323, 1000, s * 1000 - 7, 0, 7 * NS_PER_MS, 7 * NS_PER_MS}, /* observed at one time */
		{1000, 1001, 0, 0, 0, 0}, /* none */
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(times_send(flow, cases[i].start_id, cases[i].start, cases[i].end_id, cases[i].end), OK);
		assert_int_equal(flow->got[0].start_ns, TEST_EXPORT_NS - cases[i].start_ago_ns);
		assert_int_equal(flow->got[0].end_ns, TEST_EXPORT_NS - cases[i].end_ago_ns);
	}
	assert_int_equal(counters_of(flow)->clock_refused, 0);
}

static void absurd_times_are_refused(void **state)
{
	struct test_flow *flow = *state;
	const uint64_t s = TEST_EXPORT_S;
	const struct {
		uint16_t start_id, end_id;
		uint64_t start, end;
	} cases[] = {
		{150, 151, s, s - 1},
		{150, 151, 0, s},
		{150, 151, UINT64_MAX, UINT64_MAX},
		{152, 153, UINT64_MAX, UINT64_MAX},
		{154, 155, UINT64_MAX, UINT64_MAX},
		{158, 159, UINT64_MAX, 0},
		{152, 153, s * 1000, s * 1000 + 5001},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(times_send(flow, cases[i].start_id, cases[i].start, cases[i].end_id, cases[i].end), OK);
		assert_int_equal(flow->got[0].start_ns, TEST_EXPORT_NS);
		assert_int_equal(flow->got[0].end_ns, TEST_EXPORT_NS);
		assert_int_equal(counters_of(flow)->clock_refused, i + 1);
	}
}

/* IANA 21, 22 and 160: IPFIX has no SysUptime in its header, so the boot time comes from a record. */
static void sysuptime_needs_the_boot_time(void **state)
{
	struct test_flow *flow = *state;
	static const struct field options[] = {{149, 4, 0}, {160, 8, 0}};
	/* Not known yet: the flow ended when it was sent. */
	assert_int_equal(times_send(flow, 22, 1000, 21, 1800), OK);
	assert_int_equal(flow->got[0].end_ns, TEST_EXPORT_NS);
	assert_int_equal(flow->got[0].start_ns, TEST_EXPORT_NS - 800 * NS_PER_MS);

	struct test_bytes out = message_begin(0);
	options_template_put(&out, 400, 1, options, 2);
	size_t set = set_begin(&out, 400);
	put_be32(&out, 9);
	put_be(&out, TEST_EXPORT_S * UINT64_C(1000) - 2000, 8);
	assert_int_equal(data_end(flow, &out, set), OK);
	assert_int_equal(times_send(flow, 22, 1000, 21, 1800), OK);
	assert_int_equal(flow->got[0].end_ns, TEST_EXPORT_NS - 200 * NS_PER_MS);
	assert_int_equal(flow->got[0].start_ns, TEST_EXPORT_NS - 1000 * NS_PER_MS);
}

/* RFC 5103: elements of enterprise 29305 count the other direction. */
static void a_biflow_is_two_observations(void **state)
{
	struct test_flow *flow = *state;
	static const struct field fields[] = {{8, 4, 0}, {12, 4, 0}, {7, 2, 0}, {11, 2, 0}, {4, 1, 0}, {6, 1, 0}, {2, 4, 0},
		{1, 4, 0}, {6, 1, 29305}, {2, 4, 29305}, {1, 4, 29305}, {1, 4, 12345}};
	for (uint32_t back = 0; back < 2; back++) {
		size_t set;
		struct test_bytes out = data_begin(fields, ARRAY_LEN(fields), &set);
		put_be32(&out, 1);
		put_be32(&out, 2);
		put_be16(&out, 1000);
		put_be16(&out, 80);
		put_be(&out, PROTOCOL_TCP, 1);
		put_be(&out, TCP_SYN, 1);
		put_be32(&out, 3);
		put_be32(&out, 180);
		put_be(&out, TCP_RST, 1);
		put_be32(&out, back);
		put_be32(&out, back * 40);
		put_be32(&out, 0xffffffff); /* another enterprise's: stepped over */
		assert_int_equal(data_end(flow, &out, set), OK);
		assert_int_equal(flow->count, 1 + back);
		const struct observation *forward = &flow->got[back];
		assert_int_equal(ip_to_v4(&forward->src), 1);
		assert_int_equal(forward->packets, 3);
		assert_int_equal(forward->tcp_flags, TCP_SYN);
	}
	const struct observation *reverse = &flow->got[0];
	assert_int_equal(ip_to_v4(&reverse->src), 2);
	assert_int_equal(reverse->src_port, 80);
	assert_int_equal(reverse->dst_port, 1000);
	assert_int_equal(reverse->packets, 1);
	assert_int_equal(reverse->bytes, 40);
	assert_int_equal(reverse->tcp_flags, TCP_RST);
}

static void counts_fall_back_and_contradictions_are_refused(void **state)
{
	struct test_flow *flow = *state;
	enum { EMPTY, USED, REFUSED };
	static const struct {
		uint16_t packets_id, bytes_id;
		uint64_t packets, bytes;
		int verdict;
		uint64_t expected_packets;
	} cases[] = {
		{2, 1, 3, 300, USED, 3},
		{86, 85, 3, 300, USED, 3},
		{24, 23, 3, 300, USED, 3},
		{298, 231, 3, 300, USED, 3},
		{2, 1, 3, 0, USED, 3},
		{2, 1, 0, 0, EMPTY, 0},
		{2, 1, 0, 300, REFUSED, 0},
		{1000, 1, 0, 300, USED, 1}, /* bytes only: as many packets as there must be */
		{1000, 1, 0, 3001, USED, 3},
		{2, 1, 1, 65535, USED, 1},
		{2, 1, 1, 65536, REFUSED, 0}, /* no IP packet is that long */
		{2, 1, UINT64_MAX, 1, REFUSED, 0},
		{2, 1, UINT64_MAX, UINT64_MAX, REFUSED, 0},
		{2, 1, UINT64_C(1) << 60, 1, USED, UINT64_C(1) << 60},
		{2, 1, (UINT64_C(1) << 60) + 1, 1, REFUSED, 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct field fields[] = {{8, 4, 0}, {12, 4, 0}, {cases[i].packets_id, 8, 0}, {cases[i].bytes_id, 8, 0}};
		struct flow_counters before = *counters_of(flow);
		size_t set;
		struct test_bytes out = data_begin(fields, ARRAY_LEN(fields), &set);
		put_be32(&out, 1);
		put_be32(&out, 2);
		put_be(&out, cases[i].packets, 8);
		put_be(&out, cases[i].bytes, 8);
		assert_int_equal(data_end(flow, &out, set), OK);
		assert_int_equal(flow->count, cases[i].verdict == USED);
		if (flow->count == 1)
			assert_int_equal(flow->got[0].packets, cases[i].expected_packets);
		assert_int_equal(counters_of(flow)->records_empty - before.records_empty, cases[i].verdict == EMPTY);
		assert_int_equal(counters_of(flow)->records_malformed - before.records_malformed, cases[i].verdict == REFUSED);
	}
}

static void records_without_an_address_pair_are_counted(void **state)
{
	struct test_flow *flow = *state;
	static const struct field fields[] = {{8, 4, 0}, {56, 6, 0}, {2, 4, 0}, {1, 4, 0}};
	size_t set;
	struct test_bytes out = data_begin(fields, ARRAY_LEN(fields), &set);
	put_be(&out, 0, 8);
	put_be(&out, 0, 8);
	put_be16(&out, 9);
	assert_int_equal(data_end(flow, &out, set), OK);
	assert_int_equal(flow->count, 0);
	assert_int_equal(counters_of(flow)->records_no_ip, 1);
}

/* IANA 32, 139, 176 to 179, and the habit of putting both into the destination port. */
static void icmp_type_and_code_have_three_places(void **state)
{
	struct test_flow *flow = *state;
	static const struct {
		struct field first, second;
		uint16_t first_value, second_value;
	} cases[] = {
		{{32, 2, 0}, {1000, 2, 0}, 0x0301, 0},
		{{176, 2, 0}, {177, 2, 0}, 3, 1},
		{{178, 2, 0}, {179, 2, 0}, 3, 1},
		{{11, 2, 0}, {7, 2, 0}, 0x0301, 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct field fields[] = {{8, 4, 0}, {12, 4, 0}, {2, 4, 0}, {1, 4, 0}, {4, 1, 0}, cases[i].first, cases[i].second};
		size_t set;
		struct test_bytes out = data_begin(fields, ARRAY_LEN(fields), &set);
		plain_put(&out, 1);
		put_be(&out, PROTOCOL_ICMP, 1);
		put_be16(&out, cases[i].first_value);
		put_be16(&out, cases[i].second_value);
		assert_int_equal(data_end(flow, &out, set), OK);
		assert_int_equal(flow->got[0].icmp_type, 3);
		assert_int_equal(flow->got[0].icmp_code, 1);
		assert_int_equal(flow->got[0].dst_port, 0);
	}
}

/** A template without tcpControlBits tells no flags, which is another thing than none. */
static void flags_that_are_not_exported_are_unknown(void **state)
{
	struct test_flow *flow = *state;
	for (int has_flags = 0; has_flags < 2; has_flags++) {
		for (int is_tcp = 0; is_tcp < 2; is_tcp++) {
			const struct field fields[] = {{8, 4, 0}, {12, 4, 0}, {2, 4, 0}, {1, 4, 0}, {4, 1, 0}, {7, 2, 0},
				{has_flags ? 6 : 1000, 1, 0}};
			size_t set;
			struct test_bytes out = data_begin(fields, ARRAY_LEN(fields), &set);
			plain_put(&out, 1);
			put_be(&out, is_tcp ? PROTOCOL_TCP : PROTOCOL_UDP, 1);
			put_be16(&out, 53);
			put_be(&out, 0, 1);
			assert_int_equal(data_end(flow, &out, set), OK);
			assert_int_equal(flow->got[0].traits, TRAIT_FLOW | (is_tcp && !has_flags ? TRAIT_SHORT : 0));
		}
	}
}

static void fragments_after_the_first_have_no_ports(void **state)
{
	struct test_flow *flow = *state;
	static const struct field fields[] = {{8, 4, 0}, {12, 4, 0}, {2, 4, 0}, {1, 4, 0}, {4, 1, 0}, {7, 2, 0},
		{88, 2, 0}, {197, 1, 0}};
	static const struct {
		uint16_t offset;
		uint8_t flags;
		uint32_t trait;
		uint16_t src_port;
	} cases[] = {{0, 0, 0, 53}, {0, 0x40, 0, 53}, {0, 0x20, TRAIT_FRAGMENT_FIRST, 53}, {185, 0x20, TRAIT_FRAGMENT_LATER, 0}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t set;
		struct test_bytes out = data_begin(fields, ARRAY_LEN(fields), &set);
		plain_put(&out, 1);
		put_be(&out, PROTOCOL_UDP, 1);
		put_be16(&out, 53);
		put_be16(&out, cases[i].offset);
		put_be(&out, cases[i].flags, 1);
		assert_int_equal(data_end(flow, &out, set), OK);
		assert_int_equal(flow->got[0].traits, TRAIT_FLOW | cases[i].trait);
		assert_int_equal(flow->got[0].src_port, cases[i].src_port);
	}
}

/* RFC 5477: a frame's first bytes, IANA 315, and its true length, 312. */
static void a_packet_section_is_decoded(void **state)
{
	struct test_flow *flow = *state;
	static const uint8_t frame[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0x05, 0xdc, 0, 0, 0, 0, 64, 17, 0, 0,
		192, 0, 2, 1, 198, 51, 100, 2, 0, 53, 0x11, 0x11, 0x05, 0xc8, 0, 0};
	for (int round = 0; round < 3; round++) {
		int is_arp = round == 1;
		/* In the last round there is no frame size, only something else of two bytes. */
		const struct field fields[] = {{round == 2 ? 1000 : 312, 2, 0}, {315, VARIABLE, 0}, {61, 1, 0}, {34, 4, 0}};
		size_t set;
		struct test_bytes out = data_begin(fields, ARRAY_LEN(fields), &set);
		put_be16(&out, 1514);
		put_be(&out, sizeof(frame), 1);
		for (size_t i = 0; i < sizeof(frame); i++)
			put_be(&out, is_arp && i == 13 ? 6 : frame[i], 1);
		put_be(&out, 1, 1);
		put_be32(&out, 1000);
		assert_int_equal(data_end(flow, &out, set), OK);
		assert_int_equal(flow->count, !is_arp);
		assert_int_equal(counters_of(flow)->records_no_ip, round > 0);
		if (is_arp)
			continue;
		assert_int_equal(flow->got[0].bytes, 1500);
		assert_int_equal(flow->got[0].packets, 1);
		assert_int_equal(flow->got[0].src_port, 53);
		assert_int_equal(flow->got[0].sampling, 1000);
		assert_int_equal(flow->got[0].exporter, 7);
		assert_true((flow->got[0].traits & TRAIT_EGRESS) != 0);
		assert_true((flow->got[0].traits & TRAIT_FLOW) == 0);
		assert_int_equal(flow->got[0].start_ns, TEST_EXPORT_NS);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, test_setup, test_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(numbers_have_1_to_8_bytes),
		TEST(all_members_arrive),
		TEST(times_have_many_forms),
		TEST(absurd_times_are_refused),
		TEST(sysuptime_needs_the_boot_time),
		TEST(a_biflow_is_two_observations),
		TEST(counts_fall_back_and_contradictions_are_refused),
		TEST(records_without_an_address_pair_are_counted),
		TEST(icmp_type_and_code_have_three_places),
		TEST(flags_that_are_not_exported_are_unknown),
		TEST(fragments_after_the_first_have_no_ports),
		TEST(a_packet_section_is_decoded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
