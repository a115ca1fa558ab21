/*
 * Stores for tests and benchmarks: a directory of its own, or a PostgreSQL
 * server of its own (Debian's, on a Unix socket in that directory, as another
 * user than root), and findings to put into them. Not part of any process.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "record/finding.h"
#include "tower/store.h"

#define STORE_EXAMPLE_NOW_MS INT64_C(1766707200000) /* 2025-12-26 00:00:00 UTC */
#define STORE_EXAMPLE_PLACE_BYTES 512

struct store_example {
	char directory[256];
	char place[STORE_EXAMPLE_PLACE_BYTES]; /* for store_open() */
	pid_t server; /* 0: none */
	unsigned count; /* of places made */
};

/**
 * Makes the directory, and starts the server where one is asked for.
 *
 * @param example filled
 * @param backend "sqlite" or "postgres"
 * @param parent directory to make it in; NULL: that for temporary files
 * @param is_synced false: the server does not sync, for tests that cut no power
 * @return OK, E_UNSUPPORTED: PostgreSQL is not installed; E_SYS
 */
MUST_USE int store_example_begin(struct store_example *example, const char *backend, const char *parent, bool is_synced);

/** Ends the server, and takes the directory away. */
void store_example_end(struct store_example *example);

/** Ends the server at once and starts it again: what it has not synced is gone from its memory. */
MUST_USE int store_example_restart(struct store_example *example);

/** Another empty place: a directory, or a database, of its own. */
MUST_USE int store_example_place(struct store_example *example);

/** CPU time of the server and what it started, in nanoseconds; 0 where there is none. */
int64_t store_example_server_ns(const struct store_example *example);

/** What findings are made of: each number is one finding of three documents. */
struct store_example_flow {
	uint64_t findings_per_target; /* one after the other, a minute apart */
	uint32_t targets; /* of one member, in its /16 */
	unsigned sources; /* listed in each */
};

/**
 * Makes one document.
 *
 * @param flow what is made
 * @param number of the document: its finding is number / 3, its sequence number % 3
 * @param member number of the member: its networks are 10.MEMBER.0.0/16
 * @param begin_ms wall clock of the first
 * @param ret_finding filled
 */
void store_example_finding(const struct store_example_flow *flow, uint64_t number, unsigned member, int64_t begin_ms,
	struct finding *ret_finding);

/** Registers members member-0 ... with a network each, and commits. */
MUST_USE int store_example_members(struct store *store, unsigned count);
