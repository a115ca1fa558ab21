/* Tables from structs of the store to the schemas of the interface, and what a table cannot say. */
#include "tower/show.h"

#include <inttypes.h>
#include <string.h>

#include "core/limits.h"
#include "record/order.h"
#include "record/standing_order.h"

#define ANY PRIVACY_PUBLIC /* whom this may be shown is for routes to say */
#define NUMBER(owner, member) ROW_UINT(owner, member, ANY, 0, FIELD_NUMBER_MAX)
#define TIME(owner, member) ROW_TIME(#member, owner, member, ANY)
#define TEXT(owner, member) ROW_TEXT(#member, owner, member, ANY, 0)
#define NAMED(owner, member) ROW_TEXT(#member, owner, member, ANY, 1)
#define FLAG(owner, member) {.name = #member, FIELD_ROW(FIELD_BOOL, owner, member, ANY)}
#define PREFIX(owner, member) {.name = #member, FIELD_ROW(FIELD_PREFIX, owner, member, ANY)}
#define ID(owner, member) {.name = #member, FIELD_ROW(FIELD_ID, owner, member, ANY)}

static const char *const phase_names[FINDING_PHASE_COUNT] = {"unknown", "begin", "change", "end"};
static const char *const verdict_names[SOURCE_VERDICT_COUNT] = {"unknown", "bot", "amplifier", "spoofed"};
static const char *const shape_names[SHAPE_COUNT] = {"multi_vector", "carpet", "port_carpet", "pulse", "burst", "ramp"};

static json_t *made(const struct field *root, const void *from)
{
	bool is_altered = false;
	return document_make(root, from, &is_altered);
}

/** Sets a member; where memory is out all of it becomes NULL. */
static json_t *with(json_t *object, const char *name, json_t *value)
{
	if (object == NULL || json_object_set_new(object, name, value) != 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *number_text(uint64_t number)
{
	return json_sprintf("%" PRIu64, number);
}

static json_t *time_or_null(int64_t time_ms)
{
	return time_ms != 0 ? json_integer(time_ms) : json_null();
}

void show_append(json_t **list, json_t *value)
{
	if (*list != NULL && json_array_append_new(*list, value) == 0)
		return;
	json_decref(*list);
	*list = NULL;
}

json_t *show_sector_name(uint8_t number)
{
	return number >= 1 && number <= SECTOR_COUNT ? json_string(sectors[number - 1].name) : json_null();
}

/* Incidents. */

static const struct field vector_fields[] = {
	TEXT(struct incident_vector, name),
	ROW_UINT(struct incident_vector, packets_permille, ANY, 0, 1000),
	ROW_UINT(struct incident_vector, bytes_permille, ANY, 0, 1000),
	TIME(struct incident_vector, first_ms),
	TIME(struct incident_vector, last_ms),
};
static const struct field vector_entry = ROW_OBJECT("", ANY, struct incident_vector, 0, vector_fields);
static const struct field incident_fields[] = {
	ROW_NAME(struct incident, state, ANY, incident_state_names),
	ROW_NAME(struct incident, matter, ANY, incident_matter_names),
	{.name = "kinds", FIELD_ROW(FIELD_FLAGS, struct incident, kinds, ANY), .max = INCIDENT_KIND_COUNT,
		.names = incident_kind_names},
	{.name = "shapes", FIELD_ROW(FIELD_FLAGS, struct incident, shapes, ANY), .max = SHAPE_COUNT, .names = shape_names},
	PREFIX(struct incident, target),
	TEXT(struct incident, member),
	TIME(struct incident, opened_ms),
	TIME(struct incident, told_ms),
	TIME(struct incident, last_ms),
	NUMBER(struct incident, packets),
	NUMBER(struct incident, bytes),
	NUMBER(struct incident, peak_pps),
	NUMBER(struct incident, peak_bps),
	TIME(struct incident, peak_ms),
	NUMBER(struct incident, source_count),
	ROW_UINT(struct incident, confidence, ANY, 0, 100),
	{.name = "findings", FIELD_ROW(FIELD_UINT, struct incident, finding_count, ANY), .max = FIELD_NUMBER_MAX},
	{.name = "open_findings", FIELD_ROW(FIELD_UINT, struct incident, open_count, ANY), .max = FIELD_NUMBER_MAX},
	ROW_LIST("vectors", ANY, struct incident, vectors, vector_count, &vector_entry),
	TEXT(struct incident, sensor),
	TEXT(struct incident, why),
};
static const struct field incident_root = ROW_OBJECT("", ANY, struct incident, 0, incident_fields);

json_t *show_incident(const struct incident *incident)
{
	json_t *value = with(made(&incident_root, incident), "id", number_text(incident->number));
	value = with(value, "sector", show_sector_name(incident->sector));
	return with(value, "ended_ms", time_or_null(incident->ended_ms));
}

static const struct field line_fields[] = {
	TIME(struct incident_line, at_ms),
	TEXT(struct incident_line, subject),
	NUMBER(struct incident_line, value),
	NUMBER(struct incident_line, other),
};
static const struct field line_root = ROW_OBJECT("", ANY, struct incident_line, 0, line_fields);

json_t *show_history(const struct incident_line *line, enum incident_language language)
{
	char words[INCIDENT_WORDS_BYTES];
	json_t *value = with(made(&line_root, line), "event", json_string(incident_event_name(line->event)));
	return with(value, "words", json_string(incident_words(line, language, words)));
}

static const struct field finding_fields[] = {
	NUMBER(struct store_finding, arrival),
	TIME(struct store_finding, arrived_ms),
	ID(struct store_finding, id),
	NUMBER(struct store_finding, sequence),
	ROW_NAME(struct store_finding, kind, ANY, finding_kind_names),
	ROW_NAME(struct store_finding, phase, ANY, phase_names),
	PREFIX(struct store_finding, target),
};
static const struct field finding_root = ROW_OBJECT("", ANY, struct store_finding, 0, finding_fields);

json_t *show_finding(const struct store_finding *finding)
{
	return with(made(&finding_root, finding), "incident", number_text(finding->incident));
}

static const struct field share_vector_fields[] = {
	TEXT(struct finding_vector, name),
	ROW_UINT(struct finding_vector, packets_permille, ANY, 0, 1000),
};
static const struct field share_vector_entry = ROW_OBJECT("", ANY, struct finding_vector, 0, share_vector_fields);
static const struct field share_fields[] = {
	{.name = "at_ms", FIELD_ROW(FIELD_TIME, struct finding, told_ms, ANY), .max = FIELD_TIME_MAX_MS},
	{.name = "finding", FIELD_ROW(FIELD_ID, struct finding, id, ANY)},
	ROW_LIST("vectors", ANY, struct finding, vectors, vector_count, &share_vector_entry),
	NUMBER(struct finding, peak_pps),
	NUMBER(struct finding, peak_bps),
};
static const struct field share_root = ROW_OBJECT("", ANY, struct finding, 0, share_fields);

json_t *show_share(const struct finding *finding)
{
	return made(&share_root, finding);
}

static const struct field origin_fields[] = {
	NUMBER(struct finding_origin, asn),
	{.name = "country", FIELD_ROW(FIELD_COUNTRY, struct finding_origin, country, ANY)},
	NUMBER(struct finding_origin, source_count),
	ROW_UINT(struct finding_origin, packets_permille, ANY, 0, 1000),
};
static const struct field origin_root = ROW_OBJECT("", ANY, struct finding_origin, 0, origin_fields);
static const struct field source_fields[] = {
	{.name = "addr", FIELD_ROW(FIELD_ADDR, struct finding_source, addr, ANY)},
	ROW_NAME(struct finding_source, verdict, ANY, verdict_names),
	TEXT(struct finding_source, why),
	NUMBER(struct finding_source, packets),
	NUMBER(struct finding_source, bytes),
	NUMBER(struct finding_source, asn),
	{.name = "country", FIELD_ROW(FIELD_COUNTRY, struct finding_source, country, ANY)},
};
static const struct field source_root = ROW_OBJECT("", ANY, struct finding_source, 0, source_fields);

json_t *show_origin(const struct finding_origin *origin)
{
	return made(&origin_root, origin);
}

json_t *show_source(const struct finding_source *source)
{
	return made(&source_root, source);
}

/* The present. */

static const struct field rate_fields[] = {
	NUMBER(struct health_rates, in_pps),
	NUMBER(struct health_rates, in_bps),
	NUMBER(struct health_rates, attack_pps),
	NUMBER(struct health_rates, attack_bps),
	NUMBER(struct health_rates, dropped_pps),
};
static const struct field rate_root = ROW_OBJECT("", ANY, struct health_rates, 0, rate_fields);
static const struct field loss_fields[] = {
	TEXT(struct health_loss, reason),
	NUMBER(struct health_loss, count),
};
static const struct field loss_entry = ROW_OBJECT("", ANY, struct health_loss, 0, loss_fields);
static const struct field health_fields[] = {
	TEXT(struct health, member),
	TEXT(struct health, process),
	TEXT(struct health, program),
	TIME(struct health, started_ms),
	TIME(struct health, at_ms),
	ROW_OBJECT("rates", ANY, struct health_rates, offsetof(struct health, rates), rate_fields),
	ROW_LIST("losses", ANY, struct health, losses, loss_count, &loss_entry),
	NUMBER(struct health, rules),
};
static const struct field health_root = ROW_OBJECT("", ANY, struct health, 0, health_fields);

json_t *show_rates(const struct health_rates *rates)
{
	return made(&rate_root, rates);
}

json_t *show_second(const struct store_second *second)
{
	return json_pack("{s:I, s:o, s:i}", "at_ms", (json_int_t)second->at_s * 1000, "rates", show_rates(&second->rates), "senders",
		(int)second->told);
}

json_t *show_health(const struct store_health *health, int64_t now_ms, uint64_t silent_ms)
{
	json_t *value = with(made(&health_root, &health->health), "arrived_ms", json_integer(health->arrived_ms));
	return with(value, "is_silent", json_boolean(now_ms - health->arrived_ms > (int64_t)silent_ms));
}

static const struct field sector_fields[] = {
	{.name = "number", FIELD_ROW(FIELD_UINT, struct store_sector, sector, ANY), .max = SECTOR_COUNT},
	NUMBER(struct store_sector, members),
	NUMBER(struct store_sector, open_incidents),
	NUMBER(struct store_sector, ended_today),
	NUMBER(struct store_sector, attack_pps),
	NUMBER(struct store_sector, attack_bps),
	NUMBER(struct store_sector, legitimate_pps),
	NUMBER(struct store_sector, legitimate_bps),
	NUMBER(struct store_sector, dropped_pps),
};
static const struct field sector_root = ROW_OBJECT("", ANY, struct store_sector, 0, sector_fields);

json_t *show_sector(const struct store_sector *row)
{
	bool is_one = row->sector >= 1 && row->sector <= SECTOR_COUNT;
	json_t *value = with(made(&sector_root, row), "name", json_string(is_one ? sectors[row->sector - 1].name : "none"));
	value = with(value, "en", json_string(is_one ? sectors[row->sector - 1].english : "no sector"));
	return with(value, "ja", json_string(is_one ? sectors[row->sector - 1].japanese : "分野なし"));
}

/* Members. */

static const struct field network_entry = {
	.name = "", .type = FIELD_PREFIX, .privacy = ANY, .size_bytes = sizeof(struct ip_prefix)};
static const struct field member_fields[] = {
	TEXT(struct member, name),
	TEXT(struct member, title),
	FLAG(struct member, is_active),
	ROW_LIST("networks", ANY, struct member, networks, network_count, &network_entry),
	TIME(struct member, changed_ms),
	TEXT(struct member, changed_by),
};
static const struct field member_root = ROW_OBJECT("", ANY, struct member, 0, member_fields);

json_t *show_member(const struct member *member)
{
	return with(made(&member_root, member), "sector", show_sector_name(member->sector));
}

static const struct field contact_fields[] = {
	NAMED(struct member_contact, role),
	NAMED(struct member_contact, name),
	TEXT(struct member_contact, reach),
};
static const struct field contact_entry = ROW_OBJECT("", ANY, struct member_contact, 0, contact_fields);
static const struct field contacts_fields[] = {ROW_LIST("items", ANY, struct show_contacts, rows, count, &contact_entry)};
const struct field show_contacts_form = ROW_OBJECT("", ANY, struct show_contacts, 0, contacts_fields);

static const struct field key_fields[] = {
	NAMED(struct member_key, name),
	NAMED(struct member_key, use),
	NAMED(struct member_key, vkey),
};
static const struct field key_entry = ROW_OBJECT("", ANY, struct member_key, 0, key_fields);
static const struct field keys_fields[] = {ROW_LIST("items", ANY, struct show_keys, rows, count, &key_entry)};
const struct field show_keys_form = ROW_OBJECT("", ANY, struct show_keys, 0, keys_fields);

#define ASSET_FIELDS \
	NAMED(struct member_asset, id), NAMED(struct member_asset, product), TEXT(struct member_asset, version), \
		TEXT(struct member_asset, place), TEXT(struct member_asset, note), FLAG(struct member_asset, is_retired)
static const struct field asset_put_fields[] = {ASSET_FIELDS};
static const struct field asset_put_entry = ROW_OBJECT("", ANY, struct member_asset, 0, asset_put_fields);
static const struct field assets_fields[] = {ROW_LIST("items", ANY, struct show_assets, rows, count, &asset_put_entry)};
const struct field show_assets_form = ROW_OBJECT("", ANY, struct show_assets, 0, assets_fields);
static const struct field asset_fields[] = {
	ASSET_FIELDS, TIME(struct member_asset, changed_ms), TEXT(struct member_asset, changed_by)};
static const struct field asset_root = ROW_OBJECT("", ANY, struct member_asset, 0, asset_fields);

json_t *show_contact(const struct member_contact *contact)
{
	return made(&contact_entry, contact);
}

json_t *show_key(const struct member_key *key)
{
	return made(&key_entry, key);
}

json_t *show_asset(const struct member_asset *asset)
{
	return made(&asset_root, asset);
}

/* Accounts and what they did. */

static const struct field audit_fields[] = {
	NUMBER(struct store_audit, number),
	TIME(struct store_audit, at_ms),
	TEXT(struct store_audit, who),
	TEXT(struct store_audit, act),
	TEXT(struct store_audit, subject),
	FLAG(struct store_audit, is_allowed),
};
static const struct field audit_root = ROW_OBJECT("", ANY, struct store_audit, 0, audit_fields);
static const struct field lookup_fields[] = {
	NUMBER(struct store_lookup, number),
	TIME(struct store_lookup, at_ms),
	TEXT(struct store_lookup, who),
	TEXT(struct store_lookup, purpose),
};
static const struct field lookup_root = ROW_OBJECT("", ANY, struct store_lookup, 0, lookup_fields);
static const struct field account_fields[] = {
	TEXT(struct store_account, name),
	TEXT(struct store_account, member),
	FLAG(struct store_account, is_active),
	FLAG(struct store_account, has_token),
	TIME(struct store_account, changed_ms),
};
static const struct field account_root = ROW_OBJECT("", ANY, struct store_account, 0, account_fields);

json_t *show_audit(const struct store_audit *audit)
{
	return made(&audit_root, audit);
}

json_t *show_lookup(const struct store_lookup *lookup)
{
	return with(made(&lookup_root, lookup), "incident", number_text(lookup->incident));
}

static const struct field proof_fields[] = {
	NUMBER(struct store_proof, number),
	TIME(struct store_proof, at_ms),
	ROW_NAME(struct store_proof, class, ANY, store_class_names),
	TIME(struct store_proof, from_ms),
	TIME(struct store_proof, to_ms),
	NUMBER(struct store_proof, count),
	{.name = "digest", FIELD_ROW(FIELD_HEX, struct store_proof, digest.bytes, ANY)},
};
static const struct field proof_root = ROW_OBJECT("", ANY, struct store_proof, 0, proof_fields);

json_t *show_proof(const struct store_proof *proof)
{
	return made(&proof_root, proof);
}

json_t *show_account(const struct store_account *account)
{
	json_t *roles = json_array();
	uint32_t bits = access_roles_parse(account->role);
	for (unsigned bit = 0; bit < ROLE_COUNT; bit++) {
		if ((bits >> bit & 1) != 0)
			show_append(&roles, json_string(role_names[bit]));
	}
	return with(made(&account_root, account), "roles", roles);
}
