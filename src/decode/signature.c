/*
 * Names for UDP payloads. Three steps, cheapest first, because a flood of
 * random bytes to random ports passes through all of them:
 *
 *   1. ports: a filter of 1024 bits says whether either port belongs to a
 *      known service; if so, the service's own check looks at the bytes.
 *   2. bytes that are unmistakable on any port, beginning with a fixed text:
 *      a filter over the first byte, then a table of texts.
 *   3. binary headers that are unmistakable on any port (QUIC, DTLS, STUN).
 *
 * Only answers are named where a service is known as a reflector, because a
 * request that arrives is somebody else's problem.
 */
#include "decode/signature.h"

#include <stdbool.h>
#include <string.h>

#include "decode/view.h"

static const char *const names[SIGNATURE_COUNT] = {
	[SIGNATURE_NONE] = "none",
	[SIGNATURE_EMPTY] = "empty",
	[SIGNATURE_DNS_QUERY] = "dns_query",
	[SIGNATURE_DNS_RESPONSE] = "dns_response",
	[SIGNATURE_DNS_RESPONSE_ANY] = "dns_response_any",
	[SIGNATURE_DNS_RESPONSE_TXT] = "dns_response_txt",
	[SIGNATURE_DNS_RESPONSE_RRSIG] = "dns_response_rrsig",
	[SIGNATURE_DNS_RESPONSE_DNSKEY] = "dns_response_dnskey",
	[SIGNATURE_NTP] = "ntp",
	[SIGNATURE_NTP_CONTROL] = "ntp_control",
	[SIGNATURE_NTP_PRIVATE] = "ntp_private",
	[SIGNATURE_CHARGEN] = "chargen",
	[SIGNATURE_TFTP] = "tftp",
	[SIGNATURE_PORTMAP] = "portmap",
	[SIGNATURE_NETBIOS] = "netbios",
	[SIGNATURE_SNMP] = "snmp",
	[SIGNATURE_XDMCP] = "xdmcp",
	[SIGNATURE_CLDAP] = "cldap",
	[SIGNATURE_SLP] = "slp",
	[SIGNATURE_ISAKMP] = "isakmp",
	[SIGNATURE_RIP] = "rip",
	[SIGNATURE_IPMI] = "ipmi",
	[SIGNATURE_OPENVPN] = "openvpn",
	[SIGNATURE_MSSQL] = "mssql",
	[SIGNATURE_L2TP] = "l2tp",
	[SIGNATURE_SSDP] = "ssdp",
	[SIGNATURE_STUN] = "stun",
	[SIGNATURE_ARMS] = "arms",
	[SIGNATURE_WS_DISCOVERY] = "ws_discovery",
	[SIGNATURE_SIP] = "sip",
	[SIGNATURE_NAT_PMP] = "nat_pmp",
	[SIGNATURE_MDNS] = "mdns",
	[SIGNATURE_COAP] = "coap",
	[SIGNATURE_BITTORRENT] = "bittorrent",
	[SIGNATURE_UBIQUITI] = "ubiquiti",
	[SIGNATURE_MEMCACHED] = "memcached",
	[SIGNATURE_GAME] = "game",
	[SIGNATURE_DHCP] = "dhcp",
	[SIGNATURE_DVR_DHCPDISCOVER] = "dvr_dhcpdiscover",
	[SIGNATURE_BACNET] = "bacnet",
	[SIGNATURE_DTLS] = "dtls",
	[SIGNATURE_QUIC_INITIAL] = "quic_initial",
	[SIGNATURE_QUIC] = "quic",
	[SIGNATURE_VSE] = "vse",
	[SIGNATURE_RAKNET] = "raknet",
	[SIGNATURE_TP240] = "tp240",
	[SIGNATURE_RADIUS] = "radius",
};

const char *signature_name(enum signature signature)
{
	return (unsigned)signature < SIGNATURE_COUNT ? names[signature] : names[SIGNATURE_NONE];
}

/** What there is to look at: `length` bytes at `at`, of `payload` bytes sent. */
struct look {
	const uint8_t *at;
	size_t length_bytes;
	size_t payload_bytes;
};

static bool has(struct look look, size_t length_bytes)
{
	return look.length_bytes >= length_bytes;
}

/* RFC 1035 section 4.1: 12 bytes of header, then the question: labels, type, class. */
static enum signature dns_check(struct look look, bool is_answer)
{
	if (!has(look, 12))
		return SIGNATURE_NONE;
	bool is_response = (look.at[2] & 0x80) != 0;
	unsigned opcode = look.at[2] >> 3 & 0x0f;
	unsigned questions = be16_at(look.at + 4);
	if (is_response != is_answer || opcode > 6 || questions > 1 || (look.at[3] & 0x40) != 0) /* Z must be zero */
		return SIGNATURE_NONE;
	if (!is_answer)
		return questions == 1 && be16_at(look.at + 6) == 0 ? SIGNATURE_DNS_QUERY : SIGNATURE_NONE;
	size_t i = 12;
	while (i < look.length_bytes && look.at[i] != 0 && look.at[i] < 64)
		i += 1u + look.at[i];
	if (questions == 0 || !has(look, i + 3) || look.at[i] != 0)
		return SIGNATURE_DNS_RESPONSE;
	switch (be16_at(look.at + i + 1)) {
	case 16:
		return SIGNATURE_DNS_RESPONSE_TXT;
	case 46:
		return SIGNATURE_DNS_RESPONSE_RRSIG;
	case 48:
		return SIGNATURE_DNS_RESPONSE_DNSKEY;
	case 255:
		return SIGNATURE_DNS_RESPONSE_ANY;
	default:
		return SIGNATURE_DNS_RESPONSE;
	}
}

/* RFC 6762 section 18: opcode and response code are zero. */
static enum signature mdns_check(struct look look)
{
	bool fits = has(look, 12) && (look.at[2] & 0x78) == 0 && (look.at[3] & 0x0f) == 0 && be16_at(look.at + 4) < 256 &&
		be16_at(look.at + 6) < 256;
	return fits ? SIGNATURE_MDNS : SIGNATURE_NONE;
}

/* RFC 5905 section 7.3; modes 6 (RFC 9327) and 7 (implementation specific) only as answers. */
static enum signature ntp_check(struct look look)
{
	if (!has(look, 8))
		return SIGNATURE_NONE;
	unsigned mode = look.at[0] & 0x07, version = look.at[0] >> 3 & 0x07;
	if (mode == 7)
		return (look.at[0] & 0x80) != 0 && version >= 1 && version <= 4 ? SIGNATURE_NTP_PRIVATE : SIGNATURE_NONE;
	if (mode == 6)
		return (look.at[1] & 0x80) != 0 && version >= 1 && version <= 4 ? SIGNATURE_NTP_CONTROL : SIGNATURE_NONE;
	return mode >= 1 && version >= 1 && version <= 4 && look.payload_bytes >= 48 ? SIGNATURE_NTP : SIGNATURE_NONE;
}

/* RFC 864: each printable character follows the one before; lines wrap after 72. */
static enum signature chargen_check(struct look look)
{
	size_t steps = 0;
	for (size_t i = 0; i + 1 < look.length_bytes && i < 16; i++) {
		if (look.at[i] >= 0x20 && look.at[i] < 0x7f && look.at[i + 1] == look.at[i] + 1)
			steps++;
	}
	return steps >= 8 ? SIGNATURE_CHARGEN : SIGNATURE_NONE;
}

/* RFC 1350 section 5, option acknowledgement RFC 2347. */
static enum signature tftp_check(struct look look, bool is_answer)
{
	unsigned opcode = has(look, 4) ? be16_at(look.at) : 0;
	bool fits = is_answer ? opcode >= 3 && opcode <= 6 : opcode == 1 || opcode == 2;
	return fits ? SIGNATURE_TFTP : SIGNATURE_NONE;
}

/* RFC 5531 section 9: message type 1 is a reply, which is accepted or denied. */
static enum signature portmap_check(struct look look)
{
	bool fits = has(look, 12) && be32_at(look.at + 4) == 1 && be32_at(look.at + 8) <= 1;
	return fits ? SIGNATURE_PORTMAP : SIGNATURE_NONE;
}

/* RFC 1002 section 4.2.1 (a response has the first flag set) and 4.4.1 (datagram types). */
static enum signature netbios_check(struct look look, uint16_t port)
{
	bool fits = has(look, 12) && (port == 137 ? (look.at[2] & 0x80) != 0 && be16_at(look.at + 4) == 0
			: look.at[0] >= 0x10 && look.at[0] <= 0x16);
	return fits ? SIGNATURE_NETBIOS : SIGNATURE_NONE;
}

/** The offset behind a BER sequence's tag and length (X.690 section 8.1.3), 0 if there is none. */
static size_t ber_sequence(struct look look)
{
	if (!has(look, 2) || look.at[0] != 0x30)
		return 0;
	if (look.at[1] < 0x80)
		return 2;
	size_t length_bytes = look.at[1] & 0x7fu;
	return length_bytes >= 1 && length_bytes <= 4 ? 2 + length_bytes : 0;
}

/* RFC 3416, RFC 3412 section 6: a sequence that begins with the version, 0, 1 or 3. */
static enum signature snmp_check(struct look look)
{
	size_t i = ber_sequence(look);
	bool fits = i != 0 && has(look, i + 3) && look.at[i] == 0x02 && look.at[i + 1] == 1 &&
		(look.at[i + 2] <= 1 || look.at[i + 2] == 3);
	return fits ? SIGNATURE_SNMP : SIGNATURE_NONE;
}

/* RFC 4511 section 4.1.1: message id, then searchResEntry, searchResDone or searchResRef. */
static enum signature cldap_check(struct look look)
{
	size_t i = ber_sequence(look);
	if (i == 0 || !has(look, i + 2) || look.at[i] != 0x02 || look.at[i + 1] == 0 || look.at[i + 1] > 4)
		return SIGNATURE_NONE;
	i += 2u + look.at[i + 1];
	bool fits = has(look, i + 1) && (look.at[i] == 0x64 || look.at[i] == 0x65 || look.at[i] == 0x73);
	return fits ? SIGNATURE_CLDAP : SIGNATURE_NONE;
}

/* X Display Manager Control Protocol 1.1: version 1; Willing, Unwilling, Accept, Decline, Refuse, Failed, Alive. */
static enum signature xdmcp_check(struct look look)
{
	if (!has(look, 6) || be16_at(look.at) != 1 || be16_at(look.at + 4) + 6u != look.payload_bytes)
		return SIGNATURE_NONE;
	unsigned opcode = be16_at(look.at + 2);
	return opcode >= 5 && opcode <= 14 ? SIGNATURE_XDMCP : SIGNATURE_NONE;
}

/* RFC 2608 section 8, version 1 RFC 2165: replies and advertisements. */
static enum signature slp_check(struct look look)
{
	if (!has(look, 5))
		return SIGNATURE_NONE;
	unsigned version = look.at[0], function = look.at[1];
	unsigned length = version == 2 ? (unsigned)look.at[2] << 16 | be16_at(look.at + 3) : be16_at(look.at + 2);
	bool is_reply = function == 2 || function == 5 || (function >= 7 && function <= 11 && function != 9);
	return (version == 1 || version == 2) && is_reply && length == look.payload_bytes ? SIGNATURE_SLP : SIGNATURE_NONE;
}

/* RFC 7296 section 3.1 (IKEv1: RFC 2408 section 3.1); on port 4500 behind four zero bytes (RFC 3948 section 2.2). */
static enum signature isakmp_check(struct look look, uint16_t port)
{
	size_t marker_bytes = port == 4500 ? 4 : 0;
	if (!has(look, marker_bytes + 28) || (marker_bytes != 0 && be32_at(look.at) != 0))
		return SIGNATURE_NONE;
	const uint8_t *header = look.at + marker_bytes;
	uint32_t length = be32_at(header + 24);
	bool is_version = header[17] == 0x10 || header[17] == 0x20;
	return is_version && length >= 28 && length <= 65535 ? SIGNATURE_ISAKMP : SIGNATURE_NONE;
}

/* RFC 2453 section 4: response, version 1 or 2, unused bytes zero. */
static enum signature rip_check(struct look look)
{
	bool fits = has(look, 4) && look.at[0] == 2 && (look.at[1] == 1 || look.at[1] == 2) && be16_at(look.at + 2) == 0;
	return fits ? SIGNATURE_RIP : SIGNATURE_NONE;
}

/* IPMI 2.0 section 13.1.3: RMCP version 6, class ASF or IPMI. */
static enum signature ipmi_check(struct look look)
{
	bool fits = has(look, 4) && look.at[0] == 6 && look.at[1] == 0 && (look.at[3] == 6 || look.at[3] == 7);
	return fits ? SIGNATURE_IPMI : SIGNATURE_NONE;
}

/* OpenVPN network protocol: opcode in five bits, key id in three, which is 0 while a session begins. */
static enum signature openvpn_check(struct look look)
{
	unsigned opcode = look.at[0] >> 3;
	bool fits = has(look, 9) && (look.at[0] & 0x07) == 0 && opcode >= 3 && opcode <= 10;
	return fits ? SIGNATURE_OPENVPN : SIGNATURE_NONE;
}

/* [MC-SQLR] section 2.2.5: 0x05, then the length, little endian. */
static enum signature mssql_check(struct look look)
{
	bool fits = has(look, 3) && look.at[0] == 5 && (look.at[1] | (size_t)look.at[2] << 8) + 3 == look.payload_bytes;
	return fits ? SIGNATURE_MSSQL : SIGNATURE_NONE;
}

/* RFC 2661 section 3.1: version 2, reserved bits zero; control messages carry their length. */
static enum signature l2tp_check(struct look look)
{
	if (!has(look, 6) || look.at[1] != 2 || (look.at[0] & 0x34) != 0)
		return SIGNATURE_NONE;
	bool has_length = (look.at[0] & 0x40) != 0, is_control = (look.at[0] & 0x80) != 0;
	if (has_length ? be16_at(look.at + 2) != look.payload_bytes : is_control)
		return SIGNATURE_NONE;
	return SIGNATURE_L2TP;
}

/* Not published: the answer to a status request is about 1000 bytes and begins with a zero. */
static enum signature arms_check(struct look look)
{
	return has(look, 1) && look.at[0] == 0 && look.payload_bytes >= 900 ? SIGNATURE_ARMS : SIGNATURE_NONE;
}

/* RFC 6886 section 3 (version 0), RFC 6887 section 7 (version 2): answers have the opcode's first bit set. */
static enum signature nat_pmp_check(struct look look)
{
	bool fits = has(look, 8) && (look.at[0] == 0 || look.at[0] == 2) && (look.at[1] & 0x80) != 0;
	return fits ? SIGNATURE_NAT_PMP : SIGNATURE_NONE;
}

/* RFC 7252 section 3: version 1, token of at most 8 bytes; answers have code class 2, 4 or 5. */
static enum signature coap_check(struct look look)
{
	if (!has(look, 4) || look.at[0] >> 6 != 1 || (look.at[0] & 0x0f) > 8)
		return SIGNATURE_NONE;
	unsigned class = look.at[1] >> 5;
	return class == 2 || class == 4 || class == 5 ? SIGNATURE_COAP : SIGNATURE_NONE;
}

/* BEP 29: type and version 1, extension, connection. */
static enum signature utp_check(struct look look)
{
	bool fits = has(look, 20) && (look.at[0] & 0x0f) == 1 && look.at[0] >> 4 <= 4 && look.at[1] <= 3;
	return fits ? SIGNATURE_BITTORRENT : SIGNATURE_NONE;
}

/* Not published: version 1 or 2, command, length of the rest. */
static enum signature ubiquiti_check(struct look look)
{
	bool fits = has(look, 5) && (look.at[0] == 1 || look.at[0] == 2) && be16_at(look.at + 2) + 4u == look.payload_bytes;
	return fits ? SIGNATURE_UBIQUITI : SIGNATURE_NONE;
}

/* memcached's protocol.txt, "UDP protocol": request id, datagram's number, how many, zero. */
static enum signature memcached_check(struct look look)
{
	bool fits = has(look, 9) && be16_at(look.at + 4) >= 1 && be16_at(look.at + 2) < be16_at(look.at + 4) &&
		be16_at(look.at + 6) == 0;
	return fits ? SIGNATURE_MEMCACHED : SIGNATURE_NONE;
}

/* RFC 2131 section 2: operation, Ethernet, address of six bytes, hops. */
static enum signature dhcp_check(struct look look)
{
	bool fits = has(look, 4) && (look.at[0] == 1 || look.at[0] == 2) && look.at[1] == 1 && look.at[2] == 6 &&
		look.payload_bytes >= 240;
	return fits ? SIGNATURE_DHCP : SIGNATURE_NONE;
}

/* Not published: 32 bytes of header with "DHIP" in it, then JSON; older devices send the JSON alone. */
static enum signature dvr_check(struct look look)
{
	bool fits = has(look, 8) && (memcmp(look.at + 4, "DHIP", 4) == 0 || look.at[0] == '{');
	return fits ? SIGNATURE_DVR_DHCPDISCOVER : SIGNATURE_NONE;
}

/* ANSI/ASHRAE 135 annex J.2: BVLC type 0x81, function, length of all. */
static enum signature bacnet_check(struct look look)
{
	bool fits = has(look, 4) && look.at[0] == 0x81 && look.at[1] <= 0x0c && be16_at(look.at + 2) == look.payload_bytes;
	return fits ? SIGNATURE_BACNET : SIGNATURE_NONE;
}

/* CVE-2022-26143: the test facility of the PBX gateway reports its calls in text. */
static enum signature tp240_check(struct look look)
{
	return has(look, 5) && memcmp(look.at, "call", 4) == 0 ? SIGNATURE_TP240 : SIGNATURE_NONE;
}

/* RFC 2865 section 3, RFC 2866, RFC 5176: code, identifier, length of all. */
static enum signature radius_check(struct look look)
{
	if (!has(look, 20) || be16_at(look.at + 2) != look.payload_bytes || look.payload_bytes > 4096)
		return SIGNATURE_NONE;
	unsigned code = look.at[0];
	bool fits = (code >= 1 && code <= 5) || (code >= 11 && code <= 13) || (code >= 40 && code <= 45);
	return fits ? SIGNATURE_RADIUS : SIGNATURE_NONE;
}

/* RFC 3489 section 11.1: STUN before it had a magic cookie, so only on its port. */
static enum signature stun_classic_check(struct look look)
{
	bool fits = has(look, 20) && (be16_at(look.at) & 0xfeec) == 0 && be16_at(look.at + 2) + 20u == look.payload_bytes;
	return fits ? SIGNATURE_STUN : SIGNATURE_NONE;
}

static enum signature ws_discovery_check(struct look look)
{
	return has(look, 5) && look.at[0] == '<' ? SIGNATURE_WS_DISCOVERY : SIGNATURE_NONE;
}

/* Ports that any check below asks for. */
#define PORT_LIST(X, word) \
	X(19, word) | X(53, word) | X(67, word) | X(68, word) | X(69, word) | X(111, word) | X(123, word) | X(137, word) | \
	X(138, word) | X(161, word) | X(177, word) | X(389, word) | X(427, word) | X(500, word) | X(520, word) | \
	X(623, word) | X(1194, word) | X(1434, word) | X(1645, word) | X(1646, word) | X(1701, word) | X(1812, word) | \
	X(1813, word) | X(3283, word) | X(3478, word) | X(3702, word) | X(4500, word) | X(5351, word) | X(5353, word) | \
	X(5683, word) | X(6881, word) | X(10001, word) | X(10074, word) | X(11211, word) | X(37810, word) | X(47808, word)
#define PORT_BIT(port, word) ((port) % 1024 / 64 == (word) ? UINT64_C(1) << (port) % 64 : 0)
#define PORT_WORD(word) PORT_LIST(PORT_BIT, word)

static bool port_may_be_known(uint16_t port)
{
	static const uint64_t filter[16] = {
		PORT_WORD(0), PORT_WORD(1), PORT_WORD(2), PORT_WORD(3), PORT_WORD(4), PORT_WORD(5), PORT_WORD(6), PORT_WORD(7),
		PORT_WORD(8), PORT_WORD(9), PORT_WORD(10), PORT_WORD(11), PORT_WORD(12), PORT_WORD(13), PORT_WORD(14),
		PORT_WORD(15),
	};
	return (filter[port % 1024 / 64] >> port % 64 & 1) != 0;
}

/** Services whose answers alone are named: by source port. */
static enum signature answer_check(struct look look, uint16_t src_port)
{
	switch (src_port) {
	case 19:
		return chargen_check(look);
	case 53:
		return dns_check(look, true);
	case 69:
		return tftp_check(look, true);
	case 111:
		return portmap_check(look);
	case 137:
	case 138:
		return netbios_check(look, src_port);
	case 161:
		return snmp_check(look);
	case 177:
		return xdmcp_check(look);
	case 389:
		return cldap_check(look);
	case 427:
		return slp_check(look);
	case 520:
		return rip_check(look);
	case 623:
		return ipmi_check(look);
	case 1434:
		return mssql_check(look);
	case 3283:
		return arms_check(look);
	case 5351:
		return nat_pmp_check(look);
	case 5683:
		return coap_check(look);
	case 10001:
		return ubiquiti_check(look);
	case 10074:
		return tp240_check(look);
	case 11211:
		return memcached_check(look);
	case 37810:
		return dvr_check(look);
	default:
		return SIGNATURE_NONE;
	}
}

/** Services that are named in both directions: by either port. */
static enum signature service_check(struct look look, uint16_t port)
{
	switch (port) {
	case 67:
	case 68:
		return dhcp_check(look);
	case 123:
		return ntp_check(look);
	case 500:
	case 4500:
		return isakmp_check(look, port);
	case 1194:
		return openvpn_check(look);
	case 1645:
	case 1646:
	case 1812:
	case 1813:
		return radius_check(look);
	case 1701:
		return l2tp_check(look);
	case 3478:
		return stun_classic_check(look);
	case 3702:
		return ws_discovery_check(look);
	case 5353:
		return mdns_check(look);
	case 6881:
		return utp_check(look);
	case 47808:
		return bacnet_check(look);
	default:
		return SIGNATURE_NONE;
	}
}

static enum signature port_check(struct look look, uint16_t src_port, uint16_t dst_port)
{
	enum signature found = answer_check(look, src_port);
	if (found == SIGNATURE_NONE)
		found = service_check(look, src_port);
	if (found == SIGNATURE_NONE)
		found = service_check(look, dst_port);
	if (found == SIGNATURE_NONE && dst_port == 53)
		found = dns_check(look, false);
	if (found == SIGNATURE_NONE && dst_port == 69)
		found = tftp_check(look, false);
	return found;
}

/* Texts that begin a payload and are enough to name it on any port; the first that fits counts. */
static const struct {
	enum signature signature;
	uint8_t length_bytes;
	const char *text;
} texts[] = {
	{SIGNATURE_VSE, 24, "\xff\xff\xff\xffTSource Engine Query"}, /* A2S_INFO, developer.valvesoftware.com */
	{SIGNATURE_SSDP, 15, "HTTP/1.1 200 OK"}, /* UPnP Device Architecture 2.0 section 1 */
	{SIGNATURE_SSDP, 15, "HTTP/1.0 200 OK"},
	{SIGNATURE_SSDP, 15, "NOTIFY * HTTP/1"},
	{SIGNATURE_SSDP, 17, "M-SEARCH * HTTP/1"},
	{SIGNATURE_SIP, 8, "SIP/2.0 "}, /* RFC 3261 section 7 */
	{SIGNATURE_SIP, 12, "OPTIONS sip:"},
	{SIGNATURE_SIP, 11, "INVITE sip:"},
	{SIGNATURE_SIP, 13, "REGISTER sip:"},
	{SIGNATURE_SIP, 8, "ACK sip:"},
	{SIGNATURE_SIP, 8, "BYE sip:"},
	{SIGNATURE_SIP, 11, "CANCEL sip:"},
	{SIGNATURE_SIP, 11, "NOTIFY sip:"},
	{SIGNATURE_SIP, 14, "SUBSCRIBE sip:"},
	{SIGNATURE_SIP, 12, "MESSAGE sip:"},
	{SIGNATURE_BITTORRENT, 12, "d1:ad2:id20:"}, /* BEP 5 */
	{SIGNATURE_BITTORRENT, 12, "d1:rd2:id20:"},
	{SIGNATURE_BITTORRENT, 6, "d1:eli"},
	{SIGNATURE_BITTORRENT, 20, "\x13" "BitTorrent protocol"},
	{SIGNATURE_WS_DISCOVERY, 11, "<s:Envelope"},
	{SIGNATURE_WS_DISCOVERY, 14, "<soap:Envelope"},
	{SIGNATURE_WS_DISCOVERY, 10, "<SOAP-ENV:"},
};

static enum signature text_check(struct look look)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (has(look, texts[i].length_bytes) && memcmp(look.at, texts[i].text, texts[i].length_bytes) == 0)
			return texts[i].signature;
	}
	return SIGNATURE_NONE;
}

/* WS-Discovery answers may come from any port: a SOAP envelope behind an XML declaration. */
static enum signature xml_check(struct look look)
{
	static const char envelope[] = ":Envelope";
	if (!has(look, 5) || memcmp(look.at, "<?xml", 5) != 0)
		return SIGNATURE_NONE;
	bool has_envelope = memmem(look.at, look.length_bytes, envelope, sizeof(envelope) - 1) != NULL;
	return has_envelope ? SIGNATURE_WS_DISCOVERY : SIGNATURE_NONE;
}

/* RakNet's offline messages carry a magic number behind an id, and some a time and a GUID before it. */
static enum signature raknet_check(struct look look)
{
	static const uint8_t magic[16] = {0x00, 0xff, 0xff, 0x00, 0xfe, 0xfe, 0xfe, 0xfe, 0xfd, 0xfd, 0xfd, 0xfd, 0x12, 0x34,
		0x56, 0x78};
	uint8_t id = look.at[0];
	size_t offset_bytes = id == 0x01 || id == 0x02 ? 9 : id == 0x1c ? 17 : 1;
	bool fits = has(look, offset_bytes + sizeof(magic)) && memcmp(look.at + offset_bytes, magic, sizeof(magic)) == 0;
	return fits ? SIGNATURE_RAKNET : SIGNATURE_NONE;
}

/* RFC 8489 section 5: two zero bits, length in words, magic cookie. */
static enum signature stun_check(struct look look)
{
	bool fits = has(look, 20) && look.at[0] < 0x40 && (be16_at(look.at + 2) & 3) == 0 &&
		be32_at(look.at + 4) == 0x2112a442;
	return fits ? SIGNATURE_STUN : SIGNATURE_NONE;
}

/* RFC 6347 section 4.1: content type, version 1.0 or 1.2, epoch, sequence, length. */
static enum signature dtls_check(struct look look)
{
	bool fits = has(look, 13) && look.at[0] >= 20 && look.at[0] <= 23 && look.at[1] == 0xfe &&
		(look.at[2] == 0xff || look.at[2] == 0xfd) && be16_at(look.at + 11) + 13u <= look.payload_bytes;
	return fits ? SIGNATURE_DTLS : SIGNATURE_NONE;
}

/* RFC 9000 section 17.2 (version 2: RFC 9369 section 3.2): long headers only; short ones look like anything. */
static enum signature quic_check(struct look look)
{
	if (!has(look, 7) || look.at[0] < 0xc0 || look.at[5] > 20)
		return SIGNATURE_NONE;
	uint32_t version = be32_at(look.at + 1);
	bool is_v2 = version == 0x6b3343cf;
	bool is_known = is_v2 || version == 1 || version >> 8 == 0xff0000 || version >> 8 == 0xfaceb0 ||
		(version >> 16 == 0x5130 && (version & 0xffff) >= 0x3436); /* "Q046" and later drafts of Google's */
	if (!is_known)
		return SIGNATURE_NONE;
	unsigned type = look.at[0] >> 4 & 0x03;
	return type == (is_v2 ? 1u : 0u) ? SIGNATURE_QUIC_INITIAL : SIGNATURE_QUIC;
}

/* Quake's and Valve's connectionless packets: four bytes of ones, then a letter; RDP over UDP has a zero there. */
static enum signature game_check(struct look look)
{
	bool fits = has(look, 5) && be32_at(look.at) == 0xffffffff && look.at[4] > 0x20 && look.at[4] < 0x7f;
	if (!fits)
		return SIGNATURE_NONE;
	enum signature found = text_check(look); /* the one question that is a known flood */
	return found != SIGNATURE_NONE ? found : SIGNATURE_GAME;
}

enum first_byte {
	BEGINS_NOTHING = 0,
	BEGINS_TEXT,
	BEGINS_GAME,
	BEGINS_XML,
	BEGINS_RAKNET,
	BEGINS_DTLS,
};

/** By the first byte, the check that may name the payload; most bytes begin nothing. */
static const uint8_t beginnings[256] = {
	[0xff] = BEGINS_GAME, ['H'] = BEGINS_TEXT, ['N'] = BEGINS_TEXT, ['M'] = BEGINS_TEXT, ['S'] = BEGINS_TEXT,
	['O'] = BEGINS_TEXT, ['I'] = BEGINS_TEXT, ['R'] = BEGINS_TEXT, ['A'] = BEGINS_TEXT, ['B'] = BEGINS_TEXT,
	['C'] = BEGINS_TEXT, ['d'] = BEGINS_TEXT, [0x13] = BEGINS_TEXT, ['<'] = BEGINS_XML,
	[0x01] = BEGINS_RAKNET, [0x02] = BEGINS_RAKNET, [0x05] = BEGINS_RAKNET, [0x06] = BEGINS_RAKNET,
	[0x07] = BEGINS_RAKNET, [0x08] = BEGINS_RAKNET, [0x1c] = BEGINS_RAKNET,
	[0x14] = BEGINS_DTLS, [0x15] = BEGINS_DTLS, [0x16] = BEGINS_DTLS, [0x17] = BEGINS_DTLS,
};

static enum signature any_port_check(struct look look)
{
	enum signature found = SIGNATURE_NONE;
	enum first_byte beginning = (enum first_byte)beginnings[look.at[0]];
	switch (beginning) {
	case BEGINS_NOTHING:
		break;
	case BEGINS_XML:
		found = xml_check(look);
		if (found != SIGNATURE_NONE)
			break;
		__attribute__((fallthrough));
	case BEGINS_TEXT:
		found = text_check(look);
		break;
	case BEGINS_GAME:
		found = game_check(look);
		break;
	case BEGINS_RAKNET:
		found = raknet_check(look);
		break;
	case BEGINS_DTLS:
		found = dtls_check(look);
		break;
	}
	if (found == SIGNATURE_NONE)
		found = stun_check(look);
	return found != SIGNATURE_NONE ? found : quic_check(look);
}

enum signature signature_of(const uint8_t *bytes, size_t length_bytes, uint16_t payload_bytes, uint16_t src_port,
	uint16_t dst_port)
{
	if (payload_bytes == 0)
		return SIGNATURE_EMPTY;
	if (length_bytes == 0)
		return SIGNATURE_NONE;
	struct look look = {
		.at = bytes,
		.length_bytes = length_bytes < SIGNATURE_LOOK_BYTES ? length_bytes : SIGNATURE_LOOK_BYTES,
		.payload_bytes = payload_bytes,
	};
	if (port_may_be_known(src_port) || port_may_be_known(dst_port)) {
		enum signature found = port_check(look, src_port, dst_port);
		if (found != SIGNATURE_NONE)
			return found;
	}
	return any_port_check(look);
}
