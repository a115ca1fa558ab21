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
 * Mails are another matter: they have no target in a network and no end, and
 * what joins them is who sent them and where they lead (incident_mail.c).
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
#include "record/field.h"
#include "record/finding.h"
#include "record/mail_finding.h"

#define INCIDENT_GAP_MS INT64_C(600000) /* of quiet between findings of one incident: ten minutes, as a pulse wave pauses */
#define INCIDENT_SILENT_MS INT64_C(3600000) /* after which open findings are believed to be over: their end was lost */
#define INCIDENT_DAY_MS INT64_C(86400000)
#define INCIDENT_MAIL_GAP_MS (3 * INCIDENT_DAY_MS) /* of quiet between mails of one incident: an opener waits over a weekend */
#define INCIDENT_MAIL_SPAN_MS (21 * INCIDENT_DAY_MS) /* from the first mail to the last that joins as posing as the same identity */
#define INCIDENT_VECTORS_MAX 24 /* of one incident; the smallest is counted in others */
#define INCIDENT_LINES_MAX 2000 /* of one incident's history; what is beyond is counted, but for its end */
#define INCIDENT_TEXT_BYTES 64

/** What an incident is about: kinds of findings that tell of the same thing are one matter. */
enum incident_matter {
	INCIDENT_UNKNOWN = 0,
	INCIDENT_ATTACK, /* flood and carpet bombing of our own */
	INCIDENT_OUTBOUND, /* one of ours attacks */
	INCIDENT_SCAN,
	INCIDENT_BACKSCATTER,
	INCIDENT_CROWD, /* many real clients: told, not an attack */
	INCIDENT_MAIL, /* mails that were marked or held, of one sender or with one place they lead to */
	INCIDENT_MATTER_COUNT
};

enum incident_state {
	INCIDENT_NO_STATE = 0,
	INCIDENT_OPEN, /* a finding is open, or the gap has not passed */
	INCIDENT_ENDED,
	INCIDENT_STATE_COUNT
};

#define INCIDENT_MAIL_KIND FINDING_KIND_COUNT /* where the kinds of mails begin */
#define INCIDENT_KIND_COUNT (FINDING_KIND_COUNT + MAIL_FINDING_MATTER_COUNT)

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
	uint32_t kinds; /* 1 << enum finding_kind; of mails 1 << INCIDENT_MAIL_KIND + enum mail_finding_matter */
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
	uint32_t line_count; /* of its history */
	uint64_t told_peak_pps; /* the last that its history told */
};

/** The table of an incident: what a store keeps (record/pack.h), what the API writes (document_make() of record/document.h). */
extern const struct field incident_document;

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
	INCIDENT_REOPENED, /* a finding goes on that was believed to be over */
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
	INCIDENT_MAIL_TAGGED, /* a mail was marked; subject: rule of its strongest reason; value: mails now */
	INCIDENT_MAIL_HELD, /* likewise, held */
	INCIDENT_MAIL_SENDER, /* a sender that was not there; subject: domain; value: mails now */
	INCIDENT_MAIL_HOST, /* a place they lead to that was not there; subject: host; value: mails now */
	INCIDENT_MAIL_OVER, /* value: mails; other: seconds from the first to the last */
	INCIDENT_MAIL_IDENTITY, /* an identity that it poses as; subject: its pseudonym; value: mails now */
	INCIDENT_EVENT_COUNT
};

extern const char *const incident_matter_names[INCIDENT_MATTER_COUNT];
extern const char *const incident_kind_names[INCIDENT_KIND_COUNT]; /* by bit of kinds */
extern const char *const incident_state_names[INCIDENT_STATE_COUNT];

/** The name as the API writes it ("vector"); static text. */
const char *incident_event_name(enum incident_event event);

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
	uint64_t lines_left_out;
};

/* The book of incidents that live. */

#define INCIDENT_LIVE_MAX 8192 /* incidents in memory, 3 kB each */
#define INCIDENT_SERIES_MAX 65536 /* findings in memory, half a kB each */
#define INCIDENT_ID_BYTES 16
#define INCIDENT_WINDOW 64 /* sequences below the highest that are remembered one by one */

struct incident_book; /* opaque */

/** Hears each line of history, in order. */
typedef void incident_tell(void *to, const struct incident_line *line);

/** What must be asked of the store before a finding can be taken. */
enum incident_want {
	INCIDENT_WANTS_NOTHING = 0,
	INCIDENT_WANTS_FINDING, /* whether this id was there before: then incident_recall(), else take it with is_unseen */
	INCIDENT_WANTS_SEQUENCE, /* whether this id and sequence was there: a repeat, else take it with is_unseen */
	INCIDENT_WANTS_INCIDENT, /* the incident it belongs to: incident_load() */
};

struct incident_taken {
	uint64_t number;
	bool is_repeat; /* nothing was changed */
	bool is_new; /* it opened the incident */
};

/**
 * @param live_max incidents in memory
 * @param series_max findings in memory
 * @param tell hears lines
 * @param to its argument
 * @param ret_book the caller's
 * @return OK or E_NOMEM
 */
MUST_USE int incident_book_new(size_t live_max, size_t series_max, incident_tell *tell, void *to, struct incident_book **ret_book);
void incident_book_free(struct incident_book *book);

/**
 * Forgets everything, as at the start of a process.
 *
 * @param book changed
 * @param horizon_ms findings whose window starts at or before it may be in the store; later ones are not
 * @param next_number of the next incident
 */
void incident_book_clear(struct incident_book *book, int64_t horizon_ms, uint64_t next_number);

/** Puts an incident into memory. @return OK or E_AGAIN: the changes have to be saved first */
MUST_USE int incident_load(struct incident_book *book, const struct incident *incident);

/** The id of a finding as bytes. */
void incident_id(const char id[static FINDING_ID_BYTES], uint8_t ret_id[static INCIDENT_ID_BYTES]);

/**
 * What the book needs to know before it takes a finding.
 *
 * @param book it goes into
 * @param finding that was read
 * @param ret_number with INCIDENT_WANTS_INCIDENT: which
 */
enum incident_want incident_wants(const struct incident_book *book, const struct finding *finding, uint64_t *ret_number);

/**
 * Puts a finding into memory as the store knows it. Its incident is in memory.
 *
 * @param book changed
 * @param last the document with the highest sequence
 * @param number of its incident
 * @param seen bit i: the sequence that is i below the highest is there
 */
void incident_recall(struct incident_book *book, const struct finding *last, uint64_t number, uint64_t seen);

/**
 * Takes a finding.
 *
 * @param book changed
 * @param finding that was read, and may be of this member
 * @param member whose
 * @param sector of the member
 * @param is_unseen the store was asked and does not have it
 * @param now_ms wall clock
 * @param ret_taken filled on OK
 * @return OK; E_STATE: incident_wants() something; E_AGAIN: the changes have to be saved first
 */
MUST_USE int incident_take(struct incident_book *book, const struct finding *finding, const char *member, uint8_t sector,
	bool is_unseen, int64_t now_ms, struct incident_taken *ret_taken);

/** Ends what has been quiet. @return how many ended */
size_t incident_tick(struct incident_book *book, int64_t now_ms);

/** The incident in memory; NULL if it is not. Its lines may be counted up with incident_line_add(). */
const struct incident *incident_find(const struct incident_book *book, uint64_t number);

/** The incident that a finding in memory belongs to; 0 if none. */
uint64_t incident_of_finding(const struct incident_book *book, const char id[static FINDING_ID_BYTES]);

/**
 * Opens an incident that is not found by a target.
 *
 * @param book changed
 * @param incident all of it but its number; has no target
 * @param ret_number filled on OK
 * @return OK or E_AGAIN: the changes have to be saved first
 */
MUST_USE int incident_open(struct incident_book *book, const struct incident *incident, uint64_t *ret_number);

/** Replaces an incident in memory; its number, member, matter and target stay what they are. */
void incident_update(struct incident_book *book, const struct incident *incident);

/* Mails. */

#define INCIDENT_KEYS_MAX 16 /* of one mail; further hosts join nothing */
#define INCIDENT_KEY_BYTES 280

/**
 * What mails of one incident have in common: "s:" and the sender's pseudonym, "i:" and that of the identity posed as, "d:" and
 * the sender's domain, "h:" and a host.
 */
struct incident_key {
	char text[INCIDENT_KEY_BYTES];
};

/**
 * The keys of a mail. What many share who have nothing to do with each other is none: freemail and cloud storage, shorteners,
 * redirectors, our own and known domains, and hosts that only pictures come from; and a domain that is written as the sender's
 * own, which is forged by many, where a look-alike is made by one.
 *
 * @param finding that was read
 * @param ret_keys filled
 * @return how many
 */
size_t incident_mail_keys(const struct mail_finding *finding, struct incident_key ret_keys[static INCIDENT_KEYS_MAX]);

/**
 * Whether a key that an incident is known by joins a mail to it. A person who is worth posing as is so to several: an identity
 * joins for INCIDENT_MAIL_SPAN_MS, so that no incident goes on for ever by it.
 *
 * @param incident that the key was heard of last
 * @param key of the mail
 * @param now_ms wall clock
 */
bool incident_mail_key_joins(const struct incident *incident, const struct incident_key *key, int64_t now_ms);

/**
 * Takes a mail.
 *
 * @param book changed
 * @param finding that was read, and was not taken before
 * @param number of the incident that has one of its keys, 0: none; one that is over or of another matter is passed over
 * @param member whose
 * @param sector of the member
 * @param now_ms wall clock
 * @param ret_taken filled on OK
 * @return OK or E_AGAIN: the changes have to be saved first
 */
MUST_USE int incident_mail_take(struct incident_book *book, const struct mail_finding *finding, uint64_t number,
	const char *member, uint8_t sector, int64_t now_ms, struct incident_taken *ret_taken);

/** Tells that an incident has a key that it did not have. @param now_ms wall clock */
void incident_mail_key_tell(struct incident_book *book, uint64_t number, const struct incident_key *key,
	const struct mail_finding *finding, int64_t now_ms);

/** Tells a line of an incident in memory that comes of another document. */
void incident_line_add(struct incident_book *book, const struct incident_line *line);

/**
 * Incidents that have changed since incident_saved().
 *
 * @param book asked
 * @param index from 0
 * @param ret_saved filled: the state in which it was saved last; INCIDENT_NO_STATE: it never was
 * @return borrowed; NULL beyond the last
 */
const struct incident *incident_changed(const struct incident_book *book, size_t index, enum incident_state *ret_saved);

/** The changes are in the store: those that have ended leave the memory. */
void incident_saved(struct incident_book *book);

void incident_count(const struct incident_book *book, struct incident_counters *ret_counters);

/** What a finding is about. */
enum incident_matter incident_matter_of(enum finding_kind kind);

/** Whether the target is the other end of communications: the source of a scan, or of backscatter. */
static inline bool incident_target_is_protected(enum incident_matter matter)
{
	return matter == INCIDENT_SCAN || matter == INCIDENT_BACKSCATTER;
}
