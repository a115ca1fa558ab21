/* Rules of RFC 6376, 8301 and 8463, on the RFC's own mail and on mails signed here: what was signed is written out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "mail/arc.h"
#include "mail/dkim.h"

#define T0_MS INT64_C(1772409600000) /* 2026-03-02T00:00:00Z */
#define T0_S (T0_MS / 1000)

/* RFC 8463 appendix A: a mail with both kinds of signature, and its keys. */
static const char rfc8463_mail[] =
	"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n"
	" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n"
	" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
	" Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
	"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n"
	" q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n date : message-id : from : subject : date;\r\n"
	" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
	" DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
	"From: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\nSubject: Is dinner ready?\r\n"
	"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\nMessage-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\n"
	"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
static const char rfc8463_dns[] =
	"- brisbane._domainkey.football.example.com TXT \"v=DKIM1; k=ed25519; \" \"p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n"
	"- test._domainkey.football.example.com TXT \"v=DKIM1; k=rsa; "
	"p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQ"
	"oBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2"
	"jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip"
	"3G+2kryOTIKT+l/K4w3QIDAQAB\"\n";

static unsigned char public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];

static int keys_make(void **state)
{
	(void)state;
	dkim_key_init();
	return crypto_sign_keypair(public_key, secret_key);
}

/** Verifies a mail with recorded DNS. */
static struct authres verify_text(const char *mail, const char *dns, int64_t at_wall_ms)
{
	static struct dkim_mail cut;
	struct dns_records *records = NULL;
	struct authres authres = {0};
	size_t line = 0;
	assert_int_equal(dns_records_new(dns, strlen(dns), &records, &line), OK);
	dkim_mail_init(mail, strlen(mail), records, at_wall_ms, &cut);
	dkim_verify(&cut, &authres);
	arc_verify(&cut, &authres.arc);
	dns_records_free(records);
	return authres;
}

static void base64(const unsigned char *bytes, size_t count, char ret_text[static 128])
{
	assert_non_null(sodium_bin2base64(ret_text, 128, bytes, count, sodium_base64_VARIANT_ORIGINAL));
}

/** A signature's field by our key, without its line's end: tags, then bh= of a body and b= over a header, both as signed. */
static void sign(const char *tags, const char *header, const char *body, bool is_relaxed, char ret_field[static 4096])
{
	unsigned char digest[32], signature[crypto_sign_BYTES];
	char text[128], own[2048], whole[4096];
	crypto_hash_sha256(digest, (const unsigned char *)body, strlen(body));
	base64(digest, sizeof(digest), text);
	snprintf(own, sizeof(own), "v=1; a=ed25519-sha256; d=example.jp; s=k; %s; bh=%s; b=", tags, text);
	snprintf(whole, sizeof(whole), "%s%s%s", header, is_relaxed ? "dkim-signature:" : "DKIM-Signature: ", own);
	crypto_hash_sha256(digest, (const unsigned char *)whole, strlen(whole));
	crypto_sign_detached(signature, NULL, digest, sizeof(digest), secret_key);
	base64(signature, sizeof(signature), text);
	snprintf(ret_field, 4096, "DKIM-Signature: %s%s", own, text);
}

/** Recorded DNS with our key under flags of its record. */
static const char *dns_of(const char *more)
{
	static char dns[512];
	char text[128];
	base64(public_key, sizeof(public_key), text);
	snprintf(dns, sizeof(dns), "- k._domainkey.example.jp TXT \"v=DKIM1; k=ed25519; %sp=%s\"\n", more, text);
	return dns;
}

#define TAGS "c=relaxed/relaxed; h=from:subject"
#define SIGNED_HEADER "from:A <a@example.jp>\r\nsubject:x y\r\n"
#define HEADER "From: A <a@example.jp>\r\nSubject: x y\r\n"

/** A mail with one signature over SIGNED_HEADER and a body of "Hi.". @return the result of it */
static enum authres_result result_of(const char *tags, const char *dns, const char *header, const char *body, int64_t at_wall_ms)
{
	char field[4096], mail[8192];
	sign(tags, SIGNED_HEADER, "Hi.\r\n", true, field);
	snprintf(mail, sizeof(mail), "%s\r\n%s\r\n%s", field, header, body);
	struct authres authres = verify_text(mail, dns, at_wall_ms);
	assert_int_equal(authres.dkim_count, 1);
	return authres.dkim[0].result;
}

static void the_mail_of_rfc_8463_verifies_and_a_changed_one_does_not(void **state)
{
	(void)state;
	struct authres authres = verify_text(rfc8463_mail, rfc8463_dns, T0_MS);
	assert_int_equal(authres.dkim_count, 2);
	assert_int_equal(authres.dkim[0].result, AUTHRES_PASS);
	assert_int_equal(authres.dkim[1].result, AUTHRES_PASS);
	assert_string_equal(authres.dkim[1].domain, "football.example.com");
	assert_int_equal(authres.arc.result, AUTHRES_NONE);
	static const char *const places[] = {"Are you", "dinner"};
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		char mail[sizeof(rfc8463_mail)];
		memcpy(mail, rfc8463_mail, sizeof(mail));
		*strstr(mail, places[i]) = '_';
		authres = verify_text(mail, rfc8463_dns, T0_MS);
		assert_int_equal(authres.dkim[0].result, AUTHRES_FAIL);
		assert_int_equal(authres.dkim[1].result, AUTHRES_FAIL);
	}
}

/* RFC 6376 section 3.4.2 and 3.4.4. */
static void relaxed_form_forgives_white_space(void **state)
{
	(void)state;
	const char *dns = dns_of("");
	assert_int_equal(result_of(TAGS, dns, HEADER, "Hi.\r\n", T0_MS), AUTHRES_PASS);
	assert_int_equal(result_of(TAGS, dns, "FROM :A\t <a@example.jp> \r\nSUBJECT:\r\n x\r\n\ty\r\n", "Hi. \t\r\n \r\n\r\n", T0_MS),
		AUTHRES_PASS);
	assert_int_equal(result_of(TAGS, dns, "From: A <a@example.jp>\nSubject: x y\n", "Hi.", T0_MS), AUTHRES_PASS);
	assert_int_equal(result_of(TAGS, dns, "From: A<a@example.jp>\r\nSubject: x y\r\n", "Hi.\r\n", T0_MS), AUTHRES_FAIL);
	assert_int_equal(result_of(TAGS, dns, HEADER, " Hi.\r\n", T0_MS), AUTHRES_FAIL);
}

/* RFC 6376 section 3.4.1 and 3.4.3. */
static void simple_form_forgives_empty_lines_at_the_end_alone(void **state)
{
	(void)state;
	const char *const header = "From:  A <a@example.jp>\r\nSubject: x\r\n\ty\r\n", *dns = dns_of("");
	char field[4096], mail[8192];
	sign("c=simple/simple; h=from:subject", header, "Hi. \r\n", false, field);
	const struct {
		const char *header, *body;
		enum authres_result result;
	} cases[] = {{header, "Hi. \r\n", AUTHRES_PASS}, {header, "Hi. \n\n\r\n", AUTHRES_PASS},
		{"From:  A <a@example.jp>\nSubject: x\n\ty\n", "Hi. ", AUTHRES_PASS}, {header, "Hi.\r\n", AUTHRES_FAIL},
		{"From: A <a@example.jp>\r\nSubject: x\r\n\ty\r\n", "Hi. \r\n", AUTHRES_FAIL}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(mail, sizeof(mail), "%s\r\n%s\r\n%s", field, cases[i].header, cases[i].body);
		assert_int_equal(verify_text(mail, dns, T0_MS).dkim[0].result, cases[i].result);
	}
	sign("c=simple/simple; h=from:subject", header, "\r\n", false, field); /* an empty body is one line's end */
	snprintf(mail, sizeof(mail), "%s\r\n%s\r\n", field, header);
	assert_int_equal(verify_text(mail, dns, T0_MS).dkim[0].result, AUTHRES_PASS);
}

/* RFC 6376 section 8.2: what is behind the signed part is anybody's. */
static void a_body_signed_in_part_is_not_taken(void **state)
{
	(void)state;
	const char *dns = dns_of("");
	assert_int_equal(result_of(TAGS "; l=5", dns, HEADER, "Hi.\r\n", T0_MS), AUTHRES_PASS);
	assert_int_equal(result_of(TAGS "; l=5", dns, HEADER, "Hi.\r\nAnd this.\r\n", T0_MS), AUTHRES_POLICY);
	assert_int_equal(result_of(TAGS "; l=6", dns, HEADER, "Hi.\r\n", T0_MS), AUTHRES_FAIL);
	assert_int_equal(result_of(TAGS "; l=-5", dns, HEADER, "Hi.\r\n", T0_MS), AUTHRES_NEUTRAL);
}

/* RFC 6376 section 3.5, t= and x=: by the mail's own time, whenever it is asked. */
static void a_signature_holds_at_the_time_at_which_the_mail_came(void **state)
{
	(void)state;
	char tags[128];
	const char *dns = dns_of("");
	snprintf(tags, sizeof(tags), TAGS "; t=%lld; x=%lld", (long long)T0_S - 10, (long long)T0_S + 10);
	assert_int_equal(result_of(tags, dns, HEADER, "Hi.\r\n", T0_MS), AUTHRES_PASS);
	assert_int_equal(result_of(tags, dns, HEADER, "Hi.\r\n", T0_MS + 11000), AUTHRES_POLICY);
	assert_int_equal(result_of(tags, dns, HEADER, "Hi.\r\n", T0_MS - 2 * 86400000), AUTHRES_POLICY);
	assert_int_equal(result_of(tags, dns, HEADER, "Hi.\r\n", 0), AUTHRES_POLICY);
	assert_int_equal(result_of(TAGS "; t=20; x=10", dns, HEADER, "Hi.\r\n", T0_MS), AUTHRES_NEUTRAL);
}

/* RFC 6376 section 3.6.1. */
static void a_key_is_for_what_its_record_says(void **state)
{
	(void)state;
	const struct {
		const char *more, *tags;
		enum authres_result result;
	} cases[] = {{"h=sha1:sha256; s=email; ", TAGS, AUTHRES_PASS}, {"h=sha1; ", TAGS, AUTHRES_PERMERROR},
		{"s=chat; ", TAGS, AUTHRES_PERMERROR}, {"s=*; ", TAGS, AUTHRES_PASS}, {"t=s; ", TAGS "; i=a@example.jp", AUTHRES_PASS},
		{"", TAGS "; i=a@sub.example.jp", AUTHRES_PASS}, {"t=s; ", TAGS "; i=a@sub.example.jp", AUTHRES_PERMERROR},
		{"", TAGS "; i=a@notexample.jp", AUTHRES_NEUTRAL}, {"t=s; ", TAGS "; i=a=40exa=6Dple.jp", AUTHRES_PASS},
		{"", TAGS "; i=a=4@example.jp", AUTHRES_NEUTRAL}, {"", TAGS "; i=a@example.jp=4", AUTHRES_NEUTRAL},
		{"t=y; ", TAGS, AUTHRES_NEUTRAL}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(result_of(cases[i].tags, dns_of(cases[i].more), HEADER, "Hi.\r\n", T0_MS), cases[i].result);
	const struct {
		const char *dns;
		enum authres_result result;
	} others[] = {{"", AUTHRES_TEMPERROR}, {"- k._domainkey.example.jp FAILED", AUTHRES_TEMPERROR},
		{"- k._domainkey.example.jp NONE", AUTHRES_PERMERROR},
		{"- k._domainkey.example.jp TXT \"k=ed25519; p=\"", AUTHRES_PERMERROR},
		{"- k._domainkey.example.jp TXT \"v=DKIM2; p=aaaa\"", AUTHRES_PERMERROR},
		{"- k._domainkey.example.jp TXT \"k=ed25519; p=aaaa\"", AUTHRES_PERMERROR}};
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_int_equal(result_of(TAGS, others[i].dns, HEADER, "Hi.\r\n", T0_MS), others[i].result);
}

/* RFC 8301 section 3: rsa-sha1, and RSA of less than 1024 bits. */
static void weak_signatures_are_refused(void **state)
{
	(void)state;
	static const char sha1[] = "DKIM-Signature: v=1; a=rsa-sha1; d=example.jp; s=k; h=from; "
		"bh=AAAAAAAAAAAAAAAAAAAAAAAAAAA=; b=aaaa\r\n"
		HEADER "\r\nHi.\r\n";
	assert_int_equal(verify_text(sha1, dns_of(""), T0_MS).dkim[0].result, AUTHRES_POLICY);
	struct dkim_key key;
	const char *const rsa_512 = "p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALgSoqXVSEmfcIsOzw7oRuCCOwsmtX/SJnTWxYyj2leFxfS/AVJ+dYfY"
		"+hXqMsT7l+MZvvh/R1WzN4MO/kI/7XsCAwEAAQ==";
	uint8_t digest[DKIM_HASH_BYTES] = {0}, signature[64] = {0};
	assert_int_equal(dkim_key_parse(rsa_512, strlen(rsa_512), &key), OK);
	assert_int_equal(dkim_key_verify(&key, digest, signature, sizeof(signature)), E_UNSUPPORTED);
	assert_int_equal(dkim_result_of(E_UNSUPPORTED), AUTHRES_POLICY);
	assert_int_equal(dkim_key_parse("p=aaaa", 6, &key), OK);
	assert_int_equal(dkim_key_verify(&key, digest, signature, sizeof(signature)), E_MALFORMED);
}

/* RFC 6376 section 5.4: From is signed; a second one above would be shown in place of the signed one. */
static void from_is_signed_and_there_is_one(void **state)
{
	(void)state;
	const char *dns = dns_of("");
	assert_int_equal(result_of("c=relaxed/relaxed; h=subject:to", dns, HEADER, "Hi.\r\n", T0_MS), AUTHRES_NEUTRAL);
	assert_int_equal(result_of(TAGS, dns, "From: B <b@example.org>\r\n" HEADER, "Hi.\r\n", T0_MS), AUTHRES_POLICY);
}

static void more_signatures_than_are_kept_are_counted(void **state)
{
	(void)state;
	char field[4096], mail[65536] = "";
	sign(TAGS, SIGNED_HEADER, "Hi.\r\n", true, field);
	for (size_t i = 0; i < AUTHRES_SIGNATURES_MAX + 3; i++)
		snprintf(mail + strlen(mail), sizeof(mail) - strlen(mail), "%s\r\n", field);
	snprintf(mail + strlen(mail), sizeof(mail) - strlen(mail), HEADER "\r\nHi.\r\n");
	struct authres authres = verify_text(mail, dns_of(""), T0_MS);
	assert_int_equal(authres.dkim_count, AUTHRES_SIGNATURES_MAX);
	assert_int_equal(authres.dkim_left_out, 3);
	assert_int_equal(authres.dkim[AUTHRES_SIGNATURES_MAX - 1].result, AUTHRES_PASS);
	assert_true(authres_vouches(&authres, "example.jp"));
	assert_false(authres_vouches(&authres, "example.org"));
}

static void lists_of_tags_follow_their_grammar(void **state)
{
	(void)state;
	static const char *const wrong[] = {"a", "a=1; a=2", "=1", "1a=2", "a b=2", "a=1;; b=2", ";", "v=1; é=2"};
	static const char *const right[] = {"", "a=", " a = 1 ; b=2 ;\r\n ", "a=1; A=2", "a_1=b=c"};
	struct dkim_tags tags;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(dkim_tags_parse(wrong[i], strlen(wrong[i]), &tags), E_MALFORMED);
	for (size_t i = 0; i < ARRAY_LEN(right); i++)
		assert_int_equal(dkim_tags_parse(right[i], strlen(right[i]), &tags), OK);
	char many[512] = "";
	for (size_t i = 0; i <= DKIM_TAGS_MAX; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many), "t%zu=1;", i);
	assert_int_equal(dkim_tags_parse(many, strlen(many), &tags), E_MALFORMED);
}

/* RFC 8617 section 5.2: what is missing, twice, or without its number breaks a chain before anything is verified. */
static void a_broken_chain_fails(void **state)
{
	(void)state;
	static const char *const chains[] = {"ARC-Seal: i=1; a=rsa-sha256; cv=none; d=example.jp; s=k; b=aaaa\r\n",
		"ARC-Authentication-Results: i=2; x; spf=pass\r\nARC-Message-Signature: i=2; a=rsa-sha256\r\nARC-Seal: i=2; cv=pass\r\n",
		"ARC-Seal: i=0; b=\r\n", "ARC-Seal: i=51; b=\r\n", "ARC-Seal: b=\r\n"};
	for (size_t i = 0; i < ARRAY_LEN(chains); i++) {
		char mail[1024];
		snprintf(mail, sizeof(mail), "%s" HEADER "\r\nHi.\r\n", chains[i]);
		assert_int_equal(verify_text(mail, dns_of(""), T0_MS).arc.result, AUTHRES_FAIL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_mail_of_rfc_8463_verifies_and_a_changed_one_does_not),
		cmocka_unit_test(relaxed_form_forgives_white_space),
		cmocka_unit_test(simple_form_forgives_empty_lines_at_the_end_alone),
		cmocka_unit_test(a_body_signed_in_part_is_not_taken),
		cmocka_unit_test(a_signature_holds_at_the_time_at_which_the_mail_came),
		cmocka_unit_test(a_key_is_for_what_its_record_says),
		cmocka_unit_test(weak_signatures_are_refused),
		cmocka_unit_test(from_is_signed_and_there_is_one),
		cmocka_unit_test(more_signatures_than_are_kept_are_counted),
		cmocka_unit_test(lists_of_tags_follow_their_grammar),
		cmocka_unit_test(a_broken_chain_fails),
	};
	return cmocka_run_group_tests(tests, keys_make, NULL);
}
