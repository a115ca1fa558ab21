/*
 * Passkeys: what an authenticator signed for a page (W3C Web Authentication
 * Level 2, section 7.2), verified by libfido2. ES256 alone.
 *
 * Does not know whether the challenge was given out, nor counts uses: the
 * challenge is the digest of a document, so that signing it twice says the
 * same thing twice.
 */
#pragma once

#include "core/err.h"
#include "record/approval.h"
#include "record/policy.h"

/**
 * Verifies an assertion. The user must have been present and verified (by PIN or finger), and asked by the right page.
 *
 * @param passkey who should have signed
 * @param webauthn the assertion, from the document
 * @param challenge what should have been signed
 * @return OK; E_DENIED: signed by another, something else, or for another page; E_MALFORMED: cannot be read; E_NOMEM
 */
MUST_USE int passkey_verify(const struct policy_passkey *passkey, const struct approval_webauthn *webauthn,
	const struct document_digest *challenge);
