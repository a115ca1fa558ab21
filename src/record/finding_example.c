/* Findings for tests. Addresses are those for documentation (RFC 5737, RFC 3849). */
#include "record/finding_example.h"

#include <stdio.h>

static struct finding_top top_of(uint32_t value, uint16_t permille, bool is_random)
{
	return (struct finding_top){.count = 1, .is_random = is_random, .entries = {{value, permille}}};
}

static void vectors_fill(struct finding *finding)
{
	finding->vector_count = 2;
	finding->vectors[0] = (struct finding_vector){.name = "ntp_reflection", .service = "NTP", .protocol = 17,
		.ip_version = 4, .packets_permille = 700, .bytes_permille = 950, .packets = 700000, .bytes = 327600000,
		.start_ms = 1735171200000, .end_ms = 1735171210500, .source_count = 812,
		.src_ports = top_of(123, 1000, false), .dst_ports = top_of(80, 612, false), .tcp_flags = {0},
		.lengths = top_of(468, 995, false), .ttls = top_of(57, 240, true), .icmp = {0}};
	finding->vectors[1] = (struct finding_vector){.name = "syn_flood", .service = "", .protocol = 6, .ip_version = 4,
		.packets_permille = 300, .bytes_permille = 50, .packets = 300000, .bytes = 17240000,
		.start_ms = 1735171203000, .end_ms = 1735171210500, .source_count = 298000,
		.src_ports = top_of(1024, 2, true), .dst_ports = top_of(443, 1000, false), .tcp_flags = top_of(0x02, 1000, false),
		.lengths = top_of(60, 1000, false), .ttls = top_of(64, 120, true), .icmp = {0}};
}

void finding_example(struct finding *ret_finding)
{
	struct finding *finding = ret_finding;
	*finding = (struct finding){.sensor = "edge1", .kind = FINDING_FLOOD, .phase = FINDING_END, .sequence = 2,
		.target = {ip_from_v4(0xc0000201), 128}, .window_start_ms = 1735171200000, .window_end_ms = 1735171210500,
		.first_over_ms = 1735171200120, .told_ms = 1735171220500, .confidence = 97,
		.why = "95,238 packets/s to 192.0.2.1, over host_pps 20,000: ntp_reflection 70 %, syn_flood 30 %",
		.threshold = "host_pps", .threshold_value = 20000, .packets = 1000000, .bytes = 344840000, .peak_pps = 120000,
		.peak_bps = 331000000, .sampling = 1, .shapes = SHAPE_MULTI_VECTOR, .target_count = 1,
		.class_packets = {[FLOW_CLASS_FOREIGN_DOMESTIC] = 990000, [FLOW_CLASS_DOMESTIC_DOMESTIC] = 10000},
		.source_count = 298812, .listed_count = 3, .origin_count = 2};
	vectors_fill(finding);
	finding->sources[0] = (struct finding_source){.addr = ip_from_v4(0xc6336407), .verdict = SOURCE_AMPLIFIER,
		.flow_class = FLOW_CLASS_FOREIGN_DOMESTIC, .why = "answers from port 123, 468 bytes each", .packets = 9120,
		.bytes = 4268160, .asn = 64500, .country = "US"};
	finding->sources[1] = (struct finding_source){.addr = ip_from_v4(0xcb007109), .verdict = SOURCE_SPOOFED,
		.flow_class = FLOW_CLASS_FOREIGN_DOMESTIC, .why = "one packet, TTL differs from its network's", .packets = 1,
		.bytes = 60, .asn = 0, .country = ""};
	finding->sources[2] = (struct finding_source){.addr = ip_from_v4(0xcb007110), .verdict = SOURCE_BOT,
		.flow_class = FLOW_CLASS_DOMESTIC_DOMESTIC, .why = "handshake completed, then 4,000 packets", .packets = 4000,
		.bytes = 240000, .asn = 64501, .country = "JP"};
	finding->origins[0] = (struct finding_origin){.asn = 64500, .country = "US", .source_count = 210, .packets_permille = 310};
	finding->origins[1] = (struct finding_origin){.asn = 0, .country = "US", .source_count = 400, .packets_permille = 520};
	finding_identify(finding);
}

static void text_fill(char *text, size_t room_bytes, char with)
{
	memset(text, with, room_bytes - 1);
	text[room_bytes - 1] = '\0';
}

static struct ip_addr longest_addr(unsigned last)
{
	struct ip_addr addr;
	memset(addr.bytes, 0xfd, sizeof(addr.bytes));
	addr.bytes[15] = (uint8_t)last;
	return addr;
}

static void top_fill(struct finding_top *top)
{
	top->count = FINDING_TOP_MAX;
	for (unsigned i = 0; i < FINDING_TOP_MAX; i++) {
		top->entries[i].value = UINT32_MAX - i;
		top->entries[i].permille = 1000;
	}
}

static void vector_fill(struct finding_vector *vector)
{
	*vector = (struct finding_vector){.protocol = 255, .ip_version = 6, .packets_permille = 1000, .bytes_permille = 1000,
		.packets = INT64_MAX, .bytes = INT64_MAX, .start_ms = 253402300799999, .end_ms = 253402300799999,
		.source_count = UINT32_MAX};
	text_fill(vector->name, sizeof(vector->name), '"');
	text_fill(vector->service, sizeof(vector->service), '\\');
	struct finding_top *tops[] = {&vector->src_ports, &vector->dst_ports, &vector->tcp_flags, &vector->lengths,
		&vector->ttls, &vector->icmp};
	for (size_t i = 0; i < ARRAY_LEN(tops); i++)
		top_fill(tops[i]);
}

static void source_fill(struct finding_source *source, unsigned last)
{
	*source = (struct finding_source){.addr = longest_addr(last), .verdict = SOURCE_AMPLIFIER,
		.flow_class = FLOW_CLASS_DOMESTIC_DOMESTIC, .packets = INT64_MAX, .bytes = INT64_MAX, .asn = UINT32_MAX,
		.country = "ZZ"};
	text_fill(source->why, sizeof(source->why), '"');
}

void finding_fullest(struct finding *ret_finding)
{
	struct finding *finding = ret_finding;
	*finding = (struct finding){.kind = FINDING_OUTBOUND_ATTACK, .phase = FINDING_CHANGE, .sequence = UINT32_MAX,
		.target = {longest_addr(255), 128}, .prefix_count = FINDING_PREFIXES_MAX, .window_start_ms = 253402300799999,
		.window_end_ms = 253402300799999, .first_over_ms = 253402300799999, .told_ms = 253402300799999,
		.confidence = 100, .threshold_value = INT64_MAX, .packets = INT64_MAX, .bytes = INT64_MAX,
		.peak_pps = INT64_MAX, .peak_bps = INT64_MAX, .sampling = UINT32_MAX, .shapes = (1 << SHAPE_COUNT) - 1,
		.pulse_period_ms = UINT32_MAX, .pulse_duty_permille = 1000, .target_count = UINT32_MAX,
		.source_count = UINT32_MAX, .vector_count = FINDING_VECTORS_MAX, .listed_count = FINDING_SOURCES_MAX,
		.origin_count = FINDING_ORIGINS_MAX};
	text_fill(finding->sensor, sizeof(finding->sensor), '"');
	text_fill(finding->why, sizeof(finding->why), '\\');
	text_fill(finding->threshold, sizeof(finding->threshold), '"');
	text_fill(finding->id, sizeof(finding->id), 'f');
	for (unsigned i = 0; i < FINDING_PREFIXES_MAX; i++)
		finding->prefixes[i] = (struct ip_prefix){ip_masked(&finding->target.addr, (uint8_t)(127 - i)), (uint8_t)(127 - i)};
	for (unsigned i = 0; i < FLOW_CLASS_COUNT; i++)
		finding->class_packets[i] = INT64_MAX;
	for (unsigned i = 0; i < FINDING_VECTORS_MAX; i++)
		vector_fill(&finding->vectors[i]);
	for (unsigned i = 0; i < FINDING_SOURCES_MAX; i++)
		source_fill(&finding->sources[i], i);
	for (unsigned i = 0; i < FINDING_ORIGINS_MAX; i++)
		finding->origins[i] = (struct finding_origin){UINT32_MAX - i, "ZZ", UINT32_MAX, 1000};
}

void finding_noise(struct random *rng, struct finding *ret_finding)
{
	uint8_t *at = (uint8_t *)ret_finding;
	for (size_t i = 0; i < sizeof(*ret_finding); i++)
		at[i] = (uint8_t)random_next(rng);
	for (size_t i = 0; i < FINDING_VECTORS_MAX; i++) {
		struct finding_top *tops[] = {&ret_finding->vectors[i].src_ports, &ret_finding->vectors[i].dst_ports,
			&ret_finding->vectors[i].tcp_flags, &ret_finding->vectors[i].lengths, &ret_finding->vectors[i].ttls,
			&ret_finding->vectors[i].icmp};
		for (size_t k = 0; k < ARRAY_LEN(tops); k++) /* a bool of other bytes than 0 and 1 is no value in C */
			tops[k]->is_random = (random_next(rng) & 1) != 0;
	}
}
