/*
 * Key records of DKIM (RFC 6376 section 3.6.1) and what they verify: RSA with SHA-256 (RFC 8301: of 1024 bits or more)
 * and Ed25519 (RFC 8463). ARC uses the same.
 *
 * A key record is as much a stranger's as the mail: whoever owns the domain writes it. RSA is libcrypto's, all else
 * libsodium's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "mail/dkim_hash.h"

#define DKIM_KEY_BYTES 1100 /* of the public key: RSA of 8192 bits takes 1062; a longer one is malformed */
#define DKIM_SIGNATURE_BYTES 1024 /* of RSA of 8192 bits */

enum dkim_algorithm {
	DKIM_NO_ALGORITHM = 0,
	DKIM_RSA_SHA256,
	DKIM_ED25519_SHA256,
	DKIM_RSA_SHA1, /* known, and refused */
};

struct dkim_key {
	enum dkim_algorithm algorithm; /* which it verifies */
	uint8_t bytes[DKIM_KEY_BYTES]; /* RSA: SubjectPublicKeyInfo; Ed25519: the 32 bytes */
	size_t count;
	bool is_testing; /* t=y: such a mail is to be treated as one without a signature */
	bool is_strict; /* t=s: i= must be of this very domain */
};

/** Once for each process, before it enters its sandbox: has the library make ready what it makes ready late. */
void dkim_key_init(void);

/**
 * Reads a key record.
 *
 * @param text of a TXT record, its strings joined
 * @param length_bytes of it
 * @param ret_key filled on OK
 * @return OK; E_MALFORMED: no key record; E_DENIED: revoked, or not for mail or for SHA-256; E_UNSUPPORTED: of another kind
 */
MUST_USE int dkim_key_parse(const char *text, size_t length_bytes, struct dkim_key *ret_key);

/**
 * Whether a signature is the key's over a digest.
 *
 * @param key read
 * @param digest SHA-256 of what was signed
 * @param signature borrowed
 * @param signature_bytes of it
 * @return OK; E_DENIED: it is not; E_MALFORMED: the key is none; E_UNSUPPORTED: RSA of less than 1024 bits
 */
MUST_USE int dkim_key_verify(const struct dkim_key *key, const uint8_t digest[static DKIM_HASH_BYTES], const uint8_t *signature,
	size_t signature_bytes);
