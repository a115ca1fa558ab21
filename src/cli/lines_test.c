/* Proves that lines come whole out of any pieces, and that too long ones are dropped and counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "cli/lines.h"

struct seen {
	char text[256];
	size_t count;
};

static void see(void *arg, char *line, size_t length)
{
	struct seen *seen = arg;
	size_t used = strlen(seen->text);
	assert_int_equal(strlen(line), length);
	snprintf(seen->text + used, sizeof(seen->text) - used, "%s|", line);
	seen->count++;
}

static void lines_come_out_of_any_pieces(void **state)
{
	(void)state;
	static const char input[] = "one\n\ntwo and three\nrest";
	for (size_t piece = 1; piece <= sizeof(input); piece++) {
		struct lines lines = lines_over(100);
		struct seen seen = {0};
		for (size_t at = 0; at < sizeof(input) - 1; at += piece) {
			size_t left = sizeof(input) - 1 - at;
			assert_int_equal(lines_add(&lines, input + at, left < piece ? left : piece, see, &seen), OK);
		}
		assert_string_equal(seen.text, "one||two and three|");
		assert_int_equal(lines.dropped, 0);
		lines_done(&lines);
	}
}

static void long_lines_are_dropped_and_counted(void **state)
{
	(void)state;
	struct lines lines = lines_over(5);
	struct seen seen = {0};
	static const char *const pieces[] = {"12345\n", "123456\n", "1234", "567\nab", "\n1234567", "89"};
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
		assert_int_equal(lines_add(&lines, pieces[i], strlen(pieces[i]), see, &seen), OK);
	assert_string_equal(seen.text, "12345|ab|");
	assert_int_equal(lines.dropped, 2);
	lines_done(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_out_of_any_pieces),
		cmocka_unit_test(long_lines_are_dropped_and_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
