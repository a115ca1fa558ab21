/* The status socket's reply, by jansson; every list in it is bounded by core/limits.h. */
#include "sensor/status.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/limits.h"
#include "core/local.h"

/** A counter as JSON has it; jansson's integers are signed. */
static json_t *number(uint64_t value)
{
	return json_integer(value < INT64_MAX ? (json_int_t)value : INT64_MAX);
}

static json_t *inputs_json(struct sensor *sensor)
{
	json_t *inputs = json_array();
	for (size_t i = 0; i < sensor->input_count; i++) {
		struct input_report report;
		input_report(&sensor->inputs[i], &report);
		json_t *dropped = json_object();
		for (size_t k = 0; k < report.dropped_count; k++) {
			if (report.dropped[k].count > 0)
				json_object_set_new(dropped, report.dropped[k].reason, number(report.dropped[k].count));
		}
		json_array_append_new(inputs, json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "name", report.name, "kind", report.kind,
			"state", report.state, "outages", number(report.outages), "received", number(report.received), "used",
			number(report.used), "dropped", dropped));
	}
	return inputs;
}

static int talker_order(const void *a, const void *b)
{
	const struct detect_talker *left = a, *right = b;
	return left->pps < right->pps ? 1 : left->pps > right->pps ? -1 : 0;
}

static json_t *talkers_json(const struct sensor *sensor)
{
	struct detect_talker talkers[ENGINE_COUNT * LIMIT_STATUS_TALKERS];
	size_t count = 0;
	for (int i = 0; i < ENGINE_COUNT; i++) {
		if (sensor->engines[i] != NULL)
			count += detect_top(sensor->engines[i], talkers + count, LIMIT_STATUS_TALKERS);
	}
	qsort(talkers, count, sizeof(talkers[0]), talker_order);
	json_t *list = json_array();
	for (size_t i = 0; i < count && i < LIMIT_STATUS_TALKERS; i++) {
		char addr[IP_TEXT_BYTES];
		json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:b}", "addr", ip_write(&talkers[i].addr, addr), "pps",
			number(talkers[i].pps), "bps", number(talkers[i].bps), "attacked", (int)talkers[i].is_attacked));
	}
	return list;
}

/** Open findings being gathered. */
struct gathered {
	json_t *list;
	uint64_t omitted;
};

static void finding_gather(void *arg, const struct finding *finding)
{
	struct gathered *gathered = arg;
	char *text = NULL;
	json_t *document = NULL;
	if (json_array_size(gathered->list) < LIMIT_STATUS_FINDINGS && finding_write(finding, &text) == OK)
		document = json_loads(text, 0, NULL);
	free(text);
	if (document == NULL || json_array_append_new(gathered->list, document) != 0)
		gathered->omitted++;
}

static json_t *status_json(struct sensor *sensor)
{
	struct gathered gathered = {.list = json_array()};
	for (int i = 0; i < ENGINE_COUNT; i++) {
		if (sensor->engines[i] != NULL)
			detect_open(sensor->engines[i], finding_gather, &gathered);
	}
	struct line_file_counters lines = {0};
	if (sensor->findings.own != NULL)
		lines = line_file_counters_of(sensor->findings.own);
	return json_pack("{s:i, s:s, s:I, s:{s:o, s:o}, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}, s:o}", "version", 1, "sensor",
		sensor->config->detect.sensor, "uptime_s", (json_int_t)((clock_mono_ns() - sensor->started_mono_ns) / NS_PER_S),
		"rates", "pps", number(sensor->rate_pps), "bps", number(sensor->rate_bps), "inputs", inputs_json(sensor),
		"talkers", talkers_json(sensor), "findings", gathered.list, "findings_omitted", number(gathered.omitted),
		"lines", "written", number(lines.written), "waiting", number(lines.waiting), "lost", number(lines.lost),
		"memory_bytes", number(sensor_memory_bytes(sensor)));
}

/** Whether the request asks for the status. */
static bool is_status_request(const char *request, size_t length_bytes)
{
	json_t *document = json_loadb(request, length_bytes, JSON_REJECT_DUPLICATES, NULL);
	const char *command = json_string_value(json_object_get(document, "command"));
	bool is_status = command != NULL && strcmp(command, "status") == 0;
	json_decref(document);
	return is_status;
}

int status_reply(void *arg, const char *request, size_t length_bytes, char **ret_reply, size_t *ret_reply_bytes)
{
	json_t *reply;
	if (is_status_request(request, length_bytes))
		reply = status_json(arg);
	else
		reply = json_pack("{s:i, s:s}", "version", 1, "error", "unknown command; known: status");
	char *text = reply != NULL ? json_dumps(reply, JSON_COMPACT) : NULL;
	json_decref(reply);
	if (text == NULL)
		return E_NOMEM;
	size_t length = strlen(text);
	if (length >= LIMIT_SERVICE_REPLY_BYTES) {
		free(text);
		return E_LIMIT;
	}
	text[length] = '\n'; /* in the place of the NUL */
	*ret_reply = text;
	*ret_reply_bytes = length + 1;
	return OK;
}

int status_listen(const char *path, int *ret_fd)
{
	return local_listen(path, LIMIT_SERVICE_CLIENTS, ret_fd);
}
