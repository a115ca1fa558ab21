/*
 * Proves that the code which the kernel runs (rules/xdp_verdict.h over tables of rules/xdp_tables.h) gives every packet
 * the verdict of the evaluator, over random rules, source sets, protected space and limits; that a rule ends at its
 * time; that source sets are found whole; and that what does not fit is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "rules/evaluate.h"
#include "rules/scene_test.h"
#include "rules/xdp_tables.h"
#include "rules/xdp_verdict.h"

/* The maps, in user space. */
#define METERS_MAX 65536
static struct xdp_tables tables;
static struct xdp_tally tallies[XDP_RULES_MAX];
static __u64 meters[XDP_RULES_MAX];
static struct {
	__u32 rule, used;
	__u32 src_be[4];
	__u64 meter;
} source_meters[METERS_MAX];
static size_t source_meter_count;

const struct xdp_rule *xdp_rule_at(const struct xdp_half *in, __u32 index)
{
	(void)in;
	return index < tables.rule_count ? &tables.rules[index] : NULL;
}

const struct xdp_bucket *xdp_bucket_at(const struct xdp_half *in, __u32 index)
{
	(void)in;
	return index < tables.bucket_count ? &tables.buckets[index] : NULL;
}

const union xdp_row *xdp_row_at(const struct xdp_half *in, __u32 index)
{
	(void)in;
	return tables.rows != NULL ? &tables.rows[index] : NULL;
}

static bool key_covers(const struct xdp_prefix_key *key, const __u32 *addr_be)
{
	struct ip_prefix prefix = {.bits = (uint8_t)key->bits};
	struct ip_addr addr;
	memcpy(&prefix.addr, key->addr_be, sizeof(prefix.addr));
	memcpy(&addr, addr_be, sizeof(addr));
	return ip_prefix_covers(&prefix, &addr);
}

int xdp_is_protected(const struct xdp_half *in, const __u32 *src_be)
{
	(void)in;
	for (size_t i = 0; i < tables.protected_count; i++) {
		if (key_covers(&tables.protected[i], src_be))
			return 1;
	}
	return 0;
}

__u64 *xdp_meter_at(const struct xdp_half *in, __u32 index)
{
	(void)in;
	return &meters[index];
}

__u64 *xdp_meter_of(const struct xdp_half *in, __u32 index, const __u32 *src_be)
{
	(void)in;
	size_t i = 0;
	while (i < source_meter_count && (source_meters[i].rule != index || memcmp(source_meters[i].src_be, src_be, 16) != 0))
		i++;
	if (i == source_meter_count) {
		assert_true(source_meter_count < METERS_MAX);
		source_meter_count++;
		source_meters[i].rule = index;
		source_meters[i].meter = 0;
		memcpy(source_meters[i].src_be, src_be, 16);
	}
	return &source_meters[i].meter;
}

const struct xdp_sources *xdp_sources_at(const struct xdp_half *in, __u32 index)
{
	(void)in;
	return index < tables.rule_count ? &tables.sources[index] : NULL;
}

struct xdp_tally *xdp_tally_at(const struct xdp_half *in, __u32 index)
{
	(void)in;
	return &tallies[index];
}

static const struct xdp_list *list_find(const __u32 *dst_be)
{
	const struct xdp_target *longest = NULL;
	for (size_t i = 0; i < tables.target_count; i++) {
		if (key_covers(&tables.targets[i].key, dst_be) && (longest == NULL || longest->key.bits < tables.targets[i].key.bits))
			longest = &tables.targets[i];
	}
	return longest != NULL ? &longest->list : NULL;
}

static void maps_load(const struct rule_list *list, const struct source_set *const *sets, const struct space *space,
	uint64_t expires_boot_ns)
{
	struct xdp_entry entries[RULE_LIST_MAX];
	for (size_t i = 0; i < list->count; i++)
		entries[i] = (struct xdp_entry){&list->rules[i], sets[i], expires_boot_ns};
	memset(tallies, 0, sizeof(tallies));
	memset(meters, 0, sizeof(meters));
	source_meter_count = 0;
	assert_int_equal(xdp_tables_make(entries, list->count, space, &tables), OK);
}

static const struct xdp_half half;
static const struct xdp_touched untouched;

/** As filter.bpf.c asks: the short way first, where the first rule is simple. */
static bool xdp_drops(const struct packet_facts *facts, uint64_t boot_ns)
{
	const struct xdp_list *list = list_find(facts->dst_be);
	if (list != NULL && packet_is_v4(facts->dst_be) && xdp_rule_is_simple(&tables.rules[list->rules[0]]) &&
	    xdp_simple_drops(&half, facts, &untouched, list->rules[0], boot_ns))
		return true;
	return list != NULL && xdp_verdict(&half, facts, &untouched, list, list->rules[0], boot_ns) == XDP_VERDICT_DROP;
}

static void random_limit(struct random *rng, struct rule *rule)
{
	static const uint64_t pps[] = {1, 7, 1000, 333333};
	static const uint64_t bps[] = {8000, 1000001, 50000000};
	bool is_pps = scene_pick(rng, 2) == 0;
	rule->action = RULE_LIMIT;
	rule->limit.unit = is_pps ? RULE_UNIT_PPS : RULE_UNIT_BPS;
	rule->limit.per_s = is_pps ? SCENE_ONE_OF(rng, pps) : SCENE_ONE_OF(rng, bps);
	rule->limit.scope = scene_pick(rng, 2) == 0 ? RULE_SCOPE_WHOLE : RULE_SCOPE_SOURCE;
}

static struct source_set *random_set(struct random *rng)
{
	struct ip_addr addrs[60];
	struct source_set *set = NULL;
	for (size_t i = 0; i < ARRAY_LEN(addrs); i++)
		addrs[i] = scene_source(rng, i % 2 == 0);
	assert_int_equal(source_set_new(addrs, ARRAY_LEN(addrs), &set), OK);
	return set;
}

/** Two thousand packets against one random list, in the evaluator and in the kernel's code. */
static void compare(struct random *rng, const struct space *space, uint64_t ret_seen[3])
{
	static struct rule_list list;
	struct source_set *set = random_set(rng);
	const struct source_set *sets[RULE_LIST_MAX] = {0};
	struct evaluator *evaluator = NULL;
	uint64_t counted[RULE_LIST_MAX][2] = {0}, now_ns = UINT64_C(1000000000000);
	list.count = 1 + scene_pick(rng, 24);
	for (size_t i = 0; i < list.count; i++) {
		list.rules[i] = scene_rule(rng);
		if (scene_pick(rng, 3) == 0)
			random_limit(rng, &list.rules[i]);
		if (scene_pick(rng, 4) == 0 && list.rules[i].source_count == 0) {
			sets[i] = set;
			list.rules[i].source_set = *source_set_name(set);
		}
	}
	maps_load(&list, sets, space, UINT64_MAX);
	assert_int_equal(evaluator_new(&list, sets, space, &evaluator), OK);
	for (int i = 0; i < 2000; i++) {
		uint8_t bytes[SCENE_PACKET_BYTES_MAX];
		struct packet_facts facts = {0};
		size_t length_bytes = scene_packet(rng, bytes);
		assert_true(packet_facts_parse(&facts, bytes, bytes + length_bytes));
		now_ns += random_below(rng, 1000000);
		struct evaluation expected = evaluator_judge(evaluator, &facts, (int64_t)now_ns);
		assert_int_equal(xdp_drops(&facts, now_ns), expected.is_dropped);
		if (expected.rule >= 0)
			assert_int_equal(tallies[expected.rule].of[expected.is_dropped].packets, ++counted[expected.rule][expected.is_dropped]);
		ret_seen[expected.is_dropped ? 2 : expected.rule >= 0 ? 1 : 0]++;
	}
	xdp_tables_done(&tables);
	evaluator_free(evaluator);
	source_set_free(set);
}

static void kernel_code_and_evaluator_agree(void **state)
{
	(void)state;
	static const struct ip_prefix protected[] = {
		{.addr.be32 = {0, 0, 0xffff0000, 0x000233c6}, .bits = 120}, /* 198.51.2.0/24 */
		{.addr.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 1, [13] = 2}, .bits = 112},
	};
	struct space_config config = {.protected = protected, .protected_count = ARRAY_LEN(protected)};
	struct space *space = NULL;
	struct random rng;
	uint64_t seen[3] = {0};
	random_init(&rng, 20261123);
	assert_int_equal(space_new(&config, &space), OK);
	for (int i = 0; i < 100; i++)
		compare(&rng, i % 2 == 0 ? space : NULL, seen);
	space_free(space);
	print_message("%lu matched nothing, %lu passed, %lu dropped\n", seen[0], seen[1], seen[2]);
	/* None, passed, dropped: each happened often, so the agreement says something. */
	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		assert_true(seen[i] > 10000);
}

static void a_rule_ends_at_its_time_in_the_kernel(void **state)
{
	(void)state;
	static struct rule_list list;
	const struct source_set *sets[1] = {NULL};
	struct ip_prefix destination = {ip_from_v4(0xc0000201), 128};
	struct packet_facts facts = {.dst_be = {0, 0, 0xffff0000, 0x010200c0}, .length_bytes = 60, .fragment = PACKET_FRAGMENT_WHOLE};
	list.count = 1;
	list.rules[0] = rule_to(&destination);
	list.rules[0].action = RULE_DROP;
	maps_load(&list, sets, NULL, 5000);
	assert_true(xdp_drops(&facts, 4999));
	assert_false(xdp_drops(&facts, 5000));
	assert_int_equal(tallies[0].of[XDP_VERDICT_DROP].bytes, 60);
	xdp_tables_done(&tables);
}

/** Every address of large sets is found in the kernel's table, and none beside it; their buckets are as full as they get. */
static void large_sets_are_found_whole(void **state)
{
	(void)state;
	enum { V4_COUNT = 8 * 32768, V6_COUNT = 65536, COUNT = V4_COUNT + V6_COUNT };
	struct random rng;
	struct source_set *set = NULL;
	static struct rule_list list;
	const struct source_set *sets[2];
	struct ip_addr *addrs = calloc(COUNT, sizeof(*addrs));
	random_init(&rng, 7);
	for (uint32_t i = 0; i < COUNT; i++) {
		addrs[i] = ip_from_v4(0x01000000u + i * 7777); /* odd steps: no address twice */
		if (i >= V4_COUNT)
			addrs[i] = (struct ip_addr){.be64 = {0x0120, random_next(&rng)}};
	}
	assert_int_equal(source_set_new(addrs, COUNT, &set), OK);
	struct ip_prefix v4 = {ip_from_v4(0xc0000201), 128}, v6 = {.addr.bytes = {0x20, 0x01}, .bits = 128};
	list.count = 2;
	list.rules[0] = rule_to(&v4);
	list.rules[1] = rule_to(&v6);
	for (size_t i = 0; i < 2; i++) {
		list.rules[i].action = RULE_DROP;
		list.rules[i].source_set = *source_set_name(set);
		sets[i] = set;
	}
	maps_load(&list, sets, NULL, UINT64_MAX);
	assert_int_equal(tables.bucket_count, 32768 + 65536);
	for (size_t i = 0; i < source_set_name(set)->count; i++) {
		struct ip_addr addr = source_set_at(set, i), beside = addr;
		beside.bytes[15] ^= 1;
		const struct xdp_rule *rule = &tables.rules[ip_is_v4(&addr) ? 0 : 1];
		assert_true(xdp_set_has(&half, rule, &untouched, addr.be32));
		assert_int_equal(xdp_set_has(&half, rule, &untouched, beside.be32), source_set_has(set, &beside));
	}
	assert_false(xdp_set_has(&half, &tables.rules[0], &untouched, (const __u32[4]){0, 0, 0xffff0000, 0}));
	xdp_tables_done(&tables);
	source_set_free(set);
	free(addrs);
}

/** The number by which a product with an odd one is undone, modulo 2^32 (Newton's iteration). */
static uint32_t inverse(uint32_t odd)
{
	uint32_t result = odd;
	for (int i = 0; i < 5; i++)
		result *= 2 - odd * result;
	return result;
}

/** Every step of the draw is undone, so no two addresses have the same number: a half and its row are an address. */
static void a_mix_can_be_undone(void **state)
{
	(void)state;
	struct random rng;
	random_init(&rng, 9);
	for (int i = 0; i < 100000; i++) {
		uint64_t seed = random_next(&rng);
		uint32_t addr = (uint32_t)random_next(&rng), mixed = xdp_set_mix(seed, addr);
		mixed = (mixed ^ mixed >> 16) * inverse((uint32_t)(seed >> 32) | 1);
		mixed = (mixed ^ mixed >> 15 ^ mixed >> 30) * inverse(0x9e3779b1U);
		assert_int_equal(mixed ^ (uint32_t)seed, addr);
	}
}

/** The same as large_sets_are_found_whole() of a set that is packed, whether its row was touched before or not. */
static void a_packed_set_is_found_whole(void **state)
{
	(void)state;
	enum { COUNT = 1 << 20 };
	struct random rng;
	struct source_set *sets[2] = {NULL, NULL};
	struct ip_addr *addrs = calloc(COUNT, sizeof(*addrs));
	struct ip_prefix first = {ip_from_v4(0xc0000201), 128}, second = {ip_from_v4(0xc0000202), 128};
	struct rule rules[2] = {rule_to(&first), rule_to(&second)};
	struct xdp_entry entries[2];
	struct packet_facts facts = {.length_bytes = 60};
	size_t rest_count = 0;
	random_init(&rng, 8);
	for (size_t i = 0; i < COUNT; i++)
		addrs[i] = ip_from_v4(1 + (uint32_t)random_below(&rng, UINT32_MAX));
	assert_int_equal(source_set_new(addrs, COUNT / 2, &sets[0]), OK); /* large enough, but not the largest */
	assert_int_equal(source_set_new(addrs, COUNT, &sets[1]), OK);
	for (size_t i = 0; i < 2; i++) {
		rules[i].action = RULE_DROP;
		rules[i].source_set = *source_set_name(sets[i]);
		entries[i] = (struct xdp_entry){&rules[i], sets[i], 2};
	}
	assert_int_equal(xdp_tables_make(entries, 2, NULL, &tables), OK);
	assert_int_equal(tables.rules[0].set_kind, XDP_SET_WHOLE);
	assert_false(xdp_rule_is_simple(&tables.rules[0]));
	assert_true(xdp_rule_is_simple(&tables.rules[1]));
	const struct xdp_rule *rule = &tables.rules[1];
	assert_int_equal(rule->set_kind, XDP_SET_PACKED);
	for (size_t i = 0; i < source_set_name(sets[1])->count; i++) {
		struct ip_addr addr = source_set_at(sets[1], i), beside = addr;
		uint32_t mixed = xdp_set_mix(rule->set_seed, addr.be32[3]);
		struct xdp_touched touched = {.row = &tables.rows[mixed % XDP_ROWS], .mixed = mixed};
		beside.bytes[15] ^= 1;
		assert_true(xdp_set_has(&half, rule, &untouched, addr.be32));
		assert_true(xdp_set_has(&half, rule, &touched, addr.be32));
		assert_int_equal(xdp_set_has(&half, rule, &untouched, beside.be32), source_set_has(sets[1], &beside));
		bool is_rest = mixed >> 16 == 0 || !xdp_row_has(touched.row, (uint16_t)(mixed >> 16));
		assert_int_equal(xdp_simple_drops(&half, &facts, &touched, 1, 1), !is_rest);
		assert_false(xdp_simple_drops(&half, &facts, &touched, 1, 2)); /* its time has come */
		rest_count += is_rest;
	}
	print_message("%zu of %u stand outside of the rows\n", rest_count, source_set_name(sets[1])->count);
	assert_in_range(rest_count, COUNT / 1000, COUNT / 20); /* both ways were gone */
	xdp_tables_done(&tables);
	source_set_free(sets[0]);
	source_set_free(sets[1]);
	free(addrs);
}

static void what_does_not_fit_is_refused(void **state)
{
	(void)state;
	static struct xdp_entry entries[XDP_RULES_MAX + 1];
	struct ip_prefix destination = {ip_from_v4(0xc0000200), 120};
	struct rule rule = rule_to(&destination), with_set = rule;
	struct xdp_tables unused = {.rule_count = 77};
	rule.action = with_set.action = RULE_DROP;
	with_set.source_set.count = 1;
	for (size_t i = 0; i < ARRAY_LEN(entries); i++)
		entries[i].rule = &rule;
	assert_int_equal(xdp_tables_make(entries, XDP_RULES_MAX + 1, NULL, &unused), E_LIMIT);
	assert_int_equal(xdp_tables_make(entries, XDP_LIST_RULES_MAX + 1, NULL, &unused), E_LIMIT); /* for one destination */
	entries[3].rule = &with_set;
	assert_int_equal(xdp_tables_make(entries, XDP_LIST_RULES_MAX, NULL, &unused), E_STATE); /* the set is missing */
	assert_int_equal(unused.rule_count, 77);
	entries[3].rule = &rule;
	assert_int_equal(xdp_tables_make(entries, XDP_LIST_RULES_MAX, NULL, &tables), OK);
	assert_int_equal(tables.target_count, 1);
	assert_int_equal(tables.targets[0].list.count, XDP_LIST_RULES_MAX);
	xdp_tables_done(&tables);
	assert_int_equal(xdp_tables_make(entries, 0, NULL, &tables), OK); /* no rules: everything passes */
	assert_int_equal(tables.target_count, 0);
	xdp_tables_done(&tables);
}

/** The longest prefix has the rules of all that cover it, in their order. */
static void one_look_up_finds_all_rules_of_a_destination(void **state)
{
	(void)state;
	struct ip_prefix wide = {ip_from_v4(0xc0000200), 120}, one = {ip_from_v4(0xc0000205), 128};
	struct ip_prefix other = {ip_from_v4(0xc0000300), 120};
	struct rule rules[4] = {rule_to(&one), rule_to(&wide), rule_to(&other), rule_to(&one)};
	struct xdp_entry entries[4];
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		rules[i].action = RULE_COUNT;
		entries[i] = (struct xdp_entry){.rule = &rules[i], .expires_boot_ns = UINT64_MAX};
	}
	assert_int_equal(xdp_tables_make(entries, ARRAY_LEN(rules), NULL, &tables), OK);
	assert_int_equal(tables.target_count, 3);
	const struct xdp_list *list = list_find((const __u32[4]){0, 0, 0xffff0000, 0x050200c0});
	assert_true(list->count == 3 && list->rules[0] == 0 && list->rules[1] == 1 && list->rules[2] == 3);
	list = list_find((const __u32[4]){0, 0, 0xffff0000, 0x060200c0});
	assert_true(list->count == 1 && list->rules[0] == 1);
	assert_null(list_find((const __u32[4]){0, 0, 0xffff0000, 0x000400c0}));
	xdp_tables_done(&tables);
}

/** A rule for all sources spares protected ones, but where its order has the approvals to touch them. */
static void protected_sources_are_spared_unless_the_order_says_otherwise(void **state)
{
	(void)state;
	struct ip_prefix one = {ip_from_v4(0xc0000205), 128}, partner = {ip_from_v4(0xc6336400), 120};
	const struct space_config config = {.protected = &partner, .protected_count = 1};
	struct space *space = NULL;
	struct rule rule = rule_to(&one);
	rule.action = RULE_DROP;
	assert_int_equal(space_new(&config, &space), OK);
	for (int touches = 0; touches < 2; touches++) {
		for (uint32_t src = 0xc6336407; src <= 0xc6336507; src += 0x100) { /* the partner, and its neighbour */
			const struct xdp_entry entry = {.rule = &rule, .expires_boot_ns = UINT64_MAX, .touches_protected = touches};
			struct packet_facts facts = {.protocol = 17, .length_bytes = 100, .fragment = PACKET_FRAGMENT_WHOLE};
			struct ip_addr from = ip_from_v4(src);
			memcpy(facts.dst_be, &one.addr, sizeof(facts.dst_be));
			memcpy(facts.src_be, &from, sizeof(facts.src_be));
			assert_int_equal(xdp_tables_make(&entry, 1, space, &tables), OK);
			assert_int_equal(xdp_drops(&facts, 1), touches || src == 0xc6336507);
			xdp_tables_done(&tables);
		}
	}
	space_free(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_code_and_evaluator_agree),
		cmocka_unit_test(a_rule_ends_at_its_time_in_the_kernel),
		cmocka_unit_test(large_sets_are_found_whole),
		cmocka_unit_test(a_mix_can_be_undone),
		cmocka_unit_test(a_packed_set_is_found_whole),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(one_look_up_finds_all_rules_of_a_destination),
		cmocka_unit_test(protected_sources_are_spared_unless_the_order_says_otherwise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
