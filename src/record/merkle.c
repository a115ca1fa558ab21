/*
 * The Merkle tree: hashes, proofs and their verification, and the shape of
 * its tiles. A tree of n entries splits at the largest power of two below n,
 * so that whatever lies left of a split is complete and never changes; all
 * algorithms here walk these splits, in loops of at most 63 turns.
 *
 * Sources: RFC 6962 section 2.1 (hashes and proofs), RFC 9162 sections
 * 2.1.3.2 and 2.1.4.2 (verification, the same tree), C2SP tlog-tiles v0.1.0
 * (files).
 */
#include "record/merkle.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "record/text.h"

_Static_assert(crypto_hash_sha256_BYTES == MERKLE_HASH_BYTES, "hashes are SHA-256");

/** SHA-256 of one byte that tells leaves and nodes apart, and of up to two parts. */
static void hash_parts(uint8_t kind, const void *first, size_t first_bytes, const void *second, size_t second_bytes,
	struct merkle_hash *ret_hash)
{
	crypto_hash_sha256_state state;
	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, &kind, 1);
	crypto_hash_sha256_update(&state, first, first_bytes);
	crypto_hash_sha256_update(&state, second, second_bytes);
	crypto_hash_sha256_final(&state, ret_hash->bytes);
}

void merkle_leaf(const void *entry, size_t entry_bytes, struct merkle_hash *ret_hash)
{
	hash_parts(0, entry, entry_bytes, "", 0, ret_hash);
}

void merkle_node(const struct merkle_hash *left, const struct merkle_hash *right, struct merkle_hash *ret_hash)
{
	hash_parts(1, left->bytes, MERKLE_HASH_BYTES, right->bytes, MERKLE_HASH_BYTES, ret_hash);
}

bool merkle_hash_equal(const struct merkle_hash *a, const struct merkle_hash *b)
{
	return memcmp(a->bytes, b->bytes, MERKLE_HASH_BYTES) == 0;
}

char *merkle_hash_write(const struct merkle_hash *hash, char ret_text[static MERKLE_HASH_TEXT_BYTES])
{
	return sodium_bin2base64(ret_text, MERKLE_HASH_TEXT_BYTES, hash->bytes, MERKLE_HASH_BYTES, sodium_base64_VARIANT_ORIGINAL);
}

int merkle_hash_parse(const char *text, size_t length_bytes, struct merkle_hash *ret_hash)
{
	struct merkle_hash hash;
	size_t got_bytes = 0;
	if (length_bytes != MERKLE_HASH_TEXT_BYTES - 1 ||
		text_base64_parse(text, length_bytes, hash.bytes, sizeof(hash.bytes), &got_bytes) != OK || got_bytes != sizeof(hash.bytes))
		return E_MALFORMED;
	*ret_hash = hash;
	return OK;
}

/** The largest power of two below a entries, as its exponent; entries is at least 2. */
static unsigned split_level(uint64_t entries)
{
	return 63u - (unsigned)__builtin_clzll(entries - 1);
}

/** Folds hashes of complete subtrees, which get smaller to the right, into one. */
static void fold(const struct merkle_hash *parts, size_t count, struct merkle_hash *ret_hash)
{
	struct merkle_hash hash = parts[count - 1];
	for (size_t i = count - 1; i > 0; i--)
		merkle_node(&parts[i - 1], &hash, &hash);
	*ret_hash = hash;
}

static void empty_root(struct merkle_hash *ret_root)
{
	crypto_hash_sha256(ret_root->bytes, (const uint8_t *)"", 0);
}

void merkle_frontier_add(struct merkle_frontier *frontier, const struct merkle_hash *leaf)
{
	struct merkle_hash hash = *leaf;
	unsigned level = 0;
	ASSERT(frontier->entries < INT64_MAX);
	for (; (frontier->entries >> level & 1) != 0; level++)
		merkle_node(&frontier->left[level], &hash, &hash);
	frontier->left[level] = hash;
	frontier->entries++;
}

void merkle_frontier_root(const struct merkle_frontier *frontier, struct merkle_hash *ret_root)
{
	struct merkle_hash parts[MERKLE_LEVELS];
	size_t count = 0;
	for (unsigned level = MERKLE_LEVELS; level > 0; level--) {
		if ((frontier->entries >> (level - 1) & 1) != 0)
			parts[count++] = frontier->left[level - 1];
	}
	if (count == 0)
		empty_root(ret_root);
	else
		fold(parts, count, ret_root);
}

/* Verifying. */

/** Steps up from a node that has no right sibling, over the levels in which it is passed through. */
static void skip_lonely(uint64_t *index, uint64_t *last)
{
	while ((*index & 1) == 0 && *index != 0) {
		*index >>= 1;
		*last >>= 1;
	}
}

int merkle_inclusion_verify(const struct merkle_hash *leaf, uint64_t index, uint64_t entries,
	const struct merkle_hash *path, size_t count, const struct merkle_hash *root)
{
	if (index >= entries)
		return E_DENIED;
	struct merkle_hash hash = *leaf;
	uint64_t last = entries - 1;
	for (size_t i = 0; i < count; i++) {
		if (last == 0)
			return E_DENIED;
		if ((index & 1) != 0 || index == last) {
			merkle_node(&path[i], &hash, &hash);
			skip_lonely(&index, &last);
		} else {
			merkle_node(&hash, &path[i], &hash);
		}
		index >>= 1;
		last >>= 1;
	}
	return last == 0 && merkle_hash_equal(&hash, root) ? OK : E_DENIED;
}

int merkle_consistency_verify(uint64_t old_entries, const struct merkle_hash *old_root, uint64_t new_entries,
	const struct merkle_hash *new_root, const struct merkle_hash *path, size_t count)
{
	if (old_entries > new_entries)
		return E_DENIED;
	if (old_entries == 0)
		return count == 0 ? OK : E_DENIED;
	if (old_entries == new_entries)
		return count == 0 && merkle_hash_equal(old_root, new_root) ? OK : E_DENIED;
	bool is_complete = (old_entries & (old_entries - 1)) == 0; /* then the older root is itself a node of the newer tree */
	if (!is_complete && count == 0)
		return E_DENIED;
	uint64_t index = old_entries - 1, last = new_entries - 1;
	for (; (index & 1) != 0; index >>= 1)
		last >>= 1;
	struct merkle_hash old_hash = is_complete ? *old_root : path[0], new_hash = old_hash;
	for (size_t i = is_complete ? 0 : 1; i < count; i++) {
		if (last == 0)
			return E_DENIED;
		if ((index & 1) != 0 || index == last) {
			merkle_node(&path[i], &old_hash, &old_hash);
			merkle_node(&path[i], &new_hash, &new_hash);
			skip_lonely(&index, &last);
		} else {
			merkle_node(&new_hash, &path[i], &new_hash);
		}
		index >>= 1;
		last >>= 1;
	}
	return last == 0 && merkle_hash_equal(&old_hash, old_root) && merkle_hash_equal(&new_hash, new_root) ? OK : E_DENIED;
}

/* Making. */

/** The hash over entries first..end-1, where first is a multiple of a power of two that is not less than their number. */
static int range_hash(merkle_reader *read, void *context, uint64_t first, uint64_t end, struct merkle_hash *ret_hash)
{
	struct merkle_hash parts[MERKLE_LEVELS];
	size_t count = 0;
	for (unsigned level = MERKLE_LEVELS; level > 0; level--) {
		if (((end - first) >> (level - 1) & 1) == 0)
			continue;
		int err = read(context, level - 1, first >> (level - 1), &parts[count++]);
		if (err != OK)
			return err;
		first += UINT64_C(1) << (level - 1);
	}
	fold(parts, count, ret_hash);
	return OK;
}

int merkle_root(merkle_reader *read, void *context, uint64_t entries, struct merkle_hash *ret_root)
{
	if (entries > INT64_MAX)
		return E_STATE;
	if (entries > 0)
		return range_hash(read, context, 0, entries, ret_root);
	empty_root(ret_root);
	return OK;
}

/** Proofs are found from the root down and told from the leaves up. */
static void reverse(struct merkle_hash *path, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct merkle_hash kept = path[i];
		path[i] = path[count - 1 - i];
		path[count - 1 - i] = kept;
	}
}

int merkle_inclusion_make(merkle_reader *read, void *context, uint64_t index, uint64_t entries,
	struct merkle_hash ret_path[static MERKLE_PATH_MAX], size_t *ret_count)
{
	if (index >= entries || entries > INT64_MAX)
		return E_STATE;
	uint64_t first = 0, end = entries;
	size_t count = 0;
	while (end - first > 1) {
		uint64_t split = first + (UINT64_C(1) << split_level(end - first));
		bool is_left = index < split;
		int err = range_hash(read, context, is_left ? split : first, is_left ? end : split, &ret_path[count++]);
		if (err != OK)
			return err;
		*(is_left ? &end : &first) = split;
	}
	reverse(ret_path, count);
	*ret_count = count;
	return OK;
}

int merkle_consistency_make(merkle_reader *read, void *context, uint64_t old_entries, uint64_t new_entries,
	struct merkle_hash ret_path[static MERKLE_PATH_MAX], size_t *ret_count)
{
	if (old_entries > new_entries || new_entries > INT64_MAX)
		return E_STATE;
	uint64_t first = 0, end = new_entries;
	size_t count = 0;
	while (old_entries > 0 && end != old_entries) {
		uint64_t split = first + (UINT64_C(1) << split_level(end - first));
		bool is_left = old_entries <= split;
		int err = range_hash(read, context, is_left ? split : first, is_left ? end : split, &ret_path[count++]);
		if (err != OK)
			return err;
		*(is_left ? &end : &first) = split;
	}
	/* What the older tree has at its right edge, unless that is all of it, whose hash the verifier knows. */
	if (old_entries > 0 && first > 0) {
		int err = range_hash(read, context, first, end, &ret_path[count++]);
		if (err != OK)
			return err;
	}
	reverse(ret_path, count);
	*ret_count = count;
	return OK;
}

/* Tiles. */

void merkle_row_hash(const struct merkle_hash *row, unsigned height, struct merkle_hash *ret_hash)
{
	struct merkle_frontier frontier = {.entries = 0};
	for (size_t i = 0; i < (size_t)1 << height; i++)
		merkle_frontier_add(&frontier, &row[i]);
	*ret_hash = frontier.left[height];
}

void merkle_tile_count(unsigned level, uint64_t entries, uint64_t *ret_full, unsigned *ret_partial)
{
	uint64_t hashes = level == MERKLE_TILE_ENTRIES ? entries : entries >> (MERKLE_TILE_HEIGHT * level);
	*ret_full = hashes / MERKLE_TILE_WIDTH;
	*ret_partial = (unsigned)(hashes % MERKLE_TILE_WIDTH);
}

/** The index in groups of three digits, all but the last with an x before them: 1234067 is x001/x234/067. */
char *merkle_tile_path(const struct merkle_tile *tile, char ret_path[static MERKLE_TILE_PATH_BYTES])
{
	unsigned groups[7]; /* 2^64 has 20 digits */
	size_t count = 0;
	uint64_t index = tile->index;
	for (; count == 0 || index > 0; index /= 1000)
		groups[count++] = (unsigned)(index % 1000);
	int at = tile->level == MERKLE_TILE_ENTRIES ? snprintf(ret_path, MERKLE_TILE_PATH_BYTES, "tile/entries")
						    : snprintf(ret_path, MERKLE_TILE_PATH_BYTES, "tile/%u", tile->level);
	for (; count > 0; count--)
		at += snprintf(ret_path + at, MERKLE_TILE_PATH_BYTES - (size_t)at, "/%s%03u", count > 1 ? "x" : "", groups[count - 1]);
	if (tile->width < MERKLE_TILE_WIDTH)
		snprintf(ret_path + at, MERKLE_TILE_PATH_BYTES - (size_t)at, ".p/%u", tile->width);
	return ret_path;
}
