/* Proves that directories in LDIF, vCard and CSV give the same person, and which are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "mail/people_file.h"

static struct person last;
static size_t count, line;

static int take(void *context, const struct person *person)
{
	(void)context;
	last = *person;
	count++;
	return OK;
}

static int parse(const char *text)
{
	count = 0;
	line = 0;
	last = (struct person){.address_count = 0};
	return people_file_parse(text, strlen(text), take, NULL, &line);
}

static void csv_is_read_by_its_columns(void **state)
{
	(void)state;
	assert_int_equal(parse("\xef\xbb\xbf氏名,ふりがな,英字,メール,所属\r\n\"山田 太郎\",やまだ たろう,Taro Yamada,\"a@x.jp; b@y.jp\",\"研究所, "
		"\"\"東\"\"\"\r\n"), OK);
	assert_int_equal(count, 1);
	assert_string_equal(last.name, "山田 太郎");
	assert_string_equal(last.kana, "やまだ たろう");
	assert_string_equal(last.romaji, "Taro Yamada");
	assert_string_equal(last.organisation, "研究所, \"東\"");
	assert_int_equal(last.address_count, 2);
	assert_string_equal(last.addresses[1], "b@y.jp");
	assert_int_equal(parse("name,mail\na,a@x.jp\nb,b@x.jp\n\n"), OK);
	assert_int_equal(count, 2);
}

static void ldif_is_read_with_folds_and_base64(void **state)
{
	(void)state;
	assert_int_equal(parse("dn: cn=x\ncn:: 5bGx55SwIOWkqumDjg==\nsn;lang-ja;phonetic: やまだ\nmail: a@\n x.jp\nmail: b@y.jp\n\ndn: "
		"cn=y\ncn: Y Z\n"), OK);
	assert_int_equal(count, 2);
	assert_string_equal(last.name, "Y Z");
	assert_int_equal(parse("version: 1\ndn: cn=x\ncn:: 5bGx55SwIOWkqumDjg==\nsn;lang-ja;phonetic: やまだ\nmail: a@\n x.jp\n"), OK);
	assert_string_equal(last.name, "山田 太郎");
	assert_string_equal(last.family_kana, "やまだ");
	assert_string_equal(last.addresses[0], "a@x.jp");
}

static void vcard_is_read(void **state)
{
	(void)state;
	assert_int_equal(parse("BEGIN:VCARD\r\nVERSION:4.0\r\nN:山田;太郎;;;\r\nFN:山田 "
		"太郎\r\nitem1.EMAIL;TYPE=work:a@x.jp\r\nX-PHONETIC-LAST-NAME:やまだ\r\n"
		"TITLE:元大使\r\nEND:VCARD\r\n"), OK);
	assert_int_equal(count, 1);
	assert_string_equal(last.family, "山田");
	assert_string_equal(last.given, "太郎");
	assert_string_equal(last.title, "元大使");
	assert_string_equal(last.family_kana, "やまだ");
	assert_string_equal(last.addresses[0], "a@x.jp");
}

static void what_is_no_directory_is_refused(void **state)
{
	(void)state;
	assert_int_equal(parse("colour,size\nred,2\n"), E_UNSUPPORTED);
	assert_int_equal(parse(""), E_UNSUPPORTED);
	assert_int_equal(parse("name,mail\n\"a,a@x.jp\n"), E_MALFORMED);
	assert_int_equal(parse("name,mail\na,not an address\n"), OK);
	assert_int_equal(last.address_count, 0);
	assert_int_equal(parse("dn: cn=x\ncn:: !!!\nmail: a@x.jp\n"), OK); /* one value is lost, not the person */
	assert_string_equal(last.addresses[0], "a@x.jp");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_is_read_by_its_columns),
		cmocka_unit_test(ldif_is_read_with_folds_and_base64),
		cmocka_unit_test(vcard_is_read),
		cmocka_unit_test(what_is_no_directory_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
