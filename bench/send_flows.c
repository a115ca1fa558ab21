/*
 * Sends NetFlow v5 (Cisco's published format: a 24-byte header, then 30
 * records of 48 bytes) to a collector on loopback, paced or as fast as it
 * goes. Every record is made anew: a random or counted source, a random
 * destination of the given range, times within the last --record-ms, so that
 * an exporter that tells at once is imitated.
 *
 *   send_flows --to 127.0.0.1 --port 2055 --records-per-s 0 --duration-ms 1000
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/random.h"
#include "load.h"

#define RECORDS 30 /* of one datagram: the most that v5 allows */
#define BURST 32 /* datagrams of one sendmmsg */
#define HEADER_BYTES 24
#define RECORD_BYTES 48
#define DATAGRAM_BYTES (HEADER_BYTES + RECORDS * RECORD_BYTES)

struct job {
	struct sockaddr_in to;
	struct pace pace; /* in datagrams */
	uint32_t first_host; /* destinations: host order */
	uint32_t hosts; /* how many from there on */
	uint32_t sources; /* distinct sources, counted from 1.0.0.0; 0: all random */
	uint32_t packets; /* of each record */
	uint32_t length_bytes; /* of each packet */
	uint32_t record_ms; /* each record's duration */
	uint64_t refused; /* datagrams the kernel would not take */
	uint32_t sequence;
	uint64_t next_source;
	struct random rng;
};

static uint8_t datagrams[BURST][DATAGRAM_BYTES];

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

/* Counted sources are scattered over the address space by an odd multiplier, a bijection of 32 bits. */
static uint32_t source_next(struct job *job, uint64_t random)
{
	if (job->sources == 0)
		return (uint32_t)random;
	uint32_t index = (uint32_t)(job->next_source++ % job->sources);
	return index * UINT32_C(2654435761);
}

static void record_write(struct job *job, uint8_t *at, uint32_t uptime_ms)
{
	uint64_t random = random_next(&job->rng);
	put32(at, source_next(job, random));
	put32(at + 4, job->first_host + (uint32_t)(((random >> 32) * job->hosts) >> 32));
	put32(at + 16, job->packets);
	put32(at + 20, job->packets * job->length_bytes);
	put32(at + 24, uptime_ms - job->record_ms);
	put32(at + 28, uptime_ms);
	put16(at + 32, 1024 + (uint32_t)(random & 0x7fff));
	put16(at + 34, 80);
	at[37] = 0x02; /* SYN */
	at[38] = 6; /* TCP */
}

static void datagram_write(struct job *job, uint8_t *at)
{
	int64_t wall_ns = clock_wall_ns();
	uint32_t uptime_ms = 3600000 + (uint32_t)((clock_mono_ns() - job->pace.start_mono_ns) / NS_PER_MS);
	put16(at, 5);
	put16(at + 2, RECORDS);
	put32(at + 4, uptime_ms);
	put32(at + 8, (uint32_t)(wall_ns / NS_PER_S));
	put32(at + 12, (uint32_t)(wall_ns % NS_PER_S));
	put32(at + 16, job->sequence);
	for (unsigned i = 0; i < RECORDS; i++)
		record_write(job, at + HEADER_BYTES + i * RECORD_BYTES, uptime_ms);
	job->sequence += RECORDS;
}

static int burst_send(struct job *job, int fd, unsigned count)
{
	struct iovec parts[BURST];
	struct mmsghdr messages[BURST];
	memset(messages, 0, sizeof(messages));
	for (unsigned i = 0; i < count; i++) {
		datagram_write(job, datagrams[i]);
		parts[i] = (struct iovec){.iov_base = datagrams[i], .iov_len = DATAGRAM_BYTES};
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (unsigned done = 0; done < count;) {
		int sent = sendmmsg(fd, messages + done, count - done, 0);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno != ECONNREFUSED && errno != ENOBUFS)
			return -1;
		if (sent <= 0) {
			job->refused++;
			sent = 1;
		}
		done += (unsigned)sent;
	}
	job->pace.sent += count;
	return 0;
}

static void options_read(struct job *job, int argc, char **argv)
{
	static const struct option names[] = {
		{"to", required_argument, NULL, 't'}, {"port", required_argument, NULL, 'p'},
		{"records-per-s", required_argument, NULL, 'r'}, {"records", required_argument, NULL, 'n'},
		{"duration-ms", required_argument, NULL, 'd'}, {"first-host", required_argument, NULL, 'f'},
		{"hosts", required_argument, NULL, 'h'}, {"sources", required_argument, NULL, 's'},
		{"packets", required_argument, NULL, 'k'}, {"length", required_argument, NULL, 'l'},
		{"record-ms", required_argument, NULL, 'm'}, {"seed", required_argument, NULL, 'e'}, {NULL, 0, NULL, 0},
	};
	for (int name; (name = getopt_long(argc, argv, "", names, NULL)) != -1;) {
		const char *text = optarg;
		switch (name) {
		case 't': job->to.sin_addr.s_addr = htonl(load_ipv4("--to", text)); break;
		case 'p': job->to.sin_port = htons((uint16_t)load_number("--port", text, 1, 65535)); break;
		case 'r': job->pace.per_s = (load_number("--records-per-s", text, 0, 1000000000) + RECORDS - 1) / RECORDS; break;
		case 'n': job->pace.total = (load_number("--records", text, 0, 1000000000000) + RECORDS - 1) / RECORDS; break;
		case 'd': job->pace.duration_ns = (int64_t)load_number("--duration-ms", text, 1, 3600000) * NS_PER_MS; break;
		case 'f': job->first_host = load_ipv4("--first-host", text); break;
		case 'h': job->hosts = (uint32_t)load_number("--hosts", text, 1, UINT32_MAX); break;
		case 's': job->sources = (uint32_t)load_number("--sources", text, 0, UINT32_MAX); break;
		case 'k': job->packets = (uint32_t)load_number("--packets", text, 1, 1000000); break;
		case 'l': job->length_bytes = (uint32_t)load_number("--length", text, 20, 65535); break;
		case 'm': job->record_ms = (uint32_t)load_number("--record-ms", text, 0, 3600000); break;
		case 'e': random_init(&job->rng, load_number("--seed", text, 0, UINT64_MAX)); break;
		default: exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	struct job job = {
		.to = {.sin_family = AF_INET, .sin_port = htons(2055), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
		.pace = {.duration_ns = NS_PER_S},
		.first_host = UINT32_C(0x0a000000),
		.hosts = 65536,
		.packets = 1,
		.length_bytes = 60,
		.record_ms = 10,
	};
	random_init(&job.rng, 1);
	options_read(&job, argc, argv);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&job.to, sizeof(job.to)) != 0) {
		(void)fprintf(stderr, "send_flows: %s\n", strerror(errno));
		return 1;
	}
	pace_start(&job.pace);
	for (uint64_t due; (due = pace_due(&job.pace, BURST)) != 0;) {
		if (burst_send(&job, fd, (unsigned)due) != 0) {
			(void)fprintf(stderr, "send_flows: %s\n", strerror(errno));
			return 1;
		}
	}
	pace_report(&job.pace, "datagrams", job.refused);
	return close(fd) == 0 ? 0 : 1;
}
