/* The metrics page: all counters of the sensor in the Prometheus text format. */
#include "sensor/metrics_page.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/metrics.h"
#include "decode/flow.h"
#include "sensor/sensor.h"

static void inputs_write(struct metrics *metrics, struct sensor *sensor)
{
	struct input_report reports[SENSOR_INPUTS_MAX];
	for (size_t i = 0; i < sensor->input_count; i++)
		input_report(&sensor->inputs[i], &reports[i]);
	metrics_family(metrics, METRICS_COUNTER, "hinomi_input_received_total",
		"Packets or datagrams that an input was given: used and dropped together.");
	for (size_t i = 0; i < sensor->input_count; i++)
		metrics_sample(metrics, reports[i].received,
			(const char *const[]){"input", reports[i].name, "kind", reports[i].kind, NULL});
	metrics_family(metrics, METRICS_COUNTER, "hinomi_input_used_total", "Packets or datagrams that became observations.");
	for (size_t i = 0; i < sensor->input_count; i++)
		metrics_sample(metrics, reports[i].used,
			(const char *const[]){"input", reports[i].name, "kind", reports[i].kind, NULL});
	metrics_family(metrics, METRICS_COUNTER, "hinomi_input_dropped_total", "Packets or datagrams not used, by reason.");
	for (size_t i = 0; i < sensor->input_count; i++) {
		for (size_t k = 0; k < reports[i].dropped_count; k++)
			metrics_sample(metrics, reports[i].dropped[k].count, (const char *const[]){"input", reports[i].name, "kind",
				reports[i].kind, "reason", reports[i].dropped[k].reason, NULL});
	}
	metrics_family(metrics, METRICS_GAUGE, "hinomi_input_up", "Whether an input's interface is there and up.");
	for (size_t i = 0; i < sensor->input_count; i++)
		metrics_sample(metrics, sensor->inputs[i].state == INTERFACE_UP,
			(const char *const[]){"input", reports[i].name, "kind", reports[i].kind, NULL});
	metrics_family(metrics, METRICS_COUNTER, "hinomi_input_outages_total", "Times that an input's interface went down or away.");
	for (size_t i = 0; i < sensor->input_count; i++)
		metrics_sample(metrics, reports[i].outages,
			(const char *const[]){"input", reports[i].name, "kind", reports[i].kind, NULL});
	metrics_family(metrics, METRICS_COUNTER, "hinomi_interface_packets_total", "Packets seen on a sampled interface, exactly.");
	for (size_t i = 0; i < sensor->input_count; i++) {
		if (reports[i].seen_packets > 0)
			metrics_sample(metrics, reports[i].seen_packets, (const char *const[]){"input", reports[i].name, NULL});
	}
}

/** One counter of struct detect_counters or struct flow_counters as a family. */
struct counter_row {
	const char *name, *help;
	size_t offset;
};

#define DETECT_ROW(member, help) {"hinomi_detect_" #member "_total", help, offsetof(struct detect_counters, member)}
#define FLOW_ROW(member, help) {"hinomi_flow_" #member "_total", help, offsetof(struct flow_counters, member)}

static const struct counter_row detect_rows[] = {
	DETECT_ROW(observations, "Observations taken in."),
	DETECT_ROW(packets, "Packets, corrected for sampling."),
	DETECT_ROW(bytes, "IP bytes, corrected for sampling."),
	DETECT_ROW(late, "Observations too old for the rates."),
	DETECT_ROW(early, "Observations from the future, clamped."),
	DETECT_ROW(targets_evicted, "Addresses that made room for busier ones."),
	DETECT_ROW(watched_refused, "Addresses not watched closely: all profiles were in use."),
	DETECT_ROW(sources_evicted, "Sources that made room for busier ones."),
	DETECT_ROW(findings_begun, "Findings begun."),
	DETECT_ROW(findings_ended, "Findings ended."),
	DETECT_ROW(findings_refused, "Findings not opened: too many are."),
};

static const struct counter_row flow_rows[] = {
	FLOW_ROW(datagrams, "Datagrams of a flow format."),
	FLOW_ROW(datagrams_malformed, "Datagrams refused or cut short inside."),
	FLOW_ROW(records, "Records that became observations."),
	FLOW_ROW(records_no_ip, "Data records without an address pair."),
	FLOW_ROW(records_empty, "Data records of no packets and no bytes."),
	FLOW_ROW(records_malformed, "Contradictory records, skipped."),
	FLOW_ROW(sets_unknown_template, "Data sets whose template is not known."),
	FLOW_ROW(templates_learned, "Templates learned."),
	FLOW_ROW(templates_withdrawn, "Templates withdrawn."),
	FLOW_ROW(templates_changed, "Templates whose layout changed."),
	FLOW_ROW(templates_refused, "Templates refused."),
	FLOW_ROW(templates_evicted, "Templates that made room."),
	FLOW_ROW(exporters_evicted, "Exporters whose state made room."),
	FLOW_ROW(sampling_refused, "Absurd sampling rates refused."),
	FLOW_ROW(sequence_gaps, "Records or datagrams that were sent and never seen."),
	FLOW_ROW(exporter_drops, "Samples that agents lost themselves."),
	FLOW_ROW(clock_refused, "Record times outside sense."),
};

static uint64_t counter_at(const void *counters, size_t offset)
{
	uint64_t value;
	memcpy(&value, (const char *)counters + offset, sizeof(value));
	return value;
}

static void engines_write(struct metrics *metrics, const struct sensor *sensor)
{
	for (size_t row = 0; row < ARRAY_LEN(detect_rows); row++) {
		metrics_family(metrics, METRICS_COUNTER, detect_rows[row].name, detect_rows[row].help);
		for (int i = 0; i < ENGINE_COUNT; i++) {
			if (sensor->engines[i] != NULL)
				metrics_sample(metrics, counter_at(detect_counters_of(sensor->engines[i]), detect_rows[row].offset),
					(const char *const[]){"engine", sensor_engine_name((enum sensor_engine)i), NULL});
		}
	}
	metrics_family(metrics, METRICS_COUNTER, "hinomi_class_packets_total", "Packets by flow class, corrected for sampling.");
	for (int i = 0; i < ENGINE_COUNT; i++) {
		for (int class = 0; class < FLOW_CLASS_COUNT && sensor->engines[i] != NULL; class++)
			metrics_sample(metrics, detect_counters_of(sensor->engines[i])->class_packets[class],
				(const char *const[]){"engine", sensor_engine_name((enum sensor_engine)i), "class",
					flow_class_name((enum flow_class)class), NULL});
	}
}

static void flows_write(struct metrics *metrics, const struct sensor *sensor)
{
	for (size_t row = 0; row < ARRAY_LEN(flow_rows) && sensor->flow != NULL; row++) {
		metrics_family(metrics, METRICS_COUNTER, flow_rows[row].name, flow_rows[row].help);
		for (int i = FLOW_UNKNOWN + 1; i < FLOW_FORMAT_COUNT; i++) {
			enum flow_format format = (enum flow_format)i;
			metrics_sample(metrics, counter_at(flow_counters_of(sensor->flow, format), flow_rows[row].offset),
				(const char *const[]){"format", flow_format_name(format), NULL});
		}
	}
	metrics_family(metrics, METRICS_COUNTER, "hinomi_exporter_records_total", "Records by exporter.");
	for (uint32_t i = 0; i < sensor->exporters.count && sensor->flow != NULL; i++) {
		char addr[IP_TEXT_BYTES] = "other";
		if (i > 0)
			ip_write(&sensor->exporters.entries[i].addr, addr);
		metrics_sample(metrics, sensor->exporters.entries[i].records, (const char *const[]){"exporter", addr, NULL});
	}
}

static void line_file_write(struct metrics *metrics, const char *name, const struct line_file *file)
{
	if (file == NULL)
		return;
	struct line_file_counters lines = line_file_counters_of(file);
	metrics_sample(metrics, lines.written, (const char *const[]){"file", name, "state", "written", NULL});
	metrics_sample(metrics, lines.waiting, (const char *const[]){"file", name, "state", "waiting", NULL});
	metrics_sample(metrics, lines.lost, (const char *const[]){"file", name, "state", "lost", NULL});
}

static void countermeasures_write(struct metrics *metrics, const struct sensor *sensor)
{
	if (sensor->countermeasures == NULL)
		return;
	struct countermeasures_counters counters = countermeasures_counters_of(sensor->countermeasures);
	struct line_link_counters link = countermeasures_link_of(sensor->countermeasures);
	metrics_family(metrics, METRICS_COUNTER, "hinomi_countermeasures_total",
		"Findings, or changes of them, by how they were answered.");
	metrics_sample(metrics, counters.proposed, (const char *const[]){"answer", "proposed", NULL});
	metrics_sample(metrics, counters.separated_none, (const char *const[]){"answer", "separated_none", NULL});
	metrics_sample(metrics, counters.failed, (const char *const[]){"answer", "failed", NULL});
	metrics_sample(metrics, counters.findings_refused, (const char *const[]){"answer", "refused", NULL});
	metrics_family(metrics, METRICS_COUNTER, "hinomi_headers_sampled_total", "Packet headers in the sample for countermeasures.");
	metrics_sample(metrics, counters.looked_at, NULL);
	metrics_family(metrics, METRICS_COUNTER, "hinomi_source_sets_removed_total",
		"Files of source sets that no order can need any more.");
	metrics_sample(metrics, counters.sets_removed, NULL);
	metrics_family(metrics, METRICS_GAUGE, "hinomi_authority_lines", "Countermeasures on their way to the authority, by state.");
	metrics_sample(metrics, link.sent, (const char *const[]){"state", "sent", NULL});
	metrics_sample(metrics, link.waiting, (const char *const[]){"state", "waiting", NULL});
	metrics_sample(metrics, link.lost, (const char *const[]){"state", "lost", NULL});
}

static void findings_write(struct metrics *metrics, const struct sensor *sensor)
{
	metrics_family(metrics, METRICS_COUNTER, "hinomi_findings_total", "Findings by kind.");
	for (int i = FINDING_UNKNOWN + 1; i < FINDING_KIND_COUNT; i++)
		metrics_sample(metrics, sensor->findings.by_kind[i],
			(const char *const[]){"kind", finding_kind_name((enum finding_kind)i), NULL});
	metrics_family(metrics, METRICS_GAUGE, "hinomi_finding_lines", "Lines of findings by file and state.");
	line_file_write(metrics, "own", sensor->findings.own);
	line_file_write(metrics, "outgoing", sensor->findings.outgoing);
	metrics_family(metrics, METRICS_COUNTER, "hinomi_sources_erased_total",
		"Sources taken out of outgoing findings by flow class.");
	metrics_sample(metrics, sensor->findings.sources_erased, NULL);
	metrics_family(metrics, METRICS_COUNTER, "hinomi_targets_erased_total",
		"Outgoing findings whose target, the source of a scan or of backscatter, was taken out by flow class.");
	metrics_sample(metrics, sensor->findings.targets_erased, NULL);
	metrics_family(metrics, METRICS_COUNTER, "hinomi_saves_failed_total", "State that could not be saved, tried again.");
	metrics_sample(metrics, sensor->saves_failed, NULL);
}

static void sensor_write(struct metrics *metrics, const struct sensor *sensor)
{
	metrics_family(metrics, METRICS_GAUGE, "hinomi_packets_per_second", "Packets of the last second, corrected for sampling.");
	metrics_sample(metrics, sensor->rate_pps, NULL);
	metrics_family(metrics, METRICS_GAUGE, "hinomi_bits_per_second", "IP bits of the last second, corrected for sampling.");
	metrics_sample(metrics, sensor->rate_bps, NULL);
	metrics_family(metrics, METRICS_GAUGE, "hinomi_memory_bytes", "Memory of the engines.");
	metrics_sample(metrics, sensor_memory_bytes(sensor), NULL);
	metrics_family(metrics, METRICS_GAUGE, "hinomi_uptime_seconds", "Seconds since the start.");
	metrics_sample(metrics, (uint64_t)((clock_mono_ns() - sensor->started_mono_ns) / NS_PER_S), NULL);
}

static int text_reply(const char *status, const char *body, char **ret_reply, size_t *ret_reply_bytes)
{
	size_t room = strlen(body) + 256;
	char *reply = malloc(room);
	if (reply == NULL)
		return E_NOMEM;
	int length = snprintf(reply, room, "HTTP/1.0 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
		"Content-Length: %zu\r\nConnection: close\r\n\r\n%s", status, strlen(body), body);
	*ret_reply = reply;
	*ret_reply_bytes = (size_t)length;
	return OK;
}

static bool begins_with(const char *text, const char *beginning)
{
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

int metrics_page_reply(void *arg, const char *request, size_t length_bytes, char **ret_reply, size_t *ret_reply_bytes)
{
	struct sensor *sensor = arg;
	(void)length_bytes;
	if (!begins_with(request, "GET "))
		return text_reply("405 Method Not Allowed", "only GET\n", ret_reply, ret_reply_bytes);
	if (!begins_with(request, "GET /metrics HTTP/1.") && !begins_with(request, "GET /metrics?"))
		return text_reply("404 Not Found", "only /metrics\n", ret_reply, ret_reply_bytes);
	struct metrics metrics;
	int err = metrics_init(&metrics);
	if (err != OK)
		return err;
	inputs_write(&metrics, sensor);
	engines_write(&metrics, sensor);
	flows_write(&metrics, sensor);
	findings_write(&metrics, sensor);
	countermeasures_write(&metrics, sensor);
	sensor_write(&metrics, sensor);
	err = text_reply("200 OK", metrics_text(&metrics), ret_reply, ret_reply_bytes);
	metrics_done(&metrics);
	return err;
}

int metrics_page_listen(const struct config_listen *config, int *ret_fd)
{
	int fd = socket(config->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int yes = 1;
	if (fd < 0)
		return E_SYS;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
	    bind(fd, (const struct sockaddr *)&config->addr, config->addr_bytes) == 0 && listen(fd, LIMIT_SERVICE_CLIENTS) == 0) {
		*ret_fd = fd;
		return OK;
	}
	int saved_errno = errno;
	close(fd);
	errno = saved_errno;
	return E_SYS;
}
