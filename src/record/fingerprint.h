/*
 * A flood as the fingerprint of the DDoS Clearing House dissector
 * (fingerprint_format.md of NLADC/dissector), the format in which anti-DDoS
 * coalitions exchange attacks and which DDoS-DB and MISP take.
 *
 * Does not anonymise: the target is named, as the dissector does with
 * --show-target. Whoever uploads decides.
 */
#pragma once

#include "core/err.h"
#include "record/finding.h"

/**
 * Writes the fingerprint of a finding.
 *
 * @param finding a flood or a carpet bombing
 * @param ret_text set to malloc'ed text of one line without its newline; the caller frees it
 * @return OK, E_NOMEM, or E_UNSUPPORTED: the format has no place for this kind, or no vector is large enough
 */
MUST_USE int fingerprint_write(const struct finding *finding, char **ret_text);
