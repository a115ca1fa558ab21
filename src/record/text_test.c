/* Proves which characters a document's texts may have: well-formed UTF-8 that shows, and nothing that hides or steers. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_texts_pass),
		cmocka_unit_test(other_texts_do_not),
		cmocka_unit_test(copies_are_plain_and_cut_between_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
