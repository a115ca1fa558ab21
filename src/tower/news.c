/* A list of changed incidents and one of documents, and what each process said of itself last. */
#include "tower/news.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/limits.h"
#include "tower/order_look.h"
#include "tower/show.h"

#define INCIDENTS_MAX 512 /* changed by one batch */
#define DOCUMENTS_MAX 256 /* of one batch, other than findings */
#define FINDINGS_TOLD 32 /* of one incident and batch: the last ones */
#define PROCESSES_MAX 1024 /* whose health is compared with the last; the next share places */
#define TRAFFIC_LATE_S 2 /* a second is told of when it is so long over */

struct changed {
	uint64_t number;
	size_t findings;
};

struct noted {
	struct store_answer answer;
	char *line; /* owned */
	size_t length_bytes;
};

/** What of a process's health is worth telling when it changes. */
struct pulse {
	uint64_t key; /* of member and process */
	uint64_t lost;
	uint32_t rules;
	int64_t started_ms, heard_ms;
};

struct news {
	struct tower *tower;
	struct store *store;
	size_t incident_count, document_count;
	struct changed incidents[INCIDENTS_MAX];
	struct noted documents[DOCUMENTS_MAX];
	uint64_t left_out;
	struct pulse pulses[PROCESSES_MAX];
	int64_t traffic_s; /* the last second that was told of */
};

struct news *news_new(struct tower *tower, struct store *store)
{
	struct news *news = calloc(1, sizeof(*news));
	if (news == NULL)
		return NULL;
	news->tower = tower;
	news->store = store;
	news->traffic_s = clock_wall_ns() / NS_PER_S;
	return news;
}

void news_forget(struct news *news)
{
	for (size_t i = 0; i < news->document_count; i++)
		free(news->documents[i].line);
	news->document_count = news->incident_count = 0;
	news->left_out = 0;
}

void news_free(struct news *news)
{
	if (news == NULL)
		return;
	news_forget(news);
	free(news);
}

static struct changed *changed_note(struct news *news, uint64_t number)
{
	for (size_t i = news->incident_count; i > 0; i--) {
		if (news->incidents[i - 1].number == number)
			return &news->incidents[i - 1];
	}
	if (news->incident_count == INCIDENTS_MAX) {
		news->left_out++;
		return NULL;
	}
	news->incidents[news->incident_count] = (struct changed){.number = number};
	return &news->incidents[news->incident_count++];
}

void news_incident(struct news *news, uint64_t number)
{
	(void)changed_note(news, number);
}

/** FNV-1a; a collision tells health once too often. */
static uint64_t process_key(const struct health *health)
{
	uint64_t key = UINT64_C(0xcbf29ce484222325);
	const char *const names[] = {health->member, "/", health->process};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		for (const char *at = names[i]; *at != '\0'; at++)
			key = (key ^ (uint8_t)*at) * UINT64_C(0x100000001b3);
	}
	return key;
}

/** Whether health tells more than that all goes on: another start, losses, rules, or a word after silence. */
static bool is_news(struct news *news, const struct health *health)
{
	uint64_t key = process_key(health), lost = 0;
	int64_t now_ms = clock_wall_ns() / NS_PER_MS;
	struct pulse *pulse = &news->pulses[key % PROCESSES_MAX];
	for (size_t i = 0; i < health->loss_count; i++)
		lost += health->losses[i].count;
	bool is_new = pulse->key != key || pulse->lost != lost || pulse->rules != health->rules ||
		pulse->started_ms != health->started_ms || now_ms - pulse->heard_ms > (int64_t)news->tower->config->silent_ms;
	*pulse = (struct pulse){key, lost, health->rules, health->started_ms, now_ms};
	return is_new;
}

static void health_tell(struct news *news, const char *line, size_t length_bytes)
{
	struct store_health health = {.arrived_ms = clock_wall_ns() / NS_PER_MS};
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	if (health_parse(line, length_bytes, &health.health, complaint) == OK && is_news(news, &health.health))
		events_publish(news->tower->events, "health",
			show_health(&health, health.arrived_ms, news->tower->config->silent_ms));
}

void news_note(struct news *news, const struct store_answer *answer, const char *line, size_t length_bytes)
{
	if (answer->is_repeat)
		return;
	struct changed *changed = answer->incident != 0 ? changed_note(news, answer->incident) : NULL;
	if (answer->kind == STORE_FINDING) {
		if (changed != NULL)
			changed->findings++;
		return;
	}
	if (answer->kind == STORE_MAIL)
		return; /* its incident tells of it */
	char *copy = news->document_count < DOCUMENTS_MAX ? malloc(length_bytes + 1) : NULL;
	if (copy == NULL) {
		news->left_out++;
		return;
	}
	memcpy(copy, line, length_bytes);
	copy[length_bytes] = '\0';
	news->documents[news->document_count++] = (struct noted){*answer, copy, length_bytes};
}

static void changed_tell(struct news *news, const struct changed *changed)
{
	static const struct store_cursor beginning;
	struct store_finding rows[FINDINGS_TOLD];
	struct store_page page = {0};
	struct incident incident;
	size_t wanted = changed->findings < FINDINGS_TOLD ? changed->findings : FINDINGS_TOLD;
	if (wanted > 0 && store_findings(news->store, changed->number, &beginning, rows, wanted, &page) == OK) {
		for (size_t i = page.count; i > 0; i--)
			events_publish(news->tower->events, "finding", show_finding(&rows[i - 1]));
	}
	news->left_out += changed->findings - page.count;
	if (store_incident(news->store, changed->number, &incident) == OK)
		events_publish(news->tower->events, "incident", show_incident(&incident));
}

static void document_tell(struct news *news, const struct noted *noted)
{
	struct events *events = news->tower->events;
	struct store_document document = {.arrived_ms = clock_wall_ns() / NS_PER_MS, .kind = noted->answer.kind,
		.line = noted->line, .length_bytes = noted->length_bytes};
	struct receipt receipt;
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	bool is_order = noted->answer.kind == STORE_ORDER || noted->answer.kind == STORE_STANDING_ORDER;
	document.digest = document_digest_of(noted->line, noted->length_bytes);
	if (noted->answer.kind == STORE_HEALTH)
		health_tell(news, noted->line, noted->length_bytes);
	if (noted->answer.kind == STORE_RECEIPT)
		events_publish(events, "receipt", show_document(&document));
	if (noted->answer.kind == STORE_RECEIPT && receipt_parse(noted->line, noted->length_bytes, &receipt, complaint) == OK) {
		document.digest = receipt.order;
		is_order = true;
	}
	json_t *order = is_order ? order_look(news->tower, news->store, &document.digest, NULL) : NULL;
	if (order != NULL)
		events_publish(events, "order", order);
}

bool news_tell(struct news *news)
{
	bool has_any = news->incident_count + news->document_count > 0;
	for (size_t i = 0; i < news->incident_count; i++)
		changed_tell(news, &news->incidents[i]);
	for (size_t i = 0; i < news->document_count; i++)
		document_tell(news, &news->documents[i]);
	events_leave_out(news->tower->events, news->left_out);
	news_forget(news);
	return has_any;
}

void news_traffic(struct news *news, int64_t now_ms)
{
	struct store_second rows[8];
	size_t count = 0;
	if (store_traffic(news->store, NULL, news->traffic_s + 1, rows, ARRAY_LEN(rows), &count) != OK)
		return;
	for (size_t i = 0; i < count && rows[i].at_s <= now_ms / 1000 - TRAFFIC_LATE_S; i++) {
		events_publish(news->tower->events, "traffic", show_second(&rows[i]));
		news->traffic_s = rows[i].at_s;
	}
}
