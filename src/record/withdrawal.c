/* Withdrawals as documents. */
#include "record/withdrawal.h"

#include <stdlib.h>

#include "record/bundle.h"

#define OWNER struct withdrawal
static const char *const document_name[] = {"withdrawal"};
static const struct field withdrawal_fields[] = {
	ROW_FORM("document", document_name),
	ROW_VERSION(1),
	{.name = "statement", FIELD_ROW(FIELD_NOTE, OWNER, statement, PRIVACY_MEMBER), .max = BUNDLE_APPROVAL_BYTES_MAX},
};
static const struct field withdrawal_root = ROW_OBJECT("withdrawal", PRIVACY_MEMBER, OWNER, 0, withdrawal_fields);

const struct document_kind withdrawal_kind = {.root = &withdrawal_root, .most_bytes = DOCUMENT_LINE_BYTES_MAX};

void withdrawal_done(struct withdrawal *withdrawal)
{
	free(withdrawal->statement);
	*withdrawal = (struct withdrawal){0};
}
