/*
 * SQLite with a rollback journal and secure_delete: what is deleted is written over with zeros in the file. (The journal
 * that SQLite deletes then is not; what lies on the disk there is a box like any other.)
 *
 * box     one row for a finding and a pseudonym, with the second of the mail
 * used    the orders by which boxes were opened
 */
#include "mail/sealed.h"

#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/limits.h"

#define SCHEMA_VERSION 1
#define BUSY_MS 2000 /* another process has the file: it is at it for milliseconds */
#define EXPIRE_EVERY_MS 60000

static const char schema[] =
	"PRAGMA secure_delete = ON; PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;"
	"BEGIN IMMEDIATE;"
	"CREATE TABLE IF NOT EXISTS box(finding BLOB NOT NULL, pseudonym INTEGER NOT NULL, at_s INTEGER NOT NULL, box BLOB NOT NULL,"
	" PRIMARY KEY(finding, pseudonym)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS box_at ON box(at_s);"
	"CREATE TABLE IF NOT EXISTS used(counter INTEGER PRIMARY KEY, digest BLOB NOT NULL, at_s INTEGER NOT NULL) STRICT;"
	"PRAGMA user_version = 1;"
	"COMMIT";

struct waiting {
	struct sealed_name name;
	int64_t at_s;
	uint8_t box[SEALED_BOX_BYTES];
};

struct sealed {
	sqlite3 *db;
	struct seal_public public;
	int64_t keep_s;
	pthread_mutex_t turn; /* who has it may take from the queue */
	int64_t expired_ms; /* when what is over was last deleted; 0: not yet */
	pthread_mutex_t lock; /* of what follows */
	struct sealed_counts counts;
	size_t first, count; /* of queue, a ring */
	struct waiting queue[LIMIT_MAIL_SEALED_QUEUE];
};

/** A statement with its parameters: blob, two numbers, blob; those that it has. NULL: it cannot be made. */
static sqlite3_stmt *sql(struct sealed *sealed, const char *text, const void *blob, size_t blob_bytes, int64_t number,
	int64_t other)
{
	sqlite3_stmt *made = NULL;
	if (sqlite3_prepare_v2(sealed->db, text, -1, &made, NULL) != SQLITE_OK)
		return NULL;
	int room = sqlite3_bind_parameter_count(made);
	bool is_bound = (room < 1 || sqlite3_bind_blob(made, 1, blob, (int)blob_bytes, SQLITE_STATIC) == SQLITE_OK) &&
		(room < 2 || sqlite3_bind_int64(made, 2, number) == SQLITE_OK) &&
		(room < 3 || sqlite3_bind_int64(made, 3, other) == SQLITE_OK);
	if (!is_bound) {
		sqlite3_finalize(made);
		return NULL;
	}
	return made;
}

/** Runs a statement that gives no rows. @return SQLite's code */
static int run(sqlite3_stmt *made)
{
	if (made == NULL)
		return SQLITE_ERROR;
	int result = sqlite3_step(made);
	sqlite3_finalize(made);
	return result;
}

/** The version of a file that is open; -1: it is none of SQLite's. */
static int version_of(sqlite3 *db)
{
	sqlite3_stmt *made = NULL;
	int version = -1;
	if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &made, NULL) == SQLITE_OK && sqlite3_step(made) == SQLITE_ROW)
		version = sqlite3_column_int(made, 0);
	sqlite3_finalize(made);
	return version;
}

int sealed_open(const struct sealed_settings *settings, struct sealed **ret_sealed, char ret_why[static WHY_BYTES])
{
	struct sealed *sealed = calloc(1, sizeof(*sealed));
	if (sealed == NULL || sodium_init() < 0) {
		free(sealed);
		return why_refuse(ret_why, E_NOMEM, settings->path, "no memory");
	}
	(void)pthread_mutex_init(&sealed->lock, NULL);
	(void)pthread_mutex_init(&sealed->turn, NULL);
	sealed->public = settings->public;
	sealed->keep_s = (int64_t)(settings->keep_ms / 1000);
	int fd = open(settings->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600); /* SQLite's own would be for all to read */
	if (fd >= 0)
		close(fd);
	int err = fd < 0 ? E_SYS : sqlite3_open_v2(settings->path, &sealed->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, NULL)
		== SQLITE_OK ? OK : E_SYS;
	int version = err == OK ? version_of(sealed->db) : -1;
	if (err == OK && version != 0 && version != SCHEMA_VERSION)
		err = E_CONFIG;
	if (err == OK && (sqlite3_busy_timeout(sealed->db, BUSY_MS) != SQLITE_OK ||
		sqlite3_exec(sealed->db, schema, NULL, NULL, NULL) != SQLITE_OK))
		err = E_SYS;
	if (err != OK) {
		(void)why_refuse(ret_why, err, settings->path,
			err == E_SYS ? "cannot be opened as a table of sealed addresses" : "is no table of sealed addresses of this version");
		sqlite3_close(sealed->db);
		(void)pthread_mutex_destroy(&sealed->lock);
		(void)pthread_mutex_destroy(&sealed->turn);
		free(sealed);
		return err;
	}
	*ret_sealed = sealed;
	return OK;
}

void sealed_close(struct sealed *sealed)
{
	if (sealed == NULL)
		return;
	sqlite3_close(sealed->db);
	(void)pthread_mutex_destroy(&sealed->lock);
	(void)pthread_mutex_destroy(&sealed->turn);
	free(sealed);
}

void sealed_keep(struct sealed *sealed, const struct sealed_name *name, const char *address, int64_t now_wall_ms)
{
	struct waiting waiting = {.name = *name, .at_s = now_wall_ms / 1000};
	sealed_box_close(&sealed->public, name, address, waiting.box);
	pthread_mutex_lock(&sealed->lock);
	if (sealed->count == LIMIT_MAIL_SEALED_QUEUE)
		sealed->counts.lost++;
	else
		sealed->queue[(sealed->first + sealed->count++) % LIMIT_MAIL_SEALED_QUEUE] = waiting;
	pthread_mutex_unlock(&sealed->lock);
}

/** The n-th that waits; it stays where it is for whoever has the turn. @return false: there are no more */
static bool waiting_look(struct sealed *sealed, size_t nth, struct waiting *ret_waiting)
{
	pthread_mutex_lock(&sealed->lock);
	bool is_there = nth < sealed->count;
	if (is_there)
		*ret_waiting = sealed->queue[(sealed->first + nth) % LIMIT_MAIL_SEALED_QUEUE];
	pthread_mutex_unlock(&sealed->lock);
	return is_there;
}

static int waiting_write(struct sealed *sealed, const struct waiting *waiting)
{
	sqlite3_stmt *made = sql(sealed, "INSERT OR IGNORE INTO box(finding, pseudonym, at_s, box) VALUES (?1, ?2, ?3, ?4)",
		waiting->name.finding, sizeof(waiting->name.finding), (int64_t)waiting->name.pseudonym, waiting->at_s);
	if (made == NULL || sqlite3_bind_blob(made, 4, waiting->box, sizeof(waiting->box), SQLITE_STATIC) != SQLITE_OK) {
		sqlite3_finalize(made);
		return E_SYS;
	}
	return run(made) == SQLITE_DONE ? OK : E_SYS;
}

/** Deletes and counts. @param text with one parameter, a number. @return SQLite's code */
static int rows_drop(struct sealed *sealed, const char *text, int64_t number, uint64_t *count)
{
	sqlite3_stmt *made = NULL;
	*count = 0;
	if (sqlite3_prepare_v2(sealed->db, text, -1, &made, NULL) != SQLITE_OK || sqlite3_bind_int64(made, 1, number) != SQLITE_OK) {
		sqlite3_finalize(made);
		return SQLITE_ERROR;
	}
	int result = run(made);
	if (result == SQLITE_DONE)
		*count = (uint64_t)sqlite3_changes(sealed->db);
	return result;
}

/** A turn, for who has it. */
static int turn_do(struct sealed *sealed, int64_t now_wall_ms)
{
	struct waiting waiting;
	struct sealed_counts more = {0};
	size_t written = 0;
	bool is_due = now_wall_ms - sealed->expired_ms >= EXPIRE_EVERY_MS || now_wall_ms < sealed->expired_ms;
	if (!is_due && !waiting_look(sealed, 0, &waiting))
		return OK;
	bool is_well = sqlite3_exec(sealed->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
	while (is_well && waiting_look(sealed, written, &waiting)) {
		is_well = waiting_write(sealed, &waiting) == OK;
		written++;
	}
	is_well = is_well && rows_drop(sealed, "DELETE FROM box WHERE at_s <= ?1", now_wall_ms / 1000 - sealed->keep_s,
		&more.expired) == SQLITE_DONE;
	is_well = is_well && rows_drop(sealed, "DELETE FROM box WHERE (finding, pseudonym) IN (SELECT finding, pseudonym"
		" FROM box ORDER BY at_s DESC LIMIT -1 OFFSET ?1)", LIMIT_MAIL_SEALED_ROWS, &more.pushed_out) == SQLITE_DONE;
	is_well = is_well && sqlite3_exec(sealed->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
	if (!is_well) {
		(void)sqlite3_exec(sealed->db, "ROLLBACK", NULL, NULL, NULL);
		return E_SYS;
	}
	sealed->expired_ms = now_wall_ms;
	pthread_mutex_lock(&sealed->lock);
	sealed->first = (sealed->first + written) % LIMIT_MAIL_SEALED_QUEUE;
	sealed->count -= written;
	sealed->counts.kept += written;
	sealed->counts.expired += more.expired;
	sealed->counts.pushed_out += more.pushed_out;
	pthread_mutex_unlock(&sealed->lock);
	return OK;
}

int sealed_turn(struct sealed *sealed, int64_t now_wall_ms)
{
	pthread_mutex_lock(&sealed->turn);
	int err = turn_do(sealed, now_wall_ms);
	pthread_mutex_unlock(&sealed->turn);
	return err;
}

struct sealed_counts sealed_counts_of(struct sealed *sealed)
{
	pthread_mutex_lock(&sealed->lock);
	struct sealed_counts counts = sealed->counts;
	pthread_mutex_unlock(&sealed->lock);
	return counts;
}

int sealed_find(struct sealed *sealed, const struct sealed_name *name, int64_t now_wall_ms,
	uint8_t ret_box[static SEALED_BOX_BYTES])
{
	sqlite3_stmt *made = sql(sealed, "SELECT box FROM box WHERE finding = ?1 AND pseudonym = ?2 AND at_s > ?3", name->finding,
		sizeof(name->finding), (int64_t)name->pseudonym, now_wall_ms / 1000 - sealed->keep_s);
	int result = made != NULL ? sqlite3_step(made) : SQLITE_ERROR;
	int err = result == SQLITE_ROW ? OK : result == SQLITE_DONE ? E_END : E_SYS;
	if (err == OK && sqlite3_column_bytes(made, 0) != SEALED_BOX_BYTES)
		err = E_END; /* nothing that this program wrote */
	if (err == OK)
		memcpy(ret_box, sqlite3_column_blob(made, 0), SEALED_BOX_BYTES);
	sqlite3_finalize(made);
	return err;
}

int sealed_orders_find(struct sealed *sealed, struct order_counters *counters)
{
	sqlite3_stmt *made = sql(sealed, "SELECT counter FROM used ORDER BY counter", NULL, 0, 0, 0);
	int result = made != NULL ? sqlite3_step(made) : SQLITE_ERROR;
	for (; result == SQLITE_ROW; result = sqlite3_step(made))
		order_counters_take(counters, (uint64_t)sqlite3_column_int64(made, 0));
	sqlite3_finalize(made);
	return result == SQLITE_DONE ? OK : E_SYS;
}

int sealed_order_use(struct sealed *sealed, uint64_t counter, const struct document_digest *digest, int64_t now_wall_ms)
{
	int result = run(sql(sealed, "INSERT INTO used(digest, counter, at_s) VALUES (?1, ?2, ?3)", digest->bytes,
		sizeof(digest->bytes), (int64_t)counter, now_wall_ms / 1000));
	return result == SQLITE_DONE ? OK : result == SQLITE_CONSTRAINT ? E_STATE : E_SYS;
}
