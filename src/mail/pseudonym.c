/* BLAKE2b by libsodium: kind as the first byte, then the text; the first 8 bytes of the digest, little end first. */
#include "mail/pseudonym.h"

#include <sodium.h>

uint64_t pseudonym_make(const struct pseudonym_key *key, enum pseudonym_kind kind, const void *text, size_t length_bytes)
{
	crypto_generichash_state state;
	uint8_t digest[crypto_generichash_BYTES_MIN], first = (uint8_t)kind;
	uint64_t made = 0;
	if (length_bytes == 0)
		return 0;
	(void)crypto_generichash_init(&state, key->bytes, sizeof(key->bytes), sizeof(digest));
	(void)crypto_generichash_update(&state, &first, 1);
	(void)crypto_generichash_update(&state, text, length_bytes);
	(void)crypto_generichash_final(&state, digest, sizeof(digest));
	for (size_t i = 8; i > 0; i--)
		made = made << 8 | digest[i - 1];
	return made == 0 ? 1 : made;
}
