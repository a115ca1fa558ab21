/*
 * Packets of one interface through an AF_PACKET ring (TPACKET_V3, packet(7)
 * and Documentation/networking/packet_mmap.rst). The kernel samples, and cuts
 * the payload off, before a packet enters the ring; both directions are seen,
 * those leaving are marked TRAIT_EGRESS. On the loopback interface each packet
 * would be seen twice, so there only the arriving copy is.
 *
 * Needs CAP_NET_RAW to open and nothing to read. One ring belongs to one
 * thread. Does NOT undo receive or segmentation offload: what the stack
 * handles as one packet is one observation, with the sum of its bytes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "sensor/input.h"
#include "filter/interface.h"

struct ring_config {
	const char *interface; /* borrowed for the call */
	uint32_t exporter; /* observation.exporter */
	uint32_t ring_bytes; /* rounded down to whole blocks of 256 KiB, at least 4; 0: 64 MiB */
	uint32_t sampling; /* 1:n, chosen at random in the kernel; 0 and 1: every packet */
	bool promiscuous; /* also packets that are for other stations */
};

struct ring; /* opaque */

/**
 * Opens a ring; packets are collected from here on.
 *
 * @param config copied
 * @param ret_ring owned by the caller
 * @param ret_why filled on failure: one line, without a newline
 * @return OK; E_DENIED (no CAP_NET_RAW); E_CONFIG (no such interface); E_STATE (interface is down);
 *         E_UNSUPPORTED (link type); E_NOMEM; E_SYS
 */
MUST_USE int ring_open(const struct ring_config *config, struct ring **ret_ring, char ret_why[static INPUT_WHY_BYTES]);

/** The descriptor for poll(POLLIN); a block is ready when full or after 16 ms. */
int ring_fd(const struct ring *ring);

/** Lets somebody see each frame that becomes an observation; tap NULL: nobody. */
void ring_tap(struct ring *ring, input_tap *tap, void *arg);

/**
 * Hands over what is there, at most one turn of the ring.
 *
 * @param sink called with each batch, within this call
 * @param arg handed to sink
 * @return OK: something was read; E_AGAIN: nothing was there; E_SYS with errno ENETDOWN: the interface went
 *         down or away, ring_follow() tells which
 */
MUST_USE int ring_read(struct ring *ring, observation_sink *sink, void *arg);

/**
 * Looks after the interface: one that was removed and is there again is bound to anew, in the same ring and with
 * its counts going on. Needs no privilege. To be called about once a second.
 *
 * @param ret_why "", or why an interface that is back cannot be read
 * @return its state
 */
enum interface_state ring_follow(struct ring *ring, char ret_why[static INPUT_WHY_BYTES]);

/** Counts until now, drops in the kernel included. */
void ring_counters(struct ring *ring, struct input_counters *ret_counters);

/** Closes the ring; NULL is fine. */
void ring_free(struct ring *ring);
