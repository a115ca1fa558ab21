/* Proves the prefix table against a linear search over the same prefixes, at random and at the edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "core/random.h"
#include "intel/prefix_table.h"

#define PREFIX_COUNT 3000

struct entry {
	struct ip_prefix prefix;
	uint32_t value;
};

static int entry_compare(const void *a, const void *b)
{
	return (int)((const struct entry *)a)->prefix.bits - (int)((const struct entry *)b)->prefix.bits;
}

/** The last of the longest, as painting has it. */
static uint32_t find_linear(const struct entry *entries, size_t count, const struct ip_addr *addr)
{
	uint32_t value = 0;
	for (size_t i = 0; i < count; i++) {
		if (ip_prefix_covers(&entries[i].prefix, addr))
			value = entries[i].value;
	}
	return value;
}

/** Addresses that crowd together, so that prefixes nest and overlap. */
static struct ip_addr random_addr(struct random *rng, bool is_v4)
{
	if (is_v4)
		return ip_from_v4((uint32_t)(10 + random_below(rng, 2)) << 24 | (uint32_t)(random_next(rng) & 0x00030f3f) |
			(uint32_t)(random_below(rng, 8) == 0 ? random_next(rng) & 0xffffff : 0));
	struct ip_addr addr;
	for (size_t i = 0; i < 16; i++)
		addr.bytes[i] = (uint8_t)(random_next(rng) & random_next(rng) & random_next(rng));
	addr.bytes[0] = random_below(rng, 30) == 0 ? 0 : 0x20;
	return addr;
}

static void it_agrees_with_a_linear_search(void **state)
{
	(void)state;
	static struct entry entries[PREFIX_COUNT];
	struct random rng;
	struct prefix_table *table = NULL;
	size_t hits = 0;
	random_init(&rng, 42);
	for (size_t i = 0; i < PREFIX_COUNT; i++) {
		bool is_v4 = (i & 1) == 0;
		struct ip_addr addr = random_addr(&rng, is_v4);
		uint8_t bits = (uint8_t)(is_v4 ? 96 + random_below(&rng, 33) : random_below(&rng, 129));
		bits = i == 0 ? 0 : bits;
		entries[i] = (struct entry){{ip_masked(&addr, bits), bits}, (uint32_t)random_below(&rng, 5)};
	}
	qsort(entries, PREFIX_COUNT, sizeof(entries[0]), entry_compare);
	assert_int_equal(prefix_table_new(&table), OK);
	for (size_t i = 0; i < PREFIX_COUNT; i++)
		assert_int_equal(prefix_table_paint(table, &entries[i].prefix, entries[i].value), OK);
	for (size_t i = 0; i < 6000; i++) {
		struct ip_addr addr = random_addr(&rng, (i & 1) == 0);
		if ((i & 7) < 2) /* the edges of a prefix: its first address, and the one before */
			addr = entries[random_below(&rng, PREFIX_COUNT)].prefix.addr;
		if ((i & 7) == 1)
			addr.bytes[15]--;
		uint32_t wanted = find_linear(entries, PREFIX_COUNT, &addr);
		assert_int_equal(prefix_table_find(table, &addr), wanted);
		hits += wanted != 0;
	}
	assert_in_range(hits, 600, 5999);
	prefix_table_free(table);
}

static void a_later_prefix_paints_over(void **state)
{
	(void)state;
	static const struct {
		const char *prefix;
		uint32_t value;
		const char *addr;
		uint32_t found;
	} steps[] = {
		{"192.0.2.1", 1, "192.0.2.1", 1},
		{"192.0.2.0/24", 2, "192.0.2.1", 2},
		{"192.0.2.0/25", 0, "192.0.2.127", 0},
		{"192.0.2.0/25", 0, "192.0.2.128", 2},
		{"0.0.0.0/0", 7, "192.0.2.128", 7},
		{"2001:db8::1", 3, "2001:db8::1", 3},
		{"2001:db8::1", 3, "2001:db8::", 0},
		{"2001:db8::/32", 4, "2001:db8::1", 4},
		{"::/0", 5, "198.51.100.1", 5},
		{"::/0", 5, "ffff::", 5},
	};
	struct prefix_table *table = NULL;
	assert_int_equal(prefix_table_new(&table), OK);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct ip_prefix prefix;
		struct ip_addr addr;
		assert_int_equal(ip_prefix_parse(steps[i].prefix, &prefix), OK);
		assert_int_equal(ip_parse(steps[i].addr, &addr), OK);
		assert_int_equal(prefix_table_paint(table, &prefix, steps[i].value), OK);
		assert_int_equal(prefix_table_find(table, &addr), steps[i].found);
	}
	prefix_table_free(table);
	prefix_table_free(NULL);
}

static void it_stops_at_its_cap(void **state)
{
	(void)state;
	struct prefix_table *table = NULL;
	int err = OK;
	assert_int_equal(prefix_table_new(&table), OK);
	for (uint32_t i = 0; i < 1u << 17 && err == OK; i++) {
		struct ip_prefix host = {ip_from_v4(i << 8 | 1), 128};
		err = prefix_table_paint(table, &host, 1);
	}
	assert_int_equal(err, E_LIMIT);
	assert_true(prefix_table_bytes(table) <= PREFIX_TABLE_SLOTS_MAX * 6ul);
	struct ip_addr first = ip_from_v4(1);
	assert_int_equal(prefix_table_find(table, &first), 1);
	prefix_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_agrees_with_a_linear_search),
		cmocka_unit_test(a_later_prefix_paints_over),
		cmocka_unit_test(it_stops_at_its_cap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
