/*
 * Keyed pseudonyms: what stands for an address, a domain or a message id
 * wherever something is kept or leaves the process. BLAKE2b (RFC 7693) under
 * the site's key, cut to 8 bytes.
 *
 * Does not hide who writes to whom from whoever has the key and guesses.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/why.h"

#define PSEUDONYM_KEY_BYTES 32

struct pseudonym_key {
	uint8_t bytes[PSEUDONYM_KEY_BYTES];
};

/** What a pseudonym is of, so that equal texts of two kinds differ. */
enum pseudonym_kind {
	PSEUDONYM_NONE = 0,
	PSEUDONYM_ADDRESS,
	PSEUDONYM_DOMAIN,
	PSEUDONYM_MESSAGE,
	PSEUDONYM_MAIL,
	PSEUDONYM_LABEL,
	PSEUDONYM_PERSON, /* this and the next three: whom somebody poses as (facts.h, "Whom a mail poses as") */
	PSEUDONYM_POSED_DOMAIN,
	PSEUDONYM_POSED_LABEL,
	PSEUDONYM_ACCOUNT,
	PSEUDONYM_NEAR, /* a label, or what is left of it (near.h) */
};

/**
 * Loads the site's key: 32 bytes of a file that its owner alone may read.
 *
 * @param path of it
 * @param ret_key filled on OK
 * @param ret_why on an error one line
 * @return OK, E_CONFIG, or E_SYS: it cannot be opened
 */
MUST_USE int pseudonym_key_load(const char *path, struct pseudonym_key *ret_key, char ret_why[static WHY_BYTES]);

/** As pseudonym_key_load(); makes the file where it is missing, and draws a key where path is NULL. */
MUST_USE int pseudonym_key_open(const char *path, struct pseudonym_key *ret_key, char ret_why[static WHY_BYTES]);

/**
 * Makes one.
 *
 * @param key of the site
 * @param kind of text
 * @param text in the form that is compared (lower case for addresses), need not be NUL-terminated
 * @param length_bytes of it
 * @return never 0 but for an empty text
 */
uint64_t pseudonym_make(const struct pseudonym_key *key, enum pseudonym_kind kind, const void *text, size_t length_bytes);
