/* Logs for tests, in directories of their own: entries that tell their index, copies, and what verifies them. */
#pragma once

#include "authority/log.h"
#include "authority/verify.h"

#define LOG_EXAMPLE_PATH_BYTES 256

/** A place for logs with a key of its own, removed by log_example_end(). */
struct log_example {
	char root[64];
	char directory[128]; /* of the log */
	struct key *key;
	struct proof_trust trust; /* that key, no witness */
};

/** Makes the place, the key and an empty log; tests fail if it cannot. */
void log_example_begin(struct log_example *ret_example);

/** Removes all of it. */
void log_example_end(struct log_example *example);

/** Opens the log; the test fails if it cannot. */
struct log *log_example_open(const struct log_example *example, struct log_recovery *ret_recovery);

/** The entry of an index: always the same, of 8 bytes to some hundreds. @return its length */
size_t log_example_entry(uint64_t index, char ret_entry[static 1024]);

/** Appends the next entries of their indices in one batch. @return what log_append() returned */
int log_example_append(struct log *log, size_t count);

/** Verifies the published log and that each entry is that of its index; the test fails if not. @return how many there are */
uint64_t log_example_verify(const struct log_example *example, const struct checkpoint *older, struct checkpoint *ret_checkpoint);

/** Runs a command of the shell, in which the first %s is from and the second is to; the test fails if that fails. */
void log_example_shell(const char *format, const char *from, const char *to);
