/*
 * Proves that what is kept is found until its time is over and no longer, that a full queue and a disk that takes nothing
 * cost a count and no more, that an order is used once, and that a box of another finding, person or key is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/limits.h"
#include "mail/sealed.h"

#define NOW_MS INT64_C(1770000000000)
#define DAY_MS INT64_C(86400000)

static char directory[] = "/tmp/hinomi-sealed-XXXXXX", table[64], key_path[64], other_path[64];
static const struct pseudonym_key site = {{7}};
static struct seal_secret *secret, *stranger;

static const char address[] = "hana.sato@example.jp";

static struct sealed_name name_of(const char *of, uint8_t finding)
{
	struct sealed_name name = {.finding = {finding, 1}, .pseudonym = pseudonym_make(&site, PSEUDONYM_ADDRESS, of, strlen(of))};
	return name;
}

static struct sealed *table_open(void)
{
	struct sealed *sealed = NULL;
	char why[WHY_BYTES];
	const struct sealed_settings settings = {.path = table, .public = secret->public, .keep_ms = 2 * (uint64_t)DAY_MS};
	assert_int_equal(sealed_open(&settings, &sealed, why), OK);
	return sealed;
}

static bool file_has(const char *path, const void *bytes, size_t length_bytes)
{
	static char whole[1 << 20];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	ssize_t got = read(fd, whole, sizeof(whole));
	close(fd);
	assert_in_range(got, 1, (ssize_t)sizeof(whole) - 1);
	return memmem(whole, (size_t)got, bytes, length_bytes) != NULL;
}

static void what_is_kept_is_found_until_its_time_is_over(void **state)
{
	(void)state;
	struct sealed *sealed = table_open();
	struct sealed_name name = name_of(address, 1), elsewhere = name_of(address, 2);
	uint8_t box[SEALED_BOX_BYTES], plain[SEALED_PLAIN_BYTES];
	char found[MAIL_ADDRESS_BYTES];
	sealed_keep(sealed, &name, address, NOW_MS);
	assert_int_equal(sealed_find(sealed, &name, NOW_MS, box), E_END); /* it waits */
	assert_int_equal(sealed_turn(sealed, NOW_MS), OK);
	sealed_close(sealed);
	sealed = table_open();
	assert_int_equal(sealed_find(sealed, &name, NOW_MS + 2 * DAY_MS - 1000, box), OK);
	assert_int_equal(sealed_find(sealed, &elsewhere, NOW_MS, box), E_END);
	assert_int_equal(seal_open(secret, box, sizeof(box), plain), OK);
	assert_int_equal(sealed_box_read(plain, &name, &site, found), OK);
	assert_string_equal(found, address);
	struct stat file;
	assert_int_equal(stat(table, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
	assert_false(file_has(table, "hana", 4));
	assert_true(file_has(table, box, sizeof(box)));
	assert_int_equal(sealed_find(sealed, &name, NOW_MS + 2 * DAY_MS, box), E_END); /* over, and not yet deleted */
	assert_int_equal(sealed_turn(sealed, NOW_MS + DAY_MS), OK);
	assert_int_equal(sealed_counts_of(sealed).expired, 0);
	assert_int_equal(sealed_turn(sealed, NOW_MS + 2 * DAY_MS), OK);
	assert_int_equal(sealed_counts_of(sealed).expired, 1);
	assert_int_equal(sealed_find(sealed, &name, NOW_MS, box), E_END);
	assert_false(file_has(table, box + 48, 64)); /* secure_delete */
	sealed_close(sealed);
}

static void a_box_is_of_one_person_and_finding(void **state)
{
	(void)state;
	struct sealed_name name = name_of(address, 1), other = name_of("jiro@example.jp", 1), elsewhere = name_of(address, 2);
	const struct pseudonym_key other_site = {{8}};
	uint8_t box[SEALED_BOX_BYTES], plain[SEALED_PLAIN_BYTES];
	char found[MAIL_ADDRESS_BYTES];
	sealed_box_close(&secret->public, &name, address, box);
	assert_int_equal(seal_open(stranger, box, sizeof(box), plain), E_DENIED);
	assert_int_equal(seal_open(secret, box, sizeof(box), plain), OK);
	assert_int_equal(sealed_box_read(plain, &other, &site, found), E_DENIED);
	assert_int_equal(sealed_box_read(plain, &elsewhere, &site, found), E_DENIED);
	assert_int_equal(sealed_box_read(plain, &name, &other_site, found), E_DENIED);
	sealed_box_close(&secret->public, &name, "jiro@example.jp", box); /* by somebody who has the public half */
	assert_int_equal(seal_open(secret, box, sizeof(box), plain), OK);
	assert_int_equal(sealed_box_read(plain, &name, &site, found), E_DENIED);
	static const char *const bad[] = {"", "hana", "hana sato@example.jp", "hana\033[2J@example.jp", "hana\n@example.jp"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		name = name_of(bad[i], 1);
		sealed_box_close(&secret->public, &name, bad[i], box);
		assert_int_equal(seal_open(secret, box, sizeof(box), plain), OK);
		assert_int_equal(sealed_box_read(plain, &name, &site, found), E_MALFORMED);
	}
	name = name_of(address, 1);
	memset(plain, 'a', sizeof(plain));
	assert_int_equal(sealed_box_read(plain, &name, &site, found), E_MALFORMED);
	plain[0] = 1;
	assert_int_equal(sealed_box_read(plain, &name, &site, found), E_MALFORMED); /* it does not end */
}

static void a_disk_that_takes_nothing_costs_counts(void **state)
{
	(void)state;
	struct sealed *sealed = table_open();
	char who[32];
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(table, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	for (int i = 0; i < LIMIT_MAIL_SEALED_QUEUE + 3; i++) {
		snprintf(who, sizeof(who), "p%d@example.jp", i);
		struct sealed_name name = name_of(who, 1);
		sealed_keep(sealed, &name, who, NOW_MS);
	}
	assert_int_equal(sealed_counts_of(sealed).lost, 3);
	assert_int_equal(sealed_turn(sealed, NOW_MS), E_SYS);
	assert_int_equal(sealed_counts_of(sealed).kept, 0);
	assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(sealed_turn(sealed, NOW_MS), OK); /* nothing that waited is lost */
	assert_int_equal(sealed_counts_of(sealed).kept, LIMIT_MAIL_SEALED_QUEUE);
	uint8_t box[SEALED_BOX_BYTES];
	struct sealed_name first = name_of("p0@example.jp", 1), last = name_of("p255@example.jp", 1);
	struct sealed_name over = name_of("p256@example.jp", 1);
	assert_int_equal(sealed_find(sealed, &first, NOW_MS, box), OK);
	assert_int_equal(sealed_find(sealed, &last, NOW_MS, box), OK);
	assert_int_equal(sealed_find(sealed, &over, NOW_MS, box), E_END);
	sealed_close(sealed);
}

static void an_order_is_used_once(void **state)
{
	(void)state;
	static struct order_counters counters;
	const struct document_digest digest = {{1}};
	struct sealed *sealed = table_open();
	assert_int_equal(sealed_orders_find(sealed, &counters), OK);
	assert_false(order_counters_has(&counters, 5));
	assert_int_equal(sealed_order_use(sealed, 5, &digest, NOW_MS), OK);
	assert_int_equal(sealed_order_use(sealed, 5, &digest, NOW_MS), E_STATE);
	sealed_close(sealed);
	sealed = table_open();
	assert_int_equal(sealed_turn(sealed, NOW_MS + 400 * DAY_MS), OK); /* for good, unlike boxes */
	assert_int_equal(sealed_orders_find(sealed, &counters), OK);
	assert_true(order_counters_has(&counters, 5));
	assert_false(order_counters_has(&counters, 6));
	sealed_close(sealed);
}

static void what_is_no_table_is_refused(void **state)
{
	(void)state;
	struct sealed *sealed = NULL;
	char why[WHY_BYTES] = "";
	const struct sealed_settings settings = {.path = table, .public = secret->public, .keep_ms = 1000};
	int fd = open(table, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, address, sizeof(address)), sizeof(address));
	close(fd);
	assert_int_not_equal(sealed_open(&settings, &sealed, why), OK);
	assert_non_null(strstr(why, table));
	assert_null(strchr(why, '\n'));
	assert_null(sealed);
}

static int clean(void **state)
{
	(void)state;
	(void)unlink(table);
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	struct seal_public public;
	const char *why = "";
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(table, sizeof(table), "%s/table", directory);
	snprintf(key_path, sizeof(key_path), "%s/key", directory);
	snprintf(other_path, sizeof(other_path), "%s/other", directory);
	bool is_made = seal_create(key_path, "desk", &public) == OK && seal_load(key_path, &secret, &why) == OK &&
		seal_create(other_path, "desk", &public) == OK && seal_load(other_path, &stranger, &why) == OK;
	return is_made ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)clean(state);
	(void)unlink(key_path);
	(void)unlink(other_path);
	seal_free(secret);
	seal_free(stranger);
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_is_kept_is_found_until_its_time_is_over, clean),
		cmocka_unit_test(a_box_is_of_one_person_and_finding),
		cmocka_unit_test_teardown(a_disk_that_takes_nothing_costs_counts, clean),
		cmocka_unit_test_teardown(an_order_is_used_once, clean),
		cmocka_unit_test_teardown(what_is_no_table_is_refused, clean),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
