/*
 * Names of people in the forms in which they are compared, whoever writes them
 * how: kanji with or without spaces and in their older shapes, kana, romaji of
 * any system, family name first or last, with honorifics and offices.
 *
 * Does not know readings of kanji: the directory tells them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/lettering.h"

#define NAME_FORM_BYTES 96 /* longest name in one form, with its NUL */
#define NAME_FORMS_MAX 96 /* forms that a display name can be read as */

/** How a form was made; also what a match in it is worth. */
enum name_form_kind {
	NAME_FORM_NONE = 0,
	NAME_FORM_SCRIPT, /* kanji and kana as they stand, without spaces */
	NAME_FORM_READING, /* sounds: kana and Latin letters in one spelling */
};

/** One form: two names are the same where kind and hash are. */
struct name_form {
	enum name_form_kind kind;
	uint64_t hash;
};

/** All that a display name may be read as. */
struct name_forms {
	struct name_form forms[NAME_FORMS_MAX];
	size_t count;
};

/**
 * One name of a known person: "山田 太郎", "やまだ たろう", "Taro Yamada".
 *
 * @param family its family name, "": not known apart
 * @param given its other names; the whole name where family is ""
 * @param ret_forms added to
 */
void name_forms_of_person(const char *family, const char *given, struct name_forms *ret_forms);

/**
 * What a display name may be read as: the whole, and each run of its words, without honorifics, offices and brackets.
 *
 * @param text UTF-8 as it stands
 * @param ret_forms added to
 */
void name_forms_of_text(const char *text, struct name_forms *ret_forms);

/** The text as the eye reads it, in letters that names are written with (UTS 39): for a second look. */
void name_eye(const char *text, char ret_text[static LETTERING_BYTES]);

/**
 * Family name with an office: "山田大使".
 *
 * @param text display name
 * @param family of the person
 * @param title of the person: the office must be in it
 */
bool name_is_family_and_office(const char *text, const char *family, const char *title);
