/*
 * Giving up what a process does not need, in steps that only shrink:
 * capabilities and user (capabilities(7)), paths (Landlock, landlock(7)),
 * system calls (seccomp(2) through libseccomp). Opened descriptors stay.
 *
 * Landlock is used as far as the running kernel has it, and the report tells
 * how far; capabilities and seccomp are not optional. Builds with a sanitizer
 * go without seccomp, whose list does not fit the sanitizer's runtime, and may
 * read /proc.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

/** What a process does after it has set itself up; decides its list of system calls. */
enum sandbox_kind {
	SANDBOX_NONE = 0, /* nothing but exit: a forgotten kind shows at once */
	SANDBOX_READER, /* opens files to read them, writes to open descriptors, no sockets */
	SANDBOX_SERVER, /* serves sockets that are open, follows interfaces, opens and renames files within its paths */
	SANDBOX_ENFORCER, /* the same, and writes the maps of a BPF program that was loaded before */
};

/** What happens at a system call that is not on the list. */
enum sandbox_verdict {
	SANDBOX_KILL = 0, /* the process dies by SIGSYS */
	SANDBOX_ERRNO, /* the call fails with EPERM */
};

enum sandbox_access {
	SANDBOX_NO_ACCESS = 0,
	SANDBOX_READ, /* a file, or a directory and all below it */
	SANDBOX_WRITE, /* also make, write, rename and remove files and directories in a directory */
};

struct sandbox_path {
	const char *path;
	enum sandbox_access access;
};

struct sandbox_config {
	enum sandbox_kind kind;
	enum sandbox_verdict verdict;
	bool connects; /* SANDBOX_SERVER: may also make Unix sockets and connect them, and no others */
	bool has_threads; /* SANDBOX_SERVER: may also start threads, which wait on each other and serve TCP connections */
	bool has_database; /* SANDBOX_SERVER: may also do what SQLite does with its files, within the paths */
	const struct sandbox_path *paths; /* everything else of the file system is out of reach */
	size_t path_count;
};

struct sandbox_report {
	int landlock_abi; /* of the kernel; 0: it has none and paths are not limited */
	size_t paths_missing; /* given paths that do not exist; they stay out of reach */
	bool has_seccomp; /* false in sanitizer builds only */
};

/**
 * Gives up capabilities, and root where a user is given; nothing can be regained (no_new_privs). A process that is to end with
 * its parent (PR_SET_PDEATHSIG) still does.
 *
 * @param user account to become where the process is root, NULL: stay
 * @param kept_capabilities bits by capability number that stay, 0: none; only for the same user
 * @return OK; E_STATE: no such user; E_SYS
 */
MUST_USE int sandbox_drop(const char *user, uint64_t kept_capabilities);

/**
 * Enters the sandbox, for this thread and what it starts: call it before any thread is made.
 *
 * @param config borrowed for the call
 * @param ret_report how far it went
 * @return OK, E_NOMEM or E_SYS
 */
MUST_USE int sandbox_enter(const struct sandbox_config *config, struct sandbox_report *ret_report);
