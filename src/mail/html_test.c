/* Proves what is seen of HTML and of its links, and that tricks of browsers are undone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "mail/html.h"

static struct mail_facts facts;

static const struct mail_host *read(const char *text)
{
	struct link_reader links = {.facts = &facts, .addressees = {"taro@kikan.jp"}};
	facts = (struct mail_facts){.level = MAIL_L4_HTML};
	html_read(text, strlen(text), &links, true);
	return facts.host_count > 0 ? &facts.hosts[0] : NULL;
}

static void links_are_found_as_a_browser_finds_them(void **state)
{
	(void)state;
	static const char *const texts[] = {"<a href=\"https://evil.net/x\">y</a>", "<A HREF=https://evil.net>y</A>",
		"<a\nhref='//evil.net/'>y",
		"<a class=x href=\"ht\ntps:\\\\EVIL.net\\x\">y</a>", "<a href=\"https&colon;&#x2f;&#47;evil&period;net\">y</a>",
		"<a href=\"https://bank.jp@evil.net/\">y</a>", "<a href=\"https://%65vil.net\">y</a>",
		"<!-- <a href=x> --><a href='http://evil.net'>"};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const struct mail_host *host = read(texts[i]);
		assert_non_null(host);
		assert_string_equal(host->name, "evil.net");
		assert_true((host->link_traits & LINK_ANCHOR) != 0);
	}
	assert_null(read("<a href=mailto:x@evil.net>y</a><a href=#top>z</a><a href=/rel>q</a>"));
	assert_null(read("<!-- <a href=https://evil.net> --><style>a{b:url(https://evil.net)}</style><script>'<a "
		"href=https://evil.net>'</script>"));
}

static void traits_of_links_are_told(void **state)
{
	(void)state;
	assert_true((read("<a href=https://bank.jp@evil.net>y</a>")->link_traits & LINK_USERINFO) != 0);
	assert_true((read("<a href=https://evil.net:8443/>y</a>")->link_traits & LINK_PORT) != 0);
	assert_true((read("<a href=https://evil.net:443/>y</a>")->link_traits & LINK_PORT) == 0);
	assert_true((read("<a href=https://evil.net/a.zip?x>y</a>")->link_traits & LINK_ARCHIVE) != 0);
	assert_true((read("<a href=https://evil.net/>https://bank.jp/</a>")->link_traits & LINK_SHOWS_OTHER) != 0);
	assert_true((read("<a href=https://www.bank.jp/x>https://bank.jp/</a>")->link_traits & LINK_SHOWS_OTHER) == 0);
	assert_true((read("<a href=https://evil.net/?e=taro@kikan.jp>y</a>")->link_traits & LINK_ADDRESSEE) != 0);
	assert_true((read("<a href=https://evil.net/#dGFyb0BraWthbi5qcA==>y</a>")->link_traits & LINK_ADDRESSEE) != 0);
	assert_true((read("<a href=https://evil.net/?e=jiro@kikan.jp>y</a>")->link_traits & LINK_ADDRESSEE) == 0);
	assert_true((read("<a href=https://evil.net><img src=cid:1></a>")->link_traits & LINK_PICTURE) != 0);
	(void)read("<a href=\"https://go.service.jp/?u=https%3A%2F%2Fevil.net%2Fx\">y</a>");
	assert_int_equal(facts.host_count, 2); /* the one that wraps, and the wrapped */
}

static void structure_is_counted(void **state)
{
	(void)state;
	(void)read("<form action=https://evil.net><input type=password></form><meta http-equiv=refresh content=0>");
	assert_true((facts.html.traits & HTML_FORM) != 0 && (facts.html.traits & HTML_PASSWORD_FIELD) != 0 &&
		(facts.html.traits & HTML_REFRESH) != 0);
	(void)read("<a href=\"data:text/html,x\">y</a>");
	assert_true((facts.html.traits & HTML_DATA_LINK) != 0);
	(void)read("<p>pay&zwnj;pal p&shy;a&#8203;s&#x200b;s</p>");
	assert_true((facts.html.traits & HTML_SPLIT_WORDS) != 0);
	(void)read("<p>a &zwnj; b</p>");
	assert_true((facts.html.traits & HTML_SPLIT_WORDS) == 0);
	(void)read("a<b>c</b> &amp; 山");
	assert_int_equal(facts.html.letter_count, 4);
}

static void style_changes_nothing(void **state)
{
	(void)state;
	(void)read("<p>abc</p><a href=https://evil.net>x</a>");
	struct mail_facts plain = facts;
	(void)read("<style>p{font-size:0}</style><p style=\"display:none\">abc</p><a style='color:red' href=https://evil.net>x</a>");
	plain.html.tag_count = facts.html.tag_count;
	assert_memory_equal(&plain, &facts, sizeof(facts));
}

static void limits_hold(void **state)
{
	(void)state;
	size_t room = LIMIT_MAIL_HTML_BYTES + 100;
	char *text = malloc(room + 1);
	assert_non_null(text);
	size_t used = 0;
	for (size_t i = 0; used + 40 < room; i++)
		used += (size_t)snprintf(text + used, room - used, "<a href=https://h%zu.net/>x", i);
	text[used] = '\0';
	(void)read(text);
	assert_int_equal(facts.host_count, MAIL_HOSTS_MAX);
	assert_true((facts.unread & UNREAD_LINKS) != 0);
	memset(text, '<', room);
	text[room] = '\0';
	(void)read(text);
	assert_true((facts.unread & UNREAD_HTML) != 0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_are_found_as_a_browser_finds_them),
		cmocka_unit_test(traits_of_links_are_told),
		cmocka_unit_test(structure_is_counted),
		cmocka_unit_test(style_changes_nothing),
		cmocka_unit_test(limits_hold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
