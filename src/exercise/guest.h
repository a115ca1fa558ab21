/*
 * Somebody who looks on at the page, and wants to answer an order there: joins
 * before the exercise begins with a passkey, so that the policy of the
 * exercise knows it. The policy is then written once, and never changed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "exercise/tower.h"
#include "record/exercise.h"

#define GUEST_POLICY_BYTES 512

struct office;

struct guest {
	unsigned port; /* of the page that the passkey was made for */
	uint8_t point[EXERCISE_POINT_BYTES];
};

/** The guest's section of the policy; "" for NULL. Returns ret_text. */
const char *guest_policy(const struct guest *guest, char ret_text[static GUEST_POLICY_BYTES]);

/** How waiting for somebody ended. */
enum guest_end { GUEST_NOBODY = 0, GUEST_JOINED, GUEST_STOPPED };

/**
 * Waits until somebody has joined, until Enter where a person sits before a terminal, or until time is over.
 *
 * @param office that takes the passkey by a hook, which sets has_joined
 * @param has_joined looked at after each turn
 * @param wait_ms at most
 * @param stop_signal set when the whole is to end
 * @return how it ended
 */
enum guest_end guest_wait(struct office *office, const bool *has_joined, uint64_t wait_ms, const volatile int *stop_signal);
