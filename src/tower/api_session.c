/* Sessions: by token, or by a passkey that answers a challenge. What is tried is in the audit, whether it was right or not. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "tower/routes.h"

#define ANY PRIVACY_PUBLIC
#define CHALLENGE_TEXT_BYTES (sodium_base64_ENCODED_LEN(DOCUMENT_DIGEST_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING))

static json_t *roles_show(uint32_t roles)
{
	json_t *list = json_array();
	for (unsigned bit = 0; bit < ROLE_COUNT; bit++) {
		if ((roles >> bit & 1) != 0)
			json_array_append_new(list, json_string(role_names[bit]));
	}
	return list;
}

static json_t *text_or_null(const char *text)
{
	return text[0] != '\0' ? json_string(text) : json_null();
}

static void session_reply(struct visit *visit)
{
	const struct identity *who = &visit->who;
	const struct tower *tower = visit->tower;
	bool is_person = tower->policy != NULL && policy_person_find(tower->policy, who->name) != NULL;
	visit_json(visit, 200, json_pack("{s:s, s:o, s:o, s:o, s:s, s:o, s:{s:s, s:s, s:I, s:I}}", "name", who->name, "roles",
		roles_show(who->roles), "member", text_or_null(who->member), "person", text_or_null(is_person ? who->name : ""), "by",
		who->proof == IDENTITY_PASSKEY ? "passkey" : "token", "expires_ms",
		who->expires_ms != 0 ? json_integer(who->expires_ms) : json_null(), "server", "name", tower->config->name, "version",
		HINOMI_VERSION, "started_ms", (json_int_t)tower->started_ms, "now_ms", (json_int_t)(clock_wall_ns() / NS_PER_MS)));
}

void session_get(struct visit *visit)
{
	session_reply(visit);
}

/** Begins a session for who was proven, or refuses; either is noted. */
static void session_begin(struct visit *visit, int err, const char *name, const char *how)
{
	if (err != OK && err != E_DENIED) {
		visit_store_error(visit, err, "");
		return;
	}
	int noted = visit_audit(visit, err == OK ? "session.begin" : "session.refused", err == OK ? how : name, err == OK);
	if (noted != OK) {
		visit_store_error(visit, noted, "");
		return;
	}
	if (err != OK) {
		visit_error(visit, 401, "that proves nobody who may sign in");
		return;
	}
	access_session_begin(visit->tower->access, &visit->who, visit->set_cookie);
	session_reply(visit);
}

struct token_form {
	char token[ACCESS_SECRET_BYTES];
};
static const struct field token_fields[] = {ROW_TEXT("token", struct token_form, token, ANY, 1)};
static const struct field token_form = ROW_OBJECT("", ANY, struct token_form, 0, token_fields);

void session_post(struct visit *visit)
{
	struct token_form form = {0};
	if (!visit_form(visit, &token_form, &form))
		return;
	session_begin(visit, access_token(visit->tower->access, visit->store, form.token, &visit->who), "", "by token");
	sodium_memzero(&form, sizeof(form));
}

void session_delete(struct visit *visit)
{
	access_session_end(visit->tower->access, visit->cookie);
	int err = visit_audit(visit, "session.end", "", true);
	if (err != OK) {
		visit_store_error(visit, err, "");
		return;
	}
	snprintf(visit->set_cookie, sizeof(visit->set_cookie), "-");
	visit_text(visit, 204, "application/json", calloc(1, 1), 0);
}

void passkey_begin(struct visit *visit)
{
	struct document_digest challenge;
	char text[CHALLENGE_TEXT_BYTES];
	int64_t expires_ms = 0;
	const char *relying_party = "";
	if (access_challenge(visit->tower->access, &challenge, &expires_ms) != OK) {
		visit_error(visit, 409, "the policy knows no passkey");
		return;
	}
	for (size_t i = 0; i < visit->tower->policy->person_count && relying_party[0] == '\0'; i++)
		relying_party = visit->tower->policy->people[i].passkey.relying_party;
	sodium_bin2base64(text, sizeof(text), challenge.bytes, sizeof(challenge.bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	visit_json(visit, 200, json_pack("{s:s, s:s, s:I}", "challenge", text, "relying_party", relying_party, "expires_ms",
		(json_int_t)expires_ms));
}

struct passkey_form {
	char name[DOCUMENT_NAME_BYTES];
	char challenge[CHALLENGE_TEXT_BYTES];
	struct approval_webauthn webauthn;
};
static const struct field webauthn_fields[] = {
	ROW_TEXT("authenticator_data", struct approval_webauthn, authenticator_data, ANY, 4),
	ROW_TEXT("client_data", struct approval_webauthn, client_data, ANY, 4),
	ROW_TEXT("signature", struct approval_webauthn, signature, ANY, 4),
};
static const struct field passkey_fields[] = {
	ROW_TEXT("name", struct passkey_form, name, ANY, 1),
	ROW_TEXT("challenge", struct passkey_form, challenge, ANY, 1),
	ROW_OBJECT("webauthn", ANY, struct approval_webauthn, offsetof(struct passkey_form, webauthn), webauthn_fields),
};
static const struct field passkey_form = ROW_OBJECT("", ANY, struct passkey_form, 0, passkey_fields);

void passkey_finish(struct visit *visit)
{
	struct passkey_form form = {0};
	struct document_digest challenge;
	size_t challenge_bytes = 0;
	if (!visit_form(visit, &passkey_form, &form))
		return;
	if (sodium_base642bin(challenge.bytes, sizeof(challenge.bytes), form.challenge, strlen(form.challenge), NULL,
		&challenge_bytes, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 || challenge_bytes != sizeof(challenge.bytes)) {
		visit_error(visit, 400, "challenge: is none of ours");
		return;
	}
	int err = access_passkey(visit->tower->access, visit->store, form.name, &challenge, &form.webauthn, &visit->who);
	session_begin(visit, err, form.name, "by passkey");
}
