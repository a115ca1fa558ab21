/* Proves what a day counts, that days outlive the process and are bounded, and that what is no day is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mail/clock_watch.h"
#include "mail/daybook.h"

#define DAY INT64_C(86400000)
#define NOW (20000 * DAY + 5000)

static char folder[] = "/tmp/hinomi-daybook-XXXXXX", path[64];
static struct daybook *book;
static struct mail_day days[DAYBOOK_DAYS];
static size_t count, dropped;

static int set_up(void **state)
{
	(void)state;
	(void)unlink(path);
	return daybook_new(path, &book, &dropped);
}

static int tear_down(void **state)
{
	(void)state;
	daybook_free(book);
	book = NULL;
	return 0;
}

static void reopen(void)
{
	assert_int_equal(daybook_save(book), OK);
	daybook_free(book);
	book = NULL;
	assert_int_equal(daybook_new(path, &book, &dropped), OK);
	assert_int_equal(daybook_read(path, days, &count, &dropped), OK);
}

static void a_day_counts_what_was_done_and_why(void **state)
{
	(void)state;
	const struct mail_verdict tagged = {.action = MAIL_TAG, .level = MAIL_L4_HTML, .kind = MAIL_IMPERSONATION,
		.unread = UNREAD_PARTS | UNREAD_PAYLOAD, .reason_count = 2, .reasons = {{.rule = "lookalike_sender"}, {.rule = "program"}}};
	const struct mail_verdict spent = {.action = MAIL_REPORT, .level = MAIL_L4_HTML, .kind = MAIL_PHISHING, .is_over_budget = true,
		.reason_count = 1, .reasons = {{.rule = "program"}}};
	const struct mail_verdict passed = {.action = MAIL_PASS, .level = MAIL_L1_HEADERS, .reason_count = 1,
		.reasons = {{.rule = "weak"}}};
	daybook_judged(book, NOW, &tagged, 20);
	daybook_judged(book, NOW, &spent, 20);
	daybook_judged(book, NOW, &passed, 20);
	static const int errors[] = {E_AGAIN, E_LIMIT, E_STATE, E_MALFORMED, E_NOMEM, E_SYS};
	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		daybook_unread(book, NOW, errors[i]);
	daybook_add(book, NOW, &(struct daybook_more){.workers_started = 4, .forged_results = 3, .findings_lost = 2, .unmarked = 1});
	reopen();
	const struct mail_day *day = &days[0];
	assert_true(count == 1 && dropped == 0 && day->day_ms == 20000 * DAY && day->alerts_per_day == 20);
	assert_true(day->actions[MAIL_PASS] == 1 && day->actions[MAIL_REPORT] == 1 && day->actions[MAIL_TAG] == 1 &&
		day->actions[MAIL_QUARANTINE] == 0);
	assert_true(day->kinds[MAIL_IMPERSONATION] == 1 && day->kinds[MAIL_PHISHING] == 1 && day->kinds[MAIL_PAYLOAD] == 0);
	assert_true(day->levels[MAIL_L4_HTML] == 2 && day->levels[MAIL_L1_HEADERS] == 1);
	assert_true(day->unread[2] == 1 && day->unread[7] == 1 && day->unread[0] == 0 && day->over_budget == 1);
	assert_int_equal(day->rule_count, 2); /* what passed has no reasons to be told */
	assert_string_equal(day->rules[1].rule, "program");
	assert_int_equal(day->rules[1].mails, 2);
	for (size_t i = 0; i < DAYBOOK_FAILURE_COUNT; i++)
		assert_int_equal(day->passed_unread[i], i == DAYBOOK_NO_MEMORY ? 2 : 1);
	assert_true(day->workers_started == 4 && day->forged_results == 3 && day->findings_lost == 2 && day->unmarked == 1);
}

static void a_day_goes_on_after_a_restart(void **state)
{
	(void)state;
	daybook_unread(book, NOW, E_AGAIN);
	reopen();
	daybook_unread(book, NOW + 1000, E_AGAIN);
	daybook_unread(book, NOW + DAY, E_AGAIN);
	daybook_unread(book, NOW, E_AGAIN); /* the clock was set back */
	reopen();
	assert_int_equal(count, 2);
	assert_int_equal(days[0].passed_unread[DAYBOOK_BUSY], 2);
	assert_int_equal(days[1].passed_unread[DAYBOOK_BUSY], 2);
}

static void days_and_rules_are_bounded(void **state)
{
	(void)state;
	struct mail_verdict verdict = {.action = MAIL_TAG, .reason_count = 1};
	for (unsigned i = 0; i < DAYBOOK_RULES + 10; i++) {
		(void)snprintf(verdict.reasons[0].rule, sizeof(verdict.reasons[0].rule), "rule_of_a_rather_long_name_%03u", i);
		daybook_judged(book, NOW, &verdict, 0);
	}
	reopen();
	assert_int_equal(days[0].rule_count, DAYBOOK_RULES);
	assert_int_equal(days[0].actions[MAIL_TAG], DAYBOOK_RULES + 10);
	for (int64_t i = 1; i <= DAYBOOK_DAYS; i++)
		daybook_unread(book, NOW + i * DAY, E_AGAIN);
	reopen();
	assert_int_equal(count, DAYBOOK_DAYS);
	assert_int_equal(days[0].day_ms, 20001 * DAY); /* the first one made room */
}

/** What a day has counted; -1: it is not in the file. */
static int64_t busy_on(int64_t day)
{
	for (size_t i = 0; i < count; i++) {
		if (days[i].day_ms == day * DAY)
			return (int64_t)days[i].passed_unread[DAYBOOK_BUSY];
	}
	return -1;
}

/* A clock that is wrong by much, to either side, and right again: each mail is counted on the day that it was told. */
static void a_clock_that_jumps_leaves_the_other_days_alone(void **state)
{
	(void)state;
	static const int64_t jumps[] = {2, 400, 2900000 - 20000, -2, -400, -20000};
	for (size_t i = 0; i < ARRAY_LEN(jumps); i++) {
		int64_t wrong_ms = NOW + jumps[i] * DAY;
		tear_down(NULL);
		assert_int_equal(set_up(NULL), OK);
		daybook_unread(book, NOW, E_AGAIN);
		daybook_unread(book, wrong_ms, E_AGAIN);
		daybook_add(book, wrong_ms, &(struct daybook_more){.clock_jumps = 1});
		daybook_unread(book, NOW + 1, E_AGAIN);
		daybook_add(book, NOW + 1, &(struct daybook_more){.clock_jumps = 1});
		reopen();
		assert_true(count == 2 && dropped == 0);
		assert_true(busy_on(20000) == 2 && busy_on(20000 + jumps[i]) == 1);
		assert_true(days[0].clock_jumps == 1 && days[1].clock_jumps == 1);
		for (int64_t day = 20001; day < 20000 + 2 * DAYBOOK_DAYS; day++)
			daybook_unread(book, day * DAY, E_AGAIN);
		reopen();
		assert_int_equal(count, DAYBOOK_DAYS);
		for (size_t d = 0; d < count; d++)
			assert_int_equal(days[d].day_ms, (20000 + DAYBOOK_DAYS + (int64_t)d) * DAY); /* the wrong day went first */
	}
}

/* A full book that lives through days of a wrong clock loses as many of its own days, and the oldest. */
static void a_wrong_clock_costs_a_full_book_few_days(void **state)
{
	(void)state;
	for (int64_t day = 20000; day < 20000 + DAYBOOK_DAYS; day++)
		daybook_unread(book, day * DAY, E_AGAIN);
	int64_t last = 20000 + DAYBOOK_DAYS - 1;
	for (int64_t wrong = 0; wrong < 3; wrong++)
		daybook_unread(book, (90000 + wrong * 7) * DAY, E_AGAIN);
	daybook_unread(book, last * DAY, E_AGAIN);
	reopen();
	assert_int_equal(count, DAYBOOK_DAYS);
	assert_true(busy_on(last) == 2 && busy_on(last - 10) == 1 && busy_on(20002) == -1 && busy_on(20003) == 1);
}

static void jumps_are_told_from_time_that_passes(void **state)
{
	(void)state;
	struct clock_watch watch = {.is_begun = false};
	const int64_t hour_ms = CLOCK_WATCH_JUMP_MS, hour_ns = hour_ms * 1000000;
	assert_int_equal(clock_watch_look(&watch, NOW, 77), 0); /* the first look */
	assert_int_equal(clock_watch_look(&watch, NOW + 100 * hour_ms, 77 + 100 * hour_ns), 0); /* it slept */
	assert_int_equal(clock_watch_look(&watch, NOW + 101 * hour_ms - 1, 77 + 100 * hour_ns), 0); /* corrected */
	assert_int_equal(clock_watch_look(&watch, NOW + 102 * hour_ms - 1, 77 + 100 * hour_ns), hour_ms);
	assert_int_equal(clock_watch_look(&watch, NOW, 77 + 101 * hour_ns), -103 * hour_ms + 1);
	assert_int_equal(clock_watch_look(&watch, 0, 77 + 101 * hour_ns), -NOW);
	assert_int_equal(clock_watch_look(&watch, INT64_C(253402300799999), 77 + 101 * hour_ns), INT64_C(253402300799999));
	assert_int_equal(clock_watch_look(&watch, INT64_C(253402300799999), 77 + 101 * hour_ns), 0);
}

static void what_is_no_day_is_left_out_and_said(void **state)
{
	(void)state;
	daybook_unread(book, NOW, E_AGAIN);
	reopen();
	FILE *out = fopen(path, "ae");
	fputs("{\"document\":\"mail_day\"}\n\xff\xfe\nhalf a li", out);
	fclose(out);
	daybook_free(book);
	book = NULL;
	assert_int_equal(daybook_new(path, &book, &dropped), OK);
	assert_int_equal(dropped, 3);
	daybook_unread(book, NOW, E_AGAIN);
	reopen();
	assert_true(count == 1 && dropped == 0 && days[0].passed_unread[DAYBOOK_BUSY] == 2);
	assert_int_equal(daybook_read("/nonexistent/days", days, &count, &dropped), E_SYS);
}

static void what_cannot_be_written_is_told_and_tried_again(void **state)
{
	(void)state;
	struct daybook *other = NULL;
	char beyond[80];
	(void)snprintf(beyond, sizeof(beyond), "%s/beyond/days", folder);
	assert_int_equal(daybook_new(beyond, &other, &dropped), OK);
	assert_int_equal(daybook_save(other), OK); /* nothing has changed */
	daybook_unread(other, NOW, E_AGAIN);
	assert_int_equal(daybook_save(other), E_SYS);
	assert_int_equal(daybook_save(other), E_SYS);
	daybook_free(other);
	assert_int_equal(daybook_new("", &other, &dropped), OK);
	daybook_unread(other, NOW, E_AGAIN);
	assert_int_equal(daybook_save(other), OK); /* none is kept */
	daybook_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_day_counts_what_was_done_and_why, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_day_goes_on_after_a_restart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(days_and_rules_are_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_clock_that_jumps_leaves_the_other_days_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_wrong_clock_costs_a_full_book_few_days, set_up, tear_down),
		cmocka_unit_test(jumps_are_told_from_time_that_passes),
		cmocka_unit_test_setup_teardown(what_is_no_day_is_left_out_and_said, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_cannot_be_written_is_told_and_tried_again, set_up, tear_down),
	};
	if (mkdtemp(folder) == NULL)
		return 1;
	(void)snprintf(path, sizeof(path), "%s/days", folder);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(path);
	(void)rmdir(folder);
	return failed;
}
