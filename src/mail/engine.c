/*
 * The engine holds what both halves need: directory, keys and settings for the
 * reader; history and the day's budget for the judge. A worker has a copy of it
 * by fork(2) and uses the first half alone.
 */
#include "mail/engine.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "mail/budget.h"
#include "mail/history.h"
#include "mail/judge.h"
#include "mail/people.h"
#include "mail/read.h"

struct mail_engine {
	struct mail_reader reader;
	struct dns_records *records; /* owned; the reader borrows it; NULL: none */
	struct people *people; /* owned; the reader borrows it */
	struct history *history; /* owned; NULL: none */
	struct judge_settings judge;
	uint8_t always_percent;
	struct budget budget;
	char authserv_id[256]; /* the reader borrows it */
};

void engine_defaults(struct engine_settings *ret_settings)
{
	*ret_settings = (struct engine_settings){.level = MAIL_L4_HTML, .tag_percent = 60, .quarantine_percent = 90,
		.always_percent = 90,
		.learn_after_h = 12, .forget_after_days = 730, .trust = {.headers = 1}};
}

static void alerts_restore(void *context, int64_t day, uint32_t place, uint32_t candidates, uint32_t raised)
{
	budget_restore(context, day, place, candidates, raised);
}

int engine_new(const struct engine_settings *settings, struct mail_engine **ret_engine, char ret_why[static WHY_BYTES])
{
	struct mail_engine *engine = calloc(1, sizeof(*engine));
	if (engine == NULL)
		return E_NOMEM;
	engine->reader.level = settings->level;
	engine->judge = (struct judge_settings){.tag_percent = settings->tag_percent,
		.quarantine_percent = settings->quarantine_percent,
		.is_report_only = settings->is_report_only};
	engine->budget.alerts_per_day = settings->alerts_per_day;
	engine->always_percent = settings->always_percent;
	if (settings->trust.authserv_id != NULL && strlen(settings->trust.authserv_id) < sizeof(engine->authserv_id))
		memcpy(engine->authserv_id, settings->trust.authserv_id, strlen(settings->trust.authserv_id) + 1);
	engine->reader.trust = (struct authres_trust){.authserv_id = engine->authserv_id, .headers = settings->trust.headers};
	mail_read_init();
	int err = pseudonym_key_open(settings->key_path, &engine->reader.key, ret_why);
	if (err == OK)
		err = people_load(settings->people_path, settings->protected_domains, settings->protected_count, &engine->people, ret_why);
	if (err == OK && settings->dns_path != NULL)
		err = dns_records_load(settings->dns_path, &engine->records, ret_why);
	if (err == OK && settings->history_path != NULL)
		err = history_open(settings->history_path, settings->learn_after_h, settings->forget_after_days, &engine->history, ret_why);
	if (err == OK && engine->history != NULL && settings->alerts_per_day > 0)
		err = history_alerts_find(engine->history, alerts_restore, &engine->budget);
	if (err != OK) {
		engine_free(engine);
		return err;
	}
	engine->reader.people = engine->people;
	engine->reader.records = engine->records;
	*ret_engine = engine;
	return OK;
}

void engine_free(struct mail_engine *engine)
{
	if (engine == NULL)
		return;
	people_free(engine->people);
	dns_records_free(engine->records);
	history_close(engine->history);
	explicit_bzero(&engine->reader.key, sizeof(engine->reader.key));
	free(engine);
}

void engine_read(const struct mail_engine *engine, const void *mail, size_t length_bytes, const struct mail_envelope *envelope,
	struct mail_facts *ret_facts, char *ret_sender)
{
	mail_read(&engine->reader, mail, length_bytes, envelope, ret_facts, ret_sender);
}

uint64_t engine_pseudonym(const struct mail_engine *engine, const char *address)
{
	return pseudonym_make(&engine->reader.key, PSEUDONYM_ADDRESS, address, strlen(address));
}

/** Raises a mail that would be tagged or held, or only has it reported, as the day's alerts allow. */
static void budget_spend(struct mail_engine *engine, int64_t now_wall_ms, struct mail_verdict *verdict)
{
	struct budget *budget = &engine->budget;
	if (budget->alerts_per_day == 0)
		return;
	if (budget_go_on(budget, now_wall_ms) && engine->history != NULL)
		history_alert_note(engine->history, budget->today, 0, 0, 0); /* a day that is lived through, though nothing may come */
	if (verdict->due < MAIL_TAG)
		return;
	bool is_raised = budget_take(budget, verdict->rank, verdict->confidence >= engine->always_percent);
	if (engine->history != NULL)
		history_alert_note(engine->history, budget->today, budget_place(verdict->rank), 1, is_raised);
	if (!is_raised)
		verdict->action = verdict->due = MAIL_REPORT;
	verdict->is_over_budget = !is_raised;
}

void engine_judge(struct mail_engine *engine, struct mail_facts *facts, int64_t now_wall_ms, struct mail_verdict *ret_verdict)
{
	if (mail_facts_check(facts) != OK)
		*facts = (struct mail_facts){.unread = UNREAD_WORKER};
	facts->relation = (struct relation_facts){.is_known = false};
	if (engine->history != NULL)
		history_find(engine->history, facts, now_wall_ms, &facts->relation);
	judge_mail(&engine->judge, facts, ret_verdict);
	budget_spend(engine, now_wall_ms, ret_verdict);
}

int engine_learn(struct mail_engine *engine, const struct mail_facts *facts, int64_t now_wall_ms)
{
	return engine->history == NULL ? E_STATE : history_learn(engine->history, facts, now_wall_ms);
}

int engine_learn_many(struct mail_engine *engine, bool begins)
{
	if (engine->history == NULL)
		return E_STATE;
	return begins ? history_begin(engine->history) : history_commit(engine->history);
}
