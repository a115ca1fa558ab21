/*
 * Proves that the course of an exercise is judged as its scenario decided:
 * for each decision what should have happened passes, and what should not
 * have fails; that seconds count as defended only when every attack under way
 * was met by a rule before; and that leak and cost are those of the counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "exercise/course.h"

#define START_NS (INT64_C(1735165440) * NS_PER_S)

static struct scenario scenario;
static struct course course;
static struct finding finding;

static const char finding_id[] = "0123456789abcdef0123456789abcdef";

/* One flood of .10 from 3 s to 7 s, found at 3.2 s. */
static void begin(enum scenario_decision decision)
{
	struct scenario_options options = {.is_v4 = true, .seed = 1, .pps = 1000, .sources = 10, .duration_ms = 10000};
	struct packet packet = {.origin = 0};
	char why[160];
	assert_int_equal(scenario_of_vector("udp_flood", &options, why, &scenario), OK);
	scenario.attacks[0].decision = decision;
	course_init(&course, &scenario, 100);
	course.start_wall_ns = START_NS;
	score_packet(&course.score, &packet, START_NS + 3 * NS_PER_S);
	score_packet(&course.score, &packet, START_NS + 7 * NS_PER_S);
	finding = (struct finding){.kind = FINDING_FLOOD, .phase = FINDING_BEGIN, .target = scenario.attacks[0].target};
	memcpy(finding.id, finding_id, sizeof(finding_id));
	assert_int_equal(course_finding(&course, &finding, START_NS + 3200 * NS_PER_MS), 0);
}

static enum course_step news_of(const char *finding_of, const char *state, bool has_standing, int64_t at_ms)
{
	size_t attack = 99;
	struct defence_order order = {.id = "00112233445566778899aabbccddeeff", .has_standing = has_standing,
		.since_ms = START_NS / NS_PER_MS + at_ms};
	(void)snprintf(order.finding, sizeof(order.finding), "%s", finding_of);
	(void)snprintf(order.state, sizeof(order.state), "%s", state);
	enum course_step step = course_order(&course, &order, &attack);
	assert_true(step == COURSE_NOTHING || attack == 0);
	return step;
}

static enum course_step news(const char *state, bool has_standing, int64_t at_ms)
{
	return news_of(finding_id, state, has_standing, at_ms);
}

static void test_a_standing_order_is_what_was_decided(void **state)
{
	(void)state;
	begin(SCENARIO_STANDING);
	assert_string_equal(course_complaint(&course, 0), "no rule came into force");
	assert_int_equal(news("active", true, 3300), COURSE_IN_FORCE);
	assert_string_equal(course_complaint(&course, 0), "its rule was still there at the end");
	assert_int_equal(news("withdrawn", true, 9000), COURSE_GONE);
	assert_string_equal(course_complaint(&course, 0), "");
	begin(SCENARIO_STANDING);
	assert_int_equal(news("submitted", false, 3300), COURSE_ASKED);
	assert_int_equal(news("active", false, 3400), COURSE_IN_FORCE);
	assert_int_equal(news("expired", false, 9000), COURSE_GONE);
	assert_string_equal(course_complaint(&course, 0), "no standing order covered it");
}

static void test_a_refusal_is_what_was_decided(void **state)
{
	(void)state;
	begin(SCENARIO_REFUSED);
	assert_int_equal(news("submitted", false, 3300), COURSE_ASKED);
	assert_string_equal(course_complaint(&course, 0), "was not refused");
	assert_int_equal(news("refused", false, 3400), COURSE_REFUSED);
	assert_string_equal(course_complaint(&course, 0), "");
	assert_int_equal(news("active", false, 3500), COURSE_IN_FORCE);
	assert_string_equal(course_complaint(&course, 0), "acted although it was refused");
}

static void test_urgent_cases_are_what_was_decided(void **state)
{
	(void)state;
	begin(SCENARIO_RATIFIED);
	assert_int_equal(news("active", false, 3300), COURSE_IN_FORCE);
	assert_string_equal(course_complaint(&course, 0), "was not ratified");
	assert_int_equal(news("ratified", false, 3400), COURSE_RATIFIED);
	assert_int_equal(news("withdrawn", false, 8000), COURSE_GONE);
	assert_string_equal(course_complaint(&course, 0), "");
	begin(SCENARIO_LAPSED);
	assert_int_equal(news("active", false, 3300), COURSE_IN_FORCE);
	assert_string_equal(course_complaint(&course, 0), "did not lapse");
	assert_int_equal(news("lapsed", false, 6300), COURSE_LAPSED);
	assert_string_equal(course_complaint(&course, 0), "");
}

static void test_what_is_left_to_the_page_may_stay_unanswered(void **state)
{
	(void)state;
	begin(SCENARIO_PAGE);
	assert_int_equal(news("submitted", false, 3300), COURSE_ASKED);
	assert_true(course_is_unanswered(&course, 0));
	assert_string_equal(course_complaint(&course, 0), "");
	assert_int_equal(news("refused", false, 3500), COURSE_REFUSED);
	assert_false(course_is_unanswered(&course, 0));
	assert_string_equal(course_complaint(&course, 0), "");
	assert_int_equal(news("active", false, 3600), COURSE_IN_FORCE);
	assert_string_equal(course_complaint(&course, 0), "acted although it was refused");
	begin(SCENARIO_PAGE);
	assert_int_equal(news("active", false, 3300), COURSE_IN_FORCE);
	assert_false(course_is_unanswered(&course, 0));
	assert_string_equal(course_complaint(&course, 0), "its rule was still there at the end");
	assert_int_equal(news("withdrawn", false, 8000), COURSE_GONE);
	assert_string_equal(course_complaint(&course, 0), "");
}

static void test_what_is_not_of_the_exercise_is_passed_over(void **state)
{
	(void)state;
	begin(SCENARIO_STANDING);
	assert_int_equal(news_of("ffffffffffffffffffffffffffffffff", "active", true, 3300), COURSE_NOTHING);
	assert_int_equal(news("unheard_of", true, 3300), COURSE_NOTHING);
	assert_int_equal(course.order_count, 0);
	assert_int_equal(news("active", true, 3300), COURSE_IN_FORCE);
}

static void test_seconds_count_once_a_rule_was_there_before(void **state)
{
	(void)state;
	begin(SCENARIO_STANDING);
	assert_false(course_is_defended(&course, 5));
	assert_int_equal(news("active", true, 4300), COURSE_IN_FORCE);
	assert_false(course_is_defended(&course, 1)); /* nothing is under way */
	assert_false(course_is_defended(&course, 4)); /* the rule came in the middle of it */
	assert_true(course_is_defended(&course, 5));
	assert_true(course_is_defended(&course, 7));
	assert_false(course_is_defended(&course, 8));
	assert_int_equal(news("expired", true, 6500), COURSE_GONE);
	assert_false(course_is_defended(&course, 5)); /* its requests may still suffer at 6.5 s */
}

static void test_leak_and_cost_are_those_of_the_counts(void **state)
{
	(void)state;
	struct course_attack attack = {.force_ns = 1, .from_sent = 1000, .to_sent = 3000, .from_counts = {.asked = 100, .clients = 90,
		.others = 500}, .to_counts = {.asked = 300, .clients = 280, .others = 520}};
	assert_int_equal(course_leak_permille(&attack), 10);
	assert_int_equal(course_collateral_permille(&attack), 50);
	attack.to_sent = 1000;
	assert_int_equal(course_leak_permille(&attack), -1);
	attack.to_sent = 3000;
	attack.force_ns = 0;
	assert_int_equal(course_leak_permille(&attack), -1);
	assert_int_equal(course_collateral_permille(&attack), -1);
}

static void test_the_ledger_tells_when_rules_were_there(void **state)
{
	(void)state;
	begin(SCENARIO_STANDING);
	assert_int_equal(news("active", true, 3300), COURSE_IN_FORCE);
	course_receipt(&course, "ffffffffffffffffffffffffffffffff", RECEIPT_APPLIED, 1);
	assert_int_equal(course.attacks[0].applied_ns, 0);
	course_receipt(&course, "00112233445566778899aabbccddeeff", RECEIPT_APPLIED, 20);
	course_receipt(&course, "00112233445566778899aabbccddeeff", RECEIPT_APPLIED, 30);
	course_receipt(&course, "00112233445566778899aabbccddeeff", RECEIPT_PROGRESS, 35);
	course_receipt(&course, "00112233445566778899aabbccddeeff", RECEIPT_ENDED, 40);
	assert_int_equal(news("withdrawn", true, 9000), COURSE_GONE);
	assert_string_equal(course_complaint(&course, 0), "");
	course_receipt(&course, "00112233445566778899aabbccddeeff", RECEIPT_REFUSED, 50); /* its withdrawal, after it had ended */
	assert_string_equal(course_complaint(&course, 0), "");
	assert_int_equal(course.attacks[0].applied_ns, 20);
	assert_int_equal(course.attacks[0].ended_ns, 40);
	begin(SCENARIO_STANDING);
	assert_int_equal(news("active", true, 3300), COURSE_IN_FORCE);
	assert_int_equal(news("withdrawn", true, 9000), COURSE_GONE);
	course_receipt(&course, "00112233445566778899aabbccddeeff", RECEIPT_REFUSED, 50);
	assert_string_equal(course_complaint(&course, 0), "the effector did not carry out an order");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_standing_order_is_what_was_decided),
		cmocka_unit_test(test_a_refusal_is_what_was_decided),
		cmocka_unit_test(test_urgent_cases_are_what_was_decided),
		cmocka_unit_test(test_what_is_left_to_the_page_may_stay_unanswered),
		cmocka_unit_test(test_what_is_not_of_the_exercise_is_passed_over),
		cmocka_unit_test(test_seconds_count_once_a_rule_was_there_before),
		cmocka_unit_test(test_leak_and_cost_are_those_of_the_counts),
		cmocka_unit_test(test_the_ledger_tells_when_rules_were_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
