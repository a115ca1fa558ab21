/*
 * The table of findings. Times are UTC, since captures come from anywhere;
 * rates are those of the highest second. Vectors are last, because their list
 * has no fixed width.
 */
#include "cli/table.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/amount.h"
#include "record/text.h"

#define VECTORS_SHOWN 4

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define YELLOW "\033[33m"

bool table_is_coloured(FILE *out)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	bool is_forbidden = (no_color != NULL && no_color[0] != '\0') || (term != NULL && strcmp(term, "dumb") == 0);
	return !is_forbidden && isatty(fileno(out)) == 1;
}

#define COLUMNS "%-19s  %-11s  %-18s  %-15s  %-9s  %-9s  %8s  %5s  "

void table_head(FILE *out, bool is_coloured)
{
	fprintf(out, "%s" COLUMNS "%s%s\n", is_coloured ? BOLD : "", "WHEN (UTC)", "LASTED", "TARGET", "WHAT", "PEAK", "",
		"SOURCES", "CONF", "VECTORS", is_coloured ? TABLE_PLAIN : "");
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
static void vectors_show(FILE *out, const struct finding *finding)
{
	size_t shown = finding->vector_count < VECTORS_SHOWN ? finding->vector_count : VECTORS_SHOWN;
	for (size_t i = 0; i < shown; i++) {
		const struct finding_vector *vector = &finding->vectors[i];
		char name[FINDING_NAME_BYTES];
		unsigned permille = vector->packets_permille;
		text_plain_copy(vector->name, name, sizeof(name));
		fprintf(out, "%s%s ", i > 0 ? ", " : "", name);
		if (permille > 0 && permille < 10)
			fprintf(out, "0.%u %%", permille);
		else
			fprintf(out, "%u %%", permille / 10);
	}
	if (finding->vector_count > shown)
		fprintf(out, ", %zu more", finding->vector_count - shown);
}

void table_row(FILE *out, const struct finding *finding, bool is_coloured)
{
	char when[32], lasted[AMOUNT_BYTES], target[IP_PREFIX_TEXT_BYTES], kind[64], pps[AMOUNT_BYTES], bps[AMOUNT_BYTES],
		sources[AMOUNT_BYTES], confidence[8], why[FINDING_WHY_BYTES];
	const char *colour = is_coloured ? kind_colour(finding->kind) : "";
	int64_t lasted_ms = finding->window_end_ms - finding->window_start_ms;
	snprintf(kind, sizeof(kind), "%s%-15s%s", colour, finding_kind_name(finding->kind), colour[0] != '\0' ? TABLE_PLAIN : "");
	snprintf(confidence, sizeof(confidence), "%u %%", finding->confidence);
	fprintf(out, COLUMNS, when_show(finding->window_start_ms, when),
		amount_write_duration(lasted_ms > 0 ? (uint64_t)lasted_ms : 0, lasted), ip_prefix_write(&finding->target, target),
		kind, amount_write(finding->peak_pps, "pps", pps), amount_write(finding->peak_bps, "bps", bps),
		amount_write(finding->source_count, "", sources), confidence);
	vectors_show(out, finding);
	text_plain_copy(finding->why, why, sizeof(why));
	fputs("\n", out);
	if (why[0] != '\0')
		fprintf(out, "    %s%s%s\n", is_coloured ? DIM : "", why, is_coloured ? TABLE_PLAIN : "");
}
