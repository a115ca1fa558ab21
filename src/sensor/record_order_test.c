/* Proves that records come out by their ends as far as memory reaches, and that none is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/err.h"
#include "sensor/record_order.h"

static struct observation record_of(int64_t end_ns, uint16_t mark)
{
	return (struct observation){.end_ns = end_ns, .src_port = mark};
}

static void records_come_out_by_their_ends(void **state)
{
	(void)state;
	struct record_order *order = record_order_new(100);
	struct observation record, first;
	for (int64_t i = 0; i < 100; i++) {
		record = record_of(i * 37 % 100, 0);
		assert_false(record_order_add(order, &record, &first));
	}
	for (int64_t i = 0; i < 100; i++) {
		assert_true(record_order_take(order, &first));
		assert_int_equal(first.end_ns, i);
	}
	assert_false(record_order_take(order, &first));
	record_order_free(order);
	record_order_free(NULL);
}

/** Of one end they come as they came in, though places were used before. */
static void equals_keep_their_order(void **state)
{
	(void)state;
	struct record_order *order = record_order_new(8);
	struct observation record, first;
	uint16_t expected = 0;
	for (uint16_t i = 0; i < 1000; i++) {
		record = record_of(5, i);
		if (record_order_add(order, &record, &first))
			assert_int_equal(first.src_port, expected++);
	}
	while (record_order_take(order, &first))
		assert_int_equal(first.src_port, expected++);
	assert_int_equal(expected, 1000);
	record_order_free(order);
}

/** What is out of order by fewer places than are held is put right; what is by more is late, and still there. */
static void disorder_is_mended_within_memory(void **state)
{
	(void)state;
	struct record_order *order = record_order_new(10);
	struct observation record, first;
	int64_t before_ns = -1;
	unsigned late = 0, count = 0;
	for (int64_t i = 0; i < 1000; i++) {
		record = record_of(i == 500 ? 3 : i ^ 7, 0); /* turned around by eights; one of long ago */
		if (!record_order_add(order, &record, &first))
			continue;
		count++;
		late += first.end_ns < before_ns;
		before_ns = first.end_ns;
	}
	while (record_order_take(order, &first)) {
		count++;
		late += first.end_ns < before_ns;
		before_ns = first.end_ns;
	}
	assert_int_equal(count, 1000);
	assert_int_equal(late, 1);
	record_order_free(order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_out_by_their_ends),
		cmocka_unit_test(equals_keep_their_order),
		cmocka_unit_test(disorder_is_mended_within_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
