/*
 * The live picture of an exercise: a page of 80 columns that is redrawn in
 * place, or one line per event where the output is no terminal.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "exercise/range.h"
#include "exercise/score.h"

#define SCREEN_EVENTS 5
#define SCREEN_LINE_BYTES 128

struct screen {
	FILE *out;
	bool is_page; /* redraws; else only events are written */
	int64_t start_ns; /* wall clock */
	uint64_t attack_pps; /* of the last second */
	uint64_t client_pps;
	uint64_t bps;
	uint64_t full_pps; /* what a full bar means */
	uint64_t sent;
	struct range_account account;
	char events[SCREEN_EVENTS][SCREEN_LINE_BYTES]; /* newest last */
};

/** Starts; hides the cursor where pages are drawn. */
void screen_init(struct screen *screen, FILE *out, bool is_page, const struct scenario *scenario);

/** Gives the terminal back. */
void screen_done(struct screen *screen);

/** Tells one event. */
__attribute__((format(printf, 3, 4))) void screen_event(struct screen *screen, int64_t now_ns, const char *format, ...);

/** Draws the page. */
void screen_draw(struct screen *screen, const struct score *score, int64_t now_ns);
