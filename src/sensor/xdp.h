/*
 * Packets of one interface through the XDP program (filter/): all are
 * counted, one in `sampling` is looked at, those that a rule drops among them.
 * Arriving packets only: XDP does not see what leaves. The program is attached
 * in the driver where that works, else in the stack (generic mode, slower).
 *
 * Needs CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN to open and nothing to read. Unless pinned,
 * the program vanishes with the process, however it ends. A VLAN tag that the
 * network card has stripped is not seen.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "sensor/input.h"
#include "filter/interface.h"

struct xdp_config {
	const char *interface; /* borrowed for the call */
	uint32_t exporter; /* observation.exporter */
	uint32_t sampling; /* 1:n, 1..LIMIT_FLOW_SAMPLING */
	uint32_t ring_bytes; /* ring buffer for samples, rounded up to a power of two; 0: 8 MiB */
	const char *pin_directory; /* in a BPF file system, maybe an effector's; NULL: not pinned. Borrowed for the call */
};

struct xdp; /* opaque */

/** Whether this kernel takes the program from this process; it really loads it. */
bool xdp_supported(void);

/**
 * Loads and attaches the program, or takes over the pinned one.
 *
 * @param config copied
 * @param ret_xdp owned by the caller
 * @param ret_why filled on failure: one line, without a newline
 * @return OK; E_DENIED (capabilities or kernel lockdown); E_CONFIG (no such interface, sampling out of range,
 *         pin_directory is not in a BPF file system); E_STATE (interface is down, another XDP program is there, or
 *         what is pinned has another version or sampling); E_UNSUPPORTED (not Ethernet, or the kernel refuses the
 *         program); E_SYS
 */
MUST_USE int xdp_open(const struct xdp_config *config, struct xdp **ret_xdp, char ret_why[static INPUT_WHY_BYTES]);

/** Where the program runs: "driver" or "generic"; static text. */
const char *xdp_mode(const struct xdp *xdp);

/**
 * For poll(POLLIN): readable while samples wait, but a sleeper, in epoll_wait() above all, is woken only when an eighth
 * of the ring buffer is full: sleep INPUT_POLL_MS at most, and read whatever poll said.
 */
int xdp_fd(const struct xdp *xdp);

/** Lets somebody see each sample that becomes an observation, dropped packets among them; tap NULL: nobody. */
void xdp_tap(struct xdp *xdp, input_tap *tap, void *arg);

/**
 * Hands over the samples that are there.
 *
 * @param sink called with each batch, within this call
 * @param arg handed to sink
 * @return OK: something was read; E_AGAIN: nothing was there
 */
MUST_USE int xdp_read(struct xdp *xdp, observation_sink *sink, void *arg);

/**
 * Looks after the interface: where it was removed and is there again the program is attached anew, its counts going
 * on. Needs no privilege. To be called about once a second.
 *
 * @param ret_why "", or why an interface that is back cannot be read
 * @return its state
 */
enum interface_state xdp_follow(struct xdp *xdp, char ret_why[static INPUT_WHY_BYTES]);

/** Whether another program has taken this one's place in its pin directory: nothing is seen until it is opened anew. */
bool xdp_is_replaced(const struct xdp *xdp);

/** Counts until now: received are the samples, seen_* everything. */
void xdp_counters(struct xdp *xdp, struct input_counters *ret_counters);

/**
 * The exact count of everything that arrived since the program was attached.
 *
 * @param ret_packets filled
 * @param ret_bytes filled; frame bytes, with the link header
 */
void xdp_exact(struct xdp *xdp, uint64_t *ret_packets, uint64_t *ret_bytes);

/** Detaches the program unless it is pinned; NULL is fine. */
void xdp_free(struct xdp *xdp);
