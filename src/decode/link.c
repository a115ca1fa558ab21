/*
 * Below IP. Each layer answers one question, "what follows", as an ethertype;
 * link_descend() asks until the answer is IP.
 *
 *   Ethernet, LLC/SNAP      IEEE 802.3, RFC 1042
 *   VLAN, QinQ              IEEE 802.1Q; 0x9100 is older practice
 *   MPLS label stack        RFC 3032; what follows is told by its first bits (RFC 4928)
 *   Ethernet pseudowire     RFC 4448, with or without control word (RFC 4385)
 *   PPPoE session, PPP      RFC 2516, RFC 1661 and RFC 1662
 *   Cisco HDLC              RFC 1547 section 4.3.1
 *   null, loop, raw, SLL    https://www.tcpdump.org/linktypes.html
 */
#include "decode/link.h"

enum {
	ETHERNET_BYTES = 14,
	LLC_SNAP_BYTES = 8,
	LABEL_BYTES = 4,
	CONTROL_WORD_BYTES = 4,
	PPPOE_BYTES = 6,
	SLL_BYTES = 16,
	SLL2_BYTES = 20,
	SLL_OUTGOING = 4, /* packet type: sent by this machine */
};

/** Whether a frame of this ethertype may hold IP somewhere below. */
static bool ethertype_leads_on(uint16_t ethertype)
{
	switch (ethertype) {
	case ETHERTYPE_IPV4:
	case ETHERTYPE_IPV6:
	case ETHERTYPE_VLAN:
	case ETHERTYPE_QINQ:
	case ETHERTYPE_QINQ_OLD:
	case ETHERTYPE_MPLS:
	case ETHERTYPE_MPLS_UPSTREAM:
	case ETHERTYPE_PPPOE:
		return true;
	default:
		return false;
	}
}

/** IP by its version nibble, which must be there. */
static uint16_t raw_ethertype(struct view *view)
{
	struct cursor ahead = view->cur;
	uint8_t version = cursor_u8(&ahead) >> 4;
	if (ahead.error != OK) {
		cursor_fail(&view->cur, E_TRUNCATED);
		return ETHERTYPE_NONE;
	}
	return version == 4 ? ETHERTYPE_IPV4 : version == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_NONE;
}

/** A length in place of the ethertype: the frame holds an 802.2 header, and IP only by way of SNAP (RFC 1042). */
static uint16_t snap_open(struct view *view)
{
	static const uint8_t snap[] = {0xaa, 0xaa, 0x03, 0x00, 0x00, 0x00};
	const uint8_t *header = cursor_take(&view->cur, LLC_SNAP_BYTES);
	if (header == NULL || memcmp(header, snap, sizeof(snap)) != 0)
		return ETHERTYPE_NONE;
	return be16_at(header + sizeof(snap));
}

static uint16_t ethernet_open(struct view *view)
{
	const uint8_t *header = cursor_take(&view->cur, ETHERNET_BYTES);
	if (header == NULL)
		return ETHERTYPE_NONE;
	uint16_t ethertype = be16_at(header + 12);
	if (ethertype > 1500)
		return ethertype;
	view_narrow(view, ethertype);
	return snap_open(view);
}

/** PPP's protocol field, one or two bytes (RFC 1661 section 6.5), behind the optional ff 03 of RFC 1662. */
static uint16_t ppp_open(struct view *view)
{
	if (cursor_left(&view->cur) >= 2 && be16_at(view->cur.at) == 0xff03)
		cursor_skip(&view->cur, 2);
	uint16_t protocol = cursor_u8(&view->cur);
	if ((protocol & 1) == 0)
		protocol = (uint16_t)(protocol << 8 | cursor_u8(&view->cur));
	switch (protocol) {
	case 0x0021:
		return ETHERTYPE_IPV4;
	case 0x0057:
		return ETHERTYPE_IPV6;
	case 0x0281:
		return ETHERTYPE_MPLS;
	default:
		return ETHERTYPE_NONE;
	}
}

/** Serial lines: Cisco's framing by its address byte (unicast, broadcast), else PPP. */
static uint16_t hdlc_open(struct view *view)
{
	if (cursor_left(&view->cur) < 1 || (view->cur.at[0] != 0x0f && view->cur.at[0] != 0x8f))
		return ppp_open(view);
	cursor_skip(&view->cur, 2);
	return cursor_be16(&view->cur);
}

static uint16_t pppoe_open(struct view *view)
{
	const uint8_t *header = cursor_take(&view->cur, PPPOE_BYTES);
	if (header == NULL || be16_at(header) != 0x1100) /* version 1, type 1, code 0: session data */
		return ETHERTYPE_NONE;
	view_narrow(view, be16_at(header + 4));
	return ppp_open(view);
}

/** Whether an Ethernet frame that leads on to IP begins at this offset. */
static bool ethernet_at(const struct view *view, size_t offset_bytes)
{
	return cursor_left(&view->cur) >= offset_bytes + ETHERNET_BYTES &&
		ethertype_leads_on(be16_at(view->cur.at + offset_bytes + 12));
}

/** Whether an IPv4 header begins here, as opposed to a frame to an address that begins with 4. */
static bool ipv4_at(const struct view *view)
{
	if (cursor_left(&view->cur) < 20)
		return false;
	size_t header_bytes = (view->cur.at[0] & 0x0fu) * 4u;
	size_t total_bytes = be16_at(view->cur.at + 2);
	return header_bytes >= 20 && total_bytes >= header_bytes && total_bytes <= view_wire_bytes(view);
}

/** Labels carry no type, so what follows is told by its looks (RFC 4928 section 3). */
static uint16_t mpls_open(struct view *view)
{
	const uint8_t *label;
	do {
		label = cursor_take(&view->cur, LABEL_BYTES);
	} while (label != NULL && (label[2] & 1) == 0); /* bottom of the stack */
	uint16_t ip = raw_ethertype(view);
	if (ip == ETHERTYPE_IPV6 || (ip == ETHERTYPE_IPV4 && (ipv4_at(view) || !ethernet_at(view, 0))))
		return ip;
	if (ethernet_at(view, 0))
		return ETHERTYPE_ETHERNET;
	if (!ethernet_at(view, CONTROL_WORD_BYTES) || view->cur.at[0] >> 4 != 0)
		return ETHERTYPE_NONE;
	cursor_skip(&view->cur, CONTROL_WORD_BYTES);
	return ETHERTYPE_ETHERNET;
}

/** BSD's null and loop header: an address family, in the byte order of whoever captured, 24, 28 and 30 being IPv6. */
static uint16_t family_open(struct view *view)
{
	uint32_t family = cursor_be32(&view->cur);
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	if (family == 2)
		return ETHERTYPE_IPV4;
	return family == 24 || family == 28 || family == 30 || family == 10 ? ETHERTYPE_IPV6 : ETHERTYPE_NONE;
}

static uint16_t sll_open(struct view *view, uint32_t *ret_traits)
{
	const uint8_t *header = cursor_take(&view->cur, SLL_BYTES);
	if (header == NULL)
		return ETHERTYPE_NONE;
	if (be16_at(header) == SLL_OUTGOING)
		*ret_traits |= TRAIT_EGRESS;
	return be16_at(header + 14);
}

static uint16_t sll2_open(struct view *view, uint32_t *ret_traits)
{
	const uint8_t *header = cursor_take(&view->cur, SLL2_BYTES);
	if (header == NULL)
		return ETHERTYPE_NONE;
	if (header[10] == SLL_OUTGOING)
		*ret_traits |= TRAIT_EGRESS;
	return be16_at(header);
}

int link_open(enum link_type link, struct view *view, uint32_t *ret_traits, uint16_t *ret_ethertype)
{
	uint32_t ethertype = UINT32_MAX;
	if (cursor_left(&view->cur) == 0)
		return E_TRUNCATED;
	switch (link) {
	case LINK_ETHERNET:
		ethertype = ethernet_open(view);
		break;
	case LINK_NULL:
	case LINK_LOOP:
		ethertype = family_open(view);
		break;
	case LINK_PPP:
		ethertype = ppp_open(view);
		break;
	case LINK_PPP_HDLC:
	case LINK_CISCO_HDLC:
		ethertype = hdlc_open(view);
		break;
	case LINK_RAW:
	case LINK_IPV4:
	case LINK_IPV6:
		ethertype = raw_ethertype(view);
		break;
	case LINK_LINUX_SLL:
		ethertype = sll_open(view, ret_traits);
		break;
	case LINK_LINUX_SLL2:
		ethertype = sll2_open(view, ret_traits);
		break;
	case LINK_UNKNOWN:
		break;
	}
	if (ethertype == UINT32_MAX) /* no case of the switch: a file may have any number */
		return E_UNSUPPORTED;
	if (view->cur.error == OK)
		*ret_ethertype = (uint16_t)ethertype;
	return view->cur.error;
}

int link_descend(struct view *view, uint16_t ethertype, uint16_t *ret_vlan, uint16_t *ret_ethertype)
{
	for (unsigned layers = 0; layers < LINK_LAYERS_MAX && view->cur.error == OK; layers++) {
		switch (ethertype) {
		case ETHERTYPE_IPV4:
		case ETHERTYPE_IPV6:
			*ret_ethertype = ethertype;
			return OK;
		case ETHERTYPE_VLAN:
		case ETHERTYPE_QINQ:
		case ETHERTYPE_QINQ_OLD: {
			uint16_t tag = cursor_be16(&view->cur);
			ethertype = cursor_be16(&view->cur);
			if (*ret_vlan == 0)
				*ret_vlan = tag & 0x0fff;
			break;
		}
		case ETHERTYPE_MPLS:
		case ETHERTYPE_MPLS_UPSTREAM:
			ethertype = mpls_open(view);
			break;
		case ETHERTYPE_PPPOE:
			ethertype = pppoe_open(view);
			break;
		case ETHERTYPE_PPP:
			ethertype = ppp_open(view);
			break;
		case ETHERTYPE_ETHERNET:
			ethertype = ethernet_open(view);
			break;
		default:
			return E_UNSUPPORTED;
		}
	}
	return view->cur.error != OK ? view->cur.error : E_UNSUPPORTED;
}
