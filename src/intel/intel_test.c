/*
 * Proves directions, flow classes with their order of precedence, and bogons. What needs the installed address
 * database is skipped without it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/random.h"
#include "intel/intel.h"

#define DATABASE_PATH "/var/lib/location/database.db"

static struct ip_addr addr_of(const char *text)
{
	struct ip_addr addr;
	assert_int_equal(ip_parse(text, &addr), OK);
	return addr;
}

static struct ip_prefix prefix_of(const char *text)
{
	struct ip_prefix prefix;
	assert_int_equal(ip_prefix_parse(text, &prefix), OK);
	return prefix;
}

static enum direction direction_of(const struct intel *intel, const char *src, const char *dst)
{
	struct ip_addr a = addr_of(src), b = addr_of(dst);
	return intel_direction(intel, &a, &b);
}

static const char *class_of(const struct intel *intel, const char *src, const char *dst)
{
	struct ip_addr a = addr_of(src), b = addr_of(dst);
	return flow_class_name(intel_flow_class(intel, &a, &b));
}

static void directions_follow_the_networks(void **state)
{
	(void)state;
	const struct ip_prefix networks[] = {prefix_of("192.0.2.0/24"), prefix_of("192.0.2.128/25"), prefix_of("2001:db8::/32")};
	const struct intel_config config = {.networks = networks, .network_count = ARRAY_LEN(networks)};
	struct intel *intel = NULL;
	assert_int_equal(intel_new(&config, &intel), OK);
	assert_true(intel_has_networks(intel));
	assert_int_equal(direction_of(intel, "198.51.100.1", "192.0.2.1"), DIRECTION_IN);
	assert_int_equal(direction_of(intel, "2001:db8::1", "2001:db9::1"), DIRECTION_OUT);
	assert_int_equal(direction_of(intel, "192.0.2.1", "192.0.2.2"), DIRECTION_INSIDE);
	assert_int_equal(direction_of(intel, "198.51.100.1", "203.0.113.1"), DIRECTION_TRANSIT);
	struct ip_addr low = addr_of("192.0.2.1"), high = addr_of("192.0.2.200"), other = addr_of("192.0.3.1");
	assert_int_equal(intel_network_of(intel, &low)->bits, 120);
	assert_int_equal(intel_network_of(intel, &high)->bits, 121);
	assert_null(intel_network_of(intel, &other));
	intel_free(intel);
}

static void without_configuration_nothing_is_known(void **state)
{
	(void)state;
	const struct intel_config config = {0};
	struct intel *intel = NULL;
	struct ip_addr addr = addr_of("192.0.2.1");
	assert_int_equal(intel_new(&config, &intel), OK);
	assert_false(intel_has_networks(intel));
	assert_null(intel_network_of(intel, &addr));
	assert_int_equal(direction_of(intel, "192.0.2.1", "198.51.100.1"), DIRECTION_UNKNOWN);
	assert_string_equal(class_of(intel, "192.0.2.1", "198.51.100.1"), "unknown");
	assert_int_equal(intel_origin(intel, &addr).asn, 0);
	intel_free(intel);
	intel_free(NULL);
}

static void configured_prefixes_make_the_classes(void **state)
{
	(void)state;
	const struct ip_prefix networks[] = {prefix_of("10.0.0.0/8"), prefix_of("203.0.113.0/24")};
	const struct ip_prefix domestic[] = {prefix_of("198.51.100.0/24"), prefix_of("2001:db8::/32")};
	const struct ip_prefix foreign[] = {prefix_of("198.51.100.128/25"), prefix_of("203.0.113.0/24"), prefix_of("192.0.2.0/24")};
	const struct intel_config config = {.networks = networks, .network_count = ARRAY_LEN(networks), .domestic = domestic,
		.domestic_count = ARRAY_LEN(domestic), .foreign = foreign, .foreign_count = ARRAY_LEN(foreign)};
	struct intel *intel = NULL;
	assert_int_equal(intel_new(&config, &intel), OK);
	assert_string_equal(class_of(intel, "192.0.2.1", "10.1.1.1"), "foreign_domestic");
	assert_string_equal(class_of(intel, "10.1.1.1", "192.0.2.1"), "domestic_foreign");
	assert_string_equal(class_of(intel, "198.51.100.1", "10.1.1.1"), "domestic_domestic");
	assert_string_equal(class_of(intel, "198.51.100.129", "192.0.2.1"), "foreign_foreign");
	assert_string_equal(class_of(intel, "203.0.113.1", "192.0.2.1"), "foreign_foreign"); /* foreign wins over networks */
	assert_string_equal(class_of(intel, "2001:db8::1", "10.0.0.1"), "domestic_domestic");
	assert_string_equal(class_of(intel, "8.8.8.8", "10.0.0.1"), "unknown");
	assert_string_equal(class_of(intel, "10.0.0.1", "8.8.8.8"), "unknown");
	intel_free(intel);
}

static void the_database_makes_the_rest(void **state)
{
	(void)state;
	if (access(DATABASE_PATH, R_OK) != 0)
		skip();
	const struct ip_prefix networks[] = {prefix_of("10.0.0.0/8")};
	const struct ip_prefix foreign[] = {prefix_of("1.0.16.0/20")};
	const struct intel_config config = {.networks = networks, .network_count = 1, .foreign = foreign, .foreign_count = 1,
		.country = "JP", .database_path = DATABASE_PATH};
	struct intel *intel = NULL;
	int64_t start_ns = clock_mono_ns();
	assert_int_equal(intel_new(&config, &intel), OK);
	print_message("start %.0f ms, tables %.1f MiB\n", (double)(clock_mono_ns() - start_ns) / 1e6,
		(double)intel_memory_bytes(intel) / 1048576.0);
	assert_true(intel_memory_bytes(intel) < 20u << 20);
	assert_string_equal(class_of(intel, "202.12.30.33", "10.1.1.1"), "domestic_domestic"); /* an address of JPNIC */
	assert_string_equal(class_of(intel, "2001:dc2::1", "8.8.8.8"), "domestic_foreign");
	assert_string_equal(class_of(intel, "1.0.16.1", "202.12.30.33"), "foreign_domestic"); /* JP, but listed as foreign */
	assert_string_equal(class_of(intel, "192.168.1.1", "202.12.30.33"), "unknown"); /* private, not ours */
	assert_string_equal(class_of(intel, "fe80::1", "202.12.30.33"), "unknown");
	intel_free(intel);
}

/** Every address has the side of its own entry in the database, also where networks nest. */
static void sides_agree_with_origins(void **state)
{
	(void)state;
	if (access(DATABASE_PATH, R_OK) != 0)
		skip();
	const struct ip_prefix domestic[] = {prefix_of("10.0.0.0/8")};
	const struct intel_config config = {.domestic = domestic, .domestic_count = 1, .country = "JP", .database_path = DATABASE_PATH};
	struct intel *intel = NULL;
	struct random rng;
	struct ip_addr home = addr_of("10.0.0.1");
	size_t domestic_count = 0;
	assert_int_equal(intel_new(&config, &intel), OK);
	random_init(&rng, 3);
	for (size_t i = 0; i < 300000; i++) {
		struct ip_addr addr = (i & 1) == 0 ? ip_from_v4((uint32_t)random_next(&rng))
			: (struct ip_addr){.be64 = {__builtin_bswap64(UINT64_C(0x2400000000000000) |
				(random_next(&rng) & UINT64_C(0x00ff0fffffff0000))), random_next(&rng)}};
		enum flow_class class = intel_flow_class(intel, &addr, &home);
		if (intel_is_bogon(&addr)) {
			bool is_home = ip_prefix_covers(&domestic[0], &addr);
			assert_int_equal(class, is_home ? FLOW_CLASS_DOMESTIC_DOMESTIC : FLOW_CLASS_UNKNOWN);
			continue;
		}
		bool is_domestic = strcmp(intel_origin(intel, &addr).country, "JP") == 0;
		assert_int_equal(class, is_domestic ? FLOW_CLASS_DOMESTIC_DOMESTIC : FLOW_CLASS_FOREIGN_DOMESTIC);
		domestic_count += is_domestic;
	}
	assert_true(domestic_count > 1000);
	intel_free(intel);
}

static void a_database_that_cannot_be_read_is_told(void **state)
{
	(void)state;
	const struct intel_config config = {.country = "JP", .database_path = "/nonexistent"};
	const struct intel_config foreign = {.country = "JP", .database_path = "/proc/self/exe"};
	const struct intel_config crowded = {.network_count = INTEL_PREFIXES_MAX + 1};
	struct intel *intel = NULL;
	assert_int_equal(intel_new(&config, &intel), E_SYS);
	assert_int_equal(intel_new(&foreign, &intel), E_UNSUPPORTED);
	assert_int_equal(intel_new(&crowded, &intel), E_LIMIT);
	assert_null(intel);
}

static void bogons_are_told_from_public_addresses(void **state)
{
	(void)state;
	static const char *const bogons[] = {"0.0.0.0", "0.255.255.255", "10.0.0.1", "100.64.0.0", "100.127.255.255", "127.0.0.1",
		"169.254.1.1", "172.16.0.0", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.0.1", "198.18.0.0",
		"198.19.255.255", "198.51.100.1", "203.0.113.255", "224.0.0.1", "255.255.255.255", "::", "::1", "::192.0.2.1",
		"64:ff9b:1::1", "64:ff9b::1:0:0", "100::1", "1fff:ffff::", "2001:2::1", "2001:10::1", "2001:1f:ffff::", "2001:db8::1",
		"3fff::1", "3fff:fff::1", "4000::", "5f00::1", "fc00::1", "fdff::1", "fe80::1", "fec0::1", "ff02::1"};
	static const char *const public[] = {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.0.0.1",
		"128.0.0.0", "169.253.255.255", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.1", "192.0.3.0",
		"192.167.255.255", "198.17.255.255", "198.20.0.0", "203.0.114.0", "223.255.255.255", "64:ff9b::808:808",
		"2000::", "2001::1", "2001:2:1::1", "2001:20::1", "2001:db9::", "2002::1", "2400::1", "3ffe::1", "3fff:1000::1"};
	for (size_t i = 0; i < ARRAY_LEN(bogons); i++) {
		struct ip_addr addr = addr_of(bogons[i]);
		if (!intel_is_bogon(&addr))
			fail_msg("%s is a bogon", bogons[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(public); i++) {
		struct ip_addr addr = addr_of(public[i]);
		if (intel_is_bogon(&addr))
			fail_msg("%s is public", public[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directions_follow_the_networks),
		cmocka_unit_test(without_configuration_nothing_is_known),
		cmocka_unit_test(configured_prefixes_make_the_classes),
		cmocka_unit_test(the_database_makes_the_rest),
		cmocka_unit_test(sides_agree_with_origins),
		cmocka_unit_test(a_database_that_cannot_be_read_is_told),
		cmocka_unit_test(bogons_are_told_from_public_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
