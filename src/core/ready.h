/*
 * Tells a service manager that this process is ready (sd_notify(3)): who is
 * ordered after it, or waits for `systemctl start`, goes on from here. Without
 * such a manager nothing happens.
 */
#pragma once

#include "core/err.h"

/**
 * Sends READY=1 to the socket that NOTIFY_SOCKET names, once everything is open that others reach; before the sandbox,
 * which takes away the right to make sockets.
 *
 * @return OK, also where nobody asked to be told; E_CONFIG: what is named is no socket's address; E_SYS
 */
MUST_USE int ready_tell(void);

/** ready_tell(), and a line in the log where it fails: a manager that waits in vain ends this process. */
void ready_tell_or_log(void);
