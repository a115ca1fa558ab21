/*
 * Removes files of source sets that no order can need any more, so that lists
 * of addresses do not outlive what they were made for, and a directory of them
 * stays within its room whatever an attacker does.
 *
 * Goes by the time of a file's last change: source_set_save() writes a set
 * anew when it is named again. Does not look into files, and touches no others.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct source_set_sweep_config {
	int64_t kept_s; /* older ones go */
	int64_t spared_s; /* younger ones stay, even where room is short; not more than kept_s */
	uint64_t room_bytes; /* where all together are more, the oldest go */
};

struct source_set_sweep {
	size_t removed; /* files */
	size_t left; /* files */
	uint64_t left_bytes; /* may be more than the room: they are spared, or cannot be removed */
};

/**
 * Sweeps a directory. Of more than LIMIT_SOURCE_SET_FILES files each that is too old goes, and the rest is looked at next time.
 *
 * @param directory_fd open directory
 * @param config what may stay
 * @param now_wall_s present time
 * @param ret_sweep what was done, filled on OK
 * @return OK, E_NOMEM or E_SYS: the directory cannot be read
 */
MUST_USE int source_set_sweep(int directory_fd, const struct source_set_sweep_config *config, int64_t now_wall_s,
	struct source_set_sweep *ret_sweep);
