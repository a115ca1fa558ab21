/*
 * Proves the rules of IPFIX messages, templates and data records (RFC 7011), and of NetFlow v9 (RFC 3954); what
 * becomes of a record's fields is ipfix_record_test.c's part.
 */
#include "decode/ipfix_test.h"

/* RFC 7011 section 3.1: the length is that of the message. */
static void the_message_length_is_checked(void **state)
{
	struct test_flow *flow = *state;
	size_t set;
	struct test_bytes out = data_begin(plain, ARRAY_LEN(plain), &set);
	plain_put(&out, 1);
	assert_int_equal(data_end(flow, &out, set), OK);
	assert_int_equal(flow->count, 1);
	patch_be16(&out, 2, out.length + 1);
	assert_int_equal(test_send(flow, &out), E_TRUNCATED);
	assert_int_equal(flow->count, 1);
	patch_be16(&out, 2, out.length - 4);
	assert_int_equal(test_send(flow, &out), E_TRUNCATED); /* the set runs over the message */
	assert_int_equal(flow->count, 0);
	patch_be16(&out, 2, 15);
	assert_int_equal(test_send(flow, &out), E_MALFORMED);
	message_end(&out);
	put_be32(&out, 0);
	assert_int_equal(test_send(flow, &out), E_MALFORMED); /* something behind the message */
	assert_int_equal(flow->count, 1);
	out.length = 15;
	assert_int_equal(test_send(flow, &out), E_TRUNCATED);
	assert_int_equal(counters_of(flow)->datagrams_malformed, 5);
}

/* RFC 7011 section 3.3.2: a set's length has its header in it. */
static void set_lengths_are_checked(void **state)
{
	struct test_flow *flow = *state;
	static const struct {
		uint16_t length;
		int verdict;
	} cases[] = {{0, E_MALFORMED}, {3, E_MALFORMED}, {4, OK}, {PLAIN_BYTES + 4, OK}, {PLAIN_BYTES + 5, E_TRUNCATED}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t set;
		struct test_bytes out = data_begin(plain, ARRAY_LEN(plain), &set);
		if (cases[i].length > 4)
			plain_put(&out, 1);
		patch_be16(&out, set + 2, cases[i].length);
		message_end(&out);
		assert_int_equal(test_send(flow, &out), cases[i].verdict);
		assert_int_equal(flow->count, cases[i].length == PLAIN_BYTES + 4);
	}
}

/* RFC 7011 section 3.3.1: padding is shorter than any record. */
static void padding_is_not_a_record(void **state)
{
	struct test_flow *flow = *state;
	size_t set;
	struct test_bytes out = data_begin(plain, ARRAY_LEN(plain), &set);
	plain_put(&out, 1);
	plain_put(&out, 2);
	put_be(&out, 0, 7);
	assert_int_equal(data_end(flow, &out, set), OK);
	assert_int_equal(flow->count, 2);
	assert_int_equal(flow->got[1].packets, 2);
}

/* RFC 7011 section 8: data without a template is no error of the message. */
static void data_without_template_is_counted(void **state)
{
	struct test_flow *flow = *state;
	struct test_bytes out = message_begin(0);
	size_t set = set_begin(&out, 300);
	plain_put(&out, 1);
	assert_int_equal(data_end(flow, &out, set), OK);
	assert_int_equal(flow->count, 0);
	assert_int_equal(counters_of(flow)->sets_unknown_template, 1);
}

static void templates_belong_to_exporter_and_domain(void **state)
{
	struct test_flow *flow = *state;
	size_t set;
	struct test_bytes with = data_begin(plain, ARRAY_LEN(plain), &set);
	plain_put(&with, 1);
	assert_int_equal(data_end(flow, &with, set), OK);

	struct test_bytes without = message_begin(1);
	set = set_begin(&without, 256);
	plain_put(&without, 1);
	set_end(&without, set);
	message_end(&without);
	assert_int_equal(test_send(flow, &without), OK);
	assert_int_equal(flow->count, 1);
	assert_int_equal(test_send_from(flow, 0xc0000202, &without), OK);
	assert_int_equal(flow->count, 0);
	without.data[15]++; /* another domain */
	assert_int_equal(test_send(flow, &without), OK);
	assert_int_equal(flow->count, 0);
}

/* RFC 7011 section 8: what a template id means is what it was last given. */
static void a_template_may_change_under_data(void **state)
{
	struct test_flow *flow = *state;
	static const struct field other[] = {{1, 2, 0}, {2, 2, 0}, {12, 4, 0}, {8, 4, 0}};
	size_t set;
	struct test_bytes out = data_begin(plain, ARRAY_LEN(plain), &set);
	plain_put(&out, 3);
	set_end(&out, set);
	template_put(&out, 256, plain, ARRAY_LEN(plain)); /* the same again */
	template_put(&out, 256, other, ARRAY_LEN(other));
	set = set_begin(&out, 256);
	put_be16(&out, 500);
	put_be16(&out, 5);
	put_be32(&out, 1);
	put_be32(&out, 2);
	assert_int_equal(data_end(flow, &out, set), OK);
	assert_int_equal(flow->count, 2);
	assert_int_equal(flow->got[1].packets, 5);
	assert_int_equal(ip_to_v4(&flow->got[1].src), 2);
	assert_int_equal(counters_of(flow)->templates_learned, 2);
	assert_int_equal(counters_of(flow)->templates_changed, 1);
}

static void withdrawal_put(struct test_bytes *out, uint16_t set_id, uint16_t id)
{
	size_t set = set_begin(out, set_id);
	put_be16(out, id);
	put_be16(out, 0);
	set_end(out, set);
}

/** Sends data for template 256 and tells whether it was understood. */
static bool is_known(struct test_flow *flow)
{
	struct test_bytes out = message_begin(0);
	size_t set = set_begin(&out, 256);
	plain_put(&out, 1);
	assert_int_equal(data_end(flow, &out, set), OK);
	return flow->count == 1;
}

/* RFC 7011 section 8.1: one template, or all of a kind, by a record without fields. */
static void templates_are_withdrawn_one_or_all(void **state)
{
	struct test_flow *flow = *state;
	static const struct {
		uint16_t set_id, id;
		uint64_t withdrawn, refused;
		bool known;
	} cases[] = {
		{2, 257, 0, 0, true}, /* another one, not known */
		{2, 256, 1, 0, false},
		{3, 3, 0, 0, true}, /* all options templates: there are none */
		{2, 2, 1, 0, false}, /* all data templates */
		{2, 3, 0, 1, true}, /* of the other kind's set */
		{2, 255, 0, 1, true}, /* no template id */
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct flow_counters before = *counters_of(flow);
		struct test_bytes out = message_begin(0);
		template_put(&out, 256, plain, ARRAY_LEN(plain));
		withdrawal_put(&out, cases[i].set_id, cases[i].id);
		message_end(&out);
		assert_int_equal(test_send(flow, &out), OK);
		assert_int_equal(is_known(flow), cases[i].known);
		assert_int_equal(counters_of(flow)->templates_withdrawn - before.templates_withdrawn, cases[i].withdrawn);
		assert_int_equal(counters_of(flow)->templates_refused - before.templates_refused, cases[i].refused);
	}
}

static void templates_without_sense_are_refused(void **state)
{
	struct test_flow *flow = *state;
	static const struct field empty[] = {{8, 0, 0}};
	static const struct field huge[] = {{1000, 40000, 0}, {1001, 40000, 0}};
	struct test_bytes out = message_begin(0);
	template_put(&out, 256, empty, 1); /* records of no bytes would never end */
	template_put(&out, 257, huge, 2); /* fits no datagram */
	template_put(&out, 255, plain, ARRAY_LEN(plain)); /* RFC 7011 section 3.4.1: ids are 256 and above */
	options_template_put(&out, 258, 0, plain, ARRAY_LEN(plain)); /* section 3.4.2.2: must have a scope */
	options_template_put(&out, 259, 5, plain, ARRAY_LEN(plain)); /* more scopes than fields */
	template_put(&out, 260, plain, ARRAY_LEN(plain));
	message_end(&out);
	assert_int_equal(test_send(flow, &out), OK);
	assert_int_equal(counters_of(flow)->templates_refused, 5);
	assert_int_equal(counters_of(flow)->templates_learned, 1);
}

static void templates_have_at_most_their_cap_of_fields(void **state)
{
	struct test_flow *flow = *state;
	for (unsigned count = LIMIT_FLOW_TEMPLATE_FIELDS; count <= LIMIT_FLOW_TEMPLATE_FIELDS + 1; count++) {
		struct test_bytes out = message_begin(0);
		size_t set = set_begin(&out, 2);
		put_be16(&out, 256);
		put_be16(&out, (uint16_t)count);
		for (unsigned i = 0; i < count; i++)
			put_be32(&out, 0x00080004); /* an address, again and again */
		put_be16(&out, 257); /* and one behind it, which must still be seen */
		put_be16(&out, ARRAY_LEN(plain));
		fields_put(&out, plain, ARRAY_LEN(plain));
		set_end(&out, set);
		message_end(&out);
		assert_int_equal(test_send(flow, &out), OK);
		assert_int_equal(counters_of(flow)->templates_refused, count - LIMIT_FLOW_TEMPLATE_FIELDS);
		assert_int_equal(counters_of(flow)->templates_learned, 2);
	}
}

static void a_template_cut_short_is_refused(void **state)
{
	struct test_flow *flow = *state;
	struct test_bytes out = message_begin(0);
	size_t set = set_begin(&out, 2);
	put_be16(&out, 256);
	put_be16(&out, 3);
	fields_put(&out, plain, 2);
	set_end(&out, set);
	message_end(&out);
	assert_int_equal(test_send(flow, &out), E_TRUNCATED);
	assert_int_equal(counters_of(flow)->templates_refused, 1);
	assert_int_equal(counters_of(flow)->templates_learned, 0);
}

/* RFC 7011 section 7: one byte of length, or 255 and two. */
static void variable_lengths_are_followed(void **state)
{
	struct test_flow *flow = *state;
	static const struct field fields[] = {{8, 4, 0}, {12, VARIABLE, 9}, {12, 4, 0}, {1, VARIABLE, 0}, {2, 2, 0}};
	size_t set;
	struct test_bytes out = data_begin(fields, ARRAY_LEN(fields), &set);
	put_be32(&out, 1);
	put_be(&out, 0x03616263, 4); /* an enterprise's, three bytes */
	put_be32(&out, 2);
	put_be(&out, 0x020384, 3); /* 900 in two bytes */
	put_be16(&out, 9);
	put_be32(&out, 3);
	put_be(&out, 0xff0001ee, 4); /* the long form for one byte */
	put_be32(&out, 4);
	put_be(&out, 0xff0001c8, 4); /* and for a number, 200 */
	put_be16(&out, 2);
	assert_int_equal(data_end(flow, &out, set), OK);
	assert_int_equal(flow->count, 2);
	assert_int_equal(flow->got[0].bytes, 900);
	assert_int_equal(flow->got[0].packets, 9);
	assert_int_equal(ip_to_v4(&flow->got[0].dst), 2);
	assert_int_equal(flow->got[1].bytes, 200);
	assert_int_equal(flow->got[1].packets, 2);
}

static void variable_lengths_over_the_end_are_refused(void **state)
{
	struct test_flow *flow = *state;
	static const struct field fields[] = {{8, 4, 0}, {12, 4, 0}, {1, VARIABLE, 0}, {2, 4, 0}};
	static const struct {
		uint8_t length; /* written, where there are 2 */
		size_t count;
	} cases[] = {{2, 1}, {3, 0}, {254, 0}, {255, 0}, {9, 0}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t set;
		uint64_t before = counters_of(flow)->records_malformed;
		struct test_bytes out = data_begin(fields, ARRAY_LEN(fields), &set);
		put_be32(&out, 1);
		put_be32(&out, 2);
		put_be(&out, cases[i].length, 1);
		put_be16(&out, 600);
		put_be32(&out, 6);
		assert_int_equal(data_end(flow, &out, set), OK);
		assert_int_equal(flow->count, cases[i].count);
		assert_int_equal(counters_of(flow)->records_malformed - before, 1 - cases[i].count);
	}
}

/** Sends options with one scope and some values, each in eight bytes. */
static void options_send(struct test_flow *flow, const struct field *fields, size_t count, const uint64_t *values)
{
	struct test_bytes out = message_begin(0);
	options_template_put(&out, 500, 1, fields, count);
	size_t set = set_begin(&out, 500);
	for (size_t i = 0; i < count; i++)
		put_be(&out, values[i], 8);
	assert_int_equal(data_end(flow, &out, set), OK);
}

/** The sampling of a record that names a selector and an ingress interface. */
static uint32_t sampling_of(struct test_flow *flow, uint64_t selector, uint32_t interface)
{
	static const struct field fields[] = {{8, 4, 0}, {12, 4, 0}, {2, 4, 0}, {1, 4, 0}, {302, 8, 0}, {10, 4, 0}};
	size_t set;
	struct test_bytes out = data_begin(fields, ARRAY_LEN(fields), &set);
	plain_put(&out, 1);
	put_be(&out, selector, 8);
	put_be32(&out, interface);
	assert_int_equal(data_end(flow, &out, set), OK);
	return flow->got[0].sampling;
}

/* RFC 5477 section 8.2, RFC 7270: sampling comes in options, by selector, by interface, or for the domain. */
static void sampling_is_that_of_the_selector_the_interface_or_the_domain(void **state)
{
	struct test_flow *flow = *state;
	static const struct field by_selector[] = {{302, 8, 0}, {305, 8, 0}, {306, 8, 0}};
	static const struct field by_interface[] = {{10, 8, 0}, {34, 8, 0}};
	static const struct field by_domain[] = {{149, 8, 0}, {34, 8, 0}};
	assert_int_equal(sampling_of(flow, 5, 1), 1);
	options_send(flow, by_selector, 3, (uint64_t[]){5, 1, 99});
	assert_int_equal(sampling_of(flow, 5, 1), 100);
	assert_int_equal(sampling_of(flow, 6, 1), 100); /* not known: the least of those that are */
	options_send(flow, by_selector, 3, (uint64_t[]){6, 2, 398});
	assert_int_equal(sampling_of(flow, 6, 1), 200);
	assert_int_equal(sampling_of(flow, 7, 1), 100);
	options_send(flow, by_interface, 2, (uint64_t[]){3, 700});
	assert_int_equal(sampling_of(flow, 7, 3), 700);
	assert_int_equal(sampling_of(flow, 7, 1), 100);
	options_send(flow, by_domain, 2, (uint64_t[]){9, 900});
	assert_int_equal(sampling_of(flow, 7, 1), 900);
	assert_int_equal(sampling_of(flow, 5, 1), 100);
	assert_int_equal(counters_of(flow)->records_no_ip, 4); /* the options records */
}

/* RFC 7011 section 3.1: domain 0 is the whole exporting process. */
static void sampling_of_domain_0_holds_for_domains_that_say_nothing(void **state)
{
	struct test_flow *flow = *state;
	static const struct field by_domain[] = {{149, 8, 0}, {34, 8, 0}};
	struct test_bytes out = message_begin(0);
	out.data[15] = 0;
	options_template_put(&out, 500, 1, by_domain, 2);
	size_t set = set_begin(&out, 500);
	put_be(&out, 0, 8);
	put_be(&out, 30, 8);
	assert_int_equal(data_end(flow, &out, set), OK);
	assert_int_equal(sampling_of(flow, 1, 1), 30);
	options_send(flow, by_domain, 2, (uint64_t[]){9, 40});
	assert_int_equal(sampling_of(flow, 1, 1), 40);
}

static void absurd_sampling_is_refused(void **state)
{
	struct test_flow *flow = *state;
	static const struct field interval[] = {{149, 8, 0}, {34, 8, 0}};
	static const struct field spaced[] = {{149, 8, 0}, {305, 8, 0}, {306, 8, 0}};
	static const struct field out_of[] = {{149, 8, 0}, {309, 8, 0}, {310, 8, 0}};
	static const struct field all[] = {{149, 8, 0}, {305, 8, 0}, {309, 8, 0}, {310, 8, 0}};
	static const struct field chance[] = {{149, 8, 0}, {311, 8, 0}};
	static const struct {
		const struct field *fields;
		size_t count;
		uint64_t values[4];
		uint32_t sampling, refused;
	} cases[] = {
		{interval, 2, {9, 0}, 1, 1},
		{interval, 2, {9, 1000}, 1000, 1},
		{interval, 2, {9, LIMIT_FLOW_SAMPLING}, LIMIT_FLOW_SAMPLING, 1},
		{interval, 2, {9, LIMIT_FLOW_SAMPLING + 1}, LIMIT_FLOW_SAMPLING, 2},
		{interval, 2, {9, UINT64_MAX}, LIMIT_FLOW_SAMPLING, 3},
		{spaced, 3, {9, 0, 99}, LIMIT_FLOW_SAMPLING, 4},
		{spaced, 3, {9, 1, UINT64_MAX}, LIMIT_FLOW_SAMPLING, 5},
		{spaced, 3, {9, 10, 90}, 10, 5},
		{out_of, 3, {9, 0, 100}, 10, 6},
		{out_of, 3, {9, 100, 1}, 10, 7},
		{out_of, 3, {9, 5, 100}, 20, 7},
		{all, 4, {9, 1, 1, 256}, 256, 7}, /* Cisco's IOS XR, sampling 1 out of 256 */
		{all, 4, {9, 20, 0, 0}, 20, 7},
		{chance, 2, {9, UINT64_C(0x7ff8000000000000)}, 20, 8}, /* not a number */
		{chance, 2, {9, 0}, 20, 9},
		{chance, 2, {9, UINT64_C(0x3fd0000000000000)}, 4, 9}, /* 0.25 */
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		options_send(flow, cases[i].fields, cases[i].count, cases[i].values);
		assert_int_equal(sampling_of(flow, 1, 1), cases[i].sampling);
		assert_int_equal(counters_of(flow)->sampling_refused, cases[i].refused);
	}
}

static void samplers_above_the_cap_are_refused(void **state)
{
	struct test_flow *flow = *state;
	static const struct field by_selector[] = {{302, 8, 0}, {34, 8, 0}};
	for (uint64_t i = 0; i <= LIMIT_FLOW_NOTES; i++)
		options_send(flow, by_selector, 2, (uint64_t[]){i, 100 + i});
	assert_int_equal(counters_of(flow)->sampling_refused, 1);
	assert_int_equal(sampling_of(flow, LIMIT_FLOW_NOTES - 1, 1), 100 + LIMIT_FLOW_NOTES - 1);
	assert_int_equal(sampling_of(flow, LIMIT_FLOW_NOTES, 1), 100);
	options_send(flow, by_selector, 2, (uint64_t[]){3, 50}); /* one that is there may change */
	assert_int_equal(sampling_of(flow, 3, 1), 50);
}

/* RFC 7011 section 3.1: the sequence number counts data records. */
static void gaps_are_data_records(void **state)
{
	struct test_flow *flow = *state;
	static const struct {
		uint32_t sequence, gaps;
	} cases[] = {{100, 0}, {102, 0}, {109, 5}, {104, 5}, {111, 5}, {UINT32_C(0x90000000), 5}, {UINT32_C(0x90000002), 5}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct test_bytes out = message_begin(cases[i].sequence);
		template_put(&out, 256, plain, ARRAY_LEN(plain));
		size_t set = set_begin(&out, 256);
		plain_put(&out, 1);
		plain_put(&out, 1);
		assert_int_equal(data_end(flow, &out, set), OK);
		assert_int_equal(counters_of(flow)->sequence_gaps, cases[i].gaps);
	}
}

/* RFC 3954: set ids 0 and 1, SysUptime in the header, scopes by bytes, a sequence of datagrams. */
static struct test_bytes netflow9_begin(uint32_t sequence)
{
	struct test_bytes out = {0};
	put_be16(&out, 9);
	put_be16(&out, 1);
	put_be32(&out, 60000);
	put_be32(&out, TEST_EXPORT_S);
	put_be32(&out, sequence);
	put_be32(&out, 9);
	return out;
}

static void netflow9_has_its_own_header_and_options(void **state)
{
	struct test_flow *flow = *state;
	static const struct field fields[] = {{8, 4, 0}, {12, 4, 0}, {2, 4, 0}, {1, 4, 0}, {22, 4, 0}, {21, 4, 0}, {48, 1, 0}};
	struct test_bytes out = netflow9_begin(1);
	size_t set = set_begin(&out, 1);
	put_be16(&out, 257);
	put_be16(&out, 4); /* bytes of scopes */
	put_be16(&out, 8); /* bytes of options */
	put_be32(&out, 0x00010004); /* the system */
	put_be32(&out, 0x00300001); /* FLOW_SAMPLER_ID */
	put_be32(&out, 0x00320004); /* FLOW_SAMPLER_RANDOM_INTERVAL */
	put_be16(&out, 0); /* padding */
	set_end(&out, set);
	set = set_begin(&out, 257);
	put_be32(&out, 1);
	put_be(&out, 4, 1);
	put_be32(&out, 250);
	put_be(&out, 0, 3);
	set_end(&out, set);
	set = set_begin(&out, 0);
	put_be16(&out, 256);
	put_be16(&out, ARRAY_LEN(fields));
	fields_put(&out, fields, ARRAY_LEN(fields));
	set_end(&out, set);
	set = set_begin(&out, 256);
	plain_put(&out, 4);
	put_be32(&out, 58000);
	put_be32(&out, 59000);
	put_be(&out, 4, 1);
	set_end(&out, set);
	assert_int_equal(test_send(flow, &out), OK);
	assert_int_equal(flow->count, 1);
	assert_int_equal(flow->got[0].sampling, 250);
	assert_int_equal(flow->got[0].start_ns, TEST_EXPORT_NS - 2000 * NS_PER_MS);
	assert_int_equal(flow->got[0].end_ns, TEST_EXPORT_NS - 1000 * NS_PER_MS);

	struct test_bytes later = netflow9_begin(5);
	assert_int_equal(test_send(flow, &later), OK);
	assert_int_equal(flow_counters_of(flow->state, FLOW_NETFLOW9)->sequence_gaps, 3);
	later.length = 19;
	assert_int_equal(test_send(flow, &later), E_TRUNCATED);
}

/* RFC 3954 section 6.1: scope and option lengths are in bytes of four each; v9 has no enterprise bit and no withdrawal. */
static void netflow9_refuses_what_it_cannot_mean(void **state)
{
	struct test_flow *flow = *state;
	struct test_bytes out = netflow9_begin(1);
	size_t set = set_begin(&out, 1);
	put_be16(&out, 257);
	put_be16(&out, 3);
	put_be16(&out, 4);
	put_be(&out, 0, 8);
	set_end(&out, set);
	assert_int_equal(test_send(flow, &out), E_MALFORMED);

	out = netflow9_begin(2);
	set = set_begin(&out, 0);
	put_be16(&out, 256);
	put_be16(&out, 0); /* a template of no fields: the divide by zero of CVE-2024-56073 */
	put_be16(&out, 258);
	put_be16(&out, 2);
	put_be32(&out, 0x80080004); /* a vendor's type, no enterprise number behind it */
	put_be32(&out, 0x000c0004);
	set_end(&out, set);
	set = set_begin(&out, 256);
	put_be32(&out, 0);
	set_end(&out, set);
	assert_int_equal(test_send(flow, &out), OK);
	const struct flow_counters *counters = flow_counters_of(flow->state, FLOW_NETFLOW9);
	assert_int_equal(counters->templates_refused, 1);
	assert_int_equal(counters->templates_withdrawn, 0);
	assert_int_equal(counters->templates_learned, 1);
	assert_int_equal(counters->sets_unknown_template, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, test_setup, test_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_message_length_is_checked),
		TEST(set_lengths_are_checked),
		TEST(padding_is_not_a_record),
		TEST(data_without_template_is_counted),
		TEST(templates_belong_to_exporter_and_domain),
		TEST(a_template_may_change_under_data),
		TEST(templates_are_withdrawn_one_or_all),
		TEST(templates_without_sense_are_refused),
		TEST(templates_have_at_most_their_cap_of_fields),
		TEST(a_template_cut_short_is_refused),
		TEST(variable_lengths_are_followed),
		TEST(variable_lengths_over_the_end_are_refused),
		TEST(sampling_is_that_of_the_selector_the_interface_or_the_domain),
		TEST(sampling_of_domain_0_holds_for_domains_that_say_nothing),
		TEST(absurd_sampling_is_refused),
		TEST(samplers_above_the_cap_are_refused),
		TEST(gaps_are_data_records),
		TEST(netflow9_has_its_own_header_and_options),
		TEST(netflow9_refuses_what_it_cannot_mean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
