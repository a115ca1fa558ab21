/*
 * Headers to vectors by tables: 256 combinations of TCP flags, 65,536 source
 * ports, and short switches for the rest. Filled once, read by every thread.
 */
#include "detect/classify.h"

#include "core/err.h"

#define TCP_HEADER_MAX_BYTES 60
#define HANDSHAKE_PACKETS_MAX 6 /* SYN, ACK, FIN, ACK, and a few sent twice */

static uint8_t flag_vectors[256]; /* enum vector by TCP flags */
static uint8_t port_vectors[65536]; /* enum vector of the amplifier behind a source port */

static enum vector flags_to_vector(unsigned flags)
{
	unsigned core = flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_PSH | TCP_ACK | TCP_URG);
	if (core == 0)
		return VECTOR_NULL_FLOOD;
	if (core == (TCP_FIN | TCP_SYN | TCP_RST | TCP_PSH | TCP_ACK | TCP_URG))
		return VECTOR_TCP_ALL_FLAGS_FLOOD;
	if (core == (TCP_FIN | TCP_PSH | TCP_URG))
		return VECTOR_XMAS_FLOOD;
	if (core == TCP_SYN)
		return (flags & (TCP_ECE | TCP_CWR)) == (TCP_ECE | TCP_CWR) ? VECTOR_SYN_ECE_CWR_FLOOD : VECTOR_SYN_FLOOD;
	if (core == (TCP_SYN | TCP_ACK))
		return VECTOR_SYNACK_REFLECTION;
	if (core & TCP_SYN)
		return VECTOR_TCP_BAD_FLAGS_FLOOD;
	if (core & TCP_RST)
		return core & TCP_FIN ? VECTOR_TCP_BAD_FLAGS_FLOOD : VECTOR_RST_FLOOD;
	if (core & TCP_FIN)
		return VECTOR_FIN_FLOOD;
	if (!(core & TCP_ACK))
		return core & TCP_URG ? VECTOR_URG_FLOOD : VECTOR_TCP_BAD_FLAGS_FLOOD;
	if (core & TCP_URG)
		return VECTOR_URG_FLOOD;
	return core & TCP_PSH ? VECTOR_PSH_ACK_FLOOD : VECTOR_ACK_FLOOD;
}

void classify_init(void)
{
	for (unsigned flags = 0; flags < 256; flags++)
		flag_vectors[flags] = (uint8_t)flags_to_vector(flags);
	for (unsigned i = 0; i < amplifier_count; i++)
		port_vectors[amplifiers[i].port] = (uint8_t)amplifiers[i].vector;
}

/** More than the longest IP and TCP headers of a packet without IPv4 options: there is payload. */
static bool is_longer_than_headers(const struct observation *obs)
{
	return obs->length_bytes > (ip_is_v4(&obs->dst) ? 20 : 40) + TCP_HEADER_MAX_BYTES;
}

/** A record with SYN and ACK: a connection that carried data, or a handshake alone, of who opened it or who answered. */
static enum vector flow_connection(const struct observation *obs, unsigned core)
{
	bool is_bare = !(core & TCP_PSH) && obs->packets <= HANDSHAKE_PACKETS_MAX && !is_longer_than_headers(obs);
	if (!is_bare)
		return VECTOR_REQUEST_FLOOD;
	return obs->src_port > obs->dst_port ? VECTOR_CONNECTION_FLOOD : VECTOR_SYNACK_REFLECTION; /* services have the lower port */
}

/**
 * Flow records carry the union of all flags of a connection. VECTOR_CONNECTION_FLOOD hints at handshakes alone,
 * VECTOR_REQUEST_FLOOD at whole connections: both are judged by how many there are.
 */
static enum vector flow_flags_to_vector(const struct observation *obs)
{
	unsigned core = obs->tcp_flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_PSH | TCP_ACK);
	bool is_handshake = (core & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK) && obs->packets > 1;
	if (is_handshake)
		return flow_connection(obs, core);
	if (core == (TCP_SYN | TCP_RST) && obs->packets > 1)
		return VECTOR_SYN_FLOOD;
	if (core == (TCP_FIN | TCP_RST | TCP_ACK) || core == (TCP_FIN | TCP_RST | TCP_ACK | TCP_PSH))
		return VECTOR_PSH_ACK_FLOOD;
	enum vector vector = (enum vector)flag_vectors[obs->tcp_flags];
	return vector == VECTOR_SYN_FLOOD && is_longer_than_headers(obs) ? VECTOR_SYN_PAYLOAD_FLOOD : vector;
}

static enum vector classify_tcp(const struct observation *obs)
{
	/* Without ports it is a piece of something; with them only the flags were cut off, or not exported. */
	if (obs->traits & TRAIT_SHORT)
		return obs->src_port == 0 && obs->dst_port == 0 ? VECTOR_FRAGMENT_FLOOD : VECTOR_TCP_FLOOD;
	if (ip_equal(&obs->src, &obs->dst) && obs->src_port == obs->dst_port)
		return VECTOR_LAND_ATTACK;
	if (obs->traits & TRAIT_FLOW)
		return flow_flags_to_vector(obs);
	enum vector vector = (enum vector)flag_vectors[obs->tcp_flags];
	if (vector == VECTOR_SYN_FLOOD && obs->payload_bytes > 0)
		return VECTOR_SYN_PAYLOAD_FLOOD;
	return vector;
}

/** Services that are flooded with requests, by destination port. */
static enum vector service_of(uint16_t dst_port)
{
	switch (dst_port) {
	case 53:
		return VECTOR_DNS_QUERY_FLOOD;
	case 67:
	case 547:
		return VECTOR_DHCP_FLOOD;
	case 123:
		return VECTOR_NTP_FLOOD;
	case 443:
		return VECTOR_QUIC_FLOOD;
	case 500:
	case 1194:
	case 1701:
	case 4500:
	case 51820:
		return VECTOR_VPN_FLOOD;
	case 1812:
	case 1813:
		return VECTOR_RADIUS_FLOOD;
	case 5060:
		return VECTOR_SIP_FLOOD;
	case 19132:
		return VECTOR_RAKNET_FLOOD;
	default:
		return VECTOR_UDP_FLOOD;
	}
}

/** As observation_outer() tells of a tunnel over UDP: VXLAN (RFC 7348) and Geneve (RFC 8926), with no source port. */
static bool is_outer_of_tunnel(const struct observation *obs)
{
	return obs->src_port == 0 && (obs->dst_port == 4789 || obs->dst_port == 6081) && !(obs->traits & TRAIT_FLOW) &&
		obs->payload_bytes == 0 && obs->signature == SIGNATURE_NONE;
}

static enum vector classify_udp(const struct observation *obs)
{
	enum signature signature = (enum signature)obs->signature;
	if (is_outer_of_tunnel(obs))
		return VECTOR_IP_IN_IP_FLOOD;
	if (signature == SIGNATURE_VSE)
		return VECTOR_VSE_FLOOD;
	if (signature == SIGNATURE_DNS_QUERY)
		return VECTOR_DNS_QUERY_FLOOD;
	if (signature == SIGNATURE_DVR_DHCPDISCOVER && obs->src_port != 0)
		return VECTOR_DVR_DHCPDISCOVER_REFLECTION;
	bool is_empty_flow = obs->traits & TRAIT_FLOW && obs->payload_bytes == 0 && obs->length_bytes > 0;
	if (signature == SIGNATURE_EMPTY || is_empty_flow)
		return VECTOR_UDP_EMPTY_FLOOD;
	enum vector reflection = (enum vector)port_vectors[obs->src_port];
	if (reflection == VECTOR_QUIC_REFLECTION && signature == SIGNATURE_DTLS)
		return VECTOR_DTLS_REFLECTION;
	if (reflection != VECTOR_UNKNOWN)
		return reflection;
	if (signature == SIGNATURE_RAKNET)
		return VECTOR_RAKNET_FLOOD;
	enum vector service = service_of(obs->dst_port);
	/* Packets of these services have a signature; without it the port was only where random bytes were sent. */
	bool is_garbage = signature == SIGNATURE_NONE && !(obs->traits & TRAIT_FLOW) && service != VECTOR_VPN_FLOOD;
	if (is_garbage)
		return VECTOR_UDP_FLOOD;
	if (signature == SIGNATURE_DTLS && (service == VECTOR_UDP_FLOOD || service == VECTOR_QUIC_FLOOD))
		return VECTOR_DTLS_FLOOD;
	return service;
}

static enum vector classify_icmp(const struct observation *obs)
{
	bool is_v6 = obs->protocol == PROTOCOL_ICMPV6;
	switch (obs->icmp_type) {
	case 0:
		return is_v6 ? VECTOR_ICMP_FLOOD : VECTOR_ICMP_ECHO_REPLY_FLOOD;
	case 1:
		return is_v6 ? VECTOR_ICMP_UNREACHABLE_FLOOD : VECTOR_ICMP_FLOOD;
	case 3:
		return is_v6 ? VECTOR_ICMP_TIME_EXCEEDED_FLOOD : VECTOR_ICMP_UNREACHABLE_FLOOD;
	case 8:
		return is_v6 ? VECTOR_ICMP_FLOOD : VECTOR_ICMP_ECHO_FLOOD;
	case 11:
		return is_v6 ? VECTOR_ICMP_FLOOD : VECTOR_ICMP_TIME_EXCEEDED_FLOOD;
	case 128:
		return is_v6 ? VECTOR_ICMP_ECHO_FLOOD : VECTOR_ICMP_FLOOD;
	case 129:
		return is_v6 ? VECTOR_ICMP_ECHO_REPLY_FLOOD : VECTOR_ICMP_FLOOD;
	case 134:
		return is_v6 ? VECTOR_ICMPV6_ROUTER_ADVERTISEMENT_FLOOD : VECTOR_ICMP_FLOOD;
	case 135:
	case 136:
		return is_v6 ? VECTOR_ICMPV6_NEIGHBOR_FLOOD : VECTOR_ICMP_FLOOD;
	default:
		return VECTOR_ICMP_FLOOD;
	}
}

static enum vector classify_other(const struct observation *obs)
{
	switch (obs->protocol) {
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		return classify_icmp(obs);
	case PROTOCOL_GRE:
		return VECTOR_GRE_FLOOD;
	case PROTOCOL_ESP:
		return VECTOR_ESP_FLOOD;
	case PROTOCOL_AH:
		return VECTOR_AH_FLOOD;
	case PROTOCOL_IGMP:
		return VECTOR_IGMP_FLOOD;
	case PROTOCOL_SCTP:
		return VECTOR_SCTP_FLOOD;
	case PROTOCOL_IPV4:
	case PROTOCOL_IPV6:
	case PROTOCOL_ETHERIP:
		return VECTOR_IP_IN_IP_FLOOD;
	case PROTOCOL_IPV6_FRAG:
		return VECTOR_FRAGMENT_FLOOD;
	case PROTOCOL_HOPOPT:
	case PROTOCOL_IPV6_ROUTE:
	case PROTOCOL_IPV6_OPTS:
	case PROTOCOL_IPV6_NONXT:
		return ip_is_v4(&obs->dst) ? VECTOR_OTHER_PROTOCOL_FLOOD : VECTOR_IPV6_EXTENSION_FLOOD;
	default:
		return VECTOR_OTHER_PROTOCOL_FLOOD;
	}
}

/** Routers write later fragments, which have no ports, as a flow between ports 0 and 0; nobody else uses those. */
static bool is_portless_flow(const struct observation *obs)
{
	bool has_ports = obs->protocol == PROTOCOL_TCP || obs->protocol == PROTOCOL_UDP;
	return obs->traits & TRAIT_FLOW && has_ports && obs->src_port == 0 && obs->dst_port == 0;
}

enum vector classify(const struct observation *obs)
{
	bool is_hidden = obs->traits & TRAIT_FRAGMENT_FIRST && obs->traits & TRAIT_IPV6_EXTENSIONS;
	if (obs->traits & TRAIT_FRAGMENT_LATER || is_hidden || is_portless_flow(obs))
		return VECTOR_FRAGMENT_FLOOD;
	/* An extension header before a transport is rare enough in real traffic to be the feature itself. */
	if (obs->traits & (TRAIT_IPV6_EXTENSIONS | TRAIT_FRAGMENT_ATOMIC))
		return VECTOR_IPV6_EXTENSION_FLOOD;
	if (obs->traits & TRAIT_AH)
		return ip_is_v4(&obs->dst) ? VECTOR_AH_FLOOD : VECTOR_IPV6_EXTENSION_FLOOD;
	if (obs->protocol == PROTOCOL_TCP)
		return classify_tcp(obs);
	if (obs->protocol != PROTOCOL_UDP)
		return classify_other(obs);
	if (obs->traits & TRAIT_FRAGMENT_FIRST && port_vectors[obs->src_port] == VECTOR_UNKNOWN)
		return VECTOR_FRAGMENT_FLOOD;
	return classify_udp(obs);
}

enum vector classify_question(const struct observation *obs)
{
	if (obs->protocol != PROTOCOL_UDP || obs->traits & TRAIT_FRAGMENT_LATER)
		return VECTOR_UNKNOWN;
	return (enum vector)port_vectors[obs->dst_port];
}

bool classify_is_reflection(enum vector vector)
{
	return vector >= VECTOR_ECHO_REFLECTION || vector == VECTOR_SYNACK_REFLECTION || vector == VECTOR_MIDDLEBOX_REFLECTION;
}
