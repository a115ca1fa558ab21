/*
 * The table of findings. Times are UTC, since captures come from anywhere;
 * rates are those of the highest second. Vectors are last, because their list
 * has no fixed width: on a terminal it is broken between words, and goes on
 * below where it began.
 */
#include "cli/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/amount.h"
#include "record/text.h"

#define VECTORS_SHOWN 4
#define VECTORS_AT 110 /* the column where they begin */
#define COLUMNS_LEAST 140 /* a terminal of less is too narrow for columns */
#define INDENT 4 /* of what belongs to the line above */
#define TEXT_BYTES 1024

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define YELLOW "\033[33m"

bool table_is_coloured(FILE *out)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	bool is_forbidden = (no_color != NULL && no_color[0] != '\0') || (term != NULL && strcmp(term, "dumb") == 0);
	return !is_forbidden && isatty(fileno(out)) == 1;
}

unsigned table_width(FILE *out)
{
	struct winsize size = {0};
	return isatty(fileno(out)) == 1 && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static bool has_columns(unsigned width)
{
	return width == 0 || width >= COLUMNS_LEAST;
}

#define COLUMNS "%-19s  %-11s  %-18s  %-15s  %-9s  %-9s  %8s  %5s  "

void table_head(FILE *out, unsigned width, bool is_coloured)
{
	if (has_columns(width))
		fprintf(out, "%s" COLUMNS "%s%s\n", is_coloured ? BOLD : "", "WHEN (UTC)", "LASTED", "TARGET", "WHAT", "PEAK", "",
			"SOURCES", "CONF", "VECTORS", is_coloured ? TABLE_PLAIN : "");
}

/** Writes words; what would cross the width goes to the next line, at a column. Entries of a list stay whole. */
static void words_show(FILE *out, const char *text, bool is_list, unsigned column, unsigned width)
{
	unsigned at = column;
	text += strspn(text, " ");
	while (*text != '\0') {
		size_t length = strcspn(text, " ");
		while (text[length] == ' ' && (is_list ? text[length - 1] != ',' : text[length + 1] == '%'))
			length += 1 + strcspn(text + length + 1, " ");
		if (width > 0 && at > column && at + 1 + length > width) {
			fprintf(out, "\n%*s", (int)column, "");
			at = column;
		}
		fprintf(out, "%s%.*s", at > column ? " " : "", (int)length, text);
		at += (unsigned)length + (at > column);
		text += length;
		text += strspn(text, " ");
	}
}

/** The colour for a kind; "" for one that calls for nothing. */
static const char *kind_colour(enum finding_kind kind)
{
	switch (kind) {
	case FINDING_FLOOD:
	case FINDING_CARPET_BOMBING:
	case FINDING_OUTBOUND_ATTACK:
		return TABLE_RED;
	case FINDING_SCAN:
		return YELLOW;
	case FINDING_UNKNOWN:
	case FINDING_BACKSCATTER:
	case FINDING_FLASH_CROWD:
	case FINDING_KIND_COUNT:
		return "";
	}
	return "";
}

static const char *when_show(int64_t wall_ms, char ret_text[static 32])
{
	struct tm tm;
	time_t seconds = (time_t)(wall_ms / 1000);
	if (gmtime_r(&seconds, &tm) == NULL || strftime(ret_text, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(ret_text, 32, "?");
	return ret_text;
}

/** "ntp_reflection 70 %, syn_flood 30 %, 2 more" */
static const char *vectors_write(const struct finding *finding, char ret_text[static TEXT_BYTES])
{
	size_t shown = finding->vector_count < VECTORS_SHOWN ? finding->vector_count : VECTORS_SHOWN, used = 0;
	ret_text[0] = '\0';
	for (size_t i = 0; i < shown; i++) {
		const struct finding_vector *vector = &finding->vectors[i];
		char name[FINDING_NAME_BYTES];
		unsigned permille = vector->packets_permille;
		bool is_small = permille > 0 && permille < 10;
		text_plain_copy(vector->name, name, sizeof(name));
		used += (size_t)snprintf(ret_text + used, TEXT_BYTES - used, "%s%s %s%u %%", i > 0 ? ", " : "", name, is_small ? "0." : "",
			is_small ? permille : permille / 10);
	}
	if (finding->vector_count > shown)
		snprintf(ret_text + used, TEXT_BYTES - used, ", %zu more", finding->vector_count - shown);
	return ret_text;
}

/** What the columns tell, as text. */
struct row {
	char when[32], lasted[AMOUNT_BYTES], target[IP_PREFIX_TEXT_BYTES], pps[AMOUNT_BYTES], bps[AMOUNT_BYTES],
		sources[AMOUNT_BYTES], confidence[8], vectors[TEXT_BYTES];
	const char *kind, *colour, *plain;
};

static void columns_show(FILE *out, const struct row *row, unsigned width)
{
	char kind[64];
	snprintf(kind, sizeof(kind), "%s%-15s%s", row->colour, row->kind, row->plain);
	fprintf(out, COLUMNS, row->when, row->lasted, row->target, kind, row->pps, row->bps, row->sources, row->confidence);
	words_show(out, row->vectors, true, VECTORS_AT, width);
	fputs("\n", out);
}

static void lines_show(FILE *out, const struct row *row, unsigned width)
{
	char text[TEXT_BYTES];
	fprintf(out, "%s  %s%s%s  %s\n%*s", row->when, row->colour, row->kind, row->plain, row->target, INDENT, "");
	snprintf(text, sizeof(text), "lasted %s, peak %s and %s, %s sources, confidence %s", row->lasted, row->pps, row->bps,
		row->sources, row->confidence);
	words_show(out, text, true, INDENT, width);
	fprintf(out, "\n%*s", INDENT, "");
	words_show(out, row->vectors, true, INDENT, width);
	fputs("\n", out);
}

void table_row(FILE *out, const struct finding *finding, unsigned width, bool is_coloured)
{
	struct row row = {.kind = finding_kind_name(finding->kind), .colour = is_coloured ? kind_colour(finding->kind) : ""};
	int64_t lasted_ms = finding->window_end_ms - finding->window_start_ms;
	row.plain = row.colour[0] != '\0' ? TABLE_PLAIN : "";
	when_show(finding->window_start_ms, row.when);
	amount_write_duration(lasted_ms > 0 ? (uint64_t)lasted_ms : 0, row.lasted);
	ip_prefix_write(&finding->target, row.target);
	amount_write(finding->peak_pps, "pps", row.pps);
	amount_write(finding->peak_bps, "bps", row.bps);
	amount_write(finding->source_count, "", row.sources);
	snprintf(row.confidence, sizeof(row.confidence), "%u %%", finding->confidence);
	vectors_write(finding, row.vectors);
	if (has_columns(width))
		columns_show(out, &row, width);
	else
		lines_show(out, &row, width);
	char why[FINDING_WHY_BYTES];
	text_plain_copy(finding->why, why, sizeof(why));
	if (why[0] == '\0')
		return;
	fprintf(out, "%*s%s", INDENT, "", is_coloured ? DIM : "");
	words_show(out, why, false, INDENT, width);
	fprintf(out, "%s\n", is_coloured ? TABLE_PLAIN : "");
}
