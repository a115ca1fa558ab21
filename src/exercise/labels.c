/* Labels are written with jansson, keys sorted, so that equal truths are equal bytes. */
#include "exercise/labels.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "exercise/address.h"
#include "exercise/direct.h"

const char *labels_vector(const struct scenario_stream *stream, char ret_name[static LABELS_VECTOR_BYTES])
{
	uint16_t port = stream->port != 0 ? stream->port : stream->recipe->src_port;
	if (stream->recipe->vector == VECTOR_UDP_REFLECTION)
		(void)snprintf(ret_name, LABELS_VECTOR_BYTES, "udp_reflection_%u", (unsigned)port);
	else
		(void)snprintf(ret_name, LABELS_VECTOR_BYTES, "%s", recipe_name(stream->recipe));
	return ret_name;
}

const char *labels_target(const struct scenario *scenario, const struct scenario_attack *attack,
	char ret_text[static IP_PREFIX_TEXT_BYTES])
{
	if (attack->kind != FINDING_SCAN && attack->kind != FINDING_BACKSCATTER)
		return ip_prefix_write(&attack->target, ret_text);
	struct ip_addr sender = address_of_machine(direct_world(scenario->seed, attack->streams[0].recipe), 0,
		scenario->is_v4);
	return ip_write(&sender, ret_text);
}

static json_t *shapes_of(const struct scenario_attack *attack, const struct scenario *scenario)
{
	json_t *shapes = json_array();
	if (attack->stream_count > 1)
		json_array_append_new(shapes, json_string("multi_vector"));
	if (attack->kind == FINDING_CARPET_BOMBING)
		json_array_append_new(shapes, json_string("carpet"));
	if (attack->has_dst_port && attack->dst_port == 0)
		json_array_append_new(shapes, json_string("port_carpet"));
	if (attack->on_ms != 0)
		json_array_append_new(shapes, json_string("pulse"));
	if (attack->ramp_ms != 0)
		json_array_append_new(shapes, json_string("ramp"));
	if (attack->end_ms - attack->start_ms < 10000 && attack->end_ms < scenario->duration_ms)
		json_array_append_new(shapes, json_string("burst"));
	return shapes;
}

static json_t *vector_of(const struct traffic_truth *truth, int64_t start_wall_ns, uint64_t attack_packets)
{
	char name[LABELS_VECTOR_BYTES];
	uint64_t total = attack_packets > 0 ? attack_packets : 1;
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:I}", "name", labels_vector(truth->stream, name),
		"packets", (json_int_t)truth->packets, "bytes", (json_int_t)truth->bytes,
		"packets_permille", (json_int_t)(truth->packets * 1000 / total),
		"response_packets", (json_int_t)truth->responses,
		"start_ms", (json_int_t)((start_wall_ns + truth->first_ns) / NS_PER_MS),
		"end_ms", (json_int_t)((start_wall_ns + truth->last_ns) / NS_PER_MS),
		"sources", recipe_sources_name(truth->stream->recipe->sources),
		"machines", (json_int_t)truth->stream->sources);
}

static json_t *attack_of(const struct scenario *scenario, const struct traffic *traffic,
	const struct scenario_attack *attack, int64_t start_wall_ns)
{
	char target[IP_PREFIX_TEXT_BYTES], finding_target[IP_PREFIX_TEXT_BYTES];
	json_t *vectors = json_array();
	uint64_t packets = 0, bytes = 0;
	int64_t first_ns = INT64_MAX, last_ns = 0;
	size_t count = traffic_stream_count(traffic);

	for (size_t i = 0; i < count; i++) {
		const struct traffic_truth *truth = traffic_truth_of(traffic, i);
		if (strcmp(truth->attack->name, attack->name) != 0 || truth->packets == 0)
			continue;
		packets += truth->packets;
		bytes += truth->bytes;
		first_ns = truth->first_ns < first_ns ? truth->first_ns : first_ns;
		last_ns = truth->last_ns > last_ns ? truth->last_ns : last_ns;
	}
	for (size_t i = 0; i < count; i++) {
		const struct traffic_truth *truth = traffic_truth_of(traffic, i);
		if (strcmp(truth->attack->name, attack->name) == 0 && truth->packets > 0)
			json_array_append_new(vectors, vector_of(truth, start_wall_ns, packets));
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:o}", "name", attack->name,
		"kind", finding_kind_name(attack->kind), "target", ip_prefix_write(&attack->target, target),
		"finding_target", labels_target(scenario, attack, finding_target),
		"packets", (json_int_t)packets, "bytes", (json_int_t)bytes,
		"start_ms", (json_int_t)((start_wall_ns + (packets > 0 ? first_ns : 0)) / NS_PER_MS),
		"end_ms", (json_int_t)((start_wall_ns + last_ns) / NS_PER_MS),
		"shapes", shapes_of(attack, scenario), "vectors", vectors);
}

int labels_write(const char *path, const struct scenario *scenario, const struct traffic *traffic,
	int64_t start_wall_ns, const char *format, uint32_t sampling, uint64_t written)
{
	json_t *attacks = json_array();
	for (size_t i = 0; i < scenario->attack_count; i++)
		json_array_append_new(attacks, attack_of(scenario, traffic, &scenario->attacks[i], start_wall_ns));
	json_t *root = json_pack("{s:i, s:s, s:I, s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:o}", "version", 1,
		"scenario", scenario->name, "seed", (json_int_t)scenario->seed, "ip_version", scenario->is_v4 ? 4 : 6,
		"format", format, "sampling", (json_int_t)sampling, "written_packets", (json_int_t)written,
		"client_packets", (json_int_t)traffic_client_packets(traffic),
		"start_ms", (json_int_t)(start_wall_ns / NS_PER_MS),
		"end_ms", (json_int_t)(start_wall_ns / NS_PER_MS + (int64_t)scenario->duration_ms), "attacks", attacks);
	if (root == NULL)
		return E_NOMEM;
	int failed = json_dump_file(root, path, JSON_INDENT(1) | JSON_SORT_KEYS);
	json_decref(root);
	return failed == 0 ? OK : E_SYS;
}
