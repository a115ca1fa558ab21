/*
 * The way in: names of formats, which decoder a datagram goes to, and what
 * is counted for every one of them.
 */
#include "decode/flow.h"

#include "core/limits.h"
#include "decode/flow_state.h"
#include "decode/ipfix.h"
#include "decode/netflow5.h"
#include "decode/sflow.h"

/** One decoder: a whole datagram into observations. */
typedef int flow_decoder(struct flow_context *ctx, const uint8_t *bytes, size_t length_bytes);

static const struct {
	const char *name;
	flow_decoder *parse;
} formats[FLOW_FORMAT_COUNT] = {
	[FLOW_UNKNOWN] = {"unknown", NULL},
	[FLOW_NETFLOW5] = {"netflow5", netflow5_parse},
	[FLOW_NETFLOW9] = {"netflow9", netflow9_parse},
	[FLOW_IPFIX] = {"ipfix", ipfix_parse},
	[FLOW_SFLOW5] = {"sflow5", sflow_parse},
};

const char *flow_format_name(enum flow_format format)
{
	return (unsigned)format < FLOW_FORMAT_COUNT ? formats[format].name : formats[FLOW_UNKNOWN].name;
}

enum flow_format flow_format_of(const uint8_t *bytes, size_t length_bytes)
{
	if (length_bytes < 4 || bytes[0] != 0)
		return FLOW_UNKNOWN;
	switch (bytes[1]) {
	case 0:
		return bytes[2] == 0 && bytes[3] == 5 ? FLOW_SFLOW5 : FLOW_UNKNOWN;
	case 5:
		return FLOW_NETFLOW5;
	case 9:
		return FLOW_NETFLOW9;
	case 10:
		return FLOW_IPFIX;
	default:
		return FLOW_UNKNOWN;
	}
}

struct flow_config flow_config_default(void)
{
	return (struct flow_config){
		.exporters_max = LIMIT_FLOW_EXPORTERS,
		.templates_max = LIMIT_FLOW_TEMPLATES,
		.sampling_max = LIMIT_FLOW_SAMPLING,
		.default_sampling = 1,
	};
}

const struct flow_counters *flow_counters_of(const struct flow_state *state, enum flow_format format)
{
	ASSERT((unsigned)format < FLOW_FORMAT_COUNT);
	return &state->counters[format];
}

/** Times of arrival come from capture files too, which may say anything; within this, no sum of times can overflow. */
static int64_t arrival_bounded(int64_t wall_ns)
{
	const int64_t most_ns = INT64_C(1) << 62;
	return wall_ns < 0 ? 0 : wall_ns > most_ns ? most_ns : wall_ns;
}

int flow_parse(struct flow_state *state, const struct ip_addr *exporter, uint32_t exporter_index,
	int64_t arrived_wall_ns, const uint8_t *bytes, size_t length_bytes, flow_sink *sink, void *arg)
{
	enum flow_format format = flow_format_of(bytes, length_bytes);
	struct flow_counters *counters = &state->counters[format];
	counters->datagrams++;
	if (format == FLOW_UNKNOWN) {
		counters->datagrams_malformed++;
		return E_UNSUPPORTED;
	}
	struct flow_context ctx; /* its batch is not cleared: observations are written whole */
	ctx.state = state;
	ctx.counters = counters;
	ctx.sender = exporter;
	ctx.arrived_wall_ns = arrival_bounded(arrived_wall_ns);
	ctx.exporter_index = exporter_index;
	ctx.batch_count = 0;
	ctx.sink = sink;
	ctx.arg = arg;
	int err = formats[format].parse(&ctx, bytes, length_bytes);
	if (err != OK)
		counters->datagrams_malformed++;
	return err;
}
