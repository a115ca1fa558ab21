/*
 * Proves the verbs of `ledger` from their command lines: what each says of a
 * log in order, that it ends with 1 and one line where the log is not, and
 * with 2 where the command line is wrong; that a year's counts are right; and
 * that a witness on a socket cosigns what proofs then show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "authority/ledger_command.h"
#include "authority/log_example.h"
#include "authority/witness_service.h"
#include "record/approval.h"
#include "record/document_example.h"
#include "record/note_example.h"
#include "record/receipt.h"

#define OUTPUT_BYTES 16384

static struct log_example example;
static struct log *ledger;
static char vkey[NOTE_VKEY_BYTES], output[OUTPUT_BYTES], complaint[OUTPUT_BYTES];

/** Reads a file of the test's own and makes it empty. */
static void file_take(int fd, char *ret_text)
{
	ssize_t got = pread(fd, ret_text, OUTPUT_BYTES - 1, 0);
	assert_true(got >= 0);
	ret_text[got] = '\0';
}

/** Runs a command line whose words are divided by blanks ($LOG, $KEY stand for the log and its key); its exit status. */
static int run(const char *words)
{
	char text[2048] = "", *argv[32] = {0}, *rest = NULL;
	int argc = 0, kept[2] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)}, files[2];
	for (size_t at = 0; *words != '\0'; words++) {
		const char *word = strncmp(words, "$LOG", 4) == 0 ? example.directory
			: strncmp(words, "$KEY", 4) == 0	  ? vkey
			: strncmp(words, "$ROOT", 5) == 0	  ? example.root
								  : NULL;
		at += (size_t)snprintf(text + at, sizeof(text) - at, word != NULL ? "%s" : "%.1s", word != NULL ? word : words);
		words += word == NULL ? 0 : word == example.root ? 4 : 3;
	}
	for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	for (int i = 0; i < 2; i++) {
		files[i] = open(example.root, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		assert_true(files[i] >= 0);
	}
	fflush(NULL);
	assert_true(dup2(files[0], STDOUT_FILENO) >= 0 && dup2(files[1], STDERR_FILENO) >= 0);
	int status = ledger_command(argc, argv);
	fflush(NULL);
	assert_true(dup2(kept[0], STDOUT_FILENO) >= 0 && dup2(kept[1], STDERR_FILENO) >= 0);
	file_take(files[0], output);
	file_take(files[1], complaint);
	for (int i = 0; i < 2; i++) {
		close(files[i]);
		close(kept[i]);
	}
	return status;
}

static void append(const char *text)
{
	struct log_entry entry = {text, strlen(text)};
	uint64_t first = 0;
	assert_int_equal(log_append(ledger, &entry, 1, &first), OK);
}

/** Logs a document as a note of a signer; without one, as the bare line. */
static struct document_digest log_document(const struct document_kind *kind, const void *document, const char *signer)
{
	static char text[65536];
	char *line = NULL, why[DOCUMENT_COMPLAINT_BYTES] = "", signature[NOTE_LINE_BYTES] = "";
	struct note_example key;
	if (document_write(kind, document, &line, why) != OK)
		fail_msg("%s", why);
	struct document_digest digest = document_digest_of(line, strlen(line));
	int length = snprintf(text, sizeof(text), "%s\n", line);
	if (signer != NULL) {
		note_example_make(signer, NOTE_KEY_ED25519, 3, &key);
		note_example_sign(&key, 0, text, signature);
		snprintf(text + length, sizeof(text) - (size_t)length, "\n%s", signature);
	}
	append(text);
	free(line);
	return digest;
}

/** An order, what was said about it, and its receipt, all in 2025 but for the withdrawal; and what is none of ours. */
static void documents_log(void)
{
	struct order order;
	order_example(&order);
	struct approval approval = {.by = "taro", .role = "commission", .reason = "agreed", .at_ms = EXAMPLE_NOW_MS};
	struct receipt receipt = {.effector = "edge-1", .state = RECEIPT_APPLIED, .why = "in force", .at_ms = EXAMPLE_NOW_MS + 5000};
	approval.subject = receipt.order = log_document(&order_kind, &order, "authority");
	for (unsigned i = 0; i < 3; i++) {
		approval.act = (const enum approval_act[]){APPROVAL_APPROVAL, APPROVAL_APPROVAL, APPROVAL_WITHDRAWAL}[i];
		approval.at_ms = EXAMPLE_NOW_MS + (i == 2 ? INT64_C(6) * 86400000 : 1000);
		log_document(&approval_kind, &approval, i == 1 ? NULL : "taro");
	}
	log_document(&receipt_kind, &receipt, "edge-1");
	receipt.order.bytes[0] ^= 1; /* of an order that is not in the log */
	log_document(&receipt_kind, &receipt, "edge-1");
	append("\x1b[31mnot ours\n\xff");
	append("sha256 bf718b6f653bebc184e1479f1935b8da974d701b893afcf49e701f3e2f9f9c5a 65536\n");
	assert_int_equal(log_publish(ledger), OK);
}

static void a_log_in_order_is_told_so(void **state)
{
	(void)state;
	documents_log();
	assert_int_equal(run("ledger verify $LOG --key $KEY"), LEDGER_OK);
	assert_non_null(strstr(output, "ledger.example/log: in order: 8 entries, "));
	assert_non_null(strstr(output, " 0 of 0 witnesses\n"));
	assert_string_equal(complaint, "");
	log_example_shell("cp %s/checkpoint %s/older", example.directory, example.root);
	append("one more\n");
	assert_int_equal(log_publish(ledger), OK);
	assert_int_equal(run("ledger verify $LOG --key $KEY --older $ROOT/older"), LEDGER_OK);
	assert_non_null(strstr(output, "it grew out of the tree of 8 entries\n"));
}

static void a_log_out_of_order_ends_with_1_and_says_why(void **state)
{
	(void)state;
	static const char other[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
	char words[512];
	documents_log();
	snprintf(words, sizeof(words), "ledger verify $LOG --key %s", other);
	assert_int_equal(run(words), LEDGER_FAILED);
	assert_non_null(strstr(complaint, "checkpoint: is not signed by this key\n"));
	assert_string_equal(output, "");
	assert_int_equal(run("ledger verify $LOG --key $KEY --witness witness.example/w1+df1c0a35+"
			     "BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"),
		LEDGER_FAILED);
	assert_non_null(strstr(complaint, "too few witnesses have seen the log\n"));
	log_example_shell("printf X | dd of=%s/tile/entries/000.p/8 bs=1 seek=30 conv=notrunc status=none", example.directory, "");
	static const char *const verbs[] = {"verify $LOG", "show $LOG", "report $LOG 2025", "prove $LOG 0 --out -"};
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		snprintf(words, sizeof(words), "ledger %s --key $KEY", verbs[i]);
		assert_int_equal(run(words), LEDGER_FAILED);
		assert_string_equal(output, ""); /* nothing is shown of a log that is not in order */
		assert_non_null(strchr(complaint, '\n'));
		assert_null(strchr(strchr(complaint, '\n') + 1, '\n'));
	}
	assert_int_equal(run("ledger verify /nonexistent --key $KEY"), LEDGER_FAILED);
}

static void wrong_command_lines_end_with_2(void **state)
{
	(void)state;
	static const char *const bad[] = {"ledger", "ledger burn $LOG", "ledger verify", "ledger verify $LOG",
		"ledger verify $LOG --key x",
		"ledger verify $LOG $LOG --key $KEY", "ledger verify $LOG --key $KEY --witness $KEY",
		"ledger verify $LOG --key $KEY --quorum 1",
		"ledger verify $LOG --key $KEY --burn", "ledger verify $LOG --key", "ledger verify $LOG --key $KEY --policy x",
		"ledger show $LOG -1 --key $KEY", "ledger prove $LOG --key $KEY", "ledger prove $LOG x --key $KEY",
		"ledger report $LOG --key $KEY", "ledger report $LOG 25 --key $KEY", "ledger create $LOG", "ledger witness",
		"ledger show $LOG 1 2 3 --key $KEY", "ledger cosign", "ledger cosign --authority a --socket s --witness $KEY"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(run(bad[i]), LEDGER_USAGE);
		assert_string_equal(output, "");
		assert_string_not_equal(complaint, "");
	}
	assert_int_equal(run("ledger --help"), LEDGER_OK);
	assert_non_null(strstr(output, "usage: hinomi ledger VERB"));
	assert_int_equal(run("ledger verify --help"), LEDGER_OK);
}

static void entries_are_shown_with_who_and_when(void **state)
{
	(void)state;
	documents_log();
	assert_int_equal(run("ledger show $LOG --key $KEY"), LEDGER_OK);
	assert_non_null(strstr(output, "       0  2025-12-26 00:00:00  order            own_edge      authority\n"));
	assert_non_null(strstr(output, "       1  2025-12-26 00:00:01  approval         -             taro\n"));
	assert_non_null(strstr(output, "       2  2025-12-26 00:00:01  approval         -             -\n"));
	assert_non_null(strstr(output, "       6  -                    other            -             -\n"));
	assert_non_null(strstr(output, "       7  -                    long document    -             -\n"));
	assert_null(strchr(output, '\x1b'));
	assert_int_equal(run("ledger show $LOG 4 1 --key $KEY"), LEDGER_OK);
	assert_string_equal(output, "       4  2025-12-26 00:00:05  receipt          -             edge-1\n");
	assert_int_equal(run("ledger show $LOG 6 2 --key $KEY --json"), LEDGER_OK);
	assert_string_equal(output,
		"{\"index\":6,\"entry\":null}\n"
		"{\"index\":7,\"entry\":\"sha256 bf718b6f653bebc184e1479f1935b8da974d701b893afcf49e701f3e2f9f9c5a 65536\\n\"}\n");
}

static void a_years_documents_are_counted(void **state)
{
	(void)state;
	documents_log();
	assert_int_equal(run("ledger report $LOG 2025 --key $KEY"), LEDGER_OK);
	assert_string_equal(output, "         2  approval         own_edge\n"
				    "         1  order            own_edge\n"
				    "         1  receipt          -\n"
				    "         1  receipt          own_edge\n"
				    "         5  in 2025; 2 entries of the log say no time\n");
	assert_int_equal(run("ledger report $LOG 2026 --key $KEY --json"), LEDGER_OK);
	assert_string_equal(output, "{\"class\":\"own_edge\",\"count\":1,\"document\":\"withdrawal\",\"year\":2026}\n");
	assert_int_equal(run("ledger report $LOG 2024 --key $KEY --json"), LEDGER_OK);
	assert_string_equal(output, "");
}

static void proofs_are_written_and_hold(void **state)
{
	(void)state;
	char path[LOG_EXAMPLE_PATH_BYTES], entry[1024], *text = NULL;
	struct proof proof;
	struct checkpoint checkpoint;
	const char *why = NULL;
	size_t bytes = 0;
	assert_int_equal(log_example_append(ledger, 600), OK);
	assert_int_equal(log_publish(ledger), OK);
	assert_int_equal(run("ledger prove $LOG 300 --key $KEY --out $ROOT/proof"), LEDGER_OK);
	snprintf(path, sizeof(path), "%s/proof", example.root);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	assert_true(getdelim(&text, &bytes, '\0', file) > 0);
	fclose(file);
	assert_int_equal(proof_parse(text, strlen(text), &proof), OK);
	bytes = log_example_entry(300, entry);
	assert_int_equal(proof_verify(&proof, entry, bytes, &example.trust, &checkpoint, &why), OK);
	free(text);
	assert_int_equal(run("ledger prove $LOG 300 --key $KEY --out $ROOT/proof"), LEDGER_FAILED); /* not written over */
	assert_int_equal(run("ledger prove $LOG 600 --key $KEY --out -"), LEDGER_FAILED);
	assert_non_null(strstr(complaint, "has no such entry"));
	assert_int_equal(run("ledger prove $LOG 599 --key $KEY --out -"), LEDGER_OK);
	assert_int_equal(strncmp(output, "c2sp.org/tlog-proof@v1\nindex 599\n", 33), 0);
}

static void logs_are_begun_once(void **state)
{
	(void)state;
	assert_int_equal(run("ledger create $ROOT/second --key $ROOT/key"), LEDGER_OK);
	assert_non_null(strstr(output, "second: begun, verifier key ledger.example/log+"));
	assert_int_equal(run("ledger verify $ROOT/second --key $KEY"), LEDGER_OK);
	assert_int_equal(run("ledger create $ROOT/second --key $ROOT/key"), LEDGER_FAILED);
	assert_non_null(strstr(complaint, "there is something already"));
	assert_int_equal(run("ledger create $ROOT/third --key $ROOT/absent"), LEDGER_FAILED);
}

/** Starts `ledger witness` on a socket, in a process of its own, and waits until it listens. */
static pid_t witness_start(const char *socket_path)
{
	char words[1024];
	pid_t child = fork();
	if (child == 0) {
		snprintf(words, sizeof(words), "ledger witness --key $ROOT/witness --state $ROOT/states --log $KEY --socket %s",
			socket_path);
		_exit(run(words));
	}
	struct stat file;
	for (unsigned i = 0; i < 500 && (stat(socket_path, &file) != 0 || !S_ISSOCK(file.st_mode)); i++) {
		const struct timespec pause = {.tv_nsec = 10000000};
		(void)nanosleep(&pause, NULL);
	}
	return child;
}

/** Asks the witness for the log as it is and takes the cosigned checkpoint; what witness_service_ask() returned. */
static int cosign(const char *socket_path, const struct note_key *key, uint64_t old_entries, uint64_t *ret_last)
{
	char note[CHECKPOINT_TEXT_BYTES + 4 * NOTE_LINE_BYTES];
	struct witness_request request = {.old_entries = old_entries, .checkpoint = note};
	size_t bytes = log_checkpoint(ledger, note);
	request.checkpoint_bytes = bytes;
	assert_int_equal(log_consistency(ledger, old_entries, log_entries(ledger), request.path, &request.path_count), OK);
	int err = witness_service_ask(socket_path, key, &request, note, sizeof(note), &bytes, ret_last);
	if (err == OK)
		assert_int_equal(log_cosign(ledger, note, bytes), OK);
	return err;
}

static void a_witness_on_a_socket_cosigns(void **state)
{
	(void)state;
	char path[LOG_EXAMPLE_PATH_BYTES], words[1024], text[NOTE_VKEY_BYTES];
	struct note_key public;
	uint64_t last = 0;
	int status = 0;
	snprintf(path, sizeof(path), "%s/states", example.root);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/witness", example.root);
	assert_int_equal(key_create(path, "witness.example", NOTE_KEY_COSIGNATURE, &public), OK);
	snprintf(path, sizeof(path), "%s/socket", example.root);
	assert_int_equal(log_example_append(ledger, 20), OK);
	assert_int_equal(cosign(path, &public, 0, &last), E_SYS); /* nobody is there */
	pid_t child = witness_start(path);
	int err = E_SYS;
	for (unsigned i = 0; i < 500 && err == E_SYS; i++)
		err = cosign(path, &public, 0, &last); /* it is bound before it listens */
	assert_int_equal(err, OK);
	assert_int_equal(log_publish(ledger), OK);
	snprintf(words, sizeof(words), "ledger verify $LOG --key $KEY --witness %s", note_key_write(&public, text));
	assert_int_equal(run(words), LEDGER_OK);
	assert_non_null(strstr(output, " 1 of 1 witnesses\n"));
	assert_int_equal(log_example_append(ledger, 300), OK);
	assert_int_equal(cosign(path, &public, 0, &last), E_STATE);
	assert_int_equal(last, 20);
	/* Killed and begun again: the socket's file is in the way, and the state is remembered. */
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	child = witness_start(path);
	for (err = E_SYS; err == E_SYS;)
		err = cosign(path, &public, 20, &last);
	assert_int_equal(err, OK);
	struct note_key other = public;
	other.id[0] ^= 1;
	assert_int_equal(log_example_append(ledger, 1), OK);
	assert_int_equal(cosign(path, &other, 320, &last), E_DENIED); /* not the witness that was asked for */
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
}

/** Stands in for the authority's process: answers its two questions of one client each, and leaves what was cosigned in a file. */
static pid_t authority_start(const char *socket_path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(listener, 8) == 0);
	pid_t child = fork();
	if (child != 0) {
		close(listener);
		return child;
	}
	for (;;) {
		static char line[65536], note[4096], body[65536];
		size_t length = 0;
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		ssize_t got = read(client, line, sizeof(line));
		json_t *question = json_loadb(line, got > 0 ? (size_t)got : 0, 0, NULL), *answer = NULL;
		const char *asked = json_string_value(json_object_get(question, "ask")), *text = NULL;
		struct witness_request request = {.checkpoint = note, .checkpoint_bytes = log_checkpoint(ledger, note)};
		request.old_entries = (uint64_t)json_integer_value(json_object_get(question, "old"));
		if (asked != NULL && strcmp(asked, "witness") == 0 &&
			(request.old_entries == 0 ||
				log_consistency(ledger, request.old_entries, log_entries(ledger), request.path, &request.path_count) == OK) &&
			witness_request_write(&request, body, sizeof(body), &length) == OK)
			answer = json_pack("{s:b, s:s%}", "ok", 1, "request", body, length);
		else if ((text = json_string_value(json_object_get(question, "note"))) != NULL &&
			log_cosign(ledger, text, strlen(text)) == OK && log_publish(ledger) == OK)
			answer = json_pack("{s:b}", "ok", 1);
		else
			answer = json_pack("{s:b, s:s}", "ok", 0, "detail", "no such thing");
		char *told = json_dumps(answer, JSON_COMPACT);
		(void)!write(client, told, strlen(told));
		(void)!write(client, "\n", 1);
		close(client);
		free(told);
		json_decref(question);
		json_decref(answer);
	}
}

/** Between whom checkpoints are carried, and the command that does it once. */
static struct {
	char witness[LOG_EXAMPLE_PATH_BYTES], authority[LOG_EXAMPLE_PATH_BYTES]; /* sockets */
	char vkey[NOTE_VKEY_BYTES]; /* of the witness */
	char words[1024];
} carriage;

static void carriage_make(void)
{
	char path[LOG_EXAMPLE_PATH_BYTES];
	struct note_key public;
	snprintf(path, sizeof(path), "%s/states", example.root);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/witness", example.root);
	assert_int_equal(key_create(path, "witness.example", NOTE_KEY_COSIGNATURE, &public), OK);
	snprintf(carriage.witness, sizeof(carriage.witness), "%s/socket", example.root);
	snprintf(carriage.authority, sizeof(carriage.authority), "%s/authority", example.root);
	snprintf(carriage.words, sizeof(carriage.words), "ledger cosign --authority %s --socket %s --witness %s", carriage.authority,
		carriage.witness, note_key_write(&public, carriage.vkey));
}

/** Whether a witness vouches for the whole log, within five seconds. */
static bool is_witnessed_soon(const char *witness_text)
{
	char verify[1024];
	snprintf(verify, sizeof(verify), "ledger verify $LOG --key $KEY --witness %s", witness_text);
	for (unsigned i = 0; i < 100; i++) {
		if (run(verify) == LEDGER_OK && strstr(output, " 1 of 1 witnesses\n") != NULL)
			return true;
		nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
	}
	return false;
}

/** Runs a command line in a process of its own, whose words nobody reads. */
static pid_t run_apart(const char *words)
{
	pid_t child = fork();
	if (child == 0)
		_exit(run(words));
	return child;
}

static void process_end(pid_t child)
{
	int status = 0;
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status)); /* it was still there */
}

static void checkpoints_are_carried_again_and_again(void **state)
{
	(void)state;
	char words[sizeof(carriage.words) + 32];
	carriage_make();
	static const char *const wrong[] = {"5", "50ms", "2d", "often"};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		snprintf(words, sizeof(words), "%s --every %s", carriage.words, wrong[i]);
		assert_int_equal(run(words), LEDGER_USAGE);
	}
	snprintf(words, sizeof(words), "%s --every 100ms", carriage.words);
	pid_t witness = witness_start(carriage.witness), carrier = run_apart(words); /* nobody is at the other end yet */
	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(log_example_append(ledger, 30), OK);
		assert_int_equal(log_publish(ledger), OK);
		pid_t child = authority_start(carriage.authority);
		assert_true(is_witnessed_soon(carriage.vkey));
		process_end(child); /* and is away for a while */
		assert_int_equal(unlink(carriage.authority), 0);
	}
	process_end(carrier);
	process_end(witness);
}

static void checkpoints_are_carried_to_a_witness_and_back(void **state)
{
	(void)state;
	carriage_make();
	assert_int_equal(run(carriage.words), LEDGER_FAILED); /* nobody is there */
	pid_t witness = witness_start(carriage.witness);
	for (unsigned round = 0; round < 3; round++) {
		assert_int_equal(log_example_append(ledger, 30), OK); /* each stand-in is a copy of this process and its log */
		pid_t child = authority_start(carriage.authority);
		assert_int_equal(run(carriage.words), LEDGER_OK);
		assert_string_equal(output, "cosigned by witness.example\n");
		process_end(child);
		assert_int_equal(unlink(carriage.authority), 0);
		assert_true(is_witnessed_soon(carriage.vkey));
	}
	/* An authority that began another history. */
	log_close(ledger);
	log_example_shell("rm -rf %s", example.directory, "");
	assert_int_equal(log_create(example.directory, example.key), OK);
	struct log_recovery recovery;
	ledger = log_example_open(&example, &recovery);
	struct log_entry entry = {"other", 5};
	uint64_t first = 0;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(log_append(ledger, &entry, 1, &first), OK);
	pid_t child = authority_start(carriage.authority);
	assert_int_equal(run(carriage.words), LEDGER_FAILED);
	assert_non_null(strstr(complaint, "the witness does not cosign"));
	process_end(child);
	process_end(witness);
}

static int set_up(void **state)
{
	(void)state;
	struct log_recovery recovery;
	log_example_begin(&example);
	ledger = log_example_open(&example, &recovery);
	note_key_write(&example.key->public, vkey);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	log_close(ledger);
	log_example_end(&example);
	return 0;
}

#define LEDGER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(a_log_in_order_is_told_so),
		LEDGER_TEST(a_log_out_of_order_ends_with_1_and_says_why),
		LEDGER_TEST(wrong_command_lines_end_with_2),
		LEDGER_TEST(entries_are_shown_with_who_and_when),
		LEDGER_TEST(a_years_documents_are_counted),
		LEDGER_TEST(proofs_are_written_and_hold),
		LEDGER_TEST(logs_are_begun_once),
		LEDGER_TEST(a_witness_on_a_socket_cosigns),
		LEDGER_TEST(checkpoints_are_carried_to_a_witness_and_back),
		LEDGER_TEST(checkpoints_are_carried_again_and_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
