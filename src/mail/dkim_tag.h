/*
 * Lists of tags (RFC 6376 section 3.2), as signatures of DKIM and ARC and their key records are written: name=value; with
 * white space around both. Names and values are borrowed from the list.
 *
 * Does not know what a tag means.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define DKIM_TAGS_MAX 32 /* tags of one list; one more makes it malformed. RFC 6376 knows 13 */

struct dkim_tag {
	const char *name;
	size_t name_bytes;
	const char *value; /* without the white space around it */
	size_t value_bytes;
	const char *raw; /* with it: all between '=' and ';' */
	size_t raw_bytes;
};

struct dkim_tags {
	struct dkim_tag tags[DKIM_TAGS_MAX];
	size_t count;
};

/**
 * Reads a list.
 *
 * @param text borrowed as long as ret_tags is used; need not be NUL-terminated
 * @param length_bytes of it
 * @param ret_tags filled on OK
 * @return OK; E_MALFORMED: a tag without '=', without a name, or given twice, or too many
 */
MUST_USE int dkim_tags_parse(const char *text, size_t length_bytes, struct dkim_tags *ret_tags);

/** A tag by its name (RFC 6376: case counts); NULL: it is not there. */
const struct dkim_tag *dkim_tag_find(const struct dkim_tags *tags, const char *name);

/** Whether a tag's value is this word, in any case. */
bool dkim_tag_is(const struct dkim_tag *tag, const char *word);

/**
 * The next of words between colons, with the white space around it taken away.
 *
 * @param at where to go on, moved behind the word's colon; NULL once there is none
 * @param end of the list
 * @param ret_word the word; borrowed
 * @param ret_bytes its length, may be 0
 * @return false: there is no more
 */
bool dkim_word_next(const char **at, const char *end, const char **ret_word, size_t *ret_bytes);

/** Whether one of the words between colons is this one, in any case. */
bool dkim_words_have(const struct dkim_tag *tag, const char *word);

/**
 * A value in base64 (RFC 4648 section 4), with white space anywhere in it.
 *
 * @param tag borrowed
 * @param room_bytes of ret_bytes
 * @param ret_bytes filled on OK
 * @param ret_count bytes of it
 * @return OK; E_MALFORMED: no base64, or too long for the room
 */
MUST_USE int dkim_tag_base64(const struct dkim_tag *tag, size_t room_bytes, uint8_t *ret_bytes, size_t *ret_count);

/**
 * A value that is a number of at most twelve digits (RFC 6376 section 3.5, t=).
 *
 * @param tag borrowed
 * @param ret_number filled on OK
 * @return OK, E_MALFORMED
 */
MUST_USE int dkim_tag_number(const struct dkim_tag *tag, int64_t *ret_number);

/**
 * A value that is the name of a domain, in lower case: letters, digits, hyphens, underscores and dots.
 *
 * @param value borrowed
 * @param length_bytes of it
 * @param room_bytes of ret_domain
 * @param ret_domain filled on OK, NUL-terminated
 * @return OK; E_MALFORMED: empty, too long, or of other signs
 */
MUST_USE int dkim_domain(const char *value, size_t length_bytes, size_t room_bytes, char *ret_domain);
