/*
 * Proves that a proof convinces only of the document it was made for, under
 * the log's signature and enough different witnesses, and that a log cannot
 * witness itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "record/note_example.h"
#include "record/proof.h"

#define HEAD "c2sp.org/tlog-proof@v1\n"
#define HASH "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define WITNESSES 3

static struct note_example log_example, witnesses[WITNESSES];
static struct proof_trust trust;
static char checkpoint_text[8192], long_document[MERKLE_ENTRY_BYTES_MAX + 2];
static struct proof proof;

static const char *const documents[] = {"{\"kind\":\"order\"}\n", "{\"kind\":\"approval\"}\n", "{\"kind\":\"receipt\"}\n"};

static int node_read(void *context, unsigned level, uint64_t index, struct merkle_hash *ret_hash)
{
	const struct merkle_hash *leaves = context;
	if (level == 0)
		*ret_hash = leaves[index];
	else
		merkle_row_hash(&leaves[index << level], level, ret_hash);
	return OK;
}

/** Makes the proof of a document in a log of three, with the signatures of the log and of some witnesses. */
static void make(const char *const texts[3], uint64_t index, size_t cosigned)
{
	struct merkle_hash leaves[3];
	struct checkpoint checkpoint = {.entries = 3};
	char text[CHECKPOINT_TEXT_BYTES], line[NOTE_LINE_BYTES], hash_line[PROOF_HASH_LINE_BYTES];
	memcpy(checkpoint.origin, log_example.key.name, NOTE_NAME_BYTES);
	for (size_t i = 0; i < 3; i++) {
		size_t bytes = 0;
		const char *entry = proof_entry(texts[i], strlen(texts[i]), hash_line, &bytes);
		merkle_leaf(entry, bytes, &leaves[i]);
	}
	assert_int_equal(merkle_root(node_read, leaves, 3, &checkpoint.root), OK);
	checkpoint_write(&checkpoint, text);
	int at = snprintf(checkpoint_text, sizeof(checkpoint_text), "%s\n%s", text, note_example_sign(&log_example, 0, text, line));
	for (size_t i = 0; i < cosigned; i++)
		at += snprintf(checkpoint_text + at, sizeof(checkpoint_text) - (size_t)at, "%s",
			note_example_sign(&witnesses[i], 9, text, line));
	proof = (struct proof){.index = index, .checkpoint = checkpoint_text, .checkpoint_bytes = (size_t)at};
	assert_int_equal(merkle_inclusion_make(node_read, leaves, index, 3, proof.path, &proof.path_count), OK);
}

/** What is wrong with the proof as proof for a document; NULL: nothing. */
static const char *complaint(const char *document)
{
	struct checkpoint checkpoint = {.entries = 0};
	const char *why = NULL;
	int err = proof_verify(&proof, document, strlen(document), &trust, &checkpoint, &why);
	assert_int_equal(err == OK, why == NULL);
	assert_int_equal(checkpoint.entries, err == OK ? 3 : 0);
	return why;
}

static int set_up(void **state)
{
	(void)state;
	note_example_make("ledger.example/log", NOTE_KEY_ED25519, 1, &log_example);
	for (uint8_t i = 0; i < WITNESSES; i++) {
		char name[32];
		snprintf(name, sizeof(name), "witness.example/w%u", i);
		note_example_make(name, NOTE_KEY_COSIGNATURE, (uint8_t)(2 + i), &witnesses[i]);
	}
	trust = (struct proof_trust){.log_key = log_example.key, .witness_count = WITNESSES, .quorum = 2};
	for (size_t i = 0; i < WITNESSES; i++)
		trust.witnesses[i] = witnesses[i].key;
	return 0;
}

static void each_document_is_proven_by_its_own_proof_alone(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 3; i++) {
		make(documents, i, 2);
		for (uint64_t j = 0; j < 3; j++) {
			const char *why = complaint(documents[j]);
			if (i == j)
				assert_null(why);
			else
				assert_string_equal(why, "the document is not in the log at this place");
		}
		proof.index++;
		assert_non_null(complaint(documents[i]));
	}
}

static void fewer_witnesses_than_asked_are_too_few(void **state)
{
	(void)state;
	for (size_t quorum = 0; quorum <= WITNESSES; quorum++) {
		for (size_t cosigned = 0; cosigned <= WITNESSES; cosigned++) {
			trust.quorum = quorum;
			make(documents, 1, cosigned);
			const char *why = complaint(documents[1]);
			if (cosigned >= quorum)
				assert_null(why);
			else
				assert_string_equal(why, "too few witnesses have seen the log");
		}
	}
}

static void a_witness_counts_once_and_the_log_never(void **state)
{
	(void)state;
	make(documents, 1, 1);
	trust.quorum = 1;
	assert_null(complaint(documents[1]));
	/* The same key under a second name, which cosigns too. */
	struct note_example second = witnesses[0];
	note_example_make("witness.example/second", NOTE_KEY_COSIGNATURE, 2, &second);
	witnesses[1] = second;
	trust.witnesses[1] = second.key;
	make(documents, 1, 2);
	assert_null(complaint(documents[1]));
	trust.quorum = 2;
	assert_string_equal(complaint(documents[1]), "too few witnesses have seen the log");
	/* The log's own key, listed as a witness. */
	note_example_make("ledger.example/log", NOTE_KEY_COSIGNATURE, 1, &witnesses[1]);
	trust.witnesses[1] = witnesses[1].key;
	make(documents, 1, 2);
	assert_string_equal(complaint(documents[1]), "too few witnesses have seen the log");
}

static void wrong_signatures_are_told_apart(void **state)
{
	(void)state;
	char line[NOTE_LINE_BYTES];
	make(documents, 1, 2);
	int at = snprintf(checkpoint_text + proof.checkpoint_bytes, 512, "%s",
		note_example_sign(&witnesses[2], 9, "another text\n", line));
	proof.checkpoint_bytes += (size_t)at;
	assert_string_equal(complaint(documents[1]), "a witness's signature is wrong");
	make(documents, 1, 2);
	note_example_make("ledger.example/log", NOTE_KEY_ED25519, 9, &log_example);
	trust.log_key = log_example.key;
	assert_string_equal(complaint(documents[1]), "the checkpoint is not signed by the log");
	proof.checkpoint_bytes--;
	assert_string_equal(complaint(documents[1]), "the checkpoint cannot be read");
}

/** A document that is no entry is logged as a line that says which it is. */
static void long_documents_are_logged_by_their_hash(void **state)
{
	(void)state;
	char line[PROOF_HASH_LINE_BYTES] = "";
	size_t bytes = 0;
	memset(long_document, 'a', MERKLE_ENTRY_BYTES_MAX);
	assert_ptr_equal(proof_entry(long_document, strlen(long_document), line, &bytes), long_document);
	assert_int_equal(bytes, MERKLE_ENTRY_BYTES_MAX);
	long_document[MERKLE_ENTRY_BYTES_MAX] = 'a';
	assert_ptr_equal(proof_entry(long_document, strlen(long_document), line, &bytes), line);
	assert_int_equal(bytes, strlen(line));
	assert_string_equal(line, "sha256 bf718b6f653bebc184e1479f1935b8da974d701b893afcf49e701f3e2f9f9c5a 65536\n");
	const char *const texts[3] = {documents[0], long_document, documents[2]};
	make(texts, 1, 2);
	assert_null(complaint(long_document));
	long_document[0] = 'b';
	assert_non_null(complaint(long_document));
}

static void proofs_are_read_and_written_the_same(void **state)
{
	(void)state;
	static const char *const good[] = {HEAD "index 0\n\ncheckpoint", HEAD "index 9223372036854775807\n" HASH HASH "\nany\nlines\n",
		HEAD "extra QUJD\nindex 7\n" HASH "\nx"};
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		char text[1024];
		size_t bytes = 0, length = strlen(good[i]);
		assert_int_equal(proof_parse(good[i], length, &proof), OK);
		assert_int_equal(proof_write(&proof, text, length, &bytes), OK);
		assert_int_equal(bytes, length);
		assert_memory_equal(text, good[i], bytes);
		assert_int_equal(proof_write(&proof, text, length - 1, &bytes), E_LIMIT);
	}
}

static void other_proofs_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int error;
	} bad[] = {
		{"", E_MALFORMED},
		{"c2sp.org/tlog-proof@v1", E_MALFORMED},
		{HEAD, E_MALFORMED},
		{"c2sp.org/tlog-proof@v2\nindex 0\n\nx", E_UNSUPPORTED},
		{"c2sp.org/other\nindex 0\n\nx", E_MALFORMED},
		{HEAD "\nx", E_MALFORMED},
		{HEAD "index 00\n\nx", E_MALFORMED},
		{HEAD "index -1\n\nx", E_MALFORMED},
		{HEAD "index 9223372036854775808\n\nx", E_MALFORMED},
		{HEAD "index\n\nx", E_MALFORMED},
		{HEAD "index 1 \n\nx", E_MALFORMED},
		{HEAD "index 1\nAAAA\n\nx", E_MALFORMED},
		{HEAD "index 1\n" HASH, E_MALFORMED},
		{HEAD "index 1\n" HASH "\n", E_MALFORMED}, /* no checkpoint */
		{HEAD "extra QUJ\nindex 1\n\nx", E_MALFORMED},
		{HEAD "index 1\nextra QUJD\n\nx", E_MALFORMED},
		{HEAD "extra QUJD\nextra QUJD\nindex 1\n\nx", E_MALFORMED},
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(proof_parse(bad[i].text, strlen(bad[i].text), &proof), bad[i].error);
}

static void paths_longer_than_any_tree_are_refused(void **state)
{
	(void)state;
	char text[4096];
	for (size_t count = MERKLE_PATH_MAX; count <= MERKLE_PATH_MAX + 1; count++) {
		int at = snprintf(text, sizeof(text), HEAD "index 0\n");
		for (size_t i = 0; i < count; i++)
			at += snprintf(text + at, sizeof(text) - (size_t)at, HASH);
		at += snprintf(text + at, sizeof(text) - (size_t)at, "\nx");
		assert_int_equal(proof_parse(text, (size_t)at, &proof), count == MERKLE_PATH_MAX ? OK : E_LIMIT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_document_is_proven_by_its_own_proof_alone, set_up),
		cmocka_unit_test_setup(fewer_witnesses_than_asked_are_too_few, set_up),
		cmocka_unit_test_setup(a_witness_counts_once_and_the_log_never, set_up),
		cmocka_unit_test_setup(wrong_signatures_are_told_apart, set_up),
		cmocka_unit_test_setup(long_documents_are_logged_by_their_hash, set_up),
		cmocka_unit_test(proofs_are_read_and_written_the_same),
		cmocka_unit_test(other_proofs_are_refused),
		cmocka_unit_test(paths_longer_than_any_tree_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
