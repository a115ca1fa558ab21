/*
 * The ledger's log. In memory: the hashes and entries of the tiles at the
 * right edge that are not full, and the frontier of the tree; all else is
 * read from files when it is asked for.
 *
 * An append goes to the journal, is synced, and counts. That is the only time
 * that anybody waits for the disk. Tiles that become full are written at
 * once, in their final place; the others, and then the checkpoint, by
 * log_publish(). log_settle() syncs the file system, then notes the tree that
 * is on disk for certain in a file of its own, and empties the journal. The
 * files that the settled tree speaks of are never changed: a full tile stands
 * beside its partial forms, which go when a later tree is settled.
 *
 * After a sudden end, of the process or of the machine, the settled tree is
 * read, and the journal adds the rest and writes its tiles again. The same
 * entries give the same tree and, Ed25519 being deterministic, the same
 * signature: a checkpoint that was handed out is not contradicted by what
 * comes after. If the published one were, the log would not open.
 *
 * If a full tile cannot be written or synced, the log in memory is ahead of
 * its files: it takes nothing more until it is opened again, which tries again.
 */
#include "authority/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authority/journal.h"
#include "authority/tile.h"
#include "core/limits.h"
#include "keys/signer.h"

#define BUNDLE_GROWTH_BYTES 65536
#define SETTLED "settled"

struct log {
	int directory;
	struct journal journal;
	const struct key *key; /* borrowed */
	struct merkle_frontier frontier; /* of all that is acknowledged */
	uint64_t published; /* entries of the checkpoint that others see, as far as its tiles were written here */
	uint64_t settled; /* entries of the tree that is on disk for certain */
	bool is_broken; /* memory is ahead of the tiles on disk */
	bool is_checkpoint_old; /* the files lack cosignatures that came since, or were lost */
	struct merkle_hash edges[MERKLE_TILE_LEVELS][MERKLE_TILE_WIDTH]; /* the tile of each level that is not full */
	uint8_t *bundle; /* entries of the one that is not full, as its file has them */
	size_t bundle_bytes;
	size_t bundle_room_bytes;
	struct tile_tree tree; /* full tiles, on disk */
	uint64_t cosigned; /* entries of the cosigned checkpoint, 0: there is none */
	size_t cosigned_bytes;
	char cosigned_note[CHECKPOINT_BYTES_MAX];
};

uint64_t log_entries(const struct log *log)
{
	return log->frontier.entries;
}

uint64_t log_published(const struct log *log)
{
	return log->published;
}

/** The tile at the right edge of a level, which is not full; its width may be 0. */
static struct merkle_tile edge_tile(unsigned level, uint64_t entries)
{
	struct merkle_tile tile = {.level = level};
	merkle_tile_count(level, entries, &tile.index, &tile.width);
	return tile;
}

/** The merkle_reader of the whole tree: its right edge is in memory. */
static int node_read(void *context, unsigned level, uint64_t index, struct merkle_hash *ret_hash)
{
	struct log *log = context;
	unsigned row = level / MERKLE_TILE_HEIGHT, height = level % MERKLE_TILE_HEIGHT;
	struct merkle_tile edge = edge_tile(row, log->frontier.entries);
	uint64_t first = index << height;
	if (first / MERKLE_TILE_WIDTH == edge.index) {
		merkle_row_hash(&log->edges[row][first % MERKLE_TILE_WIDTH], height, ret_hash);
		return OK;
	}
	log->tree.entries = log->frontier.entries;
	return tile_node_read(&log->tree, level, index, ret_hash);
}

/* Growing. */

static int bundle_add(struct log *log, const uint8_t *entry, size_t entry_bytes)
{
	size_t needed = log->bundle_bytes + 2 + entry_bytes;
	if (needed > log->bundle_room_bytes) {
		uint8_t *grown = realloc(log->bundle, needed + BUNDLE_GROWTH_BYTES);
		if (grown == NULL)
			return E_NOMEM;
		log->bundle = grown;
		log->bundle_room_bytes = needed + BUNDLE_GROWTH_BYTES;
	}
	uint8_t *at = log->bundle + log->bundle_bytes;
	at[0] = (uint8_t)(entry_bytes >> 8);
	at[1] = (uint8_t)entry_bytes;
	memcpy(at + 2, entry, entry_bytes);
	log->bundle_bytes = needed;
	return OK;
}

static int tile_write(const struct log *log, const struct merkle_tile *tile, const void *bytes, size_t length_bytes)
{
	char path[MERKLE_TILE_PATH_BYTES];
	return tile_file_put(log->directory, merkle_tile_path(tile, path), bytes, length_bytes);
}

/** Writes the tiles that the last entry has filled, from the entries up. */
static int full_tiles_write(struct log *log)
{
	uint64_t index = log->frontier.entries / MERKLE_TILE_WIDTH - 1;
	struct merkle_tile tile = {MERKLE_TILE_ENTRIES, index, MERKLE_TILE_WIDTH};
	int err = tile_write(log, &tile, log->bundle, log->bundle_bytes);
	log->bundle_bytes = 0;
	for (unsigned level = 0; err == OK && level < MERKLE_TILE_LEVELS; level++) {
		tile = (struct merkle_tile){level, index, MERKLE_TILE_WIDTH};
		err = tile_write(log, &tile, log->edges[level], sizeof(log->edges[level]));
		if (level + 1 < MERKLE_TILE_LEVELS)
			merkle_row_hash(log->edges[level], MERKLE_TILE_HEIGHT, &log->edges[level + 1][index % MERKLE_TILE_WIDTH]);
		if ((index + 1) % MERKLE_TILE_WIDTH != 0)
			break;
		index = index / MERKLE_TILE_WIDTH;
	}
	return err;
}

/** Takes an entry of the journal into the tree. After an error memory and files do not agree. */
static int entry_take(struct log *log, const uint8_t *entry, size_t entry_bytes)
{
	struct merkle_hash leaf;
	int err = bundle_add(log, entry, entry_bytes);
	if (err != OK)
		return err;
	merkle_leaf(entry, entry_bytes, &leaf);
	log->edges[0][log->frontier.entries % MERKLE_TILE_WIDTH] = leaf;
	merkle_frontier_add(&log->frontier, &leaf);
	return log->frontier.entries % MERKLE_TILE_WIDTH == 0 ? full_tiles_write(log) : OK;
}

static int payload_take(struct log *log, const uint8_t *payload, size_t payload_bytes)
{
	struct cursor cur = cursor_over(payload, payload_bytes);
	while (cursor_left(&cur) > 0) {
		size_t entry_bytes = 0;
		const uint8_t *entry = tile_entry_next(&cur, &entry_bytes);
		int err = entry != NULL ? entry_take(log, entry, entry_bytes) : E_BUG;
		if (err != OK)
			return err;
	}
	return OK;
}

/** Puts entries one after the other as bundles and the journal have them. */
static int payload_make(const struct log_entry *entries, size_t count, uint8_t **ret_payload, size_t *ret_payload_bytes)
{
	size_t total = 0, at = 0;
	for (size_t i = 0; i < count; i++) {
		if (entries[i].length_bytes == 0 || entries[i].length_bytes > MERKLE_ENTRY_BYTES_MAX)
			return E_LIMIT;
		total += 2 + entries[i].length_bytes;
		if (total > LIMIT_LEDGER_BATCH_BYTES)
			return E_LIMIT;
	}
	uint8_t *payload = malloc(total);
	if (payload == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < count; i++) {
		payload[at++] = (uint8_t)(entries[i].length_bytes >> 8);
		payload[at++] = (uint8_t)entries[i].length_bytes;
		memcpy(payload + at, entries[i].bytes, entries[i].length_bytes);
		at += entries[i].length_bytes;
	}
	*ret_payload = payload;
	*ret_payload_bytes = total;
	return OK;
}

int log_append(struct log *log, const struct log_entry *entries, size_t count, uint64_t *ret_first)
{
	uint8_t *payload = NULL;
	size_t payload_bytes = 0;
	uint64_t first = log->frontier.entries;
	if (log->is_broken || log->journal.is_broken)
		return E_STATE;
	if (count == 0)
		return E_LIMIT;
	int err = payload_make(entries, count, &payload, &payload_bytes);
	if (err == OK && log->journal.length_bytes + payload_bytes + BUNDLE_GROWTH_BYTES > LIMIT_LEDGER_JOURNAL_BYTES)
		err = log_settle(log);
	if (err == OK)
		err = journal_append(&log->journal, first, (uint32_t)count, payload, payload_bytes);
	/* From here on the entries are on disk, whatever becomes of the tiles. */
	if (err == OK) {
		log->is_broken = payload_take(log, payload, payload_bytes) != OK;
		*ret_first = first;
	}
	free(payload);
	return err;
}

/* Publishing. */

size_t log_checkpoint(const struct log *log, char ret_note[static CHECKPOINT_TEXT_BYTES + NOTE_LINE_BYTES])
{
	struct checkpoint checkpoint = {.entries = log->frontier.entries};
	char text[CHECKPOINT_TEXT_BYTES];
	size_t note_bytes = 0;
	memcpy(checkpoint.origin, log->key->public.name, sizeof(checkpoint.origin));
	merkle_frontier_root(&log->frontier, &checkpoint.root);
	size_t text_bytes = checkpoint_write(&checkpoint, text);
	int err = signer_note(log->key, text, text_bytes, ret_note, CHECKPOINT_TEXT_BYTES + NOTE_LINE_BYTES, &note_bytes);
	ASSERT(err == OK); /* the name of a key is a good origin */
	return note_bytes;
}

static int checkpoint_publish(struct log *log)
{
	char own[CHECKPOINT_TEXT_BYTES + NOTE_LINE_BYTES];
	bool is_cosigned = log->cosigned == log->frontier.entries && log->cosigned_bytes > 0;
	size_t own_bytes = is_cosigned ? 0 : log_checkpoint(log, own);
	int err = OK;
	if (log->cosigned_bytes > 0 && log->is_checkpoint_old)
		err = tile_file_put(log->directory, TILE_WITNESSED, log->cosigned_note, log->cosigned_bytes);
	if (err != OK)
		return err;
	err = tile_file_put(log->directory, TILE_CHECKPOINT, is_cosigned ? log->cosigned_note : own,
		is_cosigned ? log->cosigned_bytes : own_bytes);
	if (err == OK)
		log->is_checkpoint_old = false;
	return err;
}

static int partial_tiles_write(const struct log *log)
{
	uint64_t entries = log->frontier.entries;
	struct merkle_tile tile = edge_tile(MERKLE_TILE_ENTRIES, entries);
	int err = tile.width > 0 ? tile_write(log, &tile, log->bundle, log->bundle_bytes) : OK;
	for (unsigned level = 0; err == OK && level < MERKLE_TILE_LEVELS; level++) {
		bool is_changed = entries >> (MERKLE_TILE_HEIGHT * level) != log->published >> (MERKLE_TILE_HEIGHT * level);
		tile = edge_tile(level, entries);
		if (tile.width > 0 && is_changed)
			err = tile_write(log, &tile, log->edges[level], (size_t)tile.width * MERKLE_HASH_BYTES);
	}
	return err;
}

/** Publishes without settling. */
static int tree_publish(struct log *log)
{
	if (log->is_broken)
		return E_STATE;
	if (log->frontier.entries == log->published)
		return log->is_checkpoint_old ? checkpoint_publish(log) : OK;
	int err = partial_tiles_write(log);
	if (err == OK)
		err = checkpoint_publish(log);
	if (err == OK)
		log->published = log->frontier.entries;
	return err;
}

int log_publish(struct log *log)
{
	int err = tree_publish(log);
	return err == OK && log->journal.length_bytes >= LIMIT_LEDGER_SETTLE_BYTES ? log_settle(log) : err;
}

/** Notes that the tree as it is now is on disk. */
static int settled_write(struct log *log)
{
	char note[CHECKPOINT_TEXT_BYTES + NOTE_LINE_BYTES];
	size_t note_bytes = log_checkpoint(log, note);
	int err = tile_file_write(log->directory, SETTLED, note, note_bytes);
	if (err == OK)
		log->settled = log->frontier.entries;
	return err;
}

/** Removes the partial forms of tiles that became full between two settled trees. */
static void old_partials_remove(const struct log *log, uint64_t before)
{
	for (unsigned level = 0; level <= MERKLE_TILE_ENTRIES; level++) {
		struct merkle_tile old = edge_tile(level, before), now = edge_tile(level, log->settled);
		for (uint64_t index = old.index; index < now.index; index++)
			tile_partials_remove(log->directory, level, index);
	}
}

int log_settle(struct log *log)
{
	uint64_t before = log->settled;
	int err = tree_publish(log);
	if (err != OK)
		return err;
	if (log->frontier.entries != before) {
		/* A failed sync leaves unknown what is on disk, and another one would not tell: only writing it again helps. */
		if (syncfs(log->directory) != 0) {
			log->is_broken = true;
			return E_SYS;
		}
		err = settled_write(log);
		if (err != OK)
			return err;
		old_partials_remove(log, before);
	}
	return journal_clear(&log->journal);
}

/* Opening. */

static int directory_open(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool directory_is_empty(const char *path)
{
	DIR *directory = opendir(path);
	bool is_empty = directory != NULL;
	for (const struct dirent *entry = NULL; is_empty && (entry = readdir(directory)) != NULL;)
		is_empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	if (directory != NULL)
		closedir(directory);
	return is_empty;
}

int log_create(const char *directory, const struct key *key)
{
	if (key->public.type != NOTE_KEY_ED25519)
		return E_UNSUPPORTED;
	struct log *log = calloc(1, sizeof(*log));
	if (log == NULL)
		return E_NOMEM;
	*log = (struct log){.directory = -1, .journal = {.fd = -1}, .key = key};
	int err = E_SYS;
	if (mkdir(directory, S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH) != 0 && errno != EEXIST)
		goto out;
	if (!directory_is_empty(directory)) {
		err = E_STATE;
		goto out;
	}
	log->directory = directory_open(directory);
	if (log->directory < 0)
		goto out;
	err = journal_open(log->directory, true, &log->journal);
	if (err == OK)
		err = checkpoint_publish(log);
	if (err == OK)
		err = settled_write(log); /* which syncs the directory */
out:
	log_close(log);
	return err;
}

void log_close(struct log *log)
{
	if (log == NULL)
		return;
	journal_close(&log->journal);
	if (log->directory >= 0)
		close(log->directory);
	free(log->bundle);
	free(log);
}

static int refuse(int err, const char *why, const char **ret_why)
{
	*ret_why = why;
	return err;
}

/** Reads the entries at the right edge, which must have the hashes that the tile of hashes has. */
static int bundle_load(struct log *log, const struct merkle_tile *tile)
{
	uint8_t *bytes = NULL;
	size_t length = 0;
	int err = tile_bundle_read(log->directory, tile, &bytes, &length);
	if (err != OK)
		return err;
	struct cursor cur = cursor_over(bytes, length);
	for (unsigned i = 0; err == OK && i < tile->width; i++) {
		size_t entry_bytes = 0;
		struct merkle_hash leaf;
		const uint8_t *entry = tile_entry_next(&cur, &entry_bytes);
		merkle_leaf(entry, entry != NULL ? entry_bytes : 0, &leaf);
		bool is_right = entry != NULL && merkle_hash_equal(&leaf, &log->edges[0][i]);
		err = is_right ? bundle_add(log, entry, entry_bytes) : E_MALFORMED;
	}
	free(bytes);
	return err;
}

/** Reads the right edge of the settled tree. */
static int edges_load(struct log *log, uint64_t entries)
{
	int err = OK;
	log->frontier.entries = entries;
	for (unsigned level = 0; err == OK && level < MERKLE_TILE_LEVELS; level++) {
		struct merkle_tile tile = edge_tile(level, entries);
		if (tile.width > 0)
			err = tile_hashes_read(log->directory, &tile, log->edges[level]);
		/* Each bit of the width is a complete subtree, the largest at the left. */
		for (unsigned bit = MERKLE_TILE_HEIGHT, first = 0; err == OK && bit > 0; bit--) {
			if ((tile.width >> (bit - 1) & 1) == 0)
				continue;
			merkle_row_hash(&log->edges[level][first], bit - 1, &log->frontier.left[level * MERKLE_TILE_HEIGHT + bit - 1]);
			first += 1u << (bit - 1);
		}
	}
	struct merkle_tile bundle = edge_tile(MERKLE_TILE_ENTRIES, entries);
	return err == OK && bundle.width > 0 ? bundle_load(log, &bundle) : err;
}

/** Reads a checkpoint of this log from a file. */
static int checkpoint_load(const struct log *log, const char *name, uint8_t **ret_bytes, size_t *ret_length_bytes,
	struct checkpoint *ret_checkpoint, struct note *ret_note)
{
	int err = tile_file_read(log->directory, name, CHECKPOINT_BYTES_MAX, ret_bytes, ret_length_bytes);
	if (err != OK)
		return err;
	err = checkpoint_open((const char *)*ret_bytes, *ret_length_bytes, &log->key->public, ret_checkpoint, ret_note);
	if (err != OK)
		free(*ret_bytes);
	return err;
}

static int settled_load(struct log *log, const char **ret_why)
{
	uint8_t *bytes = NULL;
	size_t length = 0;
	struct checkpoint checkpoint;
	struct note note;
	struct merkle_hash root;
	int err = checkpoint_load(log, SETTLED, &bytes, &length, &checkpoint, &note);
	if (err != OK)
		return refuse(err, err == E_DENIED ? "it is another key's" : "its settled tree cannot be read", ret_why);
	free(bytes);
	err = edges_load(log, checkpoint.entries);
	merkle_frontier_root(&log->frontier, &root);
	if (err == OK && !merkle_hash_equal(&root, &checkpoint.root))
		err = E_MALFORMED;
	if (err != OK)
		return refuse(err, "its last tiles are damaged or missing", ret_why);
	log->settled = log->published = checkpoint.entries;
	return OK;
}

/**
 * Compares what others saw with what was recovered: it must be a tree of this log. A file that a loss of power has emptied is
 * written again; its tiles are in any case, since published stays at the settled tree.
 */
static int published_compare(struct log *log, struct log_recovery *recovery, const char **ret_why)
{
	uint8_t *bytes = NULL;
	size_t length = 0;
	struct checkpoint checkpoint;
	struct note note;
	struct merkle_hash root;
	log->is_checkpoint_old = true;
	int err = checkpoint_load(log, TILE_CHECKPOINT, &bytes, &length, &checkpoint, &note);
	if (err == E_NOMEM)
		return refuse(err, "out of memory", ret_why);
	if (err != OK)
		return OK;
	recovery->published = checkpoint.entries;
	err = checkpoint.entries > log->frontier.entries ? E_MALFORMED : merkle_root(node_read, log, checkpoint.entries, &root);
	if (err != OK || !merkle_hash_equal(&root, &checkpoint.root)) {
		free(bytes);
		return refuse(E_MALFORMED, "it published entries that it does not have", ret_why);
	}
	log->is_checkpoint_old = checkpoint.entries != log->frontier.entries;
	free(bytes);
	/* What witnesses have seen may be asked of them again: a file that is not there, or not of this tree, is passed over. */
	if (tile_file_read(log->directory, TILE_WITNESSED, CHECKPOINT_BYTES_MAX, &bytes, &length) == OK) {
		bool is_old = log->is_checkpoint_old, is_taken = log_cosign(log, (const char *)bytes, length) == OK;
		log->is_checkpoint_old = is_old || !is_taken;
		free(bytes);
	}
	return OK;
}

/** Takes what the journal has and the settled tree has not. */
static int entry_replay(void *context, uint64_t index, const uint8_t *entry, size_t entry_bytes)
{
	struct log *log = context;
	if (index > log->frontier.entries)
		return E_MALFORMED;
	return index < log->frontier.entries ? OK : entry_take(log, entry, entry_bytes);
}

int log_open(const char *directory, const struct key *key, struct log **ret_log, struct log_recovery *ret_recovery,
	const char **ret_why)
{
	if (key->public.type != NOTE_KEY_ED25519)
		return refuse(E_UNSUPPORTED, "the key is a witness's", ret_why);
	struct log *log = calloc(1, sizeof(*log));
	if (log == NULL)
		return refuse(E_NOMEM, "out of memory", ret_why);
	log->journal.fd = -1;
	log->key = key;
	log->directory = directory_open(directory);
	log->tree.directory = log->directory;
	int err = log->directory < 0 ? refuse(E_SYS, "its directory cannot be opened", ret_why) : OK;
	if (err == OK && (err = journal_open(log->directory, false, &log->journal)) != OK)
		*ret_why = err == E_STATE ? "another process has it open" : "its journal cannot be opened";
	if (err == OK)
		err = settled_load(log, ret_why);
	struct log_recovery recovery = {.published = log->settled};
	if (err == OK && (err = journal_replay(&log->journal, entry_replay, log, &recovery.dropped_bytes)) != OK)
		*ret_why = err == E_MALFORMED ? "its journal is damaged" : "its journal cannot be recovered";
	if (err == OK)
		err = published_compare(log, &recovery, ret_why);
	if (err != OK) {
		log_close(log);
		return err;
	}
	recovery.replayed = log->frontier.entries - log->settled;
	*ret_log = log;
	*ret_recovery = recovery;
	return OK;
}

/* Proving. */

int log_cosign(struct log *log, const char *note, size_t note_bytes)
{
	struct checkpoint checkpoint;
	struct note parsed;
	struct merkle_hash root;
	int err = checkpoint_open(note, note_bytes, &log->key->public, &checkpoint, &parsed);
	if (err == OK && checkpoint.entries > log->frontier.entries)
		err = E_DENIED;
	if (err == OK)
		err = merkle_root(node_read, log, checkpoint.entries, &root);
	if (err != OK)
		return err;
	if (!merkle_hash_equal(&root, &checkpoint.root))
		return E_DENIED;
	if (checkpoint.entries < log->cosigned)
		return E_STATE;
	memcpy(log->cosigned_note, note, note_bytes);
	log->cosigned_bytes = note_bytes;
	log->cosigned = checkpoint.entries;
	log->is_checkpoint_old = true;
	return OK;
}

int log_prove(struct log *log, uint64_t index, char *ret_text, size_t room_bytes, size_t *ret_text_bytes)
{
	char own[CHECKPOINT_TEXT_BYTES + NOTE_LINE_BYTES];
	bool is_cosigned = index < log->cosigned;
	struct proof proof = {.index = index};
	uint64_t entries = is_cosigned ? log->cosigned : log->frontier.entries;
	if (log->is_broken)
		return E_STATE;
	int err = merkle_inclusion_make(node_read, log, index, entries, proof.path, &proof.path_count);
	if (err != OK)
		return err;
	proof.checkpoint_bytes = is_cosigned ? log->cosigned_bytes : log_checkpoint(log, own);
	proof.checkpoint = is_cosigned ? log->cosigned_note : own;
	return proof_write(&proof, ret_text, room_bytes, ret_text_bytes);
}

int log_consistency(struct log *log, uint64_t old_entries, uint64_t new_entries,
	struct merkle_hash ret_path[static MERKLE_PATH_MAX], size_t *ret_count)
{
	if (log->is_broken || new_entries > log->frontier.entries)
		return E_STATE;
	return merkle_consistency_make(node_read, log, old_entries, new_entries, ret_path, ret_count);
}
