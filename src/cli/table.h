/*
 * Findings as a table for people: a line of columns for each, and below it why
 * it is one. A terminal too narrow for the columns gets the same as a few
 * short lines. Only plain texts are shown (record/text.h), whatever a finding
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

/** Width of a stream's terminal in characters; 0: it is none, lines may be of any length. */
unsigned table_width(FILE *out);

/** The names of the columns, if there is room for columns. */
void table_head(FILE *out, unsigned width, bool is_coloured);

/**
 * One finding: its line, and why.
 *
 * @param out where it goes
 * @param finding shown
 * @param width of the terminal, in characters; longer lines are broken between words. 0: they are not
 * @param is_coloured with terminal colours
 */
void table_row(FILE *out, const struct finding *finding, unsigned width, bool is_coloured);
