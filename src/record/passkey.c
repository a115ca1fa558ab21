/*
 * Passkeys. What the browser says about the page (clientDataJSON) is checked
 * here, the authenticator's data and signature by libfido2.
 */
#include "record/passkey.h"

#include <fido.h>
#include <fido/es256.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define CHALLENGE_BYTES (sodium_base64_ENCODED_LEN(DOCUMENT_DIGEST_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING))

static int blob_read(const char *text, uint8_t *ret_blob, size_t room_bytes, size_t *ret_blob_bytes)
{
	const char *end = NULL;
	int failed = sodium_base642bin(ret_blob, room_bytes, text, strlen(text), NULL, ret_blob_bytes, &end,
		sodium_base64_VARIANT_ORIGINAL);
	return failed == 0 && *end == '\0' ? OK : E_MALFORMED;
}

static bool text_is(const json_t *value, const char *expected)
{
	const char *text = json_string_value(value);
	return text != NULL && strcmp(text, expected) == 0;
}

/** Section 7.2, steps 7 to 9 and 11 to 13: it was made for signing in, with this challenge, at this page. */
static int client_data_check(const uint8_t *client_data, size_t client_data_bytes, const char *origin,
	const struct document_digest *challenge)
{
	char expected[CHALLENGE_BYTES];
	sodium_bin2base64(expected, sizeof(expected), challenge->bytes, sizeof(challenge->bytes),
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	json_t *value = json_loadb((const char *)client_data, client_data_bytes, JSON_REJECT_DUPLICATES, NULL);
	if (value == NULL)
		return E_MALFORMED;
	bool is_right = text_is(json_object_get(value, "type"), "webauthn.get") &&
		text_is(json_object_get(value, "challenge"), expected) && text_is(json_object_get(value, "origin"), origin) &&
		!json_is_true(json_object_get(value, "crossOrigin"));
	json_decref(value);
	return is_right ? OK : E_DENIED;
}

/** Steps 15 to 20, by libfido2: relying party, presence and verification of the user, signature. */
static int assertion_check(const struct policy_passkey *passkey, const uint8_t hash[static crypto_hash_sha256_BYTES],
	const uint8_t *authenticator_data, size_t authenticator_data_bytes, const uint8_t *signature, size_t signature_bytes)
{
	fido_assert_t *assertion = fido_assert_new();
	es256_pk_t *key = es256_pk_new();
	int err = assertion != NULL && key != NULL ? OK : E_NOMEM;
	if (err == OK && (fido_assert_set_count(assertion, 1) != FIDO_OK ||
		fido_assert_set_clientdata_hash(assertion, hash, crypto_hash_sha256_BYTES) != FIDO_OK ||
		fido_assert_set_rp(assertion, passkey->relying_party) != FIDO_OK ||
		fido_assert_set_up(assertion, FIDO_OPT_TRUE) != FIDO_OK || fido_assert_set_uv(assertion, FIDO_OPT_TRUE) != FIDO_OK ||
		fido_assert_set_authdata_raw(assertion, 0, authenticator_data, authenticator_data_bytes) != FIDO_OK ||
		fido_assert_set_sig(assertion, 0, signature, signature_bytes) != FIDO_OK))
		err = E_MALFORMED;
	if (err == OK && (es256_pk_from_ptr(key, passkey->point, sizeof(passkey->point)) != FIDO_OK ||
		fido_assert_verify(assertion, 0, COSE_ES256, key) != FIDO_OK))
		err = E_DENIED;
	es256_pk_free(&key);
	fido_assert_free(&assertion);
	return err;
}

int passkey_verify(const struct policy_passkey *passkey, const struct approval_webauthn *webauthn,
	const struct document_digest *challenge)
{
	uint8_t client_data[sizeof(webauthn->client_data)], authenticator_data[sizeof(webauthn->authenticator_data)];
	uint8_t signature[sizeof(webauthn->signature)], hash[crypto_hash_sha256_BYTES];
	size_t client_data_bytes = 0, authenticator_data_bytes = 0, signature_bytes = 0;
	int err = passkey->is_set ? OK : E_DENIED;
	if (err == OK)
		err = blob_read(webauthn->client_data, client_data, sizeof(client_data), &client_data_bytes);
	if (err == OK)
		err = blob_read(webauthn->authenticator_data, authenticator_data, sizeof(authenticator_data), &authenticator_data_bytes);
	if (err == OK)
		err = blob_read(webauthn->signature, signature, sizeof(signature), &signature_bytes);
	if (err == OK)
		err = client_data_check(client_data, client_data_bytes, passkey->origin, challenge);
	if (err != OK)
		return err;
	crypto_hash_sha256(hash, client_data, client_data_bytes);
	return assertion_check(passkey, hash, authenticator_data, authenticator_data_bytes, signature, signature_bytes);
}
