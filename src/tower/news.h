/*
 * What a batch brings for watchers: noted while lines are taken, told once
 * they are durable, forgotten where the batch fails. Bounded; what does not
 * fit is counted as left out.
 */
#pragma once

#include "tower/store.h"
#include "tower/tower.h"

struct news; /* opaque */

struct news *news_new(struct tower *tower, struct store *store);
void news_free(struct news *news);

/** Notes a line that was kept. @param answer of store_take() @param line without its newline */
void news_note(struct news *news, const struct store_answer *answer, const char *line, size_t length_bytes);

/** Notes an incident that has changed by itself. */
void news_incident(struct news *news, uint64_t number);

/** Publishes all that was noted. @return whether there was anything */
bool news_tell(struct news *news);

/** Publishes the seconds of traffic that are over. To be called once a second. */
void news_traffic(struct news *news, int64_t now_ms);

/** Forgets what was noted. */
void news_forget(struct news *news);
