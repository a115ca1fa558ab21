/*
 * The book. Judging and applying are told apart so that the ledger can come
 * between them: what is refused is never logged, and what is logged always
 * takes effect, now or when it is read back.
 *
 * One refusal by someone whose approval could count ends an order. Approvals
 * count by policy_quorum_met(), as the effector counts them.
 */
#include "authority/book.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct book *book_new(const struct policy *policy, lifecycle_listener *listener)
{
	struct book *book = calloc(1, sizeof(*book));
	if (book != NULL) {
		book->policy = policy;
		book->listener = listener;
	}
	return book;
}

static void entry_done(struct book_order *entry)
{
	free(entry->note);
	free(entry->order);
	free(entry->standing);
	free(entry->withdrawal);
	for (size_t i = 0; i < entry->approval_count; i++)
		free(entry->approvals[i]);
	for (size_t i = 0; i < entry->ratification_count; i++)
		free(entry->ratifications[i]);
	memset(entry, 0, sizeof(*entry));
}

void book_free(struct book *book)
{
	if (book == NULL)
		return;
	for (size_t i = 0; i < BOOK_ORDERS_MAX; i++)
		entry_done(&book->orders[i]);
	free(book);
}

void book_document_done(struct book_document *document)
{
	free(document->text);
	free(document->order);
	free(document->standing);
	*document = (struct book_document){0};
}

const char *book_id(const struct book_order *entry)
{
	return entry->order != NULL ? entry->order->id : entry->standing->id;
}

struct book_order *book_find(struct book *book, const char *id)
{
	struct book_order *found = NULL;
	size_t length = strlen(id);
	for (size_t i = 0; i < BOOK_ORDERS_MAX && length >= 8; i++) {
		struct book_order *entry = &book->orders[i];
		if (entry->kind == BOOK_NOTHING || strncmp(book_id(entry), id, length) != 0)
			continue;
		if (found != NULL)
			return NULL; /* not one alone */
		found = entry;
	}
	return found;
}

struct book_order *book_find_digest(struct book *book, const struct document_digest *digest)
{
	for (size_t i = 0; i < BOOK_ORDERS_MAX; i++) {
		if (book->orders[i].kind != BOOK_NOTHING && document_digest_equal(&book->orders[i].digest, digest))
			return &book->orders[i];
	}
	return NULL;
}

/** A free place, or that of the order which ended first; NULL: all are open. */
static struct book_order *place_find(struct book *book)
{
	struct book_order *oldest = NULL;
	for (size_t i = 0; i < BOOK_ORDERS_MAX; i++) {
		struct book_order *entry = &book->orders[i];
		if (entry->kind == BOOK_NOTHING)
			return entry;
		if (!lifecycle_is_open(&entry->life) && (oldest == NULL || entry->life.since_ms < oldest->life.since_ms))
			oldest = entry;
	}
	return oldest;
}

static enum order_class class_of(const struct book_order *entry)
{
	return entry->order != NULL ? entry->order->class : entry->standing->class;
}

static const char *requester_of(const struct book_order *entry)
{
	return entry->order != NULL ? entry->order->requester : entry->standing->requester;
}

const struct policy_quorum *book_quorum(const struct book *book, const struct book_order *entry)
{
	const struct policy_class *class = &book->policy->classes[class_of(entry)];
	bool is_waiting = entry->life.state == LIFECYCLE_SUBMITTED;
	if (entry->life.is_urgent)
		return is_waiting ? &class->urgent_approvals : entry->life.state == LIFECYCLE_RATIFIED ? NULL : &class->approvals;
	if (!is_waiting)
		return NULL;
	bool has_usual = policy_quorum_met(&class->approvals, entry->approvers, entry->approver_count);
	return has_usual && entry->order != NULL && entry->order->touches_protected ? &class->protected_approvals : &class->approvals;
}

int book_bundle(struct book *book, const struct book_order *entry, char *proof, char *standing_proof, struct bundle *ret_bundle)
{
	struct bundle bundle = {.order = entry->note, .proof = proof, .approval_count = entry->approval_count,
		.ratification_count = entry->ratification_count, .has_standing = entry->order->has_standing};
	memcpy(bundle.approvals, entry->approvals, sizeof(bundle.approvals));
	memcpy(bundle.ratifications, entry->ratifications, sizeof(bundle.ratifications));
	if (bundle.has_standing) {
		const struct book_order *standing = book_find_digest(book, &entry->order->standing);
		if (standing == NULL || standing->kind != BOOK_STANDING_ORDER)
			return E_STATE;
		bundle.standing.order = standing->note;
		bundle.standing.proof = standing_proof;
		bundle.standing.approval_count = standing->approval_count;
		memcpy(bundle.standing.approvals, standing->approvals, sizeof(bundle.standing.approvals));
	}
	*ret_bundle = bundle;
	return OK;
}

/* Judging. */

static int deny(enum order_verdict verdict, char *detail)
{
	char more[ORDER_DETAIL_BYTES];
	snprintf(more, sizeof(more), "%s", detail);
	snprintf(detail, BOOK_DETAIL_BYTES, "%s%s%s", order_verdict_words(verdict), more[0] != '\0' ? ": " : "", more);
	return verdict == ORDER_BAD_DOCUMENT ? E_MALFORMED : verdict == ORDER_OUT_OF_MEMORY ? E_NOMEM : E_DENIED;
}

static int say(char *detail, int error, const char *words)
{
	snprintf(detail, BOOK_DETAIL_BYTES, "%s", words);
	return error;
}

/** What a line is, by its member "document". */
static enum book_kind kind_of(const char *text)
{
	json_t *value = json_loadb(text, strcspn(text, "\n"), JSON_REJECT_DUPLICATES, NULL);
	const char *name = json_string_value(json_object_get(value, "document"));
	enum book_kind kind = BOOK_NOTHING;
	if (name != NULL && strcmp(name, "order") == 0)
		kind = BOOK_ORDER;
	else if (name != NULL && strcmp(name, "standing_order") == 0)
		kind = BOOK_STANDING_ORDER;
	else if (name != NULL && strcmp(name, "receipt") == 0)
		kind = BOOK_RECEIPT;
	for (unsigned i = APPROVAL_UNKNOWN + 1; name != NULL && i < APPROVAL_ACT_COUNT; i++)
		kind = strcmp(name, approval_act_names[i]) == 0 ? BOOK_STATEMENT : kind;
	json_decref(value);
	return kind;
}

static int order_judge(struct book *book, int64_t now_ms, struct book_document *document, char *detail)
{
	struct note note;
	size_t line_bytes = 0;
	if (order_note_open(document->text, &note, &line_bytes) != OK)
		return deny(ORDER_BAD_DOCUMENT, detail);
	int err = order_parse(document->text, line_bytes, document->order, detail);
	if (err != OK)
		return err;
	detail[0] = '\0';
	document->digest = document_digest_of(document->text, line_bytes);
	enum order_verdict verdict = order_verify_requester(book->policy, &note, document->order->requester);
	const struct order_situation situation = {.effector = document->order->effector, .now_wall_ms = now_ms};
	if (verdict == ORDER_ACCEPTED && now_ms >= 0)
		verdict = order_verify_bounds(book->policy, document->order, &document->digest, &situation);
	return verdict == ORDER_ACCEPTED ? OK : deny(verdict, detail);
}

static int standing_judge(struct book *book, int64_t now_ms, struct book_document *document, char *detail)
{
	struct note note;
	size_t line_bytes = 0;
	if (order_note_open(document->text, &note, &line_bytes) != OK)
		return deny(ORDER_BAD_DOCUMENT, detail);
	int err = standing_order_parse(document->text, line_bytes, document->standing, detail);
	if (err != OK)
		return err;
	detail[0] = '\0';
	document->digest = document_digest_of(document->text, line_bytes);
	enum order_verdict verdict = order_verify_requester(book->policy, &note, document->standing->requester);
	if (verdict == ORDER_ACCEPTED && now_ms >= 0)
		verdict = order_verify_standing_bounds(book->policy, document->standing, now_ms);
	return verdict == ORDER_ACCEPTED ? OK : deny(verdict, detail);
}

static bool quorum_has(const struct policy_quorum *quorum, const char *role)
{
	for (size_t i = 0; i < quorum->count; i++) {
		if (strcmp(quorum->needs[i].role.name, role) == 0)
			return true;
	}
	return false;
}

/** Whether a role is asked for in any of a class's quorums. */
static bool role_counts(const struct policy_class *class, const char *role)
{
	return quorum_has(&class->approvals, role) || quorum_has(&class->protected_approvals, role) ||
		quorum_has(&class->urgent_approvals, role);
}

static bool has_spoken(const struct book_order *entry, const struct policy_person *person)
{
	for (size_t i = 0; i < entry->approver_count; i++) {
		if (entry->approvers[i].person == person)
			return true;
	}
	return false;
}

/** Whether what is said fits the order's state; who says it is verified. */
static int statement_fits(struct book *book, const struct order_statement *statement, const struct book_order *entry,
	char *detail)
{
	const struct approval *approval = &statement->approval;
	enum order_class class = class_of(entry);
	bool is_about_to_act = entry->life.state == LIFECYCLE_SUBMITTED;
	bool is_acting = entry->life.state == LIFECYCLE_ACTIVE || entry->life.state == LIFECYCLE_APPROVED;
	bool is_unratified = entry->life.is_urgent && is_acting;
	bool is_aftermath = approval->act == APPROVAL_WITHDRAWAL && statement->person == NULL && entry->withdrawal == NULL;
	if (!lifecycle_is_open(&entry->life) && !is_aftermath) /* what lapsed or was refused is still to be taken from its effector */
		return say(detail, E_STATE, "that order has ended already");
	if (approval->act == APPROVAL_WITHDRAWAL) {
		bool counts = order_withdrawal_counts(book->policy, statement, class, requester_of(entry), &entry->digest);
		return counts ? OK : say(detail, E_DENIED, "it is not yours to withdraw");
	}
	if (strcmp(approval->by, requester_of(entry)) == 0)
		return deny(ORDER_SELF_APPROVED, detail);
	if (!role_counts(&book->policy->classes[class], approval->role))
		return say(detail, E_DENIED, "nobody in that role is asked about this class of acts");
	if (approval->act == APPROVAL_REFUSAL)
		return is_about_to_act || is_unratified ? OK : say(detail, E_STATE, "it is approved already: withdraw it");
	if (has_spoken(entry, statement->person))
		return say(detail, E_STATE, "you have signed that order already");
	bool is_ratification = approval->act == APPROVAL_RATIFICATION;
	if (is_ratification ? entry->ratification_count == BUNDLE_APPROVALS_MAX : entry->approval_count == BUNDLE_APPROVALS_MAX)
		return say(detail, E_LIMIT, "it has as many signatures as an order can have");
	if (is_ratification)
		return is_unratified ? OK : say(detail, E_STATE, "it is not an urgent order that waits to be ratified");
	return is_about_to_act ? OK : say(detail, E_STATE, is_unratified ? "it acts already: ratify it" : "it is approved already");
}

static int statement_judge(struct book *book, struct book_document *document, char *detail)
{
	struct order_statement statement;
	enum order_verdict verdict = order_verify_statement(book->policy, document->text, &statement, detail);
	if (verdict != ORDER_ACCEPTED)
		return deny(verdict, detail);
	document->statement = statement;
	document->subject = book_find_digest(book, &document->statement.approval.subject);
	if (document->subject == NULL)
		return say(detail, E_STATE, "there is no such order");
	return statement_fits(book, &document->statement, document->subject, detail);
}

/**
 * Receipts are logged under the authority's signature: it vouches that the effector's user said so. One of re-identification
 * comes by a person's hands, so its mail host signs it itself, and it comes once.
 */
static int receipt_signed(const struct book *book, const struct note *note, int64_t now_ms, const struct book_document *document,
	char *detail)
{
	struct note_verdict verdict;
	bool is_reveal = document->subject->order->class == ORDER_REIDENTIFY;
	const struct policy_effector *effector = policy_effector_find(book->policy, document->receipt.effector);
	const struct note_key *key = is_reveal && effector != NULL ? &effector->key : &book->policy->authority;
	if (note_verify(note, key, 1, &verdict) != OK || !verdict.is_signed)
		return say(detail, E_DENIED, is_reveal ? "the receipt is not signed by its mail host"
			: "the receipt is not signed by the authority");
	if (is_reveal && now_ms >= 0 && document->subject->receipt.state != RECEIPT_UNKNOWN)
		return say(detail, E_STATE, "that receipt is there already");
	return OK;
}

static int receipt_judge(struct book *book, int64_t now_ms, struct book_document *document, char *detail)
{
	struct note note;
	size_t line_bytes = 0;
	if (order_note_open(document->text, &note, &line_bytes) != OK)
		return deny(ORDER_BAD_DOCUMENT, detail);
	int err = receipt_parse(document->text, line_bytes, &document->receipt, detail);
	if (err != OK)
		return err;
	document->subject = book_find_digest(book, &document->receipt.order);
	if (document->subject == NULL || document->subject->order == NULL)
		return say(detail, E_STATE, "there is no such order");
	if (strcmp(document->subject->order->effector, document->receipt.effector) != 0)
		return say(detail, E_DENIED, "that order is another effector's");
	return receipt_signed(book, &note, now_ms, document, detail);
}

int book_judge(struct book *book, const char *text, int64_t now_ms, struct book_document *ret_document,
	char ret_detail[static BOOK_DETAIL_BYTES])
{
	struct book_document document = {.kind = kind_of(text), .text = strdup(text)};
	if (document.kind == BOOK_ORDER)
		document.order = malloc(sizeof(*document.order));
	else if (document.kind == BOOK_STANDING_ORDER)
		document.standing = malloc(sizeof(*document.standing));
	bool has_room = document.kind == BOOK_ORDER ? document.order != NULL
		: document.kind != BOOK_STANDING_ORDER || document.standing != NULL;
	int err = document.text != NULL && has_room ? OK : E_NOMEM;
	ret_detail[0] = '\0';
	if (err == OK) {
		switch (document.kind) {
		case BOOK_NOTHING:
			err = say(ret_detail, E_MALFORMED, "it is no document that the authority takes");
			break;
		case BOOK_ORDER:
			err = order_judge(book, now_ms, &document, ret_detail);
			break;
		case BOOK_STANDING_ORDER:
			err = standing_judge(book, now_ms, &document, ret_detail);
			break;
		case BOOK_STATEMENT:
			err = statement_judge(book, &document, ret_detail);
			break;
		case BOOK_RECEIPT:
			err = receipt_judge(book, now_ms, &document, ret_detail);
			break;
		}
	}
	bool is_new = document.kind == BOOK_ORDER || document.kind == BOOK_STANDING_ORDER;
	if (err == OK && is_new && book_find_digest(book, &document.digest) != NULL)
		err = say(ret_detail, E_STATE, "that order is known already");
	if (err == OK && is_new && place_find(book) == NULL)
		err = say(ret_detail, E_LIMIT, "there are too many open orders");
	if (err == E_NOMEM)
		(void)say(ret_detail, E_NOMEM, "out of memory");
	if (err != OK)
		book_document_done(&document);
	else
		*ret_document = document;
	return err;
}

/* Applying. Events that do not belong to the state are passed over: that happens when documents cross on their way. */

static void quorum_count(struct book *book, struct book_order *entry, int64_t now_ms)
{
	const struct policy_class *class = &book->policy->classes[class_of(entry)];
	bool is_met = policy_quorum_met(&class->approvals, entry->approvers, entry->approver_count);
	if (entry->life.is_urgent) {
		if (policy_quorum_met(&class->urgent_approvals, entry->approvers, entry->approver_count))
			lifecycle_approve(&entry->life, "who must sign before it acts has signed", now_ms);
		if (is_met)
			lifecycle_ratify(&entry->life, now_ms);
		return;
	}
	if (entry->order != NULL && entry->order->touches_protected)
		is_met = is_met && class->protected_approvals.count > 0 &&
			policy_quorum_met(&class->protected_approvals, entry->approvers, entry->approver_count);
	if (is_met && lifecycle_approve(&entry->life, "its quorum is there", now_ms) == OK && entry->kind == BOOK_STANDING_ORDER)
		lifecycle_act(&entry->life, now_ms);
}

static struct book_order *entry_add(struct book *book, struct book_document *document, uint64_t log_index, int64_t now_ms)
{
	struct book_order *entry = place_find(book);
	ASSERT(entry != NULL); /* book_judge() has seen to it */
	entry_done(entry);
	const struct order *order = document->order;
	*entry = (struct book_order){
		.kind = document->kind,
		.life = {.expires_ms = order != NULL ? order->expires_ms : document->standing->expires_ms,
			.is_urgent = order != NULL && order->is_urgent,
			.ratify_by_ms = order != NULL ? order->ratify_by_ms : 0,
			.listener = book->listener,
			.context = entry},
		.digest = document->digest,
		.log_index = log_index,
		.note = document->text,
		.order = document->order,
		.standing = document->standing,
	};
	document->text = NULL;
	document->order = NULL;
	document->standing = NULL;
	if (now_ms < 0)
		now_ms = entry->order != NULL ? entry->order->not_before_ms : entry->standing->not_before_ms;
	lifecycle_draft(&entry->life, now_ms);
	lifecycle_submit(&entry->life, now_ms);
	if (entry->order != NULL && entry->order->has_standing)
		lifecycle_approve(&entry->life, "a standing order covers it", now_ms);
	else
		quorum_count(book, entry, now_ms); /* an urgent order may need nobody */
	return entry;
}

static void statement_apply(struct book *book, struct book_document *document, int64_t now_ms)
{
	struct book_order *entry = document->subject;
	const struct approval *approval = &document->statement.approval;
	char why[ORDER_TEXT_BYTES + DOCUMENT_NAME_BYTES + 4];
	snprintf(why, sizeof(why), "%s%s%s", approval->by, approval->reason[0] != '\0' ? ": " : "", approval->reason);
	if (now_ms < 0)
		now_ms = approval->at_ms;
	lifecycle_pass(&entry->life, now_ms);
	switch (approval->act) {
	case APPROVAL_APPROVAL:
	case APPROVAL_RATIFICATION:
		if (approval->act == APPROVAL_APPROVAL)
			entry->approvals[entry->approval_count++] = document->text;
		else
			entry->ratifications[entry->ratification_count++] = document->text;
		document->text = NULL;
		for (size_t i = 0; i < document->statement.person->role_count; i++) {
			const char *role = document->statement.person->roles[i].name;
			if (strcmp(role, approval->role) == 0)
				entry->approvers[entry->approver_count] = (struct policy_approver){document->statement.person, role};
		}
		entry->approver_count++;
		quorum_count(book, entry, now_ms);
		break;
	case APPROVAL_REFUSAL:
		lifecycle_refuse(&entry->life, why, now_ms);
		break;
	case APPROVAL_WITHDRAWAL:
		if (lifecycle_withdraw(&entry->life, why, now_ms) == OK || entry->withdrawal == NULL) {
			free(entry->withdrawal);
			entry->withdrawal = document->text;
			document->text = NULL;
		}
		break;
	case APPROVAL_UNKNOWN:
	case APPROVAL_ACT_COUNT:
		break;
	}
}

static void receipt_apply(struct book_document *document, int64_t now_ms)
{
	struct book_order *entry = document->subject;
	entry->receipt = document->receipt;
	if (now_ms < 0)
		now_ms = document->receipt.at_ms;
	lifecycle_pass(&entry->life, now_ms);
	switch (document->receipt.state) {
	case RECEIPT_APPLIED:
	case RECEIPT_PROGRESS:
		lifecycle_act(&entry->life, now_ms);
		entry->is_sent = true;
		break;
	case RECEIPT_REFUSED:
	case RECEIPT_ENDED:
		if (lifecycle_expire(&entry->life, now_ms) != OK)
			lifecycle_withdraw(&entry->life, document->receipt.why, now_ms);
		entry->is_withdrawal_sent = true; /* nothing is in force there */
		break;
	case RECEIPT_UNKNOWN:
	case RECEIPT_STATE_COUNT:
		break;
	}
}

struct book_order *book_apply(struct book *book, struct book_document *document, uint64_t log_index, int64_t now_ms)
{
	struct book_order *entry = document->subject;
	switch (document->kind) {
	case BOOK_ORDER:
	case BOOK_STANDING_ORDER:
		entry = entry_add(book, document, log_index, now_ms);
		break;
	case BOOK_STATEMENT:
		statement_apply(book, document, now_ms);
		break;
	case BOOK_RECEIPT:
		receipt_apply(document, now_ms);
		break;
	case BOOK_NOTHING:
		break;
	}
	book_document_done(document);
	return entry;
}
