/* Findings for tests: one as a sensor would tell it, one as full as it can be, and ones of random bytes. */
#pragma once

#include "core/random.h"
#include "record/finding.h"

/** A flood of two vectors, as in the example of doc/. */
void finding_example(struct finding *ret_finding);

/** Every list at its cap, every text at its length, every number at its largest. */
void finding_fullest(struct finding *ret_finding);

/** Anything: what finding_write() must bring into range. */
void finding_noise(struct random *rng, struct finding *ret_finding);
