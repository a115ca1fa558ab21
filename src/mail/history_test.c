/* Proves what the history remembers, when it begins to count, and that it forgets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "mail/budget.h"
#include "mail/history.h"
#include "mail/host.h"
#include "mail/near.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define START_MS (20000 * DAY_MS)

static char path[] = "/tmp/history_test.XXXXXX";

static struct history *open_new(void)
{
	struct history *history = NULL;
	char why[WHY_BYTES];
	char extra[64];
	(void)unlink(path);
	static const char *const ends[] = {"-wal", "-shm"};
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(extra, sizeof(extra), "%s%s", path, ends[i]);
		(void)unlink(extra);
	}
	assert_int_equal(history_open(path, 12, 100, &history, why), OK);
	return history;
}

static struct mail_facts mail_from(uint64_t address, uint64_t id)
{
	struct mail_facts facts = {.id = id, .sender = {.address = address, .domain = address + 1000, .eye = 77, .label = 78}};
	facts.profile.order[0] = 5;
	facts.profile.message_id_shape = 9;
	return facts;
}

static void a_mail_counts_after_the_delay(void **state)
{
	(void)state;
	struct history *history = open_new();
	struct relation_facts relation;
	struct mail_facts mail = mail_from(1, 100);
	history_find(history, &mail, START_MS, &relation);
	assert_true(relation.is_known && relation.is_first_contact && relation.is_first_of_domain && relation.profile_count == 0);
	assert_int_equal(history_learn(history, &mail, START_MS), OK);
	history_find(history, &mail, START_MS + 11 * HOUR_MS, &relation);
	assert_true(relation.is_first_contact);
	history_find(history, &mail, START_MS + 3 * DAY_MS, &relation);
	assert_false(relation.is_first_contact);
	assert_int_equal(relation.days_since_first, 3);
	assert_int_equal(relation.mail_count, 1);
	assert_int_equal(relation.profile_distance, 0);
	assert_int_equal(history_learn(history, &mail, START_MS), OK); /* the same mail again is no second one while it waits */
	history_close(history);
}

static void old_senders_are_forgotten(void **state)
{
	(void)state;
	struct history *history = open_new();
	struct relation_facts relation;
	struct mail_facts mail = mail_from(1, 100);
	assert_int_equal(history_learn(history, &mail, START_MS), OK);
	history_find(history, &mail, START_MS + 99 * DAY_MS, &relation);
	assert_false(relation.is_first_contact);
	struct mail_facts other = mail_from(2, 101);
	assert_int_equal(history_learn(history, &other, START_MS + 101 * DAY_MS), OK);
	history_find(history, &mail, START_MS + 102 * DAY_MS, &relation);
	assert_true(relation.is_first_contact && relation.profile_count == 0);
	history_find(history, &other, START_MS + 102 * DAY_MS, &relation);
	assert_false(relation.is_first_contact);
	history_close(history);
}

/* By a clock that is years ahead all is old; so nothing is forgotten on a day before which there was no mail for a week. */
static void a_clock_that_jumps_forgets_nobody(void **state)
{
	(void)state;
	static const int64_t jumps[] = {200, 4000, -4000, -19999};
	for (size_t i = 0; i < ARRAY_LEN(jumps); i++) {
		struct history *history = open_new();
		struct relation_facts relation;
		struct mail_facts mail = mail_from(1, 100), other = mail_from(2, 101);
		assert_int_equal(history_learn(history, &mail, START_MS), OK);
		history_find(history, &mail, START_MS + DAY_MS, &relation);
		int64_t wrong_ms = START_MS + jumps[i] * DAY_MS;
		assert_int_equal(history_learn(history, &other, wrong_ms), OK);
		history_find(history, &other, wrong_ms + DAY_MS / 2, &relation);
		history_find(history, &mail, START_MS + 2 * DAY_MS, &relation);
		assert_false(relation.is_first_contact);
		assert_true(relation.mail_count == 1 && relation.profile_count == 1 && relation.days_since_first == 2);
		history_close(history);
	}
}

static int64_t alert_days[64];
static size_t alert_count;

static void alert_take(void *context, int64_t day, uint32_t place, uint32_t candidates, uint32_t raised)
{
	(void)context;
	(void)place;
	(void)candidates;
	(void)raised;
	assert_true(alert_count < ARRAY_LEN(alert_days));
	alert_days[alert_count++] = day;
}

/* What is noted of alerts is bounded, and what a wrong clock noted goes first. */
static void alerts_of_a_wrong_clock_go_first(void **state)
{
	(void)state;
	struct history *history = open_new();
	static const int64_t wrong[] = {3, 900000, 19000};
	for (int64_t day = 20000; day < 20100; day++) {
		history_alert_note(history, day, 0, 0, 0);
		history_alert_note(history, day, 5, 1, 1);
		if (day - 20020 >= 0 && (size_t)(day - 20020) < ARRAY_LEN(wrong))
			history_alert_note(history, wrong[day - 20020], 0, 0, 0);
	}
	alert_count = 0;
	assert_int_equal(history_alerts_find(history, alert_take, NULL), OK);
	assert_in_range(alert_count, BUDGET_DAYS + 1, 64);
	for (size_t i = 0; i < alert_count; i++)
		assert_in_range(alert_days[i], 20099 - 2 * (BUDGET_DAYS + 1), 20099);
	history_close(history);
}

static void what_we_wrote_counts_at_once(void **state)
{
	(void)state;
	struct history *history = open_new();
	struct relation_facts relation;
	struct mail_facts sent = {.id = 1, .is_outbound = true, .recipients = {7}, .thread = {.message_id = 55}};
	assert_int_equal(history_learn(history, &sent, START_MS), OK);
	struct mail_facts answer = mail_from(7, 2);
	answer.thread.references[0] = 55;
	answer.thread.reference_count = 1;
	history_find(history, &answer, START_MS + HOUR_MS, &relation);
	assert_true(relation.did_we_write && relation.is_thread_ours && !relation.is_thread_unknown);
	answer.thread.references[0] = 56;
	history_find(history, &answer, START_MS + HOUR_MS, &relation);
	assert_true(!relation.is_thread_ours && relation.is_thread_unknown);
	history_close(history);
}

static void a_domain_that_reads_like_a_known_one_is_told(void **state)
{
	(void)state;
	struct history *history = open_new();
	struct relation_facts relation;
	struct mail_facts known = mail_from(1, 100), like = mail_from(2, 101);
	assert_int_equal(history_learn(history, &known, START_MS), OK);
	history_find(history, &known, START_MS + DAY_MS, &relation);
	assert_true(!relation.is_like_known && !relation.is_known_elsewhere);
	history_find(history, &like, START_MS + DAY_MS, &relation);
	assert_true(relation.is_known_elsewhere && !relation.is_like_known);
	like.sender.label = 79;
	history_find(history, &like, START_MS + DAY_MS, &relation);
	assert_true(relation.is_like_known);
	/* The impostor's own mails never make it the true one. */
	assert_int_equal(history_learn(history, &like, START_MS + DAY_MS), OK);
	history_find(history, &like, START_MS + 5 * DAY_MS, &relation);
	assert_true(relation.is_like_known);
	history_close(history);
}

/** A mail from a domain, as address_read() would tell of it. */
static struct mail_facts mail_of(const char *domain, uint64_t id)
{
	static const struct pseudonym_key key = {{9}};
	struct mail_facts facts = {.id = id, .sender = {.address = id}};
	assert_int_equal(host_parse(domain, strlen(domain), &facts.sender.host), OK);
	const char *own = host_registrable(&facts.sender.host);
	facts.sender.domain = pseudonym_make(&key, PSEUDONYM_DOMAIN, own, strlen(own));
	facts.identity.like_label = pseudonym_make(&key, PSEUDONYM_POSED_LABEL, own, strlen(own));
	near_make(&key, &facts.sender.host, &facts.sender.near);
	return facts;
}

/* One letter replaced, left out, put in, or two swapped; or with words of its own: told of who never wrote, after the delay. */
static void a_domain_a_letter_away_from_a_known_one_is_told(void **state)
{
	(void)state;
	static const char *const near[] = {"boeki-partnar.co.jp", "boeki-parter.co.jp", "boeki-partneer.com", "boeki-partenr.co.jp",
		"xboeki-partner.jp", "oeki-partner.jp", "boeki-partner-jp.com", "support-boeki-partner.net", "boekipartne.co.jp"};
	static const char *const far[] = {"boeki-partner.co.jp", "boeki-pardnar.co.jp", "boeki-company.co.jp", "partner-company.co.jp",
		"oeki-partnerx.co.jp", "boeki.co.jp", "kaisha.co.jp", "kaishe.co.jp", "gmail.com"};
	struct history *history = open_new();
	struct relation_facts relation;
	struct mail_facts known = mail_of("boeki-partner.co.jp", 1), other = mail_of("kaisha.co.jp", 2);
	assert_int_equal(history_learn(history, &known, START_MS), OK);
	assert_int_equal(history_learn(history, &other, START_MS), OK);
	struct mail_facts mail = mail_of(near[0], 3);
	history_find(history, &mail, START_MS + 11 * HOUR_MS, &relation);
	assert_false(relation.is_near_known);
	for (size_t i = 0; i < ARRAY_LEN(near); i++) {
		mail = mail_of(near[i], 10 + i);
		history_find(history, &mail, START_MS + DAY_MS, &relation);
		assert_true(relation.is_near_known && relation.near_posed == known.identity.like_label);
	}
	for (size_t i = 0; i < ARRAY_LEN(far); i++) {
		mail = mail_of(far[i], 30 + i);
		history_find(history, &mail, START_MS + DAY_MS, &relation);
		assert_false(relation.is_near_known);
	}
	mail = mail_of(near[0], 3); /* one of ours too, for a year: two that are alike */
	assert_int_equal(history_learn(history, &mail, START_MS + DAY_MS), OK);
	history_find(history, &mail, START_MS + 3 * DAY_MS, &relation);
	assert_false(relation.is_near_known);
	for (int64_t day = 3; day < 180; day += 2) { /* and it is forgotten with its sender */
		assert_int_equal(history_learn(history, &other, START_MS + day * DAY_MS), OK);
		other.id++;
	}
	mail = mail_of(near[1], 4);
	history_find(history, &mail, START_MS + 181 * DAY_MS, &relation);
	assert_true(relation.is_first_of_domain && !relation.is_near_known);
	history_close(history);
}

static void a_file_that_is_no_history_is_refused(void **state)
{
	(void)state;
	struct history *history = NULL;
	char why[WHY_BYTES];
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	for (size_t i = 0; i < 1000; i++)
		assert_true(fputs("not a database ", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_not_equal(history_open(path, 12, 100, &history, why), OK);
	assert_null(history);
	assert_int_not_equal(history_open("/nowhere/at/all", 12, 100, &history, why), OK);
	(void)unlink(path);
}

int main(void)
{
	int fd = mkstemp(path);
	if (fd < 0)
		return 1;
	(void)close(fd);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mail_counts_after_the_delay),
		cmocka_unit_test(old_senders_are_forgotten),
		cmocka_unit_test(a_clock_that_jumps_forgets_nobody),
		cmocka_unit_test(alerts_of_a_wrong_clock_go_first),
		cmocka_unit_test(what_we_wrote_counts_at_once),
		cmocka_unit_test(a_domain_that_reads_like_a_known_one_is_told),
		cmocka_unit_test(a_domain_a_letter_away_from_a_known_one_is_told),
		cmocka_unit_test(a_file_that_is_no_history_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
