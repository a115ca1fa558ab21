/*
 * The authority. One path for all documents: judged by the book, appended to
 * the ledger and on disk, applied to the book, and only then sent. A restart
 * reads the ledger back through the same book.
 *
 * A bundle is judged here as its effector will before it is sent: what only
 * waits for a witness or its time is tried again at each turn.
 */
#include "authority/authority.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority/verify.h"
#include "core/log.h"
#include "core/random.h"
#include "keys/signer.h"
#include "record/withdrawal.h"
#include "rules/space.h"

#define PUBLISH_EVERY_MS 500 /* entries are in the published tree within a second */
#define MINUTE_MS 60000

struct authority {
	struct policy policy;
	struct key *key, *log_key;
	struct log *log;
	struct book *book;
	struct space *space; /* of the policy's members and protected prefixes */
	const char *basis; /* borrowed */
	authority_sender *send;
	void *context;
	uint64_t counters[POLICY_EFFECTORS_MAX]; /* last one given, by the effector's place in the policy */
	int64_t published_ms, minute_ms;
	unsigned orders_in_minute;
	struct log_bucket publish_bucket, hold_bucket;
	struct order_memory memory;
	struct order order; /* being made */
	struct order_judgement judgement;
	char proof[PROOF_BYTES_MAX + 1], standing_proof[PROOF_BYTES_MAX + 1];
};

static void transition_log(void *context, enum lifecycle_state from, enum lifecycle_state to, const char *why, int64_t now_ms)
{
	const struct book_order *entry = context;
	char text[LOG_PEER_TEXT_BYTES];
	(void)now_ms;
	log_line(LOG_LEVEL_NOTICE, "%s id=%s from=%s to=%s why=\"%s\"", entry->order != NULL ? "order" : "standing_order",
		book_id(entry), lifecycle_state_name(from), lifecycle_state_name(to), log_peer_text(why, strlen(why), text));
}

static void counter_note(struct authority *authority, const struct order *order)
{
	for (size_t i = 0; i < authority->policy.effector_count; i++) {
		if (strcmp(authority->policy.effectors[i].name, order->effector) == 0 && authority->counters[i] < order->counter)
			authority->counters[i] = order->counter;
	}
}

/* Beginning. */

static int keys_open(struct authority *authority, const struct authority_config *config, char *complaint)
{
	const struct {
		const char *path;
		struct key **key;
		const struct note_key *expected;
	} keys[] = {
		{config->key, &authority->key, &authority->policy.authority},
		{config->log_key, &authority->log_key, &authority->policy.ledger.log_key},
	};
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *why = "";
		int err = key_load(keys[i].path, keys[i].key, &why);
		if (err == OK && memcmp((*keys[i].key)->public.key, keys[i].expected->key, NOTE_KEY_BYTES) != 0) {
			err = E_DENIED;
			why = "is not the key that the policy names";
		}
		if (err != OK) {
			snprintf(complaint, CONF_COMPLAINT_BYTES, "%.200s: %s", keys[i].path, why);
			return err;
		}
	}
	return OK;
}

static int space_open(struct authority *authority)
{
	const struct policy *policy = &authority->policy;
	struct ip_prefix networks[SPACE_PREFIXES_MAX];
	size_t count = 0;
	for (size_t i = 0; i < policy->member_count; i++) {
		for (size_t k = 0; k < policy->members[i].network_count; k++)
			networks[count++] = policy->members[i].networks[k];
	}
	_Static_assert(POLICY_MEMBERS_MAX * POLICY_NETWORKS_MAX <= SPACE_PREFIXES_MAX, "all networks of all members fit");
	const struct space_config space = {.networks = networks, .network_count = count, .protected = policy->protected_space,
		.protected_count = policy->protected_count};
	return space_new(&space, &authority->space);
}

/** One entry of the ledger, which was judged when it came in; what the policy of today does not know is passed over. */
static void entry_recall(void *context, uint64_t index, const uint8_t *bytes, size_t length_bytes)
{
	struct authority *authority = context;
	struct book_document document;
	char detail[BOOK_DETAIL_BYTES], *text = strndup((const char *)bytes, length_bytes);
	int err = text != NULL ? book_judge(authority->book, text, -1, &document, detail) : E_NOMEM;
	free(text);
	if (err != OK) {
		char plain[LOG_PEER_TEXT_BYTES];
		log_line(LOG_LEVEL_WARNING, "ledger_entry_passed_over index=%llu why=\"%s\"", (unsigned long long)index,
			log_peer_text(detail, strlen(detail), plain));
		return;
	}
	if (document.order != NULL)
		counter_note(authority, document.order);
	(void)book_apply(authority->book, &document, index, -1);
}

static int ledger_open(struct authority *authority, const struct authority_config *config, char *complaint)
{
	struct log_recovery recovery = {0};
	struct verify_report report;
	const struct proof_trust trust = {.log_key = authority->policy.ledger.log_key};
	const struct verify_options options = {
		.directory = config->ledger, .trust = &trust, .visit = entry_recall, .context = authority};
	const char *why = "";
	char wrong[VERIFY_COMPLAINT_BYTES] = "";
	int err = log_open(config->ledger, authority->log_key, &authority->log, &recovery, &why);
	if (err == OK) {
		err = log_publish(authority->log);
		why = "cannot be published";
	}
	if (err == OK) {
		err = verify_log(&options, &report, wrong);
		why = wrong;
	}
	if (err != OK) {
		snprintf(complaint, CONF_COMPLAINT_BYTES, "%.200s: %s%s%s", config->ledger, why, err == E_SYS ? ": " : "",
			err == E_SYS ? strerror(errno) : "");
		return err;
	}
	log_line(LOG_LEVEL_INFO, "ledger_open entries=%llu replayed=%llu dropped_bytes=%llu",
		(unsigned long long)log_entries(authority->log), (unsigned long long)recovery.replayed,
		(unsigned long long)recovery.dropped_bytes);
	return OK;
}

int authority_open(const struct authority_config *config, authority_sender *send, void *context, int64_t now_ms,
	struct authority **ret_authority, char ret_complaint[static CONF_COMPLAINT_BYTES])
{
	struct authority *authority = calloc(1, sizeof(*authority));
	int err = authority != NULL ? OK : E_NOMEM;
	if (err == OK) {
		authority->basis = config->basis;
		authority->send = send;
		authority->context = context;
		err = policy_load(config->policy, &authority->policy, ret_complaint);
	}
	if (err == OK)
		err = keys_open(authority, config, ret_complaint);
	if (err == OK) {
		authority->book = book_new(&authority->policy, NULL); /* what is read back was told when it happened */
		err = authority->book != NULL ? OK : E_NOMEM;
	}
	if (err == OK)
		err = space_open(authority);
	if (err == OK)
		err = ledger_open(authority, config, ret_complaint);
	if (err == E_NOMEM)
		snprintf(ret_complaint, CONF_COMPLAINT_BYTES, "out of memory");
	if (err != OK) {
		authority_close(authority);
		return err;
	}
	authority->book->listener = transition_log;
	for (size_t i = 0; i < BOOK_ORDERS_MAX; i++) {
		struct book_order *entry = &authority->book->orders[i];
		entry->life.listener = entry->kind != BOOK_NOTHING ? transition_log : NULL;
		if (entry->kind != BOOK_NOTHING)
			lifecycle_pass(&entry->life, now_ms);
	}
	*ret_authority = authority;
	return OK;
}

void authority_close(struct authority *authority)
{
	if (authority == NULL)
		return;
	if (authority->log != NULL && log_publish(authority->log) != OK)
		log_line(LOG_LEVEL_WARNING, "ledger_unpublished next=\"its journal keeps the entries until the next start\"");
	log_close(authority->log);
	book_free(authority->book);
	space_free(authority->space);
	key_free(authority->key);
	key_free(authority->log_key);
	free(authority);
}

struct book *authority_book(struct authority *authority)
{
	return authority->book;
}

const struct policy *authority_policy(const struct authority *authority)
{
	return &authority->policy;
}

struct log *authority_log(struct authority *authority)
{
	return authority->log;
}

/* Documents. */

/** Judges, logs and applies; what cannot be logged has no effect. */
static int document_take(struct authority *authority, const char *text, int64_t now_ms, struct book_order **ret_entry, char *detail)
{
	struct book_document document;
	uint64_t index = 0;
	int err = book_judge(authority->book, text, now_ms, &document, detail);
	if (err != OK)
		return err;
	const struct log_entry entry = {document.text, strlen(document.text)};
	err = log_append(authority->log, &entry, 1, &index);
	if (err != OK) {
		snprintf(detail, BOOK_DETAIL_BYTES, "the ledger cannot be written (%s): nothing is done",
			err == E_SYS ? strerror(errno) : err_name(err));
		log_line(LOG_LEVEL_ERROR, "ledger_append_failed why=%s next=\"what is in force stays until it expires\"", err_name(err));
		book_document_done(&document);
		return err;
	}
	if (document.order != NULL)
		counter_note(authority, document.order);
	*ret_entry = book_apply(authority->book, &document, index, now_ms);
	return OK;
}

/** Signs a line as the authority and takes the note. */
static int line_take(struct authority *authority, const char *line, int64_t now_ms, struct book_order **ret_entry, char *detail)
{
	size_t text_bytes = strlen(line) + 1, note_bytes = 0, room_bytes = text_bytes + 2 + NOTE_LINE_BYTES;
	char *text = NULL, *note = malloc(room_bytes);
	int err = note != NULL && asprintf(&text, "%s\n", line) >= 0 ? OK : E_NOMEM;
	if (err == OK)
		err = signer_note(authority->key, text, text_bytes, note, room_bytes, &note_bytes);
	if (err != OK)
		snprintf(detail, BOOK_DETAIL_BYTES, "it cannot be signed: %s", err_name(err));
	else
		err = document_take(authority, note, now_ms, ret_entry, detail);
	free(text);
	free(note);
	return err;
}

static void withdraw(struct authority *authority, struct book_order *entry, const char *reason, int64_t now_ms)
{
	struct approval approval = {.act = APPROVAL_WITHDRAWAL, .subject = entry->digest, .at_ms = now_ms};
	char detail[BOOK_DETAIL_BYTES] = "", *line = NULL;
	snprintf(approval.by, sizeof(approval.by), "%s", authority->policy.authority.name);
	snprintf(approval.reason, sizeof(approval.reason), "%s", reason);
	struct book_order *same = entry;
	int err = approval_write(&approval, &line, detail);
	if (err == OK)
		err = line_take(authority, line, now_ms, &same, detail);
	if (err != OK)
		log_line(LOG_LEVEL_WARNING, "withdrawal_failed id=%s why=%s", book_id(entry), err_name(err));
	free(line);
}

/* Sending. */

static int proof_make(struct authority *authority, uint64_t index, char ret_proof[static PROOF_BYTES_MAX + 1])
{
	size_t length_bytes = 0;
	int err = log_prove(authority->log, index, ret_proof, PROOF_BYTES_MAX, &length_bytes);
	if (err == OK)
		ret_proof[length_bytes] = '\0';
	return err;
}

/** Whether the effector would take the bundle now. */
static bool bundle_is_good(struct authority *authority, const struct book_order *entry, const struct bundle *bundle, int64_t now_ms)
{
	const struct order_situation situation = {
		.effector = entry->order->effector, .now_wall_ms = now_ms, .memory = &authority->memory};
	enum order_verdict verdict = order_verify(&authority->policy, bundle, &situation, &authority->judgement);
	uint64_t held_back = 0;
	if (verdict == ORDER_ACCEPTED)
		return true;
	if (log_allowed(&authority->hold_bucket, now_ms * INT64_C(1000000), &held_back))
		log_line(LOG_LEVEL_NOTICE, "order_waits id=%s verdict=%s held_back=%llu", entry->order->id, order_verdict_name(verdict),
			(unsigned long long)held_back);
	return false;
}

static bool bundle_send(struct authority *authority, struct book_order *entry, int64_t now_ms)
{
	struct bundle bundle;
	char detail[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
	const struct book_order *standing = entry->order->has_standing
		? book_find_digest(authority->book, &entry->order->standing) : NULL;
	int err = proof_make(authority, entry->log_index, authority->proof);
	if (err == OK && standing != NULL)
		err = proof_make(authority, standing->log_index, authority->standing_proof);
	if (err == OK)
		err = book_bundle(authority->book, entry, authority->proof, authority->standing_proof, &bundle);
	bool is_sent = false;
	if (err == OK && bundle_is_good(authority, entry, &bundle, now_ms)) {
		err = bundle_write(&bundle, &line, detail);
		is_sent = err == OK && authority->send(authority->context, entry->order->effector, line);
	}
	if (err != OK)
		log_line(LOG_LEVEL_ERROR, "bundle_failed id=%s why=%s next=\"tried again\"", entry->order->id, err_name(err));
	free(line);
	return is_sent;
}

int authority_bundle(struct authority *authority, const char *id, int64_t now_ms, char **ret_line,
	char ret_detail[static BOOK_DETAIL_BYTES])
{
	struct bundle bundle;
	const struct book_order *entry = book_find(authority->book, id);
	if (entry == NULL || entry->order == NULL) {
		snprintf(ret_detail, BOOK_DETAIL_BYTES, "there is no such order");
		return E_STATE;
	}
	if (entry->order->class != ORDER_REIDENTIFY) {
		snprintf(ret_detail, BOOK_DETAIL_BYTES, "an order of class %s goes to its effector alone",
			order_class_names[entry->order->class]);
		return E_DENIED;
	}
	if (entry->life.state != LIFECYCLE_APPROVED) {
		snprintf(ret_detail, BOOK_DETAIL_BYTES, "%s is %s, and not approved and open", entry->order->id,
			lifecycle_state_name(entry->life.state));
		return E_STATE;
	}
	int err = proof_make(authority, entry->log_index, authority->proof);
	if (err == OK)
		err = book_bundle(authority->book, entry, authority->proof, NULL, &bundle);
	if (err != OK) {
		snprintf(ret_detail, BOOK_DETAIL_BYTES, "it cannot be proven: %s", err_name(err));
		return err;
	}
	const struct order_situation situation = {.effector = entry->order->effector, .now_wall_ms = now_ms};
	enum order_verdict verdict = order_verify(&authority->policy, &bundle, &situation, &authority->judgement);
	if (verdict != ORDER_ACCEPTED) {
		snprintf(ret_detail, BOOK_DETAIL_BYTES, "%s would not take it now: %s", entry->order->effector,
			order_verdict_words(verdict));
		return E_DENIED;
	}
	return bundle_write(&bundle, ret_line, ret_detail);
}

static bool withdrawal_send(struct authority *authority, const struct book_order *entry)
{
	const struct withdrawal withdrawal = {.statement = entry->withdrawal};
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
	bool is_sent = withdrawal_write(&withdrawal, &line, complaint) == OK &&
		authority->send(authority->context, entry->order->effector, line);
	free(line);
	return is_sent;
}

/** Whether the standing order that an order rests on has been taken back. */
static bool has_lost_standing(struct authority *authority, const struct book_order *entry)
{
	const struct book_order *standing = entry->order->has_standing
		? book_find_digest(authority->book, &entry->order->standing) : NULL;
	return standing != NULL && standing->life.state == LIFECYCLE_WITHDRAWN;
}

/** Does what an order's state asks for. */
static void entry_turn(struct authority *authority, struct book_order *entry, int64_t now_ms)
{
	struct lifecycle *life = &entry->life;
	lifecycle_pass(life, now_ms);
	if (entry->order == NULL)
		return;
	if (lifecycle_is_open(life) && has_lost_standing(authority, entry))
		withdraw(authority, entry, "its standing order was withdrawn", now_ms);
	if (entry->order->class == ORDER_REIDENTIFY)
		return; /* a person carries it to its mail host: authority_bundle() */
	if (life->state == LIFECYCLE_APPROVED && bundle_send(authority, entry, now_ms)) {
		entry->is_sent = true;
		lifecycle_act(life, now_ms);
	}
	if (life->state == LIFECYCLE_RATIFIED && !entry->is_ratification_sent) {
		entry->is_ratification_sent = bundle_send(authority, entry, now_ms);
		entry->is_sent = entry->is_sent || entry->is_ratification_sent;
	}
	bool is_void = life->state == LIFECYCLE_LAPSED || life->state == LIFECYCLE_REFUSED;
	if (is_void && entry->is_sent && entry->withdrawal == NULL && !entry->is_withdrawal_sent)
		withdraw(authority, entry, life->state == LIFECYCLE_LAPSED ? "not ratified in time" : "refused", now_ms);
	if (entry->withdrawal != NULL && entry->is_sent && !entry->is_withdrawal_sent)
		entry->is_withdrawal_sent = withdrawal_send(authority, entry);
}

void authority_turn(struct authority *authority, int64_t now_ms)
{
	uint64_t held_back = 0;
	for (size_t i = 0; i < BOOK_ORDERS_MAX; i++) {
		if (authority->book->orders[i].kind != BOOK_NOTHING)
			entry_turn(authority, &authority->book->orders[i], now_ms);
	}
	bool is_due = now_ms - authority->published_ms >= PUBLISH_EVERY_MS || now_ms < authority->published_ms;
	if (!is_due)
		return; /* asked without need it costs nothing, and a cosigned checkpoint is published so */
	authority->published_ms = now_ms;
	int err = log_publish(authority->log);
	if (err != OK && log_allowed(&authority->publish_bucket, now_ms * INT64_C(1000000), &held_back))
		log_line(LOG_LEVEL_ERROR, "ledger_publish_failed why=%s next=\"tried again; the journal keeps the entries\" held_back=%llu",
			err == E_SYS ? strerror(errno) : err_name(err), (unsigned long long)held_back);
}

int authority_take(struct authority *authority, const char *text, int64_t now_ms, char ret_detail[static BOOK_DETAIL_BYTES])
{
	struct book_order *entry = NULL;
	int err = document_take(authority, text, now_ms, &entry, ret_detail);
	if (err != OK)
		return err;
	ASSERT(entry != NULL);
	entry_turn(authority, entry, now_ms);
	snprintf(ret_detail, BOOK_DETAIL_BYTES, "%s is %s", book_id(entry), lifecycle_state_name(entry->life.state));
	return OK;
}

/** Orders that another one of the same finding has taken the place of. */
static void older_withdraw(struct authority *authority, const struct book_order *newer, int64_t now_ms)
{
	static const char none[] = "00000000000000000000000000000000";
	for (size_t i = 0; i < BOOK_ORDERS_MAX; i++) {
		struct book_order *entry = &authority->book->orders[i];
		if (entry->order == NULL || entry == newer || !lifecycle_is_in_force(&entry->life) || entry->log_index > newer->log_index)
			continue;
		if (strcmp(entry->order->finding, none) != 0 && strcmp(entry->order->finding, newer->order->finding) == 0 &&
			strcmp(entry->order->effector, newer->order->effector) == 0) {
			withdraw(authority, entry, "a later order against the same finding is in force", now_ms);
			entry_turn(authority, entry, now_ms);
		}
	}
}

int authority_receipt(struct authority *authority, const struct receipt *receipt, int64_t now_ms,
	char ret_detail[static BOOK_DETAIL_BYTES])
{
	struct book_order *entry = book_find_digest(authority->book, &receipt->order);
	char *line = NULL;
	bool is_soon = entry != NULL && receipt->state == RECEIPT_PROGRESS && entry->receipt.state == RECEIPT_PROGRESS &&
		now_ms - entry->receipt.at_ms < MINUTE_MS;
	if (is_soon && entry->order != NULL && strcmp(entry->order->effector, receipt->effector) == 0) {
		int64_t at_ms = entry->receipt.at_ms; /* of the last one that was logged: one a minute is */
		entry->receipt = *receipt;
		entry->receipt.at_ms = at_ms;
		snprintf(ret_detail, BOOK_DETAIL_BYTES, "noted");
		return OK;
	}
	struct receipt kept = *receipt;
	kept.at_ms = now_ms; /* the authority's clock decides what it vouches for */
	int err = receipt_write(&kept, &line, ret_detail);
	if (err == OK)
		err = line_take(authority, line, now_ms, &entry, ret_detail);
	free(line);
	if (err != OK)
		return err;
	ASSERT(entry != NULL);
	snprintf(ret_detail, BOOK_DETAIL_BYTES, "%s is %s", book_id(entry), lifecycle_state_name(entry->life.state));
	if (receipt->state == RECEIPT_APPLIED)
		older_withdraw(authority, entry, now_ms);
	return OK;
}

/* Making orders. */

static const struct policy_member *member_of(const struct policy *policy, const struct ip_prefix *target)
{
	for (size_t i = 0; i < policy->member_count; i++) {
		if (order_scope_covers(policy->members[i].networks, policy->members[i].network_count, target))
			return &policy->members[i];
	}
	return NULL;
}

/** Whether an order is past half of its time: then it is renewed, if its attack goes on. */
static bool is_waning(const struct book_order *entry, int64_t now_ms)
{
	const struct order *order = entry->order;
	return lifecycle_is_in_force(&entry->life) && now_ms - order->not_before_ms >= (order->expires_ms - order->not_before_ms) / 2;
}

/** Whether an open order of this effector says the same about the same finding, with time before it. */
static bool is_known(struct authority *authority, const struct order *order)
{
	char *wanted = NULL, *other = NULL;
	bool is_it = false;
	if (rule_list_write(&order->rules, &wanted) != OK)
		return false;
	for (size_t i = 0; i < BOOK_ORDERS_MAX && !is_it; i++) {
		const struct book_order *entry = &authority->book->orders[i];
		if (entry->order == NULL || !lifecycle_is_open(&entry->life) || strcmp(entry->order->finding, order->finding) != 0 ||
			strcmp(entry->order->effector, order->effector) != 0 || is_waning(entry, order->not_before_ms) ||
			rule_list_write(&entry->order->rules, &other) != OK)
			continue;
		is_it = strcmp(wanted, other) == 0;
		free(other);
	}
	free(wanted);
	return is_it;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/** Lets the order rest on a standing order, if one fits. */
static bool standing_find(struct authority *authority, struct order *order, int64_t duration_ms)
{
	for (size_t i = 0; i < BOOK_ORDERS_MAX; i++) {
		const struct book_order *entry = &authority->book->orders[i];
		const struct standing_order *standing = entry->standing;
		if (standing == NULL || !lifecycle_is_in_force(&entry->life))
			continue;
		uint16_t limit_permille = order->collateral_limit_permille;
		order->expires_ms = order->not_before_ms + least(duration_ms, (int64_t)standing->longest_s * 1000);
		order->expires_ms = least(order->expires_ms, standing->expires_ms);
		if (order->collateral_limit_permille > standing->collateral_most_permille)
			order->collateral_limit_permille = standing->collateral_most_permille;
		if (standing_order_misfit(standing, order) == NULL) {
			order->has_standing = true;
			order->standing = entry->digest;
			return true;
		}
		order->collateral_limit_permille = limit_permille;
	}
	return false;
}

/** Decides how the order comes to act, and so when it ends. */
static void terms_set(struct authority *authority, struct order *order, const struct countermeasure *countermeasure)
{
	const struct policy_class *class = &authority->policy.classes[order->class];
	int64_t begin_ms = order->not_before_ms, longest_ms = (int64_t)class->longest_ms;
	int64_t duration_ms = least((int64_t)countermeasure->duration_s * 1000, longest_ms);
	if (standing_find(authority, order, duration_ms))
		return;
	order->expires_ms = begin_ms + least(duration_ms + (int64_t)class->answer_within_ms, longest_ms);
	order->is_urgent = countermeasure->is_urgent && class->is_urgent_allowed;
	order->ratify_by_ms = order->is_urgent ? least(begin_ms + (int64_t)class->ratify_within_ms, order->expires_ms) : 0;
}

/** Fills the order from the countermeasure, for one effector. */
static void order_fill(struct authority *authority, const struct countermeasure *countermeasure, size_t effector, int64_t now_ms)
{
	struct order *order = &authority->order;
	const struct policy *policy = &authority->policy;
	uint8_t id[(ORDER_ID_BYTES - 1) / 2];
	random_bytes(id, sizeof(id));
	*order = (struct order){
		.class = countermeasure->class,
		.kind = countermeasure->kind,
		.vector_count = countermeasure->vector_count,
		.rules = countermeasure->rules,
		.scope_count = 1,
		.scope = {countermeasure->target},
		.predicted = countermeasure->predicted,
		.collateral_limit_permille = countermeasure->asked.collateral_permille,
		.not_before_ms = now_ms,
		.counter = authority->counters[effector] + 1,
		.policy = policy->digest,
	};
	sodium_bin2hex(order->id, sizeof(order->id), id, sizeof(id));
	memcpy(order->vectors, countermeasure->vectors, sizeof(order->vectors));
	snprintf(order->finding, sizeof(order->finding), "%s", countermeasure->finding);
	snprintf(order->why, sizeof(order->why), "%s", countermeasure->why);
	snprintf(order->basis, sizeof(order->basis), "%s", authority->basis);
	snprintf(order->requester, sizeof(order->requester), "%s", policy->authority.name);
	snprintf(order->effector, sizeof(order->effector), "%s", policy->effectors[effector].name);
	snprintf(order->member, sizeof(order->member), "%s", policy->effectors[effector].member);
	if (order->collateral_limit_permille > policy->classes[order->class].collateral_permille)
		order->collateral_limit_permille = (uint16_t)policy->classes[order->class].collateral_permille;
	terms_set(authority, order, countermeasure);
}

/** Whether no rule touches protected space. What a source set has in it is for the effector to see, who has the file. */
static int space_judge(const struct authority *authority, const struct order *order, char *detail)
{
	int err = OK;
	for (size_t i = 0; i < order->rules.count && err == OK; i++) {
		if (order->rules.rules[i].source_set.count == 0)
			err = space_check(authority->space, &order->rules.rules[i], NULL, detail);
	}
	return err;
}

static int order_make(struct authority *authority, const struct countermeasure *countermeasure, size_t effector, int64_t now_ms,
	char *detail)
{
	struct book_order *entry = NULL;
	char *line = NULL;
	order_fill(authority, countermeasure, effector, now_ms);
	if (is_known(authority, &authority->order)) {
		snprintf(detail, BOOK_DETAIL_BYTES, "there is such an order already");
		return E_STATE;
	}
	int err = space_judge(authority, &authority->order, detail);
	if (err == OK)
		err = order_write(&authority->order, &line, detail);
	if (err == OK)
		err = line_take(authority, line, now_ms, &entry, detail);
	free(line);
	if (err != OK)
		return err;
	ASSERT(entry != NULL);
	entry_turn(authority, entry, now_ms);
	snprintf(detail, BOOK_DETAIL_BYTES, "%s is %s", book_id(entry), lifecycle_state_name(entry->life.state));
	return OK;
}

int authority_propose(struct authority *authority, const struct countermeasure *countermeasure, int64_t now_ms,
	char ret_detail[static BOOK_DETAIL_BYTES])
{
	const struct policy *policy = &authority->policy;
	const struct policy_member *member = member_of(policy, &countermeasure->target);
	size_t made = 0;
	int err = E_STATE;
	snprintf(ret_detail, BOOK_DETAIL_BYTES, "no effector serves that target and class");
	if (member == NULL || !policy->classes[countermeasure->class].is_allowed)
		return E_STATE;
	for (size_t i = 0; i < policy->effector_count; i++) {
		if (policy->effectors[i].class != (int)countermeasure->class || strcmp(policy->effectors[i].member, member->name) != 0)
			continue;
		if (now_ms - authority->minute_ms >= MINUTE_MS || now_ms < authority->minute_ms) {
			authority->minute_ms = now_ms;
			authority->orders_in_minute = 0;
		}
		if (authority->orders_in_minute == LIMIT_AUTHORITY_ORDERS_PER_MIN) {
			snprintf(ret_detail, BOOK_DETAIL_BYTES, "too many orders in one minute");
			return made > 0 ? OK : E_LIMIT;
		}
		err = order_make(authority, countermeasure, i, now_ms, ret_detail);
		authority->orders_in_minute += err == OK;
		made += err == OK;
	}
	return made > 0 ? OK : err;
}
