/* Accounts, sessions, challenges and rates: four tables of fixed size under one lock. */
#include "tower/access.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/hash.h"
#include "core/limits.h"
#include "core/random.h"
#include "record/passkey.h"

#define SECRET_BYTES 32
#define BUCKET_WAYS 4 /* places of one key: the longest quiet of them makes room */
#define TOKEN_PREFIX "hinomi_" /* so that it is found where it should not be */

const char *const role_names[ROLE_COUNT] = {"operator", "analyst", "approver", "inspector", "reader", "sender"};

struct session {
	uint8_t digest[STORE_TOKEN_DIGEST_BYTES]; /* of the cookie */
	char name[DOCUMENT_NAME_BYTES]; /* "": the place is free */
	enum identity_proof proof;
	int64_t used_mono_ns;
};

struct challenge {
	struct document_digest digest;
	int64_t given_mono_ns; /* 0: the place is free */
};

/** Full again at full_mono_ns; each one taken moves that on. */
struct bucket {
	uint64_t key; /* 0: the place is free */
	int64_t full_mono_ns;
};

struct access {
	const struct policy *policy;
	int64_t session_ns;
	pthread_mutex_t lock; /* of all below */
	struct session sessions[LIMIT_TOWER_SESSIONS];
	struct challenge challenges[LIMIT_TOWER_CHALLENGES];
	struct bucket buckets[LIMIT_TOWER_BUCKETS];
	struct hash_key hash_key;
	struct access_counters counters;
};

struct access *access_new(const struct policy *policy, int64_t session_ms)
{
	struct access *access = calloc(1, sizeof(*access));
	if (access == NULL)
		return NULL;
	access->policy = policy;
	access->session_ns = session_ms * NS_PER_MS;
	random_bytes(&access->hash_key, sizeof(access->hash_key));
	pthread_mutex_init(&access->lock, NULL);
	return access;
}

void access_free(struct access *access)
{
	if (access == NULL)
		return;
	pthread_mutex_destroy(&access->lock);
	free(access);
}

uint32_t access_roles_parse(const char *text)
{
	uint32_t roles = 0;
	while (*text != '\0') {
		size_t length_bytes = strcspn(text, " "), i = 0;
		while (i < ROLE_COUNT && (strlen(role_names[i]) != length_bytes || memcmp(role_names[i], text, length_bytes) != 0))
			i++;
		if (i == ROLE_COUNT)
			return 0;
		roles |= 1u << i;
		text += length_bytes + (text[length_bytes] == ' ');
	}
	return roles;
}

static void digest_make(const char *secret, uint8_t ret_digest[static STORE_TOKEN_DIGEST_BYTES])
{
	crypto_generichash(ret_digest, STORE_TOKEN_DIGEST_BYTES, (const uint8_t *)secret, strlen(secret), NULL, 0);
}

static void secret_make(const char *prefix, char ret_secret[static ACCESS_SECRET_BYTES])
{
	uint8_t bytes[SECRET_BYTES];
	size_t prefix_bytes = strlen(prefix);
	random_bytes(bytes, sizeof(bytes));
	memcpy(ret_secret, prefix, prefix_bytes);
	sodium_bin2base64(ret_secret + prefix_bytes, ACCESS_SECRET_BYTES - prefix_bytes, bytes, sizeof(bytes),
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bytes, sizeof(bytes));
}

void access_token_make(char ret_token[static ACCESS_SECRET_BYTES], uint8_t ret_digest[static STORE_TOKEN_DIGEST_BYTES])
{
	secret_make(TOKEN_PREFIX, ret_token);
	digest_make(ret_token, ret_digest);
}

static int identity_make(const struct store_account *account, enum identity_proof proof, struct identity *ret_identity)
{
	uint32_t roles = access_roles_parse(account->role);
	if (account->member[0] != '\0')
		roles &= ROLE_SENDER; /* whoever reads sees all members */
	if (!account->is_active || roles == 0)
		return E_DENIED;
	*ret_identity = (struct identity){.roles = roles, .proof = proof};
	snprintf(ret_identity->name, sizeof(ret_identity->name), "%s", account->name);
	snprintf(ret_identity->member, sizeof(ret_identity->member), "%s", account->member);
	return OK;
}

/** Looks an account up by its name; none is as good as one that is not active. */
static int account_find(struct store *store, const char *name, enum identity_proof proof, struct identity *ret_identity)
{
	struct store_account account;
	int err = store_account(store, name, &account);
	if (err != OK)
		return err == E_END ? E_DENIED : err;
	return identity_make(&account, proof, ret_identity);
}

int access_token(struct access *access, struct store *store, const char *token, struct identity *ret_identity)
{
	uint8_t digest[STORE_TOKEN_DIGEST_BYTES];
	struct store_account account;
	digest_make(token, digest);
	int err = store_account_by_token(store, digest, &account);
	if (err == OK)
		err = identity_make(&account, IDENTITY_TOKEN, ret_identity);
	else if (err == E_END)
		err = E_DENIED;
	if (err == E_DENIED)
		access_deny(access);
	return err;
}

static int64_t session_expires_ms(const struct access *access)
{
	return (clock_wall_ns() + access->session_ns) / NS_PER_MS;
}

static bool session_is_over(const struct access *access, const struct session *session, int64_t now_mono_ns)
{
	return session->name[0] == '\0' || now_mono_ns - session->used_mono_ns > access->session_ns;
}

void access_session_begin(struct access *access, struct identity *identity, char ret_cookie[static ACCESS_SECRET_BYTES])
{
	int64_t now_mono_ns = clock_mono_ns();
	secret_make("", ret_cookie);
	pthread_mutex_lock(&access->lock);
	struct session *place = access->sessions;
	for (size_t i = 0; i < LIMIT_TOWER_SESSIONS; i++) {
		struct session *session = &access->sessions[i];
		if (session_is_over(access, session, now_mono_ns)) {
			place = session;
			break;
		}
		if (session->used_mono_ns < place->used_mono_ns)
			place = session;
	}
	access->counters.sessions_pushed_out += !session_is_over(access, place, now_mono_ns);
	*place = (struct session){.proof = identity->proof, .used_mono_ns = now_mono_ns};
	digest_make(ret_cookie, place->digest);
	snprintf(place->name, sizeof(place->name), "%s", identity->name);
	pthread_mutex_unlock(&access->lock);
	identity->expires_ms = session_expires_ms(access);
}

/** The session of a cookie that is not over, NULL: none. Under the lock. */
static struct session *session_find(struct access *access, const char *cookie)
{
	uint8_t digest[STORE_TOKEN_DIGEST_BYTES];
	int64_t now_mono_ns = clock_mono_ns();
	digest_make(cookie, digest);
	for (size_t i = 0; i < LIMIT_TOWER_SESSIONS; i++) {
		struct session *session = &access->sessions[i];
		if (sodium_memcmp(session->digest, digest, sizeof(digest)) == 0 && !session_is_over(access, session, now_mono_ns))
			return session;
	}
	return NULL;
}

int access_session(struct access *access, struct store *store, const char *cookie, struct identity *ret_identity)
{
	struct session session = {0};
	pthread_mutex_lock(&access->lock);
	struct session *found = session_find(access, cookie);
	if (found != NULL) {
		found->used_mono_ns = clock_mono_ns();
		session = *found;
	}
	pthread_mutex_unlock(&access->lock);
	int err = session.name[0] != '\0' ? account_find(store, session.name, session.proof, ret_identity) : E_DENIED;
	if (err == OK)
		ret_identity->expires_ms = session_expires_ms(access);
	if (err == E_DENIED)
		access_deny(access);
	return err;
}

bool access_still(struct access *access, struct store *store, const struct identity *who, const char *cookie, uint32_t roles)
{
	struct identity now = {0};
	bool has_session = true;
	if (cookie[0] != '\0') {
		pthread_mutex_lock(&access->lock);
		has_session = session_find(access, cookie) != NULL;
		pthread_mutex_unlock(&access->lock);
	}
	int err = account_find(store, who->name, who->proof, &now);
	return has_session && err != E_DENIED && (err != OK || (now.roles & roles) != 0);
}

void access_session_end(struct access *access, const char *cookie)
{
	pthread_mutex_lock(&access->lock);
	struct session *session = session_find(access, cookie);
	if (session != NULL)
		*session = (struct session){0};
	pthread_mutex_unlock(&access->lock);
}

static bool has_passkey(const struct policy *policy)
{
	for (size_t i = 0; policy != NULL && i < policy->person_count; i++) {
		if (policy->people[i].passkey.is_set)
			return true;
	}
	return false;
}

int access_challenge(struct access *access, struct document_digest *ret_challenge, int64_t *ret_expires_ms)
{
	if (!has_passkey(access->policy))
		return E_STATE;
	random_bytes(ret_challenge->bytes, sizeof(ret_challenge->bytes));
	pthread_mutex_lock(&access->lock);
	struct challenge *place = access->challenges;
	for (size_t i = 1; i < LIMIT_TOWER_CHALLENGES; i++) {
		if (access->challenges[i].given_mono_ns < place->given_mono_ns)
			place = &access->challenges[i];
	}
	*place = (struct challenge){*ret_challenge, clock_mono_ns()};
	pthread_mutex_unlock(&access->lock);
	*ret_expires_ms = clock_wall_ns() / NS_PER_MS + LIMIT_TOWER_CHALLENGE_MS;
	return OK;
}

/** Whether a challenge was given out lately; it is used up by being asked about. */
static bool challenge_take(struct access *access, const struct document_digest *digest)
{
	bool is_good = false;
	pthread_mutex_lock(&access->lock);
	for (size_t i = 0; i < LIMIT_TOWER_CHALLENGES; i++) {
		struct challenge *challenge = &access->challenges[i];
		if (challenge->given_mono_ns == 0 || !document_digest_equal(&challenge->digest, digest))
			continue;
		is_good = clock_mono_ns() - challenge->given_mono_ns <= LIMIT_TOWER_CHALLENGE_MS * NS_PER_MS;
		*challenge = (struct challenge){0};
	}
	pthread_mutex_unlock(&access->lock);
	return is_good;
}

int access_passkey(struct access *access, struct store *store, const char *name, const struct document_digest *challenge,
	const struct approval_webauthn *webauthn, struct identity *ret_identity)
{
	const struct policy_person *person = access->policy != NULL ? policy_person_find(access->policy, name) : NULL;
	int err = challenge_take(access, challenge) && person != NULL ? OK : E_DENIED;
	if (err == OK && passkey_verify(&person->passkey, webauthn, challenge) != OK)
		err = E_DENIED;
	if (err == OK)
		err = account_find(store, name, IDENTITY_PASSKEY, ret_identity);
	if (err == E_DENIED)
		access_deny(access);
	return err;
}

bool access_allowed(struct access *access, const char *kind, const char *whose, uint32_t per_s, uint32_t burst,
	unsigned *ret_wait_s)
{
	uint64_t words[4], key;
	int64_t each_ns = NS_PER_S * 1000 / per_s, now_mono_ns = clock_mono_ns();
	crypto_generichash_state state;
	crypto_generichash_init(&state, NULL, 0, sizeof(words));
	crypto_generichash_update(&state, (const uint8_t *)kind, strlen(kind) + 1);
	crypto_generichash_update(&state, (const uint8_t *)whose, strlen(whose));
	crypto_generichash_final(&state, (uint8_t *)words, sizeof(words));
	key = hash_pair(&access->hash_key, words[0], words[1]) | 1;
	pthread_mutex_lock(&access->lock);
	struct bucket *ways = &access->buckets[(key >> 8) % (LIMIT_TOWER_BUCKETS / BUCKET_WAYS) * BUCKET_WAYS], *bucket = ways;
	for (size_t i = 0; i < BUCKET_WAYS; i++) {
		if (ways[i].key == key) {
			bucket = &ways[i];
			break;
		}
		if (ways[i].full_mono_ns < bucket->full_mono_ns)
			bucket = &ways[i];
	}
	if (bucket->key != key)
		*bucket = (struct bucket){.key = key};
	int64_t full_mono_ns = (bucket->full_mono_ns > now_mono_ns ? bucket->full_mono_ns : now_mono_ns) + each_ns;
	bool is_allowed = full_mono_ns - now_mono_ns <= each_ns * burst;
	if (is_allowed)
		bucket->full_mono_ns = full_mono_ns;
	else
		access->counters.held_back++;
	pthread_mutex_unlock(&access->lock);
	if (!is_allowed)
		*ret_wait_s = (unsigned)((full_mono_ns - now_mono_ns - each_ns * burst) / NS_PER_S) + 1;
	return is_allowed;
}

void access_deny(struct access *access)
{
	pthread_mutex_lock(&access->lock);
	access->counters.denied++;
	pthread_mutex_unlock(&access->lock);
}

void access_count(struct access *access, struct access_counters *ret_counters)
{
	int64_t now_mono_ns = clock_mono_ns();
	pthread_mutex_lock(&access->lock);
	*ret_counters = access->counters;
	ret_counters->sessions = 0;
	for (size_t i = 0; i < LIMIT_TOWER_SESSIONS; i++)
		ret_counters->sessions += !session_is_over(access, &access->sessions[i], now_mono_ns);
	pthread_mutex_unlock(&access->lock);
}
