/*
 * Looks at one part of a mail: type by bytes, by name and by Content-Type, then into it by type. The walk goes inwards
 * through payload_inner(), whose depth, entries and bytes the budget bounds; it recurses at most
 * LIMIT_MAIL_PAYLOAD_DEPTH deep.
 *
 * Called by read.c in the worker. Owns nothing.
 */
#include "mail/payload.h"

#include <sodium.h>
#include <string.h>

#include "core/limits.h"
#include "mail/payload_type.h"
#include "mail/payload_walk.h"

struct payload_budget payload_budget_init(void)
{
	return (struct payload_budget){
		.bytes = LIMIT_MAIL_PAYLOAD_BYTES,
		.pixels = LIMIT_MAIL_PAYLOAD_PIXELS,
		.entries = LIMIT_MAIL_PAYLOAD_ENTRIES,
	};
}

struct words {
	uint32_t bit;
	const char *words;
};

static const struct words trait_words[] = {
	{PAYLOAD_RUNS, "something that runs"},
	{PAYLOAD_IS_SHORTCUT, "a shortcut that starts something else"},
	{PAYLOAD_IS_IMAGE, "a disk image"},
	{PAYLOAD_HAS_MACRO, "macros"},
	{PAYLOAD_HAS_OBJECT, "an embedded object"},
	{PAYLOAD_HAS_REMOTE, "a document that loads a part of itself from elsewhere"},
	{PAYLOAD_ENCRYPTED, "contents that need a password"},
	{PAYLOAD_NAMES_ENCRYPTED, "names that need a password"},
	{PAYLOAD_NESTED, "an archive in an archive"},
	{PAYLOAD_DOUBLE_EXTENSION, "a name with a false ending before the true one"},
	{PAYLOAD_HIDES_NAME, "a name that shows otherwise than it is"},
	{PAYLOAD_LIES_NAME, "a name that does not fit its bytes"},
	{PAYLOAD_LIES_DECLARED, "a Content-Type that does not fit its bytes"},
	{PAYLOAD_ARCHIVE_LIES, "an archive whose two lists differ"},
	{PAYLOAD_SIDELOADS, "a program beside a library for it"},
	{PAYLOAD_HTML_SCRIPT, "attached HTML with script"},
	{PAYLOAD_HTML_SMUGGLES, "attached HTML that makes a file out of itself"},
	{PAYLOAD_HTML_PASSWORD, "attached HTML that asks for a password"},
	{PAYLOAD_CALENDAR_LINK, "a calendar entry with a link"},
	{PAYLOAD_HAS_QR, "a QR code"},
	{PAYLOAD_QR_LINK, "a QR code with a link"},
	{PAYLOAD_IS_HELP, "a compiled help file"},
	{PAYLOAD_IS_ONENOTE, "a OneNote section"},
	{PAYLOAD_PDF_ACTS, "a PDF that acts by itself"},
};

static const struct words unread_words[] = {
	{PAYLOAD_UNREAD_BROKEN, "an attachment is broken"},
	{PAYLOAD_UNREAD_KIND, "an attachment is of a kind that is not read here"},
	{PAYLOAD_UNREAD_BYTES, "an attachment unpacks to more than the limit"},
	{PAYLOAD_UNREAD_ENTRIES, "an archive has more entries than the limit"},
	{PAYLOAD_UNREAD_DEPTH, "an archive is nested deeper than the limit"},
	{PAYLOAD_UNREAD_PIXELS, "pictures have more pixels than the limit"},
	{PAYLOAD_UNREAD_LOCKED, "an attachment needs a password"},
};

static const char *words_find(const struct words *table, size_t count, uint32_t bit)
{
	for (size_t i = 0; i < count; i++) {
		if (table[i].bit == bit)
			return table[i].words;
	}
	return NULL;
}

const char *payload_trait_words(enum payload_trait trait)
{
	return words_find(trait_words, ARRAY_LEN(trait_words), trait);
}

const char *payload_unread_words(enum payload_unread unread)
{
	return words_find(unread_words, ARRAY_LEN(unread_words), unread);
}

void payload_link(struct payload_walk *walk, enum payload_link_kind kind, const char *link, size_t length_bytes)
{
	if (length_bytes == 0 || length_bytes > LIMIT_MAIL_PAYLOAD_LINK_BYTES || walk->facts->links >= LIMIT_MAIL_PAYLOAD_LINKS)
		return;
	walk->facts->links++;
	if (walk->links != NULL && walk->links->take != NULL)
		walk->links->take(walk->links->context, kind, link, length_bytes);
}

/** Which file looks into a type; NULL: its type says it all. */
static payload_looker *looker_of(enum payload_type type)
{
	static payload_looker *const lookers[PAYLOAD_TYPES] = {
		[PAYLOAD_HTML] = payload_html_look,
		[PAYLOAD_SVG] = payload_html_look,
		[PAYLOAD_RTF] = payload_rtf_look,
		[PAYLOAD_CALENDAR] = payload_calendar_look,
		[PAYLOAD_PNG] = payload_picture_look,
		[PAYLOAD_JPEG] = payload_picture_look,
		[PAYLOAD_PDF] = payload_pdf_look,
		[PAYLOAD_OLE] = payload_ole_look,
		[PAYLOAD_ONENOTE] = payload_onenote_look,
		[PAYLOAD_VHD] = payload_disk_look,
		[PAYLOAD_VHDX] = payload_disk_look,
		[PAYLOAD_DISK] = payload_disk_look,
		[PAYLOAD_SHORTCUT] = payload_shortcut_look,
	};
	return (unsigned)type < PAYLOAD_TYPES ? lookers[type] : NULL;
}

enum payload_type payload_dispatch(struct payload_walk *walk, enum payload_type type, const uint8_t *bytes, size_t length_bytes)
{
	payload_looker *look = looker_of(type);
	if (look != NULL)
		look(walk, bytes, length_bytes);
	if (type == PAYLOAD_ARCHIVE)
		walk->facts->unread |= PAYLOAD_UNREAD_KIND;
	return payload_type_is_archive(type) ? payload_archive_look(walk, type, bytes, length_bytes) : type;
}

/** The bytes win; the name stands in where they say no more than "text" or nothing: scripts have no magic. */
static enum payload_type type_join(enum payload_type by_bytes, enum payload_type by_name)
{
	bool is_vague = by_bytes == PAYLOAD_TEXT || by_bytes == PAYLOAD_XML || by_bytes == PAYLOAD_HTML || by_bytes == PAYLOAD_MAIL;
	bool is_wordless = by_name == PAYLOAD_SCRIPT || by_name == PAYLOAD_SHORTCUT || by_name == PAYLOAD_ADDIN;
	if (is_wordless && (is_vague || by_bytes == PAYLOAD_UNKNOWN))
		return by_name;
	if (by_name == PAYLOAD_ADDIN && (by_bytes == PAYLOAD_PROGRAM || by_bytes == PAYLOAD_OLE || by_bytes == PAYLOAD_OOXML))
		return by_name;
	if ((by_name == PAYLOAD_INSTALLER && by_bytes == PAYLOAD_OLE) || (by_name == PAYLOAD_JAVA && by_bytes == PAYLOAD_ZIP))
		return by_name;
	bool is_kind_of_text = by_name == PAYLOAD_MAIL || by_name == PAYLOAD_HTML || by_name == PAYLOAD_CALENDAR ||
		by_name == PAYLOAD_CONTACT;
	return by_bytes == PAYLOAD_TEXT && is_kind_of_text ? by_name : by_bytes;
}

void payload_inner(struct payload_walk *walk, const uint8_t *bytes, size_t length_bytes, const char *name, size_t name_bytes)
{
	struct payload_facts *facts = walk->facts;
	uint32_t traits = 0;
	enum payload_type named = name != NULL ? payload_type_of_name(name, name_bytes, &traits) : PAYLOAD_UNKNOWN;
	enum payload_type type = bytes != NULL ? payload_type_of_bytes(bytes, length_bytes) : named;
	if (bytes != NULL) {
		traits |= payload_type_contradicts(named, type) ? PAYLOAD_LIES_NAME : 0u;
		type = type_join(type, named);
	}
	struct payload_walk inner = *walk;
	inner.depth++;
	inner.traits = &facts->inside;
	if (payload_type_is_archive(type) || (payload_type_traits(type) & PAYLOAD_IS_IMAGE) != 0)
		facts->inside |= PAYLOAD_NESTED;
	if (bytes != NULL)
		type = payload_dispatch(&inner, type, bytes, length_bytes);
	facts->inside |= traits | payload_type_traits(type);
	facts->types_inside |= UINT64_C(1) << type;
	if (facts->depth < inner.depth)
		facts->depth = inner.depth;
}

void payload_look(const void *bytes, size_t length_bytes, const char *name, const char *declared, bool is_attachment,
	const struct payload_links *links, struct payload_budget *budget, struct payload_facts *ret_facts)
{
	_Static_assert(PAYLOAD_TYPES <= 64, "types_inside has a bit for each type");
	struct payload_facts facts = {.size_bytes = length_bytes};
	struct payload_walk walk = {.links = links, .budget = budget, .facts = &facts, .traits = &facts.traits};
	if (name != NULL)
		facts.named = payload_type_of_name(name, strlen(name), &facts.traits);
	if (declared != NULL)
		facts.declared = payload_type_of_declared(declared);
	enum payload_type by_bytes = payload_type_of_bytes(bytes, length_bytes);
	facts.traits |= payload_type_contradicts(facts.named, by_bytes) ? PAYLOAD_LIES_NAME : 0u;
	facts.traits |= payload_type_contradicts(facts.declared, by_bytes) ? PAYLOAD_LIES_DECLARED : 0u;
	facts.type = type_join(by_bytes, facts.named);
	if (is_attachment || (facts.type != PAYLOAD_HTML && facts.type != PAYLOAD_SVG))
		facts.type = payload_dispatch(&walk, facts.type, bytes, length_bytes);
	facts.traits |= payload_type_traits(facts.type);
	bool is_worth_naming = facts.type >= PAYLOAD_PDF && facts.type <= PAYLOAD_ADDIN;
	if (is_worth_naming)
		(void)crypto_hash_sha256(facts.digest, bytes, length_bytes);
	*ret_facts = facts;
}
