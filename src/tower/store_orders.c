/*
 * Documents that speak of orders, and what orders have come to by them. Each
 * is kept byte for byte under its digest; an order has a row of its own that
 * sums up what was said of it. Documents may come in any order: what came
 * before its order is applied when that comes.
 *
 * From members, what speaks of an order must speak of one of theirs that is
 * known; the tower's own site (the authority beside it) may say anything.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/approval.h"
#include "record/countermeasure.h"
#include "record/standing_order.h"
#include "record/withdrawal.h"
#include "tower/store_state.h"

#define JOIN_ROWS 200 /* last incidents of a member that an order without a known finding is looked for in */

const char *const store_order_state_names[STORE_ORDER_STATE_COUNT] = {
	[STORE_ORDER_UNKNOWN] = "unknown",
	[STORE_ORDER_WAITING] = "waiting",
	[STORE_ORDER_ACTIVE] = "active",
	[STORE_ORDER_ENDED] = "ended",
	[STORE_ORDER_REFUSED] = "refused",
	[STORE_ORDER_WITHDRAWN] = "withdrawn",
	[STORE_ORDER_EXPIRED] = "expired",
};

static const struct field count_fields[] = {
	ROW_UINT(struct receipt_count, packets, PRIVACY_SECTOR, 0, FIELD_NUMBER_MAX),
	ROW_UINT(struct receipt_count, bytes, PRIVACY_SECTOR, 0, FIELD_NUMBER_MAX),
};
#define OWNER struct store_order
static const struct field order_fields[] = {
	{.name = "digest", FIELD_ROW(FIELD_HEX, OWNER, digest, PRIVACY_PUBLIC)},
	{.name = "id", FIELD_ROW(FIELD_ID, OWNER, id, PRIVACY_PUBLIC)},
	ROW_UINT(OWNER, incident, PRIVACY_PUBLIC, 0, FIELD_NUMBER_MAX),
	ROW_TEXT("member", OWNER, member, PRIVACY_MEMBER, 0),
	ROW_TEXT("effector", OWNER, effector, PRIVACY_MEMBER, 0),
	{.name = "class",
		FIELD_ROW(FIELD_NAME, OWNER, class, PRIVACY_SECTOR),
		.max = ORDER_CLASS_COUNT - 1,
		.names = order_class_names},
	ROW_NAME(OWNER, state, PRIVACY_SECTOR, store_order_state_names),
	{.name = "urgent", FIELD_ROW(FIELD_BOOL, OWNER, is_urgent, PRIVACY_SECTOR)},
	{.name = "standing", FIELD_ROW(FIELD_BOOL, OWNER, has_standing, PRIVACY_SECTOR)},
	ROW_TIME("arrived_ms", OWNER, arrived_ms, PRIVACY_SECTOR),
	ROW_TIME("not_before_ms", OWNER, not_before_ms, PRIVACY_SECTOR),
	ROW_TIME("expires_ms", OWNER, expires_ms, PRIVACY_SECTOR),
	ROW_TIME("ratify_by_ms", OWNER, ratify_by_ms, PRIVACY_SECTOR),
	ROW_UINT(OWNER, approvals, PRIVACY_SECTOR, 0, UINT32_MAX),
	ROW_UINT(OWNER, refusals, PRIVACY_SECTOR, 0, UINT32_MAX),
	ROW_UINT(OWNER, ratifications, PRIVACY_SECTOR, 0, UINT32_MAX),
	ROW_OBJECT("stopped", PRIVACY_SECTOR, struct receipt_count, offsetof(OWNER, stopped), count_fields),
	ROW_OBJECT("passed", PRIVACY_SECTOR, struct receipt_count, offsetof(OWNER, passed), count_fields),
	ROW_UINT(OWNER, collateral_permille, PRIVACY_SECTOR, 0, 1000),
	ROW_TIME("receipt_ms", OWNER, receipt_ms, PRIVACY_SECTOR),
};
const struct field store_order_document = ROW_OBJECT("order", PRIVACY_PUBLIC, OWNER, 0, order_fields);

/** A document that has been read: what it is about. */
struct spoken {
	enum store_kind kind;
	struct document_digest digest, subject; /* subject: the order it speaks of */
	uint64_t incident;
	struct incident_line line; /* of history; no event: none */
	struct order order; /* STORE_ORDER */
	struct approval approval; /* STORE_APPROVAL, and within STORE_WITHDRAWAL */
	struct receipt receipt;
};

static int say(struct store_answer *answer, int error, const char *why)
{
	snprintf(answer->why, sizeof(answer->why), "%s", why);
	return error;
}

/* The incident. */

/** Looks for an incident by what an order or a countermeasure is about. */
struct joining {
	const struct ip_prefix *target;
	int64_t at_ms;
	uint64_t number;
	struct incident *room;
};

static int joining_row(void *to, const struct db_value *columns, size_t count)
{
	struct joining *joining = to;
	static const struct incident blank;
	struct incident *incident = joining->room;
	(void)count;
	*incident = blank;
	if (joining->number != 0 || store_unpack(&incident_document, &columns[0], incident) != OK)
		return OK;
	bool is_near =
		joining->at_ms >= incident->opened_ms - INCIDENT_GAP_MS && joining->at_ms <= incident->heard_ms + INCIDENT_GAP_MS;
	const struct ip_prefix *wide = incident->target.bits <= joining->target->bits ? &incident->target : joining->target;
	const struct ip_prefix *narrow = wide == joining->target ? &incident->target : joining->target;
	if (is_near && ip_prefix_covers(wide, &narrow->addr))
		joining->number = incident->number;
	return OK;
}

static int incident_join(struct store *store, const char *finding, const char *member, const struct ip_prefix *target,
	int64_t at_ms, uint64_t *ret_number)
{
	*ret_number = incident_of_finding(store->writer.book, finding);
	if (*ret_number != 0)
		return OK;
	struct joining joining = {.target = target, .at_ms = at_ms, .room = store->incident_room};
	const struct db_value parameters[] = {db_text(member), db_number(JOIN_ROWS)};
	int err = STORE_QUERY(store, "SELECT b.body FROM incidents i JOIN bodies b ON b.number = i.number WHERE i.member = $1 "
		"ORDER BY i.number DESC LIMIT $2", parameters, joining_row, &joining);
	*ret_number = joining.number;
	return err;
}

static void line_set(
	struct spoken *spoken, int64_t at_ms, enum incident_event event, const char *subject, uint64_t value, uint64_t other)
{
	spoken->line = (struct incident_line){.at_ms = at_ms, .event = event, .value = value, .other = other};
	snprintf(spoken->line.subject, sizeof(spoken->line.subject), "%.*s", (int)sizeof(spoken->line.subject) - 1, subject);
}

/* Orders as rows. */

struct order_found {
	struct store_order *order;
	int64_t number;
};

static int order_row(void *to, const struct db_value *columns, size_t count)
{
	struct order_found *found = to;
	static const struct store_order blank;
	(void)count;
	*found->order = blank;
	found->number = columns[0].number;
	return store_unpack(&store_order_document, &columns[1], found->order);
}

static int order_find(struct store *store, const struct document_digest *digest, struct store_order *ret_order, int64_t *ret_number)
{
	struct order_found found = {.order = ret_order};
	const struct db_value key[] = {db_bytes(digest->bytes, sizeof(digest->bytes))};
	int err =
		STORE_QUERY(store, "SELECT o.number, o.body FROM documents d JOIN orders o ON o.number = d.arrival WHERE d.digest = $1",
			key, order_row, &found);
	*ret_number = found.number;
	return err == OK && found.number == 0 ? E_END : err;
}

static int order_save(struct store *store, int64_t number, const struct store_order *order)
{
	uint8_t bytes[STORE_BODY_BYTES];
	const struct db_value row[] = {db_number(number), db_number(order->state), db_number(order->expires_ms),
		db_number(order->arrived_ms), db_number(order->is_urgent), db_number(order->has_standing),
		store_pack(&store_order_document, order, bytes)};
	int err = store_tally_order(store, number, -1); /* nothing where it is new */
	if (err == OK)
		err = STORE_QUERY(store,
			"INSERT INTO orders (number, state, expires_ms, arrived_ms, urgent, standing, body) "
			"VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (number) DO UPDATE SET state = excluded.state, body = excluded.body",
			row, NULL, NULL);
	return err == OK ? store_tally_order(store, number, 1) : err;
}

static void approval_apply(struct store_order *order, const struct approval *approval)
{
	switch (approval->act) {
	case APPROVAL_APPROVAL:
		order->approvals++;
		return;
	case APPROVAL_REFUSAL:
		order->refusals++;
		if (order->state == STORE_ORDER_WAITING)
			order->state = STORE_ORDER_REFUSED;
		return;
	case APPROVAL_RATIFICATION:
		order->ratifications++;
		return;
	case APPROVAL_WITHDRAWAL:
		if (order->state == STORE_ORDER_WAITING || order->state == STORE_ORDER_ACTIVE)
			order->state = STORE_ORDER_WITHDRAWN;
		return;
	case APPROVAL_UNKNOWN:
	case APPROVAL_ACT_COUNT:
		return;
	}
}

static void receipt_apply(struct store_order *order, const struct receipt *receipt)
{
	bool is_live = order->state == STORE_ORDER_WAITING || order->state == STORE_ORDER_ACTIVE;
	if (receipt->at_ms < order->receipt_ms)
		return; /* it came late: what it sums up has been told better since */
	order->receipt_ms = receipt->at_ms;
	order->stopped = receipt->stopped;
	order->stopped.packets += receipt->limited.packets < INT64_MAX - receipt->stopped.packets ? receipt->limited.packets : 0;
	order->stopped.bytes += receipt->limited.bytes < INT64_MAX - receipt->stopped.bytes ? receipt->limited.bytes : 0;
	order->passed = receipt->passed;
	order->collateral_permille = receipt->collateral_permille;
	if (receipt->state == RECEIPT_ENDED && order->state != STORE_ORDER_WITHDRAWN)
		order->state = STORE_ORDER_ENDED;
	else if (receipt->state == RECEIPT_REFUSED && is_live)
		order->state = STORE_ORDER_REFUSED;
	else if ((receipt->state == RECEIPT_APPLIED || receipt->state == RECEIPT_PROGRESS) && is_live)
		order->state = STORE_ORDER_ACTIVE;
}

static void spoken_apply(struct store_order *order, const struct spoken *spoken)
{
	if (spoken->kind == STORE_RECEIPT)
		receipt_apply(order, &spoken->receipt);
	else
		approval_apply(order, &spoken->approval);
}

/* Reading. */

/** The statement in a withdrawal: a note, whose first line is the document, or a line with a passkey's assertion. */
static int withdrawal_read(const char *line, size_t length_bytes, struct spoken *spoken, struct store_answer *answer)
{
	struct withdrawal withdrawal = {0};
	int err = withdrawal_parse(line, length_bytes, &withdrawal, answer->why);
	if (err == OK)
		err = approval_parse(withdrawal.statement, strcspn(withdrawal.statement, "\n"), &spoken->approval, answer->why);
	if (err == OK && spoken->approval.act != APPROVAL_WITHDRAWAL)
		err = say(answer, E_MALFORMED, "statement: is no withdrawal");
	withdrawal_done(&withdrawal);
	return err;
}

static void approval_line(struct spoken *spoken)
{
	static const enum incident_event events[APPROVAL_ACT_COUNT] = {
		[APPROVAL_APPROVAL] = INCIDENT_APPROVED,
		[APPROVAL_REFUSAL] = INCIDENT_REFUSED,
		[APPROVAL_RATIFICATION] = INCIDENT_RATIFIED,
		[APPROVAL_WITHDRAWAL] = INCIDENT_WITHDRAWN,
	};
	spoken->subject = spoken->approval.subject;
	line_set(spoken, spoken->approval.at_ms, events[spoken->approval.act], spoken->approval.by, 0, 0);
}

static void receipt_line(struct spoken *spoken)
{
	static const enum incident_event events[RECEIPT_STATE_COUNT] = {
		[RECEIPT_APPLIED] = INCIDENT_APPLIED,
		[RECEIPT_REFUSED] = INCIDENT_NOT_APPLIED,
		[RECEIPT_PROGRESS] = INCIDENT_MEASURED,
		[RECEIPT_ENDED] = INCIDENT_STOPPED,
	};
	const struct receipt *receipt = &spoken->receipt;
	spoken->subject = receipt->order;
	line_set(spoken, receipt->at_ms, events[receipt->state], receipt->effector, receipt->stopped.packets,
		receipt->collateral_permille);
}

static int order_read(struct store *store, const char *member, const char *line, size_t length_bytes, int64_t now_ms,
	struct spoken *spoken, struct store_answer *answer)
{
	struct order *order = &spoken->order;
	int err = order_parse(line, length_bytes, order, answer->why);
	if (err != OK)
		return err;
	if (member[0] != '\0' && strcmp(member, order->member) != 0)
		return say(answer, E_DENIED, "member: is another than who says it");
	int64_t length_s = (order->expires_ms - order->not_before_ms) / 1000;
	line_set(spoken, now_ms, INCIDENT_ORDERED, order->effector, length_s > 0 ? (uint64_t)length_s : 0, order->is_urgent);
	spoken->subject = spoken->digest;
	if (order->class == ORDER_REIDENTIFY)
		return OK; /* it stands in no incident's course: who reads of an attack is not told whose name was asked for */
	return incident_join(store, order->finding, order->member, &order->scope[0], order->not_before_ms, &spoken->incident);
}

static int countermeasure_take(struct store *store, const char *member, const char *line, size_t length_bytes,
	struct spoken *spoken, struct store_answer *answer)
{
	struct countermeasure *countermeasure = malloc(sizeof(*countermeasure));
	if (countermeasure == NULL)
		return E_NOMEM;
	int err = countermeasure_parse(line, length_bytes, countermeasure, answer->why);
	const struct member *known = member[0] != '\0' ? store_member_known(store, member) : NULL;
	if (err == OK && known != NULL && !member_covers(known, &countermeasure->target))
		err = say(answer, E_DENIED, "target: is not in the member's networks");
	if (err == OK && known == NULL)
		known = store_member_of(store, &countermeasure->target);
	if (err == OK)
		err = incident_join(store, countermeasure->finding, known != NULL ? known->name : "", &countermeasure->target,
			countermeasure->at_ms, &spoken->incident);
	if (err == OK)
		line_set(spoken, countermeasure->at_ms, INCIDENT_PROPOSED, countermeasure->sensor,
			countermeasure->predicted.stopped_permille, countermeasure->predicted.collateral_permille);
	free(countermeasure);
	return err;
}

static int standing_read(const char *member, const char *line, size_t length_bytes, struct store_answer *answer)
{
	struct standing_order *standing = malloc(sizeof(*standing));
	if (standing == NULL)
		return E_NOMEM;
	int err = standing_order_parse(line, length_bytes, standing, answer->why);
	if (err == OK && member[0] != '\0' && strcmp(member, standing->member) != 0)
		err = say(answer, E_DENIED, "member: is another than who says it");
	free(standing);
	return err;
}

static int spoken_read(struct store *store, const char *member, const char *line, size_t length_bytes, int64_t now_ms,
	struct spoken *spoken, struct store_answer *answer)
{
	int err = OK;
	switch (spoken->kind) {
	case STORE_COUNTERMEASURE:
		return countermeasure_take(store, member, line, length_bytes, spoken, answer);
	case STORE_ORDER:
		return order_read(store, member, line, length_bytes, now_ms, spoken, answer);
	case STORE_STANDING_ORDER:
		spoken->subject = spoken->digest;
		return standing_read(member, line, length_bytes, answer);
	case STORE_APPROVAL:
		err = approval_parse(line, length_bytes, &spoken->approval, answer->why);
		break;
	case STORE_WITHDRAWAL:
		err = withdrawal_read(line, length_bytes, spoken, answer);
		break;
	case STORE_RECEIPT:
		err = receipt_parse(line, length_bytes, &spoken->receipt, answer->why);
		break;
	case STORE_NOTHING:
	case STORE_FINDING:
	case STORE_HEALTH:
	case STORE_MAIL:
	case STORE_KIND_COUNT:
		return E_BUG;
	}
	if (err == OK && spoken->kind == STORE_RECEIPT)
		receipt_line(spoken);
	else if (err == OK)
		approval_line(spoken);
	return err;
}

/** What came before its order: applied to it, the oldest first. */
struct earlier {
	struct store_order *order;
	struct spoken *room;
	struct store_answer *answer;
};

static int earlier_row(void *to, const struct db_value *columns, size_t count)
{
	struct earlier *earlier = to;
	struct spoken *spoken = earlier->room;
	const char *line = columns[1].bytes;
	(void)count;
	memset(spoken, 0, sizeof(*spoken));
	spoken->kind = (enum store_kind)columns[0].number;
	int err = OK;
	if (spoken->kind == STORE_APPROVAL)
		err = approval_parse(line, columns[1].length_bytes, &spoken->approval, earlier->answer->why);
	else if (spoken->kind == STORE_RECEIPT)
		err = receipt_parse(line, columns[1].length_bytes, &spoken->receipt, earlier->answer->why);
	else if (spoken->kind == STORE_WITHDRAWAL)
		err = withdrawal_read(line, columns[1].length_bytes, spoken, earlier->answer);
	else
		return OK;
	if (err == OK)
		spoken_apply(earlier->order, spoken);
	return OK; /* it was read when it was taken */
}

static int order_open(struct store *store, const struct spoken *spoken, int64_t number, int64_t now_ms, struct store_answer *answer)
{
	static const struct store_order blank;
	const struct order *from = &spoken->order;
	struct store_order order = blank;
	struct spoken *room = malloc(sizeof(*room));
	struct earlier earlier = {.order = &order, .room = room, .answer = answer};
	if (room == NULL)
		return E_NOMEM;
	order.digest = spoken->digest;
	memcpy(order.id, from->id, sizeof(order.id));
	order.incident = spoken->incident;
	memcpy(order.member, from->member, sizeof(order.member));
	memcpy(order.effector, from->effector, sizeof(order.effector));
	order.class = from->class;
	order.state = STORE_ORDER_WAITING;
	order.is_urgent = from->is_urgent;
	order.has_standing = from->has_standing;
	order.arrived_ms = now_ms;
	order.not_before_ms = from->not_before_ms;
	order.expires_ms = from->expires_ms;
	order.ratify_by_ms = from->is_urgent ? from->ratify_by_ms : 0;
	const struct db_value key[] = {db_bytes(order.digest.bytes, sizeof(order.digest.bytes))};
	int err =
		STORE_QUERY(store, "SELECT kind, line FROM documents WHERE subject = $1 ORDER BY arrival", key, earlier_row, &earlier);
	free(room);
	return err == OK ? order_save(store, number, &order) : err;
}

/* Taking. */

static int line_tell(struct store *store, struct spoken *spoken)
{
	spoken->line.incident = spoken->incident;
	if (spoken->incident == 0 || spoken->line.event == INCIDENT_NOTHING)
		return OK;
	int err = store_incident_load(store, spoken->incident);
	if (err == OK)
		incident_line_add(store->writer.book, &spoken->line);
	return err == E_END ? OK : err; /* deleted meanwhile */
}

static int document_save(struct store *store, const struct spoken *spoken, const char *member, const char *line,
	size_t length_bytes, int64_t number, int64_t now_ms)
{
	const struct db_value row[] = {db_number(number), db_number(now_ms), db_number(spoken->kind),
		db_bytes(spoken->digest.bytes, sizeof(spoken->digest.bytes)),
		db_bytes(spoken->subject.bytes, sizeof(spoken->subject.bytes)), db_text(member), db_number((int64_t)spoken->incident),
		db_bytes(line, length_bytes)};
	return STORE_QUERY(store, "INSERT INTO documents (arrival, arrived_ms, kind, digest, subject, member, incident, line) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", row, NULL, NULL);
}

/** The order that a document speaks of; it may be unknown to the tower's own site alone. */
static int subject_find(struct store *store, const char *member, struct spoken *spoken, struct store_order *order,
	int64_t *ret_number, struct store_answer *answer)
{
	int err = order_find(store, &spoken->subject, order, ret_number);
	if (err == E_END && member[0] == '\0')
		return OK;
	if (err == E_END)
		return say(answer, E_DENIED, "order: is not known here");
	if (err == OK && member[0] != '\0' && strcmp(member, order->member) != 0)
		return say(answer, E_DENIED, "order: is another member's");
	spoken->incident = order->incident;
	return err;
}

static int spoken_take(struct store *store, const char *member, const char *line, size_t length_bytes, int64_t now_ms,
	struct spoken *spoken, struct store_answer *answer)
{
	static const struct store_order blank;
	struct store_order order = blank;
	int64_t order_number = 0, number = (int64_t)store->writer.next_document;
	bool is_said_of_order = spoken->kind == STORE_APPROVAL || spoken->kind == STORE_RECEIPT || spoken->kind == STORE_WITHDRAWAL;
	int err = spoken_read(store, member, line, length_bytes, now_ms, spoken, answer);
	if (err == OK && is_said_of_order)
		err = subject_find(store, member, spoken, &order, &order_number, answer);
	if (err == OK)
		err = line_tell(store, spoken); /* first of what changes anything: it may ask for a commit */
	if (err == OK && spoken->kind == STORE_ORDER)
		err = order_open(store, spoken, number, now_ms, answer);
	if (err == OK && order_number != 0) {
		spoken_apply(&order, spoken);
		err = order_save(store, order_number, &order);
	}
	if (err == OK)
		err = document_save(store, spoken, member, line, length_bytes, number, now_ms);
	if (err == OK)
		store->writer.next_document++;
	answer->incident = spoken->incident;
	return err;
}

int store_take_document(struct store *store, const char *member, const char *line, size_t length_bytes, int64_t now_ms,
	struct store_answer *answer)
{
	if (length_bytes > DOCUMENT_LINE_BYTES_MAX)
		return say(answer, E_LIMIT, "document: is too long");
	struct spoken *spoken = calloc(1, sizeof(*spoken));
	if (spoken == NULL)
		return E_NOMEM;
	spoken->kind = answer->kind;
	spoken->digest = document_digest_of(line, length_bytes);
	sodium_bin2hex(answer->id, sizeof(answer->id), spoken->digest.bytes, sizeof(spoken->digest.bytes));
	int64_t known = 0;
	const struct db_value key[] = {db_bytes(spoken->digest.bytes, sizeof(spoken->digest.bytes))};
	int err = STORE_QUERY(store, "SELECT arrival FROM documents WHERE digest = $1", key, store_number_row, &known);
	answer->is_repeat = err == OK && known != 0;
	if (err == OK && known == 0)
		err = spoken_take(store, member, line, length_bytes, now_ms, spoken, answer);
	free(spoken);
	return err;
}

/* Lists. */

/** A line that a row owns; NULL where there is none. */
static int line_copy(const struct db_value *column, char **ret_line, size_t *ret_length_bytes)
{
	if (column->type == DB_NULL)
		return OK;
	char *line = malloc(column->length_bytes + 1);
	if (line == NULL)
		return E_NOMEM;
	store_text(column, line, column->length_bytes + 1);
	*ret_line = line;
	*ret_length_bytes = column->length_bytes;
	return OK;
}

static void expire(struct store_order *order, int64_t now_ms)
{
	if ((order->state == STORE_ORDER_WAITING || order->state == STORE_ORDER_ACTIVE) && order->expires_ms <= now_ms)
		order->state = STORE_ORDER_EXPIRED;
}

struct order_list {
	struct store_list list; /* first: the fill is given it */
	int64_t now_ms;
};

static int order_fill(struct store_list *list, void *row, const struct db_value *columns)
{
	static const struct store_order blank;
	struct store_order *order = row;
	*order = blank;
	int err = store_unpack(&store_order_document, &columns[1], order);
	expire(order, ((struct order_list *)(void *)list)->now_ms);
	return err == OK ? line_copy(&columns[2], &order->line, &order->length_bytes) : err;
}

void store_orders_done(struct store_order *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(rows[i].line);
		rows[i].line = NULL;
	}
}

/**
 * The statement for a state. Orders that nobody ended keep the state they had, so those that are live are found by the end of
 * their time, and those that are not by their number: neither list reads through the other's rows.
 */
static const char *orders_sql(enum store_order_state state)
{
#define SELECT_ORDERS "SELECT o.number, o.body, d.line FROM orders o LEFT JOIN documents d ON d.arrival = o.number WHERE "
#define ORDERS_END "o.number < $3 ORDER BY o.number DESC LIMIT $4"
#define EXPIRED_OF(number) "SELECT number FROM (SELECT number FROM orders WHERE state = " number " AND expires_ms <= $2 " \
	"AND number < $3 ORDER BY number DESC LIMIT $4) AS of_" number
	_Static_assert(STORE_ORDER_WAITING == 1 && STORE_ORDER_ACTIVE == 2, "the statement below names them");
	if (state == STORE_ORDER_UNKNOWN)
		return SELECT_ORDERS "$1 >= 0 AND $2 >= 0 AND " ORDERS_END;
	if (state == STORE_ORDER_EXPIRED)
		return SELECT_ORDERS "$1 >= 0 AND o.number IN (" EXPIRED_OF("1") " UNION ALL " EXPIRED_OF("2") ") AND " ORDERS_END;
	if (state == STORE_ORDER_WAITING || state == STORE_ORDER_ACTIVE)
		return SELECT_ORDERS "o.number IN (SELECT number FROM orders WHERE state = $1 AND expires_ms > $2) AND " ORDERS_END;
	return SELECT_ORDERS "o.state = $1 AND $2 >= 0 AND " ORDERS_END;
}

int store_orders(struct store *store, int64_t now_ms, enum store_order_state state, const struct store_cursor *cursor,
	struct store_order *rows, size_t room, struct store_page *ret_page)
{
	int64_t before = 0;
	struct order_list orders = {
		.list = {.rows = (char *)rows, .row_bytes = sizeof(*rows), .room = store_room(room), .fill = order_fill}, .now_ms = now_ms};
	memset(rows, 0, orders.list.room * sizeof(*rows)); /* so that whatever happens they can be done with */
	int err = store_cursor_number(cursor, INT64_MAX, &before);
	if (err != OK)
		return err;
	const struct db_value parameters[] = {
		db_number(state), db_number(now_ms), db_number(before), db_number((int64_t)orders.list.room + 1)};
	err = store_list_read(store, store->db, orders_sql(state), parameters, ARRAY_LEN(parameters), &orders.list);
	if (err == OK)
		store_list_page(&orders.list, false, ret_page);
	return err;
}

int store_order(struct store *store, const struct document_digest *digest, int64_t now_ms, struct store_order *ret_order)
{
	int64_t number = 0;
	struct store_order order;
	int err = order_find(store, digest, &order, &number);
	if (err != OK)
		return err;
	expire(&order, now_ms);
	*ret_order = order;
	return OK;
}

static int document_fill(struct store_list *list, void *row, const struct db_value *columns)
{
	struct store_document *document = row;
	(void)list;
	*document = (struct store_document){.arrival = (uint64_t)columns[0].number,
		.arrived_ms = columns[1].number,
		.kind = (enum store_kind)columns[2].number,
		.incident = (uint64_t)columns[6].number};
	store_digest(&columns[3], &document->digest);
	store_digest(&columns[4], &document->subject);
	store_text(&columns[5], document->member, sizeof(document->member));
	return line_copy(&columns[7], &document->line, &document->length_bytes);
}

int store_documents(struct store *store, const struct store_document_filter *filter, const struct store_cursor *cursor,
	struct store_document *rows, size_t room, struct store_page *ret_page)
{
#define SELECT_DOCUMENTS "SELECT arrival, arrived_ms, kind, digest, subject, member, incident, line FROM documents WHERE "
#define OLDEST_FIRST "arrival > $3 ORDER BY arrival LIMIT $4"
	static const struct document_digest none;
	int64_t after = 0;
	struct store_list list = {.rows = (char *)rows, .row_bytes = sizeof(*rows), .room = store_room(room), .fill = document_fill};
	memset(rows, 0, list.room * sizeof(*rows)); /* so that whatever happens they can be done with */
	int err = store_cursor_number(cursor, 0, &after);
	if (err != OK)
		return err;
	const struct document_digest *order = filter->order != NULL ? filter->order : &none;
	const char *sql = filter->order != NULL ? SELECT_DOCUMENTS "$1 >= 0 AND subject = $2 AND " OLDEST_FIRST
		: filter->incident != 0 ? SELECT_DOCUMENTS "incident = $1 AND $2 <> '' AND " OLDEST_FIRST
		: SELECT_DOCUMENTS "$1 >= 0 AND $2 <> '' AND " OLDEST_FIRST;
	const struct db_value parameters[] = {db_number((int64_t)filter->incident), db_bytes(order->bytes, sizeof(order->bytes)),
		db_number(after), db_number((int64_t)list.room + 1)};
	err = store_list_read(store, store->db, sql, parameters, ARRAY_LEN(parameters), &list);
	if (err == OK)
		store_list_page(&list, false, ret_page);
	return err;
}

void store_documents_done(struct store_document *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(rows[i].line);
		rows[i].line = NULL;
	}
}
