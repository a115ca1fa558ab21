/* The file of recorded DNS, and which of several answers holds at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "mail/dns_record.h"

#define DAY_MS INT64_C(86400000)
#define T0_MS INT64_C(1772409600000) /* 2026-03-02T00:00:00Z */

static int parse(const char *text, size_t *ret_line)
{
	struct dns_records *records = NULL;
	int err = dns_records_new(text, strlen(text), &records, ret_line);
	if (err == OK)
		dns_records_free(records);
	return err;
}

/** What is found, as "answer text". */
static const char *find(const char *text, const char *name, int64_t at_wall_ms)
{
	static char found[64];
	static const char *const names[] = {"unknown", "text", "nothing", "failed"};
	struct dns_records *records = NULL;
	const char *value = "";
	size_t line = 0, bytes = 0;
	assert_int_equal(dns_records_new(text, strlen(text), &records, &line), OK);
	enum dns_answer answer = dns_records_find(records, name, at_wall_ms, &value, &bytes);
	snprintf(found, sizeof(found), "%s %.*s", names[answer], answer == DNS_TEXT ? (int)bytes : 0, value);
	dns_records_free(records);
	return found;
}

static void a_line_is_one_answer(void **state)
{
	(void)state;
	static const char *const right[] = {"", "# x\n\n  # y\r\n", "- a.example TXT \"\"",
		"2026-03-02T00:00:00Z A.Example. TXT \"x\" \"y\"\r\n", "-\ta.example\tNONE  ", "- a.example FAILED\n"};
	static const char *const wrong[] = {"a.example TXT \"x\"", "- a.example", "- a.example TXT", "- a.example TXT x",
		"- a.example TXT \"x", "- a.example TXT \"x\\", "- a.example TXT \"\\999\"", "- a.example NONE x", "- a.example A 1",
		"- a/b NONE", "- . NONE",
		"2026-3-02T00:00:00Z a NONE", "2026-13-02T00:00:00Z a NONE", "1970-01-01T00:00:00Z a NONE", "2026-03-02 a NONE"};
	size_t line = 0;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		assert_int_equal(parse(right[i], &line), OK);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(parse(wrong[i], &line), E_MALFORMED);
	assert_int_equal(parse("- a.example NONE\n\n- b.example\n", &line), E_MALFORMED);
	assert_int_equal(line, 3);
}

static void strings_are_joined_and_escapes_undone(void **state)
{
	(void)state;
	assert_string_equal(find("- a.example TXT \"v=1\\; \" \"p=\\\"\\065\\\\\"", "a.example", T0_MS), "text v=1; p=\"A\\");
	char longest[DNS_TEXT_BYTES + 64] = "- a.example TXT \"";
	size_t at = strlen(longest), line = 0;
	memset(longest + at, 'x', DNS_TEXT_BYTES);
	memcpy(longest + at + DNS_TEXT_BYTES, "\"", 2);
	assert_int_equal(parse(longest, &line), OK);
	memcpy(longest + at + DNS_TEXT_BYTES, "x\"", 3);
	assert_int_equal(parse(longest, &line), E_MALFORMED);
}

static void the_answer_of_then_holds_and_not_that_of_now(void **state)
{
	(void)state;
	static const char text[] = "2026-03-02T00:00:00Z k.example TXT \"old\"\n2026-06-02T00:00:00Z k.example TXT \"old\"\n"
		"2026-06-22T00:00:00Z k.example TXT \"new\"\n2026-09-02T00:00:00Z k.example NONE\n";
	assert_string_equal(find(text, "k.example", T0_MS + 45 * DAY_MS), "text old"); /* between equal answers, however far */
	assert_string_equal(find(text, "k.example", T0_MS + 95 * DAY_MS), "text old");
	assert_string_equal(find(text, "k.example", T0_MS + 105 * DAY_MS), "text new"); /* the nearer of two */
	assert_string_equal(find(text, "k.example", T0_MS + 148 * DAY_MS), "unknown "); /* too far from both */
	assert_string_equal(find(text, "k.example", T0_MS + 190 * DAY_MS), "nothing ");
	assert_string_equal(find(text, "k.example", T0_MS + 300 * DAY_MS), "unknown ");
	assert_string_equal(find(text, "k.example", T0_MS - 20 * DAY_MS), "text old"); /* recorded a little later */
	assert_string_equal(find(text, "k.example", T0_MS - 40 * DAY_MS), "unknown ");
	assert_string_equal(find(text, "k.example", 0), "unknown ");
	assert_string_equal(find(text, "j.example", T0_MS), "unknown ");
	static const char always[] = "- k.example TXT \"any\"\n2026-03-02T00:00:00Z k.example TXT \"old\"\n- l.example FAILED\n";
	assert_string_equal(find(always, "k.example", T0_MS), "text old");
	assert_string_equal(find(always, "k.example", T0_MS + 400 * DAY_MS), "text any");
	assert_string_equal(find(always, "k.example", 0), "text any");
	assert_string_equal(find(always, "l.example", T0_MS), "failed ");
}

static void a_file_that_is_none_is_refused_in_one_line(void **state)
{
	(void)state;
	char path[] = "/tmp/dns_record_test.XXXXXX", why[WHY_BYTES] = "";
	struct dns_records *records = NULL;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "- a.example NONE\nx\n", 19), 19);
	assert_int_equal(dns_records_load(path, &records, why), E_CONFIG);
	assert_non_null(strstr(why, "line 2"));
	assert_int_equal(ftruncate(fd, 17), 0);
	assert_int_equal(dns_records_load(path, &records, why), OK);
	dns_records_free(records);
	close(fd);
	unlink(path);
	assert_int_equal(dns_records_load(path, &records, why), E_SYS);
	assert_int_equal(dns_records_load("/tmp", &records, why), E_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_one_answer),
		cmocka_unit_test(strings_are_joined_and_escapes_undone),
		cmocka_unit_test(the_answer_of_then_holds_and_not_that_of_now),
		cmocka_unit_test(a_file_that_is_none_is_refused_in_one_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
