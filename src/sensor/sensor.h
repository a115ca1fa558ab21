/*
 * The running sensor: what the loop, the status reply and the metrics page
 * all look at. One thread owns it all.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "detect/detect.h"
#include "intel/intel.h"
#include "sensor/config.h"
#include "sensor/countermeasures.h"
#include "sensor/exporters.h"
#include "sensor/findings.h"
#include "sensor/inputs.h"
#include "sensor/service.h"

#define SENSOR_INPUTS_MAX (CONFIG_CAPTURES_MAX + CONFIG_COLLECTORS_MAX)

struct pulse; /* sensor/pulse.h */

/** Packets and flow records are judged apart: the same traffic may come as both, and would count twice. */
enum sensor_engine {
	ENGINE_PACKETS = 0,
	ENGINE_FLOWS,
	ENGINE_COUNT
};

struct sensor {
	const struct config *config; /* borrowed */
	const struct intel *intel; /* borrowed */
	struct detect *engines[ENGINE_COUNT]; /* owned; NULL: no such input */
	struct flow_state *flow; /* owned; NULL: no collector */
	struct exporters exporters;
	struct findings findings;
	struct countermeasures *countermeasures; /* owned; NULL: none are made */
	struct pulse *pulse; /* owned; NULL: no tower is told */
	struct input inputs[SENSOR_INPUTS_MAX];
	size_t input_count;
	struct service *status; /* NULL: not configured */
	struct service *metrics;
	int64_t started_mono_ns;
	uint64_t rate_pps, rate_bps; /* of the last second, corrected for sampling */
	uint64_t saves_failed; /* state that could not be written; tried again */
};

/** A name for an engine, for files and labels; static text. */
const char *sensor_engine_name(enum sensor_engine engine);

/** Memory of all engines, bytes. */
uint64_t sensor_memory_bytes(const struct sensor *sensor);
