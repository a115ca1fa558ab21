/*
 * Proves what packet_parse() makes of each layer, of packets that are cut, and of packets that lie. Packets are put
 * together here by hand; agreement with another decoder on real captures is packet_corpus_test.c's part,
 * and tunnels are tunnel_test.c's.
 */
#include "decode/packet_test.h"

static void tcp_over_ipv4_fills_every_member(void **state)
{
	(void)state;
	struct builder b = {0};
	put_ethernet(&b, "0800");
	put_ipv4(&b, PROTOCOL_TCP, 20, 0);
	put_tcp(&b);
	put(&b, "ffffffffffff"); /* the frame's padding to 60 bytes is not payload */
	struct observation obs = parse(&b);
	assert_is_v4_tcp(&obs);
	assert_int_equal(obs.length_bytes, 40);
	assert_int_equal(obs.payload_bytes, 0);
	assert_int_equal(obs.tcp_window, 1024);
	assert_int_equal(obs.traits, TRAIT_TTL_KNOWN);
	assert_int_equal(obs.vlan + obs.icmp_type + obs.icmp_code + obs.signature + obs.quoted_protocol, 0);
	assert_int_equal(obs.outer_protocol + obs.outer_dst_port + obs.outer_length_bytes, 0);
}

static void tcp_over_ipv6_with_options_and_payload(void **state)
{
	(void)state;
	struct builder b = {0};
	put_ethernet(&b, "86dd");
	put_ipv6(&b, PROTOCOL_TCP, 34);
	put(&b, "9c40 01bb 00000001 00000000 60 18 0400 0000 0000 01010101 48495051525354556667");
	struct observation obs = parse(&b);
	assert_addr(&obs.src, "2001:db8::1");
	assert_addr(&obs.dst, "2001:db8:1::2");
	assert_int_equal(obs.traits, TRAIT_TTL_KNOWN | TRAIT_TCP_OPTIONS);
	assert_int_equal(obs.ttl, 59);
	assert_int_equal(obs.bytes, 74);
	assert_int_equal(obs.payload_bytes, 10);
	assert_int_equal(obs.tcp_flags, TCP_PSH | TCP_ACK);
}

static void mirai_scans_are_told_by_their_sequence_number(void **state)
{
	(void)state;
	struct builder b = {0};
	put_ethernet(&b, "0800");
	put_ipv4(&b, PROTOCOL_TCP, 20, 0);
	put(&b, "9c40 0017 c6336407 00000000 50 02 0400 0000 0000");
	assert_true((parse(&b).traits & TRAIT_TCP_SEQ_IS_DST) != 0);
	b.bytes[14 + 20 + 7] ^= 1;
	assert_true((parse(&b).traits & TRAIT_TCP_SEQ_IS_DST) == 0);
}

static void udp_names_its_payload(void **state)
{
	(void)state;
	struct builder b = {0};
	put_ethernet(&b, "0800");
	put_ipv4(&b, PROTOCOL_UDP, 8, 0);
	put_udp(&b, 0);
	struct observation obs = parse(&b);
	assert_int_equal(obs.signature, SIGNATURE_EMPTY);
	assert_int_equal(obs.payload_bytes, 0);

	b.length_bytes = 14;
	put_ipv4(&b, PROTOCOL_UDP, 8 + 48, 0);
	put(&b, "007b 115c 0038 0000 d7 00 03 2a");
	put_zeros(&b, 44);
	obs = parse(&b);
	assert_int_equal(obs.signature, SIGNATURE_NTP_PRIVATE);
	assert_int_equal(obs.payload_bytes, 48);
	obs = parse_as(LINK_ETHERNET, &b, 48, OK); /* captured to the end of the header */
	assert_int_equal(obs.signature, SIGNATURE_NONE);
	assert_int_equal(obs.payload_bytes, 48);
	assert_int_equal(obs.traits, TRAIT_TTL_KNOWN);
}

static void udp_length_is_not_believed_against_ip(void **state)
{
	(void)state;
	static const struct {
		const char *udp_length;
		unsigned payload_bytes;
	} cases[] = {{"0018", 16}, {"0010", 8}, {"0008", 0}, {"0000", 16}, {"0007", 16}, {"ffff", 16}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct builder b = {0};
		put_ethernet(&b, "0800");
		put_ipv4(&b, PROTOCOL_UDP, 24, 0);
		put(&b, "1000 2000");
		put(&b, cases[i].udp_length);
		put(&b, "0000");
		put_zeros(&b, 16);
		assert_int_equal(parse(&b).payload_bytes, cases[i].payload_bytes);
	}
}

static void lengths_that_lie_are_cut_to_the_wire(void **state)
{
	(void)state;
	struct builder b = {0};
	put_ethernet(&b, "0800");
	put_ipv4(&b, PROTOCOL_TCP, 60000, 0);
	put_tcp(&b);
	assert_int_equal(parse(&b).bytes, 40);
	b.bytes[16] = b.bytes[17] = 0; /* left to the network card */
	assert_int_equal(parse(&b).bytes, 40);
	b.bytes[17] = 19; /* below its own header */
	parse_as(LINK_ETHERNET, &b, 0, E_MALFORMED);
	b.bytes[17] = 20;
	assert_int_equal(parse(&b).traits & TRAIT_SHORT, TRAIT_SHORT);

	struct builder v6 = {0};
	put_ethernet(&v6, "86dd");
	put_ipv6(&v6, PROTOCOL_TCP, 60000);
	put_tcp(&v6);
	assert_int_equal(parse(&v6).bytes, 60);
	v6.bytes[18] = v6.bytes[19] = 0;
	assert_int_equal(parse(&v6).bytes, 60);
	v6.bytes[20] = PROTOCOL_IPV6_NONXT;
	assert_int_equal(parse(&v6).bytes, 40);
}

static void malformed_ip_headers_are_refused(void **state)
{
	(void)state;
	static const uint8_t first_bytes[] = {0x55, 0x05, 0x44, 0x40};
	for (size_t i = 0; i < ARRAY_LEN(first_bytes); i++) {
		struct builder b = {0};
		put_ethernet(&b, "0800");
		put_ipv4(&b, PROTOCOL_TCP, 20, 0);
		put_tcp(&b);
		b.bytes[14] = first_bytes[i];
		parse_as(LINK_ETHERNET, &b, 0, E_MALFORMED);
	}
	struct builder v6 = {0};
	put_ethernet(&v6, "86dd");
	put_ipv6(&v6, PROTOCOL_TCP, 20);
	put_tcp(&v6);
	v6.bytes[14] = 0x50;
	parse_as(LINK_ETHERNET, &v6, 0, E_MALFORMED);
}

/** A packet cut at every byte: refused before the addresses are complete, then short, then whole. */
static void cut_packets_tell_what_they_still_show(void **state)
{
	(void)state;
	struct builder b = {0};
	put_ethernet(&b, "0800");
	put_ipv4(&b, PROTOCOL_TCP, 120, 0);
	put_tcp(&b);
	put_zeros(&b, 100);
	for (size_t left = 0; left < b.length_bytes; left++) {
		struct observation obs = parse_as(LINK_ETHERNET, &b, b.length_bytes - left, left < 34 ? E_TRUNCATED : OK);
		if (left < 34)
			continue;
		assert_int_equal(obs.bytes, 140);
		assert_int_equal((obs.traits & TRAIT_SHORT) != 0, left < 48);
		assert_int_equal(obs.src_port, left >= 38 ? 40000 : 0);
		assert_int_equal(obs.tcp_flags, left >= 48 ? TCP_SYN | TCP_ECE : 0);
		assert_int_equal(obs.payload_bytes, left >= 48 ? 100 : 0);
	}
	/* The same bytes where no more were on the wire: a stump. */
	b.bytes[17] = 20 + 19;
	struct observation stump = {.sampling = 13};
	assert_int_equal(packet_parse(LINK_ETHERNET, b.bytes, 14 + 20 + 19, 14 + 20 + 19, &stump), OK);
	assert_true((stump.traits & TRAIT_SHORT) != 0);
	assert_int_equal(stump.tcp_flags, TCP_SYN | TCP_ECE);

	struct builder udp = {0};
	put_ethernet(&udp, "86dd");
	put_ipv6(&udp, PROTOCOL_UDP, 108);
	put_udp(&udp, 108);
	put_zeros(&udp, 100);
	for (size_t left = 54; left < udp.length_bytes; left++) {
		struct observation obs = parse_as(LINK_ETHERNET, &udp, udp.length_bytes - left, OK);
		assert_int_equal((obs.traits & TRAIT_SHORT) != 0, left < 58);
		assert_int_equal(obs.src_port, left >= 58 ? 53 : 0);
		assert_int_equal(obs.payload_bytes, left >= 58 ? 100 : 0);
	}
}

static void ipv4_options_and_router_alert(void **state)
{
	(void)state;
	static const struct {
		const char *options;
		uint32_t traits;
	} cases[] = {
		{"01 01 94 04 00 00 00 00", TRAIT_IP_OPTIONS | TRAIT_ROUTER_ALERT}, /* RFC 2113 */
		{"00 01 94 04 00 00 00 00", TRAIT_IP_OPTIONS}, /* behind the end of the list */
		{"07 00 94 04 00 00 00 00", TRAIT_IP_OPTIONS}, /* an option of no length ends the walk */
		{"07 ff 94 04 00 00 00 00", TRAIT_IP_OPTIONS},
		{"01 01 01 01 01 01 01 07", TRAIT_IP_OPTIONS},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct builder b = {0};
		put_ethernet(&b, "0800");
		put_ipv4(&b, PROTOCOL_IGMP, 16, 0);
		b.bytes[14] = 0x47;
		put(&b, cases[i].options);
		put(&b, "1600 0000 e0000005");
		struct observation obs = parse(&b);
		assert_int_equal(obs.traits, TRAIT_TTL_KNOWN | cases[i].traits);
		assert_int_equal(obs.protocol, PROTOCOL_IGMP);
		assert_int_equal(obs.payload_bytes, 8);
	}
}

static void fragments_have_ports_only_in_the_first(void **state)
{
	(void)state;
	static const struct {
		uint16_t field;
		uint32_t trait;
		uint16_t port;
	} cases[] = {{0x2000, TRAIT_FRAGMENT_FIRST, 53}, {0x2001, TRAIT_FRAGMENT_LATER, 0}, {0x00b9, TRAIT_FRAGMENT_LATER, 0},
		{0x4000, 0, 53}, {0x8000, 0, 53}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct builder b = {0};
		put_ethernet(&b, "0800");
		put_ipv4(&b, PROTOCOL_UDP, 32, cases[i].field);
		put_udp(&b, 24);
		struct observation obs = parse(&b);
		assert_int_equal(obs.traits, TRAIT_TTL_KNOWN | cases[i].trait);
		assert_int_equal(obs.src_port, cases[i].port);
		assert_int_equal(obs.protocol, PROTOCOL_UDP);
	}
}

static void ipv6_extension_headers_are_walked(void **state)
{
	(void)state;
	static const char hop_by_hop[] = "3c 00 05 02 0000 01 00"; /* router alert (RFC 2711), then PadN; then options */
	static const char destination[] = "2b 01 01 0c 000000000000000000000000"; /* 16 bytes; then routing */
	static const char routing[] = "2c 02 04 00 00000000 20010db8000000000000000000000009"; /* then fragment */
	static const char atomic[] = "06 00 0000 12345678";
	struct builder b = {0};
	put_ethernet(&b, "86dd");
	put_ipv6(&b, PROTOCOL_HOPOPT, 8 + 16 + 24 + 8 + 20);
	put(&b, hop_by_hop);
	put(&b, destination);
	put(&b, routing);
	put(&b, atomic);
	put_tcp(&b);
	struct observation obs = parse(&b);
	assert_int_equal(obs.traits,
		TRAIT_TTL_KNOWN | TRAIT_IPV6_EXTENSIONS | TRAIT_ROUTER_ALERT | TRAIT_FRAGMENT_ATOMIC);
	assert_int_equal(obs.protocol, PROTOCOL_TCP);
	assert_int_equal(obs.dst_port, 443);
	assert_int_equal(obs.bytes, 116);
	obs = parse_as(LINK_ETHERNET, &b, 20 + 8 + 1, OK); /* cut inside the routing header */
	assert_int_equal(obs.protocol, PROTOCOL_IPV6_ROUTE);
	assert_true((obs.traits & TRAIT_SHORT) != 0);
}

static void ipv6_fragments(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		uint32_t trait;
		uint16_t port;
	} cases[] = {
		{"11 00 0001 12345678", TRAIT_FRAGMENT_FIRST, 53},
		{"11 00 0009 12345678", TRAIT_FRAGMENT_LATER, 0},
		{"11 00 0008 12345678", TRAIT_FRAGMENT_LATER, 0},
		{"11 00 0006 12345678", TRAIT_FRAGMENT_ATOMIC, 53}, /* reserved bits are ignored */
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct builder b = {0};
		put_ethernet(&b, "86dd");
		put_ipv6(&b, PROTOCOL_IPV6_FRAG, 8 + 16);
		put(&b, cases[i].header);
		put_udp(&b, 8);
		struct observation obs = parse(&b);
		assert_int_equal(obs.traits, TRAIT_TTL_KNOWN | cases[i].trait);
		assert_int_equal(obs.protocol, PROTOCOL_UDP);
		assert_int_equal(obs.src_port, cases[i].port);
	}
}

static void ah_is_walked_through_where_something_follows(void **state)
{
	(void)state;
	static const char ah[] = "06 04 0000 00000001 00000001 000000000000000000000000";
	struct builder b = {0};
	put_ethernet(&b, "0800");
	put_ipv4(&b, PROTOCOL_AH, 24 + 20, 0);
	put(&b, ah);
	put_tcp(&b);
	struct observation obs = parse(&b);
	assert_int_equal(obs.protocol, PROTOCOL_TCP);
	assert_int_equal(obs.dst_port, 443);
	assert_int_equal(obs.traits, TRAIT_TTL_KNOWN | TRAIT_AH);

	b.bytes[14 + 20 + 2] = 1; /* reserved, must be zero */
	assert_int_equal(parse(&b).protocol, PROTOCOL_AH);
	b.bytes[14 + 20 + 2] = 0;
	b.bytes[14 + 20 + 1] = 0; /* shorter than an authentication header can be */
	assert_int_equal(parse(&b).protocol, PROTOCOL_AH);
	b.bytes[14 + 20 + 1] = 255; /* longer than the packet */
	assert_int_equal(parse(&b).protocol, PROTOCOL_AH);
	b.bytes[14 + 20 + 1] = 9; /* up to the end: nothing follows */
	assert_int_equal(parse(&b).protocol, PROTOCOL_AH);
	assert_int_equal(parse(&b).traits, TRAIT_TTL_KNOWN);

	struct builder v6 = {0};
	put_ethernet(&v6, "86dd");
	put_ipv6(&v6, PROTOCOL_AH, 24 + 20);
	put(&v6, ah);
	put_tcp(&v6);
	obs = parse(&v6);
	assert_int_equal(obs.protocol, PROTOCOL_TCP);
	assert_int_equal(obs.traits, TRAIT_TTL_KNOWN | TRAIT_AH);
}

static void icmp_errors_tell_of_the_packet_they_answer(void **state)
{
	(void)state;
	struct builder b = {0};
	put_ethernet(&b, "0800");
	put_ipv4(&b, PROTOCOL_ICMP, 8 + 28, 0);
	put(&b, "03 03 0000 00000000"); /* port unreachable */
	put_ipv4(&b, PROTOCOL_UDP, 100, 0);
	put(&b, "0035 115c 0000 0000");
	struct observation obs = parse(&b);
	assert_int_equal(obs.icmp_type, 3);
	assert_int_equal(obs.icmp_code, 3);
	assert_int_equal(obs.traits, TRAIT_TTL_KNOWN | TRAIT_ICMP_QUOTE);
	assert_int_equal(obs.quoted_protocol, PROTOCOL_UDP);
	assert_int_equal(obs.quoted_src_port, 53);
	assert_int_equal(obs.quoted_dst_port, 4444);
	assert_int_equal(obs.src_port + obs.dst_port, 0);
	b.bytes[14 + 20] = 8; /* an echo request quotes nothing */
	assert_int_equal(parse(&b).traits, TRAIT_TTL_KNOWN);
	b.bytes[14 + 20] = 3;
	b.bytes[14 + 28] = 0x35; /* what is quoted is no IP header */
	assert_int_equal(parse(&b).traits, TRAIT_TTL_KNOWN);

	struct builder v6 = {0};
	put_ethernet(&v6, "86dd");
	put_ipv6(&v6, PROTOCOL_ICMPV6, 8 + 40 + 8 + 20);
	put(&v6, "03 00 0000 00000000"); /* hop limit exceeded */
	put_ipv6(&v6, PROTOCOL_IPV6_OPTS, 28);
	put(&v6, "06 00 0104 00000000");
	put_tcp(&v6);
	obs = parse(&v6);
	assert_int_equal(obs.icmp_type, 3);
	assert_int_equal(obs.traits, TRAIT_TTL_KNOWN | TRAIT_ICMP_QUOTE);
	assert_int_equal(obs.quoted_protocol, PROTOCOL_TCP);
	assert_int_equal(obs.quoted_dst_port, 443);
}

static void protocols_without_ports_are_kept_by_number(void **state)
{
	(void)state;
	static const uint8_t protocols[] = {PROTOCOL_HOPOPT, PROTOCOL_IGMP, PROTOCOL_ESP, PROTOCOL_IPV6_FRAG, 200, 255};
	for (size_t i = 0; i < ARRAY_LEN(protocols); i++) {
		struct builder b = {0};
		put_ethernet(&b, "0800");
		put_ipv4(&b, protocols[i], 24, 0);
		put_zeros(&b, 24);
		struct observation obs = parse(&b);
		assert_int_equal(obs.protocol, protocols[i]);
		assert_int_equal(obs.traits, TRAIT_TTL_KNOWN);
		assert_int_equal(obs.payload_bytes, 24);
	}
}

static void sctp_and_udplite_have_ports(void **state)
{
	(void)state;
	static const struct {
		uint8_t protocol;
		uint16_t payload_bytes;
	} cases[] = {{PROTOCOL_SCTP, 12}, {PROTOCOL_UDPLITE, 16}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct builder b = {0};
		put_ethernet(&b, "0800");
		put_ipv4(&b, cases[i].protocol, 24, 0);
		put_udp(&b, 16);
		struct observation obs = parse(&b);
		assert_int_equal(obs.src_port, 53);
		assert_int_equal(obs.dst_port, 4444);
		assert_int_equal(obs.payload_bytes, cases[i].payload_bytes);
		obs = parse_as(LINK_ETHERNET, &b, 17, OK);
		assert_int_equal(obs.traits, TRAIT_TTL_KNOWN | TRAIT_SHORT);
		assert_int_equal(obs.src_port, 53);
	}
}

static void tags_labels_and_sessions_are_stepped_over(void **state)
{
	(void)state;
	static const struct {
		const char *below; /* from the ethertype on */
		uint16_t vlan;
	} cases[] = {
		{"8100 2064 0800", 100},
		{"88a8 0007 8100 0064 0800", 7},
		{"9100 0fff 8100 0064 0800", 4095},
		{"8100 e000 0800", 0}, /* priority tag */
		{"8847 000011ff", 0},
		{"8847 000100ff 000111ff", 0},
		{"8848 000001ff", 0}, /* explicit null */
		{"8100 0005 8847 000101ff", 5},
		{"8847 000101ff 00000000 020000000003 020000000004 0800", 0}, /* pseudowire with control word */
		{"8847 000101ff 020000000003 020000000004 0800", 0}, /* without */
		{"8847 000101ff 460000000003 020000000004 0800", 0}, /* to an address that looks like IPv4 */
		{"8847 000101ff 020000000003 020000000004 8100 0064 0800", 100},
		{"8864 1100 0001 002a 0021", 0},
		{"8864 1100 0001 0029 21", 0}, /* protocol field compressed */
		{"0030 aaaa03 000000 0800", 0}, /* 802.3 length, SNAP */
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct builder b = {0};
		put_ethernet(&b, cases[i].below);
		put_ipv4(&b, PROTOCOL_TCP, 20, 0);
		put_tcp(&b);
		struct observation obs = parse(&b);
		assert_is_v4_tcp(&obs);
		assert_int_equal(obs.vlan, cases[i].vlan);
		assert_int_equal(obs.traits, TRAIT_TTL_KNOWN);
	}
}

static void what_is_not_ip_is_unsupported(void **state)
{
	(void)state;
	static const char *const below[] = {
		"0806 0001 0800 0604", /* ARP */
		"88cc 0207 0400 0000",
		"0010 4242 0300 0000 0000 0000", /* 802.3, spanning tree */
		"8847 000101ff 10000000 00000000", /* MPLS, associated channel */
		"8863 1109 0000 0004 01010000", /* PPPoE discovery */
		"8864 1100 0001 0004 c021 0101", /* PPP LCP */
		"8864 1209 0001 0004 0021 4500",
		("8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001"
		 "8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 0800"), /* too many tags */
	};
	for (size_t i = 0; i < ARRAY_LEN(below); i++) {
		struct builder b = {0};
		put_ethernet(&b, below[i]);
		put_ipv4(&b, PROTOCOL_TCP, 20, 0);
		put_tcp(&b);
		parse_as(LINK_ETHERNET, &b, 0, E_UNSUPPORTED);
	}
	struct builder b = {0};
	put_ipv4(&b, PROTOCOL_TCP, 20, 0);
	parse_as(LINK_UNKNOWN, &b, 0, E_UNSUPPORTED);
	parse_as((enum link_type)105, &b, 0, E_UNSUPPORTED);
	assert_false(packet_link_is_read(LINK_UNKNOWN));
	assert_false(packet_link_is_read((enum link_type)105));
}

static void every_link_type_leads_to_ip(void **state)
{
	(void)state;
	static const struct {
		enum link_type link;
		const char *header;
		uint32_t traits;
	} cases[] = {
		{LINK_RAW, "", 0},
		{LINK_IPV4, "", 0},
		{LINK_NULL, "02000000", 0},
		{LINK_NULL, "00000002", 0},
		{LINK_LOOP, "00000002", 0},
		{LINK_PPP, "0021", 0},
		{LINK_PPP, "ff03 0021", 0},
		{LINK_PPP, "ff03 21", 0},
		{LINK_PPP, "0281 000101ff", 0},
		{LINK_PPP_HDLC, "ff03 0021", 0},
		{LINK_PPP_HDLC, "0f00 0800", 0},
		{LINK_CISCO_HDLC, "8f00 0800", 0},
		{LINK_LINUX_SLL, "0000 0001 0006 020000000001 0000 0800", 0},
		{LINK_LINUX_SLL, "0004 0001 0006 020000000001 0000 0800", TRAIT_EGRESS},
		{LINK_LINUX_SLL2, "0800 0000 00000002 0001 00 06 020000000001 0000", 0},
		{LINK_LINUX_SLL2, "0800 0000 00000002 0001 04 06 020000000001 0000", TRAIT_EGRESS},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct builder b = {0};
		put(&b, cases[i].header);
		put_ipv4(&b, PROTOCOL_TCP, 20, 0);
		put_tcp(&b);
		struct observation obs = parse_as(cases[i].link, &b, 0, OK);
		assert_is_v4_tcp(&obs);
		assert_true(packet_link_is_read(cases[i].link));
		assert_int_equal(obs.traits, TRAIT_TTL_KNOWN | cases[i].traits);
		parse_as(cases[i].link, &b, b.length_bytes, E_TRUNCATED);
		for (size_t left = 2; left < b.length_bytes - 20; left++) /* cut before the addresses are complete */
			parse_as(cases[i].link, &b, b.length_bytes - left, E_TRUNCATED);
	}
	struct builder v6 = {0};
	put(&v6, "1e000000");
	put_ipv6(&v6, PROTOCOL_TCP, 20);
	put_tcp(&v6);
	assert_int_equal(parse_as(LINK_NULL, &v6, 0, OK).dst_port, 443);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_over_ipv4_fills_every_member),
		cmocka_unit_test(tcp_over_ipv6_with_options_and_payload),
		cmocka_unit_test(mirai_scans_are_told_by_their_sequence_number),
		cmocka_unit_test(udp_names_its_payload),
		cmocka_unit_test(udp_length_is_not_believed_against_ip),
		cmocka_unit_test(lengths_that_lie_are_cut_to_the_wire),
		cmocka_unit_test(malformed_ip_headers_are_refused),
		cmocka_unit_test(cut_packets_tell_what_they_still_show),
		cmocka_unit_test(ipv4_options_and_router_alert),
		cmocka_unit_test(fragments_have_ports_only_in_the_first),
		cmocka_unit_test(ipv6_extension_headers_are_walked),
		cmocka_unit_test(ipv6_fragments),
		cmocka_unit_test(ah_is_walked_through_where_something_follows),
		cmocka_unit_test(icmp_errors_tell_of_the_packet_they_answer),
		cmocka_unit_test(protocols_without_ports_are_kept_by_number),
		cmocka_unit_test(sctp_and_udplite_have_ports),
		cmocka_unit_test(tags_labels_and_sessions_are_stepped_over),
		cmocka_unit_test(what_is_not_ip_is_unsupported),
		cmocka_unit_test(every_link_type_leads_to_ip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
