/*
 * The form of the store, as numbered steps. A step is never changed once it is
 * released: what is to be different is another step behind it. Each is done in
 * one transaction with its number; a store with a higher number than this
 * program knows is refused.
 */
#pragma once

#include "tower/db.h"

/**
 * Brings a store up to date.
 *
 * @param hooks of its database
 * @param db a writer
 * @param ret_why after an error one line
 * @return OK, E_STATE (newer than this program) or E_SYS
 */
MUST_USE int migration_run(const struct db_hooks *hooks, struct db *db, char ret_why[static WHY_BYTES]);

/** The number that a store has when it is up to date. */
unsigned migration_latest(void);
