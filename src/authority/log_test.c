/*
 * Proves that the log's files are those of tlog-tiles, that every entry's
 * proof convinces, that a log comes back after it was closed at any size, and
 * that files which are not what was signed are found, by name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authority/log_example.h"
#include "core/random.h"
#include "keys/signer.h"

static struct log_example example;

static struct log *open_log(void)
{
	struct log_recovery recovery;
	return log_example_open(&example, &recovery);
}

static bool exists(const char *name)
{
	char path[LOG_EXAMPLE_PATH_BYTES];
	snprintf(path, sizeof(path), "%s/%s", example.directory, name);
	return access(path, F_OK) == 0;
}

static void append_until(struct log *log, uint64_t entries)
{
	while (log_entries(log) < entries) {
		uint64_t left = entries - log_entries(log);
		assert_int_equal(log_example_append(log, left < 1000 ? (size_t)left : 1000), OK);
	}
}

/** C2SP tlog-tiles: the tiles of a tree of 70,000 entries. */
static void seventy_thousand_entries_have_their_files(void **state)
{
	(void)state;
	static const char *const there[] = {"checkpoint", "tile/0/000", "tile/0/272", "tile/0/273.p/112", "tile/1/000",
		"tile/1/001.p/17", "tile/2/000.p/1", "tile/entries/000", "tile/entries/272", "tile/entries/273.p/112"};
	static const char *const not_there[] = {"tile/0/273", "tile/0/274", "tile/1/001", "tile/1/000.p", "tile/2/000",
		"tile/2/001.p/1", "tile/3", "tile/entries/273", "tile/0/x000"};
	struct checkpoint checkpoint;
	struct log *log = open_log();
	append_until(log, 300); /* published in between, so that partial tiles have been there */
	assert_int_equal(log_publish(log), OK);
	assert_true(exists("tile/0/001.p/44"));
	append_until(log, 70000);
	assert_int_equal(log_settle(log), OK);
	log_close(log);
	for (size_t i = 0; i < ARRAY_LEN(there); i++)
		assert_true(exists(there[i]));
	for (size_t i = 0; i < ARRAY_LEN(not_there); i++)
		assert_false(exists(not_there[i]));
	assert_false(exists("tile/0/001.p")); /* its full form is there, and settled */
	assert_int_equal(log_example_verify(&example, NULL, &checkpoint), 70000);
}

static void an_empty_log_is_a_log(void **state)
{
	(void)state;
	struct checkpoint checkpoint;
	struct log *log = open_log();
	uint64_t first = 0;
	char text[PROOF_BYTES_MAX];
	size_t bytes = 0;
	assert_int_equal(log_entries(log), 0);
	assert_int_equal(log_publish(log), OK);
	assert_int_equal(log_append(log, NULL, 0, &first), E_LIMIT);
	assert_int_equal(log_prove(log, 0, text, sizeof(text), &bytes), E_STATE);
	log_close(log);
	assert_int_equal(log_example_verify(&example, NULL, &checkpoint), 0);
	assert_int_equal(log_create(example.directory, example.key), E_STATE); /* not begun twice */
}

static void prove_all(struct log *log, const struct checkpoint *expected)
{
	static char text[PROOF_BYTES_MAX];
	for (uint64_t i = 0; i < log_entries(log); i++) {
		struct proof proof;
		struct checkpoint checkpoint;
		char entry[1024];
		const char *why = NULL;
		size_t bytes = 0, entry_bytes = log_example_entry(i, entry);
		assert_int_equal(log_prove(log, i, text, sizeof(text), &bytes), OK);
		assert_int_equal(proof_parse(text, bytes, &proof), OK);
		assert_int_equal(proof_verify(&proof, entry, entry_bytes, &example.trust, &checkpoint, &why), OK);
		assert_memory_equal(&checkpoint.root, &expected->root, MERKLE_HASH_BYTES);
		entry_bytes = log_example_entry(i + 1, entry);
		assert_int_equal(proof_verify(&proof, entry, entry_bytes, &example.trust, &checkpoint, &why), E_DENIED);
	}
}

/** Batches of all sizes, published now and then, closed and opened now and then: each tree grew out of the one before. */
static void a_log_grows_and_comes_back(void **state)
{
	(void)state;
	struct random rng;
	struct checkpoint older = {.entries = 0}, checkpoint;
	struct log *log = open_log();
	uint64_t published = 0;
	random_init(&rng, 5);
	while (log_entries(log) < 1200) {
		uint64_t before = log_entries(log);
		size_t count = 1 + (size_t)random_below(&rng, 90);
		struct log_recovery recovery;
		assert_int_equal(log_example_append(log, count), OK);
		uint64_t draw = random_below(&rng, 9);
		assert_int_equal(draw == 0 ? log_settle(log) : draw < 4 ? log_publish(log) : OK, OK);
		published = draw < 4 ? log_entries(log) : published;
		log_close(log);
		log = log_example_open(&example, &recovery);
		assert_int_equal(log_entries(log), before + count);
		assert_int_equal(recovery.published, published);
		assert_true(recovery.replayed >= log_entries(log) - published && (draw > 0 || recovery.replayed == 0));
		assert_int_equal(recovery.dropped_bytes, 0);
		assert_int_equal(log_example_verify(&example, &older, &checkpoint), published);
		older = checkpoint;
	}
	assert_int_equal(log_publish(log), OK);
	log_example_verify(&example, &older, &checkpoint);
	prove_all(log, &checkpoint);
	log_close(log);
}

static void trees_are_consistent(void **state)
{
	(void)state;
	struct merkle_hash path[MERKLE_PATH_MAX], roots[700];
	struct merkle_frontier frontier = {.entries = 0};
	struct log *log = open_log();
	size_t count = 0;
	append_until(log, ARRAY_LEN(roots) - 1);
	for (uint64_t i = 0; i < ARRAY_LEN(roots); i++) {
		struct merkle_hash leaf;
		char entry[1024];
		size_t bytes = log_example_entry(i, entry);
		merkle_frontier_root(&frontier, &roots[i]);
		merkle_leaf(entry, bytes, &leaf);
		merkle_frontier_add(&frontier, &leaf);
	}
	for (uint64_t new_entries = 0; new_entries < ARRAY_LEN(roots); new_entries += 23) {
		for (uint64_t old_entries = 0; old_entries <= new_entries; old_entries += 17) {
			assert_int_equal(log_consistency(log, old_entries, new_entries, path, &count), OK);
			assert_int_equal(merkle_consistency_verify(old_entries, &roots[old_entries], new_entries, &roots[new_entries], path,
					 count),
				OK);
		}
	}
	assert_int_equal(log_consistency(log, 5, ARRAY_LEN(roots), path, &count), E_STATE);
	assert_int_equal(log_consistency(log, 6, 5, path, &count), E_STATE);
	log_close(log);
}

static void entries_have_their_limits(void **state)
{
	(void)state;
	static char longest[MERKLE_ENTRY_BYTES_MAX + 1];
	struct log *log = open_log();
	struct log_entry entry = {longest, MERKLE_ENTRY_BYTES_MAX}, many[300];
	uint64_t first = 9;
	assert_int_equal(log_append(log, &entry, 1, &first), OK);
	assert_int_equal(first, 0);
	entry.length_bytes++;
	assert_int_equal(log_append(log, &entry, 1, &first), E_LIMIT);
	entry.length_bytes = 0;
	assert_int_equal(log_append(log, &entry, 1, &first), E_LIMIT);
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = (struct log_entry){longest, MERKLE_ENTRY_BYTES_MAX};
	assert_int_equal(log_append(log, many, ARRAY_LEN(many), &first), E_LIMIT);
	assert_int_equal(log_entries(log), 1);
	/* The journal has a cap, at which appends publish by themselves. */
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(log_append(log, many, 150, &first), OK);
	assert_int_equal(log_entries(log), 1201);
	assert_true(log_published(log) > 0);
	log_close(log);
	log = open_log();
	assert_int_equal(log_entries(log), 1201);
	log_close(log);
}

static void one_process_has_a_log_open(void **state)
{
	(void)state;
	struct log *log = open_log(), *second = NULL;
	struct log_recovery recovery;
	const char *why = NULL;
	assert_int_equal(log_open(example.directory, example.key, &second, &recovery, &why), E_STATE);
	assert_string_equal(why, "another process has it open");
	log_close(log);
	log = open_log();
	log_close(log);
	assert_int_equal(log_open("/nonexistent", example.key, &second, &recovery, &why), E_SYS);
}

static void another_keys_log_is_refused(void **state)
{
	(void)state;
	char path[LOG_EXAMPLE_PATH_BYTES], complaint[VERIFY_COMPLAINT_BYTES];
	struct key *other = NULL;
	struct note_key public;
	struct log *log = NULL;
	struct log_recovery recovery;
	struct verify_report report;
	const char *why = NULL;
	snprintf(path, sizeof(path), "%s/other", example.root);
	assert_int_equal(key_create(path, "ledger.example/log", NOTE_KEY_ED25519, &public), OK);
	assert_int_equal(key_load(path, &other, &why), OK);
	assert_int_equal(log_open(example.directory, other, &log, &recovery, &why), E_DENIED);
	assert_string_equal(why, "it is another key's");
	struct proof_trust trust = {.log_key = public};
	const struct verify_options options = {.directory = example.directory, .trust = &trust};
	assert_int_equal(verify_log(&options, &report, complaint), E_DENIED);
	assert_string_equal(complaint, "checkpoint: is not signed by this key");
	key_free(other);
	snprintf(path, sizeof(path), "%s/witness", example.root);
	assert_int_equal(key_create(path, "witness.example", NOTE_KEY_COSIGNATURE, &public), OK);
	assert_int_equal(key_load(path, &other, &why), OK);
	assert_int_equal(log_open(example.directory, other, &log, &recovery, &why), E_UNSUPPORTED);
	assert_int_equal(log_create("/tmp/never-made", other), E_UNSUPPORTED);
	key_free(other);
}

/** Flips a bit of a file of the log. */
static void flip(const char *name, off_t at)
{
	char path[LOG_EXAMPLE_PATH_BYTES];
	uint8_t byte = 0;
	snprintf(path, sizeof(path), "%s/%s", example.directory, name);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static struct verify_report report; /* of the last that was in order */

static const char *verify_complaint(const struct checkpoint *older)
{
	static char complaint[VERIFY_COMPLAINT_BYTES];
	const struct verify_options options = {.directory = example.directory, .trust = &example.trust, .older = older};
	return verify_log(&options, &report, complaint) == OK ? "" : complaint;
}

static void whatever_is_changed_is_found(void **state)
{
	(void)state;
	static const struct {
		const char *file;
		const char *complaint; /* begins so */
	} files[] = {
		{"checkpoint", "checkpoint: is damaged"},
		{"tile/0/000", "tile/0/000: a hash is not that of what lies below it"},
		{"tile/0/002.p/88", "tile/0/002.p/88: a hash is not that"},
		{"tile/1/000.p/2", "tile/1/000.p/2: a hash is not that"},
		{"tile/entries/001", "tile/0/001: a hash is not that"},
		{"tile/entries/002.p/88", "tile/0/002.p/88: a hash is not that"},
	};
	struct log *log = open_log(), *second = NULL;
	struct log_recovery recovery;
	const char *why = NULL;
	append_until(log, 600);
	assert_int_equal(log_settle(log), OK);
	log_close(log);
	assert_string_equal(verify_complaint(NULL), "");
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		flip(files[i].file, 21);
		assert_memory_equal(verify_complaint(NULL), files[i].complaint, strlen(files[i].complaint));
		/* What the log goes on from is looked at when it is opened. */
		bool is_edge = strstr(files[i].file, ".p/") != NULL;
		int err = log_open(example.directory, example.key, &second, &recovery, &why);
		assert_int_equal(err != OK, is_edge);
		if (err == OK)
			log_close(second);
		flip(files[i].file, 21);
	}
	assert_string_equal(verify_complaint(NULL), "");
	flip("tile/entries/000", 0); /* a length */
	assert_string_equal(verify_complaint(NULL), "tile/entries/000: entries are missing");
	log_example_shell("truncate -s -1 %s/tile/0/001", example.directory, "");
	flip("tile/entries/000", 0);
	assert_string_equal(verify_complaint(NULL), "tile/0/001: is not as long as it must be");
	log_example_shell("rm %s/tile/0/001", example.directory, "");
	assert_string_equal(verify_complaint(NULL), "tile/0/001: No such file or directory");
}

static void a_log_that_forgets_or_rewrites_is_found(void **state)
{
	(void)state;
	struct checkpoint older, checkpoint;
	struct log *log = open_log();
	append_until(log, 300);
	assert_int_equal(log_publish(log), OK);
	log_example_verify(&example, NULL, &older);
	append_until(log, 500);
	assert_int_equal(log_publish(log), OK);
	log_close(log);
	assert_string_equal(verify_complaint(&older), "");
	checkpoint = older;
	checkpoint.root.bytes[0] ^= 1;
	assert_string_equal(verify_complaint(&checkpoint),
		"the log was rewritten: its first 300 entries are not those of the older checkpoint");
	checkpoint.entries = 501;
	assert_string_equal(verify_complaint(&checkpoint), "the log was cut: it has 500 entries, and had 501");
	/* Another log of the same key, with its own files in order: the older checkpoint tells. */
	log_example_shell("rm -rf %s", example.directory, "");
	assert_int_equal(log_create(example.directory, example.key), OK);
	log = open_log();
	struct log_entry entry = {"x", 1};
	uint64_t first = 0;
	for (size_t i = 0; i < 400; i++)
		assert_int_equal(log_append(log, &entry, 1, &first), OK);
	assert_int_equal(log_publish(log), OK);
	log_close(log);
	assert_string_equal(verify_complaint(NULL), "");
	assert_string_equal(verify_complaint(&older),
		"the log was rewritten: its first 300 entries are not those of the older checkpoint");
}

/** Leaves a checkpoint of a tree that never was, signed by the log and its witness. */
static void false_history_write(const struct key *witness)
{
	struct checkpoint checkpoint = {.origin = "ledger.example/log", .entries = 5};
	char text[CHECKPOINT_TEXT_BYTES], note[CHECKPOINT_TEXT_BYTES + 2 * NOTE_LINE_BYTES];
	char line[NOTE_LINE_BYTES], path[LOG_EXAMPLE_PATH_BYTES];
	size_t bytes = 0, text_bytes = checkpoint_write(&checkpoint, text);
	assert_int_equal(signer_note(example.key, text, text_bytes, note, sizeof(note), &bytes), OK);
	assert_int_equal(signer_line(witness, 100, text, text_bytes, line), OK);
	snprintf(path, sizeof(path), "%s/witnessed", example.directory);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "%s%s", note, line);
	assert_int_equal(fclose(file), 0);
}

/** Has the tree as it is now cosigned. */
static void cosign_now(struct log *log, const struct key *witness)
{
	char note[CHECKPOINT_TEXT_BYTES + 2 * NOTE_LINE_BYTES], line[NOTE_LINE_BYTES];
	struct note parsed;
	size_t bytes = log_checkpoint(log, note);
	assert_int_equal(note_parse(note, bytes, &parsed), OK);
	assert_int_equal(signer_line(witness, 100, parsed.text, parsed.text_bytes, line), OK);
	memcpy(note + bytes, line, strlen(line) + 1);
	assert_int_equal(log_cosign(log, note, bytes + strlen(line)), OK);
}

static void cosigned_checkpoints_are_taken_and_kept(void **state)
{
	(void)state;
	char path[LOG_EXAMPLE_PATH_BYTES], text[PROOF_BYTES_MAX], entry[1024];
	struct key *witness = NULL;
	const char *why = NULL;
	struct checkpoint checkpoint;
	struct proof proof;
	snprintf(path, sizeof(path), "%s/witness", example.root);
	assert_int_equal(key_create(path, "witness.example", NOTE_KEY_COSIGNATURE, &example.trust.witnesses[0]), OK);
	assert_int_equal(key_load(path, &witness, &why), OK);
	example.trust.witness_count = 1;
	example.trust.quorum = 1;
	struct log *log = open_log();
	append_until(log, 10);
	size_t entry_bytes = log_example_entry(9, entry), proof_bytes = 0;
	cosign_now(log, witness);
	append_until(log, 12);
	for (size_t round = 0; round < 2; round++) {
		assert_int_equal(log_prove(log, 9, text, sizeof(text), &proof_bytes), OK);
		assert_int_equal(proof_parse(text, proof_bytes, &proof), OK);
		assert_int_equal(proof_verify(&proof, entry, entry_bytes, &example.trust, &checkpoint, &why), OK);
		assert_int_equal(checkpoint.entries, 10);
		entry_bytes = log_example_entry(10, entry);
		assert_int_equal(log_prove(log, 10, text, sizeof(text), &proof_bytes), OK); /* after it: not cosigned yet */
		assert_int_equal(proof_parse(text, proof_bytes, &proof), OK);
		assert_int_equal(proof_verify(&proof, entry, entry_bytes, &example.trust, &checkpoint, &why), E_DENIED);
		assert_string_equal(why, "too few witnesses have seen the log");
		entry_bytes = log_example_entry(9, entry);
	}
	/* Published with the tree of its size, and there again afterwards. */
	assert_int_equal(log_publish(log), OK);
	cosign_now(log, witness);
	/* The newest tree is not cosigned yet: its witnesses vouch for the first ten. */
	assert_string_equal(verify_complaint(NULL), "");
	assert_int_equal(report.witnessed, 10);
	flip("witnessed", 200);
	assert_string_equal(verify_complaint(NULL), "checkpoint: too few witnesses have seen the log");
	flip("witnessed", 200);
	assert_int_equal(log_publish(log), OK);
	assert_string_equal(verify_complaint(NULL), "");
	assert_int_equal(report.witnessed, 12);
	append_until(log, 13);
	assert_int_equal(log_publish(log), OK);
	assert_string_equal(verify_complaint(NULL), "");
	assert_int_equal(report.witnessed, 12);
	log_example_shell("cp -p %s/witnessed %s/kept", example.directory, example.root);
	false_history_write(witness);
	assert_string_equal(verify_complaint(NULL),
		"the log was rewritten: its first 5 entries are not those of the older checkpoint");
	log_example_shell("mv %s/kept %s/witnessed", example.root, example.directory);
	log_close(log);
	log = open_log();
	entry_bytes = log_example_entry(11, entry);
	assert_int_equal(log_prove(log, 11, text, sizeof(text), &proof_bytes), OK);
	assert_int_equal(proof_parse(text, proof_bytes, &proof), OK);
	assert_int_equal(proof_verify(&proof, entry, entry_bytes, &example.trust, &checkpoint, &why), OK);
	log_close(log);
	key_free(witness);
}

static void checkpoints_of_other_trees_are_not_taken(void **state)
{
	(void)state;
	char note[CHECKPOINT_TEXT_BYTES + NOTE_LINE_BYTES], text[CHECKPOINT_TEXT_BYTES];
	struct checkpoint checkpoint = {.origin = "ledger.example/log", .entries = 3};
	struct log *log = open_log();
	size_t bytes = 0;
	append_until(log, 5);
	size_t text_bytes = checkpoint_write(&checkpoint, text);
	assert_int_equal(signer_note(example.key, text, text_bytes, note, sizeof(note), &bytes), OK);
	assert_int_equal(log_cosign(log, note, bytes), E_DENIED); /* signed by us, but never our tree */
	bytes = log_checkpoint(log, note);
	note[bytes - 5] ^= 1;
	assert_int_not_equal(log_cosign(log, note, bytes), OK);
	note[bytes - 5] ^= 1;
	assert_int_equal(log_cosign(log, note, bytes), OK);
	log_close(log);
	/* A tree that is larger than the log. */
	log_example_shell("rm -rf %s", example.directory, "");
	assert_int_equal(log_create(example.directory, example.key), OK);
	log = open_log();
	append_until(log, 4);
	assert_int_equal(log_cosign(log, note, bytes), E_DENIED);
	log_close(log);
}

static int set_up(void **state)
{
	(void)state;
	log_example_begin(&example);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	log_example_end(&example);
	return 0;
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOG_TEST(seventy_thousand_entries_have_their_files),
		LOG_TEST(an_empty_log_is_a_log),
		LOG_TEST(a_log_grows_and_comes_back),
		LOG_TEST(trees_are_consistent),
		LOG_TEST(entries_have_their_limits),
		LOG_TEST(one_process_has_a_log_open),
		LOG_TEST(another_keys_log_is_refused),
		LOG_TEST(whatever_is_changed_is_found),
		LOG_TEST(a_log_that_forgets_or_rewrites_is_found),
		LOG_TEST(cosigned_checkpoints_are_taken_and_kept),
		LOG_TEST(checkpoints_of_other_trees_are_not_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
