/*
 * What a mail process did, day by day: counts alone, of the last DAYBOOK_DAYS days, kept in a file that it writes now and
 * then and reads when it starts. For whoever runs a mail server ("hinomi mail report"). A day is one of UTC, as that of
 * the budget of alerts.
 *
 * A clock that is wrong is believed while it is: its mails are counted on the days that it tells, and where it is right again
 * counts go on in the day that it is. At the cap the day that is farthest from today makes room, so that days of a wrong clock
 * go first. What jumps there were is counted too (clock_watch.h).
 *
 * It tells of no mail and of nobody. What was counted in the seconds before a sudden end is lost. For any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "mail/engine.h"
#include "record/document.h"

#define DAYBOOK_DAYS 62 /* two months */
#define DAYBOOK_RULES 96 /* told apart in a day; there are fewer */

/** Why a mail passed unread; ordered as its names. */
enum daybook_failure {
	DAYBOOK_BUSY = 0, /* no worker was free in time */
	DAYBOOK_LATE, /* it was not read in time */
	DAYBOOK_DIED, /* the worker died of it */
	DAYBOOK_MALFORMED, /* the worker sent something else */
	DAYBOOK_NO_MEMORY, /* memory or the system failed */
	DAYBOOK_FAILURE_COUNT
};

struct daybook_rule {
	char rule[MAIL_RULE_BYTES];
	uint64_t mails;
};

/** One day, as a document (schema/mail_day.json). */
struct mail_day {
	int64_t day_ms; /* its beginning, UTC */
	uint64_t actions[MAIL_ACTION_COUNT]; /* mails that were judged, by what was done */
	uint64_t kinds[MAIL_KIND_COUNT]; /* those that were more than passed, by kind; [0] is of none */
	uint64_t levels[MAIL_LEVEL_COUNT]; /* mails that were judged, by how far they were read */
	uint64_t unread[MAIL_UNREAD_COUNT]; /* of these, mails of which a part could not be read, by reason */
	uint64_t passed_unread[DAYBOOK_FAILURE_COUNT]; /* mails that were not judged, by reason */
	uint64_t over_budget; /* reported alone, since the day's alerts were spent */
	uint64_t alerts_per_day; /* the budget, as it was set last; 0: no bound */
	uint64_t workers_started;
	uint64_t forged_results; /* Authentication-Results taken away */
	uint64_t findings_lost; /* could not be written */
	uint64_t unmarked; /* mails that the server did not let us mark */
	bool has_clock_jumps; /* there were any; days of before this was counted have none */
	uint64_t clock_jumps; /* of the wall clock, on the day on which it landed */
	size_t rule_count;
	struct daybook_rule rules[DAYBOOK_RULES]; /* reasons of mails that were more than passed, in the order in which they came */
};

extern const struct document_kind mail_day_document;

struct daybook; /* opaque */

/**
 * Makes one and reads its file, which need not be there.
 *
 * @param path of the file, "": none is kept; copied
 * @param ret_book daybook_free()
 * @param ret_dropped lines that are no days, which the next daybook_save() leaves out
 * @return OK, E_NOMEM, or E_SYS: it is there and cannot be read
 */
MUST_USE int daybook_new(const char *path, struct daybook **ret_book, size_t *ret_dropped);
void daybook_free(struct daybook *book);

/** A mail was judged. @param alerts_per_day the budget */
void daybook_judged(struct daybook *book, int64_t now_wall_ms, const struct mail_verdict *verdict, uint32_t alerts_per_day);

/** A mail passed unread. @param error of worker_read(), or E_NOMEM */
void daybook_unread(struct daybook *book, int64_t now_wall_ms, int error);

/** What else is counted; each is added to its day. */
struct daybook_more {
	uint64_t workers_started, forged_results, findings_lost, unmarked, clock_jumps;
};
void daybook_add(struct daybook *book, int64_t now_wall_ms, const struct daybook_more *more);

/** Writes the file, in one step for whoever reads it, where something has changed. @return OK, E_NOMEM or E_SYS */
MUST_USE int daybook_save(struct daybook *book);

/**
 * Reads a file of days, the oldest first.
 *
 * @param path of it
 * @param ret_days filled; of more days the last
 * @param ret_count of them
 * @param ret_dropped lines that are no days
 * @return OK or E_SYS
 */
MUST_USE int daybook_read(const char *path, struct mail_day ret_days[static DAYBOOK_DAYS], size_t *ret_count,
	size_t *ret_dropped);
