/* The day's alerts in a clock of our own: floods, quiet days, ranks that are stronger or weaker, and clocks that jump. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/budget.h"

#define DAY_MS INT64_C(86400000)
#define T0_MS (INT64_C(20000) * DAY_MS)
#define WEAK 6101 /* rank: 61 percent, one reason */
#define MIDDLE 7401
#define STRONG 8802

static struct budget budget;

static void start(uint32_t alerts_per_day)
{
	budget = (struct budget){.alerts_per_day = alerts_per_day};
}

static uint32_t raised_on(const struct budget *of, int64_t day)
{
	for (size_t i = 0; i < BUDGET_DAYS + 1; i++) {
		if (of->days[i].is_used && of->days[i].day == day)
			return of->days[i].raised;
	}
	return 0;
}

/** So many mails of a rank at a time. @return how many are raised */
static uint32_t send(int64_t at_ms, uint32_t rank, uint32_t count)
{
	uint32_t raised = 0;
	for (uint32_t i = 0; i < count; i++) {
		(void)budget_go_on(&budget, at_ms);
		raised += budget_take(&budget, rank, false);
	}
	return raised;
}

/** An ordinary day: forty weak ones, six in the middle, now and then a strong one. @return how many are raised */
static uint32_t ordinary_day(int64_t day)
{
	uint32_t raised = 0;
	for (int64_t hour = 0; hour < 24; hour++) {
		int64_t at_ms = T0_MS + day * DAY_MS + hour * DAY_MS / 24;
		raised += send(at_ms, WEAK, hour % 3 == 0 ? 5 : 0);
		raised += send(at_ms, MIDDLE, hour % 4 == 1);
		raised += send(at_ms, STRONG, hour == 20 && day % 2 == 0);
	}
	return raised;
}

static void without_a_bound_all_are_raised(void **state)
{
	(void)state;
	start(0);
	assert_int_equal(send(T0_MS, WEAK, 1000), 1000);
}

static void a_day_never_has_more_than_its_budget(void **state)
{
	(void)state;
	static const uint32_t budgets[] = {1, 2, 3, 10, 500};
	for (size_t i = 0; i < sizeof(budgets) / sizeof(budgets[0]); i++) {
		start(budgets[i]);
		for (int64_t day = 0; day < 40; day++) {
			uint32_t raised = 0;
			for (int64_t hour = 0; hour < 24; hour++) {
				for (uint32_t rank = 6001; rank < 9000; rank += 217)
					raised += send(T0_MS + day * DAY_MS + hour * DAY_MS / 24, rank, (uint32_t)(1 + (day * 7 + hour) % 5));
			}
			assert_in_range(raised, 1, budgets[i]);
		}
	}
}

static void a_flood_of_weak_ones_leaves_room_for_a_strong_one_later_that_day(void **state)
{
	(void)state;
	static const uint32_t budgets[] = {2, 3, 10, 100};
	for (size_t i = 0; i < sizeof(budgets) / sizeof(budgets[0]); i++) {
		for (int64_t days_before = 0; days_before <= 20; days_before += 5) { /* with no history, and with one */
			start(budgets[i]);
			for (int64_t day = 0; day < days_before; day++)
				(void)ordinary_day(day);
			int64_t flood_ms = T0_MS + days_before * DAY_MS + DAY_MS / 3;
			assert_in_range(send(flood_ms, WEAK, 5000), 0, budgets[i] - 1);
			assert_int_equal(send(flood_ms + DAY_MS / 4, STRONG, 1), 1);
		}
	}
}

static void the_strongest_kinds_are_raised_whatever_is_left(void **state)
{
	(void)state;
	start(1);
	assert_int_equal(send(T0_MS, STRONG, 3), 1);
	(void)budget_go_on(&budget, T0_MS + 1);
	assert_true(budget_take(&budget, 9403, true));
	assert_true(budget_take(&budget, 9403, true));
	assert_int_equal(send(T0_MS + 2, STRONG, 1), 0); /* and they count */
	assert_int_equal(raised_on(&budget, 20000), 3);
}

/* On days of 47 candidates and more, seven alerts go to those in the middle and above, although the weak ones come first. */
static void the_bar_comes_from_the_days_before(void **state)
{
	(void)state;
	start(7);
	for (int64_t day = 0; day < 20; day++)
		(void)ordinary_day(day);
	(void)budget_go_on(&budget, T0_MS + 20 * DAY_MS);
	assert_int_equal(budget.bar, budget_place(WEAK)); /* six in the middle and half a strong one are not yet seven */
	start(6);
	for (int64_t day = 0; day < 20; day++)
		(void)ordinary_day(day);
	int64_t next_ms = T0_MS + 20 * DAY_MS;
	(void)budget_go_on(&budget, next_ms);
	assert_int_equal(budget.bar, budget_place(MIDDLE));
	assert_int_equal(send(next_ms, WEAK, 5), 0);
	assert_in_range(ordinary_day(20), 4, 6);
}

/* The day after a flood, and a fortnight of them, is judged by ordinary days. */
static void one_flooded_day_does_not_raise_the_bar(void **state)
{
	(void)state;
	start(10);
	for (int64_t day = 0; day < 10; day++)
		assert_in_range(send(T0_MS + day * DAY_MS, WEAK, 4), 3, 4);
	(void)send(T0_MS + 10 * DAY_MS, MIDDLE, 3000);
	for (int64_t day = 11; day < 30; day++)
		assert_in_range(send(T0_MS + day * DAY_MS, WEAK, 4), 3, 4);
}

static void quiet_days_lower_the_bar(void **state)
{
	(void)state;
	start(5);
	for (int64_t day = 0; day < 5; day++)
		(void)send(T0_MS + day * DAY_MS, MIDDLE, 50);
	assert_int_equal(send(T0_MS + 5 * DAY_MS, WEAK, 5), 0);
	for (int64_t day = 6; day < 15; day++)
		(void)budget_go_on(&budget, T0_MS + day * DAY_MS);
	assert_in_range(send(T0_MS + 15 * DAY_MS, WEAK, 5), 2, 5);
}

static void clocks_that_jump_give_no_second_budget(void **state)
{
	(void)state;
	start(4);
	uint32_t raised = send(T0_MS, STRONG, 50);
	raised += send(T0_MS - 1, STRONG, 50); /* the day before, by a clock that was set back */
	raised += send(T0_MS + 1, STRONG, 50);
	assert_in_range(raised, 1, 4);
	assert_true(budget_go_on(&budget, T0_MS + 500 * DAY_MS)); /* far ahead by mistake, and back */
	assert_in_range(send(T0_MS + 500 * DAY_MS, STRONG, 9), 1, 4);
	assert_int_equal(send(T0_MS + 2, STRONG, 50), 0); /* this day's were given out */
	assert_true(budget_go_on(&budget, 0)); /* a clock that has lost its battery */
	assert_in_range(send(0, STRONG, 9), 1, 4);
	assert_int_equal(send(T0_MS + 3, STRONG, 50), 0);
	assert_in_range(send(T0_MS + DAY_MS, STRONG, 9), 1, 4);
	assert_false(budget_go_on(&budget, -1));
}

/* A fortnight of ordinary days, then a clock that is wrong in each direction: what is usual is what it was. */
static void clocks_that_jump_leave_what_is_usual(void **state)
{
	(void)state;
	static const int64_t jumps[] = {-20000, 3, 2900000 - 20000};
	for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		start(6);
		for (int64_t day = 0; day < 20; day++)
			(void)ordinary_day(day);
		uint32_t raised = raised_on(&budget, 20019);
		(void)send(T0_MS + (19 + jumps[i]) * DAY_MS, WEAK, 50);
		assert_in_range(raised_on(&budget, 20019 + jumps[i]), 0, 6);
		(void)budget_go_on(&budget, T0_MS + 19 * DAY_MS + 1);
		assert_int_equal(raised_on(&budget, 20019), raised);
		int64_t next_ms = T0_MS + 20 * DAY_MS;
		(void)budget_go_on(&budget, next_ms);
		assert_int_equal(budget.bar, budget_place(MIDDLE));
		for (int64_t day = 20; day < 24; day++)
			assert_in_range(ordinary_day(day), 1, 6);
	}
}

static void a_restart_forgets_nothing(void **state)
{
	(void)state;
	start(6);
	for (int64_t day = 0; day < 20; day++)
		(void)ordinary_day(day);
	struct budget before = budget;
	start(6);
	for (size_t i = 0; i < BUDGET_DAYS + 1; i++) {
		for (uint32_t place = 0; place < BUDGET_PLACES; place++)
			budget_restore(&budget, before.days[i].day, place, before.days[i].candidates[place],
				place == 0 ? before.days[i].raised : 0);
	}
	budget_restore(&budget, 20019, BUDGET_PLACES, 9, 9);
	budget_restore(&budget, -1, 0, 9, 9);
	(void)budget_go_on(&budget, T0_MS + 19 * DAY_MS + 1);
	assert_int_equal(budget.bar, before.bar);
	uint32_t raised = send(T0_MS + 19 * DAY_MS + 1, MIDDLE, 50) + raised_on(&before, 20019);
	assert_int_equal(raised, 6 - 2); /* two are left for stronger ones */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_bound_all_are_raised),
		cmocka_unit_test(a_day_never_has_more_than_its_budget),
		cmocka_unit_test(a_flood_of_weak_ones_leaves_room_for_a_strong_one_later_that_day),
		cmocka_unit_test(the_strongest_kinds_are_raised_whatever_is_left),
		cmocka_unit_test(the_bar_comes_from_the_days_before),
		cmocka_unit_test(one_flooded_day_does_not_raise_the_bar),
		cmocka_unit_test(quiet_days_lower_the_bar),
		cmocka_unit_test(clocks_that_jump_give_no_second_budget),
		cmocka_unit_test(clocks_that_jump_leave_what_is_usual),
		cmocka_unit_test(a_restart_forgets_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
