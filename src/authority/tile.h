/*
 * Files of a log in one directory, as C2SP tlog-tiles names them: tiles of
 * hashes, bundles of entries, the checkpoint. A file is written whole, or is
 * as it was before.
 *
 * Does not check what files say (authority/verify.h).
 */
#pragma once

#include "core/cursor.h"
#include "record/merkle.h"

/* Names in the log's directory. */
#define TILE_CHECKPOINT "checkpoint"
#define TILE_WITNESSED "witnessed" /* the newest checkpoint that witnesses have cosigned */

/** A log's tree as its files have it, with the tile that was read last. */
struct tile_tree {
	int directory; /* descriptor, borrowed */
	uint64_t entries; /* of the tree that is looked at; the files may hold more */
	bool is_read; /* whether tile and hashes are filled */
	struct merkle_tile tile;
	struct merkle_hash hashes[MERKLE_TILE_WIDTH];
};

/**
 * Writes a file of the log and has it on disk, with the directories that lead to it.
 *
 * @param directory descriptor of the log's
 * @param path below it
 * @param bytes its new content
 * @param length_bytes of bytes
 * @return OK or E_SYS
 */
MUST_USE int tile_file_write(int directory, const char *path, const void *bytes, size_t length_bytes);

/**
 * The same, but it is on disk only when the file system is synced: until then a loss of power may bring back the old file, or
 * none, or an empty one.
 *
 * @param directory descriptor of the log's
 * @param path below it
 * @param bytes its new content
 * @param length_bytes of bytes
 * @return OK or E_SYS
 */
MUST_USE int tile_file_put(int directory, const char *path, const void *bytes, size_t length_bytes);

/**
 * Reads a whole file of the log.
 *
 * @param directory descriptor of the log's
 * @param path below it
 * @param most_bytes the longest file that is read
 * @param ret_bytes malloc'ed, the caller frees it
 * @param ret_length_bytes of ret_bytes
 * @return OK, E_LIMIT (longer), E_NOMEM or E_SYS (errno is ENOENT where there is none)
 */
MUST_USE int tile_file_read(int directory, const char *path, size_t most_bytes, uint8_t **ret_bytes, size_t *ret_length_bytes);

/**
 * Reads a tile of hashes; the full one where the partial is gone.
 *
 * @param directory descriptor of the log's
 * @param tile which, and how many hashes are asked for
 * @param ret_hashes tile->width of them, filled on OK; else undefined
 * @return OK, E_MALFORMED (not of a tile's length), or as tile_file_read()
 */
MUST_USE int tile_hashes_read(int directory, const struct merkle_tile *tile,
	struct merkle_hash ret_hashes[static MERKLE_TILE_WIDTH]);

/**
 * Reads a bundle of entries; the full one where the partial is gone. Whether it holds tile->width entries shows when they are
 * taken out by tile_entry_next().
 *
 * @param directory descriptor of the log's
 * @param tile which
 * @param ret_bytes malloc'ed, the caller frees it
 * @param ret_length_bytes of ret_bytes
 * @return as tile_file_read()
 */
MUST_USE int tile_bundle_read(int directory, const struct merkle_tile *tile, uint8_t **ret_bytes, size_t *ret_length_bytes);

/**
 * Takes the next entry out of a bundle.
 *
 * @param cur over the bundle; fails where no entry is left
 * @param ret_entry_bytes of the entry
 * @return the entry, borrowed from the bundle; NULL: there is none
 */
const uint8_t *tile_entry_next(struct cursor *cur, size_t *ret_entry_bytes);

/**
 * Reads one entry.
 *
 * @param directory descriptor of the log's
 * @param entries of the tree
 * @param index less than entries
 * @param ret_entry malloc'ed, the caller frees it
 * @param ret_entry_bytes of ret_entry
 * @return OK, E_STATE (there is none), E_MALFORMED (the bundle is too short), or as tile_file_read()
 */
MUST_USE int tile_entry_read(int directory, uint64_t entries, uint64_t index, uint8_t **ret_entry, size_t *ret_entry_bytes);

/** The merkle_reader of a struct tile_tree. */
merkle_reader tile_node_read;

/** Removes the partial forms of a tile that is there in full, if there are any; what cannot be removed stays and does no harm. */
void tile_partials_remove(int directory, unsigned level, uint64_t index);
