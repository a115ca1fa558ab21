/*
 * Mails that pose as a service, or hide where their links lead. None of these
 * looks at dates, at what servers wrote on the way, at style sheets, or at
 * whether there is HTML: that would tell years apart, and not mails.
 */
#include "mail/judge_rule.h"

#include <string.h>

#include "mail/host.h"

#define LURES_MANY 3 /* words of the lexicon; fewer are in any letter */

static bool is_office(const struct judge_scene *scene)
{
	return (scene->facts->sender.traits & SENDER_LOCAL_ROLE) != 0 || (scene->facts->sender.name_traits & TEXT_ROLE) != 0;
}

static bool brand_name(const struct judge_scene *scene)
{
	return (scene->facts->sender.name_traits & TEXT_BRAND) != 0 && !scene->is_answer;
}

static bool brand_name_answer(const struct judge_scene *scene)
{
	return (scene->facts->sender.name_traits & TEXT_BRAND) != 0 && scene->leads_elsewhere;
}

static bool brand_subject(const struct judge_scene *scene)
{
	return (scene->facts->subject_traits & TEXT_BRAND) != 0 && is_office(scene) &&
		((scene->leads_elsewhere && scene->is_narrow) || !scene->has_links) &&
		!scene->is_answer;
}

static const struct mail_host *brand_host(const struct judge_scene *scene)
{
	const struct mail_host *host = judge_host_find(scene->facts, HOST_BRAND_LABEL, 0);
	return host != NULL && scene->leads_elsewhere && scene->is_narrow && !scene->is_answer ? host : NULL;
}

static bool brand_sender(const struct judge_scene *scene)
{
	return (scene->facts->sender.host.host_traits & HOST_BRAND_LABEL) != 0 ||
		(scene->facts->sender.traits & SENDER_LOCAL_BRAND) != 0;
}

static bool no_sender(const struct judge_scene *scene)
{
	return (scene->facts->sender.traits & SENDER_NO_FROM) != 0 && scene->facts->host_count > 0;
}

static bool many_senders(const struct judge_scene *scene)
{
	return (scene->facts->sender.traits & SENDER_MANY_FROM) != 0;
}

static bool no_such_domain(const struct judge_scene *scene)
{
	return (scene->facts->sender.traits & SENDER_BAD_DOMAIN) != 0 && strcmp(scene->facts->sender.host.name,
		scene->facts->recipient_domain) != 0 &&
		scene->leads_elsewhere;
}

static bool odd_letters(const struct judge_scene *scene)
{
	const uint32_t odd = TEXT_MIXED_SCRIPT | TEXT_STYLED_LETTERS | TEXT_INVISIBLE | TEXT_DIRECTION;
	return ((scene->facts->sender.name_traits | scene->facts->subject_traits) & odd) != 0;
}

static const struct mail_host *mixed_script_host(const struct judge_scene *scene)
{
	const struct mail_host *sender = &scene->facts->sender.host;
	return (sender->host_traits & HOST_MIXED_SCRIPT) != 0 ? sender : judge_host_find(scene->facts, HOST_MIXED_SCRIPT, 0);
}

static bool split_words(const struct judge_scene *scene)
{
	return (scene->facts->html.traits & HTML_SPLIT_WORDS) != 0 && scene->leads_elsewhere && scene->is_narrow;
}

static const struct mail_host *userinfo(const struct judge_scene *scene)
{
	return judge_host_find(scene->facts, 0, LINK_USERINFO);
}

static bool data_link(const struct judge_scene *scene)
{
	return (scene->facts->html.traits & HTML_DATA_LINK) != 0;
}

static const struct mail_host *reply_to_freemail(const struct judge_scene *scene)
{
	const struct mail_host *host = &scene->facts->sender.reply_host;
	return (scene->facts->sender.traits & SENDER_REPLY_TO_FREEMAIL) != 0 && !scene->is_acquainted ? host : NULL;
}

static bool sender_on_free_page(const struct judge_scene *scene)
{
	return (scene->facts->sender.host.host_traits & HOST_FREE_HOSTING) != 0 && scene->leads_elsewhere && !scene->is_acquainted &&
		(is_office(scene) || (scene->facts->sender.traits & SENDER_LOCAL_RANDOM) != 0);
}

static bool random_sender(const struct judge_scene *scene)
{
	return (scene->facts->sender.host.host_traits & (HOST_RANDOM | HOST_DEEP)) != 0 && scene->leads_elsewhere &&
		!scene->is_acquainted;
}

static const struct mail_host *hidden_target(const struct judge_scene *scene)
{
	const struct mail_host *host = judge_host_find(scene->facts, HOST_SHORTENER, 0);
	return host != NULL && (host->link_traits & (LINK_ANCHOR | LINK_FORM | LINK_QR | LINK_FILE)) != 0 &&
		scene->leads_elsewhere && scene->is_narrow &&
		!scene->is_answer ? host : NULL;
}

static const struct mail_host *free_page(const struct judge_scene *scene)
{
	const struct mail_host *host = judge_host_find(scene->facts, HOST_FREE_HOSTING, 0);
	return host != NULL && (host->link_traits & (LINK_ANCHOR | LINK_FORM | LINK_QR | LINK_FILE)) != 0 &&
		scene->leads_elsewhere && scene->is_narrow &&
		!scene->is_acquainted ? host : NULL;
}

static const struct mail_host *cheap_place(const struct judge_scene *scene)
{
	const struct mail_host *host = judge_host_find(scene->facts, HOST_CHEAP_TLD, 0);
	return host != NULL && scene->leads_elsewhere && scene->is_narrow && !scene->is_acquainted && !scene->is_answer ? host : NULL;
}

static const struct mail_host *shared_file(const struct judge_scene *scene)
{
	const struct mail_host *host = scene->cloud;
	return scene->cloud != NULL && scene->leads_elsewhere && scene->is_narrow && !scene->facts->relation.is_known &&
		!scene->is_answer &&
		(is_office(scene) || (scene->facts->sender.traits & SENDER_NAME_UNLIKE_ADDRESS) != 0) ? host : NULL;
}

static const struct mail_host *numbered_place(const struct judge_scene *scene)
{
	const struct mail_host *host = judge_host_find(scene->facts, HOST_IP, 0);
	return host != NULL && scene->leads_elsewhere && scene->is_narrow && !scene->is_acquainted && !scene->is_answer &&
		(is_office(scene) || (scene->facts->sender.traits & SENDER_NAME_UNLIKE_ADDRESS) != 0) ? host : NULL;
}

static const struct mail_host *shows_other(const struct judge_scene *scene)
{
	const struct mail_host *host = judge_host_find(scene->facts, 0, LINK_SHOWS_OTHER);
	return host != NULL && scene->leads_elsewhere && scene->is_narrow ? host : NULL;
}

static bool office_of_nobody(const struct judge_scene *scene)
{
	return (scene->facts->sender.traits & SENDER_LOCAL_ROLE) != 0 &&
		(scene->facts->sender.traits & SENDER_NAME_UNLIKE_ADDRESS) != 0 &&
		scene->leads_elsewhere && scene->is_narrow && !scene->is_answer && !scene->is_acquainted;
}

static bool office_leads_elsewhere(const struct judge_scene *scene)
{
	return (scene->facts->sender.traits & SENDER_LOCAL_ROLE) != 0 && scene->leads_elsewhere && scene->is_narrow &&
		scene->leads_one_place && !scene->is_answer &&
		!scene->is_acquainted;
}

static bool nobody_in_borrowed_pictures(const struct judge_scene *scene)
{
	return (scene->facts->sender.traits & SENDER_NAME_UNLIKE_ADDRESS) != 0 && scene->leads_elsewhere && scene->is_narrow &&
		scene->borrows_pictures && !scene->is_answer && !scene->is_acquainted && !scene->is_freemail;
}

static bool host_as_name(const struct judge_scene *scene)
{
	return (scene->facts->sender.traits & SENDER_NAME_HOST) != 0;
}

static bool name_of_recipient(const struct judge_scene *scene)
{
	return (scene->facts->sender.name_traits & TEXT_RECIPIENT) != 0 && (scene->leads_elsewhere || is_office(scene));
}

static const struct mail_host *picture_alone(const struct judge_scene *scene)
{
	const struct mail_host *host = judge_host_find(scene->facts, 0, LINK_PICTURE);
	return (scene->facts->html.traits & HTML_IMAGE_ONLY) != 0 && scene->leads_elsewhere && scene->is_narrow &&
		!scene->is_acquainted && host != NULL ? host : NULL;
}

static const struct mail_host *answers_to_cheap_place(const struct judge_scene *scene)
{
	const struct mail_host *host = &scene->facts->sender.reply_host;
	return (scene->facts->sender.traits & SENDER_REPLY_TO_OTHER) != 0 && !scene->is_acquainted &&
		(host->host_traits & (HOST_CHEAP_TLD | HOST_FREE_HOSTING | HOST_PUNYCODE)) != 0 ? host : NULL;
}

static bool words_of_lures(const struct judge_scene *scene)
{
	return scene->facts->lure_count >= LURES_MANY && scene->leads_elsewhere && scene->is_narrow && scene->is_stranger &&
		!scene->is_answer;
}

static bool hidden_recipients(const struct judge_scene *scene)
{
	return (scene->facts->sender.traits & SENDER_RECIPIENTS_HIDDEN) != 0 && scene->leads_elsewhere && scene->is_narrow &&
		scene->leads_one_place &&
		!scene->is_acquainted && !scene->is_answer && (scene->facts->sender.traits & SENDER_NAME_UNLIKE_ADDRESS) != 0;
}

static const struct judge_rule rules[] = {
	{"brand_name", MAIL_PHISHING, 78, brand_name, NULL,
		"the display name is that of a service to which the sender's domain %s does not belong"},
	{"brand_name_answer", MAIL_PHISHING, 74, brand_name_answer, NULL,
		"the display name is that of a service to which neither the sender's domain %s nor the links belong"},
	{"brand_sender", MAIL_PHISHING, 76, brand_sender, NULL,
		"the sender's address names a service to which its domain %s does not belong"},
	{"brand_host", MAIL_PHISHING, 74, NULL, brand_host, "a link leads to %s, which names a service to which it does not belong"},
	{"userinfo", MAIL_PHISHING, 80, NULL, userinfo, "a link shows a name before an @ and leads to %s"},
	{"data_link", MAIL_PHISHING, 78, data_link, NULL, "a link holds the page or program itself"},
	{"no_sender", MAIL_PHISHING, 72, no_sender, NULL, "no sender can be read from the header, and there are links to follow"},
	{"many_senders", MAIL_PHISHING, 72, many_senders, NULL, "more than one sender is given"},
	{"odd_letters", MAIL_PHISHING, 70, odd_letters, NULL,
		"name or subject are written in letters that only look like letters; from %s"},
	{"mixed_script_host", MAIL_PHISHING, 82, NULL, mixed_script_host,
		"the name %s joins letters of scripts that no language joins, and so looks like another"},
	{"shows_other", MAIL_PHISHING, 57, NULL, shows_other, "a link shows the address of another organisation, and leads to %s"},
	{"split_words", MAIL_PHISHING, 66, split_words, NULL,
		"signs that nobody sees stand within the words, and the links lead elsewhere"},
	{"sender_on_free_page", MAIL_PHISHING, 68, sender_on_free_page, NULL, "an office that writes from %s, where anybody may"},
	{"no_such_domain", MAIL_PHISHING, 66, no_such_domain, NULL, "the sender's domain %s is none that could be answered"},
	{"reply_to_freemail", MAIL_PHISHING, 66, NULL, reply_to_freemail,
		"answers go to a freemail address at %s, and the sender has a domain of its own"},
	{"random_sender", MAIL_PHISHING, 64, random_sender, NULL,
		"the sender's domain %s is no word that a person chose, and the links lead elsewhere"},
	{"numbered_place", MAIL_PHISHING, 57, NULL, numbered_place, "a link leads to the number %s and not to a name"},
	{"hidden_target", MAIL_PHISHING, 64, NULL, hidden_target, "a link hides its target behind %s, and none leads to the sender"},
	{"free_page", MAIL_PHISHING, 64, NULL, free_page,
		"a link leads to %s, where anybody may put a page, and none leads to the sender"},
	{"cheap_place", MAIL_PHISHING, 62, NULL, cheap_place,
		"a link leads to %s, a kind of domain that is abused more than used, and none to the sender"},
	{"shared_file", MAIL_PHISHING, 62, NULL, shared_file, "an office shares a file at %s, and none of its links leads to itself"},
	{"name_of_recipient", MAIL_PHISHING, 66, name_of_recipient, NULL, "poses as the recipient's own organisation, from %s"},
	{"host_as_name", MAIL_PHISHING, 64, host_as_name, NULL, "the display name is a host's, and not that of the sender %s"},
	{"office_of_nobody", MAIL_PHISHING, 63, office_of_nobody, NULL,
		"an office whose name has no word in common with its address at %s, and whose links all lead elsewhere"},
	{"brand_subject", MAIL_PHISHING, 66, brand_subject, NULL,
		"an office at %s writes about a service that it is not, and its links lead elsewhere"},
	{"borrowed_pictures", MAIL_PHISHING, 62, nobody_in_borrowed_pictures, NULL,
		"a name that has no word in common with its address at %s, with all pictures and links from elsewhere"},
	{"office_leads_elsewhere", MAIL_PHISHING, 61, office_leads_elsewhere, NULL,
		"an office at %s whose links all lead to one other organisation"},
	{"picture_alone", MAIL_PHISHING, 62, NULL, picture_alone, "hardly any letters, and a picture to press that leads to %s"},
	{"answers_to_cheap_place", MAIL_PHISHING, 62, NULL, answers_to_cheap_place,
		"answers go to another organisation's domain %s, a kind that is abused more than used"},
	{"words_of_lures", MAIL_PHISHING, 61, words_of_lures, NULL,
		"many words that press or lure, and links that all lead elsewhere; from %s"},
	{"hidden_recipients", MAIL_PHISHING, 61, hidden_recipients, NULL,
		"shows no recipient, and all its links lead from %s to one other organisation"},
};

const struct judge_rules judge_phishing_rules = {rules, ARRAY_LEN(rules)};
