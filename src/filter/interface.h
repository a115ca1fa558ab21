/*
 * One network interface as packets see it: there, up, and of what kind.
 * Only asks (netdevice(7)); does not tell when something changes.
 */
#pragma once

#include <stdbool.h>

#include "core/err.h"
#include "core/why.h"

enum interface_state {
	INTERFACE_UNKNOWN = 0,
	INTERFACE_UP,
	INTERFACE_DOWN, /* there, and nothing can arrive */
	INTERFACE_GONE, /* removed, or back in a form that cannot be read */
	INTERFACE_STATE_COUNT
};

struct interface {
	enum interface_state state; /* up or down */
	int ifindex;
	unsigned short link; /* ARPHRD_... */
	bool is_loopback;
};

/** "up" and so on; static text. */
const char *interface_state_name(enum interface_state state);

/**
 * Looks an interface up.
 *
 * @param fd any socket of the network namespace
 * @param name of the interface
 * @param ret_interface filled on OK
 * @return OK; E_CONFIG: there is none of this name; E_SYS
 */
MUST_USE int interface_find(int fd, const char *name, struct interface *ret_interface);

/**
 * The same for what is being opened: a down interface is refused.
 *
 * @param ret_why filled on failure
 * @return as interface_find(), and E_STATE: it is down
 */
MUST_USE int interface_require(int fd, const char *name, struct interface *ret_interface, char ret_why[static WHY_BYTES]);
