/*
 * Unicode text of display names, subjects and hosts: what is odd about its
 * letters, and the forms in which it is compared (UTS 15, UTS 39), by ICU.
 *
 * Does not know names or words.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "mail/facts.h"

#define LETTERING_BYTES 512 /* longest text that is looked at, with its NUL; the rest is cut */

/** Bits of enum text_trait that letters alone show: mixed script, styled, invisible, direction, spaced. */
unsigned lettering_traits(const char *text);

/**
 * The same text for the same reader: compatibility forms, case and invisible signs are folded (NFKC_Casefold).
 *
 * @param text UTF-8; broken bytes become U+FFFD
 * @param ret_folded filled, "" if it cannot be folded
 */
void lettering_fold(const char *text, char ret_folded[static LETTERING_BYTES]);

/** The same text for the eye alone: the skeleton of UTS 39 section 4 of the folded text. */
void lettering_skeleton(const char *text, char ret_skeleton[static LETTERING_BYTES]);

/** Whether all bytes are ASCII. */
bool lettering_is_ascii(const char *text);
