/*
 * The course of an exercise: for each attack when its first packet came,
 * when it was found, ordered, in force, when its clients were well again and
 * when the rule was gone; and in the end whether all that was right.
 *
 * No clock and no I/O but the final lists: it is handed events with times.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "exercise/clients.h"
#include "exercise/defence.h"
#include "exercise/place.h"
#include "exercise/scenario.h"
#include "exercise/score.h"

#define COURSE_ORDERS_MAX 64 /* later ones are not followed, and counted */
#define COURSE_FINDINGS_MAX 64 /* likewise */

/** One attack; times are of the wall clock in ns, 0: has not happened. */
struct course_attack {
	int64_t ordered_ns; /* an order was made */
	int64_t force_ns; /* the first time that one was in force */
	int64_t well_ns; /* all requests of a second were served again */
	int64_t gone_ns; /* the last one is no longer in force */
	int64_t applied_ns; /* by the ledger: the first receipt that a rule was in force */
	int64_t ended_ns; /* by the ledger: the last receipt that it no longer was */
	size_t in_force; /* orders */
	bool has_standing;
	bool is_urgent;
	bool is_refused; /* by people */
	bool is_ratified;
	bool is_lapsed;
	struct order_effect predicted; /* of the order that came into force first */
	struct place_counts from_counts; /* when it came into force */
	struct place_counts to_counts; /* at the end of the attack, or when it was gone */
	uint64_t from_sent; /* attack packets sent until then */
	uint64_t to_sent;
};

struct course_finding {
	char id[FINDING_ID_BYTES];
	size_t attack;
};

struct course_order {
	char id[ORDER_ID_BYTES];
	size_t attack;
	bool is_in_force;
	bool is_applied; /* by the ledger, as is the next */
	bool is_denied; /* the effector refused it, or something said about it later */
	bool is_withdrawn; /* people have said so; the authority may not have heard yet */
};

struct course {
	const struct scenario *scenario;
	struct score score; /* first packet, finding, vectors */
	int64_t start_wall_ns;
	struct course_attack attacks[SCENARIO_ATTACKS_MAX];
	size_t order_count;
	struct course_order orders[COURSE_ORDERS_MAX];
	size_t finding_count;
	struct course_finding findings[COURSE_FINDINGS_MAX];
	uint64_t lost; /* orders and findings that were not followed */
};

/** Begins; the scenario is kept. */
void course_init(struct course *course, const struct scenario *scenario, uint64_t threshold_pps);

/** Notes a finding. Returns the attack it is about, or SCORE_NOBODY. */
size_t course_finding(struct course *course, const struct finding *finding, int64_t now_ns);

/** What an order's news mean. */
enum course_step {
	COURSE_NOTHING = 0,
	COURSE_ASKED, /* waits for answers */
	COURSE_ORDERED, /* made, and will act */
	COURSE_IN_FORCE,
	COURSE_REFUSED,
	COURSE_RATIFIED,
	COURSE_LAPSED,
	COURSE_GONE, /* ended otherwise */
};

/**
 * Notes an order's news.
 *
 * @param order as the defence knows it
 * @param ret_attack filled unless COURSE_NOTHING
 * @return what has happened
 */
enum course_step course_order(struct course *course, const struct defence_order *order, size_t *ret_attack);

/** Notes a receipt of the ledger; at_ns of the wall clock. */
void course_receipt(struct course *course, const char *order, enum receipt_state state, int64_t at_ns);

/** Whether an attack sends in a second of the exercise, or has sent so shortly before that requests suffer. */
bool course_is_under_way(const struct course *course, size_t attack, size_t second);

/** Whether in a second of the exercise something is attacked, and against each attack an order was in force before it began. */
bool course_is_defended(const struct course *course, size_t second);

/** What is wrong with an attack's course; "" where all is as it should be. Static text. */
const char *course_complaint(const struct course *course, size_t attack);

/** Whether an attack was left to people at the page, and none of them answered. */
bool course_is_unanswered(const struct course *course, size_t attack);

/** Share of attack packets that came as far as the hosts while a rule was in force, permille; -1: it never was. */
int course_leak_permille(const struct course_attack *attack);

/** Share of the clients' packets that was lost on the way while a rule was in force, permille; -1: it never was. */
int course_collateral_permille(const struct course_attack *attack);
