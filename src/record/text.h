/*
 * What a text in a document may consist of: characters that a terminal or a
 * page can show one after the other. UTF-8 as in RFC 3629, without control
 * characters (C0, DEL, C1), line and paragraph separators, and without the
 * invisible and direction-changing characters that can make a line read
 * differently from what it says (Unicode bidi controls, zero width).
 *
 * Does not judge what the text means.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cursor.h"

/**
 * The length of the character at the start of a text, if it can be shown.
 *
 * @param text bytes, need not be NUL-terminated
 * @param length_bytes of text
 * @return 1..4, or 0: there is none, or it may not be shown
 */
size_t text_character_bytes(const char *text, size_t length_bytes);

/** Whether all of a text can be shown; the empty text can. */
bool text_is_plain(const char *text, size_t length_bytes);

/**
 * Copies a text, each byte that may not be shown as '?', cut between characters where room ends.
 *
 * @param text NUL-terminated
 * @param ret_text filled and NUL-terminated
 * @param room_bytes of ret_text, at least 1
 * @return ret_text
 */
char *text_plain_copy(const char *text, char *ret_text, size_t room_bytes);

/**
 * Steps over the next line of a text.
 *
 * @param cur at the line; fails where no newline ends it
 * @param ret_length_bytes of the line without its newline
 * @return the line, borrowed and not NUL-terminated; NULL: there is none
 */
const char *text_line(struct cursor *cur, size_t *ret_length_bytes);

/**
 * Reads a whole number in its one decimal form: no sign, no blank, no leading zero.
 *
 * @param text need not be NUL-terminated
 * @param length_bytes of text
 * @param ret_number filled on OK, up to 2^63 - 1
 * @return OK or E_MALFORMED
 */
MUST_USE int text_number_parse(const char *text, size_t length_bytes, uint64_t *ret_number);

/**
 * Reads base64 (RFC 4648 section 4) in its one canonical form: padded, no blanks, unused bits zero.
 *
 * @param text need not be NUL-terminated
 * @param length_bytes of text
 * @param ret_bytes filled, wholly on OK alone
 * @param room_bytes of ret_bytes
 * @param ret_count bytes that text stands for, filled on OK
 * @return OK or E_MALFORMED, also where there is no room
 */
MUST_USE int text_base64_parse(const char *text, size_t length_bytes, uint8_t *ret_bytes, size_t room_bytes, size_t *ret_count);
