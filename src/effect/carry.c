/*
 * How an order is carried out. The order of steps is what safety rests on:
 *
 *   judge      signatures, quorum, time, counter, ledger (record/order_verify.h), source sets, protected space, room
 *   journal    on disk before the kernel hears of it: after a kill at any instant it is either restored or was never there
 *   enforce    the place gets the whole list of rules in force
 *   read back  what the kernel holds is compared; else the order is taken back and refused
 *   tell       a receipt
 *
 * An end goes the other way round: it is journalled, then the place hears of
 * it. Where the journal cannot be written an end happens all the same, and the
 * journal is written anew as soon as it can be; no order begins until then.
 *
 * 2026-11-27: an end of the attack ends an order that rests on a standing
 * order, since the next one is there in milliseconds. One that people had to
 * approve stays until it expires or somebody withdraws it: its receipts tell
 * that it stops nothing. Price: rules that idle until then.
 */
#include "effect/carry.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "effect/carry_state.h"
#include "record/bundle.h"
#include "record/receipt.h"
#include "record/text.h"
#include "record/withdrawal.h"

#define COUNT_EVERY_NS (500 * NS_PER_MS)
#define NOTE_EVERY_NS (10 * NS_PER_S) /* how much of the time a reboot with a wrong clock could gain */
#define RETRY_NS NS_PER_S
#define CLOCK_SLACK_MS 2000 /* by which a clock may be corrected backwards without notice */

static const char *const refusal_names[CARRY_REFUSAL_COUNT] = {
	[CARRY_NOT_REFUSED] = "not_refused",
	[CARRY_VERDICT] = "verdict",
	[CARRY_UNREADABLE] = "unreadable",
	[CARRY_CLOCK_BEHIND] = "clock_behind",
	[CARRY_WITHDRAWN] = "withdrawn",
	[CARRY_SET_MISSING] = "set_missing",
	[CARRY_PROTECTED_SPACE] = "protected_space",
	[CARRY_UNENFORCEABLE] = "unenforceable",
	[CARRY_FULL] = "full",
	[CARRY_JOURNAL] = "journal",
	[CARRY_PLACE] = "place",
	[CARRY_MISMATCH] = "mismatch",
	[CARRY_NOT_IN_FORCE] = "not_in_force",
	[CARRY_MAY_NOT_WITHDRAW] = "may_not_withdraw",
};

const char *carry_refusal_name(enum carry_refusal refusal)
{
	return refusal_names[(unsigned)refusal < CARRY_REFUSAL_COUNT ? refusal : CARRY_NOT_REFUSED];
}

int carry_new(const struct carry_config *config, struct carry **ret_carry)
{
	if (policy_traffic_effector_find(config->policy, config->effector) == NULL)
		return E_STATE;
	struct carry *carry = calloc(1, sizeof(*carry));
	struct order_book *book = order_book_new();
	if (carry == NULL || book == NULL) {
		free(carry);
		order_book_free(book);
		return E_NOMEM;
	}
	carry->config = *config;
	carry->book = book;
	*ret_carry = carry;
	return OK;
}

void carry_free(struct carry *carry)
{
	if (carry == NULL)
		return;
	for (size_t i = 0; i < carry->pending_count; i++)
		free(carry->pending[i].bundle);
	for (size_t i = 0; i < carry->untold_count; i++)
		free(carry->untold[i]);
	order_book_free(carry->book);
	free(carry);
}

bool carry_clock_is_behind(const struct carry *carry, const struct book_time *now)
{
	return now->wall_ms < carry->floor_wall_ms - CLOCK_SLACK_MS;
}

/* Receipts and records. */

void carry_tell(struct carry *carry, const struct book_order *order, const struct document_digest *digest,
	enum receipt_state state, const char *why, const struct book_time *now)
{
	struct receipt receipt = {.order = *digest, .state = state, .at_ms = now->wall_ms < 0 ? 0 : now->wall_ms};
	char complaint[DOCUMENT_COMPLAINT_BYTES], *line = NULL;
	snprintf(receipt.effector, sizeof(receipt.effector), "%s", carry->config.effector);
	(void)text_plain_copy(why, receipt.why, sizeof(receipt.why));
	if (order != NULL) {
		receipt.stopped = order->stopped;
		receipt.limited = order->limited;
		receipt.passed = order->passed;
		receipt.collateral_permille = order->collateral_permille;
	}
	if (receipt_write(&receipt, &line, complaint) != OK) {
		log_line(LOG_LEVEL_ERROR, "receipt_unwritten: %s", complaint);
	} else if (state == RECEIPT_ENDED && order != NULL && carry->untold_count < LIMIT_EFFECT_ORDERS) {
		carry->untold[carry->untold_count++] = line;
		return;
	} else {
		carry->config.tell(carry->config.tell_arg, line);
	}
	free(line);
}

struct journal_record carry_record(const struct carry *carry, enum journal_kind kind, uint32_t seq, const struct book_time *now)
{
	struct journal_record record = {.kind = kind, .wall_ms = now->wall_ms, .boot_ns = now->boot_ns, .seq = seq};
	memcpy(record.boot_id, carry->config.boot_id, sizeof(record.boot_id));
	return record;
}

int carry_journal(struct carry *carry, const struct journal_record *record)
{
	int err = journal_append(carry->journal, record);
	if (err == OK && record->wall_ms > carry->floor_wall_ms)
		carry->floor_wall_ms = record->wall_ms;
	if (err == OK)
		return OK;
	int error = err == E_SYS ? errno : ENOMEM;
	snprintf(carry->why, sizeof(carry->why), "it cannot be journalled: %s", strerror(error));
	if (carry->counters.journal_failures++ == 0 || !carry->must_rewrite)
		log_line(LOG_LEVEL_ERROR, "journal_unwritable reason=\"%s\": no order begins; what is in force stays until it ends",
			strerror(error));
	return err;
}

/* Judging. */

static bool is_withdrawn(const struct carry *carry, const struct document_digest *digest)
{
	for (size_t i = 0; i < carry->withdrawn_count; i++) {
		if (document_digest_equal(&carry->withdrawn[i], digest))
			return true;
	}
	return false;
}

void carry_withdrawn_add(struct carry *carry, const struct document_digest *digest)
{
	if (is_withdrawn(carry, digest))
		return;
	if (carry->withdrawn_count == LIMIT_EFFECT_WITHDRAWN) {
		memmove(carry->withdrawn, carry->withdrawn + 1, --carry->withdrawn_count * sizeof(carry->withdrawn[0]));
		carry->counters.withdrawn_forgotten++;
	}
	carry->withdrawn[carry->withdrawn_count++] = *digest;
}

static enum carry_refusal sets_load(struct carry *carry, struct source_set *sets[static RULE_LIST_MAX])
{
	const struct rule_list *rules = &carry->judgement.order.rules;
	for (size_t i = 0; i < rules->count; i++) {
		if (rules->rules[i].source_set.count == 0)
			continue;
		int err = carry->config.sets_fd < 0 ? E_STATE
			: source_set_load(carry->config.sets_fd, &rules->rules[i].source_set, &sets[i]);
		if (err == OK)
			continue;
		snprintf(carry->why, sizeof(carry->why), "the source set of rule %zu: %s", i, err_name(err));
		return CARRY_SET_MISSING;
	}
	return CARRY_NOT_REFUSED;
}

static enum carry_refusal space_judge(struct carry *carry, struct source_set *const sets[static RULE_LIST_MAX])
{
	const struct order *order = &carry->judgement.order;
	const struct space *space = order->touches_protected ? carry->config.open : carry->config.guarded;
	for (size_t i = 0; i < order->rules.count; i++) {
		char complaint[RULE_COMPLAINT_BYTES];
		if (space_check(space, &order->rules.rules[i], sets[i], complaint) == OK)
			continue;
		snprintf(carry->why, sizeof(carry->why), "rule %zu: %s", i, complaint);
		return CARRY_PROTECTED_SPACE;
	}
	return CARRY_NOT_REFUSED;
}

static enum carry_refusal bundle_judge(struct carry *carry, const struct bundle *bundle, bool is_restored,
	const struct book_time *now)
{
	struct order_judgement *judgement = &carry->judgement;
	const struct document_digest digest = document_digest_of(bundle->order, strcspn(bundle->order, "\n"));
	const struct book_order *in_force = order_book_find(carry->book, &digest);
	const struct order_situation situation = {
		.effector = carry->config.effector,
		.now_wall_ms = now->wall_ms > carry->floor_wall_ms ? now->wall_ms : carry->floor_wall_ms, /* it never goes back */
		.counters = is_restored ? NULL : &carry->used,
		.in_force = in_force != NULL ? &digest : NULL,
		.memory = &carry->memory,
	};
	if (order_verify(carry->config.policy, bundle, &situation, judgement) != ORDER_ACCEPTED) {
		judgement->digest = digest;
		snprintf(carry->why, sizeof(carry->why), "%s", judgement->detail[0] != '\0' ? judgement->detail
			: order_verdict_words(judgement->verdict));
		return CARRY_VERDICT;
	}
	if (is_withdrawn(carry, &digest) || (judgement->is_standing && is_withdrawn(carry, &judgement->order.standing)))
		return CARRY_WITHDRAWN;
	return in_force != NULL || order_book_room(carry->book, &judgement->order) == OK ? CARRY_NOT_REFUSED : CARRY_FULL;
}

enum carry_refusal carry_judge(struct carry *carry, const char *line, size_t length_bytes, bool is_restored,
	const struct book_time *now, struct source_set *ret_sets[static RULE_LIST_MAX])
{
	struct bundle bundle;
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	memset(&carry->judgement.digest, 0, sizeof(carry->judgement.digest));
	carry->why[0] = '\0';
	if (bundle_parse(line, length_bytes, &bundle, complaint) != OK) {
		bundle_done(&bundle);
		snprintf(carry->why, sizeof(carry->why), "%s", complaint);
		return CARRY_UNREADABLE;
	}
	enum carry_refusal refusal = bundle_judge(carry, &bundle, is_restored, now);
	bundle_done(&bundle);
	if (refusal == CARRY_NOT_REFUSED)
		refusal = sets_load(carry, ret_sets);
	if (refusal == CARRY_NOT_REFUSED)
		refusal = space_judge(carry, ret_sets);
	for (size_t i = 0; i < RULE_LIST_MAX && refusal != CARRY_NOT_REFUSED; i++) {
		source_set_free(ret_sets[i]);
		ret_sets[i] = NULL;
	}
	return refusal;
}

/* Enforcing. */

enum carry_refusal carry_enforce(struct carry *carry, const struct book_order *without)
{
	const struct effector *hooks = carry->config.hooks;
	size_t count = order_book_entries(carry->book, without, carry->entries);
	char why[EFFECTOR_WHY_BYTES] = "";
	int err = hooks->apply(carry->config.place, carry->entries, count, why);
	enum carry_refusal refusal = err == OK ? CARRY_NOT_REFUSED
		: err == E_UNSUPPORTED || err == E_LIMIT ? CARRY_UNENFORCEABLE : CARRY_PLACE;
	if (err == OK) {
		err = hooks->read_back(carry->config.place, carry->entries, count, why);
		refusal = err == OK ? CARRY_NOT_REFUSED : err == E_STATE ? CARRY_MISMATCH : CARRY_PLACE;
	}
	if (refusal == CARRY_NOT_REFUSED)
		return refusal;
	carry->counters.place_failures++;
	snprintf(carry->why, sizeof(carry->why), "%s", why);
	log_line(LOG_LEVEL_ERROR, "not_enforced place=%s rules=%zu error=%s reason=\"%s\"", hooks->name, count, err_name(err), why);
	return refusal;
}

void carry_end(struct carry *carry, struct book_order *order, enum book_end end, const char *detail, const struct book_time *now)
{
	char why[ORDER_TEXT_BYTES];
	const struct journal_record record = carry_record(carry, JOURNAL_ENDED, order->seq, now);
	if (carry_journal(carry, &record) != OK)
		carry->must_rewrite = true;
	snprintf(why, sizeof(why), "%s: %s", book_end_name(end), detail[0] != '\0' ? detail : book_end_words(end));
	carry_tell(carry, order, &order->digest, RECEIPT_ENDED, why, now);
	log_line(LOG_LEVEL_NOTICE, "order_ended seq=%" PRIu32 " why=%s stopped_packets=%" PRIu64, order->seq, book_end_name(end),
		order->stopped.packets);
	order_book_end(carry->book, order, end);
	carry->must_enforce = true;
}

void carry_settle(struct carry *carry)
{
	if (carry->must_enforce)
		carry->must_enforce = carry_enforce(carry, NULL) != CARRY_NOT_REFUSED;
	for (size_t i = 0; i < carry->untold_count && !carry->must_enforce; i++) {
		carry->config.tell(carry->config.tell_arg, carry->untold[i]);
		free(carry->untold[i]);
	}
	if (!carry->must_enforce)
		carry->untold_count = 0;
}

/** An order that the place does not take: out again, and the place as it was. */
static enum carry_refusal order_undo(struct carry *carry, struct book_order *order, bool is_new, enum carry_refusal refusal,
	const struct book_time *now)
{
	char why[CARRY_WHY_BYTES];
	const struct journal_record record = carry_record(carry, JOURNAL_ENDED, order->seq, now);
	memcpy(why, carry->why, sizeof(why));
	if (!is_new) {
		carry_end(carry, order, BOOK_UNENFORCED, why, now); /* it was told to be in force */
	} else {
		if (carry_journal(carry, &record) != OK)
			carry->must_rewrite = true;
		order_book_end(carry->book, order, BOOK_UNENFORCED);
	}
	carry->must_enforce = true;
	carry_settle(carry);
	memcpy(carry->why, why, sizeof(why));
	return refusal;
}

/** Journals and enforces what was judged; takes the sets. */
static enum carry_refusal order_begin(struct carry *carry, const char *line, size_t length_bytes,
	struct source_set *sets[static RULE_LIST_MAX], const struct book_time *now)
{
	const struct order_judgement *judgement = &carry->judgement;
	struct book_order *order = order_book_find(carry->book, &judgement->digest);
	bool is_new = order == NULL;
	uint32_t seq = is_new ? carry->last_seq + 1 : order->seq;
	struct journal_record record = carry_record(carry, JOURNAL_ACCEPTED, seq, now);
	const struct book_terms terms = {.seq = seq, .bundle = strndup(line, length_bytes), .sets = sets, .now = *now};
	record.counter = judgement->order.counter;
	record.until_boot_ns = now->boot_ns + (judgement->until_ms - now->wall_ms) * NS_PER_MS;
	record.bundle = line;
	record.bundle_bytes = length_bytes;
	if (terms.bundle == NULL || seq > BOOK_SEQ_MAX || carry->must_rewrite || carry_journal(carry, &record) != OK) {
		free(terms.bundle);
		for (size_t i = 0; i < judgement->order.rules.count; i++)
			source_set_free(sets[i]);
		return CARRY_JOURNAL;
	}
	carry->last_seq = is_new ? seq : carry->last_seq;
	order_counters_take(&carry->used, judgement->order.counter);
	struct book_order *replaced = is_new ? order_book_replaced(carry->book, judgement) : NULL;
	order = order_book_take(carry->book, judgement, &terms);
	enum carry_refusal refusal = carry_enforce(carry, replaced);
	if (refusal != CARRY_NOT_REFUSED)
		return order_undo(carry, order, is_new, refusal, now);
	if (replaced != NULL) {
		carry_end(carry, replaced, BOOK_REPLACED, "", now);
		carry->must_enforce = false; /* it was left out already */
		carry_settle(carry);
	}
	carry_tell(carry, order, &order->digest, RECEIPT_APPLIED, "", now);
	log_line(LOG_LEVEL_NOTICE, "order_in_force seq=%" PRIu32 " counter=%" PRIu64 " rules=%zu ends_in_s=%" PRId64, seq,
		order->order.counter, order->order.rules.count, (order->until_boot_ns - now->boot_ns) / NS_PER_S);
	*(is_new ? &carry->counters.accepted : &carry->counters.ratified) += 1;
	return CARRY_NOT_REFUSED;
}

/* Withdrawals. */

/** Ends what a verified statement takes back. @return how many orders that were */
static size_t orders_withdraw(struct carry *carry, const struct order_statement *statement, const struct book_time *now)
{
	char why[ORDER_TEXT_BYTES];
	size_t ended = 0, count = 0;
	snprintf(why, sizeof(why), "by %s", statement->approval.by);
	(void)order_book_list(carry->book, &count);
	for (size_t i = count; i-- > 0;) {
		struct book_order *order = order_book_list(carry->book, &count)[i];
		enum order_class class = order->order.class;
		if (!order_withdrawal_counts(carry->config.policy, statement, class, order->order.requester, &order->digest) &&
			!(order->is_standing && order_withdrawal_counts(carry->config.policy, statement, class, order->standing_requester,
				&order->order.standing)))
			continue;
		carry_end(carry, order, BOOK_WITHDRAWN, why, now);
		ended++;
	}
	return ended;
}

static enum carry_refusal withdrawal_take(struct carry *carry, const char *statement_text, const struct book_time *now)
{
	const struct policy *policy = carry->config.policy;
	struct order_statement *statement = malloc(sizeof(*statement));
	char detail[ORDER_DETAIL_BYTES] = "";
	enum carry_refusal refusal = CARRY_MAY_NOT_WITHDRAW;
	if (statement == NULL)
		return CARRY_UNREADABLE;
	enum order_verdict verdict = order_verify_statement(policy, statement_text, statement, detail);
	snprintf(carry->why, sizeof(carry->why), "%s", detail[0] != '\0' ? detail : order_verdict_words(verdict));
	if (verdict == ORDER_ACCEPTED && statement->approval.act == APPROVAL_WITHDRAWAL) {
		struct document_digest subject = carry->judgement.digest = statement->approval.subject;
		enum order_class class = (enum order_class)policy_effector_find(policy, carry->config.effector)->class;
		bool is_known = orders_withdraw(carry, statement, now) > 0;
		refusal = is_known ? CARRY_NOT_REFUSED : CARRY_NOT_IN_FORCE;
		/* What a person with a role takes back stays so, should it come later; the authority can just not send it. */
		if (statement->person != NULL && order_withdrawal_counts(policy, statement, class, "", &subject)) {
			struct journal_record record = carry_record(carry, JOURNAL_WITHDRAWN, 0, now);
			record.digest = subject;
			carry_withdrawn_add(carry, &subject);
			if (carry_journal(carry, &record) != OK)
				carry->must_rewrite = true;
			refusal = CARRY_NOT_REFUSED;
		}
	}
	free(statement);
	if (refusal == CARRY_NOT_REFUSED)
		carry->counters.withdrawals++;
	return refusal;
}

/* Lines. */

static enum carry_refusal line_take(struct carry *carry, const char *line, size_t length_bytes, const struct book_time *now)
{
	struct withdrawal withdrawal;
	struct source_set *sets[RULE_LIST_MAX] = {NULL};
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	memset(&carry->judgement.digest, 0, sizeof(carry->judgement.digest));
	int err = withdrawal_parse(line, length_bytes, &withdrawal, complaint);
	enum carry_refusal refusal = err == OK ? withdrawal_take(carry, withdrawal.statement, now) : CARRY_CLOCK_BEHIND;
	withdrawal_done(&withdrawal);
	if (err == OK)
		return refusal;
	refusal = carry_judge(carry, line, length_bytes, false, now, sets);
	if (refusal == CARRY_NOT_REFUSED && (carry->is_waiting || carry_clock_is_behind(carry, now))) {
		for (size_t i = 0; i < RULE_LIST_MAX; i++)
			source_set_free(sets[i]);
		snprintf(carry->why, sizeof(carry->why), "the clock is %" PRId64 " s behind what the journal knows",
			(carry->floor_wall_ms - now->wall_ms) / 1000);
		return CARRY_CLOCK_BEHIND;
	}
	return refusal == CARRY_NOT_REFUSED ? order_begin(carry, line, length_bytes, sets, now) : refusal;
}

enum carry_refusal carry_line(struct carry *carry, const char *line, size_t length_bytes, const struct book_time *now)
{
	char why[CARRY_WHY_BYTES + 64];
	carry->counters.lines++;
	enum carry_refusal refusal = line_take(carry, line, length_bytes, now);
	if (refusal != CARRY_NOT_REFUSED) {
		enum order_verdict verdict = carry->judgement.verdict;
		carry->counters.refused[refusal]++;
		if (refusal == CARRY_VERDICT)
			carry->counters.verdicts[verdict]++;
		snprintf(why, sizeof(why), "%s: %s", refusal == CARRY_VERDICT ? order_verdict_name(verdict) : carry_refusal_name(refusal),
			carry->why);
		carry_tell(carry, NULL, &carry->judgement.digest, RECEIPT_REFUSED, why, now);
	}
	if (refusal == CARRY_NOT_REFUSED && !carry->is_waiting)
		carry_settle(carry);
	return refusal;
}

/* Time. */

/** Ends orders that cost too much or have nothing left to stop; tells of the others once in a while. */
static void orders_weigh(struct carry *carry, const struct book_time *now)
{
	size_t count = 0;
	(void)order_book_list(carry->book, &count);
	for (size_t i = count; i-- > 0;) {
		struct book_order *order = order_book_list(carry->book, &count)[i];
		char detail[ORDER_TEXT_BYTES] = "";
		if (order->collateral_permille > order->order.collateral_limit_permille) {
			snprintf(detail, sizeof(detail), "%u permille of known peers' packets, %u allowed", order->collateral_permille,
				order->order.collateral_limit_permille);
			carry_end(carry, order, BOOK_COLLATERAL, detail, now);
		} else if (carry->config.end_quiet_ms != 0 && order->is_standing && order->is_acting &&
			now->boot_ns - order->dropped_boot_ns >= (int64_t)carry->config.end_quiet_ms * NS_PER_MS) {
			carry_end(carry, order, BOOK_OVER, "", now);
		} else if (now->boot_ns - order->told_boot_ns >= (int64_t)carry->config.progress_ms * NS_PER_MS) {
			order->told_boot_ns = now->boot_ns;
			carry_tell(carry, order, &order->digest, RECEIPT_PROGRESS, "", now);
		}
	}
}

static void collateral_weigh(struct carry *carry, const struct book_time *now)
{
	size_t count = 0;
	struct book_order *const *orders = order_book_list(carry->book, &count);
	for (size_t i = 0; i < count && carry->config.collateral != NULL; i++) {
		struct book_order *order = orders[i];
		uint16_t dropped_permille[RULE_LIST_MAX];
		for (size_t k = 0; k < order->order.rules.count; k++) {
			const struct effect_counts *last = &order->last[k];
			dropped_permille[k] = last->matched_packets == 0 || last->dropped_packets > last->matched_packets ? 0
				: (uint16_t)((double)last->dropped_packets * 1000 / (double)last->matched_packets);
		}
		const struct collateral_question question = {&order->order.rules, order->sets, dropped_permille,
			order->order.touches_protected ? NULL : carry->config.guarded, order->since_boot_ns};
		order->collateral_permille = collateral_ask(carry->config.collateral, &question, now->boot_ns).lost_permille;
	}
}

static void orders_count(struct carry *carry, const struct book_time *now)
{
	const struct effector *hooks = carry->config.hooks;
	size_t count = order_book_entries(carry->book, NULL, carry->entries);
	carry->counted_boot_ns = now->boot_ns;
	if (count == 0)
		return;
	int err = hooks->counts(carry->config.place, carry->entries, count, carry->counts);
	if (err == OK) {
		order_book_count(carry->book, carry->counts, now);
	} else if (err == E_STATE) {
		carry->counters.place_losses++;
		carry->must_enforce = true;
		log_line(LOG_LEVEL_ERROR, "rules_lost place=%s: what is in force is put back", hooks->name);
	}
}

static void time_note(struct carry *carry, const struct book_time *now)
{
	size_t count = 0;
	(void)order_book_list(carry->book, &count);
	if (count == 0 || now->boot_ns - carry->noted_boot_ns < NOTE_EVERY_NS || carry_clock_is_behind(carry, now))
		return;
	const struct journal_record record = carry_record(carry, JOURNAL_TIME, 0, now);
	carry->noted_boot_ns = now->boot_ns;
	if (carry_journal(carry, &record) != OK)
		carry->must_rewrite = true;
}

void carry_tick(struct carry *carry, const struct book_time *now)
{
	enum book_end end = BOOK_NOT_ENDED;
	struct book_order *order;
	size_t untold = carry->untold_count;
	bool counts = now->boot_ns - carry->counted_boot_ns >= COUNT_EVERY_NS;
	if (carry->is_waiting)
		carry_restore(carry, now);
	order = order_book_due(carry->book, now, &end);
	if ((counts || order != NULL) && !carry->must_enforce)
		orders_count(carry, now);
	while ((order = order_book_due(carry->book, now, &end)) != NULL)
		carry_end(carry, order, end, "", now);
	if (counts) {
		collateral_weigh(carry, now);
		orders_weigh(carry, now);
	}
	time_note(carry, now);
	bool has_ended = carry->untold_count > untold, retries = now->boot_ns - carry->tried_boot_ns >= RETRY_NS;
	if (carry->must_enforce || carry->must_rewrite || journal_is_long(carry->journal))
		carry->tried_boot_ns = retries ? now->boot_ns : carry->tried_boot_ns;
	if ((retries || has_ended) && !carry->is_waiting)
		carry_settle(carry);
	if ((carry->must_rewrite || journal_is_long(carry->journal)) && retries)
		carry_rewrite(carry, now);
}

bool carry_is_waiting(const struct carry *carry)
{
	return carry->is_waiting;
}

bool carry_owes_journal(const struct carry *carry)
{
	return carry->must_rewrite;
}

bool carry_owes_place(const struct carry *carry)
{
	return carry->must_enforce;
}

const struct carry_counters *carry_counters_of(const struct carry *carry)
{
	return &carry->counters;
}

const struct order_book *carry_book(const struct carry *carry)
{
	return carry->book;
}
