/* Replies, and what most handlers read. */
#include "tower/visit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"

static const struct {
	unsigned status;
	const char *code;
} codes[] = {
	{400, "bad_request"}, {401, "no_session"}, {403, "no_role"}, {404, "not_found"}, {405, "bad_method"}, {409, "wrong_state"},
	{413, "too_large"}, {415, "bad_type"}, {429, "too_often"}, {500, "failed"}, {503, "no_answer"},
};

void visit_text(struct visit *visit, unsigned status, const char *type, char *text, size_t text_bytes)
{
	free(visit->text);
	visit->status = text != NULL ? status : 500;
	visit->type = type;
	visit->text = text;
	visit->text_bytes = text != NULL ? text_bytes : 0;
}

void visit_json(struct visit *visit, unsigned status, json_t *value)
{
	char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	json_decref(value);
	visit_text(visit, status, "application/json", text, text != NULL ? strlen(text) : 0);
}

void visit_error(struct visit *visit, unsigned status, const char *message)
{
	const char *code = "failed";
	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		if (codes[i].status == status)
			code = codes[i].code;
	}
	visit_json(visit, status, json_pack("{s:{s:s, s:s}}", "error", "code", code, "message", message));
}

void visit_store_error(struct visit *visit, int err, const char *what)
{
	if (err == E_END) {
		visit_error(visit, 404, what);
	} else if (err == E_MALFORMED || err == E_LIMIT) {
		visit_error(visit, 400, store_why(visit->store)[0] != '\0' ? store_why(visit->store) : "that cannot be read");
	} else if (err == E_DENIED || err == E_STATE) {
		visit_error(visit, 409, store_why(visit->store)[0] != '\0' ? store_why(visit->store) : "that is not possible now");
	} else {
		log_line(LOG_LEVEL_WARNING, "store_failed error=%s why=\"%s\"", err_name(err), store_why(visit->store));
		visit_error(visit, 503, "the store does not answer");
	}
}

void visit_list(struct visit *visit, int err, json_t *items, const struct store_page *page, const char *what)
{
	if (err != OK) {
		json_decref(items);
		visit_store_error(visit, err, what);
		return;
	}
	json_t *next = page->has_more ? json_string(page->next.text) : json_null();
	visit_json(visit, 200, json_pack("{s:o, s:o}", "items", items, "next", next));
}

bool visit_cursor(struct visit *visit, struct store_cursor *ret_cursor, size_t *ret_room)
{
	const char *cursor = request_param(&visit->request, "cursor");
	uint64_t limit = 0;
	if (request_number(&visit->request, "limit", 50, STORE_PAGE_MAX, &limit) != OK || limit == 0) {
		visit_error(visit, 400, "limit must be 1 to 200");
		return false;
	}
	if (cursor != NULL && strlen(cursor) >= STORE_CURSOR_BYTES) {
		visit_error(visit, 400, "that is no cursor of ours");
		return false;
	}
	snprintf(ret_cursor->text, sizeof(ret_cursor->text), "%s", cursor != NULL ? cursor : "");
	*ret_room = (size_t)limit;
	return true;
}

bool visit_form(struct visit *visit, const struct field *root, void *into)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES] = "";
	json_error_t error;
	json_t *value = json_loadb(visit->body != NULL ? visit->body : "", visit->body_bytes, JSON_REJECT_DUPLICATES, &error);
	int err = value != NULL ? document_read(root, value, into, complaint) : E_MALFORMED;
	json_decref(value);
	if (err != OK)
		visit_error(visit, err == E_NOMEM ? 500 : 400, complaint[0] != '\0' ? complaint : "the body is no JSON object");
	return err == OK;
}

int visit_audit(struct visit *visit, const char *act, const char *subject, bool is_allowed)
{
	struct store_audit audit = {.at_ms = clock_wall_ns() / NS_PER_MS, .is_allowed = is_allowed};
	snprintf(audit.who, sizeof(audit.who), "%s", visit->who.name);
	snprintf(audit.act, sizeof(audit.act), "%s", act);
	snprintf(audit.subject, sizeof(audit.subject), "%.200s", subject);
	return store_audit(visit->store, &audit);
}
