/*
 * The book: an array of orders, each allocated by itself (an order with its
 * rules has some 100 kB), in the order of their acceptance.
 */
#include "effect/order_book.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"

struct order_book {
	size_t count;
	size_t rule_count;
	struct book_order *spare; /* for the next order; NULL: not allocated */
	struct book_order *orders[LIMIT_EFFECT_ORDERS];
	struct book_counters counters;
};

static const struct {
	const char *name, *words;
} ends[BOOK_END_COUNT] = {
	[BOOK_NOT_ENDED] = {"in_force", "it is in force"},
	[BOOK_EXPIRED] = {"expired", "its time is over"},
	[BOOK_NOT_RATIFIED] = {"not_ratified", "it was not ratified in time"},
	[BOOK_WITHDRAWN] = {"withdrawn", "it was withdrawn"},
	[BOOK_REPLACED] = {"replaced", "a later order of the same finding took its place"},
	[BOOK_COLLATERAL] = {"collateral", "it cost more legitimate traffic than it may"},
	[BOOK_OVER] = {"over", "there was nothing left to stop"},
	[BOOK_UNVERIFIED] = {"unverified", "it did not stand up when it was verified again"},
	[BOOK_UNENFORCED] = {"unenforced", "the kernel does not hold its rules"},
};

const char *book_end_name(enum book_end end)
{
	return ends[(unsigned)end < BOOK_END_COUNT ? end : BOOK_NOT_ENDED].name;
}

const char *book_end_words(enum book_end end)
{
	return ends[(unsigned)end < BOOK_END_COUNT ? end : BOOK_NOT_ENDED].words;
}

struct order_book *order_book_new(void)
{
	return calloc(1, sizeof(struct order_book));
}

static void order_free(struct book_order *order)
{
	for (size_t i = 0; i < RULE_LIST_MAX; i++)
		source_set_free(order->sets[i]);
	free(order->bundle);
	free(order);
}

void order_book_free(struct order_book *book)
{
	if (book == NULL)
		return;
	for (size_t i = 0; i < book->count; i++)
		order_free(book->orders[i]);
	free(book->spare);
	free(book);
}

int order_book_room(struct order_book *book, const struct order *order)
{
	if (book->count == LIMIT_EFFECT_ORDERS) {
		book->counters.refused_orders++;
		return E_LIMIT;
	}
	if (order->rules.count > LIMIT_EFFECT_RULES - book->rule_count) {
		book->counters.refused_rules++;
		return E_LIMIT;
	}
	if (book->spare == NULL)
		book->spare = calloc(1, sizeof(*book->spare));
	return book->spare != NULL ? OK : E_NOMEM;
}

/** When an order ends on CLOCK_BOOTTIME, by what the wall clock says now. */
static int64_t boot_end(const struct book_terms *terms, int64_t until_wall_ms)
{
	int64_t left_ms = until_wall_ms - terms->now.wall_ms;
	int64_t end_boot_ns = terms->now.boot_ns + left_ms * NS_PER_MS;
	return terms->until_boot_ns != 0 && terms->until_boot_ns < end_boot_ns ? terms->until_boot_ns : end_boot_ns;
}

static bool is_acting(const struct rule_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->rules[i].action != RULE_COUNT)
			return true;
	}
	return false;
}

static void terms_set(struct book_order *order, const struct order_judgement *judgement, const struct book_terms *terms)
{
	free(order->bundle);
	order->bundle = terms->bundle;
	order->until_wall_ms = judgement->until_ms;
	order->until_boot_ns = boot_end(terms, judgement->until_ms);
	order->is_ratified = judgement->is_ratified;
	order->is_standing = judgement->is_standing;
	for (size_t i = 0; i < judgement->order.rules.count; i++) {
		source_set_free(order->sets[i]);
		order->sets[i] = terms->sets[i];
	}
}

struct book_order *order_book_take(struct order_book *book, const struct order_judgement *judgement,
	const struct book_terms *terms)
{
	struct book_order *order = order_book_find(book, &judgement->digest);
	if (order == NULL) {
		order = book->spare;
		ASSERT(order != NULL && book->count < LIMIT_EFFECT_ORDERS && terms->seq > 0 && terms->seq <= BOOK_SEQ_MAX);
		book->spare = NULL;
		order->seq = terms->seq;
		order->digest = judgement->digest;
		order->order = judgement->order;
		if (judgement->is_standing)
			memcpy(order->standing_requester, judgement->standing.requester, sizeof(order->standing_requester));
		order->is_acting = is_acting(&judgement->order.rules);
		order->since_boot_ns = order->dropped_boot_ns = order->told_boot_ns = terms->now.boot_ns;
		book->orders[book->count++] = order;
		book->rule_count += order->order.rules.count;
		book->counters.accepted++;
	}
	terms_set(order, judgement, terms);
	return order;
}

void order_book_end(struct order_book *book, struct book_order *order, enum book_end end)
{
	size_t at = 0;
	while (at < book->count && book->orders[at] != order)
		at++;
	ASSERT(at < book->count && end != BOOK_NOT_ENDED);
	book->rule_count -= order->order.rules.count;
	book->counters.ended[end]++;
	for (book->count--; at < book->count; at++)
		book->orders[at] = book->orders[at + 1];
	order_free(order);
}

struct book_order *order_book_find(const struct order_book *book, const struct document_digest *digest)
{
	for (size_t i = 0; i < book->count; i++) {
		if (document_digest_equal(&book->orders[i]->digest, digest))
			return book->orders[i];
	}
	return NULL;
}

struct book_order *const *order_book_list(const struct order_book *book, size_t *ret_count)
{
	*ret_count = book->count;
	return book->orders;
}

struct book_order *order_book_due(const struct order_book *book, const struct book_time *now, enum book_end *ret_end)
{
	for (size_t i = 0; i < book->count; i++) {
		struct book_order *order = book->orders[i];
		if (now->wall_ms < order->until_wall_ms && now->boot_ns < order->until_boot_ns)
			continue;
		*ret_end = order->order.is_urgent && !order->is_ratified ? BOOK_NOT_RATIFIED : BOOK_EXPIRED;
		return order;
	}
	return NULL;
}

struct book_order *order_book_replaced(const struct order_book *book, const struct order_judgement *judgement)
{
	const struct order *later = &judgement->order;
	bool has_finding = strspn(later->finding, "0") < strlen(later->finding);
	for (size_t i = 0; i < book->count && has_finding && judgement->is_standing; i++) {
		const struct order *earlier = &book->orders[i]->order;
		if (book->orders[i]->is_standing && strcmp(earlier->finding, later->finding) == 0 && earlier->counter < later->counter &&
			document_digest_equal(&earlier->standing, &later->standing))
			return book->orders[i];
	}
	return NULL;
}

size_t order_book_entries(const struct order_book *book, const struct book_order *without,
	struct effect_entry ret_entries[static LIMIT_EFFECT_RULES])
{
	size_t count = 0;
	for (size_t i = 0; i < book->count; i++) {
		const struct book_order *order = book->orders[i];
		for (size_t k = 0; k < order->order.rules.count && order != without; k++) {
			ret_entries[count++] = (struct effect_entry){
				.id = order->seq * RULE_LIST_MAX + (uint32_t)k,
				.rule = &order->order.rules.rules[k],
				.set = order->sets[k],
				.expires_boot_ns = order->until_boot_ns,
				.touches_protected = order->order.touches_protected,
			};
		}
	}
	return count;
}

/** The sum of a counter whose place may have begun at 0 again since it was read last. */
static uint64_t sum_of(uint64_t now, uint64_t *last, uint64_t *before)
{
	if (now < *last)
		*before += *last;
	*last = now;
	return *before + now;
}

static void rule_count(struct book_order *order, size_t at, const struct effect_counts *now)
{
	struct effect_counts *last = &order->last[at], *before = &order->before[at];
	uint64_t matched_packets = sum_of(now->matched_packets, &last->matched_packets, &before->matched_packets);
	uint64_t matched_bytes = sum_of(now->matched_bytes, &last->matched_bytes, &before->matched_bytes);
	uint64_t dropped_packets = sum_of(now->dropped_packets, &last->dropped_packets, &before->dropped_packets);
	uint64_t dropped_bytes = sum_of(now->dropped_bytes, &last->dropped_bytes, &before->dropped_bytes);
	bool is_limit = order->order.rules.rules[at].action == RULE_LIMIT;
	struct receipt_count *dropped = is_limit ? &order->limited : &order->stopped;
	dropped->packets += dropped_packets;
	dropped->bytes += dropped_bytes;
	/* The two are not read at one instant: of a rule that drops all, some may be matched and not yet dropped. */
	order->passed.packets += matched_packets > dropped_packets ? matched_packets - dropped_packets : 0;
	order->passed.bytes += matched_bytes > dropped_bytes ? matched_bytes - dropped_bytes : 0;
}

void order_book_count(struct order_book *book, const struct effect_counts *counts, const struct book_time *now)
{
	for (size_t i = 0; i < book->count; i++) {
		struct book_order *order = book->orders[i];
		uint64_t dropped_packets = order->stopped.packets + order->limited.packets;
		order->stopped = order->limited = order->passed = (struct receipt_count){0};
		for (size_t k = 0; k < order->order.rules.count; k++)
			rule_count(order, k, counts++);
		if (order->stopped.packets + order->limited.packets > dropped_packets)
			order->dropped_boot_ns = now->boot_ns;
	}
}

const struct book_counters *order_book_counters(const struct order_book *book)
{
	return &book->counters;
}
