/*
 * The list is short and public. It is looked for as it stands, small letters in
 * English; a word that occurs twice counts once.
 */
#include "mail/lexicon.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "core/err.h"

static const char *const lures[] = {"urgent", "immediately", "suspended", "verify your", "confirm your", "unusual activity",
	"limited time",
	"final notice", "click below", "gift card", "overdue", "expire", "至急", "緊急", "本人確認", "ご確認ください", "停止", "制限", "不正アクセス",
	"更新してください", "期限", "当選", "未払い", "再配達"};
static const char *const passwords[] = {"password is", "password:", "passcode", "pwd:", "パスワードは", "パスワード:", "パスワード：", "解凍パス",
	"解凍用", "暗号化zip", "暗証"};

/** Whether a word occurs, letters of ASCII in any case. */
static bool occurs(const char *text, size_t length_bytes, const char *word)
{
	size_t length = strlen(word);
	const char *end = text + length_bytes;
	char first = word[0], other = (char)toupper((unsigned char)first);
	for (const char *at = text; (size_t)(end - at) >= length; at++) {
		if ((*at == first || *at == other) && strncasecmp(at, word, length) == 0)
			return true;
	}
	return false;
}

void lexicon_count(const char *text, size_t length_bytes, uint16_t *ret_lures, uint16_t *ret_passwords)
{
	uint16_t lure_count = 0, password_count = 0;
	for (size_t i = 0; i < ARRAY_LEN(lures); i++)
		lure_count += occurs(text, length_bytes, lures[i]);
	for (size_t i = 0; i < ARRAY_LEN(passwords); i++)
		password_count += occurs(text, length_bytes, passwords[i]);
	*ret_lures = lure_count;
	*ret_passwords = password_count;
}
