/*
 * Processes of an exercise: commands that are run to their end, programs that
 * stay, and parts of this program in processes of their own. Each is killed
 * when this process dies, however it dies; none gets the terminal's signals.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/err.h"

#define PROGRAM_FAILED 127 /* exit status of what could not be started */

/** Where and how a process runs; zeros but for net_fd: as this one does. */
struct program_place {
	int net_fd; /* its network namespace; -1: ours */
	const char *log; /* file that gets what it says, appended; NULL: /dev/null. Borrowed */
};

/**
 * Notes where this program lies (core/beside.h), and its network: to be called before anything, for an exercise leaves both.
 */
void program_note_home(void);

/** The network namespace that this program was started in, a descriptor; -1: it could not be kept. */
int program_home_net(void);

/**
 * Starts a program that stays.
 *
 * @param place read
 * @param argv its path or name first, NULL last
 * @param ret_pid filled on OK
 * @return OK or E_SYS; that it cannot be executed shows as an early end with PROGRAM_FAILED
 */
MUST_USE int program_start(const struct program_place *place, const char *const *argv, pid_t *ret_pid);

/**
 * Starts a program whose outputs are read.
 *
 * @param place read; log is not used
 * @param argv as for program_start()
 * @param ret_pid filled on OK
 * @param ret_fd filled on OK: what it says on both outputs, non-blocking; the caller's
 * @return OK or E_SYS
 */
MUST_USE int program_start_read(const struct program_place *place, const char *const *argv, pid_t *ret_pid, int *ret_fd);

/** Runs a function in a process of its own, whose exit status is what it returns. Returns OK or E_SYS. */
MUST_USE int program_fork(const struct program_place *place, int (*run)(void *context), void *context, pid_t *ret_pid);

/**
 * Runs a command to its end.
 *
 * @param place read; log is not used
 * @param argv as for program_start()
 * @param input what it reads, at most 64 KiB; NULL: nothing
 * @param ret_text what it says on both outputs, cut at its size, NUL-terminated
 * @param text_bytes size of ret_text
 * @return its exit status, or PROGRAM_FAILED
 */
int program_run(const struct program_place *place, const char *const *argv, const char *input, char *ret_text, size_t text_bytes);

/** Takes the exit status of a process that has ended, waiting for it if it has not. @param pid set to 0 */
int program_end(pid_t *pid);

/** Whether a process of ours still runs. */
bool program_is_alive(pid_t pid);

/**
 * Asks a process to end, waits up to 2 s, then kills it; 0 is fine.
 *
 * @param pid set to 0
 * @return its CPU time, ns
 */
int64_t program_stop(pid_t *pid);

/** The last line of a text, without its newline; "" where it has none. Changes the text. */
const char *program_last_line(char *text);
