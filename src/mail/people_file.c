/*
 * LDIF and vCard are lines that may be folded (a line that begins with a space
 * goes on with the one before), each NAME[;OPTIONS]:VALUE. LDIF's "::" is a
 * value in base64. A record of LDIF ends at an empty line, one of vCard at
 * END:VCARD. A CSV begins with its column names, in English or Japanese.
 *
 * One table names what becomes which member; it serves all three.
 */
#include "mail/people_file.h"

#include <sodium.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define LINE_BYTES 4096 /* of one unfolded line or one field; the rest is passed over */
#define COLUMNS_MAX 64

enum field {
	FIELD_NONE = 0,
	FIELD_NAME, FIELD_FAMILY, FIELD_GIVEN, FIELD_KANA, FIELD_FAMILY_KANA, FIELD_GIVEN_KANA, FIELD_ROMAJI, FIELD_TITLE, FIELD_KIND,
	FIELD_ORGANISATION,
	FIELD_ADDRESS,
	FIELD_PARTS, /* vCard N: family;given;... */
};

static const struct {
	const char *name;
	enum field field;
} fields[] = {
	{"name", FIELD_NAME}, {"full_name", FIELD_NAME}, {"fullname", FIELD_NAME}, {"display_name", FIELD_NAME}, {"displayname",
		FIELD_NAME},
	{"display name", FIELD_NAME}, {"cn", FIELD_NAME}, {"fn", FIELD_NAME}, {"kanji", FIELD_NAME}, {"name_kanji", FIELD_NAME},
	{"name_ja", FIELD_NAME}, {"氏名", FIELD_NAME}, {"名前", FIELD_NAME}, {"cn;lang-ja", FIELD_NAME}, {"displayname;lang-ja",
		FIELD_NAME},
	{"family", FIELD_FAMILY}, {"family_name", FIELD_FAMILY}, {"last_name", FIELD_FAMILY}, {"surname", FIELD_FAMILY}, {"sn",
		FIELD_FAMILY},
	{"sn;lang-ja", FIELD_FAMILY}, {"姓", FIELD_FAMILY}, {"苗字", FIELD_FAMILY},
	{"given", FIELD_GIVEN}, {"given_name", FIELD_GIVEN}, {"first_name", FIELD_GIVEN}, {"givenname", FIELD_GIVEN},
	{"givenname;lang-ja", FIELD_GIVEN}, {"名", FIELD_GIVEN},
	{"kana", FIELD_KANA}, {"name_kana", FIELD_KANA}, {"reading", FIELD_KANA}, {"furigana", FIELD_KANA}, {"phonetic", FIELD_KANA},
	{"cn;lang-ja;phonetic", FIELD_KANA}, {"displayname;lang-ja;phonetic", FIELD_KANA}, {"ふりがな", FIELD_KANA},
	{"フリガナ", FIELD_KANA}, {"読み", FIELD_KANA}, {"よみ", FIELD_KANA}, {"かな", FIELD_KANA}, {"x-phonetic-name", FIELD_KANA},
	{"family_kana", FIELD_FAMILY_KANA}, {"sn;lang-ja;phonetic", FIELD_FAMILY_KANA}, {"x-phonetic-last-name", FIELD_FAMILY_KANA},
	{"given_kana", FIELD_GIVEN_KANA}, {"givenname;lang-ja;phonetic", FIELD_GIVEN_KANA}, {"x-phonetic-first-name", FIELD_GIVEN_KANA},
	{"romaji", FIELD_ROMAJI}, {"name_romaji", FIELD_ROMAJI}, {"english", FIELD_ROMAJI}, {"english_name", FIELD_ROMAJI},
	{"name_en", FIELD_ROMAJI}, {"latin", FIELD_ROMAJI}, {"ローマ字", FIELD_ROMAJI}, {"英字", FIELD_ROMAJI}, {"cn;lang-en", FIELD_ROMAJI},
	{"displayname;lang-en", FIELD_ROMAJI}, {"nickname", FIELD_ROMAJI},
	{"title", FIELD_TITLE}, {"office", FIELD_TITLE}, {"position", FIELD_TITLE}, {"役職", FIELD_TITLE},
	{"肩書", FIELD_TITLE}, {"肩書き", FIELD_TITLE},
	{"organisation", FIELD_ORGANISATION}, {"organization", FIELD_ORGANISATION}, {"org", FIELD_ORGANISATION}, {"o",
		FIELD_ORGANISATION},
	{"company", FIELD_ORGANISATION}, {"affiliation", FIELD_ORGANISATION}, {"所属", FIELD_ORGANISATION}, {"組織", FIELD_ORGANISATION},
	{"role", FIELD_KIND},
	{"kind", FIELD_KIND}, {"type", FIELD_KIND}, {"category", FIELD_KIND}, {"categories", FIELD_KIND}, {"employeetype", FIELD_KIND},
	{"区分", FIELD_KIND}, {"種別", FIELD_KIND},
	{"email", FIELD_ADDRESS}, {"emails", FIELD_ADDRESS}, {"e-mail", FIELD_ADDRESS}, {"mail", FIELD_ADDRESS}, {"address",
		FIELD_ADDRESS},
	{"addresses", FIELD_ADDRESS}, {"known_addresses", FIELD_ADDRESS}, {"mailalternateaddress", FIELD_ADDRESS},
	{"rfc822mailbox", FIELD_ADDRESS}, {"proxyaddresses", FIELD_ADDRESS}, {"メール", FIELD_ADDRESS}, {"メールアドレス", FIELD_ADDRESS},
	{"n", FIELD_PARTS},
};

static enum field field_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (strcasecmp(fields[i].name, name) == 0)
			return fields[i].field;
	}
	return FIELD_NONE;
}

static void text_set(char ret_text[static PERSON_TEXT_BYTES], const char *value, size_t length)
{
	if (ret_text[0] != '\0' || length == 0)
		return; /* the first counts */
	if (length >= PERSON_TEXT_BYTES)
		length = PERSON_TEXT_BYTES - 1;
	memcpy(ret_text, value, length);
	ret_text[length] = '\0';
}

/** Addresses set apart by spaces, commas, semicolons or bars. */
static void addresses_add(struct person *person, const char *value)
{
	while (*value != '\0') {
		size_t length = strcspn(value, " ,;|\t");
		const char *address = value;
		if (length > 5 && strncasecmp(address, "smtp:", 5) == 0)
			address += 5;
		size_t address_length = length - (size_t)(address - value);
		if (memchr(address, '@', address_length) != NULL && address_length < PERSON_ADDRESS_BYTES &&
			person->address_count < PERSON_ADDRESSES_MAX) {
			memcpy(person->addresses[person->address_count], address, address_length);
			person->addresses[person->address_count++][address_length] = '\0';
		}
		value += length;
		value += strspn(value, " ,;|\t");
	}
}

static void parts_set(struct person *person, const char *value)
{
	size_t family = strcspn(value, ";");
	text_set(person->family, value, family);
	if (value[family] == ';')
		text_set(person->given, value + family + 1, strcspn(value + family + 1, ";"));
}

static void field_set(struct person *person, enum field field, const char *value)
{
	size_t length = strlen(value);
	switch (field) {
	case FIELD_NONE:
		break;
	case FIELD_NAME:
		text_set(person->name, value, length);
		break;
	case FIELD_FAMILY:
		text_set(person->family, value, length);
		break;
	case FIELD_GIVEN:
		text_set(person->given, value, length);
		break;
	case FIELD_KANA:
		text_set(person->kana, value, length);
		break;
	case FIELD_FAMILY_KANA:
		text_set(person->family_kana, value, length);
		break;
	case FIELD_GIVEN_KANA:
		text_set(person->given_kana, value, length);
		break;
	case FIELD_ROMAJI:
		text_set(person->romaji, value, length);
		break;
	case FIELD_TITLE:
		text_set(person->title, value, length);
		break;
	case FIELD_KIND:
		text_set(person->kind, value, length);
		break;
	case FIELD_ORGANISATION:
		text_set(person->organisation, value, length);
		break;
	case FIELD_ADDRESS:
		addresses_add(person, value);
		break;
	case FIELD_PARTS:
		parts_set(person, value);
		break;
	}
}

static int person_end(struct person *person, person_taker *take, void *context)
{
	bool is_somebody = person->name[0] != '\0' || person->family[0] != '\0' || person->romaji[0] != '\0' ||
		person->address_count > 0;
	int err = is_somebody ? take(context, person) : OK;
	*person = (struct person){.address_count = 0};
	return err;
}

struct text {
	const char *at, *end;
	size_t line; /* of at, from 1 */
};

/** The next line with those that are folded into it, without its end. @return false: there is none */
static bool line_next(struct text *text, char ret_line[static LINE_BYTES])
{
	size_t used = 0;
	if (text->at == text->end)
		return false;
	do {
		const char *newline = memchr(text->at, '\n', (size_t)(text->end - text->at));
		const char *stop = newline == NULL ? text->end : newline;
		size_t length = (size_t)(stop - text->at);
		while (length > 0 && text->at[length - 1] == '\r')
			length--;
		if (length > LINE_BYTES - 1 - used)
			length = LINE_BYTES - 1 - used;
		memcpy(ret_line + used, text->at, length);
		used += length;
		text->at = newline == NULL ? text->end : newline + 1;
		text->line++;
		if (used == 0 || text->at == text->end || (*text->at != ' ' && *text->at != '\t'))
			break;
		text->at++; /* the fold */
	} while (true);
	ret_line[used] = '\0';
	for (char *at = ret_line; used > 0 && (at = memchr(at, '\0', used - (size_t)(at - ret_line))) != NULL;)
		*at = ' ';
	return true;
}

/** NAME;OPTION=...: the name, and LDIF's language options with it. */
static enum field line_field(const char *line, size_t name_length)
{
	char name[64];
	const char *dot = memchr(line, '.', name_length); /* vCard groups: item1.EMAIL */
	size_t skip = dot == NULL ? 0 : (size_t)(dot - line) + 1;
	if (name_length - skip >= sizeof(name))
		return FIELD_NONE;
	memcpy(name, line + skip, name_length - skip);
	name[name_length - skip] = '\0';
	enum field field = field_find(name);
	if (field == FIELD_NONE) {
		name[strcspn(name, ";")] = '\0';
		field = field_find(name);
	}
	return field;
}

static void line_take(struct person *person, char *line)
{
	size_t name_length = strcspn(line, ":");
	if (line[name_length] == '\0' || line[0] == '#')
		return;
	enum field field = line_field(line, name_length);
	char *value = line + name_length + 1;
	uint8_t plain[LINE_BYTES];
	if (*value == ':') {
		size_t used = 0;
		value++;
		value += strspn(value, " ");
		if (sodium_base642bin(plain, sizeof(plain) - 1, value, strlen(value), " ", &used, NULL,
			sodium_base64_VARIANT_ORIGINAL) != 0)
			return;
		plain[used] = '\0';
		value = (char *)plain;
	}
	value += strspn(value, " ");
	field_set(person, field, value);
}

static int lines_parse(struct text *text, bool is_vcard, person_taker *take, void *context)
{
	char line[LINE_BYTES];
	struct person person = {.address_count = 0};
	int err = OK;
	while (err == OK && line_next(text, line)) {
		if (is_vcard ? strncasecmp(line, "END:VCARD", 9) == 0 : line[0] == '\0')
			err = person_end(&person, take, context);
		else
			line_take(&person, line);
	}
	return err == OK ? person_end(&person, take, context) : err;
}

/** One field of a CSV, quotes undone. @return what ended it: ',' or '\n'; -1: a quote was not closed */
static int csv_field(struct text *text, char ret_value[static LINE_BYTES])
{
	size_t used = 0;
	bool is_quoted = text->at < text->end && *text->at == '"';
	text->at += is_quoted;
	bool is_open = is_quoted;
	while (text->at < text->end) {
		char c = *text->at++;
		if (c == '\n')
			text->line++;
		if (is_open && c == '"' && text->at < text->end && *text->at == '"')
			text->at++;
		else if (is_open && c == '"') {
			is_open = false;
			continue;
		} else if (!is_open && (c == ',' || c == '\n' || c == '\t')) {
			ret_value[used] = '\0';
			return c == '\n' ? '\n' : ',';
		}
		if (c != '\r' && c != '\0' && used + 1 < LINE_BYTES)
			ret_value[used++] = c;
	}
	ret_value[used] = '\0';
	return is_open ? -1 : '\n';
}

static int csv_parse(struct text *text, person_taker *take, void *context)
{
	enum field columns[COLUMNS_MAX];
	char value[LINE_BYTES];
	size_t column_count = 0;
	bool has_name = false;
	int end = ',';
	while (end == ',') {
		end = csv_field(text, value);
		enum field field = field_find(value);
		if (column_count < COLUMNS_MAX)
			columns[column_count++] = field;
		has_name = has_name || field == FIELD_NAME || field == FIELD_FAMILY || field == FIELD_ROMAJI;
	}
	if (end < 0 || !has_name)
		return end < 0 ? E_MALFORMED : E_UNSUPPORTED;
	while (text->at < text->end) {
		struct person person = {.address_count = 0};
		size_t column = 0;
		for (end = ','; end == ','; column++) {
			end = csv_field(text, value);
			if (column < column_count)
				field_set(&person, columns[column], value);
		}
		int err = end < 0 ? E_MALFORMED : person_end(&person, take, context);
		if (err != OK)
			return err;
	}
	return OK;
}

int people_file_parse(const char *text, size_t length_bytes, person_taker *take, void *context, size_t *ret_line)
{
	struct text reading = {.at = text, .end = text + length_bytes, .line = 1};
	if (length_bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		reading.at += 3;
	size_t left = (size_t)(reading.end - reading.at);
	bool is_vcard = left >= 11 && strncasecmp(reading.at, "BEGIN:VCARD", 11) == 0;
	bool is_ldif = left >= 4 && (strncasecmp(reading.at, "dn:", 3) == 0 || strncasecmp(reading.at, "vers", 4) == 0 ||
		reading.at[0] == '#');
	int err = is_vcard || is_ldif ? lines_parse(&reading, is_vcard, take, context) : csv_parse(&reading, take, context);
	if (err != OK)
		*ret_line = reading.line;
	return err;
}
