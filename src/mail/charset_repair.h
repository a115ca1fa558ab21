/*
 * Encoded words (RFC 2047) of a header whose charset is not what they say, as Japanese mailers write them: Shift_JIS that is
 * Windows-31J (髙, 﨑), Shift_JIS or UTF-8 that says ISO-2022-JP, and the other way round. Read as they say, a name is question
 * marks, and nobody's.
 *
 * Pure. Does not decode anything for others: it only has them say another charset.
 */
#pragma once

#include <stddef.h>

#include "core/err.h"

/**
 * Copies a mail with truer names of charsets in its header.
 *
 * @param mail whole; borrowed
 * @param length_bytes of it
 * @param header_bytes of its header, at most length_bytes: what lies beyond stays as it is
 * @param ret_mail a new array of as many bytes as ret_length_bytes tells, free(3); NULL where nothing was to be repaired
 * @param ret_length_bytes filled with ret_mail
 * @return OK or E_NOMEM
 */
MUST_USE int charset_repair(const char *mail, size_t length_bytes, size_t header_bytes, char **ret_mail, size_t *ret_length_bytes);
