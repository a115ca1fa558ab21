/* An order for people, out of the store's documents and the authority's word. */
#pragma once

#include <jansson.h>

#include "tower/store.h"
#include "tower/tower.h"

/**
 * Shows an order (OrderSummary).
 *
 * @param store any handle
 * @param digest of the order or standing order
 * @param row what the store knows, if that is known already (with its line it is not asked again); NULL: look
 * @return NULL: neither the store nor the authority knows it, or memory is out
 */
json_t *order_look(struct tower *tower, struct store *store, const struct document_digest *digest, const struct store_order *row);

/** Reads a digest of 64 lower-case hex digits. @return OK or E_MALFORMED */
MUST_USE int order_digest_parse(const char *text, struct document_digest *ret_digest);
