/*
 * Signatures of a mail (DKIM, RFC 6376, 8301 and 8463), verified with keys from recorded DNS as they were when the mail
 * came: so years later the result is the same. For mails that no mail server of ours has judged.
 *
 * A signature can vouch for a sender and never refutes one: mailing lists break signatures every day. What we do not take:
 * rsa-sha1 and RSA below 1024 bits (RFC 8301); a body of which a part is not signed (l=); a mail with more than one From;
 * what expired before it came, or is dated a day after. All these are "policy".
 *
 * The body is hashed, and nothing of it kept. Runs in the worker.
 */
#pragma once

#include "mail/authres.h"
#include "mail/dkim_hash.h"
#include "mail/dkim_key.h"
#include "mail/dkim_tag.h"
#include "mail/dns_record.h"

/** A mail that is being verified; all borrowed. */
struct dkim_mail {
	const char *bytes;
	size_t length_bytes;
	int64_t received_wall_ms; /* 0: not known */
	const struct dns_records *records;
	struct dkim_fields fields;
	size_t from_count;
};

/** Which kind of signature a field is. */
enum dkim_use {
	DKIM_OF_MAIL = 0, /* DKIM-Signature */
	DKIM_OF_ARC, /* ARC-Message-Signature (RFC 8617 section 4.1.2): no v=, and i= is a number */
};

/**
 * Cuts a mail into what signatures are over.
 *
 * @param mail borrowed as long as ret_mail is used
 * @param length_bytes of it
 * @param records borrowed likewise
 * @param received_wall_ms when it came; 0: not known
 * @param ret_mail filled
 */
void dkim_mail_init(const char *mail, size_t length_bytes, const struct dns_records *records, int64_t received_wall_ms,
	struct dkim_mail *ret_mail);

/**
 * Verifies one signature.
 *
 * @param mail cut
 * @param field the signature's, of mail->fields
 * @param use which kind
 * @param ret_domain d=, in lower case; empty where it could not be read
 * @return pass; fail: body or header are others; neutral: it cannot be read, or its domain is testing; permerror: no such
 * key, or not for this; temperror: the key is not recorded; policy: see above
 */
enum authres_result dkim_field_verify(const struct dkim_mail *mail, const struct dkim_field *field, enum dkim_use use,
	char ret_domain[static AUTHRES_DOMAIN_BYTES]);

/**
 * Finds the key of a signature.
 *
 * @param mail whose time and records count
 * @param selector of s=
 * @param domain of d=
 * @param ret_key filled on AUTHRES_PASS
 * @return AUTHRES_PASS: there is one; else what the signature comes to
 */
enum authres_result dkim_key_find(const struct dkim_mail *mail, const char *selector, const char *domain, struct dkim_key *ret_key);

/** What a check of a signature comes to, by the code of dkim_key_verify(). */
enum authres_result dkim_result_of(int error);

/**
 * Verifies the signatures of a mail: the topmost AUTHRES_SIGNATURES_MAX, others are counted.
 *
 * @param mail cut
 * @param authres its dkim members are filled
 */
void dkim_verify(const struct dkim_mail *mail, struct authres *authres);
