/*
 * The record is a list of tags: v=DKIM1 (first, where it is given), k= (rsa), h= (all), s= (all services), t= (flags), p= (the
 * key; empty: revoked). g= of RFC 4871 is passed over, as RFC 6376 does.
 */
#include "mail/dkim_key.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "mail/dkim_tag.h"

#define RSA_BITS_LEAST 1024 /* RFC 8301 section 3.2 */

static EVP_MD *sha256; /* fetched once; a process has one */

void dkim_key_init(void)
{
	if (sha256 != NULL || sodium_init() < 0)
		return;
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
	sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
}

static int algorithm_of(const struct dkim_tags *tags, enum dkim_algorithm *ret_algorithm)
{
	const struct dkim_tag *kind = dkim_tag_find(tags, "k");
	if (kind == NULL || dkim_tag_is(kind, "rsa"))
		*ret_algorithm = DKIM_RSA_SHA256;
	else if (dkim_tag_is(kind, "ed25519"))
		*ret_algorithm = DKIM_ED25519_SHA256;
	else
		return E_UNSUPPORTED;
	return OK;
}

/** Whether the record says that the key is not for this. */
static bool is_for_others(const struct dkim_tags *tags)
{
	const struct dkim_tag *hashes = dkim_tag_find(tags, "h"), *services = dkim_tag_find(tags, "s");
	return (hashes != NULL && !dkim_words_have(hashes, "sha256")) ||
		(services != NULL && !dkim_words_have(services, "*") && !dkim_words_have(services, "email"));
}

int dkim_key_parse(const char *text, size_t length_bytes, struct dkim_key *ret_key)
{
	struct dkim_tags tags;
	struct dkim_key key = {.algorithm = DKIM_NO_ALGORITHM};
	if (dkim_tags_parse(text, length_bytes, &tags) != OK)
		return E_MALFORMED;
	const struct dkim_tag *version = dkim_tag_find(&tags, "v"), *bytes = dkim_tag_find(&tags, "p");
	const struct dkim_tag *flags = dkim_tag_find(&tags, "t");
	if (bytes == NULL || (version != NULL && (version != &tags.tags[0] || !dkim_tag_is(version, "DKIM1"))))
		return E_MALFORMED;
	int err = algorithm_of(&tags, &key.algorithm);
	if (err != OK)
		return err;
	if (bytes->value_bytes == 0 || is_for_others(&tags))
		return E_DENIED;
	if (dkim_tag_base64(bytes, sizeof(key.bytes), key.bytes, &key.count) != OK ||
	    (key.algorithm == DKIM_ED25519_SHA256 && key.count != crypto_sign_PUBLICKEYBYTES))
		return E_MALFORMED;
	key.is_testing = flags != NULL && dkim_words_have(flags, "y");
	key.is_strict = flags != NULL && dkim_words_have(flags, "s");
	*ret_key = key;
	return OK;
}

static int rsa_verify(EVP_PKEY *public, const uint8_t *digest, const uint8_t *signature, size_t signature_bytes)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, public, NULL);
	int err = E_MALFORMED;
	if (context != NULL && sha256 != NULL && EVP_PKEY_verify_init(context) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 && EVP_PKEY_CTX_set_signature_md(context, sha256) == 1)
		err = EVP_PKEY_verify(context, signature, signature_bytes, digest, DKIM_HASH_BYTES) == 1 ? OK : E_DENIED;
	EVP_PKEY_CTX_free(context);
	return err;
}

int dkim_key_verify(const struct dkim_key *key, const uint8_t digest[static DKIM_HASH_BYTES], const uint8_t *signature,
	size_t signature_bytes)
{
	if (key->algorithm == DKIM_ED25519_SHA256) {
		/* RFC 8463 section 3: what is signed is the digest. */
		return signature_bytes == crypto_sign_BYTES &&
			crypto_sign_verify_detached(signature, digest, DKIM_HASH_BYTES, key->bytes) == 0 ? OK : E_DENIED;
	}
	const uint8_t *at = key->bytes;
	EVP_PKEY *public = d2i_PUBKEY(NULL, &at, (long)key->count);
	int err = E_MALFORMED;
	if (public != NULL && EVP_PKEY_get_base_id(public) == EVP_PKEY_RSA)
		err = EVP_PKEY_get_bits(public) < RSA_BITS_LEAST ? E_UNSUPPORTED : rsa_verify(public, digest, signature, signature_bytes);
	EVP_PKEY_free(public);
	return err;
}
