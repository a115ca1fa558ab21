/*
 * Who asks: accounts of the store by API token, sessions of the page by
 * cookie, passkeys of the policy's people; and how often each may ask.
 *
 * A token is 32 random bytes, so that its digest needs no salt; only digests
 * of tokens and of cookies are kept. Roles are read from the store with each
 * request: what is taken away is gone at once. Sessions live in memory, and
 * end with the process.
 *
 * Safe to call from any thread. Does not know which route asks for which role.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "record/approval.h"
#include "record/policy.h"
#include "tower/store.h"

#define ACCESS_SECRET_BYTES 64 /* token or cookie as text, with its NUL */

/** What an account may do; bits. */
enum role {
	ROLE_NONE = 0,
	ROLE_OPERATOR = 1 << 0, /* registers members and accounts */
	ROLE_ANALYST = 1 << 1, /* looks up addresses, for a purpose */
	ROLE_APPROVER = 1 << 2, /* answers for the policy's person of the same name */
	ROLE_INSPECTOR = 1 << 3, /* looks at everything, the audit too */
	ROLE_READER = 1 << 4,
	ROLE_SENDER = 1 << 5, /* a member's processes: brings documents and reads nothing */
	ROLE_COUNT = 6 /* bits in use */
};

extern const char *const role_names[ROLE_COUNT];

enum identity_proof { IDENTITY_NONE = 0, IDENTITY_TOKEN, IDENTITY_PASSKEY };

/** Who was proven to ask. */
struct identity {
	char name[DOCUMENT_NAME_BYTES]; /* account; "": nobody */
	char member[DOCUMENT_NAME_BYTES]; /* that it speaks for; "": the tower's own site */
	uint32_t roles; /* enum role */
	enum identity_proof proof;
	int64_t expires_ms; /* of the session, wall clock; 0: a token came with the request itself */
};

struct access; /* opaque */

struct access_counters {
	uint64_t denied; /* proofs that were none */
	uint64_t held_back; /* requests and proofs that came too often */
	uint64_t sessions_pushed_out; /* of others, at LIMIT_TOWER_SESSIONS */
	uint64_t sessions; /* now */
};

/**
 * @param policy whose people's passkeys count, borrowed; NULL: none
 * @param session_ms since its last use
 * @return NULL: memory is out
 */
struct access *access_new(const struct policy *policy, int64_t session_ms);
void access_free(struct access *access);

/** Roles as the store keeps them: names with one blank between. @return enum role, or 0: not such a text */
uint32_t access_roles_parse(const char *text);

/** Makes a token, shown once, and what is kept of it. */
void access_token_make(char ret_token[static ACCESS_SECRET_BYTES], uint8_t ret_digest[static STORE_TOKEN_DIGEST_BYTES]);

/**
 * Finds the account of a token.
 *
 * @param store of this thread
 * @param token hostile, NUL-terminated
 * @param ret_identity filled on OK
 * @return OK, E_DENIED (nobody's, or of an account that is not active) or E_SYS
 */
MUST_USE int access_token(struct access *access, struct store *store, const char *token, struct identity *ret_identity);

/**
 * Begins a session.
 *
 * @param identity proven; its expires_ms is filled
 * @param ret_cookie what the browser keeps
 */
void access_session_begin(struct access *access, struct identity *identity, char ret_cookie[static ACCESS_SECRET_BYTES]);

/** Finds the session of a cookie, which is used thereby. Returns as access_token(). */
MUST_USE int access_session(struct access *access, struct store *store, const char *cookie, struct identity *ret_identity);

/**
 * Whether who was proven before still may: the account is active, and the session has not ended.
 *
 * @param store of this thread
 * @param who was proven
 * @param cookie of the session, "": a token was sent
 * @param roles of which one is needed
 * @return whether; also true where the store does not answer
 */
bool access_still(struct access *access, struct store *store, const struct identity *who, const char *cookie, uint32_t roles);

/** Ends the session of a cookie, if there is one. */
void access_session_end(struct access *access, const char *cookie);

/**
 * Gives out a challenge.
 *
 * @param ret_challenge random, good once and for LIMIT_TOWER_CHALLENGE_MS
 * @param ret_expires_ms wall clock
 * @return OK, or E_STATE: the policy has no passkey
 */
MUST_USE int access_challenge(struct access *access, struct document_digest *ret_challenge, int64_t *ret_expires_ms);

/**
 * Takes the answer to a challenge, which is used up.
 *
 * @param store of this thread
 * @param name of the account, and of the policy's person
 * @param challenge as it was given out
 * @param webauthn what the authenticator made
 * @param ret_identity filled on OK
 * @return OK, E_DENIED or E_SYS
 */
MUST_USE int access_passkey(struct access *access, struct store *store, const char *name, const struct document_digest *challenge,
	const struct approval_webauthn *webauthn, struct identity *ret_identity);

/**
 * Asks whether an account or address may do one more.
 *
 * @param kind of the bucket and whose it is: two texts that make the key
 * @param whose likewise
 * @param per_s how many it gets a second, in thousandths
 * @param burst how many at once
 * @param ret_wait_s on false after how many seconds to come again
 * @return whether
 */
bool access_allowed(struct access *access, const char *kind, const char *whose, uint32_t per_s, uint32_t burst,
	unsigned *ret_wait_s);

/** Notes a proof that was none. */
void access_deny(struct access *access);

void access_count(struct access *access, struct access_counters *ret_counters);
