/*
 * What is stopped a second is how much the sums of the orders in force grew
 * since the last time. Each is known by its seq; both lists are in the order
 * of acceptance, so one pass compares them. What an order stopped after it was
 * looked at last and before it ended is not in it: its receipt has the whole.
 */
#include "effect/pulse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"

#define TELL_EVERY_NS NS_PER_S

/** What keeps an effector from its work; how long it did, since the process began. */
enum hindrance { HINDRANCE_CLOCK = 0, HINDRANCE_JOURNAL, HINDRANCE_PLACE, HINDRANCE_COUNT };
static const char *const hindrance_reasons[HINDRANCE_COUNT] = {
	[HINDRANCE_CLOCK] = "waits_for_clock_s",
	[HINDRANCE_JOURNAL] = "journal_behind_s",
	[HINDRANCE_PLACE] = "place_behind_s",
};

/** An order as it was the last time. */
struct seen_order {
	uint32_t seq;
	uint64_t stopped_packets;
};

struct pulse {
	struct health health;
	int64_t turned_boot_ns, taken_boot_ns;
	int64_t hindered_ns[HINDRANCE_COUNT];
	size_t seen_count;
	struct seen_order seen[LIMIT_EFFECT_ORDERS];
};

int pulse_new(const char *effector, const char *member, const struct book_time *now, struct pulse **ret_pulse)
{
	struct pulse *pulse = calloc(1, sizeof(*pulse));
	if (pulse == NULL)
		return E_NOMEM;
	struct health *health = &pulse->health;
	health->started_ms = now->wall_ms > 0 ? now->wall_ms : 0;
	pulse->turned_boot_ns = pulse->taken_boot_ns = now->boot_ns;
	snprintf(health->member, sizeof(health->member), "%s", member);
	snprintf(health->process, sizeof(health->process), "%s", effector);
	snprintf(health->program, sizeof(health->program), "hinomi-effect " HINOMI_VERSION);
	*ret_pulse = pulse;
	return OK;
}

void pulse_free(struct pulse *pulse)
{
	free(pulse);
}

bool pulse_turn(struct pulse *pulse, const struct carry *carry, const struct book_time *now)
{
	const bool is_hindered[HINDRANCE_COUNT] = {
		[HINDRANCE_CLOCK] = carry_is_waiting(carry),
		[HINDRANCE_JOURNAL] = carry_owes_journal(carry),
		[HINDRANCE_PLACE] = carry_owes_place(carry),
	};
	int64_t passed_ns = now->boot_ns > pulse->turned_boot_ns ? now->boot_ns - pulse->turned_boot_ns : 0;
	for (size_t i = 0; i < HINDRANCE_COUNT; i++)
		pulse->hindered_ns[i] += is_hindered[i] ? passed_ns : 0;
	pulse->turned_boot_ns = now->boot_ns;
	return now->boot_ns - pulse->taken_boot_ns >= TELL_EVERY_NS;
}

/** By how many packets the orders in force have stopped more than the last time. Those that are new grew from nothing. */
static uint64_t orders_follow(struct pulse *pulse, const struct order_book *book, uint32_t *ret_rules)
{
	size_t count = 0, at = 0;
	struct book_order *const *orders = order_book_list(book, &count);
	struct seen_order seen[LIMIT_EFFECT_ORDERS];
	uint64_t grown_packets = 0;
	*ret_rules = 0;
	for (size_t i = 0; i < count && i < LIMIT_EFFECT_ORDERS; i++) {
		seen[i] = (struct seen_order){orders[i]->seq, orders[i]->stopped.packets + orders[i]->limited.packets};
		*ret_rules += (uint32_t)orders[i]->order.rules.count;
		while (at < pulse->seen_count && pulse->seen[at].seq < seen[i].seq)
			at++;
		uint64_t before = at < pulse->seen_count && pulse->seen[at].seq == seen[i].seq ? pulse->seen[at].stopped_packets : 0;
		grown_packets += seen[i].stopped_packets > before ? seen[i].stopped_packets - before : 0;
	}
	pulse->seen_count = count < LIMIT_EFFECT_ORDERS ? count : LIMIT_EFFECT_ORDERS;
	memcpy(pulse->seen, seen, pulse->seen_count * sizeof(seen[0]));
	return grown_packets;
}

const struct health *pulse_take(struct pulse *pulse, const struct carry *carry, const struct channel_counters *channel,
	const struct book_time *now)
{
	struct health *health = &pulse->health;
	const struct carry_counters *counters = carry_counters_of(carry);
	uint64_t grown_packets = orders_follow(pulse, carry_book(carry), &health->rules), refused = 0;
	int64_t passed_ms = (now->boot_ns - pulse->taken_boot_ns) / NS_PER_MS;
	pulse->taken_boot_ns = now->boot_ns;
	health->at_ms = now->wall_ms > health->started_ms ? now->wall_ms : health->started_ms;
	health->rates.dropped_pps = (uint64_t)((double)grown_packets * 1000 / (double)(passed_ms > 0 ? passed_ms : 1));
	for (size_t i = 0; i < CARRY_REFUSAL_COUNT; i++)
		refused += counters->refused[i];
	const struct health_loss losses[] = {
		{"orders_refused", refused},
		{"journal_failures", counters->journal_failures},
		{"place_failures", counters->place_failures},
		{"rules_lost", counters->place_losses},
		{"withdrawn_forgotten", counters->withdrawn_forgotten},
		{"receipts", channel->receipts_lost},
		{"strangers", channel->strangers},
		{"lines_too_long", channel->too_long},
		{"health", channel->passing_lost},
	};
	health->loss_count = 0;
	for (size_t i = 0; i < ARRAY_LEN(losses); i++)
		health_loss_add(health, losses[i].reason, losses[i].count);
	for (size_t i = 0; i < HINDRANCE_COUNT; i++)
		health_loss_add(health, hindrance_reasons[i], (uint64_t)((pulse->hindered_ns[i] + NS_PER_S - 1) / NS_PER_S));
	return health;
}
