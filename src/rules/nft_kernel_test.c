/*
 * Proves that nftables gives packets the verdicts of the evaluator: random rules are written into a namespace of its own,
 * random packets are sent over a veth pair, and what each rule matched and dropped, in packets and in bytes, is compared.
 * That limits let through what they say; that a rule ends by itself at its time, though nobody is there to end it; that a
 * withdrawn one ends at once; and that rules which are added leave the counters of the others alone.
 *
 * Skips with 77 where there are no namespaces or there is no nft command.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "rules/evaluate.h"
#include "rules/nft.h"
#include "rules/scene_test.h"

#define SKIP 77
#define ROUNDS 30
#define PACKETS 400
#define PATIENCE_NS INT64_C(20000000000)
#define LAST_ID 4000000000u /* of the rule that counts the packet which says that all before it were seen */
#define LAST_DESTINATION 0xc0000301 /* 192.0.3.1, which no other rule is about */
#define LIFE_S 600

static int sender = -1;
static struct sockaddr_ll far_address = {.sll_family = AF_PACKET, .sll_halen = ETH_ALEN};
static struct nft_state states[NFT_ENTRIES_MAX];
static size_t state_count;
static struct rule last_rule;
static uint64_t last_packets;

static void nft_run(char *text)
{
	FILE *nft = popen("nft -j -f -", "w");
	assert_non_null(nft);
	assert_true(fputs(text, nft) >= 0);
	int status = pclose(nft);
	if (status != 0)
		fail_msg("nft refused %.2000s", text);
	free(text);
}

static void states_read(void)
{
	static char text[1 << 22];
	FILE *nft = popen("nft -j list table inet hinomi", "r");
	assert_non_null(nft);
	size_t length_bytes = fread(text, 1, sizeof(text), nft);
	assert_int_equal(pclose(nft), 0);
	assert_int_equal(nft_read_table(text, length_bytes, states, &state_count), OK);
}

static const struct nft_state *state_of(uint32_t id)
{
	for (size_t i = 0; i < state_count; i++) {
		if (states[i].id == id)
			return &states[i];
	}
	fail_msg("rule %u is not there", id);
	return states;
}

static void packet_send(const uint8_t *bytes, size_t length_bytes)
{
	uint8_t frame[ETH_HLEN + SCENE_PACKET_BYTES_MAX] = {0};
	memcpy(frame, far_address.sll_addr, ETH_ALEN);
	scene_be16(frame + 2 * ETH_ALEN, bytes[0] >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6);
	memcpy(frame + ETH_HLEN, bytes, length_bytes);
	while (sendto(sender, frame, ETH_HLEN + length_bytes, 0, (struct sockaddr *)&far_address, sizeof(far_address)) < 0)
		assert_int_equal(errno, ENOBUFS);
}

/** A UDP packet of 28 bytes. */
static size_t udp_make(uint32_t src, uint32_t dst, uint8_t *bytes)
{
	uint32_t sum = 0;
	memset(bytes, 0, 28);
	bytes[0] = 0x45;
	bytes[3] = 28;
	bytes[8] = 64;
	bytes[9] = 17;
	for (int i = 0; i < 4; i++) {
		bytes[12 + i] = (uint8_t)(src >> (24 - 8 * i));
		bytes[16 + i] = (uint8_t)(dst >> (24 - 8 * i));
	}
	bytes[25] = 8;
	for (size_t i = 0; i < 20; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	scene_be16(bytes + 10, ~((sum & 0xffff) + (sum >> 16)) & 0xffff);
	return 28;
}

static void udp_send(uint32_t src, uint32_t dst)
{
	uint8_t bytes[SCENE_PACKET_BYTES_MAX];
	size_t length_bytes = udp_make(src, dst, bytes);
	packet_send(bytes, length_bytes);
}

/** Waits until the kernel has seen what was sent so far, and reads the counters. */
static void settle(void)
{
	int64_t end_mono_ns = clock_mono_ns() + PATIENCE_NS;
	udp_send(0xc6336401, LAST_DESTINATION);
	last_packets++;
	do {
		assert_true(clock_mono_ns() < end_mono_ns);
		states_read();
	} while (state_of(LAST_ID)->matched_packets < last_packets);
}

static struct nft_entry last_entry(void)
{
	struct ip_prefix destination = {ip_from_v4(LAST_DESTINATION), 128};
	last_rule = rule_to(&destination);
	last_rule.action = RULE_COUNT;
	last_packets = 0;
	return (struct nft_entry){.id = LAST_ID, .life_s = LIFE_S, .rule = &last_rule};
}

static void table_set(const struct nft_entry *entries, size_t count, const struct nft_place *place)
{
	char *text = NULL;
	assert_int_equal(nft_write_table(entries, count, place, &text), OK);
	nft_run(text);
}

/** One random list, and random packets through the kernel and the evaluator. */
static void round_compare(struct random *rng, const struct nft_place *place, uint64_t ret_seen[3])
{
	static struct rule_list list;
	struct nft_entry entries[RULE_LIST_MAX];
	const struct source_set *sets[RULE_LIST_MAX] = {0};
	struct nft_state expected[RULE_LIST_MAX] = {0};
	struct ip_addr addrs[60];
	struct source_set *set = NULL;
	struct evaluator *evaluator = NULL;
	for (size_t i = 0; i < ARRAY_LEN(addrs); i++)
		addrs[i] = scene_source(rng, i % 2 == 0);
	assert_int_equal(source_set_new(addrs, ARRAY_LEN(addrs), &set), OK);
	list.count = 1 + scene_pick(rng, 24);
	for (size_t i = 0; i < list.count; i++) {
		list.rules[i] = scene_rule(rng);
		if (scene_pick(rng, 4) == 0 && list.rules[i].source_count == 0) {
			sets[i] = set;
			list.rules[i].source_set = *source_set_name(set);
		}
		entries[i] = (struct nft_entry){(uint32_t)i + 1, LIFE_S, &list.rules[i], sets[i]};
	}
	entries[list.count] = last_entry();
	table_set(entries, list.count + 1, place);
	assert_int_equal(evaluator_new(&list, sets, place->space, &evaluator), OK);
	for (size_t i = 0; i < PACKETS; i++) {
		uint8_t bytes[SCENE_PACKET_BYTES_MAX];
		struct packet_facts facts = {0};
		size_t length_bytes = scene_packet(rng, bytes);
		assert_true(packet_facts_parse(&facts, bytes, bytes + length_bytes));
		/* What nft.h says is not seen. */
		bool is_hidden = place->device_count > 0 && facts.fragment == PACKET_FRAGMENT_LATER &&
			facts.protocol == PACKET_PROTOCOL_UNKNOWN;
		if (is_hidden || (facts.extensions & packet_extension_bit(51)) != 0)
			continue;
		struct evaluation evaluation = evaluator_judge(evaluator, &facts, 1);
		packet_send(bytes, length_bytes);
		ret_seen[evaluation.is_dropped ? 2 : evaluation.rule >= 0 ? 1 : 0]++;
		if (evaluation.rule < 0)
			continue;
		struct nft_state *state = &expected[evaluation.rule];
		state->matched_packets++;
		state->matched_bytes += facts.length_bytes;
		state->dropped_packets += evaluation.is_dropped;
		state->dropped_bytes += evaluation.is_dropped ? facts.length_bytes : 0;
	}
	settle();
	for (size_t i = 0; i < list.count; i++) {
		const struct nft_state *state = state_of((uint32_t)i + 1);
		json_t *json = rule_to_json(&list.rules[i]);
		if (state->matched_packets != expected[i].matched_packets || state->dropped_packets != expected[i].dropped_packets ||
			state->matched_bytes != expected[i].matched_bytes || state->dropped_bytes != expected[i].dropped_bytes)
			fail_msg("rule %zu %s: %lu matched and %lu dropped by nftables, %lu and %lu by the evaluator", i,
				json_dumps(json, JSON_COMPACT), state->matched_packets, state->dropped_packets, expected[i].matched_packets,
				expected[i].dropped_packets);
		json_decref(json);
	}
	evaluator_free(evaluator);
	source_set_free(set);
}

static void nftables_and_evaluator_agree(void **state)
{
	(void)state;
	static const char *const devices[] = {"far"};
	static const struct ip_prefix protected[] = {
		{.addr.be32 = {0, 0, 0xffff0000, 0x000233c6}, .bits = 120}, /* 198.51.2.0/24 */
		{.addr.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 1, [13] = 2}, .bits = 112},
	};
	struct space_config config = {.protected = protected, .protected_count = ARRAY_LEN(protected)};
	struct space *space = NULL;
	struct random rng;
	uint64_t seen[3] = {0};
	random_init(&rng, 20261127);
	assert_int_equal(space_new(&config, &space), OK);
	for (size_t i = 0; i < ROUNDS; i++) {
		struct nft_place place = {devices, i % 2, i % 3 == 0 ? space : NULL};
		round_compare(&rng, &place, seen);
	}
	space_free(space);
	print_message("%lu matched nothing, %lu passed, %lu dropped\n", seen[0], seen[1], seen[2]);
	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		assert_true(seen[i] > 500);
}

/** An authentication header is matched by a rule that asks for it, what follows it by none. */
static void authentication_headers_are_the_last_that_is_seen(void **state)
{
	(void)state;
	static const uint8_t packet[] = {0x60, 0, 0, 0, 0, 24, 60, 64, 0x20, 1, 0xd, 0xb8, 0, 1, [23] = 1, 0x20, 1, 0xd, 0xb8, [39] = 1,
		51, 0, 1, 4, [48] = 17, 0, [56] = 0, 53, 0, 53, 0, 8, [63] = 0};
	struct ip_prefix destination = {{.bytes = {0x20, 1, 0xd, 0xb8, [15] = 1}}, 128};
	struct rule rules[] = {rule_to(&destination), rule_to(&destination)};
	struct nft_place place = {.space = NULL};
	rules[0].action = rules[1].action = RULE_DROP;
	rules[0].protocol = 17;
	rules[1].protocol = 51;
	struct nft_entry entries[] = {{1, LIFE_S, &rules[0], NULL}, {2, LIFE_S, &rules[1], NULL}, last_entry()};
	table_set(entries, ARRAY_LEN(entries), &place);
	packet_send(packet, sizeof(packet));
	settle();
	assert_int_equal(state_of(1)->matched_packets, 0);
	assert_int_equal(state_of(2)->dropped_packets, 1);
}

/** Sends packets from two sources as fast as it goes, and compares what passes with what the limit says. */
static void limits_let_through_what_they_say(void **state)
{
	(void)state;
	static const struct {
		struct rule_limit limit;
		uint64_t burst; /* packets at once, of each bucket */
		uint64_t buckets;
	} rows[] = {
		{{RULE_UNIT_PPS, RULE_SCOPE_WHOLE, 100}, 10, 1},
		{{RULE_UNIT_PPS, RULE_SCOPE_SOURCE, 100}, 10, 2},
		{{RULE_UNIT_PPS, RULE_SCOPE_SOURCE, 3}, 1, 2},
		{{RULE_UNIT_BPS, RULE_SCOPE_WHOLE, 28 * 8 * 50}, 50, 1}, /* a second's worth: see nft.h */
	};
	struct nft_place place = {.space = NULL};
	for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
		struct ip_prefix destination = {ip_from_v4(0xc0000201), 128};
		struct rule rule = rule_to(&destination);
		rule.action = RULE_LIMIT;
		rule.limit = rows[row].limit;
		struct nft_entry entries[2] = {{1, LIFE_S, &rule, NULL}, last_entry()};
		table_set(entries, 2, &place);
		int64_t start_mono_ns = clock_mono_ns();
		for (uint32_t i = 0; i < 1000; i++)
			udp_send(0xc6336401 + i % 2, 0xc0000201);
		settle();
		double span_s = (double)(clock_mono_ns() - start_mono_ns) / 1e9;
		const struct nft_state *found = state_of(1);
		double per_s = rule.limit.unit == RULE_UNIT_BPS ? (double)rule.limit.per_s / (28 * 8) : (double)rule.limit.per_s;
		uint64_t passed = found->matched_packets - found->dropped_packets;
		assert_int_equal(found->matched_packets, 1000);
		assert_in_range(passed, rows[row].burst * rows[row].buckets,
			(uint64_t)(((double)rows[row].burst + per_s * span_s + 1) * (double)rows[row].buckets));
	}
}

static void a_rule_ends_by_itself(void **state)
{
	(void)state;
	struct ip_prefix destination = {ip_from_v4(0xc0000201), 128};
	struct rule rule = rule_to(&destination), other = rule;
	struct nft_place place = {.space = NULL};
	rule.action = other.action = RULE_DROP;
	struct ip_addr addr = ip_from_v4(0xc6336401);
	struct source_set *set = NULL;
	assert_int_equal(source_set_new(&addr, 1, &set), OK);
	other.source_set = *source_set_name(set);
	struct nft_entry entries[3] = {{1, 2, &other, set}, {2, 1, &rule, NULL}, last_entry()};
	int64_t start_mono_ns = clock_mono_ns();
	table_set(entries, 3, &place);
	udp_send(0xc6336402, 0xc0000201);
	settle();
	assert_true(state_of(1)->is_in_force && state_of(2)->is_in_force);
	assert_int_equal(state_of(1)->matched_packets, 0); /* of another source */
	assert_int_equal(state_of(2)->dropped_packets, 1);
	/* One after the other ends, at its time and not before: packets every 50 ms tell when. */
	int64_t ended_ms[2] = {0};
	uint64_t dropped[2] = {0};
	while (ended_ms[0] == 0 || ended_ms[1] == 0) {
		(void)poll(NULL, 0, 50);
		int64_t now_ms = (clock_mono_ns() - start_mono_ns) / 1000000;
		assert_true(now_ms < 10000);
		udp_send(0xc6336401, 0xc0000201);
		udp_send(0xc6336402, 0xc0000201);
		settle();
		for (uint32_t i = 0; i < 2; i++) {
			if (state_of(i + 1)->dropped_packets == dropped[i] && dropped[i] > 0 && ended_ms[i] == 0)
				ended_ms[i] = now_ms;
			dropped[i] = state_of(i + 1)->dropped_packets;
		}
	}
	assert_in_range(ended_ms[0], 1950, 2600);
	assert_in_range(ended_ms[1], 950, 1600);
	assert_false(state_of(1)->is_in_force || state_of(2)->is_in_force);
	source_set_free(set);
}

static void rules_come_and_go_beside_others(void **state)
{
	(void)state;
	struct ip_prefix destinations[2] = {{ip_from_v4(0xc0000201), 128}, {ip_from_v4(0xc0000202), 128}};
	struct rule rules[2] = {rule_to(&destinations[0]), rule_to(&destinations[1])};
	struct nft_place place = {.space = NULL};
	char *text = NULL;
	rules[0].action = rules[1].action = RULE_DROP;
	struct nft_entry entries[2] = {{1, LIFE_S, &rules[0], NULL}, last_entry()}, added = {2, LIFE_S, &rules[1], NULL};
	table_set(entries, 2, &place);
	udp_send(0xc6336401, 0xc0000201);
	udp_send(0xc6336401, 0xc0000202);
	assert_int_equal(nft_write_added(&added, 1, &place, &text), OK);
	settle();
	nft_run(text);
	udp_send(0xc6336401, 0xc0000202);
	settle();
	assert_int_equal(state_of(1)->dropped_packets, 1);
	assert_int_equal(state_of(2)->dropped_packets, 1);
	assert_int_equal(nft_write_withdrawn(&added, 1, &text), OK);
	nft_run(text);
	udp_send(0xc6336401, 0xc0000201);
	udp_send(0xc6336401, 0xc0000202);
	settle();
	assert_int_equal(state_of(1)->dropped_packets, 2);
	assert_int_equal(state_of(2)->dropped_packets, 1); /* what it did is still told */
	assert_true(state_of(1)->is_in_force && !state_of(2)->is_in_force);
}

static _Noreturn void give_up(const char *why)
{
	printf("skipped: %s\n", why);
	exit(SKIP);
}

static void enter(void)
{
	struct ifreq request = {.ifr_name = "far"};
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (system("nft --version >/dev/null 2>&1") != 0)
		give_up("no nft command");
	if (unshare(CLONE_NEWNET) != 0)
		give_up("no namespaces");
	if (system("ip link add near type veth peer name far && ip link set near up && ip link set far up") != 0)
		give_up("no ip command");
	(void)sched_setaffinity(0, sizeof(one), &one); /* so that packets arrive in their order */
	sender = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (sender < 0 || ioctl(sender, SIOCGIFHWADDR, &request) != 0)
		give_up("no packet socket");
	memcpy(far_address.sll_addr, request.ifr_hwaddr.sa_data, ETH_ALEN);
	far_address.sll_ifindex = (int)if_nametoindex("near");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nftables_and_evaluator_agree),
		cmocka_unit_test(authentication_headers_are_the_last_that_is_seen),
		cmocka_unit_test(limits_let_through_what_they_say),
		cmocka_unit_test(a_rule_ends_by_itself),
		cmocka_unit_test(rules_come_and_go_beside_others),
	};
	enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
