/*
 * One data record. A record is loaded into slots by the list of its
 * template, then read from the slots: absent ones are 0, so that most
 * choices are "the first that is not 0". A biflow (RFC 5103, and the
 * initiator and responder counts of firewalls) becomes two observations.
 *
 * Ours is the judgement what a record without packets, without bytes, or
 * with both of a size that cannot be is worth: see record_count().
 */
#include "decode/ipfix_record.h"

#include "decode/flow_load.h"

#define FRAGMENT_MORE 0x20u /* of fragmentFlags, as IANA draws it */
#define DIRECTION_EGRESS 1u /* flowDirection */
#define PACKET_TYPICAL_BYTES 1500u /* where only bytes are exported, there were at least so many packets */
#define CORRECTED_MAX (UINT64_C(1) << 60) /* packets or bytes, after correction for sampling, of one record */

/** A number of 1..8 bytes: the eight bytes that end with it, shifted; they are inside the datagram (IPFIX_PREFIX_BYTES). */
static uint64_t number_load(const uint8_t *end, size_t length_bytes)
{
	unsigned shift = (unsigned)(64 - 8 * length_bytes);
	return load_be64(end - 8) << shift >> shift;
}

/** Loads a variable-length field (RFC 7011 section 7); NULL if it, or what must follow it, runs over the end. */
static const uint8_t *variable_load(const struct template_action *action, const uint8_t *field, const uint8_t *end,
	struct ipfix_record *ret_record)
{
	size_t length_bytes = *field++;
	if (length_bytes == 255) {
		if (end - field < 2)
			return NULL;
		length_bytes = load_be16(field);
		field += 2;
	}
	if ((size_t)(end - field) < length_bytes + action->tail_bytes)
		return NULL;
	if (action->slot == SLOT_SECTION) {
		ret_record->section = field;
		ret_record->value[SLOT_SECTION] = length_bytes;
	} else if (action->slot != SLOT_NONE) {
		if (length_bytes > 8)
			return NULL;
		ret_record->value[action->slot] = length_bytes > 0 ? number_load(field + length_bytes, length_bytes) : 0;
	}
	return field + length_bytes;
}

size_t ipfix_record_load(const struct template *template, const uint8_t *bytes, const uint8_t *end,
	struct ipfix_record *ret_record)
{
	const uint8_t *base = bytes;
	size_t tail_bytes = template->head_bytes;
	for (size_t i = 0; i < template->action_count; i++) {
		const struct template_action *action = &template->actions[i];
		const uint8_t *field = base + action->offset_bytes;
		if (action->length_bytes == TEMPLATE_VARIABLE) {
			base = variable_load(action, field, end, ret_record);
			if (base == NULL)
				return 0;
			tail_bytes = action->tail_bytes;
		} else if (action->slot == SLOT_SECTION) {
			ret_record->section = field;
			ret_record->value[SLOT_SECTION] = action->length_bytes;
		} else {
			ret_record->value[action->slot] = number_load(field + action->length_bytes, action->length_bytes);
		}
	}
	return (size_t)(base - bytes) + tail_bytes;
}

static uint64_t first_of(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	return a != 0 ? a : b != 0 ? b : c != 0 ? c : d;
}

/** A point in time by the exporter's clock; one that cannot be is long before any belief. */
static int64_t time_ns(const struct flow_clock *clock, enum template_time form, uint64_t value)
{
	const uint64_t s_max = UINT32_MAX;
	switch (form) {
	case TIME_S:
		return value <= s_max ? (int64_t)value * NS_PER_S : 0;
	case TIME_MS:
		return value <= s_max * 1000 ? (int64_t)value * NS_PER_MS : 0;
	case TIME_NTP: /* RFC 7011 section 6.1.9: seconds since 1900 and a fraction of 2^-32 s */
		return ((int64_t)(value >> 32) - INT64_C(2208988800)) * NS_PER_S +
			(int64_t)((value & UINT32_MAX) * (uint64_t)NS_PER_S >> 32);
	case TIME_BEFORE_EXPORT_US:
		return value <= UINT32_MAX ? clock->export_wall_ns - (int64_t)value * NS_PER_US : 0;
	case TIME_NONE:
		break;
	}
	return 0;
}

/** SysUptime values need the boot time: from v9's header, the record, or an options record. False: never said. */
static bool uptime_of(const struct ipfix_message *message, const uint64_t *value, uint32_t *ret_uptime_ms)
{
	if (message->has_uptime) {
		*ret_uptime_ms = message->clock.uptime_ms;
		return true;
	}
	uint64_t boot_wall_ms = value[SLOT_BOOT_MS] != 0 ? value[SLOT_BOOT_MS] : message->exporter->boot_wall_ms;
	*ret_uptime_ms = (uint32_t)((uint64_t)(message->clock.export_wall_ns / NS_PER_MS) - boot_wall_ms);
	return boot_wall_ms != 0;
}

static void record_times(const struct ipfix_message *message, const struct template *template, const uint64_t *value,
	struct observation *obs)
{
	const struct flow_clock *clock = &message->clock;
	int64_t end_ns = clock->export_wall_ns;
	int64_t start_ns = end_ns;
	uint64_t duration_ms = value[SLOT_DURATION_MS] + value[SLOT_DURATION_US] / 1000;
	int64_t duration_ns = duration_ms < UINT32_MAX ? (int64_t)duration_ms * NS_PER_MS : 0;
	uint32_t uptime_ms;
	if (template->has[SLOT_START] && template->has[SLOT_END]) {
		start_ns = time_ns(clock, template->start_time, value[SLOT_START]);
		end_ns = time_ns(clock, template->end_time, value[SLOT_END]);
	} else if (template->has[SLOT_START]) {
		start_ns = time_ns(clock, template->start_time, value[SLOT_START]);
		end_ns = start_ns + duration_ns;
	} else if (template->has[SLOT_END]) {
		end_ns = time_ns(clock, template->end_time, value[SLOT_END]);
		start_ns = end_ns - duration_ns;
	} else if (template->has[SLOT_START_UPTIME] && template->has[SLOT_END_UPTIME]) {
		if (!uptime_of(message, value, &uptime_ms))
			uptime_ms = (uint32_t)value[SLOT_END_UPTIME]; /* it ended when it was sent, then */
		start_ns -= (int32_t)(uptime_ms - (uint32_t)value[SLOT_START_UPTIME]) * NS_PER_MS;
		end_ns -= (int32_t)(uptime_ms - (uint32_t)value[SLOT_END_UPTIME]) * NS_PER_MS;
	} else {
		start_ns -= duration_ns;
	}
	flow_times_set(message->ctx, clock, start_ns, end_ns, obs);
}

/** n out of N (RFC 5477 section 8.2.3); 0 if absent or absurd. */
static uint64_t rate_of_population(const uint64_t *value)
{
	uint64_t taken_pkts = value[SLOT_SAMPLING_SIZE];
	uint64_t of_pkts = value[SLOT_SAMPLING_POPULATION];
	return taken_pkts > 0 && taken_pkts <= of_pkts && of_pkts <= UINT32_MAX ? (of_pkts + taken_pkts / 2) / taken_pkts : 0;
}

/** So many taken, so many left out (RFC 5477 section 8.2.1); 0 if absent or absurd. */
static uint64_t rate_of_interval(const struct template *template, const uint64_t *value)
{
	uint64_t taken_pkts = value[SLOT_PACKET_INTERVAL];
	uint64_t left_pkts = value[SLOT_PACKET_SPACE];
	/* Deviates: without the space, it is what exporters mean by 1 in this many. */
	if (!template->has[SLOT_PACKET_SPACE])
		return taken_pkts;
	bool is_sound = taken_pkts > 0 && taken_pkts <= UINT32_MAX && left_pkts <= UINT32_MAX;
	return is_sound ? (taken_pkts + left_pkts + taken_pkts / 2) / taken_pkts : 0;
}

static uint64_t rate_of_probability(const uint64_t *value)
{
	double probability;
	memcpy(&probability, &value[SLOT_SAMPLING_PROBABILITY], sizeof(probability));
	return probability > 1e-9 && probability <= 1.0 ? (uint64_t)(1.0 / probability + 0.5) : 0;
}

/**
 * A rate that the record itself tells; 0 if it is absurd. Some exporters fill in the parameters of all algorithms,
 * with 1 as the interval of one they do not use, so a population goes first.
 */
static uint64_t rate_of(const struct template *template, const uint64_t *value)
{
	uint64_t sampling = first_of(value[SLOT_SAMPLING_INTERVAL], value[SLOT_SAMPLER_INTERVAL], rate_of_population(value),
		rate_of_interval(template, value));
	return sampling != 0 ? sampling : rate_of_probability(value);
}

static bool tells_rate(const struct template *template)
{
	return template->has[SLOT_SAMPLING_INTERVAL] || template->has[SLOT_SAMPLER_INTERVAL] ||
		template->has[SLOT_PACKET_INTERVAL] || template->has[SLOT_SAMPLING_PROBABILITY] ||
		(template->has[SLOT_SAMPLING_SIZE] && template->has[SLOT_SAMPLING_POPULATION]);
}

/** The rate for a record: its own, its sampler's, its interface's, its domain's. */
static uint32_t record_sampling(const struct ipfix_message *message, const struct template *template,
	const uint64_t *value)
{
	if (tells_rate(template)) {
		uint64_t sampling = rate_of(template, value);
		if (flow_sampling_sound(message->ctx, sampling))
			return (uint32_t)sampling;
	}
	if (message->exporter->note_count == 0)
		return message->sampling;
	const struct flow_note *note = NULL;
	if (template->has[SLOT_SELECTOR])
		note = flow_note_find(message->exporter, NOTE_SELECTOR, value[SLOT_SELECTOR]);
	if (note == NULL)
		note = flow_note_find(message->exporter, NOTE_INTERFACE,
			value[SLOT_DIRECTION] == DIRECTION_EGRESS ? value[SLOT_OUT_INTERFACE] : value[SLOT_IN_INTERFACE]);
	return note != NULL ? note->value : message->sampling;
}

void ipfix_options_learn(struct ipfix_message *message, const struct template *template,
	const struct ipfix_record *record)
{
	struct flow_context *ctx = message->ctx;
	struct flow_exporter *exporter = message->exporter;
	const uint64_t *value = record->value;
	ctx->counters->records_no_ip++;
	if (value[SLOT_BOOT_MS] != 0)
		exporter->boot_wall_ms = value[SLOT_BOOT_MS];
	if (!tells_rate(template))
		return;
	uint64_t sampling = rate_of(template, value);
	if (!flow_sampling_sound(ctx, sampling))
		return;
	int err = OK;
	if (template->has[SLOT_SELECTOR])
		err = flow_note_set(exporter, NOTE_SELECTOR, value[SLOT_SELECTOR], (uint32_t)sampling);
	else if (value[SLOT_IN_INTERFACE] != 0)
		err = flow_note_set(exporter, NOTE_INTERFACE, value[SLOT_IN_INTERFACE], (uint32_t)sampling);
	else
		exporter->sampling = (uint32_t)sampling;
	if (err != OK)
		ctx->counters->sampling_refused++;
}

/** The address pair; a template with both families has the one that does not apply as zeros. */
static bool record_addresses(const struct template *template, const uint64_t *value, struct observation *obs)
{
	bool has_v4 = template->has[SLOT_SRC4] && template->has[SLOT_DST4];
	bool has_v6 = template->has[SLOT_SRC6_HIGH] && template->has[SLOT_DST6_HIGH];
	if (has_v4 && (!has_v6 || (value[SLOT_SRC4] | value[SLOT_DST4]) != 0)) {
		obs->src = ip_from_v4((uint32_t)value[SLOT_SRC4]);
		obs->dst = ip_from_v4((uint32_t)value[SLOT_DST4]);
		return true;
	}
	for (int i = 0; i < 2; i++) {
		obs->src.be64[i] = __builtin_bswap64(value[SLOT_SRC6_HIGH + i]);
		obs->dst.be64[i] = __builtin_bswap64(value[SLOT_DST6_HIGH + i]);
	}
	return has_v6;
}

static void record_transport(const struct template *template, const uint64_t *value, struct observation *obs)
{
	bool is_tcp = obs->protocol == PROTOCOL_TCP;
	obs->src_port = (uint16_t)first_of(value[SLOT_SRC_PORT],
		is_tcp ? value[SLOT_TCP_SRC_PORT] : value[SLOT_UDP_SRC_PORT], 0, 0);
	obs->dst_port = (uint16_t)first_of(value[SLOT_DST_PORT],
		is_tcp ? value[SLOT_TCP_DST_PORT] : value[SLOT_UDP_DST_PORT], 0, 0);
	obs->tcp_flags = (uint8_t)value[SLOT_TCP_FLAGS]; /* of 16 bits the low ones, RFC 7125 */
	if (is_tcp && !template->has[SLOT_TCP_FLAGS])
		obs->traits |= TRAIT_SHORT;
	obs->icmp_type = (uint8_t)(value[SLOT_ICMP_TYPE_CODE] >> 8 | value[SLOT_ICMP_TYPE]);
	obs->icmp_code = (uint8_t)(value[SLOT_ICMP_TYPE_CODE] | value[SLOT_ICMP_CODE]);
	obs->ttl = (uint8_t)first_of(value[SLOT_TTL], value[SLOT_TTL_MIN], value[SLOT_TTL_MAX], 0);
	if (template->has[SLOT_TTL] || obs->ttl != 0)
		obs->traits |= TRAIT_TTL_KNOWN;
	if (value[SLOT_FRAGMENT_OFFSET] != 0)
		obs->traits |= TRAIT_FRAGMENT_LATER;
	else if ((value[SLOT_FRAGMENT_FLAGS] & FRAGMENT_MORE) != 0)
		obs->traits |= TRAIT_FRAGMENT_FIRST;
}

enum count_verdict {
	COUNT_EMPTY = 0,
	COUNT_OK,
	COUNT_CONTRADICTS,
};

/** Sets packets and bytes if they can be true: some, of a mean length IP allows, and with sampling within all reason. */
static enum count_verdict record_count(uint64_t packets, uint64_t bytes, bool has_packets, struct observation *obs)
{
	if (packets == 0 && bytes == 0)
		return COUNT_EMPTY;
	if (packets == 0 && !has_packets)
		packets = bytes / PACKET_TYPICAL_BYTES + (bytes % PACKET_TYPICAL_BYTES != 0);
	uint64_t most = CORRECTED_MAX / obs->sampling;
	if (packets == 0 || packets > most || bytes > most || bytes / packets > UINT16_MAX)
		return COUNT_CONTRADICTS;
	obs->packets = packets;
	obs->bytes = bytes;
	return COUNT_OK;
}

/** Keeps the observation that is being filled if its counts allow. */
static enum count_verdict observation_keep(struct flow_context *ctx, uint64_t packets, uint64_t bytes, bool has_packets)
{
	struct observation *obs = flow_batch_next(ctx);
	enum count_verdict verdict = record_count(packets, bytes, has_packets, obs);
	if (verdict == COUNT_OK) {
		flow_record_settle(obs);
		flow_batch_keep(ctx);
	}
	return verdict;
}

/** The packets of the other direction: the same flow seen from the far end. */
static enum count_verdict reverse_keep(struct flow_context *ctx, const struct template *template, const uint64_t *value,
	const struct observation *forward)
{
	uint64_t packets = first_of(value[SLOT_PACKETS_REVERSE], value[SLOT_PACKETS_TOTAL_REVERSE],
		value[SLOT_PACKETS_RESPONDER], 0);
	uint64_t bytes = first_of(value[SLOT_OCTETS_REVERSE], value[SLOT_OCTETS_TOTAL_REVERSE],
		value[SLOT_OCTETS_RESPONDER], 0);
	if ((packets | bytes) == 0)
		return COUNT_EMPTY;
	bool has_packets = template->has[SLOT_PACKETS_REVERSE] || template->has[SLOT_PACKETS_TOTAL_REVERSE] ||
		template->has[SLOT_PACKETS_RESPONDER];
	struct observation *obs = flow_batch_next(ctx);
	*obs = *forward;
	obs->src = forward->dst;
	obs->dst = forward->src;
	obs->src_port = forward->dst_port;
	obs->dst_port = forward->src_port;
	obs->tcp_flags = (uint8_t)value[SLOT_TCP_FLAGS_REVERSE];
	obs->traits &= ~(uint32_t)TRAIT_SHORT;
	if (obs->protocol == PROTOCOL_TCP && !template->has[SLOT_TCP_FLAGS_REVERSE])
		obs->traits |= TRAIT_SHORT;
	obs->ttl = 0;
	obs->traits &= ~(uint32_t)TRAIT_TTL_KNOWN;
	return observation_keep(ctx, packets, bytes, has_packets);
}

/** A packet of which the first bytes were exported (RFC 5477): decoded as if captured. */
static void section_observe(struct ipfix_message *message, const struct template *template,
	const struct ipfix_record *record)
{
	struct flow_context *ctx = message->ctx;
	const uint64_t *value = record->value;
	struct observation *obs = flow_batch_next(ctx);
	obs->exporter = ctx->exporter_index;
	obs->sampling = record_sampling(message, template, value);
	record_times(message, template, value, obs);
	size_t captured_bytes = value[SLOT_SECTION];
	/* Without the frame's size, the packet's own length is believed. */
	size_t wire_bytes = template->has[SLOT_FRAME_BYTES] ? value[SLOT_FRAME_BYTES] : UINT16_MAX;
	if (wire_bytes < captured_bytes)
		wire_bytes = captured_bytes;
	int err = value[SLOT_SECTION_OFFSET] != 0 ? E_UNSUPPORTED :
		packet_parse(template->section_link, record->section, captured_bytes, wire_bytes, obs);
	if (err == E_UNSUPPORTED)
		ctx->counters->records_no_ip++;
	else if (err != OK)
		ctx->counters->records_malformed++;
	if (err != OK)
		return;
	if (value[SLOT_DIRECTION] == DIRECTION_EGRESS)
		obs->traits |= TRAIT_EGRESS;
	flow_batch_keep(ctx);
}

void ipfix_record_observe(struct ipfix_message *message, const struct template *template,
	const struct ipfix_record *record)
{
	struct flow_context *ctx = message->ctx;
	const uint64_t *value = record->value;
	struct observation *obs = flow_batch_next(ctx);
	static const struct observation blank; /* copied, for clearing is slower */
	*obs = blank;
	obs->exporter = ctx->exporter_index;
	obs->protocol = (uint8_t)value[SLOT_PROTOCOL];
	if (!record_addresses(template, value, obs)) {
		if (template->has[SLOT_SECTION])
			section_observe(message, template, record);
		else
			ctx->counters->records_no_ip++;
		return;
	}
	obs->sampling = record_sampling(message, template, value);
	obs->vlan = value[SLOT_VLAN] & 0x0fffu;
	record_transport(template, value, obs);
	if (value[SLOT_DIRECTION] == DIRECTION_EGRESS)
		obs->traits |= TRAIT_EGRESS;
	record_times(message, template, value, obs);

	uint64_t packets = first_of(value[SLOT_PACKETS], value[SLOT_PACKETS_TOTAL], value[SLOT_PACKETS_POST],
		value[SLOT_PACKETS_INITIATOR]);
	uint64_t bytes = first_of(value[SLOT_OCTETS], value[SLOT_OCTETS_TOTAL], value[SLOT_OCTETS_POST],
		value[SLOT_OCTETS_INITIATOR]);
	bool has_packets = template->has[SLOT_PACKETS] || template->has[SLOT_PACKETS_TOTAL] ||
		template->has[SLOT_PACKETS_POST] || template->has[SLOT_PACKETS_INITIATOR];
	enum count_verdict reverse = COUNT_EMPTY;
	if (template->is_biflow) {
		struct observation forward = *obs;
		reverse = reverse_keep(ctx, template, value, &forward);
		*flow_batch_next(ctx) = forward;
	}
	enum count_verdict verdict = observation_keep(ctx, packets, bytes, has_packets);
	if (verdict == COUNT_CONTRADICTS || reverse == COUNT_CONTRADICTS)
		ctx->counters->records_malformed++;
	else if (verdict == COUNT_EMPTY && reverse == COUNT_EMPTY)
		ctx->counters->records_empty++;
}
