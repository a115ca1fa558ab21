/*
 * How the other programs of Hinomi are started; core/beside.h says where they are.
 */
#pragma once

#include <sys/types.h>

#include "core/err.h"

/**
 * Becomes another program; returns only if that fails, having said why on standard error.
 *
 * @param name "hinomi-sensor"
 * @param argv its arguments, ended by NULL; argv[0] is replaced by where the program is
 * @return the exit code to end with
 */
int start_instead(const char *name, char **argv);

/** A program that was started, and what can be read from it. */
struct child {
	pid_t pid;
	int output_fd; /* its standard output */
	int error_fd; /* its standard error */
	int progress_fd; /* its descriptor START_PROGRESS_FD */
};

#define START_PROGRESS_FD 3

/**
 * Starts a program that dies with us.
 *
 * @param name "hinomi-sensor"
 * @param argv as above
 * @param ret_child filled; the descriptors do not block, the caller closes them
 * @return OK, E_UNSUPPORTED: there is no such program, E_SYS
 */
MUST_USE int start_child(const char *name, char **argv, struct child *ret_child);

/**
 * Starts a program that dies with us and shares our standard input, output and error.
 *
 * @param name "hinomi-sensor"
 * @param argv as above
 * @param ret_pid filled on OK
 * @return OK, E_UNSUPPORTED: there is no such program, E_SYS
 */
MUST_USE int start_beside(const char *name, char **argv, pid_t *ret_pid);

/** Waits for its end. @return its exit code; 128 + the signal that ended it; -1: it cannot be waited for */
int start_wait(const struct child *child);
