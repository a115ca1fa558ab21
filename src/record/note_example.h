/* Keys that sign, for tests alone: made from one byte, so that every run makes the same. The program's are keys/key.h. */
#pragma once

#include "record/note.h"

struct note_example {
	struct note_key key;
	uint8_t secret[64]; /* libsodium's form */
};

/** A key of 32 times the same byte. */
void note_example_make(const char *name, enum note_key_type type, uint8_t seed, struct note_example *ret_example);

/**
 * Signs as the key's type does.
 *
 * @param example whose signature
 * @param time_s of a cosignature
 * @param text the note's
 * @param ret_line filled and NUL-terminated, with its newline
 * @return ret_line
 */
char *note_example_sign(const struct note_example *example, uint64_t time_s, const char *text,
	char ret_line[static NOTE_LINE_BYTES]);
