/*
 * Speaks with the authority, as one of the people of its socket: follows its
 * orders, hands their documents to the store, and relays what people have
 * signed. A thread of its own, so that an authority that is slow or gone
 * holds up nothing else.
 *
 * Holds no key and moves nothing by itself: what it relays is signed, and the
 * authority judges it.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "core/limits.h"
#include "core/why.h"
#include "record/order.h"
#include "tower/tower.h"

/** An order as the authority has it. */
struct relay_order {
	struct document_digest digest;
	char id[ORDER_ID_BYTES];
	char state[DOCUMENT_NAME_BYTES]; /* of authority/lifecycle.h */
	int64_t since_ms;
	bool is_standing, is_urgent;
	json_t *entry; /* owned: the answer to "explain", with note, approved_by, waits_for, words and documents */
};

/**
 * @param tower borrowed; policy and authority are configured
 * @param documents descriptor that lines for the store are written to and answered on; taken
 * @return NULL: memory is out
 */
struct relay *relay_new(struct tower *tower, int documents);
void relay_free(struct relay *relay);

/** What the thread does until relay_end(). @param context the relay @return NULL */
void *relay_run(void *context);
void relay_end(struct relay *relay);

/** Whether the authority answers. */
bool relay_answers(struct relay *relay);

/**
 * An order of the authority.
 *
 * @param digest of it
 * @param ret_order a copy; its entry is the caller's to release
 * @return whether there is one
 */
bool relay_find(struct relay *relay, const struct document_digest *digest, struct relay_order *ret_order);

/** Orders that people are asked about: copies, the last come first. @return how many */
size_t relay_waiting(struct relay *relay, struct relay_order ret_orders[static LIMIT_TOWER_ORDERS]);

/** Whether people are asked about an order. */
bool relay_is_waiting(const struct relay_order *order);

/** Releases copies. */
void relay_done(struct relay_order *orders, size_t count);

/**
 * Hands what a person has signed to the authority. For the relay's own thread.
 *
 * @param text note or line
 * @param ret_detail what it said, one line
 * @return OK, E_DENIED (it refuses) or E_AGAIN (it does not answer)
 */
MUST_USE int relay_say(struct relay *relay, const char *text, char ret_detail[static WHY_BYTES]);
