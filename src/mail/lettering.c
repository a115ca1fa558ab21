/*
 * Letters as readers and as programs see them, by ICU 72. ICU's objects are
 * made at first use and live as long as the process: they are constant.
 *
 * Scripts: a word that mixes Latin, Cyrillic, Greek and the like is no word of
 * any language. Han with kana, Hangul, Bopomofo and Latin is lawful (UTS 39
 * section 5.2, "Highly Restrictive"), and full-width Latin is ordinary in Japan.
 */
#include "mail/lettering.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#define SCRIPT_LATIN 1u
#define SCRIPT_EAST 2u /* Han, kana, Hangul, Bopomofo */
#define SCRIPT_OTHER_FIRST 4u
#define SPACED_LETTERS 4 /* single letters between spaces in a row: a word set apart */

bool lettering_is_ascii(const char *text)
{
	while (*text != '\0' && (unsigned char)*text < 0x80)
		text++;
	return *text == '\0';
}

static unsigned script_bit(UChar32 c)
{
	UErrorCode error = U_ZERO_ERROR;
	UScriptCode script = uscript_getScript(c, &error);
	if (U_FAILURE(error) || script == USCRIPT_COMMON || script == USCRIPT_INHERITED)
		return 0;
	if (script == USCRIPT_LATIN)
		return SCRIPT_LATIN;
	if (script == USCRIPT_HAN || script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA || script == USCRIPT_HANGUL ||
		script == USCRIPT_BOPOMOFO)
		return SCRIPT_EAST;
	return SCRIPT_OTHER_FIRST << ((unsigned)script % 28);
}

static bool is_mixed(unsigned scripts)
{
	unsigned others = scripts & ~(SCRIPT_LATIN | SCRIPT_EAST);
	return others != 0 && (scripts & (scripts - 1)) != 0;
}

static bool is_styled(UChar32 c)
{
	return (c >= 0x1d400 && c <= 0x1d7ff) || (c >= 0x1f110 && c <= 0x1f189) || (c >= 0x249c && c <= 0x24e9);
}

/** Signs that take no place. Joiners are lawful beside letters of scripts that need them, and between pictures. */
static bool is_invisible(UChar32 c, unsigned scripts_before)
{
	if (c == 0x200c || c == 0x200d)
		return (scripts_before & (SCRIPT_LATIN | SCRIPT_EAST)) != 0;
	return c == 0x00ad || c == 0x200b || c == 0x2060 || c == 0x034f || c == 0xfeff || c == 0x180e || c == 0x3164 || c == 0x115f ||
		(c >= 0x2061 && c <= 0x2064) || (c >= 0xe0020 && c <= 0xe007f);
}

unsigned lettering_traits(const char *text)
{
	unsigned traits = 0, scripts = 0, singles = 0, letters = 0;
	int32_t length = (int32_t)strnlen(text, LETTERING_BYTES);
	for (int32_t at = 0; at < length;) {
		UChar32 c;
		U8_NEXT((const uint8_t *)text, at, length, c);
		if (c < 0)
			continue;
		if (is_styled(c))
			traits |= TEXT_STYLED_LETTERS;
		if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
			traits |= TEXT_DIRECTION;
		if (is_invisible(c, scripts)) {
			traits |= TEXT_INVISIBLE;
			continue;
		}
		if (u_isalpha(c)) {
			scripts |= script_bit(c);
			letters++;
			if (is_mixed(scripts))
				traits |= TEXT_MIXED_SCRIPT;
			continue;
		}
		if (c == ' ' || c == '.' || c == '-' || c == '_')
			singles = letters == 1 && scripts == SCRIPT_LATIN ? singles + 1 : 0;
		if (singles >= SPACED_LETTERS)
			traits |= TEXT_SPACED;
		if (!(u_getCombiningClass(c) != 0 || c == 0x30fc)) {
			scripts = 0;
			letters = 0;
		}
	}
	return traits;
}

/** UTF-8 into UTF-16, as much as there is room for. @return units */
static int32_t units_from(const char *text, UChar *ret_units, int32_t unit_count)
{
	UErrorCode error = U_ZERO_ERROR;
	int32_t used = 0;
	u_strFromUTF8WithSub(ret_units, unit_count, &used, text, (int32_t)strnlen(text, LETTERING_BYTES - 1), 0xfffd, NULL, &error);
	return U_FAILURE(error) ? 0 : used;
}

static void units_into(const UChar *units, int32_t unit_count, char ret_text[static LETTERING_BYTES])
{
	UErrorCode error = U_ZERO_ERROR;
	int32_t used = 0;
	u_strToUTF8WithSub(ret_text, LETTERING_BYTES - 1, &used, units, unit_count, 0xfffd, NULL, &error);
	ret_text[U_FAILURE(error) ? 0 : used] = '\0';
}

void lettering_fold(const char *text, char ret_folded[static LETTERING_BYTES])
{
	if (lettering_is_ascii(text)) {
		size_t i = 0;
		for (; text[i] != '\0' && i < LETTERING_BYTES - 1; i++)
			ret_folded[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + ('a' - 'A') : text[i]);
		ret_folded[i] = '\0';
		return;
	}
	UErrorCode error = U_ZERO_ERROR;
	UChar from[LETTERING_BYTES], to[LETTERING_BYTES * 2];
	const UNormalizer2 *fold = unorm2_getNFKCCasefoldInstance(&error);
	int32_t from_units = units_from(text, from, LETTERING_BYTES);
	int32_t to_units = U_FAILURE(error) ? 0 : unorm2_normalize(fold, from, from_units, to, LETTERING_BYTES * 2, &error);
	units_into(to, U_FAILURE(error) ? 0 : to_units, ret_folded);
}

void lettering_skeleton(const char *text, char ret_skeleton[static LETTERING_BYTES])
{
	static USpoofChecker *checker;
	UErrorCode error = U_ZERO_ERROR;
	UChar from[LETTERING_BYTES], to[LETTERING_BYTES * 2];
	char folded[LETTERING_BYTES];
	if (checker == NULL)
		checker = uspoof_open(&error);
	lettering_fold(text, folded);
	int32_t from_units = units_from(folded, from, LETTERING_BYTES);
	int32_t to_units = U_FAILURE(error) ? 0 : uspoof_getSkeleton(checker, 0, from, from_units, to, LETTERING_BYTES * 2, &error);
	units_into(to, U_FAILURE(error) ? 0 : to_units, ret_skeleton);
}
