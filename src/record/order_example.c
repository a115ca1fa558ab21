/*
 * The world of order_example.h, the same in each run. The authenticator of
 * its passkey is OpenSSL: 37 bytes of authenticator data (WebAuthn
 * section 6.1), and ECDSA over them and the hash of what the page said.
 */
#include "record/order_example.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[PARTY_COUNT] = {
	[PARTY_NONE] = "none", [PARTY_AUTHORITY] = "authority", [PARTY_LOG] = "example.org/log", [PARTY_EDGE] = "edge-1",
	[PARTY_HANA] = "hana", [PARTY_JIRO] = "jiro", [PARTY_KYOKO] = "kyoko", [PARTY_TARO] = "taro", [PARTY_YUKI] = "yuki",
	[PARTY_STRANGER] = "stranger", [PARTY_MAIL] = "mail-1",
};

static const char policy_format[] =
	"authority = \"%s\"\nlog = \"%s\"\nwitnesses = {\"%s\", \"%s\"}\nwitness_quorum = 1\nprotected = {192.0.2.53}\n"
	"member port { networks = {192.0.2.0/24, 2001:db8::/32} }\n"
	"effector edge-1 { key = \"%s\" member = port class = own_edge }\n"
	"effector mail-1 { key = \"%s\" member = port class = reidentify }\n"
	"person hana { key = \"%s\" roles = {duty} may_request = yes }\n"
	"person jiro { key = \"%s\" roles = {duty} }\n"
	"person kyoko { key = \"%s\" roles = {commission} }\n"
	"person taro { key = \"%s\" roles = {commission} passkey = \"%s\" relying_party = tower.example\n"
	"	origin = \"https://tower.example\" }\n"
	"person yuki { key = \"%s\" roles = {duty, commission} }\n"
	"class own_edge {\n"
	"	approvals = {duty, commission} protected_approvals = {\"commission:2\"} urgent_approvals = {duty}\n"
	"	longest = 1h answer_within = 30min widest_v4 = 24 widest_v6 = 48 collateral_permille = 20 rules = 8\n"
	"	standing = yes standing_longest = 90d urgent = yes ratify_within = 15min\n"
	"}\n"
	"class reidentify { approvals = {duty, commission} longest = 1h answer_within = 30min }\n"
	"class upstream { approvals = {duty, \"commission:2\"} longest = 1h answer_within = 30min }\n";

static char *text_take(char *text)
{
	ASSERT(text != NULL);
	return text;
}

/* The authenticator's private key is 32 bytes of 7; this is the point that belongs to it. */
static const uint8_t passkey_point[65] = {
	0x04,
	0x1e, 0x18, 0x53, 0x2f, 0xd4, 0x75, 0x4c, 0x02, 0xf3, 0x04, 0x1d, 0x9c, 0x75, 0xce, 0xb3, 0x3b,
	0x83, 0xff, 0xd8, 0x1a, 0xc7, 0xce, 0x4f, 0xe8, 0x82, 0xcc, 0xb1, 0xc9, 0x8b, 0xc5, 0x89, 0x6e,
	0xa4, 0x6c, 0x31, 0x1c, 0x4e, 0x2f, 0xf4, 0x0d, 0xd9, 0x6a, 0x36, 0x53, 0xe6, 0xe4, 0x54, 0x45,
	0xd3, 0x2d, 0xfe, 0x48, 0x6e, 0xce, 0xd7, 0x5c, 0x7a, 0x90, 0xc6, 0xa1, 0x88, 0x81, 0xc0, 0xa3,
};

static void *passkey_make(void)
{
	uint8_t scalar[32];
	EVP_PKEY *key = NULL;
	memset(scalar, 7, sizeof(scalar));
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	BIGNUM *number = BN_bin2bn(scalar, sizeof(scalar), NULL);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM *params = NULL;
	bool is_made = builder != NULL && number != NULL && context != NULL &&
		OSSL_PARAM_BLD_push_utf8_string(builder, "group", "P-256", 0) == 1 &&
		OSSL_PARAM_BLD_push_BN(builder, "priv", number) == 1 &&
		OSSL_PARAM_BLD_push_octet_string(builder, "pub", passkey_point, sizeof(passkey_point)) == 1 &&
		(params = OSSL_PARAM_BLD_to_param(builder)) != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
		EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params) == 1;
	ASSERT(is_made);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	BN_free(number);
	return key;
}

void order_world_init(struct order_world *ret_world)
{
	char keys[PARTY_COUNT][NOTE_VKEY_BYTES], cosigners[2][NOTE_VKEY_BYTES], passkey[96], complaint[CONF_COMPLAINT_BYTES];
	memset(ret_world, 0, sizeof(*ret_world));
	for (unsigned i = PARTY_NONE + 1; i < PARTY_COUNT; i++) {
		note_example_make(names[i], NOTE_KEY_ED25519, (uint8_t)i, &ret_world->parties[i]);
		note_key_write(&ret_world->parties[i].key, keys[i]);
	}
	for (unsigned i = 0; i < 2; i++) {
		note_example_make(i == 0 ? "inspector" : "auditor", NOTE_KEY_COSIGNATURE, (uint8_t)(100 + i), &ret_world->witnesses[i]);
		note_key_write(&ret_world->witnesses[i].key, cosigners[i]);
	}
	ret_world->passkey = passkey_make();
	sodium_bin2base64(passkey, sizeof(passkey), passkey_point + 1, 64, sodium_base64_VARIANT_ORIGINAL);
	int length = snprintf(ret_world->policy_text, sizeof(ret_world->policy_text), policy_format, keys[PARTY_AUTHORITY],
		keys[PARTY_LOG], cosigners[0], cosigners[1], keys[PARTY_EDGE], keys[PARTY_MAIL], keys[PARTY_HANA], keys[PARTY_JIRO],
		keys[PARTY_KYOKO], keys[PARTY_TARO], passkey, keys[PARTY_YUKI]);
	ASSERT(length > 0 && (size_t)length < sizeof(ret_world->policy_text));
	int err = policy_parse("policy", ret_world->policy_text, (size_t)length, &ret_world->policy, complaint);
	if (err != OK)
		fprintf(stderr, "%s\n", complaint);
	ASSERT(err == OK);
}

void order_world_done(struct order_world *world)
{
	EVP_PKEY_free(world->passkey);
}

char *order_world_note(const struct order_world *world, const char *line, enum order_party signer)
{
	char signature[NOTE_LINE_BYTES], *note = NULL, *text = NULL;
	int failed = asprintf(&text, "%s\n", line) < 0;
	ASSERT(!failed);
	failed = asprintf(&note, "%s\n%s", text, note_example_sign(&world->parties[signer], 0, text, signature)) < 0;
	ASSERT(!failed);
	free(text);
	return text_take(note);
}

char *order_world_proof(const struct order_world *world, const char *note, size_t witnesses)
{
	struct merkle_hash other, leaf;
	struct checkpoint checkpoint = {.entries = 2};
	char text[CHECKPOINT_TEXT_BYTES], line[NOTE_LINE_BYTES], signed_text[4096], *written = malloc(PROOF_BYTES_MAX);
	size_t written_bytes = 0;
	merkle_leaf("another entry\n", 14, &other);
	merkle_leaf(note, strlen(note), &leaf);
	merkle_node(&other, &leaf, &checkpoint.root);
	snprintf(checkpoint.origin, sizeof(checkpoint.origin), "%s", names[PARTY_LOG]);
	checkpoint_write(&checkpoint, text);
	int at = snprintf(signed_text, sizeof(signed_text), "%s\n%s", text,
		note_example_sign(&world->parties[PARTY_LOG], 0, text, line));
	for (size_t i = 0; i < witnesses; i++)
		at += snprintf(signed_text + at, sizeof(signed_text) - (size_t)at, "%s",
			note_example_sign(&world->witnesses[i], 1766707200, text, line));
	const struct proof proof = {
		.index = 1, .path = {other}, .path_count = 1, .checkpoint = signed_text, .checkpoint_bytes = (size_t)at};
	ASSERT(written != NULL);
	int err = proof_write(&proof, written, PROOF_BYTES_MAX - 1, &written_bytes);
	ASSERT(err == OK);
	written[written_bytes] = '\0';
	return written;
}

static struct approval approval_of(enum approval_act act, const char *note, const char *by, const char *role)
{
	struct approval approval = {.act = act, .at_ms = EXAMPLE_NOW_MS + 1, .subject = document_digest_of(note, strcspn(note, "\n"))};
	snprintf(approval.by, sizeof(approval.by), "%s", by);
	snprintf(approval.role, sizeof(approval.role), "%s", role);
	return approval;
}

static char *approval_line(const struct approval *approval)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
	int err = approval_write(approval, &line, complaint);
	ASSERT(err == OK);
	return text_take(line);
}

char *order_world_say(const struct order_world *world, enum approval_act act, const char *note, enum order_party who,
	const char *role)
{
	const struct approval approval = approval_of(act, note, names[who], role);
	char *line = approval_line(&approval);
	char *said = order_world_note(world, line, who);
	free(line);
	return said;
}

static void authenticator_sign(const struct order_world *world, const char *client_data, uint8_t flags,
	struct approval_webauthn *ret_webauthn)
{
	uint8_t message[32 + 5 + 32] = {0}, signature[128];
	size_t signature_bytes = sizeof(signature);
	crypto_hash_sha256(message, (const uint8_t *)"tower.example", strlen("tower.example"));
	message[32] = flags; /* then a counter of four bytes */
	crypto_hash_sha256(message + 37, (const uint8_t *)client_data, strlen(client_data));
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	int is_done = context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, world->passkey) == 1 &&
		EVP_DigestSign(context, signature, &signature_bytes, message, sizeof(message)) == 1;
	ASSERT(is_done);
	EVP_MD_CTX_free(context);
	sodium_bin2base64(ret_webauthn->authenticator_data, sizeof(ret_webauthn->authenticator_data), message, 37,
		sodium_base64_VARIANT_ORIGINAL);
	sodium_bin2base64(ret_webauthn->client_data, sizeof(ret_webauthn->client_data), (const uint8_t *)client_data,
		strlen(client_data), sodium_base64_VARIANT_ORIGINAL);
	sodium_bin2base64(ret_webauthn->signature, sizeof(ret_webauthn->signature), signature, signature_bytes,
		sodium_base64_VARIANT_ORIGINAL);
}

char *order_world_touch(const struct order_world *world, enum approval_act act, const char *note, const char *origin, uint8_t flags)
{
	struct approval approval = approval_of(act, note, names[PARTY_TARO], "commission");
	char challenge[48], client_data[512], *line = approval_line(&approval), *said = NULL;
	struct document_digest digest = document_digest_of(line, strlen(line));
	free(line);
	sodium_bin2base64(challenge, sizeof(challenge), digest.bytes, sizeof(digest.bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	snprintf(client_data, sizeof(client_data),
		"{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false}", challenge, origin);
	approval.has_webauthn = true;
	authenticator_sign(world, client_data, flags, &approval.webauthn);
	line = approval_line(&approval);
	int failed = asprintf(&said, "%s\n", line) < 0;
	ASSERT(!failed);
	free(line);
	return text_take(said);
}

static void order_sign(const struct order_world *world, struct order *order, struct bundle *bundle)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
	order->policy = world->policy.digest;
	int err = order_write(order, &line, complaint);
	if (err != OK)
		fprintf(stderr, "%s\n", complaint);
	ASSERT(err == OK);
	free(bundle->order);
	free(bundle->proof);
	bundle->order = order_world_note(world, line, order->class == ORDER_REIDENTIFY ? PARTY_HANA : PARTY_AUTHORITY);
	bundle->proof = order_world_proof(world, bundle->order, 1);
	free(line);
}

void order_world_bundle(const struct order_world *world, struct order *order, struct bundle *ret_bundle)
{
	*ret_bundle = (struct bundle){0};
	order_sign(world, order, ret_bundle);
}

void order_world_approve(struct bundle *bundle, char *text)
{
	ASSERT(bundle->approval_count < BUNDLE_APPROVALS_MAX);
	bundle->approvals[bundle->approval_count++] = text;
}

void order_world_ratify(struct bundle *bundle, char *text)
{
	ASSERT(bundle->ratification_count < BUNDLE_APPROVALS_MAX);
	bundle->ratifications[bundle->ratification_count++] = text;
}

void order_world_rest(const struct order_world *world, struct standing_order *standing, struct order *order,
	struct bundle *bundle)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
	standing->policy = world->policy.digest;
	int err = standing_order_write(standing, &line, complaint);
	ASSERT(err == OK);
	order->has_standing = true;
	order->standing = document_digest_of(line, strlen(line));
	bundle->has_standing = true;
	bundle->standing.order = order_world_note(world, line, PARTY_HANA);
	bundle->standing.proof = order_world_proof(world, bundle->standing.order, 1);
	bundle->standing.approval_count = 2;
	bundle->standing.approvals[0] = order_world_say(world, APPROVAL_APPROVAL, bundle->standing.order, PARTY_JIRO, "duty");
	bundle->standing.approvals[1] = order_world_say(world, APPROVAL_APPROVAL, bundle->standing.order, PARTY_KYOKO, "commission");
	order_sign(world, order, bundle);
	free(line);
}
