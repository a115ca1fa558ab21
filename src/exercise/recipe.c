/*
 * The table of attack vectors. Payload prefixes are what the service really
 * answers first (US-CERT TA14-017A and the services' own specifications);
 * lengths are those seen in attacks. What is above the MTU is sent as
 * fragments. The file is a table; it is exempt from the length rule.
 */
#include "exercise/recipe.h"

#include <stddef.h>
#include <string.h>

#include "core/units.h"
#include "decode/observation.h"
#include "exercise/frame.h"

#define PREFIX(text) .prefix = (text), .prefix_bytes = sizeof(text) - 1
#define LENGTH(min, max) .payload_min_bytes = (min), .payload_max_bytes = (max)
#define TCP(bits) .protocol = PROTOCOL_TCP, .tcp_flags = (bits)
/* A UDP service that answers from its port. */
#define REFLECTION(port, min, max) .protocol = PROTOCOL_UDP, .sources = RECIPE_SOURCES_AMPLIFIERS, \
	.src_port = (port), LENGTH(min, max)
/* UDP sent by bots to a port. */
#define DIRECT(port, min, max) .protocol = PROTOCOL_UDP, .sources = RECIPE_SOURCES_BOTNET, .dst_port = (port), \
	LENGTH(min, max)

#define FLAGS_SYN "\x02"
#define FLAGS_ACK "\x10"
#define FLAGS_PSH_ACK "\x18"

const struct recipe recipes[] = {
	/* TCP, sent by the attacker. */
	{VECTOR_SYN_FLOOD, .sources = RECIPE_SOURCES_SPOOFED, TCP(FLAGS_SYN), .dst_port = 443},
	{VECTOR_SYN_PAYLOAD_FLOOD, .sources = RECIPE_SOURCES_SPOOFED, TCP(FLAGS_SYN), .dst_port = 443, LENGTH(800, 1000)},
	{VECTOR_SYN_ECE_CWR_FLOOD, .sources = RECIPE_SOURCES_SPOOFED, TCP("\xc2"), .dst_port = 80,
		.tcp_options = TCP_OPTION_SET_MSS},
	{VECTOR_ACK_FLOOD, .sources = RECIPE_SOURCES_BOTNET, TCP(FLAGS_ACK), .dst_port = 443},
	{VECTOR_PSH_ACK_FLOOD, .sources = RECIPE_SOURCES_BOTNET, TCP(FLAGS_PSH_ACK), .dst_port = 443, LENGTH(200, 900)},
	{VECTOR_STOMP_FLOOD, .shape = RECIPE_SESSION_STOMP, .sources = RECIPE_SOURCES_BOTNET, TCP(FLAGS_PSH_ACK),
		.dst_port = 443, LENGTH(768, 768)},
	{VECTOR_RST_FLOOD, .sources = RECIPE_SOURCES_SPOOFED, TCP("\x04"), .dst_port = 443},
	{VECTOR_FIN_FLOOD, .sources = RECIPE_SOURCES_SPOOFED, TCP("\x01"), .dst_port = 443},
	{VECTOR_NULL_FLOOD, .sources = RECIPE_SOURCES_SPOOFED, .protocol = PROTOCOL_TCP, .tcp_flags = NULL, .dst_port = 443},
	{VECTOR_XMAS_FLOOD, .sources = RECIPE_SOURCES_SPOOFED, TCP("\x29"), .dst_port = 443},
	{VECTOR_TCP_ALL_FLAGS_FLOOD, .sources = RECIPE_SOURCES_SPOOFED, TCP("\x3f"), .dst_port = 443},
	{VECTOR_TCP_BAD_FLAGS_FLOOD, .sources = RECIPE_SOURCES_SPOOFED, TCP("\x03\x06\x07\x0b"), .dst_port = 443},
	{VECTOR_URG_FLOOD, .sources = RECIPE_SOURCES_BOTNET, TCP("\x20"), .dst_port = 443},
	{VECTOR_CONNECTION_FLOOD, .shape = RECIPE_SESSION_CONNECT, .sources = RECIPE_SOURCES_BOTNET, TCP(FLAGS_SYN),
		.dst_port = 443},
	{VECTOR_REQUEST_FLOOD, .shape = RECIPE_SESSION_REQUEST, .sources = RECIPE_SOURCES_BOTNET, TCP(FLAGS_PSH_ACK),
		.dst_port = 443, LENGTH(180, 420)},
	{VECTOR_LAND_ATTACK, .sources = RECIPE_SOURCES_VICTIM, TCP(FLAGS_SYN), .src_port = 139, .dst_port = 139},
	/* TCP, answers of others. */
	{VECTOR_SYNACK_REFLECTION, .sources = RECIPE_SOURCES_AMPLIFIERS, TCP("\x12"), .src_port = 443,
		.tcp_options = TCP_OPTION_SET_MSS, .tcp_window = 29200},
	{VECTOR_MIDDLEBOX_REFLECTION, .sources = RECIPE_SOURCES_AMPLIFIERS, TCP("\x18\x18\x18\x14"), .src_port = 80,
		.tcp_window = 8192, LENGTH(600, 1300), PREFIX("HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\n"),
		.fill = RECIPE_FILL_LETTERS},
	/* UDP, sent by the attacker. */
	{VECTOR_UDP_FLOOD, DIRECT(0, 40, 1400)},
	{VECTOR_UDP_FIXED_LENGTH_FLOOD, DIRECT(0, 512, 512)},
	{VECTOR_UDP_EMPTY_FLOOD, DIRECT(0, 0, 0)},
	{VECTOR_DNS_QUERY_FLOOD, DIRECT(53, 38, 38), .tag_at = 1, .label_at = 13,
		PREFIX("\0\0\1\0\0\1\0\0\0\0\0\0\x08" "abcdefgh" "\7example" "\3org\0" "\0\1\0\1")},
	{VECTOR_VSE_FLOOD, DIRECT(27015, 25, 25), PREFIX("\xff\xff\xff\xffTSource Engine Query\0")},
	{VECTOR_RAKNET_FLOOD, DIRECT(19132, 33, 33),
		PREFIX("\1\0\0\0\0\0\x12\x34\x56\0\xff\xff\0\xfe\xfe\xfe\xfe\xfd\xfd\xfd\xfd\x12\x34\x56\x78")},
	{VECTOR_SIP_FLOOD, DIRECT(5060, 380, 520), .fill = RECIPE_FILL_LETTERS,
		PREFIX("INVITE sip:100@203.0.113.10 SIP/2.0\r\nVia: SIP/2.0/UDP ")},
	{VECTOR_QUIC_FLOOD, DIRECT(443, 1200, 1200), PREFIX("\xc3\0\0\0\1\x08" "\1\2\3\4\5\6\7\x08" "\0\0\x44\x96")},
	{VECTOR_DTLS_FLOOD, DIRECT(443, 180, 220),
		PREFIX("\x16\xfe\xff\0\0\0\0\0\0\0\0\0\xa0\1\0\0\x94\0\0\0\0\0\0\0\x94\xfe\xfd")},
	{VECTOR_RADIUS_FLOOD, DIRECT(1812, 72, 72), PREFIX("\1\7\0\x48")},
	{VECTOR_NTP_FLOOD, DIRECT(123, 48, 48), .fill = RECIPE_FILL_ZERO, PREFIX("\x23\0\6\xec\0\0\0\0")},
	{VECTOR_DHCP_FLOOD, DIRECT(67, 300, 300), .src_port = 68, .tag_at = 5, .fill = RECIPE_FILL_ZERO,
		.family = RECIPE_V4_ONLY, PREFIX("\1\1\6\0\0\0\x12\x34\0\0\x80\0")},
	{VECTOR_VPN_FLOOD, DIRECT(1194, 54, 54), PREFIX("\x38")},
	/* Other protocols. */
	{VECTOR_FRAGMENT_FLOOD, .shape = RECIPE_FRAGMENTS_LATER, .sources = RECIPE_SOURCES_BOTNET,
		.protocol = PROTOCOL_UDP, LENGTH(1400, 1440)},
	{VECTOR_ICMP_ECHO_FLOOD, .sources = RECIPE_SOURCES_BOTNET, .protocol = PROTOCOL_ICMP, .icmp_type = 8,
		.icmp6_type = 128, LENGTH(60, 1000)},
	{VECTOR_ICMP_ECHO_REPLY_FLOOD, .sources = RECIPE_SOURCES_AMPLIFIERS, .protocol = PROTOCOL_ICMP, .icmp_type = 0,
		.icmp6_type = 129, LENGTH(60, 60)},
	{VECTOR_ICMP_UNREACHABLE_FLOOD, .shape = RECIPE_ICMP_QUOTE, .sources = RECIPE_SOURCES_BOTNET,
		.protocol = PROTOCOL_ICMP, .icmp_type = 3, .icmp_code = 3, .icmp6_type = 1, .icmp6_code = 4},
	{VECTOR_ICMP_TIME_EXCEEDED_FLOOD, .shape = RECIPE_ICMP_QUOTE, .sources = RECIPE_SOURCES_BOTNET,
		.protocol = PROTOCOL_ICMP, .icmp_type = 11, .icmp6_type = 3},
	{VECTOR_ICMP_FLOOD, .sources = RECIPE_SOURCES_SPOOFED, .protocol = PROTOCOL_ICMP, .icmp_type = 13,
		.icmp6_type = 139, LENGTH(16, 16)},
	{VECTOR_ICMPV6_NEIGHBOR_FLOOD, .family = RECIPE_V6_ONLY, .sources = RECIPE_SOURCES_LINK_LOCAL,
		.protocol = PROTOCOL_ICMP, .icmp6_type = 135, LENGTH(28, 28),
		PREFIX("\0\0\0\0\x20\1\x0d\xb8\1\x13\0\0\0\0\0\0\0\0\0\x0a\1\1\2")},
	{VECTOR_ICMPV6_ROUTER_ADVERTISEMENT_FLOOD, .family = RECIPE_V6_ONLY, .sources = RECIPE_SOURCES_LINK_LOCAL,
		.protocol = PROTOCOL_ICMP, .icmp6_type = 134, LENGTH(44, 44), .fill = RECIPE_FILL_ZERO,
		PREFIX("\x40\0\7\x08\0\0\0\0\0\0\0\0\3\4\x40\xc0\0\1\x51\x80\0\0\x38\x40\0\0\0\0\x20\1\x0d\xb8\0\xbd")},
	{VECTOR_GRE_FLOOD, .shape = RECIPE_TUNNEL, .sources = RECIPE_SOURCES_BOTNET, .protocol = PROTOCOL_GRE,
		LENGTH(544, 544), PREFIX("\0\0\x08\0")},
	{VECTOR_ESP_FLOOD, .sources = RECIPE_SOURCES_BOTNET, .protocol = PROTOCOL_ESP, LENGTH(100, 600)},
	{VECTOR_AH_FLOOD, .sources = RECIPE_SOURCES_BOTNET, .protocol = PROTOCOL_AH, LENGTH(120, 120),
		PREFIX("\x3b\4\0\0\0\0\1\0\0\0\0\1")},
	{VECTOR_IGMP_FLOOD, .family = RECIPE_V4_ONLY, .sources = RECIPE_SOURCES_SPOOFED, .protocol = PROTOCOL_IGMP,
		LENGTH(8, 8), PREFIX("\x11\x64\xee\x9b\0\0\0\0")},
	{VECTOR_SCTP_FLOOD, .sources = RECIPE_SOURCES_SPOOFED, .protocol = PROTOCOL_SCTP, LENGTH(32, 32),
		PREFIX("\x27\x0f\x0b\x59\0\0\0\0\0\0\0\0\1\0\0\x14")},
	{VECTOR_IP_IN_IP_FLOOD, .shape = RECIPE_TUNNEL, .sources = RECIPE_SOURCES_BOTNET, .protocol = PROTOCOL_IPV4,
		LENGTH(128, 540)},
	{VECTOR_RANDOM_PROTOCOL_FLOOD, .shape = RECIPE_RANDOM_PROTOCOL, .sources = RECIPE_SOURCES_SPOOFED, LENGTH(20, 400)},
	{VECTOR_OTHER_PROTOCOL_FLOOD, .sources = RECIPE_SOURCES_SPOOFED, .protocol = 253, LENGTH(200, 400)},
	{VECTOR_IPV6_EXTENSION_FLOOD, .family = RECIPE_V6_ONLY, .shape = RECIPE_EXTENSIONS,
		.sources = RECIPE_SOURCES_SPOOFED, .protocol = PROTOCOL_IPV6_NONXT},
	/* UDP, answers of others. */
	{VECTOR_ECHO_REFLECTION, REFLECTION(7, 64, 512)},
	{VECTOR_QOTD_REFLECTION, REFLECTION(17, 60, 400), .fill = RECIPE_FILL_LETTERS, PREFIX("\"")},
	{VECTOR_CHARGEN_REFLECTION, REFLECTION(19, 1022, 1022), .fill = RECIPE_FILL_LETTERS,
		PREFIX(" !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg\r\n")},
	{VECTOR_DNS_REFLECTION, REFLECTION(53, 3000, 4050), .tag_at = 1,
		PREFIX("\0\0\x84\x00\0\1\0\x1e\0\0\0\1\7example\3org\0\0\xff\0\1")},
	{VECTOR_TFTP_REFLECTION, REFLECTION(69, 516, 516), .fill = RECIPE_FILL_LETTERS, PREFIX("\0\3\0\1")},
	{VECTOR_PORTMAP_REFLECTION, REFLECTION(111, 486, 486), .tag_at = 1,
		PREFIX("\0\0\x12\x34\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\1\x86\xa0\0\0\0\4")},
	{VECTOR_NTP_REFLECTION, REFLECTION(123, 440, 440), PREFIX("\xd7\0\3\x2a\0\6\0\x48")},
	{VECTOR_NETBIOS_REFLECTION, .family = RECIPE_V4_ONLY, REFLECTION(137, 157, 229), .tag_at = 1, .fill = RECIPE_FILL_LETTERS,
		PREFIX("\0\0\x84\0\0\0\0\1\0\0\0\0\x20" "CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" "\0\0\x21\0\1\0\0\0\0\0\x65")},
	{VECTOR_SNMP_REFLECTION, REFLECTION(161, 1100, 2400),
		PREFIX("\x30\x82\4\x2c\2\1\1\4\6public\xa2\x82\4\x1d\2\4\x12\x34\x56\x78\2\1\0\2\1\0\x30\x82\4\x0d")},
	{VECTOR_XDMCP_REFLECTION, REFLECTION(177, 48, 48), .fill = RECIPE_FILL_LETTERS, PREFIX("\0\1\0\5\0\x2a\0\0\0\x0a")},
	{VECTOR_CLDAP_REFLECTION, REFLECTION(389, 2700, 3100),
		PREFIX("\x30\x84\0\0\x0b\xb0\2\1\7\x64\x84\0\0\x0b\xa7\4\0\x30\x84\0\0\x0b\x9f\x30\x84\0\0\0\x26\4\x0b" "currentTime")},
	{VECTOR_SLP_REFLECTION, REFLECTION(427, 350, 1350), .fill = RECIPE_FILL_LETTERS,
		PREFIX("\2\7\0\1\x5e\0\0\0\0\0\x12\x34\0\2en\0\0\1\x4c")},
	{VECTOR_ISAKMP_REFLECTION, REFLECTION(500, 204, 204), .tag_at = 1,
		PREFIX("\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff\1\1\x10\2\0\0\0\0\0\0\0\0\xcc\0\0\0\xb0")},
	{VECTOR_RIP_REFLECTION, .family = RECIPE_V4_ONLY, REFLECTION(520, 504, 504), .fill = RECIPE_FILL_ZERO,
		PREFIX("\2\1\0\0\0\2\0\0\x0a\1\2\0\0\0\0\0\0\0\0\0\0\0\0\1")},
	{VECTOR_IPMI_REFLECTION, REFLECTION(623, 30, 30), PREFIX("\6\0\xff\7\0\0\0\0\0\0\0\0\0\x10\x81\x1c\x63\x20\0\x38\0")},
	{VECTOR_OPENVPN_REFLECTION, REFLECTION(1194, 26, 54), PREFIX("\x40")},
	{VECTOR_MSSQL_REFLECTION, REFLECTION(1434, 150, 540), .fill = RECIPE_FILL_LETTERS,
		PREFIX("\5\x8d\0ServerName;DB01;InstanceName;MSSQLSERVER;IsClustered;No;Version;")},
	{VECTOR_L2TP_REFLECTION, REFLECTION(1701, 110, 110), PREFIX("\xc8\2\0\x6e\0\1\0\0\0\0\0\1\x80\x08\0\0\0\0\0\2")},
	{VECTOR_SSDP_REFLECTION, REFLECTION(1900, 250, 340), .fill = RECIPE_FILL_LETTERS,
		PREFIX("HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nST: upnp:rootdevice\r\n")},
	{VECTOR_PLEX_REFLECTION, REFLECTION(32414, 250, 300), .fill = RECIPE_FILL_LETTERS,
		PREFIX("HTTP/1.0 200 OK\r\nContent-Type: plex/media-server\r\n")},
	{VECTOR_DIGI_ADDP_REFLECTION, REFLECTION(2362, 126, 126), PREFIX("DIGI\0\2\0\x76\1\6")},
	{VECTOR_STUN_REFLECTION, REFLECTION(3478, 88, 88), PREFIX("\1\1\0\x44\x21\x12\xa4\x42")},
	{VECTOR_ARMS_REFLECTION, REFLECTION(3283, 1006, 1006), PREFIX("\0\1\3\xea\0\1\0\0")},
	{VECTOR_RDP_REFLECTION, REFLECTION(3389, 1232, 1232), PREFIX("\xff\xff\xff\xff\0\x40\0\5"), .fill = RECIPE_FILL_ZERO},
	{VECTOR_WS_DISCOVERY_REFLECTION, REFLECTION(3702, 900, 2600), .fill = RECIPE_FILL_LETTERS,
		PREFIX("<?xml version=\"1.0\" encoding=\"UTF-8\"?><SOAP-ENV:Envelope xmlns:SOAP-ENV=")},
	{VECTOR_SIP_REFLECTION, REFLECTION(5060, 400, 600), .fill = RECIPE_FILL_LETTERS,
		PREFIX("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP ")},
	{VECTOR_SENTINEL_REFLECTION, REFLECTION(5093, 1050, 1400), PREFIX("\x7a\0\0\0\0\0")},
	{VECTOR_NAT_PMP_REFLECTION, .family = RECIPE_V4_ONLY, REFLECTION(5351, 12, 16), PREFIX("\0\x80\0\0")},
	{VECTOR_MDNS_REFLECTION, REFLECTION(5353, 220, 700),
		PREFIX("\0\0\x84\0\0\0\0\4\0\0\0\0\x09_services\7_dns-sd\4_udp\5local\0\0\x0c\0\1")},
	{VECTOR_COAP_REFLECTION, REFLECTION(5683, 300, 1000), .fill = RECIPE_FILL_LETTERS,
		PREFIX("\x60\x45\x12\x34\xc1\x28\xff</.well-known/core>;")},
	{VECTOR_BITTORRENT_REFLECTION, REFLECTION(6881, 280, 310), PREFIX("d1:rd2:id20:")},
	{VECTOR_UBIQUITI_REFLECTION, REFLECTION(10001, 148, 206), PREFIX("\1\0\0\x90\2\0\x0a\x24\xa4\x3c\1\2\3\xc0\xa8\1\1\1\0\6")},
	{VECTOR_TP240_REFLECTION, REFLECTION(10074, 900, 1184), .fill = RECIPE_FILL_LETTERS,
		PREFIX("call.startblast: 1 of 2000 sent\r\n")},
	{VECTOR_MEMCACHED_REFLECTION, REFLECTION(11211, 1400, 1400), .fill = RECIPE_FILL_LETTERS, .tag_at = 1,
		PREFIX("\0\0\0\0\0\x0a\0\0VALUE a 0 1048576\r\n")},
	{VECTOR_WDB_REFLECTION, REFLECTION(17185, 180, 300), .tag_at = 1,
		PREFIX("\0\0\x12\x34\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")},
	{VECTOR_GAME_REFLECTION, REFLECTION(27015, 140, 320), .fill = RECIPE_FILL_LETTERS,
		PREFIX("\xff\xff\xff\xffI\x11My server\0de_dust2\0")},
	{VECTOR_JENKINS_REFLECTION, REFLECTION(33848, 260, 340), .fill = RECIPE_FILL_LETTERS,
		PREFIX("<hudson><version>2.190.1</version><url>http://")},
	{VECTOR_DVR_DHCPDISCOVER_REFLECTION, REFLECTION(37810, 700, 770), .fill = RECIPE_FILL_LETTERS,
		PREFIX("\x20\0\0\0DHIP\0\0\0\0\0\0\0\0\xd0\2\0\0\0\0\0\0\xd0\2\0\0\0\0\0\0{\"mac\":\"")},
	{VECTOR_CRESTRON_REFLECTION, REFLECTION(41794, 394, 394), .fill = RECIPE_FILL_LETTERS, PREFIX("\x15\0\0\0\0\1\4\3\0\0CP3")},
	{VECTOR_BACNET_REFLECTION, REFLECTION(47808, 250, 530), PREFIX("\x81\x0a\1\0\1\0\x30\1\x0e\x0c\2\0\0\1")},
	{VECTOR_NETIS_REFLECTION, REFLECTION(53413, 16, 22), PREFIX("\0\0\0\0\0\0\0\0Login:")},
	{VECTOR_AFS_REFLECTION, REFLECTION(7001, 92, 120), PREFIX("\0\0\3\xe7\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1\x0d\4\0\0\0\0\0\1")},
	{VECTOR_DTLS_REFLECTION, REFLECTION(443, 700, 1300),
		PREFIX("\x16\xfe\xff\0\0\0\0\0\0\0\0\4\xb0\2\0\0\x46\0\0\0\0\0\0\0\x46\xfe\xff")},
	{VECTOR_QUIC_REFLECTION, REFLECTION(443, 1200, 1252), PREFIX("\xc3\0\0\0\1\0\x08" "\1\2\3\4\5\6\7\x08" "\0\x44\x96")},
	{VECTOR_UDP_REFLECTION, REFLECTION(20811, 480, 480), PREFIX("\5\1ok status ")},
	/* Not floods. */
	{VECTOR_UNKNOWN, "scan_horizontal", .shape = RECIPE_SCAN_HORIZONTAL, .sources = RECIPE_SOURCES_BOTNET,
		TCP(FLAGS_SYN), .dst_port = 22, .tcp_window = 1024, .tcp_options = TCP_OPTION_SET_MSS},
	{VECTOR_UNKNOWN, "scan_vertical", .shape = RECIPE_SCAN_VERTICAL, .sources = RECIPE_SOURCES_BOTNET,
		TCP(FLAGS_SYN), .tcp_window = 1024, .tcp_options = TCP_OPTION_SET_MSS},
	{VECTOR_UNKNOWN, "backscatter", .shape = RECIPE_BACKSCATTER, .sources = RECIPE_SOURCES_BOTNET, TCP("\x12"),
		.src_port = 80, .tcp_window = 29200, .tcp_options = TCP_OPTION_SET_MSS},
};
const unsigned recipe_count = ARRAY_LEN(recipes);

const char *recipe_name(const struct recipe *recipe)
{
	return recipe->name != NULL ? recipe->name : vector_name(recipe->vector);
}

bool recipe_is_reflection(const struct recipe *recipe)
{
	return recipe->sources == RECIPE_SOURCES_AMPLIFIERS;
}

uint64_t recipe_machines(const struct recipe *recipe)
{
	return recipe->vector == VECTOR_UNKNOWN ? 1 : 500; /* scans and backscatter have no vector of a flood */
}

const struct recipe *recipe_find(const char *name, uint16_t *ret_port)
{
	static const char unknown_reflector[] = "udp_reflection_";
	const struct recipe *found = NULL;
	uint64_t port = 0;

	if (strncmp(name, unknown_reflector, sizeof(unknown_reflector) - 1) == 0) {
		int error = units_parse(UNIT_NONE, name + sizeof(unknown_reflector) - 1, &port);
		if (error != OK || port == 0 || port > 65535)
			return NULL;
		name = vector_name(VECTOR_UDP_REFLECTION);
	}
	for (unsigned i = 0; i < recipe_count && found == NULL; i++) {
		if (strcmp(recipe_name(&recipes[i]), name) == 0)
			found = &recipes[i];
	}
	if (found != NULL)
		*ret_port = (uint16_t)port;
	return found;
}

const char *recipe_sources_name(enum recipe_sources sources)
{
	switch (sources) {
	case RECIPE_SOURCES_UNKNOWN:
		return "unknown";
	case RECIPE_SOURCES_SPOOFED:
	case RECIPE_SOURCES_LINK_LOCAL:
	case RECIPE_SOURCES_VICTIM:
		return "spoofed";
	case RECIPE_SOURCES_BOTNET:
		return "bot";
	case RECIPE_SOURCES_AMPLIFIERS:
		return "amplifier";
	}
	return "unknown";
}
