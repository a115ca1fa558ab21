/*
 * Which vector a packet or flow record would belong to if it were part of an
 * attack, from its own headers alone. A hint: whether it is an attack is for
 * the judge, who sees the whole.
 */
#pragma once

#include "decode/observation.h"
#include "detect/vector.h"

/** Fills the look-up tables; called once by detect_new(). */
void classify_init(void);

/** The vector an observation hints at. A few nanoseconds. */
enum vector classify(const struct observation *obs);

/** The service a packet asks: the reflection its answer would be taken for; VECTOR_UNKNOWN if none. */
enum vector classify_question(const struct observation *obs);

/** Whether the vector is made of answers of third parties. */
bool classify_is_reflection(enum vector vector);
