/*
 * Writes the Prometheus text exposition format, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/), into a
 * buffer of bounded size. All values are integers.
 *
 * Does not check that names are unique or that families are not taken up
 * again later; the caller writes each family once, its samples behind it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/limits.h"

enum metrics_type {
	METRICS_UNTYPED = 0,
	METRICS_COUNTER, /* never falls; by convention its name ends in "_total" */
	METRICS_GAUGE,
};

/** An exposition being written. */
struct metrics {
	char *text; /* owned; NUL-terminated */
	size_t length_bytes;
	size_t capacity_bytes;
	size_t left_out; /* lines that did not fit into LIMIT_METRICS_BYTES */
	const char *family; /* name of the present family, borrowed */
};

/** @return OK or E_NOMEM */
MUST_USE int metrics_init(struct metrics *ret_metrics);
void metrics_done(struct metrics *metrics);

/**
 * Starts a family: its help and type lines.
 *
 * @param name of the metric, static text
 * @param help one sentence
 */
void metrics_family(struct metrics *metrics, enum metrics_type type, const char *name, const char *help);

/**
 * Writes one sample of the present family.
 *
 * @param value of the sample
 * @param labels name, value, name, value ..., NULL; values are escaped
 */
void metrics_sample(struct metrics *metrics, uint64_t value, const char *const *labels);

/** The text so far, NUL-terminated, with a comment at its end where lines were left out; borrowed. */
const char *metrics_text(struct metrics *metrics);
