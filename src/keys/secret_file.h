/*
 * Files that hold one secret line: made once, of mode 0600, and read only where nobody but their owner, the user that
 * reads, could read or change them. Does not know what the line says: key.h, seal.h.
 */
#pragma once

#include <stddef.h>

#include "core/err.h"
#include "core/limits.h"

/**
 * Makes a file, which must not be there yet, and has it on disk.
 *
 * @param path of it
 * @param text its line with the newline
 * @return OK; E_STATE: it is there; E_SYS
 */
MUST_USE int secret_file_create(const char *path, const char *text);

/**
 * Reads a file.
 *
 * @param path of a regular file of ours with mode 0600 or 0400; symbolic links are not followed
 * @param ret_text filled, not NUL-terminated; to be wiped by the caller, whatever is returned
 * @param ret_bytes of the line, without its newline
 * @param ret_why what is wrong, in words: static text, filled unless OK
 * @return OK, E_MALFORMED (too long), E_DENIED (others could read or change it) or E_SYS
 */
MUST_USE int secret_file_read(const char *path, char ret_text[static LIMIT_KEY_FILE_BYTES], size_t *ret_bytes,
	const char **ret_why);
