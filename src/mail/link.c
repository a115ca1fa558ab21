/*
 * A link is scheme, authority and rest. Browsers forgive much, and links that
 * deceive live from it: tabs and newlines within are dropped, a backslash is a
 * slash, all before the last @ of the authority is no host. Links through
 * services that wrap others (their true target in the query) count for both.
 */
#include "mail/link.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/limits.h"
#include "mail/brand.h"
#include "mail/host.h"

#define SHOWN_BYTES 200 /* longer texts of links are prose */
#define UNWRAP_DEPTH 2 /* links in links in links are one no more */

/** Finds a word in bytes, any case. @return its place or NULL */
static const char *bytes_find(const char *bytes, size_t length_bytes, const char *word)
{
	size_t word_length = strlen(word);
	for (size_t i = 0; i + word_length <= length_bytes; i++) {
		if (strncasecmp(bytes + i, word, word_length) == 0)
			return bytes + i;
	}
	return NULL;
}

static bool ends_as_archive(const char *rest, size_t length_bytes)
{
	static const char *const endings[] = {".zip", ".rar", ".7z", ".iso", ".img", ".vhd", ".vhdx", ".cab", ".exe", ".msi", ".scr",
		".js",
		".vbs", ".hta", ".lnk", ".jar", ".apk", ".one", ".docm", ".xlsm", ".lzh", ".ace", ".tgz", ".bat", ".ps1"};
	size_t path = 0;
	while (path < length_bytes && rest[path] != '?' && rest[path] != '#')
		path++;
	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		size_t length = strlen(endings[i]);
		if (path > length && strncasecmp(rest + path - length, endings[i], length) == 0)
			return true;
	}
	return false;
}

/** The recipient's address in the rest: plain, with %40, or in base64 (RFC 4648) at any of three offsets. */
static bool has_addressee(const struct link_reader *reader, const char *rest, size_t length_bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < LINK_ADDRESSEES_MAX && reader->addressees[i] != NULL; i++) {
		const char *address = reader->addressees[i], *at = strchr(address, '@');
		size_t length = strlen(address);
		if (at == NULL || length < 6 || length > 120)
			continue;
		if (bytes_find(rest, length_bytes, address) != NULL)
			return true;
		char code[164];
		size_t used = 0;
		for (size_t j = 0; j + 2 < length; j += 3) {
			unsigned three = (unsigned)(unsigned char)address[j] << 16 | (unsigned)(unsigned char)address[j + 1] << 8 |
				(unsigned char)address[j + 2];
			for (int shift = 18; shift >= 0; shift -= 6)
				code[used++] = digits[three >> shift & 63];
		}
		code[used] = '\0';
		if (memmem(rest, length_bytes, code, used) != NULL)
			return true;
		char local[124];
		memcpy(local, address, (size_t)(at - address));
		memcpy(local + (at - address), "%40", 4);
		if (bytes_find(rest, length_bytes, local) != NULL && bytes_find(rest, length_bytes, at + 1) != NULL)
			return true;
	}
	return false;
}

static bool host_names_brand(const struct mail_host *host)
{
	size_t brand = brand_find_label(host->name);
	return brand != BRAND_NONE && !brand_owns(brand, host_registrable(host));
}

/** The place of a host in the facts, made where it is new. */
static size_t host_place(struct mail_facts *facts, const struct mail_host *host)
{
	for (size_t i = 0; i < facts->host_count; i++) {
		if (strcmp(facts->hosts[i].name, host->name) == 0)
			return i;
	}
	if (facts->host_count == MAIL_HOSTS_MAX) {
		facts->unread |= UNREAD_LINKS;
		return LINK_NO_HOST;
	}
	struct mail_host *made = &facts->hosts[facts->host_count];
	*made = *host;
	made->is_of_sender = host_is_related(&facts->sender.host, host);
	if (host_names_brand(host))
		made->host_traits |= HOST_BRAND_LABEL;
	return facts->host_count++;
}

/** What a link is before its host: http, https, ftp, //. @return bytes to step over, 0: it leads to no host */
static size_t scheme_length(const char *link, size_t length_bytes)
{
	static const char *const schemes[] = {"https:", "http:", "ftp:"};
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t length = strlen(schemes[i]), slashes = 0;
		if (length_bytes <= length || strncasecmp(link, schemes[i], length) != 0)
			continue;
		while (length + slashes < length_bytes && (link[length + slashes] == '/' || link[length + slashes] == '\\'))
			slashes++;
		return length + slashes;
	}
	return length_bytes > 2 && link[0] == '/' && link[1] == '/' ? 2 : 0;
}

static size_t link_take(struct link_reader *reader, const char *link, size_t length_bytes, unsigned where, unsigned depth);

/** The target that another link carries in its query, taken as a link of its own. */
static bool nested_take(struct link_reader *reader, const char *rest, size_t length_bytes, unsigned where, unsigned depth)
{
	static const char *const begins[] = {"https://", "http://", "https%3a%2f%2f", "http%3a%2f%2f"};
	if (memmem(rest, length_bytes, "//", 2) == NULL && memchr(rest, '%', length_bytes) == NULL)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
		const char *at = bytes_find(rest, length_bytes, begins[i]);
		if (at == NULL)
			continue;
		char target[512];
		size_t left = (size_t)(rest + length_bytes - at), used = 0;
		for (size_t j = 0; j < left && used < sizeof(target) - 1 && at[j] != '&'; j++) {
			unsigned char high = j + 2 < left ? (unsigned char)at[j + 1] : 0, low = j + 2 < left ? (unsigned char)at[j + 2] : 0;
			if (at[j] == '%' && isxdigit(high) && isxdigit(low)) {
				static const char hex[] = "0123456789abcdef";
				target[used++] = (char)((strchr(hex, tolower(high)) - hex) << 4 | (strchr(hex, tolower(low)) - hex));
				j += 2;
			} else {
				target[used++] = at[j];
			}
		}
		if (depth < UNWRAP_DEPTH)
			(void)link_take(reader, target, used, where, depth + 1);
		return true;
	}
	return false;
}

static size_t link_take(struct link_reader *reader, const char *link, size_t length_bytes, unsigned where, unsigned depth)
{
	size_t begin = scheme_length(link, length_bytes);
	if (begin == 0)
		return LINK_NO_HOST;
	const char *authority = link + begin;
	size_t left = length_bytes - begin, length = 0, host_at = 0;
	while (length < left && strchr("/\\?#", authority[length]) == NULL)
		length++;
	for (size_t i = 0; i < length; i++) {
		if (authority[i] == '@') {
			host_at = i + 1;
			where |= LINK_USERINFO;
		}
	}
	size_t host_length = length - host_at;
	const char *colon = memchr(authority + host_at, ':', host_length);
	if (colon != NULL && authority[host_at] != '[') {
		size_t port_length = (size_t)(authority + length - colon) - 1;
		bool is_usual = port_length == 0 || (port_length == 2 && memcmp(colon + 1, "80", 2) == 0) ||
			(port_length == 3 && memcmp(colon + 1, "443", 3) == 0);
		where |= is_usual ? 0u : (unsigned)LINK_PORT;
		host_length = (size_t)(colon - authority) - host_at;
	}
	struct mail_host host;
	if (host_parse(authority + host_at, host_length, &host) != OK || strchr(host.name, '.') == NULL)
		return LINK_NO_HOST;
	const char *rest = authority + length;
	size_t rest_length = left - length;
	if (ends_as_archive(rest, rest_length))
		where |= LINK_ARCHIVE;
	if (has_addressee(reader, rest, rest_length))
		where |= LINK_ADDRESSEE;
	size_t place = host_place(reader->facts, &host); /* before a nested one: it is first */
	if (nested_take(reader, rest, rest_length, where & ~(unsigned)(LINK_USERINFO | LINK_PORT), depth))
		where |= LINK_NESTED;
	if (place == LINK_NO_HOST)
		return place;
	struct mail_host *noted = &reader->facts->hosts[place];
	noted->link_traits |= (uint16_t)where;
	noted->link_count += noted->link_count < UINT16_MAX;
	return place;
}

size_t link_add(struct link_reader *reader, const char *link, size_t length_bytes, unsigned where)
{
	char plain[LIMIT_MAIL_LINK_BYTES];
	size_t used = 0;
	if (reader->facts->link_count >= LIMIT_MAIL_LINKS) {
		reader->facts->unread |= UNREAD_LINKS;
		return LINK_NO_HOST;
	}
	for (size_t i = 0; i < length_bytes && used < sizeof(plain); i++) {
		if ((unsigned char)link[i] > ' ' || (link[i] == ' ' && used > 0))
			plain[used++] = link[i];
	}
	while (used > 0 && plain[used - 1] == ' ')
		used--;
	size_t place = link_take(reader, plain, used, where, 0);
	reader->facts->link_count += place != LINK_NO_HOST;
	return place;
}

/** Where a link of plain text ends: at a space, a quote, a bracket, or what is no ASCII. */
static size_t text_link_length(const char *text, size_t length_bytes)
{
	size_t length = 0;
	while (length < length_bytes && (unsigned char)text[length] > ' ' && (unsigned char)text[length] < 0x7f &&
		strchr("<>\"'()[]{}|^`", text[length]) == NULL)
		length++;
	while (length > 0 && strchr(".,;:!?", text[length - 1]) != NULL)
		length--;
	return length;
}

void link_scan(struct link_reader *reader, const char *text, size_t length_bytes, unsigned where)
{
	for (size_t i = 0; i + 4 < length_bytes;) {
		const char *colon = memchr(text + i, ':', length_bytes - i);
		if (colon == NULL)
			return;
		size_t at = (size_t)(colon - text), left = length_bytes - at;
		size_t back = at >= 5 && strncasecmp(colon - 5, "https", 5) == 0 ? 5 : at >= 4 && strncasecmp(colon - 4, "http", 4) == 0 ?
			4 : 0;
		i = at + 1;
		if (back == 0 || left < 4 || colon[1] != '/' || colon[2] != '/')
			continue;
		size_t length = text_link_length(colon - back, back + left);
		(void)link_add(reader, colon - back, length, where);
		i = at - back + length > i ? at - back + length : i;
	}
}

bool link_is_shown(const char *text, size_t length_bytes, struct mail_host *ret_host)
{
	while (length_bytes > 0 && (unsigned char)*text <= ' ') {
		text++;
		length_bytes--;
	}
	while (length_bytes > 0 && (unsigned char)text[length_bytes - 1] <= ' ')
		length_bytes--;
	if (length_bytes < 4 || length_bytes > SHOWN_BYTES)
		return false;
	for (size_t i = 0; i < length_bytes; i++) {
		if ((unsigned char)text[i] <= ' ' || text[i] == '@')
			return false;
	}
	size_t begin = scheme_length(text, length_bytes), length = begin;
	while (length < length_bytes && strchr("/\\?#:", text[length]) == NULL)
		length++;
	struct mail_host host;
	bool is_www = length_bytes > 4 && strncasecmp(text, "www.", 4) == 0;
	if ((begin == 0 && !is_www) || host_parse(text + begin, length - begin, &host) != OK || strchr(host.name, '.') == NULL)
		return false;
	*ret_host = host;
	return true;
}
