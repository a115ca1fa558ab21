// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The facts of one packet that a rule can ask for, and the parser that finds
 * them. Shared by the kernel (XDP) and by user space, so that both see the
 * same packet. Addresses are in network order, IPv4 in ::ffff:0:0/96.
 *
 * Sees the outermost IP header; does not check checksums, nor lengths against
 * each other beyond what safety needs.
 */
#pragma once

#include <linux/types.h>

#define PACKET_PROTOCOL_UNKNOWN 256
#define PACKET_EXTENSIONS_MAX 8 /* IPv6 extension headers that are stepped over; behind more the protocol is unknown */
#define PACKET_LOOK_BYTES 16 /* of a UDP payload */

#define PACKET_INLINE static inline __attribute__((always_inline))

/*
 * An inline body for a function that is declared in one of these headers: never emitted by itself (gcc manual, "Inline").
 * User space defines such functions as usual, the kernel with this before them, so that they become part of the program.
 */
#define PACKET_READER extern inline __attribute__((gnu_inline, always_inline))

/** Calls a step with 0..count - 1 until it does not return 0 (the kernel's bpf_loop: its verifier checks a step once). */
void packet_each(__u32 count, long (*step)(__u32 index, void *context), void *context);

/** The values of enum rule_fragment. */
enum packet_fragment {
	PACKET_FRAGMENT_FIRST = 1,
	PACKET_FRAGMENT_LATER = 2,
	PACKET_FRAGMENT_WHOLE = 4,
};

/** What of the transport header was found, or-ed into packet_facts.has. */
enum packet_has {
	PACKET_HAS_PORTS = 1,
	PACKET_HAS_FLAGS = 2,
	PACKET_HAS_ICMP = 4,
	PACKET_HAS_NAMES = 8, /* names stands in the place of look */
};

struct packet_facts {
	__u32 src_be[4];
	__u32 dst_be[4];
	__u16 protocol; /* behind the extension headers of IPv6; PACKET_PROTOCOL_UNKNOWN where they could not be followed */
	__u16 src_port;
	__u16 dst_port;
	__u16 length_bytes; /* of the IP packet by its header, at most 65535 */
	__u8 fragment; /* one of enum packet_fragment */
	__u8 has; /* enum packet_has */
	__u8 tcp_flags;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 extensions; /* IPv6 extension headers, by packet_extension_bit() */
	__u8 look_count; /* bytes used of look */
	__u8 unused;
	union {
		__u8 look[PACKET_LOOK_BYTES] __attribute__((aligned(8))); /* first bytes of a UDP payload, zeros behind */
		__u64 names; /* what is kept has no payload: the signatures that look has, a bit for each enum rule_signature */
	};
};

/** Whether an address is one of IPv4. */
PACKET_INLINE int packet_is_v4(const __u32 *addr_be)
{
	return (addr_be[0] | addr_be[1] | (addr_be[2] ^ __builtin_bswap32(0xffff))) == 0;
}

/** The bit of an IPv6 extension header in packet_facts.extensions; 0 for any other protocol (RFC 8200 section 4). */
PACKET_INLINE __u8 packet_extension_bit(__u16 protocol)
{
	switch (protocol) {
	case 0: /* hop-by-hop */
		return 1;
	case 43: /* routing */
		return 2;
	case 44: /* fragment */
		return 4;
	case 51: /* authentication */
		return 8;
	case 60: /* destination options */
		return 16;
	default:
		return 0;
	}
}

/*
 * Copies a number from a packet, where nothing is aligned. For BPF clang would copy byte by byte, which took half of the
 * parser's time; the machines that have XDP read at any address.
 */
#ifdef __bpf__
#define PACKET_COPY(to, from, type) (*(type *)(void *)(to) = *(const type *)(const void *)(from))
#else
#define PACKET_COPY(to, from, type) ((void)__builtin_memcpy(to, from, sizeof(type)))
#endif

PACKET_INLINE __u16 packet_be16(const __u8 *at)
{
	__u16 number_be;
	PACKET_COPY(&number_be, at, __u16);
	return __builtin_bswap16(number_be);
}

/** Keeps the first bytes of a payload: by sixteen, or by ever shorter pieces (few paths for the kernel's verifier). */
PACKET_INLINE void packet_look(struct packet_facts *facts, const __u8 *at, const __u8 *end, __u32 left)
{
	__u32 count = 0;
	if (left >= 16 && at + 16 <= end) {
		PACKET_COPY(facts->look, at, __u64);
		PACKET_COPY(facts->look + 8, at + 8, __u64);
		facts->look_count = 16;
		return;
	}
	if (left >= 8 && at + 8 <= end) {
		PACKET_COPY(facts->look, at, __u64);
		at += 8;
		left -= 8;
		count = 8;
	}
	if (left >= 4 && at + 4 <= end) {
		PACKET_COPY(facts->look + count, at, __u32);
		at += 4;
		left -= 4;
		count += 4;
	}
	if (left >= 2 && at + 2 <= end) {
		PACKET_COPY(facts->look + count, at, __u16);
		at += 2;
		left -= 2;
		count += 2;
	}
	if (left >= 1 && at + 1 <= end)
		facts->look[count++] = at[0];
	facts->look_count = (__u8)count;
}

/** Reads as much of the transport header as there is. `left` is the rest of the IP packet by its own length. */
PACKET_INLINE void packet_transport(struct packet_facts *facts, const __u8 *at, const __u8 *end, __u32 left)
{
	if (facts->fragment == PACKET_FRAGMENT_LATER)
		return;
	if (facts->protocol == 1 || facts->protocol == 58) {
		if (left < 2 || at + 2 > end)
			return;
		facts->icmp_type = at[0];
		facts->icmp_code = at[1];
		facts->has = PACKET_HAS_ICMP;
		return;
	}
	if ((facts->protocol != 6 && facts->protocol != 17 && facts->protocol != 132) || left < 4 || at + 4 > end)
		return;
	facts->src_port = packet_be16(at);
	facts->dst_port = packet_be16(at + 2);
	facts->has = PACKET_HAS_PORTS;
	if (facts->protocol == 6 && left >= 14 && at + 14 <= end) {
		facts->tcp_flags = at[13];
		facts->has |= PACKET_HAS_FLAGS;
	}
	if (facts->protocol == 17 && left > 8)
		packet_look(facts, at + 8, end, left - 8);
}

/**
 * Reads what the header of IPv4 tells by itself (RFC 791 section 3.1).
 *
 * @param facts all zero; filled but for the transport header
 * @param at its first byte
 * @param end one past the last byte that is at hand
 * @return length of the header in bytes; 0: no IPv4
 */
PACKET_INLINE __u32 packet_head_v4(struct packet_facts *facts, const __u8 *at, const __u8 *end)
{
	if (at + 20 > end || at[0] >> 4 != 4 || (at[0] & 0x0f) < 5)
		return 0;
	__u16 offset = packet_be16(at + 6);
	facts->src_be[2] = facts->dst_be[2] = __builtin_bswap32(0xffff);
	PACKET_COPY(&facts->src_be[3], at + 12, __u32);
	PACKET_COPY(&facts->dst_be[3], at + 16, __u32);
	facts->length_bytes = packet_be16(at + 2);
	facts->protocol = at[9];
	facts->fragment = (offset & 0x1fff) != 0 ? PACKET_FRAGMENT_LATER : (offset & 0x2000) != 0 ? PACKET_FRAGMENT_FIRST
		: PACKET_FRAGMENT_WHOLE;
	return (at[0] & 0x0fu) * 4;
}

PACKET_INLINE int packet_parse_v4(struct packet_facts *facts, const __u8 *at, const __u8 *end)
{
	__u32 header_bytes = packet_head_v4(facts, at, end);
	if (header_bytes != 0 && facts->length_bytes > header_bytes)
		packet_transport(facts, at + header_bytes, end, facts->length_bytes - header_bytes);
	return header_bytes != 0;
}

/** A way through the extension headers of an IPv6 packet. */
struct packet_walk {
	struct packet_facts *facts;
	const __u8 *start; /* of the packet */
	const __u8 *end;
	__u32 offset; /* of the next header */
	__u32 left; /* of the IP packet from there, by its own length */
	__u16 next; /* what the next header is */
	__u16 is_through; /* it is no extension header */
};

/** Steps over one extension header; 1: that was all, or it is not at hand. */
static inline long packet_extension_step(__u32 index, void *context)
{
	struct packet_walk *walk = (struct packet_walk *)context;
	struct packet_facts *facts = walk->facts;
	__u8 bit = packet_extension_bit(walk->next);
	if (bit == 0 || facts->fragment == PACKET_FRAGMENT_LATER) {
		walk->is_through = bit == 0;
		return 1;
	}
	const __u8 *at = walk->start + (walk->offset & 0x7fff);
	if (index >= PACKET_EXTENSIONS_MAX || walk->left < 8 || at + 8 > walk->end)
		return 1;
	facts->extensions |= bit;
	__u32 header_bytes = walk->next == 44 ? 8 : walk->next == 51 ? (at[1] + 2u) * 4 : (at[1] + 1u) * 8;
	if (walk->next == 44) {
		__u16 offset = packet_be16(at + 2);
		facts->fragment = (offset & 0xfff8) != 0 ? PACKET_FRAGMENT_LATER : (offset & 1) != 0 ? PACKET_FRAGMENT_FIRST
			: PACKET_FRAGMENT_WHOLE;
	}
	if (header_bytes > walk->left)
		return 1;
	walk->next = at[0];
	walk->left -= header_bytes;
	walk->offset += header_bytes;
	return 0;
}

/* RFC 8200 sections 3 and 4. */
PACKET_INLINE int packet_parse_v6(struct packet_facts *facts, const __u8 *at, const __u8 *end)
{
	if (at + 40 > end || at[0] >> 4 != 6)
		return 0;
	struct packet_walk walk = {.facts = facts, .start = at, .end = end, .offset = 40, .left = packet_be16(at + 4), .next = at[6]};
	PACKET_COPY(facts->src_be, at + 8, __u64);
	PACKET_COPY(facts->src_be + 2, at + 16, __u64);
	PACKET_COPY(facts->dst_be, at + 24, __u64);
	PACKET_COPY(facts->dst_be + 2, at + 32, __u64);
	facts->length_bytes = walk.left + 40 > 65535 ? 65535 : (__u16)(walk.left + 40);
	facts->fragment = PACKET_FRAGMENT_WHOLE;
	facts->protocol = PACKET_PROTOCOL_UNKNOWN;
	if (packet_extension_bit(walk.next) != 0) {
		packet_each(PACKET_EXTENSIONS_MAX + 1, packet_extension_step, &walk);
		if (!walk.is_through)
			return 1;
	}
	facts->protocol = walk.next;
	packet_transport(facts, at + (walk.offset & 0x7fff), end, walk.left);
	return 1;
}

/**
 * Reads the facts of an IP packet.
 *
 * @param facts all zero; filled
 * @param at its first byte
 * @param end one past the last byte that is at hand
 * @return 1, or 0: no IP packet
 */
PACKET_INLINE int packet_facts_parse(struct packet_facts *facts, const __u8 *at, const __u8 *end)
{
	if (at + 1 > end)
		return 0;
	return at[0] >> 4 == 4 ? packet_parse_v4(facts, at, end) : packet_parse_v6(facts, at, end);
}
