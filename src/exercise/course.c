/*
 * What belongs to which attack goes by the finding: score.c says which
 * attack a finding is about, and an order names its finding.
 */
#include "exercise/course.h"

#include <string.h>

#include "core/clock.h"

#define WELL_BEHIND_S 1 /* requests made so shortly before an attack still suffer from it */

void course_init(struct course *course, const struct scenario *scenario, uint64_t threshold_pps)
{
	memset(course, 0, sizeof(*course));
	course->scenario = scenario;
	score_init(&course->score, scenario, threshold_pps);
}

size_t course_finding(struct course *course, const struct finding *finding, int64_t now_ns)
{
	size_t attack = score_finding(&course->score, finding, now_ns);
	if (attack == SCORE_NOBODY)
		return attack;
	for (size_t i = 0; i < course->finding_count; i++) {
		if (strcmp(course->findings[i].id, finding->id) == 0)
			return attack;
	}
	if (course->finding_count == COURSE_FINDINGS_MAX) {
		course->lost++;
		return attack;
	}
	struct course_finding *known = &course->findings[course->finding_count++];
	known->attack = attack;
	(void)snprintf(known->id, sizeof(known->id), "%s", finding->id);
	return attack;
}

static size_t attack_of(const struct course *course, const char *finding)
{
	for (size_t i = 0; i < course->finding_count; i++) {
		if (strcmp(course->findings[i].id, finding) == 0)
			return course->findings[i].attack;
	}
	return SCORE_NOBODY;
}

static struct course_order *order_place(struct course *course, const char *id, size_t attack)
{
	for (size_t i = 0; i < course->order_count; i++) {
		if (strcmp(course->orders[i].id, id) == 0)
			return &course->orders[i];
	}
	if (course->order_count == COURSE_ORDERS_MAX) {
		course->lost++;
		return NULL;
	}
	struct course_order *order = &course->orders[course->order_count++];
	*order = (struct course_order){.attack = attack};
	(void)snprintf(order->id, sizeof(order->id), "%s", id);
	return order;
}

static void force_set(struct course_attack *attack, struct course_order *order, bool is_in_force, int64_t since_ns)
{
	if (order->is_in_force == is_in_force)
		return;
	order->is_in_force = is_in_force;
	attack->in_force += is_in_force ? 1 : (size_t)-1;
	if (is_in_force && attack->force_ns == 0)
		attack->force_ns = since_ns;
	attack->gone_ns = attack->in_force == 0 ? since_ns : 0;
}

static enum course_step step_of(const struct defence_order *order)
{
	static const struct {
		const char *state;
		enum course_step step;
	} steps[] = {{"submitted", COURSE_ASKED}, {"approved", COURSE_ORDERED}, {"active", COURSE_IN_FORCE},
		{"refused", COURSE_REFUSED}, {"ratified", COURSE_RATIFIED}, {"lapsed", COURSE_LAPSED}, {"expired", COURSE_GONE},
		{"withdrawn", COURSE_GONE}};
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		if (strcmp(steps[i].state, order->state) == 0)
			return steps[i].step;
	}
	return COURSE_NOTHING;
}

enum course_step course_order(struct course *course, const struct defence_order *order, size_t *ret_attack)
{
	enum course_step step = step_of(order);
	size_t index = attack_of(course, order->finding);
	struct course_order *known = step != COURSE_NOTHING && index != SCORE_NOBODY ? order_place(course, order->id, index) : NULL;
	if (known == NULL)
		return COURSE_NOTHING;
	struct course_attack *attack = &course->attacks[known->attack];
	int64_t since_ns = order->since_ms * NS_PER_MS;

	if (attack->ordered_ns == 0) {
		attack->ordered_ns = since_ns;
		attack->has_standing = order->has_standing;
		attack->is_urgent = order->is_urgent;
		attack->predicted = order->predicted;
	}
	attack->is_refused |= step == COURSE_REFUSED;
	attack->is_ratified |= step == COURSE_RATIFIED;
	attack->is_lapsed |= step == COURSE_LAPSED;
	force_set(attack, known, step == COURSE_IN_FORCE || step == COURSE_RATIFIED, since_ns);
	*ret_attack = known->attack;
	return step;
}

void course_receipt(struct course *course, const char *order, enum receipt_state state, int64_t at_ns)
{
	for (size_t i = 0; i < course->order_count; i++) {
		struct course_order *known = &course->orders[i];
		struct course_attack *attack = &course->attacks[known->attack];
		if (strcmp(known->id, order) != 0)
			continue;
		known->is_applied |= state == RECEIPT_APPLIED;
		known->is_denied |= state == RECEIPT_REFUSED;
		if (state == RECEIPT_APPLIED && (attack->applied_ns == 0 || at_ns < attack->applied_ns))
			attack->applied_ns = at_ns;
		if (state == RECEIPT_ENDED && at_ns > attack->ended_ns)
			attack->ended_ns = at_ns;
	}
}

static int64_t second_of(const struct course *course, int64_t wall_ns)
{
	return (wall_ns - course->start_wall_ns) / NS_PER_S;
}

bool course_is_under_way(const struct course *course, size_t attack, size_t second)
{
	const struct score_attack *score = &course->score.attacks[attack];
	int64_t at = (int64_t)second;
	return score->first_ns != 0 && at + WELL_BEHIND_S >= second_of(course, score->first_ns) &&
		   at <= second_of(course, score->last_ns);
}

bool course_is_defended(const struct course *course, size_t second)
{
	int64_t start_ns = course->start_wall_ns + (int64_t)second * NS_PER_S;
	bool is_attacked = false;
	for (size_t i = 0; i < course->scenario->attack_count; i++) {
		const struct course_attack *attack = &course->attacks[i];
		if (!course_is_under_way(course, i, second))
			continue;
		is_attacked = true;
		if (attack->force_ns == 0 || attack->force_ns > start_ns ||
			(attack->gone_ns != 0 && attack->gone_ns < start_ns + 2 * NS_PER_S))
			return false;
	}
	return is_attacked;
}

/* What the decision of the scenario should have led to, and did not. */
static const char *decision_complaint(const struct course_attack *attack, enum scenario_decision decision)
{
	switch (decision) {
	case SCENARIO_STANDING:
		return attack->force_ns == 0 ? "no rule came into force" : !attack->has_standing ? "no standing order covered it" : "";
	case SCENARIO_PAGE:
		return attack->force_ns != 0 && attack->is_refused ? "acted although it was refused" : "";
	case SCENARIO_APPROVED:
		return attack->force_ns == 0 ? "no rule came into force" : attack->has_standing ? "was not asked for" : "";
	case SCENARIO_REFUSED:
		return !attack->is_refused ? "was not refused" : attack->force_ns != 0 ? "acted although it was refused" : "";
	case SCENARIO_RATIFIED:
		return attack->force_ns == 0 ? "no rule came into force" : !attack->is_ratified ? "was not ratified" : "";
	case SCENARIO_LAPSED:
		return attack->force_ns == 0 ? "no rule came into force" : !attack->is_lapsed ? "did not lapse" : "";
	case SCENARIO_DECISION_COUNT:
		break;
	}
	return "";
}

/* An effector that has ended an order by itself also refuses its withdrawal: that is no harm. */
static bool is_denied(const struct course *course, size_t attack)
{
	for (size_t i = 0; i < course->order_count; i++) {
		const struct course_order *order = &course->orders[i];
		if (order->attack == attack && order->is_denied && !order->is_applied)
			return true;
	}
	return false;
}

const char *course_complaint(const struct course *course, size_t attack)
{
	const struct course_attack *at = &course->attacks[attack];
	const char *complaint = decision_complaint(at, course->scenario->attacks[attack].decision);
	if (course->score.attacks[attack].found_ns == 0)
		return "was not found";
	if (complaint[0] != '\0')
		return complaint;
	if (is_denied(course, attack))
		return "the effector did not carry out an order";
	return at->force_ns != 0 && at->gone_ns == 0 ? "its rule was still there at the end" : "";
}

bool course_is_unanswered(const struct course *course, size_t attack)
{
	return course->scenario->attacks[attack].decision == SCENARIO_PAGE && course->attacks[attack].force_ns == 0 &&
		!course->attacks[attack].is_refused;
}

int course_leak_permille(const struct course_attack *attack)
{
	uint64_t sent = attack->to_sent - attack->from_sent;
	if (attack->force_ns == 0 || attack->to_sent <= attack->from_sent)
		return -1;
	return (int)((attack->to_counts.others - attack->from_counts.others) * 1000 / sent);
}

int course_collateral_permille(const struct course_attack *attack)
{
	uint64_t asked = attack->to_counts.asked - attack->from_counts.asked;
	uint64_t arrived = attack->to_counts.clients - attack->from_counts.clients;
	if (attack->force_ns == 0 || attack->to_sent <= attack->from_sent || asked == 0)
		return -1;
	return arrived < asked ? (int)((asked - arrived) * 1000 / asked) : 0;
}
