/* Accounts, and what they did. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "record/text.h"
#include "tower/routes.h"
#include "tower/show.h"

#define ANY PRIVACY_PUBLIC

void audit_get(struct visit *visit)
{
	struct store_cursor cursor;
	struct store_page page = {0};
	size_t room = 0;
	if (!visit_cursor(visit, &cursor, &room))
		return;
	struct store_audit *rows = calloc(room, sizeof(*rows));
	json_t *items = json_array();
	int err = rows != NULL ? store_audits(visit->store, &cursor, rows, room, &page) : E_NOMEM;
	for (size_t i = 0; err == OK && i < page.count; i++)
		show_append(&items, show_audit(&rows[i]));
	free(rows);
	visit_list(visit, err, items, &page, "");
}

void lookups_get(struct visit *visit)
{
	struct store_cursor cursor;
	struct store_page page = {0};
	size_t room = 0;
	if (!visit_cursor(visit, &cursor, &room))
		return;
	struct store_lookup *rows = calloc(room, sizeof(*rows));
	json_t *items = json_array();
	int err = rows != NULL ? store_lookups(visit->store, &cursor, rows, room, &page) : E_NOMEM;
	for (size_t i = 0; err == OK && i < page.count; i++)
		show_append(&items, show_lookup(&rows[i]));
	free(rows);
	visit_list(visit, err, items, &page, "");
}

void accounts_get(struct visit *visit)
{
	struct store_cursor cursor;
	struct store_page page = {0};
	size_t room = 0;
	if (!visit_cursor(visit, &cursor, &room))
		return;
	struct store_account *rows = calloc(room, sizeof(*rows));
	json_t *items = json_array();
	int err = rows != NULL ? store_accounts(visit->store, &cursor, rows, room, &page) : E_NOMEM;
	for (size_t i = 0; err == OK && i < page.count; i++)
		show_append(&items, show_account(&rows[i]));
	if (rows != NULL)
		sodium_memzero(rows, room * sizeof(*rows));
	free(rows);
	visit_list(visit, err, items, &page, "");
}

struct account_form {
	uint32_t roles; /* enum role */
	char member[DOCUMENT_NAME_BYTES];
	bool is_active, new_token;
};
static const struct field account_fields[] = {
	{.name = "roles", FIELD_ROW(FIELD_FLAGS, struct account_form, roles, ANY), .max = ROLE_COUNT, .names = role_names},
	ROW_TEXT("member", struct account_form, member, ANY, 0),
	{.name = "is_active", FIELD_ROW(FIELD_BOOL, struct account_form, is_active, ANY)},
	{.name = "new_token", FIELD_ROW(FIELD_BOOL, struct account_form, new_token, ANY)},
};
static const struct field account_form = ROW_OBJECT("", ANY, struct account_form, 0, account_fields);

/** Writes the roles as the store keeps them, in the order of their bits. */
static void roles_write(uint32_t roles, char ret_text[static DOCUMENT_NAME_BYTES])
{
	size_t length_bytes = 0;
	ret_text[0] = '\0';
	for (unsigned bit = 0; bit < ROLE_COUNT; bit++) {
		if ((roles >> bit & 1) != 0)
			length_bytes += (size_t)snprintf(ret_text + length_bytes, DOCUMENT_NAME_BYTES - length_bytes, "%s%s",
				length_bytes > 0 ? " " : "", role_names[bit]);
	}
}

void account_put(struct visit *visit)
{
	const char *name = visit->values.text[0];
	struct account_form form = {0};
	struct store_account account = {0};
	char token[ACCESS_SECRET_BYTES] = "";
	if (!visit_form(visit, &account_form, &form))
		return;
	if (form.roles == 0) {
		visit_error(visit, 400, "roles: at least one");
		return;
	}
	if ((form.roles == ROLE_SENDER) != (form.member[0] != '\0')) {
		visit_error(visit, 400, "member: a sender speaks for one, and whoever reads sees all of them");
		return;
	}
	if (!member_name_is_sound(name)) {
		visit_error(visit, 400, "an account's name has lower-case letters, digits, '-' and '.'");
		return;
	}
	int err = store_account(visit->store, name, &account);
	if (err == OK || err == E_END) {
		snprintf(account.name, sizeof(account.name), "%.63s", name);
		roles_write(form.roles, account.role);
		snprintf(account.member, sizeof(account.member), "%s", form.member);
		account.is_active = form.is_active;
		account.changed_ms = clock_wall_ns() / NS_PER_MS;
		if (form.new_token) {
			access_token_make(token, account.token_digest);
			account.has_token = true;
		}
		err = store_account_put(visit->store, &account);
	}
	if (err == OK)
		err = visit_audit(visit, form.new_token ? "account.put token" : "account.put", name, true);
	if (err == OK)
		visit_json(visit, 200, json_pack("{s:o, s:o}", "account", show_account(&account), "token",
			form.new_token ? json_string(token) : json_null()));
	else
		visit_store_error(visit, err, "there is no such member");
	sodium_memzero(&account, sizeof(account));
	sodium_memzero(token, sizeof(token));
}
