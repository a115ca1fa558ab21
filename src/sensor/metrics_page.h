/*
 * GET /metrics over HTTP/1.0 (RFC 1945), for Prometheus. Everything else is
 * refused. The configuration lets it listen on loopback only, unless told
 * otherwise.
 */
#pragma once

#include "core/err.h"
#include "sensor/config.h"
#include "sensor/service.h"

/** Makes the reply to one request; a service_handler whose arg is the struct sensor. */
service_handler metrics_page_reply;

/**
 * Opens the socket.
 *
 * @param ret_fd listening, non-blocking
 * @return OK or E_SYS
 */
MUST_USE int metrics_page_listen(const struct config_listen *listen, int *ret_fd);
