/*
 * Mail findings as documents: the table, and what a table cannot say. Texts
 * are of narrow alphabets, so that no address and no words of a mail fit into
 * them; the one line of each reason may have any letters, and is searched for
 * what has the form of an address.
 */
#include "record/mail_finding.h"

#include <string.h>

const char *const mail_finding_action_names[MAIL_FINDING_ACTION_COUNT] = {"unknown", "tag", "quarantine"};
const char *const mail_finding_matter_names[MAIL_FINDING_MATTER_COUNT] = {
	"unknown", "impersonation", "hijacked_account", "payload", "phishing"};
const char *const mail_finding_identity_names[MAIL_FINDING_IDENTITY_COUNT] = {"nobody", "person", "domain", "account"};
const char *const mail_finding_host_traits[MAIL_FINDING_TRAITS] = {
	"freemail", "cloud_storage", "free_hosting", "shortener", "redirector", "ip", "punycode", "mixed_script", "lookalike",
	"gov_label", "random", "brand_label", "cheap_tld", "protected", "known", "deep",
};
const char *const mail_finding_link_traits[MAIL_FINDING_LINK_TRAITS] = {
	"text", "anchor", "form", "image", "qr", "userinfo", "port", "archive", "shows_other", "addressee", "nested", "picture",
	"file",
};
const char *const mail_finding_unreads[MAIL_FINDING_UNREADS] = {
	"bytes", "depth", "parts", "headers", "html", "links", "time", "payload", "no_mail", "worker"};

static const char *const document_name[] = {"mail_finding"};

#define FLAGS(text, owner, member, class, list) \
	{.name = (text), FIELD_ROW(FIELD_FLAGS, owner, member, class), .max = ARRAY_LEN(list), .names = (list)}

#define OWNER struct mail_finding_host
static const struct field host_fields[] = {
	FLAGS("links", OWNER, links, PRIVACY_SECTOR, mail_finding_link_traits),
	ROW_TEXT("name", OWNER, name, PRIVACY_SECTOR, 0),
	FLAGS("traits", OWNER, traits, PRIVACY_SECTOR, mail_finding_host_traits),
};
static const struct field host_entry = ROW_OBJECT("", PRIVACY_SECTOR, OWNER, 0, host_fields);
#undef OWNER
#define OWNER struct mail_finding_reason
static const struct field reason_fields[] = {
	ROW_UINT(OWNER, confidence, PRIVACY_SECTOR, 0, 100),
	ROW_TEXT("rule", OWNER, rule, PRIVACY_SECTOR, 1),
	ROW_TEXT("why", OWNER, why, PRIVACY_MEMBER, 0),
};
static const struct field reason_entry = ROW_OBJECT("", PRIVACY_SECTOR, OWNER, 0, reason_fields);
#undef OWNER
static const struct field payload_entry = {
	.name = "", .type = FIELD_TEXT, .privacy = PRIVACY_SECTOR, .size_bytes = MAIL_FINDING_PAYLOAD_BYTES, .min = 1};
#define OWNER struct mail_finding
static const struct field sender_fields[] = {
	ROW_TEXT("domain", OWNER, sender_domain, PRIVACY_MEMBER, 0),
	ROW_TEXT("pseudonym", OWNER, sender, PRIVACY_MEMBER, 0),
	FLAGS("traits", OWNER, sender_traits, PRIVACY_SECTOR, mail_finding_host_traits),
};
static const struct field window_fields[] = {
	ROW_TIME("end_ms", OWNER, end_ms, PRIVACY_SECTOR),
	ROW_TIME("start_ms", OWNER, start_ms, PRIVACY_SECTOR),
};
static const struct field impersonated_fields[] = {
	{.name = "is", FIELD_ROW(FIELD_NAME, OWNER, impersonated.is, PRIVACY_MEMBER),
		.max = ARRAY_LEN(mail_finding_identity_names) - 1, .names = mail_finding_identity_names},
	ROW_TEXT("pseudonym", OWNER, impersonated.pseudonym, PRIVACY_MEMBER, 0),
};
static const struct field finding_fields[] = {
	ROW_FORM("document", document_name),
	ROW_VERSION(1),
	ROW_NAME(OWNER, action, PRIVACY_MEMBER, mail_finding_action_names),
	ROW_UINT(OWNER, confidence, PRIVACY_SECTOR, 0, 100),
	{.name = "id", FIELD_ROW(FIELD_ID, OWNER, id, PRIVACY_MEMBER)},
	ROW_NAME(OWNER, kind, PRIVACY_SECTOR, mail_finding_matter_names),
	ROW_UINT(OWNER, level, PRIVACY_MEMBER, 0, 5),
	FLAGS("unread", OWNER, unread, PRIVACY_MEMBER, mail_finding_unreads),
	ROW_TEXT("recipient", OWNER, recipient, PRIVACY_MEMBER, 0),
	ROW_OBJECT("sender", PRIVACY_MEMBER, OWNER, 0, sender_fields),
	ROW_TEXT("sensor", OWNER, sensor, PRIVACY_MEMBER, 0),
	ROW_TEXT("target", OWNER, target, PRIVACY_MEMBER, 0),
	ROW_TEXT("why", OWNER, why, PRIVACY_MEMBER, 1),
	ROW_OBJECT("window", PRIVACY_SECTOR, OWNER, 0, window_fields),
	ROW_LIST("hosts", PRIVACY_SECTOR, OWNER, hosts, host_count, &host_entry),
	ROW_LIST("payload", PRIVACY_SECTOR, OWNER, payloads, payload_count, &payload_entry),
	ROW_LIST("reasons", PRIVACY_SECTOR, OWNER, reasons, reason_count, &reason_entry),
	{.name = "impersonated", .type = FIELD_OBJECT, .privacy = PRIVACY_MEMBER, .size_bytes = sizeof(OWNER),
		.members = impersonated_fields, .member_count = ARRAY_LEN(impersonated_fields), FIELD_FLAG(OWNER, has_impersonated)},
};
static const struct field finding_root = ROW_OBJECT("mail_finding", PRIVACY_MEMBER, OWNER, 0, finding_fields);

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/** A name of a host: printable ASCII without what addresses and paths are made of. */
static bool is_host(const char *name)
{
	for (; *name != '\0'; name++) {
		if (*name <= ' ' || *name > '~' || strchr("@/\\?#<>\"'", *name) != NULL)
			return false;
	}
	return true;
}

static bool is_pseudonym(const char *text)
{
	return text[0] == '\0' || (strlen(text) == MAIL_FINDING_PSEUDONYM_BYTES - 1 && strspn(text, DIGITS "abcdef") == strlen(text));
}

/** Whether something in it stands before and behind an @ without a blank. */
static bool has_address(const char *text)
{
	for (const char *at = strchr(text, '@'); at != NULL; at = strchr(at + 1, '@')) {
		if (at > text && at[-1] != ' ' && at[1] != ' ' && at[1] != '\0')
			return true;
	}
	return false;
}

static int lists_check(const struct mail_finding *finding, char complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	for (size_t i = 0; i < finding->host_count; i++) {
		if (!is_host(finding->hosts[i].name))
			return document_refuse(complaint, "hosts: one is no name of a host");
	}
	for (size_t i = 0; i < finding->payload_count; i++) {
		if (strspn(finding->payloads[i], LOWER DIGITS "_. -") != strlen(finding->payloads[i]))
			return document_refuse(complaint, "payload: one is no name of a type");
	}
	for (size_t i = 0; i < finding->reason_count; i++) {
		const struct mail_finding_reason *reason = &finding->reasons[i];
		if (strspn(reason->rule, LOWER DIGITS "_") != strlen(reason->rule))
			return document_refuse(complaint, "reasons: one is no name of a rule");
		if (has_address(reason->why))
			return document_refuse(complaint, "reasons: one names an address");
	}
	return OK;
}

static int finding_check(const void *document, char complaint[static DOCUMENT_COMPLAINT_BYTES])
{
	const struct mail_finding *finding = document;
	if (finding->action == MAIL_FINDING_NO_ACTION)
		return document_refuse(complaint, "action: tag or quarantine is expected");
	if (finding->kind == MAIL_FINDING_UNKNOWN)
		return document_refuse(complaint, "kind: there is no such kind");
	if (!is_pseudonym(finding->sender) || !is_pseudonym(finding->recipient))
		return document_refuse(complaint, "sender, recipient: 16 hex digits are expected, or nothing");
	if (finding->has_impersonated &&
		(finding->impersonated.is == MAIL_FINDING_NOBODY || !is_pseudonym(finding->impersonated.pseudonym)))
		return document_refuse(complaint, "impersonated: a kind and 16 hex digits are expected, or nothing");
	if (!is_host(finding->sender_domain) || !is_host(finding->target))
		return document_refuse(complaint, "sender, target: a domain is expected, or nothing");
	if (has_address(finding->why) || has_address(finding->sensor))
		return document_refuse(complaint, "why, sensor: an address is named");
	if (finding->end_ms != finding->start_ms)
		return document_refuse(complaint, "window: a mail is received at one moment");
	return lists_check(finding, complaint);
}

const struct document_kind mail_finding_document = {
	.root = &finding_root, .most_bytes = MAIL_FINDING_LINE_BYTES_MAX, .check = finding_check};
