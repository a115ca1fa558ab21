/*
 * Standing orders as documents, and the one judge of whether an order fits:
 * authority/ asks it before it signs, the effector before it acts.
 */
#include "record/standing_order.h"

#include <string.h>

#define OWNER struct standing_order
#define ALL_KINDS ((1u << FINDING_KIND_COUNT) - 2u) /* without FINDING_UNKNOWN */

static const char *const document_name[] = {"standing_order"};
static const char *const action_names[STANDING_ACTION_BITS] = {"count", "drop", "limit"};
static const struct field effector_entry = {
	.name = "", FIELD_ROW(FIELD_TEXT, struct standing_effector, name, PRIVACY_MEMBER), .min = 1};
static const struct field standing_order_fields[] = {
	ROW_FORM("document", document_name),
	ROW_VERSION(1),
	{.name = "id", FIELD_ROW(FIELD_ID, OWNER, id, PRIVACY_SECTOR)},
	ROW_NAME(OWNER, class, PRIVACY_SECTOR, order_class_names),
	ROW_TEXT("member", OWNER, member, PRIVACY_MEMBER, 1),
	ROW_LIST("effectors", PRIVACY_MEMBER, OWNER, effectors, effector_count, &effector_entry),
	ROW_TEXT("requester", OWNER, requester, PRIVACY_MEMBER, 1),
	ROW_TEXT("why", OWNER, why, PRIVACY_MEMBER, 1),
	ROW_TEXT("basis", OWNER, basis, PRIVACY_MEMBER, 1),
	ROW_LIST("scope", PRIVACY_MEMBER, OWNER, scope, scope_count, &order_prefix_entry),
	{.name = "kinds", FIELD_ROW(FIELD_FLAGS, OWNER, kinds, PRIVACY_SECTOR), .max = FINDING_KIND_COUNT, .names = finding_kind_names},
	ROW_LIST("vectors", PRIVACY_SECTOR, OWNER, vectors, vector_count, &order_vector_entry),
	{.name = "actions", FIELD_ROW(FIELD_FLAGS, OWNER, actions, PRIVACY_SECTOR), .max = STANDING_ACTION_BITS, .names = action_names},
	ROW_UINT(OWNER, rules_most, PRIVACY_SECTOR, 1, RULE_LIST_MAX),
	ROW_UINT(OWNER, longest_s, PRIVACY_SECTOR, 1, 30u * 86400u),
	ROW_UINT(OWNER, stopped_least_permille, PRIVACY_SECTOR, 0, 1000),
	ROW_UINT(OWNER, collateral_most_permille, PRIVACY_SECTOR, 0, 1000),
	ROW_TIME("not_before_ms", OWNER, not_before_ms, PRIVACY_SECTOR),
	ROW_TIME("expires_ms", OWNER, expires_ms, PRIVACY_SECTOR),
	{.name = "policy", FIELD_ROW(FIELD_HEX, OWNER, policy, PRIVACY_PUBLIC)},
};
static const struct field standing_order_root = ROW_OBJECT("standing_order", PRIVACY_MEMBER, OWNER, 0, standing_order_fields);

static int standing_order_check(const void *document, char complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	const struct standing_order *standing = document;
	if (standing->class == ORDER_CLASS_UNKNOWN)
		return document_refuse(complaint, "class: unknown");
	if (standing->class == ORDER_REIDENTIFY)
		return document_refuse(complaint, "class: nobody is re-identified in advance");
	if (standing->scope_count == 0)
		return document_refuse(complaint, "scope: is empty");
	if (standing->effector_count == 0)
		return document_refuse(complaint, "effectors: are empty");
	if (standing->kinds == 0 || (standing->kinds & ~ALL_KINDS) != 0)
		return document_refuse(complaint, "kinds: are empty, or one is unknown");
	if (standing->actions == 0)
		return document_refuse(complaint, "actions: are empty");
	if (standing->not_before_ms >= standing->expires_ms)
		return document_refuse(complaint, "expires_ms: is not after not_before_ms");
	return OK;
}

const struct document_kind standing_order_kind = {
	.root = &standing_order_root, .most_bytes = DOCUMENT_LINE_BYTES_MAX, .check = standing_order_check};

static bool has_effector(const struct standing_order *standing, const char *name)
{
	for (size_t i = 0; i < standing->effector_count; i++) {
		if (strcmp(standing->effectors[i].name, name) == 0)
			return true;
	}
	return false;
}

static bool has_vector(const struct standing_order *standing, const char *name)
{
	for (size_t i = 0; i < standing->vector_count; i++) {
		if (strcmp(standing->vectors[i].name, name) == 0)
			return true;
	}
	return false;
}

static bool has_action(const struct standing_order *standing, enum rule_action action)
{
	switch (action) {
	case RULE_COUNT:
		return (standing->actions & STANDING_COUNT) != 0;
	case RULE_DROP:
		return (standing->actions & STANDING_DROP) != 0;
	case RULE_LIMIT:
		return (standing->actions & STANDING_LIMIT) != 0;
	case RULE_ACTION_UNKNOWN:
	case RULE_ACTION_COUNT:
		break;
	}
	return false;
}

/** What the rules and the scope of an order have that the standing order has not. */
static const char *extent_misfit(const struct standing_order *standing, const struct order *order)
{
	for (size_t i = 0; i < order->scope_count; i++) {
		if (!order_scope_covers(standing->scope, standing->scope_count, &order->scope[i]))
			return "its scope is wider";
	}
	if (order->rules.count > standing->rules_most)
		return "it has more rules";
	for (size_t i = 0; i < order->rules.count; i++) {
		if (!has_action(standing, order->rules.rules[i].action))
			return "a rule has another action";
	}
	for (size_t i = 0; standing->vector_count > 0 && i < order->vector_count; i++) {
		if (!has_vector(standing, order->vectors[i].name))
			return "it is against another vector";
	}
	return standing->vector_count > 0 && order->vector_count == 0 ? "it names no vector" : NULL;
}

const char *standing_order_misfit(const struct standing_order *standing, const struct order *order)
{
	if (order->class != standing->class)
		return "it is of another class";
	if (strcmp(order->member, standing->member) != 0)
		return "it is for another member";
	if (!has_effector(standing, order->effector))
		return "it is for another effector";
	if ((standing->kinds >> order->kind & 1) == 0)
		return "it is against another kind of finding";
	if (!document_digest_equal(&order->policy, &standing->policy))
		return "it is under another policy";
	if (order->not_before_ms < standing->not_before_ms || order->not_before_ms >= standing->expires_ms)
		return "it begins outside of its time";
	if (order->expires_ms > standing->expires_ms || order->expires_ms - order->not_before_ms > (int64_t)standing->longest_s * 1000)
		return "it lasts longer";
	if (order->predicted.stopped_permille < standing->stopped_least_permille)
		return "it stops too little of the attack";
	if (order->predicted.collateral_permille > standing->collateral_most_permille ||
		order->collateral_limit_permille > standing->collateral_most_permille)
		return "it costs too much legitimate traffic";
	return extent_misfit(standing, order);
}
