/*
 * Where live findings go: a file of JSON Lines for the member itself, and,
 * where configured, a second one for what may leave it, with the sources of
 * flow classes that may not leave taken out and counted (finding_restrict()).
 */
#pragma once

#include <stdint.h>

#include "core/err.h"
#include "record/finding.h"
#include "sensor/config.h"
#include "sensor/line_file.h"

struct findings {
	struct line_file *own; /* NULL: not configured */
	struct line_file *outgoing; /* NULL: not configured */
	struct finding_policy policy; /* of outgoing copies */
	uint64_t by_kind[FINDING_KIND_COUNT]; /* told with phase begin, or first told with its end */
	uint64_t sources_erased; /* taken out of outgoing copies */
	uint64_t targets_erased; /* likewise: of scans and backscatter */
	uint64_t unwritten; /* no memory to write the document */
};

/**
 * @param ret_why set on failure: the path that could not be opened, borrowed from the configuration
 * @return OK, E_NOMEM or E_SYS
 */
MUST_USE int findings_init(struct findings *findings, const struct config *config, const char **ret_why);
void findings_done(struct findings *findings);

/** Takes a finding; a detect_sink whose arg is the struct findings. */
void findings_tell(void *arg, const struct finding *finding);

/** Tries again to write what waits. */
void findings_flush(struct findings *findings);

/** The same at the end: waits up to two seconds for slow readers. */
void findings_drain(struct findings *findings);

/** Opens the files anew, after they were renamed. @return OK or E_SYS: some could not be, the old one stays in use */
MUST_USE int findings_reopen(struct findings *findings);
