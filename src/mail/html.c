/*
 * A tokenizer of tags and attributes after the HTML standard's section 13.2.5,
 * with what matters here: quoted and unquoted values, comments, the raw text
 * of script, style, title and textarea, character references in values and
 * texts. What a browser repairs is passed over. The own code is some 300
 * lines; libgumbo would build a tree of every mail, allocate for each node and
 * recurse as deep as the sender likes.
 *
 * 2026-11-27: style sheets are not looked at. Hidden and tiny text would tell
 * phishing of our years from the ham of 2002 and from nothing else.
 */
#include "mail/html.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/limits.h"
#include "mail/host.h"

#define NAME_BYTES 16 /* names of tags and attributes that matter are shorter */
#define VALUE_BYTES LIMIT_MAIL_LINK_BYTES
#define SHOWN_BYTES 256 /* of a link's text: enough to see whether it is an address */
#define IMAGE_ONLY_LETTERS 120 /* fewer letters than a paragraph */
#define EMPTY_LINKS_MIN 3

struct html {
	const char *at, *end;
	struct link_reader *links;
	struct html_facts *facts;
	bool reads_tags;
	bool is_in_anchor, has_anchor_image;
	size_t anchor_place; /* in facts.hosts */
	size_t shown_bytes; /* used of shown */
	unsigned letter_before; /* 1: the last sign of the text was a letter */
	unsigned empty_links, full_links, image_links;
	char shown[SHOWN_BYTES], value[VALUE_BYTES];
	size_t value_bytes; /* used of value */
};

struct reference {
	const char *name;
	unsigned code;
};

/** Writes a code point as UTF-8. @return bytes */
static size_t utf8_write(unsigned code, char ret_bytes[static 4])
{
	if (code < 0x80) {
		ret_bytes[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		ret_bytes[0] = (char)(0xc0 | code >> 6);
		ret_bytes[1] = (char)(0x80 | (code & 63));
		return 2;
	}
	if (code < 0x10000) {
		ret_bytes[0] = (char)(0xe0 | code >> 12);
		ret_bytes[1] = (char)(0x80 | (code >> 6 & 63));
		ret_bytes[2] = (char)(0x80 | (code & 63));
		return 3;
	}
	ret_bytes[0] = (char)(0xf0 | (code >> 18 & 7));
	ret_bytes[1] = (char)(0x80 | (code >> 12 & 63));
	ret_bytes[2] = (char)(0x80 | (code >> 6 & 63));
	ret_bytes[3] = (char)(0x80 | (code & 63));
	return 4;
}

/** Reads a character reference at "&". @return bytes read, 0: it is none */
static size_t reference_read(const char *at, const char *end, unsigned *ret_code)
{
	static const struct reference references[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot",
		'"'}, {"apos", '\''}, {"nbsp", 0xa0},
		{"shy", 0xad}, {"zwnj", 0x200c}, {"zwj", 0x200d}, {"colon", ':'}, {"sol", '/'}, {"period", '.'}, {"commat", '@'}, {"num",
			'#'},
		{"quest", '?'}, {"equals", '='}, {"Tab", '\t'}, {"NewLine", '\n'}, {"NoBreak", 0x2060}, {"ZeroWidthSpace", 0x200b}};
	const char *from = at + 1;
	if (from < end && *from == '#') {
		bool is_hex = from + 1 < end && (from[1] == 'x' || from[1] == 'X');
		unsigned code = 0, digits = 0;
		for (from += is_hex ? 2 : 1; from < end && digits < 8; from++, digits++) {
			unsigned char c = (unsigned char)*from;
			if (is_hex ? !isxdigit(c) : !isdigit(c))
				break;
			unsigned digit = isdigit(c) ? c - (unsigned)'0' : (unsigned)tolower(c) - 'a' + 10;
			code = code * (is_hex ? 16 : 10) + digit;
		}
		if (digits == 0 || code == 0 || code > 0x10ffff)
			return 0;
		*ret_code = code;
		return (size_t)(from - at) + (from < end && *from == ';');
	}
	for (size_t i = 0; i < ARRAY_LEN(references); i++) {
		size_t length = strlen(references[i].name);
		if ((size_t)(end - from) > length && memcmp(from, references[i].name, length) == 0 && from[length] == ';') {
			*ret_code = references[i].code;
			return length + 2;
		}
	}
	return 0;
}

static bool is_invisible(unsigned code)
{
	return code == 0xad || code == 0x200b || code == 0x200c || code == 0x200d || code == 0x2060 || code == 0xfeff || code == 0x34f;
}

/** One sign of the text that a reader sees. */
static void sign_take(struct html *html, unsigned code)
{
	bool is_space = code <= ' ' || code == 0xa0;
	if (is_invisible(code)) {
		html->facts->invisible_count += html->letter_before;
		return;
	}
	html->letter_before = code >= 0x80 ? 1 : isalpha((int)code) != 0;
	html->facts->letter_count += !is_space;
	if (html->is_in_anchor && html->shown_bytes + 4 < SHOWN_BYTES && code != 0xa0)
		html->shown_bytes += utf8_write(code, html->shown + html->shown_bytes);
}

/** A code point of UTF-8; a broken byte is the replacement sign. */
static unsigned sign_next(struct html *html)
{
	unsigned char first = (unsigned char)*html->at++;
	unsigned more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
	unsigned code = first < 0x80 ? first : more == 3 ? first & 7u : more == 2 ? first & 15u : first & 31u;
	if (first >= 0x80 && more == 0)
		return 0xfffd;
	for (; more > 0 && html->at < html->end && ((unsigned char)*html->at & 0xc0) == 0x80; more--)
		code = code << 6 | ((unsigned char)*html->at++ & 63u);
	return more == 0 ? code : 0xfffd;
}

static void text_read(struct html *html)
{
	while (html->at < html->end && *html->at != '<') {
		unsigned code = 0;
		size_t length = *html->at == '&' ? reference_read(html->at, html->end, &code) : 0;
		if (length > 0)
			html->at += length;
		else
			code = sign_next(html);
		sign_take(html, code);
	}
}

/** A name of a tag or attribute in lower case; what is longer is cut, and is none that matters. */
static void name_read(struct html *html, char ret_name[static NAME_BYTES])
{
	size_t used = 0;
	while (html->at < html->end && !isspace((unsigned char)*html->at) && *html->at != '/' && *html->at != '>' && *html->at != '=') {
		if (used + 1 < NAME_BYTES)
			ret_name[used++] = (char)tolower((unsigned char)*html->at);
		html->at++;
	}
	ret_name[used] = '\0';
}

static void spaces_skip(struct html *html)
{
	while (html->at < html->end && isspace((unsigned char)*html->at))
		html->at++;
}

/** The value of an attribute into html->value, references undone; what is too long is cut. */
static void value_read(struct html *html)
{
	char quote = html->at < html->end && (*html->at == '"' || *html->at == '\'') ? *html->at++ : '\0';
	html->value_bytes = 0;
	while (html->at < html->end) {
		char c = *html->at;
		if (quote != '\0' ? c == quote : isspace((unsigned char)c) || c == '>')
			break;
		unsigned code = 0;
		size_t length = c == '&' ? reference_read(html->at, html->end, &code) : 0;
		char bytes[4] = {c};
		size_t byte_count = length > 0 ? utf8_write(code, bytes) : 1;
		html->at += length > 0 ? length : 1;
		if (html->value_bytes + byte_count <= VALUE_BYTES) {
			memcpy(html->value + html->value_bytes, bytes, byte_count);
			html->value_bytes += byte_count;
		}
	}
	if (quote != '\0' && html->at < html->end)
		html->at++;
}

static bool value_begins(const struct html *html, const char *word)
{
	size_t length = strlen(word), from = 0;
	while (from < html->value_bytes && (unsigned char)html->value[from] <= ' ')
		from++;
	return html->value_bytes - from >= length && strncasecmp(html->value + from, word, length) == 0;
}

/** The end of a link: what its text shows against where it leads. */
static void anchor_close(struct html *html)
{
	struct mail_host shown;
	struct mail_facts *facts = html->links->facts;
	if (!html->is_in_anchor)
		return;
	html->is_in_anchor = false;
	if (html->anchor_place == LINK_NO_HOST)
		return;
	struct mail_host *host = &facts->hosts[html->anchor_place];
	if (link_is_shown(html->shown, html->shown_bytes, &shown) && !host_is_related(&shown, host)) {
		host->link_traits |= LINK_SHOWS_OTHER;
		if (facts->shown.name[0] == '\0')
			facts->shown = shown;
	}
	if (html->has_anchor_image && html->shown_bytes < 8) {
		host->link_traits |= LINK_PICTURE;
		html->image_links++;
	}
	if (!html->has_anchor_image && html->shown_bytes == 0)
		html->facts->traits |= HTML_HIDDEN_LINK;
	memset(html->shown, 0, html->shown_bytes);
}

static void anchor_open(struct html *html)
{
	anchor_close(html);
	html->facts->anchor_count++;
	html->shown_bytes = 0;
	html->has_anchor_image = false;
	html->is_in_anchor = true;
	html->anchor_place = link_add(html->links, html->value, html->value_bytes, LINK_ANCHOR);
	if (html->anchor_place != LINK_NO_HOST)
		html->full_links++;
	else if (value_begins(html, "data:")) /* script in a link is dead in every mail program */
		html->facts->traits |= HTML_DATA_LINK;
	else if (html->value_bytes <= 1 || html->value[0] == '#')
		html->empty_links++;
}

/** An attribute whose value is in html->value. */
static void attribute_take(struct html *html, const char *tag, const char *name)
{
	bool is_link = strcmp(name, "href") == 0;
	if (is_link && (strcmp(tag, "a") == 0 || strcmp(tag, "area") == 0)) {
		anchor_open(html);
	} else if (is_link && strcmp(tag, "base") == 0) {
		html->facts->traits |= HTML_BASE;
		(void)link_add(html->links, html->value, html->value_bytes, LINK_ANCHOR);
	} else if (strcmp(name, "src") == 0 && (strcmp(tag, "img") == 0 || strcmp(tag, "input") == 0)) {
		(void)link_add(html->links, html->value, html->value_bytes, LINK_IMAGE);
	} else if (strcmp(name, "action") == 0 || strcmp(name, "formaction") == 0) {
		(void)link_add(html->links, html->value, html->value_bytes, LINK_FORM);
	} else if (strcmp(name, "type") == 0 && value_begins(html, "password")) {
		html->facts->traits |= HTML_PASSWORD_FIELD;
	} else if (strcmp(name, "http-equiv") == 0 && value_begins(html, "refresh")) {
		html->facts->traits |= HTML_REFRESH;
	}
}

/** Steps over raw text up to its end tag (13.2.5.2 to 13.2.5.4). */
static void raw_skip(struct html *html, const char *tag)
{
	size_t length = strlen(tag);
	while ((size_t)(html->end - html->at) > length + 2) {
		const char *open = memchr(html->at, '<', (size_t)(html->end - html->at));
		if (open == NULL || (size_t)(html->end - open) <= length + 1)
			break;
		html->at = open;
		if (open[1] == '/' && strncasecmp(open + 2, tag, length) == 0)
			return; /* the end tag is read like any other */
		html->at++;
	}
	html->at = html->end;
}

static void comment_skip(struct html *html)
{
	const char *close = memmem(html->at, (size_t)(html->end - html->at), "-->", 3);
	html->at = close == NULL ? html->end : close + 3;
}

static void tag_take(struct html *html, const char *tag)
{
	html->facts->tag_count++;
	if (strcmp(tag, "img") == 0) {
		html->facts->image_count++;
		html->has_anchor_image = true;
	} else if (strcmp(tag, "form") == 0) {
		html->facts->traits |= HTML_FORM;
	} else if (strcmp(tag, "script") == 0) {
		html->facts->traits |= HTML_SCRIPT;
	}
	/* What begins a new line ends a word; what styles letters does not. */
	static const char *const within[] = {"span", "font", "b", "i", "u", "em", "strong", "a", "wbr", "small", "big"};
	bool is_within = false;
	for (size_t i = 0; i < ARRAY_LEN(within); i++)
		is_within = is_within || strcmp(tag, within[i]) == 0;
	html->letter_before = is_within ? html->letter_before : 0;
}

static void tag_read(struct html *html)
{
	char tag[NAME_BYTES], name[NAME_BYTES];
	html->at++; /* < */
	if (html->at < html->end && *html->at == '!') {
		bool is_comment = html->end - html->at > 3 && html->at[1] == '-' && html->at[2] == '-';
		if (is_comment) {
			html->at += 3;
			comment_skip(html);
			return;
		}
	}
	bool is_end = html->at < html->end && *html->at == '/';
	html->at += is_end;
	if (html->at >= html->end || (!isalpha((unsigned char)*html->at) && *html->at != '!' && *html->at != '?')) {
		sign_take(html, '<');
		return;
	}
	name_read(html, tag);
	if (is_end && strcmp(tag, "a") == 0)
		anchor_close(html);
	else if (!is_end)
		tag_take(html, tag);
	while (html->at < html->end && *html->at != '>') {
		const char *before = html->at;
		spaces_skip(html);
		name_read(html, name);
		spaces_skip(html);
		html->value_bytes = 0;
		if (html->at < html->end && *html->at == '=') {
			html->at++;
			spaces_skip(html);
			value_read(html);
		}
		if (!is_end && name[0] != '\0')
			attribute_take(html, tag, name);
		html->at += html->at < html->end && (*html->at == '/' || html->at == before);
	}
	html->at += html->at < html->end;
	if (!is_end && (strcmp(tag, "script") == 0 || strcmp(tag, "style") == 0 || strcmp(tag, "title") == 0 || strcmp(tag,
		"textarea") == 0))
		raw_skip(html, tag);
}

/** What the counts come to. */
static void counts_judge(struct html *html)
{
	struct html_facts *facts = html->facts;
	if (html->image_links > 0 && facts->letter_count < IMAGE_ONLY_LETTERS)
		facts->traits |= HTML_IMAGE_ONLY;
	if (html->empty_links >= EMPTY_LINKS_MIN && html->full_links > 0 && html->empty_links > html->full_links * 2)
		facts->traits |= HTML_EMPTY_LINKS;
	if (facts->invisible_count >= 4)
		facts->traits |= HTML_SPLIT_WORDS;
}

void html_read(const char *text, size_t length_bytes, struct link_reader *links, bool reads_tags)
{
	struct html_facts nothing = {.traits = 0};
	struct html html = {.at = text, .links = links, .facts = reads_tags ? &links->facts->html : &nothing, .reads_tags = reads_tags};
	if (length_bytes > LIMIT_MAIL_HTML_BYTES) {
		length_bytes = LIMIT_MAIL_HTML_BYTES;
		links->facts->unread |= UNREAD_HTML;
	}
	html.end = text + length_bytes;
	while (html.at < html.end) {
		if (*html.at == '<')
			tag_read(&html);
		else
			text_read(&html);
	}
	anchor_close(&html);
	counts_judge(&html);
}
