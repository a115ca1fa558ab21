/*
 * Ed25519 signatures by libsodium, which are deterministic (RFC 8032): one
 * text, one signature, so a log that is recovered signs the same checkpoint.
 */
#include "keys/signer.h"

#include <sodium.h>
#include <string.h>

static void sign(const struct key *key, const char *message, size_t message_bytes,
	uint8_t ret_signature[static NOTE_SIGNATURE_BYTES])
{
	int failed = crypto_sign_ed25519_detached(ret_signature, NULL, (const uint8_t *)message, message_bytes, key->secret);
	ASSERT(failed == 0);
}

int signer_line(const struct key *key, int64_t time_s, const char *text, size_t text_bytes, char ret_line[static NOTE_LINE_BYTES])
{
	uint8_t signature[NOTE_COSIGNATURE_BYTES];
	char message[NOTE_COSIGNED_BYTES_MAX + 64];
	size_t message_bytes = 0;
	if (!note_text_is_good(text, text_bytes))
		return E_MALFORMED;
	if (key->public.type == NOTE_KEY_ED25519) {
		sign(key, text, text_bytes, signature);
		note_signature_write(&key->public, signature, NOTE_SIGNATURE_BYTES, ret_line);
		return OK;
	}
	ASSERT(key->public.type == NOTE_KEY_COSIGNATURE && time_s >= 0);
	int err = note_cosigned_message((uint64_t)time_s, text, text_bytes, message, &message_bytes);
	if (err != OK)
		return err;
	for (unsigned i = 0; i < 8; i++)
		signature[i] = (uint8_t)((uint64_t)time_s >> (56 - 8 * i));
	sign(key, message, message_bytes, signature + 8);
	note_signature_write(&key->public, signature, NOTE_COSIGNATURE_BYTES, ret_line);
	return OK;
}

int signer_note(const struct key *key, const char *text, size_t text_bytes, char *ret_note, size_t room_bytes,
	size_t *ret_note_bytes)
{
	char line[NOTE_LINE_BYTES];
	ASSERT(key->public.type == NOTE_KEY_ED25519);
	int err = signer_line(key, 0, text, text_bytes, line);
	if (err != OK)
		return err;
	size_t line_bytes = strlen(line);
	if (text_bytes + 1 + line_bytes + 1 > room_bytes)
		return E_LIMIT;
	memmove(ret_note, text, text_bytes);
	ret_note[text_bytes] = '\n';
	memcpy(ret_note + text_bytes + 1, line, line_bytes + 1);
	*ret_note_bytes = text_bytes + 1 + line_bytes;
	return OK;
}
