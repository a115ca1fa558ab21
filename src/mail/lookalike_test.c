/* Proves which domains are taken for a protected one, and which are not; and what hosts tell by their names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "mail/host.h"
#include "mail/lookalike.h"

static bool is_like(const char *protected, const char *domain)
{
	struct lookalike of;
	struct mail_host host;
	assert_int_equal(lookalike_init(protected, &of), OK);
	assert_int_equal(host_parse(domain, strlen(domain), &host), OK);
	return lookalike_is(&of, &host);
}

static void domains_made_to_be_taken_for_another_are_found(void **state)
{
	(void)state;
	assert_true(is_like("kaiyo-forum.jp", "kaiyo-forurn.jp")); /* rn for m */
	assert_true(is_like("kaiyo-forum.jp", "kaiyoforum.jp")); /* without its hyphen */
	assert_true(is_like("kaiyo-forum.jp", "kaiyo-forum.com")); /* another suffix */
	assert_true(is_like("kaiyo-forum.jp", "kaiy0-forum.jp")); /* 0 for o */
	assert_true(is_like("kaiyo-forum.jp", "kaiyo-forun.jp")); /* a letter away */
	assert_true(is_like("kaiyo-forum.jp", "kaiyo-fourm.jp")); /* two letters swapped */
	assert_true(is_like("kaiyo-forum.jp", "k\xd0\xb0iyo-forum.jp")); /* a Cyrillic a */
	assert_true(is_like("kaiyo-forum.jp", "kaiyo-forum-support.com"));
	assert_true(is_like("kaiyo-forum.jp", "kaiyo-forum.jp.login.net"));
	assert_true(is_like("mofa.go.jp", "mofa-go-jp.com"));
}

static void its_own_hosts_and_strangers_are_not(void **state)
{
	(void)state;
	assert_false(is_like("kaiyo-forum.jp", "kaiyo-forum.jp"));
	assert_false(is_like("kaiyo-forum.jp", "mail.kaiyo-forum.jp"));
	assert_false(is_like("kaiyo-forum.jp", "sanyo-keizai.jp"));
	assert_false(is_like("nec.com", "nes.com")); /* too short to count an edit */
	assert_false(is_like("kaiyo-forum.jp", "192.0.2.1"));
}

static unsigned traits_of(const char *name)
{
	struct mail_host host;
	assert_int_equal(host_parse(name, strlen(name), &host), OK);
	return host.host_traits;
}

static void names_tell_what_they_are(void **state)
{
	(void)state;
	assert_true((traits_of("gmail.com") & HOST_FREEMAIL) != 0);
	assert_true((traits_of("mail.gmail.com") & HOST_FREEMAIL) == 0);
	assert_true((traits_of("1drv.ms") & HOST_CLOUD_STORAGE) != 0);
	assert_true((traits_of("a.sharepoint.com") & HOST_CLOUD_STORAGE) != 0);
	assert_true((traits_of("x.pages.dev") & HOST_FREE_HOSTING) != 0); /* private section of the Public Suffix List */
	assert_true((traits_of("bit.ly") & HOST_SHORTENER) != 0);
	assert_true((traits_of("192.0.2.1") & HOST_IP) != 0);
	assert_true((traits_of("3221225985") & HOST_IP) != 0);
	assert_true((traits_of("[2001:db8::1]") & HOST_IP) != 0);
	assert_true((traits_of("xn--80ak6aa92e.com") & HOST_PUNYCODE) != 0);
	assert_true((traits_of("p\xd0\xb0ypal.com") & HOST_MIXED_SCRIPT) != 0); /* a Cyrillic a */
	assert_true((traits_of("www.xn--pypal-4ve.com") & HOST_MIXED_SCRIPT) != 0);
	assert_true((traits_of("xn--80ak6aa92e.com") & HOST_MIXED_SCRIPT) == 0); /* Cyrillic alone */
	assert_true((traits_of("abc\xe6\x97\xa5\xe6\x9c\xac\xe3\x81\x8b.jp") & HOST_MIXED_SCRIPT) == 0); /* Latin, kanji, kana */
	assert_true((traits_of("xn--99999999.com") & HOST_MIXED_SCRIPT) == 0); /* cannot be read */
	assert_true((traits_of("mofa.go.jp.example.net") & HOST_GOV_LABEL) != 0);
	assert_true((traits_of("www.mofa.go.jp") & HOST_GOV_LABEL) == 0);
	assert_int_equal(traits_of("www.debian.org"), 0);
}

static void what_is_no_host_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"", ".", "a..b", "a b.com", "a/b", "[x]", "a b.1", "\033.1", "host.1", "%00.com",
		"\xff\xfe.com"};
	struct mail_host host = {.name = "untouched"};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_int_equal(host_parse(texts[i], strlen(texts[i]), &host), E_MALFORMED);
	assert_string_equal(host.name, "untouched");
	char longest[300];
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(host_parse(longest, sizeof(longest), &host), E_MALFORMED);
	assert_int_equal(host_parse("WWW.Example%2Eorg.", 18, &host), OK);
	assert_string_equal(host.name, "www.example.org");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(domains_made_to_be_taken_for_another_are_found),
		cmocka_unit_test(its_own_hosts_and_strangers_are_not),
		cmocka_unit_test(names_tell_what_they_are),
		cmocka_unit_test(what_is_no_host_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
