/*
 * The files of a scan, sorted by who can read them: captures and flows by the
 * sensor, mails by hinomi-mail. A directory is looked through.
 */
#pragma once

#include <stddef.h>

#include "core/err.h"

#define SCAN_CAPTURES_MAX 8192 /* captures that are named to the sensor at once */

struct scan_files {
	char **options; /* owned array of borrowed texts: what is no file, in its order */
	size_t option_count;
	char **captures; /* owned: files that the sensor reads, or says why it cannot */
	size_t capture_count;
	char **mails; /* owned array of borrowed texts: mails, mbox files, directories that have some or nothing at all */
	size_t mail_count;
};

/**
 * Sorts what a command line names. Directories are looked through in the order of their names, eight deep, without following
 * symbolic links; what is hidden is passed over, and a Maildir's "tmp".
 *
 * @param argv the command's name, options and files, ended by NULL
 * @param ret_files filled in any case; scan_files_done() frees it
 * @return OK, E_NOMEM, or E_LIMIT: more than SCAN_CAPTURES_MAX captures
 */
MUST_USE int scan_files_sort(char **argv, struct scan_files *ret_files);

void scan_files_done(struct scan_files *files);
