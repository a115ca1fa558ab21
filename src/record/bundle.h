/*
 * A bundle: all that an effector needs to judge an order by itself, offline
 * (schema/bundle.json): the order as its signed note, what was said about it,
 * the standing order it rests on with the same, and proofs that they are in
 * the ledger. It is not signed; each of its parts is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "record/document.h"

#define BUNDLE_APPROVALS_MAX 16 /* of one order; no policy asks for so many */
#define BUNDLE_NOTE_BYTES_MAX 65535 /* of an order's note: an entry of the ledger */
#define BUNDLE_APPROVAL_BYTES_MAX 8192 /* of an approval's note */
#define BUNDLE_PROOF_BYTES_MAX 16384 /* 64 hashes and a checkpoint with 64 cosignatures */
#define BUNDLE_LINE_BYTES_MAX 1048576 /* of the whole; the fullest is shorter */

struct bundle_standing {
	char *order; /* signed note of the standing order */
	size_t approval_count;
	char *approvals[BUNDLE_APPROVALS_MAX];
	char *proof; /* C2SP tlog-proof of the note */
};

/** All texts are owned. */
struct bundle {
	char *order; /* signed note */
	size_t approval_count;
	char *approvals[BUNDLE_APPROVALS_MAX]; /* signed notes, or lines with a passkey's assertion */
	size_t ratification_count;
	char *ratifications[BUNDLE_APPROVALS_MAX]; /* of an urgent order */
	bool has_standing;
	struct bundle_standing standing;
	char *proof; /* C2SP tlog-proof of the order's note */
};

extern const struct document_kind bundle_kind;

/** document_write() of a bundle. */
MUST_USE static inline int bundle_write(const struct bundle *bundle, char **ret_text,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	return document_write(&bundle_kind, bundle, ret_text, ret_complaint);
}

/** document_parse() of a bundle; bundle_done() frees what was read, after an error too. */
MUST_USE static inline int bundle_parse(const char *text, size_t length_bytes, struct bundle *ret_bundle,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	return document_parse(&bundle_kind, text, length_bytes, ret_bundle, ret_complaint);
}

/** Frees the texts. */
void bundle_done(struct bundle *bundle);
