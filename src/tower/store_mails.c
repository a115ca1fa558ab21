/*
 * Mails: a row for each, packed by the table of its fields, and a row for
 * each thing that joins them, with the incident that it was heard of last.
 * They are few (a mail process has a budget of alerts), so that a random key
 * may be looked for in an index, which findings could not afford.
 *
 * A mail is told once by its process, or again after a restart: its id says
 * which it is. What was received before the last mail that was deleted came
 * in is refused, since nobody can tell any more whether it was there.
 */
#include <stdio.h>
#include <string.h>

#include "tower/store_state.h"

#define MAIL_BYTES 24576 /* packed; the fullest takes 16 kB */
#define LATE_MS (31 * INCIDENT_DAY_MS) /* mails received longer ago are refused */
#define AHEAD_MS INCIDENT_DAY_MS /* of a mail server's clock */

/** What is known of the mail that is being taken. */
struct mail_taken {
	const char *member;
	struct mail_finding finding;
	uint8_t id[INCIDENT_ID_BYTES];
	size_t key_count;
	struct incident_key keys[INCIDENT_KEYS_MAX];
	uint64_t incidents[INCIDENT_KEYS_MAX]; /* that each key was heard of last; 0: none that is open */
};

static int refuse(struct store_answer *answer, int error, const char *why)
{
	snprintf(answer->why, sizeof(answer->why), "%s", why);
	return error;
}

static int time_check(struct store *store, const struct mail_finding *finding, int64_t now_ms, struct store_answer *answer)
{
	int64_t forgotten_ms = 0;
	const struct db_value class[] = {db_number(STORE_CLASS_MAILS)};
	if (finding->start_ms == 0)
		return OK; /* not known: as of now */
	if (finding->start_ms < now_ms - LATE_MS)
		return refuse(answer, E_STATE, "window: is too long ago");
	if (finding->start_ms > now_ms + AHEAD_MS)
		return refuse(answer, E_STATE, "window: is in the future");
	int err = STORE_QUERY(store, "SELECT COALESCE(MAX(to_ms), 0) FROM proofs WHERE class = $1", class, store_number_row,
		&forgotten_ms);
	if (err == OK && finding->start_ms <= forgotten_ms)
		return refuse(answer, E_STATE, "window: mails of that time have been deleted");
	return err;
}

/** Which open incident each key was heard of last. @param ret_number the oldest of them; 0: none */
static int keys_ask(struct store *store, struct mail_taken *taken, int64_t now_ms, uint64_t *ret_number)
{
	int err = OK;
	*ret_number = 0;
	for (size_t i = 0; i < taken->key_count && err == OK; i++) {
		int64_t number = 0;
		const struct db_value key[] = {db_text(taken->member), db_text(taken->keys[i].text)};
		err = STORE_QUERY(store, "SELECT incident FROM mail_keys WHERE member = $1 AND name = $2", key, store_number_row, &number);
		const struct incident *incident = err == OK ? incident_find(store->writer.book, (uint64_t)number) : NULL;
		bool joins = incident != NULL && incident_mail_key_joins(incident, &taken->keys[i], now_ms);
		taken->incidents[i] = joins ? incident->number : 0;
		if (taken->incidents[i] != 0 && (*ret_number == 0 || taken->incidents[i] < *ret_number))
			*ret_number = taken->incidents[i];
	}
	return err;
}

static int keys_keep(struct store *store, const struct mail_taken *taken, uint64_t number, int64_t now_ms)
{
	int err = OK;
	for (size_t i = 0; i < taken->key_count && err == OK; i++) {
		const struct db_value row[] = {
			db_text(taken->member), db_text(taken->keys[i].text), db_number((int64_t)number), db_number(now_ms)};
		err = STORE_QUERY(store, "INSERT INTO mail_keys (member, name, incident, heard_ms) VALUES ($1, $2, $3, $4) "
			"ON CONFLICT (member, name) DO UPDATE SET incident = excluded.incident, heard_ms = excluded.heard_ms", row, NULL, NULL);
		if (err == OK && taken->incidents[i] != number)
			incident_mail_key_tell(store->writer.book, number, &taken->keys[i], &taken->finding, now_ms);
	}
	return err;
}

static int mail_keep(struct store *store, const struct mail_taken *taken, uint64_t number, int64_t now_ms)
{
	uint8_t bytes[MAIL_BYTES];
	size_t length_bytes = 0;
	int err = pack_write(mail_finding_document.root, PACK_WHOLE, 0, &taken->finding, bytes, sizeof(bytes), &length_bytes);
	if (err != OK)
		return store_refuse(store, E_BUG, "mail", "it does not fit into its row");
	const struct db_value row[] = {db_number((int64_t)store->writer.next_mail), db_number(now_ms), db_number((int64_t)number),
		db_text(taken->member), db_bytes(taken->id, sizeof(taken->id)), db_bytes(bytes, length_bytes)};
	err = STORE_QUERY(store, "INSERT INTO mails (number, arrived_ms, incident, member, id, body) VALUES ($1, $2, $3, $4, $5, $6)",
		row, NULL, NULL);
	store->writer.next_mail += err == OK;
	return err;
}

static int mail_join(struct store *store, struct mail_taken *taken, int64_t now_ms, struct store_answer *answer)
{
	struct incident_taken joined = {0};
	uint64_t number = 0;
	const struct member *member = taken->member[0] != '\0' ? store_member_known(store, taken->member) : NULL;
	taken->key_count = incident_mail_keys(&taken->finding, taken->keys);
	int err = keys_ask(store, taken, now_ms, &number);
	if (err == OK)
		err = incident_mail_take(store->writer.book, &taken->finding, number, taken->member, member != NULL ? member->sector : 0,
			now_ms, &joined);
	if (err == OK)
		err = keys_keep(store, taken, joined.number, now_ms);
	if (err == OK)
		err = mail_keep(store, taken, joined.number, now_ms);
	answer->incident = joined.number;
	answer->is_new_incident = joined.is_new;
	return err;
}

int store_take_mail(struct store *store, const char *member, const char *line, size_t length_bytes, int64_t now_ms,
	struct store_answer *answer)
{
	struct mail_taken taken = {.member = member};
	int64_t known = 0;
	int err = mail_finding_parse(line, length_bytes, &taken.finding, answer->why);
	if (err != OK)
		return err;
	incident_id(taken.finding.id, taken.id);
	snprintf(answer->id, sizeof(answer->id), "%s", taken.finding.id);
	const struct db_value key[] = {db_text(member), db_bytes(taken.id, sizeof(taken.id))};
	err = STORE_QUERY(store, "SELECT incident FROM mails WHERE member = $1 AND id = $2", key, store_number_row, &known);
	if (err == OK && known > 0) {
		answer->is_repeat = true;
		answer->incident = (uint64_t)known;
		return OK;
	}
	if (err == OK)
		err = time_check(store, &taken.finding, now_ms, answer);
	return err == OK ? mail_join(store, &taken, now_ms, answer) : err;
}

static int mail_fill(struct store_list *list, void *row, const struct db_value *columns)
{
	struct store_mail *mail = row;
	(void)list;
	memset(mail, 0, sizeof(*mail));
	mail->number = (uint64_t)columns[0].number;
	mail->arrived_ms = columns[1].number;
	int err = pack_read(mail_finding_document.root, PACK_WHOLE, 0, columns[2].bytes, columns[2].length_bytes, &mail->finding);
	return err == OK ? OK : E_SYS;
}

int store_mails(struct store *store, uint64_t incident, const struct store_cursor *cursor, struct store_mail *rows, size_t room,
	struct store_page *ret_page)
{
	int64_t before = 0;
	struct store_list list = {.rows = (char *)rows, .row_bytes = sizeof(*rows), .room = store_room(room), .fill = mail_fill};
	int err = store_cursor_number(cursor, INT64_MAX, &before);
	if (err != OK)
		return err;
	const struct db_value parameters[] = {
		db_number((int64_t)incident), db_number(before), db_number((int64_t)list.room + 1)};
	err = store_list_read(store, store->db, "SELECT number, arrived_ms, body FROM mails WHERE incident = $1 AND number < $2 "
		"ORDER BY number DESC LIMIT $3", parameters, ARRAY_LEN(parameters), &list);
	if (err == OK)
		store_list_page(&list, false, ret_page);
	return err;
}
