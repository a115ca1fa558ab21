/*
 * The store in PostgreSQL, by libpq: one connection for each handle. All
 * tables are in the schema hinomi; findings have two tables for each day,
 * which COPY fills, so that retention is DROP TABLE. A transaction holds all
 * of a batch, so nothing is ever there that was not acknowledged but for what
 * a lost answer to COMMIT leaves open, and that comes again and is a repeat.
 *
 * Parameters and columns travel in PostgreSQL's binary form: numbers as eight
 * bytes in network order, texts and bytes as they are. COPY: the signature,
 * then for each row the number of its columns and each with its length
 * (PostgreSQL 15, section "COPY", Binary Format).
 *
 * A connection that is lost fails what is under way; the next call connects
 * anew. The one writer holds an advisory lock, which dies with its session.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tower/db.h"

#define PLACE_BYTES 1024
#define COPY_BYTES 262144 /* sent at once */
#define WRITER_LOCK "7595982" /* any number, always the same */
#define OID_INT8 20
#define OID_BYTEA 17
#define OID_TEXT 25

static const char copy_signature[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0"; /* with flags and length of the extension; 19 bytes */

struct statement {
	char *sql; /* owned */
	uint64_t hash, used;
	char name[24];
};

struct db {
	PGconn *connection;
	char place[PLACE_BYTES];
	char why[WHY_BYTES];
	enum db_mode mode;
	uint32_t writing_day;
	uint64_t clock;
	size_t statement_count;
	struct statement statements[DB_STATEMENTS_MAX];
	char *copy; /* owned: COPY_BYTES */
	size_t copy_used;
};

/** One line of what went wrong, without the server's LINE and caret. */
static int failed(struct db *db, const char *what)
{
	const char *text = db->connection != NULL ? PQerrorMessage(db->connection) : "out of memory";
	size_t length = strcspn(text, "\n");
	snprintf(db->why, sizeof(db->why), "%.60s: %.*s", what, (int)(length < 120 ? length : 120), text);
	return E_SYS;
}

static void statements_done(struct db *db)
{
	for (size_t i = 0; i < db->statement_count; i++)
		free(db->statements[i].sql);
	db->statement_count = 0;
}

static int run_plain(struct db *db, const char *sql)
{
	PGresult *result = PQexec(db->connection, sql);
	ExecStatusType status = PQresultStatus(result);
	int err = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY ? OK : failed(db, sql);
	PQclear(result);
	return err;
}

static int writer_lock(struct db *db)
{
	PGresult *result = PQexec(db->connection, "SELECT pg_try_advisory_lock(" WRITER_LOCK ")");
	int err = PQresultStatus(result) == PGRES_TUPLES_OK ? OK : failed(db, "lock");
	if (err == OK && strcmp(PQgetvalue(result, 0, 0), "t") != 0)
		err = why_refuse(db->why, E_STATE, "postgresql", "another process writes there");
	PQclear(result);
	return err;
}

/** Libraries do not log: what matters is in the error of the statement. */
static void notice_ignore(void *to, const char *text)
{
	(void)to;
	(void)text;
}

static int connect_anew(struct db *db)
{
	statements_done(db);
	db->writing_day = 0;
	PQfinish(db->connection);
	db->connection = PQconnectdb(db->place);
	if (PQstatus(db->connection) != CONNECTION_OK)
		return failed(db, "connection");
	(void)PQsetNoticeProcessor(db->connection, notice_ignore, NULL);
	int err = run_plain(db,
		"SET client_min_messages = warning; SET synchronous_commit = on; SET search_path = hinomi; SET client_encoding = 'UTF8'");
	if (err == OK && db->mode == DB_WRITER)
		err = writer_lock(db);
	if (err == OK && db->mode == DB_WRITER)
		err = run_plain(db, "CREATE SCHEMA IF NOT EXISTS hinomi");
	return err;
}

static void postgres_close(struct db *db)
{
	if (db == NULL)
		return;
	statements_done(db);
	PQfinish(db->connection);
	free(db->copy);
	free(db);
}

static int postgres_open(const char *place, enum db_mode mode, struct db **ret_db, char ret_why[static WHY_BYTES])
{
	if (strlen(place) >= PLACE_BYTES)
		return why_refuse(ret_why, E_CONFIG, "postgresql:", "the connection string is too long");
	struct db *db = calloc(1, sizeof(*db));
	char *copy = malloc(COPY_BYTES);
	if (db == NULL || copy == NULL) {
		free(db);
		free(copy);
		return why_refuse(ret_why, E_NOMEM, "postgresql", "out of memory");
	}
	db->copy = copy;
	db->mode = mode;
	snprintf(db->place, sizeof(db->place), "%s", place);
	int err = connect_anew(db);
	if (err == OK) {
		*ret_db = db;
		return OK;
	}
	snprintf(ret_why, WHY_BYTES, "%s", db->why);
	postgres_close(db);
	return err;
}

/** Connects again where the connection was lost; whatever was open on it is gone, which the caller's COMMIT then shows. */
static int connected(struct db *db)
{
	return PQstatus(db->connection) == CONNECTION_OK ? OK : connect_anew(db);
}

static int postgres_run(struct db *db, const char *sql)
{
	int err = connected(db);
	if (err != OK)
		return err;
	bool is_commit = strcmp(sql, "COMMIT") == 0;
	PGresult *result = PQexec(db->connection, sql);
	ExecStatusType status = PQresultStatus(result);
	err = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY ? OK : failed(db, sql);
	if (err == OK && is_commit && strcmp(PQcmdStatus(result), "COMMIT") != 0)
		err = why_refuse(
			db->why, E_SYS, "COMMIT", "the transaction had failed"); /* it says ROLLBACK then, or warns that there is none */
	PQclear(result);
	return err;
}

/* Statements. */

static uint64_t text_hash(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a; our own statements */
	for (; *text != '\0'; text++)
		hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	return hash;
}

static int statement_place(struct db *db, struct statement **ret_place)
{
	char sql[64];
	if (db->statement_count < DB_STATEMENTS_MAX) {
		*ret_place = &db->statements[db->statement_count++];
		return OK;
	}
	struct statement *oldest = &db->statements[0];
	for (size_t i = 1; i < DB_STATEMENTS_MAX; i++) {
		if (db->statements[i].used < oldest->used)
			oldest = &db->statements[i];
	}
	snprintf(sql, sizeof(sql), "DEALLOCATE %s", oldest->name);
	int err = run_plain(db, sql);
	free(oldest->sql);
	oldest->sql = NULL;
	*ret_place = oldest;
	return err;
}

static int prepare(struct db *db, const char *sql, const struct db_value *parameters, size_t count, const char **ret_name)
{
	uint64_t hash = text_hash(sql);
	Oid types[DB_PARAMETERS_MAX];
	for (size_t i = 0; i < db->statement_count; i++) {
		struct statement *known = &db->statements[i];
		if (known->sql == NULL || known->hash != hash || strcmp(known->sql, sql) != 0)
			continue;
		known->used = ++db->clock;
		*ret_name = known->name;
		return OK;
	}
	for (size_t i = 0; i < count; i++)
		types[i] = parameters[i].type == DB_NUMBER ? OID_INT8 : parameters[i].type == DB_TEXT ? OID_TEXT : OID_BYTEA;
	struct statement fresh = {.sql = strdup(sql), .hash = hash, .used = ++db->clock}, *place = NULL;
	if (fresh.sql == NULL)
		return E_NOMEM;
	snprintf(fresh.name, sizeof(fresh.name), "s%llu", (unsigned long long)fresh.used);
	PGresult *result = PQprepare(db->connection, fresh.name, sql, (int)count, types);
	int err = PQresultStatus(result) == PGRES_COMMAND_OK ? OK : failed(db, sql);
	PQclear(result);
	if (err == OK)
		err = statement_place(db, &place);
	if (err != OK) {
		free(fresh.sql);
		return err;
	}
	*place = fresh;
	*ret_name = place->name;
	return OK;
}

static void number_write(uint64_t value, char ret_bytes[static 8])
{
	for (unsigned i = 0; i < 8; i++)
		ret_bytes[i] = (char)(value >> (56 - 8 * i));
}

static int64_t number_read(const char *bytes, int length)
{
	uint64_t value = length > 0 && (bytes[0] & 0x80) != 0 ? UINT64_MAX : 0;
	for (int i = 0; i < length; i++)
		value = value << 8 | (uint8_t)bytes[i];
	return (int64_t)value;
}

static int rows_read(const PGresult *result, db_row *row, void *to)
{
	struct db_value columns[DB_COLUMNS_MAX] = {0};
	int count = PQnfields(result);
	ASSERT(count <= DB_COLUMNS_MAX);
	for (int r = 0; r < PQntuples(result) && row != NULL; r++) {
		for (int c = 0; c < count; c++) {
			const char *bytes = PQgetvalue(result, r, c);
			int length = PQgetlength(result, r, c);
			Oid type = PQftype(result, c);
			if (PQgetisnull(result, r, c) != 0)
				columns[c] = (struct db_value){.type = DB_NULL};
			else if (type == OID_TEXT || type == OID_BYTEA)
				columns[c] = (struct db_value){
					.type = type == OID_TEXT ? DB_TEXT : DB_BYTES, .bytes = bytes, .length_bytes = (size_t)length};
			else
				columns[c] = db_number(number_read(bytes, length));
		}
		int err = row(to, columns, (size_t)count);
		if (err != OK)
			return err;
	}
	return OK;
}

/** Parameters as libpq takes them. */
struct arguments {
	const char *values[DB_PARAMETERS_MAX];
	char numbers[DB_PARAMETERS_MAX][8];
	int lengths[DB_PARAMETERS_MAX], formats[DB_PARAMETERS_MAX];
};

static void arguments_fill(struct arguments *arguments, const struct db_value *parameters, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		number_write((uint64_t)parameters[i].number, arguments->numbers[i]);
		bool is_number = parameters[i].type == DB_NUMBER;
		const char *bytes = parameters[i].bytes != NULL ? parameters[i].bytes : "";
		arguments->values[i] = parameters[i].type == DB_NULL ? NULL : is_number ? arguments->numbers[i] : bytes;
		arguments->lengths[i] = is_number ? 8 : (int)parameters[i].length_bytes;
		arguments->formats[i] = 1;
	}
}

static int query_once(struct db *db, const char *sql, const struct db_value *parameters, size_t count, db_row *row, void *to)
{
	const char *name = NULL;
	struct arguments arguments;
	ASSERT(count <= DB_PARAMETERS_MAX);
	int err = connected(db);
	if (err == OK)
		err = prepare(db, sql, parameters, count, &name);
	if (err != OK)
		return err;
	arguments_fill(&arguments, parameters, count);
	PGresult *result = PQexecPrepared(db->connection, name, (int)count, arguments.values, arguments.lengths, arguments.formats, 1);
	ExecStatusType status = PQresultStatus(result);
	err = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ? rows_read(result, row, to) : failed(db, sql);
	PQclear(result);
	return err;
}

/** A reader asks again on a new connection; a writer must not, since what it said before is gone with the old one. */
static int postgres_query(struct db *db, const char *sql, const struct db_value *parameters, size_t count, db_row *row, void *to)
{
	int err = query_once(db, sql, parameters, count, row, to);
	if (err != E_SYS || db->mode != DB_READER || connect_anew(db) != OK)
		return err;
	return query_once(db, sql, parameters, count, row, to);
}

/** Reads what the server says of a pipeline, to its end; its answers are some bytes each, and wait in the socket. */
static int pipeline_end(struct db *db, const char *sql, size_t count)
{
	int err = PQpipelineSync(db->connection) == 1 ? OK : failed(db, sql);
	bool is_over = err != OK;
	for (size_t nulls = 0; !is_over && nulls < 2 * count + 2;) {
		PGresult *result = PQgetResult(db->connection);
		ExecStatusType status = PQresultStatus(result);
		if (result == NULL)
			nulls++; /* between the answers of two statements */
		else if (status == PGRES_PIPELINE_SYNC)
			is_over = true;
		else if (status != PGRES_COMMAND_OK && err == OK)
			err = failed(db, sql);
		PQclear(result);
	}
	if (PQexitPipelineMode(db->connection) != 1 && err == OK)
		err = failed(db, sql);
	return err;
}

static int postgres_query_many(struct db *db, const char *sql, const struct db_value *parameters, size_t columns, size_t rows)
{
	const char *name = NULL;
	struct arguments arguments;
	ASSERT(columns <= DB_PARAMETERS_MAX);
	int err = connected(db);
	if (err == OK)
		err = prepare(db, sql, parameters, columns, &name);
	if (err == OK && PQenterPipelineMode(db->connection) != 1)
		err = failed(db, sql);
	if (err != OK)
		return err;
	for (size_t i = 0; i < rows && err == OK; i++) {
		arguments_fill(&arguments, parameters + i * columns, columns);
		if (PQsendQueryPrepared(db->connection, name, (int)columns, arguments.values, arguments.lengths, arguments.formats, 1) != 1)
			err = failed(db, sql);
	}
	int end = pipeline_end(db, sql, rows);
	return err == OK ? end : err;
}

/* Findings. */

static int postgres_day_begin(struct db *db, uint32_t day)
{
	char sql[2048];
	if (db->writing_day == day && PQstatus(db->connection) == CONNECTION_OK)
		return OK;
	int err = db_dialect(&db_postgres, db_day_tables, day, sql, sizeof(sql));
	if (err == OK)
		err = postgres_run(db, sql);
	if (err == OK)
		db->writing_day = day;
	return err;
}

static int copy_flush(struct db *db)
{
	int sent = PQputCopyData(db->connection, db->copy, (int)db->copy_used);
	db->copy_used = 0;
	return sent == 1 ? OK : failed(db, "COPY");
}

static int copy_put(struct db *db, const void *bytes, size_t length_bytes)
{
	const char *at = bytes;
	while (length_bytes > 0) {
		size_t room = COPY_BYTES - db->copy_used, step = length_bytes < room ? length_bytes : room;
		memcpy(db->copy + db->copy_used, at, step);
		db->copy_used += step;
		at += step;
		length_bytes -= step;
		int err = db->copy_used == COPY_BYTES ? copy_flush(db) : OK;
		if (err != OK)
			return err;
	}
	return OK;
}

/** The head of a column: its length. */
static void length_write(uint32_t length, char ret_bytes[static 4])
{
	for (unsigned i = 0; i < 4; i++)
		ret_bytes[i] = (char)(length >> (24 - 8 * i));
}

static size_t number_column(char *at, uint64_t value)
{
	length_write(8, at);
	number_write(value, at + 4);
	return 12;
}

static int bytes_column(struct db *db, const void *bytes, size_t length_bytes)
{
	char head[4];
	length_write((uint32_t)length_bytes, head);
	int err = copy_put(db, head, sizeof(head));
	return err == OK ? copy_put(db, bytes, length_bytes) : err;
}

static int chunk_copy(struct db *db, const void *row)
{
	const struct db_chunk *chunk = row;
	char head[2 + 3 * 12] = {0, 4};
	size_t used = 2;
	used += number_column(head + used, chunk->arrival);
	used += number_column(head + used, chunk->incident);
	used += number_column(head + used, chunk->count);
	int err = copy_put(db, head, used);
	return err == OK ? bytes_column(db, chunk->documents, chunk->documents_bytes) : err;
}

static int source_copy(struct db *db, const void *row)
{
	const struct db_chunk *chunk = row;
	char head[2 + 12] = {0, 2};
	if (chunk->sources_bytes == 0)
		return OK;
	int err = copy_put(db, head, 2 + number_column(head + 2, chunk->arrival));
	return err == OK ? bytes_column(db, chunk->sources, chunk->sources_bytes) : err;
}

static int key_copy(struct db *db, const void *row)
{
	const struct db_key *key = row;
	char start[2 + 12] = {0, 3}, arrival[12];
	int err = copy_put(db, start, 2 + number_column(start + 2, (uint64_t)key->start_ms));
	if (err == OK)
		err = bytes_column(db, key->id, sizeof(key->id));
	return err == OK ? copy_put(db, arrival, number_column(arrival, key->arrival)) : err;
}

static int copy_begin(struct db *db, const char *sql)
{
	PGresult *result = PQexec(db->connection, sql);
	int err = PQresultStatus(result) == PGRES_COPY_IN ? OK : failed(db, sql);
	PQclear(result);
	db->copy_used = 0;
	return err == OK ? copy_put(db, copy_signature, sizeof(copy_signature)) : err;
}

/** Ends a COPY, well or not, and reads what the server says of it. */
static int copy_end(struct db *db, int err)
{
	if (err == OK)
		err = copy_put(db, "\377\377", 2);
	if (err == OK && db->copy_used > 0)
		err = copy_flush(db);
	if (PQputCopyEnd(db->connection, err == OK ? NULL : "given up") != 1)
		err = failed(db, "COPY");
	for (PGresult *result = PQgetResult(db->connection); result != NULL; result = PQgetResult(db->connection)) {
		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			err = failed(db, "COPY");
		PQclear(result);
	}
	return err;
}

static int table_copy(struct db *db, const char *text, const void *rows, size_t row_bytes, size_t count,
	int (*one)(struct db *db, const void *row))
{
	char sql[DB_SQL_BYTES];
	int err = copy_begin(db, db_sql_day(text, db->writing_day, sql));
	if (err != OK)
		return err;
	for (size_t i = 0; i < count && err == OK; i++)
		err = one(db, (const char *)rows + i * row_bytes);
	return copy_end(db, err);
}

static int postgres_findings_add(
	struct db *db, const struct db_chunk *chunks, size_t chunk_count, const struct db_key *keys, size_t key_count)
{
	int err = table_copy(db, "COPY findings_@ FROM STDIN (FORMAT binary)", chunks, sizeof(*chunks), chunk_count, chunk_copy);
	if (err == OK)
		err = table_copy(db, "COPY sources_@ FROM STDIN (FORMAT binary)", chunks, sizeof(*chunks), chunk_count, source_copy);
	return err == OK ? table_copy(db, "COPY keys_@ FROM STDIN (FORMAT binary)", keys, sizeof(*keys), key_count, key_copy) : err;
}

/* Days. */

struct day_list {
	uint32_t *days;
	size_t count;
};

static int day_row(void *to, const struct db_value *columns, size_t count)
{
	struct day_list *list = to;
	(void)count;
	if (list->count == DB_DAYS_MAX)
		return OK;
	list->days[list->count++] = (uint32_t)columns[0].number;
	return OK;
}

static int postgres_days(struct db *db, uint32_t ret_days[static DB_DAYS_MAX], size_t *ret_count)
{
	struct day_list list = {.days = ret_days};
	int err = postgres_query(db,
		"SELECT CAST(substr(tablename, 10) AS bigint) AS day FROM pg_catalog.pg_tables "
		"WHERE schemaname = 'hinomi' AND tablename ~ '^findings_[0-9]+$' ORDER BY day", NULL, 0, day_row, &list);
	*ret_count = list.count;
	return err;
}

static int found_row(void *to, const struct db_value *columns, size_t count)
{
	*(bool *)to = count > 0 && columns[0].number > 0;
	return OK;
}

static int postgres_day(struct db *db, uint32_t day, struct db **ret_db)
{
	char name[32];
	bool is_there = false;
	*ret_db = db;
	if (db->writing_day == day)
		return OK;
	snprintf(name, sizeof(name), "findings_%u", day);
	const struct db_value parameter = db_text(name);
	int err = postgres_query(db, "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'hinomi' AND tablename = $1",
		&parameter, 1, found_row, &is_there);
	return err != OK || is_there ? err : E_END;
}

static int postgres_day_drop(struct db *db, uint32_t day, bool sources_alone)
{
	char sql[DB_SQL_BYTES];
	if (db->writing_day == day)
		db->writing_day = 0;
	return postgres_run(db, db_sql_day(sources_alone ? "TRUNCATE sources_@"
		: "DROP TABLE IF EXISTS findings_@, sources_@, keys_@", day, sql));
}

static int postgres_erase(struct db *db)
{
	return postgres_run(db, "VACUUM"); /* frees the place of deleted rows; it is written over as it is used again */
}

static const char *postgres_why(const struct db *db)
{
	return db->why;
}

const struct db_hooks db_postgres = {
	.scheme = "postgresql:",
	.type_int = "bigint",
	.type_blob = "bytea",
	.zero = "'\\x00'::bytea",
	.strict = "",
	.keyed = "",
	.main_prefix = "",
	.day_prefix = "",
	.open = postgres_open,
	.close = postgres_close,
	.run = postgres_run,
	.query = postgres_query,
	.query_many = postgres_query_many,
	.day_begin = postgres_day_begin,
	.findings_add = postgres_findings_add,
	.day = postgres_day,
	.days = postgres_days,
	.day_drop = postgres_day_drop,
	.erase = postgres_erase,
	.why = postgres_why,
};
