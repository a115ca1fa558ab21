/*
 * Proves that the exercise tells the truth: what it makes decodes to what
 * its recipe says, the same seed gives the same bytes, what its labels count
 * is what was sent, and flow exports add up to the packets they tell of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "decode/flow.h"
#include "decode/packet.h"
#include "exercise/address.h"
#include "exercise/exporter.h"
#include "exercise/flow_cache.h"
#include "exercise/frame.h"
#include "exercise/guest.h"
#include "exercise/labels.h"
#include "exercise/scenario.h"
#include "exercise/score.h"
#include "exercise/traffic.h"
#include "exercise/watch.h"

#define START_WALL_NS (INT64_C(1735165440) * NS_PER_S)

static struct scenario_options options_of(bool is_v4, uint64_t pps, uint64_t clients_pps)
{
	return (struct scenario_options){.is_v4 = is_v4, .seed = 7, .pps = pps, .clients_pps = clients_pps, .sources = 50,
		.duration_ms = 1000};
}

static struct traffic *traffic_of_vector(const char *vector, const struct scenario_options *options)
{
	struct scenario scenario;
	struct traffic *traffic;
	char why[160];
	assert_int_equal(scenario_of_vector(vector, options, why, &scenario), OK);
	assert_int_equal(traffic_new(&scenario, &traffic), OK);
	return traffic;
}

static struct traffic *traffic_of_scenario(const char *name, const struct scenario_options *options, struct scenario *scenario)
{
	struct traffic *traffic;
	char why[160];
	assert_int_equal(scenario_read(name, options, why, scenario), OK);
	assert_int_equal(traffic_new(scenario, &traffic), OK);
	return traffic;
}

static void test_every_vector_has_a_recipe(void **state)
{
	(void)state;
	uint16_t port;
	for (unsigned vector = VECTOR_UNKNOWN + 1; vector < VECTOR_COUNT; vector++)
		assert_true(vector == VECTOR_TCP_FLOOD || /* what is told where flags were not exported: no packet is without */
			recipe_find(vector_name((enum vector)vector), &port) != NULL);
	assert_non_null(recipe_find("udp_reflection_4242", &port));
	assert_int_equal(port, 4242);
	assert_null(recipe_find("udp_reflection_0", &port));
	assert_null(recipe_find("udp_reflection_65536", &port));
	assert_null(recipe_find("udp_reflection_12x", &port));
	assert_null(recipe_find("no_such_flood", &port));
}

static uint16_t sum_of(const uint8_t *bytes, size_t length_bytes)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < length_bytes; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* What the decoder must say about a packet, tunnels as their outer header. */
static void packet_check(const struct packet *packet)
{
	uint8_t frame[FRAME_BYTES_MAX];
	struct observation obs = {.sampling = 1};
	size_t length_bytes = frame_write(packet, frame);
	bool has_ports = !packet->is_bare && packet->fragment_offset_bytes == 0 &&
		(packet->protocol == PROTOCOL_TCP || packet->protocol == PROTOCOL_UDP);

	assert_int_equal(packet_parse(LINK_ETHERNET, frame, length_bytes, length_bytes, &obs), OK);
	if (obs.traits & TRAIT_TUNNELLED)
		obs = observation_outer(&obs);
	else
		assert_int_equal(obs.ttl, packet->ttl);
	assert_true(ip_equal(&obs.src, &packet->src) && ip_equal(&obs.dst, &packet->dst));
	assert_int_equal(obs.length_bytes, frame_ip_bytes(packet));
	if (packet->protocol != PROTOCOL_AH)
		assert_int_equal(obs.protocol, packet->protocol);
	if (has_ports) {
		assert_int_equal(obs.src_port, packet->src_port);
		assert_int_equal(obs.dst_port, packet->dst_port);
	}
	if (has_ports && packet->protocol == PROTOCOL_TCP) {
		assert_int_equal(obs.tcp_flags, packet->tcp_flags);
		assert_int_equal(obs.tcp_window, packet->tcp_window);
		assert_int_equal(obs.payload_bytes, packet->payload_bytes);
	}
	if (packet->protocol == PROTOCOL_ICMP || packet->protocol == PROTOCOL_ICMPV6)
		assert_int_equal(obs.icmp_type, packet->icmp_type);
	assert_int_equal((obs.traits & TRAIT_FRAGMENT_LATER) != 0, packet->fragment_offset_bytes != 0);
	if (ip_is_v4(&packet->dst)) /* RFC 791: the header's sum with its checksum is all ones */
		assert_int_equal(sum_of(frame + 14, 20), 0xffff);
}

static void test_every_vector_decodes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < recipe_count; i++) {
		for (int is_v4 = 0; is_v4 < 2; is_v4++) {
			if (recipes[i].family == (is_v4 ? RECIPE_V6_ONLY : RECIPE_V4_ONLY))
				continue;
			struct scenario_options options = options_of(is_v4, 300, 0);
			struct traffic *traffic = traffic_of_vector(recipe_name(&recipes[i]), &options);
			struct packet packet;
			while (traffic_next(traffic, &packet) == OK)
				packet_check(&packet);
			assert_in_range(traffic_truth_of(traffic, 0)->packets, 250, 350);
			traffic_free(traffic);
		}
	}
}

static void test_clients_decode_and_speak_both_ways(void **state)
{
	(void)state;
	for (int is_v4 = 0; is_v4 < 2; is_v4++) {
		struct scenario_options options = options_of(is_v4, 0, 20000);
		struct scenario scenario;
		struct traffic *traffic = traffic_of_scenario("quiet", &options, &scenario);
		struct packet packet;
		uint64_t in = 0, out = 0, syn = 0, syn_ack = 0;
		while (traffic_next(traffic, &packet) == OK) {
			packet_check(&packet);
			assert_int_equal(packet.is_outbound, ip_prefix_covers(&scenario.member, &packet.src));
			in += !packet.is_outbound;
			out += packet.is_outbound;
			syn += packet.protocol == PROTOCOL_TCP && packet.tcp_flags == TCP_SYN;
			syn_ack += packet.protocol == PROTOCOL_TCP && packet.tcp_flags == (TCP_SYN | TCP_ACK);
		}
		assert_int_equal(in + out, traffic_client_packets(traffic));
		assert_in_range(in + out, 19000, 21000);
		assert_true(in > 4000 && out > 4000 && syn > 50 && syn_ack + 100 > syn);
		traffic_free(traffic);
	}
}

static uint64_t digest_of(uint64_t seed)
{
	struct scenario_options options = options_of(true, 5000, 1000);
	struct scenario scenario;
	struct packet packet;
	uint8_t frame[FRAME_BYTES_MAX];
	uint64_t digest = 0;

	options.seed = seed;
	struct traffic *traffic = traffic_of_scenario("multi-vector", &options, &scenario);
	while (traffic_next(traffic, &packet) == OK) {
		size_t length_bytes = frame_write(&packet, frame);
		digest = digest * 31 + (uint64_t)packet.time_ns;
		for (size_t i = 0; i < length_bytes; i++)
			digest = digest * 31 + frame[i];
	}
	traffic_free(traffic);
	return digest;
}

static void test_same_seed_same_bytes(void **state)
{
	(void)state;
	assert_true(digest_of(1) == digest_of(1));
	assert_true(digest_of(1) != digest_of(2));
}

static void test_truth_counts_what_was_sent_in_order(void **state)
{
	(void)state;
	for (unsigned i = 0; i < scenario_builtin_count; i++) {
		for (int is_v4 = 0; is_v4 < 2; is_v4++) {
			struct scenario_options options = options_of(is_v4, 2000, 500);
			struct scenario scenario;
			struct traffic *traffic = traffic_of_scenario(scenario_builtins[i].name, &options, &scenario);
			uint64_t counted[TRAFFIC_STREAMS_MAX] = {0}, clients = 0;
			struct packet packet;
			int64_t before_ns = 0;
			while (traffic_next(traffic, &packet) == OK) {
				assert_true(packet.time_ns >= before_ns);
				before_ns = packet.time_ns;
				if (packet.origin == PACKET_ORIGIN_CLIENT)
					clients++;
				else if (!packet.is_response)
					counted[packet.origin]++;
			}
			assert_int_equal(clients, traffic_client_packets(traffic));
			for (size_t j = 0; j < traffic_stream_count(traffic); j++) {
				assert_int_equal(counted[j], traffic_truth_of(traffic, j)->packets);
				assert_true(counted[j] > 0);
			}
			traffic_free(traffic);
		}
	}
}

/* A flow export on its way from the exporter to the decoder. */
struct wire {
	struct flow_state *state;
	struct flow_cache *cache;
	struct exporter exporter;
	uint64_t packets;
	uint64_t bytes;
};

static void observations_count(void *arg, const struct observation *batch, size_t count)
{
	struct wire *wire = arg;
	for (size_t i = 0; i < count; i++) {
		wire->packets += observation_packets(&batch[i]);
		wire->bytes += observation_bytes(&batch[i]);
		/* Whole milliseconds; NetFlow v9 tells its clock in whole seconds (RFC 3954 section 5.1). */
		int64_t blur_ns = wire->exporter.format == EXPORTER_NETFLOW9 ? NS_PER_S : NS_PER_MS;
		assert_true(batch[i].start_ns >= START_WALL_NS - blur_ns && batch[i].end_ns <= START_WALL_NS + NS_PER_S + blur_ns);
	}
}

static int datagram_decode(void *arg, const uint8_t *bytes, size_t length_bytes, int64_t time_ns)
{
	struct wire *wire = arg;
	struct ip_addr exporter = ip_from_v4(0xc6336401);
	assert_int_equal(flow_parse(wire->state, &exporter, 0, START_WALL_NS + time_ns, bytes, length_bytes,
		observations_count, wire), OK);
	return OK;
}

static int record_pass(void *arg, const struct flow_record *record, int64_t now_ns)
{
	struct wire *wire = arg;
	return exporter_add_flow(&wire->exporter, record, now_ns);
}

static void flow_check(enum exporter_format format, bool is_v4, uint32_t sampling)
{
	struct flow_config config = flow_config_default();
	struct scenario_options options = options_of(is_v4, 3000, 1000);
	struct scenario scenario;
	struct wire wire = {.state = flow_state_new(&config)};
	struct packet packet;
	uint64_t packets = 0, bytes = 0;

	assert_non_null(wire.state);
	wire.exporter = (struct exporter){.format = format, .is_v4 = is_v4, .sampling = sampling,
		.start_wall_ns = START_WALL_NS, .sink = datagram_decode, .arg = &wire};
	assert_int_equal(flow_cache_new(300, 100, 256, record_pass, &wire, &wire.cache), OK);
	struct traffic *traffic = traffic_of_scenario("december-26", &options, &scenario);
	while (traffic_next(traffic, &packet) == OK) {
		packets++;
		bytes += frame_ip_bytes(&packet);
		if (format == EXPORTER_SFLOW)
			assert_int_equal(exporter_add_sample(&wire.exporter, &packet), OK);
		else
			assert_int_equal(flow_cache_add(wire.cache, &packet), OK);
	}
	assert_int_equal(flow_cache_flush(wire.cache, NS_PER_S), OK);
	assert_int_equal(exporter_flush(&wire.exporter, NS_PER_S), OK);
	assert_int_equal(wire.packets, packets * sampling);
	assert_int_equal(wire.bytes, bytes * sampling);
	traffic_free(traffic);
	flow_cache_free(wire.cache);
	flow_state_free(wire.state);
}

static void test_flow_exports_add_up(void **state)
{
	(void)state;
	flow_check(EXPORTER_NETFLOW5, true, 1);
	flow_check(EXPORTER_NETFLOW5, true, 100);
	for (int is_v4 = 0; is_v4 < 2; is_v4++) {
		for (uint32_t sampling = 1; sampling <= 100; sampling += 99) {
			flow_check(EXPORTER_NETFLOW9, is_v4, sampling);
			flow_check(EXPORTER_IPFIX, is_v4, sampling);
			flow_check(EXPORTER_SFLOW, is_v4, sampling);
		}
	}
}

static void test_scenarios_are_refused_with_a_reason(void **state)
{
	(void)state;
	struct scenario_options options = options_of(true, 100, 0);
	struct scenario scenario;
	char why[160] = "";

	assert_int_equal(scenario_of_vector("no_such_flood", &options, why, &scenario), E_CONFIG);
	assert_non_null(strstr(why, "no such vector"));
	assert_int_equal(scenario_of_vector("icmpv6_neighbor_flood", &options, why, &scenario), E_CONFIG);
	assert_non_null(strstr(why, "--ip"));
	options.target = "203.0.113.300";
	assert_int_equal(scenario_of_vector("syn_flood", &options, why, &scenario), E_CONFIG);
	options.target = "2001:db8:113::1";
	assert_int_equal(scenario_of_vector("syn_flood", &options, why, &scenario), E_CONFIG);
	options.target = "203.0.113.0/28";
	assert_int_equal(scenario_of_vector("syn_flood", &options, why, &scenario), OK);
	assert_int_equal(scenario.attacks[0].kind, FINDING_CARPET_BOMBING);
	assert_int_equal(scenario_read("/no/such/scenario", &options, why, &scenario), E_CONFIG);
}

static void test_score_knows_right_from_wrong(void **state)
{
	(void)state;
	static struct score score;
	struct scenario_options options = options_of(true, 1000, 0);
	struct scenario scenario;
	struct packet packet;
	static struct finding finding;
	struct traffic *traffic = traffic_of_scenario("multi-vector", &options, &scenario);

	score_init(&score, &scenario, 100);
	while (traffic_next(traffic, &packet) == OK)
		score_packet(&score, &packet, START_WALL_NS + packet.time_ns);
	traffic_free(traffic);
	assert_true(score.attacks[0].over_ns > score.attacks[0].first_ns);
	assert_false(score_is_right(&score.attacks[0]));

	finding = (struct finding){.id = "a", .kind = FINDING_FLOOD, .phase = FINDING_BEGIN, .vector_count = 1};
	finding.target = (struct ip_prefix){ip_from_v4(0xcb007163), 128};
	assert_true(score_finding(&score, &finding, START_WALL_NS) == SCORE_NOBODY);
	assert_int_equal(score.strays, 1);

	finding.id[0] = 'b';
	finding.target = scenario.attacks[0].target;
	assert_int_equal(score_finding(&score, &finding, START_WALL_NS + NS_PER_S), 0);
	assert_false(score_is_right(&score.attacks[0]));
	finding.phase = FINDING_CHANGE;
	finding.vector_count = scenario.attacks[0].stream_count;
	for (size_t i = 0; i < finding.vector_count; i++)
		(void)labels_vector(&scenario.attacks[0].streams[i], finding.vectors[i].name);
	assert_int_equal(score_finding(&score, &finding, START_WALL_NS + 2 * NS_PER_S), 0);
	assert_true(score_is_right(&score.attacks[0]));
	assert_int_equal(score.strays, 1);
}

static void test_machines_are_public_and_stable(void **state)
{
	(void)state;
	struct ip_prefix member, private_network;
	assert_int_equal(ip_prefix_parse(ADDRESS_MEMBER_V4, &member), OK);
	assert_int_equal(ip_prefix_parse("10.0.0.0/8", &private_network), OK);
	for (uint64_t i = 0; i < 100000; i++) {
		struct ip_addr once = address_of_machine(3, i, true), twice = address_of_machine(3, i, true);
		assert_true(ip_equal(&once, &twice));
		assert_false(ip_prefix_covers(&member, &once) || ip_prefix_covers(&private_network, &once));
		assert_int_equal(address_ttl(3, i), address_ttl(3, i));
	}
}

static void test_without_a_page_nothing_is_left_to_it(void **state)
{
	struct scenario_options options = {.is_v4 = true, .seed = 1, .pps = 1000, .sources = 10};
	struct scenario scenario;
	char why[160];
	(void)state;
	assert_int_equal(scenario_read("december-26", &options, why, &scenario), OK);
	size_t count = scenario.attack_count;
	assert_int_equal(scenario.attacks[count - 1].decision, SCENARIO_PAGE);
	scenario_without_page(&scenario);
	assert_int_equal(scenario.attack_count, count - 1);
	assert_int_equal(scenario.duration_ms, 68000); /* and it ends where the last of the others does */
	assert_true(scenario_is_playable(&scenario));
	assert_int_equal(scenario_read("scan", &options, why, &scenario), OK);
	assert_false(scenario_is_playable(&scenario)); /* no rule meets a scan */
}

static void test_a_record_is_bounded_and_counts_what_it_leaves_out(void **state)
{
	static struct exercise_run run;
	static struct exercise_state all;
	struct clients_sum sum = {.asked = 48, .served = 40, .late = 5, .failed = 3};
	struct scenario_options options = {.is_v4 = true, .seed = 1, .pps = 1000, .sources = 10};
	struct scenario scenario;
	char why[160];
	(void)state;
	assert_int_equal(scenario_read("one-flood", &options, why, &scenario), OK);
	watch_begin(&run, &scenario, 1735165440000);
	for (size_t i = 0; i < EXERCISE_EVENTS_MAX + 3; i++)
		watch_note(&run, (int64_t)i * NS_PER_MS, EXERCISE_FOUND, "service", "a\nb");
	for (size_t i = 0; i < EXERCISE_SECONDS_MAX + 2; i++)
		watch_second(&run, &sum, i == 0 ? NULL : &sum);
	assert_int_equal(run.lost, 5);
	assert_string_equal(run.events[2].detail, "a?b"); /* what cannot be shown is not told */
	assert_int_equal(run.events[2].at_ms, 2);
	assert_false(run.seconds[0].has_without);
	assert_int_equal(run.seconds[1].without.served, 40);
	watch_end(&run, 1735165460000, NULL);
	assert_int_equal(run.stage, EXERCISE_DONE);
	watch_end(&run, 1735165460000, "stopped");
	assert_int_equal(run.stage, EXERCISE_FAILED);
	watch_scenarios(&all);
	for (size_t i = 0; i < all.scenario_count; i++)
		assert_string_not_equal(all.scenarios[i].name, "scan");
	assert_true(all.scenario_count >= 10);
}

static void test_a_guest_is_a_person_of_the_policy(void **state)
{
	struct guest guest = {.port = 8047, .point = {1, 2, 3}};
	char text[GUEST_POLICY_BYTES];
	(void)state;
	assert_string_equal(guest_policy(NULL, text), "");
	assert_non_null(strstr(guest_policy(&guest, text), "passkey = \"AQIDAAAA"));
	assert_non_null(strstr(text, "origin = \"http://localhost:8047\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_vector_has_a_recipe),
		cmocka_unit_test(test_every_vector_decodes),
		cmocka_unit_test(test_clients_decode_and_speak_both_ways),
		cmocka_unit_test(test_same_seed_same_bytes),
		cmocka_unit_test(test_truth_counts_what_was_sent_in_order),
		cmocka_unit_test(test_flow_exports_add_up),
		cmocka_unit_test(test_scenarios_are_refused_with_a_reason),
		cmocka_unit_test(test_score_knows_right_from_wrong),
		cmocka_unit_test(test_without_a_page_nothing_is_left_to_it),
		cmocka_unit_test(test_a_record_is_bounded_and_counts_what_it_leaves_out),
		cmocka_unit_test(test_a_guest_is_a_person_of_the_policy),
		cmocka_unit_test(test_machines_are_public_and_stable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
