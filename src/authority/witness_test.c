/*
 * Proves each answer of C2SP tlog-witness, on both sides of its border: what
 * is cosigned, what is refused and how; that nothing is cosigned which is not
 * kept first; and that the client takes only the witness's own good lines.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authority/log_example.h"
#include "authority/witness.h"
#include "keys/signer.h"

#define NOTE_BYTES (CHECKPOINT_TEXT_BYTES + 4 * NOTE_LINE_BYTES)

static struct log_example example;
static struct log *ledger;
static struct key *witness_key;
static struct witness witness;
static char state_directory[128], body[LIMIT_WITNESS_REQUEST_BYTES];
static struct witness_answer answer;

static enum witness_status ask(const struct witness_request *request, int64_t now_s)
{
	size_t bytes = 0;
	assert_int_equal(witness_request_write(request, body, sizeof(body), &bytes), OK);
	witness_answer(&witness, body, bytes, now_s, &answer);
	return answer.status;
}

/** Makes the request that takes the witness from one size to the log's own now. */
static struct witness_request request_from(uint64_t old_entries, char note[static NOTE_BYTES])
{
	struct witness_request request = {.old_entries = old_entries, .checkpoint = note};
	request.checkpoint_bytes = log_checkpoint(ledger, note);
	if (old_entries > 0)
		assert_int_equal(log_consistency(ledger, old_entries, log_entries(ledger), request.path, &request.path_count), OK);
	return request;
}

static void grow(size_t count)
{
	assert_int_equal(log_example_append(ledger, count), OK);
}

static void good_requests_are_cosigned(void **state)
{
	(void)state;
	char note[NOTE_BYTES];
	uint64_t before = 0;
	for (int64_t round = 0; round < 5; round++) {
		struct witness_request request = request_from(before, note);
		struct note parsed;
		struct note_verdict verdict;
		assert_int_equal(ask(&request, 1000 + round), WITNESS_COSIGNED);
		size_t bytes = request.checkpoint_bytes;
		assert_int_equal(witness_lines_take(answer.body, strlen(answer.body), &witness_key->public, note, sizeof(note), &bytes),
			OK);
		assert_int_equal(note_parse(note, bytes, &parsed), OK);
		assert_int_equal(note_verify(&parsed, &witness_key->public, 1, &verdict), OK);
		assert_int_equal(verdict.time_s, 1000 + round);
		before = log_entries(ledger);
		if (round != 2)
			grow(7); /* once it is the same size again */
	}
}

static void another_old_size_is_a_conflict_that_tells_it(void **state)
{
	(void)state;
	char note[NOTE_BYTES];
	grow(5);
	struct witness_request request = request_from(0, note);
	assert_int_equal(ask(&request, 1), WITNESS_COSIGNED);
	grow(5);
	static const uint64_t others[] = {0, 4, 6, 10};
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		request = request_from(others[i], note);
		assert_int_equal(ask(&request, 1), WITNESS_CONFLICT);
		assert_string_equal(answer.body, "5\n");
		assert_string_equal(answer.content_type, "text/x.tlog.size");
	}
	request = request_from(5, note);
	request.old_entries = 11; /* above the new one */
	assert_int_equal(ask(&request, 1), WITNESS_BAD_REQUEST);
	request.old_entries = 5;
	assert_int_equal(ask(&request, 1), WITNESS_COSIGNED);
	assert_string_not_equal(answer.content_type, "text/x.tlog.size");
}

static void a_tree_that_did_not_grow_is_not_cosigned(void **state)
{
	(void)state;
	char note[NOTE_BYTES], text[CHECKPOINT_TEXT_BYTES];
	struct checkpoint forged = {.origin = "ledger.example/log", .entries = 5};
	grow(5);
	struct witness_request request = request_from(0, note);
	request.path_count = 1; /* from the empty tree the proof is empty */
	assert_int_equal(ask(&request, 1), WITNESS_NO_PROOF);
	request.path_count = 0;
	assert_int_equal(ask(&request, 1), WITNESS_COSIGNED);
	/* The same size with another root, signed by the log. */
	size_t text_bytes = checkpoint_write(&forged, text);
	assert_int_equal(signer_note(example.key, text, text_bytes, note, sizeof(note), &request.checkpoint_bytes), OK);
	request.old_entries = 5;
	assert_int_equal(ask(&request, 1), WITNESS_NO_PROOF);
	/* A larger tree whose proof is wrong, short, or missing. */
	grow(6);
	request = request_from(5, note);
	request.path[1].bytes[0] ^= 1;
	assert_int_equal(ask(&request, 1), WITNESS_NO_PROOF);
	request.path[1].bytes[0] ^= 1;
	request.path_count--;
	assert_int_equal(ask(&request, 1), WITNESS_NO_PROOF);
	request.path_count = 0;
	assert_int_equal(ask(&request, 1), WITNESS_NO_PROOF);
	request = request_from(5, note);
	assert_int_equal(ask(&request, 1), WITNESS_COSIGNED);
}

static void only_logs_that_are_known_and_have_signed_are_heard(void **state)
{
	(void)state;
	char note[NOTE_BYTES];
	struct witness_request request = request_from(0, note);
	char *signature = strstr(note, "log ") + 20;
	*signature = *signature == 'A' ? 'B' : 'A';
	assert_int_equal(ask(&request, 1), WITNESS_FORBIDDEN);
	memcpy(witness.logs[0].name, "other.example/log", sizeof("other.example/log"));
	request = request_from(0, note);
	assert_int_equal(ask(&request, 1), WITNESS_UNKNOWN_LOG);
	witness.logs[0] = witness_key->public; /* the name is known, the key is another */
	memcpy(witness.logs[0].name, "ledger.example/log", sizeof("ledger.example/log"));
	assert_int_equal(ask(&request, 1), WITNESS_FORBIDDEN);
	witness.logs[0] = example.trust.log_key;
	assert_int_equal(ask(&request, 1), WITNESS_COSIGNED);
}

static void what_is_no_request_is_told_so(void **state)
{
	(void)state;
	static const char hash[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
	char note[NOTE_BYTES], text[8192];
	struct witness_request request = request_from(0, note);
	static const char *const heads[] = {"", "old\n\n", "old \n\n", "old 00\n\n", "old -1\n\n", "old 0\r\n\n", "new 0\n\n",
		"old 0\n", "old 0\nAAAA\n\n", "old 9223372036854775808\n\n", "\nold 0\n\n"};
	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		int length = snprintf(text, sizeof(text), "%s%s", heads[i], note);
		witness_answer(&witness, text, (size_t)length, 1, &answer);
		assert_int_equal(answer.status, WITNESS_BAD_REQUEST);
	}
	witness_answer(&witness, "old 0\n\n", 7, 1, &answer);
	assert_int_equal(answer.status, WITNESS_BAD_REQUEST);
	witness_answer(&witness, "old 0\n\ntext\n\n", 13, 1, &answer);
	assert_int_equal(answer.status, WITNESS_BAD_REQUEST);
	/* The client MUST NOT send more than 63 hashes. */
	for (size_t count = 63; count <= 64; count++) {
		int at = snprintf(text, sizeof(text), "old 0\n");
		for (size_t i = 0; i < count; i++)
			at += snprintf(text + at, sizeof(text) - (size_t)at, "%s", hash);
		at += snprintf(text + at, sizeof(text) - (size_t)at, "\n%s", note);
		witness_answer(&witness, text, (size_t)at, 1, &answer);
		assert_int_equal(answer.status, count == 63 ? WITNESS_NO_PROOF : WITNESS_BAD_REQUEST);
	}
	assert_int_equal(ask(&request, 1), WITNESS_COSIGNED);
}

static void what_cannot_be_kept_is_not_cosigned(void **state)
{
	(void)state;
	char note[NOTE_BYTES];
	struct witness_request request = request_from(0, note);
	witness.directory = "/nonexistent";
	assert_int_equal(ask(&request, 1), WITNESS_FAILED);
	assert_null(strstr(answer.body, "witness.example"));
	witness.directory = state_directory;
	assert_int_equal(ask(&request, 1), WITNESS_COSIGNED);
	/* A state that is damaged is not taken for none: the witness would cosign a second history. */
	log_example_shell("for f in %s/*[0-9a-f]; do echo x >$f; done", state_directory, "");
	assert_int_equal(ask(&request, 1), WITNESS_FAILED);
	grow(3);
	request = request_from(0, note);
	assert_int_equal(ask(&request, 1), WITNESS_FAILED);
}

static void states_outlive_the_process(void **state)
{
	(void)state;
	char note[NOTE_BYTES];
	grow(9);
	struct witness_request request = request_from(0, note);
	assert_int_equal(ask(&request, 1), WITNESS_COSIGNED);
	struct witness again = {.key = witness_key, .directory = state_directory, .logs = {example.trust.log_key}, .log_count = 1};
	witness = again;
	grow(1);
	request = request_from(0, note);
	assert_int_equal(ask(&request, 1), WITNESS_CONFLICT);
	assert_string_equal(answer.body, "9\n");
}

/** A witness may be hostile: of its answer only its own good signatures are taken. */
static void other_lines_are_not_taken(void **state)
{
	(void)state;
	char note[NOTE_BYTES], kept[NOTE_BYTES], text[4 * NOTE_LINE_BYTES], line[NOTE_LINE_BYTES];
	struct witness_request request = request_from(0, note);
	size_t length = request.checkpoint_bytes, bytes = length;
	memcpy(kept, note, sizeof(note));
	assert_int_equal(ask(&request, 1), WITNESS_COSIGNED);
	snprintf(line, sizeof(line), "%s", answer.body);
	const struct note_key *key = &witness_key->public;
	snprintf(text, sizeof(text), "— other.example AAAAAAAA\n%s— third.example AAAAAAAA\n", line);
	assert_int_equal(witness_lines_take(text, strlen(text), key, note, sizeof(note), &bytes), OK);
	assert_int_equal(bytes, length + strlen(line));
	assert_memory_equal(note + length, line, strlen(line));
	static const char *const bad[] = {"", "200 OK\n", "— other.example AAAAAAAA\n", "text\n\n— other.example AAAAAAAA\n"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		memcpy(note, kept, sizeof(note));
		bytes = length;
		assert_int_not_equal(witness_lines_take(bad[i], strlen(bad[i]), key, note, sizeof(note), &bytes), OK);
		assert_int_equal(bytes, length);
	}
	/* A signature over other text: it would make the note a wrong one. */
	memcpy(note, kept, sizeof(note));
	assert_int_equal(signer_line(witness_key, 1, "other\n", 6, line), OK);
	assert_int_equal(witness_lines_take(line, strlen(line), key, note, sizeof(note), &bytes), E_DENIED);
	assert_int_equal(witness_lines_take(line, strlen(line), key, note, bytes + 1, &bytes), E_LIMIT);
}

static int set_up(void **state)
{
	(void)state;
	char path[LOG_EXAMPLE_PATH_BYTES];
	const char *why = NULL;
	struct note_key public;
	struct log_recovery recovery;
	log_example_begin(&example);
	ledger = log_example_open(&example, &recovery);
	snprintf(path, sizeof(path), "%s/witness", example.root);
	snprintf(state_directory, sizeof(state_directory), "%s/states", example.root);
	assert_int_equal(mkdir(state_directory, 0700), 0);
	assert_int_equal(key_create(path, "witness.example", NOTE_KEY_COSIGNATURE, &public), OK);
	assert_int_equal(key_load(path, &witness_key, &why), OK);
	witness = (struct witness){.key = witness_key, .directory = state_directory, .logs = {example.trust.log_key}, .log_count = 1};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	log_close(ledger);
	key_free(witness_key);
	log_example_end(&example);
	return 0;
}

#define WITNESS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITNESS_TEST(good_requests_are_cosigned),
		WITNESS_TEST(another_old_size_is_a_conflict_that_tells_it),
		WITNESS_TEST(a_tree_that_did_not_grow_is_not_cosigned),
		WITNESS_TEST(only_logs_that_are_known_and_have_signed_are_heard),
		WITNESS_TEST(what_is_no_request_is_told_so),
		WITNESS_TEST(what_cannot_be_kept_is_not_cosigned),
		WITNESS_TEST(states_outlive_the_process),
		WITNESS_TEST(other_lines_are_not_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
