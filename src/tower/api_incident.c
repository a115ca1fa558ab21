/* Incidents: lists, all about one, its history, and where it comes from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "record/text.h"
#include "tower/routes.h"
#include "tower/show.h"

#define FINDINGS_SHOWN 64
#define PURPOSE_BYTES_LEAST 8

/** Reads the open segment of the path; else the reply is an error. */
static bool number_read(struct visit *visit, uint64_t *ret_number)
{
	const char *text = visit->values.text[0];
	if (text_number_parse(text, strlen(text), ret_number) == OK && *ret_number > 0)
		return true;
	visit_error(visit, 404, "there is no such incident");
	return false;
}

static bool filter_read(struct visit *visit, struct store_incident_filter *ret_filter)
{
	static const char *const states[] = {"all", "open", "ended", NULL};
	static const enum incident_state by_choice[] = {INCIDENT_NO_STATE, INCIDENT_OPEN, INCIDENT_ENDED};
	const char *sector_name = request_param(&visit->request, "sector");
	const struct sector *sector = sector_name != NULL ? sector_find(sector_name) : NULL;
	int choice = request_choice(&visit->request, "state", states);
	if (choice < 0 || (sector_name != NULL && sector == NULL)) {
		visit_error(visit, 400, choice < 0 ? "state must be open, ended or all" : "there is no such sector");
		return false;
	}
	*ret_filter = (struct store_incident_filter){.state = by_choice[choice], .member = request_param(&visit->request, "member"),
		.sector = sector != NULL ? sector->number : 0};
	return true;
}

void incidents_get(struct visit *visit)
{
	struct store_incident_filter filter;
	struct store_cursor cursor;
	struct store_page page = {0};
	size_t room = 0;
	if (!filter_read(visit, &filter) || !visit_cursor(visit, &cursor, &room))
		return;
	struct incident *rows = calloc(room, sizeof(*rows));
	json_t *items = json_array();
	int err = rows != NULL ? store_incidents(visit->store, &filter, &cursor, rows, room, &page) : E_NOMEM;
	for (size_t i = 0; err == OK && i < page.count; i++)
		show_append(&items, show_incident(&rows[i]));
	free(rows);
	visit_list(visit, err, items, &page, "there is no such incident");
}

/** The last documents of its findings, the last first, and the vectors that each tells, the last at the end. */
struct findings_shown {
	json_t *findings, *shares; /* NULL: memory is out */
};

static int finding_hear(void *to, const struct store_finding *row, const struct finding *finding)
{
	struct findings_shown *shown = to;
	show_append(&shown->findings, show_finding(row));
	if (json_array_insert_new(shown->shares, 0, show_share(finding)) == 0)
		return OK;
	json_decref(shown->shares);
	shown->shares = NULL;
	return E_NOMEM;
}

static int findings_read(struct visit *visit, uint64_t number, struct findings_shown *ret_shown)
{
	*ret_shown = (struct findings_shown){json_array(), json_array()};
	return store_findings_tell(visit->store, number, FINDINGS_SHOWN, finding_hear, ret_shown);
}

static int related_read(struct visit *visit, uint64_t number, json_t **ret_related)
{
	static const struct store_cursor beginning;
	const struct store_document_filter filter = {.incident = number};
	struct store_document *rows = calloc(STORE_PAGE_MAX, sizeof(*rows));
	struct store_page page = {0};
	int err = rows != NULL ? store_documents(visit->store, &filter, &beginning, rows, STORE_PAGE_MAX, &page) : E_NOMEM;
	*ret_related = json_array();
	for (size_t i = 0; err == OK && i < page.count; i++)
		show_append(ret_related, show_document(&rows[i]));
	if (rows != NULL)
		store_documents_done(rows, page.count);
	free(rows);
	return err;
}

void incident_get(struct visit *visit)
{
	struct incident *incident = malloc(sizeof(*incident));
	struct findings_shown shown = {NULL, NULL};
	json_t *related = NULL;
	uint64_t number = 0;
	if (!number_read(visit, &number)) {
		free(incident);
		return;
	}
	int err = incident != NULL ? store_incident(visit->store, number, incident) : E_NOMEM;
	if (err == OK)
		err = findings_read(visit, number, &shown);
	if (err == OK)
		err = related_read(visit, number, &related);
	if (err == OK)
		visit_json(visit, 200, json_pack("{s:o, s:O?, s:O?, s:O?}", "incident", show_incident(incident), "findings", shown.findings,
			"shares", shown.shares, "related", related));
	else
		visit_store_error(visit, err, "there is no such incident");
	json_decref(shown.findings);
	json_decref(shown.shares);
	json_decref(related);
	free(incident);
}

/** Reads what lists in words ask for: which incident, in which language, which page; else the reply is an error. */
static bool words_read(struct visit *visit, uint64_t *ret_number, enum incident_language *ret_language,
	struct store_cursor *ret_cursor, size_t *ret_room)
{
	static const char *const languages[] = {"en", "ja", NULL};
	int language = request_choice(&visit->request, "lang", languages);
	if (language < 0) {
		visit_error(visit, 400, "lang must be en or ja");
		return false;
	}
	*ret_language = language == 1 ? INCIDENT_JAPANESE : INCIDENT_ENGLISH;
	return number_read(visit, ret_number) && visit_cursor(visit, ret_cursor, ret_room);
}

void history_get(struct visit *visit)
{
	enum incident_language language;
	struct incident incident;
	struct store_cursor cursor;
	struct store_page page = {0};
	uint64_t number = 0;
	size_t room = 0;
	if (!words_read(visit, &number, &language, &cursor, &room))
		return;
	struct incident_line *rows = calloc(room, sizeof(*rows));
	json_t *items = json_array();
	int err = rows != NULL ? store_incident(visit->store, number, &incident) : E_NOMEM;
	if (err == OK)
		err = store_history(visit->store, number, &cursor, rows, room, &page);
	for (size_t i = 0; err == OK && i < page.count; i++)
		show_append(&items, show_history(&rows[i], language));
	free(rows);
	visit_list(visit, err, items, &page, "there is no such incident");
}

void mails_get(struct visit *visit)
{
	enum incident_language language;
	struct incident incident;
	struct store_cursor cursor;
	struct store_page page = {0};
	uint64_t number = 0;
	size_t room = 0;
	if (!words_read(visit, &number, &language, &cursor, &room))
		return;
	struct store_mail *rows = calloc(room, sizeof(*rows));
	json_t *items = json_array();
	int err = rows != NULL ? store_incident(visit->store, number, &incident) : E_NOMEM;
	if (err == OK)
		err = store_mails(visit->store, number, &cursor, rows, room, &page);
	for (size_t i = 0; err == OK && i < page.count; i++)
		show_append(&items, show_mail(&rows[i], language));
	free(rows);
	visit_list(visit, err, items, &page, "there is no such incident");
}

/* Sources: origins for everybody who reads, addresses for a purpose. */

static void sources_reply(struct visit *visit, uint64_t number, json_t *addresses)
{
	struct finding_origin rows[STORE_ORIGINS_MAX];
	size_t count = 0;
	json_t *origins = json_array();
	int err = store_origins(visit->store, number, rows, &count);
	for (size_t i = 0; err == OK && i < count; i++)
		show_append(&origins, show_origin(&rows[i]));
	if (err == OK) {
		visit_json(visit, 200, json_pack("{s:o, s:o}", "origins", origins, "addresses", addresses));
		return;
	}
	json_decref(origins);
	json_decref(addresses);
	visit_store_error(visit, err, "there is no such incident");
}

/** Once the look-up is durable: carries it out. */
static void addresses_read(struct visit *visit)
{
	struct finding_source *rows = calloc(STORE_ADDRESSES_MAX, sizeof(*rows));
	json_t *addresses = json_array();
	uint64_t number = 0;
	size_t count = 0;
	(void)number_read(visit, &number); /* it was read before */
	int err = rows != NULL ? store_addresses(visit->store, visit->lookup, clock_wall_ns() / NS_PER_MS, rows, &count) : E_NOMEM;
	for (size_t i = 0; err == OK && i < count; i++)
		show_append(&addresses, show_source(&rows[i]));
	free(rows);
	if (err == OK) {
		sources_reply(visit, number, addresses);
		return;
	}
	json_decref(addresses);
	visit_store_error(visit, err, "there is no such incident");
}

void sources_get(struct visit *visit)
{
	const char *purpose = request_param(&visit->request, "purpose");
	struct store_lookup lookup = {.at_ms = clock_wall_ns() / NS_PER_MS};
	struct incident incident;
	if (!number_read(visit, &lookup.incident))
		return;
	int err = store_incident(visit->store, lookup.incident, &incident);
	if (err != OK) {
		visit_store_error(visit, err, "there is no such incident");
		return;
	}
	if (purpose == NULL) {
		sources_reply(visit, lookup.incident, json_null());
		return;
	}
	size_t purpose_bytes = strlen(purpose);
	if ((visit->who.roles & (ROLE_ANALYST | ROLE_INSPECTOR)) == 0) {
		visit_error(visit, 403, "addresses are for analysts and inspectors");
	} else if (purpose_bytes < PURPOSE_BYTES_LEAST || purpose_bytes >= STORE_PURPOSE_BYTES) {
		visit_error(visit, 400, "purpose: say why, in 8 to 200 bytes");
	} else if (visit->is_writing) {
		snprintf(lookup.who, sizeof(lookup.who), "%s", visit->who.name);
		snprintf(lookup.purpose, sizeof(lookup.purpose), "%s", purpose);
		err = store_lookup(visit->store, &lookup);
		if (err == OK) {
			visit->lookup = lookup.number;
			visit->after = addresses_read;
		} else {
			visit_store_error(visit, err, "there is no such incident");
		}
	} /* else no reply: the thread that writes calls it again */
}
