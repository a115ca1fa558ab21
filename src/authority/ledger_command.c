/*
 * The verbs of `ledger`. Each is one function that gets the options and
 * returns an exit status; what they share is how a log is trusted and how a
 * failure is told in one line.
 */
#include "authority/ledger_command.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authority/ledger_options.h"
#include "authority/ledger_report.h"
#include "authority/log.h"
#include "authority/tile.h"
#include "authority/verify.h"
#include "authority/witness_service.h"
#include "record/text.h"

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "hinomi: ledger: %s: %s\n", what, why);
	return LEDGER_FAILED;
}

static int create_run(struct ledger_options *options)
{
	struct key *key = NULL;
	const char *why = NULL, *directory = options->arguments[0];
	char text[NOTE_VKEY_BYTES];
	if (options->key == NULL)
		return fail("--key", "give the file of the log's private key"), LEDGER_USAGE;
	if (key_load(options->key, &key, &why) != OK)
		return fail(options->key, why);
	int err = log_create(directory, key);
	if (err == OK)
		printf("%s: begun, verifier key %s\n", directory, note_key_write(&key->public, text));
	key_free(key);
	return err == OK ? LEDGER_OK
			 : fail(directory, err == E_STATE ? "there is something already"
						  : err == E_UNSUPPORTED ? "the key is a witness's"
									 : strerror(errno));
}

/** Reads the checkpoint that --older names; it must be of the same log. */
static int older_read(const struct ledger_options *options, struct checkpoint *ret_older)
{
	uint8_t *bytes = NULL;
	size_t length = 0;
	struct note note;
	if (tile_file_read(AT_FDCWD, options->older, CHECKPOINT_BYTES_MAX, &bytes, &length) != OK)
		return fail(options->older, "cannot be read");
	int err = checkpoint_open((const char *)bytes, length, &options->trust.log_key, ret_older, &note);
	free(bytes);
	return err == OK ? LEDGER_OK : fail(options->older, "is not a checkpoint of this log");
}

static int verify_run(struct ledger_options *options)
{
	struct checkpoint older = {.entries = 0};
	struct verify_report report;
	char complaint[VERIFY_COMPLAINT_BYTES], root[MERKLE_HASH_TEXT_BYTES];
	struct verify_options asked = {.directory = options->arguments[0], .trust = &options->trust};
	if (ledger_trust_read(options) != OK)
		return LEDGER_USAGE;
	if (options->older != NULL) {
		if (older_read(options, &older) != LEDGER_OK)
			return LEDGER_FAILED;
		asked.older = &older;
	}
	if (verify_log(&asked, &report, complaint) != OK)
		return fail(asked.directory, complaint);
	printf("%s: in order: %" PRIu64 " entries, %" PRIu64 " bytes, root %s, %zu of %zu witnesses", report.checkpoint.origin,
		report.checkpoint.entries, report.bytes, merkle_hash_write(&report.checkpoint.root, root), report.cosigned,
		options->trust.witness_count);
	if (report.witnessed < report.checkpoint.entries)
		printf(" of the first %" PRIu64 " entries", report.witnessed);
	putchar('\n');
	if (options->older != NULL)
		printf("it grew out of the tree of %" PRIu64 " entries\n", older.entries);
	return LEDGER_OK;
}

/** Makes the proof of an entry from the log's files and verifies it as its reader will. */
static int proof_make(const struct ledger_options *options, int directory, uint64_t index, char *ret_text, size_t room_bytes,
	size_t *ret_text_bytes, const char **ret_why)
{
	uint8_t *note_bytes = NULL, *entry = NULL;
	size_t entry_bytes = 0;
	struct checkpoint checkpoint;
	struct note note;
	struct proof proof = {.index = index};
	int err = tile_file_read(directory, TILE_CHECKPOINT, CHECKPOINT_BYTES_MAX, &note_bytes, &proof.checkpoint_bytes);
	*ret_why = "its checkpoint cannot be read";
	if (err != OK)
		return err;
	proof.checkpoint = (const char *)note_bytes;
	err = checkpoint_open(proof.checkpoint, proof.checkpoint_bytes, &options->trust.log_key, &checkpoint, &note);
	struct tile_tree tree = {.directory = directory, .entries = err == OK ? checkpoint.entries : 0};
	*ret_why = "its checkpoint is not signed by this key";
	if (err == OK && index >= checkpoint.entries) {
		*ret_why = "has no such entry";
		err = E_STATE;
	}
	if (err == OK && (err = tile_entry_read(directory, checkpoint.entries, index, &entry, &entry_bytes)) != OK)
		*ret_why = "the entry cannot be read";
	if (err == OK && (err = merkle_inclusion_make(tile_node_read, &tree, index, checkpoint.entries, proof.path,
				  &proof.path_count)) != OK)
		*ret_why = "a tile cannot be read";
	if (err == OK)
		err = proof_verify(&proof, (const char *)entry, entry_bytes, &options->trust, &checkpoint, ret_why);
	if (err == OK && (err = proof_write(&proof, ret_text, room_bytes, ret_text_bytes)) != OK)
		*ret_why = "the checkpoint is too long";
	free(note_bytes);
	free(entry);
	return err;
}

/** Writes the proof to a file that must not be there, or to standard output for "-". */
static int proof_save(const char *path, const char *text, size_t text_bytes)
{
	if (strcmp(path, "-") == 0)
		return fwrite(text, 1, text_bytes, stdout) == text_bytes ? LEDGER_OK : fail("standard output", strerror(errno));
	FILE *file = fopen(path, "wxe");
	if (file == NULL)
		return fail(path, strerror(errno));
	bool is_written = fwrite(text, 1, text_bytes, file) == text_bytes;
	if (fclose(file) != 0)
		is_written = false;
	return is_written ? LEDGER_OK : fail(path, strerror(errno));
}

static int prove_run(struct ledger_options *options)
{
	static char text[PROOF_BYTES_MAX];
	char path[64];
	const char *why = NULL, *log = options->arguments[0], *asked = options->arguments[1];
	uint64_t index = 0;
	size_t text_bytes = 0;
	if (ledger_trust_read(options) != OK)
		return LEDGER_USAGE;
	if (text_number_parse(asked, strlen(asked), &index) != OK)
		return fail(asked, "is not the index of an entry"), LEDGER_USAGE;
	int directory = open(log, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return fail(log, strerror(errno));
	int err = proof_make(options, directory, index, text, sizeof(text), &text_bytes, &why);
	close(directory);
	if (err != OK)
		return fail(log, why);
	snprintf(path, sizeof(path), "%" PRIu64 ".tlog-proof", index);
	return proof_save(options->out != NULL ? options->out : path, text, text_bytes);
}

static int show_run(struct ledger_options *options)
{
	uint64_t first = 0, count = UINT64_MAX;
	const char *from = options->arguments[1], *many = options->arguments[2];
	if (ledger_trust_read(options) != OK)
		return LEDGER_USAGE;
	if ((from != NULL && text_number_parse(from, strlen(from), &first) != OK) ||
		(many != NULL && text_number_parse(many, strlen(many), &count) != OK))
		return fail("FIRST and COUNT", "are whole numbers"), LEDGER_USAGE;
	return ledger_show(options, first, count);
}

static int report_run(struct ledger_options *options)
{
	uint64_t year = 0;
	const char *text = options->arguments[1];
	if (ledger_trust_read(options) != OK)
		return LEDGER_USAGE;
	if (text_number_parse(text, strlen(text), &year) != OK || year < 1970 || year > 9999)
		return fail(text, "is not a year"), LEDGER_USAGE;
	return ledger_report(options, (int)year);
}

static const struct verb {
	const char *name;
	int (*run)(struct ledger_options *options);
	size_t arguments_min, arguments_max;
	const char *usage;
} verbs[] = {
	{"create", create_run, 1, 1,
		"DIR --key FILE\n"
		"    begins a log; FILE is the private key of the log"},
	{"verify", verify_run, 1, 1,
		"DIR --key VKEY [--witness VKEY]... [--quorum N] [--older FILE]\n"
		"    verifies a whole log offline: every entry, every tile, the signatures, and that it grew out of an older checkpoint"},
	{"show", show_run, 1, 3,
		"DIR [FIRST [COUNT]] --key VKEY [--json]\n"
		"    verifies a log and lists its entries; --json: each entry as it is, one JSON object a line"},
	{"prove", prove_run, 2, 2,
		"DIR INDEX --key VKEY [--witness VKEY]... [--out FILE]\n"
		"    writes the proof of an entry to INDEX.tlog-proof, or to FILE (-: standard output)"},
	{"report", report_run, 2, 2,
		"DIR YEAR --key VKEY [--json]\n"
		"    verifies a log and counts the documents of a year (UTC) by kind and class"},
	{"witness", witness_service_run, 0, 0,
		"--key FILE --state DIR --log VKEY [--log VKEY]... [--socket PATH]\n"
		"    answers one add-checkpoint request from standard input, or those that come to a Unix socket;\n"
		"    FILE is the private key of the witness, DIR keeps what it cosigned last"},
	{"cosign", witness_service_cosign, 0, 0,
		"--authority PATH --witness VKEY --socket PATH [--every TIME]\n"
		"    takes the newest checkpoint from the authority's socket to a witness's, and its cosignature back; again and again"},
};

static int usage_show(FILE *out)
{
	fputs("usage: hinomi ledger VERB ...\n\n", out);
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		fprintf(out, "  %s %s\n", verbs[i].name, verbs[i].usage);
	fputs("\nInstead of --key, --witness and --quorum, --policy FILE takes them from a policy.\n\n"
		"Exit status: 0 all is in order; 1 something cannot be read or is not in order; 2 the command line is wrong.\n", out);
	return out == stdout ? LEDGER_OK : LEDGER_USAGE;
}

int ledger_command(int argc, char **argv)
{
	struct ledger_options options;
	const char *complaint = NULL;
	size_t verb = 0, given = 0;
	if (argc < 2)
		return usage_show(stderr);
	while (verb < ARRAY_LEN(verbs) && strcmp(verbs[verb].name, argv[1]) != 0)
		verb++;
	if (verb == ARRAY_LEN(verbs))
		return usage_show(strcmp(argv[1], "--help") == 0 ? stdout : stderr);
	if (ledger_options_read(argc - 1, argv + 1, &options, &complaint) != OK)
		return fail(argv[1], complaint), LEDGER_USAGE;
	if (options.is_help)
		return usage_show(stdout);
	while (given < LEDGER_ARGUMENTS_MAX && options.arguments[given] != NULL)
		given++;
	if (given < verbs[verb].arguments_min || given > verbs[verb].arguments_max) {
		fprintf(stderr, "usage: hinomi ledger %s %s\n", verbs[verb].name, verbs[verb].usage);
		return LEDGER_USAGE;
	}
	int status = verbs[verb].run(&options);
	return fflush(stdout) == 0 ? status : fail("standard output", strerror(errno));
}
