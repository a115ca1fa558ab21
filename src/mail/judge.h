/*
 * The judge: facts into a verdict, by conjunctions that a person can check. A
 * mail is as suspicious as the strongest conjunction that holds; sums of weak
 * hints do not count.
 *
 * Does not remember anything.
 */
#pragma once

#include "mail/engine.h"
#include "mail/facts.h"

struct judge_settings {
	uint8_t tag_percent, quarantine_percent;
	bool is_report_only;
};

/**
 * Judges.
 *
 * @param settings borrowed
 * @param facts checked
 * @param ret_verdict filled
 */
void judge_mail(const struct judge_settings *settings, const struct mail_facts *facts, struct mail_verdict *ret_verdict);

/** "pass", "report", "tag", "quarantine". Static text. */
const char *mail_action_name(enum mail_action action);

/** "impersonation" and so on; "none". Static text. */
const char *mail_kind_name(enum mail_kind kind);

/** "person", "domain", "account"; "": nobody. Static text. */
const char *mail_posed_name(enum mail_posed posed);

/** What a reason of enum mail_unread says after "could not read, because ". NULL: not one bit of it. */
const char *mail_unread_words(enum mail_unread unread);
