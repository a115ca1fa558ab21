/*
 * Orders as documents: the table, and the checks of members against each
 * other that hold for every order under every policy.
 */
#include "record/order.h"

#include <string.h>

const char *const order_class_names[ORDER_CLASS_COUNT] = {
	[ORDER_CLASS_UNKNOWN] = "unknown",
	[ORDER_OWN_EDGE] = "own_edge",
	[ORDER_UPSTREAM] = "upstream",
	[ORDER_NAMES] = "names",
	[ORDER_THIRD_PARTY] = "third_party",
	[ORDER_REIDENTIFY] = "reidentify",
};

#define ORDER struct order
#define MEMBER PRIVACY_MEMBER
#define SECTOR PRIVACY_SECTOR
static const char *const document_name[] = {"order"};
const struct field order_vector_entry = {.name = "", FIELD_ROW(FIELD_TEXT, struct order_vector, name, SECTOR), .min = 1};
const struct field order_prefix_entry = {
	.name = "", .type = FIELD_PREFIX, .privacy = MEMBER, .size_bytes = sizeof(struct ip_prefix)};
const struct field order_effect_fields[2] = {
	ROW_UINT(struct order_effect, stopped_permille, SECTOR, 0, 1000),
	ROW_UINT(struct order_effect, collateral_permille, SECTOR, 0, 1000),
};
static const struct field urgent_fields[] = {
	ROW_TIME("ratify_by_ms", ORDER, ratify_by_ms, SECTOR),
};
static const struct field pseudonym_entry = {.name = "", FIELD_ROW(FIELD_HEX, struct order_pseudonym, bytes, MEMBER)};
static const struct field reveal_fields[] = {
	ROW_LIST("pseudonyms", MEMBER, ORDER, pseudonyms, pseudonym_count, &pseudonym_entry),
};
static const struct field order_fields[] = {
	ROW_FORM("document", document_name),
	ROW_VERSION(1),
	{.name = "id", FIELD_ROW(FIELD_ID, ORDER, id, SECTOR)},
	ROW_NAME(ORDER, class, SECTOR, order_class_names),
	ROW_TEXT("member", ORDER, member, MEMBER, 1),
	ROW_TEXT("effector", ORDER, effector, MEMBER, 1),
	ROW_TEXT("requester", ORDER, requester, MEMBER, 1),
	{.name = "finding", FIELD_ROW(FIELD_ID, ORDER, finding, SECTOR)},
	ROW_NAME(ORDER, kind, SECTOR, finding_kind_names),
	ROW_LIST("vectors", SECTOR, ORDER, vectors, vector_count, &order_vector_entry),
	ROW_TEXT("why", ORDER, why, MEMBER, 1),
	ROW_TEXT("basis", ORDER, basis, MEMBER, 1),
	{.name = "rules", FIELD_ROW(FIELD_RULES, ORDER, rules, PRIVACY_CLASSED), FIELD_FLAG(ORDER, rules.count)}, /* none: not there */
	ROW_LIST("scope", MEMBER, ORDER, scope, scope_count, &order_prefix_entry),
	{.name = "touches_protected", FIELD_ROW(FIELD_BOOL, ORDER, touches_protected, SECTOR)},
	ROW_OBJECT("predicted", SECTOR, struct order_effect, offsetof(ORDER, predicted), order_effect_fields),
	ROW_UINT(ORDER, collateral_limit_permille, SECTOR, 0, 1000),
	ROW_TIME("not_before_ms", ORDER, not_before_ms, SECTOR),
	ROW_TIME("expires_ms", ORDER, expires_ms, SECTOR),
	ROW_UINT(ORDER, counter, SECTOR, 1, FIELD_NUMBER_MAX),
	{.name = "policy", FIELD_ROW(FIELD_HEX, ORDER, policy, PRIVACY_PUBLIC)},
	{.name = "standing", FIELD_ROW(FIELD_HEX, ORDER, standing, PRIVACY_PUBLIC), FIELD_FLAG(ORDER, has_standing)},
	{.name = "urgent", .type = FIELD_OBJECT, .privacy = SECTOR, .members = urgent_fields, .member_count = 1,
		FIELD_FLAG(ORDER, is_urgent)},
	{.name = "reveal", .type = FIELD_OBJECT, .privacy = MEMBER, .members = reveal_fields, .member_count = 1,
		FIELD_FLAG(ORDER, has_pseudonyms)},
};
static const struct field order_root = ROW_OBJECT("order", MEMBER, ORDER, 0, order_fields);

bool order_scope_covers(const struct ip_prefix *scope, size_t scope_count, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < scope_count; i++) {
		bool is_of_family = rule_prefix_is_v4(&scope[i]) == rule_prefix_is_v4(prefix); /* ::/16 has no IPv4 in it */
		if (is_of_family && scope[i].bits <= prefix->bits && ip_prefix_covers(&scope[i], &prefix->addr))
			return true;
	}
	return false;
}

/** What an order of re-identification must have, and nothing besides. */
static int reveal_check(const struct order *order, char complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	static const struct order_pseudonym none;
	if (!order->has_pseudonyms || order->pseudonym_count == 0)
		return document_refuse(complaint, "reveal: names no pseudonym");
	if (strspn(order->finding, "0") == strlen(order->finding))
		return document_refuse(complaint, "finding: is not that of a mail");
	for (size_t i = 0; i < order->pseudonym_count; i++) {
		for (size_t k = 0; k < i; k++) {
			if (memcmp(&order->pseudonyms[i], &order->pseudonyms[k], sizeof(none)) == 0)
				return document_refuse(complaint, "reveal.pseudonyms[%zu]: is there twice", i);
		}
		if (memcmp(&order->pseudonyms[i], &none, sizeof(none)) == 0)
			return document_refuse(complaint, "reveal.pseudonyms[%zu]: stands for nobody", i);
	}
	if (order->rules.count > 0 || order->scope_count > 0 || order->vector_count > 0 || order->kind != FINDING_UNKNOWN ||
		order->touches_protected || order->predicted.stopped_permille > 0 || order->predicted.collateral_permille > 0 ||
		order->collateral_limit_permille > 0)
		return document_refuse(complaint, "class: reidentify touches no traffic");
	if (order->is_urgent || order->has_standing)
		return document_refuse(complaint, "class: reidentify is never urgent, and never under a standing order");
	return OK;
}

static int order_check(const void *document, char complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	const struct order *order = document;
	if (order->class == ORDER_CLASS_UNKNOWN)
		return document_refuse(complaint, "class: unknown");
	if (order->not_before_ms >= order->expires_ms)
		return document_refuse(complaint, "expires_ms: is not after not_before_ms");
	if (order->class == ORDER_REIDENTIFY)
		return reveal_check(order, complaint);
	if (order->has_pseudonyms)
		return document_refuse(complaint, "reveal: belongs to class reidentify alone");
	if (order->scope_count == 0)
		return document_refuse(complaint, "scope: is empty");
	if (order->rules.count == 0)
		return document_refuse(complaint, "rules: are missing");
	if (order->is_urgent && order->has_standing)
		return document_refuse(complaint, "urgent: an order under a standing order is approved already");
	if (order->is_urgent && (order->ratify_by_ms <= order->not_before_ms || order->ratify_by_ms > order->expires_ms))
		return document_refuse(complaint, "ratify_by_ms: is not between not_before_ms and expires_ms");
	if (order->touches_protected && (order->is_urgent || order->has_standing))
		return document_refuse(complaint, "touches_protected: never urgent, and never under a standing order");
	for (size_t i = 0; i < order->rules.count; i++) {
		if (!order_scope_covers(order->scope, order->scope_count, &order->rules.rules[i].destination))
			return document_refuse(complaint, "rules[%zu].destination: is outside of the scope", i);
	}
	return OK;
}

const struct document_kind order_kind = {.root = &order_root, .most_bytes = DOCUMENT_LINE_BYTES_MAX, .check = order_check};
