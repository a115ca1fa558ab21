/*
 * What is remembered of who writes to us, as keyed pseudonyms with days and
 * counts: no address, no subject, no text. Whatever is learned of a mail from
 * outside counts only after a delay, so that an attacker's first mail does not
 * vouch for the second; what is old is forgotten.
 *
 * Does not decide anything.
 */
#pragma once

#include <stdint.h>

#include "core/err.h"
#include "core/why.h"
#include "mail/facts.h"

struct history;

/**
 * Opens a history, made where it is missing.
 *
 * @param path of the SQLite file
 * @param learn_after_h hours until a mail counts
 * @param forget_after_days days after which a sender that never wrote again is forgotten
 * @param ret_history owned by the caller; history_close()
 * @param ret_why on an error one line
 * @return OK; E_CONFIG: no history of this version; E_SYS
 */
MUST_USE int history_open(const char *path, uint32_t learn_after_h, uint32_t forget_after_days, struct history **ret_history,
	char ret_why[static WHY_BYTES]);
void history_close(struct history *history);

/**
 * Looks a mail's sender, thread and hosts up.
 *
 * @param history to ask
 * @param facts whose pseudonyms are looked up
 * @param now_wall_ms time of the question: what was learned for a later time does not count
 * @param ret_relation filled; is_known false where the question failed
 */
void history_find(struct history *history, const struct mail_facts *facts, int64_t now_wall_ms,
	struct relation_facts *ret_relation);

/**
 * Notes a mail.
 *
 * @param history to note it in
 * @param facts of it; is_outbound tells whose it is
 * @param now_wall_ms when it was delivered
 * @return OK or E_SYS
 */
MUST_USE int history_learn(struct history *history, const struct mail_facts *facts, int64_t now_wall_ms);

/** What was counted for one day and place (budget.h). */
typedef void history_alert_taker(void *context, int64_t day, uint32_t place, uint32_t candidates, uint32_t raised);

/**
 * Hands over what was noted of the last BUDGET_DAYS days that were noted.
 *
 * @param history to ask
 * @param take called for each day and place
 * @param context for take
 * @return OK or E_SYS
 */
MUST_USE int history_alerts_find(struct history *history, history_alert_taker *take, void *context);

/** Adds to what is noted of a day and place; a failure costs the memory of it alone. */
void history_alert_note(struct history *history, int64_t day, uint32_t place, uint32_t candidates, uint32_t raised);

/** Several history_learn() as one write. @return OK or E_SYS */
MUST_USE int history_begin(struct history *history);
MUST_USE int history_commit(struct history *history);
