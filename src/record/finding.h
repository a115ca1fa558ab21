/*
 * A finding: what a detector concludes about one target, as a struct and as
 * the JSON document of schema/finding.json (one per line). All numbers are
 * integers; shares are in permille.
 *
 * The struct is plain data with fixed bounds, so that a finding can be made
 * without allocation in the middle of a flood. Members that may not leave a
 * member organisation are told by the table in record/privacy.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/ip.h"
#include "record/flow_class.h"

#define FINDING_VECTORS_MAX 16 /* vectors told of one finding; the smallest shares are left out and counted */
#define FINDING_SOURCES_MAX 100 /* sources listed; the largest by packets, source_count tells of how many */
#define FINDING_PREFIXES_MAX 16 /* covering prefixes of a carpet */
#define FINDING_TOP_MAX 8 /* most frequent values of a header field */
#define FINDING_ORIGINS_MAX 16 /* rows of AS and country statistics */
#define FINDING_NAME_BYTES 48
#define FINDING_WHY_BYTES 384
#define FINDING_ID_BYTES 33 /* 32 hex digits */
#define FINDING_KEY_BYTES 32
#define FINDING_SENSOR_BYTES 64
#define FINDING_DOCUMENT_BYTES_MAX 262144 /* longest document that is read; the fullest finding is shorter */

enum finding_kind {
	FINDING_UNKNOWN = 0,
	FINDING_FLOOD, /* volume attack on one address */
	FINDING_CARPET_BOMBING, /* volume attack spread over a prefix */
	FINDING_OUTBOUND_ATTACK, /* one of ours attacks */
	FINDING_SCAN, /* one source tries many addresses or ports */
	FINDING_BACKSCATTER, /* answers to packets that somebody forged in our name */
	FINDING_FLASH_CROWD, /* many real clients at once: told, not an attack */
	FINDING_KIND_COUNT
};

enum finding_phase {
	FINDING_PHASE_UNKNOWN = 0,
	FINDING_BEGIN, /* first told */
	FINDING_CHANGE, /* same finding, other vectors, shape or size */
	FINDING_END, /* over: the last word, with totals */
	FINDING_PHASE_COUNT
};

/** Shapes in time and space, or-ed into finding.shapes. */
enum finding_shape {
	SHAPE_MULTI_VECTOR = 1 << 0, /* two or more vectors of 5 % or more */
	SHAPE_CARPET = 1 << 1, /* spread over many addresses of a prefix */
	SHAPE_PORT_CARPET = 1 << 2, /* spread over many destination ports */
	SHAPE_PULSE = 1 << 3, /* on and off: pulse_period_ms, pulse_duty_permille */
	SHAPE_BURST = 1 << 4, /* shorter than 10 s; told at the end */
	SHAPE_RAMP = 1 << 5, /* grew steadily to its peak */
	SHAPE_COUNT = 6 /* bits in use */
};

enum source_verdict {
	SOURCE_UNKNOWN = 0,
	SOURCE_BOT, /* the address really sends: handshakes, stable TTL, repetition */
	SOURCE_AMPLIFIER, /* a real server that was made to answer */
	SOURCE_SPOOFED, /* the address is very likely forged: never to be listed for blocking */
	SOURCE_VERDICT_COUNT
};

/** Most frequent values of a header field, largest share first. */
struct finding_top {
	uint8_t count; /* entries used */
	bool is_random; /* values are spread: the entries explain little */
	struct {
		uint32_t value;
		uint16_t permille; /* of the packets of this vector */
	} entries[FINDING_TOP_MAX];
};

struct finding_vector {
	char name[FINDING_NAME_BYTES]; /* "syn_flood", "ntp_reflection", "udp_reflection_37810"; see doc/vectors.md */
	char service[FINDING_NAME_BYTES]; /* "NTP", "" where there is none */
	uint8_t protocol; /* IP protocol number */
	uint8_t ip_version; /* 4 or 6 */
	uint16_t packets_permille; /* share of the finding's packets */
	uint16_t bytes_permille; /* share of the finding's bytes */
	uint64_t packets; /* corrected for sampling */
	uint64_t bytes;
	int64_t start_ms; /* wall clock */
	int64_t end_ms;
	uint32_t source_count; /* distinct sources, estimated */
	struct finding_top src_ports;
	struct finding_top dst_ports;
	struct finding_top tcp_flags;
	struct finding_top lengths; /* IP length in bytes */
	struct finding_top ttls;
	struct finding_top icmp; /* type * 256 + code */
};

struct finding_source {
	struct ip_addr addr;
	enum source_verdict verdict;
	enum flow_class flow_class; /* of traffic from this source to the target */
	char why[96]; /* one line a person can check */
	uint64_t packets; /* corrected for sampling; a lower bound */
	uint64_t bytes;
	uint32_t asn; /* 0 unknown */
	char country[3]; /* "" unknown */
};

/** A group of sources: all of one AS or one country. */
struct finding_origin {
	uint32_t asn; /* 0: this row counts a country */
	char country[3];
	uint32_t source_count;
	uint16_t packets_permille;
};

struct finding {
	char id[FINDING_ID_BYTES]; /* the same for begin, change and end of one finding */
	char sensor[FINDING_SENSOR_BYTES]; /* who saw it */
	enum finding_kind kind;
	enum finding_phase phase;
	uint32_t sequence; /* 0 for begin, then counting: (id, sequence) is unique */
	struct ip_prefix target; /* the address, the smallest covering prefix of a carpet, who scans or answers unasked */
	size_t prefix_count; /* carpets: all covering prefixes, target is the first */
	struct ip_prefix prefixes[FINDING_PREFIXES_MAX];
	int64_t window_start_ms; /* wall clock: first packet of it */
	int64_t window_end_ms; /* wall clock: last packet so far */
	int64_t first_over_ms; /* when the threshold was first exceeded */
	int64_t told_ms; /* when this document was made, on the clock of the observations */
	uint8_t confidence; /* 0..100 */
	char why[FINDING_WHY_BYTES]; /* one line a person can check */
	char threshold[FINDING_NAME_BYTES]; /* what was exceeded: "host_pps", "learned_pps", "shape" ... */
	uint64_t threshold_value; /* its value, 0 where it is a shape */
	uint64_t packets; /* since window_start, corrected for sampling */
	uint64_t bytes;
	uint64_t peak_pps; /* highest second */
	uint64_t peak_bps;
	uint32_t sampling; /* highest sampling rate among the observations; 1: none */
	uint32_t shapes; /* enum finding_shape */
	uint32_t pulse_period_ms; /* with SHAPE_PULSE */
	uint16_t pulse_duty_permille;
	uint32_t target_count; /* distinct addresses hit, estimated */
	uint64_t class_packets[FLOW_CLASS_COUNT]; /* packets by flow class */
	uint32_t source_count; /* distinct sources, estimated */
	size_t vector_count;
	struct finding_vector vectors[FINDING_VECTORS_MAX]; /* largest share first */
	size_t listed_count;
	struct finding_source sources[FINDING_SOURCES_MAX]; /* largest first */
	size_t origin_count;
	struct finding_origin origins[FINDING_ORIGINS_MAX];
};

/** The names as documents write them, by kind. */
extern const char *const finding_kind_names[FINDING_KIND_COUNT];

/** Likewise of shapes, by bit. */
extern const char *const finding_shape_names[SHAPE_COUNT];

const char *finding_kind_name(enum finding_kind kind);
const char *finding_phase_name(enum finding_phase phase);
const char *source_verdict_name(enum source_verdict verdict);

/**
 * Computes the id from what makes a finding the same: sensor, kind, target, window_start.
 *
 * @param finding its id is filled
 */
void finding_identify(struct finding *finding);

/**
 * Writes the document.
 *
 * @param finding to be written
 * @param ret_text set to malloc'ed text of one line without its newline; the caller frees it
 * @return OK or E_NOMEM
 */
MUST_USE int finding_write(const struct finding *finding, char **ret_text);

/**
 * Reads a document, from another process and so hostile: every member is checked against the schema.
 *
 * @param text need not be NUL-terminated
 * @param length_bytes its length
 * @param ret_finding filled on OK
 * @return OK, E_MALFORMED, E_LIMIT (more vectors or sources than the caps), E_NOMEM
 */
MUST_USE int finding_parse(const char *text, size_t length_bytes, struct finding *ret_finding);

/**
 * The same where the struct is large to copy.
 *
 * @param text need not be NUL-terminated
 * @param length_bytes its length
 * @param into filled; after an error partly
 * @return as finding_parse()
 */
MUST_USE int finding_read(const char *text, size_t length_bytes, struct finding *into);

/** What may leave the member. */
struct finding_policy {
	bool allowed[FLOW_CLASS_COUNT]; /* domestic-domestic and unknown are false by default */
	uint8_t key[FINDING_KEY_BYTES]; /* random and secret: makes the ids of findings whose target is taken out */
};

/** What finding_restrict() took out. */
struct finding_erased {
	size_t sources; /* listed ones */
	bool has_target; /* the target, which is now ::/0, with why and the id that tell it */
};

/**
 * Takes out of a finding what may not leave the member (record/privacy.h): sources of classes that are not allowed,
 * counts of such classes, and where the target is itself a source of such traffic, the target.
 *
 * @param finding changed in place
 * @param policy of the member
 * @return what was taken out
 */
struct finding_erased finding_restrict(struct finding *finding, const struct finding_policy *policy);
