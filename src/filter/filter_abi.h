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
#define FILTER_HOST_LINES XDP_LISTS_MAX /* of one half */
#define FILTER_HOST_SLOTS 8
#define FILTER_SECOND_HALF 0x80000000U /* first place of a bucket in the second half */
#define FILTER_BUCKETS_COUNT 3 /* tables of source sets: one of each half, and one that is never looked into */
#define FILTER_BUCKETS_UNUSED 2
#define FILTER_PROTECTED_MAX 4096 /* protected prefixes of one half */
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

/** At key 0 of the map "state", for each CPU. */
struct filter_cpu {
	struct filter_totals totals;
	__u32 until_sample; /* packets up to and with the next sample; 0: not drawn yet */
	__u32 unused;
	__u64 tick; /* jiffies when the clock was last read */
	__u64 tick_boot_ns; /* what it said, CLOCK_BOOTTIME */
};

/** The largest source set of one half, whose buckets are loaded before they are asked for. */
struct filter_touch {
	__u64 seed; /* 0: there is none */
	__u32 first;
	__u32 mask;
};

/** What the program reads first. */
struct filter_root {
	__u64 in_force; /* the one word that decides; of the values below */
	struct filter_touch touch[2]; /* of each half; changed while that half is not in force */
};

/*
 * Which half of each table is in force, what it holds, how many rules (16 bits
 * from FILTER_ROOT_RULES_SHIFT), and in the upper 32 bits the seed of the
 * table "hosts".
 */
#define FILTER_ROOT_HALF 1ULL /* 0: the first half, 1: the second */
#define FILTER_ROOT_HOSTS 2ULL /* there are single addresses */
#define FILTER_ROOT_PREFIXES 4ULL /* there are wider destinations */
#define FILTER_ROOT_RULES_SHIFT 8

/** A destination that is one address: xdp_set_hash() of it, and its place in "lists". From the front; hash 0: no more. */
struct filter_host {
	__u32 hash;
	__u32 list;
};

/** One cache line of "hosts"; the hash modulo FILTER_HOST_LINES says which one. */
struct filter_host_line {
	struct filter_host slots[FILTER_HOST_SLOTS];
};

/** Rules for one destination, in "lists". */
struct filter_list {
	__u32 addr_be[4];
	__u32 bits; /* of the destination, 0..128 */
	struct xdp_list list; /* places in "rules", both halves counted through */
	__u32 unused[10]; /* so that each begins with a cache line */
};

/** Key of "prefixes" and "protected". */
struct filter_prefix {
	__u32 bits; /* 32 + 0..128: the half counts in */
	__u32 half;
	__u32 addr_be[4];
};

/** Key of "source_meters". */
struct filter_source {
	__u32 rule; /* place in "rules" */
	__u32 addr_be[4];
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
