/*
 * Signing: notes under an Ed25519 key, checkpoints under a witness's. The
 * only file of the project that signs: in the authority, for people at their
 * terminals, and for the mail host that answers an order of re-identification.
 *
 * Does not judge what it signs: whoever calls it has.
 */
#pragma once

#include "keys/key.h"

/**
 * Signs a text as the key's type does and writes the signature's line.
 *
 * @param key whose signature
 * @param time_s of a cosignature, since 1970; an Ed25519 key signs no time
 * @param text with its last newline
 * @param text_bytes of text
 * @param ret_line filled and NUL-terminated, with its newline
 * @return OK; E_MALFORMED: the text could not be read back as a note's; E_LIMIT: too long for a cosignature
 */
MUST_USE int signer_line(const struct key *key, int64_t time_s, const char *text, size_t text_bytes,
	char ret_line[static NOTE_LINE_BYTES]);

/**
 * Signs a text and writes the note.
 *
 * @param key an Ed25519 key
 * @param text with its last newline
 * @param text_bytes of text
 * @param ret_note room for the note; it is NUL-terminated
 * @param room_bytes of ret_note: text_bytes + 1 + NOTE_LINE_BYTES is enough
 * @param ret_note_bytes its length without the NUL
 * @return OK, E_MALFORMED (the text), or E_LIMIT: no room
 */
MUST_USE int signer_note(const struct key *key, const char *text, size_t text_bytes, char *ret_note, size_t room_bytes,
	size_t *ret_note_bytes);
