/*
 * Incidents and findings as they are read: lists, one, its history, where its
 * sources are. A page costs what it shows: incidents by the numbers of the
 * index that fits the filter, findings by the incident's place in each day.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/privacy.h"
#include "tower/store_state.h"

static void shares_fill(struct incident *incident)
{
	for (size_t i = 0; i < incident->vector_count; i++) {
		struct incident_vector *vector = &incident->vectors[i];
		vector->packets_permille =
			incident->packets > 0 ? (uint16_t)((double)vector->packets * 1000.0 / (double)incident->packets) : 0;
		vector->bytes_permille = incident->bytes > 0 ? (uint16_t)((double)vector->bytes * 1000.0 / (double)incident->bytes) : 0;
		vector->packets_permille = vector->packets_permille > 1000 ? 1000 : vector->packets_permille;
		vector->bytes_permille = vector->bytes_permille > 1000 ? 1000 : vector->bytes_permille;
	}
}

static int vector_compare(const void *a, const void *b)
{
	const struct incident_vector *first = a, *second = b;
	return first->packets != second->packets ? (first->packets < second->packets ? 1 : -1) : strcmp(first->name, second->name);
}

void store_incident_protect(struct incident *incident)
{
	if (!incident_target_is_protected(incident->matter))
		return;
	incident->target = (struct ip_prefix){.bits = 0};
	incident->why[0] = '\0';
}

void store_incident_ready(struct incident *incident)
{
	shares_fill(incident);
	qsort(incident->vectors, incident->vector_count, sizeof(incident->vectors[0]), vector_compare);
	store_incident_protect(incident);
}

/** An incident as readers get it. */
static int incident_read(const struct db_value *body, struct incident *ret_incident)
{
	static const struct incident blank;
	*ret_incident = blank;
	if (store_unpack(&incident_document, body, ret_incident) != OK)
		return E_SYS;
	store_incident_ready(ret_incident);
	return OK;
}

static int incident_fill(struct store_list *list, void *row, const struct db_value *columns)
{
	(void)list;
	return incident_read(&columns[1], row);
}

/** The statement for a filter: each has an index whose end is the number. */
static const char *incidents_sql(const struct store_incident_filter *filter)
{
#define SELECT_INCIDENTS "SELECT i.number, b.body FROM incidents i JOIN bodies b ON b.number = i.number WHERE "
#define NEWEST_FIRST "i.number < $4 ORDER BY i.number DESC LIMIT $5"
	static const char *const statements[8] = {
		SELECT_INCIDENTS "$1 >= 0 AND $2 >= '' AND $3 >= 0 AND " NEWEST_FIRST,
		SELECT_INCIDENTS "i.state = $1 AND $2 >= '' AND $3 >= 0 AND " NEWEST_FIRST,
		SELECT_INCIDENTS "$1 >= 0 AND i.member = $2 AND $3 >= 0 AND " NEWEST_FIRST,
		SELECT_INCIDENTS "i.state = $1 AND i.member = $2 AND $3 >= 0 AND " NEWEST_FIRST,
		SELECT_INCIDENTS "$1 >= 0 AND $2 >= '' AND i.sector = $3 AND " NEWEST_FIRST,
		SELECT_INCIDENTS "i.state = $1 AND $2 >= '' AND i.sector = $3 AND " NEWEST_FIRST,
		SELECT_INCIDENTS "$1 >= 0 AND i.member = $2 AND i.sector = $3 AND " NEWEST_FIRST,
		SELECT_INCIDENTS "i.state = $1 AND i.member = $2 AND i.sector = $3 AND " NEWEST_FIRST,
	};
	unsigned which =
		(filter->state != INCIDENT_NO_STATE ? 1u : 0) | (filter->member != NULL ? 2u : 0) | (filter->sector != 0 ? 4u : 0);
	return statements[which];
}

int store_incidents(struct store *store, const struct store_incident_filter *filter, const struct store_cursor *cursor,
	struct incident *rows, size_t room, struct store_page *ret_page)
{
	int64_t before = 0;
	struct store_list list = {.rows = (char *)rows, .row_bytes = sizeof(*rows), .room = store_room(room), .fill = incident_fill};
	int err = store_cursor_number(cursor, INT64_MAX, &before);
	if (err != OK)
		return err;
	const struct db_value parameters[] = {db_number(filter->state), db_text(filter->member != NULL ? filter->member : ""),
		db_number(filter->sector), db_number(before), db_number((int64_t)list.room + 1)};
	err = store_list_read(store, store->db, incidents_sql(filter), parameters, ARRAY_LEN(parameters), &list);
	if (err == OK)
		store_list_page(&list, false, ret_page);
	return err;
}

/** Reads the body of one incident. */
struct body {
	struct incident *incident;
	bool is_raw; /* as the writer keeps it */
	bool is_found;
};

static int body_row(void *to, const struct db_value *columns, size_t count)
{
	struct body *body = to;
	static const struct incident blank;
	(void)count;
	body->is_found = true;
	if (!body->is_raw)
		return incident_read(&columns[0], body->incident);
	*body->incident = blank;
	return store_unpack(&incident_document, &columns[0], body->incident);
}

static int body_read(struct store *store, uint64_t number, bool is_raw, struct incident *ret_incident)
{
	struct body body = {.incident = ret_incident, .is_raw = is_raw};
	const struct db_value parameters[] = {db_number((int64_t)number)};
	int err = STORE_QUERY(store, "SELECT body FROM bodies WHERE number = $1", parameters, body_row, &body);
	return err == OK && !body.is_found ? E_END : err;
}

int store_incident(struct store *store, uint64_t number, struct incident *ret_incident)
{
	return body_read(store, number, false, ret_incident);
}

int store_incident_raw(struct store *store, uint64_t number, struct incident *ret_incident)
{
	return body_read(store, number, true, ret_incident);
}

int store_incident_load(struct store *store, uint64_t number)
{
	if (incident_find(store->writer.book, number) != NULL)
		return OK;
	int err = body_read(store, number, true, store->incident_room);
	return err == OK ? incident_load(store->writer.book, store->incident_room) : err;
}

/* History. */

static int line_fill(struct store_list *list, void *row, const struct db_value *columns)
{
	struct incident_line *line = row;
	(void)list;
	*line = (struct incident_line){.incident = (uint64_t)columns[1].number,
		.at_ms = columns[2].number,
		.event = columns[3].number > 0 && columns[3].number < INCIDENT_EVENT_COUNT ? (enum incident_event)columns[3].number
																				   : INCIDENT_NOTHING,
		.value = (uint64_t)columns[5].number,
		.other = (uint64_t)columns[6].number};
	store_text(&columns[4], line->subject, sizeof(line->subject));
	return OK;
}

int store_history(struct store *store, uint64_t incident, const struct store_cursor *cursor, struct incident_line *rows,
	size_t room, struct store_page *ret_page)
{
	int64_t after = 0;
	struct store_list list = {.rows = (char *)rows, .row_bytes = sizeof(*rows), .room = store_room(room), .fill = line_fill};
	int err = store_cursor_number(cursor, -1, &after);
	if (err != OK)
		return err;
	const struct db_value parameters[] = {db_number((int64_t)incident), db_number(after), db_number((int64_t)list.room + 1)};
	err = store_list_read(store, store->db, "SELECT line, incident, at_ms, event, subject, value, other FROM history "
		"WHERE incident = $1 AND line > $2 ORDER BY line LIMIT $3", parameters, ARRAY_LEN(parameters), &list);
	if (err == OK)
		store_list_page(&list, false, ret_page);
	return err;
}

/* Findings. */

int store_finding_unpack(struct store *store, const struct chunk_finding *packed, bool has_sources, struct finding *ret_finding)
{
	static const struct finding blank;
	unsigned kind = packed->document_bytes > 0 ? packed->document[0] : FINDING_KIND_COUNT;
	*ret_finding = blank;
	int err = kind < FINDING_KIND_COUNT
		? pack_read(&finding_document, PACK_OPEN, kind, packed->document + 1, packed->document_bytes - 1, ret_finding)
		: E_MALFORMED;
	if (err == OK && has_sources && packed->sources_bytes > 0)
		err = pack_read(&finding_document, PACK_CLASSED, kind, packed->sources, packed->sources_bytes, ret_finding);
	return err == OK ? OK : store_refuse(store, E_SYS, "store", "a finding is damaged");
}

#define CHUNKS_ASKED 8 /* rows at once: mostly enough for a page */

/** Goes through an incident's findings, the last come first, until it is told that it is enough. */
struct walk {
	struct store *store;
	uint64_t incident;
	int64_t before; /* arrivals that are wanted */
	int64_t chunk_before; /* where the next rows begin */
	size_t rows; /* that the last statement gave */
	bool is_enough;
	int (*one)(void *to, const struct chunk_finding *packed); /* E_END: it is enough */
	void *to;
};

static int walk_row(void *to, const struct db_value *columns, size_t count)
{
	struct walk *walk = to;
	static const struct db_value none;
	struct chunk_finding packed[CHUNK_FINDINGS];
	size_t found = 0;
	walk->rows++;
	walk->chunk_before = columns[0].number;
	int err = walk->is_enough ? OK : chunk_read(&columns[1], count > 2 ? &columns[2] : &none, walk->incident, packed, &found);
	if (err != OK)
		return store_refuse(walk->store, E_SYS, "store", "a row of findings is damaged");
	for (size_t i = 0; i < found && err == OK && !walk->is_enough; i++) {
		if ((int64_t)packed[i].arrival >= walk->before)
			continue;
		err = walk->one(walk->to, &packed[i]);
		walk->is_enough = err == E_END;
		err = err == E_END ? OK : err;
	}
	return err;
}

static int walk_day(struct walk *walk, uint32_t day, bool has_sources)
{
	static const char with[] =
		"SELECT f.arrival, f.documents, s.documents FROM findings_@ f LEFT JOIN sources_@ s ON s.arrival = f.arrival "
		"WHERE f.incident = $1 AND f.arrival < $2 ORDER BY f.arrival DESC LIMIT $3";
	static const char without[] =
		"SELECT arrival, documents FROM findings_@ WHERE incident = $1 AND arrival < $2 ORDER BY arrival DESC LIMIT $3";
	struct store *store = walk->store;
	struct db *db = NULL;
	int err = store->hooks->day(store->db, day, &db);
	if (err != OK)
		return err == E_END ? OK : err; /* there were none on this day, or they are deleted */
	do {
		char sql[DB_SQL_BYTES];
		const struct db_value parameters[] = {
			db_number((int64_t)walk->incident), db_number(walk->chunk_before), db_number(CHUNKS_ASKED)};
		walk->rows = 0;
		err = store_query(
			store, db, db_sql_day(has_sources ? with : without, day, sql), parameters, ARRAY_LEN(parameters), walk_row, walk);
	} while (err == OK && walk->rows == CHUNKS_ASKED && !walk->is_enough);
	return err;
}

/** @return OK; E_END: there is no such incident; E_SYS */
static int walk_all(struct walk *walk, bool has_sources)
{
	struct incident *body = walk->store->incident_room;
	int err = body_read(walk->store, walk->incident, true, body);
	uint32_t first = body->first_day, last = err == OK ? body->last_day : 0;
	walk->chunk_before = walk->before;
	for (uint32_t day = last; err == OK && day >= first && day > 0 && !walk->is_enough; day--)
		err = walk_day(walk, day, has_sources);
	return err;
}

static struct store_finding finding_row(const struct chunk_finding *packed, const struct finding *finding)
{
	struct store_finding row = {.arrival = packed->arrival, .arrived_ms = packed->arrived_ms, .sequence = packed->sequence,
		.kind = finding->kind, .phase = finding->phase, .target = finding->target, .incident = packed->incident};
	memcpy(row.id, finding->id, sizeof(row.id));
	return row;
}

/** A page of findings. */
struct finding_page {
	struct store *store;
	struct store_finding *rows;
	size_t room, count;
	bool has_more;
};

static int page_one(void *to, const struct chunk_finding *packed)
{
	struct finding_page *page = to;
	if (page->count == page->room) {
		page->has_more = true;
		return E_END;
	}
	int err = store_finding_unpack(page->store, packed, false, page->store->room);
	if (err == OK)
		page->rows[page->count++] = finding_row(packed, page->store->room);
	return err;
}

int store_findings(struct store *store, uint64_t incident, const struct store_cursor *cursor, struct store_finding *rows,
	size_t room, struct store_page *ret_page)
{
	struct finding_page page = {.store = store, .rows = rows, .room = store_room(room)};
	struct walk walk = {.store = store, .incident = incident, .one = page_one, .to = &page};
	int err = store_cursor_number(cursor, INT64_MAX, &walk.before);
	if (err == OK)
		err = walk_all(&walk, false);
	if (err != OK && err != E_END)
		return err;
	struct store_list list = {.count = page.count, .has_more = page.has_more,
		.last_number = page.count > 0 ? (int64_t)rows[page.count - 1].arrival : 0};
	store_list_page(&list, false, ret_page);
	return OK; /* of no such incident an empty list */
}

/** Findings that somebody hears of. */
struct finding_telling {
	struct store *store;
	size_t left;
	store_finding_hear *hear;
	void *to;
};

static int telling_one(void *to, const struct chunk_finding *packed)
{
	struct finding_telling *telling = to;
	if (telling->left-- == 0)
		return E_END;
	int err = store_finding_unpack(telling->store, packed, false, telling->store->room);
	if (err != OK)
		return err;
	const struct store_finding row = finding_row(packed, telling->store->room);
	return telling->hear(telling->to, &row, telling->store->room);
}

int store_findings_tell(struct store *store, uint64_t incident, size_t most, store_finding_hear *hear, void *to)
{
	struct finding_telling telling = {.store = store, .left = most, .hear = hear, .to = to};
	struct walk walk = {.store = store, .incident = incident, .before = INT64_MAX, .one = telling_one, .to = &telling};
	int err = walk_all(&walk, false);
	return err == E_END ? OK : err; /* of no such incident there are none */
}

/** One finding. */
struct finding_wanted {
	struct store *store;
	uint64_t arrival;
	struct finding *into; /* NULL once it is filled */
};

static int wanted_one(void *to, const struct chunk_finding *packed)
{
	struct finding_wanted *wanted = to;
	if (packed->arrival != wanted->arrival)
		return E_END;
	int err = store_finding_unpack(wanted->store, packed, false, wanted->into);
	wanted->into = NULL;
	return err == OK ? E_END : err;
}

int store_finding(struct store *store, uint64_t incident, uint64_t arrival, struct finding *ret_finding)
{
	struct finding_wanted wanted = {.store = store, .arrival = arrival, .into = ret_finding};
	struct walk walk = {.store = store, .incident = incident, .before = (int64_t)arrival + 1, .one = wanted_one, .to = &wanted};
	if (arrival == 0 || arrival >= INT64_MAX)
		return E_END;
	int err = walk_all(&walk, false);
	return err == OK && wanted.into != NULL ? E_END : err;
}

/* Where sources are. */

/** Sums over the last documents of an incident's findings. */
struct evidence {
	struct store *store;
	uint8_t ids[STORE_EVIDENCE_MAX][INCIDENT_ID_BYTES]; /* findings that were summed up: of each the last document counts */
	size_t id_count, looked_at;
	struct finding_origin *origins;
	uint64_t *origin_packets; /* beside origins */
	size_t origin_count;
	struct finding_source *sources;
	size_t source_count;
	uint64_t packets;
};

static void origin_add(struct evidence *evidence, const struct finding_origin *from, uint64_t packets)
{
	size_t i = 0;
	while (i < evidence->origin_count &&
		   (evidence->origins[i].asn != from->asn || strcmp(evidence->origins[i].country, from->country) != 0))
		i++;
	if (i == STORE_ORIGINS_MAX)
		return; /* the first of each document are the largest */
	if (i == evidence->origin_count) {
		evidence->origins[evidence->origin_count++] = *from;
		evidence->origin_packets[i] = 0;
	}
	if (from->source_count > evidence->origins[i].source_count)
		evidence->origins[i].source_count = from->source_count; /* the same ones may be in each */
	evidence->origin_packets[i] += (uint64_t)((double)packets * from->packets_permille / 1000.0);
}

static void source_add(struct evidence *evidence, const struct finding_source *from)
{
	size_t i = 0;
	while (i < evidence->source_count && !ip_equal(&evidence->sources[i].addr, &from->addr))
		i++;
	if (i == STORE_ADDRESSES_MAX)
		return;
	if (i == evidence->source_count) {
		evidence->sources[evidence->source_count++] = *from;
		return;
	}
	evidence->sources[i].packets += from->packets < INT64_MAX / 2 ? from->packets : INT64_MAX / 2;
	evidence->sources[i].packets = evidence->sources[i].packets > INT64_MAX ? INT64_MAX : evidence->sources[i].packets;
	evidence->sources[i].bytes += from->bytes < INT64_MAX / 2 ? from->bytes : INT64_MAX / 2;
	evidence->sources[i].bytes = evidence->sources[i].bytes > INT64_MAX ? INT64_MAX : evidence->sources[i].bytes;
}

/** The target of a scan is its source. */
static void target_add(struct evidence *evidence, const struct finding *finding)
{
	if (!incident_target_is_protected(incident_matter_of(finding->kind)) || finding->target.bits != 128)
		return;
	struct finding_source source = {.addr = finding->target.addr, .packets = finding->packets, .bytes = finding->bytes};
	snprintf(source.why, sizeof(source.why), "%.*s", (int)sizeof(source.why) - 1, finding->why);
	source_add(evidence, &source);
}

static int evidence_one(void *to, const struct chunk_finding *packed)
{
	struct evidence *evidence = to;
	const struct finding *finding = evidence->store->room;
	if (++evidence->looked_at > 4 * STORE_EVIDENCE_MAX || evidence->id_count == STORE_EVIDENCE_MAX)
		return E_END;
	for (size_t i = 0; i < evidence->id_count; i++) {
		if (memcmp(evidence->ids[i], packed->id, sizeof(packed->id)) == 0)
			return OK;
	}
	int err = store_finding_unpack(evidence->store, packed, evidence->sources != NULL, evidence->store->room);
	if (err != OK)
		return err;
	memcpy(evidence->ids[evidence->id_count++], packed->id, sizeof(packed->id));
	uint64_t packets = finding->packets < (uint64_t)1 << 56 ? finding->packets : (uint64_t)1 << 56;
	evidence->packets += packets;
	for (size_t i = 0; i < finding->origin_count; i++)
		origin_add(evidence, &finding->origins[i], packets);
	if (evidence->sources == NULL)
		return OK;
	for (size_t i = 0; i < finding->listed_count; i++)
		source_add(evidence, &finding->sources[i]);
	target_add(evidence, finding);
	return OK;
}

static int evidence_read(struct store *store, uint64_t incident, struct evidence *evidence)
{
	struct walk walk = {.store = store, .incident = incident, .before = INT64_MAX, .one = evidence_one, .to = evidence};
	evidence->store = store;
	int err = walk_all(&walk, evidence->sources != NULL);
	return err == E_END ? OK : err;
}

static int origin_compare(const void *a, const void *b)
{
	const struct finding_origin *first = a, *second = b;
	return first->packets_permille < second->packets_permille ? 1 : first->packets_permille > second->packets_permille ? -1 : 0;
}

int store_origins(struct store *store, uint64_t incident, struct finding_origin rows[static STORE_ORIGINS_MAX], size_t *ret_count)
{
	uint64_t packets[STORE_ORIGINS_MAX] = {0};
	struct evidence evidence = {.origins = rows, .origin_packets = packets};
	int err = evidence_read(store, incident, &evidence);
	if (err != OK)
		return err;
	for (size_t i = 0; i < evidence.origin_count; i++) {
		double share = evidence.packets > 0 ? (double)packets[i] * 1000.0 / (double)evidence.packets : 0;
		rows[i].packets_permille = share < 1000 ? (uint16_t)share : 1000;
	}
	qsort(rows, evidence.origin_count, sizeof(rows[0]), origin_compare);
	*ret_count = evidence.origin_count;
	return OK;
}

static int source_compare(const void *a, const void *b)
{
	const struct finding_source *first = a, *second = b;
	return first->packets < second->packets ? 1 : first->packets > second->packets ? -1 : 0;
}

struct lookup_found {
	int64_t incident, at_ms;
};

static int lookup_row(void *to, const struct db_value *columns, size_t count)
{
	(void)count;
	*(struct lookup_found *)to = (struct lookup_found){columns[0].number, columns[1].number};
	return OK;
}

int store_addresses(struct store *store, uint64_t lookup, int64_t now_ms, struct finding_source rows[static STORE_ADDRESSES_MAX],
	size_t *ret_count)
{
	struct finding_origin origins[STORE_ORIGINS_MAX];
	uint64_t packets[STORE_ORIGINS_MAX] = {0};
	struct evidence evidence = {.origins = origins, .origin_packets = packets, .sources = rows};
	struct lookup_found found = {0, 0};
	const struct db_value number[] = {db_number(lookup <= INT64_MAX ? (int64_t)lookup : 0)};
	int err = STORE_QUERY(store, "SELECT incident, at_ms FROM lookups WHERE number = $1", number, lookup_row, &found);
	if (err != OK)
		return err;
	if (found.incident == 0 || now_ms > found.at_ms + STORE_LOOKUP_MS || now_ms < found.at_ms - STORE_LOOKUP_MS)
		return store_refuse(store, E_DENIED, "addresses", "there is no such look-up, or it is too long ago");
	err = evidence_read(store, (uint64_t)found.incident, &evidence);
	if (err != OK)
		return err;
	qsort(rows, evidence.source_count, sizeof(rows[0]), source_compare);
	*ret_count = evidence.source_count;
	return OK;
}
