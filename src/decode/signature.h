/*
 * Names for what the first bytes of a UDP payload are, in the direction
 * "answer of a service" where amplification matters. The decoder looks at no
 * more than SIGNATURE_LOOK_BYTES and keeps only the name.
 *
 * A signature is a hint: anybody can send these bytes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

/*
 * First payload bytes that may be looked at. DNS asks for the most: its header, a name of up to 48 bytes, and the
 * question's type behind it.
 */
#define SIGNATURE_LOOK_BYTES 64

enum signature {
	SIGNATURE_NONE = 0, /* nothing recognised, or not looked at */
	SIGNATURE_EMPTY, /* no payload at all */
	SIGNATURE_DNS_QUERY,
	SIGNATURE_DNS_RESPONSE,
	SIGNATURE_DNS_RESPONSE_ANY, /* the question's type, RFC 1035 section 3.2.3 */
	SIGNATURE_DNS_RESPONSE_TXT,
	SIGNATURE_DNS_RESPONSE_RRSIG,
	SIGNATURE_DNS_RESPONSE_DNSKEY,
	SIGNATURE_NTP, /* client or server time packet, modes 1-5 */
	SIGNATURE_NTP_CONTROL, /* mode 6 response, readvar */
	SIGNATURE_NTP_PRIVATE, /* mode 7 response, monlist */
	SIGNATURE_CHARGEN,
	SIGNATURE_TFTP,
	SIGNATURE_PORTMAP,
	SIGNATURE_NETBIOS,
	SIGNATURE_SNMP,
	SIGNATURE_XDMCP,
	SIGNATURE_CLDAP,
	SIGNATURE_SLP,
	SIGNATURE_ISAKMP,
	SIGNATURE_RIP,
	SIGNATURE_IPMI,
	SIGNATURE_OPENVPN,
	SIGNATURE_MSSQL,
	SIGNATURE_L2TP,
	SIGNATURE_SSDP,
	SIGNATURE_STUN,
	SIGNATURE_ARMS,
	SIGNATURE_WS_DISCOVERY,
	SIGNATURE_SIP,
	SIGNATURE_NAT_PMP,
	SIGNATURE_MDNS,
	SIGNATURE_COAP,
	SIGNATURE_BITTORRENT,
	SIGNATURE_UBIQUITI,
	SIGNATURE_MEMCACHED,
	SIGNATURE_GAME, /* 0xffffffff header: Source, Quake */
	SIGNATURE_DHCP,
	SIGNATURE_DVR_DHCPDISCOVER, /* JSON of Dahua recorders */
	SIGNATURE_BACNET,
	SIGNATURE_DTLS,
	SIGNATURE_QUIC_INITIAL,
	SIGNATURE_QUIC,
	SIGNATURE_VSE, /* "TSource Engine Query": Mirai's VSE flood, a request */
	SIGNATURE_RAKNET,
	SIGNATURE_TP240,
	SIGNATURE_RADIUS,
	SIGNATURE_COUNT
};

/** The name of a signature as findings and metrics write it; static text. */
const char *signature_name(enum signature signature);

/**
 * Names a UDP payload by its first bytes.
 *
 * @param bytes first bytes of the payload, borrowed
 * @param length_bytes bytes at hand, at most SIGNATURE_LOOK_BYTES are read
 * @param payload_bytes length of the payload by its headers, 0..65535
 * @param src_port UDP source port
 * @param dst_port UDP destination port
 * @return a signature, SIGNATURE_NONE when nothing fits
 */
enum signature signature_of(const uint8_t *bytes, size_t length_bytes, uint16_t payload_bytes, uint16_t src_port,
	uint16_t dst_port);
