/*
 * Documents of ours as text: one line of canonical JSON (compact, keys sorted,
 * integers only; the part of RFC 8785 that needs no floats), written from and
 * read into structs by the tables of record/field.h. Signatures and digests
 * are over the exact bytes of that line with its newline.
 *
 * There is one way to write a document: what is not written that way is
 * refused, as are members that no table has, that are given twice or missing,
 * and values out of their range. Does not know what a document means.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "record/field.h"

#define DOCUMENT_COMPLAINT_BYTES 192
#define DOCUMENT_TEXT_BYTES 2048 /* longest FIELD_TEXT, with its NUL */
#define DOCUMENT_DIGEST_BYTES 32 /* SHA-256 */
#define DOCUMENT_NAME_BYTES 64 /* names of keys, people, members, effectors, roles, sensors */
#define DOCUMENT_LINE_BYTES_MAX 65000 /* a document with its signatures must fit into an entry of the ledger */

/** SHA-256 of a document's line with its newline: what approvals and receipts name it by. */
struct document_digest {
	uint8_t bytes[DOCUMENT_DIGEST_BYTES];
};

/**
 * Makes the JSON value of a struct; what is out of range is brought into it.
 *
 * @param root table of the document
 * @param from the struct
 * @param ret_is_altered set to true where something was out of range; else left as it is
 * @return a new reference, NULL when memory is out
 */
json_t *document_make(const struct field *root, const void *from, bool *ret_is_altered);

/**
 * Reads a JSON value, from another process and so hostile, into a struct.
 *
 * @param root table of the document
 * @param value borrowed
 * @param into the struct, zeroed; after an error partly filled
 * @param ret_complaint after an error one line, "MEMBER: what is wrong"
 * @return OK, E_MALFORMED, E_LIMIT (a list is longer than its cap) or E_NOMEM
 */
MUST_USE int document_read(const struct field *root, const json_t *value, void *into,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES]);

/** Checks the members of a struct against each other. @return OK, or E_MALFORMED with its complaint */
typedef int document_check(const void *document, char ret_complaint[static DOCUMENT_COMPLAINT_BYTES]);

/** One kind of document. */
struct document_kind {
	const struct field *root; /* its table, over the whole struct */
	size_t most_bytes; /* longest line that is written or read */
	document_check *check; /* NULL: nothing to check */
};

/**
 * Writes a document.
 *
 * @param kind of it
 * @param from the struct
 * @param ret_text set to malloc'ed text of one line without its newline; the caller frees it
 * @param ret_complaint after an error one line
 * @return OK, E_MALFORMED (a member is out of range or contradicts another), E_LIMIT (too long) or E_NOMEM
 */
MUST_USE int document_write(const struct document_kind *kind, const void *from, char **ret_text,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES]);

/**
 * Reads a document: exactly what document_write() writes.
 *
 * @param kind of it
 * @param text the line, without its newline; need not be NUL-terminated
 * @param length_bytes of text
 * @param into the struct, which is zeroed first; after an error partly filled
 * @param ret_complaint after an error one line
 * @return OK, E_MALFORMED, E_LIMIT or E_NOMEM
 */
MUST_USE int document_parse(const struct document_kind *kind, const char *text, size_t length_bytes, void *into,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES]);

/**
 * The digest of a document.
 *
 * @param line without its newline
 * @param length_bytes of line
 * @return SHA-256 of the line and a newline
 */
struct document_digest document_digest_of(const char *line, size_t length_bytes);

/** Whether two digests are the same. */
bool document_digest_equal(const struct document_digest *a, const struct document_digest *b);

/** Writes a complaint and returns E_MALFORMED: for the checks of members against each other. */
__attribute__((format(printf, 2, 3))) MUST_USE int document_refuse(char ret_complaint[static DOCUMENT_COMPLAINT_BYTES],
	const char *format, ...);
