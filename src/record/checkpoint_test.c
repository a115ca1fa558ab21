/* Proves that a checkpoint is three lines in their one form, and is believed only from the log whose name it bears. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "record/checkpoint.h"
#include "record/note_example.h"

#define ORIGIN "ledger.example/log\n"
#define ROOT "/+zuFHO92M61JLpvpPQnwXwAQM7aU6tOfVvryIcW5FM=\n"

static int read_text(const char *text, struct checkpoint *ret_checkpoint)
{
	return checkpoint_parse(text, strlen(text), ret_checkpoint);
}

static void checkpoints_are_read_and_written_the_same(void **state)
{
	(void)state;
	static const char *const good[] = {ORIGIN "0\n" ROOT, ORIGIN "1\n" ROOT, ORIGIN "9223372036854775807\n" ROOT};
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct checkpoint checkpoint;
		char text[CHECKPOINT_TEXT_BYTES];
		assert_int_equal(read_text(good[i], &checkpoint), OK);
		assert_int_equal(checkpoint_write(&checkpoint, text), strlen(good[i]));
		assert_string_equal(text, good[i]);
	}
}

static void other_texts_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "\n", ORIGIN, ORIGIN "1\n", "\n1\n" ROOT, "two words\n1\n" ROOT, ORIGIN "01\n" ROOT,
		ORIGIN "-1\n" ROOT, ORIGIN "+1\n" ROOT, ORIGIN "\n" ROOT, ORIGIN "1 \n" ROOT, ORIGIN "0x1\n" ROOT,
		ORIGIN "9223372036854775808\n" ROOT, ORIGIN "18446744073709551617\n" ROOT, ORIGIN "1\n\n", ORIGIN "1\nAAAA\n",
		ORIGIN "1\n/+zuFHO92M61JLpvpPQnwXwAQM7aU6tOfVvryIcW5FM="};
	struct checkpoint checkpoint;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(read_text(bad[i], &checkpoint), E_MALFORMED);
	assert_int_equal(read_text(ORIGIN "1\n" ROOT "extension\n", &checkpoint), E_UNSUPPORTED);
}

static int open_signed(const char *text, const struct note_example *signer, const struct note_key *log_key)
{
	char bytes[1024], line[NOTE_LINE_BYTES];
	struct checkpoint checkpoint;
	struct note note;
	int length = snprintf(bytes, sizeof(bytes), "%s\n%s", text, note_example_sign(signer, 1, text, line));
	return checkpoint_open(bytes, (size_t)length, log_key, &checkpoint, &note);
}

static void only_the_named_log_is_believed(void **state)
{
	(void)state;
	struct note_example log, witness, other, same_name;
	note_example_make("ledger.example/log", NOTE_KEY_ED25519, 1, &log);
	note_example_make("ledger.example/log", NOTE_KEY_ED25519, 2, &same_name);
	note_example_make("other.example/log", NOTE_KEY_ED25519, 1, &other);
	note_example_make("witness.example", NOTE_KEY_COSIGNATURE, 3, &witness);
	assert_int_equal(open_signed(ORIGIN "1\n" ROOT, &log, &log.key), OK);
	assert_int_equal(open_signed(ORIGIN "1\n" ROOT, &witness, &log.key), E_DENIED); /* witnessed, not signed */
	assert_int_equal(open_signed(ORIGIN "1\n" ROOT, &same_name, &log.key), E_DENIED);
	assert_int_equal(open_signed(ORIGIN "1\n" ROOT, &other, &other.key), E_DENIED); /* signed by a log of another name */
	assert_int_equal(open_signed("text\n", &log, &log.key), E_MALFORMED);
}

static void too_long_is_refused(void **state)
{
	(void)state;
	static char bytes[CHECKPOINT_BYTES_MAX + 1];
	struct note_example log;
	struct checkpoint checkpoint;
	struct note note;
	note_example_make("ledger.example/log", NOTE_KEY_ED25519, 1, &log);
	assert_int_equal(checkpoint_open(bytes, sizeof(bytes), &log.key, &checkpoint, &note), E_LIMIT);
	assert_int_equal(checkpoint_open(bytes, sizeof(bytes) - 1, &log.key, &checkpoint, &note), E_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checkpoints_are_read_and_written_the_same),
		cmocka_unit_test(other_texts_are_refused),
		cmocka_unit_test(only_the_named_log_is_believed),
		cmocka_unit_test(too_long_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
