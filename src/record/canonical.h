/*
 * Documents in their canonical form (record/document.h), read from the text
 * into the struct in one pass without a tree between: some thirty times faster
 * than through jansson. What it reads is what document_read() would have read;
 * what it does not know (escapes, another order, blanks, rules, notes) it
 * leaves to that, and never says why.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "record/field.h"

#define CANONICAL_ROWS_MAX 256 /* rows of one table with all below it, each as often as it is used */

/** A table with its members in the order of the text; made once. */
struct canonical_row {
	const struct field *field;
	uint64_t label[4], mask[4]; /* "name": with quotes and colon; and a mask of as many bytes, to compare by words */
	size_t label_bytes;
	size_t first_member, member_count; /* rows of an object, or of the one entry of a list */
};

struct canonical {
	size_t row_count;
	bool has_optional; /* a member that need not be there: then all is left to document_read() */
	struct canonical_row rows[CANONICAL_ROWS_MAX]; /* the first is the document */
};

/**
 * Makes the rows of a table.
 *
 * @param root of the document
 * @param ret_canonical filled
 */
void canonical_init(const struct field *root, struct canonical *ret_canonical);

/**
 * Reads a document.
 *
 * @param canonical of its table
 * @param text need not be NUL-terminated
 * @param length_bytes of text
 * @param into the struct, zeroed; after an error partly filled
 * @return OK, or E_UNSUPPORTED: ask document_read()
 */
MUST_USE int canonical_read(const struct canonical *canonical, const char *text, size_t length_bytes, void *into);
