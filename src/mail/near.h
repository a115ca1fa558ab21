/*
 * A letter away, under keys: of a domain's own label all labels that a slip of one letter makes or leaves, as pseudonyms. Two
 * labels are a letter apart (one replaced, left out, put in, or two neighbours swapped) where what one asks for is among what
 * the other left behind; so the history finds look-alikes of domains that it does not know by name.
 *
 * Labels as the eye reads them, without hyphens. Short ones have too many neighbours, and are not told.
 */
#pragma once

#include "mail/facts.h"
#include "mail/pseudonym.h"

/** What a label's pseudonym is asked and kept as; xored to it. */
enum near_kind {
	NEAR_WHOLE = 0,
	NEAR_LESS, /* a letter is left out */
	NEAR_GAP, /* a letter is replaced by a mark */
	NEAR_KIND_COUNT
};

/**
 * Makes them.
 *
 * @param key of the pseudonyms
 * @param host parsed
 * @param ret_near filled; all 0 where the label is too short or too long
 */
void near_make(const struct pseudonym_key *key, const struct mail_host *host, struct near_facts *ret_near);

/** Hears an id. @return whether to go on */
typedef bool near_taker(void *context, uint64_t id);

/** All ids that a label leaves behind. */
void near_kept(const struct near_facts *near, near_taker *take, void *context);

/** All ids that a label asks for: whole, or with its own words alone, it is near to what left one of them behind. */
void near_asked(const struct near_facts *near, near_taker *take, void *context);
