/* Proves that address texts go in and out unchanged, and that what is not an address is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/ip.h"

static void addresses_survive_the_round_trip(void **state)
{
	(void)state;
	static const char *const texts[] = {"192.0.2.1", "0.0.0.0", "255.255.255.255", "2001:db8::1", "::", "::1"};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct ip_addr addr;
		char text[IP_TEXT_BYTES];
		assert_int_equal(ip_parse(texts[i], &addr), OK);
		assert_string_equal(ip_write(&addr, text), texts[i]);
	}
}

static void what_is_no_prefix_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "/", "192.0.2.1/33", "192.0.2.1/24", "2001:db8::/129", "10.1", "a", "1.2.3.4/",
		"1.2.3.4/-1", "1.2.3.4/032x", "1.2.3.0/24 "};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct ip_prefix prefix;
		assert_int_equal(ip_prefix_parse(texts[i], &prefix), E_MALFORMED);
	}
}

static void prefixes_cover_what_they_should(void **state)
{
	(void)state;
	static const struct {
		const char *prefix, *addr;
		bool covered;
	} cases[] = {
		{"192.0.2.0/24", "192.0.2.255", true},
		{"192.0.2.0/24", "192.0.3.0", false},
		{"0.0.0.0/0", "203.0.113.9", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"2001:db8::/33", "2001:db8:7fff::1", true},
		{"2001:db8::/33", "2001:db8:8000::1", false},
		{"::/0", "192.0.2.1", true},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ip_prefix prefix;
		struct ip_addr addr;
		char text[IP_PREFIX_TEXT_BYTES];
		assert_int_equal(ip_prefix_parse(cases[i].prefix, &prefix), OK);
		assert_int_equal(ip_parse(cases[i].addr, &addr), OK);
		assert_int_equal(ip_prefix_covers(&prefix, &addr), cases[i].covered);
		assert_string_equal(ip_prefix_write(&prefix, text), cases[i].prefix);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_survive_the_round_trip),
		cmocka_unit_test(what_is_no_prefix_is_refused),
		cmocka_unit_test(prefixes_cover_what_they_should),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
