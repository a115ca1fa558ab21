/*
 * The life of an order, as one state machine: what has been said and done
 * about it decides its state, and each change of state is told once.
 *
 *     drafted ─submit─▶ submitted ─approve─▶ approved ─act─▶ active ─expire─▶ expired
 *                          │  │                  │             │ │
 *                       refuse expire            └──withdraw───┤ ├─ratify─▶ ratified ─expire─▶ expired
 *                          ▼  ▼                                ▼ └─lapse──▶ lapsed
 *                     refused expired                      withdrawn
 *
 * An urgent order is approved by those who must sign before it acts, ratified
 * by its quorum, refused by one of them after it began to act, and lapses at
 * its deadline. Standing orders use the same machine and are active from
 * their approval on.
 *
 * No clock: events are handed the time. Does not know who may say what.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

enum lifecycle_state {
	LIFECYCLE_NONE = 0,
	LIFECYCLE_DRAFTED, /* made, and not logged yet */
	LIFECYCLE_SUBMITTED, /* logged; waits for approvals */
	LIFECYCLE_APPROVED, /* who must sign before it acts has signed */
	LIFECYCLE_REFUSED,
	LIFECYCLE_ACTIVE, /* in force, or as far as we know on its way to be */
	LIFECYCLE_EXPIRED,
	LIFECYCLE_WITHDRAWN,
	LIFECYCLE_RATIFIED, /* urgent: in force, and its quorum is there */
	LIFECYCLE_LAPSED, /* urgent: not ratified in time */
	LIFECYCLE_STATE_COUNT
};

/**
 * Is told each transition.
 *
 * @param context as given
 * @param from state before
 * @param to state now
 * @param why in a few words
 * @param now_ms when
 */
typedef void lifecycle_listener(void *context, enum lifecycle_state from, enum lifecycle_state to, const char *why, int64_t now_ms);

struct lifecycle {
	enum lifecycle_state state; /* changed by events alone */
	int64_t since_ms; /* of the last transition */
	int64_t expires_ms;
	bool is_urgent;
	int64_t ratify_by_ms; /* with is_urgent */
	lifecycle_listener *listener; /* NULL: nobody */
	void *context; /* of the listener */
};

/** The name as people see it; static text. */
const char *lifecycle_state_name(enum lifecycle_state state);

/** Whether the order may still come into force, or is. */
bool lifecycle_is_open(const struct lifecycle *life);

/** Whether effectors should have it in force. */
bool lifecycle_is_in_force(const struct lifecycle *life);

/*
 * The events. Each returns OK, or E_STATE where it does not belong: then nothing has changed, which is as it should be where
 * documents cross on their way.
 */

/** A new order: expiry, urgency and deadline are set already. */
int lifecycle_draft(struct lifecycle *life, int64_t now_ms);
/** It is in the ledger. */
int lifecycle_submit(struct lifecycle *life, int64_t now_ms);
/** Who must sign before it acts has signed, or a standing order covers it. */
int lifecycle_approve(struct lifecycle *life, const char *why, int64_t now_ms);
/** One whose approval is needed refuses, before it acts or instead of ratifying. */
int lifecycle_refuse(struct lifecycle *life, const char *why, int64_t now_ms);
/** It is handed to its effector. */
int lifecycle_act(struct lifecycle *life, int64_t now_ms);
/** An urgent order's quorum is there. */
int lifecycle_ratify(struct lifecycle *life, int64_t now_ms);
/** It is taken back, or its effector has ended it. */
int lifecycle_withdraw(struct lifecycle *life, const char *why, int64_t now_ms);
/** Its time is over. */
int lifecycle_expire(struct lifecycle *life, int64_t now_ms);
/** An urgent order's deadline is over and its quorum is not there. */
int lifecycle_lapse(struct lifecycle *life, int64_t now_ms);

/**
 * Lets time pass: expires or lapses what is due.
 *
 * @param life of an order
 * @param now_ms present time
 * @return whether its state has changed
 */
bool lifecycle_pass(struct lifecycle *life, int64_t now_ms);
