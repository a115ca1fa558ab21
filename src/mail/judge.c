/*
 * All rules of the three tables are asked; those that hold become reasons, the
 * strongest first. The verdict is the strongest one's: two weak reasons are
 * two weak reasons. What the others add is the rank, which decides who goes
 * first when a day's alerts are few.
 */
#include "mail/judge.h"

#include <stdio.h>
#include <string.h>

#include "mail/judge_rule.h"
#include "mail/judge_scene.h"

static void reason_add(struct mail_verdict *verdict, const struct judge_rule *rule, const struct mail_host *host)
{
	size_t at = 0;
	while (at < verdict->reason_count && verdict->reasons[at].confidence >= rule->percent)
		at++;
	if (at == MAIL_REASONS_MAX)
		return;
	if (verdict->reason_count < MAIL_REASONS_MAX)
		verdict->reason_count++;
	memmove(&verdict->reasons[at + 1], &verdict->reasons[at],
		(size_t)(verdict->reason_count - at - 1) * sizeof(verdict->reasons[0]));
	struct mail_reason *reason = &verdict->reasons[at];
	*reason = (struct mail_reason){.confidence = rule->percent};
	(void)snprintf(reason->rule, sizeof(reason->rule), "%s", rule->name);
	const char *place = strstr(rule->words, "%s");
	if (place == NULL)
		(void)snprintf(reason->words, sizeof(reason->words), "%s", rule->words);
	else
		(void)snprintf(reason->words, sizeof(reason->words), "%.*s%.80s%s", (int)(place - rule->words), rule->words, host->name,
		place + 2);
	if (at == 0)
		verdict->kind = rule->kind;
}

/** Tells as whom the mail poses, if this reason is about somebody and no stronger one was. */
static void posed_note(const struct mail_facts *facts, const struct judge_rule *rule, const struct mail_host *host,
	uint8_t *percent, struct mail_verdict *verdict)
{
	const struct identity_facts *identity = &facts->identity;
	const struct {
		enum mail_posed posed;
		uint64_t as;
	} tries[][3] = {
		[WHOM_NOBODY] = {{MAIL_POSED_NOBODY, 0}},
		[WHOM_NAMED] = {{MAIL_POSED_PERSON, identity->person}},
		[WHOM_NAMED_OR_REPLY] = {{MAIL_POSED_PERSON, identity->person}, {MAIL_POSED_PERSON, identity->reply_person},
			{MAIL_POSED_DOMAIN, facts->sender.host.resembles}},
		[WHOM_HOST] = {{MAIL_POSED_DOMAIN, host->resembles}},
		[WHOM_OWNER] = {{MAIL_POSED_PERSON, identity->person}, {MAIL_POSED_ACCOUNT, identity->account}},
		[WHOM_CORRESPONDENT] = {{MAIL_POSED_DOMAIN, identity->like_label}},
		[WHOM_NEAR] = {{MAIL_POSED_DOMAIN, facts->relation.near_posed}},
	};
	for (size_t i = 0; i < ARRAY_LEN(tries[0]) && (verdict->posed_as == 0 || rule->percent > *percent); i++) {
		if (tries[rule->whom][i].as == 0)
			continue;
		verdict->posed = tries[rule->whom][i].posed;
		verdict->posed_as = tries[rule->whom][i].as;
		*percent = rule->percent;
	}
}

void judge_mail(const struct judge_settings *settings, const struct mail_facts *facts, struct mail_verdict *ret_verdict)
{
	static const struct judge_rules *const tables[] = {&judge_identity_rules, &judge_payload_rules, &judge_phishing_rules};
	struct mail_verdict verdict = {.level = facts->level, .unread = facts->unread};
	struct judge_scene scene;
	uint32_t others = 0;
	uint8_t posed_percent = 0;
	judge_scene_make(facts, &scene);
	for (size_t table = 0; table < ARRAY_LEN(tables); table++) {
		for (size_t i = 0; i < tables[table]->count; i++) {
			const struct judge_rule *rule = &tables[table]->rules[i];
			const struct mail_host *host = rule->finds != NULL ? rule->finds(&scene) : &facts->sender.host;
			if (host == NULL || (rule->holds != NULL && !rule->holds(&scene)))
				continue;
			reason_add(&verdict, rule, host);
			posed_note(facts, rule, host, &posed_percent, &verdict);
			others++;
		}
	}
	verdict.confidence = verdict.reason_count > 0 ? verdict.reasons[0].confidence : 0;
	verdict.rank = (uint32_t)verdict.confidence * 100 + others;
	if (verdict.confidence >= settings->quarantine_percent)
		verdict.action = MAIL_QUARANTINE;
	else if (verdict.confidence >= settings->tag_percent)
		verdict.action = MAIL_TAG;
	else if (verdict.reason_count > 0)
		verdict.action = MAIL_REPORT;
	verdict.due = verdict.action;
	if (settings->is_report_only && verdict.action > MAIL_REPORT)
		verdict.action = MAIL_REPORT;
	*ret_verdict = verdict;
}

const char *mail_action_name(enum mail_action action)
{
	static const char *const names[MAIL_ACTION_COUNT] = {"pass", "report", "tag", "quarantine"};
	return action < MAIL_ACTION_COUNT ? names[action] : "pass";
}

const char *mail_kind_name(enum mail_kind kind)
{
	static const char *const names[MAIL_KIND_COUNT] = {"none", "impersonation", "hijacked_account", "payload", "phishing"};
	return kind < MAIL_KIND_COUNT ? names[kind] : "none";
}

const char *mail_posed_name(enum mail_posed posed)
{
	static const char *const names[MAIL_POSED_COUNT] = {"", "person", "domain", "account"};
	return posed < MAIL_POSED_COUNT ? names[posed] : "";
}

const char *mail_unread_words(enum mail_unread unread)
{
	static const char *const words[MAIL_UNREAD_COUNT] = {"it is longer than the limit",
		"its parts are nested deeper than the limit",
		"it has more parts than the limit", "its header is longer than the limit", "it has more text than the limit",
		"it has more links than the limit", "the time for it was over", "an attachment could not be looked into",
		"it has no header",
		"the worker that read it failed"};
	for (size_t i = 0; i < MAIL_UNREAD_COUNT; i++) {
		if ((unsigned)unread == 1u << i)
			return words[i];
	}
	return NULL;
}
