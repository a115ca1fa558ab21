/* Copies of mails and marks: what comes in pieces is whole, memory is bounded, and no mark can be made to say more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mail/config.h"
#include "mail/mail_copy.h"
#include "mail/mark.h"

static const struct authres_trust trust = {.authserv_id = "mx.example.jp", .headers = 1};

static void pieces_become_a_mail(void **state)
{
	(void)state;
	struct copy_memory memory = {.most_bytes = 1 << 20};
	struct mail_copy copy = {.memory = &memory};
	copy_begin(&copy);
	copy_text(&copy, COPY_SENDER, "<a@example.net>");
	copy_recipient(&copy, "<b@example.jp>");
	copy_header(&copy, &trust, "Subject", " ", "one\n two\r\n\tthree");
	copy_header(&copy, &trust, "Empty", "", "");
	copy_bytes(&copy, "\r\nbody", 6);
	static const char whole[] = "Subject: one\r\n two\r\n\tthree\r\nEmpty:\r\n\r\nbody";
	assert_int_equal(copy.length_bytes, sizeof(whole) - 1);
	assert_memory_equal(copy.bytes, whole, copy.length_bytes);
	struct mail_envelope envelope = copy_envelope(&copy, 7);
	assert_string_equal(envelope.sender, "a@example.net");
	assert_null(envelope.helo);
	assert_string_equal(envelope.recipients[0], "b@example.jp");
	copy_done(&copy);
	assert_int_equal(memory.used_bytes, 0);
}

static void a_mail_beyond_the_limit_is_cut(void **state)
{
	(void)state;
	struct copy_memory memory = {.most_bytes = UINT64_C(1) << 30};
	struct mail_copy copy = {.memory = &memory};
	copy_begin(&copy);
	char *piece = calloc(1, 1 << 20);
	assert_non_null(piece);
	for (int i = 0; i < 32; i++)
		copy_bytes(&copy, piece, 1 << 20);
	assert_false(copy.is_cut);
	copy_bytes(&copy, piece, 1);
	assert_true(copy.is_cut);
	assert_int_equal(copy.length_bytes, LIMIT_MAIL_BYTES);
	copy_done(&copy);
	free(piece);
}

static void without_memory_a_copy_is_lost_and_the_account_stays_right(void **state)
{
	(void)state;
	struct copy_memory memory = {.most_bytes = 40000};
	struct mail_copy first = {.memory = &memory}, second = {.memory = &memory};
	copy_begin(&first);
	copy_begin(&second);
	copy_bytes(&first, "a", 1);
	copy_bytes(&second, "b", 1);
	assert_false(first.is_lost || second.is_lost);
	char piece[20000] = {0};
	copy_bytes(&second, piece, sizeof(piece));
	assert_true(second.is_lost);
	copy_bytes(&second, "c", 1);
	assert_int_equal(second.length_bytes, 0);
	copy_done(&first);
	copy_done(&second);
	assert_int_equal(memory.used_bytes, 0);
	copy_begin(&second);
	copy_bytes(&second, "d", 1);
	assert_false(second.is_lost);
	copy_done(&second);
}

static void fields_to_take_away_are_known_by_number(void **state)
{
	(void)state;
	struct copy_memory memory = {.most_bytes = 1 << 20};
	struct mail_copy copy = {.memory = &memory};
	copy_begin(&copy);
	copy_header(&copy, &trust, "Authentication-Results", "", "mx.example.jp; spf=pass");
	copy_header(&copy, &trust, "authentication-results", "", "mx.example.org; spf=pass");
	copy_header(&copy, &trust, "AUTHENTICATION-RESULTS", "", "mx.example.jp; dkim=pass");
	assert_false(copy_is_doomed(&copy.results, 0));
	assert_false(copy_is_doomed(&copy.results, 1));
	assert_true(copy_is_doomed(&copy.results, 2));
	for (int i = 0; i < 70; i++)
		copy_header(&copy, &trust, "x-hinomi", "", "pass");
	assert_int_equal(copy.marks.count, 70);
	assert_true(copy_is_doomed(&copy.marks, 0) && copy_is_doomed(&copy.marks, 69));
	copy_done(&copy);
}

static void a_mark_is_one_line_of_plain_ascii(void **state)
{
	(void)state;
	char value[MARK_BYTES];
	struct mail_verdict verdict = {.action = MAIL_TAG, .level = MAIL_L4_HTML, .confidence = 92, .reason_count = 1};
	memcpy(verdict.reasons[0].rule, "a\r\nX: b", sizeof("a\r\nX: b"));
	assert_string_equal(mark_verdict(&verdict, value), "tag; level=html; confidence=92; rule=a??X: b");
	verdict = (struct mail_verdict){.action = (enum mail_action)99, .level = (enum mail_level)99};
	assert_string_equal(mark_verdict(&verdict, value), "?; level=?");
	struct mail_reason reason = {.confidence = 5};
	memset(reason.words, 0xff, sizeof(reason.words)); /* not ended */
	memset(reason.rule, '\n', sizeof(reason.rule));
	assert_in_range(strlen(mark_reason(&reason, value)), 1, MARK_BYTES - 1);
	assert_null(strchr(value, '\n'));
	assert_string_equal(mark_unread("it was not read in time", value), "unread; because=it was not read in time");
}

static const char *example_path;

static void the_example_of_the_configuration_is_the_default(void **state)
{
	(void)state;
	struct config defaults, example;
	char complaint[CONF_COMPLAINT_BYTES];
	config_init(&defaults);
	assert_int_equal(config_load(example_path, &example, complaint), OK);
	assert_memory_equal(&example, &defaults, sizeof(defaults));
}

static void a_wrong_configuration_is_refused_with_a_reason(void **state)
{
	(void)state;
	static const char *const wrong[] = {"deadline = 5", "deadline = 1ms", "socket = \"/run/x\"", "workers = 0", "workers = 65",
		"action = reject", "level = 4", "tag_percent = 95", "history = \"/var/lib/h\"", "protected_domains = {nodots}",
		"unknown = 1",
		"metrics_file = relative"};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct config config;
		char complaint[CONF_COMPLAINT_BYTES] = "";
		assert_int_equal(config_parse("mail.conf", wrong[i], strlen(wrong[i]), &config, complaint), E_CONFIG);
		assert_non_null(strstr(complaint, "mail.conf"));
	}
	struct config config;
	char complaint[CONF_COMPLAINT_BYTES];
	static const char right[] = "deadline = 2s\nsocket = \"unix:/run/x\"\naction = quarantine\nprotected_domains = {example.jp}\n";
	assert_int_equal(config_parse("mail.conf", right, strlen(right), &config, complaint), OK);
	assert_int_equal(config.deadline_ms, 2000);
	struct engine_settings settings;
	config_settings(&config, &settings);
	assert_int_equal(settings.quarantine_percent, 90);
	assert_string_equal(settings.protected_domains[0], "example.jp");
}

int main(int argc, char **argv)
{
	example_path = argc > 1 ? argv[1] : "";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_become_a_mail),
		cmocka_unit_test(a_mail_beyond_the_limit_is_cut),
		cmocka_unit_test(without_memory_a_copy_is_lost_and_the_account_stays_right),
		cmocka_unit_test(fields_to_take_away_are_known_by_number),
		cmocka_unit_test(a_mark_is_one_line_of_plain_ascii),
		cmocka_unit_test(the_example_of_the_configuration_is_the_default),
		cmocka_unit_test(a_wrong_configuration_is_refused_with_a_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
