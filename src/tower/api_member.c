/* Members and what is registered of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "record/text.h"
#include "tower/routes.h"
#include "tower/show.h"

#define ANY PRIVACY_PUBLIC
#define NO_MEMBER "there is no such member"

static int64_t now_wall_ms(void)
{
	return clock_wall_ns() / NS_PER_MS;
}

void members_get(struct visit *visit)
{
	struct store_cursor cursor;
	struct store_page page = {0};
	size_t room = 0;
	if (!visit_cursor(visit, &cursor, &room))
		return;
	struct member *rows = calloc(room, sizeof(*rows));
	json_t *items = json_array();
	int err = rows != NULL ? store_members(visit->store, &cursor, rows, room, &page) : E_NOMEM;
	for (size_t i = 0; err == OK && i < page.count; i++)
		show_append(&items, show_member(&rows[i]));
	free(rows);
	visit_list(visit, err, items, &page, NO_MEMBER);
}

static json_t *contacts_list(const struct member_contact *rows, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		show_append(&list, show_contact(&rows[i]));
	return list;
}

static json_t *keys_list(const struct member_key *rows, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		show_append(&list, show_key(&rows[i]));
	return list;
}

/** Room for all that is shown of a member: too large for a thread's stack. */
struct detail {
	struct member member;
	struct member_contact contacts[MEMBER_CONTACTS_MAX];
	struct member_key keys[MEMBER_KEYS_MAX];
	struct store_health health[STORE_PAGE_MAX];
};

/** Replies with all about a member, as the thread's handle of the store has it. */
static void detail_reply(struct visit *visit)
{
	static const struct store_cursor beginning;
	const char *name = visit->values.text[0];
	struct detail *detail = malloc(sizeof(*detail));
	struct store_page page = {0};
	size_t contact_count = 0, key_count = 0;
	json_t *health = json_array();
	int err = detail != NULL ? store_member(visit->store, name, &detail->member) : E_NOMEM;
	if (err == OK)
		err = store_contacts(visit->store, name, detail->contacts, &contact_count);
	if (err == OK)
		err = store_keys(visit->store, name, detail->keys, &key_count);
	if (err == OK)
		err = store_healths(visit->store, name, &beginning, detail->health, STORE_PAGE_MAX, &page);
	for (size_t i = 0; err == OK && i < page.count; i++)
		show_append(&health, show_health(&detail->health[i], now_wall_ms(), visit->tower->config->silent_ms));
	if (err == OK)
		visit_json(visit, 200, json_pack("{s:o, s:o, s:o, s:O?}", "member", show_member(&detail->member), "contacts",
			contacts_list(detail->contacts, contact_count), "keys", keys_list(detail->keys, key_count), "health", health));
	else
		visit_store_error(visit, err, NO_MEMBER);
	json_decref(health);
	free(detail);
}

void member_get(struct visit *visit)
{
	detail_reply(visit);
}

/* Changes. Each is in the audit, and shown once it is durable. */

struct member_form {
	char title[MEMBER_TEXT_BYTES];
	bool is_active;
	size_t network_count;
	struct ip_prefix networks[MEMBER_NETWORKS_MAX];
};
static const struct field network_entry = {
	.name = "", .type = FIELD_PREFIX, .privacy = ANY, .size_bytes = sizeof(struct ip_prefix)};
static const struct field member_fields[] = {
	ROW_TEXT("title", struct member_form, title, ANY, 1),
	{.name = "is_active", FIELD_ROW(FIELD_BOOL, struct member_form, is_active, ANY)},
	ROW_LIST("networks", ANY, struct member_form, networks, network_count, &network_entry),
};
static const struct field member_form = ROW_OBJECT("", ANY, struct member_form, 0, member_fields);

/** Reads the one member of the form that a table cannot: a name or null. Takes it out of the value. */
static bool sector_take(json_t *value, uint8_t *ret_sector)
{
	const json_t *name = json_object_get(value, "sector");
	const struct sector *sector = json_is_string(name) ? sector_find(json_string_value(name)) : NULL;
	if (sector == NULL && !json_is_null(name))
		return false;
	*ret_sector = sector != NULL ? sector->number : 0;
	return json_object_del(value, "sector") == 0;
}

static bool member_read(struct visit *visit, struct member *member)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES] = "the body is no JSON object";
	struct member_form *form = calloc(1, sizeof(*form));
	json_t *value = json_loadb(visit->body != NULL ? visit->body : "", visit->body_bytes, JSON_REJECT_DUPLICATES, NULL);
	int err = form == NULL ? E_NOMEM : json_is_object(value) ? OK : E_MALFORMED;
	if (err == OK && !sector_take(value, &member->sector)) {
		snprintf(complaint, sizeof(complaint), "sector: must be a name of the table, or null");
		err = E_MALFORMED;
	}
	if (err == OK)
		err = document_read(&member_form, value, form, complaint);
	if (err == OK) {
		snprintf(member->title, sizeof(member->title), "%s", form->title);
		member->is_active = form->is_active;
		member->network_count = form->network_count;
		memcpy(member->networks, form->networks, sizeof(form->networks));
		err = member_check(member, complaint);
	}
	json_decref(value);
	free(form);
	if (err != OK)
		visit_error(visit, err == E_NOMEM ? 500 : 400, complaint);
	return err == OK;
}

/** Ends a change: notes it, and has it shown once it is durable; or tells what is wrong. */
static void change_end(struct visit *visit, int err, const char *act, visit_handler *after)
{
	int noted = err == OK || err == E_DENIED ? visit_audit(visit, act, visit->values.text[0], err == OK) : OK;
	if (err != OK || noted != OK)
		visit_store_error(visit, err != OK ? err : noted, NO_MEMBER);
	else
		visit->after = after;
}

void member_put(struct visit *visit)
{
	struct member *member = calloc(1, sizeof(*member));
	if (member == NULL) {
		visit_error(visit, 500, "no memory");
		return;
	}
	if (!member_name_is_sound(visit->values.text[0])) {
		visit_error(visit, 400, "a member's name has lower-case letters, digits, '-' and '.'");
	} else {
		snprintf(member->name, sizeof(member->name), "%.63s", visit->values.text[0]);
		snprintf(member->changed_by, sizeof(member->changed_by), "%s", visit->who.name);
		member->changed_ms = now_wall_ms();
		if (member_read(visit, member))
			change_end(visit, store_member_put(visit->store, member), "member.put", detail_reply);
	}
	free(member);
}

static void contacts_reply(struct visit *visit)
{
	struct member_contact rows[MEMBER_CONTACTS_MAX];
	size_t count = 0;
	int err = store_contacts(visit->store, visit->values.text[0], rows, &count);
	if (err == OK)
		visit_json(visit, 200, json_pack("{s:o}", "items", contacts_list(rows, count)));
	else
		visit_store_error(visit, err, NO_MEMBER);
}

void contacts_put(struct visit *visit)
{
	struct show_contacts form = {0};
	if (visit_form(visit, &show_contacts_form, &form))
		change_end(visit, store_contacts_put(visit->store, visit->values.text[0], form.rows, form.count), "member.contacts",
			contacts_reply);
}

static void keys_reply(struct visit *visit)
{
	struct member_key rows[MEMBER_KEYS_MAX];
	size_t count = 0;
	int err = store_keys(visit->store, visit->values.text[0], rows, &count);
	if (err == OK)
		visit_json(visit, 200, json_pack("{s:o}", "items", keys_list(rows, count)));
	else
		visit_store_error(visit, err, NO_MEMBER);
}

void keys_put(struct visit *visit)
{
	struct show_keys form = {0};
	if (visit_form(visit, &show_keys_form, &form))
		change_end(visit, store_keys_put(visit->store, visit->values.text[0], form.rows, form.count), "member.keys", keys_reply);
}

/** A page of assets, or of what one has been. */
static void assets_reply(struct visit *visit, const char *id)
{
	const char *name = visit->values.text[0];
	struct member *member = malloc(sizeof(*member));
	struct store_cursor cursor;
	struct store_page page = {0};
	size_t room = 0;
	if (!visit_cursor(visit, &cursor, &room)) {
		free(member);
		return;
	}
	struct member_asset *rows = calloc(room, sizeof(*rows));
	json_t *items = json_array();
	int err = rows != NULL && member != NULL ? store_member(visit->store, name, member) : E_NOMEM;
	if (err == OK)
		err = id != NULL ? store_asset_history(visit->store, name, id, &cursor, rows, room, &page)
			: store_assets(visit->store, name, &cursor, rows, room, &page);
	for (size_t i = 0; err == OK && i < page.count; i++)
		show_append(&items, show_asset(&rows[i]));
	free(rows);
	free(member);
	visit_list(visit, err, items, &page, NO_MEMBER);
}

void assets_get(struct visit *visit)
{
	assets_reply(visit, NULL);
}

void asset_history_get(struct visit *visit)
{
	assets_reply(visit, visit->values.text[1]);
}

void assets_put(struct visit *visit)
{
	struct show_assets *form = calloc(1, sizeof(*form));
	int err = OK;
	if (form == NULL) {
		visit_error(visit, 500, "no memory");
		return;
	}
	if (visit_form(visit, &show_assets_form, form)) {
		for (size_t i = 0; i < form->count && err == OK; i++) {
			snprintf(form->rows[i].changed_by, sizeof(form->rows[i].changed_by), "%s", visit->who.name);
			form->rows[i].changed_ms = now_wall_ms();
			err = store_asset_put(visit->store, visit->values.text[0], &form->rows[i]);
		}
		change_end(visit, err, "member.assets", assets_get);
	}
	free(form);
}
