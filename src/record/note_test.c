/*
 * Proves that notes and keys are read as C2SP signed-note has them, that a
 * wrong signature of a known key refuses the note and one of an unknown key
 * does not, and that a cosignature holds its time. GO_* were made by
 * golang.org/x/mod/sumdb/note and Go's crypto/ed25519.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "record/note.h"
#include "record/note_example.h"

#define GO_LOG_KEY "ledger.example/log+7cc83a9d+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
#define GO_WITNESS_KEY "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"
#define GO_TEXT "ledger.example/log\n1\n/+zuFHO92M61JLpvpPQnwXwAQM7aU6tOfVvryIcW5FM=\n"
#define GO_LOG_SIGNATURE "fMg6nRnzBlfW+7PgnjWyxNS9zLVcQGG/0CnvUrzHbs8M4A8O0ijUnlmXFKp+n0U9/9sNDEISQIKL2PIKArJxgxxbHQw="
#define GO_LOG_LINE "— ledger.example/log " GO_LOG_SIGNATURE "\n"
#define GO_WITNESS_LINE \
	"— witness.example/w1 " \
	"3xwKNQAAAABpJ+HYxlPr7irF3SBFWwGRdOJV+BXOsBgyXeH5nsjnUljLwyeLu0rz1NYq+5tX3f2LFMHhIAgx8T4vEkvAIzFQI/91Cw==\n"
#define UNKNOWN_LINE "— other.example AAAAAAAA\n"

static struct note note;
static struct note_key keys[2];

static int read_note(const char *text)
{
	return note_parse(text, strlen(text), &note);
}

static int verify(const char *text, struct note_verdict ret_verdicts[2])
{
	assert_int_equal(read_note(text), OK);
	return note_verify(&note, keys, ARRAY_LEN(keys), ret_verdicts);
}

static void keys_are_read_and_written_the_same(void **state)
{
	(void)state;
	static const char *const good[] = {
		"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", GO_LOG_KEY, GO_WITNESS_KEY};
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct note_key key;
		char text[NOTE_VKEY_BYTES];
		assert_int_equal(note_key_parse(good[i], strlen(good[i]), &key), OK);
		assert_string_equal(note_key_write(&key, text), good[i]);
	}
}

static void wrong_keys_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int error;
	} bad[] = {
		{"", E_MALFORMED},
		{"example.com/foo", E_MALFORMED},
		{"+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", E_MALFORMED}, /* no name */
		{"example.com foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", E_MALFORMED},
		{"example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", E_MALFORMED}, /* not its id */
		{"example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", E_MALFORMED},
		{"example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", E_MALFORMED}, /* another's id */
		{"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2", E_MALFORMED},
		{"example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv", E_MALFORMED}, /* too short */
		{"example.com/foo+530d903a+", E_MALFORMED},
		{"example.com/foo+530d903a", E_MALFORMED},
		{"example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", E_UNSUPPORTED}, /* type 2 */
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct note_key key;
		assert_int_equal(note_key_parse(bad[i].text, strlen(bad[i].text), &key), bad[i].error);
	}
}

static void names_have_no_blank_and_no_plus(void **state)
{
	(void)state;
	char longest[NOTE_NAME_BYTES + 1];
	memset(longest, 'n', sizeof(longest));
	assert_true(note_name_is_good("取締役.example/署名", strlen("取締役.example/署名")));
	assert_true(note_name_is_good(longest, NOTE_NAME_BYTES - 1));
	assert_false(note_name_is_good(longest, NOTE_NAME_BYTES));
	static const char *const bad[] = {"", " ", "a b", "a+b", "a\tb", "a\xc2\xa0", "\xe2\x80\x83",
		"a\xe3\x80\x80", "\xff", "a\xe2\x80\xae"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(note_name_is_good(bad[i], strlen(bad[i])));
}

static void notes_are_split_at_the_last_blank_line(void **state)
{
	(void)state;
	assert_int_equal(read_note("one\n\ntwo\n\n" UNKNOWN_LINE GO_LOG_LINE), OK);
	assert_int_equal(note.text_bytes, strlen("one\n\ntwo\n"));
	assert_int_equal(note.signature_count, 2);
	assert_int_equal(note.signatures[0].name_bytes, strlen("other.example"));
	assert_memory_equal(note.signatures[1].id, "\x7c\xc8\x3a\x9d", NOTE_KEY_ID_BYTES);
}

static void malformed_notes_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"", "\n", "\n\n", "text\n", "text\n\n", UNKNOWN_LINE, "text\n" UNKNOWN_LINE, /* no blank line, no text, no signature */
		"text\n\n— other.example AAAAAAAA", /* no newline at the end */
		"text\n\n- other.example AAAAAAAA\n", "text\n\n—other.example AAAAAAAA\n", "text\n\n— other.example\n",
		"text\n\n—  AAAAAAAA\n", "text\n\n— other.example  AAAAAAAA\n", "text\n\n— o+r AAAAAAAA\n",
		"text\n\n— other.example AAAAAAA\n", "text\n\n— other.example AAAAAA==\n", /* an id alone */
		"text\n\n— other.example AAAAAB==\n", "text\n\n— other.example AAAA\xaf" "AAA\n",
		"text\n\n" UNKNOWN_LINE "rest\n", "te\txt\n\n" UNKNOWN_LINE, "te\rxt\n\n" UNKNOWN_LINE,
		"te\xffxt\n\n" UNKNOWN_LINE, "te\xe2\x80\xaext\n\n" UNKNOWN_LINE,
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(read_note(bad[i]), E_MALFORMED);
	assert_int_equal(note_parse("te\0xt\n\n" UNKNOWN_LINE, 7 + strlen(UNKNOWN_LINE), &note), E_MALFORMED);
}

static void many_signatures_are_taken_and_too_many_refused(void **state)
{
	(void)state;
	char text[8192];
	for (size_t count = 1; count <= NOTE_SIGNATURES_MAX + 1; count++) {
		int at = snprintf(text, sizeof(text), GO_TEXT "\n");
		for (size_t i = 0; i + 1 < count; i++)
			at += snprintf(text + at, sizeof(text) - (size_t)at, UNKNOWN_LINE);
		snprintf(text + at, sizeof(text) - (size_t)at, GO_LOG_LINE);
		struct note_verdict verdicts[2] = {0};
		if (count > NOTE_SIGNATURES_MAX) {
			assert_int_equal(read_note(text), E_LIMIT);
			continue;
		}
		assert_int_equal(verify(text, verdicts), OK);
		assert_true(verdicts[0].is_signed);
	}
}

static void known_keys_are_verified_and_unknown_ones_passed_over(void **state)
{
	(void)state;
	struct note_verdict verdicts[2];
	assert_int_equal(verify(GO_TEXT "\n" UNKNOWN_LINE GO_WITNESS_LINE GO_LOG_LINE GO_LOG_LINE, verdicts), OK);
	assert_true(verdicts[0].is_signed);
	assert_int_equal(verdicts[0].time_s, 0);
	assert_true(verdicts[1].is_signed);
	assert_int_equal(verdicts[1].time_s, 1764221400);
	assert_int_equal(verify(GO_TEXT "\n" UNKNOWN_LINE, verdicts), OK);
	assert_false(verdicts[0].is_signed || verdicts[1].is_signed);
	/* The name of a known key with another id, and its id under another name: unknown both. */
	assert_int_equal(verify(GO_TEXT "\n— ledger.example/log AAAAAAAA\n", verdicts), OK);
	assert_false(verdicts[0].is_signed);
	assert_int_equal(verify(GO_TEXT "\n— ledger.example/lo " GO_LOG_SIGNATURE "\n", verdicts), OK);
	assert_false(verdicts[0].is_signed);
}

/** Each bit of text and signatures matters: whatever is flipped, the note is refused or signed by fewer. */
static void one_flipped_bit_undoes_a_signature(void **state)
{
	(void)state;
	static const char good[] = GO_TEXT "\n" GO_LOG_LINE GO_WITNESS_LINE;
	for (size_t bit = 0; bit < 8 * (sizeof(good) - 1); bit++) {
		char text[sizeof(good)];
		struct note_verdict verdicts[2] = {0};
		memcpy(text, good, sizeof(good));
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		int err = note_parse(text, sizeof(good) - 1, &note);
		if (err == OK)
			err = note_verify(&note, keys, ARRAY_LEN(keys), verdicts);
		assert_true(err != OK || !verdicts[0].is_signed || !verdicts[1].is_signed);
	}
}

static void a_wrong_signature_of_a_known_key_refuses_the_note(void **state)
{
	(void)state;
	struct note_verdict verdicts[2];
	assert_int_equal(verify("other text\n\n" GO_LOG_LINE, verdicts), E_DENIED);
	assert_int_equal(verify("other text\n\n" GO_WITNESS_LINE, verdicts), E_DENIED);
	assert_int_equal(verify(GO_TEXT "\n" GO_LOG_LINE "— ledger.example/log fMg6nQAA\n", verdicts), E_DENIED); /* a second one */
	assert_int_equal(verify(GO_TEXT "\n" GO_LOG_LINE "— witness.example/w1 3xwKNQAA\n", verdicts), E_DENIED);
}

/** A key of one type does not vouch for what it has signed as another. */
static void types_are_kept_apart(void **state)
{
	(void)state;
	struct note_example plain, cosigner;
	struct note_verdict verdict;
	char text[1024], line[NOTE_LINE_BYTES];
	note_example_make("both.example", NOTE_KEY_ED25519, 7, &plain);
	note_example_make("both.example", NOTE_KEY_COSIGNATURE, 7, &cosigner);
	assert_memory_not_equal(plain.key.id, cosigner.key.id, NOTE_KEY_ID_BYTES);
	snprintf(text, sizeof(text), "text\n\n%s", note_example_sign(&plain, 0, "text\n", line));
	assert_int_equal(read_note(text), OK);
	assert_int_equal(note_verify(&note, &plain.key, 1, &verdict), OK);
	assert_true(verdict.is_signed);
	assert_int_equal(note_verify(&note, &cosigner.key, 1, &verdict), OK);
	assert_false(verdict.is_signed);
	snprintf(text, sizeof(text), "text\n\n%s", note_example_sign(&cosigner, 5, "text\n", line));
	assert_int_equal(read_note(text), OK);
	assert_int_equal(note_verify(&note, &cosigner.key, 1, &verdict), OK);
	assert_int_equal(verdict.time_s, 5);
}

static void the_latest_cosignature_counts(void **state)
{
	(void)state;
	struct note_example cosigner;
	struct note_verdict verdict;
	char text[1024], lines[3][NOTE_LINE_BYTES];
	note_example_make("w.example", NOTE_KEY_COSIGNATURE, 7, &cosigner);
	for (size_t i = 0; i < 3; i++)
		note_example_sign(&cosigner, (const uint64_t[]){8, 9, 7}[i], "text\n", lines[i]);
	snprintf(text, sizeof(text), "text\n\n%s%s%s", lines[0], lines[1], lines[2]);
	assert_int_equal(read_note(text), OK);
	assert_int_equal(note_verify(&note, &cosigner.key, 1, &verdict), OK);
	assert_int_equal(verdict.time_s, 9);
	/* tlog-cosignature: the time MUST NOT exceed 2^63 - 1. */
	snprintf(text, sizeof(text), "text\n\n%s", note_example_sign(&cosigner, UINT64_C(1) << 63, "text\n", lines[0]));
	assert_int_equal(read_note(text), OK);
	assert_int_equal(note_verify(&note, &cosigner.key, 1, &verdict), E_DENIED);
}

static int set_up(void **state)
{
	(void)state;
	return note_key_parse(GO_LOG_KEY, strlen(GO_LOG_KEY), &keys[0]) == OK &&
			note_key_parse(GO_WITNESS_KEY, strlen(GO_WITNESS_KEY), &keys[1]) == OK
		? 0
		: -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_read_and_written_the_same),
		cmocka_unit_test(wrong_keys_are_refused),
		cmocka_unit_test(names_have_no_blank_and_no_plus),
		cmocka_unit_test(notes_are_split_at_the_last_blank_line),
		cmocka_unit_test(malformed_notes_are_refused),
		cmocka_unit_test(many_signatures_are_taken_and_too_many_refused),
		cmocka_unit_test(known_keys_are_verified_and_unknown_ones_passed_over),
		cmocka_unit_test(one_flipped_bit_undoes_a_signature),
		cmocka_unit_test(a_wrong_signature_of_a_known_key_refuses_the_note),
		cmocka_unit_test(types_are_kept_apart),
		cmocka_unit_test(the_latest_cosignature_counts),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
