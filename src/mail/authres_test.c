/* Rules of RFC 8601 as far as we need them, and whom we believe: each with what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mail/authres.h"

static const struct authres_trust one = {.authserv_id = "mx.example.jp", .headers = 1}, two = {.authserv_id = "mx.example.jp",
	.headers = 2};

static enum authres_origin take(struct authres *authres, const struct authres_trust *trust, const char *value)
{
	return authres_take(authres, trust, value, strlen(value));
}

static void only_our_own_server_is_believed(void **state)
{
	(void)state;
	struct authres authres = {0};
	assert_int_equal(take(&authres, &one, " mx.example.org; spf=pass smtp.mailfrom=a@example.org"), AUTHRES_FOREIGN);
	assert_int_equal(authres.spf.result, AUTHRES_ABSENT);
	assert_int_equal(take(&authres, &one, " MX.Example.jp; spf=pass smtp.mailfrom=a@Example.ORG"), AUTHRES_OWN);
	assert_int_equal(authres.spf.result, AUTHRES_PASS);
	assert_string_equal(authres.spf.domain, "example.org");
	const struct authres_trust nobody = {.authserv_id = "", .headers = 1};
	struct authres none = {0};
	assert_int_equal(take(&none, &nobody, " mx.example.jp; spf=pass"), AUTHRES_FOREIGN);
}

/* RFC 8601 section 5: what claims to be ours and was not written by us is forged; ours are above all others. */
static void of_our_name_only_the_topmost_are_ours(void **state)
{
	(void)state;
	struct authres authres = {0};
	assert_int_equal(take(&authres, &two, "mx.example.jp; dkim=fail header.d=example.org"), AUTHRES_OWN);
	assert_int_equal(take(&authres, &two, "mx.example.jp; dmarc=fail header.from=example.org"), AUTHRES_OWN);
	assert_int_equal(take(&authres, &two, "mx.example.jp; dmarc=pass header.from=example.org"), AUTHRES_FORGED);
	assert_int_equal(authres.dmarc.result, AUTHRES_FAIL);
	assert_int_equal(authres.forged, 1);
	assert_int_equal(authres.own, 2);
}

static void a_broken_header_that_means_ours_is_forged(void **state)
{
	(void)state;
	struct authres authres = {0};
	assert_int_equal(take(&authres, &one, "(mx.example.jp; spf=pass"), AUTHRES_FORGED);
	assert_int_equal(take(&authres, &one, "(mx.example.org; spf=pass"), AUTHRES_UNREADABLE);
	assert_int_equal(take(&authres, &one, ""), AUTHRES_UNREADABLE);
	assert_int_equal(authres.own, 0);
}

/* RFC 8601 2.2 with RFC 5322 3.2.2: comments stand anywhere, nest, and say nothing. */
static void comments_and_quotes_are_no_results(void **state)
{
	(void)state;
	struct authres authres = {0};
	assert_int_equal(take(&authres, &one,
		"mx.example.jp (a; spf=pass (nested \\) x)) 1; spf=fail (spf=pass)\r\n\t reason=\"; dkim=pass\"\r\n"
		" smtp.mailfrom=\"a\\\"b@example.org\"; dmarc/1 = none"), AUTHRES_OWN);
	assert_int_equal(authres.spf.result, AUTHRES_FAIL);
	assert_string_equal(authres.spf.domain, "example.org");
	assert_int_equal(authres.dkim_count, 0);
	assert_int_equal(authres.dmarc.result, AUTHRES_NONE);
	assert_int_equal(authres.unreadable, 0);
}

static void what_leaves_the_grammar_tells_nothing_at_all(void **state)
{
	(void)state;
	static const char *const broken[] = {"mx.example.jp; spf=pass; dkim", "mx.example.jp; spf=pass; =x",
		"mx.example.jp; spf=pass (",
		"mx.example.jp; spf=pass smtp.mailfrom", "mx.example.jp; spf=pass; dkim=\"pass", "mx.example.jp; spf=pass smtp.mailfrom=;"};
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		struct authres authres = {0};
		assert_int_equal(take(&authres, &one, broken[i]), AUTHRES_OWN);
		assert_int_equal(authres.spf.result, AUTHRES_ABSENT);
		assert_int_equal(authres.unreadable, 1);
	}
	struct authres authres = {0};
	assert_int_equal(take(&authres, &one, "mx.example.jp; none"), AUTHRES_OWN);
	assert_int_equal(take(&(struct authres){0}, &one, "mx.example.jp; spf=pass;"), AUTHRES_OWN);
	assert_int_equal(authres.unreadable, 0);
}

static void the_worse_result_stays(void **state)
{
	(void)state;
	struct authres authres = {0};
	(void)take(&authres, &two, "mx.example.jp; spf=fail smtp.mailfrom=a.example; spf=pass smtp.mailfrom=b.example");
	assert_int_equal(authres.spf.result, AUTHRES_FAIL);
	(void)take(&authres, &two, "mx.example.jp; spf=pass; dmarc=softfail; arc=permerror; dkim=strange header.d=c.example");
	assert_int_equal(authres.spf.result, AUTHRES_FAIL);
	assert_int_equal(authres.arc.result, AUTHRES_PERMERROR);
	assert_int_equal(authres.dkim[0].result, AUTHRES_OTHER);
	assert_string_equal(authres_result_name(authres.dmarc.result), "softfail");
}

static void signatures_beyond_the_limit_are_counted(void **state)
{
	(void)state;
	char value[1024] = "mx.example.jp";
	for (int i = 0; i < AUTHRES_SIGNATURES_MAX + 3; i++)
		memcpy(value + strlen(value), "; dkim=pass header.d=a.example", sizeof("; dkim=pass header.d=a.example"));
	struct authres authres = {0};
	assert_int_equal(take(&authres, &one, value), AUTHRES_OWN);
	assert_int_equal(authres.dkim_count, AUTHRES_SIGNATURES_MAX);
	assert_int_equal(authres.dkim_left_out, 3);
}

/* RFC 7489 3.1: relaxed alignment. */
static void a_pass_vouches_for_its_organisation_and_no_other(void **state)
{
	(void)state;
	struct authres authres = {0};
	(void)take(&authres, &one, "mx.example.jp; dkim=pass header.i=@mail.example.org; spf=fail smtp.mailfrom=bank.example");
	assert_true(authres_vouches(&authres, "example.org"));
	assert_false(authres_vouches(&authres, "ample.org"));
	assert_false(authres_vouches(&authres, "bank.example"));
	assert_false(authres_vouches(&authres, ""));
}

static void a_domain_beyond_the_limit_is_none(void **state)
{
	(void)state;
	char value[1024] = "mx.example.jp; spf=pass smtp.mailfrom=";
	memset(value + strlen(value), 'a', 600);
	struct authres authres = {0};
	assert_int_equal(take(&authres, &one, value), AUTHRES_OWN);
	assert_int_equal(authres.spf.result, AUTHRES_PASS);
	assert_string_equal(authres.spf.domain, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_our_own_server_is_believed),
		cmocka_unit_test(of_our_name_only_the_topmost_are_ours),
		cmocka_unit_test(a_broken_header_that_means_ours_is_forged),
		cmocka_unit_test(comments_and_quotes_are_no_results),
		cmocka_unit_test(what_leaves_the_grammar_tells_nothing_at_all),
		cmocka_unit_test(the_worse_result_stays),
		cmocka_unit_test(signatures_beyond_the_limit_are_counted),
		cmocka_unit_test(a_pass_vouches_for_its_organisation_and_no_other),
		cmocka_unit_test(a_domain_beyond_the_limit_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
