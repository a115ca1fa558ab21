/*
 * What an effector remembers over a restart, and how it begins again: every
 * bundle that the journal says is in force is judged anew, as if it came in
 * now, but for its counter. What does not stand up any more is ended.
 *
 * Ends on CLOCK_BOOTTIME that the journal has hold as long as the kernel runs,
 * so that no clock set back meanwhile prolongs an order. After a reboot the
 * wall clock is all there is; while it shows a time before the latest that
 * the journal knows, it is not believed, and nothing begins.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "effect/carry_state.h"

static struct carry_pending *pending_find(struct carry *carry, uint32_t seq)
{
	for (size_t i = 0; i < carry->pending_count; i++) {
		if (carry->pending[i].seq == seq)
			return &carry->pending[i];
	}
	return NULL;
}

static void pending_remove(struct carry *carry, struct carry_pending *pending)
{
	if (pending == NULL)
		return;
	size_t at = (size_t)(pending - carry->pending);
	free(pending->bundle);
	memmove(pending, pending + 1, (--carry->pending_count - at) * sizeof(*pending));
}

static int accepted_remember(struct carry *carry, const struct journal_record *record)
{
	struct carry_pending *pending = pending_find(carry, record->seq);
	bool is_same_boot = memcmp(record->boot_id, carry->config.boot_id, sizeof(record->boot_id)) == 0;
	char *bundle = malloc(record->bundle_bytes + 1);
	if (bundle == NULL)
		return E_NOMEM;
	memcpy(bundle, record->bundle, record->bundle_bytes); /* in the journal it has no NUL behind it */
	bundle[record->bundle_bytes] = '\0';
	if (pending == NULL && carry->pending_count == LIMIT_EFFECT_ORDERS) {
		free(bundle); /* more than can be in force: the journal is not one of ours */
		return E_MALFORMED;
	}
	if (pending == NULL)
		pending = &carry->pending[carry->pending_count++];
	else
		free(pending->bundle);
	*pending = (struct carry_pending){record->seq, is_same_boot ? record->until_boot_ns : 0, bundle};
	order_counters_take(&carry->used, record->counter);
	return OK;
}

int carry_remember(void *context, const struct journal_record *record)
{
	struct carry *carry = context;
	if (record->wall_ms > carry->floor_wall_ms)
		carry->floor_wall_ms = record->wall_ms;
	if (record->seq > carry->last_seq)
		carry->last_seq = record->seq;
	switch (record->kind) {
	case JOURNAL_ACCEPTED:
		return accepted_remember(carry, record);
	case JOURNAL_ENDED:
		pending_remove(carry, pending_find(carry, record->seq));
		return OK;
	case JOURNAL_WITHDRAWN:
		carry_withdrawn_add(carry, &record->digest);
		return OK;
	case JOURNAL_COUNTERS:
		carry->used = *record->counters;
		return OK;
	case JOURNAL_TIME:
	case JOURNAL_UNKNOWN:
	case JOURNAL_KIND_COUNT:
		break;
	}
	return OK;
}

/** Ends an order that the journal has and that does not come back. */
static void pending_refuse(struct carry *carry, const struct carry_pending *pending, enum carry_refusal refusal,
	const struct book_time *now)
{
	char why[CARRY_WHY_BYTES + 64];
	enum order_verdict verdict = carry->judgement.verdict;
	bool is_over = refusal == CARRY_VERDICT && (verdict == ORDER_EXPIRED || verdict == ORDER_NOT_RATIFIED);
	snprintf(why, sizeof(why), "%s: %s: %s", is_over ? book_end_name(BOOK_EXPIRED) : book_end_name(BOOK_UNVERIFIED),
		refusal == CARRY_VERDICT ? order_verdict_name(verdict) : carry_refusal_name(refusal), carry->why);
	const struct journal_record record = carry_record(carry, JOURNAL_ENDED, pending->seq, now);
	if (carry_journal(carry, &record) != OK)
		carry->must_rewrite = true;
	carry_tell(carry, NULL, &carry->judgement.digest, RECEIPT_ENDED, why, now);
	log_line(LOG_LEVEL_NOTICE, "order_not_restored seq=%" PRIu32 " why=\"%s\"", pending->seq, why);
}

/** Judges one pending order anew; takes its bundle. */
static void pending_restore(struct carry *carry, struct carry_pending *pending, const struct book_time *now)
{
	struct source_set *sets[RULE_LIST_MAX] = {NULL};
	enum carry_refusal refusal = carry_judge(carry, pending->bundle, strlen(pending->bundle), true, now, sets);
	if (refusal != CARRY_NOT_REFUSED) {
		pending_refuse(carry, pending, refusal, now);
		free(pending->bundle);
		return;
	}
	const struct book_terms terms = {pending->seq, pending->bundle, sets, *now, pending->until_boot_ns};
	(void)order_book_take(carry->book, &carry->judgement, &terms);
}

void carry_restore(struct carry *carry, const struct book_time *now)
{
	carry->is_waiting = carry_clock_is_behind(carry, now);
	if (carry->is_waiting)
		return;
	for (size_t i = 0; i < carry->pending_count; i++)
		pending_restore(carry, &carry->pending[i], now);
	carry->pending_count = 0;
	carry->must_enforce = carry_enforce(carry, NULL) != CARRY_NOT_REFUSED;
	size_t count = 0;
	struct book_order *const *orders = order_book_list(carry->book, &count);
	for (size_t i = 0; i < count && !carry->must_enforce; i++)
		carry_tell(carry, orders[i], &orders[i]->digest, RECEIPT_APPLIED, "restored", now);
	log_line(LOG_LEVEL_NOTICE, "restored orders=%zu enforced=%d", count, !carry->must_enforce);
}

void carry_begin(struct carry *carry, struct journal *journal, bool is_clock_right, const struct book_time *now)
{
	carry->journal = journal;
	if (is_clock_right && carry_clock_is_behind(carry, now)) {
		carry->floor_wall_ms = now->wall_ms;
		carry->must_rewrite = true;
	}
	carry_restore(carry, now);
	if (carry->is_waiting)
		log_line(LOG_LEVEL_ERROR, "clock_behind seconds=%" PRId64 ": nothing begins until it has come that far; "
			"if it is right now, start once with --clock-is-right", (carry->floor_wall_ms - now->wall_ms) / 1000);
	else if (carry->must_rewrite)
		carry_rewrite(carry, now);
}

/* Writing the journal anew. */

struct rewriting {
	struct carry *carry;
	const struct book_time *now;
	size_t step; /* 0: counters; then what is withdrawn; then orders */
};

static bool record_next(void *context, struct journal_record *ret_record)
{
	struct rewriting *rewriting = context;
	struct carry *carry = rewriting->carry;
	size_t count = 0, step = rewriting->step++;
	struct book_order *const *orders = order_book_list(carry->book, &count);
	if (step == 0) {
		*ret_record = carry_record(carry, JOURNAL_COUNTERS, carry->last_seq, rewriting->now);
		ret_record->counters = &carry->used;
		return true;
	}
	step -= 1;
	if (step < carry->withdrawn_count) {
		*ret_record = carry_record(carry, JOURNAL_WITHDRAWN, 0, rewriting->now);
		ret_record->digest = carry->withdrawn[step];
		return true;
	}
	step -= carry->withdrawn_count;
	if (step >= count)
		return false;
	*ret_record = carry_record(carry, JOURNAL_ACCEPTED, orders[step]->seq, rewriting->now);
	ret_record->counter = orders[step]->order.counter;
	ret_record->until_boot_ns = orders[step]->until_boot_ns;
	ret_record->bundle = orders[step]->bundle;
	ret_record->bundle_bytes = strlen(orders[step]->bundle);
	return true;
}

void carry_rewrite(struct carry *carry, const struct book_time *now)
{
	/* The latest time that is known must not get lost with the old records. */
	const struct book_time then = {now->wall_ms > carry->floor_wall_ms ? now->wall_ms : carry->floor_wall_ms, now->boot_ns};
	struct rewriting rewriting = {carry, &then, 0};
	int err = journal_rewrite(carry->journal, record_next, &rewriting);
	if (err == OK)
		carry->must_rewrite = false;
	else
		carry->counters.journal_failures++;
}
