/*
 * Proves that the kernel gives real packets the verdict of the evaluator, over
 * random rules, source sets and protected space, with VLAN tags, fragments and
 * extension headers; that its counts are exact and what is read back is
 * compared; that a set of a million addresses is found whole and nothing
 * beside it; that limits let through what they say; that a swap of rules
 * loses no verdict; and that counting drops nothing.
 */
#include "filter/net_test.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "filter/filter_state.h"
#include "rules/evaluate.h"
#include "rules/scene_test.h"

#define TARGET 0xc0000201u /* 192.0.2.1 */
#define SOURCE 0xc6336401u /* 198.51.100.1 */
#define PACKETS_PER_LIST 300
#define BURST_S 0.1 /* how much of its rate a limit lets through at once */
#define FLOOD_SOURCES_MAX 8

/** Random lists for one round of packets. */
struct round {
	struct rule_list list;
	struct source_set *set;
	const struct source_set *sets[RULE_LIST_MAX];
	struct xdp_entry entries[RULE_LIST_MAX];
};

static struct source_set *set_of(struct ip_addr *addrs, size_t count)
{
	struct source_set *set = NULL;
	assert_int_equal(source_set_new(addrs, count, &set), OK);
	return set;
}

static void round_draw(struct random *rng, struct round *round)
{
	struct ip_addr addrs[60];
	memset(round, 0, sizeof(*round));
	for (size_t i = 0; i < ARRAY_LEN(addrs); i++)
		addrs[i] = scene_source(rng, i % 2 == 0);
	round->set = set_of(addrs, ARRAY_LEN(addrs));
	round->list.count = 1 + scene_pick(rng, 24);
	for (size_t i = 0; i < round->list.count; i++) {
		round->list.rules[i] = scene_rule(rng);
		if (scene_pick(rng, 4) == 0 && round->list.rules[i].source_count == 0) {
			round->sets[i] = round->set;
			round->list.rules[i].source_set = *source_set_name(round->set);
		}
		round->entries[i] = (struct xdp_entry){&round->list.rules[i], round->sets[i], UINT64_MAX};
	}
}

static void counts_check(struct filter *filter, const struct xdp_counts *expected, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct xdp_counts counts;
		assert_int_equal(filter_counts(filter, i, &counts), OK);
		assert_memory_equal(&counts, &expected[i], sizeof(counts));
	}
}

/** One list: every packet is sent, and passes or does not, as the evaluator says. */
static void round_run(struct random *rng, struct filter *filter, const struct space *space, int near, int far, uint64_t seen[3])
{
	static struct round round;
	struct evaluator *evaluator = NULL;
	struct xdp_counts expected[RULE_LIST_MAX] = {0};
	uint8_t should_pass[PACKETS_PER_LIST], passed[PACKETS_PER_LIST] = {0};
	round_draw(rng, &round);
	net_apply(filter, round.entries, round.list.count, space);
	assert_int_equal(evaluator_new(&round.list, round.sets, space, &evaluator), OK);
	for (uint32_t i = 0; i < PACKETS_PER_LIST; i++) {
		uint8_t bytes[SCENE_PACKET_BYTES_MAX];
		struct packet_facts facts = {0};
		size_t length_bytes = scene_packet(rng, bytes);
		assert_true(packet_facts_parse(&facts, bytes, bytes + length_bytes));
		(void)net_send(near, i, scene_pick(rng, 3), bytes, length_bytes);
		struct evaluation verdict = evaluator_judge(evaluator, &facts, i);
		should_pass[i] = !verdict.is_dropped;
		seen[verdict.is_dropped ? 2 : verdict.rule >= 0 ? 1 : 0]++;
		if (verdict.rule < 0)
			continue;
		expected[verdict.rule].matched_packets++;
		expected[verdict.rule].matched_bytes += facts.length_bytes;
		expected[verdict.rule].dropped_packets += verdict.is_dropped;
		expected[verdict.rule].dropped_bytes += verdict.is_dropped ? facts.length_bytes : 0;
	}
	(void)net_passed(near, far, passed);
	assert_memory_equal(passed, should_pass, sizeof(passed));
	counts_check(filter, expected, round.list.count);
	evaluator_free(evaluator);
	source_set_free(round.set);
}

static void kernel_and_evaluator_agree(void **state)
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
	struct filter *filter = net_load(FILTER_ENFORCE, NULL);
	int near = net_socket("near"), far = net_socket("far");
	random_init(&rng, 20261127);
	assert_int_equal(space_new(&config, &space), OK);
	for (int i = 0; i < 60; i++)
		round_run(&rng, filter, i % 2 == 0 ? space : NULL, near, far, seen);
	print_message("%lu matched nothing, %lu passed, %lu dropped\n", seen[0], seen[1], seen[2]);
	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		assert_true(seen[i] > 1000); /* each happened often, so the agreement says something */
	struct filter_totals totals = filter_totals(filter);
	assert_int_equal(totals.dropped.packets, seen[2]);
	assert_int_equal(totals.kinds[FILTER_IPV4].packets + totals.kinds[FILTER_IPV6].packets, seen[0] + seen[1] + seen[2]);
	assert_int_equal(close(near), 0);
	assert_int_equal(close(far), 0);
	space_free(space);
	filter_close(filter);
}

/** The program's verdict over one packet of IPv4 or IPv6, without an interface. */
static uint32_t verdict_of(const struct filter *filter, const struct ip_addr *src, const struct ip_addr *dst)
{
	uint8_t frame[100] = {0};
	bool is_v4 = ip_is_v4(dst);
	(void)net_header(frame, 0, 0, is_v4 ? ETH_P_IP : ETH_P_IPV6);
	if (is_v4) {
		memcpy(frame + 14, (const uint8_t[]){0x45, 0, 0, 40, 0, 0, 0, 0, 64, 17}, 10);
		memcpy(frame + 26, src->bytes + 12, 4);
		memcpy(frame + 30, dst->bytes + 12, 4);
	} else {
		memcpy(frame + 14, (const uint8_t[]){0x60, 0, 0, 0, 0, 8, 17, 64}, 8);
		memcpy(frame + 22, src->bytes, 16);
		memcpy(frame + 38, dst->bytes, 16);
	}
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = sizeof(frame), .repeat = 1);
	assert_int_equal(bpf_prog_test_run_opts(filter->fds[PIN_PROGRAM], &run), 0);
	return run.retval;
}

/** 900,000 addresses of IPv4 and 100,000 of IPv6, of which every fifth is asked, and as many beside them. */
static void a_million_sources_are_found_and_no_others(void **state)
{
	(void)state;
	enum { COUNT = 1000000, V4_COUNT = 900000 };
	struct random rng;
	struct ip_addr *addrs = calloc(COUNT, sizeof(*addrs));
	struct ip_addr v6 = {.bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}}, v4 = ip_from_v4(TARGET);
	struct ip_prefix v6_target = {v6, 128};
	struct filter *filter = net_load(FILTER_ENFORCE, NULL);
	random_init(&rng, 4);
	for (size_t i = 0; i < COUNT; i++) {
		addrs[i] = ip_from_v4(0x01000000u + (uint32_t)random_below(&rng, 0xdf000000));
		if (i >= V4_COUNT)
			addrs[i] = (struct ip_addr){.be64 = {0x0120, random_next(&rng)}};
	}
	struct source_set *set = set_of(addrs, COUNT);
	struct rule rules[2] = {net_rule(TARGET), rule_to(&v6_target)};
	struct xdp_entry entries[2];
	for (size_t i = 0; i < 2; i++) {
		rules[i].action = RULE_DROP;
		rules[i].source_set = *source_set_name(set);
		entries[i] = (struct xdp_entry){&rules[i], set, UINT64_MAX};
	}
	net_apply(filter, entries, 2, NULL);
	for (size_t i = 0; i < source_set_name(set)->count; i += 5) {
		struct ip_addr addr = source_set_at(set, i), beside = addr;
		const struct ip_addr *target = ip_is_v4(&addr) ? &v4 : &v6;
		beside.bytes[15] ^= 1;
		assert_int_equal(verdict_of(filter, &addr, target), XDP_DROP);
		assert_int_equal(verdict_of(filter, &beside, target), source_set_has(set, &beside) ? XDP_DROP : XDP_PASS);
	}
	struct ip_addr none = ip_from_v4(0);
	assert_int_equal(verdict_of(filter, &none, &v4), XDP_PASS);
	filter_close(filter);
	source_set_free(set);
	free(addrs);
}

/** What was sent within two seconds, as fast as it went: on a busy machine that is not always above the limit. */
struct flood {
	uint64_t sent, passed;
	uint64_t allowed; /* of what was sent when it was, by a limit of ours beside the kernel's */
	double lasted_s;
};

/** Lets one packet pass, or not: a meter gains by time, is full with BURST_S of its rate, and pays for what passes. */
static bool meter_take(double *credit_s, double quiet_s, double cost_s)
{
	*credit_s = *credit_s + quiet_s < BURST_S ? *credit_s + quiet_s : BURST_S;
	if (*credit_s < cost_s)
		return false;
	*credit_s -= cost_s;
	return true;
}

static struct flood flood_send(uint32_t sources, uint32_t meters, double cost_s)
{
	uint8_t packet[NET_FRAME_BYTES_MAX];
	int near = net_socket("near"), far = net_socket("far");
	struct flood flood = {0};
	double credit_s[FLOOD_SOURCES_MAX];
	int64_t start_mono_ns = clock_mono_ns(), last_mono_ns[FLOOD_SOURCES_MAX], now_mono_ns = start_mono_ns;
	for (uint32_t i = 0; i < meters; i++) {
		credit_s[i] = BURST_S;
		last_mono_ns[i] = start_mono_ns;
	}
	while (now_mono_ns - start_mono_ns < 2 * NS_PER_S) {
		for (uint32_t i = 0; i < 60; i++, flood.sent++) {
			uint32_t source = (uint32_t)(flood.sent % sources), meter = source % meters;
			(void)net_send(near, i, 0, packet, net_udp(packet, SOURCE + source, TARGET, 125));
			now_mono_ns = clock_mono_ns();
			flood.allowed += meter_take(&credit_s[meter], (double)(now_mono_ns - last_mono_ns[meter]) / (double)NS_PER_S, cost_s);
			last_mono_ns[meter] = now_mono_ns;
		}
		flood.passed += net_passed(near, far, NULL);
	}
	flood.lasted_s = (double)(clock_mono_ns() - start_mono_ns) / (double)NS_PER_S;
	assert_int_equal(close(near), 0);
	assert_int_equal(close(far), 0);
	return flood;
}

/** What passes is the rate times the time, and at the beginning 100 ms of the rate more: within 5 percent. */
static void limit_check(struct filter *filter, struct rule_limit limit, uint32_t sources, uint32_t meters, double pps)
{
	struct rule rule = net_rule(TARGET);
	struct xdp_entry entry = {&rule, NULL, UINT64_MAX};
	struct xdp_counts counts;
	rule.action = RULE_LIMIT;
	rule.limit = limit;
	net_apply(filter, &entry, 1, NULL);
	struct flood flood = flood_send(sources, meters, meters / pps);
	double most = pps * (flood.lasted_s + BURST_S);
	print_message(
		"%lu of %lu passed in %.2f s, %lu to %.0f expected\n", flood.passed, flood.sent, flood.lasted_s, flood.allowed, most);
	assert_true((double)flood.sent > 1.5 * most); /* or the limit was not met */
	assert_true((double)flood.passed > 0.95 * (double)flood.allowed && (double)flood.passed < 1.05 * most);
	assert_int_equal(filter_counts(filter, 0, &counts), OK);
	assert_int_equal(counts.matched_packets, flood.sent);
	assert_int_equal(counts.dropped_packets, flood.sent - flood.passed);
	assert_int_equal(counts.dropped_bytes, (flood.sent - flood.passed) * 125);
}

static void limits_hold(void **state)
{
	(void)state;
	struct filter *filter = net_load(FILTER_ENFORCE, NULL);
	limit_check(filter, (struct rule_limit){RULE_UNIT_PPS, RULE_SCOPE_WHOLE, 2000}, 7, 1, 2000);
	limit_check(filter, (struct rule_limit){RULE_UNIT_BPS, RULE_SCOPE_WHOLE, 8000000}, 7, 1, 8000); /* of 1000 bits each */
	limit_check(filter, (struct rule_limit){RULE_UNIT_PPS, RULE_SCOPE_SOURCE, 400}, 5, 5, 2000);
	filter_close(filter);
}

/** A rule for all sources spares protected space, and no more than that. */
static void protected_sources_pass(void **state)
{
	(void)state;
	struct ip_prefix protected = {ip_from_v4(SOURCE & 0xffffff00u), 120};
	struct space_config config = {.protected = &protected, .protected_count = 1};
	struct space *space = NULL;
	struct ip_addr dst = ip_from_v4(TARGET), inside = ip_from_v4(SOURCE), outside = ip_from_v4(SOURCE + 256);
	struct rule rule = net_rule(TARGET);
	struct xdp_entry entry = {&rule, NULL, UINT64_MAX};
	struct filter *filter = net_load(FILTER_ENFORCE, NULL);
	assert_int_equal(space_new(&config, &space), OK);
	for (int i = 0; i < 4; i++) { /* in both halves of the tables, and not after it is taken back */
		const struct space *now = i % 2 == 0 || i == 1 ? space : NULL;
		net_apply(filter, &entry, 1, now);
		assert_int_equal(verdict_of(filter, &inside, &dst), now != NULL ? XDP_PASS : XDP_DROP);
		assert_int_equal(verdict_of(filter, &outside, &dst), XDP_DROP);
	}
	space_free(space);
	filter_close(filter);
}

/** Packets that both lists drop, while one takes the place of the other again and again: none comes through, each counts once. */
static void a_swap_loses_no_verdict(void **state)
{
	(void)state;
	enum { COUNT = 20000 }; /* as many as have their buckets loaded early */
	static struct ip_addr sources[COUNT];
	struct rule rules[2] = {net_rule(TARGET), net_rule(TARGET)};
	for (uint32_t i = 0; i < COUNT; i++)
		sources[i] = ip_from_v4(SOURCE + i);
	struct source_set *sets[2] = {set_of(sources, COUNT), NULL};
	for (uint32_t i = 0; i < COUNT; i++)
		sources[i] = ip_from_v4(SOURCE - i);
	sets[1] = set_of(sources, COUNT);
	struct filter *filter = net_load(FILTER_ENFORCE, NULL);
	struct filter_totals totals;
	uint64_t counted = 0;
	/* One in the trie, one in the table of hosts. */
	rules[0].destination = (struct ip_prefix){ip_from_v4(TARGET & 0xffffff00u), 120};
	rules[0].source_set = *source_set_name(sets[0]);
	rules[1].source_set = *source_set_name(sets[1]);
	struct xdp_entry entries[2] = {{&rules[0], sets[0], UINT64_MAX}, {&rules[1], sets[1], UINT64_MAX}};
	net_apply(filter, &entries[0], 1, NULL);
	pid_t sender = fork();
	if (sender == 0) {
		uint8_t packet[NET_FRAME_BYTES_MAX];
		int near = net_socket("near");
		size_t length_bytes = net_udp(packet, SOURCE, TARGET, 60);
		for (;;)
			(void)net_send(near, 0, 0, packet, length_bytes);
	}
	for (int i = 1; i <= 60; i++) {
		struct xdp_counts before;
		net_apply(filter, &entries[i % 2], 1, NULL);
		assert_int_equal(filter_counts_before(filter, 0, &before), OK);
		counted += before.dropped_packets;
	}
	assert_int_equal(kill(sender, SIGKILL), 0);
	assert_int_equal(waitpid(sender, NULL, 0), sender);
	net_apply(filter, NULL, 0, NULL);
	struct xdp_counts last;
	assert_int_equal(filter_counts_before(filter, 0, &last), OK);
	counted += last.dropped_packets;
	totals = filter_totals(filter);
	print_message("%llu packets under 60 swaps\n", totals.dropped.packets);
	assert_true(totals.dropped.packets > 10000);
	assert_int_equal(totals.dropped.packets, totals.kinds[FILTER_IPV4].packets);
	assert_int_equal(counted, totals.dropped.packets);
	source_set_free(sets[0]);
	source_set_free(sets[1]);
	filter_close(filter);
}

static void counting_drops_nothing(void **state)
{
	(void)state;
	uint8_t packet[NET_FRAME_BYTES_MAX];
	int near = net_socket("near"), far = net_socket("far");
	struct rule rule = net_rule(TARGET);
	struct xdp_entry entry = {&rule, NULL, UINT64_MAX};
	struct filter *filter = net_load(FILTER_COUNT, NULL);
	struct xdp_counts counts;
	net_apply(filter, &entry, 1, NULL);
	for (uint32_t i = 0; i < 10; i++)
		(void)net_send(near, i, 0, packet, net_udp(packet, SOURCE, TARGET, 60));
	assert_int_equal(net_passed(near, far, NULL), 10);
	assert_int_equal(filter_counts(filter, 0, &counts), OK);
	assert_int_equal(counts.dropped_packets, 10);
	assert_int_equal(counts.dropped_bytes, 600);
	assert_int_equal(filter_totals(filter).dropped.packets, 0);
	assert_int_equal(filter_counts(filter, 1, &counts), E_LIMIT);
	assert_int_equal(close(near), 0);
	assert_int_equal(close(far), 0);
	filter_close(filter);
}

/** As many destinations as there may be: all are found, among them IPv6, and what is beside them is not. */
static void the_fullest_tables_work(void **state)
{
	(void)state;
	static struct rule rules[XDP_RULES_MAX];
	static struct xdp_entry entries[XDP_RULES_MAX];
	struct filter *filter = net_load(FILTER_ENFORCE, NULL);
	struct ip_addr src = ip_from_v4(SOURCE), src_v6 = {.bytes = {0x20, 0x01, 0x0d, 0xb8, 9}};
	for (uint32_t i = 0; i < XDP_RULES_MAX; i++) {
		struct ip_prefix destination = {ip_from_v4(0x0a000000 + 2 * i), 128};
		if (i % 4 == 0)
			destination = (struct ip_prefix){{.bytes = {0x20, 0x01, 0x0d, 0xb8, [12] = (uint8_t)(i >> 8), [13] = (uint8_t)i}}, 112};
		else if (i % 4 == 1)
			destination = (struct ip_prefix){{.bytes = {0x20, 0x01, 0x0d, 0xb9, [14] = (uint8_t)(i >> 8), [15] = (uint8_t)i}}, 128};
		rules[i] = rule_to(&destination);
		rules[i].action = RULE_DROP;
		entries[i] = (struct xdp_entry){&rules[i], NULL, UINT64_MAX};
	}
	net_apply(filter, entries, XDP_RULES_MAX, NULL);
	for (uint32_t i = 0; i < XDP_RULES_MAX; i++) {
		struct ip_addr dst = rules[i].destination.addr, beside = dst;
		struct xdp_counts counts;
		const struct ip_addr *from = ip_is_v4(&dst) ? &src : &src_v6;
		beside.bytes[i % 4 == 0 ? 4 : 15] ^= i % 4 == 1 ? 2 : 1;
		assert_int_equal(verdict_of(filter, from, &dst), XDP_DROP);
		assert_int_equal(verdict_of(filter, from, &beside), XDP_PASS);
		assert_int_equal(filter_counts(filter, i, &counts), OK);
		assert_int_equal(counts.dropped_packets, 1);
	}
	filter_close(filter);
}

int main(void)
{
	net_enter();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kernel_and_evaluator_agree, net_setup, net_teardown),
		cmocka_unit_test_setup_teardown(a_million_sources_are_found_and_no_others, net_setup, net_teardown),
		cmocka_unit_test_setup_teardown(limits_hold, net_setup, net_teardown),
		cmocka_unit_test_setup_teardown(protected_sources_pass, net_setup, net_teardown),
		cmocka_unit_test_setup_teardown(a_swap_loses_no_verdict, net_setup, net_teardown),
		cmocka_unit_test_setup_teardown(counting_drops_nothing, net_setup, net_teardown),
		cmocka_unit_test_setup_teardown(the_fullest_tables_work, net_setup, net_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
