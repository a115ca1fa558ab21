/*
 * The least that a thing can cost on this machine: what the kernel and the
 * memory take before a single header is decoded. Printed beside each
 * benchmark, so that a reader sees what is left to gain.
 *
 *   floor datagrams PORT MS   recvmmsg() of 64 datagrams at a time, thrown away
 *   floor file FILE           read() of a whole file, one byte touched in every 64
 *   floor memory BYTES        memcpy() of so many bytes, in pieces of 1500
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "load.h"

#define BATCH 64
#define PIECE_BYTES 2048

static volatile uint64_t seen; /* keeps the compiler from leaving the reads out */

static int datagrams(uint16_t port, int64_t duration_ms)
{
	static uint8_t bytes[BATCH][PIECE_BYTES];
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int buffer_bytes = 64 << 20;
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof(buffer_bytes)) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof(buffer_bytes));
	struct iovec parts[BATCH];
	struct mmsghdr messages[BATCH];
	memset(messages, 0, sizeof(messages));
	for (unsigned i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){.iov_base = bytes[i], .iov_len = PIECE_BYTES};
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	uint64_t received = 0;
	int64_t end_ns = clock_mono_ns() + duration_ms * NS_PER_MS;
	while (clock_mono_ns() < end_ns) {
		int count = recvmmsg(fd, messages, BATCH, 0, NULL);
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		if (count > 0)
			received += (unsigned)count;
		else if (errno == EAGAIN)
			(void)poll(&ready, 1, 10);
	}
	(void)printf("datagrams=%" PRIu64 " cpu_ns=%" PRId64 "\n", received, clock_cpu_ns());
	return close(fd);
}

static int file(const char *path)
{
	static uint8_t bytes[1 << 20];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	uint64_t total_bytes = 0;
	ssize_t got;
	while ((got = read(fd, bytes, sizeof(bytes))) > 0) {
		for (ssize_t i = 0; i < got; i += 64)
			seen += bytes[i];
		total_bytes += (uint64_t)got;
	}
	(void)printf("bytes=%" PRIu64 " cpu_ns=%" PRId64 "\n", total_bytes, clock_cpu_ns());
	return got < 0 ? -1 : close(fd);
}

static int memory(uint64_t total_bytes)
{
	static uint8_t from[1 << 24], to[1 << 24];
	memset(from, 1, sizeof(from));
	uint64_t copied_bytes = 0, place = 0;
	int64_t start_ns = clock_cpu_ns();
	while (copied_bytes < total_bytes) {
		memcpy(to + place, from + place, 1500);
		seen += to[place];
		copied_bytes += 1500;
		place = place + 3000 < sizeof(to) ? place + 1500 : 0;
	}
	(void)printf("bytes=%" PRIu64 " cpu_ns=%" PRId64 "\n", copied_bytes, clock_cpu_ns() - start_ns);
	return 0;
}

int main(int argc, char **argv)
{
	int result = 0;
	if (argc == 4 && strcmp(argv[1], "datagrams") == 0) {
		result = datagrams((uint16_t)load_number("PORT", argv[2], 1, 65535),
			(int64_t)load_number("MS", argv[3], 1, 600000));
	} else if (argc == 3 && strcmp(argv[1], "file") == 0) {
		result = file(argv[2]);
	} else if (argc == 3 && strcmp(argv[1], "memory") == 0) {
		result = memory(load_number("BYTES", argv[2], 1, UINT64_MAX));
	} else {
		(void)fprintf(stderr, "usage: floor datagrams PORT MS | file FILE | memory BYTES\n");
		return 2;
	}
	if (result != 0)
		perror("floor");
	return result == 0 ? 0 : 1;
}
