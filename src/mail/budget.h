/*
 * A day's alerts: of the mails that would be tagged, about as many as people have time for, and the strongest. A stream cannot
 * be sorted, so each is decided when it comes, by what the last days brought:
 *
 *   bar    the highest rank that on the median day as many mails reach as there are alerts. What is below is not raised. A
 *          median, so that one flooded day does not raise the bar of the days after it.
 *   share  of those at the bar and above, the strongest twentieth may use all alerts of the day; each other leaves some for
 *          what is stronger: up to half, by the share of recent ones that are. So a flood of one rank leaves some for them.
 *   always the strongest kinds (those strong enough to be held) are raised whatever is left, and count.
 *
 * A day is one of UTC. Pure: time is the caller's. What is not raised is counted too, and is for the caller to report. A clock
 * that is wrong and right again, however far, finds its day as it was: a day is kept until BUDGET_DAYS others have begun after it,
 * and gives out its alerts once. Only days of the fortnight before today say what is usual.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BUDGET_DAYS 14 /* days looked back on */
#define BUDGET_CANDIDATES_MAX 1000000 /* of one rank on one day; more count as so many */
#define BUDGET_PLACES 1010 /* ranks that are told apart: ten for each percent of confidence */

/** One day that was lived through. */
struct budget_day {
	int64_t day; /* since 1970; of a slot that is used */
	bool is_used;
	uint32_t opened; /* which of the days it was, in the order in which they were opened */
	uint32_t candidates[BUDGET_PLACES]; /* mails that would be tagged or held, by place */
	uint32_t raised;
};

struct budget {
	uint32_t alerts_per_day; /* 0: no bound */
	int64_t today;
	uint32_t bar; /* place from which a candidate may be raised; made once a day */
	uint32_t opened; /* days so far */
	struct budget_day days[BUDGET_DAYS + 1]; /* those opened last: today and those before it, and what a wrong clock told */
};

/** The place of a verdict's rank (mail_verdict.rank: 100 times its confidence, and its number of reasons). */
uint32_t budget_place(uint32_t rank);

/**
 * Notes that time is going on, with each mail, so that a day without candidates is one as well.
 *
 * @param budget zeroed at first, but for alerts_per_day
 * @param now_wall_ms may go back by a day: it then counts as the day it was; by more, and it is that day again
 * @return whether a new day began
 */
bool budget_go_on(struct budget *budget, int64_t now_wall_ms);

/**
 * Decides on a mail that would be tagged or held, and counts it for today.
 *
 * @param budget after budget_go_on()
 * @param rank of the verdict
 * @param is_strongest raised in any case
 * @return whether it is raised
 */
bool budget_take(struct budget *budget, uint32_t rank, bool is_strongest);

/**
 * Puts back what was counted before a restart; then budget_go_on().
 *
 * @param budget zeroed, but for alerts_per_day and what was put back before
 * @param day since 1970
 * @param place below BUDGET_PLACES, else passed over
 * @param candidates of it
 * @param raised of these
 */
void budget_restore(struct budget *budget, int64_t day, uint32_t place, uint32_t candidates, uint32_t raised);
