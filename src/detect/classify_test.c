/*
 * Proves what one observation alone is taken for: packets by their headers,
 * flow records by the union of flags and the mean length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/err.h"
#include "detect/classify.h"
#include "detect/scene_test.h"

#define CLIENT UINT32_C(0x08080808)
#define S TCP_SYN
#define A TCP_ACK
#define P TCP_PSH
#define F TCP_FIN
#define R TCP_RST

static struct observation flow(enum ip_protocol protocol, uint16_t src_port, uint16_t dst_port, uint64_t packets,
	uint16_t mean_bytes, unsigned flags)
{
	struct observation obs = scene_tcp(0, CLIENT, src_port, SCENE_VICTIM, dst_port, flags);
	obs.traits = TRAIT_FLOW;
	obs.protocol = (uint8_t)protocol;
	obs.packets = packets;
	obs.bytes = packets * mean_bytes;
	obs.length_bytes = mean_bytes;
	obs.payload_bytes = protocol == PROTOCOL_UDP && mean_bytes > 28 ? (uint16_t)(mean_bytes - 28) : 0;
	return obs;
}

static void tcp_flags_of_a_packet_name_it(void **state)
{
	(void)state;
	static const struct {
		unsigned flags;
		uint16_t payload_bytes;
		enum vector vector;
	} cases[] = {
		{S, 0, VECTOR_SYN_FLOOD}, {S, 900, VECTOR_SYN_PAYLOAD_FLOOD}, {S | TCP_ECE | TCP_CWR, 0, VECTOR_SYN_ECE_CWR_FLOOD},
		{S | TCP_ECE, 0, VECTOR_SYN_FLOOD}, {S | A, 0, VECTOR_SYNACK_REFLECTION}, {A, 0, VECTOR_ACK_FLOOD},
		{P | A, 100, VECTOR_PSH_ACK_FLOOD}, {R, 0, VECTOR_RST_FLOOD}, {R | A, 0, VECTOR_RST_FLOOD}, {F | A, 0, VECTOR_FIN_FLOOD},
		{0, 0, VECTOR_NULL_FLOOD}, {F | P | TCP_URG, 0, VECTOR_XMAS_FLOOD}, {0x3f, 0, VECTOR_TCP_ALL_FLAGS_FLOOD},
		{S | F, 0, VECTOR_TCP_BAD_FLAGS_FLOOD}, {S | R, 0, VECTOR_TCP_BAD_FLAGS_FLOOD}, {TCP_URG, 0, VECTOR_URG_FLOOD},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct observation obs = scene_tcp(0, CLIENT, 40000, SCENE_VICTIM, 443, cases[i].flags);
		obs.payload_bytes = cases[i].payload_bytes;
		assert_int_equal(classify(&obs), cases[i].vector);
	}
	struct observation land = scene_tcp(0, SCENE_VICTIM, 139, SCENE_VICTIM, 139, S);
	assert_int_equal(classify(&land), VECTOR_LAND_ATTACK);
	land.src_port = 140; /* a host that talks to itself */
	assert_int_equal(classify(&land), VECTOR_SYN_FLOOD);
}

/** Headers of IPv4 and TCP are 80 bytes at most, those of IPv6 and TCP 100. */
static void a_mean_length_beyond_headers_is_payload(void **state)
{
	(void)state;
	struct observation obs = flow(PROTOCOL_TCP, 40000, 443, 1, 80, S);
	assert_int_equal(classify(&obs), VECTOR_SYN_FLOOD);
	obs.length_bytes = 81;
	assert_int_equal(classify(&obs), VECTOR_SYN_PAYLOAD_FLOOD);
	obs.dst.be64[0] = 1; /* IPv6 */
	assert_int_equal(classify(&obs), VECTOR_SYN_FLOOD);
	obs.length_bytes = 101;
	assert_int_equal(classify(&obs), VECTOR_SYN_PAYLOAD_FLOOD);
	struct observation udp = flow(PROTOCOL_UDP, 40000, 9000, 50, 28, 0);
	assert_int_equal(classify(&udp), VECTOR_UDP_EMPTY_FLOOD);
	udp = flow(PROTOCOL_UDP, 40000, 9000, 50, 29, 0);
	assert_int_equal(classify(&udp), VECTOR_UDP_FLOOD);
	udp = flow(PROTOCOL_UDP, 40000, 9000, 50, 0, 0); /* a router that tells no bytes */
	assert_int_equal(classify(&udp), VECTOR_UDP_FLOOD);
}

static void records_of_connections_tell_whether_they_carried_anything(void **state)
{
	(void)state;
	static const struct {
		uint16_t src_port, dst_port, packets, mean_bytes;
		unsigned flags;
		enum vector vector;
	} cases[] = {
		{40000, 443, 2, 56, S | A, VECTOR_CONNECTION_FLOOD}, /* SYN, ACK */
		{40000, 443, 4, 54, S | A | F, VECTOR_CONNECTION_FLOOD}, /* and closed */
		{40000, 443, 3, 50, S | A | R, VECTOR_CONNECTION_FLOOD},
		{40000, 443, 7, 54, S | A, VECTOR_REQUEST_FLOOD}, /* acknowledges something */
		{40000, 443, 6, 180, S | A | P | F, VECTOR_REQUEST_FLOOD},
		{40000, 443, 30, 800, S | A | P, VECTOR_REQUEST_FLOOD},
		{443, 40000, 2, 60, S | A, VECTOR_SYNACK_REFLECTION}, /* an answer, sent twice */
		{443, 40000, 1, 60, S | A, VECTOR_SYNACK_REFLECTION},
		{443, 40000, 9, 900, S | A | P | F, VECTOR_REQUEST_FLOOD},
		{40000, 443, 2, 50, S | R, VECTOR_SYN_FLOOD}, /* a half-open scan's end */
		{40000, 443, 9, 400, A | P, VECTOR_PSH_ACK_FLOOD},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct observation obs =
			flow(PROTOCOL_TCP, cases[i].src_port, cases[i].dst_port, cases[i].packets, cases[i].mean_bytes, cases[i].flags);
		assert_int_equal(classify(&obs), cases[i].vector);
	}
}

/** Flags that were cut off, or not exported, are unknown and not absent; only without ports it is a fragment. */
static void tcp_without_known_flags_is_neither_null_nor_fragment(void **state)
{
	(void)state;
	struct observation obs = flow(PROTOCOL_TCP, 40000, 443, 1, 60, 0);
	assert_int_equal(classify(&obs), VECTOR_NULL_FLOOD);
	obs.traits |= TRAIT_SHORT;
	assert_int_equal(classify(&obs), VECTOR_TCP_FLOOD);
	obs.traits &= ~(uint32_t)TRAIT_FLOW;
	assert_int_equal(classify(&obs), VECTOR_TCP_FLOOD);
	obs.src_port = obs.dst_port = 0;
	assert_int_equal(classify(&obs), VECTOR_FRAGMENT_FLOOD);
}

/** The outer header of a tunnel over UDP has no source port of its own; who sends to that port otherwise is no tunnel. */
static void the_outside_of_a_tunnel_over_udp_is_known_by_its_port(void **state)
{
	(void)state;
	static const uint16_t ports[] = {4789, 6081, 4790};
	for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
		struct observation inner = scene_tcp(0, CLIENT, 40000, SCENE_VICTIM, 443, S);
		inner.traits |= TRAIT_TUNNELLED;
		inner.outer_protocol = PROTOCOL_UDP;
		inner.outer_dst_port = ports[i];
		inner.outer_length_bytes = 110;
		struct observation outer = observation_outer(&inner);
		assert_int_equal(classify(&inner), VECTOR_SYN_FLOOD);
		assert_int_equal(classify(&outer), ports[i] == 4790 ? VECTOR_UDP_FLOOD : VECTOR_IP_IN_IP_FLOOD);
		struct observation direct = scene_udp(0, CLIENT, 40000, SCENE_VICTIM, ports[i], 400);
		assert_int_equal(classify(&direct), VECTOR_UDP_FLOOD);
	}
}

static void later_fragments_are_known_by_offset_or_by_missing_ports(void **state)
{
	(void)state;
	struct observation obs = scene_udp(0, CLIENT, 0, SCENE_VICTIM, 0, 1400);
	obs.traits |= TRAIT_FRAGMENT_LATER;
	assert_int_equal(classify(&obs), VECTOR_FRAGMENT_FLOOD);
	obs = flow(PROTOCOL_UDP, 0, 0, 10, 1400, 0);
	assert_int_equal(classify(&obs), VECTOR_FRAGMENT_FLOOD);
	obs = flow(PROTOCOL_UDP, 0, 53, 10, 400, 0);
	assert_int_equal(classify(&obs), VECTOR_DNS_QUERY_FLOOD);
	obs = flow(PROTOCOL_ESP, 0, 0, 10, 1400, 0); /* has no ports in whole packets either */
	assert_int_equal(classify(&obs), VECTOR_ESP_FLOOD);
	obs = scene_udp(0, CLIENT, 0, SCENE_VICTIM, 0, 1400); /* a packet is seen whole: port 0 was really sent */
	assert_int_equal(classify(&obs), VECTOR_UDP_FLOOD);
}

static void udp_answers_are_named_by_source_port_and_requests_by_destination(void **state)
{
	(void)state;
	struct observation obs = scene_udp(0, CLIENT, 123, SCENE_VICTIM, 40000, 468);
	assert_int_equal(classify(&obs), VECTOR_NTP_REFLECTION);
	assert_int_equal(classify_question(&obs), VECTOR_UNKNOWN);
	obs = scene_udp(0, CLIENT, 40000, SCENE_VICTIM, 123, 76);
	obs.signature = SIGNATURE_NTP;
	assert_int_equal(classify(&obs), VECTOR_NTP_FLOOD);
	assert_int_equal(classify_question(&obs), VECTOR_NTP_REFLECTION);
	obs.signature = SIGNATURE_NONE; /* random bytes that happened to go there */
	assert_int_equal(classify(&obs), VECTOR_UDP_FLOOD);
	obs.src_port = 443;
	obs.signature = SIGNATURE_DTLS;
	assert_int_equal(classify(&obs), VECTOR_DTLS_REFLECTION);
	assert_true(classify_is_reflection(VECTOR_DTLS_REFLECTION));
	assert_true(classify_is_reflection(VECTOR_SYNACK_REFLECTION));
	assert_false(classify_is_reflection(VECTOR_UDP_FLOOD));
}

static void icmp_types_of_both_families_are_kept_apart(void **state)
{
	(void)state;
	static const struct {
		enum ip_protocol protocol;
		uint8_t type;
		enum vector vector;
	} cases[] = {
		{PROTOCOL_ICMP, 8, VECTOR_ICMP_ECHO_FLOOD}, {PROTOCOL_ICMPV6, 8, VECTOR_ICMP_FLOOD},
		{PROTOCOL_ICMP, 128, VECTOR_ICMP_FLOOD}, {PROTOCOL_ICMPV6, 128, VECTOR_ICMP_ECHO_FLOOD},
		{PROTOCOL_ICMP, 3, VECTOR_ICMP_UNREACHABLE_FLOOD}, {PROTOCOL_ICMPV6, 3, VECTOR_ICMP_TIME_EXCEEDED_FLOOD},
		{PROTOCOL_ICMP, 0, VECTOR_ICMP_ECHO_REPLY_FLOOD}, {PROTOCOL_ICMPV6, 129, VECTOR_ICMP_ECHO_REPLY_FLOOD},
		{PROTOCOL_ICMPV6, 135, VECTOR_ICMPV6_NEIGHBOR_FLOOD}, {PROTOCOL_ICMPV6, 134, VECTOR_ICMPV6_ROUTER_ADVERTISEMENT_FLOOD},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct observation obs = scene_packet(0, CLIENT, SCENE_VICTIM, cases[i].protocol);
		obs.icmp_type = cases[i].type;
		assert_int_equal(classify(&obs), cases[i].vector);
	}
}

static int fill_tables(void **state)
{
	(void)state;
	classify_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_flags_of_a_packet_name_it),
		cmocka_unit_test(a_mean_length_beyond_headers_is_payload),
		cmocka_unit_test(records_of_connections_tell_whether_they_carried_anything),
		cmocka_unit_test(later_fragments_are_known_by_offset_or_by_missing_ports),
		cmocka_unit_test(udp_answers_are_named_by_source_port_and_requests_by_destination),
		cmocka_unit_test(icmp_types_of_both_families_are_kept_apart),
		cmocka_unit_test(tcp_without_known_flags_is_neither_null_nor_fragment),
		cmocka_unit_test(the_outside_of_a_tunnel_over_udp_is_known_by_its_port),
	};
	return cmocka_run_group_tests(tests, fill_tables, NULL);
}
