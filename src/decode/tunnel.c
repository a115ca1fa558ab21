/*
 * Headers of tunnels.
 *
 *   GRE version 0   RFC 2784 and 2890; version 1 (PPTP, RFC 2637) is left as GRE
 *   ERSPAN in GRE   draft-foschiano-erspan-03; how switches send a mirror port's packets to a sensor elsewhere
 *   IP in IP, 6in4  RFC 2003, 4213
 *   EtherIP         RFC 3378
 *   MPLS in IP      RFC 4023; in UDP RFC 7510
 *   VXLAN           RFC 7348; 8472 is Linux's older port
 *   Geneve          RFC 8926
 */
#include "decode/tunnel.h"

#include "decode/observation.h"

enum {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_VERSION = 0x0007,
	ERSPAN_II = 0x88be, /* ethertypes */
	ERSPAN_III = 0x22eb,
	VXLAN_HAS_ID = 0x08,
};

/** Type II has a header of its own if GRE counts its packets, type I has none; type III may have a second header. */
static uint16_t erspan_open(struct view *view, uint16_t type, bool is_counted)
{
	if (type == ERSPAN_II && is_counted)
		cursor_skip(&view->cur, 8);
	if (type == ERSPAN_III) {
		const uint8_t *header = cursor_take(&view->cur, 12);
		if (header != NULL && (header[11] & 1) != 0)
			cursor_skip(&view->cur, 8);
	}
	return ETHERTYPE_ETHERNET;
}

static uint16_t gre_open(struct view *view)
{
	uint16_t flags = cursor_be16(&view->cur);
	uint16_t ethertype = cursor_be16(&view->cur);
	if ((flags & (GRE_VERSION | GRE_ROUTING)) != 0)
		return ETHERTYPE_NONE;
	size_t optional_words = !!(flags & GRE_CHECKSUM) + !!(flags & GRE_KEY) + !!(flags & GRE_SEQUENCE);
	cursor_skip(&view->cur, optional_words * 4);
	if (ethertype == ERSPAN_II || ethertype == ERSPAN_III)
		return erspan_open(view, ethertype, (flags & GRE_SEQUENCE) != 0);
	return ethertype;
}

static uint16_t etherip_open(struct view *view)
{
	return cursor_be16(&view->cur) == 0x3000 ? ETHERTYPE_ETHERNET : ETHERTYPE_NONE; /* version 3, rest zero */
}

static uint16_t vxlan_open(struct view *view)
{
	const uint8_t *header = cursor_take(&view->cur, 8);
	return header != NULL && (header[0] & VXLAN_HAS_ID) != 0 ? ETHERTYPE_ETHERNET : ETHERTYPE_NONE;
}

static uint16_t geneve_open(struct view *view)
{
	const uint8_t *header = cursor_take(&view->cur, 8);
	if (header == NULL || header[0] >> 6 != 0) /* version 0 */
		return ETHERTYPE_NONE;
	cursor_skip(&view->cur, (header[0] & 0x3fu) * 4u);
	return be16_at(header + 2);
}

static uint16_t udp_tunnel_open(uint16_t dst_port, struct view *view)
{
	switch (dst_port) {
	case 4789:
	case 8472:
		return vxlan_open(view);
	case 6081:
		return geneve_open(view);
	case 6635:
		return ETHERTYPE_MPLS;
	default:
		return ETHERTYPE_NONE;
	}
}

uint16_t tunnel_open(uint8_t protocol, uint16_t dst_port, struct view *view)
{
	switch (protocol) {
	case PROTOCOL_IPV4:
		return ETHERTYPE_IPV4;
	case PROTOCOL_IPV6:
		return ETHERTYPE_IPV6;
	case PROTOCOL_GRE:
		return gre_open(view);
	case PROTOCOL_ETHERIP:
		return etherip_open(view);
	case PROTOCOL_MPLS:
		return ETHERTYPE_MPLS;
	case PROTOCOL_UDP:
		return udp_tunnel_open(dst_port, view);
	default:
		return ETHERTYPE_NONE;
	}
}
