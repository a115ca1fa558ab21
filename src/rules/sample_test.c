/*
 * Proves of the header sample that it stays in its bounds, that its weights add up to what was there, that a flood at one
 * destination leaves the others their part, that it forgets and wipes, and that what comes late is refused and counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "rules/evaluate.h"
#include "rules/sample.h"

#define SECOND_NS INT64_C(1000000000)

static const struct sample_config config = {.slice_ns = SECOND_NS, .slice_count = 60, .slice_packets = 512, .seed = 3};
static const struct ip_prefix all = {{.be32 = {0, 0, 0xffff0000, 0}}, 96};
static struct sample_view view;

static struct packet_facts facts_to(uint32_t dst, uint16_t src_port)
{
	struct packet_facts facts = {.src_port = src_port};
	struct ip_addr addr = ip_from_v4(dst);
	memcpy(facts.dst_be, &addr, sizeof(facts.dst_be));
	return facts;
}

static struct sample *sample_of(const struct sample_config *of)
{
	struct sample *sample = NULL;
	assert_int_equal(sample_new(of, &sample), OK);
	return sample;
}

static double view_sum(uint16_t src_port)
{
	double sum = 0;
	for (size_t i = 0; i < view.count; i++)
		sum += view.packets[i].facts.src_port == src_port ? view.packets[i].packets : 0;
	return sum;
}

/** Thirty seconds of 2,000 packets each, a tenth of them of port 1; old slices and fresh ones, and a view that is full. */
static void weights_add_up_to_what_was_there(void **state)
{
	(void)state;
	struct sample *sample = sample_of(&config);
	for (uint32_t i = 0; i < 60000; i++) {
		struct packet_facts facts = facts_to(0xc0000200 + i % 97, i % 10 == 0);
		sample_add(sample, &facts, 8, (int64_t)i * SECOND_NS / 2000);
	}
	sample_take(sample, &all, 1, 0, 30 * SECOND_NS, &view);
	assert_int_equal(view.count, SAMPLE_VIEW_MAX);
	assert_in_range((uint64_t)(view.span_s * 1000), 29990, 30000);
	assert_in_range((uint64_t)(view_sum(0) + view_sum(1)), 480000 * 0.97, 480000 * 1.03);
	assert_in_range((uint64_t)view_sum(1), 48000 * 0.8, 48000 * 1.2);
	/* Five seconds out of the middle, to a part of the destinations. */
	struct ip_prefix half = {ip_from_v4(0xc0000200), 122};
	sample_take(sample, &half, 1, 10 * SECOND_NS, 15 * SECOND_NS, &view);
	assert_in_range((uint64_t)(view.span_s * 1000), 4999, 5000);
	assert_in_range((uint64_t)(view_sum(0) + view_sum(1)), 80000 * 64 / 97 * 0.85, 80000 * 64 / 97 * 1.15);
	sample_free(sample);
	sample_free(NULL);
}

static void a_flood_leaves_the_others_their_part(void **state)
{
	(void)state;
	struct sample *sample = sample_of(&config);
	struct ip_prefix quiet = {ip_from_v4(0xc0000300), 120};
	for (uint32_t i = 0; i < 200000; i++) { /* one second: a thousand packets to 256 others, the rest to one */
		bool is_quiet = i % 200 == 0;
		struct packet_facts facts = facts_to(is_quiet ? 0xc0000300 + i / 200 % 256 : 0xc0000201, is_quiet);
		sample_add(sample, &facts, 1, (int64_t)i * SECOND_NS / 200000);
	}
	sample_take(sample, &quiet, 1, 0, SECOND_NS, &view);
	assert_in_range(view.count, 880, 1000); /* all but those that share their group with the flood */
	assert_in_range((uint64_t)view_sum(1), 850, 1150);
	sample_free(sample);
}

static void what_is_old_is_forgotten(void **state)
{
	(void)state;
	struct sample *sample = sample_of(&config);
	struct packet_facts facts = facts_to(0xc0000201, 1);
	sample_take(sample, &all, 1, 0, SECOND_NS, &view); /* nothing yet */
	assert_true(view.count == 0 && view.span_s <= 0);
	sample_add(sample, &facts, 1, 10 * SECOND_NS);
	sample_forget(sample, 69 * SECOND_NS);
	sample_take(sample, &all, 1, 0, 100 * SECOND_NS, &view);
	assert_int_equal(view.count, 1);
	sample_forget(sample, 70 * SECOND_NS);
	sample_take(sample, &all, 1, 0, 100 * SECOND_NS, &view);
	assert_int_equal(view.count, 0);
	/* Time that jumps over everything forgets what was fresh, too. */
	sample_add(sample, &facts, 1, 80 * SECOND_NS);
	sample_forget(sample, 1000 * SECOND_NS);
	sample_take(sample, &all, 1, 0, 2000 * SECOND_NS, &view);
	assert_int_equal(view.count, 0);
	assert_in_range((uint64_t)view.span_s, 59, 60); /* known: there was nothing */
	sample_free(sample);
}

static void what_comes_late_is_refused_and_counted(void **state)
{
	(void)state;
	struct sample *sample = sample_of(&config);
	struct packet_facts facts = facts_to(0xc0000201, 1);
	sample_add(sample, &facts, 1, 10 * SECOND_NS);
	sample_add(sample, &facts, 1, 9 * SECOND_NS); /* the slice before is still open */
	assert_int_equal(sample_late(sample), 0);
	sample_add(sample, &facts, 1, 9 * SECOND_NS - 1);
	assert_int_equal(sample_late(sample), 1);
	sample_take(sample, &all, 1, 0, 100 * SECOND_NS, &view);
	assert_int_equal(view.count, 2);
	sample_free(sample);
}

/** What went to an attacked address during the attack is forgotten, and nothing else. */
static void an_attack_that_is_over_is_erased(void **state)
{
	(void)state;
	struct sample *sample = sample_of(&config);
	struct ip_prefix attacked = {ip_from_v4(0xc0000201), 128};
	for (uint32_t i = 0; i < 20000; i++) { /* ten seconds; of the two in the middle 3,600 packets of 4,000 are an attack */
		bool is_attack = i / 4000 == 2 && i % 10 != 0;
		struct packet_facts facts = facts_to(is_attack || i % 2 == 0 ? 0xc0000201 : 0xc0000202, is_attack);
		sample_add(sample, &facts, 1, (int64_t)i * SECOND_NS / 2000);
	}
	sample_erase(sample, &attacked, 1, 4 * SECOND_NS, 6 * SECOND_NS);
	sample_take(sample, &all, 1, 4 * SECOND_NS, 6 * SECOND_NS, &view);
	for (size_t i = 0; i < view.count; i++)
		assert_int_equal(view.packets[i].facts.dst_be[3], __builtin_bswap32(0xc0000202));
	sample_take(sample, &attacked, 1, 0, 10 * SECOND_NS, &view);
	assert_true(view_sum(1) <= 0);
	assert_in_range((uint64_t)view_sum(0), 7200, 8800);
	sample_free(sample);
}

/** Of a payload the names of its signatures are kept, by which a rule finds the packet, and no byte. */
static void payload_is_not_kept(void **state)
{
	(void)state;
	static const uint8_t payload[PACKET_LOOK_BYTES] = {0xff, 0xff, 0xff, 0xff, 'T', 'S', 'o', 'u', 'r', 'c', 'e', ' ', 'E', 'n',
		'g', 'i'};
	struct sample *sample = sample_of(&config);
	struct packet_facts facts = facts_to(0xc0000201, 1);
	facts.protocol = 17;
	facts.look_count = sizeof(payload);
	memcpy(facts.look, payload, sizeof(payload));
	for (size_t i = 0; i < 100000; i++)
		sample_add(sample, &facts, 1, (int64_t)i * SECOND_NS / 10000);
	sample_take(sample, &all, 1, 0, 10 * SECOND_NS, &view);
	assert_int_equal(view.count, SAMPLE_VIEW_MAX);
	for (size_t i = 0; i < view.count; i++) {
		const struct packet_facts *kept = &view.packets[i].facts;
		assert_true(rule_signature_matches(RULE_SIGNATURE_VSE, kept) && rule_signature_matches(RULE_SIGNATURE_GAME, kept));
		assert_false(rule_signature_matches(RULE_SIGNATURE_DNS_QUERY, kept));
	}
	assert_null(memmem(&view, sizeof(view), payload, 8));
	sample_free(sample);
}

static void bounds_are_what_is_configured(void **state)
{
	(void)state;
	struct sample *unused = NULL;
	struct sample_config wrong = config;
	wrong.slice_packets = SAMPLE_PACKETS_MIN - 1;
	assert_int_equal(sample_new(&wrong, &unused), E_LIMIT);
	wrong.slice_packets = SAMPLE_PACKETS_MAX + 1;
	assert_int_equal(sample_new(&wrong, &unused), E_LIMIT);
	wrong = config;
	wrong.slice_count = 0;
	assert_int_equal(sample_new(&wrong, &unused), E_LIMIT);
	wrong.slice_count = SAMPLE_SLICES_MAX + 1;
	assert_int_equal(sample_new(&wrong, &unused), E_LIMIT);
	wrong = config;
	wrong.slice_ns = 999999;
	assert_int_equal(sample_new(&wrong, &unused), E_LIMIT);
	assert_null(unused);
	/* 60 slices of 512 packets and two of 8,192, 72 bytes each. */
	assert_in_range(sample_bytes(&config), (60 * 512 + 2 * 8192) * 72, (60 * 512 + 2 * 8192) * 72 + 65536);
}

/** Who spoke to the prefix in time, beyond a handshake, is a client; each line but the first is one who is not. */
static void clients_are_spared_and_nobody_else(void **state)
{
	(void)state;
	static const struct {
		uint32_t dst;
		unsigned protocol, flags;
		int64_t at_s;
		bool is_client;
	} cases[] = {
		{0xc0000201, 6, 0x18, 5, true},
		{0xc0000201, 6, 0x10, 20, true}, /* in a fresh slice */
		{0xc0000201, 6, 0x02, 5, false}, /* knocked */
		{0xc0000201, 6, 0x12, 5, false},
		{0xc0000201, 6, 0x14, 5, false},
		{0xc0000201, 17, 0x10, 5, false},
		{0xc0000301, 6, 0x18, 5, false}, /* to another network */
		{0xc0000201, 6, 0x18, 21, false}, /* too late */
	};
	struct ip_prefix ours = {ip_from_v4(0xc0000200), 120};
	struct ip_addr addrs[10];
	struct sample *sample = sample_of(&config);
	for (int64_t at_s = 0; at_s <= 21; at_s++) {
		for (uint32_t i = 0; i < 8; i++) {
			struct packet_facts facts = facts_to(cases[i].dst, 4000);
			struct ip_addr src = ip_from_v4(0x0b000000 + i);
			memcpy(facts.src_be, &src, sizeof(facts.src_be));
			facts.protocol = (uint16_t)cases[i].protocol;
			facts.has = PACKET_HAS_PORTS | PACKET_HAS_FLAGS;
			facts.tcp_flags = (uint8_t)cases[i].flags;
			if (cases[i].at_s == at_s)
				sample_add(sample, &facts, 1, at_s * SECOND_NS);
		}
	}
	size_t count = 0;
	for (uint32_t i = 0; i < 10; i++) /* in no order, and two who were never seen */
		addrs[count++] = ip_from_v4(0x0b000000 + (i * 7) % 10);
	assert_int_equal(sample_spare(sample, &ours, 1, 0, 21 * SECOND_NS, addrs, &count), OK);
	assert_int_equal(count, 8);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t number = ip_to_v4(&addrs[i]) - 0x0b000000;
		assert_true(number >= 8 || !cases[number].is_client);
	}
	count = 0;
	assert_int_equal(sample_spare(sample, &ours, 1, 0, 21 * SECOND_NS, addrs, &count), OK);
	assert_int_equal(count, 0);
	sample_free(sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_add_up_to_what_was_there),
		cmocka_unit_test(a_flood_leaves_the_others_their_part),
		cmocka_unit_test(what_is_old_is_forgotten),
		cmocka_unit_test(what_comes_late_is_refused_and_counted),
		cmocka_unit_test(an_attack_that_is_over_is_erased),
		cmocka_unit_test(payload_is_not_kept),
		cmocka_unit_test(bounds_are_what_is_configured),
		cmocka_unit_test(clients_are_spared_and_nobody_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
