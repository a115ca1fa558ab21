/*
 * SQLite, in WAL mode: one file that a backup tool knows, safe under a kill,
 * and the library that the tower keeps its store in. LMDB would be some
 * microseconds faster for a look-up, has no types, and wants its size told
 * beforehand. A look-up here is five prepared statements by primary key.
 *
 * party   one row for an address or a registrable domain: first and last day,
 *         numbers of mails in and out, of mails with payload
 * profile the last PROFILES_KEPT forms of mails of an address
 * host    hosts that an address linked to, HOSTS_KEPT of them
 * eye     what the label of a corresponding domain looks like, and whose it is
 * near    what a label leaves behind for those a letter away from it (near.h), and whose it is; of a domain from its first mail on
 * message ids of mails that went out, or that were answered: our threads
 * pending what was learned and does not count yet
 * alert   of each of the last days, how many mails of a rank would have been raised, and were (budget.h)
 *
 * Days and not seconds are kept: when exactly somebody wrote is nobody's
 * business. (Of a pending mail the second is, until it counts.)
 */
#include "mail/history.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/budget.h"
#include "mail/near.h"
#include "mail/profile.h"

#define S_PER_DAY 86400
#define PROFILES_KEPT 12
#define HOSTS_KEPT 64
#define HOSTS_LEARNED 8 /* of one mail */
#define SCHEMA_VERSION 1
#define TRUSTED_DAYS 7 /* without a mail, after which a clock is believed */
#define ALERT_DAYS (2 * (BUDGET_DAYS + 1)) /* noted, those nearest to today: a wrong clock's may be among them */

enum statement {
	SQL_PARTY = 0, SQL_PROFILES, SQL_HOST, SQL_MESSAGE, SQL_PENDING_ADD, SQL_PENDING_DUE, SQL_PENDING_DROP, SQL_PARTY_IN,
		SQL_PARTY_OUT,
	SQL_PROFILE_ADD, SQL_PROFILE_TRIM, SQL_HOST_ADD, SQL_HOST_TRIM, SQL_MESSAGE_ADD, SQL_FORGET_PARTY, SQL_FORGET_MESSAGE,
	SQL_FORGET_PROFILE, SQL_FORGET_HOST, SQL_EYE, SQL_EYE_ADD, SQL_FORGET_EYE, SQL_ALERTS, SQL_ALERT_ADD, SQL_FORGET_ALERT,
	SQL_LAST_DAY, SQL_NEAR, SQL_NEAR_DAY, SQL_NEAR_STAYS, SQL_NEAR_ADD, SQL_FORGET_NEAR,
	SQL_COUNT
};

static const char *const statements[SQL_COUNT] = {
	[SQL_PARTY] = "SELECT first_in, last_in, mails_in, payloads, first_out, mails_out FROM party WHERE id = ?1",
	[SQL_PROFILES] = "SELECT form FROM profile WHERE id = ?1",
	[SQL_HOST] = "SELECT 1 FROM host WHERE id = ?1 AND host = ?2",
	[SQL_MESSAGE] = "SELECT ours FROM message WHERE id = ?1",
	[SQL_PENDING_ADD] = "INSERT OR IGNORE INTO pending(mail, due_s, at_s, address, domain, payload, form, hosts, message,"
		" eye, label) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
	[SQL_PENDING_DUE] = "SELECT mail, at_s, address, domain, payload, form, hosts, message, eye, label FROM pending WHERE due_s "
		"<= ?1"
		" ORDER BY due_s LIMIT 1000",
	[SQL_PENDING_DROP] = "DELETE FROM pending WHERE mail = ?1",
	[SQL_PARTY_IN] = "INSERT INTO party(id, first_in, last_in, mails_in, payloads) VALUES (?1, ?2, ?2, 1, ?3) ON CONFLICT(id) DO "
		"UPDATE SET"
		" first_in = CASE WHEN mails_in = 0 THEN ?2 ELSE min(first_in, ?2) END, last_in = max(last_in, ?2), mails_in = mails_in "
		"+ 1,"
		" payloads = payloads + ?3",
	[SQL_PARTY_OUT] = "INSERT INTO party(id, first_out, last_out, mails_out) VALUES (?1, ?2, ?2, 1) ON CONFLICT(id) DO UPDATE SET"
		" first_out = CASE WHEN mails_out = 0 THEN ?2 ELSE min(first_out, ?2) END, last_out = max(last_out, ?2), mails_out = "
		"mails_out + 1",
	[SQL_PROFILE_ADD] = "INSERT INTO profile(id, day, form) VALUES (?1, ?2, ?3)",
	[SQL_PROFILE_TRIM] = "DELETE FROM profile WHERE id = ?1 AND rowid NOT IN (SELECT rowid FROM profile WHERE id = ?1 ORDER BY "
		"day DESC,"
		" rowid DESC LIMIT ?2)",
	[SQL_HOST_ADD] = "INSERT INTO host(id, host, day) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET day = max(day, ?3)",
	[SQL_HOST_TRIM] = "DELETE FROM host WHERE id = ?1 AND host NOT IN (SELECT host FROM host WHERE id = ?1 ORDER BY day DESC "
		"LIMIT ?2)",
	[SQL_MESSAGE_ADD] = "INSERT INTO message(id, day, ours) VALUES (?1, ?2, ?3) ON CONFLICT(id) DO UPDATE SET"
		" day = max(day, ?2), ours = max(ours, ?3)",
	[SQL_FORGET_PARTY] = "DELETE FROM party WHERE max(last_in, last_out) < ?1",
	[SQL_FORGET_MESSAGE] = "DELETE FROM message WHERE day < ?1",
	[SQL_FORGET_PROFILE] = "DELETE FROM profile WHERE day < ?1",
	[SQL_EYE] = "SELECT domain, label FROM eye WHERE id = ?1",
	[SQL_EYE_ADD] = "INSERT INTO eye(id, domain, label, day) VALUES (?1, ?2, ?3, ?4) ON CONFLICT(id) DO UPDATE SET"
		" day = CASE WHEN domain = ?2 THEN max(day, ?4) ELSE day END",
	[SQL_FORGET_EYE] = "DELETE FROM eye WHERE day < ?1",
	[SQL_ALERTS] = "SELECT day, place, candidates, raised FROM alert ORDER BY day",
	[SQL_ALERT_ADD] = "INSERT INTO alert(day, place, candidates, raised) VALUES (?1, ?2, ?3, ?4) ON CONFLICT(day, place) DO UPDATE"
		" SET candidates = candidates + ?3, raised = raised + ?4",
	[SQL_FORGET_ALERT] = "DELETE FROM alert WHERE day NOT IN (SELECT DISTINCT day FROM alert ORDER BY ABS(day - ?1) LIMIT ?2)",
	[SQL_LAST_DAY] = "SELECT MAX(MAX(last_in, last_out)) FROM party WHERE MAX(last_in, last_out) < ?1",
	[SQL_NEAR] = "SELECT domain, posed FROM near WHERE id = ?1 AND due_s <= ?2",
	[SQL_NEAR_DAY] = "SELECT day FROM near WHERE domain = ?1 LIMIT 1",
	[SQL_NEAR_STAYS] = "UPDATE near SET day = ?2 WHERE domain = ?1",
	[SQL_NEAR_ADD] = "INSERT INTO near(id, domain, posed, due_s, day) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT(id) DO NOTHING",
	[SQL_FORGET_NEAR] = "DELETE FROM near WHERE day < ?1",
	[SQL_FORGET_HOST] = "DELETE FROM host WHERE day < ?1",
};

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS party(id INTEGER PRIMARY KEY, first_in INTEGER NOT NULL DEFAULT 0, last_in INTEGER NOT NULL "
	"DEFAULT 0,"
	" mails_in INTEGER NOT NULL DEFAULT 0, payloads INTEGER NOT NULL DEFAULT 0, first_out INTEGER NOT NULL DEFAULT 0,"
	" last_out INTEGER NOT NULL DEFAULT 0, mails_out INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE TABLE IF NOT EXISTS profile(id INTEGER NOT NULL, day INTEGER NOT NULL, form BLOB NOT NULL) STRICT;"
	"CREATE INDEX IF NOT EXISTS profile_of ON profile(id);"
	"CREATE TABLE IF NOT EXISTS host(id INTEGER NOT NULL, host INTEGER NOT NULL, day INTEGER NOT NULL, PRIMARY KEY(id, host)) "
	"STRICT,"
	" WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS message(id INTEGER PRIMARY KEY, day INTEGER NOT NULL, ours INTEGER NOT NULL) STRICT;"
	"CREATE TABLE IF NOT EXISTS pending(mail INTEGER PRIMARY KEY, due_s INTEGER NOT NULL, at_s INTEGER NOT NULL, address INTEGER "
	"NOT NULL,"
	" domain INTEGER NOT NULL, eye INTEGER NOT NULL, label INTEGER NOT NULL, payload INTEGER NOT NULL, form BLOB NOT NULL, hosts "
	"BLOB NOT NULL, message INTEGER NOT NULL) STRICT;"
	"CREATE TABLE IF NOT EXISTS eye(id INTEGER PRIMARY KEY, domain INTEGER NOT NULL, label INTEGER NOT NULL, day INTEGER NOT "
	"NULL) STRICT;"
	"CREATE INDEX IF NOT EXISTS pending_due ON pending(due_s);"
	"PRAGMA user_version = 1;";

/* Came after the others, and are added to a history that has not got them. */
static const char later_schema[] =
	"CREATE TABLE IF NOT EXISTS alert(day INTEGER NOT NULL, place INTEGER NOT NULL, candidates INTEGER NOT NULL,"
	" raised INTEGER NOT NULL, PRIMARY KEY(day, place)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS near(id INTEGER PRIMARY KEY, domain INTEGER NOT NULL, posed INTEGER NOT NULL, due_s INTEGER NOT"
	" NULL, day INTEGER NOT NULL) STRICT;"
	"CREATE INDEX IF NOT EXISTS near_of ON near(domain)";

struct history {
	sqlite3 *db;
	sqlite3_stmt *made[SQL_COUNT];
	int64_t learn_after_s;
	int64_t forget_after_days;
	int64_t forgotten_day; /* the day on which the old was last dropped */
	int64_t doubted_day; /* a day on which it was not, since the clock may be wrong */
};

static int64_t s_of(int64_t wall_ms)
{
	return wall_ms / 1000;
}

/** A statement, ready to be bound. */
static sqlite3_stmt *sql(struct history *history, enum statement which)
{
	(void)sqlite3_reset(history->made[which]);
	return history->made[which];
}

static void bind(sqlite3_stmt *made, int at, int64_t value)
{
	(void)sqlite3_bind_int64(made, at, value);
}

static int run(sqlite3_stmt *made)
{
	int result = sqlite3_step(made);
	(void)sqlite3_reset(made);
	return result == SQLITE_DONE || result == SQLITE_ROW ? OK : E_SYS;
}

static int version_read(sqlite3 *db)
{
	sqlite3_stmt *made = NULL;
	int version = -1;
	if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &made, NULL) == SQLITE_OK && sqlite3_step(made) == SQLITE_ROW)
		version = sqlite3_column_int(made, 0);
	(void)sqlite3_finalize(made);
	return version;
}

int history_open(const char *path, uint32_t learn_after_h, uint32_t forget_after_days, struct history **ret_history,
	char ret_why[static WHY_BYTES])
{
	struct history *history = calloc(1, sizeof(*history));
	if (history == NULL)
		return E_NOMEM;
	history->learn_after_s = (int64_t)learn_after_h * 3600;
	history->forget_after_days = forget_after_days;
	int err = OK;
	if (sqlite3_open_v2(path, &history->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_PRIVATECACHE,
		NULL) != SQLITE_OK ||
		sqlite3_exec(history->db,
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000; PRAGMA trusted_schema = OFF",
			NULL, NULL, NULL) != SQLITE_OK) {
		err = why_refuse(ret_why, E_SYS, path, "cannot be opened as a history");
		goto out;
	}
	int version = version_read(history->db);
	if (version != 0 && version != SCHEMA_VERSION) {
		err = why_refuse(ret_why, E_CONFIG, path, "is a history of another version");
		goto out;
	}
	if ((version == 0 && sqlite3_exec(history->db, schema, NULL, NULL, NULL) != SQLITE_OK) ||
	    sqlite3_exec(history->db, later_schema, NULL, NULL, NULL) != SQLITE_OK) {
		err = why_refuse(ret_why, E_SYS, path, "cannot be made a history");
		goto out;
	}
	for (size_t i = 0; i < SQL_COUNT; i++) {
		if (sqlite3_prepare_v3(history->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &history->made[i], NULL) != SQLITE_OK) {
			err = why_refuse(ret_why, E_CONFIG, path, "is not a history");
			goto out;
		}
	}
	*ret_history = history;
out:
	if (err != OK)
		history_close(history);
	return err;
}

void history_close(struct history *history)
{
	if (history == NULL)
		return;
	for (size_t i = 0; i < SQL_COUNT; i++)
		(void)sqlite3_finalize(history->made[i]);
	(void)sqlite3_close(history->db);
	free(history);
}

/** What a mail brings that may do harm: an attachment to open, or a file at a place where anybody shares. */
static bool has_payload(const struct mail_facts *facts)
{
	bool has = facts->attachment_count > 0;
	for (size_t i = 0; i < facts->host_count; i++)
		has = has || ((facts->hosts[i].host_traits & HOST_CLOUD_STORAGE) != 0 && (facts->hosts[i].link_traits & LINK_IMAGE) == 0);
	return has;
}

/** FNV-1a over the registrable domain: hosts are public names, and here stand beside a keyed pseudonym. */
static int64_t host_id(const struct mail_host *host)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	for (const char *at = host->name + host->registrable_at; *at != '\0'; at++)
		hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
	return (int64_t)hash;
}

static int party_add(struct history *history, enum statement which, uint64_t id, int64_t day, int64_t payload)
{
	if (id == 0)
		return OK;
	sqlite3_stmt *made = sql(history, which);
	bind(made, 1, (int64_t)id);
	bind(made, 2, day);
	if (which == SQL_PARTY_IN)
		bind(made, 3, payload);
	return run(made);
}

static int trim(struct history *history, enum statement which, int64_t id, int64_t kept)
{
	sqlite3_stmt *made = sql(history, which);
	bind(made, 1, id);
	bind(made, 2, kept);
	return run(made);
}

/** One pending mail begins to count. */
static int settle(struct history *history, sqlite3_stmt *due)
{
	int64_t day = sqlite3_column_int64(due, 1) / S_PER_DAY, address = sqlite3_column_int64(due, 2);
	int64_t payload = sqlite3_column_int64(due, 4), message = sqlite3_column_int64(due, 7);
	const int64_t *hosts = sqlite3_column_blob(due, 6);
	size_t host_count = (size_t)sqlite3_column_bytes(due, 6) / sizeof(*hosts);
	int err = party_add(history, SQL_PARTY_IN, (uint64_t)address, day, payload);
	if (err == OK)
		err = party_add(history, SQL_PARTY_IN, (uint64_t)sqlite3_column_int64(due, 3), day, payload);
	sqlite3_stmt *made = sql(history, SQL_PROFILE_ADD);
	bind(made, 1, address);
	bind(made, 2, day);
	(void)sqlite3_bind_blob(made, 3, sqlite3_column_blob(due, 5), sqlite3_column_bytes(due, 5), SQLITE_TRANSIENT);
	err = err == OK ? run(made) : err;
	err = err == OK ? trim(history, SQL_PROFILE_TRIM, address, PROFILES_KEPT) : err;
	for (size_t i = 0; err == OK && i < host_count && i < HOSTS_LEARNED; i++) {
		int64_t host;
		memcpy(&host, hosts + i, sizeof(host));
		made = sql(history, SQL_HOST_ADD);
		bind(made, 1, address);
		bind(made, 2, host);
		bind(made, 3, day);
		err = run(made);
	}
	if (err == OK && sqlite3_column_int64(due, 8) != 0) {
		made = sql(history, SQL_EYE_ADD);
		bind(made, 1, sqlite3_column_int64(due, 8));
		bind(made, 2, sqlite3_column_int64(due, 3));
		bind(made, 3, sqlite3_column_int64(due, 9));
		bind(made, 4, day);
		err = run(made);
	}
	err = err == OK && host_count > 0 ? trim(history, SQL_HOST_TRIM, address, HOSTS_KEPT) : err;
	if (err == OK && message != 0) {
		made = sql(history, SQL_MESSAGE_ADD);
		bind(made, 1, message);
		bind(made, 2, day);
		bind(made, 3, 0);
		err = run(made);
	}
	return err;
}

/**
 * Forgets what is old, once a day. Where nothing was learned for a week before, the clock may be wrong, and all might be too old
 * by it: then nothing is forgotten before the next day.
 */
static int old_forget(struct history *history, int64_t now_s)
{
	static const enum statement forgets[] = {
		SQL_FORGET_PARTY, SQL_FORGET_MESSAGE, SQL_FORGET_PROFILE, SQL_FORGET_HOST, SQL_FORGET_EYE,
		SQL_FORGET_NEAR};
	int64_t day = now_s / S_PER_DAY;
	if (history->forget_after_days <= 0 || day <= history->forgotten_day || day == history->doubted_day)
		return OK;
	sqlite3_stmt *made = sql(history, SQL_LAST_DAY);
	bind(made, 1, day);
	int64_t last_day = sqlite3_step(made) == SQLITE_ROW ? sqlite3_column_int64(made, 0) : 0;
	(void)sqlite3_reset(made);
	bool is_doubted = day - last_day > TRUSTED_DAYS;
	*(is_doubted ? &history->doubted_day : &history->forgotten_day) = day;
	int err = OK;
	for (size_t i = 0; err == OK && !is_doubted && i < ARRAY_LEN(forgets); i++) {
		made = sql(history, forgets[i]);
		bind(made, 1, day - history->forget_after_days);
		err = run(made);
	}
	return err;
}

/** Lets count what is due, and forgets what is old, once a day. */
static int due_take(struct history *history, int64_t now_s)
{
	int err = OK;
	for (bool is_more = true; err == OK && is_more;) {
		sqlite3_stmt *due = sql(history, SQL_PENDING_DUE);
		bind(due, 1, now_s);
		is_more = sqlite3_step(due) == SQLITE_ROW;
		if (!is_more)
			break;
		int64_t mail = sqlite3_column_int64(due, 0);
		err = settle(history, due);
		(void)sqlite3_reset(due);
		sqlite3_stmt *drop = sql(history, SQL_PENDING_DROP);
		bind(drop, 1, mail);
		err = err == OK ? run(drop) : err;
	}
	return err == OK ? old_forget(history, now_s) : err;
}

int history_begin(struct history *history)
{
	return sqlite3_exec(history->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK ? OK : E_SYS;
}

int history_commit(struct history *history)
{
	return sqlite3_exec(history->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ? OK : E_SYS;
}

static int message_add(struct history *history, uint64_t id, int64_t day, bool is_ours)
{
	if (id == 0)
		return OK;
	sqlite3_stmt *made = sql(history, SQL_MESSAGE_ADD);
	bind(made, 1, (int64_t)id);
	bind(made, 2, day);
	bind(made, 3, is_ours);
	return run(made);
}

/** Ours count at once: nobody else makes us write. */
static int learn_sent(struct history *history, const struct mail_facts *facts, int64_t day)
{
	int err = message_add(history, facts->thread.message_id, day, true);
	for (size_t i = 0; err == OK && i < ARRAY_LEN(facts->recipients); i++)
		err = party_add(history, SQL_PARTY_OUT, facts->recipients[i], day, 0);
	return err;
}

struct near_learning {
	struct history *history;
	const struct mail_facts *facts;
	int64_t now_s;
	int err;
};

static bool near_learn(void *context, uint64_t id)
{
	struct near_learning *learning = context;
	const struct mail_facts *facts = learning->facts;
	const int64_t values[] = {(int64_t)id, (int64_t)facts->sender.domain, (int64_t)facts->identity.like_label,
		learning->now_s + learning->history->learn_after_s, learning->now_s / S_PER_DAY};
	sqlite3_stmt *made = sql(learning->history, SQL_NEAR_ADD);
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		bind(made, (int)i + 1, values[i]);
	learning->err = run(made);
	return learning->err == OK;
}

/** What a domain's label leaves behind, once; then that it was here today. */
static int nears_learn(struct history *history, const struct mail_facts *facts, int64_t now_s)
{
	struct near_learning learning = {.history = history, .facts = facts, .now_s = now_s, .err = OK};
	if (facts->sender.near.whole == 0 || facts->sender.domain == 0)
		return OK;
	sqlite3_stmt *made = sql(history, SQL_NEAR_DAY);
	bind(made, 1, (int64_t)facts->sender.domain);
	int64_t day = sqlite3_step(made) == SQLITE_ROW ? sqlite3_column_int64(made, 0) : -1;
	(void)sqlite3_reset(made);
	if (day >= now_s / S_PER_DAY)
		return OK;
	if (day >= 0) {
		made = sql(history, SQL_NEAR_STAYS);
		bind(made, 1, (int64_t)facts->sender.domain);
		bind(made, 2, now_s / S_PER_DAY);
		return run(made);
	}
	if (sqlite3_exec(history->db, "SAVEPOINT near", NULL, NULL, NULL) != SQLITE_OK)
		return E_SYS;
	near_kept(&facts->sender.near, near_learn, &learning);
	return sqlite3_exec(history->db, "RELEASE near", NULL, NULL, NULL) == SQLITE_OK ? learning.err : E_SYS;
}

struct near_search {
	struct history *history;
	const struct mail_facts *facts;
	int64_t now_s;
	struct relation_facts *relation;
};

static bool near_look(void *context, uint64_t id)
{
	struct near_search *search = context;
	sqlite3_stmt *made = sql(search->history, SQL_NEAR);
	bind(made, 1, (int64_t)id);
	bind(made, 2, search->now_s);
	if (sqlite3_step(made) == SQLITE_ROW && (uint64_t)sqlite3_column_int64(made, 0) != search->facts->sender.domain) {
		search->relation->is_near_known = true;
		search->relation->near_posed = (uint64_t)sqlite3_column_int64(made, 1);
	}
	(void)sqlite3_reset(made);
	return !search->relation->is_near_known;
}

int history_learn(struct history *history, const struct mail_facts *facts, int64_t now_wall_ms)
{
	int64_t now_s = s_of(now_wall_ms), hosts[HOSTS_LEARNED];
	size_t host_count = 0;
	if (facts->is_outbound)
		return learn_sent(history, facts, now_s / S_PER_DAY);
	if (facts->sender.address == 0)
		return OK; /* nobody to remember */
	for (size_t i = 0; i < facts->host_count && host_count < HOSTS_LEARNED; i++)
		hosts[host_count++] = host_id(&facts->hosts[i]);
	bool is_freemail = (facts->sender.host.host_traits & (HOST_FREEMAIL | HOST_FREE_HOSTING)) != 0;
	sqlite3_stmt *made = sql(history, SQL_PENDING_ADD);
	bind(made, 1, (int64_t)facts->id);
	bind(made, 2, now_s + history->learn_after_s);
	bind(made, 3, now_s);
	bind(made, 4, (int64_t)facts->sender.address);
	bind(made, 5, is_freemail ? 0 : (int64_t)facts->sender.domain);
	bind(made, 6, has_payload(facts));
	(void)sqlite3_bind_blob(made, 7, &facts->profile, sizeof(facts->profile), SQLITE_TRANSIENT);
	(void)sqlite3_bind_blob(made, 8, hosts, (int)(host_count * sizeof(hosts[0])), SQLITE_TRANSIENT);
	bind(made, 9, (int64_t)facts->thread.message_id);
	bind(made, 10, (int64_t)facts->sender.eye);
	bind(made, 11, (int64_t)facts->sender.label);
	int err = run(made);
	return err == OK && !is_freemail ? nears_learn(history, facts, now_s) : err;
}

static void party_find(struct history *history, uint64_t id, int64_t day, struct relation_facts *relation)
{
	sqlite3_stmt *made = sql(history, SQL_PARTY);
	bind(made, 1, (int64_t)id);
	relation->is_first_contact = true;
	if (sqlite3_step(made) == SQLITE_ROW) {
		int64_t first = sqlite3_column_int64(made, 0), last = sqlite3_column_int64(made, 1), mails = sqlite3_column_int64(made, 2);
		relation->is_first_contact = mails == 0;
		relation->days_since_first = mails > 0 && day > first ? (uint32_t)(day - first) : 0;
		relation->days_since_last = mails > 0 && day > last ? (uint32_t)(day - last) : 0;
		relation->mail_count = (uint32_t)mails;
		relation->payload_count = (uint32_t)sqlite3_column_int64(made, 3);
		relation->did_we_write = sqlite3_column_int64(made, 5) > 0;
	}
	(void)sqlite3_reset(made);
}

static void profiles_compare(struct history *history, const struct mail_facts *facts, struct relation_facts *relation)
{
	unsigned least = 100;
	sqlite3_stmt *made = sql(history, SQL_PROFILES);
	bind(made, 1, (int64_t)facts->sender.address);
	while (sqlite3_step(made) == SQLITE_ROW) {
		struct profile_facts form;
		if (sqlite3_column_bytes(made, 0) != (int)sizeof(form))
			continue; /* of another version */
		memcpy(&form, sqlite3_column_blob(made, 0), sizeof(form));
		unsigned distance = profile_distance(&form, &facts->profile);
		least = distance < least ? distance : least;
		relation->profile_count++;
	}
	(void)sqlite3_reset(made);
	relation->profile_distance = relation->profile_count > 0 ? (uint8_t)least : 0;
}

static void hosts_find(struct history *history, const struct mail_facts *facts, struct relation_facts *relation)
{
	bool is_any_known = false;
	for (size_t i = 0; i < facts->host_count && !is_any_known; i++) {
		sqlite3_stmt *made = sql(history, SQL_HOST);
		bind(made, 1, (int64_t)facts->sender.address);
		bind(made, 2, host_id(&facts->hosts[i]));
		is_any_known = facts->hosts[i].is_of_sender || sqlite3_step(made) == SQLITE_ROW;
		(void)sqlite3_reset(made);
	}
	relation->are_hosts_new = facts->host_count > 0 && !is_any_known;
}

/** Another domain whose label reads the same: the first that was learned is the true one. */
static void eye_find(struct history *history, const struct mail_facts *facts, struct relation_facts *relation)
{
	if (facts->sender.eye == 0)
		return;
	sqlite3_stmt *made = sql(history, SQL_EYE);
	bind(made, 1, (int64_t)facts->sender.eye);
	if (sqlite3_step(made) == SQLITE_ROW && (uint64_t)sqlite3_column_int64(made, 0) != facts->sender.domain) {
		relation->is_known_elsewhere = (uint64_t)sqlite3_column_int64(made, 1) == facts->sender.label;
		relation->is_like_known = !relation->is_known_elsewhere;
	}
	(void)sqlite3_reset(made);
}

static void thread_find(struct history *history, const struct mail_facts *facts, struct relation_facts *relation)
{
	bool is_known = false;
	for (size_t i = 0; i < facts->thread.reference_count; i++) {
		sqlite3_stmt *made = sql(history, SQL_MESSAGE);
		bind(made, 1, (int64_t)facts->thread.references[i]);
		if (sqlite3_step(made) == SQLITE_ROW) {
			is_known = true;
			relation->is_thread_ours = relation->is_thread_ours || sqlite3_column_int(made, 0) != 0;
		}
		(void)sqlite3_reset(made);
	}
	relation->is_thread_unknown = !is_known && (facts->thread.reference_count > 0 || facts->thread.says_reply);
}

void history_find(struct history *history, const struct mail_facts *facts, int64_t now_wall_ms, struct relation_facts *ret_relation)
{
	int64_t now_s = s_of(now_wall_ms), day = now_s / S_PER_DAY;
	struct relation_facts relation = {.is_known = false}, domain = {.is_known = false};
	if (due_take(history, now_s) == OK && facts->sender.address != 0) {
		relation.is_known = true;
		party_find(history, facts->sender.address, day, &relation);
		bool is_freemail = (facts->sender.host.host_traits & (HOST_FREEMAIL | HOST_FREE_HOSTING)) != 0;
		if (!is_freemail)
			party_find(history, facts->sender.domain, day, &domain);
		relation.is_first_of_domain = is_freemail ? relation.is_first_contact : domain.is_first_contact;
		profiles_compare(history, facts, &relation);
		hosts_find(history, facts, &relation);
		eye_find(history, facts, &relation);
		struct near_search search = {
			.history = history, .facts = facts, .now_s = s_of(now_wall_ms), .relation = &relation};
		if (relation.is_first_of_domain)
			near_asked(&facts->sender.near, near_look, &search);
		thread_find(history, facts, &relation);
	}
	*ret_relation = relation;
}

int history_alerts_find(struct history *history, history_alert_taker *take, void *context)
{
	sqlite3_stmt *made = sql(history, SQL_ALERTS);
	int result;
	while ((result = sqlite3_step(made)) == SQLITE_ROW) {
		int64_t values[4];
		for (int i = 0; i < 4; i++)
			values[i] = sqlite3_column_int64(made, i);
		bool fits = values[1] >= 0 && values[1] < BUDGET_PLACES && values[2] >= 0 && values[2] <= UINT32_MAX && values[3] >= 0 &&
			values[3] <= UINT32_MAX;
		if (fits)
			take(context, values[0], (uint32_t)values[1], (uint32_t)values[2], (uint32_t)values[3]);
	}
	(void)sqlite3_reset(made);
	return result == SQLITE_DONE ? OK : E_SYS;
}

void history_alert_note(struct history *history, int64_t day, uint32_t place, uint32_t candidates, uint32_t raised)
{
	const int64_t values[] = {day, place, candidates, raised};
	sqlite3_stmt *made = sql(history, SQL_ALERT_ADD);
	for (int i = 0; i < 4; i++)
		bind(made, i + 1, values[i]);
	(void)run(made);
	if (candidates > 0)
		return;
	made = sql(history, SQL_FORGET_ALERT);
	bind(made, 1, day);
	bind(made, 2, ALERT_DAYS);
	(void)run(made);
}
