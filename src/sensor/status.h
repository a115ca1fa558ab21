/*
 * The status socket: one line {"command":"status"} is answered with one line
 * of JSON that tells what is happening now, top talkers, open findings and
 * losses. A Unix socket, readable for the sensor's user and group.
 */
#pragma once

#include <stddef.h>

#include "core/err.h"
#include "sensor/sensor.h"
#include "sensor/service.h"

/**
 * Makes the reply to one request; a service_handler whose arg is the struct sensor.
 */
service_handler status_reply;

/**
 * Opens the socket: a stale one is replaced, one that a running sensor answers on is not.
 *
 * @param path at most CONFIG_PATH_BYTES - 1 bytes; its directory is made if only that is missing
 * @param ret_fd listening, non-blocking
 * @return OK; E_STATE: another sensor answers there; E_SYS
 */
MUST_USE int status_listen(const char *path, int *ret_fd);
