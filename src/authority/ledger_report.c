/*
 * Lists and counts. Entries come from verify_log(), which hands over only
 * what has the hash that was logged; the log is verified to its end before
 * the first line is written. A report goes through the log twice: first for
 * the class of each order by its digest, since approvals and receipts tell
 * the order alone.
 */
#include "authority/ledger_report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authority/ledger_entry.h"
#include "authority/ledger_command.h"
#include "authority/verify.h"
#include "core/clock.h"

#define ROWS_MAX 256 /* kinds and classes: there are some 30; the rest would be counted in the last row */

struct showing {
	uint64_t first, end;
	bool is_json;
};

struct row {
	char document[LEDGER_WORD_BYTES];
	char class[LEDGER_WORD_BYTES];
	uint64_t count;
};

struct order {
	struct document_digest digest;
	char class[LEDGER_WORD_BYTES];
};

struct counting {
	int64_t from_ms, until_ms;
	struct order *orders; /* sorted by digest for the second pass */
	size_t order_count, order_room;
	size_t row_count;
	struct row rows[ROWS_MAX];
	uint64_t counted;
	uint64_t undated; /* documents that say no time */
	bool is_out_of_memory;
};

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "hinomi: ledger: %s: %s\n", what, why);
	return LEDGER_FAILED;
}

static int pass(const struct ledger_options *options, void (*visit)(void *, uint64_t, const uint8_t *, size_t), void *context)
{
	char complaint[VERIFY_COMPLAINT_BYTES];
	struct verify_report report;
	const struct verify_options asked = {options->arguments[0], &options->trust, NULL, visit, context};
	return verify_log(&asked, &report, complaint) == OK ? LEDGER_OK : fail(asked.directory, complaint);
}

/** Prints an object on a line and takes it. */
static void line_print(json_t *object)
{
	(void)json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

/* Showing. */

static const char *time_show(int64_t at_ms, char ret_text[static 32])
{
	struct tm tm;
	time_t seconds = (time_t)(at_ms / 1000);
	if (at_ms < 0 || gmtime_r(&seconds, &tm) == NULL || strftime(ret_text, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(ret_text, 32, "%-19s", "-");
	return ret_text;
}

static void entry_show(void *context, uint64_t index, const uint8_t *bytes, size_t length_bytes)
{
	const struct showing *showing = context;
	struct ledger_entry entry;
	char at[32];
	if (index < showing->first || index >= showing->end)
		return;
	if (showing->is_json) {
		json_t *object = json_pack("{s:I, s:s%}", "index", (json_int_t)index, "entry", (const char *)bytes, length_bytes);
		if (object == NULL) /* not UTF-8 */
			object = json_pack("{s:I, s:n}", "index", (json_int_t)index, "entry");
		line_print(object);
		return;
	}
	ledger_entry_read(bytes, length_bytes, &entry);
	printf("%8" PRIu64 "  %s  %-15s  %-12s  %s\n", index, time_show(entry.at_ms, at), entry.document,
		entry.class[0] != '\0' ? entry.class : "-", entry.signers[0] != '\0' ? entry.signers : "-");
}

int ledger_show(const struct ledger_options *options, uint64_t first, uint64_t count)
{
	struct showing showing = {first, count > UINT64_MAX - first ? UINT64_MAX : first + count, options->is_json};
	int status = pass(options, NULL, NULL);
	return status == LEDGER_OK ? pass(options, entry_show, &showing) : status;
}

/* Counting. */

static int order_compare(const void *a, const void *b)
{
	const struct order *first = a, *second = b;
	return memcmp(first->digest.bytes, second->digest.bytes, sizeof(first->digest.bytes));
}

/** The class of the order that a document is about; "" where that is not in the log. */
static const char *subject_class(const struct counting *counting, const struct document_digest *subject)
{
	struct order key = {.digest = *subject};
	const struct order *found =
		counting->order_count > 0 ? bsearch(&key, counting->orders, counting->order_count, sizeof(key), order_compare) : NULL;
	return found != NULL ? found->class : "";
}

/** First pass: remembers the documents that say their class. */
static void order_remember(void *context, uint64_t index, const uint8_t *bytes, size_t length_bytes)
{
	struct counting *counting = context;
	struct ledger_entry entry;
	(void)index;
	ledger_entry_read(bytes, length_bytes, &entry);
	if (entry.class[0] == '\0')
		return;
	if (counting->order_count == counting->order_room) {
		size_t room = 2 * counting->order_room + 64;
		struct order *grown = reallocarray(counting->orders, room, sizeof(*grown));
		if (grown == NULL) {
			counting->is_out_of_memory = true;
			return;
		}
		counting->orders = grown;
		counting->order_room = room;
	}
	struct order *order = &counting->orders[counting->order_count++];
	order->digest = entry.digest;
	memcpy(order->class, entry.class, sizeof(order->class));
}

static void row_count(struct counting *counting, const char *document, const char *class)
{
	size_t at = 0;
	while (at < counting->row_count &&
		(strcmp(counting->rows[at].document, document) != 0 || strcmp(counting->rows[at].class, class) != 0))
		at++;
	if (at == counting->row_count && at == ROWS_MAX)
		at--; /* a log full of documents that are none of ours */
	if (at == counting->row_count) {
		snprintf(counting->rows[at].document, LEDGER_WORD_BYTES, "%s", document);
		snprintf(counting->rows[at].class, LEDGER_WORD_BYTES, "%s", class);
		counting->row_count++;
	}
	counting->rows[at].count++;
	counting->counted++;
}

/** Second pass. */
static void entry_count(void *context, uint64_t index, const uint8_t *bytes, size_t length_bytes)
{
	struct counting *counting = context;
	struct ledger_entry entry;
	(void)index;
	ledger_entry_read(bytes, length_bytes, &entry);
	counting->undated += entry.at_ms < 0;
	if (entry.at_ms >= counting->from_ms && entry.at_ms < counting->until_ms)
		row_count(counting, entry.document,
			entry.class[0] == '\0' && entry.has_subject ? subject_class(counting, &entry.subject) : entry.class);
}

static int row_compare(const void *a, const void *b)
{
	const struct row *first = a, *second = b;
	int order = strcmp(first->document, second->document);
	return order != 0 ? order : strcmp(first->class, second->class);
}

static void report_print(const struct counting *counting, int year, bool is_json)
{
	for (size_t i = 0; i < counting->row_count; i++) {
		const struct row *row = &counting->rows[i];
		if (is_json)
			line_print(json_pack("{s:s, s:I, s:s, s:i}", "class", row->class, "count", (json_int_t)row->count, "document",
				row->document, "year", year));
		else
			printf("%10" PRIu64 "  %-15s  %s\n", row->count, row->document, row->class[0] != '\0' ? row->class : "-");
	}
	if (!is_json)
		printf("%10" PRIu64 "  in %d; %" PRIu64 " entries of the log say no time\n", counting->counted, year, counting->undated);
}

int ledger_report(const struct ledger_options *options, int year)
{
	struct counting *counting = calloc(1, sizeof(*counting));
	if (counting == NULL)
		return fail("report", "out of memory");
	counting->from_ms = clock_year_begin_ms(year);
	counting->until_ms = clock_year_begin_ms(year + 1);
	int status = pass(options, order_remember, counting);
	if (status == LEDGER_OK && counting->is_out_of_memory)
		status = fail("report", "out of memory");
	if (counting->order_count > 0)
		qsort(counting->orders, counting->order_count, sizeof(counting->orders[0]), order_compare);
	if (status == LEDGER_OK)
		status = pass(options, entry_count, counting);
	if (status == LEDGER_OK) {
		qsort(counting->rows, counting->row_count, sizeof(counting->rows[0]), row_compare);
		report_print(counting, year, options->is_json);
	}
	free(counting->orders);
	free(counting);
	return status;
}
