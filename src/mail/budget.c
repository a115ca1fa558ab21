/* Histograms of ranks, a slot for each day. Sums run over a thousand places: microseconds, and only for what would be raised. */
#include "mail/budget.h"

#include <stdlib.h>

#include "core/err.h"

#define MS_PER_DAY INT64_C(86400000)
#define SLOTS (BUDGET_DAYS + 1)

uint32_t budget_place(uint32_t rank)
{
	uint32_t others = rank % 100, place = rank / 100 * 10 + (others < 9 ? others : 9);
	return place < BUDGET_PLACES ? place : BUDGET_PLACES - 1;
}

/** The slot of a day. A new one takes that of the day that was opened first: which day is the oldest, a wrong clock decides. */
static struct budget_day *day_open(struct budget *budget, int64_t day)
{
	struct budget_day *slot = &budget->days[0];
	for (size_t i = 0; i < SLOTS; i++) {
		struct budget_day *other = &budget->days[i];
		if (other->is_used && other->day == day)
			return other;
		if (slot->is_used && (!other->is_used || other->opened < slot->opened))
			slot = other;
	}
	*slot = (struct budget_day){.day = day, .is_used = true, .opened = ++budget->opened};
	return slot;
}

static bool is_recent(const struct budget *budget, const struct budget_day *slot)
{
	return slot->is_used && slot->day < budget->today && slot->day >= budget->today - BUDGET_DAYS;
}

static int number_compare(const void *one, const void *other)
{
	uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
	return a < b ? -1 : a > b;
}

/** The highest place that on the median of the days before as many candidates reach as a day has alerts. 0: there is none. */
static uint32_t bar_make(const struct budget *budget)
{
	uint32_t reached[BUDGET_DAYS + 1] = {0};
	for (uint32_t place = BUDGET_PLACES; place > 0; place--) {
		uint32_t sorted[BUDGET_DAYS + 1];
		size_t count = 0;
		for (size_t i = 0; i < SLOTS; i++) {
			if (!is_recent(budget, &budget->days[i]))
				continue;
			uint32_t more = budget->days[i].candidates[place - 1];
			reached[i] += more; /* a thousand places of a million: fits */
			sorted[count++] = reached[i];
		}
		if (count == 0)
			return 0;
		qsort(sorted, count, sizeof(sorted[0]), number_compare);
		if (sorted[(count - 1) / 2] >= budget->alerts_per_day)
			return place - 1;
	}
	return 0;
}

bool budget_go_on(struct budget *budget, int64_t now_wall_ms)
{
	int64_t day = now_wall_ms / MS_PER_DAY;
	if (now_wall_ms < 0 || budget->alerts_per_day == 0 || day == budget->today || day == budget->today - 1)
		return false;
	budget->today = day;
	(void)day_open(budget, day);
	budget->bar = bar_make(budget);
	return true;
}

/** How many of a day's alerts a candidate leaves, by how it stands among the recent ones at the bar and above, today's too. */
static uint32_t alerts_left(const struct budget *budget, uint32_t place)
{
	uint64_t stronger = 0, equal = 0, all = 0;
	for (size_t i = 0; i < SLOTS; i++) {
		const struct budget_day *slot = &budget->days[i];
		if (!is_recent(budget, slot) && !(slot->is_used && slot->day == budget->today))
			continue;
		for (uint32_t at = budget->bar; at < BUDGET_PLACES; at++) {
			all += slot->candidates[at];
			stronger += at > place ? slot->candidates[at] : 0;
		}
		equal += slot->candidates[place];
	}
	uint64_t above = 2 * stronger + equal; /* halves: of those of equal rank half count as stronger */
	if (above * 10 <= all || budget->alerts_per_day == 1)
		return 0;
	return (uint32_t)((above * budget->alerts_per_day + 4 * all - 1) / (4 * all));
}

bool budget_take(struct budget *budget, uint32_t rank, bool is_strongest)
{
	uint32_t place = budget_place(rank);
	if (budget->alerts_per_day == 0)
		return true;
	struct budget_day *today = day_open(budget, budget->today);
	today->candidates[place] += today->candidates[place] < BUDGET_CANDIDATES_MAX;
	bool is_raised = is_strongest ||
		(place >= budget->bar && today->raised < budget->alerts_per_day - alerts_left(budget, place));
	today->raised += is_raised && today->raised < UINT32_MAX;
	return is_raised;
}

void budget_restore(struct budget *budget, int64_t day, uint32_t place, uint32_t candidates, uint32_t raised)
{
	if (day < 0 || place >= BUDGET_PLACES)
		return;
	struct budget_day *slot = day_open(budget, day);
	slot->candidates[place] = candidates < BUDGET_CANDIDATES_MAX ? candidates : BUDGET_CANDIDATES_MAX;
	slot->raised += raised <= UINT32_MAX - slot->raised ? raised : 0;
}
