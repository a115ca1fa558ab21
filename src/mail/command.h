/*
 * The verbs of hinomi-mail that read files. Each takes the whole command line
 * behind the program's name and returns the exit code: 0 all well, 1
 * something could not be read or done, 2 the command line is wrong.
 */
#pragma once

#include "mail/config.h"

#define EXIT_OK 0
#define EXIT_UNREAD 1
#define EXIT_USAGE 2

/** Options of all verbs, over the configuration's. */
struct command {
	struct config config;
	bool is_json, is_sent, has_key;
	int progress_fd; /* -1: none */
	char **files; /* borrowed, ended by NULL */
	int file_count;
};

/**
 * Runs a verb.
 *
 * @param argc arguments
 * @param argv [0] is the verb; changed
 * @return exit code
 */
int files_command(int argc, char **argv);

int scan_run(const struct command *command);
int explain_run(const struct command *command);
int learn_run(const struct command *command);
