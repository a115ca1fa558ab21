/*
 * Vector names and the amplifier table. Ports and services after US-CERT
 * TA14-017A, the DDoS Clearing House dissector's service list, StopDDoS and
 * Kopp et al., "DDoS Never Dies?" (PAM 2021).
 */
#include "detect/vector.h"

#include <stddef.h>

static const char *const names[VECTOR_COUNT] = {
	[VECTOR_UNKNOWN] = "unknown",
#define VECTOR_NAME(name, text) [VECTOR_##name] = text,
	VECTOR_LIST(VECTOR_NAME)
#undef VECTOR_NAME
};

static const char *const sweep_names[SWEEP_COUNT] = {
	[SWEEP_UNKNOWN] = "unknown",
#define SWEEP_NAME(name, text) [SWEEP_##name] = text,
	SWEEP_LIST(SWEEP_NAME)
#undef SWEEP_NAME
};

/* Sorted by port: amplifier_find() searches by halves. */
const struct amplifier amplifiers[] = {
	{7, 0, VECTOR_ECHO_REFLECTION, "Echo"},
	{17, 0, VECTOR_QOTD_REFLECTION, "QOTD"},
	{19, 0, VECTOR_CHARGEN_REFLECTION, "CharGEN"},
	{53, 0, VECTOR_DNS_REFLECTION, "DNS"},
	{69, 0, VECTOR_TFTP_REFLECTION, "TFTP"},
	{111, 0, VECTOR_PORTMAP_REFLECTION, "Portmap"},
	{123, 0, VECTOR_NTP_REFLECTION, "NTP"},
	{137, 0, VECTOR_NETBIOS_REFLECTION, "NetBIOS"},
	{138, 0, VECTOR_NETBIOS_REFLECTION, "NetBIOS"},
	{161, 0, VECTOR_SNMP_REFLECTION, "SNMP"},
	{177, 0, VECTOR_XDMCP_REFLECTION, "XDMCP"},
	{389, 0, VECTOR_CLDAP_REFLECTION, "CLDAP"},
	{427, 0, VECTOR_SLP_REFLECTION, "SLP"},
	{443, 0, VECTOR_QUIC_REFLECTION, "QUIC"},
	{500, 0, VECTOR_ISAKMP_REFLECTION, "ISAKMP"},
	{520, 0, VECTOR_RIP_REFLECTION, "RIPv1"},
	{623, 0, VECTOR_IPMI_REFLECTION, "IPMI"},
	{1194, 0, VECTOR_OPENVPN_REFLECTION, "OpenVPN"},
	{1434, 0, VECTOR_MSSQL_REFLECTION, "MS-SQL"},
	{1701, 0, VECTOR_L2TP_REFLECTION, "L2TP"},
	{1900, 0, VECTOR_SSDP_REFLECTION, "SSDP"},
	{2362, 0, VECTOR_DIGI_ADDP_REFLECTION, "Digi ADDP"},
	{3283, 0, VECTOR_ARMS_REFLECTION, "Apple Remote Desktop"},
	{3389, 0, VECTOR_RDP_REFLECTION, "RDP"},
	{3478, 0, VECTOR_STUN_REFLECTION, "STUN"},
	{3702, 0, VECTOR_WS_DISCOVERY_REFLECTION, "WS-Discovery"},
	{4500, 0, VECTOR_ISAKMP_REFLECTION, "ISAKMP"},
	{5060, 0, VECTOR_SIP_REFLECTION, "SIP"},
	{5093, 0, VECTOR_SENTINEL_REFLECTION, "Sentinel"},
	{5351, 0, VECTOR_NAT_PMP_REFLECTION, "NAT-PMP"},
	{5353, 0, VECTOR_MDNS_REFLECTION, "mDNS"},
	{5683, 0, VECTOR_COAP_REFLECTION, "CoAP"},
	{6881, 0, VECTOR_BITTORRENT_REFLECTION, "BitTorrent"},
	{7001, 0, VECTOR_AFS_REFLECTION, "AFS"},
	{10001, 0, VECTOR_UBIQUITI_REFLECTION, "Ubiquiti"},
	{10074, 0, VECTOR_TP240_REFLECTION, "TP240"},
	{11211, 0, VECTOR_MEMCACHED_REFLECTION, "Memcached"},
	{17185, 0, VECTOR_WDB_REFLECTION, "VxWorks WDB"},
	{27015, 0, VECTOR_GAME_REFLECTION, "Steam"},
	{27960, 0, VECTOR_GAME_REFLECTION, "Quake"},
	{30120, 0, VECTOR_GAME_REFLECTION, "FiveM"},
	{32410, 0, VECTOR_PLEX_REFLECTION, "Plex"},
	{32414, 0, VECTOR_PLEX_REFLECTION, "Plex"},
	{33848, 0, VECTOR_JENKINS_REFLECTION, "Jenkins"},
	{37810, 0, VECTOR_DVR_DHCPDISCOVER_REFLECTION, "DHCPDiscover"},
	{41794, 0, VECTOR_CRESTRON_REFLECTION, "Crestron"},
	{47808, 0, VECTOR_BACNET_REFLECTION, "BACnet"},
	{53413, 0, VECTOR_NETIS_REFLECTION, "Netis"},
};
const unsigned amplifier_count = sizeof(amplifiers) / sizeof(amplifiers[0]);

const char *vector_name(enum vector vector)
{
	return (unsigned)vector < VECTOR_COUNT ? names[vector] : names[VECTOR_UNKNOWN];
}

const char *sweep_vector_name(enum sweep_vector vector)
{
	return (unsigned)vector < SWEEP_COUNT ? sweep_names[vector] : sweep_names[SWEEP_UNKNOWN];
}

const struct amplifier *amplifier_find(uint16_t src_port)
{
	unsigned low = 0, high = amplifier_count;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (amplifiers[middle].port < src_port)
			low = middle + 1;
		else
			high = middle;
	}
	return low < amplifier_count && amplifiers[low].port == src_port ? &amplifiers[low] : NULL;
}
