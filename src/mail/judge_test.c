/* Proves that the verdict is the strongest conjunction's, and what the day's budget and the settings make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
#include <string.h>

#include "mail/engine.h"
#include "mail/judge.h"

static const struct judge_settings settings = {.tag_percent = 60, .quarantine_percent = 90};

/** The shape of campaign C: a known name at a freemail address with a link to a shared file. */
static struct mail_facts campaign(void)
{
	struct mail_facts facts = {.level = MAIL_L4_HTML, .host_count = 1, .link_count = 1};
	facts.sender.host = (struct mail_host){.name = "gmail.com", .host_traits = HOST_FREEMAIL};
	facts.hosts[0] = (struct mail_host){.name = "1drv.ms", .host_traits = HOST_CLOUD_STORAGE, .link_traits = LINK_TEXT,
		.link_count = 1};
	facts.identity.name_match = NAME_EQUAL;
	facts.relation = (struct relation_facts){.is_known = true, .is_first_contact = true};
	return facts;
}

static struct mail_verdict judge(const struct mail_facts *facts)
{
	struct mail_verdict verdict;
	judge_mail(&settings, facts, &verdict);
	return verdict;
}

static void a_known_name_from_elsewhere_with_a_shared_file_is_held(void **state)
{
	(void)state;
	struct mail_facts facts = campaign();
	struct mail_verdict verdict = judge(&facts);
	assert_int_equal(verdict.action, MAIL_QUARANTINE);
	assert_int_equal(verdict.kind, MAIL_IMPERSONATION);
	assert_string_equal(verdict.reasons[0].rule, "known_name_freemail_carrier");
	assert_non_null(strstr(verdict.reasons[0].words, "1drv.ms"));
	for (size_t i = 1; i < verdict.reason_count; i++)
		assert_true(verdict.reasons[i].confidence <= verdict.reasons[i - 1].confidence);
}

/* Whom a mail poses as is told by the strongest reason that is about somebody, whatever is stronger. */
static void whom_it_poses_as_is_told(void **state)
{
	(void)state;
	struct mail_facts facts = campaign();
	facts.identity.person = 7;
	facts.identity.reply_person = 8;
	facts.identity.account = 9;
	facts.identity.like_label = 10;
	struct mail_verdict verdict = judge(&facts);
	assert_true(verdict.posed == MAIL_POSED_PERSON && verdict.posed_as == 7);
	facts.hosts[0] = (struct mail_host){.name = "k1kan.jp", .host_traits = HOST_LOOKALIKE, .link_traits = LINK_TEXT,
		.link_count = 1, .resembles = 11};
	assert_int_equal(judge(&facts).posed_as, 7); /* the link is the weaker one */
	facts.sender.host = (struct mail_host){.name = "kikann.jp", .host_traits = HOST_LOOKALIKE, .resembles = 12};
	verdict = judge(&facts);
	assert_true(verdict.posed == MAIL_POSED_DOMAIN && verdict.posed_as == 12);
	facts.sender.host.resembles = 0; /* go.jp as a label is like nobody's in particular */
	facts.payload.traits = PAYLOAD_RUNS;
	assert_int_equal(judge(&facts).posed_as, 11);
	facts = campaign();
	facts.identity = (struct identity_facts){.account = 9, .like_label = 10};
	facts.relation = (struct relation_facts){.is_known = true, .mail_count = 9, .days_since_first = 300, .profile_count = 9,
		.profile_distance = 100};
	facts.sender.host = (struct mail_host){.name = "kaisha.co.jp"};
	verdict = judge(&facts);
	assert_string_equal(verdict.reasons[0].rule, "known_account_other_hand");
	assert_true(verdict.posed == MAIL_POSED_ACCOUNT && verdict.posed_as == 9);
	facts.identity.person = 7;
	verdict = judge(&facts);
	assert_true(verdict.posed == MAIL_POSED_PERSON && verdict.posed_as == 7);
	facts.relation = (struct relation_facts){.is_known = true, .is_first_contact = true, .is_like_known = true};
	verdict = judge(&facts);
	assert_true(verdict.posed == MAIL_POSED_DOMAIN && verdict.posed_as == 10);
	facts = (struct mail_facts){.level = MAIL_L4_HTML};
	facts.payload.traits = PAYLOAD_RUNS;
	verdict = judge(&facts);
	assert_true(verdict.reason_count > 0 && verdict.posed == MAIL_POSED_NOBODY && verdict.posed_as == 0);
}

static void each_of_its_parts_alone_is_not(void **state)
{
	(void)state;
	struct mail_facts facts = campaign();
	facts.identity.is_known_address = true; /* the person, from the own private address */
	assert_true(judge(&facts).action < MAIL_TAG);
	facts = campaign();
	facts.relation = (struct relation_facts){.is_known = true, .did_we_write = true, .mail_count = 9, .days_since_first = 300};
	assert_true(judge(&facts).action < MAIL_TAG); /* a freemail address known for long */
	facts = campaign();
	facts.identity.name_match = NAME_NO_MATCH;
	assert_true(judge(&facts).action < MAIL_TAG); /* a stranger shares a file */
	facts = campaign();
	facts.host_count = 0;
	assert_int_equal(judge(&facts).action, MAIL_REPORT); /* a namesake writes */
}

static void an_encrypted_archive_is_judged_by_relation(void **state)
{
	(void)state;
	struct mail_facts facts = {.level = MAIL_L4_HTML, .payload = {.traits = PAYLOAD_ENCRYPTED}};
	facts.sender.host = (struct mail_host){.name = "partner.co.jp"};
	facts.relation = (struct relation_facts){.is_known = true, .mail_count = 30, .days_since_first = 400, .payload_count = 9};
	assert_int_equal(judge(&facts).action, MAIL_PASS);
	facts.relation = (struct relation_facts){.is_known = true, .is_first_contact = true};
	assert_int_equal(judge(&facts).action, MAIL_TAG);
}

static void a_known_account_in_another_hand_is_told(void **state)
{
	(void)state;
	struct mail_facts facts = campaign();
	facts.identity.is_known_address = true;
	facts.relation = (struct relation_facts){.is_known = true, .did_we_write = true, .mail_count = 9, .days_since_first = 300,
		.profile_count = 9,
		.profile_distance = 80};
	assert_string_equal(judge(&facts).reasons[0].rule, "known_account_other_hand");
	facts.relation.profile_distance = 10;
	assert_int_equal(judge(&facts).action, MAIL_PASS);
}

static void settings_bound_what_is_done(void **state)
{
	(void)state;
	struct mail_facts facts = campaign();
	struct mail_verdict verdict;
	judge_mail(&(struct judge_settings){.tag_percent = 60, .quarantine_percent = UINT8_MAX}, &facts, &verdict);
	assert_int_equal(verdict.action, MAIL_TAG);
	assert_int_equal(verdict.due, MAIL_TAG);
	judge_mail(&(struct judge_settings){.tag_percent = 60, .quarantine_percent = 90, .is_report_only = true}, &facts, &verdict);
	assert_int_equal(verdict.action, MAIL_REPORT);
	assert_int_equal(verdict.due, MAIL_QUARANTINE);
	judge_mail(&(struct judge_settings){.tag_percent = 99, .quarantine_percent = 100}, &facts, &verdict);
	assert_int_equal(verdict.action, MAIL_REPORT);
}

static void a_day_has_as_many_tags_as_its_budget(void **state)
{
	(void)state;
	struct engine_settings engine_settings;
	struct mail_engine *engine = NULL;
	char why[WHY_BYTES];
	engine_defaults(&engine_settings);
	engine_settings.alerts_per_day = 1;
	engine_settings.quarantine_percent = engine_settings.always_percent = UINT8_MAX;
	assert_int_equal(engine_new(&engine_settings, &engine, why), OK);
	struct mail_verdict verdict;
	for (size_t i = 0; i < 3; i++) {
		struct mail_facts facts = campaign();
		engine_judge(engine, &facts, 0, &verdict);
		assert_int_equal(verdict.action, i == 0 ? MAIL_TAG : MAIL_REPORT);
		assert_int_equal(verdict.is_over_budget, i > 0);
	}
	struct mail_facts facts = campaign();
	engine_judge(engine, &facts, INT64_C(86400000), &verdict);
	assert_int_equal(verdict.action, MAIL_TAG); /* a new day */
	engine_free(engine);
}

/* What looks like another name is told of a sender, of where its links lead, and of nothing else. */
static void a_name_of_mixed_scripts_is_told(void **state)
{
	(void)state;
	struct mail_verdict verdict;
	for (size_t i = 0; i < 4; i++) {
		struct mail_facts facts = {.level = MAIL_L4_HTML, .host_count = 1, .link_count = 1};
		facts.sender.host = (struct mail_host){.name = "kaisha.co.jp", .host_traits = i == 1 ? HOST_MIXED_SCRIPT : 0};
		facts.hosts[0] = (struct mail_host){.name = "kaisha.co.jp", .host_traits = i >= 2 ? HOST_MIXED_SCRIPT : 0,
			.link_traits = i == 3 ? LINK_IMAGE : LINK_TEXT, .link_count = 1};
		judge_mail(&settings, &facts, &verdict);
		assert_int_equal(verdict.action, i == 1 || i == 2 ? MAIL_TAG : MAIL_PASS);
		if (verdict.reason_count > 0)
			assert_string_equal(verdict.reasons[0].rule, "mixed_script_host");
	}
}

/* The alerts of a day are counted in the history, and a restart brings no others. */
static void a_restart_brings_no_second_budget(void **state)
{
	(void)state;
	char folder[] = "/tmp/judge_test.XXXXXX", history[64], key[64], why[WHY_BYTES];
	assert_non_null(mkdtemp(folder));
	snprintf(history, sizeof(history), "%s/history", folder);
	snprintf(key, sizeof(key), "%s/key", folder);
	struct engine_settings engine_settings;
	engine_defaults(&engine_settings);
	engine_settings.alerts_per_day = 4;
	engine_settings.history_path = history;
	engine_settings.key_path = key;
	uint32_t tagged[2] = {0};
	for (size_t start = 0; start < 2; start++) {
		struct mail_engine *engine = NULL;
		engine_settings.quarantine_percent = engine_settings.always_percent = start == 0 ? UINT8_MAX : 90;
		assert_int_equal(engine_new(&engine_settings, &engine, why), OK);
		for (size_t i = 0; i < 5; i++) {
			struct mail_verdict verdict;
			struct mail_facts facts = campaign();
			engine_judge(engine, &facts, INT64_C(1772409600000), &verdict);
			assert_int_equal(verdict.is_over_budget, verdict.action == MAIL_REPORT);
			tagged[start] += verdict.action >= MAIL_TAG;
		}
		engine_free(engine);
		engine = NULL;
		engine_settings.always_percent = UINT8_MAX;
		assert_int_equal(engine_new(&engine_settings, &engine, why), OK);
		struct mail_verdict verdict;
		struct mail_facts facts = campaign();
		engine_judge(engine, &facts, INT64_C(1772409600000) + 1, &verdict);
		assert_true(verdict.is_over_budget); /* after a restart, on the same day */
		engine_free(engine);
	}
	assert_int_equal(tagged[0], 3); /* one of four is left for what is stronger */
	assert_int_equal(tagged[1], 5); /* the strongest kinds, always */
	static const char *const names[] = {"history", "history-wal", "history-shm", "key"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char path[96];
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(folder), 0);
}

static void facts_that_lie_are_not_judged(void **state)
{
	(void)state;
	struct mail_facts facts = campaign();
	assert_int_equal(mail_facts_check(&facts), OK);
	facts.host_count = MAIL_HOSTS_MAX + 1;
	assert_int_equal(mail_facts_check(&facts), E_MALFORMED);
	facts = campaign();
	memset(facts.hosts[0].name, 'a', sizeof(facts.hosts[0].name));
	assert_int_equal(mail_facts_check(&facts), E_MALFORMED);
	facts = campaign();
	facts.sender.host.registrable_at = MAIL_HOST_BYTES;
	assert_int_equal(mail_facts_check(&facts), E_MALFORMED);
	facts = campaign();
	facts.hosts[0].name[0] = '\033';
	assert_int_equal(mail_facts_check(&facts), E_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_name_from_elsewhere_with_a_shared_file_is_held),
		cmocka_unit_test(whom_it_poses_as_is_told),
		cmocka_unit_test(each_of_its_parts_alone_is_not),
		cmocka_unit_test(an_encrypted_archive_is_judged_by_relation),
		cmocka_unit_test(a_known_account_in_another_hand_is_told),
		cmocka_unit_test(settings_bound_what_is_done),
		cmocka_unit_test(a_day_has_as_many_tags_as_its_budget),
		cmocka_unit_test(a_name_of_mixed_scripts_is_told),
		cmocka_unit_test(a_restart_brings_no_second_budget),
		cmocka_unit_test(facts_that_lie_are_not_judged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
