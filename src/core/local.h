/*
 * Local sockets (unix(7)) to listen on. Does not accept, and does not look at
 * who connects.
 */
#pragma once

#include "core/err.h"

/**
 * Listens on a path, with mode 0660 from the first moment. A socket on which nobody answers is replaced; the directory
 * is made where it is missing.
 *
 * @param path shorter than sun_path of unix(7)
 * @param backlog of listen(2)
 * @param ret_fd non-blocking
 * @return OK, E_STATE: another process answers there; E_SYS
 */
MUST_USE int local_listen(const char *path, int backlog, int *ret_fd);
