/*
 * The steps. Numbers of documents, incidents and the rest count up, so that
 * the end of each tree is where it grows; what is looked for by a random key
 * (a digest, a name) is in tables that stay small.
 *
 * Bodies are packed by the table of their struct (record/pack.h); columns
 * beside them are those that are searched. The state of incidents is apart
 * from their bodies, since bodies change with each batch and indexes should not.
 * held: the body has a target that is the other end of communications.
 */
#include "tower/migration.h"

#include <stdio.h>
#include <string.h>

#define MIGRATION_BYTES 8192 /* longest step */

static const char *const steps[] = {
	/* 1: findings have tables of their own (tower/db.c) */
	"CREATE TABLE {main}incidents (number {int} PRIMARY KEY, member TEXT NOT NULL, sector {int} NOT NULL, matter {int} NOT NULL, "
	"state {int} NOT NULL, opened_ms {int} NOT NULL, ended_ms {int} NOT NULL, held {int} NOT NULL) {strict};"
	"CREATE INDEX {main}incidents_state ON incidents (state, number);"
	"CREATE INDEX {main}incidents_member ON incidents (member, number);"
	"CREATE INDEX {main}incidents_member_state ON incidents (member, state, number);"
	"CREATE INDEX {main}incidents_sector ON incidents (sector, number);"
	"CREATE INDEX {main}incidents_sector_state ON incidents (sector, state, number);"
	"CREATE INDEX {main}incidents_opened ON incidents (opened_ms);"
	"CREATE INDEX {main}incidents_ended ON incidents (ended_ms);"
	"CREATE INDEX {main}incidents_held ON incidents (held, state, ended_ms);"
	"CREATE TABLE {main}bodies (number {int} PRIMARY KEY, peak_pps {int} NOT NULL, body {blob} NOT NULL) {strict};"
	"CREATE TABLE {main}history (incident {int} NOT NULL, line {int} NOT NULL, at_ms {int} NOT NULL, event {int} NOT NULL, "
	"subject TEXT NOT NULL, value {int} NOT NULL, other {int} NOT NULL, PRIMARY KEY (incident, line)) {strict};"
	"CREATE TABLE {main}documents (arrival {int} PRIMARY KEY, arrived_ms {int} NOT NULL, kind {int} NOT NULL, digest {blob} NOT "
	"NULL, "
	"subject {blob} NOT NULL, member TEXT NOT NULL, incident {int} NOT NULL, line {blob} NOT NULL) {strict};"
	"CREATE UNIQUE INDEX {main}documents_digest ON documents (digest);"
	"CREATE INDEX {main}documents_subject ON documents (subject, arrival);"
	"CREATE INDEX {main}documents_incident ON documents (incident, arrival);"
	"CREATE INDEX {main}documents_arrived ON documents (arrived_ms);"
	"CREATE TABLE {main}orders (number {int} PRIMARY KEY, state {int} NOT NULL, expires_ms {int} NOT NULL, arrived_ms {int} NOT "
	"NULL, "
	"urgent {int} NOT NULL, standing {int} NOT NULL, body {blob} NOT NULL) {strict};"
	"CREATE INDEX {main}orders_state ON orders (state, number);"
	"CREATE INDEX {main}orders_expires ON orders (state, expires_ms);"
	"CREATE INDEX {main}orders_arrived ON orders (arrived_ms);"
	"CREATE TABLE {main}healths (number {int} PRIMARY KEY, member TEXT NOT NULL, process TEXT NOT NULL, at_ms {int} NOT NULL, "
	"arrived_ms {int} NOT NULL, body {blob} NOT NULL) {strict};"
	"CREATE UNIQUE INDEX {main}healths_process ON healths (member, process);"
	"CREATE TABLE {main}seconds (at_s {int} NOT NULL, member TEXT NOT NULL, told {int} NOT NULL, in_pps {int} NOT NULL, "
	"in_bps {int} NOT NULL, attack_pps {int} NOT NULL, attack_bps {int} NOT NULL, dropped_pps {int} NOT NULL, "
	"PRIMARY KEY (member, at_s)) {keyed};"
	"CREATE INDEX {main}seconds_at ON seconds (at_s);"
	"CREATE TABLE {main}lookups (number {int} PRIMARY KEY, incident {int} NOT NULL, who TEXT NOT NULL, purpose TEXT NOT NULL, "
	"at_ms {int} NOT NULL) {strict};"
	"CREATE INDEX {main}lookups_at ON lookups (at_ms);"
	"CREATE TABLE {main}audits (number {int} PRIMARY KEY, at_ms {int} NOT NULL, who TEXT NOT NULL, act TEXT NOT NULL, "
	"subject TEXT NOT NULL, allowed {int} NOT NULL) {strict};"
	"CREATE INDEX {main}audits_at ON audits (at_ms);"
	"CREATE TABLE {main}members (name TEXT PRIMARY KEY, body {blob} NOT NULL) {strict};"
	"CREATE TABLE {main}details (member TEXT NOT NULL, kind {int} NOT NULL, place {int} NOT NULL, body {blob} NOT NULL, "
	"PRIMARY KEY (member, kind, place)) {strict};"
	"CREATE TABLE {main}assets (member TEXT NOT NULL, id TEXT NOT NULL, body {blob} NOT NULL, PRIMARY KEY (member, id)) {strict};"
	"CREATE TABLE {main}asset_changes (number {int} PRIMARY KEY, member TEXT NOT NULL, id TEXT NOT NULL, body {blob} NOT NULL) "
	"{strict};"
	"CREATE INDEX {main}asset_changes_id ON asset_changes (member, id, number);"
	"CREATE TABLE {main}accounts (name TEXT PRIMARY KEY, token {blob} NOT NULL, body {blob} NOT NULL) {strict};"
	"CREATE INDEX {main}accounts_token ON accounts (token);"
	"CREATE TABLE {main}proofs (number {int} PRIMARY KEY, at_ms {int} NOT NULL, class {int} NOT NULL, from_ms {int} NOT NULL, "
	"to_ms {int} NOT NULL, count {int} NOT NULL, digest {blob} NOT NULL) {strict};",
	/* 2: mails, and which incident was heard last of each thing that joins them */
	"CREATE TABLE {main}mails (number {int} PRIMARY KEY, arrived_ms {int} NOT NULL, incident {int} NOT NULL, member TEXT NOT NULL, "
	"id {blob} NOT NULL, body {blob} NOT NULL) {strict};"
	"CREATE UNIQUE INDEX {main}mails_id ON mails (member, id);"
	"CREATE INDEX {main}mails_incident ON mails (incident, number);"
	"CREATE INDEX {main}mails_arrived ON mails (arrived_ms);"
	"CREATE TABLE {main}mail_keys (member TEXT NOT NULL, name TEXT NOT NULL, incident {int} NOT NULL, heard_ms {int} NOT NULL, "
	"PRIMARY KEY (member, name)) {keyed};"
	"CREATE INDEX {main}mail_keys_heard ON mail_keys (heard_ms);",
	/* 3: counts that are kept (store_tally.c), and indexes with all that counting what is left asks for */
	"CREATE TABLE {main}tallies (what {int} NOT NULL, span {int} NOT NULL, sector {int} NOT NULL, matter {int} NOT NULL, "
	"count {int} NOT NULL, PRIMARY KEY (what, span, sector, matter)) {keyed};"
	"INSERT INTO {main}tallies SELECT 1, opened_ms / 86400000, sector, matter, COUNT(*) FROM {main}incidents "
	"GROUP BY opened_ms / 86400000, sector, matter;"
	"INSERT INTO {main}tallies SELECT 2, ended_ms / 3600000, sector, matter, COUNT(*) FROM {main}incidents WHERE ended_ms > 0 "
	"GROUP BY ended_ms / 3600000, sector, matter;"
	"DROP INDEX {main}incidents_ended;"
	"CREATE INDEX {main}incidents_ended ON incidents (ended_ms, sector);"
	"DROP INDEX {main}incidents_state;"
	"CREATE INDEX {main}incidents_state ON incidents (state, number, sector, matter);"
	"CREATE INDEX {main}incidents_member_sector ON incidents (member, sector, number);"
	"CREATE INDEX {main}incidents_member_sector_state ON incidents (member, sector, state, number);"
	"INSERT INTO {main}tallies SELECT 3, arrived_ms / 86400000, state, urgent + 2 * standing, COUNT(*) FROM {main}orders "
	"GROUP BY arrived_ms / 86400000, state, urgent + 2 * standing;",
	/* 4: a mail finding may tell whom it poses as: a byte behind the body, 0 where it does not */
	"UPDATE {main}mails SET body = CAST(body || {zero} AS {blob});",
};

unsigned migration_latest(void)
{
	return ARRAY_LEN(steps);
}

static int number_row(void *to, const struct db_value *columns, size_t count)
{
	(void)count;
	*(int64_t *)to = columns[0].number;
	return OK;
}

static int step_run(const struct db_hooks *hooks, struct db *db, unsigned number)
{
	char sql[MIGRATION_BYTES];
	const struct db_value latest = db_number(number);
	int err = db_dialect(hooks, steps[number - 1], 0, sql, sizeof(sql));
	ASSERT(err == OK); /* our own text */
	err = hooks->run(db, "BEGIN");
	if (err != OK)
		return err;
	err = hooks->run(db, sql);
	if (err == OK)
		err = hooks->query(db, "UPDATE meta SET value = $1 WHERE name = 'version'", &latest, 1, NULL, NULL);
	if (err == OK)
		return hooks->run(db, "COMMIT");
	(void)hooks->run(db, "ROLLBACK"); /* well or not, why() stays that of the error: a rollback that works says nothing */
	return err;
}

int migration_run(const struct db_hooks *hooks, struct db *db, char ret_why[static WHY_BYTES])
{
	char sql[DB_SQL_BYTES];
	int64_t version = 0;
	int err = db_dialect(hooks, "CREATE TABLE IF NOT EXISTS {main}meta (name TEXT PRIMARY KEY, value {int} NOT NULL) {strict}", 0,
		sql, sizeof(sql));
	ASSERT(err == OK); /* our own text */
	err = hooks->run(db, sql);
	if (err == OK)
		err =
			hooks->query(db, "INSERT INTO meta (name, value) VALUES ('version', 0), ('arrival', 0) ON CONFLICT (name) DO NOTHING",
				NULL, 0, NULL, NULL);
	if (err == OK)
		err = hooks->query(db, "SELECT value FROM meta WHERE name = 'version'", NULL, 0, number_row, &version);
	if (err == OK && version > (int64_t)migration_latest())
		return why_refuse(ret_why, E_STATE, "store", "it was written by a newer program");
	while (err == OK && version < (int64_t)migration_latest())
		err = step_run(hooks, db, (unsigned)++version);
	if (err != OK)
		snprintf(ret_why, WHY_BYTES, "store: step %lld: %.150s", (long long)version, hooks->why(db));
	return err;
}
