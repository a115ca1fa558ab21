/*
 * The truth about an exercise as one JSON document: for each attack its
 * kind, target, time, shapes, sources and vectors with exact counts.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "exercise/scenario.h"
#include "exercise/traffic.h"

#define LABELS_VECTOR_BYTES 48

/**
 * Writes the document.
 *
 * @param path of the file
 * @param scenario what was played
 * @param traffic what was sent
 * @param start_wall_ns wall-clock time of time_ns 0
 * @param format name of the output's format
 * @param sampling 1:n that the output looked at
 * @param written packets in the output file
 * @return OK, E_SYS, E_NOMEM
 */
MUST_USE int labels_write(const char *path, const struct scenario *scenario, const struct traffic *traffic,
	int64_t start_wall_ns, const char *format, uint32_t sampling, uint64_t written);

/** The name of a stream's vector as a finding should write it; returns ret_name. */
const char *labels_vector(const struct scenario_stream *stream, char ret_name[static LABELS_VECTOR_BYTES]);

/** What a finding about it should write as its target: the attacked, or who scans or answers; returns ret_text. */
const char *labels_target(const struct scenario *scenario, const struct scenario_attack *attack,
	char ret_text[static IP_PREFIX_TEXT_BYTES]);
