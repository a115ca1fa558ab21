/*
 * Hosts of addresses and links in one form: lower case, A-labels (IDNA 2008,
 * libidn2), without a final dot. The registrable domain is what the Public
 * Suffix List says (libpsl, the list built in); a suffix of its private
 * section is a place where anybody may publish, which is how free hosting is
 * known without a list of ours.
 *
 * Links hide their hosts: percent signs, full-width letters, numbers in place
 * of dotted addresses. What a browser would undo is undone here.
 */
#include "mail/host.h"

#include <ctype.h>
#include <idn2.h>
#include <libpsl.h>
#include <string.h>

#include "mail/lettering.h"

#define LABELS_DEEP 5 /* labels above the registrable domain's own: more than people type */
#define RANDOM_LETTERS_MIN 7 /* a shorter word tells nothing */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/** Undoes percent signs (RFC 3986 section 2.1). @return length, 0: too long, or a NUL is in it */
static size_t percent_undo(const char *text, size_t length_bytes, char *ret_plain, size_t plain_bytes)
{
	size_t used = 0;
	for (size_t i = 0; i < length_bytes; i++) {
		char c = text[i];
		int high = c == '%' && i + 2 < length_bytes ? hex_value(text[i + 1]) : -1;
		int low = high >= 0 ? hex_value(text[i + 2]) : -1;
		if (low >= 0) {
			c = (char)((unsigned)high * 16 + (unsigned)low);
			i += 2;
		}
		if (c == '\0' || used + 1 >= plain_bytes)
			return 0;
		ret_plain[used++] = c;
	}
	ret_plain[used] = '\0';
	return used;
}

static bool is_ascii(const char *text)
{
	while (*text != '\0' && (unsigned char)*text < 0x80)
		text++;
	return *text == '\0';
}

/** Letters, digits, hyphens and underscores in labels of 1..63 (RFC 1035 section 2.3.1, and what DNS has besides). */
static bool is_name(const char *name)
{
	size_t label = 0;
	for (; *name != '\0'; name++) {
		if (*name == '.' && label == 0)
			return false;
		label = *name == '.' ? 0 : label + 1;
		if (label > 63 || (*name != '.' && *name != '-' && *name != '_' && !isalnum((unsigned char)*name)))
			return false;
	}
	return label > 0;
}

/** Addresses as browsers read them: dotted, one number, hexadecimal; IPv6 in brackets. */
static bool is_address(const char *name)
{
	if (name[0] == '[') {
		size_t inside = strspn(name + 1, "0123456789abcdef:.");
		return inside > 1 && name[1 + inside] == ']' && name[2 + inside] == '\0';
	}
	if (name[strspn(name, "0123456789abcdefx.")] != '\0')
		return false;
	const char *last = strrchr(name, '.');
	last = last == NULL ? name : last + 1;
	if (last[0] == '0' && last[1] == 'x')
		return last[2] != '\0' && strspn(last + 2, "0123456789abcdef") == strlen(last + 2);
	return strspn(last, "0123456789") == strlen(last);
}

bool host_is_random_word(const char *word, size_t length_bytes)
{
	size_t letters = 0, digits = 0, vowels = 0, changes = 0, run = 0, run_most = 0;
	for (size_t i = 0; i < length_bytes; i++) {
		char c = (char)tolower((unsigned char)word[i]);
		bool is_digit = c >= '0' && c <= '9';
		bool is_letter = c >= 'a' && c <= 'z';
		bool is_vowel = is_letter && strchr("aeiouy", c) != NULL;
		letters += is_letter;
		digits += is_digit;
		vowels += is_vowel;
		if (i > 0 && (isdigit((unsigned char)word[i - 1]) != 0) != is_digit && (is_letter || is_digit))
			changes++;
		run = is_letter && !is_vowel ? run + 1 : 0;
		run_most = run > run_most ? run : run_most;
	}
	if (letters + digits < RANDOM_LETTERS_MIN || letters == 0)
		return letters == 0 && digits >= 12;
	return changes >= 4 || run_most >= 6 || (vowels * 8 < letters && letters >= 7) || (digits >= 4 && changes >= 3);
}

/** go.jp, ac.jp, gov ... as labels, joined by dots or hyphens, above a registrable domain that is none of them. */
static bool has_gov_label(const char *name, size_t registrable_at)
{
	static const char *const marks[] = {"go.jp", "go-jp", "ac.jp", "ac-jp", "lg.jp", "lg-jp", "co.jp", "co-jp", "or.jp", "or-jp",
		"gov", "mil"};
	const char *own = name + registrable_at;
	size_t own_label = strcspn(own, ".");
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		size_t length = strlen(marks[i]);
		for (const char *at = strstr(name, marks[i]); at != NULL; at = strstr(at + 1, marks[i])) {
			if (at + length > own + own_label)
				break;
			bool begins = at == name || at[-1] == '.' || at[-1] == '-';
			bool ends = at[length] == '.' || at[length] == '-';
			if (begins && ends)
				return true;
		}
	}
	return false;
}

static unsigned private_suffix_trait(const psl_ctx_t *list, const char *name)
{
	const char *any = psl_unregistrable_domain(list, name);
	if (any == NULL || strchr(any, '.') == NULL)
		return 0;
	bool is_icann = psl_is_public_suffix2(list, any, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) == 1;
	return is_icann ? 0 : HOST_FREE_HOSTING;
}

/** Whether a label's letters are of scripts that no language joins, once they are letters again. */
static bool is_mixed_script(const char *name)
{
	char *letters = NULL;
	bool is_mixed = idn2_to_unicode_8z8z(name, &letters, 0) == IDN2_OK && (lettering_traits(letters) & TEXT_MIXED_SCRIPT) != 0;
	idn2_free(letters);
	return is_mixed;
}

static void traits_find(struct mail_host *host)
{
	const psl_ctx_t *list = psl_builtin();
	const char *name = host->name, *registrable = psl_registrable_domain(list, name);
	unsigned traits = host_list_find(name) | private_suffix_trait(list, name);
	host->registrable_at = registrable == NULL ? 0 : (uint16_t)(registrable - name);
	if (registrable != NULL && registrable > name && strncmp(registrable, "example.", 8) == 0) {
		/* RFC 2606 section 3: reserved for documents and exercises, where each name below stands for an organisation. */
		const char *before = registrable - 1;
		while (before > name && before[-1] != '.')
			before--;
		host->registrable_at = (uint16_t)(before - name);
	}
	const char *own = host_registrable(host);
	const char *tld = strrchr(name, '.');
	if (tld != NULL && host_list_is_cheap_tld(tld + 1))
		traits |= HOST_CHEAP_TLD;
	if (strncmp(name, "xn--", 4) == 0 || strstr(name, ".xn--") != NULL)
		traits |= HOST_PUNYCODE;
	if ((traits & HOST_PUNYCODE) != 0 && is_mixed_script(name))
		traits |= HOST_MIXED_SCRIPT;
	if (has_gov_label(name, host->registrable_at))
		traits |= HOST_GOV_LABEL;
	size_t own_length = strcspn(own, "."), above = 0;
	if (host_is_random_word(own, own_length) && strncmp(own, "xn--", 4) != 0)
		traits |= HOST_RANDOM;
	for (const char *at = name; at < own; at++)
		above += *at == '.';
	if (above >= LABELS_DEEP)
		traits |= HOST_DEEP;
	host->host_traits = (uint16_t)traits;
}

int host_parse(const char *text, size_t length_bytes, struct mail_host *ret_host)
{
	char plain[MAIL_HOST_BYTES];
	struct mail_host host = {.host_traits = 0};
	size_t length = percent_undo(text, length_bytes, plain, sizeof(plain));
	while (length > 0 && plain[length - 1] == '.')
		plain[--length] = '\0';
	if (length == 0)
		return E_MALFORMED;
	if (!is_ascii(plain)) {
		uint8_t *ascii = NULL;
		if (idn2_lookup_u8((const uint8_t *)plain, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK &&
			idn2_lookup_u8((const uint8_t *)plain, &ascii, IDN2_NFC_INPUT | IDN2_TRANSITIONAL) != IDN2_OK)
			return E_MALFORMED;
		length = strlen((const char *)ascii);
		if (length < sizeof(plain))
			memcpy(plain, ascii, length + 1);
		idn2_free(ascii);
		if (length == 0 || length >= sizeof(plain))
			return E_MALFORMED;
	}
	for (size_t i = 0; i <= length; i++)
		host.name[i] = (char)tolower((unsigned char)plain[i]);
	if (is_address(host.name)) {
		host.host_traits = HOST_IP;
		*ret_host = host;
		return OK;
	}
	const char *last = strrchr(host.name, '.');
	if (!is_name(host.name) || (last != NULL && strspn(last + 1, "0123456789") == strlen(last + 1)))
		return E_MALFORMED; /* a number at the end is an address, and this is none (WHATWG URL, host parsing) */
	traits_find(&host);
	*ret_host = host;
	return OK;
}

const char *host_registrable(const struct mail_host *host)
{
	return host->name + host->registrable_at;
}

bool host_is_icann(const struct mail_host *host)
{
	const char *tld = strrchr(host->name, '.');
	return tld != NULL && psl_is_public_suffix2(psl_builtin(), tld + 1, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) == 1;
}

bool host_is_related(const struct mail_host *one, const struct mail_host *other)
{
	return one->name[0] != '\0' && strcmp(host_registrable(one), host_registrable(other)) == 0;
}
