/*
 * Proofs that a document is in a log and that witnesses have seen that log
 * (C2SP tlog-proof, "c2sp.org/tlog-proof@v1", files end in .tlog-proof). They
 * are verified offline, with the log's key and the witnesses' keys alone.
 *
 * Does not say that the document is any good, nor that it is the latest. A
 * proof's extra data is carried and vouched for by nobody.
 */
#pragma once

#include "record/checkpoint.h"

#define PROOF_WITNESSES_MAX 32 /* keys of one list */
#define PROOF_EXTRA_BYTES_MAX 1024 /* base64 of the extra data; more is refused */
#define PROOF_BYTES_MAX (CHECKPOINT_BYTES_MAX + 8192) /* a whole proof */
#define PROOF_HASH_LINE_BYTES 128 /* what is logged in place of a document that is too long for an entry */

struct proof {
	uint64_t index; /* of the entry, from 0 */
	struct merkle_hash path[MERKLE_PATH_MAX];
	size_t path_count;
	const char *extra; /* base64, borrowed; NULL: there is none */
	size_t extra_bytes;
	const char *checkpoint; /* a note, borrowed, not NUL-terminated */
	size_t checkpoint_bytes;
};

/** Whom to believe. */
struct proof_trust {
	struct note_key log_key; /* NOTE_KEY_ED25519, named like the log's origin */
	struct note_key witnesses[PROOF_WITNESSES_MAX]; /* NOTE_KEY_COSIGNATURE */
	size_t witness_count;
	size_t quorum; /* how many of them must have cosigned, 0: none */
};

/**
 * What is logged for a document: itself, or where it is longer than MERKLE_ENTRY_BYTES_MAX one line with its length and hash.
 *
 * @param document its bytes, borrowed
 * @param document_bytes of document
 * @param ret_line room for that line
 * @param ret_entry_bytes length of the entry
 * @return the entry: document or ret_line
 */
const char *proof_entry(const char *document, size_t document_bytes, char ret_line[static PROOF_HASH_LINE_BYTES],
	size_t *ret_entry_bytes);

/**
 * Reads a proof without verifying it.
 *
 * @param bytes borrowed for as long as ret_proof is used
 * @param length_bytes of bytes
 * @param ret_proof filled on OK; else undefined
 * @return OK, E_MALFORMED, E_UNSUPPORTED: not version 1; or E_LIMIT
 */
MUST_USE int proof_parse(const char *bytes, size_t length_bytes, struct proof *ret_proof);

/**
 * Writes a proof.
 *
 * @param proof to be written
 * @param ret_text room for it
 * @param room_bytes of ret_text
 * @param ret_length_bytes of what is written; it is not NUL-terminated
 * @return OK or E_LIMIT: no room
 */
MUST_USE int proof_write(const struct proof *proof, char *ret_text, size_t room_bytes, size_t *ret_length_bytes);

/**
 * Counts the witnesses that have cosigned a checkpoint. A witness that is listed twice counts once, the log itself never.
 *
 * @param note the checkpoint's
 * @param trust whom to believe
 * @param ret_cosigned how many, filled on OK
 * @param ret_why what is wrong, in words: static text, filled unless OK
 * @return OK; E_DENIED: a witness's signature is wrong, or they are fewer than the quorum
 */
MUST_USE int proof_cosigned(const struct note *note, const struct proof_trust *trust, size_t *ret_cosigned, const char **ret_why);

/**
 * Verifies that a document is in the log, that the log has signed the tree, and that enough witnesses have.
 *
 * @param proof that was read
 * @param document its exact bytes
 * @param document_bytes of document
 * @param trust whom to believe
 * @param ret_checkpoint the tree, filled on OK
 * @param ret_why what is wrong, in words: static text, filled unless OK
 * @return OK, E_MALFORMED, E_UNSUPPORTED or E_LIMIT: the checkpoint cannot be read; E_DENIED: it does not prove it
 */
MUST_USE int proof_verify(const struct proof *proof, const char *document, size_t document_bytes, const struct proof_trust *trust,
	struct checkpoint *ret_checkpoint, const char **ret_why);
