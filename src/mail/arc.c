/*
 * A set is three fields of one number i=: ARC-Authentication-Results, ARC-Message-Signature, ARC-Seal. Sets are numbered from
 * 1 without a gap, each field once (RFC 8617 section 5.2, step 1 to 3); cv= of the first is none, of the others pass. Then the
 * newest message signature must hold (4), and each seal (6): it is over all sets up to its own, in relaxed form, its own b= left
 * out (5.1.1).
 */
#include "mail/arc.h"

#include <string.h>

#define SETS_MAX 50 /* RFC 8617 section 5.1 */
#define KINDS 3

enum kind {
	RESULTS = 0,
	MESSAGE,
	SEAL,
};

struct sets {
	const struct dkim_field *fields[SETS_MAX][KINDS];
	size_t count; /* the highest number */
	bool is_broken;
};

/** The number of a field's set. @return 0: it has none */
static size_t number_of(const struct dkim_field *field, enum kind kind)
{
	struct dkim_tags tags;
	const char *value = field->at + field->value_at, *end = field->at + field->bytes;
	int64_t number = 0;
	/* What follows the first semicolon of the results is no list of tags. */
	const char *semicolon = memchr(value, ';', (size_t)(end - value));
	if (kind == RESULTS && semicolon != NULL)
		end = semicolon;
	if (dkim_tags_parse(value, (size_t)(end - value), &tags) != OK)
		return 0;
	const struct dkim_tag *tag = dkim_tag_find(&tags, "i");
	return tag != NULL && dkim_tag_number(tag, &number) == OK && number <= SETS_MAX ? (size_t)number : 0;
}

static void sets_find(const struct dkim_mail *mail, struct sets *ret_sets)
{
	static const char *const names[KINDS] = {"ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal"};
	*ret_sets = (struct sets){.count = 0};
	for (size_t i = 0; i < mail->fields.count; i++) {
		for (size_t kind = 0; kind < KINDS; kind++) {
			const struct dkim_field *field = &mail->fields.fields[i];
			if (!dkim_field_is(field, names[kind], strlen(names[kind])))
				continue;
			size_t number = number_of(field, (enum kind)kind);
			ret_sets->is_broken = ret_sets->is_broken || number == 0 || ret_sets->fields[number - 1][kind] != NULL;
			if (number == 0)
				continue;
			ret_sets->fields[number - 1][kind] = field;
			ret_sets->count = number > ret_sets->count ? number : ret_sets->count;
		}
	}
	for (size_t i = 0; i < ret_sets->count; i++) {
		for (size_t kind = 0; kind < KINDS; kind++)
			ret_sets->is_broken = ret_sets->is_broken || ret_sets->fields[i][kind] == NULL;
	}
}

/** A seal's tags, of which those that a seal must not have or must have are looked at. */
static int seal_read(const struct dkim_field *field, size_t number, struct dkim_tags *ret_tags, char ret_domain[static
	AUTHRES_DOMAIN_BYTES], char ret_selector[static AUTHRES_DOMAIN_BYTES])
{
	if (dkim_tags_parse(field->at + field->value_at, field->bytes - field->value_at, ret_tags) != OK)
		return E_MALFORMED;
	const struct dkim_tag *state = dkim_tag_find(ret_tags, "cv"), *domain = dkim_tag_find(ret_tags, "d");
	const struct dkim_tag *selector = dkim_tag_find(ret_tags, "s"), *algorithm = dkim_tag_find(ret_tags, "a");
	if (state == NULL || domain == NULL || selector == NULL || algorithm == NULL || dkim_tag_find(ret_tags, "b") == NULL ||
	    dkim_tag_find(ret_tags, "h") != NULL || !dkim_tag_is(algorithm, "rsa-sha256") ||
	    !dkim_tag_is(state, number == 1 ? "none" : "pass"))
		return E_MALFORMED;
	if (dkim_domain(domain->value, domain->value_bytes, AUTHRES_DOMAIN_BYTES, ret_domain) != OK)
		return E_MALFORMED;
	return dkim_domain(selector->value, selector->value_bytes, AUTHRES_DOMAIN_BYTES, ret_selector);
}

static enum authres_result seal_verify(const struct dkim_mail *mail, const struct sets *sets, size_t number,
	char ret_domain[static AUTHRES_DOMAIN_BYTES])
{
	const struct dkim_field *seal = sets->fields[number - 1][SEAL];
	char selector[AUTHRES_DOMAIN_BYTES];
	uint8_t bytes[DKIM_SIGNATURE_BYTES], digest[DKIM_HASH_BYTES];
	size_t count = 0;
	struct dkim_tags tags;
	struct dkim_key key;
	struct dkim_hash hash;
	if (seal_read(seal, number, &tags, ret_domain, selector) != OK)
		return AUTHRES_FAIL;
	const struct dkim_tag *own = dkim_tag_find(&tags, "b");
	if (dkim_tag_base64(own, sizeof(bytes), bytes, &count) != OK)
		return AUTHRES_FAIL;
	enum authres_result result = dkim_key_find(mail, selector, ret_domain, &key);
	if (result != AUTHRES_PASS)
		return result == AUTHRES_TEMPERROR ? result : AUTHRES_FAIL;
	dkim_hash_init(&hash, UINT64_MAX);
	for (size_t i = 0; i < number; i++) {
		for (size_t kind = 0; kind < KINDS; kind++) {
			const struct dkim_field *field = sets->fields[i][kind];
			bool is_own = field == seal;
			dkim_hash_field(&hash, field, true, is_own ? own->raw : NULL, is_own ? own->raw_bytes : 0, !is_own);
		}
	}
	(void)dkim_hash_done(&hash, digest);
	return key.algorithm == DKIM_RSA_SHA256 && dkim_key_verify(&key, digest, bytes, count) == OK ? AUTHRES_PASS : AUTHRES_FAIL;
}

/** The newest signature over the mail: it must not be over a seal (RFC 8617 section 4.1.2). */
static enum authres_result message_verify(const struct dkim_mail *mail, const struct dkim_field *field)
{
	char domain[AUTHRES_DOMAIN_BYTES];
	struct dkim_tags tags;
	if (dkim_tags_parse(field->at + field->value_at, field->bytes - field->value_at, &tags) != OK)
		return AUTHRES_FAIL;
	const struct dkim_tag *names = dkim_tag_find(&tags, "h");
	if (names == NULL || dkim_words_have(names, "arc-seal"))
		return AUTHRES_FAIL;
	return dkim_field_verify(mail, field, DKIM_OF_ARC, domain);
}

void arc_verify(const struct dkim_mail *mail, struct authres_entry *ret_entry)
{
	struct sets sets;
	char domain[AUTHRES_DOMAIN_BYTES];
	*ret_entry = (struct authres_entry){.result = AUTHRES_NONE};
	sets_find(mail, &sets);
	if (sets.count == 0 && !sets.is_broken)
		return;
	enum authres_result result = sets.is_broken ? AUTHRES_FAIL : message_verify(mail, sets.fields[sets.count - 1][MESSAGE]);
	for (size_t number = sets.count; result == AUTHRES_PASS && number > 0; number--)
		result = seal_verify(mail, &sets, number, number == sets.count ? ret_entry->domain : domain);
	ret_entry->result = result == AUTHRES_PASS || result == AUTHRES_TEMPERROR ? result : AUTHRES_FAIL;
}
