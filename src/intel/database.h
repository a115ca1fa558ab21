/*
 * The address database of libloc (package libloc-database), read from its
 * file: for each network the country and the AS.
 *
 * Format version 1 as in libloc's format.h. Reads only within the file
 * whatever its bytes are; does not verify its signature (the package manager
 * has done that).
 */
#pragma once

#include <stdint.h>

#include "core/err.h"
#include "core/ip.h"
#include "intel/intel.h"

struct database; /* opaque; read-only after opening, so any number of threads may ask */

/**
 * Maps the file.
 *
 * @param path of the database
 * @param ret_database owned by the caller
 * @return OK, E_NOMEM, E_SYS: cannot be opened, or E_UNSUPPORTED: is no database that we read
 */
MUST_USE int database_open(const char *path, struct database **ret_database);
void database_close(struct database *database);

/** The most specific network of an address; all zero where there is none. */
struct origin database_find(const struct database *database, const struct ip_addr *addr);

/** Called for each network; a larger network before those inside it. Not OK ends the walk. */
typedef int database_visit(void *arg, const struct ip_prefix *prefix, const struct origin *network);

/**
 * Walks all networks in the order of their addresses.
 *
 * @param visit called for each
 * @param arg handed to visit
 * @return OK, what visit returned, or E_MALFORMED: the tree of the file is damaged
 */
MUST_USE int database_walk(const struct database *database, database_visit *visit, void *arg);
