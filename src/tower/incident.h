/*
 * Incidents: findings on one target that belong together. Pure: no database,
 * no clock, no allocation after it is made; it is handed findings and the
 * time, and tells what has changed.
 *
 * Two findings belong together when they have the same id; or when they are of
 * one member and of kinds that tell of the same thing (a flood and the carpet
 * around it), their targets or covering prefixes overlap, and not more than
 * INCIDENT_GAP_MS lies between them. An incident ends when none of its
 * findings is open and the gap has passed, or when it has been silent for
 * INCIDENT_SILENT_MS.
 *
 * Bounded: at the caps the one not heard of longest makes room, which is told
 * as its end; struct incident_counters says how often.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/ip.h"
#include "record/document.h"
#include "record/finding.h"

#define INCIDENT_GAP_MS INT64_C(600000) /* of quiet between findings of one incident: ten minutes, as a pulse wave pauses */
#define INCIDENT_SILENT_MS INT64_C(3600000) /* after which open findings are believed to be over: their end was lost */
#define INCIDENT_VECTORS_MAX 24 /* of one incident; the smallest is counted in others */
#define INCIDENT_TEXT_BYTES 64

/** What an incident is about: kinds of findings that tell of the same thing are one matter. */
enum incident_matter {
	INCIDENT_UNKNOWN = 0,
	INCIDENT_ATTACK, /* flood and carpet bombing of our own */
	INCIDENT_OUTBOUND, /* one of ours attacks */
	INCIDENT_SCAN,
	INCIDENT_BACKSCATTER,
	INCIDENT_CROWD, /* many real clients: told, not an attack */
	INCIDENT_MATTER_COUNT
};

enum incident_state {
	INCIDENT_NO_STATE = 0,
	INCIDENT_OPEN, /* a finding is open, or the gap has not passed */
	INCIDENT_ENDED,
	INCIDENT_STATE_COUNT
};

/** A vector over the life of an incident. */
struct incident_vector {
	char name[FINDING_NAME_BYTES];
	uint64_t packets, bytes; /* sums over findings, corrected for sampling */
	int64_t first_ms, last_ms; /* packets of it, wall clock */
	uint16_t packets_permille, bytes_permille; /* share of the incident; computed when it is read */
};

struct incident {
	uint64_t number; /* counts from 1, in the order of opening; 0: none */
	char member[DOCUMENT_NAME_BYTES];
	uint8_t sector; /* of the member (tower/member.h); 0: none */
	enum incident_matter matter;
	enum incident_state state;
	uint32_t kinds; /* 1 << enum finding_kind */
	uint32_t shapes; /* enum finding_shape, or-ed */
	struct ip_prefix target; /* the smallest prefix that covers the targets of its findings */
	int64_t opened_ms; /* first packet of its findings, wall clock */
	int64_t told_ms; /* when the tower first heard of it */
	int64_t last_ms; /* last packet so far */
	int64_t ended_ms; /* 0: not yet */
	int64_t heard_ms; /* when the last document came in */
	uint32_t finding_count; /* distinct ids */
	uint32_t open_count; /* of them not ended */
	uint64_t document_count; /* begin, change, end */
	uint64_t packets, bytes; /* sums over findings */
	uint64_t peak_pps, peak_bps; /* highest of any finding */
	int64_t peak_ms; /* when that was told */
	uint32_t source_count; /* highest estimate of any finding */
	uint8_t confidence; /* highest, 0..100 */
	char why[FINDING_WHY_BYTES]; /* of the finding with the highest peak */
	char sensor[FINDING_SENSOR_BYTES]; /* of the same */
	size_t vector_count;
	struct incident_vector vectors[INCIDENT_VECTORS_MAX]; /* in the order in which they came; readers get the largest first */
	uint32_t first_day, last_day; /* days of arrival, since 1970: where its findings are kept */
};

/** What a line of an incident's history tells. */
enum incident_event {
	INCIDENT_NOTHING = 0,
	INCIDENT_OPENED, /* subject: kind of the finding; value: packets/s */
	INCIDENT_JOINED, /* another finding; subject: its kind; value: findings now */
	INCIDENT_VECTOR, /* a vector that was not there; subject: its name; value: share in permille */
	INCIDENT_SHAPE, /* subject: name of the shape */
	INCIDENT_PEAK, /* at least twice what was told last; value: packets/s; other: bits/s */
	INCIDENT_WIDENED, /* the target; subject: the prefix */
	INCIDENT_FINDING_ENDED, /* subject: kind; value: findings still open */
	INCIDENT_OVER, /* value: packets; other: seconds from first to last packet */
	INCIDENT_PROPOSED, /* a countermeasure; subject: sensor; value: foretold share stopped; other: collateral, in permille */
	INCIDENT_ORDERED, /* an order; subject: effector; value: seconds it may last; other: 1 urgent */
	INCIDENT_APPROVED, /* subject: who */
	INCIDENT_REFUSED, /* subject: who */
	INCIDENT_RATIFIED, /* subject: who */
	INCIDENT_WITHDRAWN, /* subject: who */
	INCIDENT_APPLIED, /* a receipt; subject: effector */
	INCIDENT_NOT_APPLIED, /* likewise, refused */
	INCIDENT_MEASURED, /* a receipt of progress; value: packets stopped; other: collateral in permille */
	INCIDENT_STOPPED, /* a receipt of an end; value: packets stopped; other: collateral in permille */
	INCIDENT_EVENT_COUNT
};

extern const char *const incident_event_names[INCIDENT_EVENT_COUNT];
extern const char *const incident_matter_names[INCIDENT_MATTER_COUNT];
extern const char *const incident_state_names[INCIDENT_STATE_COUNT];

/** One line of history. */
struct incident_line {
	uint64_t incident;
	int64_t at_ms; /* wall clock */
	enum incident_event event;
	char subject[INCIDENT_TEXT_BYTES]; /* plain text */
	uint64_t value, other;
};

#define INCIDENT_WORDS_BYTES 320

enum incident_language { INCIDENT_ENGLISH = 0, INCIDENT_JAPANESE };

/**
 * A line in words that a person reads.
 *
 * @param line of history
 * @param language of the words
 * @param ret_words filled, UTF-8
 * @return ret_words
 */
const char *incident_words(const struct incident_line *line, enum incident_language language,
	char ret_words[static INCIDENT_WORDS_BYTES]);

struct incident_counters {
	uint64_t opened, ended;
	uint64_t incidents_evicted; /* ended for want of room */
	uint64_t findings_forgotten; /* asked of the store again when another document of theirs comes */
	uint64_t vectors_left_out;
};
