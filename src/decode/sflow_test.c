/* Proves the rules of sFlow version 5: nested lengths, samples and records of each kind, rates and losses. */
#include "decode/flow_test.h"

#include "core/limits.h"

/** An Ethernet frame of 1500 bytes of IP, as far as an agent sends it: UDP 192.0.2.1:53 to 198.51.100.2. */
static const uint8_t frame[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0x05, 0xdc, 0, 0, 0, 0, 64, 17, 0, 0,
	192, 0, 2, 1, 198, 51, 100, 2, 0, 53, 0x11, 0x11, 0x05, 0xc8, 0, 0};

static struct test_bytes datagram_begin(uint32_t sequence, uint32_t samples)
{
	struct test_bytes out = {0};
	put_be32(&out, 5);
	put_be32(&out, 1);
	put_be32(&out, 0xc0000263);
	put_be32(&out, 0);
	put_be32(&out, sequence);
	put_be32(&out, 1000);
	put_be32(&out, samples);
	return out;
}

/** Begins a sample or a record; returns where its body starts, for part_end(). */
static size_t part_begin(struct test_bytes *out, uint32_t format)
{
	put_be32(out, format);
	put_be32(out, 0);
	return out->length;
}

static void part_end(struct test_bytes *out, size_t at)
{
	patch_be16(out, at - 2, out->length - at);
}

static size_t sample_begin(struct test_bytes *out, uint32_t sampling, uint32_t drops, uint32_t records)
{
	size_t at = part_begin(out, 1);
	put_be32(out, 1);
	put_be32(out, 3);
	put_be32(out, sampling);
	put_be32(out, 100000);
	put_be32(out, drops);
	put_be32(out, 1);
	put_be32(out, 2);
	put_be32(out, records);
	return at;
}

static void raw_put(struct test_bytes *out, uint32_t protocol)
{
	size_t at = part_begin(out, 1);
	put_be32(out, protocol);
	put_be32(out, 1518);
	put_be32(out, 1518 - sizeof(frame)); /* as some agents understand "stripped"; others send 4 */
	put_be32(out, sizeof(frame));
	for (size_t i = 0; i < sizeof(frame); i++)
		put_be(out, frame[i], 1);
	put_be16(out, 0); /* to a word's end */
	part_end(out, at);
}

static void sampled_ipv4_put(struct test_bytes *out, uint32_t protocol, uint32_t src_port)
{
	size_t at = part_begin(out, 3);
	put_be32(out, 60);
	put_be32(out, protocol);
	put_be32(out, 0x0a000001);
	put_be32(out, 0x0a000002);
	put_be32(out, src_port);
	put_be32(out, 80);
	put_be32(out, TCP_SYN);
	put_be32(out, 0);
	part_end(out, at);
}

static const struct flow_counters *counters_of(const struct test_flow *flow)
{
	return flow_counters_of(flow->state, FLOW_SFLOW5);
}

static struct test_bytes raw_datagram(uint32_t sequence, uint32_t sampling, uint32_t drops)
{
	struct test_bytes out = datagram_begin(sequence, 1);
	size_t at = sample_begin(&out, sampling, drops, 1);
	raw_put(&out, 1);
	part_end(&out, at);
	return out;
}

static void a_raw_header_becomes_a_packet(void **state)
{
	struct test_flow *flow = *state;
	struct test_bytes out = raw_datagram(1, 1024, 0);
	assert_int_equal(test_send(flow, &out), OK);
	assert_int_equal(flow->count, 1);
	const struct observation *obs = &flow->got[0];
	assert_int_equal(ip_to_v4(&obs->src), 0xc0000201);
	assert_int_equal(obs->src_port, 53);
	assert_int_equal(obs->packets, 1);
	assert_int_equal(obs->bytes, 1500);
	assert_int_equal(obs->sampling, 1024);
	assert_int_equal(obs->exporter, 7);
	assert_int_equal(obs->start_ns, TEST_EXPORT_NS);
	assert_int_equal(obs->end_ns, TEST_EXPORT_NS);
	assert_true((obs->traits & TRAIT_FLOW) == 0);
}

static void expanded_samples_have_wider_interfaces(void **state)
{
	struct test_flow *flow = *state;
	struct test_bytes out = datagram_begin(1, 1);
	size_t at = part_begin(&out, 3);
	static const uint32_t words[] = {1, 0, 3, 512, 100000, 0, 0, 1, 0, 2, 1};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		put_be32(&out, words[i]);
	raw_put(&out, 1);
	part_end(&out, at);
	assert_int_equal(test_send(flow, &out), OK);
	assert_int_equal(flow->count, 1);
	assert_int_equal(flow->got[0].sampling, 512);
}

static void sampled_ip_counts_where_no_raw_header_does(void **state)
{
	struct test_flow *flow = *state;
	for (int raw = 0; raw < 3; raw++) { /* none, behind, before */
		struct test_bytes out = datagram_begin(1, 1);
		size_t at = sample_begin(&out, 10, 0, raw == 0 ? 1 : 2);
		if (raw == 2)
			raw_put(&out, 1);
		sampled_ipv4_put(&out, PROTOCOL_TCP, 1000);
		if (raw == 1)
			raw_put(&out, 1);
		part_end(&out, at);
		assert_int_equal(test_send(flow, &out), OK);
		assert_int_equal(flow->count, 1);
		assert_int_equal(flow->got[0].bytes, raw == 0 ? 60 : 1500);
		assert_int_equal(flow->got[0].src_port, raw == 0 ? 1000 : 53);
		assert_int_equal(flow->got[0].tcp_flags, raw == 0 ? TCP_SYN : 0);
		assert_int_equal(flow->got[0].sampling, 10);
	}
}

static void sampled_ipv6_has_long_addresses(void **state)
{
	struct test_flow *flow = *state;
	struct test_bytes out = datagram_begin(1, 1);
	size_t at = sample_begin(&out, 10, 0, 1);
	size_t record = part_begin(&out, 4);
	put_be32(&out, 60);
	put_be32(&out, PROTOCOL_UDP);
	put_be(&out, 0x20010db8, 8);
	put_be(&out, 1, 8);
	put_be(&out, 0x20010db8, 8);
	put_be(&out, 2, 8);
	put_be32(&out, 53);
	put_be32(&out, 4444);
	put_be32(&out, 0);
	put_be32(&out, 0);
	part_end(&out, record);
	part_end(&out, at);
	assert_int_equal(test_send(flow, &out), OK);
	assert_int_equal(flow->count, 1);
	assert_int_equal(flow->got[0].dst.bytes[15], 2);
	assert_int_equal(flow->got[0].payload_bytes, 12);
}

static void numbers_beyond_their_field_are_refused(void **state)
{
	struct test_flow *flow = *state;
	static const struct {
		uint32_t protocol, src_port;
		size_t count;
	} cases[] = {{255, 65535, 1}, {256, 1, 0}, {6, 65536, 0}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct test_bytes out = datagram_begin(1, 1);
		size_t at = sample_begin(&out, 10, 0, 1);
		sampled_ipv4_put(&out, cases[i].protocol, cases[i].src_port);
		part_end(&out, at);
		assert_int_equal(test_send(flow, &out), OK);
		assert_int_equal(flow->count, cases[i].count);
	}
	assert_int_equal(counters_of(flow)->records_malformed, 2);
}

static void what_is_no_ip_is_counted(void **state)
{
	struct test_flow *flow = *state;
	struct test_bytes out = datagram_begin(1, 5);
	static const uint32_t others[] = {2, 4, 5, 4300 << 12 | 1}; /* counters, discarded packet, an enterprise's */
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		size_t at = part_begin(&out, others[i]);
		put_be32(&out, 1);
		part_end(&out, at);
	}
	size_t at = sample_begin(&out, 10, 0, 2);
	raw_put(&out, 5); /* token ring... */
	size_t record = part_begin(&out, 1001); /* and extended switch data */
	put_be(&out, 0, 8);
	part_end(&out, record);
	part_end(&out, at);
	assert_int_equal(test_send(flow, &out), OK);
	assert_int_equal(flow->count, 0);
	assert_int_equal(counters_of(flow)->records_no_ip, 5);
}

/** Words of raw_datagram() that hold a length or a count. */
enum { AT_SAMPLES = 24, AT_SAMPLE_LENGTH = 32, AT_RECORDS = 64, AT_RECORD_LENGTH = 72, AT_HEADER_LENGTH = 88 };

static void nested_lengths_must_fit(void **state)
{
	struct test_flow *flow = *state;
	static const struct {
		size_t at;
		int change;
		int verdict;
		uint64_t malformed; /* records */
		size_t count;
	} cases[] = {
		{AT_SAMPLES, 1, E_TRUNCATED, 0, 1}, /* a sample more than there are */
		{AT_SAMPLES, -1, E_MALFORMED, 0, 0}, /* and one fewer */
		{AT_SAMPLE_LENGTH, 1, E_TRUNCATED, 0, 0},
		{AT_SAMPLE_LENGTH, -1, E_MALFORMED, 1, 0}, /* the record does not fit, and a byte is left over */
		{AT_RECORDS, 1, OK, 1, 0},
		{AT_RECORD_LENGTH, 1, OK, 1, 0},
		{AT_RECORD_LENGTH, -4, OK, 1, 0}, /* the header does not fit */
		{AT_HEADER_LENGTH, 3, OK, 1, 0},
		{AT_HEADER_LENGTH, 2, OK, 0, 1},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct test_bytes out = raw_datagram(1, 10, 0);
		out.data[cases[i].at + 3] = (uint8_t)(out.data[cases[i].at + 3] + cases[i].change);
		uint64_t before = counters_of(flow)->records_malformed;
		assert_int_equal(test_send(flow, &out), cases[i].verdict);
		assert_int_equal(flow->count, cases[i].count);
		assert_int_equal(counters_of(flow)->records_malformed - before, cases[i].malformed);
	}
}

/* CVE-2024-56072 of another collector: a count is no promise. */
static void absurd_counts_end_with_the_bytes(void **state)
{
	struct test_flow *flow = *state;
	struct test_bytes out = raw_datagram(1, 10, 0);
	memset(&out.data[AT_SAMPLES], 0xff, 4);
	assert_int_equal(test_send(flow, &out), E_TRUNCATED);
	assert_int_equal(flow->count, 1);
	out = raw_datagram(1, 10, 0);
	memset(&out.data[AT_RECORDS], 0xff, 4);
	assert_int_equal(test_send(flow, &out), OK);
	assert_int_equal(counters_of(flow)->records_malformed, 1);
	out = raw_datagram(1, 10, 0);
	memset(&out.data[AT_HEADER_LENGTH], 0xff, 4);
	assert_int_equal(test_send(flow, &out), OK);
	assert_int_equal(counters_of(flow)->records_malformed, 2);
}

static void headers_cut_short_are_refused(void **state)
{
	struct test_flow *flow = *state;
	struct test_bytes out = raw_datagram(1, 10, 0);
	out.data[7] = 3; /* an agent address of no family */
	assert_int_equal(test_send(flow, &out), E_MALFORMED);
	out.data[7] = 1;
	out.length = 27;
	assert_int_equal(test_send(flow, &out), E_TRUNCATED);
	out = datagram_begin(1, 0);
	assert_int_equal(test_send(flow, &out), OK);
	assert_int_equal(counters_of(flow)->datagrams_malformed, 2);
}

static void absurd_rates_are_refused_and_the_last_good_one_stays(void **state)
{
	struct test_flow *flow = *state;
	static const struct {
		uint32_t told, sampling, refused;
	} cases[] = {{0, 1, 1}, {LIMIT_FLOW_SAMPLING, LIMIT_FLOW_SAMPLING, 1}, {2048, 2048, 1},
		{LIMIT_FLOW_SAMPLING + 1, 2048, 2}, {UINT32_MAX, 2048, 3}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct test_bytes out = raw_datagram(1, cases[i].told, 0);
		assert_int_equal(test_send(flow, &out), OK);
		assert_int_equal(flow->got[0].sampling, cases[i].sampling);
		assert_int_equal(counters_of(flow)->sampling_refused, cases[i].refused);
	}
}

static void losses_of_agent_and_network_are_counted_apart(void **state)
{
	struct test_flow *flow = *state;
	static const struct {
		uint32_t sequence, drops;
		uint64_t gaps, exporter_drops;
	} cases[] = {
		{10, 500, 0, 0}, /* what was before is not ours to count */
		{11, 503, 0, 3},
		{15, 503, 3, 3},
		{13, 503, 3, 3}, /* reordered */
		{1, 0, 3, 3}, /* restarted; so near that it looks reordered, and so no loss either */
		{UINT32_C(0x70000000), 2, 3, 5},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct test_bytes out = raw_datagram(cases[i].sequence, 10, cases[i].drops);
		assert_int_equal(test_send(flow, &out), OK);
		assert_int_equal(counters_of(flow)->sequence_gaps, cases[i].gaps);
		assert_int_equal(counters_of(flow)->exporter_drops, cases[i].exporter_drops);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, test_setup, test_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_raw_header_becomes_a_packet),
		TEST(expanded_samples_have_wider_interfaces),
		TEST(sampled_ip_counts_where_no_raw_header_does),
		TEST(sampled_ipv6_has_long_addresses),
		TEST(numbers_beyond_their_field_are_refused),
		TEST(what_is_no_ip_is_counted),
		TEST(nested_lengths_must_fit),
		TEST(absurd_counts_end_with_the_bytes),
		TEST(headers_cut_short_are_refused),
		TEST(absurd_rates_are_refused_and_the_last_good_one_stays),
		TEST(losses_of_agent_and_network_are_counted_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
