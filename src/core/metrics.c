/* The Prometheus text format. A line is written whole or, at the cap, left out and counted. */
#include "core/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAIL_BYTES 64 /* kept free for the comment that tells what was left out */

int metrics_init(struct metrics *ret_metrics)
{
	size_t capacity_bytes = LIMIT_METRICS_BYTES;
	char *text = malloc(capacity_bytes);
	if (text == NULL)
		return E_NOMEM;
	text[0] = '\0';
	*ret_metrics = (struct metrics){.text = text, .capacity_bytes = capacity_bytes, .family = ""};
	return OK;
}

void metrics_done(struct metrics *metrics)
{
	free(metrics->text);
	*metrics = (struct metrics){0};
}

/** Appends a line from its start, or nothing of it. */
static void line_end(struct metrics *metrics, const char *line, size_t length)
{
	if (metrics->length_bytes + length + TAIL_BYTES > metrics->capacity_bytes) {
		metrics->left_out++;
		return;
	}
	memcpy(metrics->text + metrics->length_bytes, line, length);
	metrics->length_bytes += length;
	metrics->text[metrics->length_bytes] = '\0';
}

void metrics_family(struct metrics *metrics, enum metrics_type type, const char *name, const char *help)
{
	static const char *const type_names[] = {
		[METRICS_UNTYPED] = "untyped", [METRICS_COUNTER] = "counter", [METRICS_GAUGE] = "gauge"};
	char line[512];
	int length = snprintf(line, sizeof(line), "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type_names[type]);
	metrics->family = name;
	if (length > 0 && (size_t)length < sizeof(line))
		line_end(metrics, line, (size_t)length);
	else
		metrics->left_out++;
}

/** A label's value between quotes: backslash, quote and line feed are escaped, as the format demands. */
static size_t label_value_write(const char *value, char *out, size_t room_bytes)
{
	size_t used = 0;
	for (; *value != '\0' && used + 2 < room_bytes; value++) {
		if (*value == '\\' || *value == '"' || *value == '\n')
			out[used++] = '\\';
		out[used++] = *value == '\n' ? 'n' : *value;
	}
	return used;
}

void metrics_sample(struct metrics *metrics, uint64_t value, const char *const *labels)
{
	char line[1024];
	size_t used = (size_t)snprintf(line, sizeof(line), "%s", metrics->family);
	for (size_t i = 0; labels != NULL && labels[i] != NULL && used < sizeof(line) - 128; i += 2) {
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%c%.60s=\"", i == 0 ? '{' : ',', labels[i]);
		used += label_value_write(labels[i + 1], line + used, sizeof(line) - used - 40);
		line[used++] = '"';
	}
	used += (size_t)snprintf(line + used, sizeof(line) - used, "%s %" PRIu64 "\n",
		labels != NULL && labels[0] != NULL ? "}" : "", value);
	line_end(metrics, line, used);
}

const char *metrics_text(struct metrics *metrics)
{
	if (metrics->left_out > 0)
		snprintf(metrics->text + metrics->length_bytes, TAIL_BYTES, "# %zu lines left out\n", metrics->left_out);
	return metrics->text;
}
