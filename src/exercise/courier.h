/*
 * Carries lines between the authority, to whose socket effectors attach, and
 * an effector, which listens on a socket of its own: bundles and withdrawals
 * one way, receipts the other. Believes nothing and changes nothing that is
 * signed: both ends verify for themselves.
 */
#pragma once

struct courier {
	const char *authority; /* path of its socket; borrowed */
	const char *effector; /* path of its socket; borrowed */
	const char *name; /* the effector's key name; borrowed */
};

/**
 * Attaches and carries until an end closes; to be run in a process of its own.
 *
 * @param context a struct courier
 * @return exit status: 1, an end is gone
 */
int courier_run(void *context);
