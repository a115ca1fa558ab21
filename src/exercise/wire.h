/*
 * One end of a link, for frames that are made here: packets go out in
 * batches through an AF_PACKET socket that only sends.
 */
#pragma once

#include <stdint.h>

#include "core/err.h"
#include "exercise/frame.h"

struct wire; /* opaque */

/**
 * Opens the end of a link in the network namespace that this process is in.
 *
 * @param interface name
 * @param ret_wire owned by the caller, close with wire_close()
 * @return OK, E_NOMEM or E_SYS
 */
MUST_USE int wire_open(const char *interface, struct wire **ret_wire);
void wire_close(struct wire *wire);

/** Takes a packet to be sent with the next wire_flush(), or at once when the batch is full. Returns OK or E_SYS. */
MUST_USE int wire_send(struct wire *wire, const struct packet *packet);

/** Sends what waits. Returns OK or E_SYS. */
MUST_USE int wire_flush(struct wire *wire);

/** Packets that the kernel took. */
uint64_t wire_sent(const struct wire *wire);

/** Packets that the kernel refused. */
uint64_t wire_refused(const struct wire *wire);
