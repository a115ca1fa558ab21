/*
 * The few things that the store asks of a database, and the two that do them
 * (store_sqlite.c, store_postgres.c), each a row of hooks. The SQL is the same
 * for both: parameters are $1, $2 ...; numbers are 64 bits; upserts are ON
 * CONFLICT; in migrations {int}, {blob}, {strict}, {keyed} and the prefixes {main} and
 * {day} stand for what differs.
 *
 * Findings are in tables of their own day, findings_DAY, sources_DAY and
 * keys_DAY (DAY counts from 1970): with SQLite in a file of that day, with PostgreSQL a
 * table. What is to be read of a day is asked of the handle that db_day() gives.
 *
 * Not for others than the files of the store.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/why.h"

#define DB_SQL_BYTES 1024 /* longest statement with a day in it */
#define DB_COLUMNS_MAX 32
#define DB_PARAMETERS_MAX 16
#define DB_STATEMENTS_MAX 128 /* prepared at once on one handle; the one not used longest makes room */
#define DB_DAYS_MAX 4096 /* days of findings at once: eleven years */

enum db_type {
	DB_NULL = 0,
	DB_NUMBER,
	DB_TEXT,
	DB_BYTES,
};

struct db_value {
	enum db_type type;
	int64_t number;
	const void *bytes; /* DB_TEXT (not NUL-terminated), DB_BYTES; borrowed */
	size_t length_bytes;
};

static inline struct db_value db_number(int64_t number)
{
	return (struct db_value){.type = DB_NUMBER, .number = number};
}

static inline struct db_value db_bytes(const void *bytes, size_t length_bytes)
{
	return (struct db_value){.type = DB_BYTES, .bytes = bytes, .length_bytes = length_bytes};
}

struct db_value db_text(const char *text);

/** Findings of one incident out of one batch, as they are added (tower/chunk.h). */
struct db_chunk {
	uint64_t arrival, incident; /* arrival: the lowest */
	uint32_t count;
	const uint8_t *documents; /* without what is classed */
	size_t documents_bytes;
	const uint8_t *sources; /* what is classed */
	size_t sources_bytes;
};

/** That a finding has documents in a chunk. */
struct db_key {
	int64_t start_ms;
	uint8_t id[16];
	uint64_t arrival; /* of the chunk */
};

enum db_mode { DB_WRITER = 0, DB_READER };

struct db; /* opaque, of the backend */

/** Takes one row of an answer. @return OK to go on; else the query ends with it */
typedef int db_row(void *to, const struct db_value *columns, size_t count);

struct db_hooks {
	const char *scheme; /* "sqlite:" */
	const char *type_int, *type_blob, *strict, *keyed, *main_prefix, *day_prefix; /* in migrations */
	const char *zero; /* likewise: a blob of one byte, 0 */
	/** Opens; a writer alone. @return OK, E_STATE: there is another writer; E_CONFIG, E_SYS, E_NOMEM */
	int (*open)(const char *place, enum db_mode mode, struct db **ret_db, char ret_why[static WHY_BYTES]);
	void (*close)(struct db *db);
	/** Runs statements without parameters and without rows. */
	int (*run)(struct db *db, const char *sql);
	/** Runs one statement; row may be NULL. @return OK, E_SYS, or what row returned */
	int (*query)(struct db *db, const char *sql, const struct db_value *parameters, size_t count, db_row *row, void *to);
	/** Runs one statement once for each row of parameters. */
	int (*query_many)(struct db *db, const char *sql, const struct db_value *parameters, size_t columns, size_t rows);
	/** Gets ready to add findings of a day, outside of a transaction; makes its tables where they are missing. */
	int (*day_begin)(struct db *db, uint32_t day);
	/** Adds findings of the day that was begun, in the transaction that is open. */
	int (*findings_add)(
		struct db *db, const struct db_chunk *chunks, size_t chunk_count, const struct db_key *keys, size_t key_count);
	/** The handle to ask of a day's tables; borrowed. @return OK, E_END: there is no such day; E_SYS */
	int (*day)(struct db *db, uint32_t day, struct db **ret_db);
	/** The days there are, in order. */
	int (*days)(struct db *db, uint32_t ret_days[static DB_DAYS_MAX], size_t *ret_count);
	/** Takes a whole day away, or its sources; outside of a transaction. What is gone is gone from the disk. */
	int (*day_drop)(struct db *db, uint32_t day, bool sources_alone);
	/** After rows were deleted: writes over what is left of them on the disk, as far as the database can; outside of a
	 * transaction. */
	int (*erase)(struct db *db);
	const char *(*why)(const struct db *db);
};

extern const struct db_hooks db_sqlite;
extern const struct db_hooks db_postgres;

/** The tables of one day, with %u for the day: {int} and the rest as in migrations. */
extern const char *const db_day_tables;

/** The same without what differs between the databases. @param day or 0: none in the text */
int db_dialect(const struct db_hooks *hooks, const char *text, uint32_t day, char *ret_sql, size_t room_bytes);

/** A statement with a day in it, once or more: "@" stands for it. */
const char *db_sql_day(const char *text, uint32_t day, char ret_sql[static DB_SQL_BYTES]);
