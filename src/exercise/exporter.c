/*
 * A datagram is begun with room for its header, filled record by record, and
 * sent when it is full or has waited a second; the header, which counts the
 * records, is written last.
 *
 * v9 and IPFIX records are described by tables (fields_v9, fields_ipfix):
 * the template is written from the same rows as the data. Template 256 is
 * for flows, options template 257 tells the sampling; both are repeated
 * every TEMPLATE_DATAGRAMS.
 */
#include "exercise/exporter.h"

#include <string.h>

#include "core/clock.h"

#define SEND_AFTER_NS NS_PER_S
#define TEMPLATE_DATAGRAMS 20
#define UPTIME_AT_START_MS UINT32_C(86400000) /* the router has been up for a day */
#define NETFLOW5_HEADER_BYTES 24
#define NETFLOW5_RECORD_BYTES 48
#define NETFLOW5_RECORDS_MAX 30
#define NETFLOW9_HEADER_BYTES 20
#define IPFIX_HEADER_BYTES 16
#define SFLOW_HEADER_BYTES 28
#define SFLOW_RAW_BYTES 128 /* of each sampled frame */
#define SFLOW_SAMPLE_BYTES (32 + 8 + 8 + 16 + SFLOW_RAW_BYTES)
#define TEMPLATE_FLOW 256
#define TEMPLATE_SAMPLING 257

enum field_source {
	FIELD_SRC = 0,
	FIELD_DST,
	FIELD_SRC_PORT,
	FIELD_DST_PORT,
	FIELD_PROTOCOL,
	FIELD_TCP_FLAGS,
	FIELD_TTL,
	FIELD_PACKETS,
	FIELD_BYTES,
	FIELD_FIRST,
	FIELD_LAST,
};

struct field {
	uint16_t id; /* of the information element */
	uint16_t id_v6; /* where IPv6 has its own, else 0 */
	uint8_t length_bytes; /* 0: an address */
	enum field_source source;
};

static const struct field fields_v9[] = {
	{8, 27, 0, FIELD_SRC}, {12, 28, 0, FIELD_DST}, {7, 0, 2, FIELD_SRC_PORT}, {11, 0, 2, FIELD_DST_PORT},
	{4, 0, 1, FIELD_PROTOCOL}, {6, 0, 1, FIELD_TCP_FLAGS}, {52, 0, 1, FIELD_TTL}, {2, 0, 8, FIELD_PACKETS},
	{1, 0, 8, FIELD_BYTES}, {22, 0, 4, FIELD_FIRST}, {21, 0, 4, FIELD_LAST}, {32, 139, 2, FIELD_DST_PORT},
};
static const struct field fields_ipfix[] = {
	{8, 27, 0, FIELD_SRC}, {12, 28, 0, FIELD_DST}, {7, 0, 2, FIELD_SRC_PORT}, {11, 0, 2, FIELD_DST_PORT},
	{4, 0, 1, FIELD_PROTOCOL}, {6, 0, 2, FIELD_TCP_FLAGS}, {52, 0, 1, FIELD_TTL}, {2, 0, 8, FIELD_PACKETS},
	{1, 0, 8, FIELD_BYTES}, {152, 0, 8, FIELD_FIRST}, {153, 0, 8, FIELD_LAST}, {32, 139, 2, FIELD_DST_PORT},
};
_Static_assert(sizeof(fields_v9) == sizeof(fields_ipfix), "both have the same number of fields");
#define FIELD_COUNT ARRAY_LEN(fields_v9)

static const struct field *fields_of(const struct exporter *exporter)
{
	return exporter->format == EXPORTER_IPFIX ? fields_ipfix : fields_v9;
}

static size_t field_bytes(const struct exporter *exporter, const struct field *field)
{
	if (field->length_bytes == 0)
		return exporter->is_v4 ? 4 : 16;
	return field->length_bytes;
}

static void put(struct exporter *exporter, uint64_t value, size_t length_bytes)
{
	ASSERT(exporter->used_bytes + length_bytes <= sizeof(exporter->datagram));
	for (size_t i = 0; i < length_bytes; i++)
		exporter->datagram[exporter->used_bytes++] = (uint8_t)(value >> 8 * (length_bytes - 1 - i));
}

static void put_bytes(struct exporter *exporter, const uint8_t *bytes, size_t length_bytes)
{
	ASSERT(exporter->used_bytes + length_bytes <= sizeof(exporter->datagram));
	memcpy(exporter->datagram + exporter->used_bytes, bytes, length_bytes);
	exporter->used_bytes += length_bytes;
}

static uint32_t uptime_ms(int64_t time_ns)
{
	return UPTIME_AT_START_MS + (uint32_t)(time_ns / NS_PER_MS);
}

static uint64_t field_value(const struct exporter *exporter, const struct field *field, const struct flow_record *record)
{
	bool is_ipfix = exporter->format == EXPORTER_IPFIX;
	bool is_icmp_field = field->id == 32;
	bool is_icmp = record->protocol == 1 || record->protocol == 58;
	switch (field->source) {
	case FIELD_SRC_PORT:
		return record->src_port;
	case FIELD_DST_PORT:
		return is_icmp_field == is_icmp ? record->dst_port : 0;
	case FIELD_PROTOCOL:
		return record->protocol;
	case FIELD_TCP_FLAGS:
		return record->tcp_flags;
	case FIELD_TTL:
		return record->ttl_min;
	case FIELD_PACKETS:
		return record->packets;
	case FIELD_BYTES:
		return record->bytes;
	case FIELD_FIRST:
	case FIELD_LAST: {
		int64_t time_ns = field->source == FIELD_FIRST ? record->first_ns : record->last_ns;
		return is_ipfix ? (uint64_t)((exporter->start_wall_ns + time_ns) / NS_PER_MS) : uptime_ms(time_ns);
	}
	case FIELD_SRC:
	case FIELD_DST:
		return 0;
	}
	return 0;
}

static void record_put(struct exporter *exporter, const struct flow_record *record)
{
	const struct field *fields = fields_of(exporter);
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (fields[i].length_bytes != 0) {
			put(exporter, field_value(exporter, &fields[i], record), fields[i].length_bytes);
			continue;
		}
		const struct ip_addr *addr = fields[i].source == FIELD_SRC ? &record->src : &record->dst;
		if (exporter->is_v4)
			put(exporter, ip_to_v4(addr), 4);
		else
			put_bytes(exporter, addr->bytes, 16);
	}
}

static void netflow5_put(struct exporter *exporter, const struct flow_record *record)
{
	put(exporter, ip_to_v4(&record->src), 4);
	put(exporter, ip_to_v4(&record->dst), 4);
	put(exporter, 0, 4); /* next hop */
	put(exporter, 1 << 16 | 2, 4); /* interfaces: in, out */
	put(exporter, record->packets, 4);
	put(exporter, record->bytes, 4);
	put(exporter, uptime_ms(record->first_ns), 4);
	put(exporter, uptime_ms(record->last_ns), 4);
	put(exporter, record->src_port, 2);
	put(exporter, record->dst_port, 2);
	put(exporter, record->tcp_flags, 2); /* with its padding byte */
	put(exporter, record->protocol, 1);
	put(exporter, 0, 8); /* TOS, AS numbers, masks, */
	put(exporter, 0, 1); /* and padding */
}

/* RFC 3954 section 6.1 and RFC 7011 section 3.4.2: how the sampling is told. */
static void sampling_put(struct exporter *exporter)
{
	bool is_ipfix = exporter->format == EXPORTER_IPFIX;

	put(exporter, is_ipfix ? 3 : 1, 2);
	put(exporter, is_ipfix ? 22 : 24, 2);
	put(exporter, TEMPLATE_SAMPLING, 2);
	if (is_ipfix) {
		put(exporter, 3 << 16 | 1, 4); /* three fields, one is the scope */
		put(exporter, 149 << 16 | 4, 4); /* scope: the observation domain */
		put(exporter, 305 << 16 | 4, 4); /* samplingPacketInterval: so many packets are taken */
		put(exporter, UINT64_C(306) << 16 | 4, 4); /* samplingPacketSpace: and then so many are not */
	} else {
		put(exporter, 4 << 16 | 8, 4); /* bytes of scope fields, bytes of option fields */
		put(exporter, 1 << 16 | 4, 4); /* scope: the system */
		put(exporter, 34 << 16 | 4, 4); /* SAMPLING_INTERVAL */
		put(exporter, 35 << 16 | 1, 4); /* SAMPLING_ALGORITHM */
		put(exporter, 0, 2); /* padding to 4 bytes */
	}
	put(exporter, TEMPLATE_SAMPLING, 2);
	put(exporter, 16, 2);
	put(exporter, 1, 4);
	put(exporter, is_ipfix ? 1 : exporter->sampling, 4);
	put(exporter, is_ipfix ? exporter->sampling - 1 : UINT32_C(2) << 24, 4); /* v9: random sampling, and padding */
}

static void template_put(struct exporter *exporter)
{
	const struct field *fields = fields_of(exporter);
	put(exporter, exporter->format == EXPORTER_IPFIX ? 2 : 0, 2);
	put(exporter, 8 + 4 * FIELD_COUNT, 2);
	put(exporter, TEMPLATE_FLOW, 2);
	put(exporter, FIELD_COUNT, 2);
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		put(exporter, !exporter->is_v4 && fields[i].id_v6 != 0 ? fields[i].id_v6 : fields[i].id, 2);
		put(exporter, field_bytes(exporter, &fields[i]), 2);
	}
	if (exporter->sampling > 1)
		sampling_put(exporter);
}

/* v9 counts every record in its header, templates and options too. */
static bool has_templates(const struct exporter *exporter)
{
	return exporter->datagrams % TEMPLATE_DATAGRAMS == 0;
}

static void datagram_open(struct exporter *exporter, int64_t now_ns)
{
	exporter->opened_ns = now_ns;
	switch (exporter->format) {
	case EXPORTER_NETFLOW5:
		exporter->used_bytes = NETFLOW5_HEADER_BYTES;
		return;
	case EXPORTER_SFLOW:
		exporter->used_bytes = SFLOW_HEADER_BYTES;
		return;
	case EXPORTER_NETFLOW9:
	case EXPORTER_IPFIX:
		exporter->used_bytes = exporter->format == EXPORTER_IPFIX ? IPFIX_HEADER_BYTES : NETFLOW9_HEADER_BYTES;
		if (has_templates(exporter))
			template_put(exporter);
		exporter->set_at = exporter->used_bytes;
		put(exporter, TEMPLATE_FLOW, 2);
		put(exporter, 0, 2); /* the set's length, known when the datagram is closed */
		return;
	case EXPORTER_UNKNOWN:
		return;
	}
}

/* Pads the data set to 4 bytes and writes its length (RFC 3954 section 5.3; RFC 7011 section 3.3.1). */
static void set_close(struct exporter *exporter)
{
	size_t at = exporter->set_at;
	while ((exporter->used_bytes - at) % 4 != 0)
		put(exporter, 0, 1);
	size_t length_bytes = exporter->used_bytes - at;
	exporter->datagram[at + 2] = (uint8_t)(length_bytes >> 8);
	exporter->datagram[at + 3] = (uint8_t)length_bytes;
}

static void netflow5_header(struct exporter *exporter, int64_t wall_ns, int64_t now_ns)
{
	put(exporter, 5 << 16 | exporter->pending, 4);
	put(exporter, uptime_ms(now_ns), 4);
	put(exporter, (uint64_t)(wall_ns / NS_PER_S), 4);
	put(exporter, (uint64_t)(wall_ns % NS_PER_S), 4);
	put(exporter, exporter->records, 4);
	put(exporter, 0, 2); /* engine */
	put(exporter, exporter->sampling > 1 ? 1 << 14 | (exporter->sampling & 0x3fff) : 0, 2);
}

static void netflow9_header(struct exporter *exporter, int64_t wall_ns, int64_t now_ns)
{
	unsigned extra = !has_templates(exporter) ? 0 : exporter->sampling > 1 ? 3 : 1;
	put(exporter, 9 << 16 | (exporter->pending + extra), 4);
	put(exporter, uptime_ms(now_ns), 4);
	put(exporter, (uint64_t)(wall_ns / NS_PER_S), 4);
	put(exporter, exporter->datagrams, 4);
	put(exporter, 1, 4); /* source id */
}

static void sflow_header(struct exporter *exporter, int64_t now_ns)
{
	put(exporter, 5, 4);
	put(exporter, 1, 4); /* the agent's address is IPv4 */
	put(exporter, 0xc6336401, 4);
	put(exporter, 0, 4); /* sub-agent */
	put(exporter, exporter->datagrams, 4);
	put(exporter, uptime_ms(now_ns), 4);
	put(exporter, exporter->pending, 4);
}

static void header_put(struct exporter *exporter, int64_t now_ns)
{
	int64_t wall_ns = exporter->start_wall_ns + now_ns;
	size_t length_bytes = exporter->used_bytes;

	exporter->used_bytes = 0;
	switch (exporter->format) {
	case EXPORTER_NETFLOW5:
		netflow5_header(exporter, wall_ns, now_ns);
		break;
	case EXPORTER_NETFLOW9:
		netflow9_header(exporter, wall_ns, now_ns);
		break;
	case EXPORTER_IPFIX:
		put(exporter, UINT64_C(10) << 16 | length_bytes, 4);
		put(exporter, (uint64_t)(wall_ns / NS_PER_S), 4);
		put(exporter, exporter->records, 4);
		put(exporter, 1, 4); /* observation domain */
		break;
	case EXPORTER_SFLOW:
		sflow_header(exporter, now_ns);
		break;
	case EXPORTER_UNKNOWN:
		break;
	}
	exporter->used_bytes = length_bytes;
}

int exporter_flush(struct exporter *exporter, int64_t now_ns)
{
	if (exporter->pending == 0)
		return OK;
	if (exporter->format == EXPORTER_NETFLOW9 || exporter->format == EXPORTER_IPFIX)
		set_close(exporter);
	header_put(exporter, now_ns);
	int error = exporter->sink(exporter->arg, exporter->datagram, exporter->used_bytes, now_ns);
	/* RFC 7011 section 3.1: an options record counts as a data record. */
	if (exporter->format == EXPORTER_IPFIX && has_templates(exporter) && exporter->sampling > 1)
		exporter->records++;
	exporter->records += exporter->format == EXPORTER_SFLOW ? 0 : exporter->pending;
	exporter->datagrams++;
	exporter->pending = 0;
	return error;
}

static size_t record_bytes(const struct exporter *exporter)
{
	if (exporter->format == EXPORTER_NETFLOW5)
		return NETFLOW5_RECORD_BYTES;
	if (exporter->format == EXPORTER_SFLOW)
		return SFLOW_SAMPLE_BYTES;
	size_t total_bytes = 3; /* room for the padding of the set */
	for (size_t i = 0; i < FIELD_COUNT; i++)
		total_bytes += field_bytes(exporter, &fields_of(exporter)[i]);
	return total_bytes;
}

/* Makes room for one more record: sends what is full or has waited, and opens a datagram where there is none. */
static int make_room(struct exporter *exporter, int64_t now_ns)
{
	bool is_full = exporter->used_bytes + record_bytes(exporter) > sizeof(exporter->datagram) ||
		(exporter->format == EXPORTER_NETFLOW5 && exporter->pending == NETFLOW5_RECORDS_MAX);
	int error = OK;
	if (exporter->pending > 0 && (is_full || now_ns - exporter->opened_ns >= SEND_AFTER_NS))
		error = exporter_flush(exporter, now_ns);
	if (exporter->pending == 0)
		datagram_open(exporter, now_ns);
	return error;
}

int exporter_add_flow(struct exporter *exporter, const struct flow_record *record, int64_t now_ns)
{
	int error = make_room(exporter, now_ns);
	if (exporter->format == EXPORTER_NETFLOW5)
		netflow5_put(exporter, record);
	else
		record_put(exporter, record);
	exporter->pending++;
	return error;
}

int exporter_add_sample(struct exporter *exporter, const struct packet *packet)
{
	uint8_t frame[FRAME_BYTES_MAX + 4] = {0};
	size_t frame_bytes = frame_write(packet, frame);
	size_t raw_bytes = frame_bytes < SFLOW_RAW_BYTES ? frame_bytes : SFLOW_RAW_BYTES;
	size_t padded_bytes = (raw_bytes + 3) & ~(size_t)3;
	int error = make_room(exporter, packet->time_ns);

	exporter->records++;
	put(exporter, 1, 4); /* flow sample */
	put(exporter, 32 + 8 + 16 + padded_bytes, 4);
	put(exporter, exporter->records, 4);
	put(exporter, 1, 4); /* source: interface 1 */
	put(exporter, exporter->sampling, 4);
	put(exporter, (uint64_t)exporter->records * exporter->sampling, 4); /* pool */
	put(exporter, 0, 4); /* drops */
	put(exporter, UINT64_C(1) << 32 | 2, 8); /* interfaces: in, out */
	put(exporter, 1, 4); /* one record: */
	put(exporter, 1, 4); /* a raw header */
	put(exporter, 16 + padded_bytes, 4);
	put(exporter, 1, 4); /* Ethernet */
	put(exporter, frame_bytes + 4, 4);
	put(exporter, 4, 4); /* of which so much was stripped: the frame check sequence */
	put(exporter, raw_bytes, 4);
	put_bytes(exporter, frame, padded_bytes);
	exporter->pending++;
	return error;
}

uint16_t exporter_port(enum exporter_format format)
{
	switch (format) {
	case EXPORTER_SFLOW:
		return 6343;
	case EXPORTER_IPFIX:
		return 4739;
	case EXPORTER_NETFLOW5:
	case EXPORTER_NETFLOW9:
	case EXPORTER_UNKNOWN:
		return 2055;
	}
	return 2055;
}
