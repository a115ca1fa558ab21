/*
 * NetFlow version 5 into observations. One check of the length, then plain
 * loads: this format has no options, so speed is all it asks for.
 *
 * header (24)                      record (48)
 *  0  version 5                     0  source address         28  last, SysUptime ms
 *  2  records, 1..30                4  destination address    32  source port
 *  4  SysUptime ms                  8  next hop               34  destination port
 *  8  export time, s               12  input interface        37  TCP flags, or-ed
 * 12  export time, residual ns     14  output interface       38  protocol
 * 16  flows exported before        16  packets                39  type of service
 * 20  engine type, id              20  IP bytes               40  autonomous systems, masks
 * 22  sampling: 2 bits mode,       24  first, SysUptime ms
 *     14 bits interval
 */
#include "decode/netflow5.h"

#include "core/cursor.h"
#include "decode/flow_load.h"

#define HEADER_BYTES 24
#define RECORD_BYTES 48
#define RECORDS_MAX 30

_Static_assert(RECORDS_MAX <= FLOW_BATCH_MAX, "a datagram is one batch");

/** The interval of the header; where it is 0 (not said) or absurd, what was said before. */
static uint32_t sampling_of(struct flow_context *ctx, struct flow_exporter *exporter, uint16_t field)
{
	uint32_t sampling = field & 0x3fffu; /* whatever the mode: some send an interval with mode 0 */
	if (sampling != 0 && flow_sampling_sound(ctx, sampling))
		exporter->sampling = sampling;
	return flow_sampling_default(ctx->state, exporter);
}

/** Milliseconds of SysUptime before the header's, negative if after; SysUptime wraps after 49.7 days. */
static int32_t age_ms(uint32_t uptime_ms, uint32_t then_ms)
{
	return (int32_t)(uptime_ms - then_ms);
}

static void record_parse(struct flow_context *ctx, const struct flow_clock *clock, uint32_t sampling, const uint8_t *record)
{
	static const struct observation blank; /* copied, for clearing is slower */
	uint64_t packets = load_be32(record + 16);
	uint64_t bytes = load_be32(record + 20);
	if (packets == 0) {
		if (bytes == 0)
			ctx->counters->records_empty++;
		else
			ctx->counters->records_malformed++;
		return;
	}
	struct observation *obs = flow_batch_next(ctx);
	*obs = blank;
	obs->sampling = sampling;
	obs->exporter = ctx->exporter_index;
	obs->src = ip_from_v4(load_be32(record));
	obs->dst = ip_from_v4(load_be32(record + 4));
	obs->packets = packets;
	obs->bytes = bytes;
	obs->src_port = load_be16(record + 32);
	obs->dst_port = load_be16(record + 34);
	obs->tcp_flags = record[37];
	obs->protocol = record[38];
	int64_t start_ns = clock->export_wall_ns - age_ms(clock->uptime_ms, load_be32(record + 24)) * NS_PER_MS;
	int64_t end_ns = clock->export_wall_ns - age_ms(clock->uptime_ms, load_be32(record + 28)) * NS_PER_MS;
	flow_times_set(ctx, clock, start_ns, end_ns, obs);
	flow_record_settle(obs);
	flow_batch_keep(ctx);
}

int netflow5_parse(struct flow_context *ctx, const uint8_t *bytes, size_t length_bytes)
{
	struct cursor cur = cursor_over(bytes, length_bytes);
	const uint8_t *header = cursor_take(&cur, HEADER_BYTES);
	if (header == NULL)
		return E_TRUNCATED;
	size_t count = load_be16(header + 2);
	if (count == 0 || count > RECORDS_MAX)
		return E_MALFORMED;

	size_t here = cursor_left(&cur) / RECORD_BYTES;
	int err = here < count ? E_TRUNCATED : cursor_left(&cur) > count * RECORD_BYTES ? E_MALFORMED : OK;
	const uint8_t *records = cursor_take(&cur, (here < count ? here : count) * RECORD_BYTES);
	struct flow_exporter *exporter = flow_exporter_heard(ctx, FLOW_NETFLOW5, ctx->sender, load_be16(header + 20));
	flow_sequence_take(ctx, exporter, load_be32(header + 16), (uint32_t)count, RECORDS_MAX);
	uint32_t sampling = sampling_of(ctx, exporter, load_be16(header + 22));
	int64_t export_wall_ns = load_be32(header + 8) * NS_PER_S + load_be32(header + 12);
	struct flow_clock clock = flow_clock_judge(ctx, export_wall_ns, load_be32(header + 4));
	for (size_t i = 0; i < here && i < count; i++)
		record_parse(ctx, &clock, sampling, records + i * RECORD_BYTES);
	flow_batch_flush(ctx);
	return err;
}
