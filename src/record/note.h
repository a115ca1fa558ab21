/*
 * Signed notes (C2SP signed-note v1.0.0) and the keys that verify them: a
 * text, a blank line, and a line for each signature. Keys are Ed25519, of two
 * types: over the text itself, and witnesses' timestamped cosignatures (C2SP
 * tlog-cosignature v1.0.1).
 *
 * Never signs (keys/signer.h). Does not judge the text, nor which keys
 * are enough: it tells which of the caller's keys have signed.
 *
 * Deviates: a note whose text or names hold characters that cannot be shown
 * safely (record/text.h) is refused; the specification allows them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define NOTE_NAME_BYTES 128 /* a key's name, with its NUL */
#define NOTE_KEY_BYTES 32
#define NOTE_KEY_ID_BYTES 4
#define NOTE_VKEY_BYTES (NOTE_NAME_BYTES + 9 + 45) /* name, +id, +base64(type and key), with its NUL */
#define NOTE_SIGNATURE_BYTES 64 /* Ed25519 */
#define NOTE_COSIGNATURE_BYTES 72 /* time and Ed25519 */
#define NOTE_LINE_BYTES (NOTE_NAME_BYTES + 110) /* longest signature line that is written, with its NUL */
#define NOTE_SIGNATURES_MAX 64 /* of one note; the specification asks for 16. A note with more is refused */
#define NOTE_SIGNATURE_TEXT_MAX 8192 /* base64 of one signature, of any type: the longest post-quantum ones have 6.7 kB */
#define NOTE_BYTES_MAX 1048576 /* a whole note */
#define NOTE_COSIGNED_BYTES_MAX 2048 /* text under a cosignature: checkpoints alone, which have some 150 bytes */

enum note_key_type {
	NOTE_KEY_UNKNOWN = 0,
	NOTE_KEY_ED25519 = 0x01, /* signs the text */
	NOTE_KEY_COSIGNATURE = 0x04, /* signs a time and the text */
};

/** A key that verifies. */
struct note_key {
	char name[NOTE_NAME_BYTES];
	enum note_key_type type;
	uint8_t id[NOTE_KEY_ID_BYTES]; /* of name, type and key: a label, not a fingerprint */
	uint8_t key[NOTE_KEY_BYTES]; /* Ed25519 public key */
};

/** One signature line, borrowed from the note. */
struct note_signature {
	const char *name;
	size_t name_bytes;
	const char *text; /* base64 of the key's id and the signature */
	size_t text_bytes;
	uint8_t id[NOTE_KEY_ID_BYTES];
};

/** A note that was read, borrowed from its bytes. */
struct note {
	const char *text; /* not NUL-terminated */
	size_t text_bytes; /* with its last newline */
	struct note_signature signatures[NOTE_SIGNATURES_MAX];
	size_t signature_count; /* at least 1 */
};

/** What a key has to do with a note. */
struct note_verdict {
	bool is_signed;
	uint64_t time_s; /* of the latest cosignature, since 1970; 0 for an Ed25519 key */
};

/** Whether a key may be called so: 1 to 127 bytes that can be shown, no blank of any kind, no plus. */
bool note_name_is_good(const char *name, size_t name_bytes);

/** Whether a text may be a note's: lines that can be shown, the last one ended, at least one. */
bool note_text_is_good(const char *text, size_t text_bytes);

/**
 * Makes a key of its parts and computes its id.
 *
 * @param name a good name, NUL-terminated
 * @param type not NOTE_KEY_UNKNOWN
 * @param key Ed25519 public key; whether it is a point of the curve shows when it verifies
 * @param ret_key filled on OK
 * @return OK or E_MALFORMED: the name
 */
MUST_USE int note_key_make(const char *name, enum note_key_type type, const uint8_t key[static NOTE_KEY_BYTES],
	struct note_key *ret_key);

/**
 * Reads a verifier key: NAME+ID+BASE64.
 *
 * @param text need not be NUL-terminated
 * @param length_bytes of text
 * @param ret_key filled on OK
 * @return OK; E_MALFORMED, also where the id is not that of the key; E_UNSUPPORTED: another type of key
 */
MUST_USE int note_key_parse(const char *text, size_t length_bytes, struct note_key *ret_key);

/**
 * Writes a verifier key.
 *
 * @param key to be written
 * @param ret_text filled and NUL-terminated
 * @return ret_text
 */
char *note_key_write(const struct note_key *key, char ret_text[static NOTE_VKEY_BYTES]);

/**
 * Reads a note without verifying it.
 *
 * @param bytes borrowed for as long as ret_note is used
 * @param length_bytes of bytes
 * @param ret_note filled on OK; else undefined
 * @return OK, E_MALFORMED, or E_LIMIT: longer than NOTE_BYTES_MAX, too many signatures, or one too long
 */
MUST_USE int note_parse(const char *bytes, size_t length_bytes, struct note *ret_note);

/** Whether a signature claims to be of a key, by name and id. */
bool note_signature_is_by(const struct note_signature *signature, const struct note_key *key);

/**
 * Verifies each signature of a key that is known; signatures of others are passed over.
 *
 * @param note that was read
 * @param keys known keys, of different names or ids
 * @param key_count of keys
 * @param ret_verdicts one for each key, filled on OK
 * @return OK, even where no known key has signed; E_DENIED: a signature of a known key is wrong, so the note is; E_LIMIT: a
 * text too long to be cosigned
 */
MUST_USE int note_verify(const struct note *note, const struct note_key *keys, size_t key_count, struct note_verdict *ret_verdicts);

/**
 * The bytes that a cosignature signs.
 *
 * @param time_s seconds since 1970
 * @param text the note's
 * @param text_bytes at most NOTE_COSIGNED_BYTES_MAX
 * @param ret_message filled on OK
 * @param ret_message_bytes its length
 * @return OK or E_LIMIT
 */
MUST_USE int note_cosigned_message(uint64_t time_s, const char *text, size_t text_bytes,
	char ret_message[static NOTE_COSIGNED_BYTES_MAX + 64], size_t *ret_message_bytes);

/**
 * Writes a signature line.
 *
 * @param key whose signature it is
 * @param signature as its type has it
 * @param signature_bytes NOTE_SIGNATURE_BYTES or NOTE_COSIGNATURE_BYTES
 * @param ret_line filled and NUL-terminated, with its newline
 * @return its length
 */
size_t note_signature_write(const struct note_key *key, const uint8_t *signature, size_t signature_bytes,
	char ret_line[static NOTE_LINE_BYTES]);
