/*
 * L5: words of a fixed public list, counted where the operator has switched it
 * on. What is kept is how many of them occur.
 *
 * Does not keep which, or where.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/**
 * Counts words of the list that occur in a text.
 *
 * @param text UTF-8, tags of HTML and all; need not be NUL-terminated
 * @param length_bytes of it
 * @param ret_lures words that press or lure
 * @param ret_passwords words that hand over a password
 */
void lexicon_count(const char *text, size_t length_bytes, uint16_t *ret_lures, uint16_t *ret_passwords);
