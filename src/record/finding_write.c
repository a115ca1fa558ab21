/*
 * A finding as its JSON document, and its id. The document is compact, one
 * line, keys sorted, integers only, every member of the table in
 * record/privacy.c always there. What is out of range in the struct is
 * brought into it, so that what is written always satisfies
 * schema/finding.json, whatever an attacker made the detectors believe.
 *
 * Called by the sensor for each finding. The caller owns the text.
 */
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "record/document.h"
#include "record/finding.h"
#include "record/privacy.h"

int finding_write(const struct finding *finding, char **ret_text)
{
	bool is_altered = false; /* brought into range: an attacker's numbers, told as far as they can be */
	json_t *document = document_make(&finding_document, finding, &is_altered);
	char *text = document != NULL ? json_dumps(document, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	json_decref(document);
	if (text == NULL)
		return E_NOMEM;
	*ret_text = text;
	return OK;
}

void finding_identify(struct finding *finding)
{
	char target[IP_PREFIX_TEXT_BYTES], text[FINDING_SENSOR_BYTES + IP_PREFIX_TEXT_BYTES + 64];
	uint8_t digest[(FINDING_ID_BYTES - 1) / 2];
	int length = snprintf(text, sizeof(text), "%s\n%s\n%s\n%lld\n", finding->sensor, finding_kind_name(finding->kind),
		ip_prefix_write(&finding->target, target), (long long)finding->window_start_ms);
	ASSERT(length > 0 && (size_t)length < sizeof(text));
	int failed = crypto_generichash(digest, sizeof(digest), (const uint8_t *)text, (unsigned long long)length, NULL, 0);
	ASSERT(failed == 0);
	sodium_bin2hex(finding->id, sizeof(finding->id), digest, sizeof(digest));
}
