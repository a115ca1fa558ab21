/*
 * Puts flow records of a file into the order of their ends, as far as a
 * bounded number of them reaches: a file has them as its writer's tables let
 * them go, or sorted by anything, and rates want time to run forward.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "decode/observation.h"

struct record_order; /* opaque */

/**
 * @param records_max records held back, at least 1; all memory is asked for here
 * @return owned by the caller, free with record_order_free(); NULL: no memory
 */
struct record_order *record_order_new(uint32_t records_max);
void record_order_free(struct record_order *order);

/**
 * Takes a record in, and where it is full gives the one that ends first.
 *
 * @param record copied
 * @param ret_first filled where true is returned
 * @return whether a record came out
 */
bool record_order_add(struct record_order *order, const struct observation *record, struct observation *ret_first);

/** The record that ends first. @return false: there is none */
bool record_order_take(struct record_order *order, struct observation *ret_first);
