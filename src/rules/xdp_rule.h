// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Rules as the XDP program holds them: what the values of its maps look like.
 * Shared by the kernel and user space. Any change of a layout or of a meaning
 * counts XDP_RULES_VERSION up. rules/xdp_verdict.h is what the program does
 * with them, rules/xdp_tables.h makes them.
 *
 * Time is CLOCK_BOOTTIME, so that a rule ends while the machine sleeps. A
 * rule whose time has come matches nothing, whoever of us is alive.
 */
#pragma once

#include "rules/packet.h"

#define XDP_RULES_VERSION 3
#define XDP_RULES_MAX 4096 /* rules in force at once */
#define XDP_LISTS_MAX 4096 /* destination prefixes with rules */
#define XDP_LIST_RULES_MAX 64 /* rules that hold for one destination */
#define XDP_SOURCES_MAX 32 /* source prefixes of one rule */
#define XDP_BUCKET_WORDS 16 /* one cache line: 16 addresses of IPv4 or 4 of IPv6 */
#define XDP_PROBES_MAX 8 /* buckets that are looked at for one address; the next only where one is full */
#define XDP_ROWS 65536 /* of a packed set: 16 bits of an address are the row it stands in */
#define XDP_ROW_SLOTS 20 /* the other 16 bits stand there */
#define XDP_TICKS_PER_NS 16 /* meters count in these: fine enough for 10 ns between packets */
#define XDP_METER_TRIES_MAX 4 /* other CPUs may win so often; then the packet counts as over the limit */

/** The values of enum rule_action. */
enum xdp_rule_action {
	XDP_RULE_COUNT = 1,
	XDP_RULE_DROP = 2,
	XDP_RULE_LIMIT = 3,
};

/** Key of the maps that match prefixes. */
struct xdp_prefix_key {
	__u32 bits; /* 0..128 */
	__u32 addr_be[4];
};

struct xdp_list {
	__u32 count;
	__u16 rules[XDP_LIST_RULES_MAX];
};

/** How a source set is stored. */
enum xdp_set_kind {
	XDP_SET_NONE = 0, /* the rule has no set */
	XDP_SET_WHOLE, /* whole addresses in buckets */
	XDP_SET_PACKED, /* halves of xdp_set_mix() in rows; halves of 0 and what finds its row full as whole ones, with the same seed */
};

/** One cache line of a source set: addresses from the front, zeros behind; 0.0.0.0 and :: are in no set. */
struct xdp_bucket {
	__u32 words_be[XDP_BUCKET_WORDS];
};

/** Of the addresses of IPv4 whose mix has its lower half in common, the upper ones: from the front, zeros behind. */
union xdp_row {
	__u16 halves[XDP_ROW_SLOTS];
	__u64 lanes[XDP_ROW_SLOTS / 4];
};

struct xdp_source {
	__u32 addr_be[4];
	__u32 mask_be[4];
};

/** The source prefixes of one rule, apart from it: rules lie close together, which spares the processor's table of pages. */
struct xdp_sources {
	struct xdp_source prefixes[XDP_SOURCES_MAX];
};

/** What a rule asks for beside time, protocol and a source set, or-ed into xdp_rule.asks. */
enum xdp_asks {
	XDP_ASKS_HEADER = 1, /* length, fragments or an extension header */
	XDP_ASKS_TRANSPORT = 2, /* ports, flags, type or signature */
	XDP_ASKS_SOURCES = 4, /* source prefixes */
	XDP_ASKS_PROTECTED = 8, /* matches nothing from protected space */
};

/** What most packets need of it stands in its first cache line. */
struct xdp_rule {
	__u64 expires_boot_ns;
	__u64 set_seed;
	__u32 set_first; /* first bucket of the source set */
	__u32 set_mask; /* buckets of it, a power of two, less one */
	__u16 protocol; /* PACKET_PROTOCOL_UNKNOWN: not asked */
	__u16 src_port_min, src_port_max; /* 0 and 65535: not asked */
	__u16 dst_port_min, dst_port_max;
	__u16 length_min_bytes, length_max_bytes;
	__u16 icmp_type, icmp_code; /* 256: not asked */
	__u8 action; /* enum xdp_rule_action */
	__u8 tcp_mask, tcp_flags;
	__u8 fragments; /* 0: not asked */
	__u8 extension; /* IPv6 extension header asked for, by packet_extension_bit(); 0: none */
	__u8 is_v4;
	__u8 set_kind; /* enum xdp_set_kind */
	__u8 limits_sources; /* a meter for each source, not one for all */
	__u8 limits_bytes; /* counts bytes, not packets */
	__u8 source_count;
	__u8 look_count; /* first bytes of a UDP payload that must be there; 0: no signature */
	__u8 asks; /* enum xdp_asks */
	__u8 unused_bytes[2]; /* 0, as the rest: rules are compared byte by byte */
	__u64 cost_per_unit; /* of a packet or of a byte, in ticks of 2^-20 */
	__u64 burst_ticks; /* what a meter lets through at once */
	__u64 look_mask[PACKET_LOOK_BYTES / 8];
	__u64 look_value[PACKET_LOOK_BYTES / 8];
	__u64 unused[3]; /* 0; so that each begins with a cache line */
};

/** Whether a rule drops what its time, its protocol and a packed set, if it has one, tell: xdp_simple_drops() is for these. */
PACKET_INLINE int xdp_rule_is_simple(const struct xdp_rule *rule)
{
	return rule->action == XDP_RULE_DROP && rule->asks == 0 && rule->set_kind != XDP_SET_WHOLE;
}

enum xdp_verdict {
	XDP_VERDICT_PASS = 0,
	XDP_VERDICT_DROP = 1,
};

/** What a rule has counted, by verdict: a packet changes two words. */
struct xdp_tally {
	struct {
		__u64 packets;
		__u64 bytes; /* of IP packets */
	} of[2]; /* enum xdp_verdict */
};

/** The same for people. */
struct xdp_counts {
	__u64 matched_packets;
	__u64 matched_bytes; /* of IP packets */
	__u64 dropped_packets; /* of these */
	__u64 dropped_bytes;
};

/** A draw of all addresses of IPv4 onto numbers of 32 bits, no two onto the same: each step can be undone. */
PACKET_INLINE __u32 xdp_set_mix(__u64 seed, __u32 addr_be)
{
	__u32 mixed = (addr_be ^ (__u32)seed) * 0x9e3779b1U;
	mixed = (mixed ^ mixed >> 15) * ((__u32)(seed >> 32) | 1);
	return mixed ^ mixed >> 16;
}

/** A hash of an address of either family. */
PACKET_INLINE __u32 xdp_set_hash(__u64 seed, const __u32 *addr_be)
{
	__u64 high = (__u64)addr_be[0] << 32 | addr_be[1], low = (__u64)addr_be[2] << 32 | addr_be[3];
	__u64 mixed = (low ^ seed) * 0x9e3779b97f4a7c15ULL;
	mixed = (mixed ^ mixed >> 32 ^ high) * 0xd6e8feb86659fd93ULL;
	return (__u32)(mixed >> 32);
}

/** The bucket at which the search for an address in a set begins, before the set's mask. */
PACKET_INLINE __u32 xdp_set_place(__u64 seed, const __u32 *addr_be, int is_v4)
{
	return is_v4 ? xdp_set_mix(seed, addr_be[3]) : xdp_set_hash(seed, addr_be);
}
