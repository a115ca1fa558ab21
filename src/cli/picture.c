/* The picture of hinomi status. */
#include "cli/picture.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/amount.h"
#include "cli/table.h"
#include "core/ip.h"
#include "record/finding.h"
#include "record/text.h"

#define NAME_BYTES 32
#define ROWS_MAX 20 /* of talkers */

static uint64_t count_of(const json_t *object, const char *name)
{
	json_int_t value = json_integer_value(json_object_get(object, name));
	return value > 0 ? (uint64_t)value : 0;
}

static const char *text_of(const json_t *object, const char *name, char *ret_text, size_t room_bytes)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text_plain_copy(text != NULL ? text : "?", ret_text, room_bytes);
}

static void rates_show(FILE *out, const json_t *status)
{
	char sensor[FINDING_SENSOR_BYTES], uptime[AMOUNT_BYTES], pps[AMOUNT_BYTES], bps[AMOUNT_BYTES], memory[AMOUNT_BYTES];
	const json_t *rates = json_object_get(status, "rates");
	uint64_t uptime_s = count_of(status, "uptime_s");
	fprintf(out, "%s, up %s: %s, %s; memory %s\n", text_of(status, "sensor", sensor, sizeof(sensor)),
		amount_write_duration(uptime_s < UINT64_MAX / 1000 ? uptime_s * 1000 : 0, uptime),
		amount_write(count_of(rates, "pps"), "pps", pps), amount_write(count_of(rates, "bps"), "bps", bps),
		amount_write(count_of(status, "memory_bytes"), "B", memory));
}

/** "not_ip 12, dropped_kernel 3"; "none" where nothing was lost. */
static void losses_show(FILE *out, const json_t *dropped)
{
	const char *name, *before = "";
	json_t *value;
	json_object_foreach((json_t *)dropped, name, value) {
		char plain[NAME_BYTES], number[AMOUNT_BYTES];
		uint64_t count = count_of(dropped, name);
		if (count == 0)
			continue;
		fprintf(out, "%s%s %s", before, text_plain_copy(name, plain, sizeof(plain)), amount_write_exact(count, number));
		before = ", ";
	}
	fputs(before[0] == '\0' ? "none" : "", out);
}

/** Ends an input's line: blind, it says so. */
static void interface_show(FILE *out, const char *state, bool is_coloured)
{
	char plain[NAME_BYTES];
	if (state != NULL && strcmp(state, "up") != 0)
		fprintf(out, "; %sthe interface is %s%s", is_coloured ? TABLE_RED : "", text_plain_copy(state, plain, sizeof(plain)),
			is_coloured ? TABLE_PLAIN : "");
	fputs("\n", out);
}

static void inputs_show(FILE *out, const json_t *inputs, bool is_coloured)
{
	size_t index;
	json_t *input;
	fprintf(out, "\n%-16s  %-10s  %16s  %16s  %s\n", "INPUT", "KIND", "RECEIVED", "USED", "LOST");
	json_array_foreach(inputs, index, input) {
		char name[NAME_BYTES], kind[NAME_BYTES], received[AMOUNT_BYTES], used[AMOUNT_BYTES];
		fprintf(out, "%-16s  %-10s  %16s  %16s  ", text_of(input, "name", name, sizeof(name)),
			text_of(input, "kind", kind, sizeof(kind)), amount_write_exact(count_of(input, "received"), received),
			amount_write_exact(count_of(input, "used"), used));
		losses_show(out, json_object_get(input, "dropped"));
		interface_show(out, json_string_value(json_object_get(input, "state")), is_coloured);
	}
}

static void talkers_show(FILE *out, const json_t *talkers)
{
	size_t index;
	json_t *talker;
	if (json_array_size(talkers) == 0)
		return;
	fputs("\nBUSIEST DESTINATIONS\n", out);
	json_array_foreach(talkers, index, talker) {
		char addr[IP_TEXT_BYTES], pps[AMOUNT_BYTES], bps[AMOUNT_BYTES];
		if (index == ROWS_MAX)
			break;
		fprintf(out, "%-39s  %10s  %10s%s\n", text_of(talker, "addr", addr, sizeof(addr)),
			amount_write(count_of(talker, "pps"), "pps", pps), amount_write(count_of(talker, "bps"), "bps", bps),
			json_is_true(json_object_get(talker, "attacked")) ? "  attacked" : "");
	}
}

/** Findings are checked as those of any other process: written out, and read by finding_parse(). */
static void findings_show(FILE *out, const json_t *status, unsigned width, bool is_coloured)
{
	static struct finding finding;
	const json_t *findings = json_object_get(status, "findings");
	uint64_t omitted = count_of(status, "findings_omitted"), lost = count_of(json_object_get(status, "lines"), "lost");
	size_t index, unread = 0;
	json_t *document;
	fputs("\n", out);
	if (lost > 0)
		fprintf(out, "%" PRIu64 " findings could not be handed on and are lost.\n", lost);
	if (json_array_size(findings) == 0) {
		fputs("No attack.\n", out);
		return;
	}
	table_head(out, width, is_coloured);
	json_array_foreach(findings, index, document) {
		char *text = json_dumps(document, JSON_COMPACT);
		if (text != NULL && finding_parse(text, strlen(text), &finding) == OK)
			table_row(out, &finding, width, is_coloured);
		else
			unread++;
		free(text);
	}
	if (unread > 0)
		fprintf(out, "%zu findings could not be read.\n", unread);
	if (omitted > 0)
		fprintf(out, "%" PRIu64 " more findings are open.\n", omitted);
}

void picture_show(FILE *out, const json_t *status, unsigned width, bool is_coloured)
{
	rates_show(out, status);
	inputs_show(out, json_object_get(status, "inputs"), is_coloured);
	talkers_show(out, json_object_get(status, "talkers"));
	findings_show(out, status, width, is_coloured);
}
