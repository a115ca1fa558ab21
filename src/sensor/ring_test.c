/*
 * Proves of the AF_PACKET ring: exact counts for every kind of frame, payload
 * cut in the kernel, both directions marked, losses counted, and one clear
 * line for each refusal. Real packets in a namespace of its own.
 */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sensor/ring.h"
#include "sensor/testnet.h"


static const struct ring_config far_config = {.interface = "far", .exporter = 7, .ring_bytes = 32 << 20};

static struct ring *open_with(const struct ring_config *config)
{
	struct ring *ring = NULL;
	char why[INPUT_WHY_BYTES];
	assert_int_equal(ring_open(config, &ring, why), OK);
	return ring;
}

static struct ring *far_open(void)
{
	return open_with(&far_config);
}

/** Reads until that many packets were received, or patience ends. */
static struct input_counters read_until(struct ring *ring, uint64_t packets, struct testnet_sink *sink)
{
	struct input_counters counters = {0};
	int64_t end_mono_ns = clock_mono_ns() + TESTNET_PATIENCE_NS;
	do {
		(void)poll(&(struct pollfd){.fd = ring_fd(ring), .events = POLLIN}, 1, INPUT_POLL_MS);
		int err = ring_read(ring, testnet_collect, sink);
		assert_true(err == OK || err == E_AGAIN);
		ring_counters(ring, &counters);
	} while (counters.received < packets && clock_mono_ns() < end_mono_ns);
	return counters;
}

static void every_frame_is_counted_once(void **state)
{
	(void)state;
	struct testnet_sink sink = {0};
	struct ring *ring = far_open();
	size_t count;
	const struct testnet_frame *frames = testnet_frames(&count);
	for (size_t i = 0; i < count; i++)
		testnet_send("near", &frames[i], 1);
	struct input_counters counters = read_until(ring, count, &sink);
	testnet_check(&sink, &counters);
	int64_t age_ns = clock_wall_ns() - sink.seen[0].start_ns;
	assert_in_range(age_ns, 0, TESTNET_PATIENCE_NS);
	assert_int_equal(ring_read(ring, testnet_collect, &sink), E_AGAIN);
	ring_free(ring);
}

static void payload_never_enters(void **state)
{
	(void)state;
	struct testnet_sink sink = {0};
	struct ring *ring = far_open();
	size_t count;
	const struct testnet_frame *frames = testnet_frames(&count);
	assert_false(testnet_ring_holds(false));
	for (size_t i = 0; i < count; i++)
		testnet_send("near", &frames[i], 20);
	(void)read_until(ring, count * 20, &sink);
	assert_true(testnet_ring_holds(false)); /* the search finds what may be there */
	assert_false(testnet_ring_holds(true));
	ring_free(ring);
}

static void directions_are_told(void **state)
{
	(void)state;
	struct testnet_sink sink = {0};
	struct ring *ring = far_open();
	size_t count;
	const struct testnet_frame *frames = testnet_frames(&count);
	testnet_send("near", &frames[0], 1);
	testnet_send("far", &frames[0], 1);
	struct input_counters counters = read_until(ring, 2, &sink);
	assert_int_equal(counters.used, 2);
	assert_int_equal(sink.seen[0].traits & TRAIT_EGRESS, 0);
	assert_int_equal(sink.seen[1].traits & TRAIT_EGRESS, TRAIT_EGRESS);
	ring_free(ring);
}

static void loopback_is_seen_once(void **state)
{
	(void)state;
	struct testnet_sink sink = {0};
	struct ring *ring = open_with(&(struct ring_config){.interface = "lo"});
	size_t count;
	const struct testnet_frame *frames = testnet_frames(&count);
	testnet_send("lo", &frames[0], 10);
	struct input_counters counters = read_until(ring, 10, &sink);
	assert_int_equal(counters.received, 10);
	assert_int_equal(counters.used, 10);
	ring_free(ring);
}

static void plain_ip_is_read(void **state)
{
	(void)state;
	struct testnet_sink sink = {0};
	size_t count, ip_count = 0;
	const struct testnet_frame *frames = testnet_frames(&count);
	int fd = testnet_tun_make();
	if (fd < 0)
		skip();
	struct ring *ring = open_with(&(struct ring_config){.interface = "tun0", .exporter = 7});
	for (size_t i = 0; i < count; i++) {
		if (frames[i].error != OK || frames[i].vlan != 0)
			continue;
		ip_count++;
		assert_true(write(fd, frames[i].bytes + 14, frames[i].length_bytes - 14) > 0);
	}
	struct input_counters counters = read_until(ring, ip_count, &sink);
	assert_int_equal(counters.used, ip_count);
	assert_int_equal(sink.seen[0].src_port, frames[0].src_port);
	assert_int_equal(sink.seen[0].dst_port, frames[0].dst_port);
	assert_int_equal(sink.seen[0].length_bytes, frames[0].length_bytes - 14);
	ring_free(ring);
	(void)close(fd);
}

static void losses_are_counted(void **state)
{
	(void)state;
	const uint64_t sent = 30000;
	struct testnet_sink sink = {0};
	struct ring *ring = open_with(&(struct ring_config){.interface = "far", .exporter = 7, .ring_bytes = 1 << 20});
	size_t count;
	const struct testnet_frame *frames = testnet_frames(&count);
	testnet_send("near", &frames[0], sent); /* more than the ring holds, and nobody reads */
	struct input_counters counters = read_until(ring, sent, &sink);
	assert_int_equal(counters.received, sent);
	assert_int_equal(counters.used, sink.count);
	assert_int_equal(counters.used + counters.dropped_kernel, sent);
	assert_in_range(counters.dropped_kernel, 1, sent - 1);
	assert_in_range(counters.kernel_freezes, 1, sent);
	testnet_send("near", &frames[0], 1); /* and it goes on */
	assert_int_equal(read_until(ring, sent + 1, &sink).used, counters.used + 1);
	ring_free(ring);
}

static void sampling_is_fair(void **state)
{
	(void)state;
	const uint64_t sent = 50000;
	struct testnet_sink sink = {0};
	struct ring *ring = open_with(&(struct ring_config){.interface = "far", .exporter = 7, .ring_bytes = 64 << 20, .sampling = 10});
	size_t count;
	const struct testnet_frame *frames = testnet_frames(&count);
	testnet_send("near", &frames[0], sent);
	/* Each is chosen by itself: the count's deviation is sqrt(50000 x 0.1 x 0.9) = 67; seven of them. */
	struct input_counters counters = read_until(ring, 5000 - 470, &sink);
	struct input_counters last = read_until(ring, 0, &sink);
	while (last.received > counters.received) {
		counters = last;
		last = read_until(ring, 0, &sink);
	}
	assert_in_range(last.used, 5000 - 470, 5000 + 470);
	assert_int_equal(last.received, last.used);
	assert_int_equal(last.seen_packets, 0); /* it cannot tell */
	assert_int_equal(sink.seen[0].sampling, 10);
	ring_free(ring);
}

static void promiscuous_is_set(void **state)
{
	(void)state;
	struct ring_config config = far_config;
	config.promiscuous = true;
	struct ring *ring = open_with(&config);
	assert_true(testnet_run((const char *const[]){
		"sh", "-c", "ip -d link show far | grep -q 'promiscuity 1'", NULL}));
	ring_free(ring);
	assert_true(testnet_run((const char *const[]){
		"sh", "-c", "ip -d link show far | grep -q 'promiscuity 0'", NULL}));
}

static void follow(struct ring *ring, enum interface_state expected)
{
	char why[INPUT_WHY_BYTES];
	assert_int_equal(ring_follow(ring, why), expected);
	assert_string_equal(why, "");
}

static void the_interface_is_followed(void **state)
{
	(void)state;
	struct testnet_sink sink = {0};
	struct ring *ring = open_with(&(struct ring_config){.interface = "far", .exporter = 7, .promiscuous = true});
	size_t count;
	const struct testnet_frame *frames = testnet_frames(&count);
	assert_true(testnet_run((const char *const[]){"ip", "link", "set", "far", "down", NULL}));
	assert_int_equal(ring_read(ring, testnet_collect, &sink), E_SYS);
	assert_int_equal(errno, ENETDOWN);
	assert_int_equal(ring_read(ring, testnet_collect, &sink), E_AGAIN);
	follow(ring, INTERFACE_DOWN);
	assert_true(testnet_run((const char *const[]){"ip", "link", "set", "far", "up", NULL}));
	follow(ring, INTERFACE_UP);
	testnet_send("near", &frames[0], 1);
	assert_int_equal(read_until(ring, 1, &sink).used, 1);
	testnet_link_remove();
	assert_int_equal(ring_read(ring, testnet_collect, &sink), E_SYS);
	follow(ring, INTERFACE_GONE);
	follow(ring, INTERFACE_GONE);
	testnet_link_make();
	follow(ring, INTERFACE_UP);
	testnet_send("near", &frames[0], 1);
	assert_int_equal(read_until(ring, 2, &sink).used, 2);
	assert_true(testnet_run((const char *const[]){"sh", "-c", "ip -d link show far | grep -q 'promiscuity 1'", NULL}));
	assert_true(testnet_run((const char *const[]){"ip", "link", "set", "far", "name", "renamed", NULL}));
	follow(ring, INTERFACE_UP); /* its packets come as before */
	assert_true(testnet_run((const char *const[]){"ip", "link", "set", "renamed", "name", "far", NULL}));
	ring_free(ring);
}

static void another_link_type_is_refused(void **state)
{
	(void)state;
	char why[INPUT_WHY_BYTES];
	struct ring *ring = far_open();
	testnet_link_remove();
	int fd = testnet_tun_make();
	if (fd < 0)
		skip();
	assert_true(testnet_run((const char *const[]){"ip", "link", "set", "tun0", "name", "far", NULL}));
	assert_int_equal(ring_follow(ring, why), INTERFACE_GONE);
	assert_string_equal(why, "far: is back with another link type: restart the sensor");
	(void)close(fd);
	testnet_link_make();
	follow(ring, INTERFACE_UP);
	ring_free(ring);
}

/** All that a sensor does with an open ring, while the interface is replaced under it. */
static bool use_in_sandbox(void *arg)
{
	struct ring *ring = arg;
	struct testnet_sink sink = {0};
	struct input_counters counters = {0};
	int64_t end_mono_ns = clock_mono_ns() + TESTNET_PATIENCE_NS;
	while (counters.used <= 3 && clock_mono_ns() < end_mono_ns) {
		char why[INPUT_WHY_BYTES];
		(void)poll(&(struct pollfd){.fd = ring_fd(ring), .events = POLLIN}, 1, INPUT_POLL_MS);
		if (ring_read(ring, testnet_collect, &sink) == E_AGAIN)
			(void)ring_follow(ring, why);
		ring_counters(ring, &counters);
	}
	return counters.used > 3 && sink.count == counters.used;
}

static void the_sandbox_lets_it_follow(void **state)
{
	(void)state;
	struct ring *ring = open_with(&(struct ring_config){.interface = "far", .promiscuous = true});
	size_t count;
	const struct testnet_frame *frames = testnet_frames(&count);
	testnet_send("near", &frames[0], 3);
	pid_t replacer = testnet_replacer_start();
	assert_true(testnet_sandboxed(use_in_sandbox, ring));
	testnet_replacer_end(replacer);
	ring_free(ring);
}

static bool open_is_denied(void)
{
	struct ring *ring = NULL;
	char why[INPUT_WHY_BYTES] = "";
	return ring_open(&far_config, &ring, why) == E_DENIED && ring == NULL &&
		strcmp(why, "far: no permission to capture packets: run as root or with CAP_NET_RAW") == 0;
}

static void refusals_are_clear(void **state)
{
	(void)state;
	struct ring *ring = NULL;
	struct ring_config config = far_config;
	char why[INPUT_WHY_BYTES];
	config.interface = "nowhere";
	assert_int_equal(ring_open(&config, &ring, why), E_CONFIG);
	assert_string_equal(why, "nowhere: no such interface");
	config.interface = "a_name_longer_than_any_interface_has";
	assert_int_equal(ring_open(&config, &ring, why), E_CONFIG);
	config.interface = "";
	assert_int_equal(ring_open(&config, &ring, why), E_CONFIG);
	assert_true(testnet_run((const char *const[]){"ip", "link", "set", "far", "down", NULL}));
	assert_int_equal(ring_open(&far_config, &ring, why), E_STATE);
	assert_string_equal(why, "far: the interface is down: set it up first (ip link set dev ... up)");
	assert_null(ring);
	assert_true(testnet_run((const char *const[]){"ip", "link", "set", "far", "up", NULL}));
	assert_true(testnet_unprivileged(open_is_denied));
	ring_free(NULL);
}

int main(void)
{
	testnet_enter();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_frame_is_counted_once, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(payload_never_enters, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(directions_are_told, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(loopback_is_seen_once, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(plain_ip_is_read, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(losses_are_counted, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(sampling_is_fair, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(promiscuous_is_set, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(the_interface_is_followed, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(another_link_type_is_refused, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(the_sandbox_lets_it_follow, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(refusals_are_clear, testnet_setup, testnet_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
