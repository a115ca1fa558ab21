/*
 * The one table of the fields of a finding: name in the document, place in the
 * struct, range, and privacy class. finding_write(), finding_parse() and
 * finding_restrict() are computed from it, so a field that is not in the table
 * cannot be written, and what may leave is decided in one place.
 *
 * Privacy classes say how far a field may travel; they do not encrypt it.
 */
#pragma once

#include "record/field.h"

/** The document: a FIELD_OBJECT over struct finding. */
extern const struct field finding_document;

/**
 * The privacy class of a member of the document.
 *
 * @param path names joined by '.', lists without an index: "vectors.src_ports.entries.value"
 * @return PRIVACY_UNKNOWN for what is not in the table
 */
enum privacy finding_privacy(const char *path);
