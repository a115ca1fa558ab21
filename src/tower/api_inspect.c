/*
 * What an inspector, or the public, may ask of a tower without seeing anybody:
 * the counts of a year, how long each class of data is kept, and the proofs of
 * what was deleted.
 *
 * Counts are of what the tower has seen; what the ledger has is counted there
 * (hinomi ledger report), and decides where the two differ.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "tower/routes.h"
#include "tower/show.h"

#define YEAR_FIRST 1970
#define YEAR_LAST 9998 /* the last whose end can be written */
#define NAMES_MAX 16 /* of one list; each of ours is shorter */

/** Sums by name. */
struct tally {
	const char *member; /* of the reply */
	const uint64_t *sums;
	size_t count;
	const char *names[NAMES_MAX];
};

#define TALLY_COUNT 4

static void tally_fill(struct tally *tally, const char *member, const uint64_t *sums, const char *const *names, size_t count)
{
	*tally = (struct tally){.member = member, .sums = sums, .count = count};
	for (size_t i = 0; i < count && i < NAMES_MAX; i++)
		tally->names[i] = names[i];
}

static void tallies_fill(const struct store_figures *figures, struct tally ret_tallies[static TALLY_COUNT])
{
	_Static_assert(SECTOR_COUNT < NAMES_MAX && STORE_ORDER_STATE_COUNT <= NAMES_MAX && STORE_CLASS_COUNT <= NAMES_MAX &&
			INCIDENT_MATTER_COUNT <= NAMES_MAX, "each list has room");
	const char *by_sector[SECTOR_COUNT + 1] = {"none"};
	for (size_t i = 0; i < SECTOR_COUNT; i++)
		by_sector[sectors[i].number] = sectors[i].name;
	tally_fill(&ret_tallies[0], "incidents", figures->incidents, incident_matter_names, INCIDENT_MATTER_COUNT);
	tally_fill(&ret_tallies[1], "sectors", figures->incidents_by_sector, by_sector, SECTOR_COUNT + 1);
	tally_fill(&ret_tallies[2], "orders", figures->orders, store_order_state_names, STORE_ORDER_STATE_COUNT);
	tally_fill(&ret_tallies[3], "deleted", figures->deleted, store_class_names, STORE_CLASS_COUNT);
}

/** Whether a row is shown: those of the tables always, what has no name only where it was counted. */
static bool is_shown(const struct tally *tally, size_t at)
{
	return tally->names[at] != NULL && (at > 0 || tally->sums[at] > 0);
}

static json_t *tally_show(const struct tally *tally)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < tally->count; i++) {
		if (is_shown(tally, i))
			show_append(&rows, json_pack("{s:s, s:I}", "name", tally->names[i], "count", (json_int_t)tally->sums[i]));
	}
	return rows;
}

/** A year and its counts. */
struct year {
	int64_t number, from_ms, to_ms, now_ms;
	struct store_figures figures;
};

static json_t *year_show(const struct year *year)
{
	struct tally tallies[TALLY_COUNT];
	const struct store_figures *figures = &year->figures;
	json_t *reply = json_pack("{s:I, s:I, s:I, s:I, s:b, s:I, s:I, s:I}", "year", (json_int_t)year->number, "from_ms",
		(json_int_t)year->from_ms, "to_ms", (json_int_t)year->to_ms, "made_ms", (json_int_t)year->now_ms, "is_over",
		(int)(year->now_ms >= year->to_ms), "urgent_orders", (json_int_t)figures->urgent_orders, "standing_orders",
		(json_int_t)figures->standing_orders, "lookups", (json_int_t)figures->lookups);
	tallies_fill(figures, tallies);
	for (size_t i = 0; i < TALLY_COUNT && reply != NULL; i++) {
		if (json_object_set_new(reply, tallies[i].member, tally_show(&tallies[i])) != 0) {
			json_decref(reply);
			reply = NULL;
		}
	}
	return reply;
}

/** RFC 4180; every name is one of ours. @return NULL: memory is out */
static char *year_csv(const struct year *year, size_t *ret_bytes)
{
	char *text = NULL;
	struct tally tallies[TALLY_COUNT];
	FILE *out = open_memstream(&text, ret_bytes);
	if (out == NULL)
		return NULL;
	tallies_fill(&year->figures, tallies);
	fputs("\"year\",\"what\",\"name\",\"count\"\r\n", out);
	for (size_t i = 0; i < TALLY_COUNT; i++) {
		for (size_t k = 0; k < tallies[i].count; k++) {
			if (is_shown(&tallies[i], k))
				fprintf(out, "%" PRId64 ",\"%s\",\"%s\",%" PRIu64 "\r\n", year->number, tallies[i].member, tallies[i].names[k],
					tallies[i].sums[k]);
		}
	}
	fprintf(out, "%" PRId64 ",\"orders\",\"urgent\",%" PRIu64 "\r\n", year->number, year->figures.urgent_orders);
	fprintf(out, "%" PRId64 ",\"orders\",\"standing\",%" PRIu64 "\r\n", year->number, year->figures.standing_orders);
	fprintf(out, "%" PRId64 ",\"lookups\",\"\",%" PRIu64 "\r\n", year->number, year->figures.lookups);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

void figures_get(struct visit *visit)
{
	static const char *const formats[] = {"json", "csv", NULL};
	struct year year = {.now_ms = clock_wall_ns() / NS_PER_MS};
	uint64_t number = 0;
	int format = request_choice(&visit->request, "format", formats);
	if (request_number(&visit->request, "year", (uint64_t)clock_year(year.now_ms), YEAR_LAST, &number) != OK ||
		number < YEAR_FIRST || format < 0) {
		visit_error(visit, 400, "year: 1970 to 9998; format: json or csv");
		return;
	}
	year.number = (int64_t)number;
	year.from_ms = clock_year_begin_ms(year.number);
	year.to_ms = clock_year_begin_ms(year.number + 1);
	int err = store_figures(visit->store, year.from_ms, year.to_ms, &year.figures);
	if (err != OK) {
		visit_store_error(visit, err, "");
		return;
	}
	if (format == 0) {
		visit_json(visit, 200, year_show(&year));
		return;
	}
	size_t text_bytes = 0;
	char *text = year_csv(&year, &text_bytes);
	visit_text(visit, 200, "text/csv; charset=utf-8", text, text_bytes);
}

void proofs_get(struct visit *visit)
{
	struct store_cursor cursor;
	struct store_page page = {0};
	size_t room = 0;
	if (!visit_cursor(visit, &cursor, &room))
		return;
	struct store_proof *rows = calloc(room, sizeof(*rows));
	json_t *items = json_array();
	int err = rows != NULL ? store_proofs(visit->store, &cursor, rows, room, &page) : E_NOMEM;
	for (size_t i = 0; err == OK && i < page.count; i++)
		show_append(&items, show_proof(&rows[i]));
	free(rows);
	visit_list(visit, err, items, &page, "");
}

void retention_get(struct visit *visit)
{
	json_t *items = json_array();
	for (size_t i = STORE_CLASS_UNKNOWN + 1; i < STORE_CLASS_COUNT; i++)
		show_append(&items, json_pack("{s:s, s:I}", "class", store_class_names[i], "keep_ms",
			(json_int_t)visit->tower->config->keep_ms[i]));
	visit_json(visit, 200, json_pack("{s:o}", "items", items));
}
