/*
 * Facts and verdict as a JSON document, for "hinomi mail explain": everything
 * that the judge saw of a mail, and nothing else, since there is nothing else.
 */
#pragma once

#include <jansson.h>

#include "mail/engine.h"

/** @return a new document of the facts, NULL: no memory */
json_t *explain_facts(const struct mail_facts *facts);

/** @return a new document of the verdict, NULL: no memory. posed_as 0: there is no key to keep, so the pseudonym is "" */
json_t *explain_verdict(const struct mail_verdict *verdict);

/** Writes a document for a person: one line a member, what is zero, empty or false left out. */
void explain_show(const json_t *document, FILE *out);
