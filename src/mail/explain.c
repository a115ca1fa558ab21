/* The members follow struct mail_facts level by level; bits are lists of their names (trait_name.h, payload.h). */
#include "mail/explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mail/host.h"
#include "mail/judge.h"
#include "mail/trait_name.h"

static json_t *bits(uint32_t value, const struct trait_names *names)
{
	json_t *list = json_array();
	for (size_t i = 0; i < names->count; i++) {
		if ((value >> i & 1) != 0)
			(void)json_array_append_new(list, json_string(names->names[i]));
	}
	return list;
}

static json_t *payload_bits(uint32_t value)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < 32; i++) {
		const char *words = (value >> i & 1) != 0 ? payload_trait_words((enum payload_trait)(UINT32_C(1) << i)) : NULL;
		if (words != NULL)
			(void)json_array_append_new(list, json_string(words));
	}
	return list;
}

static json_t *payload_types(uint64_t value)
{
	json_t *list = json_array();
	for (uint32_t i = 1; i < PAYLOAD_TYPES; i++) {
		if ((value >> i & 1) != 0)
			(void)json_array_append_new(list, json_string(payload_type_name((enum payload_type)i)));
	}
	return list;
}

static json_t *host_explain(const struct mail_host *host)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:i, s:b}", "name", host->name, "registrable", host_registrable(host), "is",
		bits(host->host_traits, &host_trait_names), "links", bits(host->link_traits, &link_trait_names), "count",
		(int)host->link_count,
		"of_sender", host->is_of_sender);
}

static json_t *identity_explain(const struct identity_facts *identity)
{
	static const char *const matches[NAME_MATCH_COUNT] = {"none", "family_and_office", "same_reading", "confusable", "equal"};
	return json_pack("{s:s, s:i, s:b, s:b, s:b, s:b, s:s, s:b, s:b}", "name", matches[identity->name_match], "people",
		(int)identity->name_match_count, "known_address", identity->is_known_address, "known_domain", identity->is_known_domain,
		"staff",
		identity->is_own_staff, "titled", identity->is_titled, "reply_to_name", matches[identity->reply_to_match], "reply_to_known",
		identity->is_reply_to_known,
		"name_of_recipient", identity->is_recipient_name);
}

static json_t *relation_explain(const struct relation_facts *relation)
{
	return json_pack("{s:b, s:b, s:b, s:b, s:i, s:i, s:i, s:i, s:b, s:b, s:i, s:i, s:b, s:b, s:b, s:b}", "known",
		relation->is_known, "first_contact",
		relation->is_first_contact, "first_of_domain", relation->is_first_of_domain, "we_wrote", relation->did_we_write,
		"days_since_first",
		(int)relation->days_since_first, "days_since_last", (int)relation->days_since_last, "mails", (int)relation->mail_count,
		"payloads",
		(int)relation->payload_count, "thread_ours", relation->is_thread_ours, "thread_unknown", relation->is_thread_unknown,
		"profile_distance", (int)relation->profile_distance, "profile_mails", (int)relation->profile_count, "hosts_new",
		relation->are_hosts_new, "like_known", relation->is_like_known, "known_elsewhere", relation->is_known_elsewhere,
		"near_known", relation->is_near_known);
}

json_t *explain_facts(const struct mail_facts *facts)
{
	json_t *hosts = json_array();
	for (size_t i = 0; i < facts->host_count; i++)
		(void)json_array_append_new(hosts, host_explain(&facts->hosts[i]));
	json_t *dkim = json_array();
	for (size_t i = 0; i < facts->auth.dkim_count; i++)
		(void)json_array_append_new(dkim, json_string(authres_result_name(facts->auth.dkim[i].result)));
	json_t *auth = json_pack("{s:s, s:s, s:s, s:o, s:b, s:i}", "spf", authres_result_name(facts->auth.spf.result), "dmarc",
		authres_result_name(facts->auth.dmarc.result), "arc", authres_result_name(facts->auth.arc.result), "dkim", dkim, "verified",
		facts->auth.is_verified, "forged",
		(int)facts->auth.forged);
	json_t *sender = json_pack("{s:o, s:o, s:o, s:o, s:o}", "host", host_explain(&facts->sender.host), "reply_to",
		host_explain(&facts->sender.reply_host), "is", bits(facts->sender.traits, &sender_trait_names), "name",
		bits(facts->sender.name_traits, &text_trait_names), "subject", bits(facts->subject_traits, &text_trait_names));
	json_t *payload = json_pack("{s:o, s:o, s:o, s:o, s:i, s:i}", "is", payload_bits(facts->payload.traits), "inside",
		payload_bits(facts->payload.inside), "types", payload_types(facts->payload.types), "types_inside",
		payload_types(facts->payload.types_inside), "entries", (int)facts->payload.entries, "unread", (int)facts->payload.unread);
	json_t *html = json_pack("{s:o, s:i, s:i, s:i, s:i, s:i}", "is", bits(facts->html.traits, &html_trait_names), "tags",
		(int)facts->html.tag_count, "anchors", (int)facts->html.anchor_count, "images", (int)facts->html.image_count, "letters",
		(int)facts->html.letter_count, "invisible", (int)facts->html.invisible_count);
	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:b, s:i, s:i, s:i, s:i, s:i, s:i, s:o, s:i, s:o, s:o, s:i, s:i}", "level",
		(int)facts->level,
		"unread", bits(facts->unread, &mail_unread_names), "auth", auth, "sender", sender, "identity",
		identity_explain(&facts->identity),
		"relation", relation_explain(&facts->relation), "says_reply", facts->thread.says_reply, "references",
		(int)facts->thread.reference_count, "profile_zone", (int)facts->profile.zone_minutes, "parts", (int)facts->part_count,
		"attachments",
		(int)facts->attachment_count, "depth", (int)facts->depth, "text_letters", (int)facts->text_letter_count, "payload", payload,
		"links",
		(int)facts->link_count, "hosts", hosts, "html", html, "lures", (int)facts->lure_count, "passwords",
		(int)facts->password_count);
}

json_t *explain_verdict(const struct mail_verdict *verdict)
{
	json_t *reasons = json_array();
	for (size_t i = 0; i < verdict->reason_count; i++)
		(void)json_array_append_new(reasons, json_pack("{s:s, s:i, s:s}", "rule", verdict->reasons[i].rule, "confidence",
			(int)verdict->reasons[i].confidence, "why", verdict->reasons[i].words));
	char posed_as[17] = "";
	if (verdict->posed_as != 0)
		(void)snprintf(posed_as, sizeof(posed_as), "%016" PRIx64, verdict->posed_as);
	return json_pack("{s:s, s:i, s:i, s:o, s:o, s:b, s:o}", "action", mail_action_name(verdict->action),
		"level", (int)verdict->level,
		"confidence",
		(int)verdict->confidence, "impersonated",
		json_pack("{s:s, s:s}", "is", mail_posed_name(verdict->posed), "pseudonym", posed_as),
		"reasons", reasons, "over_budget", verdict->is_over_budget, "unread",
		bits(verdict->unread, &mail_unread_names));
}

static bool is_nothing(const json_t *value)
{
	return json_is_false(value) || json_is_null(value) || (json_is_integer(value) && json_integer_value(value) == 0) ||
		(json_is_string(value) && json_string_length(value) == 0) || (json_is_array(value) && json_array_size(value) == 0);
}

static void value_show(const char *path, const json_t *value, FILE *out)
{
	char deeper[128];
	const char *name;
	json_t *member;
	size_t i;
	if (is_nothing(value))
		return;
	if (json_is_object(value)) {
		json_object_foreach((json_t *)(uintptr_t)value, name, member) {
			(void)snprintf(deeper, sizeof(deeper), "%s%s%s", path, path[0] == '\0' ? "" : ".", name);
			value_show(deeper, member, out);
		}
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, member)
			value_show(path, member, out);
	} else if (json_is_string(value)) {
		fprintf(out, "  %-28s %s\n", path, json_string_value(value));
	} else if (json_is_integer(value)) {
		fprintf(out, "  %-28s %" JSON_INTEGER_FORMAT "\n", path, json_integer_value(value));
	} else {
		fprintf(out, "  %-28s yes\n", path);
	}
}

void explain_show(const json_t *document, FILE *out)
{
	value_show("", document, out);
}
