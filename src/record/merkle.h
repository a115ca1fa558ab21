/*
 * The Merkle tree of RFC 6962 section 2.1 over SHA-256, as C2SP tlog-tiles
 * stores it: hashes of entries and nodes, proofs that an entry is in a tree
 * and that one tree grew out of another, and where a node lies on disk.
 *
 * Holds no tree: whoever has the nodes hands them over through a reader. Does
 * not check signatures (record/checkpoint.h) nor what an entry says.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define MERKLE_HASH_BYTES 32
#define MERKLE_HASH_TEXT_BYTES 45 /* in base64, with its NUL */
#define MERKLE_LEVELS 63 /* a tree has at most 2^63 - 1 entries */
#define MERKLE_PATH_MAX 64 /* hashes of the longest proof */
#define MERKLE_ENTRY_BYTES_MAX 65535 /* of one entry: its length takes two bytes in an entry bundle */

#define MERKLE_TILE_HEIGHT 8 /* levels of the tree that one tile spans */
#define MERKLE_TILE_WIDTH 256 /* hashes of a full tile, entries of a full bundle */
#define MERKLE_TILE_LEVELS 8 /* levels of tiles that 2^63 entries need */
#define MERKLE_TILE_ENTRIES 8 /* the "level" of entry bundles */
#define MERKLE_TILE_PATH_BYTES 64 /* longest path of a tile, with its NUL */

struct merkle_hash {
	uint8_t bytes[MERKLE_HASH_BYTES];
};

/** A growing tree in 64 hashes: what it takes to add entries and to tell the root, and no more. Zeroed: the empty tree. */
struct merkle_frontier {
	uint64_t entries; /* added so far */
	struct merkle_hash left[MERKLE_LEVELS]; /* by level, where that bit of entries is set: the subtree of 2^level */
};

/** A file of tlog-tiles. */
struct merkle_tile {
	unsigned level; /* of tiles, 0: hashes of entries; or MERKLE_TILE_ENTRIES */
	uint64_t index; /* of the tile in its level */
	unsigned width; /* hashes or entries in it, 1..MERKLE_TILE_WIDTH */
};

/**
 * Reads a node of a tree.
 *
 * @param context of the caller
 * @param level 0: hashes of entries
 * @param index of the node in its level; below it the tree is complete
 * @param ret_hash filled on OK
 * @return OK, or an error that ends what was going on
 */
typedef int merkle_reader(void *context, unsigned level, uint64_t index, struct merkle_hash *ret_hash);

/** The hash of an entry: SHA-256 of a zero byte and the entry. */
void merkle_leaf(const void *entry, size_t entry_bytes, struct merkle_hash *ret_hash);

/** The hash of a node: SHA-256 of a one byte and its two children; ret_hash may be one of them. */
void merkle_node(const struct merkle_hash *left, const struct merkle_hash *right, struct merkle_hash *ret_hash);

/** Whether two hashes are the same. */
bool merkle_hash_equal(const struct merkle_hash *a, const struct merkle_hash *b);

/**
 * Writes a hash in base64.
 *
 * @param hash to be written
 * @param ret_text filled and NUL-terminated
 * @return ret_text
 */
char *merkle_hash_write(const struct merkle_hash *hash, char ret_text[static MERKLE_HASH_TEXT_BYTES]);

/**
 * Reads a hash in base64, in its one canonical form.
 *
 * @param text need not be NUL-terminated
 * @param length_bytes of text
 * @param ret_hash filled on OK
 * @return OK or E_MALFORMED
 */
MUST_USE int merkle_hash_parse(const char *text, size_t length_bytes, struct merkle_hash *ret_hash);

/** Adds the next entry's hash. */
void merkle_frontier_add(struct merkle_frontier *frontier, const struct merkle_hash *leaf);

/** The root of the tree so far; of the empty tree the hash of nothing. */
void merkle_frontier_root(const struct merkle_frontier *frontier, struct merkle_hash *ret_root);

/**
 * Checks that an entry is at a place of a tree (RFC 9162 section 2.1.3.2, which is RFC 6962's tree).
 *
 * @param leaf hash of the entry
 * @param index its place, from 0
 * @param entries how many the tree has
 * @param path siblings, from the leaf up
 * @param count hashes of path
 * @param root of the tree
 * @return OK; E_DENIED: it is not, or the path is not this long
 */
MUST_USE int merkle_inclusion_verify(const struct merkle_hash *leaf, uint64_t index, uint64_t entries,
	const struct merkle_hash *path, size_t count, const struct merkle_hash *root);

/**
 * Checks that a tree is an older one with entries added at its end (RFC 9162 section 2.1.4.2).
 *
 * @param old_entries how many the older tree has, 0: then the path is empty and any tree will do
 * @param old_root its root; not looked at where old_entries is 0
 * @param new_entries how many the newer tree has, not fewer
 * @param new_root its root
 * @param path the proof; empty where the sizes are the same
 * @param count hashes of path
 * @return OK; E_DENIED: it is not
 */
MUST_USE int merkle_consistency_verify(uint64_t old_entries, const struct merkle_hash *old_root, uint64_t new_entries,
	const struct merkle_hash *new_root, const struct merkle_hash *path, size_t count);

/**
 * Computes the root of a tree's first entries.
 *
 * @param read reads the tree's nodes, of complete subtrees alone
 * @param context for read
 * @param entries how many, 0: the empty tree
 * @param ret_root filled on OK
 * @return OK or what read returned
 */
MUST_USE int merkle_root(merkle_reader *read, void *context, uint64_t entries, struct merkle_hash *ret_root);

/**
 * Makes the proof that merkle_inclusion_verify() takes.
 *
 * @param read reads the tree's nodes
 * @param context for read
 * @param index the entry's place, less than entries
 * @param entries how many the tree has
 * @param ret_path filled on OK
 * @param ret_count hashes in it
 * @return OK, E_STATE: there is no such entry, or what read returned
 */
MUST_USE int merkle_inclusion_make(merkle_reader *read, void *context, uint64_t index, uint64_t entries,
	struct merkle_hash ret_path[static MERKLE_PATH_MAX], size_t *ret_count);

/**
 * Makes the proof that merkle_consistency_verify() takes.
 *
 * @param read reads the newer tree's nodes
 * @param context for read
 * @param old_entries how many the older tree has
 * @param new_entries how many the newer tree has, not fewer
 * @param ret_path filled on OK
 * @param ret_count hashes in it
 * @return OK, E_STATE: the older tree is the larger one, or what read returned
 */
MUST_USE int merkle_consistency_make(merkle_reader *read, void *context, uint64_t old_entries, uint64_t new_entries,
	struct merkle_hash ret_path[static MERKLE_PATH_MAX], size_t *ret_count);

/**
 * The hash over a complete subtree's lowest row, as a tile holds it.
 *
 * @param row hashes, 2^height of them
 * @param height 0..MERKLE_TILE_HEIGHT
 * @param ret_hash filled
 */
void merkle_row_hash(const struct merkle_hash *row, unsigned height, struct merkle_hash *ret_hash);

/**
 * How many files a tree has in one level of tiles, and how wide the last is.
 *
 * @param level of tiles, or MERKLE_TILE_ENTRIES
 * @param entries how many the tree has
 * @param ret_full full tiles
 * @param ret_partial width of the last one where it is not full, 0: there is none
 */
void merkle_tile_count(unsigned level, uint64_t entries, uint64_t *ret_full, unsigned *ret_partial);

/**
 * The path of a tile below the log's directory or URL (C2SP tlog-tiles): tile/LEVEL/INDEX[.p/WIDTH].
 *
 * @param tile which
 * @param ret_path filled and NUL-terminated
 * @return ret_path
 */
char *merkle_tile_path(const struct merkle_tile *tile, char ret_path[static MERKLE_TILE_PATH_BYTES]);
