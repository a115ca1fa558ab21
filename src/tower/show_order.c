/* Orders: what the document says, what the store has heard since, and what the authority says now. */
#include <string.h>

#include "core/clock.h"
#include "record/order.h"
#include "record/standing_order.h"
#include "tower/show.h"

#define DIGEST_TEXT_BYTES (2 * DOCUMENT_DIGEST_BYTES + 1)

static const char *digest_write(const struct document_digest *digest, char ret_text[static DIGEST_TEXT_BYTES])
{
	for (size_t i = 0; i < DOCUMENT_DIGEST_BYTES; i++)
		snprintf(ret_text + 2 * i, 3, "%02x", digest->bytes[i]);
	return ret_text;
}

json_t *show_document(const struct store_document *document)
{
	char digest[DIGEST_TEXT_BYTES];
	json_t *value = json_loadb(document->line, document->length_bytes, JSON_REJECT_DUPLICATES, NULL);
	return json_pack("{s:s, s:I, s:s, s:o}", "kind", store_kind_names[document->kind], "at_ms", (json_int_t)document->arrived_ms,
		"digest", digest_write(&document->digest, digest), "document", value != NULL ? value : json_object());
}

/** The authority's states as the store has them. */
static const char *state_of(const struct relay_order *live)
{
	static const char *const states[][2] = {
		{"drafted", "waiting"}, {"submitted", "waiting"}, {"approved", "active"}, {"active", "active"}, {"ratified", "active"},
		{"refused", "refused"}, {"withdrawn", "withdrawn"}, {"lapsed", "expired"},
	};
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		if (strcmp(states[i][0], live->state) == 0)
			return states[i][1];
	}
	return "expired";
}

static json_t *scope_show(const struct ip_prefix *scope, size_t count)
{
	char text[IP_PREFIX_TEXT_BYTES];
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		show_append(&list, json_string(ip_prefix_write(&scope[i], text)));
	return list;
}

static json_t *measured_show(const struct store_order *row)
{
	if (row == NULL || row->receipt_ms == 0)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I, s:i}", "at_ms", (json_int_t)row->receipt_ms, "stopped_packets",
		(json_int_t)row->stopped.packets, "stopped_bytes", (json_int_t)row->stopped.bytes, "passed_packets",
		(json_int_t)row->passed.packets, "collateral_permille", (int)row->collateral_permille);
}

/** What both kinds of orders have. */
struct shown {
	struct document_digest digest;
	const char *id, *kind, *member, *requester, *effector, *finding, *why;
	enum order_class class;
	bool is_urgent, touches_protected;
	int64_t not_before_ms, expires_ms, ratify_by_ms;
	const struct ip_prefix *scope;
	size_t scope_count, rules;
	struct order_effect predicted;
	unsigned collateral_limit_permille;
};

static struct shown order_read(const struct order *order)
{
	bool has_finding = strspn(order->finding, "0") < strlen(order->finding);
	return (struct shown){.id = order->id, .kind = "order", .member = order->member, .requester = order->requester,
		.effector = order->effector, .finding = has_finding ? order->finding : NULL, .why = order->why, .class = order->class,
		.is_urgent = order->is_urgent, .touches_protected = order->touches_protected, .not_before_ms = order->not_before_ms,
		.expires_ms = order->expires_ms, .ratify_by_ms = order->is_urgent ? order->ratify_by_ms : 0, .scope = order->scope,
		.scope_count = order->scope_count, .rules = order->rules.count, .predicted = order->predicted,
		.collateral_limit_permille = order->collateral_limit_permille};
}

static struct shown standing_read(const struct standing_order *standing)
{
	return (struct shown){.id = standing->id, .kind = "standing_order", .member = standing->member,
		.requester = standing->requester, .why = standing->why, .class = standing->class,
		.not_before_ms = standing->not_before_ms, .expires_ms = standing->expires_ms, .scope = standing->scope,
		.scope_count = standing->scope_count, .rules = standing->rules_most,
		.predicted = {standing->stopped_least_permille, standing->collateral_most_permille},
		.collateral_limit_permille = standing->collateral_most_permille};
}

static json_t *text_or_null(const char *text)
{
	return text != NULL ? json_string(text) : json_null();
}

static json_t *shown_make(const struct shown *shown, const struct store_order *row, const struct relay_order *live)
{
	char digest[DIGEST_TEXT_BYTES];
	bool is_waiting = live != NULL ? relay_is_waiting(live) : row != NULL && row->state == STORE_ORDER_WAITING;
	const char *state = live != NULL ? state_of(live) : row != NULL ? store_order_state_names[row->state] : "waiting";
	size_t live_approvals = live != NULL ? json_array_size(json_object_get(live->entry, "approved_by")) : 0;
	int64_t decide_by_ms = shown->is_urgent ? shown->ratify_by_ms : shown->expires_ms;
	if (row != NULL && live != NULL && row->state == STORE_ORDER_ENDED)
		state = "ended"; /* by its effector: the authority calls that withdrawn */
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:o, s:o, s:s, s:b, s:b, s:o, s:o, s:I, s:I, s:o, s:i, s:b, s:i,"
		" s:i, s:{s:i, s:i}, s:i, s:o}",
		"digest", digest_write(&shown->digest, digest), "id", shown->id, "kind", shown->kind, "state", state, "arrived_ms",
		(json_int_t)(row != NULL ? row->arrived_ms : live != NULL ? live->since_ms : shown->not_before_ms), "member", shown->member,
		"class", order_class_names[shown->class], "requester", shown->requester, "effector", text_or_null(shown->effector),
		"finding", text_or_null(shown->finding), "why", shown->why, "is_urgent", shown->is_urgent, "is_waiting", is_waiting,
		"decide_by_ms", is_waiting ? json_integer(decide_by_ms) : json_null(), "ratify_by_ms",
		shown->ratify_by_ms != 0 ? json_integer(shown->ratify_by_ms) : json_null(), "not_before_ms",
		(json_int_t)shown->not_before_ms, "expires_ms", (json_int_t)shown->expires_ms, "scope",
		scope_show(shown->scope, shown->scope_count), "rules", (int)shown->rules, "touches_protected", shown->touches_protected,
		"approvals", (int)(live != NULL ? live_approvals : row != NULL ? row->approvals : 0), "refusals",
		(int)(row != NULL ? row->refusals : 0), "predicted", "stopped_permille", (int)shown->predicted.stopped_permille,
		"collateral_permille", (int)shown->predicted.collateral_permille, "collateral_limit_permille",
		(int)shown->collateral_limit_permille, "measured", measured_show(row));
}

json_t *show_order(const char *line, size_t length_bytes, const struct store_order *row, const struct relay_order *live)
{
	union either {
		struct order order;
		struct standing_order standing;
	} *either = malloc(sizeof(*either)); /* too large for a thread's stack */
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	json_t *value = NULL;
	struct shown shown;
	if (either == NULL)
		return NULL;
	if (order_parse(line, length_bytes, &either->order, complaint) == OK) {
		shown = order_read(&either->order);
	} else if (standing_order_parse(line, length_bytes, &either->standing, complaint) == OK) {
		shown = standing_read(&either->standing);
	} else {
		free(either);
		return NULL;
	}
	shown.digest = document_digest_of(line, length_bytes);
	value = shown_make(&shown, row, live);
	free(either);
	return value;
}
