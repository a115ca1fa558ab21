/*
 * Offline scanning: capture files in, findings as JSON Lines out. A file is
 * judged for itself, by an engine of its own; flow exports that it holds are
 * judged by a second one, so that packet rates and flow rates do not mix.
 *
 * Reads pcap and pcapng, from files and pipes. Does not read nfdump's files.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "intel/intel.h"
#include "sensor/config.h"

struct scan_options {
	const struct config *config; /* borrowed */
	const struct intel *intel; /* borrowed */
	char *const *files; /* borrowed paths */
	size_t file_count;
	int progress_fd; /* "progress DONE TOTAL" and "done {...}" lines go there; -1: nowhere */
	int findings_fd; /* findings go there */
};

/**
 * Scans all files; each that cannot be read is told on standard error in one line, and the rest goes on.
 *
 * @return OK; E_MALFORMED: some file could not be read, or not to its end; E_SYS: findings cannot be written; E_NOMEM
 */
MUST_USE int scan_run(const struct scan_options *options);
