/*
 * People in arrays that are made once, and sorted: forms of names, addresses,
 * protected domains. A mail's display name is read in all its forms, each
 * looked up by its hash; an equal form of an equal kind is a match.
 *
 * People of one name are told by their count, and what is known of any of them
 * counts for all: who has the address of one 佐藤 is not posing as another.
 */
#include "mail/people.h"

#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/conf.h"
#include "core/limits.h"
#include "mail/host.h"
#include "mail/lookalike.h"
#include "mail/name.h"
#include "mail/people_file.h"

struct known_form {
	uint64_t hash;
	uint32_t person;
	enum name_form_kind kind;
	bool is_eye; /* of the name as the eye reads it */
};

struct known_address {
	char *address; /* folded; owned */
	uint32_t person;
};

struct known_person {
	char family[PERSON_TEXT_BYTES], title[PERSON_TEXT_BYTES], organisation[PERSON_TEXT_BYTES];
	uint8_t name[crypto_generichash_BYTES_MIN]; /* digest of the name, folded */
	bool is_staff;
};

struct people {
	struct known_form *forms;
	size_t form_count, form_room;
	struct known_address *addresses;
	size_t address_count, address_room;
	struct known_person *persons;
	size_t person_count, person_room;
	struct lookalike *domains;
	size_t domain_count, domain_room;
	size_t own_count; /* the first of domains: our own */
};

/** Room for one more in an array. @return OK or E_NOMEM */
static int room_make(void **array, size_t count, size_t *room, size_t each_bytes)
{
	if (count < *room)
		return OK;
	size_t wanted = *room == 0 ? 64 : *room * 2;
	void *made = reallocarray(*array, wanted, each_bytes);
	if (made == NULL)
		return E_NOMEM;
	*array = made;
	*room = wanted;
	return OK;
}

static int form_compare(const void *one, const void *other)
{
	const struct known_form *a = one, *b = other;
	return a->hash < b->hash ? -1 : a->hash > b->hash;
}

static int address_compare(const void *one, const void *other)
{
	return strcmp(((const struct known_address *)one)->address, ((const struct known_address *)other)->address);
}

static int forms_add(struct people *people, const struct name_forms *forms, uint32_t person, bool is_eye)
{
	for (size_t i = 0; i < forms->count; i++) {
		int err = room_make((void **)&people->forms, people->form_count, &people->form_room, sizeof(*people->forms));
		if (err != OK)
			return err;
		people->forms[people->form_count++] = (struct known_form){
			.hash = forms->forms[i].hash, .person = person, .kind = forms->forms[i].kind, .is_eye = is_eye};
	}
	return OK;
}

static int domain_add(struct people *people, const char *domain)
{
	struct lookalike made;
	struct mail_host host;
	if (host_parse(domain, strlen(domain), &host) != OK || (host.host_traits & (HOST_FREEMAIL | HOST_FREE_HOSTING)) != 0 ||
		lookalike_init(domain, &made) != OK)
		return OK; /* nobody's domain can be looked like */
	for (size_t i = 0; i < people->domain_count; i++) {
		if (strcmp(people->domains[i].domain, made.domain) == 0)
			return OK;
	}
	int err = room_make((void **)&people->domains, people->domain_count, &people->domain_room, sizeof(*people->domains));
	if (err == OK)
		people->domains[people->domain_count++] = made;
	return err;
}

static int address_add(struct people *people, const char *text, uint32_t person)
{
	char folded[ADDRESS_BYTES];
	if (!address_fold(text, folded))
		return OK;
	int err = room_make((void **)&people->addresses, people->address_count, &people->address_room, sizeof(*people->addresses));
	char *copy = err == OK ? strdup(folded) : NULL;
	if (copy == NULL)
		return E_NOMEM;
	people->addresses[people->address_count++] = (struct known_address){.address = copy, .person = person};
	return domain_add(people, strrchr(copy, '@') + 1);
}

/** Splits "山田 太郎" at its only space; else family stays empty. */
static void whole_split(const char *whole, char ret_family[static PERSON_TEXT_BYTES], char ret_given[static PERSON_TEXT_BYTES])
{
	char plain[LETTERING_BYTES];
	lettering_fold(whole, plain);
	const char *space = strchr(plain, ' ');
	ret_family[0] = '\0';
	if (space != NULL && strchr(space + 1, ' ') == NULL) {
		size_t length = (size_t)(space - plain);
		memcpy(ret_family, plain, length < PERSON_TEXT_BYTES ? length : 0);
		ret_family[length < PERSON_TEXT_BYTES ? length : 0] = '\0';
		whole = space + 1;
	}
	size_t length = strnlen(whole, PERSON_TEXT_BYTES - 1);
	memcpy(ret_given, whole, length);
	ret_given[length] = '\0';
}

/** One spelling of a person's name, and the same as the eye reads it. */
static int name_add(struct people *people, uint32_t person, const char *family, const char *given)
{
	struct name_forms forms = {.count = 0}, eye = {.count = 0};
	char eye_family[LETTERING_BYTES], eye_given[LETTERING_BYTES];
	if (family[0] == '\0' && given[0] == '\0')
		return OK;
	name_forms_of_person(family, given, &forms);
	name_eye(family, eye_family);
	name_eye(given, eye_given);
	name_forms_of_person(eye_family, eye_given, &eye);
	int err = forms_add(people, &forms, person, false);
	return err == OK ? forms_add(people, &eye, person, true) : err;
}

/** By what a person is told from others: the name as the directory has it first, without spacing; else an address. */
static void person_digest(const struct person *person, uint8_t ret_digest[static crypto_generichash_BYTES_MIN])
{
	char whole[2 * PERSON_TEXT_BYTES], folded[LETTERING_BYTES], words[LETTERING_BYTES];
	const char *name = person->family[0] != '\0' || person->given[0] != '\0' ? whole
		: person->name[0] != '\0' ? person->name
		: person->romaji[0] != '\0' ? person->romaji
		: person->kana[0] != '\0' ? person->kana : person->addresses[0];
	(void)snprintf(whole, sizeof(whole), "%s%s", person->family, person->given);
	lettering_fold(name, folded);
	size_t used = 0;
	for (const char *at = folded; *at != '\0'; at++) {
		if (*at != ' ')
			words[used++] = *at;
	}
	(void)crypto_generichash(ret_digest, crypto_generichash_BYTES_MIN, (const uint8_t *)words, used, NULL, 0);
}

static int person_take(void *context, const struct person *person)
{
	struct people *people = context;
	uint32_t at = (uint32_t)people->person_count;
	char family[PERSON_TEXT_BYTES], given[PERSON_TEXT_BYTES];
	if (people->person_count >= LIMIT_MAIL_PEOPLE)
		return E_LIMIT;
	int err = room_make((void **)&people->persons, people->person_count, &people->person_room, sizeof(*people->persons));
	if (err != OK)
		return err;
	struct known_person *known = &people->persons[people->person_count++];
	*known = (struct known_person){.is_staff = strncmp(person->kind, "staff", 5) == 0 || strcmp(person->kind, "職員") == 0};
	person_digest(person, known->name);
	memcpy(known->title, person->title, sizeof(known->title));
	memcpy(known->organisation, person->organisation, sizeof(known->organisation));
	if (person->family[0] != '\0') {
		memcpy(known->family, person->family, sizeof(known->family));
		err = name_add(people, at, person->family, person->given);
	}
	if (err == OK && person->name[0] != '\0') {
		whole_split(person->name, family, given);
		err = name_add(people, at, family, given);
		if (known->family[0] == '\0')
			memcpy(known->family, family, sizeof(known->family));
	}
	if (err == OK && person->kana[0] != '\0') {
		whole_split(person->kana, family, given);
		err = name_add(people, at, family, given);
	}
	if (err == OK)
		err = name_add(people, at, person->family_kana, person->given_kana);
	if (err == OK && person->family[0] != '\0' && person->given_kana[0] != '\0')
		err = name_add(people, at, person->family, person->given_kana);
	if (err == OK && person->romaji[0] != '\0') {
		whole_split(person->romaji, family, given);
		err = name_add(people, at, family, given);
	}
	for (size_t i = 0; err == OK && i < person->address_count; i++)
		err = address_add(people, person->addresses[i], at);
	return err;
}

int people_load(const char *path, const char *const *domains, size_t domain_count, struct people **ret_people,
	char ret_why[static WHY_BYTES])
{
	struct people *people = calloc(1, sizeof(*people));
	char complaint[CONF_COMPLAINT_BYTES], *text = NULL;
	size_t length_bytes = 0, line = 0;
	int err = people == NULL ? E_NOMEM : OK;
	for (size_t i = 0; err == OK && i < domain_count; i++)
		err = domain_add(people, domains[i]);
	if (err == OK)
		people->own_count = people->domain_count;
	if (err == OK && path != NULL)
		err = conf_read(path, &text, &length_bytes, complaint);
	if (err == E_SYS) {
		(void)why_refuse(ret_why, err, path, "cannot be read, or is larger than a directory may be");
	} else if (err == OK && path != NULL) {
		err = people_file_parse(text, length_bytes, person_take, people, &line);
		if (err == E_UNSUPPORTED)
			err = why_refuse(ret_why, E_CONFIG, path, "is no LDIF, vCard, or CSV with a column name, family or romaji");
		else if (err == E_MALFORMED)
			err = why_refuse(ret_why, E_CONFIG, path, "a quote is not closed");
		else if (err == E_LIMIT)
			err = why_refuse(ret_why, E_CONFIG, path, "has more people than LIMIT_MAIL_PEOPLE");
	}
	free(text);
	if (err != OK) {
		people_free(people);
		return err;
	}
	if (people->form_count > 0)
		qsort(people->forms, people->form_count, sizeof(*people->forms), form_compare);
	if (people->address_count > 0)
		qsort(people->addresses, people->address_count, sizeof(*people->addresses), address_compare);
	*ret_people = people;
	return OK;
}

void people_free(struct people *people)
{
	if (people == NULL)
		return;
	for (size_t i = 0; i < people->address_count; i++)
		free(people->addresses[i].address);
	free(people->forms);
	free(people->addresses);
	free(people->persons);
	free(people->domains);
	free(people);
}

struct people_counts people_count(const struct people *people)
{
	return (struct people_counts){.people = people->person_count, .addresses = people->address_count, .forms = people->form_count,
		.domains = people->domain_count};
}

/** The first entry of an address; entries of equal addresses follow. */
static size_t address_find(const struct people *people, const char *address)
{
	size_t low = 0, high = people->address_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (strcmp(people->addresses[middle].address, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/** Who has an address: the first of them. NULL: nobody. */
static const struct known_person *address_owner(const struct people *people, const char *address)
{
	size_t at = address_find(people, address);
	if (address[0] == '\0' || at >= people->address_count || strcmp(people->addresses[at].address, address) != 0)
		return NULL;
	return &people->persons[people->addresses[at].person];
}

/** Who has the address that stands within a display name. NULL: nobody, or there is none. */
static const struct known_person *named_owner(const struct people *people, const char *name)
{
	static const char signs[] = "._%+-"; /* of a local part, beside letters and digits */
	char inside[ADDRESS_BYTES], folded[ADDRESS_BYTES];
	const char *at = strchr(name, '@'), *from = at, *to = at;
	while (from != NULL && from > name && (isalnum((unsigned char)from[-1]) || strchr(signs, from[-1]) != NULL))
		from--;
	while (to != NULL && (isalnum((unsigned char)to[1]) || to[1] == '.' || to[1] == '-'))
		to++;
	if (at == NULL || (size_t)(to - from) + 1 >= sizeof(inside))
		return NULL;
	memcpy(inside, from, (size_t)(to - from) + 1);
	inside[to - from + 1] = '\0';
	return address_fold(inside, folded) ? address_owner(people, folded) : NULL;
}

static uint64_t person_pseudonym(const struct pseudonym_key *key, const struct known_person *person)
{
	return person != NULL ? pseudonym_make(key, PSEUDONYM_PERSON, person->name, sizeof(person->name)) : 0;
}

/** Whether a domain is that of an address of a person. */
static bool is_domain_of(const struct people *people, uint32_t person, const struct mail_host *host)
{
	if ((host->host_traits & (HOST_FREEMAIL | HOST_FREE_HOSTING)) != 0)
		return false;
	for (size_t i = 0; i < people->address_count; i++) {
		struct mail_host own;
		const char *domain = strrchr(people->addresses[i].address, '@') + 1;
		if (people->addresses[i].person == person && host_parse(domain, strlen(domain), &own) == OK && host_is_related(&own, host))
			return true;
	}
	return false;
}

struct match {
	enum name_match best;
	uint16_t count; /* people */
	bool is_domain_known, is_staff, is_titled;
	uint32_t last_person;
	uint32_t best_person; /* of the best match; of several the first in the directory */
};

/** Whether a display name holds a word of a text about a person: two signs of kanji or kana, or four letters. */
static bool has_word_of(const char *folded, const char *about)
{
	char words[LETTERING_BYTES];
	lettering_fold(about, words);
	for (char *at = words, *rest = NULL; (at = strtok_r(at, " /,;|()", &rest)) != NULL; at = NULL) {
		size_t length = strlen(at);
		bool is_word = (unsigned char)at[0] >= 0x80 ? length >= 6 : length >= 4;
		if (is_word && strstr(folded, at) != NULL)
			return true;
	}
	return false;
}

static bool is_titled(const struct known_person *person, const char *text)
{
	char folded[LETTERING_BYTES];
	lettering_fold(text, folded);
	return has_word_of(folded, person->title) || has_word_of(folded, person->organisation);
}

static void forms_match(const struct people *people, const char *text, const struct name_forms *forms, bool is_eye,
	const struct mail_host *host, struct match *match)
{
	for (size_t i = 0; i < forms->count; i++) {
		size_t low = 0, high = people->form_count;
		while (low < high) {
			size_t middle = (low + high) / 2;
			if (people->forms[middle].hash < forms->forms[i].hash)
				low = middle + 1;
			else
				high = middle;
		}
		for (; low < people->form_count && people->forms[low].hash == forms->forms[i].hash; low++) {
			const struct known_form *known = &people->forms[low];
			if (known->kind != forms->forms[i].kind || known->is_eye != is_eye)
				continue;
			enum name_match found = is_eye ? NAME_CONFUSABLE : known->kind == NAME_FORM_SCRIPT ? NAME_EQUAL : NAME_SAME_READING;
			if (match->count == 0 || found > match->best || (found == match->best && known->person < match->best_person))
				match->best_person = known->person;
			match->best = found > match->best ? found : match->best;
			match->count += match->count == 0 || known->person != match->last_person;
			match->last_person = known->person;
			match->is_domain_known = match->is_domain_known || is_domain_of(people, known->person, host);
			match->is_staff = match->is_staff || people->persons[known->person].is_staff;
			match->is_titled = match->is_titled || is_titled(&people->persons[known->person], text);
		}
	}
}

static void name_match_find(const struct people *people, const char *text, const struct mail_host *host, struct match *match)
{
	*match = (struct match){.count = 0};
	struct name_forms forms = {.count = 0};
	char eye[LETTERING_BYTES];
	if (people->person_count == 0 || text[0] == '\0')
		return;
	name_forms_of_text(text, &forms);
	forms_match(people, text, &forms, false, host, match);
	if (match->count == 0) {
		forms.count = 0;
		name_eye(text, eye);
		name_forms_of_text(eye, &forms);
		forms_match(people, text, &forms, true, host, match);
	}
	for (size_t i = 0; match->count == 0 && i < people->person_count; i++) {
		const struct known_person *person = &people->persons[i];
		if (person->family[0] != '\0' && name_is_family_and_office(text, person->family, person->title)) {
			*match = (struct match){.best = NAME_FAMILY_AND_OFFICE, .count = 1, .is_titled = true,
				.is_domain_known = is_domain_of(people, (uint32_t)i, host),
				.is_staff = person->is_staff, .last_person = (uint32_t)i, .best_person = (uint32_t)i};
		}
	}
}

static uint64_t domain_pseudonym(const struct pseudonym_key *key, const char *domain)
{
	return pseudonym_make(key, PSEUDONYM_POSED_DOMAIN, domain, strlen(domain));
}

static void host_mark(const struct people *people, const struct pseudonym_key *key, struct mail_host *host)
{
	if (host->name[0] == '\0' || (host->host_traits & HOST_IP) != 0)
		return;
	for (size_t i = 0; i < people->domain_count; i++) {
		if (strcmp(people->domains[i].domain, host_registrable(host)) == 0) {
			host->host_traits |= i < people->own_count ? HOST_PROTECTED : HOST_KNOWN;
			host->host_traits &= (uint16_t)~(unsigned)HOST_LOOKALIKE;
			host->resembles = domain_pseudonym(key, people->domains[i].domain);
			return;
		}
		if ((host->host_traits & HOST_LOOKALIKE) == 0 && lookalike_is(&people->domains[i], host)) {
			host->host_traits |= HOST_LOOKALIKE;
			host->resembles = domain_pseudonym(key, people->domains[i].domain);
		}
	}
}

/** As whom a mail poses: people alone; domains are marked at their hosts. */
static void posed_find(const struct people *people, const struct pseudonym_key *key, const struct address_texts *texts,
	const struct match *from, const struct match *reply, struct identity_facts *identity)
{
	const struct known_person *person = address_owner(people, texts->from.address);
	if (person == NULL && from->best > NAME_NO_MATCH)
		person = &people->persons[from->best_person];
	if (person == NULL)
		person = named_owner(people, texts->from.name);
	identity->person = person_pseudonym(key, person);
	if (reply->best > NAME_NO_MATCH)
		identity->reply_person = person_pseudonym(key, &people->persons[reply->best_person]);
}

void people_identify(const struct people *people, const struct pseudonym_key *key, const struct address_texts *texts,
	struct mail_facts *facts)
{
	struct identity_facts *identity = &facts->identity;
	struct match match, reply;
	name_match_find(people, texts->from.name, &facts->sender.host, &match);
	if (match.count == 0) {
		/* Nothing but the local part may tell: taro.yamada.1964@ */
		char local[ADDRESS_BYTES];
		size_t length = strcspn(texts->from.address, "@");
		memcpy(local, texts->from.address, length);
		local[length] = '\0';
		if (texts->from.name[0] == '\0')
			name_match_find(people, local, &facts->sender.host, &match);
	}
	name_match_find(people, texts->reply_to.name, &facts->sender.reply_host, &reply);
	identity->name_match = match.best;
	identity->name_match_count = match.count;
	identity->is_known_address = address_owner(people, texts->from.address) != NULL;
	identity->is_known_domain = match.is_domain_known;
	identity->is_own_staff = match.is_staff;
	identity->is_titled = match.is_titled;
	identity->reply_to_match = reply.best;
	identity->is_reply_to_known = address_owner(people, texts->reply_to.address) != NULL;
	posed_find(people, key, texts, &match, &reply, identity);
	for (size_t i = 0; i < texts->recipient_count; i++) {
		const struct address_text *to = &texts->recipients[i];
		identity->is_recipient_name = identity->is_recipient_name || (to->name[0] != '\0' && strcmp(to->name,
			texts->from.name) == 0);
	}
	host_mark(people, key, &facts->sender.host);
	host_mark(people, key, &facts->sender.reply_host);
	if ((facts->sender.host.host_traits & HOST_PROTECTED) != 0)
		facts->sender.traits |= SENDER_OWN_DOMAIN;
}

void people_mark_hosts(const struct people *people, const struct pseudonym_key *key, struct mail_facts *facts)
{
	for (size_t i = 0; i < facts->host_count; i++)
		host_mark(people, key, &facts->hosts[i]);
	host_mark(people, key, &facts->shown);
}
