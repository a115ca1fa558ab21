/*
 * Proves of the XDP input: exact counts for every kind of frame, fair
 * sampling, payload that never leaves the kernel, losses counted, a program
 * that dies with its process, pins that are taken over or refused, and one
 * clear line for each refusal. Real packets in a namespace of its own.
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

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "filter/filter.h"
#include "sensor/ring.h"
#include "sensor/testnet.h"
#include "sensor/xdp.h"

#define PINS "/sys/fs/bpf/hinomi"

static const struct xdp_config far_config = {.interface = "far", .exporter = 7, .sampling = 1};
static const struct xdp_config pinned_config = {
	.interface = "far", .exporter = 7, .sampling = 1, .pin_directory = PINS};

static struct xdp *open_with(const struct xdp_config *config)
{
	struct xdp *xdp = NULL;
	char why[INPUT_WHY_BYTES] = "";
	if (xdp_open(config, &xdp, why) != OK)
		fail_msg("%s", why);
	return xdp;
}

/** Reads until that many packets were seen by the program, and then what samples are there. */
static struct input_counters read_until(struct xdp *xdp, uint64_t packets, struct testnet_sink *sink)
{
	struct input_counters counters = {0};
	int64_t end_mono_ns = clock_mono_ns() + TESTNET_PATIENCE_NS;
	do {
		(void)poll(&(struct pollfd){.fd = xdp_fd(xdp), .events = POLLIN}, 1, INPUT_POLL_MS);
		xdp_counters(xdp, &counters);
		int err = xdp_read(xdp, testnet_collect, sink);
		assert_true(err == OK || err == E_AGAIN);
	} while (counters.seen_packets < packets && clock_mono_ns() < end_mono_ns);
	xdp_counters(xdp, &counters);
	return counters;
}

/** Whether a program is on an interface; waits a moment for one that is just being released. */
static bool is_attached(const char *interface, bool wanted)
{
	uint32_t id = 0;
	int64_t end_mono_ns = clock_mono_ns() + TESTNET_PATIENCE_NS;
	do {
		assert_int_equal(bpf_xdp_query_id((int)if_nametoindex(interface), 0, &id), 0);
	} while ((id != 0) != wanted && clock_mono_ns() < end_mono_ns);
	return id != 0;
}

static void every_frame_is_counted_once(void **state)
{
	(void)state;
	struct testnet_sink sink = {0};
	struct xdp *xdp = open_with(&far_config);
	uint64_t bytes = 0, exact_packets, exact_bytes;
	size_t count;
	const struct testnet_frame *frames = testnet_frames(&count);
	assert_string_equal(xdp_mode(xdp), "driver");
	for (size_t i = 0; i < count; i++) {
		testnet_send("near", &frames[i], 1);
		bytes += frames[i].length_bytes;
	}
	struct input_counters counters = read_until(xdp, count, &sink);
	testnet_check(&sink, &counters);
	xdp_exact(xdp, &exact_packets, &exact_bytes);
	assert_int_equal(exact_packets, count);
	assert_int_equal(exact_bytes, bytes);
	int64_t age_ns = clock_wall_ns() - sink.seen[0].start_ns;
	assert_in_range(age_ns, 0, TESTNET_PATIENCE_NS);
	assert_int_equal(xdp_read(xdp, testnet_collect, &sink), E_AGAIN);
	xdp_free(xdp);
	assert_false(is_attached("far", false));
}

static void generic_mode_is_the_fallback(void **state)
{
	(void)state;
	struct testnet_sink sink = {0};
	struct xdp *xdp = open_with(&(struct xdp_config){.interface = "lo", .sampling = 1});
	size_t count;
	const struct testnet_frame *frames = testnet_frames(&count);
	assert_string_equal(xdp_mode(xdp), "generic");
	testnet_send("lo", &frames[0], 10);
	struct input_counters counters = read_until(xdp, 10, &sink);
	assert_int_equal(counters.seen_packets, 10);
	assert_int_equal(counters.used, 10);
	xdp_free(xdp);
}

static void every_packet_passes(void **state)
{
	(void)state;
	struct testnet_sink sink = {0}, behind_sink = {0};
	char why[INPUT_WHY_BYTES];
	struct ring *behind = NULL; /* the stack's taps are behind XDP */
	struct input_counters behind_counters;
	struct xdp *xdp = open_with(&far_config);
	size_t count;
	const struct testnet_frame *frames = testnet_frames(&count);
	assert_int_equal(ring_open(&(struct ring_config){.interface = "far", .exporter = 7}, &behind, why), OK);
	for (size_t i = 0; i < count; i++)
		testnet_send("near", &frames[i], 1);
	struct input_counters counters = read_until(xdp, count, &sink);
	testnet_check(&sink, &counters);
	int64_t end_mono_ns = clock_mono_ns() + TESTNET_PATIENCE_NS;
	do {
		int err = ring_read(behind, testnet_collect, &behind_sink);
		assert_true(err == OK || err == E_AGAIN);
		ring_counters(behind, &behind_counters);
	} while (behind_counters.received < count && clock_mono_ns() < end_mono_ns);
	testnet_check(&behind_sink, &behind_counters);
	ring_free(behind);
	xdp_free(xdp);
}

static void sampling_is_fair(void **state)
{
	(void)state;
	const uint64_t sent = 50000;
	struct testnet_sink sink = {0};
	struct xdp_config config = far_config;
	config.sampling = 10;
	struct xdp *xdp = open_with(&config);
	size_t count;
	const struct testnet_frame *frames = testnet_frames(&count);
	testnet_send("near", &frames[0], sent);
	struct input_counters counters = read_until(xdp, sent, &sink);
	assert_int_equal(counters.seen_packets, sent);
	assert_int_equal(counters.seen_bytes, sent * frames[0].length_bytes);
	/* Skips are even in 1..19: the count's deviation is sqrt(50000 / 30) = 41; seven of them. */
	assert_in_range(counters.used, 5000 - 290, 5000 + 290);
	assert_int_equal(counters.received, counters.used);
	assert_int_equal(sink.seen[0].sampling, 10);
	xdp_free(xdp);
}

static void payload_never_enters(void **state)
{
	(void)state;
	struct testnet_sink sink = {0};
	struct xdp *xdp = open_with(&far_config);
	size_t count;
	const struct testnet_frame *frames = testnet_frames(&count);
	assert_false(testnet_ring_holds(false));
	for (size_t i = 0; i < count; i++)
		testnet_send("near", &frames[i], 20);
	(void)read_until(xdp, count * 20, &sink);
	assert_true(testnet_ring_holds(false)); /* the search finds what may be there */
	assert_false(testnet_ring_holds(true));
	xdp_free(xdp);
}

static void losses_are_counted(void **state)
{
	(void)state;
	const uint64_t sent = 5000;
	struct testnet_sink sink = {0};
	struct xdp_config config = far_config;
	config.ring_bytes = 64 << 10; /* some 300 records */
	struct xdp *xdp = open_with(&config);
	size_t count;
	const struct testnet_frame *frames = testnet_frames(&count);
	testnet_send("near", &frames[0], sent);
	struct input_counters counters = read_until(xdp, sent, &sink);
	assert_int_equal(counters.received, sent);
	assert_int_equal(counters.used, sink.count);
	assert_int_equal(counters.used + counters.dropped_ring, sent);
	assert_in_range(counters.dropped_ring, 1, sent - 1);
	testnet_send("near", &frames[0], 1); /* and it goes on */
	assert_int_equal(read_until(xdp, sent + 1, &sink).used, counters.used + 1);
	xdp_free(xdp);
}

static void the_program_dies_with_its_process(void **state)
{
	(void)state;
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		(void)open_with(&far_config);
		for (;;)
			(void)pause();
	}
	assert_true(is_attached("far", true));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(is_attached("far", false));
}

static void pins_are_taken_over(void **state)
{
	(void)state;
	struct testnet_sink sink = {0};
	size_t count;
	const struct testnet_frame *frames = testnet_frames(&count);
	struct xdp *xdp = open_with(&pinned_config);
	testnet_send("near", &frames[0], 3);
	assert_int_equal(read_until(xdp, 3, &sink).used, 3);
	xdp_free(xdp);
	assert_true(is_attached("far", true));
	testnet_send("near", &frames[0], 2); /* nobody is there, the program is */
	xdp = open_with(&pinned_config);
	assert_string_equal(xdp_mode(xdp), "driver");
	struct input_counters counters = read_until(xdp, 5, &sink);
	assert_int_equal(counters.seen_packets, 5);
	assert_int_equal(counters.used, 2);
	xdp_free(xdp);
	assert_true(testnet_run((const char *const[]){"rm", "-r", PINS, NULL}));
	assert_false(is_attached("far", false));
}

/** Puts the policy of another version in the place of the pinned one. */
static void policy_forge(uint32_t version)
{
	uint32_t key = 0;
	struct filter_policy policy = {.magic = FILTER_MAGIC, .version = version,
		.rules_version = XDP_RULES_VERSION, .sample_bytes = sizeof(struct filter_sample), .sampling = 1};
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "forged", sizeof(key), sizeof(policy), 1, NULL);
	assert_true(fd >= 0);
	assert_int_equal(bpf_map_update_elem(fd, &key, &policy, BPF_ANY), 0);
	(void)unlink(PINS "/policy");
	assert_int_equal(bpf_obj_pin(fd, PINS "/policy"), 0);
	assert_int_equal(close(fd), 0);
}

static void refuse_pins(const struct xdp_config *config, const char *expected)
{
	struct xdp *xdp = NULL;
	char why[INPUT_WHY_BYTES] = "";
	assert_int_equal(xdp_open(config, &xdp, why), E_STATE);
	assert_string_equal(why, expected);
	assert_null(xdp);
}

static void other_pins_are_refused(void **state)
{
	(void)state;
	struct xdp_config config = pinned_config;
	xdp_free(open_with(&pinned_config));
	config.sampling = 50;
	refuse_pins(&config, PINS ": pinned with sampling 1:1, this is 1:50: remove the directory first");
	config = pinned_config;
	config.interface = "near";
	refuse_pins(&config, PINS ": what is pinned here is not on this interface");
	policy_forge(FILTER_VERSION + 1);
	refuse_pins(&pinned_config, PINS ": pinned by another version: remove the directory first");
	policy_forge(FILTER_VERSION);
	xdp_free(open_with(&pinned_config)); /* the forgery was the reason */
	assert_int_equal(unlink(PINS "/state"), 0); /* half of the pins: starts anew */
	xdp_free(open_with(&pinned_config));
	assert_true(testnet_run((const char *const[]){"rm", "-r", PINS, NULL}));
}

static void follow(struct xdp *xdp, enum interface_state expected)
{
	char why[INPUT_WHY_BYTES];
	assert_int_equal(xdp_follow(xdp, why), expected);
	assert_string_equal(why, "");
}

static void the_interface_is_followed(void **state)
{
	(void)state;
	struct testnet_sink sink = {0};
	size_t count;
	const struct testnet_frame *frames = testnet_frames(&count);
	struct xdp *xdp = open_with(&pinned_config);
	assert_true(testnet_run((const char *const[]){"ip", "link", "set", "far", "down", NULL}));
	follow(xdp, INTERFACE_DOWN);
	assert_true(testnet_run((const char *const[]){"ip", "link", "set", "far", "up", NULL}));
	follow(xdp, INTERFACE_UP);
	testnet_send("near", &frames[0], 2);
	assert_int_equal(read_until(xdp, 2, &sink).used, 2);
	testnet_link_remove();
	follow(xdp, INTERFACE_GONE);
	testnet_link_make();
	follow(xdp, INTERFACE_UP);
	testnet_send("near", &frames[0], 3);
	assert_int_equal(read_until(xdp, 5, &sink).used, 5);
	xdp_free(xdp);
	assert_false(is_attached("far", false)); /* a link that was made anew goes with its sensor */
	xdp_free(open_with(&pinned_config)); /* and the pins of an interface that is no more are replaced */
	assert_true(is_attached("far", true));
	assert_true(testnet_run((const char *const[]){"rm", "-r", PINS, NULL}));
}

static void what_took_its_place_is_told(void **state)
{
	(void)state;
	char why[INPUT_WHY_BYTES];
	struct xdp *xdp = open_with(&far_config);
	testnet_link_remove();
	testnet_link_make();
	struct xdp *other = open_with(&far_config);
	assert_int_equal(xdp_follow(xdp, why), INTERFACE_GONE);
	assert_string_equal(why, "far: another XDP program is attached: see bpftool net");
	xdp_free(other);
	assert_false(is_attached("far", false));
	follow(xdp, INTERFACE_UP);
	xdp_free(xdp);
}

/** As an effector takes over from a sensor, or from one that had another policy. */
static struct filter *effector_replaces(struct xdp *seen, uint8_t policy)
{
	struct filter *filter = NULL;
	char why[FILTER_WHY_BYTES] = "";
	const struct filter_wanted wanted = {.interface = "far", .pin_directory = PINS};
	struct filter_config config = {.interface = "far", .pin_directory = PINS, .mode = FILTER_ENFORCE, .sampling = 1};
	memset(config.policy, policy, sizeof(config.policy));
	if (filter_open(&wanted, &filter, why) != OK || filter_unload(filter, why) != OK)
		fail_msg("%s", why);
	assert_false(xdp_is_replaced(seen)); /* nothing stands there yet */
	assert_int_equal(xdp_follow(seen, why) == INTERFACE_UP, policy > 1); /* a sampler does not step in between */
	assert_false(is_attached("far", false));
	if (filter_load(&config, &filter, why) != OK)
		fail_msg("%s", why);
	return filter;
}

/** Of a program that was replaced while it was open, by its own link or by another's. */
static void a_replaced_program_is_noticed(void **state)
{
	(void)state;
	for (uint8_t policy = 1; policy <= 2; policy++) {
		struct xdp *xdp = open_with(&pinned_config);
		assert_false(xdp_is_replaced(xdp));
		struct filter *filter = effector_replaces(xdp, policy);
		assert_true(xdp_is_replaced(xdp));
		xdp_free(xdp);
		filter_close(filter);
	}
	struct xdp *xdp = open_with(&pinned_config), *other = open_with(&pinned_config);
	assert_false(xdp_is_replaced(xdp)); /* who opens what is there replaces nothing */
	xdp_free(other);
	xdp_free(xdp);
	xdp = open_with(&pinned_config);
	assert_true(testnet_run((const char *const[]){"rm", "-r", PINS, NULL}));
	assert_false(xdp_is_replaced(xdp)); /* pins that were removed leave the program where it is */
	xdp_free(xdp);
}

/** All that a sensor does with an open xdp, while the interface is replaced under it. */
static bool use_in_sandbox(void *arg)
{
	struct xdp *xdp = arg;
	struct testnet_sink sink = {0};
	struct input_counters counters = {0};
	int64_t end_mono_ns = clock_mono_ns() + TESTNET_PATIENCE_NS;
	while (counters.used <= 3 && clock_mono_ns() < end_mono_ns) {
		char why[INPUT_WHY_BYTES];
		(void)poll(&(struct pollfd){.fd = xdp_fd(xdp), .events = POLLIN}, 1, INPUT_POLL_MS);
		if (xdp_read(xdp, testnet_collect, &sink) == E_AGAIN)
			(void)xdp_follow(xdp, why);
		xdp_counters(xdp, &counters);
	}
	return counters.used > 3 && sink.count == counters.used;
}

static void the_sandbox_lets_it_follow(void **state)
{
	(void)state;
	struct xdp *xdp = open_with(&far_config);
	size_t count;
	const struct testnet_frame *frames = testnet_frames(&count);
	testnet_send("near", &frames[0], 3);
	pid_t replacer = testnet_replacer_start();
	assert_true(testnet_sandboxed(use_in_sandbox, xdp));
	testnet_replacer_end(replacer);
	xdp_free(xdp);
}

static bool open_is_denied(void)
{
	struct xdp *xdp = NULL;
	char why[INPUT_WHY_BYTES] = "";
	return xdp_open(&far_config, &xdp, why) == E_DENIED && xdp == NULL && strncmp(why, "far: no permission", 18) == 0 &&
		!xdp_supported();
}

static void refuse(struct xdp_config config, int error, const char *expected)
{
	struct xdp *xdp = NULL;
	char why[INPUT_WHY_BYTES] = "";
	int err = xdp_open(&config, &xdp, why);
	assert_string_equal(why, expected);
	assert_int_equal(err, error);
	assert_null(xdp);
}

static void refusals_are_clear(void **state)
{
	(void)state;
	refuse((struct xdp_config){.interface = "nowhere", .sampling = 1}, E_CONFIG, "nowhere: no such interface");
	refuse((struct xdp_config){.interface = "", .sampling = 1}, E_CONFIG, ": no such interface");
	refuse((struct xdp_config){.interface = "far"}, E_CONFIG, "far: sampling must be from 1 to 1000000");
	refuse((struct xdp_config){.interface = "far", .sampling = 1000001}, E_CONFIG,
		"far: sampling must be from 1 to 1000000");
	refuse((struct xdp_config){.interface = "far", .sampling = 1, .pin_directory = "/tmp/hinomi_wire"}, E_CONFIG,
		"/tmp/hinomi_wire: not in a BPF file system (mount -t bpf bpf /sys/fs/bpf)");
	assert_int_equal(access("/tmp/hinomi_wire", F_OK), -1);
	assert_false(is_attached("far", false));
	struct xdp *xdp = open_with(&far_config);
	refuse(far_config, E_STATE, "far: another XDP program is attached: see bpftool net");
	xdp_free(xdp);
	assert_true(testnet_run((const char *const[]){"ip", "link", "set", "far", "down", NULL}));
	refuse(far_config, E_STATE, "far: the interface is down: set it up first (ip link set dev ... up)");
	assert_true(testnet_run((const char *const[]){"ip", "link", "set", "far", "up", NULL}));
	assert_true(testnet_unprivileged(open_is_denied));
	int tun = testnet_tun_make();
	if (tun >= 0) {
		refuse((struct xdp_config){.interface = "tun0", .sampling = 1}, E_UNSUPPORTED,
			"tun0: not Ethernet: the XDP program does not read it");
		(void)close(tun);
	}
	xdp_free(NULL);
}

int main(void)
{
	testnet_enter();
	if (!xdp_supported()) {
		printf("skipped: this kernel takes no XDP program\n");
		return TESTNET_SKIP;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_frame_is_counted_once, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(generic_mode_is_the_fallback, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(every_packet_passes, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(sampling_is_fair, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(payload_never_enters, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(losses_are_counted, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(the_program_dies_with_its_process, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(pins_are_taken_over, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(other_pins_are_refused, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(the_interface_is_followed, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(what_took_its_place_is_told, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(a_replaced_program_is_noticed, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(the_sandbox_lets_it_follow, testnet_setup, testnet_teardown),
		cmocka_unit_test_setup_teardown(refusals_are_clear, testnet_setup, testnet_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
