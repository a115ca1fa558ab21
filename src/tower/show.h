/*
 * What the interface shows, as JSON by the tables of record/field.h: the
 * schemas of schema/api.json. Each returns a new reference, NULL when memory
 * is out.
 */
#pragma once

#include <jansson.h>

#include "tower/relay.h"
#include "tower/store.h"

json_t *show_incident(const struct incident *incident);
json_t *show_history(const struct incident_line *line, enum incident_language language);
json_t *show_mail(const struct store_mail *mail, enum incident_language language);
json_t *show_finding(const struct store_finding *finding);
/** The vectors of one document of a finding. */
json_t *show_share(const struct finding *finding);
json_t *show_origin(const struct finding_origin *origin);
json_t *show_source(const struct finding_source *source);
json_t *show_rates(const struct health_rates *rates);
/** A second, or the sum of traffic now. */
json_t *show_second(const struct store_second *second);
json_t *show_health(const struct store_health *health, int64_t now_ms, uint64_t silent_ms);
json_t *show_sector(const struct store_sector *row);
json_t *show_member(const struct member *member);
json_t *show_contact(const struct member_contact *contact);
json_t *show_key(const struct member_key *key);
json_t *show_asset(const struct member_asset *asset);
json_t *show_audit(const struct store_audit *audit);
json_t *show_lookup(const struct store_lookup *lookup);
json_t *show_account(const struct store_account *account);
json_t *show_proof(const struct store_proof *proof);
/** A document as it came, with what it is. */
json_t *show_document(const struct store_document *document);

/**
 * An order or standing order.
 *
 * @param line the document; order or standing order
 * @param length_bytes of line
 * @param row what the store knows of it; NULL: a standing order, or not stored yet
 * @param live what the authority says of it; NULL: nothing
 */
json_t *show_order(const char *line, size_t length_bytes, const struct store_order *row, const struct relay_order *live);

/** A name of the table, or null. */
json_t *show_sector_name(uint8_t number);

/** Appends what show gives to a list; a NULL makes the list NULL, so that one check at the end does. */
void show_append(json_t **list, json_t *value);

/* Forms that are read: tables over the structs of tower/member.h, for visit_form(). */
struct show_contacts {
	size_t count;
	struct member_contact rows[MEMBER_CONTACTS_MAX];
};
struct show_keys {
	size_t count;
	struct member_key rows[MEMBER_KEYS_MAX];
};
#define SHOW_ASSETS_MAX 100
struct show_assets {
	size_t count;
	struct member_asset rows[SHOW_ASSETS_MAX];
};
extern const struct field show_contacts_form, show_keys_form, show_assets_form;
