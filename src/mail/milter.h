/*
 * The milter: takes part in each mail that a mail server (Postfix, Sendmail) receives, has it read by a worker, judges
 * it, and marks it, holds it, or does nothing, as the configuration says.
 *
 * A mail is never lost: the answer is always "go on", at worst with a mark that it was not read and why; and it is never
 * later than the configured deadline. Does not send mail, change a body, or refuse anything.
 */
#pragma once

#include "core/err.h"
#include "mail/config.h"

/**
 * Runs until SIGTERM or SIGINT.
 *
 * @param config borrowed
 * @return OK after a signal; E_CONFIG, E_NOMEM, E_SYS: could not start; E_STATE: the workers' keeper died
 */
MUST_USE int milter_run(const struct config *config);
