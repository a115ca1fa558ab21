/*
 * What the sensor tells the tower of itself, every second or so: rates, the
 * attack's part of them, what rules have stopped, and every loss
 * (record/health.h). Goes over a Unix socket (tower/writer.h) and never makes
 * the sensor wait: without a tower these lines are lost, which is counted.
 *
 * Findings do not go this way: the tower follows their file.
 */
#pragma once

#include <stdint.h>

#include "core/err.h"
#include "sensor/config.h"
#include "record/health_link.h"
#include "sensor/sensor.h"

struct pulse; /* opaque */

/**
 * @param config borrowed; names a tower
 * @param now_wall_ns when the sensor began
 * @param ret_pulse owned by the caller
 * @return OK or E_NOMEM
 */
MUST_USE int pulse_new(const struct config *config, int64_t now_wall_ns, struct pulse **ret_pulse);

/** NULL is fine. */
void pulse_free(struct pulse *pulse);

/** Tells when it is time, and looks after the connection; some times a second. */
void pulse_turn(struct pulse *pulse, struct sensor *sensor, int64_t now_wall_ns, int64_t now_mono_ns);

/** Makes the document of this moment. @return the same, filled; for pulse_turn() and tests */
const struct health *pulse_take(struct pulse *pulse, struct sensor *sensor, int64_t now_wall_ns, int64_t now_mono_ns);

struct line_link_counters pulse_link_of(const struct pulse *pulse);
