/*
 * The sensor's inputs behind one face: an AF_PACKET ring, the XDP sampler or
 * a collector of flow exports is opened, read and accounted for alike.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "sensor/collector.h"
#include "sensor/config.h"
#include "sensor/input.h"
#include "filter/interface.h"
#include "sensor/ring.h"
#include "sensor/xdp.h"

#define INPUT_REASONS_MAX 8

enum input_kind {
	INPUT_CLOSED = 0,
	INPUT_PACKET,
	INPUT_XDP,
	INPUT_COLLECTOR,
	INPUT_KIND_COUNT
};

struct input {
	enum input_kind kind;
	const char *name; /* interface or address, borrowed from the configuration */
	struct ring *ring; /* the one of the kind is set; owned */
	struct xdp *xdp;
	struct collector *collector;
	enum interface_state state; /* of its interface; a collector's is up */
	bool is_refused; /* its interface is back and cannot be read, which was said */
	uint64_t outages; /* times that it was up and then was not */
};

/** An input's account: received = used + the sum of dropped. */
struct input_report {
	const char *name; /* borrowed */
	const char *kind; /* static text */
	uint64_t received;
	uint64_t used;
	size_t dropped_count;
	struct {
		const char *reason; /* static text */
		uint64_t count;
	} dropped[INPUT_REASONS_MAX];
	uint64_t seen_packets; /* on the interface, sampled or not; 0: cannot tell */
	uint64_t seen_bytes;
	uint64_t seen_stopped; /* by rules in force */
	const char *state; /* "up", "down" or "gone" */
	uint64_t outages;
};

/**
 * Opens an interface by the configured method; "auto" is the sampler where it works, else the ring.
 *
 * @param exporter copied into observations
 * @param ret_why filled on failure, and with a remark or "" on OK
 */
MUST_USE int input_open_capture(const struct config_capture *config, uint32_t exporter, struct input *ret_input,
	char ret_why[static INPUT_WHY_BYTES]);

/** Opens a collector; see collector_open(). */
MUST_USE int input_open_collector(const struct config_collector *config, struct flow_state *flow,
	struct exporters *exporters, struct input *ret_input, char ret_why[static INPUT_WHY_BYTES]);
void input_close(struct input *input);

/** Lets somebody see each frame of an interface that becomes an observation. @return whether the input has frames to show */
bool input_tap_set(struct input *input, input_tap *tap, void *arg);

/** Descriptors to wait for. @return how many were filled */
size_t input_fds(const struct input *input, int ret_fds[static CONFIG_SOCKETS_MAX]);

/**
 * Reads what is there, but no more than a fair share of the loop's turn.
 *
 * @return OK: there may be more; E_AGAIN: all was read; E_SYS: errno tells, as ring_read(); then call input_follow()
 */
MUST_USE int input_read(struct input *input, int fd, int64_t now_wall_ns, observation_sink *sink, void *arg);

/**
 * Looks after the input's interface, as ring_follow() and xdp_follow().
 *
 * @param ret_why "", or what to say for the first time: why an interface that is back cannot be read
 * @return whether its state changed
 */
bool input_follow(struct input *input, char ret_why[static INPUT_WHY_BYTES]);

void input_report(struct input *input, struct input_report *ret_report);
