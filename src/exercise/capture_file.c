/*
 * The classic pcap format: a file header of 24 bytes, then for each packet
 * seconds, microseconds, captured and real length (32 bits each) and the
 * frame, all in this machine's byte order, which the magic number tells.
 */
#include "exercise/capture_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "decode/packet.h"

#define BUFFER_BYTES (1024 * 1024)
#define RECORD_BYTES 16

struct capture_file {
	int fd;
	int64_t start_wall_ns;
	uint64_t packets;
	size_t used_bytes;
	uint8_t buffer[BUFFER_BYTES];
};

int capture_file_new(const char *path, int64_t start_wall_ns, struct capture_file **ret_file)
{
	struct capture_file *file = malloc(sizeof(*file));
	if (file == NULL)
		return E_NOMEM;
	file->fd = strcmp(path, "-") == 0 ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
					  : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (file->fd < 0) {
		free(file);
		return E_SYS;
	}
	uint32_t header[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 262144, LINK_ETHERNET};
	memcpy(file->buffer, header, sizeof(header));
	file->used_bytes = sizeof(header);
	file->start_wall_ns = start_wall_ns;
	file->packets = 0;
	*ret_file = file;
	return OK;
}

void capture_file_free(struct capture_file *file)
{
	if (file == NULL)
		return;
	if (file->fd >= 0)
		(void)close(file->fd);
	free(file);
}

static int flush(struct capture_file *file)
{
	for (size_t at = 0; at < file->used_bytes;) {
		ssize_t written = write(file->fd, file->buffer + at, file->used_bytes - at);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return E_SYS;
		at += (size_t)written;
	}
	file->used_bytes = 0;
	return OK;
}

int capture_file_add(struct capture_file *file, const struct packet *packet)
{
	if (file->used_bytes > BUFFER_BYTES - RECORD_BYTES - FRAME_BYTES_MAX && flush(file) != OK)
		return E_SYS;
	uint8_t *at = file->buffer + file->used_bytes;
	int64_t wall_us = (file->start_wall_ns + packet->time_ns) / NS_PER_US;
	uint32_t frame_bytes = (uint32_t)frame_write(packet, at + RECORD_BYTES);
	uint32_t record[4] = {(uint32_t)(wall_us / 1000000), (uint32_t)(wall_us % 1000000), frame_bytes, frame_bytes};
	memcpy(at, record, sizeof(record));
	file->used_bytes += RECORD_BYTES + frame_bytes;
	file->packets++;
	return OK;
}

int capture_file_finish(struct capture_file *file)
{
	int error = flush(file);
	if (close(file->fd) != 0)
		error = E_SYS;
	file->fd = -1;
	return error;
}

uint64_t capture_file_packets(const struct capture_file *file)
{
	return file->packets;
}
