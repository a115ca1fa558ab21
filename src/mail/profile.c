/*
 * Hashes here are of public forms (names of header fields, X for a digit), so
 * they need no key; 16 and 32 bits of FNV-1a (Fowler, Noll, Vo).
 *
 * Fields that servers on the way write are left out: they change with the way.
 */
#include "mail/profile.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/err.h"
#include "core/limits.h"

#define HASH_START UINT32_C(2166136261)
#define SHAPE_BYTES 200 /* of a field's value whose form is taken */

/** What each difference weighs; together 100. */
#define WEIGH_ORDER 35
#define WEIGH_MESSAGE_ID 25
#define WEIGH_MAILER 15
#define WEIGH_ZONE 10
#define WEIGH_ENCODING 10
#define WEIGH_HTML 5

static uint32_t hash_byte(uint32_t hash, unsigned char byte)
{
	return (hash ^ byte) * UINT32_C(16777619);
}

/** Fields that mail programs write themselves. */
static bool is_of_program(const char *name)
{
	static const char *const names[] = {"From", "To", "Cc", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
		"Content-Transfer-Encoding", "Content-Language", "User-Agent", "X-Mailer", "In-Reply-To", "References", "Reply-To",
		"Sender",
		"Organization", "Importance", "X-Priority", "X-MSMail-Priority", "X-MimeOLE", "Thread-Topic", "Thread-Index",
		"Accept-Language", "Disposition-Notification-To", "Autocrypt", "X-Mozilla-Draft-Info"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if ((names[i][0] | 32) == (name[0] | 32) && strcasecmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static uint32_t name_hash(const char *name)
{
	uint32_t hash = HASH_START;
	for (; *name != '\0'; name++)
		hash = hash_byte(hash, (unsigned char)*name); /* case counts: programs differ in it */
	return hash;
}

/** The form of a value: runs of letters as a, of digits as 0, signs as they are. */
static uint32_t shape_hash(const char *value, bool keeps_letters)
{
	uint32_t hash = HASH_START;
	unsigned char last = 0;
	for (size_t i = 0; value[i] != '\0' && i < SHAPE_BYTES; i++) {
		unsigned char c = (unsigned char)value[i], form = isdigit(c) ? '0' : isalpha(c) ? (keeps_letters ? c : 'a') : c;
		if (form != last || (form != '0' && form != 'a'))
			hash = hash_byte(hash, form);
		last = form;
	}
	return hash;
}

/** The local part of a Message-ID is the program's; the domain is the account's, and not of the form. */
static uint32_t message_id_shape(const char *id)
{
	char local[SHAPE_BYTES];
	size_t length = strcspn(id, "@");
	length = length < sizeof(local) ? length : sizeof(local) - 1;
	memcpy(local, id, length);
	local[length] = '\0';
	return shape_hash(local, false) ^ (uint32_t)(length / 8);
}

void profile_headers(struct profile_facts *profile, GMimeMessage *message)
{
	GMimeHeaderList *headers = g_mime_object_get_header_list(GMIME_OBJECT(message));
	int count = g_mime_header_list_get_count(headers);
	size_t used = 0;
	for (int i = 0; i < count; i++) {
		GMimeHeader *header = g_mime_header_list_get_header_at(headers, i);
		const char *name = g_mime_header_get_name(header), *value = g_mime_header_get_raw_value(header);
		if (!is_of_program(name) || value == NULL)
			continue;
		if (used < MAIL_ORDER_MAX)
			profile->order[used++] = (uint16_t)(name_hash(name) | 1);
		if (strcasecmp(name, "User-Agent") == 0 || strcasecmp(name, "X-Mailer") == 0)
			profile->mailer_shape = shape_hash(value, true);
	}
	const char *id = g_mime_message_get_message_id(message);
	profile->message_id_shape = id == NULL ? 0 : message_id_shape(id);
	GDateTime *date = g_mime_message_get_date(message);
	profile->zone_minutes = date == NULL ? INT16_MIN : (int16_t)(g_date_time_get_utc_offset(date) / G_TIME_SPAN_MINUTE);
}

void profile_part(struct profile_facts *profile, GMimeContentEncoding encoding, bool is_text, bool is_html, bool is_attachment)
{
	if (is_attachment)
		return;
	uint32_t form = (uint32_t)(is_text ? 1 : is_html ? 2 : 3) << 4 | (uint32_t)encoding;
	profile->encoding_shape = profile->encoding_shape * 31 + form;
	profile->mime_shape = profile->mime_shape * 3 + (is_html ? 2u : 1u);
}

/** Share of neighbours in the order of one that are also neighbours in the other; in percent. */
static unsigned order_likeness(const struct profile_facts *one, const struct profile_facts *other)
{
	unsigned pairs = 0, same = 0;
	for (size_t i = 0; i + 1 < MAIL_ORDER_MAX && one->order[i + 1] != 0; i++) {
		pairs++;
		for (size_t j = 0; j + 1 < MAIL_ORDER_MAX && other->order[j + 1] != 0; j++) {
			if (one->order[i] == other->order[j] && one->order[i + 1] == other->order[j + 1]) {
				same++;
				break;
			}
		}
	}
	return pairs == 0 ? 100 : same * 100 / pairs;
}

unsigned profile_distance(const struct profile_facts *one, const struct profile_facts *other)
{
	unsigned likeness = order_likeness(one, other), back = order_likeness(other, one);
	unsigned distance = WEIGH_ORDER * (100 - (likeness < back ? likeness : back)) / 100;
	distance += one->message_id_shape != other->message_id_shape ? WEIGH_MESSAGE_ID : 0;
	distance += one->mailer_shape != other->mailer_shape ? WEIGH_MAILER : 0;
	distance += one->zone_minutes != other->zone_minutes ? WEIGH_ZONE : 0;
	distance += one->encoding_shape != other->encoding_shape ? WEIGH_ENCODING : 0;
	distance += one->has_html != other->has_html ? WEIGH_HTML : 0;
	return distance;
}
