/*
 * Findings as a table for people: a line of columns for each, and below it why
 * it is one. Only plain texts are shown (record/text.h), whatever a finding
 * holds, so that nobody else's text can steer the terminal.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "record/finding.h"

#define TABLE_RED "\033[1;31m" /* what calls for somebody */
#define TABLE_PLAIN "\033[0m"

/** Whether to use colours: the stream is a terminal, and NO_COLOR (no-color.org) and TERM=dumb do not forbid it. */
bool table_is_coloured(FILE *out);

/** The names of the columns. */
void table_head(FILE *out, bool is_coloured);

/** One finding: its line, and why. */
void table_row(FILE *out, const struct finding *finding, bool is_coloured);
