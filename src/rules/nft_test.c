/*
 * Proves of the text for nftables that what cannot be said is refused, that each rule is gated by an element with a
 * timeout and single addresses stand in sets without intervals, and that a listing is read back, whatever else is in it.
 * What the kernel makes of the text is proven by nft_kernel_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/nft.h"

static const struct nft_place anywhere = {.space = NULL};
static struct nft_state states[NFT_ENTRIES_MAX];

static struct rule rule_of(const char *destination, uint16_t protocol)
{
	struct ip_prefix prefix = {.bits = 0};
	assert_int_equal(ip_prefix_parse(destination, &prefix), OK);
	struct rule rule = rule_to(&prefix);
	rule.action = RULE_DROP;
	rule.protocol = protocol;
	return rule;
}

static void what_cannot_be_said_is_refused(void **state)
{
	(void)state;
	static struct nft_entry many[NFT_ENTRIES_MAX + 1];
	struct rule plain = rule_of("192.0.2.1", 17), with_set = plain;
	with_set.source_set.count = 1;
	struct nft_entry entry = {1, 60, &plain, NULL};
	char *text = NULL;
	assert_int_equal(nft_write_table(many, NFT_ENTRIES_MAX + 1, &anywhere, &text), E_LIMIT);
	entry.life_s = 0;
	assert_int_equal(nft_write_added(&entry, 1, &anywhere, &text), E_LIMIT);
	entry.life_s = NFT_LIFE_MAX_S + 1;
	assert_int_equal(nft_write_added(&entry, 1, &anywhere, &text), E_LIMIT);
	entry = (struct nft_entry){1, 60, &with_set, NULL};
	assert_int_equal(nft_write_table(&entry, 1, &anywhere, &text), E_STATE);
	assert_int_equal(nft_write_withdrawn(&entry, 0, &text), E_LIMIT);
	assert_int_equal(nft_write_withdrawn(many, NFT_ENTRIES_MAX + 1, &text), E_LIMIT);
	assert_null(text);
	entry = (struct nft_entry){1, 1, &plain, NULL};
	assert_int_equal(nft_write_table(&entry, 1, &anywhere, &text), OK);
	free(text);
	assert_int_equal(nft_write_table(NULL, 0, &anywhere, &text), OK);
	free(text);
}

/** How often a text has a part. */
static unsigned parts(const char *text, const char *part)
{
	unsigned count = 0;
	for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
		count++;
	return count;
}

static void gates_and_sets_are_of_the_right_kind(void **state)
{
	(void)state;
	struct ip_addr addrs[] = {ip_from_v4(0xc6336401), ip_from_v4(0xc6336402), {.bytes = {0x20, 0x01, [15] = 1}}};
	struct rule rules[] = {rule_of("192.0.2.1", 17), rule_of("192.0.2.2", 6), rule_of("2001:db8::1", 17),
		rule_of("192.0.2.3", RULE_ANY)};
	struct nft_entry entries[4];
	struct source_set *set = NULL;
	char *text = NULL;
	assert_int_equal(source_set_new(addrs, ARRAY_LEN(addrs), &set), OK);
	for (uint32_t i = 0; i < 4; i++) {
		entries[i] = (struct nft_entry){10 + i, 100 + i, &rules[i], i < 3 ? set : NULL};
		if (i < 3)
			rules[i].source_set = *source_set_name(set);
	}
	assert_int_equal(nft_write_table(entries, 4, &anywhere, &text), OK);
	assert_int_equal(parts(text, "\"type\":\"nf_proto\",\"flags\":[\"timeout\"]"), 4);
	assert_int_equal(parts(text, "\"elem\":[{\"elem\":{\"val\":\"ipv4\",\"timeout\":103}}]"), 1);
	assert_int_equal(parts(text, "\"elem\":[{\"elem\":{\"val\":\"ipv6\",\"timeout\":102}}]"), 1);
	assert_int_equal(parts(text, "\"right\":\"@g1"), 4);
	/* One set for each family, as long as the longest rule that shares it. */
	assert_int_equal(parts(text, "\"name\":\"x10\",\"type\":\"ipv4_addr\",\"flags\":[\"timeout\"],\"timeout\":102,"
		"\"elem\":[\"198.51.100.1\",\"198.51.100.2\"]"), 1);
	assert_int_equal(parts(text, "\"name\":\"x12\",\"type\":\"ipv6_addr\""), 1);
	assert_int_equal(parts(text, "\"right\":\"@x10\""), 2);
	assert_int_equal(parts(text, "interval"), 0);
	free(text);
	assert_int_equal(nft_write_withdrawn(&entries[2], 1, &text), OK);
	assert_string_equal(text, "{\"nftables\":[{\"metainfo\":{\"json_schema_version\":1}},{\"delete\":{\"element\":{"
		"\"family\":\"inet\",\"table\":\"hinomi\",\"name\":\"g12\",\"elem\":[\"ipv6\"]}}}]}");
	free(text);
	source_set_free(set);
}

/** A rule for all sources spares protected ones, but where its order has the approvals to touch them. */
static void protected_sources_are_spared_unless_the_order_says_otherwise(void **state)
{
	(void)state;
	struct ip_prefix partner = {ip_from_v4(0xc6336400), 120};
	const struct space_config config = {.protected = &partner, .protected_count = 1};
	struct space *space = NULL;
	struct rule rule = rule_of("192.0.2.1", 17);
	assert_int_equal(space_new(&config, &space), OK);
	const struct nft_place guarded = {.space = space};
	for (int touches = 0; touches < 2; touches++) {
		const struct nft_entry entry = {.id = 1, .life_s = 60, .rule = &rule, .touches_protected = touches};
		char *text = NULL;
		assert_int_equal(nft_write_table(&entry, 1, &guarded, &text), OK);
		assert_int_equal(parts(text, "\"@p4\""), !touches);
		free(text);
	}
	space_free(space);
}

static int read_text(const char *text, size_t *ret_count)
{
	return nft_read_table(text, strlen(text), states, ret_count);
}

static void a_listing_is_read_back(void **state)
{
	(void)state;
	size_t count = 77;
	static const char listing[] = "{\"nftables\":[{\"metainfo\":{}},"
		"{\"set\":{\"name\":\"g9\",\"elem\":[{\"elem\":{\"val\":\"ipv4\"}}]}},"
		"{\"set\":{\"name\":\"g2\"}},{\"set\":{\"name\":\"p4\",\"elem\":[\"192.0.2.1\"]}},{\"set\":{\"name\":\"g\"}},"
		"{\"counter\":{\"name\":\"m2\",\"packets\":5,\"bytes\":50}},{\"counter\":{\"name\":\"d2\",\"packets\":3,\"bytes\":30}},"
		"{\"counter\":{\"name\":\"m2x\",\"packets\":9}},{\"counter\":{\"name\":\"m4294967296\",\"packets\":9}},"
		"{\"counter\":{\"name\":\"d9\",\"packets\":-1,\"bytes\":\"9\"}},{\"chain\":{\"name\":\"m3\"}},7,{\"counter\":8}]}";
	assert_int_equal(read_text(listing, &count), OK);
	assert_int_equal(count, 2);
	assert_true(states[0].id == 2 && !states[0].is_in_force && states[0].matched_packets == 5 && states[0].matched_bytes == 50);
	assert_true(states[0].dropped_packets == 3 && states[0].dropped_bytes == 30);
	assert_true(states[1].id == 9 && states[1].is_in_force && states[1].dropped_packets == 0 && states[1].dropped_bytes == 0);
	assert_int_equal(read_text("{\"nftables\":[]}", &count), OK);
	assert_int_equal(count, 0);
	assert_int_equal(read_text("{\"nftables\":{}}", &count), E_MALFORMED);
	assert_int_equal(read_text("[]", &count), E_MALFORMED);
	assert_int_equal(read_text("", &count), E_MALFORMED);
	assert_int_equal(nft_read_table("", (size_t)NFT_TEXT_BYTES_MAX + 1, states, &count), E_LIMIT);
	/* One rule more than fits. */
	char *text = NULL;
	size_t length_bytes = 0;
	FILE *stream = open_memstream(&text, &length_bytes);
	for (unsigned i = 0; i <= NFT_ENTRIES_MAX; i++)
		fprintf(stream, "%s{\"counter\":{\"name\":\"m%u\"}}", i == 0 ? "{\"nftables\":[" : ",", NFT_ENTRIES_MAX - i);
	fputs("]}", stream);
	fclose(stream);
	assert_int_equal(nft_read_table(text, length_bytes, states, &count), E_LIMIT);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_cannot_be_said_is_refused),
		cmocka_unit_test(gates_and_sets_are_of_the_right_kind),
		cmocka_unit_test(a_listing_is_read_back),
		cmocka_unit_test(protected_sources_are_spared_unless_the_order_says_otherwise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
