/*
 * What the authority tells of its orders: to people at a terminal, and to a
 * tower that follows it. Reads the book and changes nothing.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "authority/book.h"

/** An order or standing order with its note, as a new reference; NULL: memory is out. */
json_t *tell_order(const struct book *book, const struct book_order *entry);

/** What changes when anything is said or done about an order: small, to be asked for often. */
json_t *tell_state(const struct book_order *entry);

/**
 * All about an order: what tell_order() has, the order in plain words, and the documents that speak of it.
 *
 * @param book with the order
 * @param entry of it
 * @param now_ms present time
 * @return a new reference; NULL: memory is out
 */
json_t *tell_all(const struct book *book, const struct book_order *entry, int64_t now_ms);
