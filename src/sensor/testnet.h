/*
 * A network for the tests of inputs: a namespace of this process's own with
 * the veth pair "near" and "far", and frames to send from near to far with
 * what a right input makes of them.
 *
 * Test code only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/clock.h"
#include "decode/observation.h"
#include "sensor/input.h"

#define TESTNET_SKIP 77 /* exit code of a test that this machine cannot run */
#define TESTNET_MARKER_BYTES 16
#define TESTNET_FRAME_BYTES 1514
#define TESTNET_PATIENCE_NS (5 * NS_PER_S) /* for what must happen */

/** One frame and what becomes of it. */
struct testnet_frame {
	const char *name;
	int error; /* what decoding answers */
	uint8_t protocol;
	uint16_t src_port;
	uint16_t dst_port;
	uint16_t vlan;
	size_t length_bytes;
	uint8_t bytes[TESTNET_FRAME_BYTES];
};

/** What a sink collected. */
struct testnet_sink {
	size_t count;
	struct observation seen[64]; /* the first of them */
};

/** Enters a new network and mount namespace with a BPF file system; ends the process with TESTNET_SKIP if it may not. */
void testnet_enter(void);

/** Makes near and far anew, both up. */
void testnet_link_make(void);
void testnet_link_remove(void);

/** The same as cmocka's setup and teardown of one test. */
int testnet_setup(void **state);
int testnet_teardown(void **state);

/** Starts a child that removes near and far, makes them anew, and sends the first frame from near over and over. */
pid_t testnet_replacer_start(void);
void testnet_replacer_end(pid_t pid);

/** Makes "tun0", whose packets have no link header; they arrive by write(2). Returns its descriptor, -1: not possible here. */
int testnet_tun_make(void);

/** Runs a program with its arguments and waits: true if it ended with 0. */
bool testnet_run(const char *const *argv);

/** All frames of the table; each has the marker where no input may look. */
const struct testnet_frame *testnet_frames(size_t *ret_count);

/** Sends a frame some times from an interface. */
void testnet_send(const char *interface, const struct testnet_frame *frame, size_t times);

/** Whether memory that this process shares with the kernel, rings, holds the forbidden or the allowed marker. */
bool testnet_ring_holds(bool forbidden);

/** Runs a function as an unprivileged user in a child; true if it answered true. */
bool testnet_unprivileged(bool (*function)(void));

/** Runs a function in a child without capabilities, in the sandbox that the live sensor runs in; true if it answered true. */
bool testnet_sandboxed(bool (*function)(void *), void *arg);

/** An observation_sink that collects into a struct testnet_sink. */
void testnet_collect(void *arg, const struct observation *batch, size_t count);

/** Checks that an input saw every frame of the table once, and counted right. */
void testnet_check(const struct testnet_sink *sink, const struct input_counters *counters);
