/*
 * Lines that another process writes, put together from what a descriptor
 * yields. A line longer than the cap is dropped whole and counted.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct lines {
	char *text; /* owned */
	size_t used_bytes;
	size_t room_bytes;
	size_t max_bytes; /* of one line, its newline not counted */
	uint64_t dropped; /* lines that were too long */
	int is_skipping; /* inside one of those */
};

/** Called with each line, NUL-terminated and without its newline; borrowed for the call. */
typedef void lines_take(void *arg, char *line, size_t length_bytes);

/** A reader for lines of up to max_bytes; allocates as lines come. */
struct lines lines_over(size_t max_bytes);
void lines_done(struct lines *lines);

/**
 * Adds bytes and tells the lines that are whole.
 *
 * @param bytes what was read
 * @param length_bytes how much
 * @param take called for each line
 * @param arg handed to take
 * @return OK or E_NOMEM
 */
MUST_USE int lines_add(struct lines *lines, const char *bytes, size_t length_bytes, lines_take *take, void *arg);
