/*
 * What a person says about an order, by its digest: approval, refusal,
 * ratification, withdrawal (schema/approval.json: one form). The digest binds
 * the whole order, never a summary of it.
 *
 * It is signed either as a signed note, or with a passkey: then the webauthn
 * member holds what the authenticator made, whose challenge is the digest of
 * this document without that member. Does not check either: record/order_verify.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "record/document.h"
#include "record/order.h"

#define APPROVAL_BLOB_BYTES 1025 /* base64 of authenticator data or of a signature, with NUL */

enum approval_act {
	APPROVAL_UNKNOWN = 0,
	APPROVAL_APPROVAL,
	APPROVAL_REFUSAL,
	APPROVAL_RATIFICATION, /* of an urgent order, after it began to act */
	APPROVAL_WITHDRAWAL, /* ends an order, or a standing order */
	APPROVAL_ACT_COUNT
};

extern const char *const approval_act_names[APPROVAL_ACT_COUNT];

/** What WebAuthn calls an assertion, in base64 (RFC 4648 section 4). */
struct approval_webauthn {
	char authenticator_data[APPROVAL_BLOB_BYTES];
	char client_data[DOCUMENT_TEXT_BYTES]; /* clientDataJSON */
	char signature[APPROVAL_BLOB_BYTES]; /* ASN.1 of ES256 */
};

struct approval {
	enum approval_act act;
	struct document_digest subject; /* of the order or standing order */
	char by[DOCUMENT_NAME_BYTES]; /* key name of who says it */
	char role[DOCUMENT_NAME_BYTES]; /* in which of the roles that the policy gives him; "": none, the requester withdraws */
	char reason[ORDER_TEXT_BYTES];
	int64_t at_ms;
	bool has_webauthn;
	struct approval_webauthn webauthn;
};

extern const struct document_kind approval_kind;

/** document_write() of an approval. */
MUST_USE static inline int approval_write(const struct approval *approval, char **ret_text,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	return document_write(&approval_kind, approval, ret_text, ret_complaint);
}

/** document_parse() of an approval. */
MUST_USE static inline int approval_parse(const char *text, size_t length_bytes, struct approval *ret_approval,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	return document_parse(&approval_kind, text, length_bytes, ret_approval, ret_complaint);
}
