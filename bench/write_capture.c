/*
 * Writes a capture of 64-byte packets on standard output: four in five are a
 * spoofed SYN flood on one address, the rest small TCP and UDP packets between
 * 65,536 hosts of ours and anyone; a million packets a second by their
 * timestamps. Sources are distinct up to --sources.
 *
 * Format: pcap with microseconds (draft-ietf-opsawg-pcap), little-endian.
 *
 *   write_capture --packets 10000000 --sources 1000000 >FILE
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/random.h"
#include "load.h"

#define PACKET_BYTES 64
#define RECORD_BYTES (16 + PACKET_BYTES)
#define START_S UINT32_C(1735171200) /* 2024-12-26 00:00 UTC */

struct job {
	uint64_t packets;
	uint32_t sources;
	struct random rng;
};

static void put_little(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static void put_big(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void record_write(struct job *job, uint64_t index, uint8_t *at)
{
	uint64_t random = random_next(&job->rng);
	bool attack = random % 5 != 0;
	uint8_t *ip = at + 16 + 14, *transport = ip + 20;
	memset(at, 0, RECORD_BYTES);
	put_little(at, START_S + (uint32_t)(index / 1000000));
	put_little(at + 4, (uint32_t)(index % 1000000));
	put_little(at + 8, PACKET_BYTES);
	put_little(at + 12, PACKET_BYTES);
	put_big(at + 16, UINT32_C(0x02000000));
	at[16 + 12] = 0x08;
	ip[0] = 0x45;
	ip[8] = 64;
	ip[9] = !attack && (random >> 8) % 2 == 0 ? 17 : 6;
	ip[3] = ip[9] == 17 ? PACKET_BYTES - 14 : 40; /* after 40 bytes of TCP/IP: Ethernet padding */
	uint32_t source = (uint32_t)(((random >> 32) * job->sources) >> 32) * UINT32_C(2654435761);
	put_big(ip + 12, source);
	put_big(ip + 16, attack ? UINT32_C(0xc6336405) : UINT32_C(0x0a000000) + (uint32_t)((random >> 16) & 0xffff));
	transport[0] = (uint8_t)(random >> 24) | 0x80;
	transport[1] = (uint8_t)(random >> 16);
	transport[2] = 1;
	transport[3] = 187;
	if (ip[9] == 17) {
		transport[5] = PACKET_BYTES - 34;
		return;
	}
	put_big(transport + 4, (uint32_t)(random >> 13));
	transport[12] = 5 << 4;
	transport[13] = attack ? 0x02 : 0x10; /* SYN, ACK */
}

static void options_read(struct job *job, int argc, char **argv)
{
	static const struct option names[] = {
		{"packets", required_argument, NULL, 'n'}, {"sources", required_argument, NULL, 's'},
		{"seed", required_argument, NULL, 'e'}, {NULL, 0, NULL, 0},
	};
	for (int name; (name = getopt_long(argc, argv, "", names, NULL)) != -1;) {
		switch (name) {
		case 'n': job->packets = load_number("--packets", optarg, 1, 1000000000); break;
		case 's': job->sources = (uint32_t)load_number("--sources", optarg, 1, UINT32_MAX); break;
		case 'e': random_init(&job->rng, load_number("--seed", optarg, 0, UINT64_MAX)); break;
		default: exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	static char buffer[1 << 20];
	struct job job = {.packets = 10000000, .sources = 1000000};
	uint8_t header[24] = {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, [16] = 0xff, 0xff, 0, 0, 1, 0, 0, 0};
	random_init(&job.rng, 1);
	options_read(&job, argc, argv);
	(void)setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	size_t written = fwrite(header, sizeof(header), 1, stdout);
	for (uint64_t i = 0; i < job.packets && written == 1; i++) {
		uint8_t record[RECORD_BYTES];
		record_write(&job, i, record);
		written = fwrite(record, sizeof(record), 1, stdout);
	}
	if (written != 1 || fflush(stdout) != 0) {
		perror("write_capture");
		return 1;
	}
	return 0;
}
