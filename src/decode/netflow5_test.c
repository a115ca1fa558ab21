/* Proves the rules of NetFlow version 5: lengths, sampling, SysUptime, and what a record becomes. */
#include "decode/flow_test.h"

#define UPTIME_MS UINT32_C(5000000)

/** A datagram's header; members as Cisco's table B-3. */
static void header_put(struct test_bytes *out, uint16_t count, uint32_t uptime_ms, uint32_t sequence, uint16_t sampling)
{
	put_be16(out, 5);
	put_be16(out, count);
	put_be32(out, uptime_ms);
	put_be32(out, TEST_EXPORT_S);
	put_be32(out, 0);
	put_be32(out, sequence);
	put_be16(out, 0x0102);
	put_be16(out, sampling);
}

/** A record's variable members; addresses are 192.0.2.1 to 198.51.100.2. */
struct record {
	uint32_t packets, bytes, first_ms, last_ms;
	uint16_t src_port, dst_port;
	uint8_t flags, protocol;
};

static const struct record plain = {10, 600, UPTIME_MS - 2000, UPTIME_MS - 500, 1234, 80, TCP_SYN, PROTOCOL_TCP};

static void record_put(struct test_bytes *out, const struct record *record)
{
	put_be32(out, 0xc0000201);
	put_be32(out, 0xc6336402);
	put_be32(out, 0);
	put_be32(out, 0x00010002);
	put_be32(out, record->packets);
	put_be32(out, record->bytes);
	put_be32(out, record->first_ms);
	put_be32(out, record->last_ms);
	put_be16(out, record->src_port);
	put_be16(out, record->dst_port);
	put_be(out, 0, 1);
	put_be(out, record->flags, 1);
	put_be(out, record->protocol, 1);
	put_be(out, 0, 8);
	put_be(out, 0, 1);
}

static struct test_bytes datagram_of(const struct record *record, uint16_t sampling)
{
	struct test_bytes out = {0};
	header_put(&out, 1, UPTIME_MS, 0, sampling);
	record_put(&out, record);
	return out;
}

static void a_record_becomes_an_observation(void **state)
{
	struct test_flow *flow = *state;
	struct test_bytes datagram = datagram_of(&plain, 0x4064);
	assert_int_equal(test_send(flow, &datagram), OK);
	assert_int_equal(flow->count, 1);
	const struct observation *obs = &flow->got[0];
	assert_int_equal(ip_to_v4(&obs->src), 0xc0000201);
	assert_int_equal(ip_to_v4(&obs->dst), 0xc6336402);
	assert_int_equal(obs->packets, 10);
	assert_int_equal(obs->bytes, 600);
	assert_int_equal(obs->length_bytes, 60);
	assert_int_equal(obs->sampling, 100);
	assert_int_equal(obs->exporter, 7);
	assert_int_equal(obs->src_port, 1234);
	assert_int_equal(obs->dst_port, 80);
	assert_int_equal(obs->protocol, PROTOCOL_TCP);
	assert_int_equal(obs->tcp_flags, TCP_SYN);
	assert_int_equal(obs->traits, TRAIT_FLOW);
	assert_int_equal(obs->start_ns, TEST_EXPORT_NS - 2000 * NS_PER_MS);
	assert_int_equal(obs->end_ns, TEST_EXPORT_NS - 500 * NS_PER_MS);
}

static void lengths_must_be_24_and_48_a_record(void **state)
{
	struct test_flow *flow = *state;
	struct test_bytes datagram = {0};
	header_put(&datagram, 2, UPTIME_MS, 0, 0);
	record_put(&datagram, &plain);
	record_put(&datagram, &plain);
	assert_int_equal(test_send(flow, &datagram), OK);
	assert_int_equal(flow->count, 2);

	datagram.length--;
	assert_int_equal(test_send(flow, &datagram), E_TRUNCATED);
	assert_int_equal(flow->count, 1); /* what came before the fault */
	datagram.length += 2;
	assert_int_equal(test_send(flow, &datagram), E_MALFORMED);
	assert_int_equal(flow->count, 2);
	datagram.length = 23;
	assert_int_equal(test_send(flow, &datagram), E_TRUNCATED);
	assert_int_equal(flow->count, 0);
	assert_int_equal(flow_counters_of(flow->state, FLOW_NETFLOW5)->datagrams_malformed, 3);
}

static void the_count_is_1_to_30(void **state)
{
	struct test_flow *flow = *state;
	static const struct {
		uint16_t count;
		int verdict;
	} cases[] = {{0, E_MALFORMED}, {1, OK}, {30, OK}, {31, E_MALFORMED}, {65535, E_MALFORMED}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct test_bytes datagram = {0};
		header_put(&datagram, cases[i].count, UPTIME_MS, 0, 0);
		for (unsigned n = 0; n < cases[i].count && n < 31; n++)
			record_put(&datagram, &plain);
		assert_int_equal(test_send(flow, &datagram), cases[i].verdict);
		assert_int_equal(flow->count, cases[i].verdict == OK ? cases[i].count : 0);
	}
}

static void sampling_is_the_low_14_bits_and_0_says_nothing(void **state)
{
	struct test_flow *flow = *state;
	static const struct {
		uint16_t field;
		uint32_t sampling;
	} cases[] = {{0, 1}, {0x8000, 1}, {0x0010, 16}, {0xffff, 16383}, {0x4000, 16383}, {0x4001, 1}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct test_bytes datagram = datagram_of(&plain, cases[i].field);
		assert_int_equal(test_send(flow, &datagram), OK);
		assert_int_equal(flow->got[0].sampling, cases[i].sampling);
	}
}

static void absurd_sampling_is_refused_and_the_last_good_one_stays(void **state)
{
	struct test_flow *flow = *state;
	flow_state_free(flow->state);
	struct flow_config config = flow_config_default();
	config.sampling_max = 1000;
	config.default_sampling = 5;
	flow->state = flow_state_new(&config);
	static const struct {
		uint16_t field;
		uint32_t sampling, refused;
	} cases[] = {{1001, 5, 1}, {1000, 1000, 1}, {1001, 1000, 2}, {0, 1000, 2}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct test_bytes datagram = datagram_of(&plain, cases[i].field);
		assert_int_equal(test_send(flow, &datagram), OK);
		assert_int_equal(flow->got[0].sampling, cases[i].sampling);
		assert_int_equal(flow_counters_of(flow->state, FLOW_NETFLOW5)->sampling_refused, cases[i].refused);
	}
}

static void sysuptime_wraps(void **state)
{
	struct test_flow *flow = *state;
	struct test_bytes datagram = {0};
	struct record record = plain;
	record.first_ms = UINT32_MAX - 999; /* 1000 ms before the wrap, 1500 before the export */
	record.last_ms = 100;
	header_put(&datagram, 1, 500, 0, 0);
	record_put(&datagram, &record);
	assert_int_equal(test_send(flow, &datagram), OK);
	assert_int_equal(flow->got[0].start_ns, TEST_EXPORT_NS - 1500 * NS_PER_MS);
	assert_int_equal(flow->got[0].end_ns, TEST_EXPORT_NS - 400 * NS_PER_MS);
	assert_int_equal(flow_counters_of(flow->state, FLOW_NETFLOW5)->clock_refused, 0);
}

static void times_outside_sense_become_the_datagrams_own(void **state)
{
	struct test_flow *flow = *state;
	static const struct {
		uint32_t first_ms, last_ms;
		bool refused;
	} cases[] = {
		{UPTIME_MS - 10, UPTIME_MS - 10, false},
		{UPTIME_MS - 10, UPTIME_MS - 11, true}, /* begins after its end */
		{UPTIME_MS - 10, UPTIME_MS + 5000, false}, /* slightly ahead, as happens */
		{UPTIME_MS - 10, UPTIME_MS + 5001, true},
		{UPTIME_MS - 86400000, UPTIME_MS, false},
		{UPTIME_MS - 86400001, UPTIME_MS, true},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct record record = plain;
		record.first_ms = cases[i].first_ms;
		record.last_ms = cases[i].last_ms;
		struct test_bytes datagram = datagram_of(&record, 0);
		uint64_t before = flow_counters_of(flow->state, FLOW_NETFLOW5)->clock_refused;
		assert_int_equal(test_send(flow, &datagram), OK);
		assert_int_equal(flow_counters_of(flow->state, FLOW_NETFLOW5)->clock_refused - before, cases[i].refused);
		if (cases[i].refused) {
			assert_int_equal(flow->got[0].start_ns, TEST_EXPORT_NS);
			assert_int_equal(flow->got[0].end_ns, TEST_EXPORT_NS);
		}
	}
}

static void an_exporter_with_a_wrong_clock_is_moved_to_the_arrival(void **state)
{
	struct test_flow *flow = *state;
	struct test_bytes datagram = datagram_of(&plain, 0);
	datagram.data[8] = 0; /* the export time is in 1970 */
	assert_int_equal(test_send(flow, &datagram), OK);
	assert_int_equal(flow->got[0].start_ns, TEST_EXPORT_NS - 2000 * NS_PER_MS);
	assert_int_equal(flow->got[0].end_ns, TEST_EXPORT_NS - 500 * NS_PER_MS);
	assert_int_equal(flow_counters_of(flow->state, FLOW_NETFLOW5)->clock_refused, 1);
}

static void icmp_type_and_code_are_in_the_destination_port(void **state)
{
	struct test_flow *flow = *state;
	struct record record = plain;
	record.protocol = PROTOCOL_ICMP;
	record.dst_port = 0x0301;
	struct test_bytes datagram = datagram_of(&record, 0);
	assert_int_equal(test_send(flow, &datagram), OK);
	assert_int_equal(flow->got[0].icmp_type, 3);
	assert_int_equal(flow->got[0].icmp_code, 1);
	assert_int_equal(flow->got[0].dst_port, 0);
	assert_int_equal(flow->got[0].tcp_flags, 0);
}

static void records_without_packets_are_counted_not_used(void **state)
{
	struct test_flow *flow = *state;
	struct record record = plain;
	record.packets = 0;
	struct test_bytes datagram = datagram_of(&record, 0);
	assert_int_equal(test_send(flow, &datagram), OK);
	assert_int_equal(flow->count, 0);
	record.bytes = 0;
	datagram = datagram_of(&record, 0);
	assert_int_equal(test_send(flow, &datagram), OK);
	assert_int_equal(flow->count, 0);
	assert_int_equal(flow_counters_of(flow->state, FLOW_NETFLOW5)->records_malformed, 1);
	assert_int_equal(flow_counters_of(flow->state, FLOW_NETFLOW5)->records_empty, 1);
	assert_int_equal(flow_counters_of(flow->state, FLOW_NETFLOW5)->records, 0);
}

/** The sequence number counts flows; what each one adds to sequence_gaps. */
static void gaps_are_flows_and_restarts_are_none(void **state)
{
	struct test_flow *flow = *state;
	static const struct {
		uint32_t sequence, gaps;
	} cases[] = {
		{1000, 0}, /* the first one: nothing is known yet */
		{1001, 0},
		{1012, 10}, /* ten flows are missing */
		{1005, 10}, /* reordered */
		{1013, 10},
		{UINT32_C(0x80000000), 10}, /* restarted */
		{UINT32_C(0x80000001), 10},
		{0, 10}, /* restarted again */
		{UINT32_MAX, 10}, /* reordered over the wrap */
		{1, 10},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct test_bytes datagram = {0};
		header_put(&datagram, 1, UPTIME_MS, cases[i].sequence, 0);
		record_put(&datagram, &plain);
		assert_int_equal(test_send(flow, &datagram), OK);
		assert_int_equal(flow_counters_of(flow->state, FLOW_NETFLOW5)->sequence_gaps, cases[i].gaps);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, test_setup, test_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_record_becomes_an_observation),
		TEST(lengths_must_be_24_and_48_a_record),
		TEST(the_count_is_1_to_30),
		TEST(sampling_is_the_low_14_bits_and_0_says_nothing),
		TEST(absurd_sampling_is_refused_and_the_last_good_one_stays),
		TEST(sysuptime_wraps),
		TEST(times_outside_sense_become_the_datagrams_own),
		TEST(an_exporter_with_a_wrong_clock_is_moved_to_the_arrival),
		TEST(icmp_type_and_code_are_in_the_destination_port),
		TEST(records_without_packets_are_counted_not_used),
		TEST(gaps_are_flows_and_restarts_are_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
