/*
 * State that survives a restart: whole files in the state directory, replaced
 * atomically (written beside, fsync'ed, renamed), so that a kill at any
 * instant leaves the old or the new one.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

/**
 * Replaces a file.
 *
 * @param directory that exists
 * @param name of the file in it
 * @param bytes its new content, borrowed
 * @param length_bytes of it
 * @return OK or E_SYS; the old file is intact then
 */
MUST_USE int state_save(const char *directory, const char *name, const uint8_t *bytes, size_t length_bytes);

/**
 * Reads a file whole.
 *
 * @param ret_bytes set on OK to a malloc'ed buffer the caller frees
 * @param ret_length_bytes its length
 * @return OK; E_END: there is none; E_LIMIT: above LIMIT_STATE_BYTES; E_NOMEM; E_SYS
 */
MUST_USE int state_load(const char *directory, const char *name, uint8_t **ret_bytes, size_t *ret_length_bytes);
