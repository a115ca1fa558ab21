/*
 * One captured packet into one observation: link layer, tags and labels,
 * tunnels (the inner header counts), IPv4, IPv6 with its extension headers,
 * fragments, and the transport header.
 *
 * Checks lengths and header consistency; does NOT check checksums (capture
 * before offload makes them meaningless) and does not reassemble.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "decode/observation.h"

#define PACKET_TUNNELS_MAX 4 /* nested tunnels followed; deeper ones count as the packet that carries them */

/** Link types, numbered as in capture files (https://www.tcpdump.org/linktypes.html). */
enum link_type {
	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_PPP = 9,
	LINK_PPP_HDLC = 50,
	LINK_RAW = 101,
	LINK_CISCO_HDLC = 104,
	LINK_LOOP = 108,
	LINK_LINUX_SLL = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_LINUX_SLL2 = 276,
	LINK_UNKNOWN = 0xffff,
};

/** Whether packets of a link type can be decoded at all. */
bool packet_link_is_read(enum link_type link);

/**
 * Decodes one packet.
 *
 * Fills every member of *ret_obs but start_ns, end_ns, sampling and exporter,
 * which stay as the caller set them.
 *
 * @param link link type of the capture
 * @param bytes captured bytes, borrowed, may be fewer than were on the wire
 * @param captured_bytes how many
 * @param wire_bytes length on the wire, at least captured_bytes
 * @param ret_obs filled on OK, otherwise unspecified
 * @return OK; E_TRUNCATED before the addresses were complete; E_MALFORMED;
 *         E_UNSUPPORTED for a packet that is not IP (ARP, LLDP ...) or a link type not in the table
 */
MUST_USE int packet_parse(enum link_type link, const uint8_t *bytes, size_t captured_bytes, size_t wire_bytes,
	struct observation *ret_obs);
