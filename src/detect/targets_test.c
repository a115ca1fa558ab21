/* The cold table: what it counts, who makes room for whom, and that the watched are never put out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect/targets.h"

#define SECOND(number) (TARGET_SECOND | (uint32_t)(number))
#define TABLE_BYTES (64 * sizeof(struct target_set)) /* the smallest there is: 64 sets */

static const struct hash_key secret = {{UINT64_C(0x243f6a8885a308d3), UINT64_C(0x13198a2e03707344)}};

static struct target_key key_of(const struct targets *targets, const char *text)
{
	struct ip_addr addr;
	assert_int_equal(ip_parse(text, &addr), OK);
	return targets_key(targets, targets_row(&secret, &addr), hash_pair(&secret, addr.be64[0], addr.be64[1]));
}

static uint32_t packets_of(struct target target)
{
	return target.set != NULL ? target.set->packets[target.way] : UINT32_MAX;
}

static void counts_within_a_second_and_anew_in_the_next(void **state)
{
	(void)state;
	struct targets targets;
	assert_true(targets_init(&targets, TABLE_BYTES));
	struct target_key key = key_of(&targets, "192.0.2.1");
	assert_null(targets_find(key).set);
	(void)targets_add(&targets, key, SECOND(5), 1, 2, 129);
	struct target target = targets_add(&targets, key, SECOND(5), 1, 3, 1);
	assert_int_equal(packets_of(target), 5);
	assert_int_equal(target.set->bytes_128[target.way], 3);
	assert_int_equal(packets_of(targets_find(key)), 5);
	target = targets_add(&targets, key, SECOND(6), 60, 1, 1);
	assert_int_equal(packets_of(target), 6); /* kept for a minute */
	target = targets_add(&targets, key, SECOND(7), 1, 1, 1);
	assert_int_equal(packets_of(target), 1);
	targets_done(&targets);
}

static void counts_stop_at_their_largest_value(void **state)
{
	(void)state;
	struct targets targets;
	assert_true(targets_init(&targets, TABLE_BYTES));
	struct target_key key = key_of(&targets, "2001:db8::1");
	(void)targets_add(&targets, key, SECOND(5), 1, UINT64_MAX, UINT64_MAX - 127);
	struct target target = targets_add(&targets, key, SECOND(5), 1, 7, 7);
	assert_int_equal(packets_of(target), UINT32_MAX);
	assert_int_equal(target.set->bytes_128[target.way], UINT32_MAX);
	targets_done(&targets);
}

/* Of one set: .4 to .7 of a /24 share it, and so do those of the /24 that lies 64 sets on, which is the same here. */
static void the_silent_make_room_before_the_small_and_the_watched_never(void **state)
{
	(void)state;
	struct targets targets;
	assert_true(targets_init(&targets, TABLE_BYTES));
	static const char *const residents[TARGETS_WAYS] = {"192.0.2.4", "192.0.2.5", "192.0.2.6", "192.0.2.7"};
	struct target_key keys[TARGETS_WAYS];
	for (unsigned i = 0; i < TARGETS_WAYS; i++) {
		keys[i] = key_of(&targets, residents[i]);
		assert_ptr_equal(keys[i].set, keys[0].set);
		(void)targets_add(&targets, keys[i], SECOND(i == 2 ? 3 : 9), 1, i == 1 ? 1 : 100, 0);
	}
	struct target watched = targets_add(&targets, keys[0], SECOND(9), 1, 0, 0);
	watched.set->states[watched.way] = 1;
	struct target_key fresh[TARGETS_WAYS + 1];
	for (uint32_t i = 0; i <= TARGETS_WAYS; i++)
		fresh[i] = (struct target_key){keys[0].set, UINT32_C(0xfeed0001) + 2 * i};
	assert_int_equal(packets_of(targets_add(&targets, fresh[0], SECOND(9), 1, 50, 0)), 50);
	assert_null(targets_find(keys[2]).set); /* the silent one, without counting it as lost */
	assert_int_equal(targets.evicted, 0);
	assert_int_equal(packets_of(targets_add(&targets, fresh[1], SECOND(9), 1, 60, 0)), 60);
	assert_null(targets_find(keys[1]).set); /* then the smallest */
	assert_int_equal(targets.evicted, 1);
	assert_non_null(targets_find(keys[0]).set);
	for (unsigned i = 0; i < TARGETS_WAYS; i++)
		keys[0].set->states[i] = i + 1;
	assert_null(targets_add(&targets, fresh[4], SECOND(9), 1, 1, 0).set);
	targets_done(&targets);
}

static void a_prefix_lies_in_neighbouring_sets(void **state)
{
	(void)state;
	struct targets targets;
	assert_true(targets_init(&targets, UINT64_C(1) << 20));
	struct target_key first = key_of(&targets, "198.51.100.0"), last = key_of(&targets, "198.51.100.255");
	ptrdiff_t apart = last.set - first.set;
	assert_int_equal(((uint64_t)apart + targets.set_count) % targets.set_count, 63);
	assert_int_not_equal(key_of(&targets, "198.51.101.0").set - first.set, 64); /* the next one is elsewhere */
	targets_done(&targets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_within_a_second_and_anew_in_the_next),
		cmocka_unit_test(counts_stop_at_their_largest_value),
		cmocka_unit_test(the_silent_make_room_before_the_small_and_the_watched_never),
		cmocka_unit_test(a_prefix_lies_in_neighbouring_sets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
