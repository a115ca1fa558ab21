/* Proves what is taken for a mail, a capture or flows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "decode/format.h"

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
	assert_int_equal(look("x-spam-score: 1\nPriority: none\n\ntext"), FORMAT_MAIL);
	assert_int_equal(look("Kind: of field\nDATE: now\nno field, as in broken mails\n"), FORMAT_MAIL);
}

static void others_are_not(void **state)
{
	(void)state;
	assert_int_equal(look(""), FORMAT_OTHER);
	assert_int_equal(format_of_bytes("a:\0b\nc:\n", 8), FORMAT_FIELDS);
	assert_int_equal(look("Format: https://example.jp/\nSource: a package's copyright\n\nFrom: nobody\n"), FORMAT_FIELDS);
	assert_int_equal(look("\n\ntext"), FORMAT_OTHER);
	assert_int_equal(look("listen = 192.0.2.1\nname: x\n"), FORMAT_OTHER);
	assert_int_equal(look("12:00:01 started\n12:00:02 went on\n"), FORMAT_OTHER);
	assert_int_equal(look("dn: cn=x\nmail: a@example.jp\n"), FORMAT_FIELDS);
	assert_int_equal(look("BEGIN:VCARD\nFN:x\n"), FORMAT_FIELDS);
}

static void captures_and_flows_are_known_by_their_numbers(void **state)
{
	(void)state;
	assert_int_equal(look("\xd4\xc3\xb2\xa1\x02"), FORMAT_CAPTURE);
	assert_int_equal(look("\xa1\xb2\x3c\x4d\x02"), FORMAT_CAPTURE);
	assert_int_equal(look("\x0a\x0d\x0d\x0a\x1c"), FORMAT_CAPTURE);
	assert_int_equal(format_of_bytes("\x0c\xa5\x02\x00", 4), FORMAT_FLOWS);
	assert_int_equal(look("\xd4\xc3\xb2"), FORMAT_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mails_are_known_by_their_header),
		cmocka_unit_test(others_are_not),
		cmocka_unit_test(captures_and_flows_are_known_by_their_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
