/*
 * Tunnels whose inner header counts: GRE version 0, IP in IP, EtherIP, MPLS in
 * IP and in UDP, VXLAN, Geneve. Says what the tunnel carries as an ethertype.
 *
 * Internal to the packet decoder.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "decode/view.h"

/** Whether a UDP destination port belongs to a tunnel that is followed. */
static inline bool tunnel_is_port(uint16_t dst_port)
{
	return dst_port == 4789 || dst_port == 8472 || dst_port == 6081 || dst_port == 6635;
}

/**
 * Takes the tunnel's own header.
 *
 * @param protocol IP protocol of the outer packet
 * @param dst_port UDP destination port, 0 for other protocols
 * @param view behind the outer IP header, or behind the UDP header; moved
 * @return what follows, ETHERTYPE_NONE: no tunnel, or one that does not look sound
 */
uint16_t tunnel_open(uint8_t protocol, uint16_t dst_port, struct view *view);
