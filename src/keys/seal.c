/* The secret half lives in pages of its own, as signing keys do (key.c). libsodium is initialised by whoever comes first. */
#include "keys/seal.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/random.h"
#include "keys/secret_file.h"
#include "record/text.h"

#define PREFIX "SEAL+"
#define SECRET_PREFIX "PRIVATE+" PREFIX

_Static_assert(SEAL_KEY_BYTES == crypto_box_PUBLICKEYBYTES, "public halves are libsodium's");
_Static_assert(SEAL_KEY_BYTES == crypto_box_SECRETKEYBYTES, "secret halves are libsodium's");
_Static_assert(SEAL_BOX_BYTES(0) == crypto_box_SEALBYTES, "boxes are libsodium's");

/** Reads PREFIX, NAME, a plus, and a key. */
static int half_parse(const char *prefix, const char *text, size_t length_bytes, char ret_name[static NOTE_NAME_BYTES],
	uint8_t ret_key[static SEAL_KEY_BYTES])
{
	size_t prefix_bytes = strlen(prefix), used_bytes = 0;
	if (length_bytes <= prefix_bytes || memcmp(text, prefix, prefix_bytes) != 0)
		return E_MALFORMED;
	const char *name = text + prefix_bytes, *end = text + length_bytes, *plus = memchr(name, '+', (size_t)(end - name));
	if (plus == NULL || !note_name_is_good(name, (size_t)(plus - name)) ||
		text_base64_parse(plus + 1, (size_t)(end - plus) - 1, ret_key, SEAL_KEY_BYTES, &used_bytes) != OK ||
		used_bytes != SEAL_KEY_BYTES)
		return E_MALFORMED;
	memcpy(ret_name, name, (size_t)(plus - name));
	ret_name[plus - name] = '\0';
	return OK;
}

int seal_public_parse(const char *text, struct seal_public *ret_public)
{
	struct seal_public public;
	uint8_t one[SEAL_KEY_BYTES] = {1}, shared[crypto_scalarmult_BYTES];
	if (half_parse(PREFIX, text, strlen(text), public.name, public.key) != OK)
		return E_MALFORMED;
	if (crypto_scalarmult(shared, one, public.key) != 0)
		return E_MALFORMED; /* a point of low order, for which nothing can be sealed */
	*ret_public = public;
	return OK;
}

static void half_write(const char *prefix, const char *name, const uint8_t key[static SEAL_KEY_BYTES], const char *end,
	char *ret_text, size_t room_bytes)
{
	char base64[sodium_base64_ENCODED_LEN(SEAL_KEY_BYTES, sodium_base64_VARIANT_ORIGINAL)];
	sodium_bin2base64(base64, sizeof(base64), key, SEAL_KEY_BYTES, sodium_base64_VARIANT_ORIGINAL);
	snprintf(ret_text, room_bytes, "%s%s+%s%s", prefix, name, base64, end);
	sodium_memzero(base64, sizeof(base64));
}

char *seal_public_write(const struct seal_public *public, char ret_text[static SEAL_TEXT_BYTES])
{
	half_write(PREFIX, public->name, public->key, "", ret_text, SEAL_TEXT_BYTES);
	return ret_text;
}

/** A zeroed secret in pages of its own; NULL: out of memory. */
static struct seal_secret *secret_alloc(void)
{
	if (sodium_init() < 0)
		return NULL;
	struct seal_secret *secret = sodium_malloc(sizeof(*secret));
	if (secret != NULL)
		sodium_memzero(secret, sizeof(*secret));
	return secret;
}

void seal_free(struct seal_secret *secret)
{
	sodium_free(secret);
}

int seal_create(const char *path, const char *name, struct seal_public *ret_public)
{
	char text[LIMIT_KEY_FILE_BYTES];
	if (!note_name_is_good(name, strlen(name)))
		return E_MALFORMED;
	struct seal_secret *secret = secret_alloc();
	if (secret == NULL)
		return E_NOMEM;
	snprintf(secret->public.name, sizeof(secret->public.name), "%s", name);
	random_bytes(secret->key, sizeof(secret->key));
	int failed = crypto_scalarmult_base(secret->public.key, secret->key);
	ASSERT(failed == 0);
	half_write(SECRET_PREFIX, name, secret->key, "\n", text, sizeof(text));
	int err = secret_file_create(path, text);
	if (err == OK)
		*ret_public = secret->public;
	sodium_memzero(text, sizeof(text));
	seal_free(secret);
	return err;
}

int seal_load(const char *path, struct seal_secret **ret_secret, const char **ret_why)
{
	char text[LIMIT_KEY_FILE_BYTES];
	size_t length_bytes = 0;
	struct seal_secret *secret = NULL;
	int err = secret_file_read(path, text, &length_bytes, ret_why);
	if (err == OK) {
		secret = secret_alloc();
		err = secret == NULL ? E_NOMEM : half_parse(SECRET_PREFIX, text, length_bytes, secret->public.name, secret->key);
		*ret_why = err == E_MALFORMED ? "is not the secret half of a sealing key" : "cannot be read";
	}
	if (err == OK && crypto_scalarmult_base(secret->public.key, secret->key) != 0) {
		*ret_why = "is not the secret half of a sealing key";
		err = E_MALFORMED;
	}
	sodium_memzero(text, sizeof(text));
	if (err == OK)
		*ret_secret = secret;
	else
		seal_free(secret);
	return err;
}

void seal_close(const struct seal_public *public, const void *plain, size_t plain_bytes, uint8_t *ret_box)
{
	int failed = crypto_box_seal(ret_box, plain, plain_bytes, public->key);
	ASSERT(failed == 0); /* only for a point of low order, which seal_public_parse() refuses */
}

int seal_open(const struct seal_secret *secret, const uint8_t *box, size_t box_bytes, void *ret_plain)
{
	return crypto_box_seal_open(ret_plain, box, box_bytes, secret->public.key, secret->key) == 0 ? OK : E_DENIED;
}
