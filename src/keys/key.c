/*
 * Private keys: made from the kernel's randomness, written once, loaded by
 * the one process that signs. The file is
 *
 *     PRIVATE+KEY+NAME+ID+BASE64\n
 *
 * where BASE64 is of the type's byte and the 32 bytes of the Ed25519 seed,
 * and ID is that of the public key. Source: C2SP signed-note v1.0.0, and
 * golang.org/x/mod/sumdb/note, whose signers read these files.
 */
#include "keys/key.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/random.h"
#include "keys/secret_file.h"
#include "record/text.h"

#define PREFIX "PRIVATE+KEY+"
#define PREFIX_BYTES (sizeof(PREFIX) - 1)
#define SEED_BYTES crypto_sign_ed25519_SEEDBYTES
#define BLOB_BYTES (1 + SEED_BYTES)
#define ID_TEXT_BYTES ((size_t)2 * NOTE_KEY_ID_BYTES)

_Static_assert(KEY_SECRET_BYTES == crypto_sign_ed25519_SECRETKEYBYTES, "a secret is libsodium's");

/** Fills a key from its seed. */
static int key_make(const char *name, enum note_key_type type, const uint8_t seed[static SEED_BYTES], struct key *key)
{
	uint8_t public_key[NOTE_KEY_BYTES];
	int failed = crypto_sign_ed25519_seed_keypair(public_key, key->secret, seed);
	ASSERT(failed == 0);
	return note_key_make(name, type, public_key, &key->public);
}

/** A zeroed key in pages of its own; NULL: out of memory. */
static struct key *key_alloc(void)
{
	if (sodium_init() < 0)
		return NULL;
	struct key *key = sodium_malloc(sizeof(*key));
	if (key != NULL)
		sodium_memzero(key, sizeof(*key));
	return key;
}

void key_free(struct key *key)
{
	sodium_free(key);
}

int key_create(const char *path, const char *name, enum note_key_type type, struct note_key *ret_public)
{
	char text[LIMIT_KEY_FILE_BYTES], id[ID_TEXT_BYTES + 1];
	char base64[sodium_base64_ENCODED_LEN(BLOB_BYTES, sodium_base64_VARIANT_ORIGINAL)];
	uint8_t blob[BLOB_BYTES] = {(uint8_t)type};
	struct key *key = key_alloc();
	if (key == NULL)
		return E_NOMEM;
	random_bytes(blob + 1, SEED_BYTES);
	int err = key_make(name, type, blob + 1, key);
	if (err != OK)
		goto out;
	sodium_bin2hex(id, sizeof(id), key->public.id, NOTE_KEY_ID_BYTES);
	sodium_bin2base64(base64, sizeof(base64), blob, sizeof(blob), sodium_base64_VARIANT_ORIGINAL);
	snprintf(text, sizeof(text), PREFIX "%s+%s+%s\n", name, id, base64);
	err = secret_file_create(path, text);
	if (err == OK)
		*ret_public = key->public;
out:
	sodium_memzero(text, sizeof(text));
	sodium_memzero(base64, sizeof(base64));
	sodium_memzero(blob, sizeof(blob));
	key_free(key);
	return err;
}

/** Reads the text of a key into memory that is the key's alone. */
static int key_parse(const char *text, size_t length_bytes, struct key *key)
{
	char name[NOTE_NAME_BYTES] = "", id[ID_TEXT_BYTES + 1];
	uint8_t blob[BLOB_BYTES];
	size_t blob_bytes = 0;
	int err = E_MALFORMED;
	if (length_bytes <= PREFIX_BYTES || memcmp(text, PREFIX, PREFIX_BYTES) != 0)
		return err;
	const char *at = text + PREFIX_BYTES, *end = text + length_bytes, *plus = memchr(at, '+', (size_t)(end - at));
	if (plus == NULL || !note_name_is_good(at, (size_t)(plus - at)) || (size_t)(end - plus) < ID_TEXT_BYTES + 2)
		return err;
	const char *base64 = plus + ID_TEXT_BYTES + 2;
	memcpy(name, at, (size_t)(plus - at));
	if (base64[-1] == '+' && text_base64_parse(base64, (size_t)(end - base64), blob, sizeof(blob), &blob_bytes) == OK &&
		blob_bytes == sizeof(blob)) {
		bool is_known = blob[0] == NOTE_KEY_ED25519 || blob[0] == NOTE_KEY_COSIGNATURE;
		err = is_known ? key_make(name, (enum note_key_type)blob[0], blob + 1, key) : E_UNSUPPORTED;
		sodium_bin2hex(id, sizeof(id), key->public.id, NOTE_KEY_ID_BYTES);
		if (err == OK && memcmp(id, plus + 1, ID_TEXT_BYTES) != 0)
			err = E_MALFORMED;
	}
	sodium_memzero(blob, sizeof(blob));
	return err;
}

int key_load(const char *path, struct key **ret_key, const char **ret_why)
{
	char text[LIMIT_KEY_FILE_BYTES];
	size_t length_bytes = 0;
	struct key *key = NULL;
	int err = secret_file_read(path, text, &length_bytes, ret_why);
	if (err == OK) {
		key = key_alloc();
		err = key == NULL ? E_NOMEM : key_parse(text, length_bytes, key);
		*ret_why = err == E_UNSUPPORTED ? "is a key of a type that is not used here"
			: err == E_MALFORMED ? "is not a private key"
					     : "cannot be read";
	}
	sodium_memzero(text, sizeof(text));
	if (err == OK)
		*ret_key = key;
	else
		key_free(key);
	return err;
}
