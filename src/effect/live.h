/* The life of an effector: open, drop, sandbox, begin, loop. */
#pragma once

#include <stdbool.h>

#include "core/err.h"
#include "effect/config.h"

/**
 * Runs until SIGTERM or SIGINT. What is in force stays in force then: it ends by itself, and the next start takes it up.
 *
 * @param config borrowed
 * @param is_clock_right as carry_begin()
 * @return OK, or E_STATE: it could not start, and said why
 */
MUST_USE int live_run(const struct config *config, bool is_clock_right);
