/*
 * Attachments that are text: marks that tell what they do, found by plain search over bounded bytes, and links of
 * calendar files and shortcuts. Nothing is parsed further than that: a mark in a comment counts, since whoever writes
 * such a comment wants it to be read.
 *
 * HTML smuggling: a page that holds a file as text and makes it into a download by script. It takes three things that
 * pages attached to honest mail have no use for together: something that turns text into bytes, something that hands
 * them over as a file, or a great mass of encoded text beside the script.
 */
#include <string.h>
#include <strings.h>

#include "core/cursor.h"
#include "core/limits.h"
#include "mail/payload_walk.h"

#define SEARCH_BYTES_MAX 4194304u /* of a text; marks stand before or behind the mass, so both ends are looked at */
#define CODED_RUN_BYTES 4096 /* of base64 or hex without a break: a file, not a picture's name */
#define SMUGGLE_MARKS_MIN 2

/** Case-blind search for lower-case ASCII. */
static bool has_word(const uint8_t *bytes, size_t length_bytes, const char *word)
{
	size_t word_bytes = strlen(word);
	uint8_t low = (uint8_t)word[0], high = low >= 'a' && low <= 'z' ? (uint8_t)(low - 32) : low;
	for (size_t i = 0; i + word_bytes <= length_bytes; i++) {
		if ((bytes[i] == low || bytes[i] == high) && strncasecmp((const char *)bytes + i, word, word_bytes) == 0)
			return true;
	}
	return false;
}

/** The same at both ends of what is longer than the search goes. */
static bool has_mark(const uint8_t *bytes, size_t length_bytes, const char *word)
{
	if (length_bytes <= SEARCH_BYTES_MAX)
		return has_word(bytes, length_bytes, word);
	return has_word(bytes, SEARCH_BYTES_MAX / 2, word) ||
		has_word(bytes + length_bytes - SEARCH_BYTES_MAX / 2, SEARCH_BYTES_MAX / 2, word);
}

static bool has_any(const uint8_t *bytes, size_t length_bytes, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (has_mark(bytes, length_bytes, words[i]))
			return true;
	}
	return false;
}

/** Whether there is a long run of base64 or hex digits, as a file takes; \x and %, commas of byte lists included. */
static bool has_coded_run(const uint8_t *bytes, size_t length_bytes)
{
	size_t run = 0;
	for (size_t i = 0; i < length_bytes && run < CODED_RUN_BYTES; i++) {
		uint8_t c = bytes[i];
		bool is_coded = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			(c != 0 && strchr("+/=-_%\\,", c) != NULL);
		run = is_coded ? run + 1 : 0;
	}
	return run >= CODED_RUN_BYTES;
}

void payload_html_look(struct payload_walk *walk, const uint8_t *bytes, size_t length_bytes)
{
	static const char *const scripts[] = {"<script", "javascript:", "onload=", "onerror=", "onclick="};
	static const char *const decoders[] = {"atob(", "atob ", "unescape(", "fromcharcode", "uint8array", "charcodeat", "textdecoder",
		"decodeuricomponent(", "frombase64"};
	static const char *const makers[] = {"new blob", "blob(", "createobjecturl", "mssaveblob", "mssaveoropenblob",
		"data:application/",
		"data:text/html;base64", "document.write(", ".download", " download=", "serviceworker", "new file("};
	static const char *const passwords[] = {"type=\"password\"", "type='password'", "type=password"};
	if (has_any(bytes, length_bytes, passwords, ARRAY_LEN(passwords)))
		*walk->traits |= PAYLOAD_HTML_PASSWORD;
	bool is_download = has_mark(bytes, length_bytes, "data:application/") && has_mark(bytes, length_bytes, " download=");
	if (!has_any(bytes, length_bytes, scripts, ARRAY_LEN(scripts))) {
		if (is_download)
			*walk->traits |= PAYLOAD_HTML_SMUGGLES;
		return;
	}
	*walk->traits |= PAYLOAD_HTML_SCRIPT;
	unsigned marks = has_any(bytes, length_bytes, decoders, ARRAY_LEN(decoders)) ? 1 : 0;
	marks += has_any(bytes, length_bytes, makers, ARRAY_LEN(makers)) ? 1 : 0;
	marks += has_coded_run(bytes, length_bytes) ? 1 : 0;
	if (marks >= SMUGGLE_MARKS_MIN)
		*walk->traits |= PAYLOAD_HTML_SMUGGLES;
}

void payload_rtf_look(struct payload_walk *walk, const uint8_t *bytes, size_t length_bytes)
{
	if (has_mark(bytes, length_bytes, "\\objdata") || has_mark(bytes, length_bytes, "\\objupdate"))
		*walk->traits |= PAYLOAD_HAS_OBJECT;
	if (has_mark(bytes, length_bytes, "\\*\\template http") || has_mark(bytes, length_bytes, "\\*\\template file") ||
	    has_mark(bytes, length_bytes, "includepicture http") || has_mark(bytes, length_bytes, "\\objautlink"))
		*walk->traits |= PAYLOAD_HAS_REMOTE;
}

void payload_pdf_look(struct payload_walk *walk, const uint8_t *bytes, size_t length_bytes)
{
	static const char *const acts[] = {"/JavaScript", "/Launch", "/EmbeddedFile", "/RichMedia", "/SubmitForm", "/GoToE"};
	for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
		if (memmem(bytes, length_bytes, acts[i], strlen(acts[i])) != NULL)
			*walk->traits |= PAYLOAD_PDF_ACTS;
	}
	if (memmem(bytes, length_bytes, "/Encrypt ", 9) != NULL)
		*walk->traits |= PAYLOAD_ENCRYPTED;
}

void payload_relations_look(struct payload_walk *walk, const uint8_t *bytes, size_t length_bytes)
{
	static const char *const loaded[] = {"/attachedtemplate\"", "/oleobject\"", "/frame\"", "/subdocument\"",
		"/externallinkpath\""};
	struct cursor cur = cursor_over(bytes, length_bytes);
	while (cursor_left(&cur) > 0) {
		const uint8_t *end = memchr(cur.at, '>', cursor_left(&cur));
		size_t element_bytes = end != NULL ? (size_t)(end - cur.at) + 1 : cursor_left(&cur);
		const uint8_t *element = cursor_take(&cur, element_bytes);
		if (element != NULL && has_word(element, element_bytes, "targetmode=\"external\"") &&
		    has_any(element, element_bytes, loaded, ARRAY_LEN(loaded)))
			*walk->traits |= PAYLOAD_HAS_REMOTE;
	}
}

/** Where a link that begins here ends: at what no URL has. */
static size_t link_length(const uint8_t *at, size_t left_bytes)
{
	size_t i = 0;
	while (i < left_bytes && at[i] > ' ' && at[i] != 0x7f && strchr("\"<>\\^`{|}", at[i]) == NULL)
		i++;
	return i;
}

/** Hands on what begins with http:// or https://, over unfolded lines. @return how many */
static size_t links_find(struct payload_walk *walk, enum payload_link_kind kind, const uint8_t *bytes, size_t length_bytes)
{
	char link[LIMIT_MAIL_PAYLOAD_LINK_BYTES];
	size_t count = 0;
	for (size_t i = 0; i + 8 < length_bytes; i++) {
		if ((bytes[i] | 32) != 'h' || (strncasecmp((const char *)bytes + i, "http://", 7) != 0 &&
						      strncasecmp((const char *)bytes + i, "https://", 8) != 0))
			continue;
		size_t used_bytes = 0;
		while (i < length_bytes && used_bytes < sizeof(link)) {
			size_t run_bytes = link_length(bytes + i, length_bytes - i);
			run_bytes = run_bytes < sizeof(link) - used_bytes ? run_bytes : sizeof(link) - used_bytes;
			memcpy(link + used_bytes, bytes + i, run_bytes);
			used_bytes += run_bytes;
			i += run_bytes;
			/* RFC 5545 3.1: a line goes on after a break and a blank. */
			size_t fold_bytes = i + 2 < length_bytes && bytes[i] == '\r' && bytes[i + 1] == '\n' && bytes[i + 2] == ' ' ? 3
				: i + 1 < length_bytes && bytes[i] == '\n' && bytes[i + 1] == ' '                               ? 2
																	       : 0;
			if (fold_bytes == 0)
				break;
			i += fold_bytes;
		}
		payload_link(walk, kind, link, used_bytes);
		count++;
	}
	return count;
}

void payload_calendar_look(struct payload_walk *walk, const uint8_t *bytes, size_t length_bytes)
{
	size_t looked_at = length_bytes < SEARCH_BYTES_MAX ? length_bytes : SEARCH_BYTES_MAX;
	if (links_find(walk, PAYLOAD_LINK_CALENDAR, bytes, looked_at) > 0)
		*walk->traits |= PAYLOAD_CALENDAR_LINK;
}

void payload_shortcut_look(struct payload_walk *walk, const uint8_t *bytes, size_t length_bytes)
{
	(void)links_find(walk, PAYLOAD_LINK_SHORTCUT, bytes, length_bytes < 65536 ? length_bytes : 65536);
}
