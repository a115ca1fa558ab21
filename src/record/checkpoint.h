/*
 * Checkpoints (C2SP tlog-checkpoint v1.0.0): a log's size and root, as a note
 * that the log has signed and witnesses may have cosigned.
 *
 * Does not know whether the tree behind it is sound (record/merkle.h,
 * record/proof.h). Deviates: extension lines, which the specification
 * discourages, are refused: nobody here could say what they mean.
 */
#pragma once

#include "record/merkle.h"
#include "record/note.h"

#define CHECKPOINT_TEXT_BYTES (NOTE_NAME_BYTES + 70) /* origin, size and root, with a NUL */
#define CHECKPOINT_BYTES_MAX 65536 /* a checkpoint with all its signatures; a longer one is refused */

struct checkpoint {
	char origin[NOTE_NAME_BYTES]; /* the log's name */
	uint64_t entries; /* the tree's size */
	struct merkle_hash root;
};

/**
 * Reads a checkpoint's text.
 *
 * @param text need not be NUL-terminated
 * @param text_bytes of text
 * @param ret_checkpoint filled on OK
 * @return OK, E_MALFORMED, or E_UNSUPPORTED: there are extension lines
 */
MUST_USE int checkpoint_parse(const char *text, size_t text_bytes, struct checkpoint *ret_checkpoint);

/**
 * Writes a checkpoint's text.
 *
 * @param checkpoint to be written
 * @param ret_text filled and NUL-terminated
 * @return its length
 */
size_t checkpoint_write(const struct checkpoint *checkpoint, char ret_text[static CHECKPOINT_TEXT_BYTES]);

/**
 * Reads a signed checkpoint of a log that is known.
 *
 * @param bytes the note, borrowed for as long as ret_note is used
 * @param length_bytes of bytes
 * @param log_key the log's, whose name must be the origin
 * @param ret_checkpoint filled on OK
 * @param ret_note for the witnesses' signatures, filled on OK; else undefined
 * @return OK, E_MALFORMED, E_UNSUPPORTED, E_LIMIT, or E_DENIED: another log's, or the log has not signed it
 */
MUST_USE int checkpoint_open(const char *bytes, size_t length_bytes, const struct note_key *log_key,
	struct checkpoint *ret_checkpoint, struct note *ret_note);
