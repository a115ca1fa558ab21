/*
 * Proves that a key's file is what Go's notes take, that it is made once and
 * for its owner alone, and that a file which others could read or change, or
 * which is not a key, is refused with its reason. What a key signs verifies.
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

#include "keys/key.h"
#include "keys/signer.h"

/* Made by golang.org/x/mod/sumdb/note from a seed of ones. */
#define GO_PRIVATE "PRIVATE+KEY+ledger.example/log+7cc83a9d+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
#define GO_PUBLIC "ledger.example/log+7cc83a9d+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
#define GO_TEXT "ledger.example/log\n1\n/+zuFHO92M61JLpvpPQnwXwAQM7aU6tOfVvryIcW5FM=\n"
#define GO_NOTE \
	GO_TEXT "\n— ledger.example/log " \
		"fMg6nRnzBlfW+7PgnjWyxNS9zLVcQGG/0CnvUrzHbs8M4A8O0ijUnlmXFKp+n0U9/9sNDEISQIKL2PIKArJxgxxbHQw=\n"

static char directory[] = "/tmp/hinomi-key-XXXXXX", path[64];

static void file_write(const char *text, mode_t mode)
{
	(void)unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int load(const char **ret_why)
{
	struct key *key = NULL;
	*ret_why = "nothing";
	int err = key_load(path, &key, ret_why);
	assert_int_equal(key != NULL, err == OK);
	key_free(key);
	return err;
}

static void gos_key_is_loaded_and_signs_as_go_does(void **state)
{
	(void)state;
	struct key *key = NULL;
	const char *why = NULL;
	char text[NOTE_VKEY_BYTES], note[1024];
	size_t note_bytes = 0;
	file_write(GO_PRIVATE "\n", 0600);
	assert_int_equal(key_load(path, &key, &why), OK);
	assert_string_equal(note_key_write(&key->public, text), GO_PUBLIC);
	assert_int_equal(signer_note(key, GO_TEXT, strlen(GO_TEXT), note, sizeof(note), &note_bytes), OK);
	assert_string_equal(note, GO_NOTE);
	assert_int_equal(note_bytes, strlen(GO_NOTE));
	assert_int_equal(signer_note(key, GO_TEXT, strlen(GO_TEXT), note, note_bytes, &note_bytes), E_LIMIT);
	key_free(key);
}

static void new_keys_are_different_and_their_owners_alone(void **state)
{
	(void)state;
	struct note_key first, second;
	struct key *key = NULL;
	struct stat file;
	const char *why = NULL;
	(void)unlink(path);
	assert_int_equal(key_create(path, "one.example", NOTE_KEY_ED25519, &first), OK);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
	assert_int_equal(key_load(path, &key, &why), OK);
	assert_memory_equal(&key->public, &first, sizeof(first));
	key_free(key);
	assert_int_equal(key_create(path, "one.example", NOTE_KEY_ED25519, &second), E_STATE); /* never written over */
	(void)unlink(path);
	assert_int_equal(key_create(path, "one.example", NOTE_KEY_ED25519, &second), OK);
	assert_memory_not_equal(first.key, second.key, NOTE_KEY_BYTES);
	(void)unlink(path);
	assert_int_equal(key_create(path, "a name", NOTE_KEY_ED25519, &second), E_MALFORMED);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(key_create("/nonexistent/key", "one.example", NOTE_KEY_ED25519, &second), E_SYS);
}

static void files_of_others_are_refused(void **state)
{
	(void)state;
	static const mode_t wide[] = {0640, 0604, 0620, 0602, 0660, 0644, 0601, 0700};
	const char *why = NULL;
	for (size_t i = 0; i < ARRAY_LEN(wide); i++) {
		file_write(GO_PRIVATE "\n", wide[i]);
		assert_int_equal(load(&why), E_DENIED);
		assert_string_equal(why, "others may read or change it: its mode must be 0600");
	}
	file_write(GO_PRIVATE "\n", 0400);
	assert_int_equal(load(&why), OK);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 1, 1), 0);
		assert_int_equal(load(&why), E_DENIED);
		assert_string_equal(why, "belongs to another user");
	}
	char target[80];
	snprintf(target, sizeof(target), "%s.target", path);
	file_write(GO_PRIVATE "\n", 0600);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(load(&why), E_DENIED);
	assert_string_equal(why, "is a symbolic link");
	(void)unlink(path);
	(void)unlink(target);
	assert_int_equal(load(&why), E_SYS);
	assert_string_equal(why, "does not exist");
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(load(&why), E_DENIED);
	assert_int_equal(rmdir(path), 0);
}

static void other_files_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int error;
	} bad[] = {
		{"", E_MALFORMED},
		{"\n", E_MALFORMED},
		{GO_PUBLIC "\n", E_MALFORMED},
		{"PRIVATE+KEY+", E_MALFORMED},
		{"PRIVATE+KEY+ledger.example/log+7cc83a9e+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB", E_MALFORMED}, /* not its id */
		{"PRIVATE+KEY+ledger.example/lok+7cc83a9d+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB", E_MALFORMED},
		{"PRIVATE+KEY+ledger.example/log+7cc83a9d+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE", E_MALFORMED},
		{"PRIVATE+KEY+ledger.example/log+7cc83a9d", E_MALFORMED},
		{GO_PRIVATE "\n\n", E_MALFORMED},
		{GO_PRIVATE "AAAA", E_MALFORMED},
		{"PRIVATE+KEY+ledger.example/log+7cc83a9d+AgEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB", E_UNSUPPORTED},
	};
	const char *why = NULL;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		file_write(bad[i].text, 0600);
		assert_int_equal(load(&why), bad[i].error);
		assert_string_not_equal(why, "nothing");
	}
	char longest[600];
	memset(longest, 'A', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	file_write(longest, 0600);
	assert_int_equal(load(&why), E_MALFORMED);
}

static void cosignatures_verify_with_their_time(void **state)
{
	(void)state;
	struct note_key public;
	struct note_verdict verdict;
	struct note note;
	struct key *key = NULL;
	const char *why = NULL;
	char line[NOTE_LINE_BYTES], text[1024];
	(void)unlink(path);
	assert_int_equal(key_create(path, "witness.example", NOTE_KEY_COSIGNATURE, &public), OK);
	assert_int_equal(key_load(path, &key, &why), OK);
	assert_int_equal(key->public.type, NOTE_KEY_COSIGNATURE);
	assert_int_equal(signer_line(key, 1764221400, GO_TEXT, strlen(GO_TEXT), line), OK);
	int length = snprintf(text, sizeof(text), GO_TEXT "\n%s", line);
	assert_int_equal(note_parse(text, (size_t)length, &note), OK);
	assert_int_equal(note_verify(&note, &public, 1, &verdict), OK);
	assert_true(verdict.is_signed);
	assert_int_equal(verdict.time_s, 1764221400);
	key_free(key);
}

static void what_no_note_could_hold_is_not_signed(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "no newline", "a\tb\n", "\xff\n", "a\xe2\x80\xae\n"};
	struct key *key = NULL;
	const char *why = NULL;
	char line[NOTE_LINE_BYTES];
	file_write(GO_PRIVATE, 0600);
	assert_int_equal(key_load(path, &key, &why), OK);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(signer_line(key, 0, bad[i], strlen(bad[i]), line), E_MALFORMED);
	assert_int_equal(signer_line(key, 0, "a\n\nb\n\n", 6, line), OK);
	key_free(key);
}

static int set_up(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/key", directory);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gos_key_is_loaded_and_signs_as_go_does),
		cmocka_unit_test(new_keys_are_different_and_their_owners_alone),
		cmocka_unit_test(files_of_others_are_refused),
		cmocka_unit_test(other_files_are_refused),
		cmocka_unit_test(cosignatures_verify_with_their_time),
		cmocka_unit_test(what_no_note_could_hold_is_not_signed),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
