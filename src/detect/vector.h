/*
 * The names of attack vectors: what a flood is made of, as headers show it.
 * One list, used by the detector that names them, by the exercise that makes
 * them, and by doc/vectors.md, which explains each to people.
 *
 * Reflections from ports that are not listed are named udp_reflection_PORT.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VECTOR_LIST(X) \
	/* TCP, sent by the attacker */ \
	X(SYN_FLOOD, "syn_flood") \
	X(SYN_PAYLOAD_FLOOD, "syn_payload_flood") \
	X(SYN_ECE_CWR_FLOOD, "syn_ece_cwr_flood") \
	X(ACK_FLOOD, "ack_flood") \
	X(PSH_ACK_FLOOD, "psh_ack_flood") \
	X(STOMP_FLOOD, "stomp_flood") \
	X(RST_FLOOD, "rst_flood") \
	X(FIN_FLOOD, "fin_flood") \
	X(NULL_FLOOD, "tcp_null_flood") \
	X(XMAS_FLOOD, "xmas_flood") \
	X(TCP_ALL_FLAGS_FLOOD, "tcp_all_flags_flood") \
	X(TCP_BAD_FLAGS_FLOOD, "tcp_bad_flags_flood") \
	X(URG_FLOOD, "urg_flood") \
	X(TCP_FLOOD, "tcp_flood") \
	X(CONNECTION_FLOOD, "connection_flood") \
	X(REQUEST_FLOOD, "request_flood") \
	X(LAND_ATTACK, "land_attack") \
	/* TCP, answers of others */ \
	X(SYNACK_REFLECTION, "tcp_synack_reflection") \
	X(MIDDLEBOX_REFLECTION, "tcp_middlebox_reflection") \
	/* UDP, sent by the attacker */ \
	X(UDP_FLOOD, "udp_flood") \
	X(UDP_FIXED_LENGTH_FLOOD, "udp_fixed_length_flood") \
	X(UDP_EMPTY_FLOOD, "udp_empty_flood") \
	X(DNS_QUERY_FLOOD, "dns_query_flood") \
	X(VSE_FLOOD, "vse_flood") \
	X(RAKNET_FLOOD, "raknet_flood") \
	X(SIP_FLOOD, "sip_flood") \
	X(QUIC_FLOOD, "quic_flood") \
	X(DTLS_FLOOD, "dtls_flood") \
	X(RADIUS_FLOOD, "radius_flood") \
	X(NTP_FLOOD, "ntp_flood") \
	X(DHCP_FLOOD, "dhcp_flood") \
	X(VPN_FLOOD, "vpn_flood") \
	/* other protocols */ \
	X(FRAGMENT_FLOOD, "fragment_flood") \
	X(ICMP_ECHO_FLOOD, "icmp_echo_flood") \
	X(ICMP_ECHO_REPLY_FLOOD, "icmp_echo_reply_flood") \
	X(ICMP_UNREACHABLE_FLOOD, "icmp_unreachable_flood") \
	X(ICMP_TIME_EXCEEDED_FLOOD, "icmp_time_exceeded_flood") \
	X(ICMP_FLOOD, "icmp_flood") \
	X(ICMPV6_NEIGHBOR_FLOOD, "icmpv6_neighbor_flood") \
	X(ICMPV6_ROUTER_ADVERTISEMENT_FLOOD, "icmpv6_router_advertisement_flood") \
	X(GRE_FLOOD, "gre_flood") \
	X(ESP_FLOOD, "esp_flood") \
	X(AH_FLOOD, "ah_flood") \
	X(IGMP_FLOOD, "igmp_flood") \
	X(SCTP_FLOOD, "sctp_flood") \
	X(IP_IN_IP_FLOOD, "ip_in_ip_flood") \
	X(RANDOM_PROTOCOL_FLOOD, "random_protocol_flood") \
	X(OTHER_PROTOCOL_FLOOD, "other_protocol_flood") \
	X(IPV6_EXTENSION_FLOOD, "ipv6_extension_flood") \
	/* UDP, answers of others: one name for each service of the amplifier table */ \
	X(ECHO_REFLECTION, "echo_reflection") \
	X(QOTD_REFLECTION, "qotd_reflection") \
	X(CHARGEN_REFLECTION, "chargen_reflection") \
	X(DNS_REFLECTION, "dns_reflection") \
	X(TFTP_REFLECTION, "tftp_reflection") \
	X(PORTMAP_REFLECTION, "portmap_reflection") \
	X(NTP_REFLECTION, "ntp_reflection") \
	X(NETBIOS_REFLECTION, "netbios_reflection") \
	X(SNMP_REFLECTION, "snmp_reflection") \
	X(XDMCP_REFLECTION, "xdmcp_reflection") \
	X(CLDAP_REFLECTION, "cldap_reflection") \
	X(SLP_REFLECTION, "slp_reflection") \
	X(ISAKMP_REFLECTION, "isakmp_reflection") \
	X(RIP_REFLECTION, "rip_reflection") \
	X(IPMI_REFLECTION, "ipmi_reflection") \
	X(OPENVPN_REFLECTION, "openvpn_reflection") \
	X(MSSQL_REFLECTION, "mssql_reflection") \
	X(L2TP_REFLECTION, "l2tp_reflection") \
	X(SSDP_REFLECTION, "ssdp_reflection") \
	X(PLEX_REFLECTION, "plex_reflection") \
	X(DIGI_ADDP_REFLECTION, "digi_addp_reflection") \
	X(STUN_REFLECTION, "stun_reflection") \
	X(ARMS_REFLECTION, "arms_reflection") \
	X(RDP_REFLECTION, "rdp_reflection") \
	X(WS_DISCOVERY_REFLECTION, "ws_discovery_reflection") \
	X(SIP_REFLECTION, "sip_reflection") \
	X(SENTINEL_REFLECTION, "sentinel_reflection") \
	X(NAT_PMP_REFLECTION, "nat_pmp_reflection") \
	X(MDNS_REFLECTION, "mdns_reflection") \
	X(COAP_REFLECTION, "coap_reflection") \
	X(BITTORRENT_REFLECTION, "bittorrent_reflection") \
	X(UBIQUITI_REFLECTION, "ubiquiti_reflection") \
	X(TP240_REFLECTION, "tp240_reflection") \
	X(MEMCACHED_REFLECTION, "memcached_reflection") \
	X(WDB_REFLECTION, "wdb_reflection") \
	X(GAME_REFLECTION, "game_reflection") \
	X(JENKINS_REFLECTION, "jenkins_reflection") \
	X(DVR_DHCPDISCOVER_REFLECTION, "dvr_dhcpdiscover_reflection") \
	X(CRESTRON_REFLECTION, "crestron_reflection") \
	X(BACNET_REFLECTION, "bacnet_reflection") \
	X(NETIS_REFLECTION, "netis_reflection") \
	X(AFS_REFLECTION, "afs_reflection") \
	X(DTLS_REFLECTION, "dtls_reflection") \
	X(QUIC_REFLECTION, "quic_reflection") \
	X(UDP_REFLECTION, "udp_reflection")

enum vector {
	VECTOR_UNKNOWN = 0,
#define VECTOR_ENUM(name, text) VECTOR_##name,
	VECTOR_LIST(VECTOR_ENUM)
#undef VECTOR_ENUM
	VECTOR_COUNT
};

/* What one source does to many ends: no flood, and not made by recipes of their own. */
#define SWEEP_LIST(X) \
	X(TCP_SCAN, "tcp_scan") \
	X(ICMP_SCAN, "icmp_scan") \
	X(TCP_BACKSCATTER, "tcp_backscatter") \
	X(ICMP_BACKSCATTER, "icmp_backscatter")

enum sweep_vector {
	SWEEP_UNKNOWN = 0,
#define SWEEP_ENUM(name, text) SWEEP_##name,
	SWEEP_LIST(SWEEP_ENUM)
#undef SWEEP_ENUM
	SWEEP_COUNT
};

/** The name as findings write it; "unknown" for SWEEP_UNKNOWN. Static text. */
const char *sweep_vector_name(enum sweep_vector vector);

/** A UDP service that answers more than it is asked, and so is abused as a reflector. */
struct amplifier {
	uint16_t port; /* source port of its answers */
	uint16_t payload_min_bytes; /* answers of an attack are at least this long; 0 any */
	enum vector vector;
	const char *service; /* as people call it */
};

extern const struct amplifier amplifiers[];
extern const unsigned amplifier_count;

/** The name as findings write it; "unknown" for VECTOR_UNKNOWN. Static text. */
const char *vector_name(enum vector vector);

/** The amplifier behind a source port, NULL if the port is not in the table. */
const struct amplifier *amplifier_find(uint16_t src_port);
