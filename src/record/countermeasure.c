/* Countermeasures as documents: the table, and that every rule is about the target. */
#include "record/countermeasure.h"

#define OWNER struct countermeasure
#define DURATION_MAX_S (30u * 86400u) /* no act is longer than 30 days, whatever a policy says */

static const char *const document_name[] = {"countermeasure"};
static const struct field asked_fields[] = {
	ROW_UINT(struct countermeasure_asked, stopped_permille, PRIVACY_SECTOR, 0, 1000),
	ROW_UINT(struct countermeasure_asked, collateral_permille, PRIVACY_SECTOR, 0, 1000),
	ROW_UINT(struct countermeasure_asked, rules_most, PRIVACY_SECTOR, 1, RULE_LIST_MAX),
};
static const struct field countermeasure_fields[] = {
	ROW_FORM("document", document_name),
	ROW_VERSION(1),
	{.name = "finding", FIELD_ROW(FIELD_ID, OWNER, finding, PRIVACY_SECTOR)},
	ROW_TEXT("sensor", OWNER, sensor, PRIVACY_MEMBER, 1),
	ROW_NAME(OWNER, kind, PRIVACY_SECTOR, finding_kind_names),
	ROW_LIST("vectors", PRIVACY_SECTOR, OWNER, vectors, vector_count, &order_vector_entry),
	ROW_TEXT("why", OWNER, why, PRIVACY_MEMBER, 1),
	ROW_NAME(OWNER, class, PRIVACY_SECTOR, order_class_names),
	{.name = "target", FIELD_ROW(FIELD_PREFIX, OWNER, target, PRIVACY_MEMBER)},
	{.name = "rules", FIELD_ROW(FIELD_RULES, OWNER, rules, PRIVACY_CLASSED)},
	ROW_OBJECT("predicted", PRIVACY_SECTOR, struct order_effect, offsetof(OWNER, predicted), order_effect_fields),
	ROW_OBJECT("asked", PRIVACY_SECTOR, struct countermeasure_asked, offsetof(OWNER, asked), asked_fields),
	ROW_TIME("at_ms", OWNER, at_ms, PRIVACY_SECTOR),
	ROW_UINT(OWNER, duration_s, PRIVACY_SECTOR, 1, DURATION_MAX_S),
	{.name = "urgent", FIELD_ROW(FIELD_BOOL, OWNER, is_urgent, PRIVACY_SECTOR)},
};
static const struct field countermeasure_root = ROW_OBJECT("countermeasure", PRIVACY_MEMBER, OWNER, 0, countermeasure_fields);

static int countermeasure_check(const void *document, char complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	const struct countermeasure *countermeasure = document;
	if (countermeasure->class == ORDER_CLASS_UNKNOWN)
		return document_refuse(complaint, "class: unknown");
	if (countermeasure->class == ORDER_REIDENTIFY)
		return document_refuse(complaint, "class: reidentify is asked for by people alone");
	for (size_t i = 0; i < countermeasure->rules.count && i < RULE_LIST_MAX; i++) {
		if (!order_scope_covers(&countermeasure->target, 1, &countermeasure->rules.rules[i].destination))
			return document_refuse(complaint, "rules[%zu].destination: is outside of the target", i);
	}
	return OK;
}

const struct document_kind countermeasure_kind = {
	.root = &countermeasure_root, .most_bytes = DOCUMENT_LINE_BYTES_MAX, .check = countermeasure_check};
