/*
 * Taking lines: what kind a document is, whether it may say what it says, and
 * for findings and health what becomes of it. Documents that speak of orders
 * are in store_orders.c, mails in store_mails.c.
 *
 * A member speaks of its own alone: the target of a finding lies in its
 * networks, but for scans and backscatter, whose target is the other end.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "record/privacy.h"
#include "tower/store_state.h"

#define LATE_MS (31 * INCIDENT_DAY_MS) /* findings told longer ago are refused: days are searched for repeats of late ones */
#define AHEAD_MS INCIDENT_DAY_MS /* of a member's clock: more is refused */
#define HEALTH_OFF_MS INT64_C(300000) /* of health, either way: it is of the present */
#define SECONDS_KEPT_S (2 * STORE_SECONDS_MAX)

static int say(struct store_answer *answer, int error, const char *why)
{
	snprintf(answer->why, sizeof(answer->why), "%s", why);
	return error;
}

/** The member that a line may speak for: registered and active, or the tower's own site. */
static int speaker_check(struct store *store, const char *member, struct store_answer *answer)
{
	if (member[0] == '\0')
		return OK;
	const struct member *known = store_member_known(store, member);
	if (known == NULL || !known->is_active)
		return say(answer, E_DENIED, "member: is not registered here, or not active");
	return OK;
}

/* Findings. */

/** Whose finding it is. @param ret_member its name, borrowed @param ret_sector 0: none */
static int finding_owner(struct store *store, const char *speaker, const struct finding *finding, const char **ret_member,
	uint8_t *ret_sector, struct store_answer *answer)
{
	bool is_other_end = incident_target_is_protected(incident_matter_of(finding->kind));
	const struct member *member = speaker[0] != '\0' ? store_member_known(store, speaker) : NULL;
	if (speaker[0] == '\0' && !is_other_end)
		member = store_member_of(store, &finding->target);
	*ret_member = member != NULL ? member->name : "";
	*ret_sector = member != NULL ? member->sector : 0;
	if (finding->kind == FINDING_UNKNOWN || finding->phase == FINDING_PHASE_UNKNOWN)
		return say(answer, E_MALFORMED, "kind: unknown, or phase");
	if (speaker[0] == '\0' || is_other_end)
		return OK;
	bool is_own = member_covers(member, &finding->target);
	for (size_t i = 0; i < finding->prefix_count && is_own; i++)
		is_own = member_covers(member, &finding->prefixes[i]);
	return is_own ? OK : say(answer, E_DENIED, "target: is not in the member's networks");
}

/** What the days tell of a finding that is not in memory. */
struct asked {
	struct store *store;
	const struct finding *finding; /* that is being taken */
	uint8_t id[INCIDENT_ID_BYTES];
	bool is_there, has_sequence;
	uint32_t highest; /* its document is in the room of the store */
	uint64_t seen, incident;
};

static int asked_one(struct asked *asked, const struct chunk_finding *packed)
{
	uint32_t sequence = packed->sequence;
	asked->has_sequence |= sequence == asked->finding->sequence;
	if (asked->is_there && sequence <= asked->highest) {
		if (asked->highest - sequence < INCIDENT_WINDOW)
			asked->seen |= UINT64_C(1) << (asked->highest - sequence);
		return OK;
	}
	uint32_t distance = sequence - asked->highest;
	asked->seen = asked->is_there && distance < INCIDENT_WINDOW ? asked->seen << distance | 1 : 1;
	asked->highest = sequence;
	asked->incident = packed->incident;
	asked->is_there = true;
	return store_finding_unpack(asked->store, packed, false, asked->store->room);
}

/** One chunk in which the finding has documents. */
static int asked_row(void *to, const struct db_value *columns, size_t count)
{
	struct asked *asked = to;
	static const struct db_value none;
	struct chunk_finding packed[CHUNK_FINDINGS];
	size_t found = 0;
	(void)count;
	int err = chunk_read(&columns[1], &none, (uint64_t)columns[0].number, packed, &found);
	for (size_t i = 0; i < found && err == OK; i++) {
		if (memcmp(packed[i].id, asked->id, sizeof(asked->id)) == 0)
			err = asked_one(asked, &packed[i]);
	}
	return err == OK ? OK : store_refuse(asked->store, E_SYS, "store", "a row of findings is damaged");
}

/** Looks for all documents of a finding, in the days in which they can be. */
static int finding_ask(struct store *store, const struct finding *finding, struct asked *ret_asked)
{
	uint32_t days[DB_DAYS_MAX];
	char sql[DB_SQL_BYTES];
	size_t count = 0;
	int64_t earliest = (finding->window_start_ms - AHEAD_MS) / INCIDENT_DAY_MS;
	*ret_asked = (struct asked){.store = store, .finding = finding};
	store->writer.counters.asked_store++;
	incident_id(finding->id, ret_asked->id);
	const struct db_value key[] = {db_number(finding->window_start_ms), db_bytes(ret_asked->id, sizeof(ret_asked->id))};
	int err = store->hooks->days(store->db, days, &count);
	for (size_t i = 0; i < count && err == OK; i++) {
		struct db *day = NULL;
		if (days[i] < earliest)
			continue;
		err = store->hooks->day(store->db, days[i], &day);
		if (err == E_END) {
			err = OK;
			continue;
		}
		if (err == OK)
			err = store_query(store, day,
				db_sql_day("SELECT f.incident, f.documents FROM keys_@ k JOIN findings_@ f ON f.arrival = k.arrival "
						   "WHERE k.start_ms = $1 AND k.id = $2 ORDER BY k.arrival",
					days[i], sql),
				key, ARRAY_LEN(key), asked_row, ret_asked);
	}
	return err;
}

/** Puts a finding and its incident back into memory. @return OK, E_END: the incident is gone; E_AGAIN, E_SYS */
static int finding_recall(struct store *store, const struct asked *asked)
{
	int err = store_incident_load(store, asked->incident);
	if (err == OK)
		incident_recall(store->writer.book, store->room, asked->incident, asked->seen);
	return err;
}

/** Gives the book what it needs for a finding. @param ret_is_unseen the store has no such document */
static int finding_prepare(struct store *store, const struct finding *finding, bool *ret_is_unseen, bool *ret_is_repeat)
{
	struct asked asked;
	uint64_t number = 0;
	int err = OK;
	for (unsigned steps = 0; steps < 4 && err == OK && !*ret_is_unseen && !*ret_is_repeat; steps++) {
		switch (incident_wants(store->writer.book, finding, &number)) {
		case INCIDENT_WANTS_NOTHING:
			return OK;
		case INCIDENT_WANTS_INCIDENT:
			err = store_incident_load(store, number);
			break;
		case INCIDENT_WANTS_FINDING:
			err = finding_ask(store, finding, &asked);
			*ret_is_repeat = err == OK && asked.has_sequence;
			*ret_is_unseen = err == OK && !asked.is_there;
			if (err == OK && asked.is_there)
				err = finding_recall(store, &asked);
			if (err == E_END && asked.has_sequence)
				err = OK; /* its incident is deleted; it is a repeat all the same */
			break;
		case INCIDENT_WANTS_SEQUENCE:
			err = finding_ask(store, finding, &asked);
			*ret_is_repeat = err == OK && asked.has_sequence;
			*ret_is_unseen = err == OK && !asked.has_sequence;
			if (err == OK && !asked.has_sequence)
				err = store_incident_load(store, incident_of_finding(store->writer.book, finding->id));
			break;
		}
	}
	return err;
}

/** Packs a finding into the batch. @return OK, or E_AGAIN: the batch is full */
static int finding_keep(struct store *store, const struct finding *finding, int64_t now_ms, struct chunk_finding **ret_row)
{
	struct store_writer *writer = &store->writer;
	if (writer->finding_count == STORE_BATCH_MAX || writer->arena_used + (size_t)2 * STORE_PACKED_BYTES > STORE_ARENA_BYTES)
		return E_AGAIN;
	struct chunk_finding *row = &writer->findings[writer->finding_count];
	uint8_t *at = writer->arena + writer->arena_used;
	*row = (struct chunk_finding){.arrived_ms = now_ms, .start_ms = finding->window_start_ms, .sequence = finding->sequence};
	incident_id(finding->id, row->id);
	at[0] = (uint8_t)finding->kind;
	int err =
		pack_write(&finding_document, PACK_OPEN, finding->kind, finding, at + 1, STORE_PACKED_BYTES - 1, &row->document_bytes);
	ASSERT(err == OK); /* the fullest fits */
	row->document_bytes++;
	row->document = at;
	if (finding->listed_count > 0 || incident_target_is_protected(incident_matter_of(finding->kind))) {
		at += row->document_bytes;
		err = pack_write(&finding_document, PACK_CLASSED, finding->kind, finding, at, STORE_PACKED_BYTES, &row->sources_bytes);
		ASSERT(err == OK);
		row->sources = at;
	}
	*ret_row = row;
	return OK;
}

static int finding_take(
	struct store *store, const char *speaker, const struct finding *finding, int64_t now_ms, struct store_answer *answer)
{
	struct store_writer *writer = &store->writer;
	struct incident_taken taken = {0};
	struct chunk_finding *row = NULL;
	const char *member = NULL;
	uint8_t sector = 0;
	bool is_unseen = false, is_repeat = false;
	snprintf(answer->id, sizeof(answer->id), "%s-%u", finding->id, finding->sequence);
	int err = finding_owner(store, speaker, finding, &member, &sector, answer);
	if (err != OK)
		return err;
	if (finding->told_ms < now_ms - LATE_MS || finding->window_end_ms > now_ms + AHEAD_MS || finding->told_ms > now_ms + AHEAD_MS)
		return say(answer, E_STATE, "told_ms: is too long ago, or to come");
	err = finding_keep(store, finding, now_ms, &row);
	if (err == OK)
		err = finding_prepare(store, finding, &is_unseen, &is_repeat);
	if (err == E_END)
		return say(answer, E_STATE, "id: its incident has been deleted");
	if (err == OK && !is_repeat)
		err = incident_take(writer->book, finding, member, sector, is_unseen, now_ms, &taken);
	if (err != OK)
		return err;
	answer->is_repeat = is_repeat || taken.is_repeat;
	answer->incident = taken.number;
	answer->is_new_incident = taken.is_new;
	if (answer->is_repeat)
		return OK;
	row->arrival = writer->next_arrival++;
	row->incident = taken.number;
	writer->finding_count++;
	writer->arena_used += row->document_bytes + row->sources_bytes;
	return OK;
}

/* Health. */

static int64_t capped(uint64_t value)
{
	return value < (uint64_t)1 << 56 ? (int64_t)value : (int64_t)1 << 56; /* so that sums over all members fit */
}

/** Whether a process sees traffic: the zeros of one that does not are no word about it. */
static bool sees_traffic(const struct health *health)
{
	static const char *const blind[] = {"hinomi-authority ", "hinomi-effect "};
	for (size_t i = 0; i < ARRAY_LEN(blind); i++) {
		if (strncmp(health->program, blind[i], strlen(blind[i])) == 0)
			return false;
	}
	return true;
}

/** Adds the rates of one process to its second: of the member, and with "" of all. */
static int second_add(struct store *store, const struct health *health, const char *member)
{
	const struct db_value row[] = {db_number(health->at_ms / 1000), db_text(member), db_number(capped(health->rates.in_pps)),
		db_number(capped(health->rates.in_bps)), db_number(capped(health->rates.attack_pps)),
		db_number(capped(health->rates.attack_bps)), db_number(capped(health->rates.dropped_pps))};
	return STORE_QUERY(store, "INSERT INTO seconds (at_s, member, told, in_pps, in_bps, attack_pps, attack_bps, dropped_pps) "
		"VALUES ($1, $2, 1, $3, $4, $5, $6, $7) ON CONFLICT (member, at_s) DO UPDATE SET told = seconds.told + 1, "
		"in_pps = seconds.in_pps + excluded.in_pps, in_bps = seconds.in_bps + excluded.in_bps, "
		"attack_pps = seconds.attack_pps + excluded.attack_pps, attack_bps = seconds.attack_bps + excluded.attack_bps, "
		"dropped_pps = seconds.dropped_pps + excluded.dropped_pps", row, NULL, NULL);
}

int store_take_health(struct store *store, const char *member, const char *line, size_t length_bytes, int64_t now_ms,
	struct store_answer *answer)
{
	static const size_t digest_digits = 2 * DOCUMENT_DIGEST_BYTES + 1;
	struct health health;
	uint8_t bytes[STORE_BODY_BYTES];
	int64_t last_ms = -1;
	int err = health_parse(line, length_bytes, &health, answer->why);
	if (err != OK)
		return err;
	struct document_digest digest = document_digest_of(line, length_bytes);
	sodium_bin2hex(answer->id, digest_digits, digest.bytes, sizeof(digest.bytes));
	if (member[0] != '\0' && strcmp(member, health.member) != 0)
		return say(answer, E_DENIED, "member: is another than who says it");
	if (health.at_ms < now_ms - HEALTH_OFF_MS || health.at_ms > now_ms + HEALTH_OFF_MS)
		return say(answer, E_STATE, "at_ms: is not of the present");
	const struct db_value key[] = {db_text(health.member), db_text(health.process)};
	err = STORE_QUERY(store, "SELECT at_ms FROM healths WHERE member = $1 AND process = $2", key, store_number_row, &last_ms);
	answer->is_repeat = err == OK && health.at_ms <= last_ms;
	if (err != OK || answer->is_repeat)
		return err;
	const struct db_value row[] = {db_number((int64_t)store->writer.next_health), key[0], key[1], db_number(health.at_ms),
		db_number(now_ms), store_pack(health_kind.root, &health, bytes)};
	err = STORE_QUERY(store,
		"INSERT INTO healths (number, member, process, at_ms, arrived_ms, body) VALUES ($1, $2, $3, $4, $5, $6) "
		"ON CONFLICT (member, process) DO UPDATE SET at_ms = excluded.at_ms, arrived_ms = excluded.arrived_ms, body = "
		"excluded.body",
		row, NULL, NULL);
	store->writer.next_health += err == OK && last_ms < 0;
	if (err != OK || !sees_traffic(&health))
		return err;
	err = second_add(store, &health, health.member);
	return err == OK ? second_add(store, &health, "") : err;
}

/* Any line. */

/** What documents call themselves. */
static const struct {
	const char *name;
	enum store_kind kind;
} document_names[] = {
	{"finding", STORE_FINDING},
	{"health", STORE_HEALTH},
	{"countermeasure", STORE_COUNTERMEASURE},
	{"order", STORE_ORDER},
	{"standing_order", STORE_STANDING_ORDER},
	{"approval", STORE_APPROVAL},
	{"refusal", STORE_APPROVAL},
	{"ratification", STORE_APPROVAL},
	{"withdrawal", STORE_APPROVAL}, /* what a person says; the signed statement on its way has the same name */
	{"receipt", STORE_RECEIPT},
	{"mail_finding", STORE_MAIL},
};

/** The kind by its name. A quote within a text is escaped, so these bytes are a member's name wherever they are. */
static enum store_kind kind_of(const char *line, size_t length_bytes)
{
	static const char label[] = "\"document\":\"", statement[] = "{\"document\":\"withdrawal\",\"statement\":";
	const char *at = memmem(line, length_bytes, label, sizeof(label) - 1);
	if (at == NULL)
		return STORE_NOTHING;
	if (length_bytes >= sizeof(statement) && memcmp(line, statement, sizeof(statement) - 1) == 0)
		return STORE_WITHDRAWAL;
	at += sizeof(label) - 1;
	size_t left = length_bytes - (size_t)(at - line);
	for (size_t i = 0; i < ARRAY_LEN(document_names); i++) {
		size_t length = strlen(document_names[i].name);
		if (length < left && memcmp(at, document_names[i].name, length) == 0 && at[length] == '"')
			return document_names[i].kind;
	}
	return STORE_NOTHING;
}

static int kind_take(struct store *store, const char *member, const char *line, size_t length_bytes, int64_t now_ms,
	struct store_answer *answer)
{
	int err = speaker_check(store, member, answer);
	if (err != OK)
		return err;
	switch (answer->kind) {
	case STORE_NOTHING:
		return say(answer, E_MALFORMED, "document: there is no such kind");
	case STORE_FINDING:
		err = finding_read(line, length_bytes, store->writer.finding);
		if (err != OK)
			return say(answer, err, "finding: is not as schema/finding.json asks");
		return finding_take(store, member, store->writer.finding, now_ms, answer);
	case STORE_MAIL:
		return store_take_mail(store, member, line, length_bytes, now_ms, answer);
	case STORE_HEALTH:
		return store_take_health(store, member, line, length_bytes, now_ms, answer);
	case STORE_COUNTERMEASURE:
	case STORE_ORDER:
	case STORE_STANDING_ORDER:
	case STORE_APPROVAL:
	case STORE_RECEIPT:
	case STORE_WITHDRAWAL:
		return store_take_document(store, member, line, length_bytes, now_ms, answer);
	case STORE_KIND_COUNT:
		break;
	}
	return E_BUG;
}

static void result_count(struct store_writer *writer, int err, const struct store_answer *answer)
{
	struct store_counters *counters = &writer->counters;
	if (err == E_AGAIN)
		return; /* it comes again */
	counters->taken++;
	writer->taken_in_batch++;
	if (err == OK && answer->is_repeat)
		counters->repeated++;
	else if (err == OK)
		counters->kept[answer->kind]++;
	else if (err == E_DENIED)
		counters->refused_foreign++;
	else if (err == E_STATE)
		counters->refused_late++;
	else if (err == E_LIMIT)
		counters->refused_large++;
	else if (err == E_MALFORMED)
		counters->refused_malformed++;
	else
		counters->refused_failed++;
}

int store_take(struct store *store, const char *member, const char *line, size_t length_bytes, int64_t now_ms,
	struct store_answer *ret_answer)
{
	*ret_answer = (struct store_answer){.kind = STORE_NOTHING};
	int err = store_begin(store, now_ms);
	if (err == OK && length_bytes > STORE_LINE_BYTES_MAX)
		err = say(ret_answer, E_LIMIT, "document: is too long");
	else if (err == OK && store->writer.taken_in_batch >= STORE_BATCH_MAX)
		err = E_AGAIN;
	if (err == OK) {
		ret_answer->kind = kind_of(line, length_bytes);
		err = kind_take(store, member, line, length_bytes, now_ms, ret_answer);
	}
	if (err != OK && ret_answer->why[0] == '\0')
		(void)say(ret_answer, err,
			err == E_AGAIN                   ? "the batch is full"
			: err == E_SYS || err == E_STATE ? store->why
											 : "it cannot be taken");
	if (store->writer.is_open && (err == E_SYS || err == E_NOMEM || err == E_BUG))
		store->writer.must_fail = true; /* half of it may be there */
	result_count(&store->writer, err, ret_answer);
	return err;
}

int store_tick(struct store *store, int64_t now_ms, uint64_t ret_ended[static STORE_PAGE_MAX], size_t *ret_count)
{
	enum incident_state saved = INCIDENT_NO_STATE;
	const struct incident *incident = NULL;
	size_t count = 0;
	int err = store_begin(store, now_ms);
	if (err != OK)
		return err;
	(void)incident_tick(store->writer.book, now_ms);
	for (size_t i = 0; (incident = incident_changed(store->writer.book, i, &saved)) != NULL && count < STORE_PAGE_MAX; i++) {
		if (incident->state == INCIDENT_ENDED && saved != INCIDENT_ENDED)
			ret_ended[count++] = incident->number;
	}
	*ret_count = count;
	const struct db_value oldest[] = {db_number(now_ms / 1000 - SECONDS_KEPT_S)};
	return STORE_QUERY(store, "DELETE FROM seconds WHERE at_s < $1", oldest, NULL, NULL);
}
