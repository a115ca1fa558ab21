/*
 * Counts that are kept instead of counted: how many incidents were opened on
 * each day, and ended in each hour, by sector and matter; and how many orders
 * came on each day, by what they have come to. They are changed in the
 * transaction that changes what they count, so they are exact whoever dies,
 * and what asks for a year or for the last 24 hours costs the same however
 * much there is. What of a span is no whole day or hour is counted among the
 * rows themselves, by an index.
 *
 * Incidents stay when their findings are deleted, and so do their counts; an
 * incident that goes on after its end is taken out of the hour of that end.
 * Orders that are deleted are taken out of their day (store_keep.c).
 */
#include <string.h>

#include "tower/store_state.h"

#define HOUR_MS INT64_C(3600000)

/* Keeping. */

int store_tally_flush(struct store *store)
{
	struct store_writer *writer = &store->writer;
	struct db_value values[STORE_TALLIES_MAX][5];
	for (size_t i = 0; i < writer->tally_count; i++) {
		const struct store_tally *tally = &writer->tallies[i];
		const struct db_value row[] = {db_number(tally->what), db_number(tally->span), db_number(tally->sector),
			db_number(tally->matter), db_number(tally->count)};
		memcpy(values[i], row, sizeof(row));
	}
	size_t count = writer->tally_count;
	writer->tally_count = 0;
	return count == 0 ? OK : store_query_many(store, "INSERT INTO tallies (what, span, sector, matter, count) "
		"VALUES ($1, $2, $3, $4, $5) " STORE_TALLY_ADD, values[0], 5, count);
}

static int tally_add(struct store *store, enum tally_kind what, int64_t span, const struct incident *incident)
{
	struct store_writer *writer = &store->writer;
	for (size_t i = 0; i < writer->tally_count; i++) {
		struct store_tally *known = &writer->tallies[i];
		if (known->what != what || known->span != span || known->sector != incident->sector || known->matter != incident->matter)
			continue;
		known->count++;
		return OK;
	}
	int err = writer->tally_count == STORE_TALLIES_MAX ? store_tally_flush(store) : OK;
	if (err != OK)
		return err;
	writer->tallies[writer->tally_count++] = (struct store_tally){
		.what = what, .span = span, .sector = incident->sector, .matter = incident->matter, .count = 1};
	return OK;
}

int store_tally(struct store *store, const struct incident *incident, enum incident_state saved)
{
	const struct db_value reopened[] = {db_number((int64_t)incident->number), db_number(TALLY_ENDED), db_number(HOUR_MS)};
	int err = saved == INCIDENT_NO_STATE
		? tally_add(store, TALLY_OPENED, incident->opened_ms / INCIDENT_DAY_MS, incident)
		: OK;
	if (err == OK && incident->state == INCIDENT_ENDED)
		return tally_add(store, TALLY_ENDED, incident->ended_ms / HOUR_MS, incident);
	if (err != OK || saved != INCIDENT_ENDED)
		return err;
	return STORE_QUERY(store, "INSERT INTO tallies (what, span, sector, matter, count) "
		"SELECT $2, ended_ms / $3, sector, matter, -1 FROM incidents WHERE number = $1 " STORE_TALLY_ADD, reopened, NULL, NULL);
}

int store_tally_order(struct store *store, int64_t number, int64_t change)
{
	const struct db_value row[] = {
		db_number(number), db_number(TALLY_ORDERED), db_number(INCIDENT_DAY_MS), db_number(change)};
	return STORE_QUERY(store, "INSERT INTO tallies (what, span, sector, matter, count) "
		"SELECT $2, arrived_ms / $3, state, urgent + 2 * standing, $4 FROM orders WHERE number = $1 " STORE_TALLY_ADD, row,
		NULL, NULL);
}

/* Reading. */

static int64_t span_after(int64_t at_ms, int64_t span_ms)
{
	return at_ms / span_ms + (at_ms % span_ms > 0);
}

int store_ended_since(struct store *store, int64_t since_ms, db_row *row, void *to)
{
	int64_t hour = span_after(since_ms, HOUR_MS);
	const struct db_value parameters[] = {db_number(since_ms), db_number(hour * HOUR_MS), db_number(TALLY_ENDED), db_number(hour)};
	return STORE_QUERY(store, "SELECT sector, CAST(SUM(count) AS BIGINT) FROM ("
		"SELECT sector, count FROM tallies WHERE what = $3 AND span >= $4 "
		"UNION ALL SELECT sector, COUNT(*) AS count FROM incidents WHERE ended_ms >= $1 AND ended_ms < $2 GROUP BY sector"
		") AS ended GROUP BY sector", parameters, row, to);
}

/** Rows of a number and a sum, into an array by the number. */
struct tally {
	uint64_t *sums;
	size_t count;
};

static int tally_row(void *to, const struct db_value *columns, size_t count)
{
	struct tally *tally = to;
	(void)count;
	if (columns[0].number >= 0 && (uint64_t)columns[0].number < tally->count)
		tally->sums[columns[0].number] += (uint64_t)columns[1].number;
	return OK;
}

/** Rows of sector, matter, count. */
static int opened_row(void *to, const struct db_value *columns, size_t count)
{
	struct store_figures *figures = to;
	(void)count;
	if (columns[0].number >= 0 && columns[0].number <= SECTOR_COUNT)
		figures->incidents_by_sector[columns[0].number] += (uint64_t)columns[2].number;
	if (columns[1].number >= 0 && columns[1].number < INCIDENT_MATTER_COUNT)
		figures->incidents[columns[1].number] += (uint64_t)columns[2].number;
	return OK;
}

/** Rows of state, traits, count. */
static int orders_row(void *to, const struct db_value *columns, size_t count)
{
	struct store_figures *figures = to;
	uint64_t number = (uint64_t)columns[2].number;
	(void)count;
	if (columns[0].number >= 0 && columns[0].number < STORE_ORDER_STATE_COUNT)
		figures->orders[columns[0].number] += number;
	figures->urgent_orders += (columns[1].number & 1) != 0 ? number : 0;
	figures->standing_orders += (columns[1].number & 2) != 0 ? number : 0;
	return OK;
}

/** What is asked of a span: the count that is kept by days, and how it is counted. */
struct question {
	enum tally_kind what;
	const char *counted; /* within [$1, $2) */
	db_row *row;
};

static const struct question questions[] = {
	{TALLY_OPENED, "SELECT sector, matter, COUNT(*) FROM incidents WHERE opened_ms >= $1 AND opened_ms < $2 "
		"GROUP BY sector, matter", opened_row},
	{TALLY_ORDERED, "SELECT state, urgent + 2 * standing, COUNT(*) FROM orders WHERE arrived_ms >= $1 AND arrived_ms < $2 "
		"GROUP BY state, urgent + 2 * standing", orders_row},
};

static int count_ask(
	struct store *store, const struct question *question, int64_t from_ms, int64_t to_ms, struct store_figures *figures)
{
	const struct db_value times[] = {db_number(from_ms), db_number(to_ms)};
	return from_ms < to_ms ? STORE_QUERY(store, question->counted, times, question->row, figures) : OK;
}

/** By days where they are whole. */
static int question_ask(struct store *store, const struct question *question, int64_t from_ms, int64_t to_ms,
	struct store_figures *figures)
{
	int64_t first = span_after(from_ms, INCIDENT_DAY_MS), end = to_ms / INCIDENT_DAY_MS;
	const struct db_value days[] = {db_number(question->what), db_number(first), db_number(end)};
	if (first >= end)
		return count_ask(store, question, from_ms, to_ms, figures);
	int err = STORE_QUERY(store, "SELECT sector, matter, CAST(SUM(count) AS BIGINT) FROM tallies "
		"WHERE what = $1 AND span >= $2 AND span < $3 GROUP BY sector, matter", days, question->row, figures);
	if (err == OK)
		err = count_ask(store, question, from_ms, first * INCIDENT_DAY_MS, figures);
	return err == OK ? count_ask(store, question, end * INCIDENT_DAY_MS, to_ms, figures) : err;
}

int store_figures(struct store *store, int64_t from_ms, int64_t to_ms, struct store_figures *ret_figures)
{
	struct store_figures figures = {.lookups = 0};
	struct tally lookups = {&figures.lookups, 1}, deleted = {figures.deleted, STORE_CLASS_COUNT};
	const struct db_value times[] = {db_number(from_ms), db_number(to_ms)};
	int err = OK;
	for (size_t i = 0; i < ARRAY_LEN(questions) && err == OK; i++)
		err = question_ask(store, &questions[i], from_ms, to_ms, &figures);
	if (err == OK)
		err = STORE_QUERY(store, "SELECT 0, COUNT(*) FROM lookups WHERE at_ms >= $1 AND at_ms < $2", times, tally_row, &lookups);
	if (err == OK)
		err = STORE_QUERY(store, "SELECT class, CAST(SUM(count) AS BIGINT) FROM proofs WHERE at_ms >= $1 AND at_ms < $2 "
			"GROUP BY class", times, tally_row, &deleted);
	if (err == OK)
		*ret_figures = figures;
	return err;
}
