/*
 * The table of sealed addresses: for each pseudonym that a finding told, the box of its address (sealed_box.h), for as long
 * as the configuration says and no longer. And the journal of the orders by which boxes were opened, each once.
 *
 * No mail waits for it: what is to be kept goes into a bounded queue in memory, already sealed, and sealed_turn() writes it.
 * Where the disk is full the queue fills, and what finds no room is counted and not kept. The boxes of the seconds before a
 * sudden end are lost. Does not open boxes: only reveal.c does, with a key that is not here otherwise.
 */
#pragma once

#include <stdint.h>

#include "core/err.h"
#include "core/why.h"
#include "mail/sealed_box.h"
#include "record/order_verify.h"

struct sealed; /* opaque; for any thread */

struct sealed_settings {
	const char *path; /* of the SQLite file, made where it is missing; borrowed for the call */
	struct seal_public public; /* half; boxes are closed for it */
	uint64_t keep_ms; /* from the mail to the end of its boxes */
};

/** What became of boxes, since the start. */
struct sealed_counts {
	uint64_t kept; /* on disk */
	uint64_t lost; /* the queue was full, for want of a disk that takes them */
	uint64_t expired;
	uint64_t pushed_out; /* before their time, since there were LIMIT_MAIL_SEALED_ROWS */
};

/**
 * Opens the table.
 *
 * @param settings see there
 * @param ret_sealed owned by the caller; sealed_close()
 * @param ret_why on an error one line
 * @return OK; E_CONFIG: no table of this version; E_NOMEM; E_SYS
 */
MUST_USE int sealed_open(const struct sealed_settings *settings, struct sealed **ret_sealed, char ret_why[static WHY_BYTES]);

/** Closes; what still waits is lost. Nobody may be in the middle of anything. NULL is fine. */
void sealed_close(struct sealed *sealed);

/** Seals an address and has it wait to be written. */
void sealed_keep(struct sealed *sealed, const struct sealed_name *name, const char *address, int64_t now_wall_ms);

/** Writes what waits and deletes what is over. @return OK, or E_SYS: it goes on waiting */
MUST_USE int sealed_turn(struct sealed *sealed, int64_t now_wall_ms);

/** The counts so far. */
struct sealed_counts sealed_counts_of(struct sealed *sealed);

/**
 * Looks a box up.
 *
 * @param name whose
 * @param now_wall_ms a box whose time is over is not found
 * @param ret_box filled on OK
 * @return OK; E_END: there is none; E_SYS
 */
MUST_USE int sealed_find(struct sealed *sealed, const struct sealed_name *name, int64_t now_wall_ms,
	uint8_t ret_box[static SEALED_BOX_BYTES]);

/** Adds the counters of all orders that boxes were opened by. @return OK or E_SYS */
MUST_USE int sealed_orders_find(struct sealed *sealed, struct order_counters *counters);

/**
 * Notes that an order is used, on disk when this returns, and for good.
 *
 * @param counter of the order
 * @param digest of it
 * @return OK; E_STATE: that counter was used before; E_SYS
 */
MUST_USE int sealed_order_use(struct sealed *sealed, uint64_t counter, const struct document_digest *digest, int64_t now_wall_ms);
