/* Approvals, refusals, ratifications and withdrawals as documents: they differ in the name alone. */
#include "record/approval.h"

#define OWNER struct approval
const char *const approval_act_names[APPROVAL_ACT_COUNT] = {
	[APPROVAL_UNKNOWN] = "unknown",
	[APPROVAL_APPROVAL] = "approval",
	[APPROVAL_REFUSAL] = "refusal",
	[APPROVAL_RATIFICATION] = "ratification",
	[APPROVAL_WITHDRAWAL] = "withdrawal",
};

static const struct field webauthn_fields[] = {
	ROW_TEXT("authenticator_data", struct approval_webauthn, authenticator_data, PRIVACY_MEMBER, 4),
	ROW_TEXT("client_data", struct approval_webauthn, client_data, PRIVACY_MEMBER, 4),
	ROW_TEXT("signature", struct approval_webauthn, signature, PRIVACY_MEMBER, 4),
};
static const struct field approval_fields[] = {
	{.name = "document", FIELD_ROW(FIELD_NAME, OWNER, act, PRIVACY_PUBLIC), .max = APPROVAL_ACT_COUNT - 1,
		.names = approval_act_names},
	ROW_VERSION(1),
	{.name = "subject", FIELD_ROW(FIELD_HEX, OWNER, subject, PRIVACY_PUBLIC)},
	ROW_TEXT("by", OWNER, by, PRIVACY_MEMBER, 1),
	ROW_TEXT("role", OWNER, role, PRIVACY_MEMBER, 0),
	ROW_TEXT("reason", OWNER, reason, PRIVACY_MEMBER, 0),
	ROW_TIME("at_ms", OWNER, at_ms, PRIVACY_SECTOR),
	{.name = "webauthn", .type = FIELD_OBJECT, .privacy = PRIVACY_MEMBER, .offset = offsetof(OWNER, webauthn),
		.size_bytes = sizeof(struct approval_webauthn), .members = webauthn_fields, .member_count = ARRAY_LEN(webauthn_fields),
		FIELD_FLAG(OWNER, has_webauthn)},
};
static const struct field approval_root = ROW_OBJECT("approval", PRIVACY_MEMBER, OWNER, 0, approval_fields);

static int approval_check(const void *document, char complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	const struct approval *approval = document;
	if (approval->act == APPROVAL_UNKNOWN)
		return document_refuse(complaint, "document: is none of approval, refusal, ratification, withdrawal");
	if (approval->role[0] == '\0' && approval->act != APPROVAL_WITHDRAWAL)
		return document_refuse(complaint, "role: is missing");
	return OK;
}

const struct document_kind approval_kind = {
	.root = &approval_root, .most_bytes = DOCUMENT_LINE_BYTES_MAX, .check = approval_check};
