/*
 * Orders and what people answer. What a person signs is made here and judged
 * by the authority: this process holds no key, so that the worst it could do
 * is to show something else than what is signed; the page shows the digest.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/limits.h"
#include "record/order_verify.h"
#include "tower/order_look.h"
#include "tower/routes.h"
#include "tower/show.h"

#define DECISION_LIFE_MS 300000 /* a document that was made so long ago is not relayed */
#define CHALLENGE_TEXT_BYTES (sodium_base64_ENCODED_LEN(DOCUMENT_DIGEST_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING))
#define ANY PRIVACY_PUBLIC

static int64_t now_wall_ms(void)
{
	return clock_wall_ns() / NS_PER_MS;
}

static bool digest_read(struct visit *visit, struct document_digest *ret_digest)
{
	if (order_digest_parse(visit->values.text[0], ret_digest) == OK)
		return true;
	visit_error(visit, 404, "there is no such order");
	return false;
}

/* Lists. */

/** Those that people are asked about, by the authority's word: one page. */
static void waiting_reply(struct visit *visit)
{
	struct relay_order *orders = calloc(LIMIT_TOWER_ORDERS, sizeof(*orders));
	const struct store_page page = {0};
	json_t *items = json_array();
	size_t count = orders != NULL ? relay_waiting(visit->tower->relay, orders) : 0;
	for (size_t i = 0; i < count; i++) {
		json_t *order = order_look(visit->tower, visit->store, &orders[i].digest, NULL);
		if (order != NULL)
			show_append(&items, order);
	}
	relay_done(orders, count);
	free(orders);
	visit_list(visit, OK, items, &page, "");
}

void orders_get(struct visit *visit)
{
	static const char *const states[] = {"all", "waiting", "active", "ended", "refused", "withdrawn", "expired", NULL};
	int state = request_choice(&visit->request, "state", states);
	struct store_cursor cursor;
	struct store_page page = {0};
	size_t room = 0;
	if (state < 0) {
		visit_error(visit, 400, "state must be waiting, active, ended, refused, withdrawn, expired or all");
		return;
	}
	if (!visit_cursor(visit, &cursor, &room))
		return;
	if (state == STORE_ORDER_WAITING && visit->tower->relay != NULL) {
		waiting_reply(visit);
		return;
	}
	struct store_order *rows = calloc(room, sizeof(*rows));
	json_t *items = json_array();
	int err = rows == NULL ? E_NOMEM
		: store_orders(visit->store, now_wall_ms(), (enum store_order_state)state, &cursor, rows, room, &page);
	for (size_t i = 0; err == OK && i < page.count; i++) {
		json_t *order = order_look(visit->tower, visit->store, &rows[i].digest, &rows[i]);
		if (order != NULL)
			show_append(&items, order);
	}
	if (rows != NULL)
		store_orders_done(rows, room);
	free(rows);
	visit_list(visit, err, items, &page, "there is no such order");
}

/* One order. */

/** What a person of the policy may say about an order now. */
struct say {
	enum approval_act yes, no; /* APPROVAL_UNKNOWN: neither would count */
	const char *role; /* borrowed from the policy */
	const char *why; /* why not; static text */
};

/** The first role of a person that a class asks for. */
static const char *role_find(const struct policy_class *class, const struct policy_person *person)
{
	const struct policy_quorum *const quorums[] = {&class->approvals, &class->protected_approvals, &class->urgent_approvals};
	for (size_t i = 0; i < ARRAY_LEN(quorums); i++) {
		for (size_t k = 0; k < quorums[i]->count; k++) {
			if (policy_has_role(person, quorums[i]->needs[k].role.name))
				return quorums[i]->needs[k].role.name;
		}
	}
	return NULL;
}

static bool has_approved(const struct relay_order *live, const char *name)
{
	const json_t *names = json_object_get(live->entry, "approved_by");
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *one = json_string_value(json_array_get(names, i));
		if (one != NULL && strcmp(one, name) == 0)
			return true;
	}
	return false;
}

static struct say say_of(const struct visit *visit, const struct relay_order *live)
{
	const struct policy *policy = visit->tower->policy;
	const struct policy_person *person = policy != NULL ? policy_person_find(policy, visit->who.name) : NULL;
	const char *class_name = json_string_value(json_object_get(live->entry, "class"));
	const char *requester = json_string_value(json_object_get(live->entry, "requester"));
	enum order_class class = ORDER_CLASS_UNKNOWN;
	for (unsigned i = 1; class_name != NULL && i < ORDER_CLASS_COUNT; i++)
		class = strcmp(order_class_names[i], class_name) == 0 ? (enum order_class)i : class;
	if ((visit->who.roles & ROLE_APPROVER) == 0 || person == NULL)
		return (struct say){.why = "this account is no person of the policy who may answer"};
	if (!relay_is_waiting(live))
		return (struct say){.why = "nobody is asked any more"};
	const char *role = role_find(&policy->classes[class], person);
	if (role == NULL)
		return (struct say){.why = "the policy asks for other roles than this person has"};
	if (requester != NULL && strcmp(requester, person->name) == 0)
		return (struct say){.why = "who asks for an order cannot approve it"};
	bool is_ratified_now = strcmp(live->state, "active") == 0;
	if (has_approved(live, person->name) && !is_ratified_now)
		return (struct say){.no = APPROVAL_REFUSAL, .role = role, .why = "this person has approved already"};
	return (struct say){.yes = is_ratified_now ? APPROVAL_RATIFICATION : APPROVAL_APPROVAL, .no = APPROVAL_REFUSAL, .role = role,
		.why = ""};
}

static const char *silence_of(const struct relay_order *live)
{
	bool has_standing = json_is_true(json_object_get(live->entry, "has_standing"));
	bool is_open = relay_is_waiting(live);
	if (live->is_standing)
		return is_open ? "does_not_stand" : "is_over";
	if (live->is_urgent && is_open)
		return "ends_at_deadline";
	if (is_open)
		return "nothing_is_done";
	bool is_acting = strcmp(live->state, "active") == 0 || strcmp(live->state, "ratified") == 0 ||
		strcmp(live->state, "approved") == 0;
	return is_acting || has_standing ? (is_acting ? "acts_until_its_end" : "is_over") : "is_over";
}

static json_t *documents_show(struct visit *visit, const struct document_digest *digest)
{
	static const struct store_cursor beginning;
	const struct store_document_filter filter = {.order = digest};
	struct store_document *rows = calloc(STORE_PAGE_MAX, sizeof(*rows));
	struct store_page page = {0};
	json_t *list = json_array();
	if (rows != NULL && store_documents(visit->store, &filter, &beginning, rows, STORE_PAGE_MAX, &page) == OK) {
		for (size_t i = 0; i < page.count; i++)
			show_append(&list, show_document(&rows[i]));
	}
	if (rows != NULL)
		store_documents_done(rows, page.count);
	free(rows);
	return list;
}

static json_t *copy_of(const json_t *entry, const char *name)
{
	json_t *value = json_object_get(entry, name);
	return value != NULL ? json_incref(value) : json_array();
}

static void detail_reply(struct visit *visit, const struct document_digest *digest, const struct relay_order *live, json_t *order)
{
	json_t *documents = documents_show(visit, digest);
	if (live == NULL) {
		const json_t *first = json_object_get(json_array_get(documents, 0), "document");
		visit_json(visit, 200, json_pack("{s:o, s:n, s:O?, s:[], s:O?, s:n, s:s, s:{s:b, s:b, s:s}}", "order", order, "authority",
			"documents", documents, "words", "document", first, "note", "silence", "is_over", "may_decide", "approve", 0,
			"refuse", 0, "why", "the authority does not know this order now"));
		json_decref(documents);
		return;
	}
	const char *note = json_string_value(json_object_get(live->entry, "note"));
	json_t *document = json_loadb(note, strcspn(note, "\n"), 0, NULL);
	struct say say = say_of(visit, live);
	visit_json(visit, 200, json_pack("{s:o, s:{s:s, s:I, s:o, s:o}, s:o, s:o, s:o, s:s, s:s, s:{s:b, s:b, s:s}}", "order", order,
		"authority", "state", live->state, "since_ms", (json_int_t)live->since_ms, "approved_by",
		copy_of(live->entry, "approved_by"), "waits_for", copy_of(live->entry, "waits_for"), "documents", documents, "words",
		copy_of(live->entry, "words"), "document", document, "note", note, "silence", silence_of(live), "may_decide", "approve",
		say.yes != APPROVAL_UNKNOWN, "refuse", say.no != APPROVAL_UNKNOWN, "why", say.why));
}

void order_get(struct visit *visit)
{
	struct document_digest digest;
	struct relay_order live;
	if (!digest_read(visit, &digest))
		return;
	json_t *order = order_look(visit->tower, visit->store, &digest, NULL);
	if (order == NULL) {
		visit_error(visit, 404, "there is no such order");
		return;
	}
	bool is_live = visit->tower->relay != NULL && relay_find(visit->tower->relay, &digest, &live);
	detail_reply(visit, &digest, is_live ? &live : NULL, order);
	if (is_live)
		relay_done(&live, 1);
}

/* Decisions. */

/** Makes the document that this person would sign. */
static int statement_make(struct visit *visit, const struct say *say, const struct document_digest *digest, bool is_yes,
	const char *reason, char **ret_line)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	struct approval approval = {.act = is_yes ? say->yes : say->no, .subject = *digest, .at_ms = now_wall_ms()};
	snprintf(approval.by, sizeof(approval.by), "%s", visit->who.name);
	snprintf(approval.role, sizeof(approval.role), "%s", say->role);
	snprintf(approval.reason, sizeof(approval.reason), "%s", reason);
	int err = approval_write(&approval, ret_line, complaint);
	if (err != OK)
		visit_error(visit, err == E_NOMEM ? 500 : 400, complaint);
	return err;
}

static void statement_reply(struct visit *visit, const struct say *say, bool is_yes, char *line)
{
	char challenge[CHALLENGE_TEXT_BYTES];
	const struct policy_person *person = policy_person_find(visit->tower->policy, visit->who.name);
	struct document_digest digest = document_digest_of(line, strlen(line));
	sodium_bin2base64(challenge, sizeof(challenge), digest.bytes, sizeof(digest.bytes),
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	visit_json(visit, 200, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "act", approval_act_names[is_yes ? say->yes : say->no],
		"document", line, "challenge", challenge, "relying_party", person != NULL ? person->passkey.relying_party : "", "by",
		visit->who.name, "role", say->role, "expires_ms", (json_int_t)(now_wall_ms() + DECISION_LIFE_MS)));
}

void decision_get(struct visit *visit)
{
	static const char *const answers[] = {"", "true", "false", NULL};
	const char *reason = request_param(&visit->request, "reason");
	int answer = request_choice(&visit->request, "approve", answers);
	struct document_digest digest;
	struct relay_order live;
	char *line = NULL;
	bool is_yes = answer == 1;
	if (!digest_read(visit, &digest))
		return;
	if (answer <= 0 || (reason != NULL && strlen(reason) >= ORDER_TEXT_BYTES)) {
		visit_error(visit, 400, answer <= 0 ? "approve must be true or false" : "reason: has more than 200 bytes");
	} else if (!is_yes && (reason == NULL || reason[0] == '\0')) {
		visit_error(visit, 400, "a refusal needs a reason");
	} else if (visit->tower->relay == NULL || !relay_find(visit->tower->relay, &digest, &live)) {
		visit_error(visit, 404, "the authority does not know such an order now");
	} else {
		struct say say = say_of(visit, &live);
		if ((is_yes ? say.yes : say.no) == APPROVAL_UNKNOWN)
			visit_error(visit, 409, say.why);
		else if (statement_make(visit, &say, &digest, is_yes, reason != NULL ? reason : "", &line) == OK)
			statement_reply(visit, &say, is_yes, line);
		relay_done(&live, 1);
	}
	free(line);
}

struct decision_form {
	char document[4097];
	char *note; /* owned */
	bool has_document, has_note, has_webauthn;
	struct approval_webauthn webauthn;
};
static const struct field webauthn_fields[] = {
	ROW_TEXT("authenticator_data", struct approval_webauthn, authenticator_data, ANY, 4),
	ROW_TEXT("client_data", struct approval_webauthn, client_data, ANY, 4),
	ROW_TEXT("signature", struct approval_webauthn, signature, ANY, 4),
};
static const struct field decision_fields[] = {
	{.name = "document", FIELD_ROW(FIELD_TEXT, struct decision_form, document, ANY), .min = 1,
		FIELD_FLAG(struct decision_form, has_document)},
	{.name = "note", FIELD_ROW(FIELD_NOTE, struct decision_form, note, ANY), .max = 8192,
		FIELD_FLAG(struct decision_form, has_note)},
	{.name = "webauthn", .type = FIELD_OBJECT, .privacy = ANY, .offset = offsetof(struct decision_form, webauthn),
		.size_bytes = sizeof(struct approval_webauthn), .members = webauthn_fields, .member_count = ARRAY_LEN(webauthn_fields),
		FIELD_FLAG(struct decision_form, has_webauthn)},
};
static const struct field decision_form = ROW_OBJECT("", ANY, struct decision_form, 0, decision_fields);

/** Checks that a statement is this person's, about this order, and new. */
static bool statement_check(struct visit *visit, const struct approval *approval, const struct document_digest *digest)
{
	const char *wrong = NULL;
	if (!document_digest_equal(&approval->subject, digest))
		wrong = "it speaks of another order";
	else if (strcmp(approval->by, visit->who.name) != 0)
		wrong = "it is another person's";
	else if (approval->at_ms > now_wall_ms() + DECISION_LIFE_MS || approval->at_ms < now_wall_ms() - DECISION_LIFE_MS)
		wrong = "it was made too long ago; ask for it anew";
	else if (approval->act == APPROVAL_REFUSAL && approval->reason[0] == '\0')
		wrong = "a refusal needs a reason";
	if (wrong != NULL)
		visit_error(visit, 400, wrong);
	return wrong == NULL;
}

/** The text that the authority takes: the note as it is, or the line with the assertion in it. The caller frees. */
static char *statement_take(struct visit *visit, const struct decision_form *form, const struct document_digest *digest)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	const char *line = form->has_note ? form->note : form->document;
	struct approval approval;
	char *text = NULL;
	if (form->has_note == form->has_document || form->has_document != form->has_webauthn) {
		visit_error(visit, 400, "give document and webauthn, or note");
		return NULL;
	}
	int err = approval_parse(line, strcspn(line, "\n"), &approval, complaint);
	if (err != OK) {
		visit_error(visit, 400, complaint);
		return NULL;
	}
	if (!statement_check(visit, &approval, digest))
		return NULL;
	if (form->has_note) {
		text = strdup(form->note);
	} else {
		approval.has_webauthn = true;
		approval.webauthn = form->webauthn;
		char *said = NULL;
		err = approval_write(&approval, &said, complaint);
		if (err == OK && asprintf(&text, "%s\n", said) < 0)
			text = NULL;
		free(said);
	}
	if (text == NULL)
		visit_error(visit, err == E_MALFORMED ? 400 : 500, err == E_MALFORMED ? complaint : "no memory");
	return text;
}

/** In the relay's thread. What comes of it is in the ledger, which is more than an audit; the writer notes who asked. */
void decision_post(struct visit *visit)
{
	struct decision_form form = {0};
	struct document_digest digest;
	char detail[WHY_BYTES] = "";
	visit->act = "order.decision";
	snprintf(visit->subject, sizeof(visit->subject), "%s", visit->values.text[0]);
	if (!digest_read(visit, &digest) || !visit_form(visit, &decision_form, &form))
		return;
	char *text = statement_take(visit, &form, &digest);
	free(form.note);
	if (text == NULL)
		return;
	int err = relay_say(visit->tower->relay, text, detail);
	free(text);
	if (err == OK)
		visit_json(visit, 200, json_pack("{s:b, s:s}", "taken", 1, "detail", detail));
	else
		visit_error(visit, err == E_DENIED ? 409 : 503, detail);
}
