/* Receipts as documents. */
#include "record/receipt.h"

#define OWNER struct receipt
static const char *const document_name[] = {"receipt"};
static const char *const state_names[RECEIPT_STATE_COUNT] = {
	[RECEIPT_UNKNOWN] = "unknown",
	[RECEIPT_APPLIED] = "applied",
	[RECEIPT_REFUSED] = "refused",
	[RECEIPT_PROGRESS] = "progress",
	[RECEIPT_ENDED] = "ended",
};

static const struct field count_fields[] = {
	ROW_UINT(struct receipt_count, packets, PRIVACY_SECTOR, 0, FIELD_NUMBER_MAX),
	ROW_UINT(struct receipt_count, bytes, PRIVACY_SECTOR, 0, FIELD_NUMBER_MAX),
};
static const struct field receipt_fields[] = {
	ROW_FORM("document", document_name),
	ROW_VERSION(1),
	{.name = "order", FIELD_ROW(FIELD_HEX, OWNER, order, PRIVACY_PUBLIC)},
	ROW_TEXT("effector", OWNER, effector, PRIVACY_MEMBER, 1),
	ROW_NAME(OWNER, state, PRIVACY_SECTOR, state_names),
	ROW_TEXT("why", OWNER, why, PRIVACY_MEMBER, 0),
	ROW_TIME("at_ms", OWNER, at_ms, PRIVACY_SECTOR),
	ROW_OBJECT("stopped", PRIVACY_SECTOR, struct receipt_count, offsetof(OWNER, stopped), count_fields),
	ROW_OBJECT("limited", PRIVACY_SECTOR, struct receipt_count, offsetof(OWNER, limited), count_fields),
	ROW_OBJECT("passed", PRIVACY_SECTOR, struct receipt_count, offsetof(OWNER, passed), count_fields),
	ROW_UINT(OWNER, collateral_permille, PRIVACY_SECTOR, 0, 1000),
};
static const struct field receipt_root = ROW_OBJECT("receipt", PRIVACY_MEMBER, OWNER, 0, receipt_fields);

static int receipt_check(const void *document, char complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	const struct receipt *receipt = document;
	bool must_tell = receipt->state == RECEIPT_REFUSED || receipt->state == RECEIPT_ENDED;
	if (receipt->state == RECEIPT_UNKNOWN)
		return document_refuse(complaint, "state: unknown");
	return must_tell && receipt->why[0] == '\0' ? document_refuse(complaint, "why: is missing") : OK;
}

const struct document_kind receipt_kind = {
	.root = &receipt_root, .most_bytes = DOCUMENT_LINE_BYTES_MAX, .check = receipt_check};
