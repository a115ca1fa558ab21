/*
 * The life of an order. Each event names the states it belongs to; the one
 * setter is state_set(), and nothing else changes a state.
 */
#include "authority/lifecycle.h"

#include <stddef.h>

#define IN(state) (1u << LIFECYCLE_##state)

const char *lifecycle_state_name(enum lifecycle_state state)
{
	static const char *const names[LIFECYCLE_STATE_COUNT] = {
		[LIFECYCLE_NONE] = "none",
		[LIFECYCLE_DRAFTED] = "drafted",
		[LIFECYCLE_SUBMITTED] = "submitted",
		[LIFECYCLE_APPROVED] = "approved",
		[LIFECYCLE_REFUSED] = "refused",
		[LIFECYCLE_ACTIVE] = "active",
		[LIFECYCLE_EXPIRED] = "expired",
		[LIFECYCLE_WITHDRAWN] = "withdrawn",
		[LIFECYCLE_RATIFIED] = "ratified",
		[LIFECYCLE_LAPSED] = "lapsed",
	};
	return names[(unsigned)state < LIFECYCLE_STATE_COUNT ? state : LIFECYCLE_NONE];
}

bool lifecycle_is_open(const struct lifecycle *life)
{
	return (1u << life->state & (IN(DRAFTED) | IN(SUBMITTED) | IN(APPROVED) | IN(ACTIVE) | IN(RATIFIED))) != 0;
}

bool lifecycle_is_in_force(const struct lifecycle *life)
{
	return life->state == LIFECYCLE_ACTIVE || life->state == LIFECYCLE_RATIFIED;
}

static int state_set(struct lifecycle *life, unsigned allowed, enum lifecycle_state to, const char *why, int64_t now_ms)
{
	enum lifecycle_state from = life->state;
	if ((1u << from & allowed) == 0)
		return E_STATE;
	life->state = to;
	life->since_ms = now_ms;
	if (life->listener != NULL)
		life->listener(life->context, from, to, why, now_ms);
	return OK;
}

int lifecycle_draft(struct lifecycle *life, int64_t now_ms)
{
	return state_set(life, IN(NONE), LIFECYCLE_DRAFTED, "made", now_ms);
}

int lifecycle_submit(struct lifecycle *life, int64_t now_ms)
{
	return state_set(life, IN(DRAFTED), LIFECYCLE_SUBMITTED, "logged", now_ms);
}

int lifecycle_approve(struct lifecycle *life, const char *why, int64_t now_ms)
{
	return state_set(life, IN(SUBMITTED), LIFECYCLE_APPROVED, why, now_ms);
}

int lifecycle_refuse(struct lifecycle *life, const char *why, int64_t now_ms)
{
	unsigned urgent = life->is_urgent ? IN(APPROVED) | IN(ACTIVE) : 0;
	return state_set(life, IN(SUBMITTED) | urgent, LIFECYCLE_REFUSED, why, now_ms);
}

int lifecycle_act(struct lifecycle *life, int64_t now_ms)
{
	return state_set(life, IN(APPROVED), LIFECYCLE_ACTIVE, "handed to its effector", now_ms);
}

int lifecycle_ratify(struct lifecycle *life, int64_t now_ms)
{
	unsigned urgent = life->is_urgent ? IN(APPROVED) | IN(ACTIVE) : 0;
	return state_set(life, urgent, LIFECYCLE_RATIFIED, "its quorum is there", now_ms);
}

int lifecycle_withdraw(struct lifecycle *life, const char *why, int64_t now_ms)
{
	return state_set(life, IN(SUBMITTED) | IN(APPROVED) | IN(ACTIVE) | IN(RATIFIED), LIFECYCLE_WITHDRAWN, why, now_ms);
}

int lifecycle_expire(struct lifecycle *life, int64_t now_ms)
{
	if (now_ms < life->expires_ms)
		return E_STATE;
	return state_set(life, IN(DRAFTED) | IN(SUBMITTED) | IN(APPROVED) | IN(ACTIVE) | IN(RATIFIED), LIFECYCLE_EXPIRED,
		"its time is over", now_ms);
}

int lifecycle_lapse(struct lifecycle *life, int64_t now_ms)
{
	if (!life->is_urgent || now_ms < life->ratify_by_ms)
		return E_STATE;
	return state_set(life, IN(SUBMITTED) | IN(APPROVED) | IN(ACTIVE), LIFECYCLE_LAPSED, "not ratified in time", now_ms);
}

bool lifecycle_pass(struct lifecycle *life, int64_t now_ms)
{
	return lifecycle_lapse(life, now_ms) == OK || lifecycle_expire(life, now_ms) == OK;
}
