/*
 * Keys are sorted when it is written. The id is BLAKE2b-128 over the kind and
 * the mail's bytes, so the same mail has the same id wherever it is scanned,
 * and nobody comes from the id to the mail.
 */
#include "mail/mail_finding.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "mail/host.h"
#include "mail/judge.h"
#include "mail/trait_name.h"

#define SENSOR_BYTES 128 /* the last of a file's name */

static json_t *names_of(uint32_t value, const struct trait_names *names)
{
	json_t *list = json_array();
	for (size_t i = 0; i < names->count; i++) {
		if ((value >> i & 1) != 0)
			(void)json_array_append_new(list, json_string(names->names[i]));
	}
	return list;
}

static json_t *pseudonym(const struct mail_finding_source *source, uint64_t value)
{
	char text[17] = "";
	if (source->has_key && value != 0)
		(void)snprintf(text, sizeof(text), "%016" PRIx64, value);
	return json_string(text);
}

static void id_make(const struct mail_finding_source *source, const char *kind, char ret_id[static 33])
{
	crypto_generichash_state state;
	uint8_t digest[16];
	(void)crypto_generichash_init(&state, NULL, 0, sizeof(digest));
	(void)crypto_generichash_update(&state, (const uint8_t *)kind, strlen(kind) + 1);
	(void)crypto_generichash_update(&state, source->mail, source->mail_bytes);
	(void)crypto_generichash_final(&state, digest, sizeof(digest));
	(void)sodium_bin2hex(ret_id, 33, digest, sizeof(digest));
}

/** The end of a file's name, as printable ASCII. */
static void sensor_make(const char *name, char ret_sensor[static SENSOR_BYTES])
{
	size_t length = strlen(name), from = length >= SENSOR_BYTES ? length - SENSOR_BYTES + 1 : 0, used = 0;
	for (; name[from] != '\0'; from++)
		ret_sensor[used++] = (unsigned char)name[from] < ' ' || (unsigned char)name[from] > '~' ? '?' : name[from];
	ret_sensor[used] = '\0';
}

json_t *mail_finding_make(const struct mail_finding_source *source, const struct mail_facts *facts,
	const struct mail_verdict *verdict)
{
	char id[33], sensor[SENSOR_BYTES];
	json_t *hosts = json_array(), *reasons = json_array(), *payload = json_array();
	const char *kind = mail_kind_name(verdict->kind);
	for (size_t i = 0; i < facts->host_count; i++)
		(void)json_array_append_new(hosts, json_pack("{s:s, s:o, s:o}", "name", facts->hosts[i].name, "links",
			names_of(facts->hosts[i].link_traits, &link_trait_names), "traits", names_of(facts->hosts[i].host_traits,
			&host_trait_names)));
	for (size_t i = 0; i < verdict->reason_count; i++)
		(void)json_array_append_new(reasons, json_pack("{s:i, s:s, s:s}", "confidence", (int)verdict->reasons[i].confidence, "rule",
			verdict->reasons[i].rule, "why", verdict->reasons[i].words));
	for (uint32_t i = 1; i < PAYLOAD_TYPES; i++) {
		if (((facts->payload.types | facts->payload.types_inside) >> i & 1) != 0)
			(void)json_array_append_new(payload, json_string(payload_type_name((enum payload_type)i)));
	}
	id_make(source, kind, id);
	sensor_make(source->sensor, sensor);
	json_t *window = json_pack("{s:I, s:I}", "end_ms", (json_int_t)facts->received_wall_ms, "start_ms",
		(json_int_t)facts->received_wall_ms);
	json_t *sender = json_pack("{s:s, s:o, s:o}", "domain", host_registrable(&facts->sender.host), "pseudonym",
		pseudonym(source, facts->sender.address), "traits", names_of(facts->sender.host.host_traits, &host_trait_names));
	json_t *made = json_pack("{s:s, s:s, s:i, s:s, s:i, s:o, s:s, s:o, s:o, s:s, s:o, s:s, s:o, s:i, s:s, s:o}", "action",
		mail_action_name(verdict->due), "document", "mail_finding", "confidence", (int)verdict->confidence, "id", id, "level",
		(int)verdict->level, "hosts", hosts, "kind", kind, "payload", payload, "reasons", reasons, "sensor", sensor, "sender",
		sender, "target",
		facts->recipient_domain, "unread", names_of(verdict->unread, &mail_unread_names), "version", 1, "why",
		verdict->reason_count > 0 ? verdict->reasons[0].words : "", "window", window);
	if (made != NULL)
		(void)json_object_set_new(made, "recipient", pseudonym(source, facts->recipients[0]));
	if (made != NULL && verdict->posed != MAIL_POSED_NOBODY)
		(void)json_object_set_new(made, "impersonated", json_pack("{s:s, s:o}", "is", mail_posed_name(verdict->posed), "pseudonym",
			pseudonym(source, verdict->posed_as)));
	return made;
}
