/*
 * Proves that a source set is one file, named by its content: any order of addresses gives the same bytes, what is
 * saved is loaded, a file that is not the one meant is refused, and so is each file that could be written in another way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/random.h"
#include "rules/source_set.h"

#define HEAD(v4, v6) 'H', 'i', 'N', 'o', 'S', 'e', 't', 1, 0, 0, 0, (v4), 0, 0, 0, (v6)

static struct ip_addr v6_addr(uint8_t last)
{
	return (struct ip_addr){.bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = last}};
}

static void order_and_repetition_do_not_matter(void **state)
{
	(void)state;
	struct ip_addr one[] = {ip_from_v4(0xc6336401), v6_addr(1), ip_from_v4(0xc6336402)};
	struct ip_addr other[] = {ip_from_v4(0xc6336402), ip_from_v4(0xc6336401), v6_addr(1), ip_from_v4(0xc6336402)};
	struct source_set *a = NULL, *b = NULL;
	assert_int_equal(source_set_new(one, ARRAY_LEN(one), &a), OK);
	assert_int_equal(source_set_new(other, ARRAY_LEN(other), &b), OK);
	assert_memory_equal(source_set_name(a), source_set_name(b), sizeof(struct rule_source_set));
	assert_int_equal(source_set_name(a)->count, 3);
	assert_int_equal(source_set_v4_count(a), 2);
	for (size_t i = 0; i < 3; i++) {
		struct ip_addr addr = source_set_at(a, i), beside = addr;
		beside.bytes[15] ^= 0x40;
		assert_true(source_set_has(a, &addr));
		assert_false(source_set_has(a, &beside));
	}
	source_set_free(a);
	source_set_free(b);
	source_set_free(NULL);
}

static void no_set_is_made_of_what_is_no_source(void **state)
{
	(void)state;
	struct ip_addr addrs[] = {ip_from_v4(0xc6336401), ip_from_v4(0)}, none = {.bytes = {0}};
	struct source_set *set = NULL;
	assert_int_equal(source_set_new(addrs, 0, &set), E_LIMIT);
	assert_int_equal(source_set_new(addrs, (size_t)RULE_SET_ADDRESSES_MAX + 1, &set), E_LIMIT);
	assert_int_equal(source_set_new(addrs, 2, &set), E_MALFORMED);
	assert_int_equal(source_set_new(&none, 1, &set), E_MALFORMED);
	assert_null(set);
}

static void a_set_has_one_file(void **state)
{
	(void)state;
	static const struct {
		int err;
		size_t length_bytes;
		uint8_t bytes[56];
	} rows[] = {
		{OK, 20, {HEAD(1, 0), 198, 51, 100, 1}},
		{OK, 32, {HEAD(0, 1), 0x20, 1, 0x0d, 0xb8, [31] = 1}},
		{OK, 40, {HEAD(2, 1), 198, 51, 100, 1, 198, 51, 100, 2, 0x20, 1, 0x0d, 0xb8, [39] = 1}},
		{E_TRUNCATED, 0, {0}},
		{E_TRUNCATED, 15, {HEAD(1, 0), 198, 51, 100, 1}},
		{E_TRUNCATED, 19, {HEAD(1, 0), 198, 51, 100, 1}},
		{E_MALFORMED, 21, {HEAD(1, 0), 198, 51, 100, 1, 0}}, /* a byte left over */
		{E_MALFORMED, 16, {HEAD(0, 0)}}, /* no address */
		{E_MALFORMED, 20, {'h', 'i', 'N', 'o', 'S', 'e', 't', 1, 0, 0, 0, 1, 0, 0, 0, 0, 198, 51, 100, 1}},
		{E_UNSUPPORTED, 20, {'H', 'i', 'N', 'o', 'S', 'e', 't', 2, 0, 0, 0, 1, 0, 0, 0, 0, 198, 51, 100, 1}},
		{E_MALFORMED, 24, {HEAD(2, 0), 198, 51, 100, 2, 198, 51, 100, 1}}, /* not ascending */
		{E_MALFORMED, 24, {HEAD(2, 0), 198, 51, 100, 1, 198, 51, 100, 1}}, /* twice */
		{E_MALFORMED, 20, {HEAD(1, 0), 0, 0, 0, 0}},
		{E_MALFORMED, 32, {HEAD(0, 1), 0}}, /* :: */
		{E_MALFORMED, 32, {HEAD(0, 1), [26] = 0xff, 0xff, 198, 51, 100, 1}}, /* IPv4 among IPv6 */
		{E_LIMIT, 20, {'H', 'i', 'N', 'o', 'S', 'e', 't', 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 198, 51, 100, 1}},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct source_set *set = NULL;
		if (source_set_parse(rows[i].bytes, rows[i].length_bytes, &set) != rows[i].err)
			fail_msg("row %zu", i);
		assert_int_equal(set != NULL, rows[i].err == OK);
		source_set_free(set);
	}
}

/** A directory of its own, gone at the end but for what is in it. */
static int directory_make(char path[static 32])
{
	snprintf(path, 32, "/tmp/source_set_XXXXXX");
	assert_non_null(mkdtemp(path));
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void what_is_saved_is_loaded_and_nothing_else(void **state)
{
	(void)state;
	char path[32], name[SOURCE_SET_NAME_BYTES], other_name[SOURCE_SET_NAME_BYTES];
	int directory = directory_make(path);
	struct ip_addr addrs[1000], more[1] = {v6_addr(9)};
	struct source_set *set = NULL, *other = NULL, *back = NULL;
	for (uint32_t i = 0; i < ARRAY_LEN(addrs); i++)
		addrs[i] = i % 2 == 0 ? ip_from_v4(0xc6336400 + i) : v6_addr((uint8_t)i);
	assert_int_equal(source_set_new(addrs, ARRAY_LEN(addrs), &set), OK);
	assert_int_equal(source_set_new(more, 1, &other), OK);
	assert_int_equal(source_set_load(directory, source_set_name(set), &back), E_SYS); /* not there yet */
	assert_int_equal(source_set_save(set, directory), OK);
	assert_int_equal(source_set_save(set, directory), OK); /* again, over the one that is there */
	assert_int_equal(source_set_load(directory, source_set_name(set), &back), OK);
	assert_memory_equal(source_set_name(back), source_set_name(set), sizeof(struct rule_source_set));
	source_set_free(back);
	/* Another set under its name, another count, and no file at all. */
	source_set_file_name(source_set_name(set), name);
	source_set_file_name(source_set_name(other), other_name);
	assert_int_equal(linkat(directory, name, directory, other_name, 0), 0);
	back = NULL;
	assert_int_equal(source_set_load(directory, source_set_name(other), &back), E_DENIED);
	struct rule_source_set wrong = *source_set_name(set);
	wrong.count--;
	assert_int_equal(source_set_load(directory, &wrong, &back), E_DENIED);
	assert_int_equal(unlinkat(directory, other_name, 0), 0);
	assert_int_equal(symlinkat(name, directory, other_name), 0);
	assert_int_equal(source_set_load(directory, source_set_name(other), &back), E_SYS);
	assert_int_equal(unlinkat(directory, other_name, 0), 0);
	assert_int_equal(mkdirat(directory, other_name, 0700), 0);
	assert_int_equal(source_set_load(directory, source_set_name(other), &back), E_MALFORMED);
	assert_int_equal(unlinkat(directory, other_name, AT_REMOVEDIR), 0);
	/* Nothing but the file is left, and where it cannot be written that is told. */
	assert_int_equal(unlinkat(directory, name, 0), 0);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(source_set_save(set, directory), E_SYS);
	assert_null(back);
	close(directory);
	source_set_free(set);
	source_set_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_and_repetition_do_not_matter),
		cmocka_unit_test(no_set_is_made_of_what_is_no_source),
		cmocka_unit_test(a_set_has_one_file),
		cmocka_unit_test(what_is_saved_is_loaded_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
