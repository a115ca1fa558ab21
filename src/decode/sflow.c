/*
 * sFlow version 5: XDR, everything in words of four bytes.
 *
 * datagram: version 5, agent address {1 IPv4 | 2 IPv6, bytes}, sub-agent,
 *     sequence, uptime ms, samples, sample[]
 * sample: format (enterprise << 12 | number), length, body
 *     1 flow: sequence, source, rate, pool, drops, input, output, records, record[]
 *     3 expanded flow: the same with source, input and output as two words each
 *     2 and 4 counters, 5 discarded packet: counted, not used (what a switch
 *     discards is in its samples of arriving packets already)
 * record: format, length, body
 *     1 raw header: protocol, frame length, stripped bytes, header length, header
 *     3 sampled IPv4, 4 sampled IPv6: used where no raw header is
 *
 * A sample is one packet, and it says nothing about time: the arrival of the
 * datagram is taken. Exporters are known by their agent address, since
 * datagrams are relayed. Lengths are strict at every level: a record must
 * fit its sample, a sample its datagram, and nothing may be left over.
 */
#include "decode/sflow.h"

#include "core/cursor.h"
#include "decode/packet.h"

enum sample_format {
	SAMPLE_NONE = 0,
	SAMPLE_FLOW = 1,
	SAMPLE_COUNTERS = 2,
	SAMPLE_FLOW_EXPANDED = 3,
	SAMPLE_COUNTERS_EXPANDED = 4,
	SAMPLE_DISCARDED = 5,
};

enum record_format {
	RECORD_NONE = 0,
	RECORD_RAW_HEADER = 1,
	RECORD_IPV4 = 3,
	RECORD_IPV6 = 4,
};

enum header_protocol {
	HEADER_NONE = 0,
	HEADER_ETHERNET = 1,
	HEADER_PPP = 7,
	HEADER_IPV4 = 11,
	HEADER_IPV6 = 12,
};

#define DROPS_BELIEVED_MAX (UINT32_C(1) << 24) /* a larger step of the drops counter is a restart */

static enum link_type link_of(uint32_t protocol)
{
	switch (protocol) {
	case HEADER_ETHERNET:
		return LINK_ETHERNET;
	case HEADER_PPP:
		return LINK_PPP;
	case HEADER_IPV4:
	case HEADER_IPV6:
		return LINK_RAW;
	default:
		return LINK_UNKNOWN;
	}
}

/** The raw packet header; E_UNSUPPORTED: not IP. */
static int raw_header_read(struct cursor *cur, struct observation *ret_obs)
{
	uint32_t protocol = cursor_be32(cur);
	uint32_t frame_bytes = cursor_be32(cur);
	cursor_skip(cur, 4); /* stripped: some agents count what they cut off at the end */
	uint32_t header_bytes = cursor_be32(cur);
	const uint8_t *header = cursor_take(cur, header_bytes);
	if (cur->error != OK)
		return cur->error;
	return packet_parse(link_of(protocol), header, header_bytes, frame_bytes > header_bytes ? frame_bytes : header_bytes,
		ret_obs);
}

/** Sampled IPv4 and IPv6 records: the same members with other addresses. */
static int sampled_ip_read(struct cursor *cur, enum record_format format, struct observation *ret_obs)
{
	struct observation obs = {.packets = 1};
	obs.bytes = cursor_be32(cur);
	uint32_t protocol = cursor_be32(cur);
	if (format == RECORD_IPV4) {
		obs.src = ip_from_v4(cursor_be32(cur));
		obs.dst = ip_from_v4(cursor_be32(cur));
	} else {
		cursor_copy(cur, obs.src.bytes, 16);
		cursor_copy(cur, obs.dst.bytes, 16);
	}
	uint32_t src_port = cursor_be32(cur);
	uint32_t dst_port = cursor_be32(cur);
	uint32_t tcp_flags = cursor_be32(cur);
	cursor_skip(cur, 4); /* type of service, or priority */
	if (cur->error != OK)
		return cur->error;
	if (protocol > UINT8_MAX || src_port > UINT16_MAX || dst_port > UINT16_MAX || obs.bytes > UINT16_MAX)
		return E_MALFORMED;
	obs.protocol = (uint8_t)protocol;
	obs.src_port = (uint16_t)src_port;
	obs.dst_port = (uint16_t)dst_port;
	obs.tcp_flags = (uint8_t)tcp_flags;
	flow_record_settle(&obs);
	obs.traits &= ~(uint32_t)TRAIT_FLOW; /* one packet, not a sum */
	*ret_obs = obs;
	return OK;
}

/** Reads the records of a flow sample into the best observation they give; E_UNSUPPORTED: none of them is IP. */
static int records_read(struct cursor *cur, uint32_t count, struct observation *ret_obs)
{
	int verdict = E_UNSUPPORTED;
	bool has_raw = false;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t format = cursor_be32(cur);
		struct cursor record = cursor_slice(cur, cursor_be32(cur));
		if (cur->error != OK)
			return cur->error;
		if (has_raw)
			continue;
		struct observation obs = {0};
		int err = E_UNSUPPORTED;
		if (format == RECORD_RAW_HEADER)
			err = raw_header_read(&record, &obs);
		else if (format == RECORD_IPV4 || format == RECORD_IPV6)
			err = sampled_ip_read(&record, (enum record_format)format, &obs);
		has_raw = format == RECORD_RAW_HEADER && err == OK;
		if (err == OK)
			*ret_obs = obs;
		if (err == OK || (err != E_UNSUPPORTED && verdict != OK))
			verdict = err;
	}
	return cursor_left(cur) == 0 || verdict != OK ? verdict : E_MALFORMED;
}

/** Counts what the agent says it lost since its last sample of this source; its counter only grows until it restarts. */
static void drops_take(struct flow_context *ctx, struct flow_exporter *exporter, uint64_t source, uint32_t drops)
{
	const struct flow_note *note = flow_note_find(exporter, NOTE_DROPS, source);
	uint32_t more = note != NULL ? drops - note->value : 0;
	/* Of an agent with more sources than LIMIT_FLOW_NOTES, the rest go uncounted. */
	if (flow_note_set(exporter, NOTE_DROPS, source, drops) == OK && more <= DROPS_BELIEVED_MAX)
		ctx->counters->exporter_drops += more;
}

static void flow_sample_parse(struct flow_context *ctx, struct flow_exporter *exporter, struct cursor *cur,
	bool is_expanded)
{
	cursor_skip(cur, 4); /* sequence of the sample */
	uint64_t source = is_expanded ? cursor_be64(cur) : cursor_be32(cur);
	uint32_t sampling = cursor_be32(cur);
	cursor_skip(cur, 4); /* pool */
	uint32_t drops = cursor_be32(cur);
	cursor_skip(cur, is_expanded ? 16 : 8); /* input and output interface */
	uint32_t count = cursor_be32(cur);
	if (cur->error == OK)
		drops_take(ctx, exporter, source, drops);

	struct observation *obs = flow_batch_next(ctx);
	int err = cur->error == OK ? records_read(cur, count, obs) : cur->error;
	if (err != OK) {
		if (err == E_UNSUPPORTED)
			ctx->counters->records_no_ip++;
		else
			ctx->counters->records_malformed++;
		return;
	}
	if (flow_sampling_sound(ctx, sampling))
		exporter->sampling = sampling;
	obs->sampling = flow_sampling_default(ctx->state, exporter);
	obs->exporter = ctx->exporter_index;
	obs->start_ns = ctx->arrived_wall_ns;
	obs->end_ns = ctx->arrived_wall_ns;
	flow_batch_keep(ctx);
}

static void sample_parse(struct flow_context *ctx, struct flow_exporter *exporter, uint32_t format, struct cursor *cur)
{
	if (format == SAMPLE_FLOW || format == SAMPLE_FLOW_EXPANDED)
		flow_sample_parse(ctx, exporter, cur, format == SAMPLE_FLOW_EXPANDED);
	else
		ctx->counters->records_no_ip++; /* counters, discarded packets, and what an enterprise invented */
}

static int agent_read(struct cursor *cur, struct ip_addr *ret_agent)
{
	uint32_t family = cursor_be32(cur);
	if (family == 1)
		*ret_agent = ip_from_v4(cursor_be32(cur));
	else if (family == 2)
		cursor_copy(cur, ret_agent->bytes, 16);
	else
		cursor_fail(cur, E_MALFORMED);
	return cur->error;
}

int sflow_parse(struct flow_context *ctx, const uint8_t *bytes, size_t length_bytes)
{
	struct cursor cur = cursor_over(bytes, length_bytes);
	struct ip_addr agent;
	cursor_skip(&cur, 4);
	int err = agent_read(&cur, &agent);
	uint32_t sub_agent = cursor_be32(&cur);
	uint32_t sequence = cursor_be32(&cur);
	cursor_skip(&cur, 4); /* uptime */
	uint32_t samples = cursor_be32(&cur);
	if (err != OK || cur.error != OK)
		return cur.error;

	struct flow_exporter *exporter = flow_exporter_heard(ctx, FLOW_SFLOW5, &agent, sub_agent);
	flow_sequence_take(ctx, exporter, sequence, 1, 1);
	for (uint32_t i = 0; i < samples; i++) {
		uint32_t format = cursor_be32(&cur);
		struct cursor sample = cursor_slice(&cur, cursor_be32(&cur));
		if (cur.error != OK)
			break;
		sample_parse(ctx, exporter, format, &sample);
	}
	flow_batch_flush(ctx);
	return cur.error == OK && cursor_left(&cur) > 0 ? E_MALFORMED : cur.error;
}
