/*
 * The life of one finding about one profiled end: nothing, open, ended. Begins
 * when the part of the traffic that the judge calls attack passes a
 * threshold, changes when another vector joins, ends after a quiet time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "detect/engine.h"
#include "detect/judge.h"

#define WATCH_PULSES 8 /* rises that are remembered to tell a pulse wave */

/** What a watch may be about. */
enum watch_role {
	WATCH_NONE = 0,
	WATCH_TARGET, /* one address that is hit */
	WATCH_SENDER, /* one of our addresses that sends */
	WATCH_PREFIX, /* a covering prefix */
};

struct watch {
	enum watch_role role;
	bool is_open;
	bool is_over; /* above the threshold at the last look */
	enum finding_kind kind; /* of the open finding */
	char id[FINDING_ID_BYTES];
	uint32_t sequence; /* of the next document */
	const char *threshold_name;
	uint64_t threshold_value;
	int64_t start_ns; /* first packet of the open finding */
	int64_t first_over_ns;
	int64_t last_over_ns;
	int64_t judged_ns; /* last time */
	uint64_t peak_pps;
	uint64_t peak_bps;
	struct verdict verdict; /* the last one that named a vector: the last word of a finding is not "nothing" */
	struct fresh fresh; /* of the open finding */
	int64_t changed_ns; /* its last change */
	uint64_t told[2]; /* vectors told of, by bit; one that comes back after a while is told anew */
	uint64_t seen[2]; /* new vectors at the last look: told when they are there again */
	int64_t rises_ns[WATCH_PULSES]; /* starts of the last rises */
	unsigned rise_count;
	int64_t over_total_ns; /* time above the threshold */
	uint64_t ramp_pps; /* rate one second after the begin */
	struct profile profile;
};

/** Adds what only the detector knows to engine->scratch before it is told: prefixes, targets. */
typedef void watch_complete(void *state, struct watch *watch, struct finding *finding);

/** What belongs to all watches of one detector. */
struct watch_owner {
	struct engine *engine;
	watch_complete *complete; /* NULL: nothing to add */
	void *state; /* handed to complete */
	uint64_t open_count;
	uint64_t open_max;
};

/** What the judge must know of a watch at a time. */
struct judge_context watch_context(const struct watch_owner *owner, const struct watch *watch, int64_t now_ns);

/** Begins a watch of an end; its findings open later. */
void watch_init(struct watch *watch, enum watch_role role, const struct ip_prefix *end, uint64_t hash, int64_t now_ns);

/** Looks at the watch and moves its finding through its life. Call every tick. */
void watch_tick(struct watch_owner *owner, struct watch *watch, int64_t now_ns);

/** Tells a change of an open finding that its detector has seen. */
void watch_change(struct watch_owner *owner, struct watch *watch, int64_t now_ns);

/** Judges a last time; ends what is open. */
void watch_finish(struct watch_owner *owner, struct watch *watch, int64_t now_ns);

/** Fills the owner's engine->scratch with the present state of an open finding. */
void watch_report(struct watch_owner *owner, struct watch *watch, enum finding_phase phase, int64_t now_ns);

/** Whether the watch may be given to another end: nothing open, and silent for two seconds. */
bool watch_is_idle(const struct watch *watch, int64_t now_ns);
