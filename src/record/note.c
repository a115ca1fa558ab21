/*
 * Signed notes. The text ends at the last blank line; all after it are
 * signature lines, "— NAME BASE64\n". A key is known by name and id together,
 * as its owner's list has it; what it signed must then verify, or the whole
 * note is refused.
 *
 * Sources: C2SP signed-note v1.0.0, tlog-cosignature v1.0.1 (type 0x04),
 * RFC 8032 (Ed25519, by libsodium, which refuses keys of small order and
 * signatures that are not in their canonical form).
 */
#include "record/note.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/cursor.h"
#include "record/text.h"

#define DASH "\xe2\x80\x94 " /* U+2014 and a blank */
#define DASH_BYTES (sizeof(DASH) - 1)
#define BLOB_BYTES_MAX (NOTE_SIGNATURE_TEXT_MAX / 4 * 3)
#define VKEY_BLOB_BYTES (1 + NOTE_KEY_BYTES)

/** Whether a character is one of Unicode's blanks that text_is_plain() lets through. */
static bool is_blank(const char *at, size_t bytes)
{
	static const char *const blanks[] = {" ", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};
	for (size_t i = 0; i < ARRAY_LEN(blanks); i++) {
		if (strlen(blanks[i]) == bytes && memcmp(blanks[i], at, bytes) == 0)
			return true;
	}
	return bytes == 3 && memcmp(at, "\xe2\x80", 2) == 0 && (uint8_t)at[2] <= 0x8a; /* U+2000..U+200A */
}

bool note_name_is_good(const char *name, size_t name_bytes)
{
	if (name_bytes == 0 || name_bytes >= NOTE_NAME_BYTES)
		return false;
	for (size_t at = 0, step = 0; at < name_bytes; at += step) {
		step = text_character_bytes(name + at, name_bytes - at);
		if (step == 0 || name[at] == '+' || is_blank(name + at, step))
			return false;
	}
	return true;
}

/* Keys. */

static void id_compute(const char *name, enum note_key_type type, const uint8_t key[static NOTE_KEY_BYTES],
	uint8_t ret_id[static NOTE_KEY_ID_BYTES])
{
	const uint8_t separator[2] = {'\n', (uint8_t)type};
	uint8_t digest[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;
	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, (const uint8_t *)name, strlen(name));
	crypto_hash_sha256_update(&state, separator, sizeof(separator));
	crypto_hash_sha256_update(&state, key, NOTE_KEY_BYTES);
	crypto_hash_sha256_final(&state, digest);
	memcpy(ret_id, digest, NOTE_KEY_ID_BYTES);
}

int note_key_make(const char *name, enum note_key_type type, const uint8_t key[static NOTE_KEY_BYTES], struct note_key *ret_key)
{
	size_t name_bytes = strlen(name);
	if (!note_name_is_good(name, name_bytes))
		return E_MALFORMED;
	struct note_key made = {.type = type};
	memcpy(made.name, name, name_bytes);
	memcpy(made.key, key, NOTE_KEY_BYTES);
	id_compute(made.name, type, key, made.id);
	*ret_key = made;
	return OK;
}

int note_key_parse(const char *text, size_t length_bytes, struct note_key *ret_key)
{
	struct note_key key = {.type = NOTE_KEY_UNKNOWN};
	uint8_t blob[BLOB_BYTES_MAX];
	char name[NOTE_NAME_BYTES] = "", id[2 * NOTE_KEY_ID_BYTES + 1];
	size_t blob_bytes = 0;
	const char *plus = memchr(text, '+', length_bytes);
	if (plus == NULL)
		return E_MALFORMED;
	size_t name_bytes = (size_t)(plus - text);
	if (!note_name_is_good(text, name_bytes) || length_bytes < name_bytes + 2 + 2 * NOTE_KEY_ID_BYTES)
		return E_MALFORMED;
	const char *hex = plus + 1, *base64 = hex + 2 * NOTE_KEY_ID_BYTES + 1;
	size_t base64_bytes = length_bytes - (size_t)(base64 - text);
	if (base64[-1] != '+' || base64_bytes > NOTE_SIGNATURE_TEXT_MAX ||
		text_base64_parse(base64, base64_bytes, blob, sizeof(blob), &blob_bytes) != OK || blob_bytes < 2)
		return E_MALFORMED;
	if (blob[0] != NOTE_KEY_ED25519 && blob[0] != NOTE_KEY_COSIGNATURE)
		return E_UNSUPPORTED;
	memcpy(name, text, name_bytes);
	if (blob_bytes != VKEY_BLOB_BYTES || note_key_make(name, (enum note_key_type)blob[0], blob + 1, &key) != OK)
		return E_MALFORMED;
	sodium_bin2hex(id, sizeof(id), key.id, sizeof(key.id));
	if (memcmp(id, hex, 2 * NOTE_KEY_ID_BYTES) != 0)
		return E_MALFORMED;
	*ret_key = key;
	return OK;
}

char *note_key_write(const struct note_key *key, char ret_text[static NOTE_VKEY_BYTES])
{
	uint8_t blob[VKEY_BLOB_BYTES] = {(uint8_t)key->type};
	char id[2 * NOTE_KEY_ID_BYTES + 1], base64[sodium_base64_ENCODED_LEN(VKEY_BLOB_BYTES, sodium_base64_VARIANT_ORIGINAL)];
	memcpy(blob + 1, key->key, NOTE_KEY_BYTES);
	sodium_bin2hex(id, sizeof(id), key->id, sizeof(key->id));
	sodium_bin2base64(base64, sizeof(base64), blob, sizeof(blob), sodium_base64_VARIANT_ORIGINAL);
	snprintf(ret_text, NOTE_VKEY_BYTES, "%s+%s+%s", key->name, id, base64);
	return ret_text;
}

/* Reading. */

bool note_text_is_good(const char *text, size_t text_bytes)
{
	struct cursor cur = cursor_over(text, text_bytes);
	if (text_bytes == 0)
		return false;
	while (cursor_left(&cur) > 0) {
		size_t length_bytes = 0;
		const char *line = text_line(&cur, &length_bytes);
		if (line == NULL || !text_is_plain(line, length_bytes))
			return false;
	}
	return true;
}

static int signature_parse(const char *line, size_t line_bytes, struct note_signature *ret_signature)
{
	uint8_t blob[BLOB_BYTES_MAX];
	size_t blob_bytes = 0;
	if (line_bytes <= DASH_BYTES || memcmp(line, DASH, DASH_BYTES) != 0)
		return E_MALFORMED;
	const char *name = line + DASH_BYTES, *end = line + line_bytes, *blank = memchr(name, ' ', (size_t)(end - name));
	if (blank == NULL || !note_name_is_good(name, (size_t)(blank - name)))
		return E_MALFORMED;
	const char *text = blank + 1;
	if (end - text > NOTE_SIGNATURE_TEXT_MAX)
		return E_LIMIT;
	if (text_base64_parse(text, (size_t)(end - text), blob, sizeof(blob), &blob_bytes) != OK || blob_bytes <= NOTE_KEY_ID_BYTES)
		return E_MALFORMED;
	*ret_signature = (struct note_signature){name, (size_t)(blank - name), text, (size_t)(end - text), {0}};
	memcpy(ret_signature->id, blob, NOTE_KEY_ID_BYTES);
	return OK;
}

int note_parse(const char *bytes, size_t length_bytes, struct note *ret_note)
{
	if (length_bytes > NOTE_BYTES_MAX)
		return E_LIMIT;
	const char *last = NULL; /* of the text: the newline before the last blank line */
	for (size_t at = length_bytes; at > 1 && last == NULL; at--) {
		if (bytes[at - 1] == '\n' && bytes[at - 2] == '\n')
			last = &bytes[at - 2];
	}
	if (last == NULL || !note_text_is_good(bytes, (size_t)(last - bytes) + 1))
		return E_MALFORMED;
	ret_note->text = bytes;
	ret_note->text_bytes = (size_t)(last - bytes) + 1;
	ret_note->signature_count = 0;
	struct cursor cur = cursor_over(last + 2, length_bytes - ret_note->text_bytes - 1);
	while (cursor_left(&cur) > 0) {
		size_t line_bytes = 0;
		const char *line = text_line(&cur, &line_bytes);
		if (line == NULL)
			return E_MALFORMED;
		if (ret_note->signature_count == NOTE_SIGNATURES_MAX)
			return E_LIMIT;
		int err = signature_parse(line, line_bytes, &ret_note->signatures[ret_note->signature_count]);
		if (err != OK)
			return err;
		ret_note->signature_count++;
	}
	return ret_note->signature_count > 0 ? OK : E_MALFORMED;
}

/* Verifying. */

int note_cosigned_message(uint64_t time_s, const char *text, size_t text_bytes,
	char ret_message[static NOTE_COSIGNED_BYTES_MAX + 64], size_t *ret_message_bytes)
{
	if (text_bytes > NOTE_COSIGNED_BYTES_MAX)
		return E_LIMIT;
	size_t head_bytes = (size_t)snprintf(ret_message, 64, "cosignature/v1\ntime %" PRIu64 "\n", time_s);
	memcpy(ret_message + head_bytes, text, text_bytes);
	*ret_message_bytes = head_bytes + text_bytes;
	return OK;
}

static bool ed25519_verify(const struct note_key *key, const void *message, size_t message_bytes, const uint8_t *signature)
{
	return crypto_sign_ed25519_verify_detached(signature, message, message_bytes, key->key) == 0;
}

static int cosignature_verify(const struct note *note, const struct note_key *key, const uint8_t *signature, uint64_t *ret_time_s)
{
	char message[NOTE_COSIGNED_BYTES_MAX + 64];
	size_t message_bytes = 0;
	struct cursor cur = cursor_over(signature, NOTE_COSIGNATURE_BYTES);
	uint64_t time_s = cursor_be64(&cur);
	int err = note_cosigned_message(time_s, note->text, note->text_bytes, message, &message_bytes);
	if (err != OK)
		return err;
	/* tlog-cosignature: the time MUST NOT exceed 2^63 - 1. */
	if (time_s > INT64_MAX || !ed25519_verify(key, message, message_bytes, cur.at))
		return E_DENIED;
	*ret_time_s = time_s;
	return OK;
}

static int signature_verify(const struct note *note, const struct note_signature *signature, const struct note_key *key,
	struct note_verdict *verdict)
{
	uint8_t blob[BLOB_BYTES_MAX];
	size_t blob_bytes = 0;
	uint64_t time_s = 0;
	int err = E_DENIED;
	if (text_base64_parse(signature->text, signature->text_bytes, blob, sizeof(blob), &blob_bytes) != OK)
		return E_DENIED;
	const uint8_t *bytes = blob + NOTE_KEY_ID_BYTES;
	switch (key->type) {
	case NOTE_KEY_UNKNOWN:
		break;
	case NOTE_KEY_ED25519:
		if (blob_bytes == NOTE_KEY_ID_BYTES + NOTE_SIGNATURE_BYTES && ed25519_verify(key, note->text, note->text_bytes, bytes))
			err = OK;
		break;
	case NOTE_KEY_COSIGNATURE:
		if (blob_bytes == NOTE_KEY_ID_BYTES + NOTE_COSIGNATURE_BYTES)
			err = cosignature_verify(note, key, bytes, &time_s);
		break;
	}
	if (err != OK)
		return err;
	verdict->is_signed = true;
	if (time_s > verdict->time_s)
		verdict->time_s = time_s;
	return OK;
}

bool note_signature_is_by(const struct note_signature *signature, const struct note_key *key)
{
	return strlen(key->name) == signature->name_bytes && memcmp(key->name, signature->name, signature->name_bytes) == 0 &&
		memcmp(key->id, signature->id, NOTE_KEY_ID_BYTES) == 0;
}

int note_verify(const struct note *note, const struct note_key *keys, size_t key_count, struct note_verdict *ret_verdicts)
{
	for (size_t k = 0; k < key_count; k++) {
		struct note_verdict verdict = {.is_signed = false};
		for (size_t s = 0; s < note->signature_count; s++) {
			const struct note_signature *signature = &note->signatures[s];
			int err = note_signature_is_by(signature, &keys[k]) ? signature_verify(note, signature, &keys[k], &verdict) : OK;
			if (err != OK)
				return err;
		}
		ret_verdicts[k] = verdict;
	}
	return OK;
}

size_t note_signature_write(const struct note_key *key, const uint8_t *signature, size_t signature_bytes,
	char ret_line[static NOTE_LINE_BYTES])
{
	uint8_t blob[NOTE_KEY_ID_BYTES + NOTE_COSIGNATURE_BYTES];
	char base64[sodium_base64_ENCODED_LEN(sizeof(blob), sodium_base64_VARIANT_ORIGINAL)];
	ASSERT(signature_bytes <= NOTE_COSIGNATURE_BYTES);
	memcpy(blob, key->id, NOTE_KEY_ID_BYTES);
	memcpy(blob + NOTE_KEY_ID_BYTES, signature, signature_bytes);
	sodium_bin2base64(base64, sizeof(base64), blob, NOTE_KEY_ID_BYTES + signature_bytes, sodium_base64_VARIANT_ORIGINAL);
	return (size_t)snprintf(ret_line, NOTE_LINE_BYTES, DASH "%s %s\n", key->name, base64);
}
