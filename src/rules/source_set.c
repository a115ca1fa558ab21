/*
 * Source sets in memory and as files.
 *
 * The file: 16 bytes of header, then addresses, nothing behind them.
 *   0  "HiNoSet"  7 bytes
 *   7  version    1 byte, 1
 *   8  IPv4       4 bytes, big endian: how many
 *  12  IPv6       4 bytes, big endian: how many
 *  16  IPv4 addresses of 4 bytes, then IPv6 addresses of 16 bytes, each kind strictly ascending
 * Valid: at least one address and at most RULE_SET_ADDRESSES_MAX, none of them 0.0.0.0, :: or IPv4-mapped, and the
 * file is exactly as long as it says. So each set of addresses has one file, and one digest.
 *
 * In memory it is the file's bytes; a look-up is a search by halves.
 */
#include "rules/source_set.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cursor.h"

#define HEADER_BYTES 16
#define V4_BYTES 4
#define V6_BYTES 16
#define FILE_BYTES_MAX (HEADER_BYTES + (size_t)RULE_SET_ADDRESSES_MAX * V6_BYTES)

static const uint8_t magic[8] = {'H', 'i', 'N', 'o', 'S', 'e', 't', 1};

struct source_set {
	struct rule_source_set name;
	size_t v4_count;
	size_t v6_count;
	size_t length_bytes;
	uint8_t bytes[]; /* the file */
};

static const uint8_t *v4_at(const struct source_set *set, size_t index)
{
	return set->bytes + HEADER_BYTES + index * V4_BYTES;
}

static const uint8_t *v6_at(const struct source_set *set, size_t index)
{
	return set->bytes + HEADER_BYTES + set->v4_count * V4_BYTES + index * V6_BYTES;
}

static int addr_compare(const void *a, const void *b)
{
	const struct ip_addr *left = a, *right = b;
	if (ip_is_v4(left) != ip_is_v4(right))
		return ip_is_v4(left) ? -1 : 1;
	return memcmp(left, right, sizeof(*left));
}

static bool addr_is_zero(const uint8_t *at, size_t length_bytes)
{
	return sodium_is_zero(at, length_bytes) != 0;
}

/** The counts and the digest of a set whose bytes are in place. */
static void set_name(struct source_set *set)
{
	int failed = crypto_generichash(set->name.digest, sizeof(set->name.digest), set->bytes, set->length_bytes, NULL, 0);
	ASSERT(failed == 0);
	set->name.count = (uint32_t)(set->v4_count + set->v6_count);
}

static struct source_set *set_alloc(size_t v4_count, size_t v6_count)
{
	size_t length_bytes = HEADER_BYTES + v4_count * V4_BYTES + v6_count * V6_BYTES;
	struct source_set *set = malloc(sizeof(*set) + length_bytes);
	if (set != NULL) {
		set->v4_count = v4_count;
		set->v6_count = v6_count;
		set->length_bytes = length_bytes;
	}
	return set;
}

static void be32_put(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

int source_set_new(struct ip_addr *addrs, size_t count, struct source_set **ret_set)
{
	static const struct ip_addr none;
	size_t unique = 0, v4_count = 0;
	if (count == 0 || count > RULE_SET_ADDRESSES_MAX)
		return E_LIMIT;
	qsort(addrs, count, sizeof(*addrs), addr_compare);
	for (size_t i = 0; i < count; i++) {
		if (unique > 0 && ip_equal(&addrs[unique - 1], &addrs[i]))
			continue;
		if (ip_equal(&addrs[i], &none) || (ip_is_v4(&addrs[i]) && ip_to_v4(&addrs[i]) == 0))
			return E_MALFORMED;
		addrs[unique++] = addrs[i];
		v4_count += ip_is_v4(&addrs[i]);
	}
	struct source_set *set = set_alloc(v4_count, unique - v4_count);
	if (set == NULL)
		return E_NOMEM;
	memcpy(set->bytes, magic, sizeof(magic));
	be32_put(set->bytes + 8, (uint32_t)v4_count);
	be32_put(set->bytes + 12, (uint32_t)(unique - v4_count));
	uint8_t *at = set->bytes + HEADER_BYTES;
	for (size_t i = 0; i < unique; i++) {
		size_t skip = i < v4_count ? V6_BYTES - V4_BYTES : 0;
		memcpy(at, addrs[i].bytes + skip, V6_BYTES - skip);
		at += V6_BYTES - skip;
	}
	set_name(set);
	*ret_set = set;
	return OK;
}

void source_set_free(struct source_set *set)
{
	free(set);
}

/** Whether addresses ascend strictly from above zero. */
static bool is_ascending(const uint8_t *at, size_t count, size_t each_bytes)
{
	if (count > 0 && addr_is_zero(at, each_bytes))
		return false;
	for (size_t i = 1; i < count; i++) {
		if (memcmp(at + (i - 1) * each_bytes, at + i * each_bytes, each_bytes) >= 0)
			return false;
	}
	return true;
}

static bool has_mapped(const struct source_set *set)
{
	for (size_t i = 0; i < set->v6_count; i++) {
		struct ip_addr addr;
		memcpy(&addr, v6_at(set, i), sizeof(addr));
		if (ip_is_v4(&addr))
			return true;
	}
	return false;
}

int source_set_parse(const uint8_t *bytes, size_t length_bytes, struct source_set **ret_set)
{
	struct cursor cur = cursor_over(bytes, length_bytes);
	uint8_t head[sizeof(magic)];
	cursor_copy(&cur, head, sizeof(head));
	size_t v4_count = cursor_be32(&cur), v6_count = cursor_be32(&cur);
	if (cur.error != OK)
		return cur.error;
	if (memcmp(head, magic, sizeof(magic) - 1) != 0)
		return E_MALFORMED;
	if (head[7] != magic[7])
		return E_UNSUPPORTED;
	if (v4_count + v6_count == 0)
		return E_MALFORMED;
	if (v4_count + v6_count > RULE_SET_ADDRESSES_MAX)
		return E_LIMIT;
	cursor_skip(&cur, v4_count * V4_BYTES + v6_count * V6_BYTES);
	if (cur.error != OK || cursor_left(&cur) != 0)
		return cur.error != OK ? cur.error : E_MALFORMED;
	struct source_set *set = set_alloc(v4_count, v6_count);
	if (set == NULL)
		return E_NOMEM;
	memcpy(set->bytes, bytes, length_bytes);
	if (!is_ascending(v4_at(set, 0), v4_count, V4_BYTES) || !is_ascending(v6_at(set, 0), v6_count, V6_BYTES) ||
		has_mapped(set)) {
		free(set);
		return E_MALFORMED;
	}
	set_name(set);
	*ret_set = set;
	return OK;
}

/** Reads a whole regular file of bounded length. */
static int file_read(int fd, uint8_t **ret_bytes, size_t *ret_length_bytes)
{
	struct stat about;
	if (fstat(fd, &about) != 0)
		return E_SYS;
	if (!S_ISREG(about.st_mode))
		return E_MALFORMED;
	if (about.st_size < 0 || (uint64_t)about.st_size > FILE_BYTES_MAX)
		return E_LIMIT;
	size_t length_bytes = (size_t)about.st_size, done = 0;
	uint8_t *bytes = calloc(1, length_bytes + 1);
	if (bytes == NULL)
		return E_NOMEM;
	while (done < length_bytes) {
		ssize_t got = read(fd, bytes + done, length_bytes - done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			free(bytes);
			return got == 0 ? E_TRUNCATED : E_SYS;
		}
		done += (size_t)got;
	}
	*ret_bytes = bytes;
	*ret_length_bytes = length_bytes;
	return OK;
}

int source_set_load(int directory_fd, const struct rule_source_set *name, struct source_set **ret_set)
{
	char file_name[SOURCE_SET_NAME_BYTES];
	uint8_t *bytes = NULL;
	size_t length_bytes = 0;
	struct source_set *set = NULL;
	int fd = openat(directory_fd, source_set_file_name(name, file_name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return E_SYS;
	int err = file_read(fd, &bytes, &length_bytes);
	close(fd);
	if (err != OK)
		return err;
	err = source_set_parse(bytes, length_bytes, &set);
	free(bytes);
	if (err != OK)
		return err;
	if (set->name.count != name->count || memcmp(set->name.digest, name->digest, sizeof(name->digest)) != 0) {
		source_set_free(set);
		return E_DENIED;
	}
	*ret_set = set;
	return OK;
}

static int file_write(int fd, const uint8_t *bytes, size_t length_bytes)
{
	for (size_t done = 0; done < length_bytes;) {
		ssize_t put = write(fd, bytes + done, length_bytes - done);
		if (put < 0 && errno != EINTR)
			return E_SYS;
		done += put > 0 ? (size_t)put : 0;
	}
	return fsync(fd) == 0 ? OK : E_SYS;
}

int source_set_save(const struct source_set *set, int directory_fd)
{
	char name[SOURCE_SET_NAME_BYTES], part[SOURCE_SET_NAME_BYTES + 16];
	source_set_file_name(&set->name, name);
	snprintf(part, sizeof(part), ".%s.%d", name, (int)getpid());
	int fd = openat(directory_fd, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return E_SYS;
	int err = file_write(fd, set->bytes, set->length_bytes);
	if (close(fd) != 0)
		err = E_SYS;
	if (err == OK && (renameat(directory_fd, part, directory_fd, name) != 0 || fsync(directory_fd) != 0))
		err = E_SYS;
	if (err != OK)
		(void)unlinkat(directory_fd, part, 0);
	return err;
}

size_t source_set_file_bytes(const struct source_set *set)
{
	return set->length_bytes;
}

const struct rule_source_set *source_set_name(const struct source_set *set)
{
	return &set->name;
}

const char *source_set_file_name(const struct rule_source_set *name, char ret_name[static SOURCE_SET_NAME_BYTES])
{
	char digest[2 * RULE_DIGEST_BYTES + 1];
	sodium_bin2hex(digest, sizeof(digest), name->digest, sizeof(name->digest));
	snprintf(ret_name, SOURCE_SET_NAME_BYTES, "%s.set", digest);
	return ret_name;
}

bool source_set_has(const struct source_set *set, const struct ip_addr *addr)
{
	bool is_v4 = ip_is_v4(addr);
	const uint8_t *base = is_v4 ? v4_at(set, 0) : v6_at(set, 0), *wanted = addr->bytes + (is_v4 ? V6_BYTES - V4_BYTES : 0);
	size_t each_bytes = is_v4 ? V4_BYTES : V6_BYTES, low = 0, high = is_v4 ? set->v4_count : set->v6_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = memcmp(base + middle * each_bytes, wanted, each_bytes);
		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

struct ip_addr source_set_at(const struct source_set *set, size_t index)
{
	struct ip_addr addr = ip_from_v4(0);
	ASSERT(index < set->v4_count + set->v6_count);
	if (index < set->v4_count)
		memcpy(addr.bytes + V6_BYTES - V4_BYTES, v4_at(set, index), V4_BYTES);
	else
		memcpy(addr.bytes, v6_at(set, index - set->v4_count), V6_BYTES);
	return addr;
}

size_t source_set_v4_count(const struct source_set *set)
{
	return set->v4_count;
}
