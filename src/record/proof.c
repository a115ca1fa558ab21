/*
 * Proofs of logging: a head line, optional extra data, the entry's index, the
 * hashes from the leaf up, a blank line, and the checkpoint to its end.
 *
 * A document longer than an entry may be is logged as the line
 * "sha256 HEX BYTES\n"; no document of ours begins so, since they are JSON.
 *
 * Sources: C2SP tlog-proof, tlog-cosignature v1.0.1.
 */
#include "record/proof.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/cursor.h"
#include "record/text.h"

#define HEAD "c2sp.org/tlog-proof@v1"
#define HEAD_FAMILY "c2sp.org/tlog-proof@"

const char *proof_entry(const char *document, size_t document_bytes, char ret_line[static PROOF_HASH_LINE_BYTES],
	size_t *ret_entry_bytes)
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	char hex[2 * crypto_hash_sha256_BYTES + 1];
	*ret_entry_bytes = document_bytes;
	if (document_bytes <= MERKLE_ENTRY_BYTES_MAX)
		return document;
	crypto_hash_sha256(digest, (const uint8_t *)document, document_bytes);
	sodium_bin2hex(hex, sizeof(hex), digest, sizeof(digest));
	*ret_entry_bytes = (size_t)snprintf(ret_line, PROOF_HASH_LINE_BYTES, "sha256 %s %zu\n", hex, document_bytes);
	return ret_line;
}

/** Whether a line begins with a word and a blank; what follows is told. */
static bool word_is(const char *line, size_t line_bytes, const char *word, const char **ret_rest, size_t *ret_rest_bytes)
{
	size_t word_bytes = strlen(word);
	if (line_bytes <= word_bytes || memcmp(line, word, word_bytes) != 0 || line[word_bytes] != ' ')
		return false;
	*ret_rest = line + word_bytes + 1;
	*ret_rest_bytes = line_bytes - word_bytes - 1;
	return true;
}

static int extra_check(const char *text, size_t text_bytes)
{
	uint8_t bytes[PROOF_EXTRA_BYTES_MAX];
	size_t count = 0;
	return text_bytes > PROOF_EXTRA_BYTES_MAX ? E_LIMIT : text_base64_parse(text, text_bytes, bytes, sizeof(bytes), &count);
}

static int path_parse(struct cursor *cur, struct proof *proof)
{
	size_t line_bytes = 0;
	for (;;) {
		const char *line = text_line(cur, &line_bytes);
		if (line == NULL)
			return E_MALFORMED;
		if (line_bytes == 0)
			return OK;
		if (proof->path_count == MERKLE_PATH_MAX)
			return E_LIMIT;
		if (merkle_hash_parse(line, line_bytes, &proof->path[proof->path_count]) != OK)
			return E_MALFORMED;
		proof->path_count++;
	}
}

int proof_parse(const char *bytes, size_t length_bytes, struct proof *ret_proof)
{
	struct cursor cur = cursor_over(bytes, length_bytes);
	size_t line_bytes = 0, rest_bytes = 0;
	const char *line = text_line(&cur, &line_bytes), *rest = NULL;
	if (length_bytes > PROOF_BYTES_MAX)
		return E_LIMIT;
	if (line == NULL || line_bytes < strlen(HEAD_FAMILY) || memcmp(line, HEAD_FAMILY, strlen(HEAD_FAMILY)) != 0)
		return E_MALFORMED;
	if (line_bytes != strlen(HEAD) || memcmp(line, HEAD, line_bytes) != 0)
		return E_UNSUPPORTED;
	*ret_proof = (struct proof){.index = 0};
	line = text_line(&cur, &line_bytes);
	if (line != NULL && word_is(line, line_bytes, "extra", &ret_proof->extra, &ret_proof->extra_bytes)) {
		int err = extra_check(ret_proof->extra, ret_proof->extra_bytes);
		if (err != OK)
			return err;
		line = text_line(&cur, &line_bytes);
	}
	if (line == NULL || !word_is(line, line_bytes, "index", &rest, &rest_bytes) ||
		text_number_parse(rest, rest_bytes, &ret_proof->index) != OK)
		return E_MALFORMED;
	int err = path_parse(&cur, ret_proof);
	ret_proof->checkpoint = (const char *)cur.at;
	ret_proof->checkpoint_bytes = cursor_left(&cur);
	return err != OK || ret_proof->checkpoint_bytes > 0 ? err : E_MALFORMED;
}

int proof_write(const struct proof *proof, char *ret_text, size_t room_bytes, size_t *ret_length_bytes)
{
	char line[PROOF_EXTRA_BYTES_MAX + 128], hash[MERKLE_HASH_TEXT_BYTES];
	size_t at = 0, line_bytes;
	if (proof->extra != NULL)
		line_bytes = (size_t)snprintf(line, sizeof(line), HEAD "\nextra %.*s\nindex %" PRIu64 "\n", (int)proof->extra_bytes,
			proof->extra, proof->index);
	else
		line_bytes = (size_t)snprintf(line, sizeof(line), HEAD "\nindex %" PRIu64 "\n", proof->index);
	if (line_bytes >= sizeof(line) ||
		line_bytes + proof->path_count * MERKLE_HASH_TEXT_BYTES + 1 + proof->checkpoint_bytes > room_bytes)
		return E_LIMIT;
	memcpy(ret_text, line, line_bytes);
	at += line_bytes;
	for (size_t i = 0; i < proof->path_count; i++) {
		memcpy(ret_text + at, merkle_hash_write(&proof->path[i], hash), MERKLE_HASH_TEXT_BYTES - 1);
		at += MERKLE_HASH_TEXT_BYTES;
		ret_text[at - 1] = '\n';
	}
	ret_text[at++] = '\n';
	memcpy(ret_text + at, proof->checkpoint, proof->checkpoint_bytes);
	*ret_length_bytes = at + proof->checkpoint_bytes;
	return OK;
}

/** Whether a witness was counted before under another name, or is the log itself: then it adds nothing. */
static bool is_counted(const struct proof_trust *trust, const struct note_verdict *verdicts, size_t at)
{
	if (memcmp(trust->witnesses[at].key, trust->log_key.key, NOTE_KEY_BYTES) == 0)
		return true;
	for (size_t i = 0; i < at; i++) {
		if (verdicts[i].is_signed && memcmp(trust->witnesses[at].key, trust->witnesses[i].key, NOTE_KEY_BYTES) == 0)
			return true;
	}
	return false;
}

static int refuse(int error, const char *why, const char **ret_why)
{
	*ret_why = why;
	return error;
}

int proof_cosigned(const struct note *note, const struct proof_trust *trust, size_t *ret_cosigned, const char **ret_why)
{
	struct note_verdict verdicts[PROOF_WITNESSES_MAX];
	size_t cosigned = 0;
	ASSERT(trust->witness_count <= PROOF_WITNESSES_MAX);
	if (note_verify(note, trust->witnesses, trust->witness_count, verdicts) != OK)
		return refuse(E_DENIED, "a witness's signature is wrong", ret_why);
	for (size_t i = 0; i < trust->witness_count; i++)
		cosigned += verdicts[i].is_signed && trust->witnesses[i].type == NOTE_KEY_COSIGNATURE && !is_counted(trust, verdicts, i);
	if (cosigned < trust->quorum)
		return refuse(E_DENIED, "too few witnesses have seen the log", ret_why);
	*ret_cosigned = cosigned;
	return OK;
}

int proof_verify(const struct proof *proof, const char *document, size_t document_bytes, const struct proof_trust *trust,
	struct checkpoint *ret_checkpoint, const char **ret_why)
{
	struct checkpoint checkpoint;
	struct note note;
	struct merkle_hash leaf;
	char line[PROOF_HASH_LINE_BYTES];
	size_t entry_bytes = 0, cosigned = 0;
	int err = checkpoint_open(proof->checkpoint, proof->checkpoint_bytes, &trust->log_key, &checkpoint, &note);
	if (err == E_DENIED)
		return refuse(err, "the checkpoint is not signed by the log", ret_why);
	if (err != OK)
		return refuse(err, "the checkpoint cannot be read", ret_why);
	const char *entry = proof_entry(document, document_bytes, line, &entry_bytes);
	merkle_leaf(entry, entry_bytes, &leaf);
	err = merkle_inclusion_verify(&leaf, proof->index, checkpoint.entries, proof->path, proof->path_count, &checkpoint.root);
	if (err != OK)
		return refuse(err, "the document is not in the log at this place", ret_why);
	err = proof_cosigned(&note, trust, &cosigned, ret_why);
	if (err != OK)
		return err;
	*ret_checkpoint = checkpoint;
	return OK;
}
