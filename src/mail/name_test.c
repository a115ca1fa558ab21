/* Proves that one name is found however it is written, and that others are not taken for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "mail/name.h"

static bool forms_meet(const struct name_forms *one, const struct name_forms *other)
{
	for (size_t i = 0; i < one->count; i++) {
		for (size_t k = 0; k < other->count; k++) {
			if (one->forms[i].kind == other->forms[k].kind && one->forms[i].hash == other->forms[k].hash)
				return true;
		}
	}
	return false;
}

static bool is_found(const char *family, const char *given, const char *text)
{
	struct name_forms person = {.count = 0}, shown = {.count = 0};
	name_forms_of_person(family, given, &person);
	name_forms_of_text(text, &shown);
	return forms_meet(&person, &shown);
}

static void kanji_are_found_with_spaces_offices_and_older_shapes(void **state)
{
	(void)state;
	static const char *const texts[] = {"渡辺 太郎", "渡辺太郎", "渡辺　太郎", "太郎 渡辺", "渡邊太郎", "渡邉　太郎 先生", "元大使 渡辺太郎", "防衛研究所渡辺太郎",
		"渡辺太郎（元駐英大使）", "渡辺太郎教授", "\"渡辺 太郎\" <x>", "渡辺太郎 / Taro Watanabe"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_true(is_found("渡辺", "太郎", texts[i]));
}

static void other_kanji_are_not(void **state)
{
	(void)state;
	static const char *const texts[] = {"渡辺 次郎", "田中 太郎", "渡辺", "太郎", "渡辺さん", "渡部太郎", ""};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(is_found("渡辺", "太郎", texts[i]));
	assert_false(is_found("林", "一郎", "小林一郎")); /* three signs within a longer name */
	assert_true(is_found("林", "一郎", "東京大学林一郎"));
}

static void readings_meet_over_kana_and_romaji(void **state)
{
	(void)state;
	static const char *const texts[] = {"わたなべ たろう", "ワタナベ タロウ", "ﾜﾀﾅﾍﾞ ﾀﾛｳ", "Watanabe Taro", "Taro Watanabe", "WATANABE, Tarou",
		"TARŌ WATANABE",
		"Dr. Taro Watanabe, NIDS", "taroh watanabe", "Ｔａｒｏ　Ｗａｔａｎａｂｅ", "T. Watanabe Taro"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_true(is_found("わたなべ", "たろう", texts[i]));
	assert_true(is_found("しみず", "じゅんいち", "Junichi Shimizu"));
	assert_true(is_found("しみず", "じゅんいち", "Zyun'iti Simizu"));
	assert_true(is_found("ほんま", "ふじお", "Homma Fujio"));
	assert_false(is_found("わたなべ", "たろう", "Jiro Watanabe"));
	assert_false(is_found("わたなべ", "たろう", "Taro"));
	assert_false(is_found("わたなべ", "たろう", "渡辺 太郎")); /* the directory tells readings; nobody guesses them */
}

static void letters_that_only_look_alike_are_found_by_the_eye(void **state)
{
	(void)state;
	struct name_forms person = {.count = 0}, shown = {.count = 0};
	char eye[LETTERING_BYTES], family[LETTERING_BYTES], given[LETTERING_BYTES];
	assert_false(is_found("Harper", "Jonathan", "J\xd0\xbenathan Harper")); /* a Cyrillic o */
	name_eye("Harper", family);
	name_eye("Jonathan", given);
	name_forms_of_person(family, given, &person);
	name_eye("J\xd0\xbenathan Harper", eye);
	name_forms_of_text(eye, &shown);
	assert_true(forms_meet(&person, &shown));
}

static void a_family_name_counts_with_its_own_office(void **state)
{
	(void)state;
	assert_true(name_is_family_and_office("上原大使", "上原", "元駐英大使"));
	assert_false(name_is_family_and_office("上原教授", "上原", "元駐英大使"));
	assert_false(name_is_family_and_office("上原", "上原", "元駐英大使"));
	assert_false(name_is_family_and_office("下原大使", "上原", "元駐英大使"));
}

static void broken_and_long_texts_are_borne(void **state)
{
	(void)state;
	char longest[4000];
	struct name_forms forms = {.count = 0};
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	name_forms_of_text(longest, &forms);
	name_forms_of_text("\xe5\xb1\xff\xc0\x80 \xed\xa0\x80", &forms);
	for (size_t i = 0; i + 3 < sizeof(longest); i += 3)
		memcpy(longest + i, "\xe5\xb1\xb1", 3);
	name_forms_of_text(longest, &forms);
	assert_true(forms.count <= NAME_FORMS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kanji_are_found_with_spaces_offices_and_older_shapes),
		cmocka_unit_test(other_kanji_are_not),
		cmocka_unit_test(readings_meet_over_kana_and_romaji),
		cmocka_unit_test(letters_that_only_look_alike_are_found_by_the_eye),
		cmocka_unit_test(a_family_name_counts_with_its_own_office),
		cmocka_unit_test(broken_and_long_texts_are_borne),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
