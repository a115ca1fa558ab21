/*
 * From is read as strictly as a reader sees it: more than one field or more
 * than one mailbox is told, and the last mailbox is not better than the first
 * (RFC 5322 section 3.6.2 allows several with Sender; people do not send that).
 */
#include "mail/address.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/limits.h"
#include "mail/brand.h"
#include "mail/host.h"
#include "mail/lookalike.h"
#include "mail/near.h"

#define TOKEN_LETTERS_MIN 3 /* a shorter part of a name is in any address */

bool address_fold(const char *address, char ret_folded[static ADDRESS_BYTES])
{
	const char *at = strrchr(address, '@');
	ret_folded[0] = '\0';
	if (at == NULL || at == address || at[1] == '\0' || strlen(address) >= ADDRESS_BYTES)
		return false;
	size_t used = 0;
	bool is_tag = false;
	for (const char *from = address; *from != '\0'; from++) {
		is_tag = from < at && (is_tag || (*from == '+' && from > address));
		if (!is_tag)
			ret_folded[used++] = (char)tolower((unsigned char)*from);
	}
	ret_folded[used] = '\0';
	return true;
}

static void text_take(InternetAddress *address, struct address_text *ret_text)
{
	const char *name = internet_address_get_name(address);
	const char *mailbox = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
	if (name != NULL) {
		size_t length = strnlen(name, sizeof(ret_text->name) - 1);
		memcpy(ret_text->name, name, length);
		ret_text->name[length] = '\0';
	}
	if (mailbox != NULL)
		(void)address_fold(mailbox, ret_text->address);
}

/** The first mailbox of a list, groups looked into once. @return how many there are */
static size_t first_take(InternetAddressList *list, struct address_text *ret_text)
{
	size_t found = 0;
	int count = list == NULL ? 0 : internet_address_list_length(list);
	for (int i = 0; i < count && i < LIMIT_MAIL_HEADERS; i++) {
		InternetAddress *address = internet_address_list_get_address(list, i);
		if (!INTERNET_ADDRESS_IS_MAILBOX(address))
			continue;
		if (found++ == 0)
			text_take(address, ret_text);
	}
	return found;
}

static void recipients_take(InternetAddressList *list, struct address_texts *texts)
{
	int count = list == NULL ? 0 : internet_address_list_length(list);
	for (int i = 0; i < count && texts->recipient_count < ADDRESS_RECIPIENTS_MAX; i++) {
		InternetAddress *address = internet_address_list_get_address(list, i);
		if (INTERNET_ADDRESS_IS_GROUP(address))
			continue;
		struct address_text *text = &texts->recipients[texts->recipient_count];
		text_take(address, text);
		texts->recipient_count += text->address[0] != '\0';
	}
}

/** Letters alone, lower case, for a word to be found in. */
static void letters_squash(const char *text, char *ret_letters, size_t letters_bytes)
{
	size_t used = 0;
	for (; *text != '\0' && used + 1 < letters_bytes; text++) {
		if (isalnum((unsigned char)*text))
			ret_letters[used++] = (char)tolower((unsigned char)*text);
	}
	ret_letters[used] = '\0';
}

/** Whether display name and address share a word of three letters; names that are not ASCII are not asked. */
static bool is_unlike(const struct address_text *text)
{
	char squashed[ADDRESS_BYTES], name[LETTERING_BYTES], word[LETTERING_BYTES];
	if (!lettering_is_ascii(text->name))
		return false;
	letters_squash(text->address, squashed, sizeof(squashed));
	letters_squash(text->name, name, sizeof(name));
	size_t longest = 0;
	for (const char *at = text->name; *at != '\0';) {
		size_t length = 0;
		while (isalnum((unsigned char)at[length]))
			length++;
		letters_squash(at, word, length + 1 < sizeof(word) ? length + 1 : sizeof(word));
		longest = length > longest ? length : longest;
		if (length >= TOKEN_LETTERS_MIN && strstr(squashed, word) != NULL)
			return false;
		at += length == 0 ? 1 : length;
	}
	for (const char *at = text->address; *at != '\0';) {
		size_t length = 0;
		while (isalnum((unsigned char)at[length]))
			length++;
		letters_squash(at, word, length + 1 < sizeof(word) ? length + 1 : sizeof(word));
		if (length >= TOKEN_LETTERS_MIN && strstr(name, word) != NULL)
			return false;
		at += length == 0 ? 1 : length;
	}
	return longest >= TOKEN_LETTERS_MIN;
}

static const char *const role_words[] = {"support", "service", "security", "admin", "team", "account", "billing", "notice",
	"notification",
	"alert", "help", "desk", "info", "contact", "noreply", "no-reply", "no_reply", "donotreply", "customer", "payment", "invoice",
	"postmaster", "webmaster", "mailer", "update", "verify", "reward", "office", "department", "delivery", "news", "newsletter",
	"sales",
	"事務局", "窓口", "係", "サポート", "センター", "お客様", "管理", "セキュリティ", "担当", "通知", "自動"};

static bool has_role(const char *folded)
{
	for (size_t i = 0; i < ARRAY_LEN(role_words); i++) {
		if (strstr(folded, role_words[i]) != NULL)
			return true;
	}
	return false;
}

/** A display name that itself holds an address, or the name of a host. */
static unsigned name_address_traits(const struct address_text *text, const struct mail_host *host)
{
	const char *at = strchr(text->name, '@');
	struct mail_host shown;
	if (at == NULL || at == text->name)
		return 0;
	size_t length = 0;
	while (isalnum((unsigned char)at[1 + length]) || at[1 + length] == '.' || at[1 + length] == '-')
		length++;
	if (host_parse(at + 1, length, &shown) != OK || strchr(shown.name, '.') == NULL)
		return 0;
	return host_is_related(&shown, host) ? TEXT_OWN_ADDRESS : TEXT_ADDRESS;
}

static unsigned recipient_traits(const char *folded, const struct address_texts *texts, const struct mail_host *from)
{
	for (size_t i = 0; i < texts->recipient_count; i++) {
		const char *at = strchr(texts->recipients[i].address, '@');
		struct mail_host host;
		if (at == NULL || host_parse(at + 1, strlen(at + 1), &host) != OK || host_is_related(&host, from) ||
			(host.host_traits & HOST_FREEMAIL) != 0)
			continue;
		char label[64];
		size_t length = strcspn(host_registrable(&host), ".");
		if (length < 4 || length >= sizeof(label))
			continue;
		memcpy(label, host_registrable(&host), length);
		label[length] = '\0';
		if (strstr(folded, label) != NULL)
			return TEXT_RECIPIENT;
	}
	return 0;
}

static void name_look(const struct address_texts *texts, struct mail_facts *facts)
{
	const struct address_text *from = &texts->from;
	char folded[LETTERING_BYTES];
	if (from->name[0] == '\0') {
		facts->sender.traits |= SENDER_NO_NAME;
		return;
	}
	lettering_fold(from->name, folded);
	unsigned traits = lettering_traits(from->name) | name_address_traits(from, &facts->sender.host) |
		recipient_traits(folded, texts, &facts->sender.host);
	size_t brand = brand_find(from->name);
	if (brand != BRAND_NONE && !brand_owns(brand, host_registrable(&facts->sender.host)))
		traits |= TEXT_BRAND;
	if (has_role(folded))
		traits |= TEXT_ROLE;
	facts->sender.name_traits = traits;
	if (is_unlike(from))
		facts->sender.traits |= SENDER_NAME_UNLIKE_ADDRESS;
	struct mail_host shown;
	if (strchr(folded, '.') != NULL && strchr(folded, ' ') == NULL && strchr(folded, '@') == NULL &&
		host_parse(folded, strlen(folded), &shown) == OK && strchr(host_registrable(&shown), '.') != NULL &&
		(shown.host_traits & HOST_IP) == 0 &&
		!host_is_related(&shown, &facts->sender.host) && host_is_icann(&shown))
		facts->sender.traits |= SENDER_NAME_HOST;
}

/** From's domain and local part. */
static void from_look(const struct address_texts *texts, const struct pseudonym_key *key, struct mail_facts *facts)
{
	const char *address = texts->from.address, *at = strrchr(address, '@');
	if (at == NULL || host_parse(at + 1, strlen(at + 1), &facts->sender.host) != OK) {
		facts->sender.traits |= SENDER_NO_FROM;
		return;
	}
	struct mail_host *host = &facts->sender.host;
	const char *registrable = host_registrable(host);
	if (strchr(registrable, '.') == NULL)
		facts->sender.traits |= SENDER_BAD_DOMAIN;
	size_t brand = brand_find_label(host->name);
	if (brand != BRAND_NONE && !brand_owns(brand, registrable))
		host->host_traits |= HOST_BRAND_LABEL;
	facts->sender.address = pseudonym_make(key, PSEUDONYM_ADDRESS, address, strlen(address));
	facts->identity.account = pseudonym_make(key, PSEUDONYM_ACCOUNT, address, strlen(address));
	facts->sender.domain = pseudonym_make(key, PSEUDONYM_DOMAIN, registrable, strlen(registrable));
	char local[ADDRESS_BYTES], eye[64];
	lookalike_eye(host, eye);
	near_make(key, host, &facts->sender.near);
	if ((host->host_traits & (HOST_FREEMAIL | HOST_FREE_HOSTING | HOST_IP)) == 0 && eye[0] != '\0') {
		facts->sender.eye = pseudonym_make(key, PSEUDONYM_LABEL, eye, strlen(eye));
		facts->identity.like_label = pseudonym_make(key, PSEUDONYM_POSED_LABEL, eye, strlen(eye));
		facts->sender.label = pseudonym_make(key, PSEUDONYM_LABEL, registrable, strcspn(registrable, "."));
	}
	size_t length = (size_t)(at - address);
	memcpy(local, address, length);
	local[length] = '\0';
	if (host_is_random_word(local, length))
		facts->sender.traits |= SENDER_LOCAL_RANDOM;
	if (has_role(local))
		facts->sender.traits |= SENDER_LOCAL_ROLE;
	brand = brand_find_label(local);
	if (brand != BRAND_NONE && !brand_owns(brand, registrable))
		facts->sender.traits |= SENDER_LOCAL_BRAND;
}

static void reply_look(const struct address_texts *texts, const struct pseudonym_key *key, struct mail_facts *facts)
{
	const char *address = texts->reply_to.address, *at = strrchr(address, '@');
	if (at == NULL || host_parse(at + 1, strlen(at + 1), &facts->sender.reply_host) != OK) {
		facts->sender.reply_host.name[0] = '\0';
		return;
	}
	facts->sender.reply_to = pseudonym_make(key, PSEUDONYM_ADDRESS, address, strlen(address));
	const struct mail_host *reply = &facts->sender.reply_host, *from = &facts->sender.host;
	if (!host_is_related(from, reply))
		facts->sender.traits |= SENDER_REPLY_TO_OTHER;
	if ((reply->host_traits & HOST_FREEMAIL) != 0 && (from->host_traits & HOST_FREEMAIL) == 0)
		facts->sender.traits |= SENDER_REPLY_TO_FREEMAIL;
}

static size_t from_count(GMimeMessage *message)
{
	GMimeHeaderList *headers = g_mime_object_get_header_list(GMIME_OBJECT(message));
	int count = g_mime_header_list_get_count(headers);
	size_t found = 0;
	for (int i = 0; i < count; i++)
		found += strcasecmp(g_mime_header_get_name(g_mime_header_list_get_header_at(headers, i)), "From") == 0;
	return found;
}

static void recipients_note(const struct address_texts *texts, const struct mail_envelope *envelope,
	const struct pseudonym_key *key,
	struct mail_facts *facts)
{
	size_t used = 0;
	char folded[ADDRESS_BYTES];
	for (size_t i = 0; i < envelope->recipient_count && used < ARRAY_LEN(facts->recipients); i++) {
		if (address_fold(envelope->recipients[i], folded))
			facts->recipients[used++] = pseudonym_make(key, PSEUDONYM_ADDRESS, folded, strlen(folded));
	}
	const char *first = texts->recipient_count > 0 ? texts->recipients[0].address :
		envelope->recipient_count > 0 ? envelope->recipients[0] : "";
	const char *at = strrchr(first, '@');
	struct mail_host host;
	if (at != NULL && host_parse(at + 1, strlen(at + 1), &host) == OK)
		memcpy(facts->recipient_domain, host_registrable(&host), strlen(host_registrable(&host)) + 1);
	bool is_self = texts->recipient_count > 0;
	for (size_t i = 0; i < texts->recipient_count; i++) {
		const char *address = texts->recipients[i].address;
		is_self = is_self && strcmp(address, texts->from.address) == 0;
		if (envelope->recipient_count == 0 && used < ARRAY_LEN(facts->recipients))
			facts->recipients[used++] = pseudonym_make(key, PSEUDONYM_ADDRESS, address, strlen(address));
	}
	if (texts->recipient_count == 0)
		facts->sender.traits |= SENDER_RECIPIENTS_HIDDEN;
	if (is_self)
		facts->sender.traits |= SENDER_TO_SELF;
}

void address_read(GMimeMessage *message, const struct mail_envelope *envelope, const struct pseudonym_key *key,
	struct address_texts *ret_texts, struct mail_facts *facts)
{
	*ret_texts = (struct address_texts){.recipient_count = 0};
	size_t from = first_take(g_mime_message_get_from(message), &ret_texts->from);
	(void)first_take(g_mime_message_get_reply_to(message), &ret_texts->reply_to);
	recipients_take(g_mime_message_get_addresses(message, GMIME_ADDRESS_TYPE_TO), ret_texts);
	recipients_take(g_mime_message_get_addresses(message, GMIME_ADDRESS_TYPE_CC), ret_texts);
	if (from > 1 || from_count(message) > 1)
		facts->sender.traits |= SENDER_MANY_FROM;
	from_look(ret_texts, key, facts);
	reply_look(ret_texts, key, facts);
	name_look(ret_texts, facts);
	recipients_note(ret_texts, envelope, key, facts);
}
