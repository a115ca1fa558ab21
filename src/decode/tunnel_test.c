/* Proves that tunnels show their inner packet, to a limit, and that what only looks like one is left alone. */
#include "decode/packet_test.h"

/** Ethernet and an outer header from 203.0.113.1 to 203.0.113.2, then the tunnel's own. */
static void put_outer_ipv4(struct builder *b, uint8_t protocol, const char *tunnel, size_t inner_bytes)
{
	struct builder header = {0};
	put(&header, tunnel);
	put_ethernet(b, "0800");
	put_ipv4(b, protocol, header.length_bytes + inner_bytes, 0);
	memcpy(b->bytes + 14 + 12, "\xcb\x00\x71\x01\xcb\x00\x71\x02", 8);
	put(b, tunnel);
}

static const struct {
	uint8_t protocol;
	uint16_t dst_port;
	const char *header;
} tunnels[] = {
	{PROTOCOL_IPV4, 0, ""},
	{PROTOCOL_GRE, 0, "0000 0800"},
	{PROTOCOL_GRE, 0, "8000 0800 00000000"}, /* checksum */
	{PROTOCOL_GRE, 0, "2000 0800 00000001"}, /* key */
	{PROTOCOL_GRE, 0, "b000 0800 00000000 00000001 00000002"}, /* checksum, key, sequence */
	{PROTOCOL_GRE, 0, "0000 6558 020000000003 020000000004 0800"},
	{PROTOCOL_GRE, 0, "0000 6558 020000000003 020000000004 8100 0009 0800"},
	{PROTOCOL_GRE, 0, "0000 8847 000101ff"},
	{PROTOCOL_GRE, 0, "0000 88be 020000000003 020000000004 0800"}, /* ERSPAN type I */
	{PROTOCOL_GRE, 0, "1000 88be 00000007 1064000100000000 020000000003 020000000004 0800"}, /* II */
	{PROTOCOL_GRE, 0, "1000 22eb 00000007 206400010000000000000000 020000000003 020000000004 0800"}, /* III */
	{PROTOCOL_GRE, 0, "1000 22eb 00000007 206400010000000000000001 0000000000000000 020000000003 020000000004 0800"},
	{PROTOCOL_ETHERIP, 0, "3000 020000000003 020000000004 0800"},
	{PROTOCOL_MPLS, 0, "000101ff"},
	{PROTOCOL_UDP, 4789, "1000 12b5 0000 0000 08000000 00001000 020000000003 020000000004 0800"},
	{PROTOCOL_UDP, 8472, "1000 2118 0000 0000 08000000 00001000 020000000003 020000000004 0800"},
	{PROTOCOL_UDP, 6081, "1000 17c1 0000 0000 0000 6558 00001000 020000000003 020000000004 0800"},
	{PROTOCOL_UDP, 6081, "1000 17c1 0000 0000 0200 0800 00001000 0102800100000000"}, /* one option, IPv4 */
	{PROTOCOL_UDP, 6635, "1000 19eb 0000 0000 000101ff"},
};

static void tunnels_show_their_inner_packet_and_keep_the_outer_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tunnels); i++) {
		struct builder b = {0};
		put_outer_ipv4(&b, tunnels[i].protocol, tunnels[i].header, 40);
		put_ipv4(&b, PROTOCOL_TCP, 20, 0);
		put_tcp(&b);
		struct observation obs = parse(&b);
		assert_is_v4_tcp(&obs);
		assert_int_equal(obs.traits, TRAIT_TTL_KNOWN | TRAIT_TUNNELLED);
		assert_int_equal(obs.vlan, 0);
		assert_int_equal(obs.outer_protocol, tunnels[i].protocol);
		assert_int_equal(obs.outer_dst_port, tunnels[i].dst_port);
		assert_int_equal(obs.outer_length_bytes, b.length_bytes - 14);

		struct observation outer = observation_outer(&obs);
		assert_addr(&outer.src, "203.0.113.1");
		assert_addr(&outer.dst, "203.0.113.2");
		assert_int_equal(outer.protocol, tunnels[i].protocol);
		assert_int_equal(outer.bytes, b.length_bytes - 14);
		assert_int_equal(outer.sampling, 13);
	}
}

/** The inner packet must be sound and whole; otherwise its carrier is what is seen. */
static void tunnels_with_nothing_sound_inside_are_their_carrier(void **state)
{
	(void)state;
	enum { INTACT, VERSION, LENGTH, STUMP, OUTER_FRAGMENT, FAULTS };
	for (size_t i = 0; i < ARRAY_LEN(tunnels) * FAULTS; i++) {
		size_t tunnel = i / FAULTS, fault = i % FAULTS;
		struct builder b = {0};
		put_outer_ipv4(&b, tunnels[tunnel].protocol, tunnels[tunnel].header, fault == STUMP ? 19 : 40);
		size_t inner = b.length_bytes;
		put_ipv4(&b, PROTOCOL_TCP, fault == LENGTH ? 21 : 20, 0);
		put_tcp(&b);
		if (fault == VERSION)
			b.bytes[inner] = 0x75;
		if (fault == OUTER_FRAGMENT)
			b.bytes[14 + 6] = 0x20;
		struct observation obs = parse(&b);
		assert_int_equal((obs.traits & TRAIT_TUNNELLED) != 0, fault == INTACT);
		assert_int_equal(obs.protocol, fault == INTACT ? PROTOCOL_TCP : tunnels[tunnel].protocol);
		assert_addr(&obs.dst, fault == INTACT ? "198.51.100.7" : "203.0.113.2");
		assert_int_equal(obs.outer_protocol, fault == INTACT ? tunnels[tunnel].protocol : 0);
	}
}

static void headers_that_are_no_tunnel_are_left_alone(void **state)
{
	(void)state;
	static const struct {
		uint8_t protocol;
		const char *header;
	} cases[] = {
		{PROTOCOL_GRE, "0001 0800"}, /* version 1 */
		{PROTOCOL_GRE, "3001 880b 0028 0001 00000001"}, /* PPTP, RFC 2637 */
		{PROTOCOL_GRE, "4000 0800 00000000"}, /* routing, RFC 1701 */
		{PROTOCOL_GRE, "0000 0806"},
		{PROTOCOL_ETHERIP, "2000 020000000003 020000000004 0800"},
		{PROTOCOL_UDP, "1000 12b5 0000 0000 00000000 00001000 020000000003 020000000004 0800"}, /* VXLAN without id */
		{PROTOCOL_UDP, "1000 12b6 0000 0000 08000000 00001000 020000000003 020000000004 0800"}, /* another port */
		{PROTOCOL_UDP, "1000 17c1 0000 0000 4000 0800 00001000"}, /* Geneve of another version */
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct builder b = {0};
		put_outer_ipv4(&b, cases[i].protocol, cases[i].header, 40);
		put_ipv4(&b, PROTOCOL_TCP, 20, 0);
		put_tcp(&b);
		struct observation obs = parse(&b);
		assert_int_equal(obs.protocol, cases[i].protocol);
		assert_int_equal(obs.traits, TRAIT_TTL_KNOWN);
	}
}

static void ipv6_tunnels_and_segment_routing(void **state)
{
	(void)state;
	struct builder b = {0};
	put_ethernet(&b, "86dd");
	put_ipv6(&b, PROTOCOL_IPV6_ROUTE, 24 + 40);
	put(&b, "04 02 04 00 00000000 20010db8000000000000000000000009"); /* SRv6, RFC 8754; then IPv4 */
	put_ipv4(&b, PROTOCOL_TCP, 20, 0);
	put_tcp(&b);
	struct observation obs = parse(&b);
	assert_is_v4_tcp(&obs);
	assert_int_equal(obs.traits, TRAIT_TTL_KNOWN | TRAIT_TUNNELLED);
	assert_int_equal(obs.outer_protocol, PROTOCOL_IPV4);
	assert_addr(&obs.outer_dst, "2001:db8:1::2");

	struct builder six_in_four = {0};
	put_outer_ipv4(&six_in_four, PROTOCOL_IPV6, "", 60);
	put_ipv6(&six_in_four, PROTOCOL_TCP, 20);
	put_tcp(&six_in_four);
	obs = parse(&six_in_four);
	assert_addr(&obs.dst, "2001:db8:1::2");
	assert_int_equal(obs.outer_protocol, PROTOCOL_IPV6);
}

static void tunnels_are_followed_to_a_limit(void **state)
{
	(void)state;
	for (size_t depth = 0; depth <= PACKET_TUNNELS_MAX + 1; depth++) {
		struct builder b = {0};
		put_ethernet(&b, "0800");
		for (size_t i = depth; i > 0; i--) {
			put_ipv4(&b, PROTOCOL_IPV4, i * 20 + 20, 0);
			b.bytes[b.length_bytes - 1] = (uint8_t)i;
		}
		put_ipv4(&b, PROTOCOL_TCP, 20, 0);
		put_tcp(&b);
		struct observation obs = parse(&b);
		bool is_too_deep = depth > PACKET_TUNNELS_MAX;
		assert_int_equal(obs.protocol, is_too_deep ? PROTOCOL_IPV4 : PROTOCOL_TCP);
		assert_int_equal(obs.dst.bytes[15], is_too_deep ? 1 : 7);
		if (depth > 0)
			assert_int_equal(obs.outer_dst.bytes[15], depth); /* the outermost, however deep */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tunnels_show_their_inner_packet_and_keep_the_outer_one),
		cmocka_unit_test(tunnels_with_nothing_sound_inside_are_their_carrier),
		cmocka_unit_test(headers_that_are_no_tunnel_are_left_alone),
		cmocka_unit_test(ipv6_tunnels_and_segment_routing),
		cmocka_unit_test(tunnels_are_followed_to_a_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
