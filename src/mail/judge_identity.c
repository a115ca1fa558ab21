/*
 * Who a mail claims to be from, against who is known to be where; and known
 * accounts that behave as they never did.
 *
 * A name alone proves nothing, people have namesakes and new addresses; so a
 * claim counts with what it brings (a carrier), with freemail, or with letters
 * that only look like the name's.
 */
#include "mail/host.h"
#include "mail/judge_rule.h"

#define PROFILE_MAILS 2 /* fewer say nothing about how an account writes */
#define PROFILE_FAR 45 /* of 100 */
#define YOUNG_DAYS 60 /* an acquaintance that may have been made for the attack */
#define YOUNG_MAILS 6

static bool lookalike_sender(const struct judge_scene *scene)
{
	return (scene->facts->sender.host.host_traits & (HOST_LOOKALIKE | HOST_GOV_LABEL)) != 0;
}

static const struct mail_host *lookalike_reply(const struct judge_scene *scene)
{
	const struct mail_host *host = &scene->facts->sender.reply_host;
	return (host->host_traits & (HOST_LOOKALIKE | HOST_GOV_LABEL)) != 0 ? host : NULL;
}

static const struct mail_host *lookalike_link(const struct judge_scene *scene)
{
	return judge_host_find(scene->facts, HOST_LOOKALIKE | HOST_GOV_LABEL, 0);
}

/** Letters of others show our address too, and count their readers on the way: those have many links, and one of their own. */
static const struct mail_host *shows_protected(const struct judge_scene *scene)
{
	const struct mail_host *shown = &scene->facts->shown;
	return (shown->host_traits & (HOST_PROTECTED | HOST_KNOWN)) != 0 && scene->is_stranger && scene->is_narrow &&
		scene->leads_elsewhere ? shown : NULL;
}

static bool own_domain_refuted(const struct judge_scene *scene)
{
	return (scene->facts->sender.host.host_traits & HOST_PROTECTED) != 0 && scene->is_refuted;
}

static bool known_address_refuted(const struct judge_scene *scene)
{
	return scene->facts->identity.is_known_address && scene->is_refuted && (scene->has_carrier ||
		scene->facts->sender.reply_to != 0);
}

static const struct mail_host *known_name_freemail_carrier(const struct judge_scene *scene)
{
	const struct mail_host *host = scene->cloud != NULL ? scene->cloud : &scene->facts->sender.host;
	return scene->claims_person && scene->is_freemail && scene->has_carrier ? host : NULL;
}

static bool known_name_elsewhere_carrier(const struct judge_scene *scene)
{
	return scene->claims_person && !scene->is_freemail && scene->has_carrier;
}

static bool known_name_confusable(const struct judge_scene *scene)
{
	return scene->claims_person && scene->facts->identity.name_match == NAME_CONFUSABLE;
}

static bool known_name_freemail(const struct judge_scene *scene)
{
	return scene->claims_person && scene->is_freemail;
}

static const struct mail_host *reply_to_takes_person(const struct judge_scene *scene)
{
	const struct mail_facts *facts = scene->facts;
	bool is_person = facts->identity.is_known_address || facts->identity.reply_to_match >= NAME_SAME_READING ||
		facts->identity.name_match >= NAME_SAME_READING || (facts->sender.host.host_traits & HOST_PROTECTED) != 0;
	const struct mail_host *host = &facts->sender.reply_host;
	return is_person && (facts->sender.traits & SENDER_REPLY_TO_FREEMAIL) != 0 && !facts->identity.is_reply_to_known ? host : NULL;
}

static bool known_account_other_hand(const struct judge_scene *scene)
{
	const struct relation_facts *relation = &scene->facts->relation;
	return scene->is_acquainted && relation->profile_count >= PROFILE_MAILS && relation->profile_distance >= PROFILE_FAR &&
		scene->has_carrier;
}

static bool opener_then_carrier(const struct judge_scene *scene)
{
	const struct relation_facts *relation = &scene->facts->relation;
	return relation->is_known && !relation->is_first_contact && relation->days_since_first <= YOUNG_DAYS &&
		relation->mail_count <= YOUNG_MAILS && relation->payload_count == 0 && scene->is_freemail && scene->has_carrier &&
		!scene->facts->identity.is_known_address;
}

static bool stranger_freemail_carrier(const struct judge_scene *scene)
{
	return scene->is_first_contact && scene->is_freemail && (scene->cloud != NULL || scene->has_archive) &&
		!scene->facts->identity.is_known_address;
}

static bool thread_that_never_was(const struct judge_scene *scene)
{
	const struct relation_facts *relation = &scene->facts->relation;
	return scene->is_first_contact && relation->is_thread_unknown && scene->facts->thread.says_reply && scene->has_carrier;
}

static bool like_correspondent(const struct judge_scene *scene)
{
	return scene->facts->relation.is_like_known && !scene->is_acquainted;
}

/** A letter may be chance; it counts with what the mail brings. */
static bool near_correspondent(const struct judge_scene *scene)
{
	return scene->facts->relation.is_near_known && scene->is_first_contact && scene->has_carrier;
}

static bool correspondent_elsewhere(const struct judge_scene *scene)
{
	return scene->facts->relation.is_known_elsewhere && scene->is_first_contact && scene->has_carrier;
}

/** No namesake tells the other's office, or has answers go to another freemail address. */
static bool known_name_more(const struct judge_scene *scene)
{
	return scene->claims_person && scene->is_freemail &&
		(scene->facts->identity.is_titled || (scene->facts->sender.traits & SENDER_REPLY_TO_OTHER) != 0);
}

static bool address_in_name(const struct judge_scene *scene)
{
	return (scene->facts->sender.name_traits & TEXT_ADDRESS) != 0;
}

static const struct judge_rule rules[] = {
	{"lookalike_sender", MAIL_IMPERSONATION, 92, lookalike_sender, NULL,
		"the sender's domain %s is made to be taken for one that is protected", WHOM_HOST},
	{"own_domain_refuted", MAIL_IMPERSONATION, 92, own_domain_refuted, NULL,
		"says to be from the protected domain %s, and our mail server found that it is not", WHOM_HOST},
	{"known_name_freemail_carrier", MAIL_IMPERSONATION, 94, NULL, known_name_freemail_carrier,
		"bears the name of a known person, comes from a freemail address that is not known to be theirs, and brings a file or a "
		"link (%s)", WHOM_NAMED},
	{"known_name_confusable", MAIL_IMPERSONATION, 90, known_name_confusable, NULL,
		"the display name is that of a known person only to the eye: its letters are others; from %s", WHOM_NAMED},
	{"lookalike_reply", MAIL_IMPERSONATION, 88, NULL, lookalike_reply,
		"answers go to %s, which is made to be taken for a protected domain", WHOM_HOST},
	{"lookalike_link", MAIL_IMPERSONATION, 85, NULL, lookalike_link,
		"a link leads to %s, which is made to be taken for a protected domain", WHOM_HOST},
	{"shows_protected", MAIL_IMPERSONATION, 76, NULL, shows_protected,
		"a link shows an address of %s and leads to another organisation, by a sender whom we do not know", WHOM_HOST},
	{"known_address_refuted", MAIL_IMPERSONATION, 88, known_address_refuted, NULL,
		"bears a known person's address of %s, and our mail server found that it is not from there", WHOM_NAMED},
	{"reply_to_takes_person", MAIL_IMPERSONATION, 86, NULL, reply_to_takes_person,
		"bears the name or domain of somebody known, and answers go to a freemail address of %s that is not known to be theirs",
		WHOM_NAMED_OR_REPLY},
	{"known_name_elsewhere_carrier", MAIL_IMPERSONATION, 80, known_name_elsewhere_carrier, NULL,
		"bears the name of a known person, comes from %s where that person is not known to be, and brings a file or a link",
		WHOM_NAMED},
	{"known_account_other_hand", MAIL_HIJACKED, 78, known_account_other_hand, NULL,
		"a known account writes in a way that it never did, and brings a file or a link", WHOM_OWNER},
	{"opener_then_carrier", MAIL_IMPERSONATION, 76, opener_then_carrier, NULL,
		"a freemail sender of a few weeks, with harmless mails so far, now brings a file or a link", WHOM_NAMED},
	{"thread_that_never_was", MAIL_IMPERSONATION, 75, thread_that_never_was, NULL,
		"answers a conversation that never was, from a sender who never wrote, and brings a file or a link", WHOM_NAMED},
	{"like_correspondent", MAIL_IMPERSONATION, 88, like_correspondent, NULL,
		"the sender's domain %s looks like one that wrote to us before, and is another", WHOM_CORRESPONDENT},
	{"near_correspondent", MAIL_IMPERSONATION, 78, near_correspondent, NULL,
		"the sender's domain %s is a letter away from one that wrote to us before, and its first mail brings something to open",
		WHOM_NEAR},
	{"correspondent_elsewhere", MAIL_IMPERSONATION, 70, correspondent_elsewhere, NULL,
		"%s is the name of a domain that wrote to us before, under another suffix, and the first mail brings a file or a link",
		WHOM_CORRESPONDENT},
	{"known_name_more", MAIL_IMPERSONATION, 74, known_name_more, NULL,
		"bears the name of a known person with their office, or with answers going elsewhere, from an address of %s not known to "
		"be theirs", WHOM_NAMED},
	{"known_name_freemail", MAIL_IMPERSONATION, 56, known_name_freemail, NULL,
		"bears the name of a known person, and comes from an address of %s that is not known to be theirs", WHOM_NAMED},
	{"stranger_freemail_carrier", MAIL_IMPERSONATION, 54, stranger_freemail_carrier, NULL,
		"a freemail sender who never wrote before brings an archive or a link to a shared file", WHOM_NAMED},
	{"address_in_name", MAIL_PHISHING, 64, address_in_name, NULL,
		"the display name is an address of another organisation than the sender's %s", WHOM_NAMED},
};

const struct judge_rules judge_identity_rules = {rules, ARRAY_LEN(rules)};
