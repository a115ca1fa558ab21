/*
 * Days in the order of time. The file is a document a line (record/document.h), written beside and renamed. Where the clock is
 * set back by up to a day, counts go on in the day that it was, as in the budget of alerts.
 */
#include "mail/daybook.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS_PER_DAY INT64_C(86400000)
#define PATH_BYTES 512
#define LINE_BYTES_MAX 16384 /* of a day; the fullest is shorter */

static const char *const document_name[] = {"mail_day"};

#define OWNER struct mail_day
#define COUNT_AT(text, member) {.name = (text), FIELD_ROW(FIELD_UINT, OWNER, member, PRIVACY_MEMBER), .max = FIELD_NUMBER_MAX}
#define GROUP(text, list) ROW_OBJECT(text, PRIVACY_MEMBER, OWNER, 0, list)
static const struct field action_fields[] = {
	COUNT_AT("pass", actions[MAIL_PASS]),
	COUNT_AT("report", actions[MAIL_REPORT]),
	COUNT_AT("tag", actions[MAIL_TAG]),
	COUNT_AT("quarantine", actions[MAIL_QUARANTINE]),
};
static const struct field kind_fields[] = {
	COUNT_AT("impersonation", kinds[MAIL_IMPERSONATION]),
	COUNT_AT("hijacked_account", kinds[MAIL_HIJACKED]),
	COUNT_AT("payload", kinds[MAIL_PAYLOAD]),
	COUNT_AT("phishing", kinds[MAIL_PHISHING]),
};
static const struct field level_fields[] = {
	COUNT_AT("L0", levels[0]),
	COUNT_AT("L1", levels[1]),
	COUNT_AT("L2", levels[2]),
	COUNT_AT("L3", levels[3]),
	COUNT_AT("L4", levels[4]),
	COUNT_AT("L5", levels[5]),
};
static const struct field unread_fields[] = {
	COUNT_AT("bytes", unread[0]),
	COUNT_AT("depth", unread[1]),
	COUNT_AT("parts", unread[2]),
	COUNT_AT("headers", unread[3]),
	COUNT_AT("html", unread[4]),
	COUNT_AT("links", unread[5]),
	COUNT_AT("time", unread[6]),
	COUNT_AT("payload", unread[7]),
	COUNT_AT("no_mail", unread[8]),
	COUNT_AT("worker", unread[9]),
};
static const struct field passed_fields[] = {
	COUNT_AT("busy", passed_unread[DAYBOOK_BUSY]),
	COUNT_AT("late", passed_unread[DAYBOOK_LATE]),
	COUNT_AT("died", passed_unread[DAYBOOK_DIED]),
	COUNT_AT("malformed", passed_unread[DAYBOOK_MALFORMED]),
	COUNT_AT("no_memory", passed_unread[DAYBOOK_NO_MEMORY]),
};
static const struct field rule_fields[] = {
	ROW_TEXT("rule", struct daybook_rule, rule, PRIVACY_MEMBER, 1),
	ROW_UINT(struct daybook_rule, mails, PRIVACY_MEMBER, 0, FIELD_NUMBER_MAX),
};
static const struct field rule_entry = ROW_OBJECT("", PRIVACY_MEMBER, struct daybook_rule, 0, rule_fields);
static const struct field day_fields[] = {
	ROW_FORM("document", document_name),
	ROW_VERSION(1),
	ROW_TIME("day_ms", OWNER, day_ms, PRIVACY_MEMBER),
	GROUP("actions", action_fields),
	GROUP("kinds", kind_fields),
	GROUP("levels", level_fields),
	GROUP("unread", unread_fields),
	GROUP("passed_unread", passed_fields),
	COUNT_AT("over_budget", over_budget),
	COUNT_AT("alerts_per_day", alerts_per_day),
	COUNT_AT("workers_started", workers_started),
	COUNT_AT("forged_results", forged_results),
	COUNT_AT("findings_lost", findings_lost),
	COUNT_AT("unmarked", unmarked),
	{.name = "clock_jumps", FIELD_ROW(FIELD_UINT, OWNER, clock_jumps, PRIVACY_MEMBER), .min = 1, .max = FIELD_NUMBER_MAX,
		FIELD_FLAG(OWNER, has_clock_jumps)},
	ROW_LIST("rules", PRIVACY_MEMBER, OWNER, rules, rule_count, &rule_entry),
};
static const struct field day_root = ROW_OBJECT("mail_day", PRIVACY_MEMBER, OWNER, 0, day_fields);
_Static_assert(MAIL_UNREAD_COUNT == ARRAY_LEN(unread_fields), "each reason has its count");
_Static_assert(MAIL_LEVEL_COUNT == ARRAY_LEN(level_fields), "each level has its count");

static int day_check(const void *document, char complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	const struct mail_day *day = document;
	return day->day_ms % MS_PER_DAY == 0 ? OK : document_refuse(complaint, "day_ms: is not the beginning of a day");
}

const struct document_kind mail_day_document = {.root = &day_root, .most_bytes = LINE_BYTES_MAX, .check = day_check};

struct daybook {
	pthread_mutex_t lock;
	char path[PATH_BYTES];
	bool is_changed;
	size_t day_count;
	struct mail_day days[DAYBOOK_DAYS];
	int64_t today_ms; /* counted into last */
};

/** Another day at the end; the oldest makes room. */
static struct mail_day *day_push(struct mail_day days[static DAYBOOK_DAYS], size_t *count)
{
	if (*count == DAYBOOK_DAYS) {
		memmove(days, days + 1, (DAYBOOK_DAYS - 1) * sizeof(days[0]));
		(*count)--;
	}
	return &days[(*count)++];
}

int daybook_read(const char *path, struct mail_day ret_days[static DAYBOOK_DAYS], size_t *ret_count, size_t *ret_dropped)
{
	static const struct mail_day blank;
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
	size_t room_bytes = 0;
	ssize_t length;
	struct mail_day day;
	FILE *in = fopen(path, "re");
	if (in == NULL)
		return E_SYS;
	*ret_count = *ret_dropped = 0;
	while ((length = getline(&line, &room_bytes, in)) > 0) {
		day = blank;
		size_t length_bytes = (size_t)length - (line[length - 1] == '\n' ? 1 : 0);
		bool is_day = document_parse(&mail_day_document, line, length_bytes, &day, complaint) == OK &&
			(*ret_count == 0 || ret_days[*ret_count - 1].day_ms < day.day_ms);
		if (is_day)
			*day_push(ret_days, ret_count) = day;
		*ret_dropped += !is_day;
	}
	free(line);
	bool is_read = ferror(in) == 0;
	fclose(in);
	return is_read ? OK : E_SYS;
}

int daybook_new(const char *path, struct daybook **ret_book, size_t *ret_dropped)
{
	struct daybook *book = calloc(1, sizeof(*book));
	*ret_dropped = 0;
	if (book == NULL)
		return E_NOMEM;
	(void)pthread_mutex_init(&book->lock, NULL);
	(void)snprintf(book->path, sizeof(book->path), "%s", path);
	if (path[0] != '\0' && access(path, F_OK) == 0 &&
		daybook_read(path, book->days, &book->day_count, ret_dropped) != OK) {
		daybook_free(book);
		return E_SYS;
	}
	*ret_book = book;
	return OK;
}

void daybook_free(struct daybook *book)
{
	if (book == NULL)
		return;
	(void)pthread_mutex_destroy(&book->lock);
	free(book);
}

/** Where a day is in the order of time, or would be. */
static size_t day_place(const struct daybook *book, int64_t day_ms)
{
	size_t at = book->day_count;
	while (at > 0 && book->days[at - 1].day_ms >= day_ms)
		at--;
	return at;
}

/** Makes room for a day: that which is farthest from it goes. */
static void day_drop(struct daybook *book, int64_t day_ms)
{
	size_t last = book->day_count - 1;
	size_t at = day_ms - book->days[0].day_ms >= book->days[last].day_ms - day_ms ? 0 : last;
	memmove(&book->days[at], &book->days[at + 1], (last - at) * sizeof(book->days[0]));
	book->day_count--;
}

/** The day to count into; locks the book. */
static struct mail_day *day_take(struct daybook *book, int64_t now_wall_ms)
{
	static const struct mail_day blank;
	int64_t day_ms = now_wall_ms - now_wall_ms % MS_PER_DAY;
	pthread_mutex_lock(&book->lock);
	book->is_changed = true;
	if (day_ms == book->today_ms - MS_PER_DAY)
		day_ms = book->today_ms;
	book->today_ms = day_ms;
	size_t at = day_place(book, day_ms);
	if (at < book->day_count && book->days[at].day_ms == day_ms)
		return &book->days[at];
	if (book->day_count == DAYBOOK_DAYS) {
		day_drop(book, day_ms);
		at = day_place(book, day_ms);
	}
	memmove(&book->days[at + 1], &book->days[at], (book->day_count - at) * sizeof(book->days[0]));
	book->day_count++;
	book->days[at] = blank;
	book->days[at].day_ms = day_ms;
	return &book->days[at];
}

static void rule_add(struct mail_day *day, const char *rule)
{
	size_t i = 0;
	while (i < day->rule_count && strcmp(day->rules[i].rule, rule) != 0)
		i++;
	if (i == DAYBOOK_RULES)
		return;
	if (i == day->rule_count)
		(void)snprintf(day->rules[day->rule_count++].rule, sizeof(day->rules[i].rule), "%s", rule);
	day->rules[i].mails++;
}

void daybook_judged(struct daybook *book, int64_t now_wall_ms, const struct mail_verdict *verdict, uint32_t alerts_per_day)
{
	struct mail_day *day = day_take(book, now_wall_ms);
	day->alerts_per_day = alerts_per_day;
	day->actions[verdict->action]++;
	day->levels[verdict->level]++;
	day->over_budget += verdict->is_over_budget;
	for (unsigned bit = 0; bit < MAIL_UNREAD_COUNT; bit++)
		day->unread[bit] += verdict->unread >> bit & 1;
	if (verdict->action != MAIL_PASS) {
		day->kinds[verdict->kind]++;
		for (size_t i = 0; i < verdict->reason_count; i++)
			rule_add(day, verdict->reasons[i].rule);
	}
	pthread_mutex_unlock(&book->lock);
}

void daybook_unread(struct daybook *book, int64_t now_wall_ms, int error)
{
	enum daybook_failure failure = error == E_AGAIN ? DAYBOOK_BUSY
		: error == E_LIMIT ? DAYBOOK_LATE
		: error == E_STATE ? DAYBOOK_DIED
		: error == E_MALFORMED ? DAYBOOK_MALFORMED : DAYBOOK_NO_MEMORY;
	day_take(book, now_wall_ms)->passed_unread[failure]++;
	pthread_mutex_unlock(&book->lock);
}

void daybook_add(struct daybook *book, int64_t now_wall_ms, const struct daybook_more *more)
{
	if (more->workers_started + more->forged_results + more->findings_lost + more->unmarked + more->clock_jumps == 0)
		return;
	struct mail_day *day = day_take(book, now_wall_ms);
	day->workers_started += more->workers_started;
	day->forged_results += more->forged_results;
	day->findings_lost += more->findings_lost;
	day->unmarked += more->unmarked;
	day->clock_jumps += more->clock_jumps;
	day->has_clock_jumps = day->clock_jumps > 0;
	pthread_mutex_unlock(&book->lock);
}

/** All days into a descriptor. @return whether they are written */
static bool days_write(const struct daybook *book, int fd)
{
	FILE *out = fdopen(fd, "we");
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	bool is_written = out != NULL;
	if (out == NULL)
		close(fd);
	for (size_t i = 0; is_written && i < book->day_count; i++) {
		char *line = NULL;
		is_written = document_write(&mail_day_document, &book->days[i], &line, complaint) == OK && fprintf(out, "%s\n", line) > 0;
		free(line);
	}
	return out != NULL && fclose(out) == 0 && is_written;
}

int daybook_save(struct daybook *book)
{
	char beside[PATH_BYTES + 8];
	if (book->path[0] == '\0')
		return OK;
	pthread_mutex_lock(&book->lock);
	bool is_saved = !book->is_changed;
	if (!is_saved) {
		(void)snprintf(beside, sizeof(beside), "%s.new", book->path);
		int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
		is_saved = fd >= 0 && days_write(book, fd) && rename(beside, book->path) == 0;
	}
	book->is_changed = book->is_changed && !is_saved;
	pthread_mutex_unlock(&book->lock);
	return is_saved ? OK : E_SYS;
}
