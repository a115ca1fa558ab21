/*
 * A network for the tests of filter/: a namespace of this process's own, a BPF
 * file system, and the veth pair "near" and "far". Frames go out of near by a
 * packet socket; what the program on far lets through is read by another one
 * behind it. A frame's number stands in its source address (MAC), and a last
 * frame, which is not IP, tells that all before it are judged.
 */
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "filter/filter.h"

#define NET_SKIP 77 /* exit code of a test that this machine cannot run */
#define NET_PINS "/sys/fs/bpf/hinomi"
#define NET_FRAME_BYTES_MAX 600
#define NET_PATIENCE_MS 10000 /* for what must happen */
#define NET_LAST 0xffffffffu /* number of the last frame */
#define NET_LAST_ETHERTYPE 0x88b5 /* for experiments, IEEE 802 */

static inline bool net_run(const char *const *argv)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#define NET_RUN(...) net_run((const char *const[]){__VA_ARGS__, NULL})

static inline void net_enter(void)
{
	FILE *ipv6 = NULL;
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("bpf", "/sys/fs/bpf", "bpf", 0, "mode=0700") != 0) {
		printf("skipped: no namespaces or no BPF file system: %s\n", strerror(errno));
		exit(NET_SKIP);
	}
	if (!filter_supported()) {
		printf("skipped: this kernel takes no XDP program\n");
		exit(NET_SKIP);
	}
	ipv6 = fopen("/proc/sys/net/ipv6/conf/default/disable_ipv6", "we"); /* or the kernel's own packets would be counted */
	if (ipv6 != NULL) {
		(void)fputs("1", ipv6);
		(void)fclose(ipv6);
	}
}

static inline int net_teardown(void **state)
{
	(void)state;
	assert_true(NET_RUN("ip", "link", "delete", "near"));
	(void)NET_RUN("rm", "-rf", NET_PINS);
	return 0;
}

/** A packet socket on an interface. */
static inline int net_socket(const char *interface)
{
	int room_bytes = 64 << 20;
	struct sockaddr_ll addr = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(interface)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room_bytes, sizeof(room_bytes)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

/** Writes the link header of a frame with some VLAN tags; returns its length. */
static inline size_t net_header(uint8_t *frame, uint32_t number, size_t tags, uint16_t ethertype)
{
	uint8_t *at = frame + 12;
	memcpy(frame, (const uint8_t[]){2, 0, 0, 0, 0, 2}, 6);
	memcpy(frame + 6, (const uint8_t[]){2, 0}, 2);
	memcpy(frame + 8, &number, sizeof(number));
	for (size_t i = 0; i < tags; i++, at += 4)
		memcpy(at, (const uint8_t[]){i + 1 < tags ? 0x88 : 0x81, i + 1 < tags ? 0xa8 : 0, 0, 7}, 4);
	at[0] = (uint8_t)(ethertype >> 8);
	at[1] = (uint8_t)ethertype;
	return (size_t)(at + 2 - frame);
}

/** Waits until frames come through: a new interface drops them until the kernel has seen its carrier. */
static inline void net_wait(void)
{
	uint8_t frame[NET_FRAME_BYTES_MAX] = {0};
	int near = net_socket("near"), far = net_socket("far");
	size_t frame_bytes = net_header(frame, NET_LAST, 0, NET_LAST_ETHERTYPE) + 46;
	struct pollfd waiting = {.fd = far, .events = POLLIN};
	int64_t end_mono_ns = clock_mono_ns() + NET_PATIENCE_MS * NS_PER_MS;
	do {
		(void)send(near, frame, frame_bytes, 0);
	} while (poll(&waiting, 1, 20) == 0 && clock_mono_ns() < end_mono_ns);
	assert_int_equal(close(near), 0);
	assert_int_equal(close(far), 0);
}

static inline int net_setup(void **state)
{
	(void)state;
	assert_true(NET_RUN("ip", "link", "add", "near", "type", "veth", "peer", "name", "far"));
	assert_true(NET_RUN("ip", "link", "set", "near", "up", "arp", "off"));
	assert_true(NET_RUN("ip", "link", "set", "far", "up", "arp", "off"));
	net_wait();
	return 0;
}

/** Sends an IP packet with a number; returns the frame's length. */
static inline size_t net_send(int near, uint32_t number, size_t tags, const uint8_t *packet, size_t length_bytes)
{
	uint8_t frame[NET_FRAME_BYTES_MAX];
	size_t header_bytes = net_header(frame, number, tags, packet[0] >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6);
	memcpy(frame + header_bytes, packet, length_bytes);
	ssize_t sent = -1;
	while (sent < 0) {
		sent = send(near, frame, header_bytes + length_bytes, 0);
		assert_true(sent > 0 || errno == ENOBUFS);
	}
	return header_bytes + length_bytes;
}

/** Sends the last frame and reads what came through, up to it; how many frames, and which in ret_passed by their numbers. */
static inline size_t net_passed(int near, int far, uint8_t *ret_passed)
{
	uint8_t frame[NET_FRAME_BYTES_MAX] = {0};
	size_t header_bytes = net_header(frame, NET_LAST, 0, NET_LAST_ETHERTYPE), count = 0;
	assert_int_equal(send(near, frame, header_bytes + 46, 0), header_bytes + 46);
	for (;;) {
		uint32_t number;
		struct pollfd waiting = {.fd = far, .events = POLLIN};
		assert_int_equal(poll(&waiting, 1, NET_PATIENCE_MS), 1);
		assert_true(recv(far, frame, sizeof(frame), 0) >= 14);
		memcpy(&number, frame + 8, sizeof(number));
		if (number == NET_LAST)
			return count;
		count++;
		if (ret_passed != NULL)
			ret_passed[number] = 1;
	}
}

/** A UDP packet of IPv4; returns its length. */
static inline size_t net_udp(uint8_t *packet, uint32_t src, uint32_t dst, uint16_t length_bytes)
{
	uint32_t src_be = htonl(src), dst_be = htonl(dst);
	memset(packet, 0, length_bytes);
	memcpy(packet, (const uint8_t[]){0x45, 0, (uint8_t)(length_bytes >> 8), (uint8_t)length_bytes, 0, 0, 0, 0, 64, 17}, 10);
	memcpy(packet + 12, &src_be, 4);
	memcpy(packet + 16, &dst_be, 4);
	memcpy(packet + 20, (const uint8_t[]){0x80, 1, 0, 80, 0, (uint8_t)(length_bytes - 20)}, 6);
	return length_bytes;
}

static inline struct filter *net_load(enum filter_mode mode, const char *pin_directory)
{
	struct filter_config config = {.interface = "far", .pin_directory = pin_directory, .mode = mode, .sampling = 1,
		.policy = {1, 2, 3}};
	struct filter *filter = NULL;
	char why[FILTER_WHY_BYTES] = "";
	if (filter_load(&config, &filter, why) != OK)
		fail_msg("%s", why);
	assert_string_equal(filter_place(filter), "driver");
	return filter;
}

/** Applies and reads back. */
static inline void net_apply(struct filter *filter, const struct xdp_entry *entries, size_t count, const struct space *space)
{
	char why[FILTER_WHY_BYTES] = "";
	if (filter_apply(filter, entries, count, space, why) != OK || filter_read(filter, entries, count, space, why) != OK)
		fail_msg("%s", why);
	assert_int_equal(filter_rule_count(filter), count);
}

/** A rule that drops what goes to one address of IPv4. */
static inline struct rule net_rule(uint32_t dst)
{
	struct ip_prefix destination = {ip_from_v4(dst), 128};
	struct rule rule = rule_to(&destination);
	rule.action = RULE_DROP;
	return rule;
}
