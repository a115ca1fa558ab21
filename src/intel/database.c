/*
 * libloc's address database, format version 1 (format.h of libloc 0.9.16),
 * mapped read-only. All numbers are big-endian:
 *
 *   0     7  "LOCDBXX"
 *   7     1  version, 1
 *   8     8  created, seconds since 1970
 *   16   12  vendor, description, licence: offsets into the pool, not read
 *   28   40  offset and length in bytes of: AS table, networks, tree, countries, pool
 *   ...      signatures, not read
 *
 *   tree node, 12 bytes: child for bit 0, child for bit 1 (node numbers, 0: none), network (number, all ones: none)
 *   network, 12 bytes: country (2 letters), 2 unused, AS number (4), flags (2), 2 unused
 *
 * The tree goes over the 128 bits of the mapped space, as core/ip.h has it.
 *
 * 2026-11-22: read by ourselves, not through libloc. Its lookups allocate,
 * count references without atomics, and follow the file's offsets unchecked; it
 * writes to stderr; and walking all networks took 1.7 s where this takes some
 * 0.1 s (database_test prints it). The price: a format version 2 will need
 * work here. database_test asks libloc itself for the same addresses.
 */
#include "intel/database.h"

#include <endian.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_BYTES 68 /* as far as it is read */
#define TABLES_AT 28
#define TABLE_NETWORKS 1
#define TABLE_TREE 2
#define TABLE_COUNT 5
#define ROW_BYTES 12 /* of a tree node, and of a network */
#define NETWORK_NONE UINT32_MAX
#define FILE_BYTES_MAX ((off_t)1 << 30) /* 20 times the database of 2022 */

struct database {
	const uint8_t *bytes; /* mapped, owned */
	size_t length_bytes;
	const uint8_t *nodes; /* in bytes */
	const uint8_t *networks;
	uint32_t node_count;
	uint32_t network_count;
};

static uint32_t be32_at(const uint8_t *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof(value));
	return be32toh(value);
}

/** A table of the header, if it lies within the file; NULL if not. */
static const uint8_t *table_find(const struct database *database, unsigned index, uint32_t *ret_count)
{
	const uint8_t *row = database->bytes + TABLES_AT + index * 8;
	uint64_t offset = be32_at(row), length = be32_at(row + 4);
	if (offset + length > database->length_bytes)
		return NULL;
	*ret_count = (uint32_t)(length / ROW_BYTES);
	return database->bytes + offset;
}

static bool header_is_good(struct database *database)
{
	static const uint8_t magic[] = {'L', 'O', 'C', 'D', 'B', 'X', 'X', 1};
	uint32_t count;
	if (database->length_bytes < HEADER_BYTES || memcmp(database->bytes, magic, sizeof(magic)) != 0)
		return false;
	for (unsigned i = 0; i < TABLE_COUNT; i++) {
		if (table_find(database, i, &count) == NULL)
			return false;
	}
	database->networks = table_find(database, TABLE_NETWORKS, &database->network_count);
	database->nodes = table_find(database, TABLE_TREE, &database->node_count);
	return database->node_count > 0;
}

static int file_map(const char *path, struct database *database)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe that nobody writes to must not hold us */
	if (fd < 0)
		return E_SYS;
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size <= 0 || status.st_size > FILE_BYTES_MAX) {
		(void)close(fd);
		return E_UNSUPPORTED;
	}
	void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	(void)close(fd);
	if (bytes == MAP_FAILED)
		return E_SYS;
	database->bytes = bytes;
	database->length_bytes = (size_t)status.st_size;
	return OK;
}

int database_open(const char *path, struct database **ret_database)
{
	struct database *database = calloc(1, sizeof(*database));
	if (database == NULL)
		return E_NOMEM;
	int err = file_map(path, database);
	if (err == OK && !header_is_good(database))
		err = E_UNSUPPORTED;
	if (err != OK) {
		database_close(database);
		return err;
	}
	*ret_database = database;
	return OK;
}

void database_close(struct database *database)
{
	if (database == NULL)
		return;
	if (database->bytes != NULL)
		(void)munmap((void *)database->bytes, database->length_bytes);
	free(database);
}

static bool is_letter(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z';
}

static struct origin network_read(const struct database *database, uint32_t number)
{
	struct origin network = {0};
	if (number >= database->network_count)
		return network;
	const uint8_t *row = database->networks + (size_t)number * ROW_BYTES;
	if (is_letter(row[0]) && is_letter(row[1]))
		memcpy(network.country, row, 2);
	network.asn = be32_at(row + 4);
	return network;
}

/** The number in a node: of a child (0, 1) or the network (2); none where the node is not in the file. */
static uint32_t node_read(const struct database *database, uint32_t node, unsigned column)
{
	if (node >= database->node_count)
		return column < 2 ? 0 : NETWORK_NONE;
	return be32_at(database->nodes + (size_t)node * ROW_BYTES + column * 4);
}

struct origin database_find(const struct database *database, const struct ip_addr *addr)
{
	uint32_t node = 0, network = node_read(database, 0, 2);
	for (unsigned bit = 0; bit < 128; bit++) {
		node = node_read(database, node, addr->bytes[bit / 8] >> (7 - bit % 8) & 1);
		if (node == 0)
			break;
		uint32_t closer = node_read(database, node, 2);
		network = closer != NETWORK_NONE ? closer : network;
	}
	return network_read(database, network);
}

/** Where a walk is: the way from the root, one node for each bit. */
struct walk {
	struct ip_addr addr;
	uint32_t nodes[129];
	uint8_t done[129]; /* children of the node that have been gone into */
	uint64_t steps; /* damaged trees may lead to a node twice: no more steps than there are nodes */
};

int database_walk(const struct database *database, database_visit *visit, void *arg)
{
	struct walk walk = {0};
	unsigned depth = 0;
	for (;;) {
		uint32_t node = walk.nodes[depth];
		if (walk.done[depth] == 0) {
			uint32_t number = node_read(database, node, 2);
			struct origin network = network_read(database, number);
			struct ip_prefix prefix = {walk.addr, (uint8_t)depth};
			int err = number == NETWORK_NONE ? OK : visit(arg, &prefix, &network);
			if (err != OK)
				return err;
		}
		if (walk.done[depth] == 2) {
			if (depth == 0)
				return OK;
			depth--;
			walk.addr.bytes[depth / 8] &= (uint8_t)~(0x80u >> depth % 8);
			continue;
		}
		unsigned side = walk.done[depth]++;
		uint32_t child = node_read(database, node, side);
		if (child == 0)
			continue;
		if (depth == 128 || child >= database->node_count || ++walk.steps > database->node_count)
			return E_MALFORMED;
		if (side == 1)
			walk.addr.bytes[depth / 8] |= (uint8_t)(0x80u >> depth % 8);
		depth++;
		walk.nodes[depth] = child;
		walk.done[depth] = 0;
	}
}
