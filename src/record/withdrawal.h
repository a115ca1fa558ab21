/*
 * A withdrawal on its way to an effector, on one line of its own
 * (schema/withdrawal.json): the statement as it was signed, a note or a line
 * with a passkey's assertion (record/approval.h). It is not signed; the
 * statement in it is. record/order_verify.h verifies that.
 */
#pragma once

#include <stddef.h>

#include "core/err.h"
#include "record/document.h"

struct withdrawal {
	char *statement; /* owned */
};

extern const struct document_kind withdrawal_kind;

/** document_write() of a withdrawal. */
MUST_USE static inline int withdrawal_write(const struct withdrawal *withdrawal, char **ret_text,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	return document_write(&withdrawal_kind, withdrawal, ret_text, ret_complaint);
}

/** document_parse() of a withdrawal; withdrawal_done() frees what was read, after an error too. */
MUST_USE static inline int withdrawal_parse(const char *text, size_t length_bytes, struct withdrawal *ret_withdrawal,
	char ret_complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	return document_parse(&withdrawal_kind, text, length_bytes, ret_withdrawal, ret_complaint);
}

/** Frees the text. */
void withdrawal_done(struct withdrawal *withdrawal);
