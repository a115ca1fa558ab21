/*
 * The present: what is under attack, how processes are, traffic by the second.
 * All of it is read from small tables: open incidents, active orders, one row
 * of health for each process, the seconds of the last minutes, and counts that
 * are kept (store_tally.c).
 */
#include <stdlib.h>
#include <string.h>

#include "tower/store_state.h"

#define FRESH_MS INT64_C(30000) /* of health: what was told longer ago is not now */
#define DAY_AGO_MS INCIDENT_DAY_MS

/* Health. */

static int health_fill(struct store_list *list, void *row, const struct db_value *columns)
{
	static const struct store_health blank;
	struct store_health *health = row;
	(void)list;
	*health = blank;
	health->arrived_ms = columns[1].number;
	return store_unpack(health_kind.root, &columns[2], &health->health);
}

int store_healths(struct store *store, const char *member, const struct store_cursor *cursor, struct store_health *rows,
	size_t room, struct store_page *ret_page)
{
	int64_t after = 0;
	struct store_list list = {.rows = (char *)rows, .row_bytes = sizeof(*rows), .room = store_room(room), .fill = health_fill};
	int err = store_cursor_number(cursor, 0, &after);
	if (err != OK)
		return err;
	const char *sql = member != NULL
		? "SELECT number, arrived_ms, body FROM healths WHERE member = $1 AND number > $2 ORDER BY number LIMIT $3"
		: "SELECT number, arrived_ms, body FROM healths WHERE $1 >= '' AND number > $2 ORDER BY number LIMIT $3";
	const struct db_value parameters[] = {
		db_text(member != NULL ? member : ""), db_number(after), db_number((int64_t)list.room + 1)};
	err = store_list_read(store, store->db, sql, parameters, ARRAY_LEN(parameters), &list);
	if (err == OK)
		store_list_page(&list, false, ret_page);
	return err;
}

static int second_fill(struct store_list *list, void *row, const struct db_value *columns)
{
	struct store_second *second = row;
	(void)list;
	*second = (struct store_second){.at_s = columns[0].number,
		.told = (uint32_t)columns[1].number,
		.rates = {.in_pps = (uint64_t)columns[2].number,
			.in_bps = (uint64_t)columns[3].number,
			.attack_pps = (uint64_t)columns[4].number,
			.attack_bps = (uint64_t)columns[5].number,
			.dropped_pps = (uint64_t)columns[6].number}};
	return OK;
}

int store_traffic(
	struct store *store, const char *member, int64_t since_s, struct store_second *rows, size_t room, size_t *ret_count)
{
	struct store_list list = {.rows = (char *)rows,
		.row_bytes = sizeof(*rows),
		.room = room < STORE_SECONDS_MAX ? room : STORE_SECONDS_MAX,
		.fill = second_fill};
	static const char sql[] = "SELECT at_s, told, in_pps, in_bps, attack_pps, attack_bps, dropped_pps FROM seconds "
		"WHERE member = $1 AND at_s >= $2 ORDER BY at_s LIMIT $3";
	const struct db_value parameters[] = {db_text(member != NULL ? member : ""), db_number(since_s), db_number((int64_t)list.room)};
	int err = store_list_read(store, store->db, sql, parameters, ARRAY_LEN(parameters), &list);
	*ret_count = list.count;
	return err;
}

/* Now. */

struct gathering {
	struct store *store;
	struct store_now *now;
	struct member *room;
	char (*names)[DOCUMENT_NAME_BYTES]; /* of members, sorted by the database; with their sectors */
	uint8_t *sectors;
	size_t member_count;
};

static uint8_t sector_of(const struct gathering *gathering, const char *member)
{
	for (size_t i = 0; i < gathering->member_count; i++) {
		if (strcmp(gathering->names[i], member) == 0)
			return gathering->sectors[i];
	}
	return 0;
}

static int member_row(void *to, const struct db_value *columns, size_t count)
{
	struct gathering *gathering = to;
	struct member *member = gathering->room;
	(void)count;
	if (gathering->member_count == STORE_MEMBERS_MAX)
		return E_LIMIT;
	memset(member, 0, sizeof(*member));
	if (store_unpack(&member_document, &columns[0], member) != OK)
		return E_SYS;
	memcpy(gathering->names[gathering->member_count], member->name, sizeof(member->name));
	gathering->sectors[gathering->member_count++] = member->sector;
	gathering->now->sectors[member->sector].members += member->is_active;
	return OK;
}

/** An open incident, the highest peak first. */
static int open_row(void *to, const struct db_value *columns, size_t count)
{
	struct store_now *now = ((struct gathering *)to)->now;
	static const struct incident blank;
	struct incident *incident = &now->incidents[now->incident_count++];
	(void)count;
	*incident = blank;
	if (store_unpack(&incident_document, &columns[0], incident) != OK)
		return E_SYS;
	store_incident_ready(incident);
	return OK;
}

static int open_count_row(void *to, const struct db_value *columns, size_t count)
{
	struct store_now *now = ((struct gathering *)to)->now;
	(void)count;
	if (columns[1].number == INCIDENT_MAIL) {
		now->open_mails += (uint64_t)columns[2].number;
		return OK;
	}
	now->open_incidents += (uint64_t)columns[2].number;
	if (columns[0].number >= 0 && columns[0].number <= SECTOR_COUNT)
		now->sectors[columns[0].number].open_incidents += (uint32_t)columns[2].number;
	return OK;
}

static int ended_row(void *to, const struct db_value *columns, size_t count)
{
	struct gathering *gathering = to;
	(void)count;
	if (columns[0].number >= 0 && columns[0].number <= SECTOR_COUNT)
		gathering->now->sectors[columns[0].number].ended_today = (uint32_t)columns[1].number;
	return OK;
}

static int health_row(void *to, const struct db_value *columns, size_t count)
{
	struct gathering *gathering = to;
	struct health health = {.rules = 0};
	(void)count;
	if (store_unpack(health_kind.root, &columns[0], &health) != OK)
		return E_SYS;
	struct store_sector *sector = &gathering->now->sectors[sector_of(gathering, health.member)];
	const struct health_rates *rates = &health.rates;
	sector->attack_pps += rates->attack_pps;
	sector->attack_bps += rates->attack_bps;
	sector->legitimate_pps += rates->in_pps > rates->attack_pps ? rates->in_pps - rates->attack_pps : 0;
	sector->legitimate_bps += rates->in_bps > rates->attack_bps ? rates->in_bps - rates->attack_bps : 0;
	sector->dropped_pps += rates->dropped_pps;
	return OK;
}

static int orders_count(struct store *store, int64_t now_ms, struct store_now *now)
{
	int64_t active = 0, waiting = 0;
	const struct db_value actives[] = {db_number(STORE_ORDER_ACTIVE), db_number(now_ms)};
	const struct db_value waitings[] = {db_number(STORE_ORDER_WAITING), db_number(now_ms)};
	static const char counted[] = "SELECT COUNT(*) FROM orders WHERE state = $1 AND expires_ms > $2";
	int err = STORE_QUERY(store, counted, actives, store_number_row, &active);
	if (err == OK)
		err = STORE_QUERY(store, counted, waitings, store_number_row, &waiting);
	now->active_orders = (uint64_t)active;
	now->waiting_orders = (uint64_t)waiting;
	return err;
}

static int gather(struct store *store, int64_t now_ms, struct gathering *gathering)
{
	const struct db_value open[] = {
		db_number(INCIDENT_OPEN), db_number(INCIDENT_MAIL), db_number(ARRAY_LEN(gathering->now->incidents))};
	const struct db_value fresh[] = {db_number(now_ms - FRESH_MS)};
	int err = store_query(store, store->db, "SELECT body FROM members ORDER BY name", NULL, 0, member_row, gathering);
	if (err == OK)
		err = STORE_QUERY(store, "SELECT body FROM bodies WHERE number IN (SELECT number FROM (SELECT i.number, "
			"(SELECT b.peak_pps FROM bodies b WHERE b.number = i.number) AS peak_pps FROM incidents i WHERE i.state = $1 AND "
			"i.matter <> $2) AS open ORDER BY peak_pps DESC, number LIMIT $3) ORDER BY peak_pps DESC, number", open, open_row,
			gathering); /* each body is looked up: no database may think of reading all of them */
	if (err == OK)
		err = store_query(store, store->db, "SELECT sector, matter, COUNT(*) FROM incidents WHERE state = $1 "
			"GROUP BY sector, matter", open, 1, open_count_row, gathering);
	if (err == OK)
		err = store_ended_since(store, now_ms - DAY_AGO_MS, ended_row, gathering);
	if (err == OK)
		err = STORE_QUERY(store, "SELECT body FROM healths WHERE arrived_ms >= $1", fresh, health_row, gathering);
	return err == OK ? orders_count(store, now_ms, gathering->now) : err;
}

int store_now(struct store *store, int64_t now_ms, struct store_now *ret_now)
{
	struct gathering gathering = {.store = store, .now = ret_now};
	memset(ret_now, 0, sizeof(*ret_now));
	ret_now->at_ms = now_ms;
	for (size_t i = 0; i <= SECTOR_COUNT; i++)
		ret_now->sectors[i].sector = (uint8_t)i;
	gathering.names = calloc(STORE_MEMBERS_MAX, sizeof(*gathering.names));
	gathering.sectors = calloc(STORE_MEMBERS_MAX, sizeof(*gathering.sectors));
	gathering.room = calloc(1, sizeof(*gathering.room));
	int err = E_NOMEM;
	if (gathering.names != NULL && gathering.sectors != NULL && gathering.room != NULL)
		err = gather(store, now_ms, &gathering);
	free(gathering.names);
	free(gathering.sectors);
	free(gathering.room);
	return err;
}
