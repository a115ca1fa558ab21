/* Any bytes as a file of recorded DNS: what is taken has a name that ends and a text within its room, and can be found again. */
#include <stdint.h>
#include <string.h>

#include "mail/dns_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static int record_check(void *context, const struct dns_record *record)
{
	const struct dns_records *records = context;
	const char *text = NULL;
	size_t text_bytes = 0;
	ASSERT(memchr(record->name, '\0', sizeof(record->name)) != NULL && record->text_bytes <= DNS_TEXT_BYTES);
	ASSERT(dns_records_find(records, record->name, record->seen_wall_ms, &text, &text_bytes) != DNS_NOT_RECORDED);
	return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct dns_records *records = NULL;
	size_t line = 0;
	if (dns_records_new((const char *)data, size_bytes, &records, &line) != OK)
		return 0;
	ASSERT(dns_record_parse((const char *)data, size_bytes, record_check, records, &line) == OK);
	dns_records_free(records);
	return 0;
}
