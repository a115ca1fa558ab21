/*
 * What is in a file, by looking: so that "hinomi scan" takes whatever there
 * is, and starts the process that can read it.
 *
 * Does not look further than its first bytes.
 */
#pragma once

#include <stddef.h>

enum format {
	FORMAT_OTHER = 0, /* captures, flows, or nothing that is known: the sensor tells */
	FORMAT_MAIL, /* a mail, an mbox, or a directory (Maildir) */
};

/** What bytes are the beginning of. */
enum format format_of_bytes(const char *bytes, size_t length_bytes);

/** What is at a path; FORMAT_OTHER where it cannot be opened. */
enum format format_of_path(const char *path);
