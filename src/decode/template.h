/*
 * Templates of NetFlow v9 (RFC 3954 section 5) and IPFIX (RFC 7011 section
 * 3.4): what an exporter says its records look like, compiled once into the
 * few loads that we have a use for.
 *
 * Does not read data records (ipfix_record.h does) and does not know sets.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/limits.h"
#include "decode/packet.h"

struct flow_context;
struct flow_exporter;
struct flow_state;

#define TEMPLATE_ID_MIN 256 /* smaller set ids are templates or reserved */
#define TEMPLATE_VARIABLE 65535 /* length of a field whose length is in the record, RFC 7011 section 7 */
#define TEMPLATE_ACTIONS_MAX (LIMIT_FLOW_TEMPLATE_FIELDS + 2) /* an IPv6 address is two loads */
#define ENTERPRISE_REVERSE 29305 /* the element seen from the other direction, RFC 5103 section 6.1 */

enum template_kind {
	TEMPLATE_DATA = 0,
	TEMPLATE_OPTIONS,
	TEMPLATE_KIND_COUNT
};

/** A field as the exporter described it. */
struct template_field {
	uint32_t enterprise; /* 0: IANA's, or Cisco's in v9 */
	uint16_t id;
	uint16_t length_bytes; /* or TEMPLATE_VARIABLE */
};

/** Where a value of a record goes to. */
enum template_slot {
	SLOT_NONE = 0,
	SLOT_SRC4, SLOT_DST4,
	SLOT_SRC6_HIGH, SLOT_SRC6_LOW, SLOT_DST6_HIGH, SLOT_DST6_LOW, /* each low behind its high */
	SLOT_PROTOCOL,
	SLOT_SRC_PORT, SLOT_DST_PORT, SLOT_UDP_SRC_PORT, SLOT_UDP_DST_PORT, SLOT_TCP_SRC_PORT, SLOT_TCP_DST_PORT,
	SLOT_OCTETS, SLOT_OCTETS_TOTAL, SLOT_OCTETS_POST, SLOT_OCTETS_INITIATOR,
	SLOT_PACKETS, SLOT_PACKETS_TOTAL, SLOT_PACKETS_POST, SLOT_PACKETS_INITIATOR,
	SLOT_OCTETS_REVERSE, SLOT_OCTETS_TOTAL_REVERSE, SLOT_OCTETS_RESPONDER, /* these six in a row: see is_biflow */
	SLOT_PACKETS_REVERSE, SLOT_PACKETS_TOTAL_REVERSE, SLOT_PACKETS_RESPONDER,
	SLOT_TCP_FLAGS, SLOT_TCP_FLAGS_REVERSE,
	SLOT_ICMP_TYPE_CODE, SLOT_ICMP_TYPE, SLOT_ICMP_CODE,
	SLOT_TTL, SLOT_TTL_MIN, SLOT_TTL_MAX,
	SLOT_FRAGMENT_OFFSET, SLOT_FRAGMENT_FLAGS,
	SLOT_VLAN, SLOT_DIRECTION, SLOT_IN_INTERFACE, SLOT_OUT_INTERFACE,
	SLOT_START, SLOT_END, SLOT_START_UPTIME, SLOT_END_UPTIME, SLOT_DURATION_MS, SLOT_DURATION_US, SLOT_BOOT_MS,
	SLOT_SAMPLING_INTERVAL, SLOT_SAMPLER_INTERVAL, SLOT_SELECTOR, SLOT_PACKET_INTERVAL, SLOT_PACKET_SPACE,
	SLOT_SAMPLING_SIZE, SLOT_SAMPLING_POPULATION, SLOT_SAMPLING_PROBABILITY,
	SLOT_FRAME_BYTES, SLOT_SECTION, SLOT_SECTION_OFFSET,
	SLOT_COUNT
};

/** How a point in time is written (RFC 7011 section 6.1.7 to 6.1.10). */
enum template_time {
	TIME_NONE = 0,
	TIME_S,
	TIME_MS,
	TIME_NTP, /* RFC 5905 timestamp format, for microseconds and nanoseconds */
	TIME_BEFORE_EXPORT_US, /* flowStartDeltaMicroseconds */
};

/** One load. Offsets count from the record's start, or from the end of the variable-length field before. */
struct template_action {
	uint16_t offset_bytes; /* of the field; of its length byte if variable */
	uint16_t length_bytes; /* or TEMPLATE_VARIABLE */
	uint16_t tail_bytes; /* variable only: bytes that must follow, the next length byte included */
	uint8_t slot; /* enum template_slot; SLOT_NONE: only stepped over */
};

struct template {
	uint64_t epoch; /* of the exporter, see flow_state.c */
	uint32_t exporter; /* place of the exporter */
	uint16_t id;
	uint8_t kind; /* enum template_kind */
	uint8_t start_time; /* enum template_time of SLOT_START */
	uint8_t end_time; /* enum template_time of SLOT_END */
	bool is_biflow; /* has counts of the other direction */
	uint16_t record_min_bytes; /* exact size where no field is variable; never 0 */
	uint16_t head_bytes; /* bytes before the first variable part, its length byte included */
	uint16_t field_count;
	uint16_t scope_count; /* the first fields of an options template are scopes */
	uint16_t action_count;
	enum link_type section_link; /* of SLOT_SECTION */
	bool has[SLOT_COUNT];
	struct template_action actions[TEMPLATE_ACTIONS_MAX];
	struct template_field fields[LIMIT_FLOW_TEMPLATE_FIELDS]; /* as described: to see a change, and to save */
};

/** A template as it stands in a datagram. */
struct template_description {
	enum template_kind kind;
	uint16_t id;
	uint16_t field_count;
	uint16_t scope_count;
	struct template_field fields[LIMIT_FLOW_TEMPLATE_FIELDS];
};

/**
 * Takes a description in: a new template, the same again, or a change under the same id.
 *
 * @return OK, or E_MALFORMED: it describes nothing that fits a datagram; what the id meant before is forgotten
 */
MUST_USE int template_learn(struct flow_context *ctx, struct flow_exporter *exporter,
	const struct template_description *description);

/** The template of a data set, touched; NULL if it is not known. Borrowed until the next template is learned. */
const struct template *template_find(struct flow_state *state, const struct flow_exporter *exporter, uint16_t id);

/** Forgets one template (RFC 7011 section 8.1). */
void template_withdraw(struct flow_context *ctx, struct flow_exporter *exporter, uint16_t id);

/** Forgets all templates of a kind (RFC 7011 section 8.1). */
void template_withdraw_all(struct flow_context *ctx, struct flow_exporter *exporter, enum template_kind kind);
