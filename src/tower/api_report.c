/* One incident as a report: gathers the case out of the store. Making one is noted in the audit. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "record/text.h"
#include "tower/report.h"
#include "tower/routes.h"

/** Room for a case: too large for a thread's stack. */
struct room {
	struct incident incident;
	struct member member;
	struct member_contact contacts[MEMBER_CONTACTS_MAX];
	struct finding_origin origins[STORE_ORIGINS_MAX];
	struct store_document documents[STORE_PAGE_MAX];
};

/** What orders about the incident have done, by their last receipts. */
static int orders_sum(struct visit *visit, struct room *room, struct report_case *of)
{
	static const struct store_cursor beginning;
	const struct store_document_filter filter = {.incident = of->incident->number};
	struct store_page page = {0};
	int err = store_documents(visit->store, &filter, &beginning, room->documents, STORE_PAGE_MAX, &page);
	for (size_t i = 0; err == OK && i < page.count; i++) {
		struct store_order order;
		if (room->documents[i].kind != STORE_ORDER ||
			store_order(visit->store, &room->documents[i].digest, of->now_ms, &order) != OK)
			continue;
		of->orders++;
		of->stopped_packets += order.stopped.packets;
		if (order.collateral_permille > of->collateral_permille)
			of->collateral_permille = order.collateral_permille;
	}
	store_documents_done(room->documents, page.count);
	return err;
}

static int case_read(struct visit *visit, uint64_t number, struct room *room, struct report_case *of)
{
	size_t contact_count = 0;
	int err = store_incident(visit->store, number, &room->incident);
	of->incident = &room->incident;
	of->origins = room->origins;
	if (err == OK)
		err = store_origins(visit->store, number, room->origins, &of->origin_count);
	if (err == OK)
		err = orders_sum(visit, room, of);
	if (err != OK || room->incident.member[0] == '\0')
		return err;
	err = store_member(visit->store, room->incident.member, &room->member);
	if (err == OK) {
		of->member = &room->member;
		err = store_contacts(visit->store, room->member.name, room->contacts, &contact_count);
		of->contact = contact_count > 0 ? room->contacts : NULL;
	}
	return err == E_END ? OK : err;
}

static void report_reply(struct visit *visit, json_t *report, int format)
{
	static const char *const types[] = {"application/json", "text/html; charset=utf-8", "text/csv; charset=utf-8"};
	char *text = NULL;
	size_t text_bytes = 0;
	if (format == 0) {
		visit_json(visit, 200, report);
		return;
	}
	if (report != NULL)
		text = format == 1 ? report_html(report, &text_bytes) : report_csv(report, &text_bytes);
	json_decref(report);
	visit_text(visit, 200, types[format], text, text_bytes);
}

void report_get(struct visit *visit)
{
	static const char *const formats[] = {"json", "html", "csv", NULL}, *const languages[] = {"ja", "en", NULL},
		*const answers[] = {"no", "yes", NULL};
	const char *number_text = visit->values.text[0];
	int form = request_choice(&visit->request, "form", report_form_names);
	int format = request_choice(&visit->request, "format", formats), language = request_choice(&visit->request, "lang", languages);
	int consent = request_choice(&visit->request, "consent", answers);
	uint64_t number = 0;
	if (form <= 0 || format < 0 || language < 0 || consent < 0) {
		visit_error(visit, 400,
			"form: ddos_jp, ransomware_jp or generic; format: json, html or csv; lang: ja or en; consent: yes or no");
		return;
	}
	if (text_number_parse(number_text, strlen(number_text), &number) != OK || number == 0) {
		visit_error(visit, 404, "there is no such incident");
		return;
	}
	struct report_case of = {.form = (enum report_form)form, .language = language == 0 ? INCIDENT_JAPANESE : INCIDENT_ENGLISH,
		.has_consent = consent == 1, .now_ms = clock_wall_ns() / NS_PER_MS, .recipients = visit->tower->config->recipients,
		.recipient_count = visit->tower->config->recipient_count};
	struct room *room = calloc(1, sizeof(*room));
	int err = room != NULL ? case_read(visit, number, room, &of) : E_NOMEM;
	if (err == OK)
		err = visit_audit(visit, consent == 1 ? "report.make consent" : "report.make", number_text, true);
	if (err == OK)
		report_reply(visit, report_make(&of), format);
	else
		visit_store_error(visit, err, "there is no such incident");
	free(room);
}
