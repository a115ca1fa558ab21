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
#define FILTER_VERSION 4
#define FILTER_SAMPLE_BYTES 192 /* most bytes of one packet in a sample */
#define FILTER_LOOK_BYTES 64 /* of these, most bytes of a UDP payload */
#define FILTER_DIGEST_BYTES 32
#define FILTER_HOST_LINES 4096
#define FILTER_HOST_SLOTS 8
#define FILTER_BUCKETS_COUNT 3 /* tables of source sets: one of each half, and one that is never looked into */
#define FILTER_BUCKETS_UNUSED 2
#define FILTER_WINDOW_BUCKETS 1024
#define FILTER_PROTECTED_MAX 4096 /* protected prefixes of one half */
#define FILTER_METERS_MAX 65536 /* sources with a meter of their own; the one that was not used longest makes room */

enum filter_mode {
	FILTER_SAMPLE = 0, /* counts and samples; has no tables for rules */
	FILTER_COUNT, /* asks the rules, counts what they would drop, drops nothing */
	FILTER_ENFORCE,
};

/*
 * What every packet reads stands apart from the beginning of its page: there lie the heads of all frames, and lines that
 * are as far into their page compete for the same few places of the processor's first cache.
 */
#define FILTER_APART_BYTES 2048

/** Read-only data of the program, frozen when it is loaded. */
struct filter_policy {
	__u8 unused[FILTER_APART_BYTES];
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
	struct filter_count kinds[2][FILTER_KIND_COUNT]; /* what passed, what was dropped */
	__u64 sampled, lost; /* as in filter_totals */
	__u32 until_sample; /* packets up to and with the next sample; 0: not drawn yet */
	__u32 unused;
	__u64 tick; /* jiffies when the clock was last read */
	__u64 tick_boot_ns; /* what it said, CLOCK_BOOTTIME */
	struct packet_facts facts; /* of the packet that is being judged: on the stack there is no room */
};

/** What the program reads first. */
struct filter_root {
	__u8 unused[FILTER_APART_BYTES];
	__u64 in_force; /* the one word that decides; of the values below */
	__u64 rows_seeds[2]; /* of the packed set in "rows" of each half, 0: none; changed while that half is not in force */
};

/*
 * Which half of each table is in force, what it holds, how many rules (16 bits
 * from FILTER_ROOT_RULES_SHIFT), and in the upper 32 bits the seed of its
 * hosts.
 */
#define FILTER_ROOT_HALF 1ULL /* 0: the first half, 1: the second */
#define FILTER_ROOT_HOSTS 2ULL /* there are single addresses */
#define FILTER_ROOT_PREFIXES 4ULL /* there are wider destinations */
#define FILTER_ROOT_RULES_SHIFT 8

/** A destination that is one address. From the front; hash 0: no more. */
struct filter_host {
	__u32 hash; /* filter_host_hash() */
	__u16 list; /* its place in lists, and of the values below */
	__u16 rule; /* the first of that list */
};

#define FILTER_HOST_LIST 0x0fff
#define FILTER_HOST_SIMPLE 0x2000 /* xdp_rule_is_simple() of the first rule */
#define FILTER_HOST_V4 0x4000 /* an address of IPv4, which its hash tells from all others */
#define FILTER_HOST_TRANSPORT 0x8000 /* a rule of the list asks for the transport header */

/** One cache line of hosts; the hash modulo FILTER_HOST_LINES says which one. */
struct filter_host_line {
	struct filter_host slots[FILTER_HOST_SLOTS];
};

/** Rules for one destination. */
struct filter_list {
	__u32 addr_be[4];
	__u16 bits; /* of the destination, 0..128 */
	__u16 asks_transport; /* 1: a rule asks for the transport header */
	struct xdp_list list;
	__u32 unused[10]; /* so that each begins with a cache line */
};

/** One half of what is found by place, at key 0 and 1 of the map "tables": one look-up for all of it. */
struct filter_tables {
	struct filter_host_line hosts[FILTER_HOST_LINES];
	struct filter_list lists[XDP_LISTS_MAX];
	struct xdp_rule rules[XDP_RULES_MAX];
	__u64 meters[XDP_RULES_MAX];
};

/** One half of the map "rows". */
struct filter_rows {
	union xdp_row rows[XDP_ROWS];
};

/** What rules have counted, of both halves, at the number of a CPU in the map "tallies". */
struct filter_tallies {
	struct xdp_tally rules[2][XDP_RULES_MAX];
};

/** What the program "buckets_read" is to do: buckets from a place on go into the map "window". */
struct filter_buckets_read {
	__u32 half;
	__u32 first;
	__u32 count; /* at most FILTER_WINDOW_BUCKETS */
};

/** What stands for a destination in the table of hosts. */
PACKET_INLINE __u32 filter_host_hash(__u32 seed, const __u32 *addr_be, int is_v4)
{
	return is_v4 ? xdp_set_mix((__u64)seed << 32 | seed, addr_be[3]) : xdp_set_hash(seed, addr_be);
}

/** Key of "prefixes" and "protected". */
struct filter_prefix {
	__u32 bits; /* 32 + 0..128: the half counts in */
	__u32 half;
	__u32 addr_be[4];
};

/** Key of "source_meters". */
struct filter_source {
	__u32 rule; /* both halves counted through */
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
