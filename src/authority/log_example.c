/* Logs for tests. */
#include "authority/log_example.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/random.h"

void log_example_shell(const char *format, const char *from, const char *to)
{
	char command[1024];
	const char *place[] = {from, to};
	size_t at = 0;
	for (size_t used = 0; *format != '\0' && at + 1 < sizeof(command); format++) {
		if (format[0] == '%' && format[1] == 's') {
			at += (size_t)snprintf(command + at, sizeof(command) - at, "%s", place[used++ % 2]);
			format++;
		} else {
			command[at++] = *format;
		}
	}
	command[at] = '\0';
	pid_t child = fork();
	if (child == 0) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	int status = -1;
	assert_true(child > 0 && waitpid(child, &status, 0) == child);
	assert_int_equal(status, 0);
}

void log_example_begin(struct log_example *ret_example)
{
	char path[128];
	const char *why = NULL;
	struct note_key public;
	/* In memory, where there is such a place: the disk's own time is for bench/ledger. */
	snprintf(ret_example->root, sizeof(ret_example->root), "/dev/shm/hinomi-log-XXXXXX");
	if (mkdtemp(ret_example->root) == NULL) {
		snprintf(ret_example->root, sizeof(ret_example->root), "/tmp/hinomi-log-XXXXXX");
		assert_non_null(mkdtemp(ret_example->root));
	}
	snprintf(ret_example->directory, sizeof(ret_example->directory), "%s/log", ret_example->root);
	snprintf(path, sizeof(path), "%s/key", ret_example->root);
	assert_int_equal(key_create(path, "ledger.example/log", NOTE_KEY_ED25519, &public), OK);
	assert_int_equal(key_load(path, &ret_example->key, &why), OK);
	ret_example->trust = (struct proof_trust){.log_key = public};
	assert_int_equal(log_create(ret_example->directory, ret_example->key), OK);
}

void log_example_end(struct log_example *example)
{
	key_free(example->key);
	log_example_shell("rm -rf %s", example->root, "");
}

struct log *log_example_open(const struct log_example *example, struct log_recovery *ret_recovery)
{
	struct log *log = NULL;
	const char *why = NULL;
	int err = log_open(example->directory, example->key, &log, ret_recovery, &why);
	if (err != OK)
		print_error("%s: %s\n", example->directory, why);
	assert_int_equal(err, OK);
	return log;
}

size_t log_example_entry(uint64_t index, char ret_entry[static 1024])
{
	struct random rng;
	random_init(&rng, index);
	size_t length = 8 + (size_t)random_below(&rng, index % 16 == 0 ? 900 : 60);
	memset(ret_entry, 'a' + (int)(index % 26), length);
	memcpy(ret_entry, &index, sizeof(index));
	return length;
}

int log_example_append(struct log *log, size_t count)
{
	static char texts[1024][1024];
	struct log_entry entries[1024];
	uint64_t first = 0, next = log_entries(log);
	assert_in_range(count, 1, 1024);
	for (size_t i = 0; i < count; i++)
		entries[i] = (struct log_entry){texts[i], log_example_entry(next + i, texts[i])};
	int err = log_append(log, entries, count, &first);
	if (err == OK)
		assert_int_equal(first, next);
	return err;
}

static void entry_check(void *context, uint64_t index, const uint8_t *entry, size_t entry_bytes)
{
	char expected[1024];
	uint64_t *next = context;
	assert_int_equal(index, (*next)++);
	assert_int_equal(entry_bytes, log_example_entry(index, expected));
	assert_memory_equal(entry, expected, entry_bytes);
}

uint64_t log_example_verify(const struct log_example *example, const struct checkpoint *older, struct checkpoint *ret_checkpoint)
{
	char complaint[VERIFY_COMPLAINT_BYTES] = "";
	uint64_t seen = 0;
	const struct verify_options options = {example->directory, &example->trust, older, entry_check, &seen};
	struct verify_report report;
	int err = verify_log(&options, &report, complaint);
	if (err != OK)
		print_error("%s\n", complaint);
	assert_int_equal(err, OK);
	assert_int_equal(report.checkpoint.entries, seen);
	*ret_checkpoint = report.checkpoint;
	return seen;
}
