/*
 * The files in a BPF file system that keep program, maps and link when no
 * process has them open. One directory for one interface, open to its owner
 * alone: whoever may write here decides what passes.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "core/err.h"
#include "core/why.h"

#define PIN_DIRECTORY_BYTES 200

/* Pinned in this order: where the link stands, the others do. */
enum pin {
	PIN_POLICY = 0, /* the program's frozen read-only data: version, layout, sampling, policy */
	PIN_STATE, /* counts of each CPU */
	PIN_SAMPLES, /* the ring buffer */
	PIN_ROOT, /* the word that says what is in force */
	PIN_TABLES,
	PIN_PREFIXES,
	PIN_SOURCES,
	PIN_ROWS,
	PIN_BUCKETS,
	PIN_WINDOW,
	PIN_PROTECTED,
	PIN_SOURCE_METERS,
	PIN_TALLIES,
	PIN_BUCKETS_READ, /* the program that reads what PIN_BUCKETS holds */
	PIN_PROGRAM, /* to attach it anew where its interface was removed and is back */
	PIN_LINK, /* the attachment */
	PIN_COUNT
};

/**
 * Makes sure of the directory; what is not in a BPF file system stays untouched.
 *
 * @param directory made with mode 0700 if it is not there
 * @param ret_why filled on failure
 * @return OK; E_CONFIG: not a BPF file system, or the name is too long; E_DENIED: others may write there, or own it; E_SYS
 */
MUST_USE int pins_prepare(const char *directory, char ret_why[static WHY_BYTES]);

/**
 * Opens all pins, the link first.
 *
 * @param directory one that pins_prepare() takes
 * @param ret_fds filled on OK, owned by the caller
 * @param ret_why filled on failure but for E_END
 * @return OK; E_END: one is missing; E_DENIED: no permission, or a pin is open to others; E_SYS
 */
MUST_USE int pins_open(const char *directory, int ret_fds[static PIN_COUNT], char ret_why[static WHY_BYTES]);

/** Pins all, or none. E_SYS with ret_why. */
MUST_USE int pins_make(const char *directory, const int fds[static PIN_COUNT], char ret_why[static WHY_BYTES]);

/** Pins a link in the place of the one that stands there; E_SYS. */
MUST_USE int pins_replace_link(const char *directory, int link_fd);

/** Tells programs apart that are pinned in one directory after each other: a file's number. 0: none that can be seen. */
ino_t pins_identity(const char *directory);

/** Removes all pins, the link first; the directory stays. False: something is left, errno tells. */
bool pins_remove(const char *directory);

void pins_close(int fds[static PIN_COUNT]);
