/*
 * GMime 3 parses the mail as a whole over its bytes in memory and keeps no
 * copy of bodies; what is decoded lives as long as its part is looked at.
 * Limits are in core/limits.h; what lies beyond them is told in facts.unread.
 *
 * Charsets lie. A body of ISO-2022-JP is known by its escapes whatever the
 * header says, and what cannot be converted is read as it stands: tags and
 * links are ASCII in every charset that mails use but UTF-16 and UTF-7.
 */
#include "mail/read.h"

#include <ctype.h>
#include <gmime/gmime.h>
#include <string.h>
#include <strings.h>

#include "core/limits.h"
#include "mail/address.h"
#include "mail/arc.h"
#include "mail/brand.h"
#include "mail/charset_repair.h"
#include "mail/dkim.h"
#include "mail/host.h"
#include "mail/html.h"
#include "mail/lettering.h"
#include "mail/lexicon.h"
#include "mail/link.h"
#include "mail/profile.h"

struct reading {
	const struct mail_reader *reader;
	struct mail_facts *facts;
	struct link_reader links;
	struct payload_budget budget;
	size_t text_left_bytes; /* of LIMIT_MAIL_TEXT_BYTES */
	char *sender; /* MAIL_ADDRESS_BYTES, for From's address; NULL: not wanted */
};

void mail_read_init(void)
{
	g_mime_init();
	dkim_key_init();
}

static void part_walk(struct reading *reading, GMimeObject *object, unsigned depth);

/** Whether bytes of a charset are read as they are. */
static bool is_plain_charset(const char *charset)
{
	static const char *const begins[] = {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859", "windows-125", "cp125", "latin"};
	for (size_t i = 0; charset != NULL && i < ARRAY_LEN(begins); i++) {
		if (strncasecmp(charset, begins[i], strlen(begins[i])) == 0)
			return true;
	}
	return charset == NULL;
}

/** A text part's bytes in UTF-8, where its charset is not one that keeps ASCII. @return a new array, NULL: as they are */
static GByteArray *utf8_from(const GByteArray *bytes, const char *charset)
{
	if (bytes->len > 3 && memmem(bytes->data, bytes->len, "\033$", 2) != NULL)
		charset = "iso-2022-jp";
	if (is_plain_charset(charset))
		return NULL;
	GMimeFilter *filter = g_mime_filter_charset_new(charset, "utf-8");
	if (filter == NULL)
		return NULL;
	GMimeStream *memory = g_mime_stream_mem_new(), *through = g_mime_stream_filter_new(memory);
	(void)g_mime_stream_filter_add(GMIME_STREAM_FILTER(through), filter);
	(void)g_mime_stream_write(through, (const char *)bytes->data, bytes->len);
	(void)g_mime_stream_flush(through);
	GByteArray *made = g_byte_array_sized_new(0);
	GByteArray *converted = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(memory));
	g_byte_array_append(made, converted->data, converted->len);
	g_object_unref(through);
	g_object_unref(memory);
	g_object_unref(filter);
	return made;
}

static uint32_t letters_count(const char *text, size_t length_bytes)
{
	uint32_t letters = 0;
	for (size_t i = 0; i < length_bytes; i++)
		letters += (unsigned char)text[i] > ' ' && ((unsigned char)text[i] & 0xc0) != 0x80;
	return letters;
}

static void text_look(struct reading *reading, const GByteArray *bytes, const char *charset, bool is_html)
{
	struct mail_facts *facts = reading->facts;
	if (reading->reader->level < MAIL_L3_HOSTS)
		return;
	GByteArray *converted = utf8_from(bytes, charset);
	const char *text = (const char *)(converted != NULL ? converted->data : bytes->data);
	size_t length = converted != NULL ? converted->len : bytes->len;
	if (length > reading->text_left_bytes) {
		length = reading->text_left_bytes;
		facts->unread |= UNREAD_HTML;
	}
	reading->text_left_bytes -= length;
	if (reading->reader->level >= MAIL_L5_WORDS) {
		uint16_t lures = 0, passwords = 0;
		lexicon_count(text, length, &lures, &passwords);
		facts->lure_count = lures > facts->lure_count ? lures : facts->lure_count; /* of the part that has most */
		facts->password_count = passwords > facts->password_count ? passwords : facts->password_count;
	}
	if (length > 0 && is_html) {
		html_read(text, length, &reading->links, reading->reader->level >= MAIL_L4_HTML);
		facts->profile.has_html = true;
	} else if (length > 0) {
		facts->text_letter_count += letters_count(text, length);
		link_scan(&reading->links, text, length, LINK_TEXT);
	}
	if (converted != NULL)
		g_byte_array_unref(converted);
}

static void link_take(void *context, enum payload_link_kind kind, const char *link, size_t length_bytes)
{
	struct reading *reading = context;
	if (reading->reader->level >= MAIL_L3_HOSTS)
		(void)link_add(&reading->links, link, length_bytes, kind == PAYLOAD_LINK_QR ? LINK_QR : LINK_FILE);
}

static void attachment_look(struct reading *reading, const GByteArray *bytes, GMimePart *part, const char *declared,
	bool is_attachment)
{
	struct payload_facts found;
	struct payload_links links = {.take = link_take, .context = reading};
	struct mail_payloads *all = &reading->facts->payload;
	payload_look(bytes->data, bytes->len, g_mime_part_get_filename(part), declared, is_attachment, &links, &reading->budget,
		&found);
	all->traits |= found.traits;
	all->inside |= found.inside;
	all->types |= UINT64_C(1) << found.type;
	all->types_inside |= found.types_inside;
	all->entries += found.entries;
	all->depth = found.depth > all->depth ? found.depth : all->depth;
	all->unread |= found.unread;
	if (found.unread != 0)
		reading->facts->unread |= UNREAD_PAYLOAD;
}

static GMimeMessage *message_parse(const void *mail, size_t length_bytes)
{
	static const char *const fallbacks[] = {"utf-8", "iso-2022-jp", "cp932", "euc-jp", "iso-8859-1", NULL};
	GMimeParserOptions *options = g_mime_parser_options_new();
	g_mime_parser_options_set_fallback_charsets(options, (const char **)(uintptr_t)fallbacks);
	g_mime_parser_options_set_allow_addresses_without_domain(options, FALSE);
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(mail, length_bytes);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message = g_mime_parser_construct_message(parser, options);
	g_object_unref(stream);
	g_object_unref(parser);
	g_mime_parser_options_free(options);
	return message;
}

/** What is wrong with a header: 0, UNREAD_HEADERS or UNREAD_NO_MAIL. */
static uint32_t header_check(const char *mail, size_t length_bytes)
{
	size_t fields = 0, at = 0;
	while (at < length_bytes && mail[at] != '\n' && mail[at] != '\r') {
		const char *newline = memchr(mail + at, '\n', length_bytes - at);
		size_t next = newline == NULL ? length_bytes : (size_t)(newline - mail) + 1;
		fields += mail[at] != ' ' && mail[at] != '\t';
		at = next;
		if (fields > LIMIT_MAIL_HEADERS || at > LIMIT_MAIL_HEADER_BYTES)
			return UNREAD_HEADERS;
	}
	return fields == 0 ? UNREAD_NO_MAIL : 0;
}

/** Where the header ends: behind its last field. */
static size_t header_length(const char *mail, size_t length_bytes)
{
	size_t at = 0;
	while (at < length_bytes && mail[at] != '\n' && mail[at] != '\r') {
		const char *newline = memchr(mail + at, '\n', length_bytes - at);
		at = newline == NULL ? length_bytes : (size_t)(newline - mail) + 1;
	}
	return at;
}

/** A mail within the mail that is encoded: RFC 2046 section 5.2.1 forbids it, programs that show mails open it, and so do we. */
static void enclosed_look(struct reading *reading, const GByteArray *bytes, unsigned depth)
{
	bool is_mail = header_check((const char *)bytes->data, bytes->len) == 0;
	GMimeMessage *message = is_mail ? message_parse(bytes->data, bytes->len) : NULL;
	if (message == NULL) {
		reading->facts->unread |= UNREAD_PAYLOAD;
		return;
	}
	part_walk(reading, g_mime_message_get_mime_part(message), depth + 1);
	g_object_unref(message);
}

static bool is_named_mail(const char *name)
{
	size_t length = name != NULL ? strlen(name) : 0;
	return length > 4 && strcasecmp(name + length - 4, ".eml") == 0;
}

static void leaf_look(struct reading *reading, GMimePart *part, unsigned depth)
{
	struct mail_facts *facts = reading->facts;
	GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	bool is_attachment = g_mime_part_is_attachment(part) || g_mime_part_get_filename(part) != NULL;
	bool is_text = g_mime_content_type_is_type(type, "text", "plain") || type == NULL;
	bool is_html = g_mime_content_type_is_type(type, "text", "html");
	char declared[128];
	if (content == NULL)
		return;
	GMimeStream *memory = g_mime_stream_mem_new();
	(void)g_mime_data_wrapper_write_to_stream(content, memory);
	GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(memory));
	if (bytes->len > LIMIT_MAIL_PART_BYTES) {
		g_byte_array_set_size(bytes, LIMIT_MAIL_PART_BYTES);
		facts->unread |= UNREAD_BYTES;
	}
	if (g_mime_content_type_is_type(type, "message", "rfc822") || g_mime_content_type_is_type(type, "message", "global")) {
		enclosed_look(reading, bytes, depth);
		g_object_unref(memory);
		return;
	}
	facts->attachment_count += is_attachment;
	bool is_mail = is_attachment && is_named_mail(g_mime_part_get_filename(part));
	if (is_mail && header_check((const char *)bytes->data, bytes->len) == 0) {
		enclosed_look(reading, bytes, depth); /* programs that show mails open it by its name */
		g_object_unref(memory);
		return;
	}
	if ((is_text || is_html) && !is_attachment) {
		text_look(reading, bytes, g_mime_object_get_content_type_parameter(GMIME_OBJECT(part), "charset"), is_html);
	} else {
		(void)snprintf(declared, sizeof(declared), "%s/%s", g_mime_content_type_get_media_type(type),
			g_mime_content_type_get_media_subtype(type));
		attachment_look(reading, bytes, part, declared, is_attachment);
	}
	profile_part(&facts->profile, g_mime_part_get_content_encoding(part), is_text, is_html, is_attachment);
	g_object_unref(memory);
}

/** One object of the tree. */
static void part_walk(struct reading *reading, GMimeObject *object, unsigned depth)
{
	struct mail_facts *facts = reading->facts;
	if (object == NULL)
		return;
	if (depth > LIMIT_MAIL_DEPTH) {
		facts->unread |= UNREAD_DEPTH;
		return;
	}
	if (facts->part_count >= LIMIT_MAIL_PARTS) {
		facts->unread |= UNREAD_PARTS;
		return;
	}
	facts->part_count++;
	facts->depth = depth > facts->depth ? (uint8_t)depth : facts->depth;
	if (GMIME_IS_MULTIPART(object)) {
		int count = g_mime_multipart_get_count(GMIME_MULTIPART(object));
		for (int i = 0; i < count && facts->part_count < LIMIT_MAIL_PARTS; i++)
			part_walk(reading, g_mime_multipart_get_part(GMIME_MULTIPART(object), i), depth + 1);
		if (count > LIMIT_MAIL_PARTS)
			facts->unread |= UNREAD_PARTS;
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
		if (inner != NULL)
			part_walk(reading, g_mime_message_get_mime_part(inner), depth + 1);
	} else if (GMIME_IS_PART(object)) {
		leaf_look(reading, GMIME_PART(object), depth);
	}
}

static void subject_look(GMimeMessage *message, struct mail_facts *facts)
{
	static const char *const answers[] = {"re:", "aw:", "sv:", "fw:", "fwd:", "re：", "返信", "転送", "re[", "re ("};
	const char *subject = g_mime_message_get_subject(message);
	char folded[LETTERING_BYTES];
	if (subject == NULL)
		return;
	lettering_fold(subject, folded);
	for (size_t i = 0; i < ARRAY_LEN(answers); i++)
		facts->thread.says_reply = facts->thread.says_reply || strncmp(folded, answers[i], strlen(answers[i])) == 0;
	facts->subject_traits = lettering_traits(subject);
	size_t brand = brand_find(subject);
	if (brand != BRAND_NONE && !brand_owns(brand, host_registrable(&facts->sender.host)))
		facts->subject_traits |= TEXT_BRAND;
	for (const char *at = folded; *at != '\0';) {
		size_t length = 0;
		while (isalnum((unsigned char)at[length]))
			length++;
		if (length >= 7 && strcspn(at, "0123456789") < length && host_is_random_word(at, length))
			facts->subject_traits |= TEXT_TOKEN;
		at += length == 0 ? 1 : length;
	}
}

static uint64_t message_pseudonym(const struct reading *reading, const char *id)
{
	return id == NULL ? 0 : pseudonym_make(&reading->reader->key, PSEUDONYM_MESSAGE, id, strnlen(id, LIMIT_MAIL_LINK_BYTES));
}

/** In-Reply-To and References: the last are the newest (RFC 5322 section 3.6.4). */
static void thread_look(const struct reading *reading, GMimeMessage *message)
{
	static const char *const names[] = {"In-Reply-To", "References"};
	struct thread_facts *thread = &reading->facts->thread;
	thread->message_id = message_pseudonym(reading, g_mime_message_get_message_id(message));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = g_mime_object_get_header(GMIME_OBJECT(message), names[i]);
		if (value == NULL || strlen(value) > LIMIT_MAIL_HEADER_BYTES / 8)
			continue;
		GMimeReferences *references = g_mime_references_parse(NULL, value);
		for (int at = g_mime_references_length(references) - 1; at >= 0 && thread->reference_count < MAIL_THREAD_MAX; at--)
			thread->references[thread->reference_count++] =
				message_pseudonym(reading, g_mime_references_get_message_id(references, at));
		g_mime_references_free(references);
	}
}

/** When a mail in a file was received: by the topmost Received (RFC 5321 section 4.4), which its own server wrote; else Date. */
static int64_t received_ms(GMimeMessage *message)
{
	const char *received = g_mime_object_get_header(GMIME_OBJECT(message), "Received");
	const char *semicolon = received == NULL ? NULL : strrchr(received, ';');
	GDateTime *date = semicolon == NULL ? NULL : g_mime_utils_header_decode_date(semicolon + 1);
	int64_t wall_ms = 0;
	if (date != NULL) {
		wall_ms = g_date_time_to_unix(date) * 1000;
		g_date_time_unref(date);
	} else if (g_mime_message_get_date(message) != NULL) {
		wall_ms = g_date_time_to_unix(g_mime_message_get_date(message)) * 1000;
	}
	return wall_ms > 0 ? wall_ms : 0;
}

static void headers_look(const struct reading *reading, GMimeMessage *message)
{
	GMimeHeaderList *headers = g_mime_object_get_header_list(GMIME_OBJECT(message));
	int count = g_mime_header_list_get_count(headers);
	for (int i = 0; i < count; i++) {
		GMimeHeader *header = g_mime_header_list_get_header_at(headers, i);
		const char *name = g_mime_header_get_name(header), *value = g_mime_header_get_raw_value(header);
		if (strcasecmp(name, "Authentication-Results") == 0 && value != NULL)
			(void)authres_take(&reading->facts->auth, &reading->reader->trust, value, strlen(value));
	}
}

static void message_look(struct reading *reading, GMimeMessage *message, const struct mail_envelope *envelope)
{
	struct address_texts texts;
	struct mail_facts *facts = reading->facts;
	headers_look(reading, message);
	if (facts->received_wall_ms == 0)
		facts->received_wall_ms = received_ms(message);
	if (reading->reader->level < MAIL_L1_HEADERS)
		return;
	address_read(message, envelope, &reading->reader->key, &texts, facts);
	if (reading->sender != NULL && facts->sender.address != 0)
		memcpy(reading->sender, texts.from.address, MAIL_ADDRESS_BYTES);
	if (reading->reader->people != NULL)
		people_identify(reading->reader->people, &reading->reader->key, &texts, facts);
	subject_look(message, facts);
	thread_look(reading, message);
	profile_headers(&facts->profile, message);
	for (size_t i = 0; i < texts.recipient_count && i < LINK_ADDRESSEES_MAX; i++)
		reading->links.addressees[i] = texts.recipients[i].address;
	if (reading->reader->level >= MAIL_L2_STRUCTURE)
		part_walk(reading, g_mime_message_get_mime_part(message), 0);
	if (facts->host_count == 1 && facts->link_count > 1)
		facts->html.traits |= HTML_ONE_TARGET;
	if (reading->reader->people != NULL)
		people_mark_hosts(reading->reader->people, &reading->reader->key, facts);
	for (size_t i = 0; i < LINK_ADDRESSEES_MAX; i++)
		reading->links.addressees[i] = NULL;
	explicit_bzero(&texts, sizeof(texts));
}

/** L0: signatures, where no server of ours said anything of them. Of a mail that was cut there is no body to hash. */
static void signatures_look(const struct mail_reader *reader, const char *mail, size_t length_bytes, struct mail_facts *facts)
{
	struct dkim_mail cut;
	if (reader->records == NULL || facts->auth.own > 0 || (facts->unread & UNREAD_BYTES) != 0)
		return;
	dkim_mail_init(mail, length_bytes, reader->records, facts->received_wall_ms, &cut);
	dkim_verify(&cut, &facts->auth);
	arc_verify(&cut, &facts->auth.arc);
	facts->auth.is_verified = true;
}

void mail_read(const struct mail_reader *reader, const void *mail, size_t length_bytes, const struct mail_envelope *envelope,
	struct mail_facts *ret_facts, char *ret_sender)
{
	*ret_facts = (struct mail_facts){.level = reader->level, .received_wall_ms = envelope->received_wall_ms};
	struct reading reading = {.reader = reader, .facts = ret_facts, .links = {.facts = ret_facts}, .budget = payload_budget_init(),
		.text_left_bytes = LIMIT_MAIL_TEXT_BYTES, .sender = ret_sender};
	if (ret_sender != NULL)
		ret_sender[0] = '\0';
	ret_facts->profile.zone_minutes = INT16_MIN;
	ret_facts->id = pseudonym_make(&reader->key, PSEUDONYM_MAIL, mail, length_bytes);
	ret_facts->is_bounce = envelope->sender != NULL && envelope->sender[0] == '\0';
	ret_facts->recipient_count = (uint16_t)(envelope->recipient_count > UINT16_MAX ? UINT16_MAX : envelope->recipient_count);
	if (length_bytes > LIMIT_MAIL_BYTES) {
		length_bytes = LIMIT_MAIL_BYTES;
		ret_facts->unread |= UNREAD_BYTES;
	}
	uint32_t wrong = header_check(mail, length_bytes);
	ret_facts->unread |= wrong;
	if (wrong != 0)
		return;
	char *repaired = NULL; /* lives as long as the message, which points into it */
	size_t repaired_bytes = 0;
	if (charset_repair(mail, length_bytes, header_length(mail, length_bytes), &repaired, &repaired_bytes) != OK)
		ret_facts->unread |= UNREAD_HEADERS;
	GMimeMessage *message = repaired != NULL ? message_parse(repaired, repaired_bytes) : message_parse(mail, length_bytes);
	if (message != NULL) {
		message_look(&reading, message, envelope);
		signatures_look(reader, mail, length_bytes, ret_facts);
		g_object_unref(message);
	} else {
		ret_facts->unread |= UNREAD_NO_MAIL;
	}
	free(repaired);
}
