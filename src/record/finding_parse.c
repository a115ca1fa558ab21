/*
 * A finding read back from its JSON document, which comes from another
 * process and so is hostile. Strict: exactly the members of the table in
 * record/privacy.c, each once, each in its range. Members that this version
 * does not know are refused too: a document says its version, and a reader
 * that skips what it does not understand would pass it on unseen.
 *
 * Bounded: the text by FINDING_DOCUMENT_BYTES_MAX, the lists by the struct.
 */
#include <jansson.h>
#include <stdlib.h>

#include "record/document.h"
#include "record/finding.h"
#include "record/privacy.h"

/** What the fields must be to each other. */
static int finding_check(const struct finding *finding)
{
	if (finding->window_end_ms < finding->window_start_ms)
		return E_MALFORMED;
	for (size_t i = 0; i < finding->vector_count; i++) {
		const struct finding_vector *vector = &finding->vectors[i];
		if (vector->ip_version == 5 || vector->end_ms < vector->start_ms)
			return E_MALFORMED;
	}
	return OK;
}

int finding_parse(const char *text, size_t length_bytes, struct finding *ret_finding)
{
	if (length_bytes > FINDING_DOCUMENT_BYTES_MAX)
		return E_LIMIT;
	json_error_t error;
	json_t *document = json_loadb(text, length_bytes, JSON_REJECT_DUPLICATES, &error);
	if (document == NULL)
		return json_error_code(&error) == json_error_out_of_memory ? E_NOMEM : E_MALFORMED;
	struct finding finding = {0};
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	int err = document_read(&finding_document, document, &finding, complaint);
	if (err == OK)
		err = finding_check(&finding);
	if (err == OK)
		*ret_finding = finding;
	json_decref(document);
	return err;
}
