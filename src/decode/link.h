/*
 * What lies below IP: link-layer headers, VLAN tags, MPLS labels,
 * pseudowires, PPP. All of it is followed by ethertype, so tunnels use it too.
 *
 * Internal to the packet decoder.
 */
#pragma once

#include <stdint.h>

#include "core/err.h"
#include "decode/packet.h"
#include "decode/view.h"

#define LINK_LAYERS_MAX 16 /* tags, label stacks and frames below one IP header; deeper is E_UNSUPPORTED */

/**
 * Takes the header of a capture's link type.
 *
 * @param link how the capture was made
 * @param view moved behind the header
 * @param ret_traits TRAIT_EGRESS is or-ed in where the header says so
 * @param ret_ethertype what follows, ETHERTYPE_NONE if it cannot be IP; set on OK
 * @return OK, E_TRUNCATED, E_MALFORMED, or E_UNSUPPORTED for another link type
 */
MUST_USE int link_open(enum link_type link, struct view *view, uint32_t *ret_traits, uint16_t *ret_ethertype);

/**
 * Follows tags, labels and frames down to the IP header.
 *
 * @param view moved to the IP header
 * @param ethertype what the view begins with
 * @param ret_vlan the first VLAN id that is met, if it is 0 on entry
 * @param ret_ethertype ETHERTYPE_IPV4 or ETHERTYPE_IPV6; set on OK
 * @return OK, E_TRUNCATED, E_MALFORMED, or E_UNSUPPORTED where no IP header follows
 */
MUST_USE int link_descend(struct view *view, uint16_t ethertype, uint16_t *ret_vlan, uint16_t *ret_ethertype);
