/*
 * A rule in plain words, for the person who must approve it:
 * "drop UDP from port 123 to 192.0.2.10 longer than 400 bytes".
 */
#pragma once

#include "record/rule.h"

#define RULE_WORDS_BYTES 1024

/** Writes a rule as one line; a list of sources that is too long for it is cut and says so. Returns ret_words. */
const char *rule_words(const struct rule *rule, char ret_words[static RULE_WORDS_BYTES]);
