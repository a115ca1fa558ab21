/*
 * Files of a log. A file is written beside its place and renamed, so that a
 * reader sees it whole or not at all. One that must outlive a loss of power
 * is synced before that; its directory is synced too, and so is the parent of
 * each directory made.
 *
 * Source: C2SP tlog-tiles v0.1.0. A bundle is entries one after the other,
 * each with its length before it in two bytes, the higher first.
 */
#include "authority/tile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0644 /* anyone may verify a log */
#define DIRECTORY_MODE 0755
#define BUNDLE_BYTES_MAX (MERKLE_TILE_WIDTH * (2 + (size_t)MERKLE_ENTRY_BYTES_MAX))
#define PATH_BYTES (MERKLE_TILE_PATH_BYTES + 8)

/* Writing. */

static int directory_sync(int directory, const char *path)
{
	int fd = openat(directory, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return E_SYS;
	int failed = fsync(fd);
	close(fd);
	return failed == 0 ? OK : E_SYS;
}

/** The part of a path before its last slash; "." where it has none. */
static const char *parent_of(const char *path, char ret_parent[static PATH_BYTES])
{
	const char *slash = strrchr(path, '/');
	if (slash == NULL)
		return ".";
	snprintf(ret_parent, PATH_BYTES, "%.*s", (int)(slash - path), path);
	return ret_parent;
}

/** Makes the directories that lead to a path, as far as they are missing. */
static int parents_make(int directory, const char *path, bool is_synced)
{
	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		char place[PATH_BYTES], parent[PATH_BYTES];
		snprintf(place, sizeof(place), "%.*s", (int)(slash - path), path);
		if (mkdirat(directory, place, DIRECTORY_MODE) != 0 && errno != EEXIST)
			return E_SYS;
		if (is_synced && directory_sync(directory, parent_of(place, parent)) != OK)
			return E_SYS;
	}
	return OK;
}

static int fill(int fd, const uint8_t *bytes, size_t length_bytes)
{
	while (length_bytes > 0) {
		ssize_t wrote = write(fd, bytes, length_bytes);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return E_SYS;
		bytes += wrote;
		length_bytes -= (size_t)wrote;
	}
	return OK;
}

static int file_write(int directory, const char *path, const void *bytes, size_t length_bytes, bool is_synced)
{
	char beside[PATH_BYTES], parent[PATH_BYTES];
	snprintf(beside, sizeof(beside), "%s.new", path);
	int fd = openat(directory, beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (fd < 0 && errno == ENOENT) {
		if (parents_make(directory, path, is_synced) != OK)
			return E_SYS;
		fd = openat(directory, beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	}
	if (fd < 0)
		return E_SYS;
	int err = fill(fd, bytes, length_bytes);
	if (err == OK && is_synced && fsync(fd) != 0)
		err = E_SYS;
	close(fd);
	if (err != OK || renameat(directory, beside, directory, path) != 0) {
		int error = errno;
		(void)unlinkat(directory, beside, 0);
		errno = error;
		return E_SYS;
	}
	return is_synced ? directory_sync(directory, parent_of(path, parent)) : OK;
}

int tile_file_write(int directory, const char *path, const void *bytes, size_t length_bytes)
{
	return file_write(directory, path, bytes, length_bytes, true);
}

int tile_file_put(int directory, const char *path, const void *bytes, size_t length_bytes)
{
	return file_write(directory, path, bytes, length_bytes, false);
}

void tile_partials_remove(int directory, unsigned level, uint64_t index)
{
	struct merkle_tile tile = {level, index, MERKLE_TILE_WIDTH};
	char full[MERKLE_TILE_PATH_BYTES], path[PATH_BYTES];
	snprintf(path, sizeof(path), "%s.p", merkle_tile_path(&tile, full));
	if (unlinkat(directory, path, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return;
	for (tile.width = 1; tile.width < MERKLE_TILE_WIDTH; tile.width++)
		(void)unlinkat(directory, merkle_tile_path(&tile, full), 0);
	(void)unlinkat(directory, path, AT_REMOVEDIR);
}

/* Reading. */

int tile_file_read(int directory, const char *path, size_t most_bytes, uint8_t **ret_bytes, size_t *ret_length_bytes)
{
	struct stat state;
	uint8_t *bytes = NULL;
	size_t at = 0;
	int err = E_SYS, fd = openat(directory, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &state) != 0 || !S_ISREG(state.st_mode))
		goto out;
	size_t length = (size_t)state.st_size;
	err = length > most_bytes ? E_LIMIT : (bytes = calloc(1, length + 1)) == NULL ? E_NOMEM : OK;
	while (err == OK && at < length) {
		ssize_t got = read(fd, bytes + at, length - at);
		if (got <= 0)
			err = E_SYS;
		else
			at += (size_t)got;
	}
out:
	if (fd >= 0)
		close(fd);
	if (err != OK) {
		free(bytes);
		return err;
	}
	*ret_bytes = bytes;
	*ret_length_bytes = at;
	return OK;
}

/** Reads the partial form that is asked for, else the full one, which begins the same. */
static int either_read(int directory, const struct merkle_tile *tile, size_t most_bytes, uint8_t **ret_bytes,
	size_t *ret_length_bytes)
{
	char path[MERKLE_TILE_PATH_BYTES];
	struct merkle_tile full = {tile->level, tile->index, MERKLE_TILE_WIDTH};
	int err = tile_file_read(directory, merkle_tile_path(tile, path), most_bytes, ret_bytes, ret_length_bytes);
	if (err == E_SYS && errno == ENOENT && tile->width < MERKLE_TILE_WIDTH)
		err = tile_file_read(directory, merkle_tile_path(&full, path), most_bytes, ret_bytes, ret_length_bytes);
	return err;
}

int tile_hashes_read(int directory, const struct merkle_tile *tile, struct merkle_hash ret_hashes[static MERKLE_TILE_WIDTH])
{
	uint8_t *bytes = NULL;
	size_t length = 0;
	int err = either_read(directory, tile, (size_t)MERKLE_TILE_WIDTH * MERKLE_HASH_BYTES, &bytes, &length);
	if (err != OK)
		return err;
	size_t asked = (size_t)tile->width * MERKLE_HASH_BYTES;
	if (length == asked || length == (size_t)MERKLE_TILE_WIDTH * MERKLE_HASH_BYTES)
		memcpy(ret_hashes, bytes, asked);
	else
		err = E_MALFORMED;
	free(bytes);
	return err;
}

int tile_bundle_read(int directory, const struct merkle_tile *tile, uint8_t **ret_bytes, size_t *ret_length_bytes)
{
	return either_read(directory, tile, BUNDLE_BYTES_MAX, ret_bytes, ret_length_bytes);
}

const uint8_t *tile_entry_next(struct cursor *cur, size_t *ret_entry_bytes)
{
	size_t length = cursor_be16(cur);
	const uint8_t *entry = cursor_take(cur, length);
	*ret_entry_bytes = length;
	return cur->error == OK ? entry : NULL;
}

/** The tile that holds a hash or an entry of a level, as wide as the tree has it. */
static struct merkle_tile tile_at(unsigned level, uint64_t entries, uint64_t index)
{
	uint64_t full = 0;
	unsigned partial = 0;
	merkle_tile_count(level, entries, &full, &partial);
	uint64_t tile = index / MERKLE_TILE_WIDTH;
	return (struct merkle_tile){level, tile, tile < full ? MERKLE_TILE_WIDTH : partial};
}

int tile_entry_read(int directory, uint64_t entries, uint64_t index, uint8_t **ret_entry, size_t *ret_entry_bytes)
{
	uint8_t *bundle = NULL;
	size_t bundle_bytes = 0, entry_bytes = 0;
	if (index >= entries)
		return E_STATE;
	struct merkle_tile tile = tile_at(MERKLE_TILE_ENTRIES, entries, index);
	int err = tile_bundle_read(directory, &tile, &bundle, &bundle_bytes);
	if (err != OK)
		return err;
	struct cursor cur = cursor_over(bundle, bundle_bytes);
	const uint8_t *entry = NULL;
	for (uint64_t i = 0; i <= index % MERKLE_TILE_WIDTH; i++)
		entry = tile_entry_next(&cur, &entry_bytes);
	if (entry != NULL) {
		memmove(bundle, entry, entry_bytes);
		*ret_entry = bundle;
		*ret_entry_bytes = entry_bytes;
		return OK;
	}
	free(bundle);
	return E_MALFORMED;
}

int tile_node_read(void *context, unsigned level, uint64_t index, struct merkle_hash *ret_hash)
{
	struct tile_tree *tree = context;
	unsigned row = level / MERKLE_TILE_HEIGHT, height = level % MERKLE_TILE_HEIGHT;
	struct merkle_tile tile = tile_at(row, tree->entries, index << height);
	if (!tree->is_read || tree->tile.level != tile.level || tree->tile.index != tile.index || tree->tile.width != tile.width) {
		tree->is_read = false;
		int err = tile_hashes_read(tree->directory, &tile, tree->hashes);
		if (err != OK)
			return err;
		tree->tile = tile;
		tree->is_read = true;
	}
	size_t first = (size_t)(index << height) % MERKLE_TILE_WIDTH;
	if (first + ((size_t)1 << height) > tile.width)
		return E_STATE;
	merkle_row_hash(&tree->hashes[first], height, ret_hash);
	return OK;
}
