/*
 * What leaves the member of a mail that would be tagged or held: the document
 * of schema/mail_finding.json. Structure and hosts; addresses as keyed
 * pseudonyms, and none where there is no key to keep.
 *
 * Does not decide whether there is a finding: ask the verdict's action.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "mail/engine.h"

/** Whose mail it was. */
struct mail_finding_source {
	const char *sensor; /* of a scan, the file's name; of the milter, its own */
	const void *mail; /* bytes, of which the id is made */
	size_t mail_bytes;
	bool has_key; /* pseudonyms are told */
};

/**
 * Makes the document.
 *
 * @param source borrowed
 * @param facts that were judged
 * @param verdict on them
 * @return a new document, NULL: no memory
 */
json_t *mail_finding_make(const struct mail_finding_source *source, const struct mail_facts *facts,
	const struct mail_verdict *verdict);
