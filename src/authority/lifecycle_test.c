/*
 * Proves the whole machine against a table: for each state and each event, where it leads, or that it is refused and
 * nothing changes; and that every transition is told exactly once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "authority/lifecycle.h"

#define EXPIRES_MS 1000
#define RATIFY_BY_MS 500

enum event { DRAFT = 0, SUBMIT, APPROVE, REFUSE, ACT, RATIFY, WITHDRAW, EXPIRE, LAPSE, EVENT_COUNT };

static unsigned told_count;
static enum lifecycle_state told_from, told_to;

static void listen(void *context, enum lifecycle_state from, enum lifecycle_state to, const char *why, int64_t now_ms)
{
	(void)context;
	assert_true(why[0] != '\0' && now_ms == EXPIRES_MS);
	told_count++;
	told_from = from;
	told_to = to;
}

static int happen(struct lifecycle *life, enum event event)
{
	switch (event) {
	case DRAFT:
		return lifecycle_draft(life, EXPIRES_MS);
	case SUBMIT:
		return lifecycle_submit(life, EXPIRES_MS);
	case APPROVE:
		return lifecycle_approve(life, "by all", EXPIRES_MS);
	case REFUSE:
		return lifecycle_refuse(life, "by one", EXPIRES_MS);
	case ACT:
		return lifecycle_act(life, EXPIRES_MS);
	case RATIFY:
		return lifecycle_ratify(life, EXPIRES_MS);
	case WITHDRAW:
		return lifecycle_withdraw(life, "over", EXPIRES_MS);
	case EXPIRE:
		return lifecycle_expire(life, EXPIRES_MS);
	case LAPSE:
		return lifecycle_lapse(life, EXPIRES_MS);
	case EVENT_COUNT:
		break;
	}
	return E_BUG;
}

#define S(name) LIFECYCLE_##name
#define NO LIFECYCLE_NONE
/* Where an event leads, of an ordinary and of an urgent order. NO: it does not belong there. */
static const enum lifecycle_state expected[2][LIFECYCLE_STATE_COUNT][EVENT_COUNT] = {
	{
		/* draft, submit, approve, refuse, act, ratify, withdraw, expire, lapse */
		[S(NONE)] = {S(DRAFTED), NO, NO, NO, NO, NO, NO, NO, NO},
		[S(DRAFTED)] = {NO, S(SUBMITTED), NO, NO, NO, NO, NO, S(EXPIRED), NO},
		[S(SUBMITTED)] = {NO, NO, S(APPROVED), S(REFUSED), NO, NO, S(WITHDRAWN), S(EXPIRED), NO},
		[S(APPROVED)] = {NO, NO, NO, NO, S(ACTIVE), NO, S(WITHDRAWN), S(EXPIRED), NO},
		[S(ACTIVE)] = {NO, NO, NO, NO, NO, NO, S(WITHDRAWN), S(EXPIRED), NO},
		[S(RATIFIED)] = {NO, NO, NO, NO, NO, NO, S(WITHDRAWN), S(EXPIRED), NO},
	},
	{
		[S(NONE)] = {S(DRAFTED), NO, NO, NO, NO, NO, NO, NO, NO},
		[S(DRAFTED)] = {NO, S(SUBMITTED), NO, NO, NO, NO, NO, S(EXPIRED), NO},
		[S(SUBMITTED)] = {NO, NO, S(APPROVED), S(REFUSED), NO, NO, S(WITHDRAWN), S(EXPIRED), S(LAPSED)},
		[S(APPROVED)] = {NO, NO, NO, S(REFUSED), S(ACTIVE), S(RATIFIED), S(WITHDRAWN), S(EXPIRED), S(LAPSED)},
		[S(ACTIVE)] = {NO, NO, NO, S(REFUSED), NO, S(RATIFIED), S(WITHDRAWN), S(EXPIRED), S(LAPSED)},
		[S(RATIFIED)] = {NO, NO, NO, NO, NO, NO, S(WITHDRAWN), S(EXPIRED), NO},
	},
};

static void each_event_leads_where_it_should(void **state)
{
	(void)state;
	for (unsigned urgent = 0; urgent < 2; urgent++) {
		for (unsigned from = 0; from < LIFECYCLE_STATE_COUNT; from++) {
			for (unsigned event = 0; event < EVENT_COUNT; event++) {
				struct lifecycle life = {.state = (enum lifecycle_state)from, .expires_ms = EXPIRES_MS, .is_urgent = urgent == 1,
					.ratify_by_ms = RATIFY_BY_MS, .listener = listen};
				enum lifecycle_state to = expected[urgent][from][event];
				told_count = 0;
				assert_int_equal(happen(&life, (enum event)event), to == NO ? E_STATE : OK);
				assert_int_equal(life.state, to == NO ? from : to);
				assert_int_equal(told_count, to == NO ? 0 : 1);
				assert_int_equal(life.since_ms, to == NO ? 0 : EXPIRES_MS);
				assert_true(to == NO || (told_from == from && told_to == to));
			}
		}
	}
}

static void time_alone_ends_orders(void **state)
{
	(void)state;
	struct lifecycle life = {.state = LIFECYCLE_ACTIVE, .expires_ms = EXPIRES_MS, .is_urgent = true, .ratify_by_ms = RATIFY_BY_MS};
	struct lifecycle ratified = life;
	assert_false(lifecycle_pass(&life, RATIFY_BY_MS - 1));
	assert_true(lifecycle_is_in_force(&life) && lifecycle_is_open(&life));
	assert_int_equal(lifecycle_ratify(&ratified, RATIFY_BY_MS - 1), OK);
	assert_true(lifecycle_pass(&life, RATIFY_BY_MS));
	assert_int_equal(life.state, LIFECYCLE_LAPSED);
	assert_false(lifecycle_is_in_force(&life) || lifecycle_is_open(&life));
	assert_false(lifecycle_pass(&life, EXPIRES_MS));
	assert_false(lifecycle_pass(&ratified, EXPIRES_MS - 1));
	assert_true(lifecycle_pass(&ratified, EXPIRES_MS));
	assert_int_equal(ratified.state, LIFECYCLE_EXPIRED);
}

static void states_have_names(void **state)
{
	(void)state;
	for (unsigned i = 1; i < LIFECYCLE_STATE_COUNT; i++)
		assert_string_not_equal(lifecycle_state_name((enum lifecycle_state)i), "none");
	assert_string_equal(lifecycle_state_name(LIFECYCLE_STATE_COUNT), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_event_leads_where_it_should),
		cmocka_unit_test(time_alone_ends_orders),
		cmocka_unit_test(states_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
