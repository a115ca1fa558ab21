/* Texts that can be shown safely: UTF-8 by RFC 3629 section 4, and the characters that are refused. Lines, numbers, base64. */
#include "record/text.h"

#include <sodium.h>
#include <string.h>

/** Reads one UTF-8 character; returns its length, 0 if it is not well formed (RFC 3629 section 3). */
static size_t utf8_read(const uint8_t *at, size_t left, uint32_t *ret_code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000}; /* shortest form only */
	size_t length = at[0] < 0x80 ? 1 : at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
	if (length > left || (at[0] & 0xc0) == 0x80 || at[0] > 0xf4)
		return 0;
	uint32_t code = length == 1 ? at[0] : at[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return length;
}

size_t text_character_bytes(const char *text, size_t length_bytes)
{
	static const struct {
		uint32_t first, last;
	} refused[] = {
		{0x0000, 0x001f}, /* C0 */
		{0x007f, 0x009f}, /* DEL, C1 */
		{0x00ad, 0x00ad}, /* soft hyphen */
		{0x061c, 0x061c}, /* Arabic letter mark */
		{0x200b, 0x200f}, /* zero width, direction marks */
		{0x2028, 0x202e}, /* separators, bidi embeddings */
		{0x2060, 0x206f}, /* invisible operators, bidi isolates */
		{0xfeff, 0xfeff}, /* byte order mark */
		{0xfff9, 0xfffb}, /* annotations */
		{0xe0000, 0xe0fff}, /* tags */
	};
	uint32_t code;
	size_t length = length_bytes > 0 ? utf8_read((const uint8_t *)text, length_bytes, &code) : 0;
	for (size_t i = 0; length > 0 && i < ARRAY_LEN(refused); i++) {
		if (code >= refused[i].first && code <= refused[i].last)
			return 0;
	}
	return length;
}

bool text_is_plain(const char *text, size_t length_bytes)
{
	while (length_bytes > 0) {
		bool is_ascii = *text >= ' ' && *text <= '~'; /* nearly all of them, and soon told */
		size_t step = is_ascii ? 1 : text_character_bytes(text, length_bytes);
		if (step == 0)
			return false;
		text += step;
		length_bytes -= step;
	}
	return true;
}

char *text_plain_copy(const char *text, char *ret_text, size_t room_bytes)
{
	size_t left = strlen(text);
	char *out = ret_text;
	while (left > 0) {
		size_t step = text_character_bytes(text, left);
		size_t need = step > 0 ? step : 1;
		if ((size_t)(out - ret_text) + need >= room_bytes)
			break;
		if (step > 0)
			memcpy(out, text, step);
		else
			*out = '?';
		out += need;
		text += need;
		left -= need;
	}
	*out = '\0';
	return ret_text;
}

const char *text_line(struct cursor *cur, size_t *ret_length_bytes)
{
	size_t left = cursor_left(cur);
	const uint8_t *newline = left > 0 ? memchr(cur->at, '\n', left) : NULL;
	if (newline == NULL) {
		cursor_fail(cur, E_TRUNCATED);
		return NULL;
	}
	*ret_length_bytes = (size_t)(newline - cur->at);
	return (const char *)cursor_take(cur, *ret_length_bytes + 1);
}

int text_number_parse(const char *text, size_t length_bytes, uint64_t *ret_number)
{
	uint64_t number = 0;
	if (length_bytes == 0 || length_bytes > 19 || (text[0] == '0' && length_bytes > 1))
		return E_MALFORMED;
	for (size_t i = 0; i < length_bytes; i++) {
		if (text[i] < '0' || text[i] > '9')
			return E_MALFORMED;
		number = number * 10 + (uint64_t)(text[i] - '0'); /* 19 digits fit */
	}
	if (number > INT64_MAX)
		return E_MALFORMED;
	*ret_number = number;
	return OK;
}

int text_base64_parse(const char *text, size_t length_bytes, uint8_t *ret_bytes, size_t room_bytes, size_t *ret_count)
{
	size_t count = 0;
	const char *end = NULL;
	/* libsodium 1.0.18 takes a byte of 128 and more for the letter without its highest bit. */
	for (size_t i = 0; i < length_bytes; i++) {
		if ((uint8_t)text[i] >= 0x80)
			return E_MALFORMED;
	}
	if (sodium_base642bin(ret_bytes, room_bytes, text, length_bytes, NULL, &count, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
		end != text + length_bytes)
		return E_MALFORMED;
	*ret_count = count;
	return OK;
}
