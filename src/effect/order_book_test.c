/*
 * Proves what is in force and what is not: both ends of an order at their last and first moment; that no clock set back
 * prolongs it; ratification; replacement; the caps; and the sums of counters over a place that began at 0 again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "effect/order_book.h"
#include "record/document_example.h"

#define START_BOOT_NS (1000 * NS_PER_S)

static struct order_judgement judgement;
static struct order_book *book;
static struct effect_entry entries[LIMIT_EFFECT_RULES];

static struct book_time after_ms(int64_t ms)
{
	return (struct book_time){EXAMPLE_NOW_MS + ms, START_BOOT_NS + ms * NS_PER_MS};
}

static int setup(void **state)
{
	(void)state;
	book = order_book_new();
	memset(&judgement, 0, sizeof(judgement));
	order_example(&judgement.order);
	judgement.digest.bytes[0] = 1;
	judgement.until_ms = judgement.order.expires_ms; /* ten minutes */
	return book == NULL;
}

static int teardown(void **state)
{
	(void)state;
	order_book_free(book);
	return 0;
}

static struct book_order *take(uint32_t seq, struct book_time now)
{
	struct source_set *sets[RULE_LIST_MAX] = {NULL};
	const struct book_terms terms = {.seq = seq, .bundle = strdup("{}"), .sets = sets, .now = now};
	if (order_book_find(book, &judgement.digest) == NULL)
		assert_int_equal(order_book_room(book, &judgement.order), OK);
	return order_book_take(book, &judgement, &terms);
}

static bool is_due(struct book_time now, enum book_end expected)
{
	enum book_end end = BOOK_NOT_ENDED;
	bool due = order_book_due(book, &now, &end) != NULL;
	assert_int_equal(end, due ? expected : BOOK_NOT_ENDED);
	return due;
}

static void an_order_stands_until_its_end_and_no_longer(void **state)
{
	(void)state;
	struct book_order *order = take(1, after_ms(0));
	assert_false(is_due(after_ms(600000 - 1), BOOK_EXPIRED));
	assert_true(is_due(after_ms(600000), BOOK_EXPIRED));
	assert_int_equal(order_book_entries(book, NULL, entries), 1);
	assert_int_equal(entries[0].expires_boot_ns, START_BOOT_NS + 600000 * NS_PER_MS);
	assert_int_equal(entries[0].id, RULE_LIST_MAX);
	assert_false(entries[0].touches_protected);
	order->order.touches_protected = true;
	assert_int_equal(order_book_entries(book, NULL, entries), 1);
	assert_true(entries[0].touches_protected);
	assert_int_equal(order_book_entries(book, order, entries), 0);
	order_book_end(book, order, BOOK_EXPIRED);
	assert_false(is_due(after_ms(700000), BOOK_EXPIRED));
	assert_int_equal(order_book_entries(book, NULL, entries), 0);
	assert_int_equal(order_book_counters(book)->accepted, 1);
	assert_int_equal(order_book_counters(book)->ended[BOOK_EXPIRED], 1);
}

static void no_clock_prolongs_an_order(void **state)
{
	(void)state;
	take(1, after_ms(0));
	struct book_time set_back = after_ms(600000), forward = after_ms(1000);
	set_back.wall_ms -= 3600000;
	assert_true(is_due(set_back, BOOK_EXPIRED)); /* ten minutes have passed, whatever the wall clock says */
	set_back.boot_ns -= 1;
	assert_false(is_due(set_back, BOOK_EXPIRED));
	forward.wall_ms = EXAMPLE_NOW_MS + 600000;
	assert_true(is_due(forward, BOOK_EXPIRED)); /* and its time is over by the wall clock too */
	forward.wall_ms -= 1;
	assert_false(is_due(forward, BOOK_EXPIRED)); /* a jump that stays below does it no harm */
}

static void an_end_that_is_remembered_counts_if_it_is_earlier(void **state)
{
	(void)state;
	struct source_set *sets[RULE_LIST_MAX] = {NULL};
	const int64_t ends[][2] = {{START_BOOT_NS + 5, START_BOOT_NS + 5}, {INT64_MAX, START_BOOT_NS + 600000 * NS_PER_MS}};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		const struct book_terms terms = {1, strdup("{}"), sets, after_ms(0), ends[i][0]};
		assert_int_equal(order_book_room(book, &judgement.order), OK);
		struct book_order *order = order_book_take(book, &judgement, &terms);
		assert_int_equal(order->until_boot_ns, ends[i][1]);
		order_book_end(book, order, BOOK_EXPIRED);
	}
}

static void an_urgent_order_ends_at_its_deadline_until_it_is_ratified(void **state)
{
	(void)state;
	judgement.order.is_urgent = true;
	judgement.order.ratify_by_ms = judgement.until_ms = EXAMPLE_NOW_MS + 60000;
	struct book_order *order = take(3, after_ms(0));
	assert_false(is_due(after_ms(59999), BOOK_NOT_RATIFIED));
	assert_true(is_due(after_ms(60000), BOOK_NOT_RATIFIED));
	judgement.is_ratified = true;
	judgement.until_ms = judgement.order.expires_ms;
	assert_ptr_equal(take(9, after_ms(1000)), order);
	assert_int_equal(order->seq, 3); /* its rules keep their ids */
	assert_false(is_due(after_ms(599999), BOOK_EXPIRED));
	assert_true(is_due(after_ms(600000), BOOK_EXPIRED));
	assert_int_equal(order_book_counters(book)->accepted, 1);
}

static void a_later_order_of_the_same_finding_takes_its_place(void **state)
{
	(void)state;
	judgement.is_standing = judgement.order.has_standing = true;
	struct book_order *order = take(1, after_ms(0));
	judgement.digest.bytes[0] = 2;
	assert_null(order_book_replaced(book, &judgement)); /* its counter is not higher */
	judgement.order.counter++;
	assert_ptr_equal(order_book_replaced(book, &judgement), order);
	judgement.order.standing.bytes[0] = 1; /* under another standing order */
	assert_null(order_book_replaced(book, &judgement));
	judgement.order.standing.bytes[0] = 0;
	judgement.is_standing = false; /* approved by people */
	assert_null(order_book_replaced(book, &judgement));
	judgement.is_standing = true;
	memset(judgement.order.finding, '0', sizeof(judgement.order.finding) - 1); /* of no finding */
	memset(order->order.finding, '0', sizeof(order->order.finding) - 1);
	assert_null(order_book_replaced(book, &judgement));
}

static void what_is_too_much_is_refused_and_counted(void **state)
{
	(void)state;
	judgement.order.rules.count = RULE_LIST_MAX; /* 64 of 64 fill 4096 */
	for (size_t i = 1; i < RULE_LIST_MAX; i++)
		judgement.order.rules.rules[i] = judgement.order.rules.rules[0];
	for (uint32_t seq = 1; seq <= LIMIT_EFFECT_RULES / RULE_LIST_MAX; seq++) {
		judgement.digest.bytes[1] = (uint8_t)seq;
		take(seq, after_ms(0));
	}
	judgement.order.rules.count = 1;
	assert_int_equal(order_book_room(book, &judgement.order), E_LIMIT);
	assert_int_equal(order_book_counters(book)->refused_rules, 1);
	assert_int_equal(order_book_entries(book, NULL, entries), LIMIT_EFFECT_RULES);
	judgement.digest.bytes[1] = 1;
	order_book_end(book, order_book_find(book, &judgement.digest), BOOK_WITHDRAWN);
	for (uint32_t seq = 1; seq <= RULE_LIST_MAX; seq++) {
		judgement.digest.bytes[2] = (uint8_t)seq;
		take(1000 + seq, after_ms(0));
	}
	assert_int_equal(order_book_room(book, &judgement.order), E_LIMIT);
	assert_int_equal(order_book_counters(book)->refused_rules, 2);
}

static void orders_are_capped_too(void **state)
{
	(void)state;
	for (uint32_t seq = 1; seq <= LIMIT_EFFECT_ORDERS; seq++) {
		judgement.digest.bytes[1] = (uint8_t)seq;
		judgement.digest.bytes[2] = (uint8_t)(seq >> 8);
		take(seq, after_ms(0));
	}
	assert_int_equal(order_book_room(book, &judgement.order), E_LIMIT);
	assert_int_equal(order_book_counters(book)->refused_orders, 1);
}

static void counters_add_up(void **state)
{
	(void)state;
	judgement.order.rules.count = 3;
	judgement.order.rules.rules[1] = judgement.order.rules.rules[2] = judgement.order.rules.rules[0];
	judgement.order.rules.rules[1].action = RULE_LIMIT;
	judgement.order.rules.rules[2].action = RULE_COUNT;
	struct book_order *order = take(1, after_ms(0));
	struct effect_counts counts[3] = {{10, 1000, 10, 1000}, {8, 800, 3, 300}, {5, 500, 0, 0}};
	struct book_time now = after_ms(1000);
	order_book_count(book, counts, &now);
	assert_int_equal(order->stopped.packets, 10);
	assert_int_equal(order->stopped.bytes, 1000);
	assert_int_equal(order->limited.packets, 3);
	assert_int_equal(order->passed.packets, 5 + 5);
	assert_int_equal(order->dropped_boot_ns, now.boot_ns);
	now = after_ms(2000);
	order_book_count(book, counts, &now);
	assert_int_equal(order->dropped_boot_ns, after_ms(1000).boot_ns); /* nothing more was dropped */
	counts[0] = (struct effect_counts){2, 200, 2, 200}; /* the place was lost and began at 0 */
	order_book_count(book, counts, &now);
	assert_int_equal(order->stopped.packets, 12);
	assert_int_equal(order->stopped.bytes, 1200);
	assert_int_equal(order->dropped_boot_ns, now.boot_ns);
}

static void every_end_has_a_name(void **state)
{
	(void)state;
	for (unsigned i = 0; i < BOOK_END_COUNT; i++) {
		assert_non_null(book_end_name((enum book_end)i));
		assert_non_null(book_end_words((enum book_end)i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_order_stands_until_its_end_and_no_longer, setup, teardown),
		cmocka_unit_test_setup_teardown(no_clock_prolongs_an_order, setup, teardown),
		cmocka_unit_test_setup_teardown(an_end_that_is_remembered_counts_if_it_is_earlier, setup, teardown),
		cmocka_unit_test_setup_teardown(an_urgent_order_ends_at_its_deadline_until_it_is_ratified, setup, teardown),
		cmocka_unit_test_setup_teardown(a_later_order_of_the_same_finding_takes_its_place, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_too_much_is_refused_and_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(orders_are_capped_too, setup, teardown),
		cmocka_unit_test_setup_teardown(counters_add_up, setup, teardown),
		cmocka_unit_test(every_end_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
