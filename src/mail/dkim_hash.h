/*
 * What a signature of DKIM or ARC is over: header fields and body in one of two
 * canonical forms (RFC 6376 section 3.4), hashed by SHA-256. Bytes are hashed
 * where they lie, and nothing of them is kept.
 *
 * Line ends: a line feed alone, as files have it, counts as CRLF.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sodium.h>

#include "core/limits.h"

#define DKIM_HASH_BYTES 32

/** One header field, borrowed from the mail. */
struct dkim_field {
	const char *at; /* the name's first byte */
	size_t bytes; /* with the line's end, and with the lines that go on */
	size_t name_bytes; /* of the name, without the white space before the colon */
	size_t value_at; /* offset behind the colon */
};

struct dkim_fields {
	struct dkim_field fields[LIMIT_MAIL_HEADERS];
	size_t count;
	size_t body_at; /* offset in the mail where the body begins */
};

/** A hash that is being made. */
struct dkim_hash {
	crypto_hash_sha256_state state;
	uint8_t buffer[1024];
	size_t buffered;
	uint64_t hashed_bytes;
	uint64_t most_bytes; /* what is beyond is counted, and not hashed */
};

/**
 * Cuts a header into its fields. Lines that are none (without a colon) are passed over.
 *
 * @param mail borrowed as long as ret_fields is used
 * @param length_bytes of it
 * @param ret_fields filled: the first LIMIT_MAIL_HEADERS
 */
void dkim_fields_cut(const char *mail, size_t length_bytes, struct dkim_fields *ret_fields);

/** Whether a field has this name, in any case. */
bool dkim_field_is(const struct dkim_field *field, const char *name, size_t name_bytes);

/** @param most_bytes UINT64_MAX: no bound */
void dkim_hash_init(struct dkim_hash *hash, uint64_t most_bytes);

/**
 * Adds a header field.
 *
 * @param hash begun
 * @param field borrowed
 * @param is_relaxed which canonical form
 * @param without a range within the field to leave out, as b= of the signature itself; NULL: none
 * @param without_bytes of it
 * @param has_end whether the line's end is hashed: not of the signature itself
 */
void dkim_hash_field(struct dkim_hash *hash, const struct dkim_field *field, bool is_relaxed, const char *without,
	size_t without_bytes, bool has_end);

/** Adds the body. */
void dkim_hash_body(struct dkim_hash *hash, const char *body, size_t length_bytes, bool is_relaxed);

/** @return bytes of the canonical form, those beyond most_bytes too */
uint64_t dkim_hash_done(struct dkim_hash *hash, uint8_t ret_digest[static DKIM_HASH_BYTES]);
