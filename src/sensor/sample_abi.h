/*
 * What sample.bpf.c and xdp.c share: the layout of maps and records. Pinned
 * objects outlive a process, so the policy that gave them meaning is pinned
 * with them; a reader refuses any other than its own. Any change of a layout
 * or of a meaning counts SAMPLE_VERSION up.
 */
#pragma once

#include <linux/types.h>

#define SAMPLE_MAGIC 0x48694e6f /* "HiNo" */
#define SAMPLE_VERSION 1
#define SAMPLE_BYTES 192 /* most bytes of one packet in a record */
#define SAMPLE_LOOK_BYTES 64 /* of these, most bytes of a UDP payload */

/** Read-only data of the program, frozen when it is loaded. */
struct sample_policy {
	__u32 magic;
	__u32 version;
	__u32 record_bytes; /* sizeof(struct sample_record) */
	__u32 sampling; /* one packet in this many is copied, chosen at random */
	__u32 wakeup_bytes; /* a sleeping reader is woken when so much waits */
};

/** What the program makes of a packet; with the reason it is the key of the counts. */
enum sample_reason {
	SAMPLE_PASS_IPV4 = 0,
	SAMPLE_PASS_IPV6,
	SAMPLE_PASS_OTHER, /* not IP, or behind more tags than two */
	SAMPLE_PASS_SHORT, /* ends before its IP header does */
	SAMPLE_REASON_COUNT
};

struct sample_count {
	__u64 packets;
	__u64 bytes; /* of the frames, with the link header */
};

/** Per CPU, at key 0 of the map "state". */
struct sample_state {
	struct sample_count counts[SAMPLE_REASON_COUNT];
	__u64 sampled; /* records written */
	__u64 lost; /* records for which the ring buffer had no room */
	__u32 until_sample; /* packets up to and with the next sample; 0: not drawn yet */
	__u32 unused;
};

/** In the ring buffer "samples". */
struct sample_record {
	__u64 mono_ns; /* CLOCK_MONOTONIC */
	__u32 wire_bytes; /* length of the frame */
	__u16 captured_bytes; /* used of bytes[]; behind them stand remains of older headers */
	__u16 unused;
	__u8 bytes[SAMPLE_BYTES];
};
