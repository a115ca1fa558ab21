/*
 * Holds what a sensor says against what was played: which attack a finding
 * is about, how long it took, and which vectors it named.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "exercise/scenario.h"
#include "exercise/traffic.h"
#include "record/finding.h"

#define SCORE_BINS 20 /* of 50 ms: the last second of an attack's packets */
#define SCORE_OPEN_MAX 16 /* findings kept to be shown */
#define SCORE_NOBODY SIZE_MAX

struct score_attack {
	const struct scenario_attack *plan;
	uint64_t threshold_pps; /* 0: a shape, no threshold */
	uint64_t packets;
	int64_t first_ns; /* wall clock; 0: nothing sent yet */
	int64_t over_ns; /* when the last second held more packets than the threshold; 0: not yet */
	int64_t last_ns;
	int64_t found_ns; /* when the finding was read; 0: not found */
	int64_t told_ns; /* the finding's own time */
	bool is_named[SCENARIO_STREAMS_MAX];
	uint64_t stream_packets[SCENARIO_STREAMS_MAX];
	int64_t bin_ns;
	uint32_t bins[SCORE_BINS];
};

struct score {
	const struct scenario *scenario;
	size_t attack_count;
	struct score_attack attacks[SCENARIO_ATTACKS_MAX];
	size_t stream_attack[TRAFFIC_STREAMS_MAX]; /* which attack a packet's origin is of */
	size_t stream_place[TRAFFIC_STREAMS_MAX]; /* and which of its streams */
	uint32_t findings; /* distinct ones */
	uint32_t strays; /* attacks that were told and not played */
	size_t open_count;
	struct finding open[SCORE_OPEN_MAX]; /* the last word on each, newest last */
};

/** Starts; the scenario and the threshold of the sensor are kept. */
void score_init(struct score *score, const struct scenario *scenario, uint64_t threshold_pps);

/** Notes a packet that is being sent. */
void score_packet(struct score *score, const struct packet *packet, int64_t now_ns);

/**
 * Notes a finding.
 *
 * @return the attack it is about, SCORE_NOBODY: none of them
 */
size_t score_finding(struct score *score, const struct finding *finding, int64_t now_ns);

/** Whether all vectors of an attack with a share of 5 % or more were named. Scans and backscatter have none. */
bool score_is_named(const struct score_attack *attack);

/** Whether an attack was found and named. */
bool score_is_right(const struct score_attack *attack);

/** Writes the results for people, and the line "N passed, N failed, N skipped". */
void score_show(const struct score *score, FILE *out);

/** Writes the results as one JSON document. Returns OK or E_NOMEM. */
MUST_USE int score_write(const struct score *score, uint64_t sent, uint64_t received, uint64_t dropped, int64_t cpu_ns,
	FILE *out);
