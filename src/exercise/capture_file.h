/*
 * Writes a classic pcap file (Ethernet, microseconds) through a buffer of
 * its own.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "exercise/frame.h"

struct capture_file; /* opaque */

/**
 * Creates or replaces a file, and writes its header.
 *
 * @param path of the file, "-": standard output
 * @param start_wall_ns the wall-clock time of time_ns 0
 * @param ret_file owned by the caller
 * @return OK, E_SYS or E_NOMEM
 */
MUST_USE int capture_file_new(const char *path, int64_t start_wall_ns, struct capture_file **ret_file);

/** Frees without writing what is left; NULL is fine. */
void capture_file_free(struct capture_file *file);

/**
 * Adds one packet.
 *
 * @return OK or E_SYS
 */
MUST_USE int capture_file_add(struct capture_file *file, const struct packet *packet);

/** Writes what is left and closes; free it afterwards all the same. Returns OK or E_SYS. */
MUST_USE int capture_file_finish(struct capture_file *file);

/** Packets added so far. */
uint64_t capture_file_packets(const struct capture_file *file);
