/* Proves what is taken for a mail, and what is left to the sensor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "cli/format.h"

static enum format look(const char *text)
{
	return format_of_bytes(text, strlen(text));
}

static void mails_are_known_by_their_header(void **state)
{
	(void)state;
	assert_int_equal(look("From: a@example.jp\r\nTo: b@example.jp\r\n\r\ntext"), FORMAT_MAIL);
	assert_int_equal(look("Received: from x\n\tby y\nFrom: a\n\n"), FORMAT_MAIL);
	assert_int_equal(look("From a@example.jp Thu Jan  1 00:00:00 2026\nFrom: a\n"), FORMAT_MAIL);
	assert_int_equal(look("Subject: x\n\ntext"), FORMAT_MAIL);
}

static void others_are_not(void **state)
{
	(void)state;
	assert_int_equal(look(""), FORMAT_OTHER);
	assert_int_equal(look("\xd4\xc3\xb2\xa1\x02"), FORMAT_OTHER);
	assert_int_equal(format_of_bytes("a:\0b\nc:\n", 8), FORMAT_OTHER);
	assert_int_equal(look("listen = 192.0.2.1\nname: x\n"), FORMAT_OTHER);
	assert_int_equal(look("12:00:01 started\n12:00:02 went on\n"), FORMAT_OTHER);
	assert_int_equal(look("dn: cn=x\nmail: a@example.jp\n"), FORMAT_OTHER);
	assert_int_equal(look("BEGIN:VCARD\nFN:x\n"), FORMAT_OTHER);
	assert_int_equal(format_of_path("/nowhere/at/all"), FORMAT_OTHER);
	assert_int_equal(format_of_path("/"), FORMAT_MAIL); /* a directory: mails in files */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mails_are_known_by_their_header),
		cmocka_unit_test(others_are_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
