/*
 * The store in a directory, by SQLite:
 *
 *     DIRECTORY/lock              held by the one writer (flock)
 *     DIRECTORY/tower.db          all but findings
 *     DIRECTORY/findings-DAY.db   findings that arrived on a day, with their sources; DAY counts from 1970
 *
 * All in WAL mode and synced at each commit. A day is a file so that retention
 * is unlink(2): nothing is searched, nothing is left in free pages.
 *
 * SQLite commits several files in WAL mode one after the other, in the order
 * in which they were attached. So the writer attaches the day before
 * tower.db: after a sudden end a day may have findings that tower.db does not
 * count, and never the other way round. Those were not acknowledged; the
 * store deletes them when it opens (store.c), and they come again.
 *
 * The writer's main database is in memory and empty. Readers open tower.db,
 * and the files of days as they need them, a few at a time.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <threads.h>
#include <unistd.h>

#include "tower/db.h"

#define PATH_BYTES 512
#define BUSY_MS 5000 /* readers and checkpoints hold a lock for microseconds */
#define DAY_HANDLES 40 /* days open at once on one handle */
#define CHECKPOINT_PAGES 4096 /* of the WAL: 64 MiB of 16 KiB pages */

struct statement {
	uint64_t hash; /* of its text, which is sqlite3_sql() of the handle */
	sqlite3_stmt *handle;
	uint64_t used; /* when last */
	uint8_t places[DB_PARAMETERS_MAX]; /* SQLite's number of $1, $2 ...; it counts them in the order in which they appear */
};

struct day_handle {
	uint32_t day;
	uint64_t used;
	struct db *db; /* owned */
};

struct db {
	sqlite3 *handle;
	char directory[PATH_BYTES];
	char why[WHY_BYTES];
	enum db_mode mode;
	bool is_day; /* opened by day(): has no days of its own */
	int lock; /* of the writer; -1 */
	uint32_t writing_day; /* attached as `day`; 0 none */
	uint64_t clock; /* counts uses */
	size_t statement_count;
	struct statement statements[DB_STATEMENTS_MAX];
	struct day_handle days[DAY_HANDLES];
};

static int failed(struct db *db, const char *what)
{
	snprintf(db->why, sizeof(db->why), "%s: %s", what, db->handle != NULL ? sqlite3_errmsg(db->handle) : "out of memory");
	return E_SYS;
}

static void statement_done(struct statement *statement)
{
	sqlite3_finalize(statement->handle);
}

static void statements_done(struct db *db)
{
	for (size_t i = 0; i < db->statement_count; i++)
		statement_done(&db->statements[i]);
	db->statement_count = 0;
}

static void sqlite_close(struct db *db)
{
	if (db == NULL)
		return;
	for (size_t i = 0; i < DAY_HANDLES; i++)
		sqlite_close(db->days[i].db);
	statements_done(db);
	sqlite3_close(db->handle);
	if (db->lock >= 0)
		close(db->lock);
	free(db);
}

static int sqlite_run(struct db *db, const char *sql)
{
	return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK ? OK : failed(db, "SQL");
}

/** Opens a file of its own handle. @param name "tower.db", or ":memory:" of the writer */
static int handle_open(struct db *db, const char *name)
{
	char path[PATH_BYTES + 64];
	bool is_memory = name[0] == ':';
	int flags = is_memory ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
	snprintf(path, sizeof(path), "%s%s%s", is_memory ? "" : db->directory, is_memory ? "" : "/", name);
	if (sqlite3_open_v2(path, &db->handle, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return failed(db, path);
	sqlite3_busy_timeout(db->handle, BUSY_MS);
	sqlite3_extended_result_codes(db->handle, 1);
	(void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return sqlite_run(db, "PRAGMA cache_size=-16384"); /* KiB: the open incidents of a busy day */
}

static int attach(struct db *db, const char *file, const char *name, bool is_secure)
{
	char sql[PATH_BYTES + 512];
	sqlite3_snprintf((int)sizeof(sql), sql,
		"ATTACH %Q AS %s; PRAGMA %s.page_size=16384; PRAGMA %s.journal_mode=WAL; PRAGMA %s.synchronous=FULL; "
		"PRAGMA %s.secure_delete=%s; PRAGMA %s.cache_size=-32768; PRAGMA %s.journal_size_limit=67108864;",
		file, name, name, name, name, name, is_secure ? "ON" : "OFF", name, name);
	return sqlite_run(db, sql);
}

static int tower_attach(struct db *db)
{
	char file[PATH_BYTES + 16];
	snprintf(file, sizeof(file), "%s/tower.db", db->directory);
	return attach(db, file, "tower", true);
}

/** Makes the directory, takes its lock, attaches tower.db. */
static int writer_open(struct db *db)
{
	char path[PATH_BYTES + 16];
	snprintf(path, sizeof(path), "%s/lock", db->directory);
	if (mkdir(db->directory, 0700) != 0 && errno != EEXIST)
		return why_refuse_errno(db->why, db->directory, "cannot be made");
	db->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (db->lock < 0)
		return why_refuse_errno(db->why, path, "cannot be made");
	if (flock(db->lock, LOCK_EX | LOCK_NB) != 0)
		return why_refuse(db->why, E_STATE, db->directory, "another process writes there");
	int err = handle_open(db, ":memory:");
	if (err == OK)
		err = tower_attach(db);
	sqlite3_wal_autocheckpoint(db->handle, CHECKPOINT_PAGES);
	return err;
}

/** Once for the process: its own statistics of memory cost a lock for each allocation. */
static void configure(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static struct db *db_new(const char *directory, enum db_mode mode)
{
	struct db *db = calloc(1, sizeof(*db));
	if (db == NULL)
		return NULL;
	db->lock = -1;
	db->mode = mode;
	snprintf(db->directory, sizeof(db->directory), "%s", directory);
	return db;
}

static int sqlite_open(const char *place, enum db_mode mode, struct db **ret_db, char ret_why[static WHY_BYTES])
{
	static once_flag configured = ONCE_FLAG_INIT;
	call_once(&configured, configure);
	if (place[0] == '\0' || strlen(place) >= PATH_BYTES)
		return why_refuse(ret_why, E_CONFIG, "sqlite:", "a directory is expected behind it");
	struct db *db = db_new(place, mode);
	if (db == NULL)
		return why_refuse(ret_why, E_NOMEM, place, "out of memory");
	mode_t mask = umask(0077);
	int err = mode == DB_WRITER ? writer_open(db) : handle_open(db, "tower.db");
	umask(mask);
	if (err == OK) {
		*ret_db = db;
		return OK;
	}
	snprintf(ret_why, WHY_BYTES, "%s", db->why);
	sqlite_close(db);
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

static struct statement *statement_place(struct db *db)
{
	if (db->statement_count < DB_STATEMENTS_MAX)
		return &db->statements[db->statement_count++];
	struct statement *oldest = &db->statements[0];
	for (size_t i = 1; i < DB_STATEMENTS_MAX; i++) {
		if (db->statements[i].used < oldest->used)
			oldest = &db->statements[i];
	}
	statement_done(oldest);
	return oldest;
}

static int statement_find(struct db *db, const char *sql, struct statement **ret_statement)
{
	uint64_t hash = text_hash(sql);
	for (size_t i = 0; i < db->statement_count; i++) {
		struct statement *known = &db->statements[i];
		if (known->hash != hash || strcmp(sqlite3_sql(known->handle), sql) != 0)
			continue;
		known->used = ++db->clock;
		*ret_statement = known;
		return OK;
	}
	sqlite3_stmt *handle = NULL;
	if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL) != SQLITE_OK)
		return failed(db, sql);
	struct statement *statement = statement_place(db);
	*statement = (struct statement){.hash = hash, .handle = handle, .used = ++db->clock};
	for (unsigned i = 0; i < DB_PARAMETERS_MAX; i++) {
		char name[16];
		snprintf(name, sizeof(name), "$%u", i + 1);
		statement->places[i] = (uint8_t)sqlite3_bind_parameter_index(handle, name);
	}
	*ret_statement = statement;
	return OK;
}

/** For statements whose parameters are ?1, ?2 ... */
static int prepare(struct db *db, const char *sql, sqlite3_stmt **ret_handle)
{
	struct statement *statement = NULL;
	int err = statement_find(db, sql, &statement);
	if (err == OK)
		*ret_handle = statement->handle;
	return err;
}

static int parameter_bind(sqlite3_stmt *handle, int at, const struct db_value *value)
{
	switch (value->type) {
	case DB_NULL:
		return sqlite3_bind_null(handle, at);
	case DB_NUMBER:
		return sqlite3_bind_int64(handle, at, value->number);
	case DB_TEXT:
		return sqlite3_bind_text64(handle, at, value->bytes, value->length_bytes, SQLITE_STATIC, SQLITE_UTF8);
	case DB_BYTES:
		return sqlite3_bind_blob64(handle, at, value->bytes != NULL ? value->bytes : "", value->length_bytes, SQLITE_STATIC);
	}
	return SQLITE_MISUSE;
}

static struct db_value column_of(sqlite3_stmt *handle, int at)
{
	switch (sqlite3_column_type(handle, at)) {
	case SQLITE_INTEGER:
		return db_number(sqlite3_column_int64(handle, at));
	case SQLITE_BLOB:
	case SQLITE_TEXT: {
		bool is_text = sqlite3_column_type(handle, at) == SQLITE_TEXT;
		const void *bytes = sqlite3_column_blob(handle, at);
		return (struct db_value){.type = is_text ? DB_TEXT : DB_BYTES, .bytes = bytes != NULL ? bytes : "",
			.length_bytes = (size_t)sqlite3_column_bytes(handle, at)};
	}
	}
	return (struct db_value){.type = DB_NULL};
}

static int rows_read(struct db *db, sqlite3_stmt *handle, db_row *row, void *to)
{
	struct db_value columns[DB_COLUMNS_MAX] = {0};
	int count = sqlite3_column_count(handle);
	ASSERT(count <= DB_COLUMNS_MAX);
	for (;;) {
		int code = sqlite3_step(handle);
		if (code == SQLITE_DONE)
			return OK;
		if (code != SQLITE_ROW)
			return failed(db, sqlite3_sql(handle));
		for (int i = 0; i < count; i++)
			columns[i] = column_of(handle, i);
		int err = row != NULL ? row(to, columns, (size_t)count) : OK;
		if (err != OK)
			return err;
	}
}

static int sqlite_query(struct db *db, const char *sql, const struct db_value *parameters, size_t count, db_row *row, void *to)
{
	struct statement *statement = NULL;
	ASSERT(count <= DB_PARAMETERS_MAX);
	int err = statement_find(db, sql, &statement);
	if (err != OK)
		return err;
	sqlite3_stmt *handle = statement->handle;
	for (size_t i = 0; i < count && err == OK; i++)
		err = parameter_bind(handle, statement->places[i], &parameters[i]) == SQLITE_OK ? OK : failed(db, sql);
	if (err == OK)
		err = rows_read(db, handle, row, to);
	(void)sqlite3_reset(handle);
	(void)sqlite3_clear_bindings(handle);
	return err;
}

static int sqlite_query_many(struct db *db, const char *sql, const struct db_value *parameters, size_t columns, size_t rows)
{
	int err = OK;
	for (size_t i = 0; i < rows && err == OK; i++)
		err = sqlite_query(db, sql, parameters + i * columns, columns, NULL, NULL);
	return err;
}

/* Days. */

static void day_path(const struct db *db, uint32_t day, const char *ending, char ret_path[static PATH_BYTES + 64])
{
	snprintf(ret_path, PATH_BYTES + 64, "%s/findings-%u.db%s", db->directory, day, ending);
}

static int sqlite_day_begin(struct db *db, uint32_t day)
{
	char path[PATH_BYTES + 64], sql[2048];
	if (db->writing_day == day)
		return OK;
	statements_done(db); /* they hold what is detached */
	int err = db->writing_day != 0 ? sqlite_run(db, "DETACH day") : OK;
	if (err == OK)
		err = sqlite_run(db, "DETACH tower"); /* it comes behind the day: see above */
	db->writing_day = 0;
	day_path(db, day, "", path);
	mode_t mask = umask(0077);
	if (err == OK)
		err = attach(db, path, "day", false);
	umask(mask);
	if (err == OK)
		err = tower_attach(db);
	if (err == OK)
		err = db_dialect(&db_sqlite, db_day_tables, day, sql, sizeof(sql));
	if (err == OK)
		err = sqlite_run(db, "BEGIN");
	if (err == OK)
		err = sqlite_run(db, sql);
	if (err == OK)
		err = sqlite_run(db, "COMMIT");
	if (err == OK)
		db->writing_day = day;
	return err;
}

static int insert(struct db *db, sqlite3_stmt *handle)
{
	int err = sqlite3_step(handle) == SQLITE_DONE ? OK : failed(db, "findings");
	(void)sqlite3_reset(handle);
	return err;
}

static int chunks_insert(struct db *db, const struct db_chunk *chunks, size_t count)
{
	char sql[DB_SQL_BYTES];
	sqlite3_stmt *documents = NULL, *sources = NULL;
	int err = prepare(db, db_sql_day("INSERT INTO findings_@ VALUES (?1, ?2, ?3, ?4)", db->writing_day, sql), &documents);
	if (err == OK)
		err = prepare(db, db_sql_day("INSERT INTO sources_@ VALUES (?1, ?2)", db->writing_day, sql), &sources);
	for (size_t i = 0; i < count && err == OK; i++) {
		const struct db_chunk *chunk = &chunks[i];
		(void)sqlite3_bind_int64(documents, 1, (int64_t)chunk->arrival);
		(void)sqlite3_bind_int64(documents, 2, (int64_t)chunk->incident);
		(void)sqlite3_bind_int64(documents, 3, chunk->count);
		(void)sqlite3_bind_blob64(documents, 4, chunk->documents, chunk->documents_bytes, SQLITE_STATIC);
		err = insert(db, documents);
		if (err != OK || chunk->sources_bytes == 0)
			continue;
		(void)sqlite3_bind_int64(sources, 1, (int64_t)chunk->arrival);
		(void)sqlite3_bind_blob64(sources, 2, chunk->sources, chunk->sources_bytes, SQLITE_STATIC);
		err = insert(db, sources);
	}
	if (documents != NULL)
		(void)sqlite3_clear_bindings(documents);
	if (sources != NULL)
		(void)sqlite3_clear_bindings(sources);
	return err;
}

static int sqlite_findings_add(
	struct db *db, const struct db_chunk *chunks, size_t chunk_count, const struct db_key *keys, size_t key_count)
{
	char sql[DB_SQL_BYTES];
	sqlite3_stmt *statement = NULL;
	int err = chunks_insert(db, chunks, chunk_count);
	if (err == OK)
		err = prepare(db, db_sql_day("INSERT INTO keys_@ VALUES (?1, ?2, ?3)", db->writing_day, sql), &statement);
	for (size_t i = 0; i < key_count && err == OK; i++) {
		(void)sqlite3_bind_int64(statement, 1, keys[i].start_ms);
		(void)sqlite3_bind_blob(statement, 2, keys[i].id, sizeof(keys[i].id), SQLITE_STATIC);
		(void)sqlite3_bind_int64(statement, 3, (int64_t)keys[i].arrival);
		err = insert(db, statement);
	}
	if (statement != NULL)
		(void)sqlite3_clear_bindings(statement);
	return err;
}

static int found_row(void *to, const struct db_value *columns, size_t count)
{
	*(bool *)to = count > 0 && columns[0].number > 0;
	return OK;
}

/** A file whose day had just been begun when the process ended has none. */
static int day_has_tables(struct db *db, uint32_t day)
{
	char name[32];
	bool is_there = false;
	snprintf(name, sizeof(name), "keys_%u", day);
	const struct db_value parameter = db_text(name);
	int err = sqlite_query(db, "SELECT COUNT(*) FROM sqlite_schema WHERE name = $1", &parameter, 1, found_row, &is_there);
	return err != OK || is_there ? err : E_END;
}

static int sqlite_day(struct db *db, uint32_t day, struct db **ret_db)
{
	char path[PATH_BYTES + 64], name[64];
	struct day_handle *place = &db->days[0];
	if (db->writing_day == day && day != 0) {
		*ret_db = db;
		return OK;
	}
	day_path(db, day, "", path);
	bool is_there = access(path, F_OK) == 0;
	for (size_t i = 0; i < DAY_HANDLES; i++) {
		struct day_handle *known = &db->days[i];
		if (known->db != NULL && known->day == day && is_there) {
			known->used = ++db->clock;
			*ret_db = known->db;
			return OK;
		}
		if (known->db == NULL || known->used < place->used)
			place = known;
	}
	if (!is_there)
		return E_END;
	struct db *opened = db_new(db->directory, DB_READER);
	if (opened == NULL)
		return E_NOMEM;
	snprintf(name, sizeof(name), "findings-%u.db", day);
	int err = handle_open(opened, name);
	if (err == OK)
		err = day_has_tables(opened, day);
	if (err != OK) {
		snprintf(db->why, sizeof(db->why), "%s", opened->why);
		sqlite_close(opened);
		return err;
	}
	sqlite_close(place->db);
	*place = (struct day_handle){.day = day, .used = ++db->clock, .db = opened};
	*ret_db = opened;
	return OK;
}

static int compare_days(const void *a, const void *b)
{
	uint32_t first, second;
	memcpy(&first, a, sizeof(first));
	memcpy(&second, b, sizeof(second));
	return first < second ? -1 : first > second;
}

static int sqlite_days(struct db *db, uint32_t ret_days[static DB_DAYS_MAX], size_t *ret_count)
{
	DIR *directory = opendir(db->directory);
	size_t count = 0;
	if (directory == NULL)
		return why_refuse_errno(db->why, db->directory, "cannot be read");
	for (struct dirent *entry = readdir(directory); entry != NULL && count < DB_DAYS_MAX; entry = readdir(directory)) {
		unsigned day = 0;
		char again[64];
		if (sscanf(entry->d_name, "findings-%9u.db", &day) != 1) /* NOLINT(cert-err34-c): compared with what it was read from */
			continue;
		snprintf(again, sizeof(again), "findings-%u.db", day);
		if (strcmp(again, entry->d_name) == 0)
			ret_days[count++] = day;
	}
	closedir(directory);
	qsort(ret_days, count, sizeof(ret_days[0]), compare_days);
	*ret_count = count;
	return OK;
}

static void day_forget(struct db *db, uint32_t day)
{
	for (size_t i = 0; i < DAY_HANDLES; i++) {
		if (db->days[i].db == NULL || db->days[i].day != day)
			continue;
		sqlite_close(db->days[i].db);
		db->days[i] = (struct day_handle){.day = 0};
	}
}

/** Deletes the sources of a day and writes the file anew, so that no free page keeps them. */
static int sources_drop(struct db *db, uint32_t day)
{
	char path[PATH_BYTES + 64], sql[DB_SQL_BYTES];
	sqlite3 *handle = NULL;
	day_path(db, day, "", path);
	bool is_done = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
		sqlite3_busy_timeout(handle, BUSY_MS) == SQLITE_OK &&
		sqlite3_exec(handle, db_sql_day("DELETE FROM sources_@; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)", day, sql), NULL, NULL,
			NULL) == SQLITE_OK;
	if (!is_done)
		snprintf(db->why, sizeof(db->why), "sources of day %u: %s", day, handle != NULL ? sqlite3_errmsg(handle) : "out of memory");
	sqlite3_close(handle);
	return is_done ? OK : E_SYS;
}

static int sqlite_day_drop(struct db *db, uint32_t day, bool sources_alone)
{
	static const char *const endings[] = {"-wal", "-shm", ""};
	char path[PATH_BYTES + 64];
	ASSERT(day != 0);
	if (db->writing_day == day) { /* it is not written any more, or it would not be dropped */
		statements_done(db);
		if (sqlite_run(db, "DETACH day") != OK)
			return E_SYS;
		db->writing_day = 0;
	}
	day_forget(db, day);
	if (sources_alone)
		return sources_drop(db, day);
	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		day_path(db, day, endings[i], path);
		if (unlink(path) != 0 && errno != ENOENT)
			return why_refuse_errno(db->why, path, "cannot be deleted");
	}
	return OK;
}

static int sqlite_erase(struct db *db)
{
	return sqlite_run(db, "PRAGMA tower.wal_checkpoint(TRUNCATE)"); /* secure_delete has written zeros over the rows */
}

static const char *sqlite_why(const struct db *db)
{
	return db->why;
}

const struct db_hooks db_sqlite = {
	.scheme = "sqlite:",
	.type_int = "INTEGER",
	.type_blob = "BLOB",
	.zero = "x'00'",
	.strict = "STRICT",
	.keyed = "STRICT, WITHOUT ROWID",
	.main_prefix = "tower.",
	.day_prefix = "day.",
	.open = sqlite_open,
	.close = sqlite_close,
	.run = sqlite_run,
	.query = sqlite_query,
	.query_many = sqlite_query_many,
	.day_begin = sqlite_day_begin,
	.findings_add = sqlite_findings_add,
	.day = sqlite_day,
	.days = sqlite_days,
	.day_drop = sqlite_day_drop,
	.erase = sqlite_erase,
	.why = sqlite_why,
};
