/* Proves that counts which are kept are what counting one by one says, whatever comes, ends, is deleted, or was there before. */
#include "tower/db.h"
#include "tower/store_test.h"

/** What the orders themselves say, one by one. */
static void orders_compare(int64_t from_ms, int64_t to_ms, const struct store_figures *figures)
{
	static struct store_order orders[8];
	struct store_page page;
	uint64_t by_state[STORE_ORDER_STATE_COUNT] = {0}, urgent = 0;
	assert_int_equal(store_orders(reader, 0, STORE_ORDER_UNKNOWN, &begin, orders, ARRAY_LEN(orders), &page), OK);
	for (size_t i = 0; i < page.count; i++) {
		bool is_within = orders[i].arrived_ms >= from_ms && orders[i].arrived_ms < to_ms;
		by_state[orders[i].state] += is_within;
		urgent += is_within && orders[i].is_urgent;
	}
	store_orders_done(orders, page.count);
	assert_memory_equal(figures->orders, by_state, sizeof(by_state));
	assert_int_equal(figures->urgent_orders, urgent);
}

/** What the incidents themselves say, one by one. */
static void figures_compare(int64_t from_ms, int64_t to_ms)
{
	struct store_figures figures;
	uint64_t by_matter[INCIDENT_MATTER_COUNT] = {0}, by_sector[SECTOR_COUNT + 1] = {0};
	size_t count = incident_list(INCIDENT_NO_STATE);
	for (size_t i = 0; i < count; i++) {
		if (incidents[i].opened_ms < from_ms || incidents[i].opened_ms >= to_ms)
			continue;
		by_matter[incidents[i].matter]++;
		by_sector[incidents[i].sector]++;
	}
	assert_int_equal(store_figures(reader, from_ms, to_ms, &figures), OK);
	assert_memory_equal(figures.incidents, by_matter, sizeof(by_matter));
	assert_memory_equal(figures.incidents_by_sector, by_sector, sizeof(by_sector));
	orders_compare(from_ms, to_ms, &figures);
}

static void ended_compare(int64_t now_ms)
{
	static struct store_now now;
	uint32_t by_sector[SECTOR_COUNT + 1] = {0};
	uint64_t open = 0;
	size_t count = incident_list(INCIDENT_NO_STATE);
	for (size_t i = 0; i < count; i++) {
		open += incidents[i].state == INCIDENT_OPEN;
		by_sector[incidents[i].sector] += incidents[i].state == INCIDENT_ENDED && incidents[i].ended_ms >= now_ms - INCIDENT_DAY_MS;
	}
	assert_int_equal(store_now(reader, now_ms, &now), OK);
	assert_int_equal(now.open_incidents, open);
	for (size_t i = 0; i <= SECTOR_COUNT; i++)
		assert_int_equal(now.sectors[i].ended_today, by_sector[i]);
}

static void all_compare(void)
{
	const int64_t times_ms[] = {0, NOW, NOW + 1, NOW + 7200000, NOW + 7200500, NOW + INCIDENT_DAY_MS,
		NOW + INCIDENT_DAY_MS + 7200001, NOW + 3 * INCIDENT_DAY_MS, NOW + 9 * INCIDENT_DAY_MS};
	for (size_t i = 0; i < ARRAY_LEN(times_ms); i++) {
		for (size_t k = i; k < ARRAY_LEN(times_ms); k++)
			figures_compare(times_ms[i], times_ms[k]);
		ended_compare(times_ms[i] + INCIDENT_DAY_MS);
	}
}

static struct document_digest order_digest; /* of the order that several_take() takes */

/** Twenty findings over four days, of two members and two matters, half of them over; and an order. */
static void several_take(void)
{
	uint64_t ended[STORE_PAGE_MAX];
	size_t count = 0;
	for (unsigned i = 0; i < 20; i++) {
		int64_t at_ms = NOW + i * (INCIDENT_DAY_MS / 5) + i % 3;
		const struct store_example_flow flow = {.findings_per_target = 10, .targets = 1, .sources = 3};
		store_example_finding(&flow, 0, i % 2, at_ms, &finding);
		finding.target.addr = ip_from_v4(0x0a000000 + (i % 2 << 16) + i);
		finding.kind = i % 4 == 3 ? FINDING_SCAN : FINDING_FLOOD;
		finding_identify(&finding);
		assert_int_equal(take(i % 2 == 0 ? "member-0" : "member-1", &finding, at_ms + 2000), OK);
		if (i == 9)
			assert_int_equal(store_tick(writer, at_ms + 2 * INCIDENT_SILENT_MS, ended, &count), OK);
		if (i % 3 == 0 || i == 9)
			assert_int_equal(commit(), OK);
	}
	assert_int_equal(commit(), OK);
	assert_int_equal(count, 10);
	port_register();
	char *text = document_text("order");
	order_digest = document_digest_of(text, strlen(text));
	assert_int_equal(take_text("port", text, NOW + INCIDENT_DAY_MS), OK);
	free(text);
	assert_int_equal(commit(), OK);
}

static void counts_that_are_kept_are_what_counting_says(void **state)
{
	(void)state;
	uint64_t ended[STORE_PAGE_MAX];
	size_t count = 0;
	several_take();
	assert_int_equal(incident_list(INCIDENT_ENDED), 10);
	all_compare();
	make(1, 0); /* of the first, which is over: it goes on */
	finding.told_ms += 3 * INCIDENT_SILENT_MS;
	assert_int_equal(take("member-0", &finding, NOW + 3 * INCIDENT_SILENT_MS), OK);
	assert_int_equal(answer.incident, 1);
	close_both(); /* not committed: nothing of it is counted */
	open_both();
	all_compare();
	assert_int_equal(incident_list(INCIDENT_ENDED), 10);
	assert_int_equal(take("member-0", &finding, NOW + 3 * INCIDENT_SILENT_MS), OK);
	assert_int_equal(commit(), OK);
	assert_int_equal(incident_list(INCIDENT_ENDED), 9);
	all_compare();
	assert_int_equal(store_tick(writer, NOW + 9 * INCIDENT_DAY_MS, ended, &count), OK);
	assert_int_equal(count, 11);
	assert_int_equal(commit(), OK);
	all_compare();
	bool is_done = false;
	const struct store_retention both = {.days = {[STORE_CLASS_FINDINGS] = 1, [STORE_CLASS_DOCUMENTS] = 1}};
	struct store_figures figures;
	receipt_take(&order_digest, RECEIPT_APPLIED, NOW + INCIDENT_DAY_MS + 20, 0);
	receipt_take(&order_digest, RECEIPT_ENDED, NOW + INCIDENT_DAY_MS + 40, 1000);
	assert_int_equal(commit(), OK);
	all_compare();
	assert_int_equal(store_figures(reader, NOW, NOW + 9 * INCIDENT_DAY_MS, &figures), OK);
	assert_int_equal(figures.orders[STORE_ORDER_ENDED], 1);
	for (unsigned i = 0; i < 10 && !is_done; i++)
		assert_int_equal(store_retain(writer, &both, NOW + 9 * INCIDENT_DAY_MS, &is_done), OK);
	assert_true(is_done);
	all_compare();
	assert_int_equal(store_figures(reader, NOW, NOW + 9 * INCIDENT_DAY_MS, &figures), OK);
	assert_int_equal(figures.orders[STORE_ORDER_ENDED], 0);
}

static void a_store_of_before_is_counted_once(void **state)
{
	(void)state;
	static const char before[] = "DROP TABLE tallies; DROP INDEX incidents_ended; CREATE INDEX {main}incidents_ended ON incidents "
		"(ended_ms); DROP INDEX incidents_state; CREATE INDEX {main}incidents_state ON incidents (state, number); "
		"DROP INDEX incidents_member_sector; DROP INDEX incidents_member_sector_state; "
		"UPDATE meta SET value = 2 WHERE name = 'version'";
	const struct db_hooks *hooks = example.server != 0 ? &db_postgres : &db_sqlite;
	char why[WHY_BYTES], sql[DB_SQL_BYTES];
	struct db *db = NULL;
	several_take();
	close_both();
	assert_int_equal(db_dialect(hooks, before, 0, sql, sizeof(sql)), OK);
	enum db_mode mode = example.server != 0 ? DB_READER : DB_WRITER; /* the server lets either write; one takes no lock */
	assert_int_equal(hooks->open(example.place + strlen(hooks->scheme), mode, &db, why), OK);
	assert_int_equal(hooks->run(db, sql), OK); /* as the steps before the third leave it */
	hooks->close(db);
	open_both();
	all_compare();
	close_both();
	open_both(); /* and not again */
	all_compare();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(counts_that_are_kept_are_what_counting_says),
		STORE_TEST(a_store_of_before_is_counted_once),
	};
	int begun = place_begin(argc, argv);
	if (begun != 0)
		return begun;
	int failures = cmocka_run_group_tests(tests, NULL, NULL);
	store_example_end(&example);
	return failures;
}
