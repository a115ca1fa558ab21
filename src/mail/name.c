/*
 * Two spellings meet in one form.
 *
 * Script form: folded (NFKC, case), older shapes of kanji by today's, no
 * spaces. A display name is read as every run of its signs that may be a
 * name, so that an office before or after it does not hide it; what stands
 * directly before must end as offices do, else 林一郎 would be in 小林一郎.
 *
 * Reading form: kana become Latin letters, and these one spelling: Kunrei, no
 * long vowels, no doubled letters, no marks. Taro, Tarou, Taroh, Tarō and たろう
 * are "taro"; Shinji, Sinji and しんじ "sinzi". Names from elsewhere go the same
 * way on both sides, which does no harm.
 */
#include "mail/name.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include "core/err.h"

#define SIGNS_MAX 128 /* of a display name that are looked at */
#define SCRIPT_SIGNS_MIN 3 /* shorter names in kanji are in too many words; two signs only as the whole text */
#define SCRIPT_SIGNS_MAX 12
#define WORDS_MAX 12 /* of a display name */
#define WORDS_TOGETHER 3 /* of one name */
#define READING_LETTERS_MIN 5 /* of family and given name together */

struct words {
	char word[WORDS_MAX][NAME_FORM_BYTES];
	size_t count;
};

static uint64_t form_hash(const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return hash;
}

static void form_add(struct name_forms *forms, enum name_form_kind kind, const char *text)
{
	uint64_t hash = form_hash(text);
	for (size_t i = 0; i < forms->count; i++) {
		if (forms->forms[i].kind == kind && forms->forms[i].hash == hash)
			return;
	}
	if (forms->count < NAME_FORMS_MAX && text[0] != '\0')
		forms->forms[forms->count++] = (struct name_form){.kind = kind, .hash = hash};
}

/* Older shapes of kanji in names, each followed by today's. */
static const char *const older_shapes =
	"髙高﨑崎嵜崎碕崎邊辺邉辺齋斎齊斎斉斎濱浜濵浜澤沢廣広櫻桜國国嶋島嶌島德徳黑黒冨富眞真曾曽惠恵榮栄條条龍竜瀧滝圓円壽寿實実藏蔵學学與与"
	"萬万彌弥來来會会淺浅關関鐵鉄豐豊槇槙遙遥凜凛檜桧藪薮渕淵淵淵舘館惣総亞亜佛仏傳伝兒児內内兩両剱剣劍剣劔剣勳勲卷巻嚴厳團団塲場壯壮奧奥寬寛"
	"將将峯峰嶽岳應応戶戸攝摂數数晉晋曉暁榎榎權権橫横步歩氣気淨浄渴渇溫温灣湾爲為狀状獨独祿禄禮礼稻稲穗穂縣県總総繩縄聰聡臺台莊荘藥薬螢蛍裝装讓譲"
	"賴頼轉転邨村鄕郷醫医釋釈錄録靜静顯顕鷄鶏鹽塩麥麦點点";

static UChar32 shape_of_today(UChar32 c)
{
	int32_t length = (int32_t)strlen(older_shapes);
	for (int32_t at = 0; at < length;) {
		UChar32 older, today;
		U8_NEXT((const uint8_t *)older_shapes, at, length, older);
		U8_NEXT((const uint8_t *)older_shapes, at, length, today);
		if (older == c)
			return today;
	}
	return c;
}

static bool is_script(UChar32 c)
{
	UErrorCode error = U_ZERO_ERROR;
	UScriptCode script = uscript_getScript(c, &error);
	return script == USCRIPT_HAN || script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA || script == USCRIPT_HANGUL ||
		c == 0x30fc ||
		c == 0x3005;
}

static bool is_han(UChar32 c)
{
	UErrorCode error = U_ZERO_ERROR;
	return uscript_getScript(c, &error) == USCRIPT_HAN || c == 0x3005;
}

/* Sounds of U+3041 to U+3094; small ya, yu and yo change the sound before. */
static const char *const sounds[] = {"a", "a", "i", "i", "u", "u", "e", "e", "o", "o", "ka", "ga", "ki", "gi", "ku", "gu", "ke",
	"ge", "ko",
	"go", "sa", "za", "si", "zi", "su", "zu", "se", "ze", "so", "zo", "ta", "da", "ti", "zi", "", "tu", "zu", "te", "de", "to",
	"do", "na",
	"ni", "nu", "ne", "no", "ha", "ba", "pa", "hi", "bi", "pi", "hu", "bu", "pu", "he", "be", "pe", "ho", "bo", "po", "ma", "mi",
	"mu", "me",
	"mo", "ya", "ya", "yu", "yu", "yo", "yo", "ra", "ri", "ru", "re", "ro", "wa", "wa", "i", "e", "o", "n", "bu"};

/** Kana as hiragana; 0: no kana. */
static UChar32 hiragana_of(UChar32 c)
{
	if (c >= 0x30a1 && c <= 0x30f4)
		c -= 0x60;
	return c >= 0x3041 && c <= 0x3094 ? c : 0;
}

static size_t text_append(char *text, size_t used, const char *more)
{
	size_t length = strlen(more);
	if (used + length >= NAME_FORM_BYTES)
		return used;
	memcpy(text + used, more, length + 1);
	return used + length;
}

/** One kana behind a reading. @return its new length */
static size_t sound_append(char *reading, size_t used, UChar32 hiragana)
{
	bool is_small_y = hiragana == 0x3083 || hiragana == 0x3085 || hiragana == 0x3087;
	if (is_small_y && used > 0 && reading[used - 1] == 'i')
		used--;
	return text_append(reading, used, sounds[hiragana - 0x3041]);
}

static bool is_vowel(char c)
{
	return c != '\0' && strchr("aeiou", c) != NULL;
}

/** Romaji of any system into one spelling, in place; letters a to z only. */
static void reading_unify(char *reading)
{
	static const char *const pairs[][2] = {{"tch", "ch"}, {"shi", "si"}, {"sh", "sy"}, {"chi", "ti"}, {"ch", "ty"}, {"tsu", "tu"},
		{"fu", "hu"},
		{"ji", "zi"}, {"jy", "zy"}, {"j", "zy"}, {"dzu", "zu"}, {"du", "zu"}, {"di", "zi"}, {"mb", "nb"}, {"mp", "np"}, {"mm",
			"nm"},
		{"ou", "o"}, {"wo", "o"}, {"ph", "f"}};
	char made[NAME_FORM_BYTES];
	size_t used = 0;
	for (const char *at = reading; *at != '\0' && used + 4 < sizeof(made);) {
		size_t pair = 0;
		while (pair < ARRAY_LEN(pairs) && strncmp(at, pairs[pair][0], strlen(pairs[pair][0])) != 0)
			pair++;
		if (at[0] == 'o' && at[1] == 'h' && !is_vowel(at[2])) {
			made[used++] = 'o';
			at += 2;
		} else if (pair < ARRAY_LEN(pairs)) {
			memcpy(made + used, pairs[pair][1], strlen(pairs[pair][1]));
			used += strlen(pairs[pair][1]);
			at += strlen(pairs[pair][0]);
		} else {
			made[used++] = *at++;
		}
	}
	size_t kept = 0;
	for (size_t i = 0; i < used; i++) {
		if (kept == 0 || reading[kept - 1] != made[i])
			reading[kept++] = made[i];
	}
	reading[kept] = '\0';
}

/** Letters without marks: ō is o. Only what decomposes to ASCII. */
static char letter_of(UChar32 c)
{
	UErrorCode error = U_ZERO_ERROR;
	if (c >= 'a' && c <= 'z')
		return (char)c;
	if (c == 0x131)
		return 'i';
	if (c == 0xf8)
		return 'o';
	const UNormalizer2 *nfd = unorm2_getNFDInstance(&error);
	UChar parts[8];
	int32_t count = U_FAILURE(error) ? 0 : unorm2_getDecomposition(nfd, c, parts, 8, &error);
	return count > 0 && U_SUCCESS(error) && parts[0] >= 'a' && parts[0] <= 'z' ? (char)parts[0] : '\0';
}

/** Words of a folded text by sound; signs that have none end a word. Single letters are initials, and no words. */
static void words_read(const char *folded, struct words *ret_words)
{
	size_t used = 0;
	int32_t length = (int32_t)strlen(folded);
	ret_words->count = 0;
	ret_words->word[0][0] = '\0';
	for (int32_t at = 0; at <= length && ret_words->count < WORDS_MAX;) {
		UChar32 c = 0;
		char *word = ret_words->word[ret_words->count];
		if (at < length)
			U8_NEXT((const uint8_t *)folded, at, length, c);
		else
			at++;
		UChar32 hiragana = c <= 0 ? 0 : hiragana_of(c);
		char letter = c <= 0 ? '\0' : letter_of(c);
		if (hiragana != 0) {
			used = sound_append(word, used, hiragana);
		} else if (letter != '\0' && used + 1 < NAME_FORM_BYTES) {
			word[used++] = letter;
			word[used] = '\0';
		} else if (c != '\'' && c != 0x2019 && c != 0x30fc && c != '`' && (c <= 0 || u_getCombiningClass(c) == 0)) {
			if (used > 1) {
				reading_unify(word);
				ret_words->count++;
			}
			used = 0;
			if (ret_words->count < WORDS_MAX)
				ret_words->word[ret_words->count][0] = '\0';
		}
	}
}

/** Words together as one reading, from..from+count-1. */
static void reading_join(const struct words *words, size_t from, size_t count, char ret_reading[static NAME_FORM_BYTES])
{
	size_t used = 0;
	ret_reading[0] = '\0';
	for (size_t i = from; i < from + count; i++)
		used = text_append(ret_reading, used, words->word[i]);
	reading_unify(ret_reading); /* where words meet: tarou + oka */
}

static void script_join(const char *folded, char ret_script[static NAME_FORM_BYTES], bool *ret_is_script, size_t *ret_signs)
{
	int32_t length = (int32_t)strlen(folded);
	size_t used = 0, signs = 0;
	bool is_all = true;
	for (int32_t at = 0; at < length;) {
		UChar32 c;
		U8_NEXT((const uint8_t *)folded, at, length, c);
		if (c < 0 || !(u_isalpha(c) || c == 0x30fc || c == 0x3005))
			continue;
		is_all = is_all && is_script(c);
		c = shape_of_today(c);
		uint8_t bytes[4];
		int32_t byte_count = 0;
		U8_APPEND_UNSAFE(bytes, byte_count, c);
		if (used + (size_t)byte_count >= NAME_FORM_BYTES)
			break;
		memcpy(ret_script + used, bytes, (size_t)byte_count);
		used += (size_t)byte_count;
		signs++;
	}
	ret_script[used] = '\0';
	*ret_is_script = is_all && signs > 0;
	*ret_signs = signs;
}

void name_forms_of_person(const char *family, const char *given, struct name_forms *ret_forms)
{
	char folded[2][LETTERING_BYTES], script[2][NAME_FORM_BYTES], whole[NAME_FORM_BYTES];
	struct words words[2];
	bool is_script_name[2];
	size_t signs[2];
	const char *parts[] = {family, given};
	for (size_t i = 0; i < 2; i++) {
		lettering_fold(parts[i], folded[i]);
		script_join(folded[i], script[i], &is_script_name[i], &signs[i]);
		words_read(folded[i], &words[i]);
	}
	if (is_script_name[1] && (family[0] == '\0' || is_script_name[0])) {
		for (size_t order = 0; order < 2; order++) {
			size_t used = text_append(whole, 0, script[order]);
			(void)text_append(whole, used, script[1 - order]);
			form_add(ret_forms, NAME_FORM_SCRIPT, whole);
		}
	}
	struct words both = words[0];
	for (size_t i = 0; i < words[1].count && both.count < WORDS_MAX; i++)
		memcpy(both.word[both.count++], words[1].word[i], NAME_FORM_BYTES);
	bool is_sounded = both.count > 0;
	for (size_t i = 0; i < 2; i++)
		is_sounded = is_sounded && strlen(folded[i]) > 0 ? is_sounded : i == 0 && family[0] == '\0' && both.count > 0;
	/* A kanji among the parts has no sound here: then the words are not the whole name. */
	for (size_t i = 0; i < 2; i++) {
		int32_t length = (int32_t)strlen(folded[i]);
		for (int32_t at = 0; at < length;) {
			UChar32 c;
			U8_NEXT((const uint8_t *)folded[i], at, length, c);
			is_sounded = is_sounded && !(c > 0 && is_han(c));
		}
	}
	if (!is_sounded)
		return;
	size_t first = words[0].count > 0 ? words[0].count : both.count > 1 ? 1 : 0;
	char forward[NAME_FORM_BYTES], back[NAME_FORM_BYTES];
	reading_join(&both, 0, both.count, forward);
	if (strlen(forward) < READING_LETTERS_MIN)
		return;
	struct words turned = {.count = 0};
	for (size_t i = 0; i < both.count; i++)
		memcpy(turned.word[turned.count++], both.word[(first + i) % both.count], NAME_FORM_BYTES);
	reading_join(&turned, 0, turned.count, back);
	form_add(ret_forms, NAME_FORM_READING, forward);
	form_add(ret_forms, NAME_FORM_READING, back);
}

/* What stands beside names: offices end so; a name may follow directly. */
static const char *const office_ends = "所学部省庁会局課室授長員使官社院団士司事監師者元前";
/* And these follow names. */
static const char *const after_names[] = {"先生", "教授", "氏", "様", "さま", "さん", "殿", "博士", "大使", "元", "前", "名誉", "准教授", "助教",
	"研究", "主任", "部長", "課長", "局長", "室長", "次官", "審議官", "参事官", "所長", "会長", "社長", "理事", "議員", "記者", "弁護士", "拝", "より"};

static bool begins_as_office(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(after_names); i++) {
		if (strncmp(text, after_names[i], strlen(after_names[i])) == 0)
			return true;
	}
	return false;
}

/** A display name as signs, spaces and all else as breaks. */
struct signs {
	UChar32 sign[SIGNS_MAX];
	int32_t byte_at[SIGNS_MAX + 1]; /* where each begins in the folded text */
	bool is_break_before[SIGNS_MAX]; /* something that is no letter stands before */
	size_t count;
};

static void signs_read(const char *folded, struct signs *ret_signs)
{
	int32_t length = (int32_t)strlen(folded);
	bool is_break = true;
	ret_signs->count = 0;
	for (int32_t at = 0; at < length && ret_signs->count < SIGNS_MAX;) {
		UChar32 c;
		int32_t before = at;
		U8_NEXT((const uint8_t *)folded, at, length, c);
		if (c < 0 || !is_script(c)) {
			is_break = true;
			continue;
		}
		ret_signs->sign[ret_signs->count] = shape_of_today(c);
		ret_signs->byte_at[ret_signs->count] = before;
		ret_signs->is_break_before[ret_signs->count++] = is_break;
		is_break = false;
		ret_signs->byte_at[ret_signs->count] = at;
	}
}

static bool may_begin(const struct signs *signs, size_t at)
{
	if (at == 0 || signs->is_break_before[at])
		return true;
	int32_t length = (int32_t)strlen(office_ends);
	for (int32_t i = 0; i < length;) {
		UChar32 c;
		U8_NEXT((const uint8_t *)office_ends, i, length, c);
		if (c == signs->sign[at - 1])
			return true;
	}
	return !is_han(signs->sign[at - 1]) && is_han(signs->sign[at]);
}

static bool may_end(const struct signs *signs, size_t end, const char *folded)
{
	return end == signs->count || signs->is_break_before[end] || begins_as_office(folded + signs->byte_at[end]) ||
		(is_han(signs->sign[end - 1]) && !is_han(signs->sign[end]));
}

static void script_forms(const char *folded, struct name_forms *forms)
{
	struct signs signs;
	signs_read(folded, &signs);
	for (size_t from = 0; from < signs.count; from++) {
		if (!may_begin(&signs, from))
			continue;
		char text[NAME_FORM_BYTES];
		int32_t used = 0;
		for (size_t end = from; end < signs.count && end - from < SCRIPT_SIGNS_MAX;) {
			U8_APPEND_UNSAFE((uint8_t *)text, used, signs.sign[end]);
			text[used] = '\0';
			end++;
			bool is_whole = from == 0 && end == signs.count;
			if ((end - from >= SCRIPT_SIGNS_MIN || (is_whole && end - from == 2)) && may_end(&signs, end, folded))
				form_add(forms, NAME_FORM_SCRIPT, text);
		}
	}
}

void name_forms_of_text(const char *text, struct name_forms *ret_forms)
{
	char folded[LETTERING_BYTES], reading[NAME_FORM_BYTES];
	struct words words;
	lettering_fold(text, folded);
	if (!lettering_is_ascii(folded))
		script_forms(folded, ret_forms);
	words_read(folded, &words);
	for (size_t count = 1; count <= WORDS_TOGETHER; count++) {
		for (size_t from = 0; from + count <= words.count; from++) {
			reading_join(&words, from, count, reading);
			if (strlen(reading) >= READING_LETTERS_MIN)
				form_add(ret_forms, NAME_FORM_READING, reading);
		}
	}
}

void name_eye(const char *text, char ret_text[static LETTERING_BYTES])
{
	lettering_skeleton(text, ret_text);
	char *to = ret_text;
	for (const char *at = ret_text; *at != '\0'; at++) {
		if (at[0] == 'r' && at[1] == 'n') {
			*to++ = 'm';
			at++;
		} else {
			*to++ = *at;
		}
	}
	*to = '\0';
}

bool name_is_family_and_office(const char *text, const char *family, const char *title)
{
	char folded[LETTERING_BYTES], family_folded[LETTERING_BYTES], name[NAME_FORM_BYTES], own[NAME_FORM_BYTES];
	bool is_name, is_own;
	size_t name_signs, own_signs;
	lettering_fold(text, folded);
	lettering_fold(family, family_folded);
	script_join(folded, name, &is_name, &name_signs);
	script_join(family_folded, own, &is_own, &own_signs);
	size_t length = strlen(own);
	if (!is_name || !is_own || own_signs < 2 || strncmp(name, own, length) != 0 || name[length] == '\0')
		return false;
	const char *office = name + length;
	return begins_as_office(office) && strstr(title, office) != NULL;
}
