/*
 * A witness. Its state for a log is the checkpoint it cosigned last, with the
 * log's signature, in a file of its own. Check and update of the state are
 * one step under a lock of that log: two requests at once could otherwise
 * roll it back (tlog-witness, "the following race can occur").
 *
 * A state file that cannot be read back is not taken for an empty one: the
 * witness then answers 500 until a person has looked.
 */
#include "authority/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "authority/tile.h"
#include "core/cursor.h"
#include "keys/signer.h"
#include "record/text.h"

#define STATE_NAME_BYTES (2 * crypto_hash_sha256_BYTES + 8)
#define PROOF_LINES_MAX 63 /* tlog-witness: the client MUST NOT send more */

/* Requests. */

int witness_request_parse(const char *bytes, size_t length_bytes, struct witness_request *ret_request)
{
	struct cursor cur = cursor_over(bytes, length_bytes);
	size_t line_bytes = 0;
	if (length_bytes > LIMIT_WITNESS_REQUEST_BYTES)
		return E_LIMIT;
	*ret_request = (struct witness_request){.old_entries = 0};
	const char *line = text_line(&cur, &line_bytes);
	if (line == NULL || line_bytes < 4 || memcmp(line, "old ", 4) != 0 ||
		text_number_parse(line + 4, line_bytes - 4, &ret_request->old_entries) != OK)
		return E_MALFORMED;
	while ((line = text_line(&cur, &line_bytes)) != NULL && line_bytes > 0) {
		if (ret_request->path_count == PROOF_LINES_MAX)
			return E_LIMIT;
		if (merkle_hash_parse(line, line_bytes, &ret_request->path[ret_request->path_count]) != OK)
			return E_MALFORMED;
		ret_request->path_count++;
	}
	ret_request->checkpoint = (const char *)cur.at;
	ret_request->checkpoint_bytes = cursor_left(&cur);
	return line != NULL && ret_request->checkpoint_bytes > 0 ? OK : E_MALFORMED;
}

int witness_request_write(const struct witness_request *request, char *ret_text, size_t room_bytes, size_t *ret_text_bytes)
{
	char head[32], hash[MERKLE_HASH_TEXT_BYTES];
	size_t at = (size_t)snprintf(head, sizeof(head), "old %" PRIu64 "\n", request->old_entries);
	if (at + request->path_count * MERKLE_HASH_TEXT_BYTES + 1 + request->checkpoint_bytes > room_bytes)
		return E_LIMIT;
	memcpy(ret_text, head, at);
	for (size_t i = 0; i < request->path_count; i++) {
		memcpy(ret_text + at, merkle_hash_write(&request->path[i], hash), MERKLE_HASH_TEXT_BYTES - 1);
		at += MERKLE_HASH_TEXT_BYTES;
		ret_text[at - 1] = '\n';
	}
	ret_text[at++] = '\n';
	memcpy(ret_text + at, request->checkpoint, request->checkpoint_bytes);
	*ret_text_bytes = at + request->checkpoint_bytes;
	return OK;
}

/* States. */

/** Opens the lock of a log's state and waits for it; it is free again when the descriptor is closed. */
static int state_lock(int directory, const char *name)
{
	char lock[STATE_NAME_BYTES + 8];
	snprintf(lock, sizeof(lock), "%s.lock", name);
	int fd = openat(directory, lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/** Reads what was cosigned last; an empty tree where nothing was. */
static int state_read(int directory, const char *name, const struct note_key *log_key, struct checkpoint *ret_checkpoint)
{
	uint8_t *bytes = NULL;
	size_t length = 0;
	struct note note;
	int err = tile_file_read(directory, name, CHECKPOINT_BYTES_MAX, &bytes, &length);
	if (err == E_SYS && errno == ENOENT) {
		*ret_checkpoint = (struct checkpoint){.entries = 0};
		return OK;
	}
	if (err != OK)
		return err;
	err = checkpoint_open((const char *)bytes, length, log_key, ret_checkpoint, &note);
	free(bytes);
	return err;
}

/* Answers. */

__attribute__((format(printf, 3, 4))) static void answer(struct witness_answer *ret_answer, enum witness_status status,
	const char *format, ...)
{
	va_list arguments;
	ret_answer->status = status;
	ret_answer->content_type = status == WITNESS_CONFLICT ? "text/x.tlog.size" : "text/plain; charset=utf-8";
	va_start(arguments, format);
	vsnprintf(ret_answer->body, sizeof(ret_answer->body), format, arguments);
	va_end(arguments);
}

static const struct note_key *log_find(const struct witness *witness, const char *origin)
{
	for (size_t i = 0; i < witness->log_count; i++) {
		if (strcmp(witness->logs[i].name, origin) == 0)
			return &witness->logs[i];
	}
	return NULL;
}

/** Compares a newer tree with the last one, and cosigns and remembers it if it grew out of that. */
static void tree_judge(const struct witness *witness, int directory, const char *name, const struct witness_request *request,
	const struct checkpoint *last, const struct checkpoint *checkpoint, const struct note *note, int64_t now_s,
	struct witness_answer *ret_answer)
{
	char line[NOTE_LINE_BYTES];
	if (request->old_entries != last->entries) {
		answer(ret_answer, WITNESS_CONFLICT, "%" PRIu64 "\n", last->entries);
		return;
	}
	if (merkle_consistency_verify(last->entries, &last->root, checkpoint->entries, &checkpoint->root, request->path,
		    request->path_count) != OK) {
		answer(ret_answer, WITNESS_NO_PROOF, "the tree is not shown to have grown out of the one of %" PRIu64 " entries\n",
			last->entries);
		return;
	}
	if (signer_line(witness->key, now_s, note->text, note->text_bytes, line) != OK ||
		tile_file_write(directory, name, request->checkpoint, request->checkpoint_bytes) != OK) {
		answer(ret_answer, WITNESS_FAILED, "the state cannot be kept\n");
		return;
	}
	answer(ret_answer, WITNESS_COSIGNED, "%s", line);
}

/** Does the same under the log's lock. */
static void log_judge(const struct witness *witness, const struct note_key *log_key, const struct witness_request *request,
	const struct checkpoint *checkpoint, const struct note *note, int64_t now_s, struct witness_answer *ret_answer)
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	char name[STATE_NAME_BYTES];
	struct checkpoint last;
	int directory = open(witness->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	crypto_hash_sha256(digest, (const uint8_t *)checkpoint->origin, strlen(checkpoint->origin));
	sodium_bin2hex(name, sizeof(name), digest, sizeof(digest));
	int lock = directory >= 0 ? state_lock(directory, name) : -1;
	if (lock < 0 || state_read(directory, name, log_key, &last) != OK)
		answer(ret_answer, WITNESS_FAILED, "the state cannot be read\n");
	else
		tree_judge(witness, directory, name, request, &last, checkpoint, note, now_s, ret_answer);
	if (lock >= 0)
		close(lock);
	if (directory >= 0)
		close(directory);
}

void witness_answer(const struct witness *witness, const char *body, size_t body_bytes, int64_t now_s,
	struct witness_answer *ret_answer)
{
	struct witness_request request;
	struct checkpoint checkpoint;
	struct note note;
	if (witness_request_parse(body, body_bytes, &request) != OK || request.checkpoint_bytes > CHECKPOINT_BYTES_MAX ||
		note_parse(request.checkpoint, request.checkpoint_bytes, &note) != OK ||
		checkpoint_parse(note.text, note.text_bytes, &checkpoint) != OK) {
		answer(ret_answer, WITNESS_BAD_REQUEST, "not an add-checkpoint request\n");
		return;
	}
	const struct note_key *log_key = log_find(witness, checkpoint.origin);
	if (log_key == NULL) {
		answer(ret_answer, WITNESS_UNKNOWN_LOG, "no log of this name is looked after\n");
		return;
	}
	if (checkpoint_open(request.checkpoint, request.checkpoint_bytes, log_key, &checkpoint, &note) != OK) {
		answer(ret_answer, WITNESS_FORBIDDEN, "the log's signature is missing or wrong\n");
		return;
	}
	if (request.old_entries > checkpoint.entries) {
		answer(ret_answer, WITNESS_BAD_REQUEST, "the old size is above the new one\n");
		return;
	}
	log_judge(witness, log_key, &request, &checkpoint, &note, now_s, ret_answer);
}

/* The other side. */

int witness_lines_take(const char *answer, size_t answer_bytes, const struct note_key *witness_key, char *note, size_t room_bytes,
	size_t *note_bytes)
{
	struct note parsed;
	struct note_verdict verdict = {.is_signed = false};
	if (*note_bytes + answer_bytes > room_bytes)
		return E_LIMIT;
	int err = note_parse(note, *note_bytes, &parsed);
	size_t text_bytes = err == OK ? parsed.text_bytes : 0;
	memcpy(note + *note_bytes, answer, answer_bytes);
	if (err == OK)
		err = note_parse(note, *note_bytes + answer_bytes, &parsed);
	if (err == OK && parsed.text_bytes != text_bytes)
		err = E_MALFORMED; /* a blank line in the answer makes another text */
	if (err == OK)
		err = note_verify(&parsed, witness_key, 1, &verdict);
	if (err != OK)
		return err;
	if (!verdict.is_signed)
		return E_DENIED;
	size_t taken = 0;
	for (size_t i = 0; i < parsed.signature_count; i++) {
		const struct note_signature *signature = &parsed.signatures[i];
		const char *line = signature->name - strlen("\xe2\x80\x94 ");
		size_t line_bytes = (size_t)(signature->text + signature->text_bytes + 1 - line);
		bool is_own = note_signature_is_by(signature, witness_key);
		if (line < note + *note_bytes || !is_own)
			continue;
		memmove(note + *note_bytes + taken, line, line_bytes);
		taken += line_bytes;
	}
	*note_bytes += taken;
	return taken > 0 ? OK : E_DENIED;
}
