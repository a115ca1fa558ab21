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

#include "core/clock.h"
#include "sensor/ring.h"
#include "sensor/testnet.h"

#define PATIENCE_NS (5 * NS_PER_S)

static const struct ring_config far_config = {.interface = "far", .exporter = 7, .ring_bytes = 32 << 20};

static int setup(void **state)
{
	(void)state;
	testnet_link_make();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	testnet_link_remove();
	return 0;
}

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
	int64_t end_mono_ns = clock_mono_ns() + PATIENCE_NS;
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
	assert_in_range(age_ns, 0, PATIENCE_NS);
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

static void fanout_shares(void **state)
{
	(void)state;
	struct testnet_sink sink = {0};
	struct ring *rings[2] = {0};
	struct ring_config config = far_config;
	size_t count;
	const struct testnet_frame *frames = testnet_frames(&count);
	config.fanout_group = 77;
	for (size_t i = 0; i < ARRAY_LEN(rings); i++)
		rings[i] = open_with(&config);
	for (uint16_t port = 0; port < 100; port++) {
		struct testnet_frame frame = frames[0];
		frame.bytes[34] = (uint8_t)port; /* source port: another flow */
		testnet_send("near", &frame, 1);
	}
	struct input_counters first = {0}, second = {0};
	int64_t end_mono_ns = clock_mono_ns() + PATIENCE_NS;
	while (first.received + second.received < 100 && clock_mono_ns() < end_mono_ns) {
		first = read_until(rings[0], 0, &sink);
		second = read_until(rings[1], 0, &sink);
	}
	assert_int_equal(first.used + second.used, 100);
	assert_in_range(first.used, 1, 99);
	ring_free(rings[0]);
	ring_free(rings[1]);
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

static void interface_going_away_is_told(void **state)
{
	(void)state;
	struct testnet_sink sink = {0};
	struct ring *ring = far_open();
	size_t count;
	const struct testnet_frame *frames = testnet_frames(&count);
	assert_true(testnet_run((const char *const[]){"ip", "link", "set", "far", "down", NULL}));
	assert_int_equal(ring_read(ring, testnet_collect, &sink), E_SYS);
	assert_int_equal(errno, ENETDOWN);
	assert_int_equal(ring_read(ring, testnet_collect, &sink), E_AGAIN);
	assert_true(testnet_run((const char *const[]){"ip", "link", "set", "far", "up", NULL}));
	testnet_send("near", &frames[0], 1);
	assert_int_equal(read_until(ring, 1, &sink).used, 1);
	testnet_link_remove();
	assert_int_equal(ring_read(ring, testnet_collect, &sink), E_SYS);
	assert_int_equal(errno, ENODEV);
	ring_free(ring);
	testnet_link_make();
}

/** All that a sensor does with an open ring, while the interface is removed under it. */
static bool use_in_sandbox(void *arg)
{
	struct ring *ring = arg;
	struct testnet_sink sink = {0};
	struct input_counters counters = {0};
	int err = OK;
	for (size_t i = 0; i < 1000 && (err != E_SYS || errno != ENODEV); i++) {
		(void)poll(&(struct pollfd){.fd = ring_fd(ring), .events = POLLIN}, 1, INPUT_POLL_MS);
		err = ring_read(ring, testnet_collect, &sink);
		ring_counters(ring, &counters);
	}
	return counters.used == 3 && sink.count == 3 && err == E_SYS;
}

static void reads_in_the_sandbox(void **state)
{
	(void)state;
	struct ring *ring = far_open();
	size_t count;
	const struct testnet_frame *frames = testnet_frames(&count);
	testnet_send("near", &frames[0], 3);
	pid_t remover = fork();
	if (remover == 0) {
		(void)poll(NULL, 0, 300);
		_exit(testnet_run((const char *const[]){"ip", "link", "delete", "near", NULL}) ? 0 : 1);
	}
	assert_true(testnet_sandboxed(use_in_sandbox, ring));
	assert_int_equal(waitpid(remover, NULL, 0), remover);
	ring_free(ring);
	testnet_link_make();
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
		cmocka_unit_test_setup_teardown(every_frame_is_counted_once, setup, teardown),
		cmocka_unit_test_setup_teardown(payload_never_enters, setup, teardown),
		cmocka_unit_test_setup_teardown(directions_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(loopback_is_seen_once, setup, teardown),
		cmocka_unit_test_setup_teardown(plain_ip_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(losses_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(fanout_shares, setup, teardown),
		cmocka_unit_test_setup_teardown(promiscuous_is_set, setup, teardown),
		cmocka_unit_test_setup_teardown(interface_going_away_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(reads_in_the_sandbox, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals_are_clear, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
