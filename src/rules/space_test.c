/*
 * Proves that no rule passes which is not about a network of ours, or which touches protected space by its destination,
 * a source or an address of its source set; and that what lies beside is allowed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "rules/space.h"

static struct ip_prefix prefix_of(const char *text)
{
	struct ip_prefix prefix = {.bits = 0};
	assert_int_equal(ip_prefix_parse(text, &prefix), OK);
	return prefix;
}

static struct space *space_of_test(void)
{
	struct ip_prefix networks[] = {prefix_of("192.0.2.0/24"), prefix_of("2001:db8::/32")};
	struct ip_prefix protected[] = {prefix_of("192.0.2.53"), prefix_of("198.51.100.0/25"), prefix_of("2001:db8:53::/48")};
	struct space_config config = {networks, ARRAY_LEN(networks), protected, ARRAY_LEN(protected)};
	struct space *space = NULL;
	assert_int_equal(space_new(&config, &space), OK);
	return space;
}

static void rules_are_about_ours_and_spare_what_is_protected(void **state)
{
	(void)state;
	static const struct {
		const char *destination;
		const char *source; /* NULL: any */
		const char *complaint; /* NULL: allowed */
	} rows[] = {
		{"192.0.2.10", NULL, NULL},
		{"192.0.2.128/25", "198.51.100.128/25", NULL},
		{"2001:db8::/48", "2001:db8:54::/48", NULL},
		{"192.0.3.10", NULL, "destination: 192.0.3.10 is no network of ours"},
		{"192.0.0.0/16", NULL, "destination: 192.0.0.0/16 is no network of ours"}, /* wider than ours */
		{"2001:db9::/48", NULL, "destination: 2001:db9::/48 is no network of ours"},
		{"192.0.2.53", NULL, "destination: 192.0.2.53 is protected"},
		{"192.0.2.0/24", NULL, "destination: 192.0.2.53 is protected"}, /* covers it */
		{"2001:db8:53:1::/64", NULL, "destination: 2001:db8:53::/48 is protected"}, /* within it */
		{"192.0.2.10", "198.51.100.7", "sources: 198.51.100.0/25 is protected"},
		{"192.0.2.10", "198.51.100.0/24", "sources: 198.51.100.0/25 is protected"},
	};
	struct space *space = space_of_test();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char complaint[RULE_COMPLAINT_BYTES] = "";
		struct ip_prefix destination = prefix_of(rows[i].destination);
		struct rule rule = rule_to(&destination);
		rule.action = RULE_DROP;
		if (rows[i].source != NULL)
			rule.sources[rule.source_count++] = prefix_of(rows[i].source);
		assert_int_equal(space_check(space, &rule, NULL, complaint), rows[i].complaint == NULL ? OK : E_DENIED);
		assert_string_equal(complaint, rows[i].complaint == NULL ? "" : rows[i].complaint);
	}
	space_free(space);
	space_free(NULL);
}

static void every_address_of_a_set_is_asked(void **state)
{
	(void)state;
	char complaint[RULE_COMPLAINT_BYTES] = "";
	struct space *space = space_of_test();
	struct ip_prefix destination = prefix_of("192.0.2.10");
	struct rule rule = rule_to(&destination);
	struct ip_addr good[] = {ip_from_v4(0xc6336480), ip_from_v4(0xc6336481)};
	struct ip_addr bad[] = {ip_from_v4(0xc6336480), ip_from_v4(0xc633647f)};
	struct source_set *good_set = NULL, *bad_set = NULL;
	assert_int_equal(source_set_new(good, 2, &good_set), OK);
	assert_int_equal(source_set_new(bad, 2, &bad_set), OK);
	rule.action = RULE_DROP;
	rule.source_set = *source_set_name(good_set);
	assert_int_equal(space_check(space, &rule, good_set, complaint), OK);
	assert_int_equal(space_check(space, &rule, NULL, complaint), E_STATE);
	assert_int_equal(space_check(space, &rule, bad_set, complaint), E_STATE); /* not the one that is named */
	assert_string_equal(complaint, "source_set: it is not at hand");
	rule.source_set = *source_set_name(bad_set);
	assert_int_equal(space_check(space, &rule, bad_set, complaint), E_DENIED);
	assert_string_equal(complaint, "source_set: 198.51.100.127 is protected");
	source_set_free(good_set);
	source_set_free(bad_set);
	space_free(space);
}

static void single_addresses_are_told_apart(void **state)
{
	(void)state;
	struct space *space = space_of_test(), *unused = NULL;
	struct space_config too_many = {.protected_count = SPACE_PREFIXES_MAX + 1};
	struct ip_addr in = ip_from_v4(0xc633647f), out = ip_from_v4(0xc6336480);
	size_t count = 0;
	assert_true(space_is_protected(space, &in));
	assert_false(space_is_protected(space, &out));
	assert_int_equal(space_protected(space, &count)[1].bits, 121);
	assert_int_equal(count, 3);
	assert_int_equal(space_new(&too_many, &unused), E_LIMIT);
	too_many = (struct space_config){.network_count = SPACE_PREFIXES_MAX + 1};
	assert_int_equal(space_new(&too_many, &unused), E_LIMIT);
	assert_null(unused);
	space_free(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_about_ours_and_spare_what_is_protected),
		cmocka_unit_test(every_address_of_a_set_is_asked),
		cmocka_unit_test(single_addresses_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
