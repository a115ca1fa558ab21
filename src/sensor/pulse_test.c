/*
 * Proves what the tower is told: rates with the attack's part apart, losses by
 * reason with their sums, one line a second over the socket; and that nobody
 * waits where no tower is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/clock.h"
#include "record/health.h"
#include "sensor/pulse.h"

#define START_NS (INT64_C(1735171200) * NS_PER_S) /* 2024-12-26 00:00:00 UTC */
#define VICTIM UINT32_C(0xcb007107) /* 203.0.113.7 */
#define ATTACK_PPS 40000

static char directory[64], socket_path[96];
static struct config config;
static struct sensor sensor;
static struct intel *intel;

static void nothing(void *arg, const struct finding *finding)
{
	(void)arg;
	(void)finding;
}

/** One second: so many packets to the victim from many sources, and a client's thousand to a neighbour. */
static void second_pass(int second, uint32_t attack_pps)
{
	for (uint32_t tick = 0; tick < 20; tick++) {
		int64_t at_ns = START_NS + second * NS_PER_S + tick * (NS_PER_S / 20);
		for (uint32_t i = 0; i < attack_pps / 20 + 50; i++) {
			bool is_attack = i >= 50;
			struct observation obs = {.start_ns = at_ns, .end_ns = at_ns, .packets = 1, .bytes = 100, .sampling = 1,
				.length_bytes = 100, .protocol = PROTOCOL_UDP, .ttl = 57, .traits = TRAIT_TTL_KNOWN,
				.src = ip_from_v4(is_attack ? 0xc6336400u + i % 256 : 0xc0000201u),
				.dst = ip_from_v4(is_attack ? VICTIM : VICTIM + 1), .src_port = 5000, .dst_port = is_attack ? 80 : 53,
				.payload_bytes = 72};
			detect_observe(sensor.engines[ENGINE_PACKETS], &obs, 1);
		}
		detect_advance(sensor.engines[ENGINE_PACKETS], at_ns + NS_PER_S / 20);
	}
	sensor.rate_pps = attack_pps + 1000;
	sensor.rate_bps = sensor.rate_pps * 800;
}

static void the_attack_is_told_apart(void **state)
{
	(void)state;
	struct pulse *pulse = NULL;
	const int64_t mono_ns = clock_mono_ns();
	assert_int_equal(pulse_new(&config, START_NS, &pulse), OK);
	second_pass(0, 0);
	const struct health *health = pulse_take(pulse, &sensor, START_NS + NS_PER_S, mono_ns + NS_PER_S);
	assert_int_equal(health->rates.in_pps, 1000);
	assert_int_equal(health->rates.attack_pps, 0);
	for (int second = 1; second < 5; second++) {
		second_pass(second, ATTACK_PPS);
		health = pulse_take(pulse, &sensor, START_NS + (second + 1) * NS_PER_S, mono_ns + (second + 1) * NS_PER_S);
	}
	assert_int_equal(health->rates.in_pps, ATTACK_PPS + 1000);
	assert_in_range(health->rates.attack_pps, ATTACK_PPS * 95 / 100, ATTACK_PPS * 105 / 100);
	uint64_t attack_bps = health->rates.attack_pps * 800;
	assert_in_range(health->rates.attack_bps, attack_bps * 95 / 100, attack_bps * 105 / 100);
	second_pass(5, 0);
	health = pulse_take(pulse, &sensor, START_NS + 6 * NS_PER_S, mono_ns + 6 * NS_PER_S);
	assert_in_range(health->rates.attack_pps, 0, 50); /* it is over, though the finding is open still */
	pulse_free(pulse);
}

static int listen_at(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 && listen(fd, 4) == 0);
	return fd;
}

static void a_line_a_second_goes_to_the_tower(void **state)
{
	(void)state;
	static char line[HEALTH_LINE_BYTES_MAX];
	char complaint[DOCUMENT_COMPLAINT_BYTES] = "";
	struct health health;
	struct pulse *pulse = NULL;
	int listener = listen_at(socket_path);
	const int64_t mono_ns = clock_mono_ns();
	assert_int_equal(pulse_new(&config, START_NS, &pulse), OK);
	pulse_turn(pulse, &sensor, START_NS + NS_PER_S, mono_ns + NS_PER_S);
	pulse_turn(pulse, &sensor, START_NS + NS_PER_S, mono_ns + NS_PER_S + NS_PER_S / 2); /* not yet */
	pulse_turn(pulse, &sensor, START_NS + 2 * NS_PER_S, mono_ns + 2 * NS_PER_S);
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ssize_t got = recv(fd, line, sizeof(line) - 1, 0);
	assert_true(got > 0);
	line[got] = '\0';
	char *end = strchr(line, '\n');
	assert_non_null(end);
	int err = health_parse(line, (size_t)(end - line), &health, complaint);
	assert_string_equal(complaint, "");
	assert_int_equal(err, OK);
	assert_string_equal(health.member, "port");
	assert_string_equal(health.process, "edge-1");
	assert_int_equal(health.started_ms, START_NS / NS_PER_MS);
	assert_int_equal(health.at_ms, health.started_ms + 1000);
	assert_non_null(strchr(end + 1, '\n')); /* the second one */
	assert_null(strchr(strchr(end + 1, '\n') + 1, '\n'));
	assert_int_equal(pulse_link_of(pulse).put, 2);
	pulse_free(pulse);
	close(fd);
	close(listener);
}

static void a_tower_that_is_gone_costs_lines_alone(void **state)
{
	(void)state;
	struct pulse *pulse = NULL;
	const int64_t mono_ns = clock_mono_ns();
	assert_int_equal(pulse_new(&config, START_NS, &pulse), OK);
	for (int second = 1; second < 6000; second++)
		pulse_turn(pulse, &sensor, START_NS + second * NS_PER_S, mono_ns + second * NS_PER_S);
	struct line_link_counters counters = pulse_link_of(pulse);
	assert_true(counters.lost > 0);
	assert_int_equal(counters.put, counters.lost + counters.waiting);
	const struct health *health = pulse_take(pulse, &sensor, START_NS + 6000 * NS_PER_S, mono_ns + 6000 * NS_PER_S);
	assert_int_equal(health->loss_count, 1);
	assert_string_equal(health->losses[0].reason, "health");
	assert_int_equal(health->losses[0].count, counters.lost);
	pulse_free(pulse);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/hinomi-pulse-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(socket_path, sizeof(socket_path), "%s/socket", directory);
	config_init(&config);
	snprintf(config.tower, sizeof(config.tower), "%s", socket_path);
	snprintf(config.member, sizeof(config.member), "port");
	snprintf(config.detect.sensor, sizeof(config.detect.sensor), "edge-1");
	config.detect.memory_bytes = 32 << 20;
	memset(&sensor, 0, sizeof(sensor));
	sensor.config = &config;
	if (intel_new(&(struct intel_config){0}, &intel) != OK)
		return -1;
	return detect_new(&config.detect, intel, nothing, NULL, &sensor.engines[ENGINE_PACKETS]) == OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	detect_free(sensor.engines[ENGINE_PACKETS]);
	intel_free(intel);
	config_done(&config);
	(void)unlink(socket_path);
	return rmdir(directory);
}

#define PULSE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PULSE_TEST(the_attack_is_told_apart),
		PULSE_TEST(a_line_a_second_goes_to_the_tower),
		PULSE_TEST(a_tower_that_is_gone_costs_lines_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
