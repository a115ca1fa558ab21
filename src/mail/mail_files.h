/*
 * Mails in files: a single mail, an mbox, a Maildir or any directory of them.
 * Which it is, is found by looking; what in a directory is no mail is left.
 *
 * Does not read mails: it hands over their bytes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

/**
 * Takes a mail.
 *
 * @param context the caller's
 * @param name of the file, and "#N" behind it for the Nth mail of an mbox
 * @param mail borrowed for the call
 * @param length_bytes of it
 * @return OK, or an error that ends the reading
 */
typedef int mail_taker(void *context, const char *name, const char *mail, size_t length_bytes);

/** What was come across. */
struct mail_files_counts {
	uint64_t files, mails, bytes;
	uint64_t others; /* files in directories that are no mails */
	uint64_t unreadable; /* files that could not be opened, or are larger than LIMIT_MAIL_FILE_BYTES */
};

/**
 * Reads all mails below a path, in the order of their names.
 *
 * @param path file or directory; symbolic links within directories are not followed
 * @param take called for each
 * @param context for take
 * @param counts added to
 * @return OK, E_SYS: the path itself cannot be opened; what take returned
 */
MUST_USE int mail_files_read(const char *path, mail_taker *take, void *context, struct mail_files_counts *counts);

/**
 * Splits an mbox (RFC 4155, as most programs write it: "From " at the beginning of a line after an empty one).
 *
 * @param text whole file
 * @param length_bytes of it
 * @param offset of where to look; moved behind the mail
 * @param ret_length_bytes of the mail
 * @return the mail without its "From " line, NULL: no more
 */
const char *mail_files_next(const char *text, size_t length_bytes, size_t *offset, size_t *ret_length_bytes);
