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
 * Makes one.
 *
 * @param key of the site
 * @param kind of text
 * @param text in the form that is compared (lower case for addresses), need not be NUL-terminated
 * @param length_bytes of it
 * @return never 0 but for an empty text
 */
uint64_t pseudonym_make(const struct pseudonym_key *key, enum pseudonym_kind kind, const void *text, size_t length_bytes);
