/*
 * Reader of Authentication-Results (RFC 8601 section 2.2): authserv-id, version, then results, each a method with its
 * result, a reason and properties. Comments (RFC 5322 3.2.2) may stand everywhere between words, nest, and are stepped
 * over; a reader that takes their text for results is one of the ways in which such headers were forged (CVE-2020-12272).
 *
 * A header that leaves the grammar gives nothing of what follows the break, and what came before is not believed either:
 * results are kept only once the whole header was read.
 */
#include "mail/authres.h"

#include <string.h>
#include <strings.h>

#include "core/cursor.h"

#define WORD_BYTES 512 /* a longer id, method or value is cut, and then equals nothing */
#define COMMENT_DEPTH_MAX 16

struct word {
	char text[WORD_BYTES]; /* NUL-terminated */
	size_t length_bytes;
	bool is_cut;
};

static const char *const result_names[] = {
	[AUTHRES_ABSENT] = "absent", [AUTHRES_NONE] = "none", [AUTHRES_PASS] = "pass", [AUTHRES_FAIL] = "fail",
	[AUTHRES_SOFTFAIL] = "softfail", [AUTHRES_NEUTRAL] = "neutral", [AUTHRES_POLICY] = "policy",
	[AUTHRES_TEMPERROR] = "temperror", [AUTHRES_PERMERROR] = "permerror", [AUTHRES_OTHER] = "other",
};

/* How bad a result is beside another of the same method. */
static const uint8_t badness[] = {
	[AUTHRES_ABSENT] = 0, [AUTHRES_PASS] = 1, [AUTHRES_NONE] = 2, [AUTHRES_NEUTRAL] = 3, [AUTHRES_OTHER] = 4, [AUTHRES_POLICY] = 5,
	[AUTHRES_TEMPERROR] = 6, [AUTHRES_PERMERROR] = 7, [AUTHRES_SOFTFAIL] = 8, [AUTHRES_FAIL] = 9,
};

const char *authres_result_name(enum authres_result result)
{
	return (unsigned)result < ARRAY_LEN(result_names) ? result_names[result] : "other";
}

static enum authres_result result_of(const struct word *word)
{
	for (size_t i = AUTHRES_NONE; i < AUTHRES_OTHER; i++) {
		if (strcasecmp(word->text, result_names[i]) == 0)
			return (enum authres_result)i;
	}
	return strcasecmp(word->text, "hardfail") == 0 ? AUTHRES_FAIL : AUTHRES_OTHER;
}

/** Steps over white space, folding and comments. */
static void gap_skip(struct cursor *cur)
{
	unsigned depth = 0;
	while (cursor_left(cur) > 0) {
		uint8_t c = *cur->at;
		if (depth == 0 && c != '(' && c != ' ' && c != '\t' && c != '\r' && c != '\n')
			return;
		cur->at++;
		if (c == '\\' && depth > 0)
			cursor_skip(cur, 1);
		depth += c == '(' ? 1u : 0u;
		depth -= c == ')' && depth > 0 ? 1u : 0u;
		if (depth > COMMENT_DEPTH_MAX)
			cursor_fail(cur, E_MALFORMED);
	}
	if (depth > 0)
		cursor_fail(cur, E_MALFORMED);
}

static void word_add(struct word *word, uint8_t c)
{
	word->is_cut = word->is_cut || word->length_bytes + 1 >= WORD_BYTES || c == 0;
	if (!word->is_cut)
		word->text[word->length_bytes++] = (char)c;
}

/** A quoted string or a run of bytes up to white space, a comment or one of the given signs. Empty: malformed. */
static void word_read(struct cursor *cur, const char *ends, struct word *ret_word)
{
	ret_word->length_bytes = 0;
	ret_word->is_cut = false;
	gap_skip(cur);
	bool is_quoted = cursor_left(cur) > 0 && *cur->at == '"', is_closed = false;
	if (is_quoted)
		cursor_skip(cur, 1);
	while (cursor_left(cur) > 0) {
		uint8_t c = *cur->at;
		if (is_quoted ? c == '"' : (c <= ' ' || c == '(' || c == '"' || strchr(ends, c) != NULL))
			break;
		cur->at++;
		word_add(ret_word, is_quoted && c == '\\' ? cursor_u8(cur) : c);
	}
	if (is_quoted) {
		is_closed = cursor_left(cur) > 0;
		cursor_skip(cur, 1);
	}
	ret_word->text[ret_word->length_bytes] = '\0';
	if ((is_quoted && !is_closed) || (!is_quoted && ret_word->length_bytes == 0))
		cursor_fail(cur, E_MALFORMED);
}

/** Takes a sign that must come next. */
static void sign_take(struct cursor *cur, uint8_t sign)
{
	gap_skip(cur);
	if (cursor_u8(cur) != sign)
		cursor_fail(cur, E_MALFORMED);
}

static bool at_end(struct cursor *cur)
{
	gap_skip(cur);
	return cursor_left(cur) == 0;
}

/** Puts the domain of an address or of a domain in its place, in lower case; an absurd one leaves it empty. */
static void domain_put(char ret_domain[static AUTHRES_DOMAIN_BYTES], const struct word *value)
{
	const char *at = strrchr(value->text, '@');
	const char *domain = at != NULL ? at + 1 : value->text;
	size_t length_bytes = strlen(domain);
	if (value->is_cut || length_bytes >= AUTHRES_DOMAIN_BYTES)
		return;
	for (size_t i = 0; i <= length_bytes; i++) {
		char c = domain[i];
		ret_domain[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	}
}

/** Whether a property tells for whom this method's result is. A header.d or mailfrom beats what only stands in for it. */
static bool is_subject(const char *method, const char *property, bool has_one)
{
	if (strcasecmp(method, "spf") == 0)
		return strcasecmp(property, "smtp.mailfrom") == 0 || (!has_one && strcasecmp(property, "smtp.helo") == 0);
	if (strcasecmp(method, "dkim") == 0)
		return strcasecmp(property, "header.d") == 0 || (!has_one && strcasecmp(property, "header.i") == 0);
	return strcasecmp(method, "dmarc") == 0 && strcasecmp(property, "header.from") == 0;
}

static void entry_keep(struct authres_entry *kept, const struct authres_entry *entry)
{
	if (badness[entry->result] > badness[kept->result])
		*kept = *entry;
}

static void entry_take(struct authres *authres, const char *method, const struct authres_entry *entry)
{
	if (strcasecmp(method, "spf") == 0)
		entry_keep(&authres->spf, entry);
	else if (strcasecmp(method, "dmarc") == 0)
		entry_keep(&authres->dmarc, entry);
	else if (strcasecmp(method, "arc") == 0)
		entry_keep(&authres->arc, entry);
	else if (strcasecmp(method, "dkim") == 0 && authres->dkim_count < AUTHRES_SIGNATURES_MAX)
		authres->dkim[authres->dkim_count++] = *entry;
	else if (strcasecmp(method, "dkim") == 0)
		authres->dkim_left_out++;
}

/** One result: method=result, then reason= and properties up to the next semicolon. "none" alone tells nothing. */
static void result_read(struct cursor *cur, struct authres *authres)
{
	struct word method, word, value;
	struct authres_entry entry = {0};
	word_read(cur, "=;/", &method);
	gap_skip(cur);
	if (cursor_left(cur) > 0 && *cur->at == '/') { /* version of the method */
		cursor_skip(cur, 1);
		word_read(cur, "=;", &word);
	}
	if (strcasecmp(method.text, "none") == 0 && (at_end(cur) || *cur->at == ';'))
		return;
	sign_take(cur, '=');
	word_read(cur, ";", &word);
	entry.result = result_of(&word);
	while (cur->error == OK && !at_end(cur) && *cur->at != ';') {
		word_read(cur, "=;", &word);
		sign_take(cur, '=');
		word_read(cur, ";", &value);
		if (cur->error == OK && is_subject(method.text, word.text, entry.domain[0] != '\0'))
			domain_put(entry.domain, &value);
	}
	if (cur->error == OK)
		entry_take(authres, method.text, &entry);
}

/** The id, and a version behind it. */
static void id_read(struct cursor *cur, struct word *ret_id)
{
	struct word version;
	word_read(cur, ";", ret_id);
	gap_skip(cur);
	if (cursor_left(cur) > 0 && *cur->at != ';')
		word_read(cur, ";", &version);
}

/** Whether text holds the id somewhere, in any case: how a broken header that means ours is known. */
static bool mentions(const char *value, size_t length_bytes, const char *id)
{
	size_t id_bytes = strlen(id);
	for (size_t i = 0; i + id_bytes <= length_bytes; i++) {
		if (strncasecmp(value + i, id, id_bytes) == 0)
			return true;
	}
	return false;
}

enum authres_origin authres_take(struct authres *authres, const struct authres_trust *trust, const char *value, size_t length_bytes)
{
	struct cursor cur = cursor_over(value, length_bytes);
	struct word id;
	id_read(&cur, &id);
	bool has_trust = trust->authserv_id != NULL && trust->authserv_id[0] != '\0';
	if (cur.error != OK || id.is_cut) {
		authres->unreadable++;
		bool is_like_ours = has_trust && mentions(value, length_bytes, trust->authserv_id);
		authres->forged += is_like_ours ? 1 : 0;
		return is_like_ours ? AUTHRES_FORGED : AUTHRES_UNREADABLE;
	}
	if (!has_trust || strcasecmp(id.text, trust->authserv_id) != 0) {
		authres->foreign++;
		return AUTHRES_FOREIGN;
	}
	if (authres->own >= (trust->headers > 0 ? trust->headers : 1)) {
		authres->forged++;
		return AUTHRES_FORGED;
	}
	authres->own++;
	struct authres read = *authres;
	while (!at_end(&cur) && cur.error == OK) {
		sign_take(&cur, ';');
		if (!at_end(&cur)) /* a semicolon at the end is common, and harmless */
			result_read(&cur, &read);
	}
	if (cur.error == OK)
		*authres = read;
	else
		authres->unreadable++;
	return AUTHRES_OWN;
}

static bool is_within(const struct authres_entry *entry, const char *domain)
{
	size_t length_bytes = strlen(domain), entry_bytes = strlen(entry->domain);
	if (entry->result != AUTHRES_PASS || length_bytes == 0 || entry_bytes < length_bytes)
		return false;
	size_t before_bytes = entry_bytes - length_bytes;
	return strcmp(entry->domain + before_bytes, domain) == 0 && (before_bytes == 0 || entry->domain[before_bytes - 1] == '.');
}

bool authres_vouches(const struct authres *authres, const char *domain)
{
	bool vouches = is_within(&authres->dmarc, domain) || is_within(&authres->spf, domain);
	for (uint32_t i = 0; i < authres->dkim_count && i < AUTHRES_SIGNATURES_MAX; i++)
		vouches = vouches || is_within(&authres->dkim[i], domain);
	return vouches;
}
