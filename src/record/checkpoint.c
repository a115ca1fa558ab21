/* Checkpoints: three lines (origin, size, root) under signatures. Source: C2SP tlog-checkpoint v1.0.0. */
#include "record/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/cursor.h"
#include "record/text.h"

int checkpoint_parse(const char *text, size_t text_bytes, struct checkpoint *ret_checkpoint)
{
	struct checkpoint checkpoint = {.entries = 0};
	struct cursor cur = cursor_over(text, text_bytes);
	size_t origin_bytes = 0, size_bytes = 0, root_bytes = 0;
	const char *origin = text_line(&cur, &origin_bytes);
	const char *size = text_line(&cur, &size_bytes);
	const char *root = text_line(&cur, &root_bytes);
	if (origin == NULL || size == NULL || root == NULL || !note_name_is_good(origin, origin_bytes) ||
		text_number_parse(size, size_bytes, &checkpoint.entries) != OK ||
		merkle_hash_parse(root, root_bytes, &checkpoint.root) != OK)
		return E_MALFORMED;
	if (cursor_left(&cur) > 0)
		return E_UNSUPPORTED;
	memcpy(checkpoint.origin, origin, origin_bytes);
	*ret_checkpoint = checkpoint;
	return OK;
}

size_t checkpoint_write(const struct checkpoint *checkpoint, char ret_text[static CHECKPOINT_TEXT_BYTES])
{
	char root[MERKLE_HASH_TEXT_BYTES];
	return (size_t)snprintf(ret_text, CHECKPOINT_TEXT_BYTES, "%s\n%" PRIu64 "\n%s\n", checkpoint->origin, checkpoint->entries,
		merkle_hash_write(&checkpoint->root, root));
}

int checkpoint_open(const char *bytes, size_t length_bytes, const struct note_key *log_key, struct checkpoint *ret_checkpoint,
	struct note *ret_note)
{
	struct checkpoint checkpoint;
	struct note_verdict verdict = {.is_signed = false};
	if (length_bytes > CHECKPOINT_BYTES_MAX)
		return E_LIMIT;
	int err = note_parse(bytes, length_bytes, ret_note);
	if (err == OK)
		err = checkpoint_parse(ret_note->text, ret_note->text_bytes, &checkpoint);
	if (err == OK && strcmp(checkpoint.origin, log_key->name) != 0)
		err = E_DENIED;
	if (err == OK)
		err = note_verify(ret_note, log_key, 1, &verdict);
	if (err != OK)
		return err;
	if (!verdict.is_signed)
		return E_DENIED;
	*ret_checkpoint = checkpoint;
	return OK;
}
