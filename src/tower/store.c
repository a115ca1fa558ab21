/*
 * Opening the store, its batches, and what every list does. How it is built:
 *
 * - One transaction holds a batch: findings (COPY, or one prepared INSERT),
 *   the incidents that they changed, each once however many findings it took,
 *   lines of history, and other documents. One sync acknowledges all of it.
 * - Findings are parsed once, packed by the table of their fields, and never
 *   looked for by what is random (tower/incident.c tells how repeats are known).
 * - What is in memory can be made from the database at any time; after a
 *   batch that failed it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "tower/migration.h"
#include "tower/store_state.h"

const char *const store_kind_names[STORE_KIND_COUNT] = {
	[STORE_NOTHING] = "nothing",
	[STORE_FINDING] = "finding",
	[STORE_HEALTH] = "health",
	[STORE_COUNTERMEASURE] = "countermeasure",
	[STORE_ORDER] = "order",
	[STORE_STANDING_ORDER] = "standing_order",
	[STORE_APPROVAL] = "approval",
	[STORE_RECEIPT] = "receipt",
	[STORE_WITHDRAWAL] = "withdrawal",
	[STORE_MAIL] = "mail",
};

int store_refuse(struct store *store, int error, const char *subject, const char *why)
{
	return why_refuse(store->why, error, subject, why);
}

static int keep_why(struct store *store, struct db *db, int err)
{
	if (err == E_SYS || err == E_STATE)
		snprintf(store->why, sizeof(store->why), "%s", store->hooks->why(db));
	return err;
}

int store_query(struct store *store, struct db *db, const char *sql, const struct db_value *parameters, size_t count, db_row *row,
	void *to)
{
	return keep_why(store, db, store->hooks->query(db, sql, parameters, count, row, to));
}

int store_query_many(struct store *store, const char *sql, const struct db_value *parameters, size_t columns, size_t rows)
{
	return keep_why(store, store->db, store->hooks->query_many(store->db, sql, parameters, columns, rows));
}

int store_run(struct store *store, const char *sql)
{
	return keep_why(store, store->db, store->hooks->run(store->db, sql));
}

const char *store_why(const struct store *store)
{
	return store->why;
}

int store_number_row(void *to, const struct db_value *columns, size_t count)
{
	(void)count;
	*(int64_t *)to = columns[0].number;
	return OK;
}

void store_text(const struct db_value *column, char *ret_text, size_t room_bytes)
{
	size_t length = column->length_bytes < room_bytes ? column->length_bytes : room_bytes - 1;
	if (length > 0)
		memcpy(ret_text, column->bytes, length);
	ret_text[length] = '\0';
}

void store_digest(const struct db_value *column, struct document_digest *ret_digest)
{
	*ret_digest = (struct document_digest){{0}};
	if (column->length_bytes == sizeof(ret_digest->bytes))
		memcpy(ret_digest->bytes, column->bytes, sizeof(ret_digest->bytes));
}

struct db_value store_pack(const struct field *table, const void *row, uint8_t bytes[static STORE_BODY_BYTES])
{
	size_t length = 0;
	int err = pack_write(table, PACK_WHOLE, 0, row, bytes, STORE_BODY_BYTES, &length);
	ASSERT(err == OK); /* the fullest row fits */
	return db_bytes(bytes, length);
}

int store_unpack(const struct field *table, const struct db_value *body, void *ret_row)
{
	return pack_read(table, PACK_WHOLE, 0, body->bytes, body->length_bytes, ret_row) == OK ? OK : E_SYS;
}

/* Cursors: 'n' and the number in hex, or 't' and the text in hex. */

int store_cursor_number(const struct store_cursor *cursor, int64_t start, int64_t *ret_key)
{
	uint64_t key = 0;
	const char *text = cursor->text;
	if (text[0] == '\0') {
		*ret_key = start;
		return OK;
	}
	size_t digits = strspn(text + 1, "0123456789abcdef");
	if (text[0] != 'n' || digits == 0 || digits > 16 || text[1 + digits] != '\0')
		return E_MALFORMED;
	for (size_t i = 1; i <= digits; i++)
		key = key << 4 | (uint64_t)(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
	if (key > INT64_MAX)
		return E_MALFORMED;
	*ret_key = (int64_t)key;
	return OK;
}

int store_cursor_text(const struct store_cursor *cursor, char ret_key[static DOCUMENT_NAME_BYTES])
{
	const char *text = cursor->text;
	if (text[0] == '\0') {
		ret_key[0] = '\0';
		return OK;
	}
	size_t digits = strspn(text + 1, "0123456789abcdef");
	if (text[0] != 't' || digits == 0 || digits % 2 != 0 || digits / 2 >= DOCUMENT_NAME_BYTES || text[1 + digits] != '\0')
		return E_MALFORMED;
	for (size_t i = 0; i < digits; i++) {
		int digit = text[1 + i] <= '9' ? text[1 + i] - '0' : text[1 + i] - 'a' + 10;
		ret_key[i / 2] = (char)(i % 2 == 0 ? digit << 4 : ret_key[i / 2] | digit);
	}
	ret_key[digits / 2] = '\0';
	return strlen(ret_key) == digits / 2 ? OK : E_MALFORMED;
}

int store_list_row(void *to, const struct db_value *columns, size_t count)
{
	struct store_list *list = to;
	(void)count;
	if (list->count == list->room) {
		list->has_more = true;
		return OK;
	}
	int err = list->fill(list, list->rows + list->count * list->row_bytes, columns);
	if (err != OK)
		return err;
	list->count++;
	list->last_number = columns[0].number;
	if (columns[0].type == DB_TEXT)
		store_text(&columns[0], list->last_text, sizeof(list->last_text));
	return OK;
}

void store_list_page(const struct store_list *list, bool is_text, struct store_page *ret_page)
{
	*ret_page = (struct store_page){.count = list->count, .has_more = list->has_more};
	if (!list->has_more || list->count == 0)
		return;
	if (!is_text) {
		snprintf(ret_page->next.text, sizeof(ret_page->next.text), "n%llx", (unsigned long long)list->last_number);
		return;
	}
	ret_page->next.text[0] = 't';
	for (size_t i = 0; list->last_text[i] != '\0'; i++)
		snprintf(ret_page->next.text + 1 + 2 * i, 3, "%02x", (unsigned char)list->last_text[i]);
}

int store_list_read(struct store *store, struct db *db, const char *sql, const struct db_value *parameters, size_t count,
	struct store_list *list)
{
	list->store = store;
	int err = store_query(store, db, sql, parameters, count, store_list_row, list);
	if (err == E_SYS && store->why[0] == '\0')
		return store_refuse(store, E_SYS, "store", "a row is damaged");
	return err;
}

/* Opening and closing. */

#define ARENA_CHUNK_BYTES (STORE_ARENA_BYTES + STORE_BATCH_MAX * (CHUNK_HEAD_BYTES + CHUNK_SOURCE_HEAD_BYTES))


static int line_keep(struct store_writer *writer, const struct incident_line *line, uint32_t number)
{
	if (writer->line_count == writer->line_room) {
		size_t room = writer->line_room * 2 + 1024;
		struct incident_line *lines = realloc(writer->lines, room * sizeof(*lines));
		if (lines == NULL)
			return E_NOMEM;
		writer->lines = lines;
		uint32_t *numbers = realloc(writer->line_numbers, room * sizeof(*numbers));
		if (numbers == NULL)
			return E_NOMEM;
		writer->line_numbers = numbers;
		writer->line_room = room;
	}
	writer->lines[writer->line_count] = *line;
	writer->line_numbers[writer->line_count++] = number;
	return OK;
}

/** The book tells a line: bounded by the findings of a batch, each of which tells a few. */
static void hear_line(void *to, const struct incident_line *line)
{
	struct store_writer *writer = to;
	const struct incident *incident = incident_find(writer->book, line->incident);
	if (line_keep(writer, line, incident != NULL ? incident->line_count : 0) != OK)
		writer->must_fail = true;
}

static int next_of(struct store *store, const char *sql, uint64_t *ret_next)
{
	int64_t highest = 0;
	int err = store_query(store, store->db, sql, NULL, 0, store_number_row, &highest);
	*ret_next = (uint64_t)highest + 1;
	return err;
}

/** What a day has: the highest number of arrival and the latest start. */
struct day_ends {
	int64_t arrival, start_ms;
};

static int ends_row(void *to, const struct db_value *columns, size_t count)
{
	(void)count;
	*(struct day_ends *)to = (struct day_ends){columns[0].number, columns[1].number};
	return OK;
}

/** Takes away what a sudden end left of a batch that was not acknowledged. */
static int day_recover(struct store *store, uint32_t day, uint64_t arrival)
{
	static const char *const statements[] = {"DELETE FROM findings_@ WHERE arrival > $1",
		"DELETE FROM sources_@ WHERE arrival > $1", "DELETE FROM keys_@ WHERE arrival > $1"};
	char sql[DB_SQL_BYTES];
	const struct db_value last[] = {db_number((int64_t)arrival)};
	int err = keep_why(store, store->db, store->hooks->day_begin(store->db, day));
	for (size_t i = 0; i < ARRAY_LEN(statements) && err == OK; i++)
		err = STORE_QUERY(store, db_sql_day(statements[i], day, sql), last, NULL, NULL);
	return err;
}

/** Looks through the days. @param ret_horizon_ms the latest start of a finding that there is */
static int days_recover(struct store *store, uint64_t arrival, int64_t *ret_horizon_ms)
{
	uint32_t days[DB_DAYS_MAX];
	char sql[DB_SQL_BYTES];
	size_t count = 0;
	int64_t horizon_ms = 0;
	int err = keep_why(store, store->db, store->hooks->days(store->db, days, &count));
	for (size_t i = 0; i < count && err == OK; i++) {
		struct db *day = NULL;
		struct day_ends ends = {0, 0};
		err = keep_why(store, store->db, store->hooks->day(store->db, days[i], &day));
		if (err == E_END) { /* it had just been begun */
			err = OK;
			continue;
		}
		if (err == OK)
			err = store_query(store, day, db_sql_day("SELECT COALESCE((SELECT MAX(arrival) FROM findings_@), 0), "
				"COALESCE((SELECT MAX(start_ms) FROM keys_@), 0)", days[i], sql), NULL, 0, ends_row, &ends);
		if (err == OK && ends.arrival > (int64_t)arrival)
			err = day_recover(store, days[i], arrival);
		horizon_ms = ends.start_ms > horizon_ms ? ends.start_ms : horizon_ms;
	}
	*ret_horizon_ms = horizon_ms;
	return err;
}

static int live_row(void *to, const struct db_value *columns, size_t count)
{
	struct store *store = to;
	static const struct incident blank;
	(void)count;
	*store->incident_room = blank;
	if (store_unpack(&incident_document, &columns[0], store->incident_room) != OK)
		return store_refuse(store, E_SYS, "store", "an incident is damaged");
	int err = incident_load(store->writer.book, store->incident_room);
	ASSERT(err == OK); /* the book has room for as many as can be open */
	return err;
}

/** Makes the memory of a writer from the database. */
static int writer_load(struct store *store)
{
	struct store_writer *writer = &store->writer;
	int64_t arrival = 0, horizon_ms = 0;
	uint64_t next_incident = 0;
	int err = store_query(store, store->db, "SELECT value FROM meta WHERE name = 'arrival'", NULL, 0, store_number_row, &arrival);
	if (err == OK)
		err = days_recover(store, (uint64_t)arrival, &horizon_ms);
	const struct {
		const char *sql;
		uint64_t *next;
	} numbers[] = {
		{"SELECT COALESCE(MAX(number), 0) FROM incidents", &next_incident},
		{"SELECT COALESCE(MAX(arrival), 0) FROM documents", &writer->next_document},
		{"SELECT COALESCE(MAX(number), 0) FROM lookups", &writer->next_lookup},
		{"SELECT COALESCE(MAX(number), 0) FROM mails", &writer->next_mail},
		{"SELECT COALESCE(MAX(number), 0) FROM audits", &writer->next_audit},
		{"SELECT COALESCE(MAX(number), 0) FROM asset_changes", &writer->next_change},
		{"SELECT COALESCE(MAX(number), 0) FROM proofs", &writer->next_proof},
		{"SELECT COALESCE(MAX(number), 0) FROM healths", &writer->next_health},
	};
	for (size_t i = 0; i < ARRAY_LEN(numbers) && err == OK; i++)
		err = next_of(store, numbers[i].sql, numbers[i].next);
	if (err != OK)
		return err;
	writer->next_arrival = (uint64_t)arrival + 1;
	writer->finding_count = writer->arena_used = writer->line_count = writer->tally_count = 0;
	writer->taken_in_batch = 0;
	writer->must_fail = false;
	incident_book_clear(writer->book, horizon_ms, next_incident);
	const struct db_value open[] = {db_number(INCIDENT_OPEN), db_number(INCIDENT_LIVE_MAX)};
	err = STORE_QUERY(store, "SELECT b.body FROM incidents i JOIN bodies b ON b.number = i.number WHERE i.state = $1 "
		"ORDER BY i.number LIMIT $2", open, live_row, store);
	return err == OK ? store_members_load(store) : err;
}

static int writer_new(struct store *store)
{
	struct store_writer *writer = &store->writer;
	writer->findings = calloc(STORE_BATCH_MAX, sizeof(*writer->findings));
	writer->chunks = calloc(STORE_BATCH_MAX, sizeof(*writer->chunks));
	writer->keys = calloc(STORE_BATCH_MAX, sizeof(*writer->keys));
	writer->arena = malloc(STORE_ARENA_BYTES + ARENA_CHUNK_BYTES);
	writer->finding = malloc(sizeof(*writer->finding));
	if (writer->chunks == NULL || writer->keys == NULL || writer->findings == NULL || writer->arena == NULL ||
		writer->finding == NULL)
		return E_NOMEM;
	return incident_book_new(INCIDENT_LIVE_MAX, INCIDENT_SERIES_MAX, hear_line, writer, &writer->book);
}

static const struct db_hooks *hooks_of(const char *place)
{
	static const struct db_hooks *const all[] = {&db_sqlite, &db_postgres};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (strncmp(place, all[i]->scheme, strlen(all[i]->scheme)) == 0)
			return all[i];
	}
	return NULL;
}

static int open_as(const char *place, enum db_mode mode, struct store **ret_store, char ret_why[static WHY_BYTES])
{
	const struct db_hooks *hooks = hooks_of(place);
	if (hooks == NULL)
		return why_refuse(ret_why, E_CONFIG, place, "sqlite:DIRECTORY or postgresql:CONNECTION is expected");
	struct store *store = calloc(1, sizeof(*store));
	if (store == NULL)
		return why_refuse(ret_why, E_NOMEM, place, "out of memory");
	store->hooks = hooks;
	store->mode = mode;
	store->room = malloc(sizeof(*store->room));
	store->incident_room = malloc(sizeof(*store->incident_room));
	int err = store->room != NULL && store->incident_room != NULL ? OK : why_refuse(ret_why, E_NOMEM, place, "out of memory");
	if (err == OK)
		err = hooks->open(place + strlen(hooks->scheme), mode, &store->db, ret_why);
	if (err == OK && mode == DB_WRITER)
		err = migration_run(hooks, store->db, ret_why);
	if (err == OK && mode == DB_WRITER) {
		err = writer_new(store);
		if (err == OK)
			err = writer_load(store);
		if (err != OK)
			snprintf(ret_why, WHY_BYTES, "%s", store->why[0] != '\0' ? store->why : "store: out of memory");
	}
	if (err == OK)
		*ret_store = store;
	else
		store_close(store);
	return err;
}

int store_open(const char *place, struct store **ret_store, char ret_why[static WHY_BYTES])
{
	return open_as(place, DB_WRITER, ret_store, ret_why);
}

int store_open_reader(const char *place, struct store **ret_store, char ret_why[static WHY_BYTES])
{
	return open_as(place, DB_READER, ret_store, ret_why);
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	struct store_writer *writer = &store->writer;
	if (store->db != NULL)
		store->hooks->close(store->db); /* what was not committed is gone */
	incident_book_free(writer->book);
	store_members_free(writer);
	free(writer->findings);
	free(writer->chunks);
	free(writer->keys);
	free(writer->arena);
	free(writer->lines);
	free(writer->line_numbers);
	free(writer->finding);
	free(store->room);
	free(store->incident_room);
	free(store);
}

/* Batches. */

int store_begin(struct store *store, int64_t now_ms)
{
	struct store_writer *writer = &store->writer;
	if (store->mode != DB_WRITER)
		return store_refuse(store, E_STATE, "store", "this handle reads alone");
	if (writer->is_open)
		return OK;
	if (writer->is_broken) {
		int err = writer_load(store);
		if (err != OK)
			return err;
		writer->is_broken = false;
	}
	uint32_t day = now_ms > 0 ? (uint32_t)(now_ms / INCIDENT_DAY_MS) : now_ms == 0 ? writer->day : 0;
	if (now_ms == 0 && day == 0)
		day = (uint32_t)(clock_wall_ns() / NS_PER_MS / INCIDENT_DAY_MS);
	if (day == 0)
		return store_refuse(store, E_STATE, "store", "the clock is not set");
	int err = keep_why(store, store->db, store->hooks->day_begin(store->db, day));
	if (err == OK)
		err = store_run(store, "BEGIN");
	if (err != OK)
		return err;
	writer->day = day;
	writer->is_open = true;
	return OK;
}

#define CHUNK 64 /* rows that are handed over at once */

static int lines_save(struct store *store)
{
	const struct store_writer *writer = &store->writer;
	struct db_value values[CHUNK][7];
	int err = OK;
	for (size_t at = 0; at < writer->line_count && err == OK; at += CHUNK) {
		size_t count = writer->line_count - at < CHUNK ? writer->line_count - at : CHUNK;
		for (size_t i = 0; i < count; i++) {
			const struct incident_line *line = &writer->lines[at + i];
			const struct db_value row[] = {db_number((int64_t)line->incident), db_number(writer->line_numbers[at + i]),
				db_number(line->at_ms), db_number(line->event), db_text(line->subject), db_number((int64_t)line->value),
				db_number((int64_t)line->other)};
			memcpy(values[i], row, sizeof(row));
		}
		err = store_query_many(store,
			"INSERT INTO history (incident, line, at_ms, event, subject, value, other) VALUES ($1, $2, $3, $4, $5, $6, $7)",
			values[0], 7, count);
	}
	return err;
}

/** The row of an incident that is searched: new, or with another state. */
static int incident_index(struct store *store, const struct incident *incident)
{
	const struct db_value row[] = {db_number((int64_t)incident->number), db_text(incident->member), db_number(incident->sector),
		db_number(incident->matter), db_number(incident->state), db_number(incident->opened_ms), db_number(incident->ended_ms),
		db_number(incident_target_is_protected(incident->matter) && incident->target.bits > 0)};
	return store_query_many(store,
		"INSERT INTO incidents (number, member, sector, matter, state, opened_ms, ended_ms, held) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (number) DO UPDATE SET state = excluded.state, "
		"ended_ms = excluded.ended_ms",
		row, ARRAY_LEN(row), 1);
}

static int bodies_flush(struct store *store, const struct db_value *values, size_t count)
{
	return store_query_many(store,
		"INSERT INTO bodies (number, peak_pps, body) "
		"VALUES ($1, $2, $3) ON CONFLICT (number) DO UPDATE SET peak_pps = excluded.peak_pps, body = excluded.body",
		values, 3, count);
}

static int incidents_save(struct store *store)
{
	static const size_t room = CHUNK * STORE_BODY_BYTES;
	uint8_t *bytes = malloc(room);
	struct db_value values[CHUNK][3];
	const struct incident *incident = NULL;
	enum incident_state saved = INCIDENT_NO_STATE;
	size_t count = 0;
	int err = bytes != NULL ? OK : store_refuse(store, E_SYS, "store", "out of memory");
	for (size_t i = 0; err == OK && (incident = incident_changed(store->writer.book, i, &saved)) != NULL; i++) {
		values[count][0] = db_number((int64_t)incident->number);
		values[count][1] = db_number((int64_t)incident->peak_pps);
		values[count][2] = store_pack(&incident_document, incident, bytes + count * STORE_BODY_BYTES);
		if (saved != incident->state)
			err = store_tally(store, incident, saved);
		if (err == OK && saved != incident->state)
			err = incident_index(store, incident);
		if (err == OK && ++count == CHUNK) {
			err = bodies_flush(store, values[0], count);
			count = 0;
		}
	}
	if (err == OK && count > 0)
		err = bodies_flush(store, values[0], count);
	free(bytes);
	return err == OK ? store_tally_flush(store) : err;
}

static int batch_save(struct store *store)
{
	struct store_writer *writer = &store->writer;
	int err = writer->must_fail ? E_SYS : OK; /* store_why() told it */
	if (err == OK && writer->finding_count > 0) {
		size_t chunk_count = 0, key_count = 0;
		ASSERT(chunk_bytes(writer->findings, writer->finding_count) <= ARENA_CHUNK_BYTES);
		chunk_make(writer->findings, writer->finding_count, writer->arena + STORE_ARENA_BYTES, writer->chunks, &chunk_count,
			writer->keys, &key_count);
		err = keep_why(
			store, store->db, store->hooks->findings_add(store->db, writer->chunks, chunk_count, writer->keys, key_count));
	}
	if (err == OK)
		err = incidents_save(store);
	if (err == OK)
		err = lines_save(store);
	const struct db_value arrival = db_number((int64_t)writer->next_arrival - 1);
	if (err == OK)
		err = store_query(store, store->db, "UPDATE meta SET value = $1 WHERE name = 'arrival'", &arrival, 1, NULL, NULL);
	return err == OK ? store_run(store, "COMMIT") : err;
}

int store_commit(struct store *store)
{
	struct store_writer *writer = &store->writer;
	if (!writer->is_open)
		return store->mode == DB_WRITER ? OK : store_refuse(store, E_STATE, "store", "this handle reads alone");
	int err = batch_save(store);
	writer->is_open = false;
	if (err == OK) {
		incident_saved(writer->book);
		writer->counters.commits++;
	} else {
		(void)store->hooks->run(store->db, "ROLLBACK");
		writer->is_broken = true;
		writer->counters.rolled_back += writer->taken_in_batch;
		err = E_SYS;
	}
	writer->finding_count = writer->arena_used = writer->line_count = writer->tally_count = 0;
	writer->taken_in_batch = 0;
	writer->must_fail = false;
	return err;
}

void store_count(const struct store *store, struct store_counters *ret_counters)
{
	*ret_counters = store->writer.counters;
	if (store->writer.book != NULL)
		incident_count(store->writer.book, &ret_counters->incidents);
}
