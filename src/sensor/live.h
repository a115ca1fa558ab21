/*
 * The live sensor: opens its inputs, gives up its privileges, and runs the
 * loop until SIGTERM or SIGINT. SIGHUP opens the files of findings anew.
 */
#pragma once

#include "core/err.h"
#include "intel/intel.h"
#include "sensor/config.h"

/**
 * Runs the sensor.
 *
 * @param config borrowed
 * @param intel borrowed
 * @return OK after an orderly end; otherwise one line of log has told what failed
 */
MUST_USE int live_run(const struct config *config, const struct intel *intel);
