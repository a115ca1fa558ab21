/* Fuzz target: whatever the database file holds, looking up and walking stay inside it and end. */
#include <sys/mman.h>
#include <stdio.h>
#include <unistd.h>

#include "intel/database.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static int network_take(void *arg, const struct ip_prefix *prefix, const struct origin *network)
{
	(void)network;
	*(uint64_t *)arg += prefix->bits;
	return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	char path[64];
	struct database *database = NULL;
	struct ip_addr addr = ip_from_v4(0xc0000201);
	uint64_t sum = 0;
	int fd = memfd_create("database", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size_bytes) != (ssize_t)size_bytes)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (database_open(path, &database) == OK) {
		(void)database_find(database, &addr);
		(void)!database_walk(database, network_take, &sum);
		database_close(database);
	}
	(void)close(fd);
	return 0;
}
