/*
 * Namespaces by unshare(2), links by ip(8), frames by a packet socket. The
 * markers are kept inverted in this process, so that what is found in a ring
 * came through the wire; a child sends them.
 */
#include "sensor/testnet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/sandbox.h"
#include "decode/signature.h"

#define FRAMES_MAX 20

/* Inverted. */
static const uint8_t forbidden_marker[TESTNET_MARKER_BYTES] = {
	0xb1, 0x9a, 0xc3, 0x07, 0x5e, 0xe2, 0x4d, 0x99, 0x12, 0xf7, 0x68, 0x3c, 0xd4, 0xa5, 0x0b, 0x71};
static const uint8_t allowed_marker[TESTNET_MARKER_BYTES] = {
	0x2f, 0xe8, 0x16, 0x9d, 0xb7, 0x43, 0xca, 0x50, 0x8e, 0x39, 0xf1, 0x64, 0x0d, 0xbb, 0x92, 0x27};

static struct testnet_frame frames[FRAMES_MAX];
static size_t frame_count;

bool testnet_run(const char *const *argv)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool text_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0)
		(void)close(fd);
	return done;
}

static _Noreturn void give_up(const char *why)
{
	printf("skipped: %s: %s\n", why, strerror(errno));
	exit(TESTNET_SKIP);
}

void testnet_enter(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0)
		give_up("no namespaces");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		give_up("no private mounts");
	if (mount("bpf", "/sys/fs/bpf", "bpf", 0, "mode=0700") != 0)
		give_up("no BPF file system");
	/* Or the kernel's own packets (neighbour and multicast discovery) would be among those counted. */
	(void)text_write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	(void)text_write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	if (!testnet_run((const char *const[]){"ip", "link", "set", "lo", "up", NULL}))
		give_up("no ip command");
}

void testnet_link_make(void)
{
	assert_true(testnet_run((const char *const[]){
		"ip", "link", "add", "near", "type", "veth", "peer", "name", "far", NULL}));
	assert_true(testnet_run((const char *const[]){"ip", "link", "set", "near", "up", "arp", "off", NULL}));
	assert_true(testnet_run((const char *const[]){"ip", "link", "set", "far", "up", "arp", "off", NULL}));
}

void testnet_link_remove(void)
{
	assert_true(testnet_run((const char *const[]){"ip", "link", "delete", "near", NULL}));
}

int testnet_setup(void **state)
{
	(void)state;
	testnet_link_make();
	return 0;
}

int testnet_teardown(void **state)
{
	(void)state;
	testnet_link_remove();
	return 0;
}

pid_t testnet_replacer_start(void)
{
	size_t count;
	const struct testnet_frame *table = testnet_frames(&count);
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	testnet_link_remove();
	testnet_link_make();
	for (;;) {
		testnet_send("near", &table[0], 1);
		(void)poll(NULL, 0, INPUT_POLL_MS);
	}
}

void testnet_replacer_end(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

int testnet_tun_make(void)
{
	struct ifreq request = {.ifr_name = "tun0", .ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	assert_int_equal(ioctl(fd, TUNSETIFF, &request), 0);
	assert_true(testnet_run((const char *const[]){"ip", "link", "set", "tun0", "up", NULL}));
	return fd;
}

/** Appends bytes to the frame under construction. */
static void add(struct testnet_frame *frame, const void *bytes, size_t length_bytes)
{
	assert_true(frame->length_bytes + length_bytes <= TESTNET_FRAME_BYTES);
	memcpy(frame->bytes + frame->length_bytes, bytes, length_bytes);
	frame->length_bytes += length_bytes;
}

#define ADD(frame, ...) add(frame, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static struct testnet_frame *frame_begin(const char *name, int error, uint16_t ethertype)
{
	assert_true(frame_count < FRAMES_MAX);
	struct testnet_frame *frame = &frames[frame_count++];
	frame->name = name;
	frame->error = error;
	ADD(frame, 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, (uint8_t)(ethertype >> 8), (uint8_t)ethertype);
	return frame;
}

static void add_ipv4(struct testnet_frame *frame, uint8_t protocol, uint16_t payload_bytes, uint16_t fragment)
{
	uint16_t total_bytes = (uint16_t)(20 + payload_bytes);
	frame->protocol = protocol;
	ADD(frame, 0x45, 0, (uint8_t)(total_bytes >> 8), (uint8_t)total_bytes, 0, 1, (uint8_t)(fragment >> 8),
		(uint8_t)fragment, 64, protocol, 0, 0, 198, 51, 100, 7, 192, 0, 2, 1);
}

static void add_ipv6(struct testnet_frame *frame, uint8_t next, uint16_t payload_bytes)
{
	frame->protocol = next;
	ADD(frame, 0x60, 0, 0, 0, (uint8_t)(payload_bytes >> 8), (uint8_t)payload_bytes, next, 64);
	ADD(frame, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7);
	ADD(frame, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
}

static void add_tcp(struct testnet_frame *frame, uint8_t flags)
{
	frame->src_port = 40000;
	frame->dst_port = 443;
	ADD(frame, 0x9c, 0x40, 0x01, 0xbb, 1, 2, 3, 4, 0, 0, 0, 0, 0x60, flags, 0xfa, 0xf0, 0, 0, 0, 0, 2, 4, 5, 0xb4);
}

static void add_udp(struct testnet_frame *frame, uint16_t payload_bytes)
{
	uint16_t length = (uint16_t)(8 + payload_bytes);
	frame->src_port = 40000;
	frame->dst_port = 9;
	ADD(frame, 0x9c, 0x40, 0, 9, (uint8_t)(length >> 8), (uint8_t)length, 0, 0);
}

/** Payload that must not be seen: the marker, over and over. */
static void add_forbidden(struct testnet_frame *frame, size_t times)
{
	while (times-- > 0)
		add(frame, forbidden_marker, TESTNET_MARKER_BYTES);
}

/** A UDP payload: the bytes that may be looked at, and behind them what may not. */
static void add_udp_payload(struct testnet_frame *frame)
{
	for (size_t i = 0; i < SIGNATURE_LOOK_BYTES / TESTNET_MARKER_BYTES; i++)
		add(frame, allowed_marker, TESTNET_MARKER_BYTES);
	add_forbidden(frame, 16);
}

static void frames_make_ipv4(void)
{
	struct testnet_frame *frame = frame_begin("TCP", OK, ETH_P_IP);
	add_ipv4(frame, PROTOCOL_TCP, 24 + 1024, 0);
	add_tcp(frame, TCP_ACK | TCP_PSH);
	add_forbidden(frame, 64);
	frame = frame_begin("UDP", OK, ETH_P_IP);
	add_ipv4(frame, PROTOCOL_UDP, 8 + SIGNATURE_LOOK_BYTES + 256, 0);
	add_udp(frame, SIGNATURE_LOOK_BYTES + 256);
	add_udp_payload(frame);
	frame = frame_begin("later fragment", OK, ETH_P_IP);
	add_ipv4(frame, PROTOCOL_UDP, 128, 0x2010);
	add_forbidden(frame, 8);
	frame = frame_begin("echo", OK, ETH_P_IP);
	add_ipv4(frame, PROTOCOL_ICMP, 8 + 128, 0);
	ADD(frame, 8, 0, 0, 0, 0, 1, 0, 1);
	add_forbidden(frame, 8);
	frame = frame_begin("unreachable", OK, ETH_P_IP);
	add_ipv4(frame, PROTOCOL_ICMP, 8 + 28 + 128, 0);
	ADD(frame, 3, 3, 0, 0, 0, 0, 0, 0);
	ADD(frame, 0x45, 0, 0, 48, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 7, 0, 9, 0x9c, 0x40, 0, 28, 0, 0);
	ADD(frame, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0); /* an IP header could be 60 bytes long */
	add_forbidden(frame, 5);
	ADD(frame, 0, 0, 0, 0, 0, 0, 0, 0);
	frame = frame_begin("ESP", OK, ETH_P_IP);
	add_ipv4(frame, PROTOCOL_ESP, 16 + 128, 0);
	ADD(frame, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
	add_forbidden(frame, 8);
}

static void frames_make_ipv6_and_tags(void)
{
	struct testnet_frame *frame = frame_begin("TCP over IPv6", OK, ETH_P_IPV6);
	add_ipv6(frame, PROTOCOL_TCP, 24 + 1024);
	add_tcp(frame, TCP_SYN);
	add_forbidden(frame, 64);
	frame = frame_begin("UDP over IPv6", OK, ETH_P_IPV6);
	add_ipv6(frame, PROTOCOL_UDP, 8 + SIGNATURE_LOOK_BYTES + 256);
	add_udp(frame, SIGNATURE_LOOK_BYTES + 256);
	add_udp_payload(frame);
	frame = frame_begin("echo over IPv6", OK, ETH_P_IPV6);
	add_ipv6(frame, PROTOCOL_ICMPV6, 8 + 128);
	ADD(frame, 128, 0, 0, 0, 0, 1, 0, 1);
	add_forbidden(frame, 8);
	frame = frame_begin("VLAN", OK, ETH_P_8021Q);
	frame->vlan = 100;
	ADD(frame, 0, 100, 0x08, 0x00);
	add_ipv4(frame, PROTOCOL_TCP, 24 + 128, 0);
	add_tcp(frame, TCP_SYN);
	add_forbidden(frame, 8);
	frame = frame_begin("QinQ", OK, ETH_P_8021AD);
	frame->vlan = 200;
	ADD(frame, 0, 200, 0x81, 0x00, 0, 100, 0x86, 0xdd);
	add_ipv6(frame, PROTOCOL_TCP, 24 + 128);
	add_tcp(frame, TCP_SYN);
	add_forbidden(frame, 8);
	frame = frame_begin("GRE", OK, ETH_P_IP);
	add_ipv4(frame, PROTOCOL_GRE, 4 + 20 + 24, 0);
	ADD(frame, 0, 0, 0x08, 0x00);
	add_ipv4(frame, PROTOCOL_TCP, 24, 0);
	add_tcp(frame, TCP_SYN);
}

static void frames_make_refused(void)
{
	struct testnet_frame *frame = frame_begin("not IP", E_UNSUPPORTED, 0x88b5);
	ADD(frame, 0, 0, 0, 0, 0, 0, 0, 0);
	add_forbidden(frame, 8);
	(void)frame_begin("bare Ethernet header", E_TRUNCATED, ETH_P_IP);
	frame = frame_begin("ends in the IPv4 header", E_TRUNCATED, ETH_P_IP);
	ADD(frame, 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6);
	frame = frame_begin("ends in the IPv6 header", E_TRUNCATED, ETH_P_IPV6);
	ADD(frame, 0x60, 0, 0, 0, 0, 24, 6, 64, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7);
	frame = frame_begin("IPv4 header of 16 bytes", E_MALFORMED, ETH_P_IP);
	add_ipv4(frame, PROTOCOL_TCP, 24, 0);
	add_tcp(frame, TCP_SYN);
	frame->bytes[14] = 0x44;
	frame = frame_begin("IPv4 header longer than the frame", E_MALFORMED, ETH_P_IP);
	add_ipv4(frame, PROTOCOL_TCP, 8, 0);
	ADD(frame, 0, 1, 2, 3, 4, 5, 6, 7);
	frame->bytes[14] = 0x4f;
}

const struct testnet_frame *testnet_frames(size_t *ret_count)
{
	if (frame_count == 0) {
		frames_make_ipv4();
		frames_make_ipv6_and_tags();
		frames_make_refused();
	}
	*ret_count = frame_count;
	return frames;
}

/** Puts the markers right way round, in the sending child only. */
static void markers_invert(struct testnet_frame *frame)
{
	for (size_t i = 0; i + TESTNET_MARKER_BYTES <= frame->length_bytes; i++) {
		uint8_t *at = frame->bytes + i;
		if (memcmp(at, forbidden_marker, TESTNET_MARKER_BYTES) != 0 &&
		    memcmp(at, allowed_marker, TESTNET_MARKER_BYTES) != 0)
			continue;
		for (size_t j = 0; j < TESTNET_MARKER_BYTES; j++)
			at[j] = (uint8_t)~at[j];
	}
}

static bool frame_send(const char *interface, struct testnet_frame frame, size_t times)
{
	struct sockaddr_ll addr = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(interface)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0)
		return false;
	markers_invert(&frame);
	while (times > 0) {
		ssize_t sent = send(fd, frame.bytes, frame.length_bytes, 0);
		if (sent != (ssize_t)frame.length_bytes && errno != ENOBUFS)
			return false;
		times -= sent > 0;
	}
	return close(fd) == 0;
}

void testnet_send(const char *interface, const struct testnet_frame *frame, size_t times)
{
	int status = -1;
	pid_t pid = fork();
	if (pid == 0)
		_exit(frame_send(interface, *frame, times) ? 0 : 1);
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static bool range_holds(const uint8_t *bytes, size_t length_bytes, const uint8_t *inverted)
{
	for (size_t i = 0; i + TESTNET_MARKER_BYTES <= length_bytes; i++) {
		size_t same = 0;
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): nothing is mapped at address 0 */
		while (same < TESTNET_MARKER_BYTES && (bytes[i + same] ^ inverted[same]) == 0xff)
			same++;
		if (same == TESTNET_MARKER_BYTES)
			return true;
	}
	return false;
}

/** Reads the hexadecimal number at *at and steps over it. */
static uintptr_t hex_take(const char **at)
{
	const char *digits = "0123456789abcdef", *digit;
	uintptr_t value = 0;
	for (; **at != '\0' && (digit = strchr(digits, **at)) != NULL; ++*at)
		value = value << 4 | (uintptr_t)(digit - digits);
	return value;
}

bool testnet_ring_holds(bool forbidden)
{
	char line[512];
	bool found = false;
	FILE *maps = fopen("/proc/self/maps", "re");
	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL) {
		const char *at = line;
		if (strstr(line, "socket:[") == NULL && strstr(line, "bpf-map") == NULL)
			continue;
		uintptr_t start = hex_take(&at);
		assert_int_equal(*at++, '-');
		uintptr_t end = hex_take(&at);
		assert_true(start != 0 && end > start);
		const uint8_t *bytes = (const uint8_t *)start; /* NOLINT(performance-no-int-to-ptr): it came as text */
		found |= range_holds(bytes, end - start, forbidden ? forbidden_marker : allowed_marker);
	}
	(void)fclose(maps);
	return found;
}

bool testnet_unprivileged(bool (*function)(void))
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(setresuid(65534, 65534, 65534) == 0 && function() ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool sandbox_run(bool (*function)(void *), void *arg)
{
	struct sandbox_report report;
	const struct sandbox_config config = {.kind = SANDBOX_SERVER, .verdict = SANDBOX_KILL};
	return sandbox_drop(NULL, 0) == OK && sandbox_enter(&config, &report) == OK && function(arg);
}

bool testnet_sandboxed(bool (*function)(void *), void *arg)
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(sandbox_run(function, arg) ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void testnet_collect(void *arg, const struct observation *batch, size_t count)
{
	struct testnet_sink *sink = arg;
	assert_in_range(count, 1, DETECT_BATCH_MAX);
	for (size_t i = 0; i < count; i++, sink->count++) {
		if (sink->count < ARRAY_LEN(sink->seen))
			sink->seen[sink->count] = batch[i];
	}
}

static void observation_check(const struct testnet_frame *frame, const struct observation *obs)
{
	if (obs->protocol != frame->protocol || obs->vlan != frame->vlan || obs->src_port != frame->src_port ||
	    obs->dst_port != frame->dst_port)
		fail_msg("%s: protocol %u vlan %u ports %u %u", frame->name, obs->protocol, obs->vlan, obs->src_port,
			obs->dst_port);
	assert_int_equal(obs->packets, 1);
	assert_int_equal(obs->sampling, 1);
	assert_int_equal(obs->exporter, 7);
	assert_int_equal(obs->start_ns, obs->end_ns);
}

void testnet_check(const struct testnet_sink *sink, const struct input_counters *counters)
{
	struct input_counters expected = {0};
	size_t count;
	const struct testnet_frame *table = testnet_frames(&count);
	for (size_t i = 0; i < count; i++) {
		if (table[i].error == OK && expected.used < sink->count)
			observation_check(&table[i], &sink->seen[expected.used]);
		input_count(&expected, table[i].error);
	}
	assert_int_equal(counters->used, expected.used);
	assert_int_equal(sink->count, expected.used);
	assert_int_equal(counters->not_ip, expected.not_ip);
	assert_int_equal(counters->truncated, expected.truncated);
	assert_int_equal(counters->malformed, expected.malformed);
	assert_int_equal(counters->received, expected.received);
	assert_int_equal(counters->seen_packets, expected.received);
}
