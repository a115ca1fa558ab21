/*
 * Any bytes as a mail with signatures and a chain, as a key record, and as a list of tags: whatever they are, results are of
 * the table and domains end. Keys for the seeds are recorded under the names that they use, RSA and Ed25519.
 */
#include <stdint.h>
#include <string.h>

#include "mail/arc.h"
#include "mail/dkim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static const char dns[] =
	"- brisbane._domainkey.football.example.com TXT \"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n"
	"- test._domainkey.football.example.com TXT \"v=DKIM1; k=rsa; "
	"p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQ"
	"oBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2"
	"jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip"
	"3G+2kryOTIKT+l/K4w3QIDAQAB\"\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	static struct dns_records *records;
	static struct dkim_mail mail;
	struct authres authres = {0};
	struct dkim_key key;
	size_t line = 0;
	const uint8_t digest[DKIM_HASH_BYTES] = {0};
	if (records == NULL) {
		dkim_key_init();
		ASSERT(dns_records_new(dns, sizeof(dns) - 1, &records, &line) == OK);
	}
	dkim_mail_init((const char *)data, size_bytes, records, INT64_C(1772409600000), &mail);
	ASSERT(mail.fields.body_at <= size_bytes);
	dkim_verify(&mail, &authres);
	arc_verify(&mail, &authres.arc);
	ASSERT(authres.dkim_count <= AUTHRES_SIGNATURES_MAX && authres.arc.result <= AUTHRES_OTHER);
	for (uint32_t i = 0; i < authres.dkim_count; i++)
		ASSERT(memchr(authres.dkim[i].domain, '\0', AUTHRES_DOMAIN_BYTES) != NULL && authres.dkim[i].result != AUTHRES_ABSENT);
	if (dkim_key_parse((const char *)data, size_bytes, &key) == OK)
		(void)dkim_key_verify(&key, digest, data, size_bytes < DKIM_SIGNATURE_BYTES ? size_bytes : DKIM_SIGNATURE_BYTES);
	return 0;
}
