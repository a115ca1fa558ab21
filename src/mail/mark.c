/* Marks of the milter. What is not printable ASCII becomes "?", so nothing can end the line or begin another header. */
#include "mail/mark.h"

#include <stdio.h>
#include <string.h>

#include "mail/trait_name.h"

static const char *const level_names[MAIL_LEVEL_COUNT] = {
	[MAIL_L0_ENVELOPE] = "envelope", [MAIL_L1_HEADERS] = "headers", [MAIL_L2_STRUCTURE] = "structure", [MAIL_L3_HOSTS] = "hosts",
	[MAIL_L4_HTML] = "html", [MAIL_L5_WORDS] = "words",
};

static const char *const action_names[MAIL_ACTION_COUNT] = {
	[MAIL_PASS] = "pass", [MAIL_REPORT] = "report", [MAIL_TAG] = "tag", [MAIL_QUARANTINE] = "quarantine",
};

const char *mark_level_name(enum mail_level level)
{
	return (unsigned)level < MAIL_LEVEL_COUNT ? level_names[level] : "?";
}

static const char *clean(char *value)
{
	for (char *at = value; *at != '\0'; at++) {
		if (*at < ' ' || *at > '~')
			*at = '?';
	}
	return value;
}

const char *mark_verdict(const struct mail_verdict *verdict, char ret_value[static MARK_BYTES])
{
	const char *action = (unsigned)verdict->action < MAIL_ACTION_COUNT ? action_names[verdict->action] : "?";
	int used = snprintf(ret_value, MARK_BYTES, "%s; level=%s", action, mark_level_name(verdict->level));
	if (verdict->reason_count > 0)
		used += snprintf(ret_value + used, MARK_BYTES - (size_t)used, "; confidence=%u; rule=%.*s", verdict->confidence,
			MAIL_RULE_BYTES - 1, verdict->reasons[0].rule);
	if (verdict->is_over_budget)
		used += snprintf(ret_value + used, MARK_BYTES - (size_t)used, "; over_budget");
	const char *before = "; partly_unread=";
	for (size_t bit = 0; bit < mail_unread_names.count; bit++) {
		if ((verdict->unread >> bit & 1) == 0)
			continue;
		used += snprintf(ret_value + used, MARK_BYTES - (size_t)used, "%s%s", before, mail_unread_names.names[bit]);
		before = ",";
	}
	return clean(ret_value);
}

const char *mark_unread(const char *why, char ret_value[static MARK_BYTES])
{
	(void)snprintf(ret_value, MARK_BYTES, "unread; because=%s", why);
	return clean(ret_value);
}

const char *mark_reason(const struct mail_reason *reason, char ret_value[static MARK_BYTES])
{
	(void)snprintf(ret_value, MARK_BYTES, "%.*s (%.*s, %u%%)", MAIL_REASON_BYTES - 1, reason->words, MAIL_RULE_BYTES - 1,
		reason->rule,
		reason->confidence);
	return clean(ret_value);
}
