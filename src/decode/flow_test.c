/* Proves what all flow formats share: telling them apart, the caps on exporters and templates, and the saved state. */
#include "decode/flow_test.h"

#include <stdlib.h>

static void formats_are_told_by_their_first_bytes(void **state)
{
	(void)state;
	static const struct {
		uint8_t bytes[4];
		enum flow_format format;
	} cases[] = {
		{{0, 5, 0, 1}, FLOW_NETFLOW5}, {{0, 9, 0, 1}, FLOW_NETFLOW9}, {{0, 10, 0, 1}, FLOW_IPFIX}, {{0, 0, 0, 5}, FLOW_SFLOW5},
		{{0, 1, 0, 1}, FLOW_UNKNOWN}, {{0, 0, 0, 4}, FLOW_UNKNOWN}, {{0, 0, 1, 5}, FLOW_UNKNOWN}, {{1, 9, 0, 1}, FLOW_UNKNOWN},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(flow_format_of(cases[i].bytes, 4), cases[i].format);
	assert_int_equal(flow_format_of(cases[0].bytes, 3), FLOW_UNKNOWN);
	assert_string_equal(flow_format_name(FLOW_IPFIX), "ipfix");
	assert_string_equal(flow_format_name((enum flow_format)99), "unknown");
}

static void what_is_no_flow_export_is_refused(void **state)
{
	struct test_flow *flow = *state;
	struct test_bytes out = {0};
	assert_int_equal(test_send(flow, &out), E_UNSUPPORTED);
	put_be32(&out, 0x47455420);
	assert_int_equal(test_send(flow, &out), E_UNSUPPORTED);
	assert_int_equal(flow_counters_of(flow->state, FLOW_UNKNOWN)->datagrams, 2);
	assert_int_equal(flow_counters_of(flow->state, FLOW_UNKNOWN)->datagrams_malformed, 2);
}

static void arrivals_of_any_time_are_borne(void **state)
{
	struct test_flow *flow = *state;
	static const int64_t arrivals[] = {INT64_MIN, -1, 0, INT64_MAX};
	static const uint8_t empty[] = {0, 9, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0};
	struct ip_addr addr = ip_from_v4(1);
	for (size_t i = 0; i < ARRAY_LEN(arrivals); i++)
		assert_int_equal(flow_parse(flow->state, &addr, 0, arrivals[i], empty, sizeof(empty), test_sink, flow), OK);
	assert_int_equal(flow_counters_of(flow->state, FLOW_NETFLOW9)->clock_refused, ARRAY_LEN(arrivals));
}

/** An IPFIX message of a domain, with a template if fields > 0, and one data record of template 256 if has_data. */
static struct test_bytes message_of(uint32_t domain, uint16_t template_id, bool has_template, bool has_data)
{
	struct test_bytes out = {0};
	put_be16(&out, 10);
	put_be16(&out, 0);
	put_be32(&out, TEST_EXPORT_S);
	put_be32(&out, 0);
	put_be32(&out, domain);
	if (has_template) {
		put_be32(&out, 0x00020018);
		put_be16(&out, template_id);
		put_be16(&out, 4);
		put_be32(&out, 0x00080004);
		put_be32(&out, 0x000c0004);
		put_be32(&out, 0x00010004);
		put_be32(&out, 0x00020004);
	}
	if (has_data) {
		put_be16(&out, template_id);
		put_be16(&out, 20);
		put_be32(&out, 1);
		put_be32(&out, 2);
		put_be32(&out, 60);
		put_be32(&out, 1);
	}
	patch_be16(&out, 2, out.length);
	return out;
}

static bool learn(struct test_flow *flow, uint32_t domain, uint16_t template_id)
{
	struct test_bytes out = message_of(domain, template_id, true, true);
	assert_int_equal(test_send(flow, &out), OK);
	return flow->count == 1;
}

static bool knows(struct test_flow *flow, uint32_t domain, uint16_t template_id)
{
	struct test_bytes out = message_of(domain, template_id, false, true);
	assert_int_equal(test_send(flow, &out), OK);
	return flow->count == 1;
}

static void resize(struct test_flow *flow, uint32_t exporters_max, uint32_t templates_max)
{
	flow_state_free(flow->state);
	struct flow_config config = flow_config_default();
	config.exporters_max = exporters_max;
	config.templates_max = templates_max;
	flow->state = flow_state_new(&config);
	assert_non_null(flow->state);
}

static void the_least_recently_used_template_makes_room(void **state)
{
	struct test_flow *flow = *state;
	resize(flow, 8, 3);
	for (uint16_t id = 256; id < 259; id++)
		assert_true(learn(flow, 1, id));
	assert_int_equal(flow_counters_of(flow->state, FLOW_IPFIX)->templates_evicted, 0);
	assert_true(knows(flow, 1, 256)); /* used, so 257 is the oldest */
	assert_true(learn(flow, 2, 300));
	assert_int_equal(flow_counters_of(flow->state, FLOW_IPFIX)->templates_evicted, 1);
	assert_true(knows(flow, 1, 256));
	assert_false(knows(flow, 1, 257));
	assert_true(knows(flow, 1, 258));
	assert_true(knows(flow, 2, 300));
}

static void the_least_recently_heard_exporter_makes_room(void **state)
{
	struct test_flow *flow = *state;
	resize(flow, 2, 8);
	assert_true(learn(flow, 1, 256));
	assert_true(learn(flow, 2, 256));
	assert_true(knows(flow, 1, 256));
	assert_true(learn(flow, 3, 256));
	assert_int_equal(flow_counters_of(flow->state, FLOW_IPFIX)->exporters_evicted, 1);
	assert_true(knows(flow, 1, 256));
	assert_true(knows(flow, 3, 256));
	assert_false(knows(flow, 2, 256)); /* and it comes as a new one, without its template */
}

static void memory_of_evicted_exporters_is_used_again(void **state)
{
	struct test_flow *flow = *state;
	resize(flow, 2, 4);
	for (uint32_t domain = 0; domain < 1000; domain++)
		assert_true(learn(flow, domain, 256));
	assert_int_equal(flow_counters_of(flow->state, FLOW_IPFIX)->exporters_evicted, 998);
	assert_int_equal(flow_counters_of(flow->state, FLOW_IPFIX)->templates_evicted, 0);
	assert_int_equal(flow_counters_of(flow->state, FLOW_IPFIX)->templates_learned, 1000);
}

/** A state that knows two domains, their templates, and a sampling rate. */
static void teach(struct test_flow *flow, uint8_t **ret_saved, size_t *ret_saved_bytes)
{
	assert_true(learn(flow, 1, 256));
	assert_true(learn(flow, 2, 300));
	static const uint8_t options[] = {0, 10, 0, 50, 0x65, 0x53, 0xf1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 3, 0, 18,
		1, 0x90, 0, 2, 0, 1, 1, 46, 0, 4, 0, 34, 0, 4, 1, 0x90, 0, 16, 0, 0, 0, 5, 0, 0, 0, 99, 0, 0, 0, 0};
	struct ip_addr addr = ip_from_v4(0xc0000201);
	assert_int_equal(flow_parse(flow->state, &addr, 0, TEST_EXPORT_NS, options, sizeof(options), test_sink, flow), OK);
	assert_int_equal(flow_counters_of(flow->state, FLOW_IPFIX)->records_no_ip, 1);
	assert_int_equal(flow_state_save(flow->state, ret_saved, ret_saved_bytes), OK);
}

static void a_saved_state_understands_the_next_datagram(void **state)
{
	struct test_flow *flow = *state;
	uint8_t *saved;
	size_t saved_bytes;
	teach(flow, &saved, &saved_bytes);
	resize(flow, 8, 8);
	assert_int_equal(flow_state_load(flow->state, saved, saved_bytes), OK);
	assert_int_equal(flow_counters_of(flow->state, FLOW_IPFIX)->templates_learned, 0); /* loading is not hearing */
	assert_true(knows(flow, 1, 256));
	assert_int_equal(flow->got[0].sampling, 99);
	assert_true(knows(flow, 2, 300));
	assert_int_equal(flow->got[0].sampling, 1);
	assert_false(knows(flow, 2, 256));

	uint8_t *again;
	size_t again_bytes;
	assert_int_equal(flow_state_load(flow->state, saved, saved_bytes), E_STATE); /* only into an empty one */
	resize(flow, 8, 8);
	assert_int_equal(flow_state_load(flow->state, saved, saved_bytes), OK);
	assert_int_equal(flow_state_save(flow->state, &again, &again_bytes), OK);
	assert_int_equal(again_bytes, saved_bytes);
	assert_memory_equal(again, saved, saved_bytes);
	free(saved);
	free(again);
}

/** Puts the checksum right after a change, as a hostile writer would. */
static void checksum_put(uint8_t *saved, size_t saved_bytes)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < saved_bytes - 8; i++)
		hash = (hash ^ saved[i]) * UINT64_C(0x100000001b3);
	for (size_t i = 0; i < 8; i++)
		saved[saved_bytes - 8 + i] = (uint8_t)(hash >> (8 * i));
}

static void damage_anywhere_is_refused_whole(void **state)
{
	struct test_flow *flow = *state;
	uint8_t *saved, *nothing;
	size_t saved_bytes, nothing_bytes;
	teach(flow, &saved, &saved_bytes);
	resize(flow, 8, 8);
	for (size_t i = 0; i < saved_bytes; i++) {
		saved[i] ^= 0x20;
		assert_int_not_equal(flow_state_load(flow->state, saved, saved_bytes), OK);
		saved[i] ^= 0x20;
		assert_int_not_equal(flow_state_load(flow->state, saved, i), OK); /* and cut there */
	}
	assert_int_equal(flow_state_save(flow->state, &nothing, &nothing_bytes), OK);
	assert_int_equal(nothing_bytes, 32);
	assert_int_equal(flow_state_load(flow->state, saved, saved_bytes), OK);
	free(saved);
	free(nothing);
}

static void a_hostile_file_with_a_good_checksum_is_refused(void **state)
{
	struct test_flow *flow = *state;
	enum { EXPORTER = 24, SECOND = EXPORTER + 42, TEMPLATE = SECOND + 42 + 13 };
	static const struct {
		size_t at;
		uint8_t value;
		int verdict;
	} cases[] = {
		{0, 'h', E_MALFORMED}, /* magic */
		{8, 2, E_UNSUPPORTED}, /* version */
		{12, 3, E_MALFORMED}, /* an exporter more */
		{13, 9, E_LIMIT}, /* exporters beyond the cap */
		{17, 1, E_LIMIT}, /* templates beyond the cap */
		{16, 2, E_MALFORMED}, /* a template fewer: bytes are left over */
		{20, 0, E_MALFORMED}, /* a byte more than the length says */
		{20, 2, E_TRUNCATED}, /* and one fewer */
		{EXPORTER + 20, 9, E_MALFORMED}, /* a format that does not exist */
		{EXPORTER + 20, FLOW_SFLOW5, E_MALFORMED}, /* one that has no templates */
		{EXPORTER + 35, 1, E_MALFORMED}, /* absurd sampling */
		{EXPORTER + 36, 1, E_MALFORMED}, /* not zero */
		{EXPORTER + 16, 1, E_MALFORMED}, /* the same exporter twice */
		{SECOND + 42, 3, E_MALFORMED}, /* a note that is not saved */
		{SECOND + 42 + 12, 1, E_MALFORMED}, /* absurd sampling of a selector */
		{SECOND + 40, 200, E_MALFORMED}, /* more notes than there are */
		{TEMPLATE, 2, E_MALFORMED}, /* of no exporter */
		{TEMPLATE + 4, 2, E_MALFORMED}, /* of no kind */
		{TEMPLATE + 9, 0, E_MALFORMED}, /* an id below 256 */
		{TEMPLATE + 11, 0xff, E_MALFORMED}, /* fields above the cap */
		{TEMPLATE + 12, 9, E_MALFORMED}, /* more scopes than fields */
		{TEMPLATE + 14, 1, E_MALFORMED}, /* not zero */
	};
	uint8_t *saved;
	size_t saved_bytes;
	teach(flow, &saved, &saved_bytes);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		resize(flow, 8, 8);
		uint8_t kept = saved[cases[i].at];
		saved[cases[i].at] = cases[i].value;
		checksum_put(saved, saved_bytes);
		int err = flow_state_load(flow->state, saved, saved_bytes);
		if (err != cases[i].verdict)
			fail_msg("case %zu: %s", i, err_name(err));
		saved[cases[i].at] = kept;
		checksum_put(saved, saved_bytes);
		assert_int_equal(flow_state_load(flow->state, saved, saved_bytes), OK);
	}
	resize(flow, 1, 8);
	assert_int_equal(flow_state_load(flow->state, saved, saved_bytes), E_LIMIT);
	resize(flow, 2, 2);
	assert_int_equal(flow_state_load(flow->state, saved, saved_bytes), E_LIMIT);
	free(saved);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, test_setup, test_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(formats_are_told_by_their_first_bytes),
		TEST(what_is_no_flow_export_is_refused),
		TEST(arrivals_of_any_time_are_borne),
		TEST(the_least_recently_used_template_makes_room),
		TEST(the_least_recently_heard_exporter_makes_room),
		TEST(memory_of_evicted_exporters_is_used_again),
		TEST(a_saved_state_understands_the_next_datagram),
		TEST(damage_anywhere_is_refused_whole),
		TEST(a_hostile_file_with_a_good_checksum_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
