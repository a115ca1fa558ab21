/*
 * A signature is read, its time and key are looked at, and only then is anything
 * hashed: the body (bh=), then the header fields it names (h=), each name the
 * lowest field not yet taken (RFC 6376 section 5.4.2), then the signature's own
 * field without the value of b=.
 */
#include "mail/dkim.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NAMES_MAX 256 /* in h=; more make the signature unreadable. Those that sign most name 60 */
#define IDENTITY_BYTES 512 /* of i=; a longer one makes the signature unreadable. RFC 5321 allows 320 */
#define EARLY_S 86400 /* clocks of senders are wrong by up to a day */

/** A signature as it was written. */
struct signature {
	struct dkim_tags tags;
	enum dkim_algorithm algorithm;
	bool is_header_relaxed, is_body_relaxed, is_identity_below; /* the last: i= is of a domain below d= */
	char domain[AUTHRES_DOMAIN_BYTES], selector[AUTHRES_DOMAIN_BYTES];
	uint8_t body_hash[DKIM_HASH_BYTES], bytes[DKIM_SIGNATURE_BYTES];
	size_t count;
	int64_t made_s, expires_s; /* 0: not told */
	int64_t signed_bytes; /* l=; -1: all */
};

void dkim_mail_init(const char *mail, size_t length_bytes, const struct dns_records *records, int64_t received_wall_ms,
	struct dkim_mail *ret_mail)
{
	ret_mail->bytes = mail;
	ret_mail->length_bytes = length_bytes;
	ret_mail->records = records;
	ret_mail->received_wall_ms = received_wall_ms;
	ret_mail->from_count = 0;
	dkim_fields_cut(mail, length_bytes, &ret_mail->fields);
	for (size_t i = 0; i < ret_mail->fields.count; i++)
		ret_mail->from_count += dkim_field_is(&ret_mail->fields.fields[i], "From", 4);
}

/** c=: header/body, each simple where it is not told. */
static int forms_parse(const struct dkim_tag *tag, struct signature *signature)
{
	if (tag == NULL)
		return OK;
	const char *slash = memchr(tag->value, '/', tag->value_bytes);
	struct dkim_tag header = *tag, body = {.value = "simple", .value_bytes = 6};
	if (slash != NULL) {
		header.value_bytes = (size_t)(slash - tag->value);
		body = (struct dkim_tag){.value = slash + 1, .value_bytes = tag->value_bytes - header.value_bytes - 1};
	}
	signature->is_header_relaxed = dkim_tag_is(&header, "relaxed");
	signature->is_body_relaxed = dkim_tag_is(&body, "relaxed");
	return (signature->is_header_relaxed || dkim_tag_is(&header, "simple")) &&
		(signature->is_body_relaxed || dkim_tag_is(&body, "simple")) ? OK : E_MALFORMED;
}

static enum dkim_algorithm algorithm_parse(const struct dkim_tag *tag)
{
	if (dkim_tag_is(tag, "rsa-sha256"))
		return DKIM_RSA_SHA256;
	if (dkim_tag_is(tag, "ed25519-sha256"))
		return DKIM_ED25519_SHA256;
	return dkim_tag_is(tag, "rsa-sha1") ? DKIM_RSA_SHA1 : DKIM_NO_ALGORITHM;
}

static int hex_of(char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *at = c == '\0' ? NULL : strchr(digits, c);
	return at == NULL ? -1 : (int)(at - digits);
}

/** Undoes "=40" and the like (RFC 6376 section 2.11), without white space. @return OK; E_MALFORMED: no such text, or too long */
static int quoted_decode(const struct dkim_tag *tag, char ret_text[static IDENTITY_BYTES], size_t *ret_bytes)
{
	size_t count = 0;
	for (size_t i = 0; i < tag->value_bytes; i++) {
		char c = tag->value[i];
		if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
			continue;
		if (count == IDENTITY_BYTES)
			return E_MALFORMED;
		if (c == '=') {
			int high = i + 2 < tag->value_bytes ? hex_of(tag->value[i + 1]) : -1;
			int low = high < 0 ? -1 : hex_of(tag->value[i + 2]);
			if (low < 0)
				return E_MALFORMED;
			c = (char)(high * 16 + low);
			i += 2;
		}
		ret_text[count++] = c;
	}
	*ret_bytes = count;
	return OK;
}

/** i=: an address of d= or of a domain below it (RFC 6376 section 3.5). */
static int identity_parse(const struct dkim_tag *tag, struct signature *signature)
{
	char text[IDENTITY_BYTES];
	size_t text_bytes = 0;
	if (tag == NULL)
		return OK;
	if (quoted_decode(tag, text, &text_bytes) != OK)
		return E_MALFORMED;
	const char *at = memrchr(text, '@', text_bytes);
	if (at == NULL)
		return E_MALFORMED;
	const char *domain = at + 1;
	size_t bytes = text_bytes - (size_t)(domain - text), own_bytes = strlen(signature->domain);
	if (bytes < own_bytes || strncasecmp(domain + bytes - own_bytes, signature->domain, own_bytes) != 0)
		return E_MALFORMED;
	signature->is_identity_below = bytes > own_bytes;
	return bytes == own_bytes || domain[bytes - own_bytes - 1] == '.' ? OK : E_MALFORMED;
}

static int number_parse(const struct dkim_tag *tag, int64_t *ret_number)
{
	return tag == NULL ? OK : dkim_tag_number(tag, ret_number);
}

/** The tags that every signature has. */
static int tags_needed(struct signature *signature)
{
	static const char *const needed[] = {"a", "b", "bh", "d", "h", "s"};
	const struct dkim_tag *found[ARRAY_LEN(needed)];
	size_t hash_bytes = 0;
	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		found[i] = dkim_tag_find(&signature->tags, needed[i]);
		if (found[i] == NULL)
			return E_MALFORMED;
	}
	signature->algorithm = algorithm_parse(found[0]);
	if (dkim_domain(found[3]->value, found[3]->value_bytes, sizeof(signature->domain), signature->domain) != OK ||
	    dkim_domain(found[5]->value, found[5]->value_bytes, sizeof(signature->selector), signature->selector) != OK)
		return E_MALFORMED;
	if (signature->algorithm == DKIM_RSA_SHA1) /* its hash is of another length, and is not asked for */
		return OK;
	if (dkim_tag_base64(found[1], sizeof(signature->bytes), signature->bytes, &signature->count) != OK ||
	    dkim_tag_base64(found[2], sizeof(signature->body_hash), signature->body_hash, &hash_bytes) != OK)
		return E_MALFORMED;
	return hash_bytes == DKIM_HASH_BYTES && dkim_words_have(found[4], "from") ? OK : E_MALFORMED;
}

static int signature_parse(const struct dkim_field *field, enum dkim_use use, struct signature *ret_signature)
{
	struct signature *signature = ret_signature;
	*signature = (struct signature){.signed_bytes = -1};
	int err = dkim_tags_parse(field->at + field->value_at, field->bytes - field->value_at, &signature->tags);
	if (err != OK)
		return err;
	const struct dkim_tags *tags = &signature->tags;
	const struct dkim_tag *version = dkim_tag_find(tags, "v"), *query = dkim_tag_find(tags, "q");
	if (use == DKIM_OF_MAIL && (version == NULL || !dkim_tag_is(version, "1")))
		return E_MALFORMED;
	err = tags_needed(signature);
	if (err != OK)
		return err;
	bool is_wrong = forms_parse(dkim_tag_find(tags, "c"), signature) != OK ||
		number_parse(dkim_tag_find(tags, "t"), &signature->made_s) != OK ||
		number_parse(dkim_tag_find(tags, "x"), &signature->expires_s) != OK ||
		number_parse(dkim_tag_find(tags, "l"), &signature->signed_bytes) != OK ||
		(query != NULL && !dkim_words_have(query, "dns/txt") && !dkim_words_have(query, "dns")) ||
		(use == DKIM_OF_MAIL && identity_parse(dkim_tag_find(tags, "i"), signature) != OK) ||
		(signature->expires_s != 0 && signature->expires_s < signature->made_s);
	return is_wrong ? E_MALFORMED : OK;
}

enum authres_result dkim_key_find(const struct dkim_mail *mail, const char *selector, const char *domain, struct dkim_key *ret_key)
{
	char name[DNS_NAME_BYTES];
	const char *text = NULL;
	size_t text_bytes = 0;
	int length = snprintf(name, sizeof(name), "%s._domainkey.%s", selector, domain);
	if (length < 0 || (size_t)length >= sizeof(name))
		return AUTHRES_PERMERROR;
	switch (dns_records_find(mail->records, name, mail->received_wall_ms, &text, &text_bytes)) {
	case DNS_TEXT:
		return dkim_key_parse(text, text_bytes, ret_key) == OK ? AUTHRES_PASS : AUTHRES_PERMERROR;
	case DNS_NOTHING:
		return AUTHRES_PERMERROR;
	case DNS_NOT_RECORDED:
	case DNS_FAILED:
		break;
	}
	return AUTHRES_TEMPERROR;
}

enum authres_result dkim_result_of(int error)
{
	if (error == OK)
		return AUTHRES_PASS;
	if (error == E_UNSUPPORTED)
		return AUTHRES_POLICY;
	return error == E_DENIED ? AUTHRES_FAIL : AUTHRES_PERMERROR;
}

/** Whether the mail came while the signature was good. */
static bool is_in_time(const struct dkim_mail *mail, const struct signature *signature)
{
	int64_t received_s = mail->received_wall_ms / 1000;
	if (signature->expires_s != 0 && (received_s == 0 || received_s > signature->expires_s))
		return false;
	return received_s == 0 || signature->made_s <= received_s + EARLY_S;
}

/** @return pass; fail: another body; policy: a part of it is not signed */
static enum authres_result body_verify(const struct dkim_mail *mail, const struct signature *signature)
{
	struct dkim_hash hash;
	uint8_t digest[DKIM_HASH_BYTES];
	uint64_t most_bytes = signature->signed_bytes < 0 ? UINT64_MAX : (uint64_t)signature->signed_bytes;
	dkim_hash_init(&hash, most_bytes);
	const char *body = mail->bytes + mail->fields.body_at;
	dkim_hash_body(&hash, body, mail->length_bytes - mail->fields.body_at, signature->is_body_relaxed);
	uint64_t bytes = dkim_hash_done(&hash, digest);
	if (memcmp(digest, signature->body_hash, sizeof(digest)) != 0 || (signature->signed_bytes >= 0 && most_bytes > bytes))
		return AUTHRES_FAIL;
	return bytes > most_bytes ? AUTHRES_POLICY : AUTHRES_PASS;
}

/** Hashes the fields that h= names. @return OK; E_MALFORMED: too many names */
static int header_hash(const struct dkim_mail *mail, const struct signature *signature, struct dkim_hash *hash)
{
	const struct dkim_tag *names = dkim_tag_find(&signature->tags, "h");
	const char *at = names->value, *name;
	bool is_taken[LIMIT_MAIL_HEADERS] = {false};
	size_t name_bytes = 0, count = 0;
	while (dkim_word_next(&at, names->value + names->value_bytes, &name, &name_bytes)) {
		if (++count > NAMES_MAX)
			return E_MALFORMED;
		size_t i = mail->fields.count;
		while (i > 0 && (is_taken[i - 1] || !dkim_field_is(&mail->fields.fields[i - 1], name, name_bytes)))
			i--;
		if (i == 0)
			continue; /* a field that is not there is signed as being absent */
		is_taken[i - 1] = true;
		dkim_hash_field(hash, &mail->fields.fields[i - 1], signature->is_header_relaxed, NULL, 0, true);
	}
	return OK;
}

static enum authres_result header_verify(const struct dkim_mail *mail, const struct dkim_field *field,
	const struct signature *signature, const struct dkim_key *key)
{
	const struct dkim_tag *own = dkim_tag_find(&signature->tags, "b");
	struct dkim_hash hash;
	uint8_t digest[DKIM_HASH_BYTES];
	dkim_hash_init(&hash, UINT64_MAX);
	if (header_hash(mail, signature, &hash) != OK)
		return AUTHRES_NEUTRAL;
	dkim_hash_field(&hash, field, signature->is_header_relaxed, own->raw, own->raw_bytes, false);
	(void)dkim_hash_done(&hash, digest);
	return dkim_result_of(dkim_key_verify(key, digest, signature->bytes, signature->count));
}

enum authres_result dkim_field_verify(const struct dkim_mail *mail, const struct dkim_field *field, enum dkim_use use,
	char ret_domain[static AUTHRES_DOMAIN_BYTES])
{
	struct signature signature;
	struct dkim_key key;
	int err = signature_parse(field, use, &signature);
	memcpy(ret_domain, signature.domain, sizeof(signature.domain));
	if (err != OK || signature.algorithm == DKIM_NO_ALGORITHM)
		return AUTHRES_NEUTRAL;
	if (signature.algorithm == DKIM_RSA_SHA1 || mail->from_count > 1 || !is_in_time(mail, &signature))
		return AUTHRES_POLICY;
	enum authres_result result = dkim_key_find(mail, signature.selector, signature.domain, &key);
	if (result != AUTHRES_PASS)
		return result;
	if (key.algorithm != signature.algorithm || (key.is_strict && signature.is_identity_below))
		return AUTHRES_PERMERROR;
	enum authres_result body = body_verify(mail, &signature);
	result = body == AUTHRES_FAIL ? AUTHRES_FAIL : header_verify(mail, field, &signature, &key);
	if (key.is_testing && (result == AUTHRES_PASS || result == AUTHRES_FAIL))
		return AUTHRES_NEUTRAL;
	return result == AUTHRES_PASS ? body : result;
}

void dkim_verify(const struct dkim_mail *mail, struct authres *authres)
{
	for (size_t i = 0; i < mail->fields.count; i++) {
		const struct dkim_field *field = &mail->fields.fields[i];
		if (!dkim_field_is(field, "DKIM-Signature", 14))
			continue;
		if (authres->dkim_count == AUTHRES_SIGNATURES_MAX) {
			authres->dkim_left_out++;
			continue;
		}
		struct authres_entry *entry = &authres->dkim[authres->dkim_count++];
		entry->result = dkim_field_verify(mail, field, DKIM_OF_MAIL, entry->domain);
	}
}
