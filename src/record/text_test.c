/*
 * Proves which characters a document's texts may have: well-formed UTF-8 that shows, and nothing that hides or steers; and
 * that lines, numbers and base64 have one form.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/err.h"
#include "record/text.h"

static void plain_texts_pass(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "syn_flood 30 %", "火の見", "\xf0\x9f\x94\xa5", "\xc2\xa0"};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_true(text_is_plain(texts[i], strlen(texts[i])));
}

static void other_texts_do_not(void **state)
{
	(void)state;
	static const char *const texts[] = {"\n", "\t", "\x1b[31m", "\x7f", "\xc2\x9b", "\xe2\x80\xae", "\xe2\x80\x8b", "\xef\xbb\xbf",
		"\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\x80", "\xe7\x81", "a\xff"};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_false(text_is_plain(texts[i], strlen(texts[i])));
	assert_false(text_is_plain("a\0b", 3));
}

static void copies_are_plain_and_cut_between_characters(void **state)
{
	(void)state;
	char room[5];
	assert_string_equal(text_plain_copy("a\x1b\xff" "b", room, sizeof(room)), "a??b");
	assert_string_equal(text_plain_copy("火火", room, sizeof(room)), "火");
	assert_string_equal(text_plain_copy("abcdefgh", room, sizeof(room)), "abcd");
	assert_string_equal(text_plain_copy("abc", room, 1), "");
}

static void lines_end_in_a_newline(void **state)
{
	(void)state;
	size_t length = 0;
	struct cursor cur = cursor_over("one\n\ntwo", 8);
	assert_memory_equal(text_line(&cur, &length), "one", 3);
	assert_int_equal(length, 3);
	assert_non_null(text_line(&cur, &length));
	assert_int_equal(length, 0);
	assert_null(text_line(&cur, &length));
	assert_int_equal(cur.error, E_TRUNCATED);
}

static void numbers_have_one_form(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "00", "01", "-1", "+1", " 1", "1 ", "1.0", "0x1",
		"9223372036854775808", "10000000000000000000"};
	uint64_t number = 1;
	assert_int_equal(text_number_parse("0", 1, &number), OK);
	assert_int_equal(number, 0);
	assert_int_equal(text_number_parse("9223372036854775807", 19, &number), OK);
	assert_int_equal(number, INT64_MAX);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(text_number_parse(bad[i], strlen(bad[i]), &number), E_MALFORMED);
}

static void base64_has_one_form(void **state)
{
	(void)state;
	static const char *const bad[] = {"A", "AA", "AAA", "AA=", "AAA==", "AB==", "AAB=", "AAAA=", "AA AA", "AAAA\n",
		"AA-_", "AAA\xaf", "AAA\xc1", "===="};
	uint8_t bytes[4];
	size_t count = 9;
	assert_int_equal(text_base64_parse("AAA/", 4, bytes, 3, &count), OK);
	assert_int_equal(count, 3);
	assert_int_equal(bytes[2], 0x3f);
	assert_int_equal(text_base64_parse("", 0, bytes, 3, &count), OK);
	assert_int_equal(count, 0);
	assert_int_equal(text_base64_parse("AAAAAA==", 8, bytes, 3, &count), E_MALFORMED); /* no room */
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(text_base64_parse(bad[i], strlen(bad[i]), bytes, sizeof(bytes), &count), E_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_texts_pass),
		cmocka_unit_test(other_texts_do_not),
		cmocka_unit_test(copies_are_plain_and_cut_between_characters),
		cmocka_unit_test(lines_end_in_a_newline),
		cmocka_unit_test(numbers_have_one_form),
		cmocka_unit_test(base64_has_one_form),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
