/*
 * An order in plain words, for the person who is asked to sign it: what is
 * asked, why, how wide, until when, at what cost, and what happens if nobody
 * answers. Made of the document's exact bytes by the approver's own process,
 * so that no other can tell it differently.
 */
#pragma once

#include <stdio.h>

#include "record/order.h"
#include "record/policy.h"
#include "record/standing_order.h"

/**
 * Explains an order.
 *
 * @param out where to
 * @param order that was read from its bytes
 * @param policy of the reader
 * @param now_ms present time
 */
void explain_order(FILE *out, const struct order *order, const struct policy *policy, int64_t now_ms);

/** Explains a standing order. */
void explain_standing_order(FILE *out, const struct standing_order *standing, const struct policy *policy, int64_t now_ms);
