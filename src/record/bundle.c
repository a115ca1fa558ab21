/* Bundles as documents. Their parts are read by those who judge them. */
#include "record/bundle.h"

#include <stdlib.h>

#define OWNER struct bundle
#define NOTE(text, owner, member, most) \
	{.name = (text), FIELD_ROW(FIELD_NOTE, owner, member, PRIVACY_MEMBER), .max = (most)}

static const char *const document_name[] = {"bundle"};
static const struct field approval_entry = {.name = "", .type = FIELD_NOTE, .privacy = PRIVACY_MEMBER,
	.size_bytes = sizeof(char *), .max = BUNDLE_APPROVAL_BYTES_MAX};
static const struct field standing_fields[] = {
	NOTE("order", struct bundle_standing, order, BUNDLE_NOTE_BYTES_MAX),
	ROW_LIST("approvals", PRIVACY_MEMBER, struct bundle_standing, approvals, approval_count, &approval_entry),
	NOTE("proof", struct bundle_standing, proof, BUNDLE_PROOF_BYTES_MAX),
};
static const struct field bundle_fields[] = {
	ROW_FORM("document", document_name),
	ROW_VERSION(1),
	NOTE("order", OWNER, order, BUNDLE_NOTE_BYTES_MAX),
	ROW_LIST("approvals", PRIVACY_MEMBER, OWNER, approvals, approval_count, &approval_entry),
	ROW_LIST("ratifications", PRIVACY_MEMBER, OWNER, ratifications, ratification_count, &approval_entry),
	{.name = "standing", .type = FIELD_OBJECT, .privacy = PRIVACY_MEMBER, .offset = offsetof(OWNER, standing),
		.size_bytes = sizeof(struct bundle_standing), .members = standing_fields, .member_count = ARRAY_LEN(standing_fields),
		FIELD_FLAG(OWNER, has_standing)},
	NOTE("proof", OWNER, proof, BUNDLE_PROOF_BYTES_MAX),
};
static const struct field bundle_root = ROW_OBJECT("bundle", PRIVACY_MEMBER, OWNER, 0, bundle_fields);

const struct document_kind bundle_kind = {.root = &bundle_root, .most_bytes = BUNDLE_LINE_BYTES_MAX};

static void notes_free(char **notes, size_t count)
{
	for (size_t i = 0; i < count && i < BUNDLE_APPROVALS_MAX; i++)
		free(notes[i]);
}

void bundle_done(struct bundle *bundle)
{
	free(bundle->order);
	free(bundle->proof);
	free(bundle->standing.order);
	free(bundle->standing.proof);
	notes_free(bundle->approvals, bundle->approval_count);
	notes_free(bundle->ratifications, bundle->ratification_count);
	notes_free(bundle->standing.approvals, bundle->standing.approval_count);
	*bundle = (struct bundle){0};
}
