/*
 * Fingerprints in the format of the DDoS Clearing House dissector. Member
 * names, units and rules are the dissector's: vectors under 5 % of the bytes
 * are left out; fractions count bytes and leave the vector of fragments out;
 * values below 10 % of a header field (20 % of TCP flags, 5 % of lengths) go
 * into "others"; where no value reaches that, the field is "random". It is
 * the one document of ours with floating-point numbers.
 *
 * Where a finding and the format differ:
 *   key            the dissector takes MD5 of its own in-memory text, which
 *                  nobody else can recompute. Here: BLAKE2b, 16 bytes, of the
 *                  document without its key, compact with sorted keys. It has
 *                  the length of an MD5 in hex, which is all that DDoS-DB asks.
 *   target         may be a prefix, for a carpet (the format allows it, the
 *                  dissector itself does not make it).
 *   source_ips     a finding lists its largest sources, and not by vector: a
 *                  vector has the listed ones of its IP version, amplifiers
 *                  with reflections and the others with the rest. Addresses
 *                  judged spoofed are left out: such lists become blocklists.
 *   frame_len      IP length and 14 bytes of Ethernet header.
 *   total_flows, nr_flows, fragmentation_offset, dns_*, http_*, ntp_*
 *                  are not in a finding, and left out.
 */
#include "record/fingerprint.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define VECTOR_LEAST_PERMILLE 50
#define FRAGMENTS "Fragmented IP packets" /* the dissector's name of their vector */
#define ETHERNET_HEADER_BYTES 14

enum top_kind { TOP_NUMBER = 0, TOP_TCP_FLAGS, TOP_FRAME_LENGTH, TOP_ICMP };

/** Sets a member and takes the value; a NULL value means that memory is out. */
static void put(json_t *object, const char *name, json_t *value, bool *ret_failed)
{
	if (json_object_set_new(object, name, value) != 0)
		*ret_failed = true;
}

static json_t *fraction_make(uint64_t part, uint64_t whole)
{
	return json_real(whole > 0 ? (double)part / (double)whole : 0.0);
}

static bool is_fragments(const struct finding_vector *vector)
{
	return strcmp(vector->name, "fragment_flood") == 0;
}

static bool is_reflection(const struct finding_vector *vector)
{
	return strstr(vector->name, "_reflection") != NULL;
}

static const char *protocol_name(uint8_t protocol, char text[static 4])
{
	static const struct {
		uint8_t number;
		const char *name;
	} names[] = {{1, "ICMP"}, {2, "IGMP"}, {4, "IPIP"}, {6, "TCP"}, {17, "UDP"}, {41, "IPV6"}, {47, "GRE"}, {50, "ESP"},
		{51, "AH"}, {58, "ICMP6"}, {132, "SCTP"}};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i].number == protocol)
			return names[i].name;
	}
	snprintf(text, 4, "%u", protocol);
	return text;
}

/** UTC in ISO 8601 with milliseconds, as Python's datetime.isoformat() writes it. */
static json_t *time_make(int64_t wall_ms)
{
	struct tm tm;
	char date[32], text[64];
	time_t seconds = (time_t)(wall_ms / 1000);
	if (gmtime_r(&seconds, &tm) == NULL)
		return json_null();
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%03d+00:00", date, (int)(wall_ms % 1000));
	return json_string(text);
}

/** nfdump's way to write TCP flags: CWR ECE URG ACK PSH RST SYN FIN, a dot for each that is not set. */
static void flags_show(uint32_t flags, char ret_text[static 16])
{
	static const char letters[] = "CEUAPRSF";
	for (unsigned i = 0; i < 8; i++)
		ret_text[i] = (flags >> (7 - i) & 1) != 0 ? letters[i] : '.';
	ret_text[8] = '\0';
}

static void value_show(enum top_kind kind, uint32_t value, char ret_text[static 16])
{
	switch (kind) {
	case TOP_NUMBER:
		snprintf(ret_text, 16, "%u", value);
		break;
	case TOP_TCP_FLAGS:
		flags_show(value, ret_text);
		break;
	case TOP_FRAME_LENGTH:
		snprintf(ret_text, 16, "%u", value + ETHERNET_HEADER_BYTES);
		break;
	case TOP_ICMP:
		snprintf(ret_text, 16, "%u", value >> 8);
		break;
	}
}

/** Adds to a fraction that is already there: two ICMP codes of one type are one value here. */
static void fraction_add(json_t *map, const char *name, uint32_t permille, bool *ret_failed)
{
	double before = json_real_value(json_object_get(map, name));
	put(map, name, json_real(before + permille / 1000.0), ret_failed);
}

/** The values that reach the least share, with what is left as "others"; the text (or null) where none does. */
static json_t *top_make(const struct finding_top *top, enum top_kind kind, uint16_t least_permille, const char *none)
{
	json_t *map = json_object();
	bool failed = map == NULL;
	uint32_t told = 0;
	for (size_t i = 0; i < top->count && i < FINDING_TOP_MAX; i++) {
		char name[16];
		if (top->entries[i].permille < least_permille)
			continue;
		value_show(kind, top->entries[i].value, name);
		fraction_add(map, name, top->entries[i].permille, &failed);
		told += top->entries[i].permille;
	}
	if (told > 0 && told < 990)
		fraction_add(map, "others", 1000 - told, &failed);
	if (told > 0 && !failed)
		return map;
	json_decref(map);
	if (failed)
		return NULL;
	return none != NULL ? json_string(none) : json_null();
}

/** Only a port that is the vector's own is told: of an abused service, or nearly all of its packets. */
static json_t *source_port_make(const struct finding_vector *vector)
{
	const struct finding_top *top = &vector->src_ports;
	if (is_fragments(vector))
		return json_integer(0);
	if (top->count > 0 && top->entries[0].permille >= (is_reflection(vector) ? 500 : 900))
		return json_integer(top->entries[0].value);
	return json_string("random");
}

static json_t *sources_make(const struct finding *finding, const struct finding_vector *vector)
{
	json_t *list = json_array();
	bool failed = list == NULL;
	for (size_t i = 0; i < finding->listed_count && !failed; i++) {
		const struct finding_source *source = &finding->sources[i];
		char text[IP_TEXT_BYTES];
		bool is_same_version = ip_is_v4(&source->addr) == (vector->ip_version == 4);
		bool is_same_side = (source->verdict == SOURCE_AMPLIFIER) == is_reflection(vector) ||
			source->verdict == SOURCE_UNKNOWN || is_fragments(vector);
		if (source->verdict != SOURCE_SPOOFED && is_same_version && is_same_side)
			failed = json_array_append_new(list, json_string(ip_write(&source->addr, text))) != 0;
	}
	if (!failed)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *service_make(const struct finding_vector *vector)
{
	if (is_fragments(vector))
		return json_string(FRAGMENTS);
	return vector->service[0] != '\0' ? json_string(vector->service) : json_null();
}

static json_t *vector_make(const struct finding *finding, const struct finding_vector *vector, uint64_t whole_bytes)
{
	json_t *object = json_object();
	bool failed = object == NULL, is_icmp = vector->protocol == 1 || vector->protocol == 58;
	char protocol[4];
	put(object, "service", service_make(vector), &failed);
	put(object, "protocol", json_string(protocol_name(vector->protocol, protocol)), &failed);
	put(object, "fraction_of_attack",
		is_fragments(vector) ? json_null() : fraction_make(vector->bytes, whole_bytes), &failed);
	put(object, "source_port", source_port_make(vector), &failed);
	put(object, "destination_ports", top_make(&vector->dst_ports, TOP_NUMBER, 100, "random"), &failed);
	put(object, "tcp_flags",
		vector->protocol == 6 ? top_make(&vector->tcp_flags, TOP_TCP_FLAGS, 200, NULL) : json_null(), &failed);
	put(object, "nr_packets", json_integer((json_int_t)vector->packets), &failed);
	put(object, "nr_megabytes", json_integer((json_int_t)(vector->bytes / 1000000)), &failed);
	put(object, "time_start", time_make(vector->start_ms), &failed);
	put(object, "duration_seconds", json_integer((vector->end_ms - vector->start_ms) / 1000), &failed);
	put(object, "source_ips", sources_make(finding, vector), &failed);
	put(object, "ethernet_type", json_pack("{s:f}", vector->ip_version == 6 ? "IPv6" : "IPv4", 1.0), &failed);
	put(object, "frame_len", top_make(&vector->lengths, TOP_FRAME_LENGTH, 50, "random"), &failed);
	put(object, "ttl", top_make(&vector->ttls, TOP_NUMBER, 100, "random"), &failed);
	if (is_icmp)
		put(object, "icmp_type", top_make(&vector->icmp, TOP_ICMP, 100, "random"), &failed);
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

static void tag(json_t *tags, const char *text, bool *ret_failed)
{
	for (size_t i = 0; i < json_array_size(tags); i++) {
		if (strcmp(json_string_value(json_array_get(tags, i)), text) == 0)
			return;
	}
	if (json_array_append_new(tags, json_string(text)) != 0)
		*ret_failed = true;
}

/** Tags in the dissector's words. */
static json_t *tags_make(const struct finding *finding, const json_t *vectors)
{
	json_t *tags = json_array();
	bool failed = tags == NULL;
	if (json_array_size(vectors) > 1)
		tag(tags, "Multi-vector attack", &failed);
	if (finding->target.bits < 128)
		tag(tags, "Carpet bombing attack", &failed);
	for (size_t i = 0; i < finding->vector_count; i++) {
		const struct finding_vector *vector = &finding->vectors[i];
		char protocol[4], text[48];
		if (vector->bytes_permille < VECTOR_LEAST_PERMILLE)
			continue;
		tag(tags, protocol_name(vector->protocol, protocol), &failed);
		snprintf(text, sizeof(text), "%s flood attack", protocol_name(vector->protocol, protocol));
		tag(tags, is_fragments(vector) ? "Fragmentation attack" : is_reflection(vector) ? "Amplification attack" : text,
			&failed);
		if (vector->protocol == 6)
			tag(tags, "TCP flag attack", &failed);
	}
	if (!failed)
		return tags;
	json_decref(tags);
	return NULL;
}

/** The vectors that are large enough; an empty list where none is. */
static json_t *vectors_make(const struct finding *finding)
{
	json_t *list = json_array();
	bool failed = list == NULL;
	uint64_t whole_bytes = 0;
	for (size_t i = 0; i < finding->vector_count; i++) {
		const struct finding_vector *vector = &finding->vectors[i];
		if (vector->bytes_permille >= VECTOR_LEAST_PERMILLE && !is_fragments(vector))
			whole_bytes += vector->bytes;
	}
	for (size_t i = 0; i < finding->vector_count && !failed; i++) {
		const struct finding_vector *vector = &finding->vectors[i];
		if (vector->bytes_permille >= VECTOR_LEAST_PERMILLE)
			failed = json_array_append_new(list, vector_make(finding, vector, whole_bytes)) != 0;
	}
	if (!failed)
		return list;
	json_decref(list);
	return NULL;
}

static void summary_put(json_t *document, const struct finding *finding, bool *ret_failed)
{
	int64_t duration_ms = finding->window_end_ms - finding->window_start_ms;
	uint64_t whole_s = duration_ms >= 1000 ? (uint64_t)(duration_ms / 1000) : 1;
	char target[IP_PREFIX_TEXT_BYTES];
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
		{"duration_seconds", duration_ms > 0 ? (uint64_t)(duration_ms / 1000) : 0},
		{"total_megabytes", finding->bytes / 1000000},
		{"total_packets", finding->packets},
		{"total_ips", finding->source_count},
		{"avg_bps", finding->bytes / whole_s * 8},
		{"avg_pps", finding->packets / whole_s},
		{"avg_Bpp", finding->packets > 0 ? finding->bytes / finding->packets : 0},
	};
	put(document, "target", json_string(ip_prefix_write(&finding->target, target)), ret_failed);
	put(document, "time_start", time_make(finding->window_start_ms), ret_failed);
	put(document, "time_end", time_make(finding->window_end_ms), ret_failed);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		put(document, numbers[i].name, json_integer((json_int_t)numbers[i].value), ret_failed);
}

static char *document_dump(const json_t *document)
{
	return json_dumps(document, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(3));
}

static void key_put(json_t *document, bool *ret_failed)
{
	char key[33];
	uint8_t digest[16];
	char *text = document_dump(document);
	if (text == NULL) {
		*ret_failed = true;
		return;
	}
	int failed = crypto_generichash(digest, sizeof(digest), (const uint8_t *)text, strlen(text), NULL, 0);
	ASSERT(failed == 0);
	free(text);
	put(document, "key", json_string(sodium_bin2hex(key, sizeof(key), digest, sizeof(digest))), ret_failed);
}

int fingerprint_write(const struct finding *finding, char **ret_text)
{
	if (finding->kind != FINDING_FLOOD && finding->kind != FINDING_CARPET_BOMBING)
		return E_UNSUPPORTED;
	json_t *document = json_object(), *vectors = vectors_make(finding);
	if (vectors != NULL && json_array_size(vectors) == 0) {
		json_decref(document);
		json_decref(vectors);
		return E_UNSUPPORTED;
	}
	bool failed = document == NULL || vectors == NULL;
	put(document, "tags", tags_make(finding, vectors), &failed);
	put(document, "attack_vectors", vectors, &failed);
	summary_put(document, finding, &failed);
	key_put(document, &failed);
	char *text = failed ? NULL : document_dump(document);
	json_decref(document);
	if (text == NULL)
		return E_NOMEM;
	*ret_text = text;
	return OK;
}
