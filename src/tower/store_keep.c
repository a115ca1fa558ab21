/*
 * What is kept how long, and the proof of what was deleted; look-ups of what
 * is protected, and the audit.
 *
 * Findings are deleted by whole days of arrival, and so are their sources,
 * which lie apart from them: with SQLite a file goes, or is written anew
 * without them; with PostgreSQL a table goes. Other rows are deleted in parts
 * of KEEP_ROWS. A proof tells class, times, number and a digest over what
 * identified the rows, so that whoever still has a copy can see that it was
 * among them, and nobody can read from it what it was.
 *
 * The proof is committed before the deletion of a file, which no transaction
 * holds: after a sudden end between the two the deletion is done again, with
 * a second proof of the same rows.
 */
#include <sodium.h>
#include <string.h>

#include "tower/store_state.h"

#define KEEP_ROWS 2000 /* deleted in one part */
#define PURPOSE_LEAST 8

const char *const store_class_names[STORE_CLASS_COUNT] = {
	[STORE_CLASS_UNKNOWN] = "unknown",
	[STORE_CLASS_FINDINGS] = "findings",
	[STORE_CLASS_SOURCES] = "sources",
	[STORE_CLASS_HEALTH] = "health",
	[STORE_CLASS_DOCUMENTS] = "documents",
	[STORE_CLASS_LOOKUPS] = "lookups",
	[STORE_CLASS_MAILS] = "mails",
};

/* Look-ups and audit. */

static int kept(struct store *store, int err)
{
	if (err == E_SYS && store->writer.is_open)
		store->writer.must_fail = true;
	return err;
}

/** A text of people as a document may have it: shown, and not longer than its room. */
static bool is_sound(const char *text, size_t least, size_t room_bytes)
{
	size_t length = strnlen(text, room_bytes);
	return length >= least && length < room_bytes && text_is_plain(text, length);
}

int store_lookup(struct store *store, struct store_lookup *lookup)
{
	int64_t known = 0;
	int err = store_begin(store, 0);
	if (err != OK)
		return err;
	if (!is_sound(lookup->who, 1, sizeof(lookup->who)) || !is_sound(lookup->purpose, PURPOSE_LEAST, sizeof(lookup->purpose)))
		return store_refuse(store, E_MALFORMED, "look-up", "who and a purpose of at least 8 bytes are expected");
	const struct db_value number[] = {db_number((int64_t)(lookup->incident <= INT64_MAX ? lookup->incident : 0))};
	err = STORE_QUERY(store, "SELECT COUNT(*) FROM bodies WHERE number = $1", number, store_number_row, &known);
	if (err == OK && known == 0)
		return store_refuse(store, E_END, "look-up", "there is no such incident");
	const struct db_value row[] = {db_number((int64_t)store->writer.next_lookup), number[0], db_text(lookup->who),
		db_text(lookup->purpose), db_number(lookup->at_ms)};
	if (err == OK)
		err = STORE_QUERY(
			store, "INSERT INTO lookups (number, incident, who, purpose, at_ms) VALUES ($1, $2, $3, $4, $5)", row, NULL, NULL);
	if (err == OK)
		lookup->number = store->writer.next_lookup++;
	return kept(store, err);
}

static int lookup_fill(struct store_list *list, void *row, const struct db_value *columns)
{
	struct store_lookup *lookup = row;
	(void)list;
	*lookup = (struct store_lookup){
		.number = (uint64_t)columns[0].number, .incident = (uint64_t)columns[1].number, .at_ms = columns[4].number};
	store_text(&columns[2], lookup->who, sizeof(lookup->who));
	store_text(&columns[3], lookup->purpose, sizeof(lookup->purpose));
	return OK;
}

/** A list of numbered rows, the last first. */
static int newest_read(struct store *store, const char *sql, const struct store_cursor *cursor, struct store_list *list,
	struct store_page *ret_page)
{
	int64_t before = 0;
	int err = store_cursor_number(cursor, INT64_MAX, &before);
	if (err != OK)
		return err;
	const struct db_value parameters[] = {db_number(before), db_number((int64_t)list->room + 1)};
	err = store_list_read(store, store->db, sql, parameters, ARRAY_LEN(parameters), list);
	if (err == OK)
		store_list_page(list, false, ret_page);
	return err;
}

int store_lookups(struct store *store, const struct store_cursor *cursor, struct store_lookup *rows, size_t room,
	struct store_page *ret_page)
{
	struct store_list list = {.rows = (char *)rows, .row_bytes = sizeof(*rows), .room = store_room(room), .fill = lookup_fill};
	return newest_read(store,
		"SELECT number, incident, who, purpose, at_ms FROM lookups WHERE number < $1 ORDER BY number DESC LIMIT $2", cursor,
		&list, ret_page);
}

int store_audit(struct store *store, struct store_audit *audit)
{
	char subject[sizeof(audit->subject)];
	int err = store_begin(store, 0);
	if (err != OK)
		return err;
	if (!is_sound(audit->who, 0, sizeof(audit->who)) || !is_sound(audit->act, 1, sizeof(audit->act)))
		return store_refuse(store, E_MALFORMED, "audit", "who, or the act, is no name");
	text_plain_copy(audit->subject, subject, sizeof(subject)); /* what people asked for, whatever it was */
	const struct db_value row[] = {db_number((int64_t)store->writer.next_audit), db_number(audit->at_ms), db_text(audit->who),
		db_text(audit->act), db_text(subject), db_number(audit->is_allowed)};
	err = STORE_QUERY(
		store, "INSERT INTO audits (number, at_ms, who, act, subject, allowed) VALUES ($1, $2, $3, $4, $5, $6)", row, NULL, NULL);
	if (err == OK)
		audit->number = store->writer.next_audit++;
	return kept(store, err);
}

static int audit_fill(struct store_list *list, void *row, const struct db_value *columns)
{
	struct store_audit *audit = row;
	(void)list;
	*audit = (struct store_audit){
		.number = (uint64_t)columns[0].number, .at_ms = columns[1].number, .is_allowed = columns[5].number != 0};
	store_text(&columns[2], audit->who, sizeof(audit->who));
	store_text(&columns[3], audit->act, sizeof(audit->act));
	store_text(&columns[4], audit->subject, sizeof(audit->subject));
	return OK;
}

int store_audits(
	struct store *store, const struct store_cursor *cursor, struct store_audit *rows, size_t room, struct store_page *ret_page)
{
	struct store_list list = {.rows = (char *)rows, .row_bytes = sizeof(*rows), .room = store_room(room), .fill = audit_fill};
	return newest_read(store,
		"SELECT number, at_ms, who, act, subject, allowed FROM audits WHERE number < $1 ORDER BY number DESC LIMIT $2", cursor,
		&list, ret_page);
}

/* Retention. */

/** A part of rows that is to be deleted. */
struct part {
	crypto_hash_sha256_state digest;
	uint64_t count;
	int64_t from_ms, to_ms, last_key;
};

static void part_begin(struct part *part)
{
	*part = (struct part){.count = 0};
	crypto_hash_sha256_init(&part->digest);
}

/** Columns: key, arrival, and what identifies the row. */
static int part_row(void *to, const struct db_value *columns, size_t count)
{
	struct part *part = to;
	uint8_t number[8];
	part->last_key = columns[0].number;
	part->from_ms = part->count == 0 || columns[1].number < part->from_ms ? columns[1].number : part->from_ms;
	part->to_ms = columns[1].number > part->to_ms ? columns[1].number : part->to_ms;
	part->count++;
	for (size_t i = 2; i < count; i++) {
		for (size_t k = 0; k < sizeof(number); k++)
			number[k] = (uint8_t)((uint64_t)columns[i].number >> (56 - 8 * k));
		if (columns[i].type == DB_NUMBER)
			crypto_hash_sha256_update(&part->digest, number, sizeof(number));
		else
			crypto_hash_sha256_update(&part->digest, columns[i].bytes, columns[i].length_bytes);
	}
	return OK;
}

/** A row of findings: each is identified by its id, its sequence and when it came. */
static int chunk_row(void *to, const struct db_value *columns, size_t count)
{
	static const struct db_value none;
	struct chunk_finding packed[CHUNK_FINDINGS];
	size_t found = 0;
	(void)count;
	if (chunk_read(&columns[0], &none, 0, packed, &found) != OK)
		return OK; /* a damaged row goes as well; it has nothing to be identified by */
	for (size_t i = found; i-- > 0;) {
		const struct db_value row[] = {db_number((int64_t)packed[i].arrival), db_number(packed[i].arrived_ms),
			db_bytes(packed[i].id, sizeof(packed[i].id)), db_number(packed[i].sequence)};
		(void)part_row(to, row, ARRAY_LEN(row));
	}
	return OK;
}

static int proof_add(struct store *store, enum store_class class, struct part *part, int64_t now_ms)
{
	struct document_digest digest;
	crypto_hash_sha256_final(&part->digest, digest.bytes);
	const struct db_value row[] = {db_number((int64_t)store->writer.next_proof), db_number(now_ms), db_number(class),
		db_number(part->from_ms), db_number(part->to_ms), db_number((int64_t)part->count),
		db_bytes(digest.bytes, sizeof(digest.bytes))};
	int err = STORE_QUERY(store,
		"INSERT INTO proofs (number, at_ms, class, from_ms, to_ms, count, digest) VALUES ($1, $2, $3, $4, $5, $6, $7)", row, NULL,
		NULL);
	store->writer.next_proof += err == OK;
	return kept(store, err);
}

/** Rows of a class that are deleted one part after the other. */
struct rows_class {
	enum store_class class;
	const char *select; /* $1 before, $2 most rows: key, arrival, identity; by the key */
	const char *deletes[3]; /* $1: the last key, $2 before */
};

_Static_assert(TALLY_ORDERED == 3 && INCIDENT_DAY_MS == 86400000, "a statement below names them");
static const struct rows_class row_classes[] = {
	{STORE_CLASS_HEALTH, "SELECT number, arrived_ms, member, process FROM healths WHERE arrived_ms < $1 ORDER BY number LIMIT $2",
		{"DELETE FROM healths WHERE number <= $1 AND arrived_ms < $2"}},
	{STORE_CLASS_DOCUMENTS, "SELECT arrival, arrived_ms, digest FROM documents WHERE arrived_ms < $1 ORDER BY arrival LIMIT $2",
		{"INSERT INTO tallies (what, span, sector, matter, count) "
		 "SELECT 3, arrived_ms / 86400000, state, urgent + 2 * standing, -COUNT(*) FROM orders "
		 "WHERE number <= $1 AND arrived_ms < $2 GROUP BY arrived_ms / 86400000, state, urgent + 2 * standing " STORE_TALLY_ADD,
			"DELETE FROM orders WHERE number <= $1 AND arrived_ms < $2",
			"DELETE FROM documents WHERE arrival <= $1 AND arrived_ms < $2"}},
	{STORE_CLASS_MAILS, "SELECT number, arrived_ms, member, id FROM mails WHERE arrived_ms < $1 ORDER BY number LIMIT $2",
		{"DELETE FROM mail_keys WHERE $1 >= 0 AND heard_ms < $2", "DELETE FROM mails WHERE number <= $1 AND arrived_ms < $2"}},
	{STORE_CLASS_LOOKUPS, "SELECT number, at_ms, incident, who, purpose FROM lookups WHERE at_ms < $1 ORDER BY number LIMIT $2",
		{"DELETE FROM lookups WHERE number <= $1 AND at_ms < $2"}},
	{STORE_CLASS_LOOKUPS, "SELECT number, at_ms, who, act, subject FROM audits WHERE at_ms < $1 ORDER BY number LIMIT $2",
		{"DELETE FROM audits WHERE number <= $1 AND at_ms < $2"}},
};

static int rows_retain(struct store *store, const struct rows_class *rows, int64_t before_ms, int64_t now_ms, bool *ret_is_done)
{
	struct part part;
	const struct db_value which[] = {db_number(before_ms), db_number(KEEP_ROWS)};
	part_begin(&part);
	int err = STORE_QUERY(store, rows->select, which, part_row, &part);
	if (err != OK || part.count == 0)
		return err;
	*ret_is_done &= part.count < KEEP_ROWS;
	err = store_begin(store, now_ms);
	const struct db_value until[] = {db_number(part.last_key), db_number(before_ms)};
	for (size_t i = 0; i < ARRAY_LEN(rows->deletes) && err == OK && rows->deletes[i] != NULL; i++)
		err = kept(store, STORE_QUERY(store, rows->deletes[i], until, NULL, NULL));
	if (err == OK)
		err = proof_add(store, rows->class, &part, now_ms);
	int end = store_commit(store);
	if (err == OK)
		err = end;
	if (err == OK && store->hooks->erase(store->db) != OK)
		return store_refuse(store, E_SYS, "erase", store->hooks->why(store->db));
	return err;
}

/** A scan's target is its source: what sources are deleted for is in incidents too. */
struct targets {
	struct store *store;
	uint64_t numbers[KEEP_ROWS];
	size_t count;
};

static int target_row(void *to, const struct db_value *columns, size_t count)
{
	struct targets *targets = to;
	(void)count;
	if (targets->count < ARRAY_LEN(targets->numbers))
		targets->numbers[targets->count++] = (uint64_t)columns[0].number;
	return OK;
}

static int targets_erase(struct store *store, int64_t before_ms, int64_t now_ms)
{
	static struct targets targets; /* the writer is one thread */
	uint8_t bytes[STORE_BODY_BYTES];
	const struct db_value which[] = {db_number(INCIDENT_ENDED), db_number(before_ms), db_number(KEEP_ROWS)};
	targets = (struct targets){.store = store};
	int err = STORE_QUERY(store,
		"SELECT number FROM incidents WHERE held = 1 AND state = $1 AND ended_ms < $2 ORDER BY ended_ms LIMIT $3", which,
		target_row, &targets);
	if (err == OK)
		err = store_begin(store, now_ms);
	for (size_t i = 0; i < targets.count && err == OK; i++) {
		struct incident *incident = store->incident_room;
		err = store_incident_raw(store, targets.numbers[i], incident);
		if (err != OK)
			break;
		store_incident_protect(incident);
		const struct db_value row[] = {db_number((int64_t)incident->number), store_pack(&incident_document, incident, bytes)};
		err = kept(store, STORE_QUERY(store, "UPDATE bodies SET body = $2 WHERE number = $1", row, NULL, NULL));
		if (err == OK)
			err = kept(store, store_query(store, store->db, "UPDATE incidents SET held = 0 WHERE number = $1", row, 1, NULL, NULL));
	}
	return err;
}

static int days_retain(struct store *store, enum store_class class, int64_t before_ms, int64_t now_ms, bool *ret_is_done)
{
	uint32_t days[DB_DAYS_MAX];
	size_t count = 0;
	bool is_sources = class == STORE_CLASS_SOURCES;
	int err = store->hooks->days(store->db, days, &count);
	for (size_t i = 0; i < count && err == OK; i++) {
		char sql[DB_SQL_BYTES];
		struct db *day = NULL;
		struct part part;
		if (((int64_t)days[i] + 1) * INCIDENT_DAY_MS > before_ms)
			break;
		part_begin(&part);
		err = store->hooks->day(store->db, days[i], &day);
		if (err == E_END) {
			err = OK; /* nothing is in it */
			continue;
		}
		if (err == OK)
			err = store_query(store, day,
				db_sql_day(is_sources ? "SELECT f.documents, f.incident FROM sources_@ s JOIN findings_@ f "
										"ON f.arrival = s.arrival ORDER BY s.arrival"
									  : "SELECT documents, incident FROM findings_@ ORDER BY arrival",
					days[i], sql),
				NULL, 0, chunk_row, &part);
		if (err != OK || (is_sources && part.count == 0))
			continue; /* its sources are gone already */
		if (is_sources)
			err = targets_erase(store, before_ms, now_ms);
		if (err == OK)
			err = store_begin(store, now_ms);
		if (err == OK)
			err = proof_add(store, class, &part, now_ms);
		int end = store_commit(store);
		err = err == OK ? end : err;
		if (err == OK)
			err = store->hooks->day_drop(store->db, days[i], is_sources);
		*ret_is_done = false; /* one day with each call */
		break;
	}
	return err == E_SYS ? store_refuse(store, E_SYS, "retention", store->hooks->why(store->db)) : err;
}

int store_retain(struct store *store, const struct store_retention *retention, int64_t now_ms, bool *ret_is_done)
{
	bool is_done = true;
	int err = OK;
	if (store->mode != DB_WRITER || store->writer.is_open)
		return store_refuse(store, E_STATE, "retention", "a batch is open, or this handle reads alone");
	for (size_t i = 0; i < ARRAY_LEN(row_classes) && err == OK; i++) {
		uint32_t days = retention->days[row_classes[i].class];
		if (days > 0)
			err = rows_retain(store, &row_classes[i], now_ms - days * INCIDENT_DAY_MS, now_ms, &is_done);
	}
	static const enum store_class by_day[] = {STORE_CLASS_FINDINGS, STORE_CLASS_SOURCES};
	for (size_t i = 0; i < ARRAY_LEN(by_day) && err == OK; i++) {
		uint32_t days = retention->days[by_day[i]];
		if (days > 0)
			err = days_retain(store, by_day[i], now_ms - days * INCIDENT_DAY_MS, now_ms, &is_done);
	}
	*ret_is_done = is_done;
	return err;
}

static int proof_fill(struct store_list *list, void *row, const struct db_value *columns)
{
	struct store_proof *proof = row;
	(void)list;
	*proof = (struct store_proof){.number = (uint64_t)columns[0].number, .at_ms = columns[1].number,
		.class = columns[2].number < STORE_CLASS_COUNT ? (enum store_class)columns[2].number : STORE_CLASS_UNKNOWN,
		.from_ms = columns[3].number, .to_ms = columns[4].number, .count = (uint64_t)columns[5].number};
	store_digest(&columns[6], &proof->digest);
	return OK;
}

int store_proofs(
	struct store *store, const struct store_cursor *cursor, struct store_proof *rows, size_t room, struct store_page *ret_page)
{
	struct store_list list = {.rows = (char *)rows, .row_bytes = sizeof(*rows), .room = store_room(room), .fill = proof_fill};
	return newest_read(store, "SELECT number, at_ms, class, from_ms, to_ms, count, digest FROM proofs WHERE number < $1 "
		"ORDER BY number DESC LIMIT $2", cursor, &list, ret_page);
}
