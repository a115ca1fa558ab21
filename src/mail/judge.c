/* v0 */
#include "mail/judge.h"
#include <string.h>
void judge_mail(const struct judge_settings *settings, const struct mail_facts *facts, struct mail_verdict *ret_verdict)
{
	(void)settings;
	*ret_verdict = (struct mail_verdict){.level = facts->level, .unread = facts->unread};
}
const char *mail_action_name(enum mail_action action)
{
	static const char *const names[MAIL_ACTION_COUNT] = {"pass", "report", "tag", "quarantine"};
	return names[action];
}
const char *mail_kind_name(enum mail_kind kind)
{
	static const char *const names[MAIL_KIND_COUNT] = {"none", "impersonation", "hijacked_account", "payload", "phishing"};
	return names[kind];
}
