/*
 * Members, their contacts, keys and assets, and accounts. Small tables: a
 * member is read and written as a whole, and the writer keeps all members in
 * memory, sorted by name, since each document is checked against them.
 */
#include <stdlib.h>
#include <string.h>

#include "tower/store_state.h"

/** Kinds of rows in the table of details. */
enum detail {
	DETAIL_NONE = 0,
	DETAIL_CONTACT,
	DETAIL_KEY,
};

/* Memory. */

void store_members_free(struct store_writer *writer)
{
	for (size_t i = 0; i < writer->member_count; i++)
		free(writer->members[i]);
	free(writer->members);
	writer->members = NULL;
	writer->member_count = writer->member_last = 0;
}

static int member_row(void *to, const struct db_value *columns, size_t count)
{
	struct store *store = to;
	struct store_writer *writer = &store->writer;
	(void)count;
	if (writer->member_count == STORE_MEMBERS_MAX)
		return E_LIMIT;
	struct member *member = calloc(1, sizeof(*member));
	if (member == NULL)
		return E_NOMEM;
	writer->members[writer->member_count++] = member;
	return store_unpack(&member_document, &columns[0], member);
}

static int member_compare(const void *a, const void *b)
{
	const struct member *const *first = a, *const *second = b;
	return strcmp((*first)->name, (*second)->name);
}

int store_members_load(struct store *store)
{
	struct store_writer *writer = &store->writer;
	store_members_free(writer);
	writer->members = calloc(STORE_MEMBERS_MAX, sizeof(*writer->members)); /* NOLINT(bugprone-sizeof-expression): of pointers */
	if (writer->members == NULL)
		return E_NOMEM;
	int err = store_query(store, store->db, "SELECT body FROM members", NULL, 0, member_row, store);
	if (err == OK)
		/* NOLINTNEXTLINE(bugprone-sizeof-expression): of pointers */
		qsort(writer->members, writer->member_count, sizeof(writer->members[0]), member_compare); /* as strcmp() says */
	return err;
}

/** The place of a member, or where it would be. */
static size_t member_place(const struct store_writer *writer, const char *name)
{
	size_t low = 0, high = writer->member_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(writer->members[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct member *store_member_known(struct store *store, const char *name)
{
	struct store_writer *writer = &store->writer;
	size_t last = writer->member_last;
	if (last < writer->member_count && strcmp(writer->members[last]->name, name) == 0)
		return writer->members[last];
	size_t at = member_place(writer, name);
	if (at == writer->member_count || strcmp(writer->members[at]->name, name) != 0)
		return NULL;
	writer->member_last = at;
	return writer->members[at];
}

const struct member *store_member_of(const struct store *store, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < store->writer.member_count; i++) {
		if (member_covers(store->writer.members[i], prefix))
			return store->writer.members[i];
	}
	return NULL;
}

/** Puts a member into memory. */
static int member_keep(struct store_writer *writer, const struct member *member)
{
	size_t at = member_place(writer, member->name);
	if (at < writer->member_count && strcmp(writer->members[at]->name, member->name) == 0) {
		*writer->members[at] = *member;
		return OK;
	}
	if (writer->member_count == STORE_MEMBERS_MAX)
		return E_LIMIT;
	struct member **end = &writer->members[writer->member_count];
	*end = malloc(sizeof(**end));
	if (*end == NULL)
		return E_NOMEM;
	**end = *member;
	for (writer->member_count++; end > &writer->members[at]; end--) { /* from the end to its place */
		struct member *other = end[-1];
		end[-1] = end[0];
		end[0] = other;
	}
	return OK;
}

/* Members. */

static int member_fill(struct store_list *list, void *row, const struct db_value *columns)
{
	static const struct member blank;
	(void)list;
	*(struct member *)row = blank;
	return store_unpack(&member_document, &columns[1], row);
}

int store_members(
	struct store *store, const struct store_cursor *cursor, struct member *rows, size_t room, struct store_page *ret_page)
{
	char after[DOCUMENT_NAME_BYTES];
	struct store_list list = {.rows = (char *)rows, .row_bytes = sizeof(*rows), .room = store_room(room), .fill = member_fill};
	int err = store_cursor_text(cursor, after);
	if (err != OK)
		return err;
	const struct db_value parameters[] = {db_text(after), db_number((int64_t)list.room + 1)};
	err = store_list_read(store, store->db, "SELECT name, body FROM members WHERE name > $1 ORDER BY name LIMIT $2", parameters,
		ARRAY_LEN(parameters), &list);
	if (err == OK)
		store_list_page(&list, true, ret_page);
	return err;
}

/** Reads one row by a statement whose second column is its body. @return OK, E_END or E_SYS */
static int one_read(struct store *store, const char *sql, const struct db_value *parameters, size_t count, void *row,
	size_t row_bytes, int (*fill)(struct store_list *list, void *row, const struct db_value *columns))
{
	struct store_list list = {.rows = row, .row_bytes = row_bytes, .room = 1, .fill = fill};
	int err = store_list_read(store, store->db, sql, parameters, count, &list);
	return err == OK && list.count == 0 ? E_END : err;
}

int store_member(struct store *store, const char *name, struct member *ret_member)
{
	const struct db_value key = db_text(name);
	return one_read(store, "SELECT name, body FROM members WHERE name = $1", &key, 1, ret_member, sizeof(*ret_member), member_fill);
}

/** Whether a network overlaps one of another member. */
static bool is_taken(const struct store *store, const struct member *member, const struct ip_prefix *network)
{
	for (size_t i = 0; i < store->writer.member_count; i++) {
		const struct member *other = store->writer.members[i];
		for (size_t k = 0; k < other->network_count && strcmp(other->name, member->name) != 0; k++) {
			const struct ip_prefix *theirs = &other->networks[k];
			const struct ip_prefix *wide = theirs->bits <= network->bits ? theirs : network;
			if (ip_prefix_covers(wide, wide == theirs ? &network->addr : &theirs->addr))
				return true;
		}
	}
	return false;
}

static int changed(struct store *store, int err)
{
	if (err == E_SYS && store->writer.is_open)
		store->writer.must_fail = true;
	return err;
}

int store_member_put(struct store *store, const struct member *member)
{
	char complaint[DOCUMENT_COMPLAINT_BYTES];
	uint8_t bytes[STORE_BODY_BYTES];
	int err = store_begin(store, 0);
	if (err != OK)
		return err;
	if (member_check(member, complaint) != OK)
		return store_refuse(store, E_MALFORMED, "member", complaint);
	for (size_t i = 0; i < member->network_count; i++) {
		if (is_taken(store, member, &member->networks[i]))
			return store_refuse(store, E_DENIED, "networks", "one overlaps a network of another member");
	}
	const struct db_value row[] = {db_text(member->name), store_pack(&member_document, member, bytes)};
	err = member_keep(&store->writer, member);
	if (err == OK)
		err = STORE_QUERY(store,
			"INSERT INTO members (name, body) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET body = excluded.body", row, NULL,
			NULL);
	return changed(store, err);
}

/* Contacts and keys: rows of details. */

static int contact_fill(struct store_list *list, void *row, const struct db_value *columns)
{
	static const struct member_contact blank;
	(void)list;
	*(struct member_contact *)row = blank;
	return store_unpack(&member_contact_document, &columns[1], row);
}

static int key_fill(struct store_list *list, void *row, const struct db_value *columns)
{
	static const struct member_key blank;
	(void)list;
	*(struct member_key *)row = blank;
	return store_unpack(&member_key_document, &columns[1], row);
}

static int details_read(struct store *store, const char *member, enum detail kind, struct store_list *list, size_t *ret_count)
{
	const struct db_value parameters[] = {db_text(member), db_number(kind)};
	int err = store_list_read(store, store->db, "SELECT place, body FROM details WHERE member = $1 AND kind = $2 ORDER BY place",
		parameters, ARRAY_LEN(parameters), list);
	*ret_count = list->count;
	return err;
}

static int details_put(
	struct store *store, const char *member, enum detail kind, const struct field *table, const char *rows, size_t count)
{
	uint8_t bytes[STORE_BODY_BYTES];
	const struct db_value key[] = {db_text(member), db_number(kind)};
	int err = STORE_QUERY(store, "DELETE FROM details WHERE member = $1 AND kind = $2", key, NULL, NULL);
	for (size_t i = 0; i < count && err == OK; i++) {
		const struct db_value row[] = {
			key[0], key[1], db_number((int64_t)i), store_pack(table, rows + i * table->size_bytes, bytes)};
		err = STORE_QUERY(store, "INSERT INTO details (member, kind, place, body) VALUES ($1, $2, $3, $4)", row, NULL, NULL);
	}
	return changed(store, err);
}

/** Whether all that is to be put has the form of its table, and the member is there. */
static int rows_check(
	struct store *store, const char *member, const struct field *table, const char *rows, size_t count, size_t most)
{
	int err = store_begin(store, 0);
	if (err != OK)
		return err;
	if (store_member_known(store, member) == NULL)
		return E_END;
	if (count > most)
		return store_refuse(store, E_LIMIT, table->name, "there are too many");
	for (size_t i = 0; i < count; i++) {
		bool is_altered = false;
		json_t *made = document_make(table, rows + i * table->size_bytes, &is_altered);
		json_decref(made);
		if (made == NULL || is_altered)
			return store_refuse(
				store, made == NULL ? E_NOMEM : E_MALFORMED, table->name, "a text is missing, too long, or cannot be shown");
	}
	return OK;
}

int store_contacts(
	struct store *store, const char *member, struct member_contact rows[static MEMBER_CONTACTS_MAX], size_t *ret_count)
{
	struct store_list list = {.rows = (char *)rows, .row_bytes = sizeof(*rows), .room = MEMBER_CONTACTS_MAX, .fill = contact_fill};
	return details_read(store, member, DETAIL_CONTACT, &list, ret_count);
}

int store_contacts_put(struct store *store, const char *member, const struct member_contact *rows, size_t count)
{
	int err = rows_check(store, member, &member_contact_document, (const char *)rows, count, MEMBER_CONTACTS_MAX);
	return err == OK ? details_put(store, member, DETAIL_CONTACT, &member_contact_document, (const char *)rows, count) : err;
}

int store_keys(struct store *store, const char *member, struct member_key rows[static MEMBER_KEYS_MAX], size_t *ret_count)
{
	struct store_list list = {.rows = (char *)rows, .row_bytes = sizeof(*rows), .room = MEMBER_KEYS_MAX, .fill = key_fill};
	return details_read(store, member, DETAIL_KEY, &list, ret_count);
}

int store_keys_put(struct store *store, const char *member, const struct member_key *rows, size_t count)
{
	int err = rows_check(store, member, &member_key_document, (const char *)rows, count, MEMBER_KEYS_MAX);
	return err == OK ? details_put(store, member, DETAIL_KEY, &member_key_document, (const char *)rows, count) : err;
}

/* Assets. */

static int asset_fill(struct store_list *list, void *row, const struct db_value *columns)
{
	static const struct member_asset blank;
	(void)list;
	*(struct member_asset *)row = blank;
	return store_unpack(&member_asset_document, &columns[1], row);
}

int store_assets(struct store *store, const char *member, const struct store_cursor *cursor, struct member_asset *rows, size_t room,
	struct store_page *ret_page)
{
	char after[DOCUMENT_NAME_BYTES];
	struct store_list list = {.rows = (char *)rows, .row_bytes = sizeof(*rows), .room = store_room(room), .fill = asset_fill};
	int err = store_cursor_text(cursor, after);
	if (err != OK)
		return err;
	const struct db_value parameters[] = {db_text(member), db_text(after), db_number((int64_t)list.room + 1)};
	err = store_list_read(store, store->db, "SELECT id, body FROM assets WHERE member = $1 AND id > $2 ORDER BY id LIMIT $3",
		parameters, ARRAY_LEN(parameters), &list);
	if (err == OK)
		store_list_page(&list, true, ret_page);
	return err;
}

int store_asset_put(struct store *store, const char *member, const struct member_asset *asset)
{
	uint8_t bytes[STORE_BODY_BYTES];
	int64_t known = 0, all = 0;
	int err = rows_check(store, member, &member_asset_document, (const char *)asset, 1, 1);
	const struct db_value key[] = {db_text(member), db_text(asset->id)};
	if (err == OK)
		err = STORE_QUERY(store, "SELECT COUNT(*) FROM assets WHERE member = $1 AND id = $2", key, store_number_row, &known);
	if (err == OK && known == 0)
		err = store_query(store, store->db, "SELECT COUNT(*) FROM assets WHERE member = $1", key, 1, store_number_row, &all);
	if (err == OK && all >= MEMBER_ASSETS_MAX)
		return store_refuse(store, E_LIMIT, "asset", "there are too many");
	if (err != OK)
		return err;
	const struct db_value body = store_pack(&member_asset_document, asset, bytes);
	const struct db_value row[] = {key[0], key[1], body};
	err = STORE_QUERY(store, "INSERT INTO assets (member, id, body) VALUES ($1, $2, $3) ON CONFLICT (member, id) DO UPDATE SET "
		"body = excluded.body", row, NULL, NULL);
	const struct db_value change[] = {db_number((int64_t)store->writer.next_change), key[0], key[1], body};
	if (err == OK)
		err = STORE_QUERY(
			store, "INSERT INTO asset_changes (number, member, id, body) VALUES ($1, $2, $3, $4)", change, NULL, NULL);
	store->writer.next_change += err == OK;
	return changed(store, err);
}

int store_asset_history(struct store *store, const char *member, const char *id, const struct store_cursor *cursor,
	struct member_asset *rows, size_t room, struct store_page *ret_page)
{
	int64_t before = 0;
	struct store_list list = {.rows = (char *)rows, .row_bytes = sizeof(*rows), .room = store_room(room), .fill = asset_fill};
	int err = store_cursor_number(cursor, INT64_MAX, &before);
	if (err != OK)
		return err;
	const struct db_value parameters[] = {db_text(member), db_text(id), db_number(before), db_number((int64_t)list.room + 1)};
	err = store_list_read(store, store->db, "SELECT number, body FROM asset_changes WHERE member = $1 AND id = $2 AND number < $3 "
		"ORDER BY number DESC LIMIT $4", parameters, ARRAY_LEN(parameters), &list);
	if (err == OK)
		store_list_page(&list, false, ret_page);
	return err;
}

/* Accounts. */

#define OWNER struct store_account
static const struct field account_fields[] = {
	ROW_TEXT("name", OWNER, name, PRIVACY_MEMBER, 1),
	ROW_TEXT("role", OWNER, role, PRIVACY_MEMBER, 1),
	ROW_TEXT("member", OWNER, member, PRIVACY_MEMBER, 0),
	{.name = "has_token", FIELD_ROW(FIELD_BOOL, OWNER, has_token, PRIVACY_MEMBER)},
	{.name = "token", FIELD_ROW(FIELD_HEX, OWNER, token_digest, PRIVACY_MEMBER)},
	ROW_TEXT("credential", OWNER, credential, PRIVACY_MEMBER, 0),
	{.name = "active", FIELD_ROW(FIELD_BOOL, OWNER, is_active, PRIVACY_MEMBER)},
	ROW_TIME("changed_ms", OWNER, changed_ms, PRIVACY_MEMBER),
};
static const struct field account_document = ROW_OBJECT("account", PRIVACY_MEMBER, OWNER, 0, account_fields);

static int account_fill(struct store_list *list, void *row, const struct db_value *columns)
{
	static const struct store_account blank;
	(void)list;
	*(struct store_account *)row = blank;
	return store_unpack(&account_document, &columns[1], row);
}

int store_account_put(struct store *store, const struct store_account *account)
{
	uint8_t bytes[STORE_BODY_BYTES];
	bool is_altered = false;
	int err = store_begin(store, 0);
	if (err != OK)
		return err;
	json_t *made = document_make(&account_document, account, &is_altered);
	json_decref(made);
	if (made == NULL || is_altered)
		return store_refuse(
			store, made == NULL ? E_NOMEM : E_MALFORMED, "account", "a text is missing, too long, or cannot be shown");
	const struct db_value row[] = {db_text(account->name),
		db_bytes(account->token_digest, account->has_token ? STORE_TOKEN_DIGEST_BYTES : 0),
		store_pack(&account_document, account, bytes)};
	return changed(store, STORE_QUERY(store,
							  "INSERT INTO accounts (name, token, body) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET "
							  "token = excluded.token, body = excluded.body",
							  row, NULL, NULL));
}

int store_account(struct store *store, const char *name, struct store_account *ret_account)
{
	const struct db_value key = db_text(name);
	return one_read(
		store, "SELECT name, body FROM accounts WHERE name = $1", &key, 1, ret_account, sizeof(*ret_account), account_fill);
}

int store_account_by_token(
	struct store *store, const uint8_t digest[static STORE_TOKEN_DIGEST_BYTES], struct store_account *ret_account)
{
	const struct db_value key = db_bytes(digest, STORE_TOKEN_DIGEST_BYTES);
	return one_read(
		store, "SELECT name, body FROM accounts WHERE token = $1", &key, 1, ret_account, sizeof(*ret_account), account_fill);
}

int store_accounts(struct store *store, const struct store_cursor *cursor, struct store_account *rows, size_t room,
	struct store_page *ret_page)
{
	char after[DOCUMENT_NAME_BYTES];
	struct store_list list = {.rows = (char *)rows, .row_bytes = sizeof(*rows), .room = store_room(room), .fill = account_fill};
	int err = store_cursor_text(cursor, after);
	if (err != OK)
		return err;
	const struct db_value parameters[] = {db_text(after), db_number((int64_t)list.room + 1)};
	err = store_list_read(store, store->db, "SELECT name, body FROM accounts WHERE name > $1 ORDER BY name LIMIT $2", parameters,
		ARRAY_LEN(parameters), &list);
	if (err == OK)
		store_list_page(&list, true, ret_page);
	return err;
}
