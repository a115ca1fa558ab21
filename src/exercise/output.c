/*
 * packet → capture file, or
 * packet → sampling → flow cache → exporter → datagram → capture file, or
 * packet → sampling → exporter (sFlow) → datagram → capture file.
 */
#include "exercise/output.h"

#include <stdlib.h>

#include "core/random.h"
#include "decode/observation.h"
#include "exercise/capture_file.h"

#define FLOW_CACHE_PLACES 65536
#define EXPORTER_ADDRESS 0xc6336401 /* 198.51.100.1, RFC 5737 */
#define COLLECTOR_ADDRESS 0xc0000201 /* 192.0.2.1 */

struct output {
	struct output_config config;
	struct random rng;
	struct capture_file *file;
	struct flow_cache *cache; /* NULL: packets or sFlow */
	struct exporter exporter;
	uint64_t looked_at;
};

static int datagram_write(void *arg, const uint8_t *bytes, size_t length_bytes, int64_t time_ns)
{
	struct output *output = arg;
	uint16_t port = exporter_port(output->config.format);
	struct packet packet = {.time_ns = time_ns, .src = ip_from_v4(EXPORTER_ADDRESS), .dst = ip_from_v4(COLLECTOR_ADDRESS),
		.protocol = PROTOCOL_UDP, .ttl = 62, .src_port = 50000, .dst_port = port,
		.payload_bytes = (uint16_t)length_bytes, .fill = bytes};
	return capture_file_add(output->file, &packet);
}

static int record_export(void *arg, const struct flow_record *record, int64_t now_ns)
{
	struct output *output = arg;
	return exporter_add_flow(&output->exporter, record, now_ns);
}

int output_new(const struct output_config *config, struct output **ret_output)
{
	struct output *output = calloc(1, sizeof(*output));
	if (output == NULL)
		return E_NOMEM;
	output->config = *config;
	random_init(&output->rng, config->seed);
	output->exporter = (struct exporter){.format = config->format, .is_v4 = config->is_v4, .sampling = config->sampling,
		.start_wall_ns = config->start_wall_ns, .sink = datagram_write, .arg = output};
	int error = capture_file_new(config->path, config->start_wall_ns, &output->file);
	if (error == OK && config->format != EXPORTER_UNKNOWN && config->format != EXPORTER_SFLOW)
		error = flow_cache_new(config->active_ms, config->inactive_ms, FLOW_CACHE_PLACES, record_export, output,
			&output->cache);
	if (error != OK) {
		output_free(output);
		return error;
	}
	*ret_output = output;
	return OK;
}

void output_free(struct output *output)
{
	if (output == NULL)
		return;
	flow_cache_free(output->cache);
	capture_file_free(output->file);
	free(output);
}

int output_add(struct output *output, const struct packet *packet)
{
	if (output->config.sampling > 1 && random_below(&output->rng, output->config.sampling) != 0)
		return OK;
	output->looked_at++;
	if (output->config.format == EXPORTER_UNKNOWN)
		return capture_file_add(output->file, packet);
	if (output->config.format == EXPORTER_SFLOW)
		return exporter_add_sample(&output->exporter, packet);
	return flow_cache_add(output->cache, packet);
}

int output_finish(struct output *output, int64_t now_ns)
{
	int error = OK;
	if (output->cache != NULL)
		error = flow_cache_flush(output->cache, now_ns);
	if (error == OK && output->config.format != EXPORTER_UNKNOWN)
		error = exporter_flush(&output->exporter, now_ns);
	int finished = capture_file_finish(output->file);
	return error != OK ? error : finished;
}

uint64_t output_written(const struct output *output)
{
	return capture_file_packets(output->file);
}

uint64_t output_looked_at(const struct output *output)
{
	return output->looked_at;
}
