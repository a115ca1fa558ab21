/*
 * Follows a file of lines that another process appends to, from the place
 * where it was left, over renames and restarts of either side. So the file is
 * the queue: the writer never waits for who follows, and nothing is lost while
 * nobody does.
 *
 * Takes for granted that the file is appended to in whole lines and rotated by
 * renaming it (SIGHUP of hinomi-sensor). Where it was copied and truncated
 * instead, what was cut off unread is lost, which is counted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define FOLLOW_LINE_BYTES_MAX 262144 /* longest line, without its newline; a longer one is passed over and counted */

struct follow; /* opaque */

/** Where a file was left: keep it with what was made of its lines. */
struct follow_place {
	uint64_t device, inode; /* 0, 0: nowhere yet */
	uint64_t offset_bytes; /* behind the last line that was taken */
};

struct follow_counters {
	uint64_t lines; /* taken */
	uint64_t too_long; /* passed over */
	uint64_t files; /* that were followed one after the other */
	uint64_t gaps; /* times when the file that was left was not to be found, or shorter than it was: lines may be lost */
};

/**
 * Takes one line.
 *
 * @param line not NUL-terminated, without its newline; borrowed
 * @param behind where the file is left once this line is done with
 * @return false: no room for it now; it is given again next time
 */
typedef bool follow_take(void *arg, const char *line, size_t line_bytes, const struct follow_place *behind);

/**
 * @param path of the file, which need not be there yet, in a directory that is; copied
 * @param from where it was left; NULL or nowhere: from its beginning
 * @param ret_follow owned by the caller
 * @return OK, E_NOMEM, or E_SYS: the directory cannot be watched
 */
MUST_USE int follow_new(const char *path, const struct follow_place *from, struct follow **ret_follow);

/**
 * Goes on from another place.
 *
 * @param follow to be moved
 * @param from where it was left; nowhere: from the file's beginning
 */
void follow_go(struct follow *follow, const struct follow_place *from);

/** NULL is fine. */
void follow_free(struct follow *follow);

/** A descriptor that is readable when something may have come; follow_read() makes it quiet. */
int follow_fd(const struct follow *follow);

/**
 * Reads on.
 *
 * @param most_lines at most so many
 * @param take gets each whole line
 * @param arg of take
 * @param ret_more set: there may be more to read at once
 * @return OK; E_SYS: errno tells why the file cannot be read; it is tried again next time
 */
MUST_USE int follow_read(struct follow *follow, size_t most_lines, follow_take *take, void *arg, bool *ret_more);

/** Where it stands: behind the last line that was taken. */
struct follow_place follow_place_of(const struct follow *follow);

struct follow_counters follow_counters_of(const struct follow *follow);
