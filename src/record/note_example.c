/* Keys and signatures for tests. */
#include "record/note_example.h"

#include <sodium.h>
#include <string.h>

void note_example_make(const char *name, enum note_key_type type, uint8_t seed, struct note_example *ret_example)
{
	uint8_t seeds[crypto_sign_ed25519_SEEDBYTES], public_key[NOTE_KEY_BYTES];
	memset(seeds, seed, sizeof(seeds));
	int failed = crypto_sign_ed25519_seed_keypair(public_key, ret_example->secret, seeds);
	ASSERT(failed == 0);
	failed = note_key_make(name, type, public_key, &ret_example->key);
	ASSERT(failed == OK);
}

char *note_example_sign(const struct note_example *example, uint64_t time_s, const char *text,
	char ret_line[static NOTE_LINE_BYTES])
{
	uint8_t blob[NOTE_COSIGNATURE_BYTES];
	char message[NOTE_COSIGNED_BYTES_MAX + 64];
	size_t message_bytes = 0;
	if (example->key.type == NOTE_KEY_ED25519) {
		(void)crypto_sign_ed25519_detached(blob, NULL, (const uint8_t *)text, strlen(text), example->secret);
		note_signature_write(&example->key, blob, NOTE_SIGNATURE_BYTES, ret_line);
		return ret_line;
	}
	for (unsigned i = 0; i < 8; i++)
		blob[i] = (uint8_t)(time_s >> (56 - 8 * i));
	int failed = note_cosigned_message(time_s, text, strlen(text), message, &message_bytes);
	ASSERT(failed == OK);
	(void)crypto_sign_ed25519_detached(blob + 8, NULL, (const uint8_t *)message, message_bytes, example->secret);
	note_signature_write(&example->key, blob, NOTE_COSIGNATURE_BYTES, ret_line);
	return ret_line;
}
