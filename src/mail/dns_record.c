/*
 * A file of recorded answers: one a line, fields apart by blanks.
 *
 *   2026-03-02T00:00:00Z mail._domainkey.example.jp TXT "v=DKIM1; k=rsa; " "p=MIGf..."
 *   2026-03-02T00:00:00Z old._domainkey.example.jp  NONE
 *   -                    new._domainkey.example.jp  FAILED
 *
 * Strings are as dig(1) prints them: in quotes, a backslash before a sign that
 * is meant as it stands, \DDD a byte in decimal. Empty lines, and lines that
 * begin with #, are passed over. What is kept lies in one sorted array, and its
 * texts in one block.
 */
#include "mail/dns_record.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/limits.h"
#include "mail/dkim_tag.h"

#define MS_PER_DAY INT64_C(86400000)

struct line {
	const char *at, *end;
};

static void blanks_skip(struct line *line)
{
	while (line->at < line->end && (*line->at == ' ' || *line->at == '\t'))
		line->at++;
}

/** The next word; of 0 bytes at the line's end. */
static size_t word_next(struct line *line, const char **ret_word)
{
	blanks_skip(line);
	*ret_word = line->at;
	while (line->at < line->end && *line->at != ' ' && *line->at != '\t')
		line->at++;
	return (size_t)(line->at - *ret_word);
}

/** Digits at a place of a time. @return -1: they are none */
static int digits(const char *at, size_t count)
{
	int number = 0;
	for (size_t i = 0; i < count; i++) {
		if (at[i] < '0' || at[i] > '9')
			return -1;
		number = number * 10 + (at[i] - '0');
	}
	return number;
}

/** "2026-03-02T00:00:00Z" (RFC 3339, in UTC), or "-". */
static int time_parse(const char *word, size_t bytes, int64_t *ret_wall_ms)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
	if (bytes == 1 && word[0] == '-') {
		*ret_wall_ms = 0;
		return OK;
	}
	if (bytes != sizeof(shape) - 1)
		return E_MALFORMED;
	for (size_t i = 0; i < bytes; i++) {
		if (shape[i] == 'd' ? word[i] < '0' || word[i] > '9' : word[i] != shape[i])
			return E_MALFORMED;
	}
	struct tm when = {.tm_year = digits(word, 4) - 1900, .tm_mon = digits(word + 5, 2) - 1, .tm_mday = digits(word + 8, 2),
		.tm_hour = digits(word + 11, 2), .tm_min = digits(word + 14, 2), .tm_sec = digits(word + 17, 2)};
	if (when.tm_mon < 0 || when.tm_mon > 11 || when.tm_mday < 1 || when.tm_mday > 31 || when.tm_hour > 23 || when.tm_min > 59 ||
	    when.tm_sec > 60 || when.tm_year <= 70)
		return E_MALFORMED;
	*ret_wall_ms = (int64_t)timegm(&when) * 1000;
	return OK;
}

/** One byte of a string, an escape undone. @return false: the escape is none */
static bool byte_take(struct line *line, char *ret_byte)
{
	*ret_byte = *line->at++;
	if (*ret_byte != '\\')
		return true;
	if (line->at == line->end)
		return false;
	int number = line->end - line->at >= 3 ? digits(line->at, 3) : -1;
	if (number > 255)
		return false;
	*ret_byte = number >= 0 ? (char)number : *line->at;
	line->at += number >= 0 ? 3 : 1;
	return true;
}

/** Strings in quotes up to the line's end, joined. */
static int strings_parse(struct line *line, struct dns_record *record)
{
	bool has_any = false;
	for (blanks_skip(line); line->at < line->end; blanks_skip(line)) {
		if (*line->at++ != '"')
			return E_MALFORMED;
		while (line->at < line->end && *line->at != '"') {
			if (record->text_bytes == DNS_TEXT_BYTES || !byte_take(line, &record->text[record->text_bytes++]))
				return E_MALFORMED;
		}
		if (line->at == line->end)
			return E_MALFORMED;
		line->at++;
		has_any = true;
	}
	return has_any ? OK : E_MALFORMED;
}

static bool is_word(const char *word, size_t bytes, const char *known)
{
	return bytes == strlen(known) && memcmp(word, known, bytes) == 0;
}

static int line_parse(struct line line, struct dns_record *ret_record)
{
	const char *when, *name, *kind;
	size_t when_bytes = word_next(&line, &when), name_bytes = word_next(&line, &name), kind_bytes = word_next(&line, &kind);
	ret_record->text_bytes = 0;
	if (name_bytes > 1 && name[name_bytes - 1] == '.')
		name_bytes--;
	if (time_parse(when, when_bytes, &ret_record->seen_wall_ms) != OK ||
	    dkim_domain(name, name_bytes, sizeof(ret_record->name), ret_record->name) != OK)
		return E_MALFORMED;
	if (is_word(kind, kind_bytes, "TXT")) {
		ret_record->answer = DNS_TEXT;
		return strings_parse(&line, ret_record);
	}
	ret_record->answer = is_word(kind, kind_bytes, "NONE") ? DNS_NOTHING : DNS_FAILED;
	blanks_skip(&line);
	bool is_known = ret_record->answer == DNS_NOTHING || is_word(kind, kind_bytes, "FAILED");
	return is_known && line.at == line.end ? OK : E_MALFORMED;
}

int dns_record_parse(const char *text, size_t length_bytes, dns_record_taker *take, void *context, size_t *ret_line)
{
	const char *at = text, *end = text + length_bytes;
	struct dns_record record;
	for (size_t number = 1; at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		struct line line = {.at = at, .end = newline == NULL ? end : newline};
		at = newline == NULL ? end : newline + 1;
		if (line.end > line.at && line.end[-1] == '\r')
			line.end--;
		blanks_skip(&line);
		if (line.at == line.end || *line.at == '#')
			continue;
		int err = line_parse(line, &record);
		if (err == OK)
			err = take(context, &record);
		if (err != OK) {
			*ret_line = number;
			return err;
		}
	}
	return OK;
}

/* A record that is kept; its texts are offsets into the block, which moves while it grows. */
struct kept {
	int64_t seen_wall_ms;
	size_t name_at, text_at, text_bytes;
	enum dns_answer answer;
};

struct dns_records {
	struct kept *kept; /* by name, then by time */
	size_t count, room;
	char *block;
	size_t block_bytes, block_room;
};

static int room_make(void **array, size_t wanted, size_t *room, size_t each_bytes)
{
	if (wanted <= *room)
		return OK;
	size_t grown = *room * 2 > wanted ? *room * 2 : wanted + 64;
	void *made = reallocarray(*array, grown, each_bytes);
	if (made == NULL)
		return E_NOMEM;
	*array = made;
	*room = grown;
	return OK;
}

static size_t block_add(struct dns_records *records, const char *bytes, size_t count)
{
	size_t at = records->block_bytes;
	memcpy(records->block + at, bytes, count);
	records->block_bytes += count;
	return at;
}

static int record_keep(void *context, const struct dns_record *record)
{
	struct dns_records *records = context;
	size_t name_bytes = strlen(record->name) + 1;
	if (records->count == LIMIT_MAIL_DNS_RECORDS)
		return E_LIMIT;
	int err = room_make((void **)&records->kept, records->count + 1, &records->room, sizeof(*records->kept));
	if (err == OK)
		err = room_make((void **)&records->block, records->block_bytes + name_bytes + record->text_bytes, &records->block_room, 1);
	if (err != OK)
		return err;
	ASSERT(records->kept != NULL && records->block != NULL);
	struct kept *kept = &records->kept[records->count++];
	*kept = (struct kept){.seen_wall_ms = record->seen_wall_ms, .answer = record->answer, .text_bytes = record->text_bytes};
	kept->name_at = block_add(records, record->name, name_bytes);
	kept->text_at = block_add(records, record->text, record->text_bytes);
	return OK;
}

static int kept_compare(const void *one, const void *other, void *block)
{
	const struct kept *a = one, *b = other;
	int names = strcmp((char *)block + a->name_at, (char *)block + b->name_at);
	if (names != 0)
		return names;
	return a->seen_wall_ms < b->seen_wall_ms ? -1 : a->seen_wall_ms > b->seen_wall_ms;
}

int dns_records_new(const char *text, size_t length_bytes, struct dns_records **ret_records, size_t *ret_line)
{
	struct dns_records *records = calloc(1, sizeof(*records));
	if (records == NULL)
		return E_NOMEM;
	int err = dns_record_parse(text, length_bytes, record_keep, records, ret_line);
	if (err != OK) {
		dns_records_free(records);
		return err;
	}
	if (records->count > 0)
		qsort_r(records->kept, records->count, sizeof(*records->kept), kept_compare, records->block);
	*ret_records = records;
	return OK;
}

/** The file's bytes. @return OK, E_CONFIG: no file for this; E_NOMEM, E_SYS */
static int file_read(const char *path, char **ret_text, size_t *ret_bytes, char ret_why[static WHY_BYTES])
{
	struct stat about;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return why_refuse_errno(ret_why, path, "cannot be read");
	int err = OK;
	if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size > LIMIT_MAIL_DNS_BYTES)
		err = why_refuse(ret_why, E_CONFIG, path, "is no file, or larger than LIMIT_MAIL_DNS_BYTES");
	size_t length_bytes = err == OK ? (size_t)about.st_size : 0, got_bytes = 0;
	char *text = err == OK ? malloc(length_bytes + 1) : NULL;
	if (err == OK && text == NULL)
		err = why_refuse(ret_why, E_NOMEM, path, "there is no memory for it");
	while (err == OK && got_bytes < length_bytes) {
		ssize_t got = read(fd, text + got_bytes, length_bytes - got_bytes);
		if (got <= 0)
			err = why_refuse_errno(ret_why, path, "cannot be read to its end");
		else
			got_bytes += (size_t)got;
	}
	(void)close(fd);
	if (err != OK) {
		free(text);
		return err;
	}
	*ret_text = text;
	*ret_bytes = length_bytes;
	return OK;
}

int dns_records_load(const char *path, struct dns_records **ret_records, char ret_why[static WHY_BYTES])
{
	char *text = NULL, what[96];
	size_t length_bytes = 0, line = 0;
	int err = file_read(path, &text, &length_bytes, ret_why);
	if (err != OK)
		return err;
	err = dns_records_new(text, length_bytes, ret_records, &line);
	free(text);
	if (err == E_NOMEM)
		return why_refuse(ret_why, err, path, "there is no memory for it");
	if (err == OK)
		return OK;
	(void)snprintf(what, sizeof(what), err == E_LIMIT ? "line %zu: more than LIMIT_MAIL_DNS_RECORDS" :
		"line %zu: is no recorded answer: TIME NAME TXT \"...\", NONE or FAILED", line);
	return why_refuse(ret_why, E_CONFIG, path, what);
}

void dns_records_free(struct dns_records *records)
{
	if (records == NULL)
		return;
	free(records->kept);
	free(records->block);
	free(records);
}

/** The first record of a name; count where there is none of it. */
static size_t first_of(const struct dns_records *records, const char *name)
{
	size_t low = 0, high = records->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(records->block + records->kept[middle].name_at, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_equal(const struct dns_records *records, const struct kept *one, const struct kept *other)
{
	return one->answer == other->answer && one->text_bytes == other->text_bytes &&
		memcmp(records->block + one->text_at, records->block + other->text_at, one->text_bytes) == 0;
}

/** Of the answers before and after a time the one that holds; NULL: neither. */
static const struct kept *nearest(const struct dns_records *records, const struct kept *before, const struct kept *after,
	int64_t at_wall_ms)
{
	if (before != NULL && after != NULL && is_equal(records, before, after))
		return before;
	int64_t since_ms = before == NULL ? INT64_MAX : at_wall_ms - before->seen_wall_ms;
	int64_t until_ms = after == NULL ? INT64_MAX : after->seen_wall_ms - at_wall_ms;
	const struct kept *near = since_ms <= until_ms ? before : after;
	return (since_ms <= until_ms ? since_ms : until_ms) <= DNS_NEAR_DAYS * MS_PER_DAY ? near : NULL;
}

enum dns_answer dns_records_find(const struct dns_records *records, const char *name, int64_t at_wall_ms, const char **ret_text,
	size_t *ret_text_bytes)
{
	const struct kept *before = NULL, *after = NULL, *always = NULL, *found = NULL;
	for (size_t i = first_of(records, name); i < records->count && after == NULL; i++) {
		const struct kept *kept = &records->kept[i];
		if (strcmp(records->block + kept->name_at, name) != 0)
			break;
		if (kept->seen_wall_ms == 0)
			always = kept;
		else if (kept->seen_wall_ms <= at_wall_ms)
			before = kept;
		else
			after = kept;
	}
	if (at_wall_ms > 0)
		found = nearest(records, before, after, at_wall_ms);
	if (found == NULL)
		found = always;
	if (found == NULL)
		return DNS_NOT_RECORDED;
	*ret_text = records->block + found->text_at;
	*ret_text_bytes = found->text_bytes;
	return found->answer;
}
