/*
 * Proves that a request's target has one reading: what is ambiguous, hidden or too long is refused, and patterns match whole
 * segments.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "tower/request.h"

static struct request request;

static void targets_are_read(void **state)
{
	(void)state;
	assert_int_equal(request_parse("/api/v1/incidents?state=open&q=a+b%2Bc%E7%81%AB&empty=", &request), OK);
	assert_string_equal(request.path, "/api/v1/incidents");
	assert_string_equal(request_param(&request, "state"), "open");
	assert_string_equal(request_param(&request, "q"), "a b+c火");
	assert_string_equal(request_param(&request, "empty"), "");
	assert_null(request_param(&request, "stat"));
	assert_int_equal(request_parse("/a%20b/c+d", &request), OK);
	assert_string_equal(request.path, "/a b/c+d");
	assert_int_equal(request_parse("/", &request), OK);
	assert_int_equal(request_parse("/page/", &request), OK);
	assert_int_equal(request_parse("/.well-known/x", &request), OK);
}

static void others_are_refused(void **state)
{
	(void)state;
	static const char *const targets[] = {"", "a", "*", "http://x/", "//", "//x", "/a//b", "/.", "/a/./b", "/..", "/a/../b",
		"/%2e%2e/a", "/a/%2e", "/a%00", "/a%0a", "/a%zz", "/a%2", "/a%", "/a b", "/a\tb", "/a\x7f", "/\xe7\x81\xab", "/a%ff",
		"/a#b", "/a?b", "/a?=b", "/a?b=c&b=d", "/a?b=%00", "/a?b=%e2%80%ae", "/a?b=c&&d=e",
		"/?a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1&l=1&m=1&n=1&o=1&p=1&q=1"};
	for (size_t i = 0; i < ARRAY_LEN(targets); i++)
		assert_int_not_equal(request_parse(targets[i], &request), OK);
}

static void a_target_may_be_so_long(void **state)
{
	(void)state;
	char target[REQUEST_TARGET_BYTES + 1];
	memset(target, 'a', sizeof(target));
	target[0] = '/';
	target[REQUEST_TARGET_BYTES - 1] = '\0';
	assert_int_equal(request_parse(target, &request), OK);
	target[REQUEST_TARGET_BYTES - 1] = 'a';
	target[REQUEST_TARGET_BYTES] = '\0';
	assert_int_equal(request_parse(target, &request), E_LIMIT);
}

static void values_are_of_their_kind(void **state)
{
	(void)state;
	static const char *const words[] = {"all", "open", NULL};
	uint64_t number = 0;
	assert_int_equal(request_parse("/?state=open&n=50&bad=-1&big=101&form=x", &request), OK);
	assert_int_equal(request_choice(&request, "state", words), 1);
	assert_int_equal(request_choice(&request, "none", words), 0);
	assert_int_equal(request_choice(&request, "form", words), -1);
	assert_int_equal(request_number(&request, "n", 7, 100, &number), OK);
	assert_int_equal(number, 50);
	assert_int_equal(request_number(&request, "none", 7, 100, &number), OK);
	assert_int_equal(number, 7);
	assert_int_equal(request_number(&request, "bad", 7, 100, &number), E_MALFORMED);
	assert_int_equal(request_number(&request, "big", 7, 100, &number), E_MALFORMED);
	assert_int_equal(number, 7);
}

static void patterns_match_whole_segments(void **state)
{
	(void)state;
	struct request_values values;
	static const struct {
		const char *pattern, *path;
		bool is_match;
	} rows[] = {
		{"/a/b", "/a/b", true}, {"/a/b", "/a/bc", false}, {"/a/b", "/a/b/", false}, {"/a/b", "/a", false}, {"/a", "/a/b", false},
		{"/a/{id}", "/a/", false}, {"/a/{id}", "/a/x/y", false}, {"/a/{id}/c", "/a/x/c", true}, {"/a/{path*}", "/a/x/y/z", true},
		{"/a/{path*}", "/a/", false}, {"/{id}", "a", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(request_match(rows[i].pattern, rows[i].path, &values), rows[i].is_match);
	assert_true(request_match("/m/{name}/a/{id}", "/m/port/a/vpn", &values));
	assert_string_equal(values.text[0], "port");
	assert_string_equal(values.text[1], "vpn");
	assert_true(request_match("/t/{path*}", "/t/0/x001/002", &values));
	assert_string_equal(values.text[0], "0/x001/002");
	char path[REQUEST_VALUE_BYTES + 4] = "/a/";
	memset(path + 3, 'x', REQUEST_VALUE_BYTES);
	assert_false(request_match("/a/{id}", path, &values));
	path[REQUEST_VALUE_BYTES + 2] = '\0';
	assert_true(request_match("/a/{id}", path, &values));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_are_read),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(a_target_may_be_so_long),
		cmocka_unit_test(values_are_of_their_kind),
		cmocka_unit_test(patterns_match_whole_segments),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
