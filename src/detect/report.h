/*
 * Turns a profile and its verdict into the members of a finding: vectors with
 * shares and frequent values, sources with verdicts and origins, shapes, and
 * the line that says why.
 */
#pragma once

#include "detect/judge.h"
#include "detect/watch.h"

/** Fills vectors, packets and bytes. */
void report_vectors(const struct profile *profile, const struct verdict *verdict, struct finding *finding);

/**
 * Fills sources and origins.
 *
 * @param intel asked for AS, country and reserved addresses
 * @param profile the evidence
 * @param verdict of it
 * @param finding filled
 */
void report_sources(const struct intel *intel, const struct profile *profile, const struct verdict *verdict,
	struct finding *finding);

/** Fills shapes from vectors, ports and the watch's rises and falls; is_last: the finding ends with this. */
void report_shapes(const struct watch *watch, bool is_last, struct finding *finding);

/** Writes the one line that tells a person why. */
void report_why(const struct watch *watch, const struct verdict *verdict, struct finding *finding);
