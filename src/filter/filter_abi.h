/*
 * What filter.bpf.c and user space share: the layout of maps and records;
 * rules/xdp_rule.h has that of rules. Pinned objects outlive a process, so the
 * policy that gave them meaning is pinned with them; whoever opens them
 * refuses any other than its own. Any change of a layout or of a meaning
 * counts FILTER_VERSION up.
 */
#pragma once

#include <linux/types.h>

#include "rules/xdp_rule.h"

#define FILTER_MAGIC 0x48694e6f /* "HiNo" */
#define FILTER_VERSION 2
#define FILTER_SAMPLE_BYTES 192 /* most bytes of one packet in a sample */
#define FILTER_LOOK_BYTES 64 /* of these, most bytes of a UDP payload */
#define FILTER_DIGEST_BYTES 32
#define FILTER_METERS_MAX 65536 /* sources with a meter of their own; the one that was not used longest makes room */

enum filter_mode {
	FILTER_SAMPLE = 0, /* counts and samples; has no tables for rules */
	FILTER_COUNT, /* asks the rules, counts what they would drop, drops nothing */
	FILTER_ENFORCE,
};

/** Read-only data of the program, frozen when it is loaded. */
struct filter_policy {
	__u32 magic;
	__u32 version;
	__u32 rules_version; /* XDP_RULES_VERSION */
	__u32 sample_bytes; /* sizeof(struct filter_sample) */
	__u32 sampling; /* one packet in this many is copied, chosen at random */
	__u32 wakeup_bytes; /* a sleeping reader is woken when so much waits */
	__u32 mode; /* enum filter_mode */
	__u8 digest[FILTER_DIGEST_BYTES]; /* of the policy file by which rules are put in force */
};

/** What a packet is; with it as index the counts. */
enum filter_kind {
	FILTER_IPV4 = 0,
	FILTER_IPV6,
	FILTER_OTHER, /* not IP, or behind more tags than two: no rule sees it */
	FILTER_SHORT, /* ends before its IP header does: no rule sees it */
	FILTER_KIND_COUNT
};

struct filter_count {
	__u64 packets;
	__u64 bytes; /* of the frames, with the link header */
};

/** What was counted; of one CPU, or of all. */
struct filter_totals {
	struct filter_count kinds[FILTER_KIND_COUNT];
	struct filter_count dropped; /* of these */
	__u64 sampled; /* records written */
	__u64 lost; /* records for which the ring buffer had no room */
};

/** The values of filter_sample.flags. */
enum filter_flag {
	FILTER_DROPPED = 1, /* the packet was dropped; else it passed */
};

/** In the ring buffer "samples". */
struct filter_sample {
	__u64 mono_ns; /* CLOCK_MONOTONIC */
	__u32 wire_bytes; /* length of the frame */
	__u16 captured_bytes; /* used of bytes[]; behind them stand remains of older headers */
	__u16 flags; /* enum filter_flag */
	__u8 bytes[FILTER_SAMPLE_BYTES];
};
