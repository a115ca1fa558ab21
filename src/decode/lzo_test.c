/* Proves each kind of instruction of LZO1X (Linux's Documentation/staging/lzo.rst), and both sides of each refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "decode/lzo.h"

#define END 0x11, 0, 0 /* a match at 16 kB: the end */

static uint8_t plain[65536];

static int unpack(const uint8_t *packed, size_t packed_bytes, size_t room_bytes, size_t *ret_bytes)
{
	return lzo_unpack(packed, packed_bytes, plain, room_bytes, ret_bytes);
}

static void expect(const uint8_t *packed, size_t packed_bytes, const char *text)
{
	size_t bytes = 0;
	assert_int_equal(unpack(packed, packed_bytes, sizeof(plain), &bytes), OK);
	assert_int_equal(bytes, strlen(text));
	assert_memory_equal(plain, text, bytes);
}

static void literals_are_copied(void **state)
{
	(void)state;
	const uint8_t first[] = {17 + 5, 'h', 'e', 'l', 'l', 'o', END}, run[] = {2, 'h', 'e', 'l', 'l', 'o', END};
	expect(first, sizeof(first), "hello");
	expect(run, sizeof(run), "hello");
	expect((const uint8_t[]){END}, 3, "");
	uint8_t long_run[3 + 300 + 3] = {0, 0, 300 - 18 - 255};
	memset(long_run + 3, 'x', 300);
	memcpy(long_run + 303, (const uint8_t[]){END}, 3);
	size_t bytes = 0;
	assert_int_equal(unpack(long_run, sizeof(long_run), sizeof(plain), &bytes), OK);
	assert_int_equal(bytes, 300);
}

static void matches_are_copied_from_where_they_say(void **state)
{
	(void)state;
	/* 0 1 L D D D S S: 3 or 4 bytes of 2 kB. Distance 5 = 0 * 8 + 4 + 1, then one literal. */
	const uint8_t near[] = {17 + 5, 'h', 'e', 'l', 'l', 'o', 0x40 | 4 << 2 | 1, 0, '!', END};
	expect(near, sizeof(near), "hellohel!");
	/* 1 L L D D D S S: 5 to 8. Distance 1 repeats. */
	const uint8_t repeat[] = {17 + 4, 'a', 'b', 'c', 'd', 0x80 | 3 << 5, 0, END};
	expect(repeat, sizeof(repeat), "abcddddddddd");
	/* 0 0 1 L L L L L: length 2 + 31 + 7, distance 3 in 14 bits, two literals. */
	const uint8_t far[] = {17 + 4, 'a', 'b', 'c', 'd', 0x20, 7, 2 << 2 | 2, 0, 'y', 'z', END};
	expect(far, sizeof(far), "abcdbcdbcdbcdbcdbcdbcdbcdbcdbcdbcdbcdbcdbcdbyz");
	/* In the state of 1 to 3 literals: 2 bytes of 1 kB. */
	const uint8_t two[] = {17 + 3, 'a', 'b', 'c', 1 << 2, 0, END};
	expect(two, sizeof(two), "abcbc");
}

/** 0 0 0 0 X X X X behind a run reaches beyond 2 kB, 0 0 0 1 H L L L beyond 16 kB. */
static void far_matches_are_copied(void **state)
{
	(void)state;
	static uint8_t packed[40000];
	size_t at = 0, bytes = 0;
	packed[at++] = 0; /* a run of 18 + 255 * 134 + 200 = 34388 */
	at += 134;
	packed[at++] = 200;
	for (size_t i = 0; i < 34388; i++)
		packed[at++] = (uint8_t)(i % 251);
	packed[at++] = 3 << 2; /* 3 bytes from 2049 + 3 + 4 * 2 = 2060 */
	packed[at++] = 2;
	packed[at++] = 0x10 | 8 | 2; /* 4 bytes from 16384 + 16384 + 1000 = 33768 */
	packed[at++] = (uint8_t)(1000 << 2);
	packed[at++] = 1000 << 2 >> 8;
	memcpy(packed + at, (const uint8_t[]){END}, 3);
	assert_int_equal(unpack(packed, at + 3, sizeof(plain), &bytes), OK);
	assert_int_equal(bytes, 34388 + 3 + 4);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(plain[34388 + i], (34388 - 2060 + i) % 251);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(plain[34391 + i], (34391 - 33768 + i) % 251);
}

static void what_contradicts_is_refused(void **state)
{
	(void)state;
	const uint8_t hello[] = {17 + 5, 'h', 'e', 'l', 'l', 'o', 0x40 | 4 << 2 | 1, 0, '!', END};
	const uint8_t before[] = {17 + 5, 'h', 'e', 'l', 'l', 'o', 0x40 | 5 << 2, 0, END};
	const uint8_t behind[] = {17 + 4, 'a', 'b', 'c', 'd', END, 0};
	size_t bytes = 77;
	for (size_t length = 0; length < sizeof(hello); length++)
		assert_int_equal(unpack(hello, length, sizeof(plain), &bytes), E_TRUNCATED);
	assert_int_equal(unpack(before, sizeof(before), sizeof(plain), &bytes), E_MALFORMED);
	assert_int_equal(unpack(behind, sizeof(behind), sizeof(plain), &bytes), E_MALFORMED);
	for (size_t room = 0; room < 9; room++)
		assert_int_equal(unpack(hello, sizeof(hello), room, &bytes), E_LIMIT);
	assert_int_equal(bytes, 77);
	assert_int_equal(unpack(hello, sizeof(hello), 9, &bytes), OK);
	assert_int_equal(bytes, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literals_are_copied),
		cmocka_unit_test(matches_are_copied_from_where_they_say),
		cmocka_unit_test(far_matches_are_copied),
		cmocka_unit_test(what_contradicts_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
