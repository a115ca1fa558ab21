/*
 * The part of a packet that a header's own length leaves: the captured bytes
 * under a cursor, and how many more were on the wire behind them. Each header
 * narrows the view, so that padding, trailers and what a snap length cut off
 * are never taken for payload.
 *
 * Internal to the packet decoder.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/cursor.h"

/** Ethertypes that lead to IP (IEEE 802 numbers); the decoder uses them for "what follows" under every link and tunnel. */
enum ethertype {
	ETHERTYPE_NONE = 0,
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_ETHERNET = 0x6558, /* transparent Ethernet bridging */
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_PPP = 0x880b,
	ETHERTYPE_MPLS = 0x8847,
	ETHERTYPE_MPLS_UPSTREAM = 0x8848,
	ETHERTYPE_PPPOE = 0x8864,
	ETHERTYPE_QINQ = 0x88a8,
	ETHERTYPE_QINQ_OLD = 0x9100,
};

struct view {
	struct cursor cur;
	size_t cut_bytes; /* on the wire, but not captured */
};

static inline uint16_t be16_at(const uint8_t *at)
{
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): callers have asked cursor_left() */
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t be32_at(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/** Bytes that are left, on the wire. */
static inline size_t view_wire_bytes(const struct view *view)
{
	return cursor_left(&view->cur) + view->cut_bytes;
}

/** Narrows the view to its next bytes; more than there were on the wire changes nothing. */
static inline void view_narrow(struct view *view, size_t length_bytes)
{
	size_t left = cursor_left(&view->cur);
	if (length_bytes <= left) {
		view->cur.end = view->cur.at + length_bytes;
		view->cut_bytes = 0;
	} else if (length_bytes - left < view->cut_bytes) {
		view->cut_bytes = length_bytes - left;
	}
}
