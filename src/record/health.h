/*
 * Health of one process, told every second or few (schema/health.json): what
 * goes through it now, what it lost and why, how many rules it has in force.
 * Rates are of the second before; losses are sums since the process began.
 * It names no address. Nobody signs it: it moves nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "record/document.h"

#define HEALTH_LOSSES_MAX 32 /* reasons of one process; processes have fewer */
#define HEALTH_LINE_BYTES_MAX 8192 /* of the document; the fullest is shorter */

/** Of the second before, corrected for sampling. */
struct health_rates {
	uint64_t in_pps, in_bps; /* all that comes in */
	uint64_t attack_pps, attack_bps; /* of it what belongs to findings */
	uint64_t dropped_pps; /* stopped by rules */
};

/** What was lost, and why. */
struct health_loss {
	char reason[DOCUMENT_NAME_BYTES]; /* "ring_full", "unknown_template" ... */
	uint64_t count; /* since the process began */
};

struct health {
	char member[DOCUMENT_NAME_BYTES];
	char process[DOCUMENT_NAME_BYTES]; /* as its configuration names it: "edge1" */
	char program[DOCUMENT_NAME_BYTES]; /* program and version: "hinomi-sensor 0.1.0" */
	int64_t started_ms; /* wall clock */
	int64_t at_ms; /* likewise; not before started_ms */
	struct health_rates rates;
	uint32_t rules; /* in force */
	size_t loss_count;
	struct health_loss losses[HEALTH_LOSSES_MAX];
};

extern const struct document_kind health_kind;

/** Adds to what was lost for a reason; one that nothing was lost for is not begun, nor one beyond HEALTH_LOSSES_MAX. */
void health_loss_add(struct health *health, const char *reason, uint64_t count);

/** document_write() of health. */
MUST_USE static inline int health_write(const struct health *health, char **ret_text,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	return document_write(&health_kind, health, ret_text, ret_complaint);
}

/** document_parse() of health. */
MUST_USE static inline int health_parse(const char *text, size_t length_bytes, struct health *ret_health,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	return document_parse(&health_kind, text, length_bytes, ret_health, ret_complaint);
}
