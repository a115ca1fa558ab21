/* The present: what is under attack, traffic, sectors, health; and the tower's own metrics. */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/limits.h"
#include "core/metrics.h"
#include "tower/http.h"
#include "tower/order_look.h"
#include "tower/routes.h"
#include "tower/show.h"
#include "tower/writer.h"

#define MEASURES_SHOWN 64 /* orders in force; how many there are is told beside them */

static int64_t now_wall_ms(void)
{
	return clock_wall_ns() / NS_PER_MS;
}

static json_t *tower_show(struct tower *tower)
{
	struct store_counters counters;
	struct events_counters events;
	uint64_t kept = 0;
	writer_count(tower->writer, &counters);
	events_count(tower->events, &events);
	for (size_t i = 0; i < STORE_KIND_COUNT; i++)
		kept += counters.kept[i];
	const char *authority = tower->relay == NULL ? "not_configured" : relay_answers(tower->relay) ? "answers" : "silent";
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:s}", "kept", (json_int_t)kept, "repeated", (json_int_t)counters.repeated,
		"refused", (json_int_t)(counters.taken - kept - counters.repeated), "watchers", (json_int_t)events.watchers, "gaps",
		(json_int_t)events.missed, "authority", authority);
}

/** What is in force: as the store has it, the last come first. */
static json_t *measures_show(struct visit *visit, int64_t now_ms)
{
	static const struct store_cursor beginning;
	struct store_order *rows = calloc(MEASURES_SHOWN, sizeof(*rows));
	struct store_page page = {0};
	json_t *list = json_array();
	int err = rows == NULL ? E_NOMEM
		: store_orders(visit->store, now_ms, STORE_ORDER_ACTIVE, &beginning, rows, MEASURES_SHOWN, &page);
	for (size_t i = 0; err == OK && i < page.count; i++) {
		json_t *order = order_look(visit->tower, visit->store, &rows[i].digest, &rows[i]);
		if (order != NULL)
			show_append(&list, order);
	}
	if (rows != NULL)
		store_orders_done(rows, MEASURES_SHOWN);
	free(rows);
	if (err == OK)
		return list;
	json_decref(list);
	return NULL; /* the reply says that something failed */
}

static json_t *sectors_show(const struct store_now *now)
{
	json_t *list = json_array();
	for (size_t i = 0; i < ARRAY_LEN(now->sectors); i++) {
		const struct store_sector *row = &now->sectors[i];
		if (row->sector != 0 || row->members + row->open_incidents + row->ended_today > 0 || row->legitimate_pps > 0)
			show_append(&list, show_sector(row));
	}
	return list;
}

static struct health_rates rates_sum(const struct store_now *now)
{
	struct health_rates sum = {0};
	for (size_t i = 0; i < ARRAY_LEN(now->sectors); i++) {
		const struct store_sector *row = &now->sectors[i];
		sum.in_pps += row->attack_pps + row->legitimate_pps;
		sum.in_bps += row->attack_bps + row->legitimate_bps;
		sum.attack_pps += row->attack_pps;
		sum.attack_bps += row->attack_bps;
		sum.dropped_pps += row->dropped_pps;
	}
	return sum;
}

static size_t waiting_count(struct tower *tower, const struct store_now *now)
{
	struct relay_order *orders = tower->relay != NULL ? calloc(LIMIT_TOWER_ORDERS, sizeof(*orders)) : NULL;
	if (orders == NULL)
		return (size_t)now->waiting_orders;
	size_t count = relay_waiting(tower->relay, orders);
	relay_done(orders, count);
	free(orders);
	return count;
}

void now_get(struct visit *visit)
{
	struct store_now *now = malloc(sizeof(*now));
	json_t *attacks = json_array();
	int err = now != NULL ? store_now(visit->store, now_wall_ms(), now) : E_NOMEM;
	if (err != OK) {
		json_decref(attacks);
		free(now);
		visit_store_error(visit, err, "");
		return;
	}
	struct health_rates rates = rates_sum(now);
	for (size_t i = 0; i < now->incident_count; i++)
		show_append(&attacks, show_incident(&now->incidents[i]));
	visit_json(visit, 200, json_pack("{s:I, s:o, s:o, s:I, s:I, s:o, s:I, s:I, s:o, s:o}", "at_ms", (json_int_t)now->at_ms, "rates",
		show_rates(&rates), "attacks", attacks, "attacks_total", (json_int_t)now->open_incidents, "mails_total",
		(json_int_t)now->open_mails, "measures", measures_show(visit, now->at_ms), "measures_total", (json_int_t)now->active_orders,
		"waiting", (json_int_t)waiting_count(visit->tower, now), "sectors", sectors_show(now), "tower", tower_show(visit->tower)));
	free(now);
}

void sectors_get(struct visit *visit)
{
	struct store_now *now = malloc(sizeof(*now));
	int err = now != NULL ? store_now(visit->store, now_wall_ms(), now) : E_NOMEM;
	if (err == OK)
		visit_json(visit, 200, json_pack("{s:o}", "items", sectors_show(now)));
	else
		visit_store_error(visit, err, "");
	free(now);
}

void traffic_get(struct visit *visit)
{
	struct store_second *rows = calloc(STORE_SECONDS_MAX, sizeof(*rows));
	json_t *items = json_array();
	uint64_t since_ms = 0;
	size_t count = 0;
	if (request_number(&visit->request, "since", 0, FIELD_TIME_MAX_MS, &since_ms) != OK) {
		visit_error(visit, 400, "since must be a time in milliseconds");
	} else {
		int64_t since_s = since_ms != 0 ? (int64_t)since_ms / 1000 + 1 : 0;
		int err = rows != NULL ? store_traffic(visit->store, NULL, since_s, rows, STORE_SECONDS_MAX, &count) : E_NOMEM;
		for (size_t i = 0; err == OK && i < count; i++)
			show_append(&items, show_second(&rows[i]));
		if (err == OK)
			visit_json(visit, 200, json_pack("{s:O?, s:I}", "items", items, "now_ms", (json_int_t)now_wall_ms()));
		else
			visit_store_error(visit, err, "");
	}
	json_decref(items);
	free(rows);
}

void health_get(struct visit *visit)
{
	struct store_cursor cursor;
	struct store_page page = {0};
	size_t room = 0;
	if (!visit_cursor(visit, &cursor, &room))
		return;
	struct store_health *rows = calloc(room, sizeof(*rows));
	json_t *items = json_array();
	int err = rows == NULL ? E_NOMEM
		: store_healths(visit->store, request_param(&visit->request, "member"), &cursor, rows, room, &page);
	for (size_t i = 0; err == OK && i < page.count; i++)
		show_append(&items, show_health(&rows[i], now_wall_ms(), visit->tower->config->silent_ms));
	free(rows);
	visit_list(visit, err, items, &page, "");
}

/* Metrics. */

struct sample {
	const char *name, *help;
	enum metrics_type type;
	uint64_t value;
};

static void documents_write(struct metrics *metrics, const struct store_counters *counters)
{
	const struct {
		const char *reason;
		uint64_t count;
	} refused[] = {
		{"malformed", counters->refused_malformed}, {"foreign", counters->refused_foreign}, {"late", counters->refused_late},
		{"large", counters->refused_large}, {"failed", counters->refused_failed},
	};
	metrics_family(metrics, METRICS_COUNTER, "hinomi_tower_documents_kept_total", "Documents that are stored, by kind.");
	for (size_t i = 1; i < STORE_KIND_COUNT; i++)
		metrics_sample(metrics, counters->kept[i], (const char *const[]){"kind", store_kind_names[i], NULL});
	metrics_family(metrics, METRICS_COUNTER, "hinomi_tower_documents_refused_total", "Documents that are not, by reason.");
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		metrics_sample(metrics, refused[i].count, (const char *const[]){"reason", refused[i].reason, NULL});
}

static void replies_write(struct metrics *metrics, const struct http_counters *http)
{
	static const char *const digits[] = {"0", "1", "2", "3", "4", "5"};
	metrics_family(metrics, METRICS_COUNTER, "hinomi_tower_replies_total", "Replies by the first digit of their status.");
	for (size_t i = 2; i < ARRAY_LEN(http->by_status); i++)
		metrics_sample(metrics, http->by_status[i], (const char *const[]){"class", digits[i], NULL});
}

void metrics_get(struct visit *visit)
{
	struct tower *tower = visit->tower;
	struct store_counters store;
	struct events_counters events;
	struct access_counters access;
	struct writer_counters writer;
	struct http_counters http;
	struct metrics metrics;
	writer_count(tower->writer, &store);
	writer_count_own(tower->writer, &writer);
	events_count(tower->events, &events);
	access_count(tower->access, &access);
	http_count(tower->http, &http);
	const struct sample samples[] = {
		{"hinomi_tower_documents_taken_total", "Lines that came in.", METRICS_COUNTER, store.taken},
		{"hinomi_tower_documents_repeated_total", "Documents that were there already.", METRICS_COUNTER, store.repeated},
		{"hinomi_tower_documents_rolled_back_total", "Lines whose batch failed.", METRICS_COUNTER, store.rolled_back},
		{"hinomi_tower_commits_total", "Batches that were made durable.", METRICS_COUNTER, store.commits},
		{"hinomi_tower_incidents_opened_total", "Incidents.", METRICS_COUNTER, store.incidents.opened},
		{"hinomi_tower_senders", "Connections to the documents' socket.", METRICS_GAUGE, writer.senders},
		{"hinomi_tower_senders_refused_total", "Connections of nobody who may.", METRICS_COUNTER, writer.senders_refused},
		{"hinomi_tower_visits_refused_total", "Requests that found the writer's desk full.", METRICS_COUNTER,
			writer.visits_refused},
		{"hinomi_tower_requests_total", "HTTP requests.", METRICS_COUNTER, http.requests},
		{"hinomi_tower_connections", "HTTP connections.", METRICS_GAUGE, http.connections},
		{"hinomi_tower_connections_cut_off_total", "Connections that took too long to ask.", METRICS_COUNTER, http.cut_off},
		{"hinomi_tower_bodies_refused_total", "Bodies refused for want of room.", METRICS_COUNTER, http.bodies_refused},
		{"hinomi_tower_denied_total", "Proofs of identity that were none.", METRICS_COUNTER, access.denied},
		{"hinomi_tower_held_back_total", "Requests that came too often.", METRICS_COUNTER, access.held_back},
		{"hinomi_tower_sessions", "Sessions of the page.", METRICS_GAUGE, access.sessions},
		{"hinomi_tower_sessions_pushed_out_total", "Sessions that made room.", METRICS_COUNTER, access.sessions_pushed_out},
		{"hinomi_tower_watchers", "Event streams.", METRICS_GAUGE, events.watchers},
		{"hinomi_tower_watchers_refused_total", "Event streams beyond the cap.", METRICS_COUNTER, events.refused},
		{"hinomi_tower_events_total", "Events.", METRICS_COUNTER, events.published},
		{"hinomi_tower_events_missed_total", "Events that watchers were too slow for.", METRICS_COUNTER, events.missed},
		{"hinomi_tower_events_left_out_total", "Events too long to be told.", METRICS_COUNTER, events.left_out},
		{"hinomi_tower_events_bytes", "Memory of the ring of events.", METRICS_GAUGE, events.ring_bytes},
		{"hinomi_tower_authority_answers", "1: the authority answers.", METRICS_GAUGE,
			tower->relay != NULL && relay_answers(tower->relay)},
	};
	if (metrics_init(&metrics) != OK) {
		visit_error(visit, 500, "no memory");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		metrics_family(&metrics, samples[i].type, samples[i].name, samples[i].help);
		metrics_sample(&metrics, samples[i].value, (const char *const[]){NULL});
	}
	documents_write(&metrics, &store);
	replies_write(&metrics, &http);
	char *text = strdup(metrics_text(&metrics));
	metrics_done(&metrics);
	visit_text(visit, 200, "text/plain; version=0.0.4", text, text != NULL ? strlen(text) : 0);
}
