/*
 * A witness (C2SP tlog-witness v1.0.0, tlog-cosignature v1.0.1): it remembers
 * the last checkpoint of each log it looks after, and cosigns a newer one
 * only if that tree grew out of the older.
 *
 * Answers requests; how they travel is the caller's business. Does not look
 * at entries: authority/verify.h does.
 */
#pragma once

#include "core/limits.h"
#include "keys/key.h"
#include "record/proof.h"

#define WITNESS_ANSWER_BYTES 512 /* longest body of an answer, with its NUL */

/** Statuses of HTTP (RFC 9110), as tlog-witness gives them their meaning. */
enum witness_status {
	WITNESS_NONE = 0,
	WITNESS_COSIGNED = 200,
	WITNESS_BAD_REQUEST = 400, /* not a request, or an old size above the new one */
	WITNESS_FORBIDDEN = 403, /* not signed by the log */
	WITNESS_UNKNOWN_LOG = 404,
	WITNESS_CONFLICT = 409, /* not the size that was cosigned last; the body tells that */
	WITNESS_NO_PROOF = 422, /* the tree did not grow out of the one that was cosigned last */
	WITNESS_FAILED = 500, /* the state could not be kept: nothing was cosigned */
};

struct witness {
	const struct key *key; /* NOTE_KEY_COSIGNATURE, borrowed */
	const char *directory; /* of the states: a file for each log, named by the hash of its origin */
	struct note_key logs[LIMIT_WITNESS_LOGS];
	size_t log_count;
};

/** What is asked of a witness. */
struct witness_request {
	uint64_t old_entries; /* of the tree that the client believes was cosigned last */
	struct merkle_hash path[MERKLE_PATH_MAX]; /* consistency of the two trees */
	size_t path_count;
	const char *checkpoint; /* a note, borrowed, not NUL-terminated */
	size_t checkpoint_bytes;
};

struct witness_answer {
	enum witness_status status;
	const char *content_type; /* static text */
	char body[WITNESS_ANSWER_BYTES]; /* signature lines, a size, or what is wrong; ends in a newline */
};

/**
 * Reads the body of an add-checkpoint request.
 *
 * @param bytes borrowed for as long as ret_request is used
 * @param length_bytes of bytes
 * @param ret_request filled on OK; else undefined
 * @return OK, E_MALFORMED or E_LIMIT
 */
MUST_USE int witness_request_parse(const char *bytes, size_t length_bytes, struct witness_request *ret_request);

/**
 * Writes the body of an add-checkpoint request.
 *
 * @param request to be written
 * @param ret_text room for it
 * @param room_bytes of ret_text; LIMIT_WITNESS_REQUEST_BYTES is enough
 * @param ret_text_bytes its length
 * @return OK or E_LIMIT: no room
 */
MUST_USE int witness_request_write(const struct witness_request *request, char *ret_text, size_t room_bytes,
	size_t *ret_text_bytes);

/**
 * Answers a request; what is cosigned is remembered on disk before this returns. Several processes may answer at a time.
 *
 * @param witness who
 * @param body of the request, hostile
 * @param body_bytes of body
 * @param now_s the time to sign, since 1970
 * @param ret_answer filled
 */
void witness_answer(const struct witness *witness, const char *body, size_t body_bytes, int64_t now_s,
	struct witness_answer *ret_answer);

/**
 * Takes a witness's lines from its answer and puts them behind a checkpoint.
 *
 * @param answer the body of an answer with status 200, hostile
 * @param answer_bytes of answer
 * @param witness_key whose lines are taken; others are left out
 * @param note the checkpoint that was asked to be cosigned; grows by what is taken
 * @param room_bytes of note
 * @param note_bytes its length, changed on OK
 * @return OK, E_MALFORMED, E_DENIED (no good signature of this witness), or E_LIMIT (no room)
 */
MUST_USE int witness_lines_take(const char *answer, size_t answer_bytes, const struct note_key *witness_key, char *note,
	size_t room_bytes, size_t *note_bytes);
