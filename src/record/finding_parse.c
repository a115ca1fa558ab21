/*
 * A finding read back from its JSON document, which comes from another
 * process and so is hostile. Strict: exactly the members of the table in
 * record/privacy.c, each once, each in its range. Members that this version
 * does not know are refused too: a document says its version, and a reader
 * that skips what it does not understand would pass it on unseen.
 *
 * Nearly all come as finding_write() writes them and take the quick reader of
 * record/canonical.h; what that does not take is read as a tree, which decides.
 *
 * Bounded: the text by FINDING_DOCUMENT_BYTES_MAX, the lists by the struct.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include "record/canonical.h"
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

static struct canonical quick; /* rows of the table, made once */
static once_flag quick_once = ONCE_FLAG_INIT;

static void quick_make(void)
{
	canonical_init(&finding_document, &quick);
}

/** Reads the document as a tree: what is not written in its canonical form, or is wrong. */
static int tree_read(const char *text, size_t length_bytes, struct finding *finding)
{
	json_error_t error;
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	if (memchr(text, '\0', length_bytes) != NULL)
		return E_MALFORMED; /* jansson skips it */
	json_t *document = json_loadb(text, length_bytes, JSON_REJECT_DUPLICATES, &error);
	if (document == NULL)
		return json_error_code(&error) == json_error_out_of_memory ? E_NOMEM : E_MALFORMED;
	memset(finding, 0, sizeof(*finding));
	int err = document_read(&finding_document, document, finding, complaint);
	json_decref(document);
	return err;
}

int finding_read(const char *text, size_t length_bytes, struct finding *into)
{
	if (length_bytes > FINDING_DOCUMENT_BYTES_MAX)
		return E_LIMIT;
	call_once(&quick_once, quick_make);
	memset(into, 0, sizeof(*into));
	int err = canonical_read(&quick, text, length_bytes, into);
	if (err != OK)
		err = tree_read(text, length_bytes, into);
	return err == OK ? finding_check(into) : err;
}

int finding_parse(const char *text, size_t length_bytes, struct finding *ret_finding)
{
	struct finding finding;
	int err = finding_read(text, length_bytes, &finding);
	if (err == OK)
		*ret_finding = finding;
	return err;
}
