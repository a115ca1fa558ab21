/*
 * What exercises there are and how they go, as whoever plays them tells it to
 * a tower (src/exercise/office.h): scenarios, the last runs with their scores,
 * and of the newest run what happened and how its clients fared second by
 * second. Times within a run count from its beginning.
 *
 * Nobody signs it: it moves nothing. It names addresses of documentation
 * (RFC 5737, RFC 3849) alone, for exercises play with no others.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "record/document.h"

#define EXERCISE_SCENARIOS_MAX 64
#define EXERCISE_RUNS_MAX 8 /* remembered; the oldest makes room */
#define EXERCISE_EVENTS_MAX 128 /* of one run; later ones are counted alone */
#define EXERCISE_SECONDS_MAX 300 /* likewise */
#define EXERCISE_ATTACKS_MAX 16
#define EXERCISE_VECTORS_MAX 8
#define EXERCISE_NAME_BYTES 48
#define EXERCISE_WORDS_BYTES 160
#define EXERCISE_RUN_BYTES_MAX 65536 /* of a run's document */
#define EXERCISE_STATE_BYTES_MAX 196608 /* of all that is known */
#define EXERCISE_REQUEST_BYTES_MAX 512 /* of what is asked of whoever plays */

/** A scenario that may be played. */
struct exercise_scenario {
	char name[EXERCISE_NAME_BYTES];
	char about[EXERCISE_WORDS_BYTES]; /* one line, English */
	uint64_t duration_ms;
};

/** What happens in a run. */
enum exercise_news {
	EXERCISE_TROUBLE = 0, /* of the exercise itself; detail tells in English */
	EXERCISE_FIRST_PACKET,
	EXERCISE_FOUND, /* detail: target and vectors */
	EXERCISE_CHANGES, /* likewise */
	EXERCISE_OVER, /* the sensor sees its end */
	EXERCISE_ASKED, /* detail, from here on: the first digits of the order's id */
	EXERCISE_ORDERED,
	EXERCISE_IN_FORCE,
	EXERCISE_REFUSED,
	EXERCISE_RATIFIED,
	EXERCISE_LAPSED,
	EXERCISE_GONE,
	EXERCISE_WELL, /* the clients have what they ask for again */
	EXERCISE_NEWS_COUNT
};

struct exercise_event {
	uint64_t at_ms; /* since the beginning */
	enum exercise_news news;
	char attack[EXERCISE_NAME_BYTES]; /* "": none in particular */
	char detail[EXERCISE_WORDS_BYTES];
};

/** Requests of clients. */
struct exercise_sum {
	uint64_t asked, served, late, failed;
};

/** The same second with Hinomi and without. */
struct exercise_second {
	struct exercise_sum with, without;
	bool has_without;
};

/** Something that may not have happened, or could not be measured. */
struct exercise_measure {
	bool is_known;
	uint64_t value;
};

struct exercise_vector {
	char name[DOCUMENT_NAME_BYTES];
};

/** One attack, as it was dealt with; times in ms since the beginning. */
struct exercise_attack {
	char name[EXERCISE_NAME_BYTES];
	char decision[16]; /* how a measure was to come about: of exercise/scenario.h */
	char complaint[EXERCISE_WORDS_BYTES]; /* what was wrong, English; "": nothing */
	bool is_judged; /* false: it was not played, or nobody was there to answer */
	size_t vector_count;
	struct exercise_vector vectors[EXERCISE_VECTORS_MAX];
	struct exercise_measure first_ms, last_ms, found_ms, ordered_ms, applied_ms, well_ms, gone_ms;
	struct exercise_measure leak_permille, collateral_permille;
};

/** What became of the day of mail that came beside the attacks. */
struct exercise_mail {
	char absence[EXERCISE_WORDS_BYTES]; /* why no mail was played, English; "": it was */
	uint64_t mails; /* of the day */
	uint64_t accepted, delivered; /* by the mail server; of these, in the box */
	uint64_t unmarked; /* of these, that were not read */
	uint64_t aimed, aimed_tagged; /* at the member; of these, tagged */
	uint64_t others_tagged;
};

struct exercise_score {
	uint64_t attack_packets; /* sent */
	uint64_t troubles;
	uint64_t passed, failed, skipped; /* what the exercise judged */
	bool is_ledger_verified;
	size_t attack_count;
	struct exercise_attack attacks[EXERCISE_ATTACKS_MAX];
	struct exercise_sum with, with_defended; /* defended: while rules were in force against all that went on */
	bool has_without;
	struct exercise_sum without, without_defended;
	bool has_mail; /* a mailbox was asked for */
	struct exercise_mail mail;
};

enum exercise_stage {
	EXERCISE_WAITING = 0, /* is being set up */
	EXERCISE_RUNNING,
	EXERCISE_DONE,
	EXERCISE_FAILED, /* ended before its time; why tells */
	EXERCISE_STAGE_COUNT
};

struct exercise_run {
	uint64_t number; /* of the runs of one player, from 1 */
	char scenario[EXERCISE_NAME_BYTES];
	char why[EXERCISE_WORDS_BYTES]; /* one line, English, where it failed */
	enum exercise_stage stage;
	uint64_t duration_ms; /* of the scenario */
	int64_t started_ms; /* wall clock */
	bool has_ended;
	int64_t ended_ms; /* wall clock */
	uint64_t lost; /* events and seconds beyond their caps */
	size_t event_count;
	struct exercise_event events[EXERCISE_EVENTS_MAX];
	size_t second_count;
	struct exercise_second seconds[EXERCISE_SECONDS_MAX];
	bool has_score;
	struct exercise_score score;
};

/** All that is known; the newest run comes first, and it alone has events and seconds. */
struct exercise_state {
	bool may_start; /* false: another is under way, or only watching is possible */
	bool is_own; /* the tower that asks is the exercise's own, and shows all of it */
	bool may_join; /* a passkey is taken now, of who wants to answer orders in the run to come */
	int64_t begins_ms; /* with may_join: when the run begins at the latest; wall clock */
	size_t scenario_count;
	struct exercise_scenario scenarios[EXERCISE_SCENARIOS_MAX];
	size_t run_count;
	struct exercise_run runs[EXERCISE_RUNS_MAX];
};

enum exercise_ask { EXERCISE_ASK_STATE = 0, EXERCISE_ASK_START, EXERCISE_ASK_STOP, EXERCISE_ASK_JOIN, EXERCISE_ASK_COUNT };

#define EXERCISE_POINT_BYTES 64 /* of a P-256 key: x and y */

/** What is asked of whoever plays. */
struct exercise_request {
	enum exercise_ask ask;
	bool has_scenario;
	char scenario[EXERCISE_NAME_BYTES]; /* to be started */
	bool has_passkey;
	uint8_t passkey[EXERCISE_POINT_BYTES]; /* of who joins */
};

enum exercise_answer {
	EXERCISE_ACCEPTED = 0,
	EXERCISE_BUSY, /* one is under way */
	EXERCISE_UNKNOWN, /* there is no such scenario */
	EXERCISE_CLOSED, /* not possible now, or here */
	EXERCISE_BROKEN, /* it was tried and failed */
	EXERCISE_ANSWER_COUNT
};

struct exercise_reply {
	enum exercise_answer answer;
	char why[EXERCISE_WORDS_BYTES]; /* one line; "" where it was accepted */
};

extern const struct document_kind exercise_run_kind, exercise_state_kind, exercise_request_kind, exercise_reply_kind;

/** The member of a state's document that lists its scenarios, or its runs, for whoever shows it elsewhere. */
extern const struct field exercise_state_root;
