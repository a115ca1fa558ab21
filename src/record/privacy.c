/*
 * The table of fields of a finding, and what is computed from it about
 * privacy.
 *
 * Why a field has its class: the target, the prefixes, the sensor and the
 * threshold tell who is attacked and how it is watched (member). Sources are
 * the other end of communications (classed), as are the counts by flow class.
 * The target of a scan or of backscatter is such a source: it is classed
 * there, with the text that names it.
 * Origins count whole networks and countries, never one address (sector).
 */
#include "record/privacy.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "core/err.h"
#include "record/finding.h"

#define CLASS_ROW(text, class) \
	{.name = (text), FIELD_ROW(FIELD_UINT, struct finding, class_packets[class], PRIVACY_CLASSED), .max = FIELD_NUMBER_MAX}

static const char *const document_name[] = {"finding"};
const char *const finding_kind_names[FINDING_KIND_COUNT] = {
	[FINDING_UNKNOWN] = "unknown",
	[FINDING_FLOOD] = "flood",
	[FINDING_CARPET_BOMBING] = "carpet_bombing",
	[FINDING_OUTBOUND_ATTACK] = "outbound_attack",
	[FINDING_SCAN] = "scan",
	[FINDING_BACKSCATTER] = "backscatter",
	[FINDING_FLASH_CROWD] = "flash_crowd",
};
static const char *const phase_names[FINDING_PHASE_COUNT] = {
	[FINDING_PHASE_UNKNOWN] = "unknown",
	[FINDING_BEGIN] = "begin",
	[FINDING_CHANGE] = "change",
	[FINDING_END] = "end",
};
const char *const finding_shape_names[SHAPE_COUNT] = {"multi_vector", "carpet", "port_carpet", "pulse", "burst", "ramp"};
static const char *const verdict_names[SOURCE_VERDICT_COUNT] = {
	[SOURCE_UNKNOWN] = "unknown",
	[SOURCE_BOT] = "bot",
	[SOURCE_AMPLIFIER] = "amplifier",
	[SOURCE_SPOOFED] = "spoofed",
};

#define TOP_ENTRY __typeof__(((struct finding_top *)NULL)->entries[0])
static const struct field top_entry_fields[] = {
	ROW_UINT(TOP_ENTRY, value, PRIVACY_SECTOR, 0, UINT32_MAX),
	ROW_UINT(TOP_ENTRY, permille, PRIVACY_SECTOR, 0, 1000),
};
static const struct field top_entry = ROW_OBJECT("", PRIVACY_SECTOR, TOP_ENTRY, 0, top_entry_fields);
static const struct field top_fields[] = {
	ROW_LIST("entries", PRIVACY_SECTOR, struct finding_top, entries, count, &top_entry),
	{.name = "random", FIELD_ROW(FIELD_BOOL, struct finding_top, is_random, PRIVACY_SECTOR)},
};

#define VECTOR struct finding_vector
#define TOP(member) ROW_OBJECT(#member, PRIVACY_SECTOR, struct finding_top, offsetof(VECTOR, member), top_fields)
static const struct field vector_fields[] = {
	ROW_TEXT("name", VECTOR, name, PRIVACY_SECTOR, 1),
	ROW_TEXT("service", VECTOR, service, PRIVACY_SECTOR, 0),
	ROW_UINT(VECTOR, protocol, PRIVACY_SECTOR, 0, 255),
	ROW_UINT(VECTOR, ip_version, PRIVACY_SECTOR, 4, 6),
	ROW_UINT(VECTOR, packets_permille, PRIVACY_SECTOR, 0, 1000),
	ROW_UINT(VECTOR, bytes_permille, PRIVACY_SECTOR, 0, 1000),
	ROW_UINT(VECTOR, packets, PRIVACY_SECTOR, 0, FIELD_NUMBER_MAX),
	ROW_UINT(VECTOR, bytes, PRIVACY_SECTOR, 0, FIELD_NUMBER_MAX),
	ROW_TIME("start_ms", VECTOR, start_ms, PRIVACY_SECTOR),
	ROW_TIME("end_ms", VECTOR, end_ms, PRIVACY_SECTOR),
	ROW_UINT(VECTOR, source_count, PRIVACY_SECTOR, 0, UINT32_MAX),
	TOP(src_ports),
	TOP(dst_ports),
	TOP(tcp_flags),
	TOP(lengths),
	TOP(ttls),
	TOP(icmp),
};
static const struct field vector_entry = ROW_OBJECT("", PRIVACY_SECTOR, VECTOR, 0, vector_fields);

#define SOURCE struct finding_source
static const struct field source_fields[] = {
	{.name = "addr", FIELD_ROW(FIELD_ADDR, SOURCE, addr, PRIVACY_CLASSED)},
	ROW_NAME(SOURCE, verdict, PRIVACY_CLASSED, verdict_names),
	ROW_NAME(SOURCE, flow_class, PRIVACY_CLASSED, flow_class_names),
	ROW_TEXT("why", SOURCE, why, PRIVACY_CLASSED, 0),
	ROW_UINT(SOURCE, packets, PRIVACY_CLASSED, 0, FIELD_NUMBER_MAX),
	ROW_UINT(SOURCE, bytes, PRIVACY_CLASSED, 0, FIELD_NUMBER_MAX),
	ROW_UINT(SOURCE, asn, PRIVACY_CLASSED, 0, UINT32_MAX),
	{.name = "country", FIELD_ROW(FIELD_COUNTRY, SOURCE, country, PRIVACY_CLASSED)},
};
static const struct field source_entry = ROW_OBJECT("", PRIVACY_CLASSED, SOURCE, 0, source_fields);

#define ORIGIN struct finding_origin
static const struct field origin_fields[] = {
	ROW_UINT(ORIGIN, asn, PRIVACY_SECTOR, 0, UINT32_MAX),
	{.name = "country", FIELD_ROW(FIELD_COUNTRY, ORIGIN, country, PRIVACY_SECTOR)},
	ROW_UINT(ORIGIN, source_count, PRIVACY_SECTOR, 0, UINT32_MAX),
	ROW_UINT(ORIGIN, packets_permille, PRIVACY_SECTOR, 0, 1000),
};
static const struct field origin_entry = ROW_OBJECT("", PRIVACY_SECTOR, ORIGIN, 0, origin_fields);

#define FINDING struct finding
#define OTHER_END (1u << FINDING_SCAN | 1u << FINDING_BACKSCATTER) /* kinds whose target is who sent */
static const struct field window_fields[] = {
	ROW_TIME("start_ms", FINDING, window_start_ms, PRIVACY_SECTOR),
	ROW_TIME("end_ms", FINDING, window_end_ms, PRIVACY_SECTOR),
};
static const struct field threshold_fields[] = {
	ROW_TEXT("name", FINDING, threshold, PRIVACY_MEMBER, 0),
	{.name = "value", FIELD_ROW(FIELD_UINT, FINDING, threshold_value, PRIVACY_MEMBER), .max = FIELD_NUMBER_MAX},
};
static const struct field class_fields[FLOW_CLASS_COUNT] = {
	CLASS_ROW("unknown", FLOW_CLASS_UNKNOWN),
	CLASS_ROW("foreign_foreign", FLOW_CLASS_FOREIGN_FOREIGN),
	CLASS_ROW("foreign_domestic", FLOW_CLASS_FOREIGN_DOMESTIC),
	CLASS_ROW("domestic_foreign", FLOW_CLASS_DOMESTIC_FOREIGN),
	CLASS_ROW("domestic_domestic", FLOW_CLASS_DOMESTIC_DOMESTIC),
};
static const struct field prefix_entry = {
	.name = "", .type = FIELD_PREFIX, .privacy = PRIVACY_MEMBER, .size_bytes = sizeof(struct ip_prefix)};

static const struct field finding_fields[] = {
	ROW_FORM("document", document_name),
	ROW_VERSION(1),
	{.name = "id", FIELD_ROW(FIELD_ID, FINDING, id, PRIVACY_SECTOR)},
	ROW_TEXT("sensor", FINDING, sensor, PRIVACY_MEMBER, 0),
	ROW_NAME(FINDING, kind, PRIVACY_SECTOR, finding_kind_names),
	ROW_NAME(FINDING, phase, PRIVACY_SECTOR, phase_names),
	ROW_UINT(FINDING, sequence, PRIVACY_SECTOR, 0, UINT32_MAX),
	{.name = "target", FIELD_ROW(FIELD_PREFIX, FINDING, target, PRIVACY_MEMBER), .classed_kinds = OTHER_END},
	ROW_LIST("prefixes", PRIVACY_MEMBER, FINDING, prefixes, prefix_count, &prefix_entry),
	ROW_OBJECT("window", PRIVACY_SECTOR, FINDING, 0, window_fields),
	ROW_TIME("first_over_ms", FINDING, first_over_ms, PRIVACY_SECTOR),
	ROW_TIME("told_ms", FINDING, told_ms, PRIVACY_SECTOR),
	ROW_UINT(FINDING, confidence, PRIVACY_SECTOR, 0, 100),
	{.name = "why", FIELD_ROW(FIELD_TEXT, FINDING, why, PRIVACY_MEMBER), .classed_kinds = OTHER_END},
	ROW_OBJECT("threshold", PRIVACY_MEMBER, FINDING, 0, threshold_fields),
	ROW_UINT(FINDING, packets, PRIVACY_SECTOR, 0, FIELD_NUMBER_MAX),
	ROW_UINT(FINDING, bytes, PRIVACY_SECTOR, 0, FIELD_NUMBER_MAX),
	ROW_UINT(FINDING, peak_pps, PRIVACY_SECTOR, 0, FIELD_NUMBER_MAX),
	ROW_UINT(FINDING, peak_bps, PRIVACY_SECTOR, 0, FIELD_NUMBER_MAX),
	ROW_UINT(FINDING, sampling, PRIVACY_SECTOR, 1, UINT32_MAX),
	{.name = "shapes", FIELD_ROW(FIELD_FLAGS, FINDING, shapes, PRIVACY_SECTOR), .max = SHAPE_COUNT, .names = finding_shape_names},
	ROW_UINT(FINDING, pulse_period_ms, PRIVACY_SECTOR, 0, UINT32_MAX),
	ROW_UINT(FINDING, pulse_duty_permille, PRIVACY_SECTOR, 0, 1000),
	ROW_UINT(FINDING, target_count, PRIVACY_SECTOR, 0, UINT32_MAX),
	ROW_OBJECT("class_packets", PRIVACY_CLASSED, FINDING, 0, class_fields),
	ROW_UINT(FINDING, source_count, PRIVACY_SECTOR, 0, UINT32_MAX),
	ROW_LIST("vectors", PRIVACY_SECTOR, FINDING, vectors, vector_count, &vector_entry),
	ROW_LIST("sources", PRIVACY_CLASSED, FINDING, sources, listed_count, &source_entry),
	ROW_LIST("origins", PRIVACY_SECTOR, FINDING, origins, origin_count, &origin_entry),
};
const struct field finding_document = ROW_OBJECT("", PRIVACY_PUBLIC, FINDING, 0, finding_fields);

static const char *name_of(const char *const *names, size_t count, unsigned value)
{
	return names[value < count ? value : 0];
}

const char *finding_kind_name(enum finding_kind kind)
{
	return name_of(finding_kind_names, FINDING_KIND_COUNT, kind);
}

const char *finding_phase_name(enum finding_phase phase)
{
	return name_of(phase_names, ARRAY_LEN(phase_names), phase);
}

const char *source_verdict_name(enum source_verdict verdict)
{
	return name_of(verdict_names, ARRAY_LEN(verdict_names), verdict);
}

/** The member of an object, or of the objects in a list, by a name that need not be NUL-terminated; NULL if none. */
static const struct field *member_find(const struct field *field, const char *name, size_t length)
{
	if (field->type == FIELD_LIST)
		field = field->members;
	for (size_t i = 0; i < field->member_count; i++) {
		const char *candidate = field->members[i].name;
		if (strlen(candidate) == length && memcmp(candidate, name, length) == 0)
			return &field->members[i];
	}
	return NULL;
}

enum privacy finding_privacy(const char *path)
{
	const struct field *field = &finding_document;
	for (;;) {
		size_t length = strcspn(path, ".");
		field = member_find(field, path, length);
		if (field == NULL)
			return PRIVACY_UNKNOWN;
		if (path[length] == '\0')
			return field->privacy;
		path += length + 1;
	}
}

/** Drops the sources whose flow class is not allowed; the rest keep their order. */
static size_t sources_restrict(struct finding *finding, const bool allowed[static FLOW_CLASS_COUNT])
{
	size_t kept = 0, listed = finding->listed_count;
	for (size_t i = 0; i < listed; i++) {
		unsigned class = finding->sources[i].flow_class;
		if (class < FLOW_CLASS_COUNT && allowed[class])
			finding->sources[kept++] = finding->sources[i];
	}
	memset(&finding->sources[kept], 0, (listed - kept) * sizeof(finding->sources[0]));
	finding->listed_count = kept;
	return listed - kept;
}

/** Whether all of a finding's packets are of classes that are allowed; those of no known class are not. */
static bool packets_are_allowed(const struct finding *finding, const bool allowed[static FLOW_CLASS_COUNT])
{
	uint64_t packets = 0;
	for (size_t class = 0; class < FLOW_CLASS_COUNT; class++) {
		if (finding->class_packets[class] > 0 && !allowed[class])
			return false;
		packets += finding->class_packets[class];
	}
	return packets > 0;
}

/** Another id, which stays the same through a finding: the true one is a hash that trying all addresses turns back. */
static void id_replace(struct finding *finding, const uint8_t key[static FINDING_KEY_BYTES])
{
	uint8_t digest[(FINDING_ID_BYTES - 1) / 2];
	int failed = crypto_generichash(digest, sizeof(digest), (const uint8_t *)finding->id, sizeof(finding->id), key,
		FINDING_KEY_BYTES);
	ASSERT(failed == 0);
	sodium_bin2hex(finding->id, sizeof(finding->id), digest, sizeof(digest));
}

static void counts_restrict(struct finding *finding, const bool allowed[static FLOW_CLASS_COUNT])
{
	for (size_t class = 0; class < FLOW_CLASS_COUNT; class++) {
		if (!allowed[class])
			finding->class_packets[class] = 0;
	}
}

struct finding_erased finding_restrict(struct finding *finding, const struct finding_policy *policy)
{
	struct finding_erased erased = {0};
	bool is_allowed = packets_are_allowed(finding, policy->allowed);
	for (size_t i = 0; i < finding_document.member_count; i++) {
		const struct field *field = &finding_document.members[i];
		if (field->privacy == PRIVACY_CLASSED && field->type == FIELD_LIST)
			erased.sources += sources_restrict(finding, policy->allowed);
		if (field->privacy == PRIVACY_CLASSED && field->type == FIELD_OBJECT)
			counts_restrict(finding, policy->allowed);
		if ((field->classed_kinds & 1u << finding->kind) == 0 || is_allowed)
			continue;
		memset((char *)finding + field->offset, 0, field->size_bytes);
		erased.has_target = true;
	}
	if (erased.has_target)
		id_replace(finding, policy->key);
	return erased;
}
